"""What every dialog over the chat has: a framed panel in the middle with a title and a line of keys, closed by Esc.

`ListPanel` adds a line that filters a list; the line keeps the focus, and the keys that move go to the list.
"""

from __future__ import annotations

from typing import ClassVar, TypeVar

from textual import on
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import Click
from textual.screen import ModalScreen
from textual.widgets import Static

from claude_tui.ui.choice_list import ChoiceList
from claude_tui.ui.line_input import LineInput

ResultT = TypeVar("ResultT")
NARROW = 60
"""Columns below which a panel takes the whole width."""
SMALL = 16
"""Lines below which it takes the whole height."""


class Panel(ModalScreen[ResultT]):
    """A dialog. Its widgets live in a container `#panel`, with `#title` first and `#footer` last."""

    DEFAULT_CSS = """
    Panel {
        align: center middle;
        overflow: hidden;
        & > #panel {
            width: 90%;
            max-width: 100;
            height: auto;
            background: $surface;
            color: $foreground;
            border: round $border;
            padding: 0 1;
        }
        & #title, & #footer { width: 100%; height: 1; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
        & #title { color: $text-accent; text-style: bold; }
        & VerticalScroll {
            scrollbar-size-vertical: 1;
            scrollbar-color: $scrollbar;
            scrollbar-color-hover: $secondary;
            scrollbar-color-active: $primary;
            scrollbar-background: $surface;
            scrollbar-background-hover: $surface;
            scrollbar-background-active: $surface;
        }
        & #footer { color: $text-muted; }
        &.-narrow > #panel { width: 100%; padding: 0; }
        &:ansi > #panel { background: ansi_default; }
        &:ansi VerticalScroll {
            scrollbar-background: ansi_default;
            scrollbar-background-hover: ansi_default;
            scrollbar-background-active: ansi_default;
        }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", priority=True, show=False),
        Binding("ctrl+c", "leave", show=False),
    ]

    def on_resize(self) -> None:
        self.set_class(self.size.width < NARROW, "-narrow")
        self.fit()

    def fit(self) -> None:
        """Give the panel its height; called when the screen has another size."""

    @property
    def most_lines(self) -> int:
        """How high the panel may be."""
        height = self.size.height
        return height if height < SMALL else height * 4 // 5

    def set_text(self, widget_id: str, text: str) -> None:
        """Put a safe text into one of the panel's lines."""
        if self.is_mounted:
            self.query_one(f"#{widget_id}", Static).update(Content(text))

    def on_click(self, event: Click) -> None:
        if event.widget is self:
            self.action_leave()

    def action_leave(self) -> None:
        self.dismiss(None)


class ListPanel(Panel[ResultT]):
    """A dialog with a `LineInput` and a `ChoiceList`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", show=False),
        Binding("down", "move(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("home,ctrl+home", "ends(True)", show=False),
        Binding("end,ctrl+end", "ends(False)", show=False),
        Binding("enter", "pick", show=False),
        Binding("tab", "second", show=False),
        Binding("shift+tab", "nothing", show=False),
    ]

    filtered = ""
    """What the list was last filtered by."""

    def on_mount(self) -> None:
        self.query_one(LineInput).catch_up = self.catch_up

    @on(LineInput.Changed)
    def catch_up(self) -> None:
        """Filter by what stands in the line now: the message that it changed may come after the key that picks."""
        value = self.query_one(LineInput).value
        if value != self.filtered:
            self.filtered = value
            self.refilter()

    def refilter(self) -> None:
        """The line says something else."""

    @property
    def list(self) -> ChoiceList:
        return self.query_one(ChoiceList)

    def action_move(self, lines: int) -> None:
        self.list.move(lines)

    def action_page(self, pages: int) -> None:
        self.list.move_page(pages)

    def action_ends(self, first: bool) -> None:
        self.list.move_to_end(first=first)

    def action_pick(self) -> None:
        """Take what is highlighted."""

    def action_second(self) -> None:
        """What Tab does."""

    def action_nothing(self) -> None:
        """The focus has nowhere to go."""
