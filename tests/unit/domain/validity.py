"""What the API refuses in `messages`, written down independently of the code that avoids it."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

WireMessage = dict[str, Any]
ID = re.compile(r"[a-zA-Z0-9_-]+")
NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")
USER_TYPES = {"text", "image", "document", "search_result", "tool_result", "container_upload"}
PART_TYPES = {"text", "image", "document", "search_result", "tool_reference"}
THINKING = {"thinking", "redacted_thinking"}


def problems(messages: Sequence[WireMessage], *, continuing: bool = False) -> list[str]:
    """Every reason to refuse these messages. `continuing`: the last one may be a paused answer."""
    found = [*_shape(messages, continuing)]
    if not found:
        found += [*_client_pairs(messages), *_server_pairs(messages, continuing)]
    try:
        json.dumps(messages, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, UnicodeEncodeError) as error:
        found.append(f"no JSON: {error}")
    return found


def _shape(messages: Sequence[WireMessage], continuing: bool) -> Iterator[str]:
    if not messages or (messages[0]["role"] != "user" and not _is_summary(messages[0])):
        yield "does not begin with a user message"
    for at, message in enumerate(messages):
        last = at == len(messages) - 1
        if set(message) != {"role", "content"} or not isinstance(message["content"], list) or not message["content"]:
            yield f"{at}: no content"
            continue
        if at and messages[at - 1]["role"] == message["role"]:
            yield f"{at}: roles do not alternate"
        if message["role"] == "user":
            yield from (f"{at}: {problem}" for block in message["content"] for problem in _user_block(block))
            types = [block.get("type") == "tool_result" for block in message["content"]]
            if types != sorted(types, reverse=True):
                yield f"{at}: results do not come first"
        else:
            yield from (f"{at}: {problem}" for block in message["content"] for problem in _assistant_block(block))
            if message["content"][-1].get("type") in THINKING and not (last and continuing):
                yield f"{at}: ends in thinking"
            if last and not continuing:
                yield "ends with an answer"


def _is_summary(message: WireMessage) -> bool:
    """Whether the API's summary stands first, in the place of what it summarises."""
    return bool(message["content"]) and message["content"][0].get("type") == "compaction" and bool(message["content"][0]["content"])


def _user_block(block: Any) -> Iterator[str]:
    if block.get("type") not in USER_TYPES:
        yield f"{block.get('type')} from the user"
    if block["type"] == "text" and (set(block) != {"type", "text"} or not block["text"].strip()):
        yield "blank or decorated text"
    if block["type"] == "tool_result":
        if not set(block) <= {"type", "tool_use_id", "content", "is_error"} or not block["content"]:
            yield "a result with odd keys or without content"
        if not isinstance(block.get("is_error", False), bool) or not isinstance(block["tool_use_id"], str):
            yield "a result with odd values"
        parts = block["content"] if isinstance(block["content"], list) else []
        for part in parts:
            if part.get("type") not in PART_TYPES or (
                part["type"] == "text" and (set(part) != {"type", "text"} or not part["text"].strip())
            ):
                yield "an odd part in a result"


def _assistant_block(block: Any) -> Iterator[str]:
    kind = block.get("type")
    if not isinstance(kind, str) or not kind or kind in {"tool_result", "image", "document", "search_result"}:
        yield f"{kind!r} from the assistant"
    if kind == "text" and (not isinstance(block.get("text"), str) or not block["text"].strip()):
        yield "blank text"
    if kind == "thinking" and not (isinstance(block.get("thinking"), str) and block.get("signature")):
        yield "unsigned thinking"
    if kind == "redacted_thinking" and not block.get("data"):
        yield "empty redacted thinking"
    if kind == "tool_use":
        if not ID.fullmatch(str(block.get("id"))) or not NAME.fullmatch(str(block.get("name"))):
            yield "a call with an odd id or name"
        if not isinstance(block.get("input"), dict):
            yield "a call whose input is no object"


def _client_pairs(messages: Sequence[WireMessage]) -> Iterator[str]:
    seen: set[str] = set()
    waiting: list[str] = []
    for at, message in enumerate([*messages, {"role": "user", "content": []}]):
        results = [block["tool_use_id"] for block in message["content"] if block.get("type") == "tool_result"]
        if sorted(results) != sorted(waiting):
            yield f"{at}: calls {waiting}, results {results}"
        waiting = [block["id"] for block in message["content"] if block.get("type") == "tool_use"]
        if len(set(waiting)) != len(waiting) or seen & set(waiting):
            yield f"{at}: ids are not unique"
        seen |= set(waiting)


def _server_pairs(messages: Sequence[WireMessage], continuing: bool) -> Iterator[str]:
    """A call waits for its result through results of client calls only, and at the end while the API may still answer."""
    waiting: set[str] = set()
    for at, message in enumerate(messages):
        if message["role"] == "user":
            types = {block["type"] for block in message["content"]}
            if waiting and types != {"tool_result"}:
                yield f"{at}: server calls {waiting} never answered"
                waiting = set()
            continue
        for block in message["content"]:
            kind = str(block["type"])
            if kind.endswith("_tool_use"):
                waiting.add(str(block.get("id") or ""))
            elif kind.endswith("_tool_result"):
                if str(block.get("tool_use_id") or "") not in waiting:
                    yield f"{at}: the result of no server call"
                waiting.discard(str(block.get("tool_use_id") or ""))
    if waiting and not continuing and not _in_loop(messages):
        yield f"server calls {waiting} at the end"


def _in_loop(messages: Sequence[WireMessage]) -> bool:
    return len(messages) > 1 and any(block["type"] == "tool_use" for block in messages[-2]["content"])
