"""Selected text: the source of whole blocks, what is shown of a part of one; at any width, while everything grows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Offset
from textual.selection import Selection
from textual.strip import Strip

from claude_tui.render.base import Cell, Drawn, LeafRef, LeafStart, Line, Look
from claude_tui.render.block_cell import BlockCell
from claude_tui.render.looks import LOOKS
from claude_tui.ui.brush import restyled
from claude_tui.ui.held_selection import HeldSelection
from claude_tui.ui.layout import Layout, Position
from claude_tui.ui.selecting import (
    LINE_END,
    Ends,
    key_of,
    position_of,
    selected_text,
    snapped,
)
from tests.unit.ui.growing import RAIL, Growing

GUTTER = 2
DARK = LOOKS["dark"]
LEAD = len(RAIL)
FAMILY = "\U0001f469\u200d\U0001f469\u200d\U0001f467"


class Framed(BlockCell):
    """One leaf: a label, a frame, two lines of code with a blank one between them."""

    def _draw(self, look: Look, width: int) -> list[Line]:
        texts = [("label", 5), ("╭───╮", 5), ("│ def f():", 2), ("│", 1), ("│     return", 2), ("╰───╯", 5)]
        return [Line((Segment(text, Style.null()),), lead) for text, lead in texts]

    def source(self) -> str:
        return "```\ndef f():\n\n    return\n```"


class Pieces(BlockCell):
    """A paragraph in two leaves."""

    def draw(self, look: Look, width: int) -> Drawn:
        texts = [("one", True), ("two", True), ("three", True), ("four", False)]
        lines = [Line((Segment(text, Style.null()),), 0, soft) for text, soft in texts]
        return Drawn(lines, [LeafStart(0), LeafStart(2, 8)])

    def block_of(self, leaf: LeafRef) -> tuple[LeafRef, LeafRef]:
        return LeafRef(0, 0), LeafRef(0, 1)

    def excerpt(self, first: LeafRef, last: LeafRef) -> str:
        return " ".join(["one two", "three four"][first.leaf : last.leaf + 1])


def laid_out(*cells: Cell, width: int = 30) -> Layout[str]:
    layout: Layout[str] = Layout(list(cells), lambda line: line.text)
    layout.reshape(width, DARK)
    return layout


def text(layout: Layout[str], ends: Ends) -> str:
    return selected_text(layout, layout._cells, ends)


def held(layout: Layout[str], selection: Selection) -> HeldSelection:
    one = HeldSelection(layout, GUTTER)
    one.take(selection)
    return one


def ends_of(layout: Layout[str], selection: Selection) -> Ends:
    ends = held(layout, selection).ends()
    assert ends is not None
    return ends


def everything(layout: Layout[str]) -> str:
    return text(layout, ends_of(layout, Selection(None, None)))


def spot(layout: Layout[str], words: str) -> tuple[Position, int]:
    """The first line with these words, and where in it they begin."""
    position = Position(0)
    while True:
        line = layout.line(position)
        if line is not None and words in line.text:
            return position, line.text.index(words)
        below = layout.move(position, 1)
        assert below != position, words
        position = below


def between(layout: Layout[str], start: str, end: str) -> Ends:
    """From the beginning of `start` to behind `end`."""
    (first, x), (last, last_x) = spot(layout, start), spot(layout, end)
    return Ends(first, x, last, last_x + len(end))


@given(st.integers(0, 1 << 20), st.integers(0, 1 << 18), st.integers(0, (1 << 20) - 2))
def test_positions_and_keys_are_one_to_one_and_grow_downwards(cell: int, section: int, row: int) -> None:
    position = Position(cell, section, row)
    assert position_of(Offset(0, key_of(position))) == position
    assert key_of(position) < key_of(Position(cell, section, row + 1)) < key_of(Position(cell, section + 1, 0))
    assert key_of(position) < key_of(Position(cell + 1))


TEXTS = st.lists(st.text("abc 汉", min_size=1, max_size=40).map(str.strip).filter(bool), min_size=1, max_size=5)


@given(st.lists(TEXTS, min_size=1, max_size=4), st.integers(1, 4), st.integers(12, 60))
def test_everything_is_all_sources(leaves: list[list[str]], cut: int, width: int) -> None:
    cells = [Growing(str(number), list(one)) for number, one in enumerate(leaves)]
    layout = laid_out(*cells, width=width)
    expected = "\n\n".join(cell.source() for cell in cells)
    assert everything(layout) == expected
    for cell in cells:
        cell.part(cut)
    assert everything(layout) == expected


def test_whole_leaves_are_source_and_parts_are_what_is_shown() -> None:
    cell = Growing(
        "0", ["first leaf of many words that are wrapped", "**second** leaf", "third leaf", "last leaf of many words, curled"]
    )
    cell.part(2)
    layout = laid_out(cell)
    assert text(layout, between(layout, "leaf of many", "third leaf")) == (
        "leaf of many words that are wrapped\n\n**second** leaf\n\nthird leaf"
    )
    assert text(layout, between(layout, "**second", "last leaf of")) == "**second** leaf\n\nthird leaf\n\nlast leaf of"
    assert text(layout, between(layout, "irst", "curl")) == (
        "irst leaf of many words that are wrapped\n\n**second** leaf\n\nthird leaf\n\nlast leaf of many words, curl"
    )
    assert text(layout, between(layout, "second", "second")) == "second"
    assert text(layout, between(layout, "first", "wrapped")) == "first leaf of many words that are wrapped"
    assert everything(layout) == cell.source()


def test_one_call_asks_for_all_leaves_between() -> None:
    class Asked(Growing):
        def excerpt(self, first: object, last: object) -> str:  # type: ignore[override]
            return f"<{tuple(first)}-{tuple(last)}>"  # type: ignore[arg-type]

    cell = Asked("0", ["zero", "one", "two", "three", "four"])
    cell.part(2)
    layout = laid_out(cell)
    assert text(layout, between(layout, "ero", "three")) == "ero\n\n<(0, 1)-(1, 1)>"
    assert text(layout, between(layout, "one", "thr")) == "<(0, 1)-(1, 0)>\n\nthr"


def test_a_block_alone_is_what_is_shown_and_one_of_several_is_source() -> None:
    cell = Framed("0")
    layout = laid_out(cell, Growing("1", ["below"]))
    code = "def f():\n\n    return"
    assert text(layout, between(layout, "def", "return")) == code
    assert text(layout, Ends(Position(0), 0, Position(1, 0, 0), LINE_END)) == code  # from its label to the blank line below
    assert text(layout, between(layout, "ef f", "return")) == "ef f():\n\n    return"
    assert text(layout, between(layout, "def", "retu")) == "def f():\n\n    retu"
    assert text(layout, between(layout, "def", "elow")) == cell.source() + "\n\nbelow"
    assert text(layout, between(layout, "f f", "elow")) == "f f():\n\n    return\n\nbelow"
    assert text(layout, between(layout, "label", "label")) == ""


def test_pieces_of_a_paragraph_stay_one_line() -> None:
    layout = laid_out(Pieces("0"))
    assert text(layout, between(layout, "ne", "four")) == "ne two three four"
    assert text(layout, between(layout, "one", "fou")) == "one two three fou"
    assert text(layout, between(layout, "wo", "thre")) == "wo thre"


def test_nothing_of_a_cell_is_selected_by_the_blank_lines_above_it() -> None:
    layout = laid_out(Growing("0", ["one"]), Growing("1", ["two"], gap=2))
    assert text(layout, Ends(Position(0), 0, Position(1, 0, 1), LINE_END)) == "one"
    assert text(layout, Ends(Position(1), 0, Position(1, 0, 1), 5)) == ""
    assert text(layout, Ends(Position(0, 0, 1), LINE_END, Position(1, 0, 2), LEAD)) == ""


EVERYTHING = Ends(Position(0), 0, Position(99), LINE_END)
ENDS = st.tuples(st.integers(0, 80), st.integers(-3, 50), st.integers(0, 80), st.integers(-3, 50))


@given(st.lists(TEXTS, min_size=1, max_size=3), ENDS, st.lists(st.integers(8, 60), min_size=1, max_size=3), st.integers(1, 3))
def test_a_selection_is_the_same_text_after_other_widths_and_partings(
    leaves: list[list[str]], ends: tuple[int, int, int, int], widths: list[int], cut: int
) -> None:
    cells = [Growing(str(number), list(one)) for number, one in enumerate(leaves)]
    layout = laid_out(*cells)
    first, x, last, last_x = ends
    offsets = [Offset(one_x, key_of(layout.move(Position(0), row))) for row, one_x in ((first, x), (last, last_x))]
    selection = Selection(*sorted(offsets, key=lambda offset: (offset.y, offset.x)))
    one = held(layout, selection)
    before = text(layout, one.ends() or EVERYTHING)
    for number, width in enumerate(widths):
        layout.reshape(width, DARK)
        assert text(layout, one.ends() or EVERYTHING) == before
        if number == 0:
            for cell in cells:
                cell.part(cut)
            assert text(layout, one.ends() or EVERYTHING) == before


@given(st.integers(-5, 1 << 30), st.integers(0, 1 << 60), st.integers(-5, 1 << 30), st.integers(0, 1 << 60))
def test_ends_that_lie_nowhere_are_no_error(x: int, y: int, last_x: int, last_y: int) -> None:
    cell = Growing("0", [f"汉字 {FAMILY} é", "x"])
    layout = laid_out(cell, Framed("1"), width=9)
    for selection in (
        Selection(Offset(x, y), Offset(last_x, last_y)),
        Selection(None, Offset(x, y)),
        Selection(Offset(x, y), None),
    ):
        ends = ends_of(layout, selection)
        assert isinstance(text(layout, ends), str)
        assert ends.first <= layout.last()


@given(st.integers(0, 30), st.integers(0, 30))
def test_an_end_inside_a_joined_character_takes_all_of_it(start: int, end: int) -> None:
    line = f"汉{FAMILY}é a\u0301x"
    layout = laid_out(Growing("0", [line]), width=60)
    row = key_of(Position(0, 0, 1))
    chosen = text(layout, ends_of(layout, Selection(Offset(start, row), Offset(end, row))))
    assert not chosen or chosen == line or all(whole in chosen or not set(whole) & set(chosen) for whole in (FAMILY, "a\u0301"))
    inside = Selection(Offset(GUTTER + LEAD, row), Offset(GUTTER + LEAD + 3, row))
    assert text(layout, ends_of(layout, inside)) == f"汉{FAMILY}"
    assert snapped("ab", 1, up=True) == 1 and snapped(FAMILY, 1, up=False) == 0 and snapped(FAMILY, 1, up=True) == len(FAMILY)


# Drawn.


@pytest.mark.parametrize(
    ("span", "chosen"), [((2, 3), "汉"), ((4, 6), " a"), ((6, 4), ""), ((0, 99), "  汉字 ab  "), ((-4, 3), "  汉")]
)
def test_only_the_selected_characters_change_style(span: tuple[int, int], chosen: str) -> None:
    strip = Strip([Segment("  汉"), Segment("字 ab  ")])
    drawn = restyled(strip, [(*span, Style(reverse=True))])
    assert drawn.text == strip.text and drawn.cell_length == strip.cell_length
    assert "".join(segment.text for segment in drawn if segment.style and segment.style.reverse) == chosen


@given(st.lists(st.sampled_from(["a", "汉", FAMILY, "é", " "]), max_size=9).map("".join), st.integers(-2, 60), st.integers(-2, 60))
def test_no_style_changes_what_is_written(line: str, start: int, end: int) -> None:
    drawn = restyled(Strip([Segment(line)]), [(start, end, Style(bold=True))])
    assert drawn.text == line
    assert sum(cell_len(segment.text) for segment in drawn) == cell_len(line)


def test_spans_are_of_the_rows_between_the_ends() -> None:
    ends = Ends(Position(0, 1, 2), 5, Position(1, 0, 3), 7)
    assert ends.span(Position(0, 1, 1)) is None and ends.span(Position(1, 0, 4)) is None
    assert ends.span(Position(0, 1, 2)) == (5, LINE_END) and ends.span(Position(1, 0, 3)) == (0, 7)
    assert ends.span(Position(0, 9, 0)) == (0, LINE_END)
