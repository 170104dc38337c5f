"""What holds for every cell: any block fits any width at any level, whatever pieces it came in."""

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from claude_tui.domain.blocks import Block
from claude_tui.domain.events import BlockDelta, DeltaKind
from claude_tui.render.cells import NoticeCell, PromptCell, ToolCell, cell_for
from claude_tui.render.looks import LOOKS
from tests.unit.render.drawing import DARK, OBEYED, check, cut_anywhere, json_values, nasty, widths
from tests.unit.render.feeding import answer, delta, fed

anything = st.one_of(
    st.builds(lambda body: {"type": "text", "text": body}, nasty),
    st.builds(lambda body: {"type": "thinking", "thinking": body}, nasty),
    st.builds(lambda name, value: {"type": "tool_use", "name": name, "input": value}, nasty, json_values),
    st.builds(lambda name, value: {"type": "server_tool_use", "name": name, "input": {"a": value}}, nasty, json_values),
    st.builds(lambda value: {"type": "web_search_tool_result", "content": value}, json_values),
    st.builds(
        lambda url, title: {"type": "x_tool_result", "content": [{"type": "web_search_result", "url": url, "title": title}]},
        nasty,
        nasty,
    ),
    st.builds(lambda kind, value: {"type": kind, "value": value}, nasty, json_values),
)
deltas = st.builds(
    BlockDelta,
    st.just(0),
    st.sampled_from(["text", "thinking", "input", "signature", "citation", "other"]),
    nasty,
    st.none() | st.dictionaries(st.sampled_from(["url", "title", "document_title", "x"]), nasty | st.integers(), max_size=3),
)


@given(anything, st.lists(deltas, max_size=4), widths, st.sampled_from(["open", "stopped", "abandoned", "answered"]), json_values)
@example({"type": "tool_use", "name": "\x1b]0;x\x07", "input": {}}, [], 8, "answered", "\x1b[2J")
def test_property_any_block_fits_any_width_at_any_level(
    block: Block, given_deltas: list[BlockDelta], width: int, end: str, content: Any
) -> None:
    cell = cell_for("m:0", block, label="Claude")
    for one in given_deltas:
        cell.feed(one)
    if end == "abandoned":
        cell.abandon()
    elif end != "open":
        cell.stop(1.0)
    if end == "answered" and isinstance(cell, ToolCell):
        cell.finish(answer(content), 1.0)
    for level in range(cell.levels):
        cell.set_level(level)
        assert cell.level == level and cell.estimate(width) >= 1
        check(cell.lines(DARK, width), width)
        check(cell.lines(LOOKS["plain"], width), width)
        assert cell.levels == 1 or level > 0 or len(cell.lines(DARK, width)) == 1
    assert not OBEYED.search(cell.source().replace("\n", "").replace("\t", ""))


@given(st.lists(nasty, max_size=3), nasty, widths)
def test_property_prompts_and_notices_fit(parts: list[str], words: str, width: int) -> None:
    check(PromptCell("p", [{"type": "text", "text": part} for part in parts], (2, 30)).lines(DARK, width), width)
    check(NoticeCell("n", words, "error").lines(DARK, width), width)


streams = st.sampled_from(
    [
        ({"type": "text", "text": ""}, "text"),
        ({"type": "thinking", "thinking": ""}, "thinking"),
        ({"type": "tool_use", "name": "x", "input": {}}, "input"),
        ({"type": "hologram"}, "text"),
    ]
)


@given(streams, (nasty | json_values.map(json.dumps)).flatmap(cut_anywhere), widths, st.integers(0, 2))
def test_property_any_pieces_draw_the_same(stream: tuple[Block, DeltaKind], parts: list[str], width: int, level: int) -> None:
    block, kind = stream
    growing = cell_for("m:0", block)
    growing.set_level(level)
    for part in parts:
        before = growing.version
        growing.feed(delta(kind, part))
        assert growing.version > before
        check(growing.lines(DARK, width), width)
    whole = fed(block, kind, "".join(parts))
    whole.set_level(level)
    assert growing.kind == "opaque" or growing.lines(DARK, width) == whole.lines(DARK, width)  # which counts its deltas
    growing.stop(1.0)
    whole.stop(1.0)
    assert growing.lines(DARK, width) == whole.lines(DARK, width)
    assert growing.source() == whole.source() and growing.code_blocks() == whole.code_blocks()
