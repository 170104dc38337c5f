"""The transcript: the reader's hands on the conversation view. Scrolling, places, the message cursor, the mouse, selections."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from textual import events
from textual.binding import Binding
from textual.message import Message
from textual.selection import Selection

from claude_tui.render.base import Cell, LeafRef
from claude_tui.ui.bindings import has_binding, set_bindings
from claude_tui.ui.brush import GUTTER
from claude_tui.ui.conversation_view import ConversationView
from claude_tui.ui.layout import Anchor, Position
from claude_tui.ui.selecting import LINE_END, Ends, selected_text, selection_of


class Transcript(ConversationView, can_focus=True):
    """The reader moves it; nothing else does."""

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

    def set_keys(self, keys: Iterable[Binding]) -> None:
        """The keys of the message cursor; each runs `command(id)` on the screen."""
        set_bindings(self, [Binding(one.key, f"screen.{one.action}", one.description, show=False) for one in keys])

    # Where the reader is.

    @property
    def following(self) -> bool:
        """Whether what comes is shown as it comes."""
        return self._reader.following

    @property
    def at_end(self) -> bool:
        return self._reader.at_end

    @property
    def reading(self) -> bool:
        """Whether an answer stays at its prompt instead of being followed to its end."""
        return self._reader.calm

    @reading.setter
    def reading(self, calm: bool) -> None:
        self._reader.calm = calm

    def turn_started(self, cell_index: int) -> None:
        """A prompt was sent; `cell_index` is that of its cell. To the end; with `reading` only until the prompt is on top."""
        self._reader.turn_started(cell_index)
        self.changed()

    @property
    def place(self) -> tuple[str, int] | None:
        """The key of the topmost cell and where in it the reader is, as `ui.place` counts; None at the end."""
        return self._reader.place

    def go_to(self, place: tuple[str, int] | None) -> None:
        """Restore a `place`; the end, where its cell is no more."""
        index = self.conversation.index_of(place[0]) if place else None
        if index is None or place is None:
            self.follow()
            return
        self._reader.go_to(index, place[1])
        self.changed()

    def follow(self) -> None:
        """To the end, and stay there."""
        self._reader.follow()
        self.changed()

    def show_leaf(self, cell_index: int, leaf: LeafRef, offset: int = 0) -> None:
        """Bring a character of a leaf's text into view, a third down the screen if it was not there; no following then."""
        if not self._ready() or cell_index >= len(self.conversation.cells):
            return
        position = self._rows.position_of_anchor(Anchor(cell_index, leaf.section, leaf.leaf, max(offset, 0)))
        self._reader.show(position, self.size.height)
        self._moved()

    def scroll_rows(self, rows: int) -> None:
        """Read on below (or above, if negative)."""
        if self._ready():
            self._stay(self._rows.move(self._reader.top, rows))

    def _ready(self) -> bool:
        """Whether there is something to scroll, laid out as it is now."""
        if not self.conversation.cells or not self.size.height or not self.size.width:
            return False
        self._reshape()
        return True

    def _stay(self, top: Position) -> None:
        self._reader.stay(top)
        self._moved()

    def _moved(self) -> None:
        self.draw()
        self.post_message(self.Moved())

    def scroll_pages(self, pages: int) -> None:
        self.scroll_rows(pages * max(self.size.height - 2, 1))

    def to_start(self) -> None:
        if self._ready():
            self._stay(Position(0))

    def scroll_to(self, x: float | None = None, y: float | None = None, **options: Any) -> None:
        """The bar was dragged. (A bar that is only told of another size moves nobody.)"""
        if y is not None and self._ready():
            self._stay(self._rows.at(max(round(y), 0)))

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Our own frames tell the bar; see `watch_scroll_target_y`."""

    def watch_scroll_target_y(self, old_value: float, new_value: float) -> None:
        """A selection is dragged beyond the edge: this is how the screen scrolls for it, and it never asks what is there then."""
        rows = round(new_value) - round(old_value)
        if rows and self._ready():
            self._stay(self._rows.move(self._reader.top, rows))
            x, y = self.program.mouse_position
            self.program.post_message(events.MouseMove(None, x, y, 0, 0, 1, False, False, False, x, y))

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
        if not self._ready():
            return
        layout, height = self._rows, self.size.height
        first, last, top = layout.normal(Position(index)), layout.last_of(index), self._reader.top
        if first < top:
            self._stay(first)
        elif last > layout.move(top, height - 1):
            self._stay(max(layout.move(last, 1 - height), top) if layout.move(first, height - 1) >= last else first)

    @property
    def cell_at_cursor(self) -> Cell | None:
        cells = self.conversation.cells
        return cells[self.cursor] if self.cursor is not None and self.cursor < len(cells) else None

    def toggle(self, index: int) -> None:
        """Open a panel further, or close it; its first line stays where it is on the screen."""
        cell = self.conversation.cells[index]
        if cell.levels < 2:
            return
        self._set_level(index, 0 if cell.level >= cell.levels - 1 else cell.level + 1)

    def _set_level(self, index: int, level: int) -> None:
        header, shown = self._row_of_header(index), any(stretch.cell == index for stretch in self._view)
        cell = self.conversation.cells[index]
        self.conversation.set_level(cell, level)
        if header is not None:
            self._reader.put(Anchor(index), header)
        elif shown and cell.level == 0:
            self._reader.put(Anchor(index), 0)
        self._moved()

    def _row_of_header(self, index: int) -> int | None:
        """Where on the screen a cell's first line is."""
        header = Position(index, 0, self.conversation.cells[index].gap)
        return next((y for y in range(self.size.height) if self._position_at(y) == header), None)

    async def _on_key(self, event: events.Key) -> None:
        """A character that is no key of the cursor was meant for the draft; so is any key that comes when the cursor is gone."""
        if self.cursor is None or (event.is_printable and not has_binding(self, event.key)):
            event.stop()
            event.prevent_default()
            self.post_message(self.Typed(event))

    # The mouse.

    def on_mouse_down(self) -> None:
        self._held.begin()

    async def _on_click(self, event: events.Click) -> None:
        event.prevent_default()
        meta = event.style.meta
        if meta.get("follow"):
            self.follow()
        elif (position := self._position_at(event.y)) is not None and not self.screen.selections:
            self._click(position, meta, event.chain)

    def _click(self, position: Position, meta: dict[str, Any], chain: int) -> None:
        if position.cell >= len(self.conversation.cells):
            return
        cell = self.conversation.cells[position.cell]
        block = meta.get("copy")
        if isinstance(block, int):
            self.post_message(self.CopyRequested(cell, block))
        elif isinstance(level := meta.get("level"), int):
            self._set_level(position.cell, level)
        elif position == (position.cell, 0, cell.gap) and cell.levels > 1:
            self.toggle(position.cell)
        elif chain == 2:
            self._select_cell(position.cell)

    def _select_cell(self, index: int) -> None:
        ends = Ends(self._rows.normal(Position(index)), 0, self._rows.last_of(index), LINE_END)
        self.screen.selections = {self: selection_of(ends, GUTTER)}

    @property
    def allow_select(self) -> bool:
        return True

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The source of what is selected whole, and what is shown of the rest."""
        ends = self.selection_ends
        return (selected_text(self._rows, self.conversation.cells, ends), "\n") if ends is not None else None
