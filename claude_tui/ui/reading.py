"""Where the reader is: at the end, which is followed, or at a character that stays on the top row whatever comes, folds or wraps.

Only what the reader does decides whether the end is followed; growth and other widths never do. Knows nothing of Textual.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from claude_tui.render.base import Cell
from claude_tui.ui.laid import Laid
from claude_tui.ui.layout import Anchor, Layout, Position
from claude_tui.ui.place import number_of, place_of

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Held:
    """A character or a row, and the key its cell is found by when indexes have moved."""

    key: str
    at: Anchor | Position


@dataclass(frozen=True, slots=True)
class _Seen(Generic[T]):
    """The row that was found for what is held; it is still that one while its section is drawn as it was."""

    laid: Laid[T]
    gap: int
    row: Position


class Reading(Generic[T]):
    """`top` and `last` are what `settle` found: the row on top of the screen, and the one that would be there at the end.

    `calm`: a new answer stays at its prompt instead of being followed. `rows_below`, `new_rows`: how much lies below the screen,
    and how much of that has come since the reader left the end.
    """

    def __init__(self, layout: Layout[T], cells: list[Cell]) -> None:
        self._layout = layout
        self._cells = cells
        self.calm = False
        self.following = True
        self.top = self.last = Position(0)
        self.rows_below = self.new_rows = 0
        self._held: _Held | None = None
        self._above = 0  # rows that the held one stands below the top, in the next frame
        self._seen: _Seen[T] | None = None
        self._judge = False
        self._prompt: _Held | None = None
        self._end: _Held | None = None

    @property
    def at_end(self) -> bool:
        return self.following or self.top >= self.last

    # A frame.

    def settle(self, height: int) -> None:
        """Find the top of a screen of this height."""
        last = self._layout.last_top(height)
        if self.following and self._prompt is not None:
            self._stop_at(self._row(self._prompt), last, height)
        top = last if self.following else self._held_row()
        if self._judge:
            self._judge, self.following = False, self.following or top >= last
        self.top, self.last = min(top, last), last
        self._count(height)

    def _stop_at(self, prompt: Position, last: Position, height: int) -> None:
        if prompt < last:
            self._hold(prompt)
            self._end = self._keep(self._layout.move(prompt, height - 1))

    def _count(self, height: int) -> None:
        layout, last = self._layout, self._layout.last()
        if self.at_end or self._end is None:
            self._end = self._keep(last)
        end = layout.offset(last)
        self.rows_below = max(end + 1 - layout.offset(self.top) - height, 0)
        self.new_rows = min(max(end - layout.offset(self._row(self._end)), 0), self.rows_below)

    def _keep(self, position: Position) -> _Held:
        return _Held(self._cells[position.cell].key if self._cells else "", self._layout.anchor_of(position))

    def _row(self, held: _Held) -> Position:
        return self._layout.position_of_anchor(held.at) if isinstance(held.at, Anchor) else self._layout.normal(held.at)

    def _held_row(self) -> Position:
        held, seen, layout = self._held, self._seen, self._layout
        if held is None or not self._cells:
            return Position(0)
        if seen is not None and layout.has(seen.row, seen.laid) and self._cells[seen.row.cell].gap == seen.gap:
            return seen.row
        row = self._row(held)
        if self._above or isinstance(held.at, Position):
            row = layout.move(row, -self._above)
            self._held, self._above = self._keep(row), 0
        self._seen = _Seen(layout.laid(row.cell, row.section), self._cells[row.cell].gap, row)
        return row

    def relocate(self) -> None:
        """Cells were taken away, exchanged or put in front: find those again that are held."""
        indexes = {cell.key: index for index, cell in enumerate(self._cells)}
        self._seen = None
        self._prompt, self._end = _found(self._prompt, indexes), _found(self._end, indexes)
        held = _found(self._held, indexes)
        if held is None and self._held is not None and self._cells:
            index = min(self._held.at.cell, len(self._cells) - 1)
            held = _Held(self._cells[index].key, Position(index))
        self._held = held

    # What the reader does.

    def follow(self) -> None:
        """To the end, and stay there."""
        self.following, self._prompt, self._held, self._seen = True, None, None, None

    def _leave(self, held: _Held, above: int = 0) -> None:
        self.following, self._prompt, self._seen, self._judge = False, None, None, True
        self._held, self._above = held, above

    def _hold(self, top: Position) -> None:
        self._leave(self._keep(top))
        self._judge = False
        if self._cells:
            self._seen = _Seen(self._layout.laid(top.cell, top.section), self._cells[top.cell].gap, top)

    def stay(self, top: Position) -> None:
        """To this row; at the end the reader follows it."""
        self._hold(self._layout.normal(top))
        self._judge = True

    def put(self, anchor: Anchor, y: int) -> None:
        """Have the row of this character so many rows below the top in the next frame."""
        self._leave(_Held(self._cells[anchor.cell].key, anchor), y)

    def show(self, position: Position, height: int) -> None:
        """Bring a row into view, a third down the screen if it was not there; the end is not followed any more."""
        layout = self._layout
        inside = self.top <= position <= layout.move(self.top, height - 1)
        self._hold(layout.normal(self.top) if inside else layout.move(position, -(height // 3)))

    def turn_started(self, cell: int) -> None:
        """A prompt was sent: the end is followed, with `calm` until the prompt is the topmost line."""
        self.follow()
        if self.calm and cell < len(self._cells):
            self._prompt = _Held(self._cells[cell].key, Anchor(cell))

    # The place, to be stored.

    @property
    def place(self) -> tuple[str, int] | None:
        """The key of the topmost cell and where in it the reader is; None at the end."""
        held = self._held
        if self.following or held is None:
            return None
        at = held.at
        if isinstance(at, Position):
            return held.key, at.row
        if at.offset >= 0:
            return held.key, number_of(at)
        return held.key, max((self._cells[at.cell].gap if at.cell < len(self._cells) else 0) + at.offset, 0)

    def go_to(self, cell: int, number: int) -> None:
        """To a stored place in the cell with this index."""
        self._leave(_Held(self._cells[cell].key, place_of(cell, number)))


def _found(held: _Held | None, indexes: dict[str, int]) -> _Held | None:
    if held is None or held.key not in indexes:
        return None
    return _Held(held.key, held.at._replace(cell=indexes[held.key]))
