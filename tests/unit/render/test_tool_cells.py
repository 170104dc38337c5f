"""The cells of calls, results, unknown blocks and notices."""

import json
from typing import Any
from unittest.mock import patch

import pytest

from claude_tui.render.cells import NoticeCell, cell_for
from claude_tui.render.partial_json import PartialJson
from tests.unit.render.drawing import DARK, drawn
from tests.unit.render.feeding import answer, delta, tool

# Tools.


def test_the_life_of_a_call() -> None:
    cell = tool()
    assert drawn(cell) == ["▸ get_weather · receiving arguments…"]
    cell.feed(delta("input", '{"city":"Paris","units":"cel'))
    cell.set_level(1)
    assert drawn(cell) == ["▾ get_weather · receiving arguments…", "│ city: Paris", "│ units: cel…"]
    cell.feed(delta("input", 'sius"}'))
    cell.stop(0.2)
    cell.set_level(0)
    assert drawn(cell) == ["▸ get_weather · Paris, celsius"]
    cell.waiting()
    assert drawn(cell) == ["▸ get_weather · Paris, celsius · waiting for your word"]
    cell.started()
    cell.tick(2.5)
    assert drawn(cell) == ["▸ get_weather · Paris, celsius · running 2 s"]
    cell.progress("asking\nthe station")
    assert drawn(cell, 80) == ["▸ get_weather · Paris, celsius · asking the station · running 2 s"]
    cell.finish(answer("18 °C\ncloudy"), 0.4)
    assert drawn(cell) == ["▸ get_weather · Paris, celsius · 0.4 s ✓"]
    cell.set_level(1)
    assert drawn(cell) == ["▾ get_weather · 0.4 s ✓", "│ city: Paris", "│ units: celsius", "│ ────────────", "│ 18 °C", "│ cloudy"]
    assert cell.source() == 'get_weather\n\n{\n  "city": "Paris",\n  "units": "celsius"\n}\n\n18 °C\ncloudy'


def test_how_a_call_can_end() -> None:
    failed, denied, cut = tool("{}"), tool("{}"), tool('{"a":"b')
    failed.finish(answer("no such place", is_error=True), 0.02)
    assert drawn(failed) == ["▸ get_weather · 20 ms ✗"]
    failed.set_level(1)
    assert failed.lines(DARK, 60)[-1].segments[-1].style == DARK.error
    denied.finish(answer("denied", is_error=True), None)
    assert drawn(denied) == ["▸ get_weather · not run"]
    cut.abandon()
    cut.set_level(1)
    assert drawn(cut) == ["▾ get_weather · cut off", "│ a: b…"]
    cut.finish(answer("interrupted", is_error=True), None)
    assert drawn(cut) == ["▾ get_weather · not run", "│ a: b…", "│ ────────────", "│ interrupted"]


def test_the_state_is_the_last_to_be_cut() -> None:
    cell = tool('{"command":"find / -name anything -print0 | xargs -0 rm"}')
    cell.stop()
    cell.waiting()
    assert drawn(cell, 50)[0].endswith(" · waiting for your word")
    cell.finish(answer("ok"), 0.4)
    assert drawn(cell, 40) == ["▸ get_weather · find / -name… · 0.4 s ✓"]


def test_arguments_of_any_shape_are_a_form() -> None:
    cell = tool(
        json.dumps(
            {"path": "a.py", "text": "import os\n\nprint()\n", "options": {"deep": [1, {"x": None}], "none": []}, "on": True}
        )
    )
    cell.stop()
    cell.set_level(1)
    assert drawn(cell)[1:] == [
        "│ path: a.py",
        "│ text:",
        "│   ╭─ python ───────────────────────────────────────── copy",
        "│   │ import os",
        "│   │ ",
        "│   │ print()",
        "│   ╰───────────────────────────────────────────────────────",
        "│ options:",
        "│   deep:",
        "│     • 1",
        "│     • x: null",
        "│   none: []",
        "│ on: true",
    ]


def test_arguments_that_are_not_json_are_shown_as_they_came() -> None:
    cell = tool('{"a": nope}')
    cell.stop()
    assert drawn(cell) == ['▸ get_weather · {"a": nope}']
    cell.set_level(1)
    assert drawn(cell)[1:] == ['│ {"a": nope}']
    assert '{"a": nope}' in cell.source()


def test_a_long_result_is_shown_in_part_first() -> None:
    cell = tool("{}")
    cell.finish(answer("\n".join(f"line {number}" for number in range(1_000))), 1.0)
    assert cell.levels == 3
    cell.set_level(1)
    lines = drawn(cell)
    assert lines[-2:] == ["│ line 199", "│ … 800 more lines"]
    assert cell.lines(DARK, 60)[-1].segments[-1].style.meta == {"level": 2}  # pyright: ignore[reportOptionalMemberAccess]
    cell.set_level(2)
    assert drawn(cell)[-1] == "│ line 999"


def test_parts_of_a_result_that_are_not_text_are_named() -> None:
    cell = tool("{}")
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}
    cell.finish(answer([{"type": "text", "text": "a plot"}, image, "odd"]), 1.0)
    cell.set_level(1)
    assert drawn(cell)[1:] == ["│ a plot", "│ [image png]", "│ [unknown]"]
    empty = tool("{}")
    empty.finish(answer(""), 1.0)
    empty.set_level(1)
    assert drawn(empty)[1:] == ["│ no output"]


def test_a_closed_call_does_not_read_its_arguments_while_they_stream() -> None:
    with patch.object(PartialJson, "feed") as feed:
        cell = tool('{"a":"', "x" * 100_000)
        assert drawn(cell) == ["▸ get_weather · receiving arguments… 100 KB"]
        feed.assert_not_called()
        cell.set_level(1)
        drawn(cell)
        feed.assert_called_once()


def test_a_call_of_a_server_names_it() -> None:
    cell = tool('{"q":"x"}', type="mcp_tool_use", server_name="files", name="search")
    cell.stop()
    assert drawn(cell) == ["▸ files: search · x"]


# Results of the API's own tools, unknown blocks, notices.


def test_search_results_are_a_list_of_sources() -> None:
    sources = [
        {
            "type": "web_search_result",
            "title": "文档",
            "url": "https://a.example/",
            "page_age": "2 days",
            "encrypted_content": "AAAA",
        },
        {"type": "web_search_result", "title": "B", "url": "vscode://b"},
    ]
    cell = cell_for("m:1", {"type": "web_search_tool_result", "tool_use_id": "x", "content": sources})
    assert drawn(cell) == ["▸ web search result · 2 sources ✓"]
    cell.set_level(1)
    assert drawn(cell)[1:] == ["│ 1. 文档 · 2 days", "│    https://a.example/", "│ 2. B", "│    vscode://b"]
    links = {
        segment.style.link
        for section in cell.sections
        for line in section.draw(DARK, 60).lines
        for segment in line.segments
        if segment.style and segment.style.link
    }
    assert links == {"https://a.example/"}


@pytest.mark.parametrize(
    ("content", "head", "body"),
    [
        (
            {"type": "web_search_tool_result_error", "error_code": "max_uses_exceeded"},
            "max uses exceeded ✗",
            ["error_code: max_uses_exceeded"],
        ),
        (
            {"type": "code_execution_result", "stdout": "42\n", "stderr": "", "return_code": 0, "content": []},
            "exit code 0 ✓",
            ["return_code: 0", "42"],
        ),
        (
            {"type": "web_fetch_result", "url": "https://a.example", "content": {"type": "document", "source": {"data": "page"}}},
            "https://a.example ✓",
            ["url: https://a.example", "source:", "  data: page"],
        ),
        ([{"type": "text", "text": "plain"}], "1 part ✓", ["plain"]),
        ("just text", "just text ✓", ["just text"]),
        (None, "✓", ["nothing"]),
    ],
)
def test_results_of_any_shape(content: Any, head: str, body: list[str]) -> None:
    cell = cell_for("m:1", {"type": "some_tool_result", "content": content})
    assert drawn(cell)[0].endswith(head)
    cell.set_level(1)
    assert drawn(cell)[1:] == ["│ " + line for line in body]


def test_an_unknown_block_is_kept_and_can_be_read() -> None:
    cell = cell_for("m:1", {"type": "hologram", "shape": [1]})
    assert drawn(cell) == ["▸ hologram · unknown to this version, kept"]
    cell.feed(delta("other", data={"type": "hologram_delta", "x": 1}))
    cell.feed(delta("text", "some "))
    cell.feed(delta("text", "text"))
    cell.set_level(1)
    assert drawn(cell) == ["▾ hologram · unknown to this version, kept · 3 deltas"]
    cell.stop()
    assert drawn(cell)[0] == "▾ hologram · unknown to this version, kept"
    assert json.loads("\n".join(line[4:] for line in drawn(cell)[2:-1])) == json.loads(cell.source())
    assert json.loads(cell.source())["deltas"] == ["some text", {"type": "hologram_delta", "x": 1}]


def test_a_notice_is_a_mark_and_a_sentence() -> None:
    assert drawn(NoticeCell("n", "Interrupted: what came is kept.")) == ["· Interrupted: what came is kept."]
    assert drawn(NoticeCell("n", "It is too long for one line", "error"), 20) == ["✗ It is too long for", "  one line"]
    cell = NoticeCell("n", "in 3 s", "warning")
    cell.set_text("in 2 s")
    assert drawn(cell) == ["! in 2 s"]
