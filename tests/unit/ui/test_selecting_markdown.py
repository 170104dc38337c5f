"""Selections in answers: tables as cells, code without its fence, and ends that stay at their characters while the answer grows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.geometry import Offset
from textual.selection import Selection

from claude_tui.domain.events import BlockDelta
from claude_tui.render.looks import LOOKS
from claude_tui.render.text_cell import TextCell
from claude_tui.ui.grid import Grid, spans
from claude_tui.ui.held_selection import HeldSelection
from claude_tui.ui.layout import Layout, Position
from claude_tui.ui.selecting import LINE_END, Ends, key_of, selected_text

DARK = LOOKS["dark"]
GUTTER = 2
HEAD = "| name | says | number |\n|---|---|--:|\n"
CODE = "\n".join(f"line {number}" if number % 9 else "" for number in range(200)) + "\nend of code"
PARAGRAPH = " ".join(f"**word** {number}" for number in range(1_500))
"""Several pieces."""


class Shown:
    """An answer on a screen, and what is selected of it."""

    def __init__(self, text: str, width: int = 60, *, done: bool = True) -> None:
        self.cell = TextCell("0", {"type": "text", "text": ""})
        self.layout: Layout[str] = Layout([self.cell], lambda line: line.text)
        self.layout.reshape(width, DARK)
        self.held = HeldSelection(self.layout, GUTTER)
        self.feed(text)
        if done:
            self.cell.stop()

    def feed(self, text: str) -> None:
        self.cell.feed(BlockDelta(0, "text", text))

    def spot(self, words: str) -> tuple[Position, int]:
        position = Position(0)
        while True:
            line = self.layout.line(position)
            if line is not None and words in line.text:
                return position, line.text.index(words)
            below = self.layout.move(position, 1)
            assert below != position, words
            position = below

    def select(self, start: str, end: str) -> None:
        """From the beginning of `start` to behind `end`, which stand on one line each."""
        (first, x), (last, last_x) = self.spot(start), self.spot(end)
        self.held.take(
            Selection(Offset(x + GUTTER, key_of(first)), Offset(last_x + len(end) + GUTTER, key_of(last))),
            self.layout.view(Position(0), 100_000),
        )

    @property
    def text(self) -> str:
        ends = self.held.ends()
        assert ends is not None
        return selected_text(self.layout, [self.cell], ends)

    def between(self, start: str, end: str) -> str:
        self.select(start, end)
        return self.text


def rows(first: int, last: int, words: str = "some words") -> str:
    return "".join(f"| n{number} | {words} {number} | {number} |\n" for number in range(first, last))


LONG = "words that the first rows left no room for"
"""They are wrapped until the end, when the columns are fitted to all rows."""


# What is copied.


def test_a_part_of_a_table_is_its_cells_with_tabs() -> None:
    shown = Shown(f"Above.\n\n{HEAD}{rows(0, 4)}\nBelow.")
    assert shown.between("n0", "words 1") == "n0\tsome words 0\t0\nn1\tsome words 1"
    assert shown.between("words 1", "n2") == "words 1\t1\nn2"
    assert shown.between("words 1", "words 1") == "words 1"
    assert shown.between("ame", "number") == "ame\tsays\tnumber"
    assert shown.between("says", "n0") == "says\tnumber\nn0"
    assert shown.between("name", "words 3") == "name\tsays\tnumber\n" + "".join(
        f"n{number}\tsome words {number}\t{number}\n" for number in range(3)
    ) + ("n3\tsome words 3")


def test_a_whole_table_alone_is_cells_and_one_of_several_blocks_is_markdown() -> None:
    table = HEAD + rows(0, 60)
    shown = Shown(f"Above.\n\n{table}\nBelow.")
    cells = ["name\tsays\tnumber", *(f"n{number}\tsome words {number}\t{number}" for number in range(60))]
    (first, _), (last, _) = shown.spot("name"), shown.spot("n59")
    assert selected_text(shown.layout, [shown.cell], Ends(first, 0, last, LINE_END)) == "\n".join(cells)
    assert shown.between("name", "Below.") == f"{table}\nBelow."
    assert shown.between("n1 ", "Below.") == "\n".join(cells[2:]) + "\n\nBelow."


def test_a_wrapped_row_is_one_line() -> None:
    shown = Shown(HEAD + rows(0, 3, "words that do not fit there at all"), width=40)
    assert shown.layout.line(shown.spot("n1")[0]) != shown.layout.line(shown.spot("at all 1")[0])
    assert shown.between("n1", "at all 1").startswith("n1\twords that do not fit there at all 1")
    assert shown.between("n0", "n2") == "".join(
        f"n{number}\twords that do not fit there at all {number}\t{number}\n" for number in range(2)
    ) + ("n2")


def test_empty_cells_and_a_bar_in_a_cell_keep_the_columns() -> None:
    shown = Shown("| a | b | c |\n|---|---|---|\n| x | | `│` |\n| | y \\| z | 汉字 |\n")
    position, _ = shown.spot("汉字")
    assert selected_text(shown.layout, [shown.cell], Ends(Position(0), 0, position, LINE_END)) == "a\tb\tc\nx\t\t│\n\ty | z\t汉字"


def test_a_long_code_block_alone_is_code_and_one_of_several_blocks_is_source() -> None:
    shown = Shown(f"Above.\n\n```python\n{CODE}\n```\n\nBelow **here**.")
    assert shown.between("line 1", "end of code") == CODE.removeprefix("\n")
    assert shown.between("line 5", "end of") == CODE[CODE.index("line 5") :].removesuffix(" code")
    assert shown.between("line 1", "Below here.") == f"```python\n{CODE}\n```\n\nBelow **here**."
    assert shown.between("line 5", "Below here") == CODE[CODE.index("line 5") :] + "\n\nBelow here"
    assert shown.between("Above.", "line 100") == "Above.\n\n" + CODE[: CODE.index("line 101")].strip("\n")


def test_code_that_is_still_written_is_whole_up_to_its_end() -> None:
    shown = Shown(f"Above.\n\n```python\n{CODE}\n", done=False)
    position = shown.layout.last()
    assert selected_text(shown.layout, [shown.cell], Ends(Position(0), 0, position, LINE_END)).rstrip() == (
        f"Above.\n\n```python\n{CODE}"
    )


def test_a_paragraph_of_many_pieces_alone_is_what_is_shown() -> None:
    shown = Shown(f"# Head\n\n{PARAGRAPH}\n\nBelow.")
    whole = PARAGRAPH.replace("*", "")
    position, _ = shown.spot("1499")
    start, x = shown.spot("word 0")
    assert selected_text(shown.layout, [shown.cell], Ends(start, x, position, LINE_END)) == whole
    assert shown.between("word 0", "Below.") == f"{PARAGRAPH}\n\nBelow."
    assert shown.between("word 7", "Below.") == whole[whole.index("word 7") :] + "\n\nBelow."


def test_what_cannot_be_seen_is_copied_where_it_stands() -> None:
    shown = Shown("[r]: https://example.com")
    position = shown.layout.last()
    assert selected_text(shown.layout, [shown.cell], Ends(Position(0), 0, position, LINE_END)) == "[r]: https://example.com"
    assert selected_text(shown.layout, [shown.cell], Ends(Position(0), 0, Position(0), LINE_END)) == ""


# Held.


def test_ends_stay_at_their_cells_while_the_table_is_refitted() -> None:
    shown = Shown(HEAD + rows(0, 8) + rows(8, 10, LONG) + rows(10, 14), done=False)
    shown.select("n12", "n13")
    start, text = shown.held.ends(), shown.text
    assert text.startswith("n12\t") and text.endswith("\t12\nn13")
    shown.feed(rows(14, 20, "a great many more words than before " * 2))
    assert shown.text == text
    shown.feed("\nBelow.")
    shown.cell.stop()
    assert shown.held.ends() != start and shown.text == text


@pytest.mark.parametrize("start", ["n0", "n3"])
def test_ends_stay_while_rows_get_lines_and_the_first_rows_widen(start: str) -> None:
    shown = Shown(HEAD + rows(0, 4), width=50, done=False)
    expected = shown.between(start, "words 3")
    for number in range(4, 30):
        shown.feed(rows(number, number + 1, "many words " * (number // 3)))
        assert shown.text == expected
    shown.cell.stop()
    for width in (120, 44, 70, 50):
        shown.layout.reshape(width, DARK)
        assert shown.text == expected


def test_the_end_that_stays_while_the_other_is_dragged_keeps_its_character() -> None:
    shown = Shown(HEAD + rows(0, 8) + rows(8, 10, LONG) + rows(10, 12), done=False)
    view = shown.layout.view(Position(0), 200)
    first, x = shown.spot("n11")
    start = Offset(x + GUTTER, key_of(first))
    shown.held.take(Selection(start, Offset(x + 3 + GUTTER, key_of(first))), view)
    shown.feed(rows(12, 30, "a great many more words " * 3) + "\nBelow.")
    shown.cell.stop()
    view = shown.layout.view(Position(0), 200)
    last, last_x = shown.spot("n12")
    assert shown.spot("n11")[0] != first
    shown.held.take(Selection(start, Offset(last_x + 2 + GUTTER, key_of(last))), view)
    assert shown.text == "n11\tsome words 11\t11\nn1"
    shown.held.begin()
    shown.held.take(Selection(start, Offset(last_x + 3 + GUTTER, key_of(last))), view)
    assert shown.text.endswith("n12") and not shown.text.startswith("n11")  # another selection: from what is there now


def test_what_was_on_the_screen_is_selected_even_if_more_has_come_since() -> None:
    shown = Shown(HEAD + rows(0, 6), done=False)
    view = shown.layout.view(Position(0), 200)
    position, x = shown.spot("words 5")
    shown.feed(rows(6, 8, "a great many more words than before " * 2))
    shown.held.take(Selection(Offset(x + GUTTER, key_of(position)), Offset(x + 7 + GUTTER, key_of(position))), view)
    assert shown.text == "words 5"


PARTS = st.lists(
    st.sampled_from(
        ["Words and more of them. ", "\n\n", HEAD, rows(0, 3), rows(3, 12), "```\ncode\n\n  more\n", "```\n", "- item\n"]
    ),
    min_size=1,
    max_size=12,
)


@given(PARTS, PARTS, st.integers(0, 60), st.integers(0, 60), st.integers(0, 50), st.integers(0, 50))
def test_what_is_complete_stays_selected_as_it_is(
    before: list[str], after: list[str], row: int, end: int, x: int, end_x: int
) -> None:
    shown = Shown("".join(before) + "\n\nThe end.\n\n", done=False)
    layout = shown.layout
    last, _ = shown.spot("The end.")
    ends = sorted(
        (Offset(x, key_of(layout.move(last, -row))), Offset(end_x, key_of(layout.move(last, -end)))), key=lambda one: one.y
    )
    shown.held.take(Selection(*ends), layout.view(Position(0), 500))
    text = shown.text
    for part in after:
        shown.feed(part)
    assert shown.text.strip() == text.strip()
    shown.cell.stop()
    assert shown.text.strip() == text.strip()


# A table's lines.


@pytest.mark.parametrize("name", LOOKS)
def test_bars_are_told_from_text_in_every_look(name: str) -> None:
    cell = TextCell("0", {"type": "text", "text": "a `│` b **│** │ c\n\n| `│` | b │ c |\n|---|---|\n| │ | **│** |\n"})
    cell.stop()
    look = LOOKS[name]
    lines = [line for line in cell.lines(look, 40) if line.text.strip()]
    assert [len(spans(line, look.code_frame)) for line in lines] == [1, 2, 1, 2]


def test_a_place_in_the_order_of_reading_and_back() -> None:
    lines = [line for line in Shown("| a | bb |\n|---|---|\n| c | d |\n").cell.lines(DARK, 40) if line.text.strip()]
    grid = Grid(lines, DARK.code_frame)
    assert [grid.place(count, behind=False) for count in (0, 1, 3)] == [(0, 3), (0, 7), (2, 3)]
    assert [grid.place(count, behind=True) for count in (1, 3, 9)] == [(0, 4), (0, 9), (2, 8)]
    assert all(grid.count(*grid.place(count, behind=False)) == count for count in range(5))
    assert Grid([], DARK.code_frame).place(3, behind=True) == (0, 0)
