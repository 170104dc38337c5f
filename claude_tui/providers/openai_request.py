"""A `ChatRequest` as the parameters of Chat Completions. Pure: no SDK, no socket.

The messages come in the shape of the Messages API and valid (`history.build`); what has no form here is named in a text where the
user sent it, and left out where the model wrote it. The same history gives the same messages, so that an endpoint's cache holds.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, cast

from claude_tui.domain.blocks import Block, block_type, string
from claude_tui.domain.history import PLAIN
from claude_tui.domain.ports import ChatRequest
from claude_tui.domain.text import repair
from claude_tui.providers.openai_dialect import Dialect

Wire = dict[str, Any]

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_UNFIT = re.compile(r"[^a-zA-Z0-9_-]")
_LONGEST_ID = 64
_SAYS_ERROR = re.compile(r"\W*error\b", re.IGNORECASE)
_SHORT_ID = re.compile(r"[a-zA-Z0-9]{9}")
_BREAK = "\n\n"


def request_params(request: ChatRequest, dialect: Dialect) -> Wire:
    """The body of the request."""
    params: Wire = {"model": request.model, "messages": _messages(request, dialect), "stream": True}
    if dialect.stream_options:
        params["stream_options"] = {"include_usage": True}
    if request.tools and dialect.tools:
        params["tools"] = [_tool(tool) for tool in request.tools]
    if request.max_tokens is not None and dialect.max_tokens_field:
        params[dialect.max_tokens_field] = request.max_tokens
    if request.effort and dialect.effort:
        params["reasoning_effort"] = request.effort
    return cast("Wire", _repaired(params))


def tool_names(request: ChatRequest) -> dict[str, str]:
    """Names on the wire → names of the tools, where the two differ."""
    names = [string(tool, "name") for tool in request.tools]
    return {wire: name for name in names if (wire := wire_name(name)) != name}


def wire_name(name: str) -> str:
    """A tool's name as every endpoint takes it: its own, or a short one that no other name gets."""
    if _NAME.fullmatch(name):
        return name
    return f"{_UNFIT.sub('_', name)[:50]}_{_digest(name)[:10]}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _tool(tool: dict[str, Any]) -> Wire:
    schema: Any = tool.get("input_schema")
    function: Wire = {
        "name": wire_name(string(tool, "name")),
        "description": string(tool, "description"),
        "parameters": schema if isinstance(schema, dict) else {"type": "object", "properties": {}},
    }
    return {"type": "function", "function": function}


def _repaired(value: Any) -> Any:
    """`value` with every string in it such that it can be encoded."""
    if isinstance(value, str):
        return repair(value)
    if isinstance(value, list):
        return [_repaired(item) for item in cast("list[Any]", value)]
    if isinstance(value, dict):
        return {_repaired(key): _repaired(item) for key, item in cast("dict[Any, Any]", value).items()}
    return value


# Messages.


def _messages(request: ChatRequest, dialect: Dialect) -> list[Wire]:
    system = request.system or ""
    sent: list[Wire] = []
    if system and dialect.system:
        sent.append({"role": "system", "content": system})
    loop = _loop_start(request.messages)
    for number, message in enumerate(request.messages):
        blocks = _blocks(message)
        if message["role"] == "assistant":
            sent.extend(_assistant(blocks, dialect, in_loop=number > loop))
        else:
            sent.extend(_user(blocks, dialect))
    sent = _joined(sent)
    if system and not dialect.system:
        sent = _joined([{"role": "user", "content": system}, *sent])
    return sent


def _blocks(message: dict[str, Any]) -> list[Block]:
    content: Any = message["content"]
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [cast("Block", block) for block in cast("list[Any]", content) if isinstance(block, dict)]


def _loop_start(messages: Sequence[dict[str, Any]]) -> int:
    """The number of the last message in which the user says something, after which all is one chain of calls and results."""
    for number in reversed(range(len(messages))):
        if messages[number]["role"] == "user" and any(block_type(block) != "tool_result" for block in _blocks(messages[number])):
            return number
    return -1


def _joined(messages: list[Wire]) -> list[Wire]:
    """Neighbouring user messages made one: some endpoints take roles only in turn."""
    result: list[Wire] = []
    for message in messages:
        if result and message["role"] == "user" == result[-1]["role"]:
            before, after = result[-1]["content"], message["content"]
            if isinstance(before, str) and isinstance(after, str):
                joined: Any = before + _BREAK + after
            else:
                joined = [*_as_parts(before), *_as_parts(after)]
            result[-1] = {"role": "user", "content": joined}
        else:
            result.append(message)
    return result


def _as_parts(content: str | list[Wire]) -> list[Wire]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


# What the model wrote.


def _assistant(blocks: list[Block], dialect: Dialect, *, in_loop: bool) -> Iterator[Wire]:
    text = _assistant_text(blocks)
    calls = [_call(block, dialect) for block in blocks if block_type(block) == "tool_use"]
    if not text and not calls:
        return
    message: Wire = {"role": "assistant", "content": text or None}
    if calls:
        message["tool_calls"] = calls
    if in_loop or (dialect.echo_always and calls):
        message.update(_echo(blocks, dialect))
    yield message


def _assistant_text(blocks: list[Block]) -> str:
    """Text of neighbouring blocks is one text; what stood apart stays apart."""
    text, apart = "", False
    for block in blocks:
        if block_type(block) != "text":
            apart = True
            continue
        gap = _BREAK if text and apart and not text.endswith("\n") else ""
        text, apart = text + gap + string(block, "text"), False
    return text


def _call(block: Block, dialect: Dialect) -> Wire:
    arguments = json.dumps(_repaired(block.get("input") or {}), ensure_ascii=False)
    function = {"name": wire_name(string(block, "name")), "arguments": arguments}
    return {"id": _wire_id(string(block, "id"), dialect), "type": "function", "function": function}


def _wire_id(call: str, dialect: Dialect) -> str:
    """A call's id: as it came, or a short form that is the same each time."""
    if dialect.short_ids:
        return call if _SHORT_ID.fullmatch(call) else _digest(call)[:9]
    return call if len(call) <= _LONGEST_ID else f"{call[:24]}_{_digest(call)[:15]}"


def _echo(blocks: list[Block], dialect: Dialect) -> Wire:
    """Thinking, in the one form in which the endpoint wants it back."""
    thinking = [block for block in blocks if block_type(block) == PLAIN]
    if dialect.echo == "none" or not (thinking or dialect.echo_always):
        return {}
    if dialect.echo == "reasoning_details":
        details = next((block["reasoning_details"] for block in thinking if block.get("reasoning_details")), None)
        return {"reasoning_details": details} if details else {}
    return {dialect.echo: "".join(string(block, "thinking") for block in thinking)}


# What the user and the tools said.


def _user(blocks: list[Block], dialect: Dialect) -> Iterator[Wire]:
    """The results, each a message of its own, then everything else as one.

    A result can only be text on most endpoints: its images follow in that message, for the model is to see them.
    """
    parts: list[Wire] = []
    for block in blocks:
        if block_type(block) != "tool_result":
            continue
        call = _wire_id(string(block, "tool_use_id"), dialect)
        text, images = _result(block)
        yield {"role": "tool", "tool_call_id": call, "content": text}
        if images:
            parts += [{"type": "text", "text": f"What call {call} returned:"}, *images]
    parts += [part for block in blocks if block_type(block) != "tool_result" for part in _parts(block)]
    if not parts:
        return
    if all(part["type"] == "text" for part in parts):
        yield {"role": "user", "content": _BREAK.join(part["text"] for part in parts)}
    else:
        yield {"role": "user", "content": parts}


def _result(block: Block) -> tuple[str, list[Wire]]:
    content: Any = block.get("content")
    parts: list[Wire] = []
    if isinstance(content, str):
        parts.append({"type": "text", "text": content})
    elif isinstance(content, list):
        for item in cast("list[Any]", content):
            parts += _parts(cast("Block", item)) if isinstance(item, dict) else ()
    images = [part for part in parts if part["type"] != "text"]
    texts = [part["text"] if part["type"] == "text" else "[image: it follows]" for part in parts]
    text = "\n".join(texts)
    if block.get("is_error") is True and not _SAYS_ERROR.match(text):
        text = f"Error: {text}"
    return text, images


def _parts(block: Block) -> Iterator[Wire]:
    """A block that is not a result as parts of a message."""
    kind = block_type(block)
    if kind == "text":
        if string(block, "text"):
            yield {"type": "text", "text": string(block, "text")}
        return
    source = _table(block, "source")
    if kind == "image":
        address = _address(source)
        yield {"type": "image_url", "image_url": {"url": address}} if address else _unsent("an image", source)
    elif kind == "document":
        text = _document_text(source)
        title = string(block, "title")
        yield (
            {"type": "text", "text": f"{title}{_BREAK}{text}" if title and text else text}
            if text
            else _unsent(f"the document {title}".rstrip(), source)
        )
    elif kind == "search_result":
        said = [
            string(block, "title"),
            string(block, "source"),
            _document_text({"type": "content", "content": block.get("content")}),
        ]
        yield {"type": "text", "text": "\n".join(filter(None, said))}
    else:
        yield _unsent(string(block, "tool_name") or kind or "something", source)


def _table(block: Block, key: str) -> dict[str, Any]:
    value: Any = block.get(key)
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _address(source: dict[str, Any]) -> str:
    """Where an image is, or the image itself as an address; empty for a form that no other endpoint can read."""
    if source.get("type") == "base64" and string(source, "data"):
        return f"data:{string(source, 'media_type') or 'image/png'};base64,{string(source, 'data')}"
    return string(source, "url")


def _document_text(source: dict[str, Any]) -> str:
    """The text of a document that consists of text."""
    if source.get("type") == "text":
        return string(source, "data")
    content: Any = source.get("content")
    if isinstance(content, str):
        return content
    items = cast("list[Any]", content) if isinstance(content, list) else []
    return "\n".join(filter(None, (string(cast("Block", item), "text") for item in items if isinstance(item, dict))))


def _unsent(what: str, source: dict[str, Any]) -> Wire:
    form = string(source, "media_type") or string(source, "type")
    return {"type": "text", "text": f"[Not sent, for this endpoint does not take it: {what}{f' ({form})' if form else ''}]"}
