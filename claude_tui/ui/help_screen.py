"""Help: what a beginner needs in five lines, then every command with its keys, made from the registry and the keys in force."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from rich.cells import cell_len
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from claude_tui.domain.text import safe_line
from claude_tui.ui.commands import COMMANDS, Command, Where
from claude_tui.ui.fuzzy import fold
from claude_tui.ui.keymap import Keymap
from claude_tui.ui.line_input import LineInput
from claude_tui.ui.panel import Panel

_PLACES = {
    Where.TRANSCRIPT: "at the message cursor",
    Where.APPROVAL: "when a tool call asks",
    Where.EMPTY: "while the draft is empty",
}
_KEYS_WIDTH = 22
_PADDING = 2
"""Cells beside the text."""
_CHANGE = """To change keys, run `claude-tui config edit` and write below [keys] a line such as "session.new" = "f5, ctrl+n"."""


class HelpScreen(Panel[None]):
    """Everything there is, to scroll and to filter. `newline`: the label of the key that makes a new line in this terminal."""

    DEFAULT_CSS = """
    HelpScreen {
        & #panel { height: 100%; }
        & LineInput { margin: 0 1; }
        & #scroll { height: 1fr; scrollbar-gutter: stable; background: transparent; }
        & #text { width: 100%; height: auto; padding: 0 1; text-wrap: nowrap; text-overflow: clip; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "scroll(-1)", show=False),
        Binding("down", "scroll(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("home,ctrl+home", "ends(True)", show=False),
        Binding("end,ctrl+end", "ends(False)", show=False),
        Binding("f1,enter", "leave", show=False),
        Binding("tab,shift+tab", "nothing", show=False),
    ]

    def __init__(self, keymap: Keymap, *, newline: str = "", query: str = "", ids: bool = False) -> None:
        super().__init__()
        self._keymap = keymap
        self._newline = safe_line(newline) or keymap.hint("composer.newline")
        self._query = query
        self._ids = ids

    def compose(self) -> ComposeResult:
        with Vertical(id="panel"):
            yield Static(Content("Keys" if self._ids else "Help"), id="title")
            yield LineInput(self._query, "Type to filter", id="filter")
            with VerticalScroll(id="scroll", can_focus=False):
                yield Static(id="text")
            yield Static(Content("Esc close · ↑↓ PgUp PgDn scroll"), id="footer")

    def on_mount(self) -> None:
        self.query_one(LineInput).focus()

    def fit(self) -> None:
        self.query_one("#panel").styles.height = (
            self.size.height if self.most_lines == self.size.height else self.size.height * 9 // 10
        )
        self.call_after_refresh(self._draw)

    @on(LineInput.Changed)
    def _draw(self) -> None:
        query = self.query_one(LineInput).value.strip()
        width = self._scroll.scrollable_content_region.width - _PADDING
        if width <= 0:
            return
        lines = list(self._lines(query, max(width, 20)))
        lines = lines[1:] if query else lines
        if not lines:
            lines = [Content.styled(f"Nothing matches “{safe_line(query, 60)}”.", "$text-muted")]
        self.query_one("#text", Static).update(Content("\n").join(lines))
        self._scroll.scroll_home(animate=False)

    @property
    def _scroll(self) -> VerticalScroll:
        return self.query_one(VerticalScroll)

    def _lines(self, query: str, width: int) -> Iterator[Content]:
        if not query:
            yield from self._beginning(width)
        words = fold(query).split()
        group = ""
        for command in COMMANDS:
            if command.does or not self._fits(command, words):
                continue
            if command.group != group:
                group = command.group
                yield from (Content(""), Content.styled(group, "bold $text-accent"))
            yield from self._entry(command, width)
        if not query:
            yield Content("")
            yield from Content.styled(_CHANGE, "$text-muted").wrap(width)

    def _fits(self, command: Command, words: list[str]) -> bool:
        keys = " ".join(self._keymap.labels_of(command.id))
        text = fold(f"{command.title} {command.about} {command.slash or ''} {command.id} {keys} {command.group}")
        return all(word in text for word in words)

    def _beginning(self, width: int) -> Iterator[Content]:
        """The five things a beginner needs."""
        hint = self._keymap.hint
        for keys, text in (
            (hint("composer.send"), "sends what you wrote."),
            (self._newline, "begins a new line; so does a backslash before Enter."),
            (hint("turn.interrupt"), "stops the answer at once; what came is kept."),
            (f"{hint('app.palette')} or /", "finds everything else by name."),
            (f"{hint('app.quit_if_empty')} twice", "on an empty draft leaves, as /quit does; everything is saved."),
        ):
            yield from _hanging(keys, Content(text), width)

    def _entry(self, command: Command, width: int) -> Iterator[Content]:
        keys = ", ".join(self._keymap.labels_of(command.id))
        slash = " ".join(filter(None, (command.slash, command.argument)))
        place = _PLACES.get(command.where, "") if keys else ""
        text = Content.assemble(
            (command.title, "bold"),
            f"  {slash}" if slash and keys else "",
            "  ",
            (" ".join(filter(None, (command.about, f"({place})" if place else ""))), "$text-muted"),
            (f"  {command.id}", "$text-accent") if self._ids else "",
        )
        yield from _hanging(keys or slash, text, width)

    def action_scroll(self, lines: int) -> None:
        self._scroll.scroll_relative(y=lines, animate=False)

    def action_page(self, pages: int) -> None:
        self._scroll.scroll_relative(y=pages * max(self._scroll.size.height - 1, 1), animate=False)

    def action_ends(self, first: bool) -> None:
        if first:
            self._scroll.scroll_home(animate=False)
        else:
            self._scroll.scroll_end(animate=False)

    def action_nothing(self) -> None:
        """The focus has nowhere to go."""


def _hanging(left: str, text: Content, width: int) -> Iterator[Content]:
    """`left` in a column of its own and `text` beside it, or below it where there is no room."""
    column = min(_KEYS_WIDTH, width // 3)
    lines = text.wrap(width - column)
    head = Content.styled(left + " " * max(column - cell_len(left), 0), "$text-accent")
    if cell_len(left) >= column:
        yield from Content.styled(left, "$text-accent").wrap(width)
    else:
        yield Content.assemble(head, lines[0])
        lines = lines[1:]
    for line in lines:
        yield Content.assemble(" " * column, line)
