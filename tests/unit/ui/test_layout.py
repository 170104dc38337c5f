"""Positions stay what they are, whatever is refined, added or cut; the view is always the rows that lie there."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st
from rich.segment import Segment

from claude_tui.render.base import Line, Look
from claude_tui.render.looks import LOOKS
from claude_tui.ui.layout import KEPT_LINES, Layout, Position


class Rows:
    """A cell of so many lines, whose estimate may be wrong."""

    kind = "text"
    finished = True
    level = levels = 1

    def __init__(self, name: int, count: int, gap: int = 1, guess: int = 1) -> None:
        self.key = str(name)
        self.version = 0
        self.gap = gap
        self.count = count
        self.guess = guess
        self.drawn = 0

    def lines(self, look: Look, width: int) -> Sequence[Line]:
        self.drawn += 1
        return [Line((Segment(f"{self.key}.{number}"),)) for number in range(self.count)]

    def estimate(self, width: int) -> int:
        return self.guess

    def set_gap(self, rows: int) -> None:
        self.gap = rows

    def set_level(self, level: int) -> None:
        """Nothing to fold."""

    def source(self) -> str:
        return self.key

    def code_blocks(self) -> list[str]:
        return []


def laid_out(cells: list[Rows], width: int = 40) -> Layout[str]:
    layout: Layout[str] = Layout(list(cells), lambda line: line.text)
    layout.reshape(width, LOOKS["dark"])
    layout.sync()
    return layout


def all_rows(cells: list[Rows]) -> list[Position]:
    return [Position(index, row) for index, cell in enumerate(cells) for row in range(cell.gap + cell.count)]


CELLS = st.lists(st.tuples(st.integers(1, 9), st.integers(0, 2), st.integers(1, 20)), min_size=1, max_size=12).map(
    lambda shapes: [Rows(number, count, gap, guess) for number, (count, gap, guess) in enumerate(shapes)]
)


@given(CELLS, st.integers(0, 200), st.integers(-200, 200))
def test_moving_goes_row_by_row_and_stops_at_the_ends(cells: list[Rows], start: int, step: int) -> None:
    rows = all_rows(cells)
    layout = laid_out(cells)
    begin = min(start, len(rows) - 1)
    assert layout.move(rows[begin], step) == rows[min(max(begin + step, 0), len(rows) - 1)]


@given(CELLS, st.integers(0, 200), st.integers(1, 30))
def test_a_view_is_what_lies_there(cells: list[Rows], start: int, height: int) -> None:
    rows = all_rows(cells)
    begin = min(start, len(rows) - 1)
    assert laid_out(cells).view(rows[begin], height) == rows[begin : begin + height]


@given(CELLS, st.integers(1, 30))
def test_the_last_top_shows_the_end_and_fills_the_view(cells: list[Rows], height: int) -> None:
    rows = all_rows(cells)
    assert laid_out(cells).last_top(height) == rows[max(len(rows) - height, 0)]


@given(CELLS)
def test_once_everything_was_looked_at_the_numbers_are_exact(cells: list[Rows]) -> None:
    rows = all_rows(cells)
    layout = laid_out(cells)
    layout.view(Position(0, 0), len(rows))
    assert layout.total == len(rows)
    assert [layout.offset(row) for row in rows] == list(range(len(rows)))
    assert [layout.at(offset) for offset in range(len(rows))] == rows


def test_only_what_is_seen_is_laid_out() -> None:
    cells = [Rows(number, 5, guess=5) for number in range(1_000)]
    layout = laid_out(cells)
    layout.view(layout.last_top(20), 20)
    assert sum(cell.drawn for cell in cells) <= 5


def test_a_new_version_is_drawn_again_and_an_old_one_is_not() -> None:
    cells = [Rows(0, 2), Rows(1, 2)]
    layout = laid_out(cells)
    layout.view(Position(0, 0), 10)
    cells[1].count, cells[1].version = 3, 1
    assert len(layout.view(Position(0, 0), 10)) == 7
    assert [cell.drawn for cell in cells] == [1, 2]


def test_blank_rows_above_a_cell_hold_no_line() -> None:
    layout = laid_out([Rows(0, 1, gap=2)])
    assert [layout.line(Position(0, row)) for row in range(2)] == [None, None]
    assert layout.painted(Position(0, 2)) == "0.0"


def test_what_was_not_looked_at_for_long_is_let_go() -> None:
    cells = [Rows(number, 500) for number in range(20)]
    layout = laid_out(cells)
    for index in range(20):
        layout.view(Position(index, 0), 5)
        layout.trim()
    layout.view(Position(19, 0), 5)
    layout.view(Position(0, 0), 5)
    assert cells[19].drawn == 1
    assert cells[0].drawn == 2
    assert layout._kept <= KEPT_LINES + 500


def test_cells_that_were_cut_are_forgotten() -> None:
    cells: list[Rows] = [Rows(0, 3), Rows(1, 4)]
    shared: list[Rows] = list(cells)
    layout: Layout[str] = Layout(shared, lambda line: line.text)
    layout.reshape(40, LOOKS["dark"])
    layout.sync()
    layout.view(Position(0, 0), 20)
    shared[1:] = [Rows(2, 1)]
    layout.forget(1)
    assert layout.total <= 4 + 2
    assert layout.painted(Position(1, 1)) == "2.0"
