"""The cells of prompts, texts and thinking, and which cell draws which block."""

import pytest

from claude_tui.domain.blocks import Block
from claude_tui.render.cells import OpaqueCell, PromptCell, ServerResultCell, TextCell, ThinkingCell, ToolCell, cell_for
from tests.unit.render.drawing import DARK, copied, drawn
from tests.unit.render.feeding import delta, text, thinking


@pytest.mark.parametrize(
    ("block", "kind"),
    [
        ({"type": "text", "text": "a"}, TextCell),
        ({"type": "thinking", "thinking": ""}, ThinkingCell),
        ({"type": "redacted_thinking", "data": "x"}, ThinkingCell),
        ({"type": "tool_use", "name": "a", "input": {}}, ToolCell),
        ({"type": "server_tool_use", "name": "web_search", "input": {}}, ToolCell),
        ({"type": "mcp_tool_use", "name": "a", "server_name": "b", "input": {}}, ToolCell),
        ({"type": "future_call", "input": {}}, ToolCell),
        ({"type": "web_search_tool_result", "content": []}, ServerResultCell),
        ({"type": "mcp_tool_result", "content": "x"}, ServerResultCell),
        ({"type": "hologram"}, OpaqueCell),
        ({"type": "fallback", "to": {"model": "claude-x"}}, OpaqueCell),
        ({"type": ["not", "text"]}, OpaqueCell),
        ({}, OpaqueCell),
    ],
)
def test_a_cell_for_every_block(block: Block, kind: type) -> None:
    cell = cell_for("m:3", block)
    assert type(cell) is kind
    assert (cell.key, cell.finished, cell.gap) == ("m:3", False, 1)
    cell.stop()
    assert cell.finished and cell.lines(DARK, 40)


# Text.


def test_an_answer_stands_under_its_label() -> None:
    cell = text("# Title\n", "\nSome *text*.", label="Claude")
    assert drawn(cell) == ["  Claude", "  Title", "  ━━━━━", "", "  Some text."]
    assert copied(cell.lines(DARK, 60)) == "\nTitle\n\n\nSome text."
    assert cell.source() == "# Title\n\nSome *text*."


def test_where_there_is_little_room_there_is_no_gutter() -> None:
    assert drawn(text("words", label="Claude"), 12) == ["Claude", "words"]


def test_an_abandoned_answer_is_marked() -> None:
    cell = text("half a sent")
    cell.abandon()
    assert cell.finished and drawn(cell) == ["  half a sent", "  ⋯ cut off here"]
    assert cell.source() == "half a sent"


def test_a_finished_answer_cannot_be_abandoned() -> None:
    cell = text("whole")
    cell.stop()
    cell.abandon()
    assert drawn(cell) == ["  whole"]


def test_citations_are_numbered_and_listed() -> None:
    web = {"type": "web_search_result_location", "url": "https://a.example/x", "title": "A title", "cited_text": "…"}
    page = {"type": "page_location", "document_title": "Report", "start_page_number": 3, "end_page_number": 6}
    cell = cell_for("m:0", {"type": "text", "text": "", "citations": [web]})
    cell.feed(delta("text", "So it is."))
    for citation in (web, page, {"type": "char_location", "document_index": 1}, "odd"):
        cell.feed(delta("citation", data=citation))
    cell.stop()
    assert drawn(cell) == [
        "  So it is.[1][2][3]",
        "",
        "  [1] A title · https://a.example/x",
        "  [2] Report, pages 3 to 5",
        "  [3] document 2",
    ]
    assert cell.source() == "So it is."


def test_what_arrives_whole_and_what_streams_is_one() -> None:
    cell = cell_for("m:0", {"type": "text", "text": "Hello"})
    cell.feed(delta("text", " there"))
    assert drawn(cell) == ["  Hello there"]


def test_a_new_answer_without_text_is_a_line() -> None:
    assert drawn(text()) == [""]
    assert drawn(text(label="Claude")) == ["  Claude"]


# The prompt.


def test_a_prompt_has_a_rail_chips_and_versions() -> None:
    blocks: list[Block] = [
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "…"}},
        {"type": "document", "title": "notes.pdf", "source": {}},
        {"type": "text", "text": "Do **this**\nand that"},
    ]
    cell = PromptCell("p", blocks)
    assert drawn(cell, 60) == ["┃ You", "┃ Do this", "┃ and that", "┃ [image png] [document notes.pdf]"]
    assert cell.source() == "Do **this**\nand that"
    version = cell.version
    cell.set_versions(2, 3)
    assert cell.version > version and cell.version_pair == (2, 3)
    assert drawn(cell, 30)[0] == "┃ You" + " " * 18 + "‹ 2/3 ›"


def test_a_prompt_without_text_is_its_label() -> None:
    assert drawn(PromptCell("p", [])) == ["┃ You"]


# Thinking.


def test_cited_text_in_several_blocks_is_one_text() -> None:
    cell = TextCell("m:0", {"type": "text", "text": "It is known that "}, label="Claude")
    cell.pause()
    for url, words in (("https://a.example", "**water"), ("https://b.example", " is** wet"), ("https://a.example", ", and fish")):
        cell.go_on({"type": "text", "text": ""})
        cell.feed(delta("citation", data={"type": "web_search_result_location", "url": url, "title": "T"}))
        cell.feed(delta("text", words))
        cell.pause()
    cell.go_on({"type": "text", "text": " swim."})
    cell.stop()
    assert drawn(cell, 80)[:2] == ["  Claude", "  It is known that water[1] is wet[2], and fish[1] swim."]
    assert cell.source() == "It is known that **water is** wet, and fish swim."


def test_colours_that_become_exact_are_another_version() -> None:
    cell = TextCell("m:0", {"type": "text", "text": '```python\n"""\n' + "text of a long string\n" * 400 + '"""\n```\n'})
    cell.stop()
    cell.lines(DARK, 60)
    version = cell.version
    while cell.refine(1.0):
        pass
    assert cell.version > version


def test_thinking_is_one_live_line_while_it_streams() -> None:
    cell = thinking("First this. Then **that**", " is looked at")
    assert drawn(cell) == ["▸ Thinking · Then that is looked at"]
    cell.tick(3.4)
    assert drawn(cell) == ["▸ Thinking · 3 s · Then that is looked at"]
    assert drawn(cell, 30) == ["▸ Thinking · 3 s · Then that…"]


def test_the_live_line_does_not_read_the_text() -> None:
    cell = thinking("x" * 1_000_000)
    cell.feed(delta("thinking", "A last sentence"))
    document = cell._document  # pyright: ignore[reportPrivateUsage]
    drawn(cell)
    assert document.changes == 0


def test_thinking_shows_a_tail_then_everything() -> None:
    cell = thinking("\n".join(f"line {number}" for number in range(20)))
    assert cell.levels == 3
    cell.set_level(1)
    assert drawn(cell) == ["▾ Thinking", *(f"│ line {number}" for number in range(12, 20))]
    cell.set_level(2)
    assert len(drawn(cell)) == 21
    cell.stop(12.3)
    cell.set_tokens(1204)
    assert (cell.level, cell.levels) == (1, 2)
    assert drawn(cell)[:2] == ["▾ Thinking · 12 s · 1,204 tokens", "│ line 0"]
    cell.set_level(0)
    assert drawn(cell) == ["▸ Thinking · 12 s · 1,204 tokens"]


def test_thinking_without_text_says_why() -> None:
    cell = thinking()
    assert drawn(cell) == ["▸ Thinking"]
    cell.stop(2.0)
    assert drawn(cell) == ["· Thinking · 2.0 s · not shown by this model"]
    hidden = cell_for("m:0", {"type": "redacted_thinking", "data": "x"})
    assert drawn(hidden) == ["· Thinking · hidden by the API"]
    for one in (cell, hidden):
        one.set_level(5)
        assert (one.level, one.levels) == (0, 1)


def test_abandoned_thinking_is_marked() -> None:
    cell = thinking("half a th")
    cell.abandon()
    assert drawn(cell) == ["▸ Thinking · cut off"]
