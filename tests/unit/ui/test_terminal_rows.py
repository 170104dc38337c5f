"""What is written of a row makes the new one of the old; moved rows are recognised."""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from claude_tui.render.wrap import clusters
from claude_tui.ui.brush import steady
from claude_tui.ui.frame import BARE, Frame
from claude_tui.ui.terminal_rows import _difference, _scrolled

WIDTH = 24
STYLES = [Style(color="red"), Style(color="blue"), Style(bold=True)]
words = st.sampled_from(["a", "ab ", "  ", "中文", "中", "x", "e\u0301", "─", "👩\u200d🚀", "-> "])
runs = st.lists(st.tuples(words, st.sampled_from(STYLES)), max_size=6)


def row(parts: list[tuple[str, Style]]) -> Strip:
    segments, cells = list[Segment](), 0
    for text, style in parts:
        if cells + cell_len(text) <= WIDTH:
            segments.append(Segment(text, style))
            cells += cell_len(text)
    return Strip(Segment.simplify([*segments, Segment(" " * (WIDTH - cells), STYLES[0])]), WIDTH)


def cells_of(strip: Strip) -> list[tuple[str, Style | None]]:
    """Each cell; the second half of a wide character is empty."""
    cells: list[tuple[str, Style | None]] = []
    for text, style, _ in strip:
        for char, width in clusters(text):
            cells += [(char, style), *([("", style)] * (width - 1))]
    return cells


rows = runs.map(row)


@given(rows, rows)
def test_property_the_difference_makes_the_new_row_of_the_old(old: Strip, new: Strip) -> None:
    x, part = _difference(old, new)
    before, between, wanted = cells_of(old), cells_of(part), cells_of(new)
    assert before[:x] + between + before[x + len(between) :] == wanted
    assert part.cell_length == cell_len(part.text)


def test_words_that_come_behind_others_are_all_that_is_written() -> None:
    old, new = row([("some words", STYLES[0])]), row([("some words and more", STYLES[0])])
    x, part = _difference(old, new)
    assert (x, part.text) == (11, "and more     ")
    old, new = row([("- ", STYLES[1]), ("one", STYLES[2])]), row([("- ", STYLES[1]), ("one two", STYLES[2])])
    x, part = _difference(old, new)
    assert (x, part.text) == (5, " two")
    assert _difference(old, row([("- ", STYLES[1]), ("one", STYLES[2])]))[1].cell_length == 0


def test_a_row_of_which_nothing_is_known_is_written_whole() -> None:
    new = row([("words", STYLES[0])])
    assert _difference(Strip([]), new) == (0, new)


def test_the_terminal_scrolls_in_the_rows_of_the_view_alone() -> None:
    assert _scrolled(2, 10, 3) == "\x1b[3;12r\x1b[12;1H\x1bD\x1bD\x1bD\x1b[r"
    assert _scrolled(0, 10, -2) == "\x1b[1;10r\x1b[1;1H\x1bM\x1bM\x1b[r"


def shown(frame: Frame, strips: list[Strip]) -> list[tuple[int, int]]:
    return frame.show([(strip, BARE) for strip in strips])


@given(st.integers(-12, 12), st.integers(0, 2))
def test_property_rows_that_moved_are_found(moved: int, blanks: int) -> None:
    blank = row([])
    text = [row([(f"{number:02}", STYLES[1])]) for number in range(36)]
    text[14 : 14 + blanks] = [blank] * blanks
    frame = Frame(lambda strip, overlay: strip)
    shown(frame, text[12:24])
    shown(frame, text[12 + moved : 24 + moved])
    kept = 12 - abs(moved)
    assert frame.moved == (moved if moved and kept - blanks >= 5 else frame.moved)
    assert frame.moved in (0, moved)


def test_a_change_in_place_is_no_move() -> None:
    text = [row([(f"{number:02}", STYLES[1])]) for number in range(12)]
    frame = Frame(lambda strip, overlay: strip)
    shown(frame, text)
    changed = shown(frame, [*text[:5], row([("other", STYLES[0])]), *text[6:]])
    assert changed == [(5, 6)] and frame.moved == 0


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("plain 中文 👍🏽 🇩🇪 é", "plain 中文 👍🏽 🇩🇪 é"),
        ("\u26a0\ufe0f warning", "\u26a0  warning"),
        ("1\ufe0f\u20e3 first", "1  first"),
        ("\U0001f469\u200d\U0001f4bb codes", "\U0001f469 codes"),
        ("\U0001f3f3\ufe0f\u200d\U0001f308 flag", "\U0001f3f3  flag"),
    ],
)
def test_what_terminals_draw_differently_wide_is_drawn_as_its_first_character(text: str, drawn: str) -> None:
    assert steady(text) == drawn
    assert cell_len(drawn) == cell_len(text)
