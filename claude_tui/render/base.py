"""What a cell is: one drawn block of the conversation, as lines for a width.

A cell holds its source and knows nothing of the screen. `lines` is pure: the same version, width and look give the same lines, so
whoever draws may keep them. Text from outside passes `safe_text` on its way into a line, never on its way into a cell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from rich.segment import Segment
from rich.style import Style


class Line(NamedTuple):
    """One line of the screen, at most as wide as was asked for, not padded.

    `lead`: how many characters at its start are decoration (rail, indent, list bullet's indent) and no part of what is copied.
    `soft`: the line goes on in the next one without a line end in the source (it was wrapped); `glue` stands between them then.
    """

    segments: tuple[Segment, ...]
    lead: int = 0
    soft: bool = False
    glue: str = " "

    @property
    def text(self) -> str:
        return "".join(segment.text for segment in self.segments)


@dataclass(frozen=True, slots=True)
class Look:
    """The styles everything is drawn with: one field a role. `code_theme`: a Pygments style's name, or `ansi` or `none`.

    Two looks are equal when everything drawn with them is.
    """

    name: str
    dark: bool
    text: Style
    muted: Style
    accent: Style
    prompt: Style
    prompt_rail: Style
    heading: Style
    strong: Style
    emphasis: Style
    strike: Style
    inline_code: Style
    code: Style
    code_frame: Style
    link: Style
    quote: Style
    rule: Style
    table_head: Style
    thinking: Style
    tool: Style
    success: Style
    warning: Style
    error: Style
    code_theme: str


class Cell(Protocol):
    """One drawn block.

    `key` is stable over resuming: `<message id>:<block number>`, or another text that no block has. `version` grows whenever the
    lines may differ. `level` 0 is collapsed; a cell with one level cannot be collapsed. `gap`: blank lines above it.
    """

    @property
    def key(self) -> str: ...

    @property
    def kind(self) -> str: ...

    @property
    def version(self) -> int: ...

    @property
    def finished(self) -> bool: ...

    @property
    def level(self) -> int: ...

    @property
    def levels(self) -> int: ...

    @property
    def gap(self) -> int: ...

    def lines(self, look: Look, width: int) -> Sequence[Line]:
        """The lines at this width, at least one. Widths down to 8 cells work."""
        ...

    def estimate(self, width: int) -> int:
        """About how many lines `lines` would give, in O(1) of what has been computed already."""
        ...

    def set_level(self, level: int) -> None:
        """Collapse (0) or expand; a level that is too high counts as the highest."""
        ...

    def set_gap(self, rows: int) -> None:
        """How many blank lines stand above it: what it follows decides."""
        ...

    def source(self) -> str:
        """What copying the cell gives: Markdown, arguments, results; never wrapped, never decorated. Safe for a clipboard."""
        ...

    def code_blocks(self) -> list[str]:
        """The text of each fenced block in it, in order."""
        ...
