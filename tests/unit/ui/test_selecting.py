"""Selected text: what the source says between two places, whatever the screen made of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Offset
from textual.selection import Selection
from textual.strip import Strip

from claude_tui.domain.events import BlockDelta
from claude_tui.render.base import Cell, Line
from claude_tui.render.looks import LOOKS
from claude_tui.render.text_cell import TextCell
from claude_tui.ui.layout import Layout, Position
from claude_tui.ui.selecting import between, highlighted, key_of, position_of

GUTTER = 2


def text_cell(text: str, key: str = "m:0") -> Cell:
    cell = TextCell(key, {"type": "text", "text": ""})
    cell.feed(BlockDelta(0, "text", text))
    cell.stop(None)
    return cell


def laid_out(*texts: str, width: int = 40) -> Layout[Strip]:
    layout: Layout[Strip] = Layout([text_cell(text, f"m:{n}") for n, text in enumerate(texts)], _painted)
    layout.reshape(width, LOOKS["dark"])
    layout.sync()
    return layout


def _painted(line: Line) -> Strip:
    return Strip([Segment(" " * GUTTER), *line.segments])


def whole(layout: Layout[Strip], cells: int) -> str:
    first, last = Position(0, 0), Position(cells - 1, layout.rows(cells - 1) - 1)
    return between(layout, first, last, Selection(None, None), GUTTER)


@given(st.integers(0, 1 << 20), st.integers(0, (1 << 20) - 2))
def test_positions_and_keys_are_one_to_one_and_grow_downwards(cell: int, row: int) -> None:
    position = Position(cell, row)
    assert position_of(Offset(0, key_of(position))) == position
    assert key_of(position) < key_of(Position(cell, row + 1)) <= key_of(Position(cell + 1, row + 1))


@given(
    st.lists(st.text("abcdefgh 汉字", min_size=1, max_size=30).map(str.strip).filter(bool), min_size=1, max_size=12),
    st.integers(12, 90),
)
def test_a_paragraph_is_one_line_at_any_width(words: list[str], width: int) -> None:
    text = " ".join(" ".join(words).split())
    assert whole(laid_out(text, width=width), 1) == text


def test_code_keeps_its_lines_and_loses_its_frame() -> None:
    text = whole(laid_out("Before.\n\n```python\ndef f(x):\n\n    return x + 1\n```\n\nAfter.", width=30), 1)
    assert "def f(x):\n\n    return x + 1\n" in text
    assert not set("│╭╰─") & set(text) and "copy" not in text
    assert text.startswith("Before.\n") and text.endswith("After.")


def test_cells_are_apart_and_controls_are_dead() -> None:
    assert whole(laid_out("one \x1b[31m", "two"), 2) == "one ␛[31m\n\ntwo"


def test_part_of_a_line_is_counted_without_the_gutter() -> None:
    layout = laid_out("0123456789")
    row = next(row for row in range(layout.rows(0)) if (line := layout.line(Position(0, row))) and "0123" in line.text)
    lead = layout.line(Position(0, row)).lead  # type: ignore[union-attr]
    position = Position(0, row)
    start, end = Offset(GUTTER + lead + 2, key_of(position)), Offset(GUTTER + lead + 5, key_of(position))
    assert between(layout, position, position, Selection(start, end), GUTTER) == "234"
    before = Selection(Offset(0, key_of(position)), end)
    assert between(layout, position, position, before, GUTTER) == "01234"


@pytest.mark.parametrize(
    ("span", "chosen"), [((0, -1), "汉字 ab"), ((2, 3), "汉"), ((4, 6), " a"), ((0, 2), ""), ((6, 4), ""), ((0, 99), "汉字 ab  ")]
)
def test_only_the_selected_characters_change_colour(span: tuple[int, int], chosen: str) -> None:
    strip = Strip([Segment("  汉字 ab  ")])
    drawn = highlighted(strip, span, GUTTER, Style(reverse=True))
    assert drawn.text == strip.text and drawn.cell_length == strip.cell_length
    assert "".join(segment.text for segment in drawn if segment.style and segment.style.reverse) == chosen
