"""What a cell is: one drawn block of the conversation, as sections of lines for a width.

A cell holds its source and knows nothing of the screen. A section is a bounded stretch of it: drawing one takes a moment, however
long the cell is, and the same version, width and look give the same lines, so whoever draws may keep them. Only the last section of
a cell grows. Text from outside passes `safe_text` on its way into a line, never on its way into a cell.
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


class LeafStart(NamedTuple):
    """Where the lines of a leaf begin: the row in its section, and which character of the leaf's text is the row's first.

    A leaf is what a reader's place and a selection are remembered by when the width changes: a paragraph, a table, a piece of a
    long one. Its text is that of its lines joined by the rules of `Line`, decoration left out. Blank lines above it are its own.
    """

    row: int
    origin: int = 0


class Drawn(NamedTuple):
    """A section's lines, and its leaves in order; the first begins at row 0 where there are any lines."""

    lines: Sequence[Line]
    leaves: Sequence[LeafStart]


class LeafRef(NamedTuple):
    """One leaf of a cell."""

    section: int
    leaf: int


class Heading(NamedTuple):
    """A heading in a cell: `level` from 1, its text on one line, and where it stands."""

    level: int
    text: str
    at: LeafRef


@dataclass(frozen=True, slots=True)
class Look:
    """The styles everything is drawn with: one field a role. `code_theme`: a Pygments style's name, or `ansi` or `none`.

    `clip_code`: long lines of code are cut off at the right instead of folded. Two looks are equal when all that is drawn with them
    is.
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
    clip_code: bool = False


class Section(Protocol):
    """A stretch of a cell. `version` grows whenever its lines may differ; leaves keep their numbers."""

    @property
    def version(self) -> int: ...

    def estimate(self, width: int) -> int:
        """About how many lines there are, at least one unless it is known to be empty; without drawing."""
        ...

    def draw(self, look: Look, width: int) -> Drawn:
        """Its lines at this width. Widths down to 8 cells work."""
        ...


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

    @property
    def sections(self) -> Sequence[Section]:
        """The cell from top to bottom, at least one line in all. Those before the last one stay what they are, and where they are,
        until a level changes; the last one may grow, or be parted in two."""
        ...

    def estimate(self, width: int) -> int:
        """About how many lines there are, in O(1) and without reading or drawing anything."""
        ...

    def refine(self, seconds: float) -> bool:
        """Make exact what was drawn in haste (colours of code), for about so long; whether there is more to do."""
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

    def tables(self) -> list[str]:
        """The Markdown source of each table in it, in order."""
        ...

    def headings(self) -> list[Heading]:
        """Its headings, in order."""
        ...

    def excerpt(self, first: LeafRef, last: LeafRef) -> str:
        """The source of these leaves, whole ones, and of all between them; as safe as `source`."""
        ...

    def block_of(self, leaf: LeafRef) -> tuple[LeafRef, LeafRef]:
        """The first and last leaf of the block this one is a piece of: a code block, a table, a paragraph."""
        ...

    def locate(self, line: int) -> LeafRef:
        """The leaf that draws this line (from 0) of `source`."""
        ...
