"""Positions and anchors stay what they are, whatever is refined, parted, wrapped or let go; the view is always what lies there."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from claude_tui.render.base import LeafRef
from claude_tui.render.looks import LOOKS
from claude_tui.ui.layout import KEPT_LINES, Anchor, Layout, Position
from claude_tui.ui.sums import Sums
from tests.unit.ui.growing import Growing, Part

DARK = LOOKS["dark"]
WORDS = st.lists(st.sampled_from(["a", "bc", "def", "longer", "a-rather-long-word", "\n"]), min_size=1, max_size=12).map(" ".join)


def cell_of(key: int, leaves: list[str], cuts: list[int], gap: int) -> Growing:
    cell = Growing(str(key), leaves, gap)
    for cut in cuts:
        cell.part(cut)
    return cell


CELLS = st.lists(
    st.tuples(st.lists(WORDS, min_size=1, max_size=5), st.lists(st.integers(1, 3), max_size=3), st.integers(0, 2)),
    min_size=1,
    max_size=6,
).map(lambda shapes: [cell_of(number, list(leaves), cuts, gap) for number, (leaves, cuts, gap) in enumerate(shapes)])


def laid_out(cells: list[Growing], width: int = 20) -> Layout[str]:
    layout: Layout[str] = Layout(list(cells), lambda line: line.text)
    layout.reshape(width, DARK)
    return layout


def all_rows(cells: list[Growing], width: int = 20) -> list[Position]:
    rows: list[Position] = []
    for index, cell in enumerate(cells):
        for section, part in enumerate(cell.sections):
            count = len(part.draw(DARK, width).lines) + (0 if section else cell.gap)
            rows += [Position(index, section, row) for row in range(count)]
    return rows


def positions(layout: Layout[str], top: Position, height: int) -> list[Position]:
    return [
        Position(cell, section, row) for cell, section, first, last, *_ in layout.view(top, height) for row in range(first, last)
    ]


@given(CELLS, st.integers(0, 200), st.integers(-200, 200))
def test_moving_goes_row_by_row_and_stops_at_the_ends(cells: list[Growing], start: int, step: int) -> None:
    rows = all_rows(cells)
    begin = start % len(rows)
    assert laid_out(cells).move(rows[begin], step) == rows[min(max(begin + step, 0), len(rows) - 1)]


@given(CELLS, st.integers(0, 200), st.integers(1, 30))
def test_a_view_is_what_lies_there(cells: list[Growing], start: int, height: int) -> None:
    rows = all_rows(cells)
    begin = start % len(rows)
    assert positions(laid_out(cells), rows[begin], height) == rows[begin : begin + height]
    assert laid_out(cells).last_top(height) == rows[max(len(rows) - height, 0)]


@given(CELLS, st.integers(1, 20))
def test_measuring_makes_numbers_exact_and_comes_to_rest(cells: list[Growing], rows: int) -> None:
    every = all_rows(cells)
    layout = laid_out(cells)
    while layout.measure(Position(0), 10_000, 0.0) and layout.measure(Position(0), 10_000, 1.0):
        pass
    assert layout.total == len(every)
    assert [layout.offset(row) for row in every] == list(range(len(every)))
    assert [layout.at(offset) for offset in range(len(every))] == every
    drawn = [part.drawn for cell in cells for part in cell.parts]
    assert not layout.measure(Position(0), 10_000, 0.0)
    assert drawn == [part.drawn for cell in cells for part in cell.parts]


@given(CELLS, st.integers(0, 200), st.lists(st.integers(8, 60), min_size=1, max_size=4))
def test_an_anchor_is_the_same_character_at_every_width(cells: list[Growing], start: int, widths: list[int]) -> None:
    layout = laid_out(cells)
    rows = all_rows(cells)
    row = rows[start % len(rows)]
    anchor = layout.anchor_of(row)
    assert layout.position_of_anchor(anchor) == row
    for width in widths:
        layout.reshape(width, DARK)
        there = layout.position_of_anchor(anchor)
        assert there in all_rows(cells, width)
        if anchor.offset >= 0:
            first, behind = layout.anchor_of(there), layout.anchor_of(layout.move(there, 1))
            assert first <= anchor and (anchor < behind or there == layout.last())
    layout.reshape(20, DARK)
    assert layout.position_of_anchor(anchor) == row


@given(CELLS, st.integers(0, 200), st.integers(1, 4))
def test_a_position_in_a_section_that_was_parted_is_the_same_row(cells: list[Growing], start: int, cut: int) -> None:
    layout = laid_out(cells)
    rows = all_rows(cells)
    index = start % len(rows)
    anchor, text = layout.anchor_of(rows[index]), layout.painted(rows[index])
    for cell in cells:
        cell.part(cut)
    again = all_rows(cells)[index]
    assert layout.normal(rows[index]) == again == layout.position_of_anchor(anchor)
    assert layout.painted(again) == text
    assert layout.normal(Position(0, 0, 10**6)) == layout.last_of(0)


def test_only_what_is_seen_is_drawn() -> None:
    cells = [Growing(str(number), ["one", "two"]) for number in range(1_000)]
    layout = laid_out(cells)
    layout.view(layout.last_top(20), 20)
    assert sum(part.drawn for cell in cells for part in cell.parts) <= 6


def test_of_a_section_that_grows_only_new_lines_are_painted() -> None:
    cell, painted = Growing("0", [f"leaf {number}" for number in range(50)]), list[str]()
    layout: Layout[str] = Layout([cell], lambda line: painted.append(line.text) or line.text)
    layout.reshape(40, DARK)
    for row in range(100):
        layout.painted(Position(0, 0, row))
    painted.clear()
    cell.add("another leaf")
    seen = [layout.painted(Position(0, 0, row)) for row in range(102)]
    assert seen[-1] == painted[-1] == "│ another leaf" and len(painted) == 2


def test_painted_lines_are_bounded_and_what_is_on_the_screen_stays() -> None:
    cells = [Growing(str(number), ["x"] * 250) for number in range(20)]
    layout = laid_out(cells)
    for index in range(20):
        layout.view(Position(index), 5)
        layout.trim()
        assert layout._kept <= KEPT_LINES
    layout.view(Position(19), 5)
    layout.view(Position(0), 5)
    assert cells[19].parts[0].drawn == 1
    assert cells[0].parts[0].drawn == 2
    assert layout.total == 20 * 500
    assert sum(len(laid.lines) for laid in layout._laid.values()) == layout._kept


def test_a_frame_keeps_what_it_shows_however_long_that_is() -> None:
    cells = [Growing(str(number), ["\n".join("x" * KEPT_LINES)]) for number in range(2)]
    layout = laid_out(cells)
    for _ in range(3):
        layout.view(layout.move(layout.last_of(0), -2), 6)
        layout.trim()
    assert [cell.parts[0].drawn for cell in cells] == [1, 1]


def test_a_parting_that_nobody_looks_at_counts_no_row_twice() -> None:
    cell = Growing("0", ["x"] * 40)
    layout = laid_out([cell])
    layout.view(layout.last_top(5), 5)
    cell.part(30)
    layout.view(layout.last_top(5), 5)
    assert layout.total == 80


def test_offsets_are_counted_anew_where_lines_are_others() -> None:
    cell = Growing("0", ["first", "a few words that are wrapped, and some more of them", "x"])
    layout = laid_out([cell])
    layout.anchor_of(layout.last())
    cell.parts[0].leaves[1] = "other\nlines"
    cell.add("y")
    cell.parts[0].leaves[1] += " and some more words that are wrapped"
    cell.redraw(0)
    fresh = laid_out([cell])
    rows = all_rows([cell])
    assert [layout.anchor_of(row) for row in rows] == [fresh.anchor_of(row) for row in rows]


def test_cells_that_were_cut_or_folded_are_forgotten() -> None:
    cells = [Growing("0", ["a", "b"]), Growing("1", ["c"] * 9, levels=2)]
    layout: Layout[str] = Layout(list(cells), lambda line: line.text)
    layout.reshape(40, DARK)
    layout.view(Position(0), 40)
    assert layout.total == 4 + 18
    cells[1].set_level(0)
    assert layout.painted(Position(1, 0, 1)) == "│ folded"
    assert layout.total == 4 + 4
    layout._cells[1:] = [Growing("2", ["d"])]
    layout.forget(1)
    assert layout.painted(Position(1, 0, 1)) == "│ d"


def test_leaves_are_found_again_behind_a_parting() -> None:
    cell = Growing("0", ["a", "b", "c", "d"])
    layout = laid_out([cell])
    assert layout.leaf_of(0, LeafRef(0, 3)) == LeafRef(0, 3)
    cell.part(2)
    cell.part(1)
    assert [layout.leaf_of(0, LeafRef(0, number)) for number in range(5)] == [(0, 0), (0, 1), (1, 0), (2, 0), None]
    assert layout.position_of_anchor(Anchor(0, 7)) == layout.last()


def test_an_update_costs_the_same_however_long_everything_is() -> None:
    """Counted in what is asked of sections, not in seconds."""
    asked = 0

    class Counted(Part):
        def estimate(self, width: int) -> int:
            nonlocal asked
            asked += 1
            return super().estimate(width)

    cells = [Growing(str(number), ["x"]) for number in range(3_000)]
    cells[-1].parts = [Counted(["one"], not number) for number in range(500)]
    layout = laid_out(cells)
    layout.view(layout.last_top(20), 20)
    asked, before = 0, sum(part.drawn for part in cells[-1].parts)
    for _ in range(50):
        cells[-1].grow(" more")
        layout.sync()
        layout.view(layout.last_top(20), 20)
        layout.trim()
    assert asked == 0
    assert sum(part.drawn for part in cells[-1].parts) == before + 50


@given(st.lists(st.tuples(st.sampled_from(["append", "set", "cut"]), st.integers(0, 9), st.integers(0, 30)), max_size=40))
def test_sums_are_sums(steps: list[tuple[str, int, int]]) -> None:
    numbers: list[int] = [3, 0, 5]
    sums = Sums(numbers)
    for what, number, index in steps:
        if what == "append":
            numbers.append(number)
            sums.append(number)
        elif what == "set" and index < len(numbers):
            numbers[index] = number
            sums.set(index, number)
        elif what == "cut":
            del numbers[index:]
            sums.cut(index)
        assert sums.total == sum(numbers) and len(sums) == len(numbers)
        assert [sums.before(at) for at in range(len(numbers) + 1)] == [sum(numbers[:at]) for at in range(len(numbers) + 1)]
        rows = [at for at, count in enumerate(numbers) for _ in range(count)]
        assert [sums.find(row) for row in range(len(rows))] == rows
        assert sums.find(len(rows)) == len(numbers)
