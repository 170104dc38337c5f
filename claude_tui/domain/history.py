"""What may be sent back: any stored history in, a request's valid `messages` out.

Pure and total; never edits what is stored, only what is sent. The result for a path is stable: a later request begins with the same
messages that an earlier one sent, because signatures of thinking blocks are bound to them. `normalise` is idempotent.

The rules, with their reason: blank text, unsigned or trailing thinking, calls without results and results without calls are refused
by the API, and one refused block would refuse every later request of the session.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, cast

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
SUMMARY_HEAD = "This is a summary of our conversation so far, which it replaces:\n\n"

PLAIN = "plain_thinking"
"""The type under which unsigned thinking is given to a wire that may send it back; the Messages API never sees it."""

_THINKING = ("thinking", "redacted_thinking", PLAIN)
_USER_TYPES = ("text", "image", "document", "search_result", "tool_result", "container_upload")
_NEVER_ASSISTANT = ("tool_result", "image", "document", "search_result")
_UNFIT = re.compile(r"[^a-zA-Z0-9_-]")
_LONGEST_NAME = 128
_RESULT_PARTS = ("image", "document", "search_result", "tool_reference")


@dataclass(frozen=True, slots=True)
class Audience:
    """The endpoint that reads a history.

    `provider`: thinking of any other one is left out, for nobody else can read it. `thinking`: what is sent of its own, `signed` by
    the API, or `plain` as other endpoints write it. `compaction`: whether it reads the API's summaries; else what they stand for is
    sent.
    """

    provider: str = "anthropic"
    thinking: Literal["signed", "plain"] = "signed"
    compaction: bool = True


CLAUDE = Audience()


def build(path: Sequence[Message], *, audience: Audience = CLAUDE, without_thinking_to: str | None = None) -> list[WireMessage]:
    """The `messages` of the next request on this path (root to leaf).

    `without_thinking_to`: id of a message; thinking up to and including it is left out (its binding is known to be broken).
    A path that ends in a paused answer is continued as it stands; any other ends with a user message.
    """
    cut = next((index for index, message in enumerate(path) if message.id == without_thinking_to), -1)
    start = next((index for index in reversed(range(len(path))) if summary_of(path[index])), 0)
    kept = list(enumerate(path))[start:]
    wire = [_wire(message, audience, keep_thinking=index > cut) for index, message in kept]
    path = path[start:]
    if path and not audience.compaction and (summary := summary_of(path[0])):
        wire[0] = {"role": "user", "content": [{"type": "text", "text": SUMMARY_HEAD + summary}]}
    leaf = next((message for message, sent in zip(reversed(path), reversed(wire), strict=True) if any(_allowed(sent))), None)
    paused = leaf and leaf.role is Role.ASSISTANT and leaf.stop_reason == StopReason.PAUSE_TURN and leaf.status is Status.COMPLETE
    return normalise(wire, continuing=bool(paused))


def summary_of(message: Message) -> str:
    """The text of the API's summary of everything before this answer, which stands in its place from now on; empty for any other.

    A compaction that failed has no text: what came before is sent as ever.
    """
    if message.stop_reason != StopReason.COMPACTION or message.status is not Status.COMPLETE:
        return ""
    return next((string(block, "content") for block in message.blocks if block_type(block) == "compaction"), "")


def _wire(message: Message, audience: Audience, *, keep_thinking: bool) -> WireMessage:
    if message.role is Role.USER:
        return {"role": "user", "content": list(message.blocks)}
    if message.stop_reason == StopReason.REFUSAL:
        return {"role": "assistant", "content": []}
    blocks: list[Block] = []
    own = message.provider in (audience.provider, None)
    for number, block in enumerate(message.blocks):
        kept = _closed_part(block) if number in message.open_blocks else block
        if kept is None or (not (keep_thinking and own) and block_type(kept) in _THINKING):
            continue
        if block_type(kept) == "compaction" and not audience.compaction:
            continue
        if block_type(kept) in _THINKING and audience.thinking == "plain":
            kept = _plain(kept, message)
        if kept is None or (str(number) in message.raw_inputs and message.stop_reason != StopReason.TOOL_USE):
            continue  # cut off inside its arguments: nobody answered it, and its input must not be guessed
        blocks.append(kept)
    return {"role": "assistant", "content": blocks}


def _plain(block: Block, message: Message) -> Block | None:
    """Thinking that has no signature, with the details its endpoint sent for all of the answer; None for what was signed."""
    if block_type(block) != "thinking" or string(block, "signature"):
        return None
    details: Any = message.extra.get("reasoning_details")
    return {"type": PLAIN, "thinking": string(block, "thinking"), **({"reasoning_details": details} if details else {})}


def _closed_part(block: Block) -> Block | None:
    """What of a block that never ended may be sent: text, without the white space it broke off in."""
    return {**block, "text": string(block, "text").rstrip()} if block_type(block) == "text" else None


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
    paired = _merged(_paired_server_calls(merged, continuing))
    return _paired_calls(_merged(_without_trailing_thinking(paired, continuing)))


def _merged(messages: list[WireMessage]) -> list[WireMessage]:
    """Empty messages and leading answers left out, neighbours of one role made one."""
    result: list[WireMessage] = []
    for message in messages:
        if not message["content"] or (not result and message["role"] == "assistant" and not _begins_with_summary(message)):
            continue
        if result and result[-1]["role"] == message["role"]:
            result[-1] = {"role": message["role"], "content": [*result[-1]["content"], *message["content"]]}
        else:
            result.append(message)
    return result


def _begins_with_summary(message: WireMessage) -> bool:
    """Whether this answer may come first: the API's own summary stands in the place of what it summarises."""
    return block_type(message["content"][0]) == "compaction" and bool(string(message["content"][0], "content"))


def _without_trailing_thinking(messages: list[WireMessage], continuing: bool) -> list[WireMessage]:
    """No answer ends in thinking, but for a paused one that is continued as it stands."""
    result: list[WireMessage] = []
    for index, message in enumerate(messages):
        content: list[Block] = message["content"]
        end = len(content)
        if message["role"] == "assistant" and not (continuing and index == len(messages) - 1):
            while end and block_type(content[end - 1]) in _THINKING:
                end -= 1
        result.append({"role": message["role"], "content": content[:end]})
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
    for index, block in enumerate(blocks):
        if index < last_fallback and (block_type(block) in _THINKING or is_client_call(block)):
            continue
        yield from _assistant_block(block)


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
        content = [sent for part in parts for sent in _result_part(part)]
    elif not isinstance(content, str) or not content.strip():
        content = None
    result: Block = {"type": "tool_result", "tool_use_id": string(block, "tool_use_id"), "content": content or EMPTY_RESULT}
    if isinstance(block.get("is_error"), bool):
        result["is_error"] = block["is_error"]
    return cast("Block", _repaired(result))


def _result_part(part: Block) -> Iterator[Block]:
    if block_type(part) == "text" and string(part, "text").strip():
        yield {"type": "text", "text": part["text"]}
    elif block_type(part) in _RESULT_PARTS:
        yield {key: value for key, value in part.items() if key != "cache_control"}


def _assistant_block(block: Block) -> Iterator[Block]:
    kind = block_type(block)
    if not kind or kind in _NEVER_ASSISTANT:
        return
    if kind == "text":
        if string(block, "text").strip():
            yield cast("Block", _repaired(block))
    elif kind == "thinking":
        if string(block, "signature") and isinstance(block.get("thinking"), str) and _repaired(block) is block:
            yield block
    elif kind == "redacted_thinking":
        if string(block, "data") and _repaired(block) is block:
            yield block
    elif is_client_call(block):
        yield cast("Block", _repaired(_call(block)))
    else:
        yield cast("Block", _repaired(block))


def _call(block: Block) -> Block:
    """A call with a name and an input the API takes; the call itself stays, for somebody may have answered it."""
    name = _UNFIT.sub("_", string(block, "name"))[:_LONGEST_NAME] or "_"
    fixed: Block = block if isinstance(block.get("input"), dict) else {**block, "input": {}}
    return fixed if name == block.get("name") else {**fixed, "name": name}


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
    unbound = -1
    for index, message in enumerate(messages):
        if message["role"] == "user":
            result.append(message)
            continue
        content: list[Block] = message["content"]
        if index == unbound:
            content = [block for block in content if block_type(block) not in _THINKING]
        kept: list[Block] = []
        for position, block in enumerate(content):
            if is_server_call(block):
                call = string(block, "id")
                if not _answered(call, messages, index, position) and not _may_wait(messages, index, continuing):
                    if _waited(messages, index):  # the next answer's thinking is bound to the call that goes
                        unbound = index + 2
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
    return continuing if index == len(messages) - 1 else index == len(messages) - 2 and _waited(messages, index)


def _waited(messages: list[WireMessage], index: int) -> bool:
    """Whether the message after this one answered client calls and nothing else, so that a server call could still wait."""
    calls = any(is_client_call(block) for block in messages[index]["content"])
    return calls and index + 1 < len(messages) and _only_results(messages[index + 1])


def _only_results(message: WireMessage) -> bool:
    return all(block_type(block) == "tool_result" for block in message["content"])


def _paired_calls(messages: list[WireMessage]) -> list[WireMessage]:
    """Every client call answered exactly once, first thing in the next message, in the order of the calls; ids unique and clean."""
    seen: set[str] = set()
    result: list[WireMessage] = []
    pending: list[tuple[str, str]] = []
    for message in messages:
        content: list[Block] = message["content"]
        if message["role"] == "assistant":
            if pending:  # cannot happen after merging; kept total
                result.append({"role": "user", "content": _results(pending, [])})
            pending = []
            result.append({"role": "assistant", "content": [_with_clean_id(block, seen, pending) for block in content]})
        else:
            rest = [block for block in content if block_type(block) != "tool_result"]
            given = [block for block in content if block_type(block) == "tool_result"]
            result.append({"role": "user", "content": [*_results(pending, given), *rest]})
            pending = []
    if pending:
        result.append({"role": "user", "content": _results(pending, [])})
    return [message for message in result if message["content"]]


def _with_clean_id(block: Block, seen: set[str], pending: list[tuple[str, str]]) -> Block:
    """`pending` takes the call's id as it stands in the history and as it is sent."""
    if not is_client_call(block):
        return block
    original = string(block, "id")
    clean = _UNFIT.sub("_", original) or "_"
    unique, count = clean, 1
    while unique in seen:
        count += 1
        unique = f"{clean}_{count}"
    seen.add(unique)
    pending.append((original, unique))
    return block if unique == block.get("id") else {**block, "id": unique}


def _results(pending: list[tuple[str, str]], given: list[Block]) -> list[Block]:
    """One result a call: the first given one that no call before it took, else a synthetic error."""
    by_call: dict[str, list[Block]] = {}
    for block in reversed(given):
        by_call.setdefault(string(block, "tool_use_id"), []).append(block)
    results: list[Block] = []
    for original, unique in pending:
        if by_call.get(original):
            block = by_call[original].pop()
            results.append(block if original == unique else {**block, "tool_use_id": unique})
        else:
            results.append(tool_result(unique, NO_RESULT, is_error=True))
    return results


def sent_of(message: Message, audience: Audience = CLAUDE, *, keep_thinking: bool = True) -> list[Block]:
    """What of one message is for this audience, before the rules on its neighbours."""
    return list(_wire(message, audience, keep_thinking=keep_thinking)["content"])
