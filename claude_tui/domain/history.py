"""What may be sent back: any stored history in, a request's valid `messages` out.

Pure and total; never edits what is stored, only what is sent. The result for a path is stable: a later request begins with the same
messages that an earlier one sent, because signatures of thinking blocks are bound to them. `normalise` is idempotent.

The rules, with their reason: blank text, unsigned or trailing thinking, calls without results and results without calls are refused
by the API, and one refused block would refuse every later request of the session.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias, cast

from claude_tui.domain.blocks import (
    Block,
    block_type,
    is_client_call,
    is_server_call,
    is_server_result,
    string,
    tool_result,
)
from claude_tui.domain.messages import Message, Role, Status, StopReason
from claude_tui.domain.text import encodable, repair

WireMessage: TypeAlias = dict[str, Any]
"""`{"role": "user" | "assistant", "content": [block …]}`."""

NO_RESULT = "No result: the call was interrupted or never ran; it may have run in part."
EMPTY_RESULT = "(no output)"
CONTINUE_PROMPT = "Continue."

_THINKING = ("thinking", "redacted_thinking")
_USER_TYPES = ("text", "image", "document", "search_result", "tool_result", "container_upload")
_NEVER_ASSISTANT = ("tool_result", "image", "document", "search_result")
_ID = re.compile(r"[^a-zA-Z0-9_-]")
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")
_RESULT_KEYS = ("type", "tool_use_id", "content", "is_error")


def build(path: Sequence[Message], *, without_thinking_to: str | None = None) -> list[WireMessage]:
    """The `messages` of the next request on this path (root to leaf).

    `without_thinking_to`: id of a message; thinking up to and including it is left out (its binding is known to be broken).
    A path that ends in a paused answer is continued as it stands; any other ends with a user message.
    """
    cut = next((index for index, message in enumerate(path) if message.id == without_thinking_to), -1)
    wire = [_wire(message, keep_thinking=index > cut) for index, message in enumerate(path)]
    paused = (
        bool(path)
        and path[-1].role is Role.ASSISTANT
        and path[-1].stop_reason == StopReason.PAUSE_TURN
        and path[-1].status is Status.COMPLETE
    )
    return normalise(wire, continuing=paused)


def _wire(message: Message, *, keep_thinking: bool) -> WireMessage:
    if message.role is Role.USER:
        return {"role": "user", "content": list(message.blocks)}
    if message.stop_reason == StopReason.REFUSAL:
        return {"role": "assistant", "content": []}
    blocks: list[Block] = []
    for number, block in enumerate(message.blocks):
        kept = _closed_part(block) if number in message.open_blocks else block
        if kept is None or (not keep_thinking and block_type(kept) in _THINKING):
            continue
        if str(number) in message.raw_inputs and message.stop_reason != StopReason.TOOL_USE:
            continue  # cut off inside its arguments: nobody answered it, and its input must not be guessed
        blocks.append(kept)
    return {"role": "assistant", "content": _without_trailing_thinking(blocks)}


def _closed_part(block: Block) -> Block | None:
    """What of a block that never ended may be sent: text, without the white space it broke off in."""
    return {**block, "text": string(block, "text").rstrip()} if block_type(block) == "text" else None


def _without_trailing_thinking(blocks: list[Block]) -> list[Block]:
    end = len(blocks)
    while end and block_type(blocks[end - 1]) in _THINKING:
        end -= 1
    return blocks[:end]


def normalise(messages: Sequence[WireMessage], *, continuing: bool = False) -> list[WireMessage]:
    """`messages` as a valid request has them; `continuing` allows a paused answer at the end."""
    current = list(messages)
    while True:
        following = _pass(current, continuing)
        if following == current:
            break
        current = following
    if not current or (current[-1]["role"] == "assistant" and not continuing):
        current.append({"role": "user", "content": [{"type": "text", "text": CONTINUE_PROMPT}]})
    return current


def _pass(messages: list[WireMessage], continuing: bool) -> list[WireMessage]:
    """One round of the rules. Every round only removes, but for results of calls that have none, so rounds come to an end."""
    filtered = [{"role": message["role"], "content": list(_allowed(message))} for message in messages]
    merged = _merged(filtered)
    return _paired_calls(_merged(_paired_server_calls(merged, continuing)))


def _merged(messages: list[WireMessage]) -> list[WireMessage]:
    """Empty messages and leading answers left out, neighbours of one role made one."""
    result: list[WireMessage] = []
    for message in messages:
        if not message["content"] or (not result and message["role"] == "assistant"):
            continue
        if result and result[-1]["role"] == message["role"]:
            result[-1] = {"role": message["role"], "content": [*result[-1]["content"], *message["content"]]}
        else:
            result.append(message)
    return result


def _allowed(message: WireMessage) -> Iterator[Block]:
    content: Any = message["content"]
    if isinstance(content, str):
        content = [{"type": "text", "text": content}]
    blocks = [cast("Block", block) for block in content if isinstance(block, dict)]
    if message["role"] == "user":
        for block in blocks:
            if block_type(block) in _USER_TYPES:
                yield from _user_block(block)
        return
    last_fallback = max((index for index, block in enumerate(blocks) if block_type(block) == "fallback"), default=-1)
    kept: list[Block] = []
    for index, block in enumerate(blocks):
        if index < last_fallback and (block_type(block) in _THINKING or is_client_call(block)):
            continue
        kept.extend(_assistant_block(block))
    yield from _without_trailing_thinking(kept)


def _user_block(block: Block) -> Iterator[Block]:
    kind = block_type(block)
    if kind == "text":
        text = repair(string(block, "text"))
        if text.strip():
            yield {"type": "text", "text": text}
    elif kind == "tool_result":
        yield _result_block(block)
    else:
        yield cast("Block", _repaired({key: value for key, value in block.items() if key != "cache_control"}))


def _result_block(block: Block) -> Block:
    content = block.get("content")
    if isinstance(content, list):
        parts = [cast("Block", part) for part in cast("list[object]", content) if isinstance(part, dict)]
        content = [part for part in parts if block_type(part) != "text" or string(part, "text").strip()]
    elif not isinstance(content, str) or not content.strip():
        content = None
    kept = {key: block[key] for key in _RESULT_KEYS if key in block}
    return cast("Block", _repaired({**kept, "content": content or EMPTY_RESULT}))


def _assistant_block(block: Block) -> Iterator[Block]:
    kind = block_type(block)
    if not kind or kind in _NEVER_ASSISTANT:
        return
    if kind == "text":
        if string(block, "text").strip():
            yield cast("Block", _repaired(block))
    elif kind == "thinking":
        if (
            string(block, "signature")
            and isinstance(block.get("thinking"), str)
            and encodable(block["thinking"] + block["signature"])
        ):
            yield block
    elif kind == "redacted_thinking":
        if string(block, "data"):
            yield block
    elif is_client_call(block):
        if string(block, "id") and _NAME.fullmatch(string(block, "name")):
            fixed: Block = block if isinstance(block.get("input"), dict) else {**block, "input": {}}
            yield cast("Block", _repaired(fixed))
    else:
        yield cast("Block", _repaired(block))


def _repaired(value: Any) -> Any:
    """`value` with every string in it encodable; the same object where nothing had to change."""
    if isinstance(value, str):
        return value if encodable(value) else repair(value)
    if isinstance(value, list):
        items = cast("list[Any]", value)
        fixed = [_repaired(item) for item in items]
        return items if all(new is old for new, old in zip(fixed, items, strict=True)) else fixed
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        changed = {_repaired(key): _repaired(item) for key, item in fields.items()}
        return fields if all(changed.get(key) is item for key, item in fields.items()) else changed
    return value


def _paired_server_calls(messages: list[WireMessage], continuing: bool) -> list[WireMessage]:
    """Server calls that were never answered go, with what follows them; so do answers without a call."""
    called: set[str] = set()
    result: list[WireMessage] = []
    for index, message in enumerate(messages):
        if message["role"] == "user":
            result.append(message)
            continue
        content: list[Block] = message["content"]
        kept: list[Block] = []
        for position, block in enumerate(content):
            if is_server_call(block):
                call = string(block, "id")
                if not _answered(call, messages, index, position) and not _may_wait(messages, index, continuing):
                    break
                called.add(call)
            elif is_server_result(block):
                if string(block, "tool_use_id") not in called:
                    continue
                called.discard(string(block, "tool_use_id"))
            kept.append(block)
        result.append({"role": "assistant", "content": kept})
    return result


def _answered(call: str, messages: list[WireMessage], index: int, position: int) -> bool:
    """Whether the call's result follows in this message, or in a later one with nothing but tool results between."""
    blocks: list[Block] = messages[index]["content"][position + 1 :]
    later = index
    while True:
        if any(is_server_result(block) and string(block, "tool_use_id") == call for block in blocks):
            return True
        later += 1
        if later >= len(messages):
            return False
        blocks = messages[later]["content"]
        if messages[later]["role"] == "user" and not _only_results(messages[later]):
            return False


def _may_wait(messages: list[WireMessage], index: int, continuing: bool) -> bool:
    """Whether the API itself will answer the call in reply to this very request."""
    if index == len(messages) - 1:
        return continuing
    calls = any(is_client_call(block) for block in messages[index]["content"])
    return calls and index == len(messages) - 2 and _only_results(messages[-1])


def _only_results(message: WireMessage) -> bool:
    return all(block_type(block) == "tool_result" for block in message["content"])


def _paired_calls(messages: list[WireMessage]) -> list[WireMessage]:
    """Every client call answered exactly once, first thing in the next message, in the order of the calls; ids unique and clean."""
    seen: set[str] = set()
    result: list[WireMessage] = []
    pending: dict[str, str] = {}
    for message in messages:
        content: list[Block] = message["content"]
        if message["role"] == "assistant":
            if pending:  # cannot happen after merging; kept total
                result.append({"role": "user", "content": _results(pending, [])})
            pending = {}
            result.append({"role": "assistant", "content": [_with_clean_id(block, seen, pending) for block in content]})
        else:
            rest = [block for block in content if block_type(block) != "tool_result"]
            given = [block for block in content if block_type(block) == "tool_result"]
            result.append({"role": "user", "content": [*_results(pending, given), *rest]})
            pending = {}
    if pending:
        result.append({"role": "user", "content": _results(pending, [])})
    return [message for message in result if message["content"]]


def _with_clean_id(block: Block, seen: set[str], pending: dict[str, str]) -> Block:
    if not is_client_call(block):
        return block
    original = string(block, "id")
    clean = _ID.sub("_", original)
    unique, count = clean, 1
    while unique in seen:
        count += 1
        unique = f"{clean}_{count}"
    seen.add(unique)
    pending.setdefault(original if original not in pending else unique, unique)
    return block if unique == original else {**block, "id": unique}


def _results(pending: dict[str, str], given: list[Block]) -> list[Block]:
    """One result a call: the first given one, else a synthetic error."""
    by_call: dict[str, Block] = {}
    for block in given:
        by_call.setdefault(string(block, "tool_use_id"), block)
    results: list[Block] = []
    for original, unique in pending.items():
        block = by_call.get(original)
        if block is None:
            results.append(tool_result(unique, NO_RESULT, is_error=True))
        else:
            results.append(block if original == unique else {**block, "tool_use_id": unique})
    return results
