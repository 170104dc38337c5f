"""A block IS its API dict, kept verbatim: unknown types and fields survive. Here are only the views that read one."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, TypeAlias, cast

Block: TypeAlias = dict[str, Any]

_TOOL_RESULT = "tool_result"


def block_type(block: Mapping[str, Any]) -> str:
    """The block's type; empty for something without one."""
    kind = block.get("type")
    return kind if isinstance(kind, str) else ""


def string(block: Mapping[str, Any], key: str) -> str:
    """The string at `key`, empty when there is none."""
    value = block.get(key)
    return value if isinstance(value, str) else ""


def takes_input(block: Mapping[str, Any]) -> bool:
    """Whether the block is some kind of tool call, whose input streams as JSON text."""
    return block_type(block).endswith("tool_use") or isinstance(block.get("input"), dict)


def is_client_call(block: Mapping[str, Any]) -> bool:
    """A call this program has to answer; server tools and MCP connector calls are answered by the API."""
    return block_type(block) == "tool_use"


def is_server_call(block: Mapping[str, Any]) -> bool:
    """A call the API answers itself, in the same message or a later one."""
    kind = block_type(block)
    return kind.endswith("_tool_use")


def is_server_result(block: Mapping[str, Any]) -> bool:
    """The API's own answer to a server call."""
    kind = block_type(block)
    return kind.endswith("_" + _TOOL_RESULT)


def text_block(text: str) -> Block:
    return {"type": "text", "text": text}


def tool_result(tool_use_id: str, content: str | list[Block], *, is_error: bool = False) -> Block:
    """The user's side of a call; `is_error` stands only where it is true, as the API documents it."""
    block: Block = {"type": _TOOL_RESULT, "tool_use_id": tool_use_id, "content": content}
    if is_error:
        block["is_error"] = True
    return block


def result_text(block: Mapping[str, Any]) -> str:
    """The text a tool result holds, parts that are not text named in brackets."""
    content = block.get("content")
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    parts: list[str] = []
    for item in cast("list[object]", content):
        if isinstance(item, dict):
            part = cast("Block", item)
            parts.append(string(part, "text") if block_type(part) == "text" else f"[{block_type(part) or 'unknown'}]")
    return "\n".join(parts)


def plain_text(blocks: list[Block] | tuple[Block, ...]) -> str:
    """The text blocks, joined: what `ask -o text` prints of a message."""
    return "".join(string(block, "text") for block in blocks if block_type(block) == "text")


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"{text[:40]} is out of range")
    return value


_DEEPEST = 200
"""Levels of nesting: deeper values could be read, but not be compared, copied or written again at every depth of the call stack."""


def _too_deep(text: str, value: Any) -> bool:
    if text.count("[") + text.count("{") <= _DEEPEST:
        return False
    level: list[Any] = [value]
    for _ in range(_DEEPEST):
        parents = [cast("dict[str, Any] | list[Any]", item) for item in level if isinstance(item, (dict, list))]
        if not parents:
            return False
        level = [child for parent in parents for child in (parent.values() if isinstance(parent, dict) else parent)]
    return any(isinstance(item, (dict, list)) for item in level)


_STRICT = json.JSONDecoder(parse_constant=_no_constant, parse_float=_finite)


def strict_json(text: str) -> Any:
    """`text` as JSON in the standard's sense: no NaN, no overflow to infinity, nothing behind the value.

    Raises ValueError for anything else, nesting deeper than 200 levels included.
    """
    try:
        value: Any = _STRICT.decode(text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if _too_deep(text, value):
        raise ValueError("nested too deeply")
    return value


def dump_json(value: Any) -> str:
    """One line of ASCII JSON: what is stored and printed. Lone surrogates survive as escapes."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
