"""Where every cell lies: exact heights near what is read, estimates elsewhere.

A position is (cell, row): refining an estimate, resizing or finishing never moves what the reader reads. Rows of a cell begin with
its gap, the blank lines above it. Knows nothing of Textual; `paint` makes of a line whatever the screen keeps.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from claude_tui.render.base import Cell, Line, Look

T = TypeVar("T")

KEPT_LINES = 4_000
"""So many painted lines are kept; cells that have not been looked at for longest go first."""


class Position(NamedTuple):
    """`row` counts from the first blank line above the cell."""

    cell: int
    row: int


@dataclass(slots=True)
class _Laid(Generic[T]):
    version: int
    gap: int
    lines: Sequence[Line]
    painted: list[T]


class Layout(Generic[T]):
    """The rows of `cells`, a list that others extend, cut or exchange: `sync` takes note of that."""

    def __init__(self, cells: list[Cell], paint: Callable[[Line], T]) -> None:
        self._cells = cells
        self._paint = paint
        self._look: Look | None = None
        self._width = 80
        self._heights: list[int] = []
        self._offsets: list[int] = [0]
        self._valid = 0
        self._laid: OrderedDict[int, _Laid[T]] = OrderedDict()
        self._kept = 0

    # Shape.

    def reshape(self, width: int, look: Look) -> bool:
        """Lay out for this width and look from now on; whether that is a change."""
        if (width, look) == (self._width, self._look):
            return False
        self._width, self._look = width, look
        self.forget()
        return True

    def forget(self, first: int = 0) -> None:
        """What is known of the cells from this one on is no longer true."""
        for index in [index for index in self._laid if index >= first]:
            self._kept -= len(self._laid.pop(index).lines)
        del self._heights[first:]
        self._valid = min(self._valid, first)
        self.sync()

    def sync(self) -> None:
        """Cells have come at the end."""
        if len(self._heights) > len(self._cells):
            self.forget(len(self._cells))
        for cell in self._cells[len(self._heights) :]:
            self._heights.append(cell.gap + max(cell.estimate(self._width), 1))

    # Cells.

    def laid(self, index: int) -> _Laid[T]:
        """The cell, laid out as it is now."""
        cell = self._cells[index]
        known = self._laid.get(index)
        if known is not None and known.version == cell.version and known.gap == cell.gap:
            self._laid.move_to_end(index)
            return known
        if self._look is None:
            raise RuntimeError("reshape comes first")
        lines = cell.lines(self._look, self._width)
        before = list(zip(known.lines, known.painted, strict=True)) if known is not None else []
        painted = [
            before[number][1] if number < len(before) and before[number][0] is line else self._paint(line)
            for number, line in enumerate(lines)
        ]
        laid = self._laid[index] = _Laid(cell.version, cell.gap, lines, painted)
        self._laid.move_to_end(index)
        self._kept += len(lines) - len(before)
        height = cell.gap + len(lines)
        if height != self._heights[index]:
            self._heights[index] = height
            self._valid = min(self._valid, index)
        return laid

    def trim(self) -> None:
        """Let go of what has not been looked at for longest."""
        while self._kept > KEPT_LINES and len(self._laid) > 1:
            _, laid = self._laid.popitem(last=False)
            self._kept -= len(laid.lines)

    def rows(self, index: int) -> int:
        """How many rows the cell has, exactly."""
        laid = self.laid(index)
        return laid.gap + len(laid.lines)

    def known_rows(self, index: int) -> int:
        """How many rows the cell had when it was last laid out, or about how many it may have."""
        return self._heights[index] if index < len(self._heights) else 0

    def line(self, position: Position) -> Line | None:
        """The line at this position; None for a blank one above a cell."""
        laid = self.laid(position.cell)
        row = position.row - laid.gap
        return laid.lines[row] if 0 <= row < len(laid.lines) else None

    def painted(self, position: Position) -> T | None:
        laid = self.laid(position.cell)
        row = position.row - laid.gap
        return laid.painted[row] if 0 <= row < len(laid.painted) else None

    # Rows of the whole.

    def _sum(self) -> list[int]:
        offsets = self._offsets
        if self._valid < len(self._heights) or len(offsets) != len(self._heights) + 1:
            del offsets[self._valid + 1 :]
            total = offsets[-1]
            for height in self._heights[self._valid :]:
                total += height
                offsets.append(total)
            self._valid = len(self._heights)
        return offsets

    @property
    def total(self) -> int:
        """About how many rows there are."""
        return self._sum()[-1]

    def offset(self, position: Position) -> int:
        """About how many rows there are above."""
        offsets = self._sum()
        return offsets[min(position.cell, len(offsets) - 1)] + position.row

    def at(self, offset: int) -> Position:
        """The position with about this many rows above."""
        offsets = self._sum()
        if not self._heights:
            return Position(0, 0)
        index = min(max(bisect_right(offsets, offset) - 1, 0), len(self._heights) - 1)
        return Position(index, min(max(offset - offsets[index], 0), self.rows(index) - 1))

    def move(self, position: Position, rows: int) -> Position:
        """So many rows further down (or up), as far as there are some."""
        if not self._cells:
            return Position(0, 0)
        index, row = min(position.cell, len(self._cells) - 1), position.row + rows
        while row < 0 and index > 0:
            index -= 1
            row += self.rows(index)
        while row >= self.rows(index) and index < len(self._cells) - 1:
            row -= self.rows(index)
            index += 1
        return Position(index, min(max(row, 0), self.rows(index) - 1))

    def last_top(self, height: int) -> Position:
        """The top of a view of this height that shows the end."""
        if not self._cells:
            return Position(0, 0)
        last = len(self._cells) - 1
        return self.move(Position(last, self.rows(last) - 1), 1 - height)

    def view(self, top: Position, height: int) -> list[Position]:
        """The rows on the screen from `top` on."""
        seen: list[Position] = []
        index, row = top
        while index < len(self._cells) and len(seen) < height:
            rows = self.rows(index)
            seen.extend(Position(index, one) for one in range(row, min(rows, row + height - len(seen))))
            index, row = index + 1, 0
        return seen
