"""What is selected of the transcript: between which characters, and what copying it gives.

Offsets of the screen count characters of a painted line, gutter included; their `y` is a position as one number. Of a selection
over several blocks those that are selected whole are copied as their source; everything else as it is shown, without decoration
and the line ends that wrapping made, the cells of a table with tabs between them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple

from rich.style import Style
from textual.geometry import Offset
from textual.selection import Selection

from claude_tui.domain.text import safe_text
from claude_tui.render.base import Cell, LeafRef, Line
from claude_tui.render.wrap import clusters
from claude_tui.ui.grid import row_numbers, spans
from claude_tui.ui.laid import Laid
from claude_tui.ui.layout import Layout, Position

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


def selection_of(ends: Ends, gutter: int) -> Selection:
    return Selection(Offset(ends.first_x + gutter, key_of(ends.first)), Offset(ends.last_x + gutter, key_of(ends.last)))


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


# Text.


def selected_text(layout: Layout[Any], cells: Sequence[Cell], ends: Ends) -> str:
    """What copying gives: a part of one block, or that block, as it is shown; of several blocks the sources of those that are
    selected whole, with a blank line between cells."""
    if ends.last < ends.first:
        return ""
    count = len(cells)
    first, last = min(ends.first.cell, count - 1), min(ends.last.cell, count - 1)
    edges = [_InCell(layout, cells[index], index) for index in sorted({first, last})]
    spans = [edge.span(ends) for edge in edges]
    unseen = [edge.unseen(ends) if span is None else "" for edge, span in zip(edges, spans, strict=True)]
    between = [cells[index].source() for index in range(first + 1, last)]
    alone = not any((*between, *unseen)) and sum(span is not None for span in spans) == 1
    texts = [
        edge.text(span, alone=alone) if span is not None else source
        for edge, span, source in zip(edges, spans, unseen, strict=True)
    ]
    return safe_text("\n\n".join(part for part in (texts[0], *between, *texts[1:]) if part))


class _Span(NamedTuple):
    """The text of a cell that is selected: from a leaf to another. `start`: the row of the section's lines and the place in it,
    None where no text of the leaf stands before it; so `end`."""

    head: LeafRef
    start: tuple[int, int] | None
    tail: LeafRef
    end: tuple[int, int] | None


class _InCell:
    """One cell of which a part may be selected."""

    def __init__(self, layout: Layout[Any], cell: Cell, index: int) -> None:
        self._layout = layout
        self._cell = cell
        self._index = index
        look = layout.shape[1]
        self._frame = look.code_frame if look is not None else Style.null()

    def span(self, ends: Ends) -> _Span | None:
        """What is selected, without leaves of which no text is; None where none of all is."""
        layout, index = self._layout, self._index
        first, x = (ends.first, ends.first_x) if ends.first.cell >= index else (layout.normal(Position(index)), 0)
        last, end_x = (ends.last, ends.last_x) if ends.last.cell <= index else (layout.last_of(index), LINE_END)
        (head, row), (tail, end_row) = self._leaf(first), self._leaf(last)
        start: tuple[int, int] | None = (max(row, 0), x if row >= 0 else 0)
        end: tuple[int, int] | None = (end_row, end_x)
        while head is not None and not self._behind(head, start):
            head, start = self._step(head, 1), None
        while tail is not None and (end_row < 0 or not self._before(tail, end)):
            tail, end, end_row = (self._step(tail, -1) if end_row >= 0 else None), None, 0
        if head is None or tail is None or head > tail or (head == tail and start and end and not self._seen(start, end, head)):
            return None
        start = start if start is not None and self._before(head, start) else None
        return _Span(head, start, tail, end if end is not None and self._behind(tail, end) else None)

    def unseen(self, ends: Ends) -> str:
        """Its source, where nothing of it can be seen but its place is selected."""
        above = ends.last.cell == self._index and self._layout.row_at(ends.last)[1] < 0
        return self._cell.source() if not above and self._alone(LeafRef(0, -1), 1) else ""

    def text(self, span: _Span, *, alone: bool) -> str:
        """`alone`: nothing else is selected."""
        head, start, tail, end = span
        (head_first, head_last), (tail_first, tail_last) = self._cell.block_of(head), self._cell.block_of(tail)
        head_whole = start is None and self._alone(head, -1, head_first)
        tail_whole = end is None and self._alone(tail, 1, tail_last)
        if head_first == tail_first:
            return self._whole(head, tail) if head_whole and tail_whole and not alone else self._shown(span)
        parts: list[tuple[LeafRef, str]] = []
        if not head_whole:
            parts.append((head, self._shown(_Span(head, start, head_last, None))))
        inner_first, inner_last = (
            head if head_whole else self._step(head_last, 1),
            tail if tail_whole else self._step(tail_first, -1),
        )
        if inner_first is not None and inner_last is not None and inner_first <= inner_last:
            parts.append((inner_first, self._whole(inner_first, inner_last)))
        if not tail_whole:
            parts.append((tail_first, self._shown(_Span(tail_first, None, tail, end))))
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
        above = self._lines(before)[-1:] if before is not None else []
        if above and above[0].soft:
            return above[0].glue
        lines = self._lines(leaf)
        return "\n" * (1 + next((number for number, line in enumerate(lines) if line.text.strip(RAILS)), 0))

    # Leaves.

    def _laid(self, section: int) -> Laid[Any]:
        return self._layout.laid(self._index, section)

    def _leaf(self, position: Position) -> tuple[LeafRef | None, int]:
        """The leaf at this position, and the row in the section's lines; a negative row is one above the cell."""
        laid, row = self._layout.row_at(position)
        section = self._layout.normal(position).section
        if not laid.leaves:
            return self._step(LeafRef(section, 0), 1), row
        return LeafRef(section, laid.leaf_at(max(row, 0))), row

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

    def _seen(self, start: tuple[int, int] | None, end: tuple[int, int] | None, leaf: LeafRef) -> bool:
        """Whether there is text of the leaf between these places."""
        laid = self._laid(leaf.section)
        rows = laid.rows_of(leaf.leaf)
        (row, x), (last, end_x) = start or (rows.start, 0), end or (rows.stop - 1, LINE_END)
        return any(
            laid.lines[one].text[max(x if one == row else 0, laid.lines[one].lead) : end_x if one == last else LINE_END].strip()
            for one in range(max(row, rows.start), min(last + 1, rows.stop))
        )

    def _before(self, leaf: LeafRef, place: tuple[int, int] | None) -> bool:
        return self._seen(None, place, leaf)

    def _behind(self, leaf: LeafRef, place: tuple[int, int] | None) -> bool:
        return self._seen(place, None, leaf)

    def _whole(self, first: LeafRef, last: LeafRef) -> str:
        """The source of these leaves; of the cell, where no other leaf has text."""
        if self._alone(first, -1) and self._alone(last, 1):
            return self._cell.source()
        return self._cell.excerpt(first, last)

    def _alone(self, leaf: LeafRef, step: int, until: LeafRef | None = None) -> bool:
        """Whether no leaf before it (or behind, by `step`) has text, up to this one."""
        while leaf != until:
            other = self._step(leaf, step)
            if other is None:
                return True
            if self._seen(None, None, other):
                return False
            leaf = other
        return True

    def _shown(self, span: _Span) -> str:
        """A part of a block as it is on the screen, without what only the screen needs."""
        leaf: LeafRef | None = span.head
        parts: list[str] = []
        while leaf is not None and leaf <= span.tail:
            parts += self._pieces(leaf, span.start if leaf == span.head else None, span.end if leaf == span.tail else None)
            leaf = self._step(leaf, 1)
        return "".join(parts[:-1]).strip("\n")

    def _pieces(self, leaf: LeafRef, start: tuple[int, int] | None, end: tuple[int, int] | None) -> Iterator[str]:
        """What is shown of a leaf's lines, each followed by what stands between it and the next one."""
        laid, lines = self._laid(leaf.section), self._lines(leaf)
        rows = laid.rows_of(leaf.leaf)
        first, last = start[0] - rows.start if start else 0, end[0] - rows.start if end else len(lines) - 1
        numbers = row_numbers(lines)
        for _, group in groupby(range(first, last + 1), key=numbers.__getitem__):
            cells: dict[int, list[str]] = {}
            for number in group:
                line = lines[number]
                if line.lead >= len(line.text) and line.text.strip(RAILS):  # a label, a frame, a rule: no part of the text
                    continue
                begin, stop = start[1] if start and number == first else 0, end[1] if end and number == last else LINE_END
                pieces = spans(line, self._frame)
                if len(pieces) == 1:
                    text = line.text[max(begin, line.lead) : stop]
                    yield text if line.soft else text.rstrip(" ")
                    yield line.glue if line.soft else "\n"
                    continue
                for column, (left, right) in enumerate(pieces):
                    if left < stop and right > begin:
                        cells.setdefault(column, []).append(line.text[max(left, begin) : min(right, stop)].strip())
            if cells:
                yield "\t".join(" ".join(filter(None, cells[column])) for column in sorted(cells))
                yield "\n"
