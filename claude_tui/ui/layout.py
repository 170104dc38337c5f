"""Where every section of every cell lies: exact heights where somebody looked, estimates elsewhere.

A position is (cell, section, row): nothing that is estimated has a part in it. Rows of section 0 begin with the cell's gap, the
blank lines above it. An `Anchor` is a character of a leaf: it holds for every width. A frame costs the rows that are asked for and
the sections that changed; a cell that nobody looked at costs its estimate. Painted lines are kept for the sections looked at last.
Knows nothing of Textual; `paint` makes of a line whatever the screen keeps.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeVar

from claude_tui.render.base import Cell, LeafRef, Line, Look
from claude_tui.ui.laid import Laid
from claude_tui.ui.sums import Sums

T = TypeVar("T")

KEPT_LINES = 3_000
"""So many drawn lines are kept, beside those on the screen; the sections that have not been looked at for longest go first."""
_NOT_DRAWN = -1


class Position(NamedTuple):
    """`row` counts in the section, in the first one from the first blank line above the cell."""

    cell: int
    section: int = 0
    row: int = 0


class Anchor(NamedTuple):
    """A character of a leaf's text. With a negative `offset`, so many rows above the cell's first line."""

    cell: int
    section: int = 0
    leaf: int = 0
    offset: int = 0


@dataclass(slots=True)
class _Tall:
    """The rows of a cell that somebody looked at, by section; `drawn`: the version that was measured, none for an estimate."""

    level: int
    gap: int
    rows: Sums = field(default_factory=Sums)
    drawn: list[int] = field(default_factory=list[int])


class Stretch(NamedTuple, Generic[T]):
    """Rows of one section that lie one below the other: `first` up to `last`, not included."""

    cell: int
    section: int
    first: int
    last: int
    gap: int
    laid: Laid[T]


class Layout(Generic[T]):
    """The rows of `cells`, a list that others extend, cut or exchange: `sync` takes note of what came at the end or was cut."""

    def __init__(self, cells: list[Cell], paint: Callable[[Line], T]) -> None:
        self._cells = cells
        self._paint = paint
        self._look: Look | None = None
        self._width = 80
        self._heights = Sums()
        self._tall: dict[int, _Tall] = {}
        self._laid: OrderedDict[tuple[int, int], Laid[T]] = OrderedDict()
        self._kept = 0
        self._frame = 0

    # Shape.

    def reshape(self, width: int, look: Look) -> bool:
        """Lay out for this width and look from now on; whether that is a change."""
        if (width, look) == (self._width, self._look):
            return False
        self._width, self._look = width, look
        self.forget()
        return True

    @property
    def shape(self) -> tuple[int, Look | None]:
        """The width and the look everything is laid out for."""
        return self._width, self._look

    @property
    def shaped(self) -> bool:
        """Whether there is a width to lay out for."""
        return self._look is not None

    def repaint(self) -> None:
        """The lines are the same, but not what `paint` makes of them."""
        for laid in self._laid.values():
            laid.painted = [None] * len(laid.lines)

    def forget(self, first: int = 0) -> None:
        """What is known of the cells from this one on is no longer true."""
        for place in [place for place in self._laid if place[0] >= first]:
            self._kept -= len(self._laid.pop(place).lines)
        for index in [index for index in self._tall if index >= first]:
            del self._tall[index]
        if first:
            self._heights.cut(min(first, len(self._heights)))
        else:
            self._heights = Sums(self._guess(cell) for cell in self._cells)
        self.sync()

    def _guess(self, cell: Cell) -> int:
        return cell.gap + max(cell.estimate(self._width), 1)

    def sync(self) -> None:
        """Cells have come at the end, or were cut off there."""
        heights = self._heights
        if len(heights) > len(self._cells):
            self.forget(len(self._cells))
        while len(heights) < len(self._cells):
            heights.append(self._guess(self._cells[len(heights)]))

    # Sections.

    def _visit(self, index: int) -> _Tall:
        """The cell's sections, as many as there are now."""
        cell, tall = self._cells[index], self._tall.get(index)
        sections, level, gap = cell.sections, cell.level, cell.gap
        if tall is None or tall.level != level or len(sections) < len(tall.drawn):
            tall = self._tall[index] = _Tall(level, gap, Sums(one.estimate(self._width) for one in sections))
            tall.drawn = [_NOT_DRAWN] * len(sections)
            if sections:
                tall.rows.set(0, tall.rows[0] + gap)
        elif len(sections) > len(tall.drawn):
            parted = len(tall.drawn) - 1
            for section in sections[parted + 1 :]:
                tall.rows.append(section.estimate(self._width))
                tall.drawn.append(_NOT_DRAWN)
            if parted >= 0 and tall.drawn[parted] != _NOT_DRAWN:
                self.laid(index, parted)  # or its rows would count twice
        if tall.gap != gap:
            tall.rows.set(0, tall.rows[0] + gap - tall.gap)
            tall.gap = gap
        self._heights.set(index, tall.rows.total)
        return tall

    def laid(self, cell: int, section: int) -> Laid[T]:
        """The section, laid out as it is now."""
        if self._look is None:
            raise RuntimeError("reshape comes first")
        tall, one, place = self._visit(cell), self._cells[cell].sections[section], (cell, section)
        known = self._laid.get(place)
        if known is not None and known.section is one and known.version == one.version:
            self._laid.move_to_end(place)
            known.frame = self._frame
            return known
        version = one.version
        lines, leaves = one.draw(self._look, self._width)
        laid = self._laid[place] = Laid(one, version, lines, leaves, [None] * len(lines), [0], self._frame)
        self._laid.move_to_end(place)
        self._kept += len(lines)
        if known is not None:
            self._kept -= len(known.lines)
            laid.inherit(known)
        tall.drawn[section] = version
        tall.rows.set(section, len(lines) + (0 if section else tall.gap))
        self._heights.set(cell, tall.rows.total)
        return laid

    def trim(self) -> None:
        """A frame is done: let go of what has not been looked at for longest."""
        while self._kept > KEPT_LINES:
            place, laid = next(iter(self._laid.items()))
            if laid.frame == self._frame:
                break
            del self._laid[place]
            self._kept -= len(laid.lines)
        self._frame += 1

    def rows(self, cell: int, section: int) -> int:
        """How many rows the section has, exactly."""
        return len(self.laid(cell, section).lines) + (0 if section else self._cells[cell].gap)

    def has(self, position: Position, laid: Laid[T]) -> bool:
        """Whether this is still how the section at this position is drawn."""
        cell, section, _ = position
        return cell < len(self._cells) and section < len(self._visit(cell).drawn) and self.laid(cell, section) is laid

    def line(self, position: Position) -> Line | None:
        """The line at this position; None for a blank one above a cell."""
        laid, row = self.row_at(position)
        return laid.lines[row] if 0 <= row < len(laid.lines) else None

    def painted(self, position: Position) -> T | None:
        laid, row = self.row_at(position)
        return self.strip(laid, row) if 0 <= row < len(laid.lines) else None

    def strip(self, laid: Laid[T], row: int) -> T:
        """What `paint` made of this line, once."""
        strip = laid.painted[row]
        if strip is None:
            strip = laid.painted[row] = self._paint(laid.lines[row])
        return strip

    def row_at(self, position: Position) -> tuple[Laid[T], int]:
        """The section at this position and the row in its lines; a negative row is a blank one above the cell."""
        position = self.normal(position)
        return self.laid(position.cell, position.section), position.row - self.gap_of(position)

    def gap_of(self, position: Position) -> int:
        """How many rows of the section are blank ones above its cell."""
        return 0 if position.section else self._cells[position.cell].gap

    def _below(self, cell: int, section: int) -> tuple[int, int] | None:
        if section + 1 < len(self._visit(cell).drawn):
            return cell, section + 1
        return (cell + 1, 0) if cell + 1 < len(self._cells) else None

    def _above(self, cell: int, section: int) -> tuple[int, int] | None:
        if section > 0:
            return cell, section - 1
        return (cell - 1, max(len(self._visit(cell - 1).drawn) - 1, 0)) if cell > 0 else None

    # Positions.

    def normal(self, position: Position) -> Position:
        """Where these rows are now: sections are parted, and panels closed."""
        if not self._cells:
            return Position(0)
        cell, section, row = position
        if cell >= len(self._cells):
            return self.last_of(len(self._cells) - 1)
        count = len(self._visit(cell).drawn)
        if section >= count:
            return self.last_of(cell)
        row = max(row, 0)
        while row >= (rows := self.rows(cell, section)):
            if section + 1 >= len(self._visit(cell).drawn):
                return self.last_of(cell)
            row, section = row - rows, section + 1
        return Position(cell, section, row)

    def last_of(self, cell: int) -> Position:
        """The last row of a cell."""
        for section in range(len(self._visit(cell).drawn) - 1, -1, -1):
            if rows := self.rows(cell, section):
                return Position(cell, section, rows - 1)
        return Position(cell)

    def move(self, position: Position, rows: int) -> Position:
        """So many rows further down (or up), as far as there are some."""
        if not self._cells:
            return Position(0)
        cell, section, row = self.normal(position)
        row += rows
        while row < 0:
            above = self._above(cell, section)
            if above is None:
                return self.normal(Position(0))
            cell, section = above
            row += self.rows(cell, section)
        while row >= (count := self.rows(cell, section)):
            below = self._below(cell, section)
            if below is None:
                return self.last_of(cell)
            row -= count
            cell, section = below
        return Position(cell, section, row)

    def last(self) -> Position:
        """The last row of all."""
        return self.last_of(len(self._cells) - 1) if self._cells else Position(0)

    def last_top(self, height: int) -> Position:
        """The top of a view of this height that shows the end."""
        return self.move(self.last(), 1 - height)

    def view(self, top: Position, height: int) -> list[Stretch[T]]:
        """The rows on the screen from `top` on."""
        seen: list[Stretch[T]] = []
        cell, section, row = self.normal(top)
        place = (cell, section) if self._cells else None
        while place is not None and height > 0:
            laid = self.laid(*place)
            gap = 0 if place[1] else self._cells[place[0]].gap
            last = min(len(laid.lines) + gap, row + height)
            if last > row:
                seen.append(Stretch(*place, row, last, gap, laid))
                height -= last - row
            place, row = self._below(*place), 0
        return seen

    # Anchors.

    def anchor_of(self, position: Position) -> Anchor:
        """The first character of the row at this position."""
        if not self._cells:
            return Anchor(0)
        cell, section, _ = self.normal(position)
        laid, row = self.row_at(position)
        if row < 0 or not laid.leaves:
            return Anchor(cell, section, 0, min(row, 0))
        return Anchor(cell, section, laid.leaf_at(row), laid.offset_of(row))

    def leaf_of(self, cell: int, leaf: LeafRef) -> LeafRef | None:
        """Where this leaf of the cell is now, since sections are parted; None where it is no more."""
        section, number = leaf
        while section < len(self._visit(cell).drawn):
            count = len(self.laid(cell, section).leaves)
            if number < count:
                return LeafRef(section, number)
            section, number = section + 1, number - count
        return None

    def position_of_anchor(self, anchor: Anchor) -> Position:
        """The row that holds this character; the end of the cell, where its leaf is no more."""
        if anchor.cell >= len(self._cells):
            return self.last()
        gap = self._cells[anchor.cell].gap
        if anchor.offset < 0:
            return self.normal(Position(anchor.cell, 0, max(gap + anchor.offset, 0)))
        leaf = self.leaf_of(anchor.cell, LeafRef(anchor.section, anchor.leaf))
        if leaf is None:
            return self.last_of(anchor.cell)
        row = self.laid(anchor.cell, leaf.section).row_of(leaf.leaf, anchor.offset)
        return self.normal(Position(anchor.cell, leaf.section, row + (0 if leaf.section else gap)))

    # Rows of the whole.

    @property
    def total(self) -> int:
        """About how many rows there are."""
        return self._heights.total

    def offset(self, position: Position) -> int:
        """About how many rows there are above."""
        if position.cell >= len(self._cells):
            return self.total
        tall = self._visit(position.cell)
        return self._heights.before(position.cell) + tall.rows.before(position.section) + position.row

    def at(self, offset: int) -> Position:
        """The position with about this many rows above."""
        if not self._cells:
            return Position(0)
        offset = max(offset, 0)
        cell = min(self._heights.find(offset), len(self._cells) - 1)
        offset -= self._heights.before(cell)
        rows = self._visit(cell).rows
        section = max(min(rows.find(offset), len(rows) - 1), 0)
        return self.normal(Position(cell, section, min(offset - rows.before(section), self.rows(cell, section) - 1)))

    def measure(self, top: Position, rows: int, seconds: float) -> bool:
        """Make heights exact up to so many rows below and above, for about so long; whether there is more to do."""
        until = time.perf_counter() + seconds
        for step in (self._below, self._above):
            place: tuple[int, int] | None = (top.cell, top.section) if top.cell < len(self._cells) else None
            left = rows
            while place is not None and left > 0:
                cell, section = place
                tall = self._visit(cell)
                if section < len(tall.drawn):
                    if tall.drawn[section] != self._cells[cell].sections[section].version:
                        if time.perf_counter() >= until:
                            return True
                        self.laid(cell, section)
                    left -= tall.rows[section]
                place = step(cell, section)
        return False
