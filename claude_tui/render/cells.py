"""Which cell draws which block: one row a block type. Anything without a row is drawn in a generic way, and nothing is left out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, cast

from claude_tui.domain.blocks import Block, block_type, is_server_result, string, takes_input
from claude_tui.render.block_cell import StreamingCell
from claude_tui.render.notice_cell import NoticeCell, NoticeLevel
from claude_tui.render.opaque_cell import OpaqueCell
from claude_tui.render.prompt_cell import PromptCell
from claude_tui.render.result_cell import ServerResultCell
from claude_tui.render.seam_cell import SeamCell
from claude_tui.render.summary_cell import SummaryCell
from claude_tui.render.text_cell import TextCell
from claude_tui.render.thinking_cell import ThinkingCell
from claude_tui.render.tool_cell import ToolCell

__all__ = [
    "NoticeCell",
    "NoticeLevel",
    "OpaqueCell",
    "PromptCell",
    "SeamCell",
    "ServerResultCell",
    "StreamingCell",
    "SummaryCell",
    "TextCell",
    "ThinkingCell",
    "ToolCell",
    "cell_for",
]

_Factory: TypeAlias = Callable[[str, Block, str], StreamingCell]


def _fallback(key: str, block: Block, label: str) -> StreamingCell:
    served: Any = block.get("to")
    model = string(cast("Block", served), "model") if isinstance(served, dict) else ""
    return OpaqueCell(key, block, f"answered by {model} instead" if model else "another model answered")


_BY_TYPE: dict[str, _Factory] = {
    "text": lambda key, block, label: TextCell(key, block, label=label),
    "thinking": lambda key, block, label: ThinkingCell(key, block),
    "redacted_thinking": lambda key, block, label: ThinkingCell(key, block),
    "fallback": _fallback,
    "compaction": lambda key, block, label: OpaqueCell(key, block, "the conversation so far, shortened by the API"),
    "container_upload": lambda key, block, label: OpaqueCell(key, block, "a file for the code container"),
}


def cell_for(key: str, block: Block, *, label: str = "") -> StreamingCell:
    """The cell of a block of an answer; `label` stands above a text ("Claude"), or nowhere when it is empty."""
    factory = _BY_TYPE.get(block_type(block))
    if factory is not None:
        return factory(key, block, label)
    if takes_input(block):
        return ToolCell(key, block)
    if is_server_result(block):
        return ServerResultCell(key, block)
    return OpaqueCell(key, block)
