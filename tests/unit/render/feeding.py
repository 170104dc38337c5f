"""Cells for tests: fed with pieces, as an answer feeds them."""

from typing import Any

from claude_tui.domain.blocks import Block
from claude_tui.domain.events import BlockDelta, DeltaKind
from claude_tui.render.cells import StreamingCell, ThinkingCell, ToolCell, cell_for


def delta(kind: DeltaKind, text: str = "", data: Any = None) -> BlockDelta:
    return BlockDelta(0, kind, text, data)


def fed(block: Block, kind: DeltaKind, *parts: str, label: str = "") -> StreamingCell:
    cell = cell_for("m:0", block, label=label)
    for part in parts:
        cell.feed(delta(kind, part))
    return cell


def text(*parts: str, label: str = "") -> StreamingCell:
    return fed({"type": "text", "text": ""}, "text", *parts, label=label)


def thinking(*parts: str) -> ThinkingCell:
    cell = fed({"type": "thinking", "thinking": "", "signature": ""}, "thinking", *parts)
    assert isinstance(cell, ThinkingCell)
    return cell


def tool(*parts: str, **block: Any) -> ToolCell:
    cell = fed({"type": "tool_use", "id": "t1", "name": "get_weather", "input": {}, **block}, "input", *parts)
    assert isinstance(cell, ToolCell)
    return cell


def answer(content: Any, **fields: Any) -> Block:
    return {"type": "tool_result", "tool_use_id": "t1", "content": content, **fields}
