"""Calls and their results, paired as the API demands: part of what makes a history valid to send.

Pure: messages in the shape of a request in and out. Server calls are answered by the API itself, client calls by us.
"""

from __future__ import annotations

import re
from typing import Any, TypeAlias

from claude_tui.domain.blocks import (
    Block,
    block_type,
    is_client_call,
    is_server_call,
    is_server_result,
    string,
    tool_result,
)

WireMessage: TypeAlias = dict[str, Any]
"""`{"role": "user" | "assistant", "content": [block …]}`."""

NO_RESULT = "No result: the call was interrupted or never ran; it may have run in part."
THINKING = ("thinking", "redacted_thinking", "plain_thinking")
UNFIT = re.compile(r"[^a-zA-Z0-9_-]")
"""What ids and names of calls may not hold."""


def paired_server_calls(messages: list[WireMessage], continuing: bool) -> list[WireMessage]:
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
            content = [block for block in content if block_type(block) not in THINKING]
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


def paired_calls(messages: list[WireMessage]) -> list[WireMessage]:
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
    clean = UNFIT.sub("_", original) or "_"
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
