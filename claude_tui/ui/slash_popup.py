"""The list of slash commands above the composer. It never has the focus: the composer steers it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, NamedTuple

from rich.cells import cell_len, set_cell_size
from textual import events
from textual.content import Content
from textual.geometry import Offset, Region
from textual.widget import Widget

from claude_tui.domain.text import safe_line

MOST_ROWS = 10


class SlashRow(NamedTuple):
    """`name` begins with a slash; `argument` is what has to follow it, empty for nothing."""

    name: str
    argument: str
    title: str

    @property
    def usage(self) -> str:
        return f"{self.name} {self.argument}".rstrip()


class SlashPopup(Widget, can_focus=False):
    """Shows as many rows as there is room for over the composer; the chosen one is always among them."""

    DEFAULT_CSS = """
    SlashPopup {
        overlay: screen;
        display: none;
        width: auto;
        height: auto;
        padding: 0 1;
        background: $panel;
        color: $foreground;
    }
    SlashPopup > .slash-popup--chosen { background: $accent; color: $text; text-style: bold; }
    SlashPopup > .slash-popup--title { color: $text-muted; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"slash-popup--chosen", "slash-popup--title"}

    def __init__(self, pick: Callable[[SlashRow], None]) -> None:
        """`pick` is told of a click on a row."""
        super().__init__()
        self.display = False
        self._pick = pick
        self._rows: Sequence[SlashRow] = ()
        self._index = 0
        self._top = 0
        self._extent = (0, 0)

    @property
    def chosen(self) -> SlashRow:
        return self._rows[self._index]

    def show(self, rows: Sequence[SlashRow], composer: Region, screen_width: int) -> None:
        """Open, or change what is shown, over `composer`. The choice stays on the command it was on, if that is still listed."""
        before = self.chosen.name if self.display and self._rows else ""
        self._rows = rows
        self._index = next((place for place, row in enumerate(rows) if row.name == before), 0)
        self.place(composer, screen_width)
        self.display = True

    def hide(self) -> None:
        self.display = False

    def place(self, composer: Region, screen_width: int) -> None:
        """Lie directly over the composer, as wide as the screen."""
        width = screen_width - 2  # text that stood beside it would seem to belong to it
        height = max(1, min(len(self._rows), MOST_ROWS, composer.y))
        offset = Offset(composer.x, max(0, composer.y - height))
        moved = (width, height) != self._extent or offset != self.absolute_offset
        self._extent, self.absolute_offset = (width, height), offset
        self.move(0)
        if moved:  # this is called after every layout: asking for one each time would never end
            self.styles.width, self.styles.height = width + 2, height
            self.refresh(layout=True)

    def move(self, by: int) -> None:
        """Choose another row; from either end on to the other."""
        self._index = (self._index + by) % len(self._rows)
        height = self._extent[1]
        self._top = max(min(self._top, self._index, len(self._rows) - height), self._index - height + 1, 0)
        self.refresh()

    def render(self) -> Content:
        width, height = self._extent
        names = min(max((cell_len(row.usage) for row in self._rows), default=0), width)
        lines = [self._line(place, names, width) for place in range(self._top, min(self._top + height, len(self._rows)))]
        return Content("\n").join(lines)

    def _line(self, place: int, names: int, width: int) -> Content:
        row = self._rows[place]
        name = set_cell_size(safe_line(row.usage), names)
        title = set_cell_size("  " + safe_line(row.title), width - names)
        if place == self._index:
            return Content.styled(name + title, self.get_visual_style("slash-popup--chosen"))
        return Content(name) + Content.styled(title, self.get_visual_style("slash-popup--title"))

    async def _on_mouse_down(self, event: events.MouseDown) -> None:
        """Before the click takes the focus from the composer."""
        event.stop()
        place = self._top + event.y
        if 0 <= place < len(self._rows):
            self._pick(self._rows[place])
