"""Lines that are made for the width there is, to be read and scrolled above the chat: what was spent, what will be sent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Literal, NamedTuple, TypeAlias

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from claude_tui.domain.text import safe_line, safe_text
from claude_tui.ui.dock_rows import cut
from claude_tui.ui.panel import Panel

Tone: TypeAlias = Literal["text", "head", "muted", "warning", "mark"]

_CHROME = 4
"""Lines of the panel that are not the text: frame, title, footer."""
_BESIDE = 3
"""Columns beside the text: padding and scroll bar."""
_STYLES: dict[Tone, str] = {
    "text": "$foreground",
    "head": "bold $text-accent",
    "muted": "$text-muted",
    "warning": "$text-warning",
    "mark": "$text-success",
}


class Line(NamedTuple):
    """One line of the screen."""

    text: str = ""
    tone: Tone = "text"


Lines: TypeAlias = Callable[[int], Sequence[Line]]
"""The lines for so many columns."""


class LinesScreen(Panel[None]):
    """Esc closes it. `lines` may hold anything; what is too wide is cut.

    `extra`: a key, what it is said to do, and what it does; `show` draws other lines then.
    """

    DEFAULT_CSS = """
    LinesScreen {
        & #text { height: 1fr; }
        & #text > Static { width: 100%; padding: 0 1; text-wrap: nowrap; text-overflow: clip; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter,q", "leave", show=False)]

    def __init__(self, title: str, lines: Lines, extra: tuple[str, str, Callable[[], None]] | None = None) -> None:
        super().__init__()
        self._title = safe_line(title)
        self._lines = lines
        self._extra = extra
        if extra is not None:
            self._bindings.bind(extra[0], "extra", show=False)

    def compose(self) -> ComposeResult:
        asked = f" · {self._extra[0]} {self._extra[1]}" if self._extra is not None else ""
        with Vertical(id="panel"):
            yield Static(Content(self._title), id="title")
            with VerticalScroll(id="text"):
                yield Static(id="lines")
            yield Static(Content(f"Esc close{asked} · ↑↓ scroll"), id="footer")

    def on_mount(self) -> None:
        self.query_one("#text").focus()

    def show(self, lines: Lines) -> None:
        """Other lines, in place of those shown."""
        self._lines = lines
        if self.is_mounted:
            self.fit()

    def fit(self) -> None:
        panel = self.query_one("#panel")
        frame = self.size.width if self.has_class("-narrow") else min(self.size.width * 9 // 10, 100)
        width = max(8, frame - 2 - (0 if self.has_class("-narrow") else 2) - _BESIDE)
        shown = [Content.styled(cut(safe_text(line.text), width), _STYLES[line.tone]) for line in self._lines(width)]
        self.query_one("#lines", Static).update(Content("\n").join(shown))
        panel.styles.height = min(len(shown) + _CHROME, self.most_lines)

    def action_extra(self) -> None:
        if self._extra is not None:
            self._extra[2]()


def left(text: str, width: int) -> str:
    """`text` in exactly `width` cells, at the left of them."""
    short = cut(text, width)
    return short + " " * (width - cell_len(short))


def right(text: str, width: int) -> str:
    """`text` in exactly `width` cells, at the right of them."""
    short = cut(text, width)
    return " " * (width - cell_len(short)) + short
