"""A table as its rows come: widths settle, chunks join, and the end is what the whole table drawn at once looks like."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from claude_tui.render.base import Line
from claude_tui.render.inline import one_line
from claude_tui.render.table import Align, TableCell
from claude_tui.render.table_run import FIRST_ROWS, TableRun
from tests.unit.render.drawing import DARK, check, lineless, texts, widths
from tests.unit.render.wholes import Table, table_lines

ALIGNS: tuple[Align, ...] = ("left", "center", "right")


def ink(source: str, head: bool) -> TableCell:
    style = DARK.table_head if head else DARK.text
    return [[(part, style)] for part in one_line(source).split("<br>")]


cells = (
    st.sampled_from(["", "a", "10", "one<br>two", "**b**", "中文字符，标点。", "👍🏽", "some words in a row", "x" * 30]) | lineless
)


@st.composite
def grown(draw: st.DrawFn) -> tuple[list[str], list[Align], list[list[str]]]:
    """A head, alignments and rows, some of them too short or too long; few distinct rows, so long tables are cheap to make."""
    head = draw(st.lists(cells, min_size=1, max_size=8))
    aligns: list[Align] = [ALIGNS[at % 3] for at in range(len(head))]
    kinds = draw(st.lists(st.lists(cells, max_size=9), min_size=1, max_size=4))
    rows = [kinds[at] for at in draw(st.lists(st.integers(0, len(kinds) - 1), max_size=20))]
    return head, aligns, rows


def filled(head: Sequence[str], row: Sequence[str]) -> list[str]:
    return [*row[: len(head)], *[""] * (len(head) - len(row))]


def whole(head: Sequence[str], aligns: Sequence[Align], rows: Sequence[Sequence[str]], width: int) -> list[Line]:
    body = [[ink(source, False) for source in filled(head, row)] for row in rows]
    return table_lines(Table([ink(source, True) for source in head], aligns, body), DARK, width)


def run_of(head: Sequence[str], rows: Sequence[Sequence[str]], *, closed: bool = False) -> TableRun:
    run = TableRun(head, [ALIGNS[0] for _ in head], ink)
    run.extend(rows)
    if closed:
        run.close()
    return run


def shown(run: TableRun, width: int = 60, extra: Sequence[Sequence[str]] = ()) -> list[str]:
    return [line.rstrip() for line in texts(run.draw(0, run.count, DARK, width, ink, extra=extra))]


@given(grown(), st.integers(1, 9), widths)
def test_cutting_the_rows_makes_no_difference(table: tuple[list[str], list[Align], list[list[str]]], step: int, width: int) -> None:
    head, aligns, rows = table
    at_once, by_pieces = TableRun(head, aligns, ink), TableRun(head, aligns, ink)
    at_once.extend(rows)
    for at in range(0, len(rows), step):
        by_pieces.extend(rows[at : at + step])
    assert by_pieces.count == len(rows)
    open_lines = by_pieces.draw(0, len(rows), DARK, width, ink)
    assert open_lines == at_once.draw(0, len(rows), DARK, width, ink)
    by_pieces.close()
    lines = by_pieces.draw(0, len(rows), DARK, width, ink)
    assert lines == whole(head, aligns, rows, width)
    assert lines == open_lines or by_pieces.version > at_once.version
    check(lines, width)
    check(open_lines, width)


@given(grown(), st.integers(1, 9), widths, st.booleans())
def test_chunks_join_to_the_whole(
    table: tuple[list[str], list[Align], list[list[str]]], step: int, width: int, closed: bool
) -> None:
    head, aligns, rows = table
    run = TableRun(head, aligns, ink)
    run.extend(rows)
    if closed:
        run.close()
    chunks = [run.draw(at, min(at + step, len(rows)), DARK, width, ink) for at in range(0, max(1, len(rows)), step)]
    assert [line for chunk in chunks for line in chunk] == run.draw(0, len(rows), DARK, width, ink)


@given(grown(), st.lists(st.lists(cells, max_size=9), min_size=1, max_size=2), widths)
def test_rows_in_the_making_fit_and_are_forgotten(
    table: tuple[list[str], list[Align], list[list[str]]], extra: list[list[str]], width: int
) -> None:
    head, aligns, rows = table
    run = TableRun(head, aligns, ink)
    run.extend(rows)
    before, version = run.draw(0, len(rows), DARK, width, ink), run.version
    check(run.draw(0, len(rows), DARK, width, ink, extra=extra), width)
    check(run.draw(len(rows), len(rows), DARK, width, ink, extra=extra) or before, width)
    assert (run.draw(0, len(rows), DARK, width, ink), run.version, run.count) == (before, version, len(rows))


@given(grown(), widths)
def test_lines_that_change_have_another_version(table: tuple[list[str], list[Align], list[list[str]]], width: int) -> None:
    head, aligns, rows = table
    run = TableRun(head, aligns, ink)
    for at, row in enumerate(rows):
        version, before = run.version, run.draw(0, at, DARK, width, ink)
        run.extend([row])
        assert run.draw(0, at, DARK, width, ink) == before or run.version > version
        if at >= FIRST_ROWS:
            assert run.draw(0, at, DARK, width, ink) == before and run.version == version


def test_widths_follow_the_first_rows_then_stay_until_the_end() -> None:
    run = run_of(["n", "name"], [["1", "ab"]])
    assert shown(run) == [" n │ name", "───┼──────", " 1 │ ab"]
    run.extend([["2", "abcdef"]])
    assert shown(run)[1] == "───┼────────"
    run.extend([[str(at), "x"] for at in range(3, 9)])
    settled = shown(run)
    version = run.version
    run.extend([["9", "x"], ["1000", "a much longer one here"]])
    dots = "╌" * 6 + "┼" + "╌" * 14
    assert shown(run) == [*settled, " 9    │ x", dots, " 1000 │ a much", "      │ longer one", "      │ here"]
    assert run.version == version
    run.close()
    assert run.closed and run.version > version
    assert shown(run)[-1] == " 1000 │ a much longer one here"
    assert shown(run)[1] == "──────┼────────────────────────"


def test_an_end_among_the_first_rows_changes_nothing() -> None:
    few = run_of(["n", "name"], [["1", "ab"]])
    before = few.version, shown(few)
    few.close()
    assert (few.version, shown(few)) == before


def test_what_a_growing_table_has_to_spare_goes_at_its_end() -> None:
    many = run_of(["number", "name"], [["1000", "text"]] * 20)
    assert shown(many)[1] == "─" * 14 + "┼" + "─" * 10
    many.close()
    version = many.version
    assert shown(many)[1] == "─" * 8 + "┼" + "─" * 6
    many.close()
    assert many.version == version


def test_numbers_that_get_longer_stay_whole_beside_a_long_column() -> None:
    text = "a text that is much longer than the screen is wide, in every row"
    run = run_of(["#", "text"], [[str(at), text] for at in range(1, 13)])
    assert sum(line.startswith(" 12 ") for line in shown(run, 40)) == 1


def test_a_first_row_in_the_making_gets_the_room_it_needs() -> None:
    run = run_of(["a"], [])
    assert shown(run, extra=[["words of a row"]]) == [" a", "────────────────", " words of a row"]
    run.extend([["x"]] * FIRST_ROWS)
    assert shown(run, extra=[["words"]])[-2:] == [" word", " s"]


def test_lines_part_rows_of_several_lines_from_their_neighbours_and_no_others() -> None:
    run = run_of(["name"], [["abcd"]] * 10)
    run.extend([["one<br>two"]])
    before = shown(run)
    assert [line[:4] for line in before[-4:]] == [" abc", "╌╌╌╌", " one", " two"] and sum("╌" in line for line in before) == 1
    run.extend([["abcd"]] * 3)
    assert shown(run)[: len(before)] == before and sum("╌" in line for line in shown(run)) == 2
    assert texts(run.draw(11, 12, DARK, 40, ink))[0].startswith("╌")  # by chunks too


def test_names_and_values_below_the_least_width() -> None:
    head = ["Model", "Context", "Price", "Note"]
    run = run_of(head, [["Opus", "1000000", "5.00", "best of them all"]] * 2)
    record = ["Model: Opus", "Context: 1000000", "Price: 5.00", "Note: best of", "  them all"]
    assert shown(run, 16) == [*record, "╌" * 12, *record]
    assert texts(run.draw(1, 2, DARK, 16, ink)) == ["╌" * 12, *record]
    assert texts(run_of(head, []).draw(0, 0, DARK, 16, ink)) == ["Model:", "Context:", "Price:", "Note:"]


def test_a_row_is_measured_once_and_drawing_asks_for_its_own_rows_only() -> None:
    asked: list[str] = []

    def counting(source: str, head: bool) -> TableCell:
        asked.append(source)
        return ink(source, head)

    run = TableRun(["h", "k"], ["left", "right"], counting)
    asked.clear()
    for at in range(100):
        run.extend([[f"a{at}", f"b{at}"]])
        assert asked == [f"a{at}", f"b{at}"]
        asked.clear()
    run.draw(48, 50, DARK, 40, counting)
    assert asked == ["h", "k", "a47", "b47", "a48", "b48", "a49", "b49"]  # and for the row above them
    asked.clear()
    run.close()
    run.draw(0, 1, DARK, 40, counting)
    assert asked == ["h", "k", "a0", "b0"]


@given(
    st.lists(
        st.lists(lineless.map(one_line) | st.sampled_from(["|", "\\|", "a\\", "`x|y`", ""]), min_size=2, max_size=2), min_size=1
    )
)
def test_its_markdown_is_the_same_table(rows: list[list[str]]) -> None:
    rows = [[source.strip() for source in row] for row in rows]
    head, *body = rows
    run = TableRun(head, ["right", "center"], ink)
    run.extend(body)
    tokens = MarkdownIt("commonmark").enable("table").parse(run.markdown())
    assert [token.content for token in tokens if token.type == "inline"] == [source for row in rows for source in row]
    assert [token.attrGet("style") for token in tokens if token.type == "th_open"] == ["text-align:right", "text-align:center"]
    assert tokens[0].type == "table_open" and tokens[-1].type == "table_close"


@pytest.mark.parametrize("width", [8, 24, 80])
def test_a_cell_with_a_line_end_is_one_cell(width: int) -> None:
    assert shown(run_of(["a", "b"], [["x\ny", "z"]]), width) == shown(run_of(["a", "b"], [["x y", "z"]]), width)
