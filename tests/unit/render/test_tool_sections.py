"""Open panels in sections: what is written stays, and a delta costs the same however long the panel is."""

import json
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from claude_tui.render import form, text_run
from claude_tui.render.base import LeafRef, Line, Look, Section
from claude_tui.render.cells import ToolCell, cell_for
from claude_tui.render.code_run import CodeRun
from claude_tui.render.looks import LOOKS
from claude_tui.render.partial_json import PartialJson
from claude_tui.render.text_run import LONGEST_PIECE, Lines, TextRun
from claude_tui.render.value_kinds import language_of_value
from tests.unit.render.drawing import DARK, check, copied, cut_anywhere, drawn, json_values, nasty, texts, widths
from tests.unit.render.feeding import answer, delta, tool


def opened(level: int, *parts: str, **block: Any) -> ToolCell:
    """An open panel, fed and looked at once."""
    cell = tool(*parts, **block)
    cell._long = True  # pyright: ignore[reportPrivateUsage]
    cell.set_level(level)
    return cell


def file_of(lines: int, path: str = "a.txt") -> str:
    return json.dumps({"path": path, "content": "".join(f"line {number}\n" for number in range(lines))})


# A text in pieces.

endings = st.lists(
    st.sampled_from(["a", "é", " ", "\r", "\n", "\r\n", "\x85", "\u2028", "\ud83d", "\ude00", "x" * 900, "中" * 1500])
)


@given(endings.map("".join).flatmap(cut_anywhere))
def test_property_a_text_is_cut_the_same_whatever_it_came_in(parts: list[str]) -> None:
    lines, whole = Lines(), Lines()
    pieces = [piece for part in parts for piece in lines.feed(part)]
    assert (pieces, lines.tail) == (whole.feed("".join(parts)), whole.tail)
    pieces += lines.finish()
    assert "".join(pieces) == text_run._OTHER_ENDS.sub("\n", "".join(parts))  # pyright: ignore[reportPrivateUsage]
    assert all(len(piece) <= LONGEST_PIECE + 65 for piece in pieces)


@pytest.mark.parametrize(
    "text", ["word " * 2_000, "e\u0301" * 4_000, "👩\u200d🚀" * 2_000, "🇩🇪" * 3_000, "中" * 9_000, "\ud83d\ude00" * 3_000]
)
def test_a_long_line_is_drawn_in_pieces_and_copied_as_one(text: str) -> None:
    lines, run = Lines(), TextRun()
    run.extend(lines.feed(text) + lines.finish())
    assert run.count > 2
    rows = run.draw(0, run.count, DARK, 60)
    check(rows, 60)
    assert copied(rows) == text.encode("utf-16", "surrogatepass").decode("utf-16").rstrip(" ")


# Sections.

sizes = st.sampled_from(
    ["short", "two\nlines", "a\n" * 70, "\n\n", "x" * 2_500, "# T\n\n```py\n1\n```\n", "word " * 1_700, "b\n\n" * 260]
)
fields = st.dictionaries(
    st.sampled_from(["path", "code", "content", "sql", "markdown", "query", "x"]),
    st.one_of(sizes, st.sampled_from(["a.py", "b.md"]), nasty, json_values, st.lists(st.integers(), min_size=90, max_size=90)),
    max_size=4,
)


@given(fields.map(json.dumps).flatmap(cut_anywhere), widths, st.integers(1, 2), st.booleans())
@example(['{"markdown":"# T', "\\n\\n```py\\n1\\n", '```\\n","x":[', "1]", "}"], 40, 1, True)
@example(['{"a":[[[[[[[["x"]]', "]]],[]", ']]]],"b":{"c":[{"d":1,"e":{}}', "]}}"], 40, 2, True)
def test_property_any_pieces_give_the_same_panel(parts: list[str], width: int, level: int, stops: bool) -> None:
    growing, whole = opened(level), opened(level, "".join(parts))
    for part in parts:
        growing.feed(delta("input", part))
        check(growing.lines(DARK, width), width)
    for cell in (growing, whole):
        (cell.stop if stops else cell.abandon)()
    for look in (DARK, LOOKS["plain"]):
        assert growing.lines(look, width) == whole.lines(look, width)
    assert growing.code_blocks() == whole.code_blocks()
    assert [line for one in growing.sections for line in one.draw(DARK, width).lines] == growing.lines(DARK, width)
    labels = [meta["copy"] for meta in metas(growing.lines(DARK, 80)) if "copy" in meta]
    assert labels == list(range(len(labels))) and len(labels) <= len(growing.code_blocks())
    assert level == 1 or len(labels) == len(growing.code_blocks())


def metas(lines: Sequence[Line]) -> list[dict[str, Any]]:
    return [segment.style.meta for line in lines for segment in line.segments if segment.style and segment.style.meta]


@pytest.mark.parametrize("path", ["a.txt", "a.py", "a.md"])
@pytest.mark.parametrize("level", [1, 2])
def test_all_sections_but_the_last_stay(level: int, path: str) -> None:
    cell = opened(level)
    raw = file_of(900, path)[:-2]
    seen: list[tuple[Section, int, list[Line]]] = []
    for start in range(0, len(raw), 250):
        cell.feed(delta("input", raw[start : start + 250]))
        sections = cell.sections
        for before, section in zip(seen[:-1], sections, strict=False):
            assert before[0] is section and before[1] == section.version
        assert len(sections) >= len(seen)
        seen = [(one, one.version, list(one.draw(DARK, 60).lines)) for one in sections]
    for (section, version, lines), now in zip(seen[:-1], cell.sections, strict=False):
        assert section is now and now.version == version and list(now.draw(DARK, 60).lines) == lines
    assert all(section.estimate(60) >= 1 and len(section.draw(DARK, 60).lines) <= 70 for section in cell.sections)
    assert len(cell.sections) > 12 if level == 2 else len(cell.sections) <= 8


@contextmanager
def spied() -> Generator[dict[str, int]]:
    """Counts the characters that are read and cut, and the lines that are drawn."""
    counted = {"read": 0, "cut": 0, "drawn": 0}
    read, cut = PartialJson.feed, Lines.feed

    def reading(reader: PartialJson, text: str) -> None:
        counted["read"] += len(text)
        read(reader, text)

    def cutting(lines: Lines, text: str) -> list[str]:
        counted["cut"] += len(lines.tail) + len(text)
        return cut(lines, text)

    def drawing(run: type[TextRun] | type[CodeRun]) -> Any:
        draw = run.draw

        def drawn_lines(self: Any, first: int, last: int, look: Look, width: int) -> list[Line]:
            counted["drawn"] += last - first
            return draw(self, first, last, look, width)

        return patch.object(run, "draw", drawn_lines)

    with (
        patch.object(PartialJson, "feed", reading),
        patch.object(Lines, "feed", cutting),
        drawing(TextRun),
        drawing(CodeRun),
    ):
        yield counted


@pytest.mark.parametrize("path", ["a.txt", "a.py"])
@pytest.mark.parametrize("level", [1, 2])
@pytest.mark.parametrize("line", ["a line of some file\\n", "no line end at all "])
def test_a_delta_costs_the_same_at_any_length(level: int, path: str, line: str) -> None:
    costs: list[dict[str, int]] = []
    for size in (1_000, 1_000_000):
        cell = opened(level, f'{{"path":"{path}","content":"', line * (size // len(line)))
        for section in cell.sections[-2:]:
            section.draw(DARK, 80)
        with spied() as counted:
            for _ in range(30):
                cell.feed(delta("input", line))
                cell.sections[-1].draw(DARK, 80)
        costs.append(counted)
    small, large = costs
    assert large["read"] == small["read"] == 30 * len(line)
    assert large["cut"] <= 30 * (LONGEST_PIECE + 100)
    assert large["drawn"] <= 160


def test_ten_thousand_items_cost_what_comes() -> None:
    cell = opened(2, '{"items":[' + "1," * 10_000)
    before = cell.sections[-1]
    with patch.object(form, "_row_lines", wraps=form._row_lines) as row:  # pyright: ignore[reportPrivateUsage]
        for _ in range(100):
            cell.feed(delta("input", "2,"))
            cell.sections[-1].draw(DARK, 80)
        assert row.call_count <= 200
    assert before in cell.sections and len(cell.sections) > 150


# What is left out.


def test_the_beginning_of_a_long_argument() -> None:
    cell = opened(1, file_of(1_000)[:-2])
    assert drawn(cell)[-2:] == ["│   line 199", "│   … 800 more lines"]
    assert {"level": 2} in metas(cell.lines(DARK, 60))
    cell.feed(delta("input", '","mode":"w"}'))
    assert drawn(cell)[-2:] == ["│   … 800 more lines", "│ mode: w"]
    cell.stop()
    cell.set_level(2)
    assert drawn(cell)[-2:] == ["│   line 999", "│ mode: w"]


def test_a_sheet_of_many_values_has_an_end_too() -> None:
    cell = opened(1, json.dumps({"items": list(range(10_000))}))
    lines = drawn(cell)
    assert lines[:2] == ["▾ get_weather · receiving arguments…", "│ items:"] and lines[-1] == "│ … 9,401 more lines"
    assert len(lines) == 602
    cell.stop()
    assert drawn(cell)[1:] == lines[1:] and cell.levels == 3


def test_a_large_result_opens_in_small_sections() -> None:
    cell = opened(2, "{}")
    cell.finish(answer("a line of a log\n" * 60_000), 1.0)
    assert len(cell.sections) > 900
    assert all(len(section.draw(DARK, 60).lines) <= 70 for section in [*cell.sections[:5], *cell.sections[-5:]])
    with patch.object(TextRun, "draw") as draw:
        assert cell.estimate(60) > 10_000
        draw.assert_not_called()


# Kinds.


@pytest.mark.parametrize(
    ("name", "fields", "tool_name", "first", "language"),
    [
        ("code", {}, "code_execution", "x", "python"),
        ("code", {}, "run_javascript", "x", "javascript"),
        ("code", {"language": "rust"}, "run", "x", "rust"),
        ("command", {}, "bash", "ls", "bash"),
        ("query", {}, "db", "  select 1", "sql"),
        ("query", {}, "web_search", "weather", None),
        ("file_text", {"path": "x/a.rs"}, "create", "", "rust"),
        ("file_text", {"path": "Makefile"}, "create", "", None),
        ("new_string", {"file_path": "A.TS"}, "edit", "", "typescript"),
        ("text", {}, "send", "", None),
        ("body", {"filename": "notes.md"}, "write", "", "markdown"),
    ],
)
def test_the_language_of_a_value(name: str, fields: dict[str, Any], tool_name: str, first: str, language: str | None) -> None:
    assert language_of_value(name, fields, tool_name, first) == language


def test_code_is_highlighted_and_can_be_copied() -> None:
    cell = opened(1, '{"query":"SELECT 1,\\n  2","code":"print(1)\\nprint(2)\\n"}')
    cell.stop()
    assert [line for line in drawn(cell) if "╭" in line] == [
        "│   ╭─ sql ──────────────────────────────────────────── copy",
        "│   ╭────────────────────────────────────────────────── copy",
    ]
    cell.finish(answer('{"a": [1]}'), 1.0)
    assert texts(cell.lines(DARK, 40))[-5:] == [
        '│ │   "a": [',
        "│ │     1",
        "│ │   ]",
        "│ │ }",
        "│ ╰─────────────────────────────────────",
    ]
    blocks = ["SELECT 1,\n  2", "print(1)\nprint(2)", '{\n  "a": [\n    1\n  ]\n}']
    assert cell.code_blocks() == blocks
    cell.set_level(0)
    assert cell.code_blocks() == blocks


def test_short_markdown_is_drawn_when_it_is_whole() -> None:
    cell = opened(1, '{"markdown":"# Title\\n\\nsome *text*\\n\\n```py\\n1\\n```\\n')
    assert "│   # Title" in drawn(cell)
    cell.feed(delta("input", '","code":"a\\nb"}'))
    shown = drawn(cell)
    assert "│   # Title" not in shown and any("Title" in line for line in shown) and any("some text" in line for line in shown)
    assert cell.code_blocks() == ["1", "a\nb"]
    assert [meta["copy"] for meta in metas(cell.lines(DARK, 60))] == [0, 1]


def test_a_line_that_is_too_long_for_code_is_plain() -> None:
    cell = opened(2, json.dumps({"code": "a = 1\n" + "x" * 5_000 + "\nb = 2\n"}))
    cell.stop()
    lines = drawn(cell)
    assert lines[-1] == "│   b = 2" and lines[4].startswith("│   ╰")
    assert cell.code_blocks() == ["a = 1\n" + "x" * 5_000 + "\nb = 2"]


def test_colours_are_refined() -> None:
    cell = opened(2, json.dumps({"python": '"""\n' + "text of a long string\n" * 400 + '"""\n'}))
    cell.stop()
    lines = cell.lines(DARK, 60)
    version = cell.version
    while cell.refine(1.0):
        pass
    assert cell.version > version
    assert texts(cell.lines(DARK, 60)) == texts(lines)
    assert not tool("{}").refine(1.0)


def test_what_comes_after_the_end_is_not_lost() -> None:
    cell = opened(1, '{"a":"b"')
    cell.stop()
    assert drawn(cell)[1:] == ["│ a: b"]
    cell.feed(delta("input", ',"c":1}'))
    assert drawn(cell)[1:] == ["│ a: b", "│ c: 1"]


# Copying.


def test_sections_are_copied_as_their_texts() -> None:
    cell = opened(2, file_of(100))
    cell.stop()
    cell.finish(answer("\n".join(f"out {number}" for number in range(150))), 1.0)
    last = len(cell.sections) - 1
    assert cell.excerpt(LeafRef(0, 0), LeafRef(last, 0)) == cell.source()
    assert cell.excerpt(LeafRef(last, 0), LeafRef(last, 0)).split("\n") == [f"out {number}" for number in range(127, 150)]
    line = cell.source().split("\n").index("out 149")
    assert cell.locate(line) == LeafRef(last, 0)
    assert cell.locate(0) == LeafRef(1, 0)
    cell.set_level(0)
    assert cell.excerpt(LeafRef(0, 0), LeafRef(0, 0)) == cell.source() and cell.locate(9) == LeafRef(0, 0)


@given(json_values, widths, st.integers(1, 2))
def test_property_results_have_bounded_sections(value: Any, width: int, level: int) -> None:
    cell = cell_for("m:1", {"type": "x_tool_result", "content": value})
    cell.set_level(level)
    sections = cell.sections
    check([line for section in sections for line in section.draw(DARK, width).lines], width)
    assert all(section.draw(DARK, width).lines for section in sections)
    assert isinstance(cell.excerpt(LeafRef(0, 0), LeafRef(0, 0)), str)


# Progress.


def test_what_a_call_says_while_it_runs_is_the_last_section() -> None:
    cell = opened(1, '{"a":"b"}')
    cell.stop()
    cell.started()
    sections: list[Section] = []
    for number in range(12):
        cell.progress(f"step {number}")
        sections = list(cell.sections)
    assert len(sections) == 3 and texts(sections[-1].draw(DARK, 60).lines)[1:] == [f"│ step {number}" for number in range(4, 12)]
    before = sections[1]
    cell.tick(3.0)
    assert list(cell.sections) == sections
    cell.finish(answer("done"), 3.0)
    assert drawn(cell) == ["▾ get_weather · 3.0 s ✓", "│ a: b", "│ ────────────", "│ done"] and cell.sections[1] is before
