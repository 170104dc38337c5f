"""The transcript: one line-API view of the conversation, without child widgets.

The reading position is (cell, row) and never moves by itself: the view follows the end only while the reader is there. Only what is
visible is laid out; only lines that changed are painted.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from typing import Any, cast

from rich.style import Style
from textual import events
from textual.app import App
from textual.binding import Binding
from textual.geometry import Offset, Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip

from claude_tui.render.base import Cell, Line, Look
from claude_tui.ui.bindings import has_binding, set_bindings
from claude_tui.ui.brush import GUTTER, Brush
from claude_tui.ui.conversation import Conversation
from claude_tui.ui.layout import Layout, Position
from claude_tui.ui.selecting import between, highlighted, key_of, position_of
from claude_tui.ui.terminal import backlog
from claude_tui.ui.themes import without_colour

RIGHT_MARGIN = 2
WIDEST = 120
"""Cells of content: longer lines are hard to read."""
FRAME = 1 / 30
"""Seconds between two frames while an answer streams."""
CALM = 4.0
"""A frame may take at most one part in so many of the time between two."""
QUEUED_WRITES = 6
"""With more writes than this waiting for a slow terminal, drawing waits too; a frame is up to three."""


class Transcript(ScrollView, can_focus=True):
    """Draws `conversation` with `look`. `cursor`: the index of the cell the message cursor is on, None when it is nowhere."""

    DEFAULT_CSS = """
    Transcript {
        height: 1fr;
        background: $background;
        overflow-x: hidden;
        overflow-y: scroll;
        scrollbar-size-vertical: 1;
        scrollbar-color: $scrollbar;
        scrollbar-color-hover: $secondary;
        scrollbar-color-active: $primary;
        scrollbar-background: $background;
        scrollbar-background-hover: $background;
        scrollbar-background-active: $background;
    }
    """
    FOCUS_ON_CLICK = False

    class CopyRequested(Message):
        """The copy label of a code block was clicked."""

        def __init__(self, cell: Cell, block: int) -> None:
            super().__init__()
            self.cell = cell
            self.block = block

    class Typed(Message):
        """A key that belongs to the composer."""

        def __init__(self, key: events.Key) -> None:
            super().__init__()
            self.key = key

    class Moved(Message):
        """The reading position or a panel has changed by the reader's hand."""

    def __init__(self, conversation: Conversation, look: Look, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.conversation = conversation
        self.look = look
        self.following = True
        self.cursor: int | None = None
        self._rows: Layout[Strip] = Layout(conversation.cells, self._paint_line)
        self._brush = Brush(0, Style(), look)
        self._revision = conversation.revision
        self._top = Position(0, 0)
        self._view: list[Position] = []
        self._frame: list[Strip] = []
        self._timer: asyncio.TimerHandle | None = None
        self._drawn_at = 0.0
        self._cost = 0.0
        conversation.on_change = self.changed

    def set_keys(self, keys: Iterable[Binding]) -> None:
        """The keys of the message cursor; each runs `command(id)` on the screen."""
        set_bindings(self, [Binding(one.key, f"screen.{one.action}", one.description, show=False) for one in keys])

    @property
    def program(self) -> App[Any]:
        return cast("App[Any]", self.app)  # pyright: ignore[reportUnknownMemberType]

    # Time.

    def changed(self) -> None:
        """Something is to be drawn: at once if the last frame is old enough, else when it is. O(1)."""
        if self._timer is None and self.is_attached:
            wait = self._drawn_at + max(FRAME, CALM * self._cost) - time.perf_counter()
            self._timer = asyncio.get_running_loop().call_later(max(wait, 0.0), self._tick)

    def _tick(self) -> None:
        self._timer = None
        if not self.is_attached:
            return
        if backlog(self.program) > QUEUED_WRITES:
            self._timer = asyncio.get_running_loop().call_later(FRAME, self._tick)
            return
        started = time.perf_counter()
        self.draw()
        self._drawn_at = time.perf_counter()
        self._cost = self._drawn_at - started

    def on_unmount(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.conversation.on_change = _nothing

    # Drawing.

    @property
    def content_width(self) -> int:
        return max(min(self.size.width - GUTTER - RIGHT_MARGIN, WIDEST), 8)

    def _paint_line(self, line: Line) -> Strip:
        return self._brush.line(line)

    def _painted(self, position: Position, selection: Selection | None) -> Strip:
        strip = self._rows.painted(position)
        if strip is None:
            return self._brush.blank
        if selection is not None and (span := selection.get_span(key_of(position))) is not None:
            style = self.screen.get_component_rich_style("screen--selection")
            strip = highlighted(strip, span, GUTTER, without_colour(style) if self.program.no_color else style)
        return self._brush.at_cursor(strip) if position.cell == self.cursor else strip

    def draw(self) -> None:
        """Bring positions, scroll bar and frame up to date; paint what differs."""
        width, height = self.size
        if not width or not height:
            return
        self._reshape()
        layout = self._rows
        last = layout.last_top(height)
        self.following = self.following or layout.offset(self._top) >= layout.offset(last)
        if self.following:
            self._top = last
        self._view = layout.view(self._top, height)
        layout.trim()
        self._place()
        self._paint()

    def _reshape(self) -> None:
        layout, conversation = self._rows, self.conversation
        if self._revision != conversation.revision:
            self._revision = conversation.revision
            layout.forget()
            if self.cursor is not None and self.cursor >= len(conversation.cells):
                self.cursor = None
            self._top = Position(min(self._top.cell, max(len(conversation.cells) - 1, 0)), self._top.row)
        layout.sync()
        rows = layout.known_rows(self._top.cell)
        brush = Brush(self.size.width, self.rich_style, self.look)
        if brush != self._brush:
            self._brush = brush
            layout.forget()
        if layout.reshape(self.content_width, self.look):
            self.screen.clear_selection()
            if rows and conversation.cells:  # the same share of the cell stays at the top
                share = self._top.row / rows
                self._top = Position(self._top.cell, round(share * layout.rows(self._top.cell)))

    def _place(self) -> None:
        """Tell the scroll bar."""
        layout = self._rows
        size = Size(self.size.width, max(layout.total, 1))
        if size != self.virtual_size:
            self.virtual_size = size
        self.scroll_target_y = self.scroll_y = layout.offset(self._top)

    def _paint(self) -> None:
        width, height = self.size
        selection = self.text_selection
        frame = [self._painted(position, selection) for position in self._view]
        frame += [self._brush.blank] * (height - len(frame))
        if not self.at_end:
            frame[-1] = self._brush.pill(frame[-1], self._rows.total - self._rows.offset(self._top) - height)
        before, self._frame = self._frame, frame
        changed = [y for y, strip in enumerate(frame) if y >= len(before) or before[y] is not strip]
        if len(before) != len(frame):
            self.refresh()
        elif changed:
            self.refresh(Region(0, changed[0], width, changed[-1] - changed[0] + 1))

    def render_lines(self, crop: Region) -> list[Strip]:
        """What `draw` has painted; colour filters have no part, since every look brings its own colours."""
        blank = self._brush.blank
        rows = (self._frame[y] if y < len(self._frame) else blank for y in range(crop.y, crop.bottom))
        return [strip.crop(crop.x, crop.right) for strip in rows]

    def render_line(self, y: int) -> Strip:
        """The line with the offsets by which the screen knows what is selected."""
        if y >= len(self._frame):
            return self._brush.blank
        return self._frame[y].apply_offsets(0, key_of(self._view[y])) if y < len(self._view) else self._frame[y]

    def notify_style_update(self) -> None:
        super().notify_style_update()
        if self.is_attached:
            self.changed()

    def show_look(self, look: Look) -> None:
        self.look = look
        self.changed()

    def on_resize(self) -> None:
        self.draw()

    # Where the reader is.

    @property
    def at_end(self) -> bool:
        layout = self._rows
        return self.following or layout.offset(self._top) + self.size.height >= layout.total

    @property
    def place(self) -> tuple[str, int] | None:
        """The key of the topmost cell and the row in it; None at the end."""
        cells = self.conversation.cells
        if self.following or self._top.cell >= len(cells):
            return None
        return cells[self._top.cell].key, self._top.row

    def go_to(self, place: tuple[str, int] | None) -> None:
        """Restore a `place`; the end, where its cell is no more."""
        index = self.conversation.index_of(place[0]) if place else None
        if index is None or place is None:
            self.follow()
            return
        self.following = False
        self._top = Position(index, place[1])
        self.changed()

    def follow(self) -> None:
        """To the end, and stay there."""
        self.following = True
        self.changed()

    def scroll_rows(self, rows: int) -> None:
        """Read on below (or above, if negative)."""
        layout = self._rows
        layout.sync()
        if not self.conversation.cells or not self.size.height:
            return
        self._stay(layout.move(self._top, rows))

    def _stay(self, top: Position) -> None:
        layout = self._rows
        last = layout.last_top(self.size.height)
        self.following = layout.offset(top) >= layout.offset(last)
        self._top = last if self.following else top
        self.draw()
        self.post_message(self.Moved())

    def scroll_pages(self, pages: int) -> None:
        self.scroll_rows(pages * max(self.size.height - 2, 1))

    def to_start(self) -> None:
        if self.conversation.cells:
            self._stay(Position(0, 0))

    def scroll_to(self, x: float | None = None, y: float | None = None, **options: Any) -> None:
        """The bar was dragged, or a selection reached the edge. (A bar that is only told of another size moves nobody.)"""
        if y is not None and self.conversation.cells:
            self._rows.sync()
            self._stay(self._rows.at(max(round(y), 0)))

    def _on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        event.prevent_default()
        self.scroll_rows(int(self.program.scroll_sensitivity_y))

    def _on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        event.prevent_default()
        self.scroll_rows(-int(self.program.scroll_sensitivity_y))

    # The message cursor.

    def set_cursor(self, index: int | None) -> None:
        """Put the cursor on a cell and bring it into view; None takes it away."""
        cells = self.conversation.cells
        self.cursor = None if index is None or not cells else min(max(index, 0), len(cells) - 1)
        if self.cursor is not None:
            self._bring_into_view(self.cursor)
        self.draw()

    def _bring_into_view(self, index: int) -> None:
        layout, height = self._rows, self.size.height
        layout.sync()
        first, rows = Position(index, 0), layout.rows(index)
        if layout.offset(first) < layout.offset(self._top):
            self._stay(first)
        elif layout.offset(first) + rows > layout.offset(self._top) + height:
            self._stay(first if rows > height else layout.move(Position(index, rows - 1), 1 - height))

    @property
    def cell_at_cursor(self) -> Cell | None:
        cells = self.conversation.cells
        return cells[self.cursor] if self.cursor is not None and self.cursor < len(cells) else None

    def toggle(self, index: int) -> None:
        """Open a panel further, or close it; its first line stays where it is on the screen."""
        cell = self.conversation.cells[index]
        if cell.levels < 2:
            return
        y = next((y for y, position in enumerate(self._view) if position.cell == index), None)
        self.conversation.set_level(cell, 0 if cell.level >= cell.levels - 1 else cell.level + 1)
        if y is not None:
            self.following = False
            self._top = self._rows.move(Position(index, self._view[y].row), -y)
        self.draw()
        self.post_message(self.Moved())

    async def _on_key(self, event: events.Key) -> None:
        """A character that is no key of the cursor was meant for the draft; so is any key that comes when the cursor is gone."""
        if self.cursor is None or (event.is_printable and not has_binding(self, event.key)):
            event.stop()
            event.prevent_default()
            self.post_message(self.Typed(event))

    # The mouse.

    async def _on_click(self, event: events.Click) -> None:
        event.prevent_default()
        meta = event.style.meta
        if meta.get("follow"):
            self.follow()
        elif 0 <= event.y < len(self._view) and not self.screen.selections:
            self._click(self._view[event.y], meta, event.chain)

    def _click(self, position: Position, meta: dict[str, Any], chain: int) -> None:
        cell = self.conversation.cells[position.cell]
        block = meta.get("copy")
        if isinstance(block, int):
            self.post_message(self.CopyRequested(cell, block))
        elif isinstance(level := meta.get("level"), int):
            self.conversation.set_level(cell, level)
        elif position.row == cell.gap and cell.levels > 1:
            self.toggle(position.cell)
        elif chain == 2:
            self._select_cell(position.cell)

    def _select_cell(self, index: int) -> None:
        rows = self._rows.rows(index)
        first, last = Offset(0, key_of(Position(index, 0))), Offset(1 << 20, key_of(Position(index, rows - 1)))
        self.screen.selections = {self: Selection(first, last)}

    @property
    def allow_select(self) -> bool:
        return True

    def selection_updated(self, selection: Selection | None) -> None:
        if self.is_attached:
            self._paint()

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The selected text without gutter, rails and the line ends that wrapping made."""
        layout, cells = self._rows, self.conversation.cells
        if not cells:
            return None
        first = position_of(selection.start) if selection.start else Position(0, 0)
        last = position_of(selection.end) if selection.end else Position(len(cells) - 1, layout.rows(len(cells) - 1) - 1)
        return between(layout, first, last, selection, GUTTER), "\n"


def _nothing() -> None:
    """Nobody is told any more."""
