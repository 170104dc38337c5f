"""What is read stays on the top row whatever comes, is parted, folds, wraps or is let go; only the reader moves."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_tui.render.looks import LOOKS
from claude_tui.ui.layout import Anchor, Layout, Position
from claude_tui.ui.place import ROWS, number_of, place_of
from claude_tui.ui.reading import Reading
from tests.unit.ui.growing import Growing

DARK = LOOKS["dark"]


class Screen:
    """A reader of cells, without a screen."""

    def __init__(self, cells: list[Growing], width: int = 30, height: int = 8) -> None:
        self.cells: list[Any] = list(cells)
        self.layout: Layout[str] = Layout(self.cells, lambda line: line.text)
        self.layout.reshape(width, DARK)
        self.reader: Reading[str] = Reading(self.layout, self.cells)
        self.height = height
        self.frame()

    def frame(self) -> list[str]:
        """What is on the screen."""
        self.layout.sync()
        self.reader.settle(self.height)
        rows = [
            self.layout.strip(laid, row - gap) if row >= gap else ""
            for _, _, first, last, gap, laid in self.layout.view(self.reader.top, self.height)
            for row in range(first, last)
        ]
        self.layout.trim()
        return rows

    def scroll(self, rows: int) -> None:
        self.reader.stay(self.layout.move(self.reader.top, rows))
        self.frame()

    def character(self) -> tuple[str, int, int]:
        """The first character of the top row: its cell, the number of its leaf in the cell, and where it is in that."""
        return self._of(self.reader.top)

    def _of(self, position: Position) -> tuple[str, int, int]:
        cell, section, leaf, offset = self.layout.anchor_of(position)
        one = self.cells[cell]
        return one.key, sum(len(part.leaves) for part in one.parts[:section]) + leaf, offset

    def shows(self, character: tuple[str, int, int]) -> bool:
        """Whether the top row is the one that holds this character, or as near the end as can be."""
        top, key = self.reader.top, character[0]
        if top == self.reader.last:
            return True
        first, behind = self._of(top), self._of(self.layout.move(top, 1))
        if character[2] < 0 or first[2] < 0:  # blank lines above a cell
            return first == character
        return first[0] == key and first <= character and (behind[0] != key or behind[2] < 0 or character < behind)


LEAVES = st.lists(st.text("ab ", min_size=1, max_size=90), min_size=1, max_size=6)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("grow"), st.text("xy ", min_size=1, max_size=40)),
        st.tuples(st.just("add"), st.text("mn ", min_size=1, max_size=60)),
        st.tuples(st.sampled_from(["part", "redraw", "width", "height", "cell", "front", "measure", "evict"]), st.integers(0, 60)),
    ),
    max_size=25,
)


def _step(screen: Screen, what: str, value: Any) -> None:
    last: Growing = screen.cells[-1]
    match what:
        case "grow" | "add" | "part" | "redraw":
            getattr(last, what)(value)
        case "width":
            screen.layout.reshape(10 + value, DARK)
        case "height":
            screen.height = 1 + value % 20
        case "cell":
            screen.cells.append(Growing(f"new {len(screen.cells)}", ["new leaf"] * (1 + value % 4)))
        case "front":
            screen.cells[:0] = [Growing(f"front {len(screen.cells)}", ["earlier"] * (value % 4 + 1))]
            screen.layout.forget()
            screen.reader.relocate()
        case "measure":
            screen.layout.measure(screen.reader.top, value, 1.0)
        case _:
            screen.layout._laid.clear()
            screen.layout._kept = 0


@given(st.lists(LEAVES, min_size=1, max_size=4), st.integers(1, 60), STEPS)
def test_nothing_but_the_reader_moves_the_top(leaves: list[list[str]], up: int, steps: list[tuple[str, Any]]) -> None:
    screen = Screen([Growing(str(number), list(one)) for number, one in enumerate(leaves)])
    screen.scroll(-up)
    if screen.reader.following:
        return
    character = screen.character()
    for what, value in steps:
        _step(screen, what, value)
        shown = screen.frame()
        assert screen.shows(character), (what, value)
        assert not screen.reader.following
        assert len(shown) <= screen.height
        assert 0 <= screen.reader.new_rows <= max(screen.reader.rows_below, 0)
        if screen.reader.top < screen.reader.last:
            assert len(shown) == screen.height and screen.reader.rows_below > 0
    screen.layout.reshape(30, DARK)
    screen.height = 8
    screen.frame()
    assert screen.character() == character or screen.reader.top == screen.reader.last


@given(st.lists(LEAVES, min_size=1, max_size=4), STEPS)
def test_who_follows_sees_the_end(leaves: list[list[str]], steps: list[tuple[str, Any]]) -> None:
    screen = Screen([Growing(str(number), list(one)) for number, one in enumerate(leaves)])
    for what, value in steps:
        _step(screen, what, value)
        shown = screen.frame()
        assert screen.reader.following and screen.reader.at_end
        assert shown[-1] == screen.layout.painted(screen.layout.last())


@pytest.mark.parametrize("gap", [0, 2])
def test_a_panel_above_that_folds_moves_nothing(gap: int) -> None:
    cells = [Growing("0", ["long"] * 30, levels=2), Growing("1", [f"leaf {number}" for number in range(30)], gap)]
    screen = Screen(cells)
    screen.scroll(-20)
    before = screen.frame()
    cells[0].set_level(0)
    cells[1].set_gap(2 - gap)
    assert screen.frame() == before
    cells[0].set_level(1)
    assert screen.frame() == before


def test_the_end_is_left_and_reached_by_hand_only() -> None:
    cell = Growing("0", [f"leaf {number}" for number in range(30)])
    screen = Screen([cell])
    screen.scroll(-1)
    assert not screen.reader.following and screen.reader.new_rows == 0 and screen.reader.rows_below == 1
    screen.height = 40  # everything below is on the screen now
    before = screen.frame()
    assert screen.reader.at_end and not screen.reader.following
    screen.height = 8
    cell.add("more")
    assert screen.frame()[0] == before[19 + 12]
    assert (screen.reader.new_rows, screen.reader.rows_below) == (2, 3)
    screen.scroll(3)
    assert screen.reader.following and screen.reader.new_rows == 0


def test_new_rows_are_counted_from_where_the_end_was_left() -> None:
    cell = Growing("0", [f"leaf {number}" for number in range(30)])
    screen = Screen([cell])
    screen.scroll(-10)
    for number in range(1, 6):
        cell.add("more")
        if number == 3:
            cell.part(20)
        screen.frame()
        assert (screen.reader.new_rows, screen.reader.rows_below) == (2 * number, 10 + 2 * number)
    screen.scroll(15)
    assert (screen.reader.new_rows, screen.reader.rows_below) == (5, 5)
    screen.reader.follow()
    screen.frame()
    screen.scroll(-4)
    assert (screen.reader.new_rows, screen.reader.rows_below) == (0, 4)


def test_calm_reading_stops_at_the_prompt() -> None:
    screen = Screen([Growing("0", ["old"] * 9)])
    screen.reader.calm = True
    screen.scroll(-4)
    prompt, answer = Growing("p", ["the prompt"]), Growing("a", ["first words"])
    screen.cells.append(prompt)
    screen.reader.turn_started(1)
    assert screen.frame()[-1] == "│ the prompt" and screen.reader.following
    screen.cells.append(answer)
    assert screen.frame()[-1] == "│ first words"
    for _ in range(3):
        answer.add("more")
        screen.frame()
    assert not screen.reader.following
    assert screen.frame()[:3] == ["│ the prompt", "", "│ first words"]
    new, below = screen.reader.new_rows, screen.reader.rows_below
    answer.add("yet more")
    assert screen.frame()[0] == "│ the prompt"
    assert (screen.reader.new_rows, screen.reader.rows_below) == (new + 2, below + 2)
    assert new == below
    screen.reader.follow()
    assert screen.frame()[-1] == "│ yet more"
    answer.add("the end")
    assert screen.frame()[-1] == "│ the end"


def test_without_calm_a_turn_is_followed_and_a_scroll_ends_waiting_for_the_prompt() -> None:
    screen = Screen([Growing("0", ["old"] * 9)])
    screen.scroll(-4)
    screen.reader.turn_started(0)
    screen.frame()
    assert screen.reader.following
    screen.reader.calm = True
    screen.reader.turn_started(0)
    screen.scroll(-1)
    assert screen.character()[:2] != ("0", 0)


def test_a_leaf_is_shown_a_third_down_unless_it_is_there_already() -> None:
    screen = Screen([Growing("0", [f"leaf {number}" for number in range(40)])], height=9)
    at = screen.layout.position_of_anchor
    screen.reader.show(at(Anchor(0, 0, 10, 1)), 9)
    assert screen.frame()[3] == "│ leaf 10" and not screen.reader.following
    before = screen.frame()
    screen.reader.show(at(Anchor(0, 0, 11, 1)), 9)
    assert screen.frame() == before
    screen.reader.follow()
    screen.frame()
    screen.reader.show(at(Anchor(0, 0, 39, 1)), 9)
    screen.frame()
    assert not screen.reader.following  # what comes must not carry the match away


# The place.


@given(st.integers(0, 9), st.integers(0, 1000), st.integers(0, 1000), st.integers(0, 10**6))
def test_a_stored_anchor_comes_back(cell: int, section: int, leaf: int, offset: int) -> None:
    anchor = Anchor(cell, section, leaf, offset)
    number = number_of(anchor)
    assert place_of(cell, number) == anchor and ROWS <= number < 1 << 63


@given(st.integers() | st.integers(0, 40))
def test_every_number_is_some_place(number: int) -> None:
    screen = Screen([Growing("0", ["some words"] * 9), Growing("1", ["more words"] * 9)])
    screen.reader.go_to(0, number)
    assert screen.frame()
    if 0 <= number < 4:
        assert screen.reader.top == Position(0, 0, number)


@given(st.integers(-40, -1), st.integers(10, 60))
def test_a_place_survives_another_width(up: int, width: int) -> None:
    cells = [Growing(str(number), [f"words of leaf {leaf} " * 4 for leaf in range(4)]) for number in range(3)]
    screen = Screen(cells)
    screen.scroll(up)
    place, character = screen.reader.place, screen.character()
    assert place is not None
    again = Screen(cells, width)
    again.reader.go_to(int(place[0]), place[1])
    assert again.reader.place == place
    again.frame()
    assert again.shows(character)


def test_cells_that_were_cut_leave_the_reader_near_where_he_was() -> None:
    screen = Screen([Growing(str(number), ["x"] * 9) for number in range(4)])
    screen.scroll(-20)
    del screen.cells[1:]
    screen.layout.forget()
    screen.reader.relocate()
    assert len(screen.frame()) == 8
    screen.cells.clear()
    screen.layout.forget()
    screen.reader.relocate()
    assert screen.frame() == []
