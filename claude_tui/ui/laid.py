"""A section as it was drawn: its lines, what was painted of them, and where the characters of its leaves stand."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from claude_tui.render.base import LeafStart, Line, Section

T = TypeVar("T")


def as_text(line: Line) -> str:
    """What a line is of its leaf's text, the line end or what stands for it included."""
    return line.text[line.lead :] + (line.glue if line.soft else "\n")


@dataclass(slots=True)
class Laid(Generic[T]):
    """Rows count from the first line. `starts`: how many characters stand above each row, as far as somebody asked.

    `painted`: what became of each line, as far as it was seen. `frame`: the number of the frame it was last looked at for.
    """

    section: Section
    version: int
    lines: Sequence[Line]
    leaves: Sequence[LeafStart]
    painted: list[T | None]
    starts: list[int]
    frame: int

    def start(self, row: int) -> int:
        """How many characters of the section stand above this row."""
        starts = self.starts
        while len(starts) <= row:
            starts.append(starts[-1] + len(as_text(self.lines[len(starts) - 1])))
        return starts[row]

    def leaf_at(self, row: int) -> int:
        """The leaf this row belongs to."""
        return max(bisect_right(self.leaves, row, key=_row_of) - 1, 0)

    def rows_of(self, leaf: int) -> range:
        """The rows of a leaf."""
        end = self.leaves[leaf + 1].row if leaf + 1 < len(self.leaves) else len(self.lines)
        return range(self.leaves[leaf].row, end)

    def offset_of(self, row: int) -> int:
        """Which character of its leaf's text is the first of this row."""
        leaf = self.leaves[self.leaf_at(row)]
        return leaf.origin + self.start(row) - self.start(leaf.row)

    def row_of(self, leaf: int, offset: int) -> int:
        """The row that holds this character of the leaf's text, or the nearest one."""
        rows = self.rows_of(leaf)
        if not rows:
            return rows.start
        self.start(rows.stop - 1)
        wanted = self.start(rows.start) + max(offset - self.leaves[leaf].origin, 0)
        return max(bisect_right(self.starts, wanted, rows.start, rows.stop) - 1, rows.start)

    def text_of(self, leaf: int) -> str:
        """A leaf's text, from its first drawn character on, with the line end or what stands for it behind every line."""
        return "".join(as_text(self.lines[row]) for row in self.rows_of(leaf))

    def inherit(self, before: Laid[T]) -> None:
        """What was painted and counted of the same lines stays."""
        lines, old = self.lines, before.lines
        same, most = 0, min(len(lines), len(old))
        while same < most and (lines[same] is old[same] or lines[same] == old[same]):
            same += 1
        self.painted[:same] = before.painted[:same]
        self.starts = before.starts[: same + 1]


def _row_of(leaf: LeafStart) -> int:
    return leaf.row
