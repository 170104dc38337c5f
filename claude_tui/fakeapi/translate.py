"""A request of the second wire in the words of the first, so that plans, token counts and the prompt cache need one language.

It takes any shape: what it cannot read it leaves out, and a valid request becomes one the first wire could have carried.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from .shapes import as_dict, as_list, blocks_of

_SYSTEM = ("system", "developer")
_OFF = ("none", "minimal")


def as_messages_body(body: Mapping[str, Any]) -> dict[str, Any]:
    """The request; `wire` says where it came from."""
    rows = [row for value in as_list(body.get("messages")) or [] if (row := as_dict(value)) is not None]
    lead = next((n for n, row in enumerate(rows) if row.get("role") not in _SYSTEM), len(rows))
    told: dict[str, Any] = {"wire": "openai", "model": body.get("model"), "messages": list(_messages(rows[lead:]))}
    told["max_tokens"] = body.get("max_completion_tokens") or body.get("max_tokens") or 0
    if lead:
        told["system"] = [block for row in rows[:lead] for block in _blocks(row)]
    tools = [_tool(function) for tool in blocks_of(body.get("tools")) if (function := as_dict(tool.get("function")))]
    if tools:
        told["tools"] = tools
    effort = body.get("reasoning_effort")
    if effort is not None:
        told |= {"thinking": {"type": "disabled"}} if effort in _OFF else {"output_config": {"effort": effort}}
    return told


def _messages(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    results: list[dict[str, Any]] = []
    for row in rows:
        if row.get("role") == "tool":
            results.append({"type": "tool_result", "tool_use_id": row.get("tool_call_id"), "content": _content(row)})
            continue
        if results:
            yield {"role": "user", "content": results}
            results = []
        role = "system" if row.get("role") in _SYSTEM else row.get("role")
        uses = [_use(call) for call in blocks_of(row.get("tool_calls"))]
        yield {"role": role, "content": [*_blocks(row), *uses] if uses else _content(row)}
    if results:
        yield {"role": "user", "content": results}


def _content(row: Mapping[str, Any]) -> str | list[dict[str, Any]]:
    content = row.get("content")
    return content if isinstance(content, str) else _blocks(row)


def _blocks(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [_block(part) for part in blocks_of(row.get("content")) if part.get("type") != "text" or part.get("text")]


def _block(part: Mapping[str, Any]) -> dict[str, Any]:
    if part.get("type") != "image_url":
        return {"type": "text", "text": str(part.get("text") or part.get("refusal") or "")}
    url = str((as_dict(part.get("image_url")) or {}).get("url"))
    head, _, data = url.partition(";base64,")
    if data:
        return {"type": "image", "source": {"type": "base64", "media_type": head.removeprefix("data:"), "data": data}}
    return {"type": "image", "source": {"type": "url", "url": url}}


def _use(call: Mapping[str, Any]) -> dict[str, Any]:
    function = as_dict(call.get("function")) or {}
    try:
        arguments = as_dict(json.loads(str(function.get("arguments"))))
    except (ValueError, RecursionError):
        arguments = None
    return {"type": "tool_use", "id": call.get("id"), "name": function.get("name"), "input": arguments or {}}


def _tool(function: Mapping[str, Any]) -> dict[str, Any]:
    schema: Any = function.get("parameters") or {"type": "object"}
    return {"name": function.get("name"), "description": function.get("description", ""), "input_schema": schema}
