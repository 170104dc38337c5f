"""Drawn tables as rows and cells: where the bars between columns stand, and which lines are one row.

The characters that are seen, taken cell by cell, have the same order whatever the widths of the columns are.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from rich.style import Style

from claude_tui.render.base import Line

_BAR = "│"


def spans(line: Line, frame: Style) -> list[tuple[int, int]]:
    """The cells of a line, from and up to which character, without its lead. One where the line is no row of several columns.

    `frame`: the style of the bars between them.
    """
    found: list[tuple[int, int]] = []
    begin = at = 0
    for text, style, _ in line.segments:
        if text == _BAR and style == frame and at > line.lead:
            found.append((max(begin, line.lead), at))
            begin = at + 1
        at += len(text)
    return [*found, (max(begin, line.lead), max(at, line.lead))]


def row_numbers(lines: Sequence[Line]) -> list[int]:
    """For every line of a leaf the number of its row: lines of one wrapped row have the same."""
    numbers: list[int] = []
    for at in range(len(lines)):
        numbers.append(numbers[-1] + (not lines[at - 1].soft) if numbers else 0)
    return numbers


class Ink(NamedTuple):
    """A character that is seen: in which row and column of the table, on which line of the leaf, and where in that line."""

    row: int
    column: int
    line: int
    x: int


class Grid:
    """The characters of a leaf's lines in the order in which a table is read."""

    def __init__(self, lines: Sequence[Line], frame: Style) -> None:
        self._cells = [spans(line, frame) for line in lines]
        self._rows = row_numbers(lines)
        self._order = sorted(
            Ink(self._rows[number], column, number, x)
            for number, line in enumerate(lines)
            for column, (begin, end) in enumerate(self._cells[number])
            for x, character in enumerate(line.text[begin:end], begin)
            if not character.isspace()
        )

    @property
    def has_columns(self) -> bool:
        return any(len(cells) > 1 for cells in self._cells)

    def count(self, line: int, x: int) -> int:
        """How many characters stand before this place."""
        column = next((number for number, (_, end) in enumerate(self._cells[line]) if x <= end), len(self._cells[line]))
        return bisect_left(self._order, Ink(self._rows[line], column, line, x))

    def place(self, count: int, *, behind: bool) -> tuple[int, int]:
        """The line and where in it so many characters have been read: before the next one, or `behind` the last."""
        if not self._order:
            return 0, 0
        one = self._order[max(min(count - behind, len(self._order) - 1), 0)]
        return one.line, one.x + (behind and count > 0)
