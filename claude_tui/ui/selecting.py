"""What is selected of the transcript: between which characters, and what copying it gives.

Offsets of the screen count characters of a painted line, gutter included; their `y` is a position as one number. Leaves that are
selected whole are copied as their source, the others as they are shown, without decoration and the line ends that wrapping made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from textual.geometry import Offset
from textual.selection import Selection

from claude_tui.domain.text import safe_text
from claude_tui.render.base import Cell, LeafRef, Line
from claude_tui.render.wrap import clusters
from claude_tui.ui.laid import Laid
from claude_tui.ui.layout import Anchor, Layout, Position

_ROW_BITS = 24
_SECTION_BITS = 20
RAILS = " │┃▌▎"
"""A line of nothing else is a blank line of the text."""
LINE_END = 1 << 20
"""An `x` beyond every line."""


def key_of(position: Position) -> int:
    """The position as one number that grows downwards: the `y` of offsets."""
    return (position.cell << _SECTION_BITS | position.section) << _ROW_BITS | position.row


def position_of(offset: Offset) -> Position:
    rest = offset.y >> _ROW_BITS
    return Position(rest >> _SECTION_BITS, rest & ((1 << _SECTION_BITS) - 1), offset.y & ((1 << _ROW_BITS) - 1))


@dataclass(frozen=True, slots=True)
class Ends:
    """From a character of a row to before one of another; `x` counts characters of the line, without the gutter."""

    first: Position
    first_x: int
    last: Position
    last_x: int

    def span(self, position: Position) -> tuple[int, int] | None:
        """Which characters of the line at this position are selected."""
        if not self.first <= position <= self.last:
            return None
        return self.first_x if position == self.first else 0, self.last_x if position == self.last else LINE_END


class Edges(NamedTuple):
    """A selection that outlasts another width: its ends as characters of leaves."""

    first: Anchor
    last: Anchor


def ends_of(layout: Layout[Any], selection: Selection, gutter: int) -> Ends:
    """Where the selection lies now. Total: ends beyond a line or in a part of a cell that is no more count as the nearest."""
    start, end = selection.start, selection.end
    first = layout.normal(position_of(start)) if start is not None else layout.normal(Position(0))
    last = layout.normal(position_of(end)) if end is not None else layout.last()
    first_x = _snapped(layout.line(first), start.x - gutter, up=False) if start is not None else 0
    last_x = _snapped(layout.line(last), end.x - gutter, up=True) if end is not None else LINE_END
    return Ends(first, first_x, last, last_x)


def selection_of(ends: Ends, gutter: int) -> Selection:
    return Selection(Offset(ends.first_x + gutter, key_of(ends.first)), Offset(ends.last_x + gutter, key_of(ends.last)))


def _snapped(line: Line | None, x: int, *, up: bool) -> int:
    """`x`, or the nearest place before (or behind) it where no character is torn from what is joined to it."""
    text = line.text if line is not None else ""
    return snapped(text, min(max(x, 0), len(text)), up=up)


def snapped(text: str, x: int, *, up: bool) -> int:
    """`x`, moved to the edge of the cluster it falls into."""
    if text.isascii():
        return x
    at = 0
    for cluster, _ in clusters(text):
        if at + len(cluster) > x:
            return at if at == x or not up else at + len(cluster)
        at += len(cluster)
    return at


# Other widths.


def edges_of(layout: Layout[Any], ends: Ends) -> Edges:
    return Edges(_edge(layout, ends.first, ends.first_x), _edge(layout, ends.last, ends.last_x))


def _edge(layout: Layout[Any], position: Position, x: int) -> Anchor:
    anchor, line = layout.anchor_of(position), layout.line(position)
    return anchor if line is None else anchor._replace(offset=anchor.offset + max(min(x, len(line.text)) - line.lead, 0))


def ends_at(layout: Layout[Any], edges: Edges) -> Ends:
    """The same characters in the rows as they are now."""
    return Ends(*_at_edge(layout, edges.first), *_at_edge(layout, edges.last))


def _at_edge(layout: Layout[Any], edge: Anchor) -> tuple[Position, int]:
    position = layout.position_of_anchor(edge)
    line, start = layout.line(position), layout.anchor_of(position)
    if line is None:
        return position, 0
    return position, min(max(edge.offset - start.offset, 0) + line.lead, len(line.text))


# Text.


def selected_text(layout: Layout[Any], cells: Sequence[Cell], ends: Ends) -> str:
    """What copying gives: sources of what is selected whole, a blank line between cells."""
    parts: list[str] = []
    for index in range(ends.first.cell, min(ends.last.cell + 1, len(cells))):
        if ends.first.cell < index < ends.last.cell:
            parts.append(cells[index].source())
        else:
            parts.append(_InCell(layout, cells[index], index).text(ends))
    return safe_text("\n\n".join(part for part in parts if part))


class _InCell:
    """One cell of which a part may be selected."""

    def __init__(self, layout: Layout[Any], cell: Cell, index: int) -> None:
        self._layout = layout
        self._cell = cell
        self._index = index

    def text(self, ends: Ends) -> str:
        layout, index = self._layout, self._index
        first, x = (ends.first, ends.first_x) if ends.first.cell == index else (layout.normal(Position(index)), 0)
        last, end_x = (ends.last, ends.last_x) if ends.last.cell == index else (layout.last_of(index), LINE_END)
        (head, row), (tail, end_row) = self._leaf(first), self._leaf(last)
        if end_row < 0 or head is None or tail is None:
            return ""
        start, end = (max(row, 0), x if row >= 0 else 0), (end_row, end_x)
        head_whole, tail_whole = not self._before(head, *start), not self._behind(tail, *end)
        if head == tail:
            return self._whole(head, tail) if head_whole and tail_whole else self._shown(head, start, end)
        parts: list[tuple[LeafRef, str]] = []
        if not head_whole:
            parts.append((head, self._shown(head, start, None)))
        inner_first, inner_last = head if head_whole else self._step(head, 1), tail if tail_whole else self._step(tail, -1)
        if inner_first is not None and inner_last is not None and inner_first <= inner_last:
            parts.append((inner_first, self._whole(inner_first, inner_last)))
        if not tail_whole:
            parts.append((tail, self._shown(tail, None, end)))
        return self._joined([(leaf, text) for leaf, text in parts if text])

    def _joined(self, parts: list[tuple[LeafRef, str]]) -> str:
        if len(parts) < 2:
            return "".join(text for _, text in parts)
        joined = parts[0][1].strip("\n")
        for leaf, text in parts[1:]:
            joined += self._between(leaf) + text.strip("\n")
        return joined

    def _between(self, leaf: LeafRef) -> str:
        """What stands between a leaf and the one before it."""
        before = self._step(leaf, -1)
        if before is not None:
            above = self._lines(before)[-1]
            if above.soft:
                return above.glue
        lines = self._lines(leaf)
        blank = next((number for number, line in enumerate(lines) if line.text.strip(RAILS)), 0)
        return "\n" * (1 + blank)

    # Leaves.

    def _laid(self, section: int) -> Laid[Any]:
        return self._layout.laid(self._index, section)

    def _leaf(self, position: Position) -> tuple[LeafRef | None, int]:
        """The leaf at this position, and the row in the section's lines; a negative row is one above the cell."""
        laid, row = self._laid(position.section), position.row - (0 if position.section else self._cell.gap)
        if not laid.leaves:
            return self._step(LeafRef(position.section, 0), 1), row
        return LeafRef(position.section, laid.leaf_at(max(row, 0))), row

    def _lines(self, leaf: LeafRef) -> list[Line]:
        laid = self._laid(leaf.section)
        return [laid.lines[row] for row in laid.rows_of(leaf.leaf)]

    def _step(self, leaf: LeafRef, step: int) -> LeafRef | None:
        """The next leaf of the cell, or the one before."""
        section, number = leaf.section, leaf.leaf + step
        if 0 <= number < len(self._laid(section).leaves):
            return LeafRef(section, number)
        section += step
        while 0 <= section < len(self._cell.sections):
            if count := len(self._laid(section).leaves):
                return LeafRef(section, 0 if step > 0 else count - 1)
            section += step
        return None

    def _before(self, leaf: LeafRef, row: int, x: int) -> bool:
        """Whether the leaf has text above this character."""
        laid = self._laid(leaf.section)
        rows = range(laid.rows_of(leaf.leaf).start, row)
        line = laid.lines[row]
        return bool(line.text[line.lead : max(x, line.lead)].strip()) or any(map(_has_text, (laid.lines[one] for one in rows)))

    def _behind(self, leaf: LeafRef, row: int, x: int) -> bool:
        """Whether the leaf has text from this character on."""
        laid = self._laid(leaf.section)
        rows = range(row + 1, laid.rows_of(leaf.leaf).stop)
        line = laid.lines[row]
        return bool(line.text[max(x, line.lead) :].strip()) or any(map(_has_text, (laid.lines[one] for one in rows)))

    def _whole(self, first: LeafRef, last: LeafRef) -> str:
        """The source of these leaves; of the cell, where no other leaf has text."""
        if self._alone(first, -1) and self._alone(last, 1):
            return self._cell.source()
        return self._cell.excerpt(first, last)

    def _alone(self, leaf: LeafRef, step: int) -> bool:
        other = self._step(leaf, step)
        while other is not None and not any(map(_has_text, self._lines(other))):
            other = self._step(other, step)
        return other is None

    def _shown(self, leaf: LeafRef, start: tuple[int, int] | None, end: tuple[int, int] | None) -> str:
        """A part of a leaf as it is on the screen, without what only the screen needs."""
        laid = self._laid(leaf.section)
        rows, parts, glue = laid.rows_of(leaf.leaf), list[str](), ""
        for row in range(start[0] if start else rows.start, end[0] + 1 if end else rows.stop):
            line = laid.lines[row]
            if line.lead >= len(line.text) and line.text.strip(RAILS):  # a label, a frame, a rule: no part of the text
                continue
            begin = max(start[1] if start and row == start[0] else 0, line.lead)
            text = line.text[begin : end[1] if end and row == end[0] else None]
            parts.append(glue + (text if line.soft else text.rstrip(" ")))
            glue = line.glue if line.soft else "\n"
        return "".join(parts).strip("\n")


def _has_text(line: Line) -> bool:
    return bool(line.text[line.lead :].strip())
