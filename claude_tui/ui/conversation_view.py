"""The conversation as one line-API view without child widgets: frames, the scroll bar, and what is done in idle moments.

Only what is visible is laid out; only lines that changed are painted; what was drawn in haste or only estimated is made exact while
nothing else happens. What the reader reads never moves by itself.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any, cast

from rich.style import Style
from textual.app import App
from textual.geometry import Region, Size
from textual.reactive import Reactive
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip

from claude_tui.render.base import LeafRef, Line, Look
from claude_tui.ui.brush import GUTTER, Brush, pill_words
from claude_tui.ui.conversation import Conversation
from claude_tui.ui.frame import BARE, Frame, Overlay
from claude_tui.ui.held_selection import HeldSelection
from claude_tui.ui.idle import Idle
from claude_tui.ui.layout import Layout, Position, Stretch
from claude_tui.ui.marks import Highlighter, Marks
from claude_tui.ui.reading import Reading
from claude_tui.ui.selecting import Ends, key_of
from claude_tui.ui.terminal import backlog
from claude_tui.ui.terminal_rows import RowWriter
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
SCREENS_AROUND = 2
"""So many screens above and below what is read have exact heights as soon as there is time."""

_VIRTUAL_SIZE = cast("Reactive[Size]", ScrollView.virtual_size)
_SCROLL_Y = ScrollView.scroll_y
_SCROLL_TARGET_Y = cast("Reactive[float]", ScrollView.scroll_target_y)


class ConversationView(ScrollView):
    """Draws `conversation` with `look`. `cursor`: the index of the cell the message cursor is on, None when it is nowhere."""

    def __init__(self, conversation: Conversation, look: Look, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.conversation = conversation
        self.look = look
        self.cursor: int | None = None
        self._current: tuple[int, LeafRef, int] | None = None
        self._marks: Marks | None = None
        self._rows: Layout[Strip] = Layout(conversation.cells, self._paint_line)
        self._reader = Reading(self._rows, conversation.cells)
        self._held = HeldSelection(self._rows, GUTTER)
        self._brush = Brush(0, Style(), look, Style())
        self._frame = Frame(self._lay)
        self._writer = RowWriter(self)
        self._view: list[Stretch[Strip]] = []
        self._revision = conversation.revision
        self._idle = Idle(self._refine)
        self._timer: asyncio.TimerHandle | None = None
        self._drawn_at = 0.0
        self._cost = 0.0
        self._bar = (0, 0)
        conversation.on_change = self.changed

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
        self._idle.stop()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.conversation.on_change = _nothing

    def _refine(self, seconds: float) -> bool:
        """Make exact what is on the screen, then how high everything near it is; whether there is more to do."""
        if not self.is_attached or not self._rows.shaped:
            return False
        until, cells, more = time.perf_counter() + seconds, self.conversation.cells, False
        for index in sorted({stretch.cell for stretch in self._view}):
            if index < len(cells):
                version = cells[index].version
                more = cells[index].refine(max(until - time.perf_counter(), 0.0)) or more
                if cells[index].version != version:
                    self.changed()
            if time.perf_counter() >= until:
                return True
        if more or self._timer is not None:  # a frame comes first, and wakes us again
            return more
        more = self._rows.measure(self._reader.top, (SCREENS_AROUND + 1) * self.size.height, until - time.perf_counter())
        self._place()
        return more

    # Drawing.

    @property
    def content_width(self) -> int:
        return max(min(self.size.width - GUTTER - RIGHT_MARGIN, WIDEST), 8)

    def _paint_line(self, line: Line) -> Strip:
        return self._brush.line(line)

    def _lay(self, strip: Strip, overlay: Overlay) -> Strip:
        return self._brush.lay(strip, overlay)

    def draw(self) -> None:
        """Bring positions, scroll bar and frame up to date; paint what differs."""
        width, height = self.size
        if not width or not height:
            return
        self._reshape()
        self._reader.settle(height)
        self._view = self._rows.view(self._reader.top, height)
        direct = len(self._frame.rows) == height and self._writer.can_write
        self._place(direct=direct)
        self._paint(direct=direct)
        self._rows.trim()
        self._idle.wake()

    def _reshape(self) -> None:
        layout, conversation = self._rows, self.conversation
        if self._revision != conversation.revision:
            self._revision = conversation.revision
            layout.forget()
            self._reader.relocate()
            if self.text_selection is not None:
                self.screen.clear_selection()
            if self.cursor is not None and self.cursor >= len(conversation.cells):
                self.cursor = None
        layout.sync()
        self._hold_selection()
        self._dip()
        layout.reshape(self.content_width, self.look)

    def _hold_selection(self) -> None:
        """Take note of what is selected of the rows on the screen, before others are there."""
        self._held.take(self.text_selection if self._rows.shaped and self.conversation.cells else None, self._view)

    @property
    def selection_ends(self) -> Ends | None:
        """Where what is selected lies now."""
        self._hold_selection()
        return self._held.ends()

    def _dip(self) -> None:
        """Take the styles that hold now."""
        selection = self.screen.get_component_rich_style("screen--selection")
        selection = without_colour(selection) if self.program.no_color else selection
        brush = Brush(self.size.width, self.rich_style, self.look, selection)
        if brush != self._brush:
            self._brush = brush
            self._rows.repaint()
            self._frame.forget()
            self._writer.forget()

    def _place(self, *, direct: bool = False) -> None:
        """Tell the scroll bar, past what lays the screen out anew; the bar shows eighths of a cell, less is no change.

        `direct`: past what paints it, too.
        """
        total, height, top = max(self._rows.total, 1), self.size.height, self._rows.offset(self._reader.top)
        self.set_reactive(_VIRTUAL_SIZE, Size(self.size.width, total))
        if round(self.scroll_y) != top:
            self.set_reactive(_SCROLL_Y, top)
            self.set_reactive(_SCROLL_TARGET_Y, top)
        bar = 8 * height * top // total, 8 * height * height // total
        if bar != self._bar:
            self._bar = bar
            if direct:
                self._writer.tell_bar(total, height, top)
            else:
                self._writer.forget()
                self.vertical_scrollbar.window_virtual_size, self.vertical_scrollbar.window_size = total, height
                self.vertical_scrollbar.position = top

    def _paint(self, *, direct: bool = False) -> None:
        """Put the rows on the screen. `direct`: past the compositor."""
        width, height = self.size
        ends = self.selection_ends
        lines = [line for stretch in self._view for line in self._lines(stretch, ends)][:height]
        lines += [(self._brush.blank, BARE)] * (height - len(lines))
        if not self._reader.at_end:
            strip, overlay = lines[-1]
            words = pill_words(self._reader.new_rows, self._reader.rows_below, SCREENS_AROUND * height)
            lines[-1] = strip, overlay._replace(pill=words)
        changed = self._frame.show(lines)
        if direct:
            self._writer.write(self._frame.before, self._frame.rows, changed, self._frame.moved)
        else:
            self._writer.leave_to_compositor(changed)
            for first, behind in changed:
                self.refresh(Region(0, first, width, behind - first))
        if self._marks is not None:
            self._marks.next_frame()

    def _lines(self, stretch: Stretch[Strip], ends: Ends | None) -> Iterator[tuple[Strip, Overlay]]:
        """The rows of a stretch, and what is to be laid over them."""
        cell, section, first, last, gap, laid = stretch
        marks = self._marks.of(stretch, self._current_in(cell)) if self._marks is not None else {}
        bare = Overlay(cursor=True) if cell == self.cursor else BARE
        for row in range(first, last):
            if row < gap:
                yield self._brush.blank, BARE
                continue
            selected = ends.span(Position(cell, section, row)) if ends is not None else None
            marked = marks.get(row - gap, ())
            overlay = bare._replace(selected=selected, marks=marked) if selected is not None or marked else bare
            yield self._rows.strip(laid, row - gap), overlay

    def _current_in(self, cell: int) -> tuple[LeafRef, int] | None:
        if self._current is None or self._current[0] != cell:
            return None
        leaf = self._rows.leaf_of(cell, self._current[1])
        return (leaf, self._current[2]) if leaf is not None else None

    def _position_at(self, y: int) -> Position | None:
        """What lies on this row of the screen."""
        for cell, section, first, last, *_ in self._view:
            if 0 <= y < last - first:
                return Position(cell, section, first + y)
            y -= last - first
        return None

    def render_lines(self, crop: Region) -> list[Strip]:
        """What `draw` has painted; colour filters have no part, since every look brings its own colours."""
        blank, frame = self._brush.blank, self._frame.rows
        self._writer.painted(crop.y, crop.bottom)
        rows = (frame[y] if y < len(frame) else blank for y in range(crop.y, crop.bottom))
        return [strip.crop(crop.x, crop.right) for strip in rows]

    def render_line(self, y: int) -> Strip:
        """The line with the offsets by which the screen knows what is selected."""
        if y >= len(self._frame.rows):
            return self._brush.blank
        strip, position = self._frame.rows[y], self._position_at(y)
        return strip.apply_offsets(0, key_of(position)) if position is not None else strip

    def selection_updated(self, selection: Selection | None) -> None:
        if self.is_attached:
            self._paint()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        if self.is_attached:
            self.changed()

    def show_look(self, look: Look) -> None:
        self.look = look
        self.changed()

    def on_resize(self) -> None:
        self.draw()

    # Matches.

    @property
    def highlighter(self) -> Highlighter | None:
        """Finds what is marked in all leaves on the screen."""
        return self._marks.highlighter if self._marks is not None else None

    @highlighter.setter
    def highlighter(self, highlighter: Highlighter | None) -> None:
        if highlighter is not self.highlighter:
            self._marks = Marks(highlighter) if highlighter is not None else None
            self.changed()

    @property
    def current(self) -> tuple[int, LeafRef, int] | None:
        """The match the reader has gone to: its cell, its leaf and the character of the leaf's text where it starts."""
        return self._current

    @current.setter
    def current(self, current: tuple[int, LeafRef, int] | None) -> None:
        self._current = current
        self.changed()


def _nothing() -> None:
    """Nobody is told any more."""
