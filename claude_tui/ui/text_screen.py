"""A text to be read and scrolled, above the chat: what `doctor` says, for one."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from claude_tui.domain.text import safe_line, safe_text
from claude_tui.ui.panel import Panel

_CHROME = 4
"""Lines of the panel that are not the text: frame, title, footer."""


class TextScreen(Panel[None]):
    """Esc closes it. The text may hold anything."""

    DEFAULT_CSS = """
    TextScreen {
        & #text { height: 1fr; }
        & #text > Static { padding: 0 1; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter,q", "leave", show=False)]

    def __init__(self, title: str, text: str) -> None:
        super().__init__()
        self._title = safe_line(title)
        self._text = safe_text(text).strip("\n")

    def compose(self) -> ComposeResult:
        with Vertical(id="panel"):
            yield Static(Content(self._title), id="title")
            with VerticalScroll(id="text"):
                yield Static(Content(self._text))
            yield Static(Content("↑↓ PgUp PgDn scroll · Esc close"), id="footer")

    def fit(self) -> None:
        self.query_one("#panel").styles.height = min(self._text.count("\n") + 1 + _CHROME, self.most_lines)

    def on_mount(self) -> None:
        self.query_one("#text").focus()
