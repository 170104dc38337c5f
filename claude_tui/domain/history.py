"""What may be sent back: any stored history in, a request's valid `messages` out.

Pure and total; never edits what is stored, only what is sent. The result for a path is stable: a later request begins with the same
messages that an earlier one sent, because signatures of thinking blocks are bound to them. `normalise` is idempotent.

The rules, with their reason: blank text, unsigned or trailing thinking, calls without results and results without calls are refused
by the API, and one refused block would refuse every later request of the session.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, cast

from claude_tui.domain.blocks import Block, block_type, is_client_call, string, text_block
from claude_tui.domain.errors import ErrorKind
from claude_tui.domain.media import left_out, sendable
from claude_tui.domain.messages import Message, Role, Status, StopReason
from claude_tui.domain.pairing import NO_RESULT, THINKING, UNFIT, WireMessage, paired_calls, paired_server_calls
from claude_tui.domain.text import encodable, repair
from claude_tui.domain.turns import about_summary, begins_turn, compacts, continues, is_prompt

__all__ = [
    "CLAUDE",
    "CONTINUE_PROMPT",
    "EMPTY_RESULT",
    "NO_RESULT",
    "PLAIN",
    "SUMMARY_HEAD",
    "Audience",
    "WireMessage",
    "build",
    "normalise",
    "open_answer",
    "summary_of",
]

EMPTY_RESULT = "(no output)"
CONTINUE_PROMPT = "Continue."
SUMMARY_HEAD = "This is a summary of our conversation so far, which it replaces:\n\n"

PLAIN = THINKING[-1]
"""The type under which unsigned thinking is given to a wire that may send it back; the Messages API never sees it."""

_USER_TYPES = ("text", "image", "document", "search_result", "tool_result", "container_upload")
_NEVER_ASSISTANT = ("tool_result", "image", "document", "search_result", "tool_reference")
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
    A path that ends in a paused answer is continued as it stands; any other ends with a user message. A request for a summary is
    left out, with what came to it, as soon as something else follows; a prompt that was refused, as soon as another prompt does:
    it would have that refused too.
    """
    wire, continuing = _chosen(path, audience, without_thinking_to)
    return normalise(wire, continuing=continuing)


def open_answer(path: Sequence[Message], *, paused: bool = False) -> list[Block] | None:
    """The answer that a request on this path would end with; None if it ends otherwise. One that goes on as it stands counts only
    where `paused` says so."""
    wire, continuing = _chosen(path, CLAUDE, None)
    settled = _settled(wire, continuing)
    ends = bool(settled) and settled[-1]["role"] == "assistant" and (paused or not continuing)
    return settled[-1]["content"] if ends else None


def _chosen(path: Sequence[Message], audience: Audience, without_thinking_to: str | None) -> tuple[list[WireMessage], bool]:
    """What of the path is for this audience, and whether its end is an answer to be continued as it stands.

    Where an answer was gone on with without a word, what was sent then stays as it was, and what came is no part of it.
    """
    cut = next((index for index, message in enumerate(path) if message.id == without_thinking_to), -1)
    wire: list[WireMessage] = []
    leaf: Message | None = None
    for index, bound in _order(path):
        message = path[index]
        sent = _wire(message, audience, keep_thinking=index > cut and bound)
        if not audience.compaction and (summary := summary_of(message)):
            sent = {"role": "user", "content": [{"type": "text", "text": SUMMARY_HEAD + summary}]}
        if any(_allowed(sent)):
            leaf = message
        elif leaf is not None and continues(message) is not None:
            wire = normalise(wire, continuing=_is_paused(leaf))
        wire.append(sent)
    return wire, _is_paused(leaf)


def sent_parts(
    path: Sequence[Message], audience: Audience = CLAUDE, without_thinking_to: str | None = None
) -> list[tuple[Message, list[Block]]]:
    """The messages that the next request on this path is made of, in its order, with what of each is for this audience."""
    cut = next((index for index, message in enumerate(path) if message.id == without_thinking_to), -1)
    return [
        (path[index], list(_wire(path[index], audience, keep_thinking=index > cut and bound)["content"]))
        for index, bound in _order(path)
    ]


def _order(path: Sequence[Message]) -> list[tuple[int, bool]]:
    """What is sent in which order, and whether its thinking is still bound to what comes before: the last summary of the API, what
    was said before it but is not covered by it, and what followed."""
    left_out = _summaries_asked_for(path) | _refused(path)
    start = next((index for index in reversed(range(len(path))) if summary_of(path[index])), None)
    if start is None:
        return [(index, True) for index in range(len(path)) if index not in left_out]
    asked = next((index for index in reversed(range(start)) if begins_turn(path[index])), start)
    until = about_summary(path[asked]).until
    covered = asked if until is None else next((index + 1 for index in range(asked) if path[index].id == until), 0)
    moved = [(index, False) for index in range(covered, asked) if not summary_of(path[index])]
    kept = [*moved, *((index, True) for index in range(start + 1, len(path)))]
    return [(start, True), *((index, bound) for index, bound in kept if index not in left_out)]


def _is_paused(leaf: Message | None) -> bool:
    """Whether this answer came whole and waits for the next request, also where this program had asked often enough."""
    if leaf is None or leaf.role is not Role.ASSISTANT or leaf.stop_reason != StopReason.PAUSE_TURN:
        return False
    return leaf.status is Status.COMPLETE or (leaf.error is not None and leaf.error.kind is ErrorKind.TOOL_LIMIT)


def _summaries_asked_for(path: Sequence[Message]) -> set[int]:
    """The turns that asked for a summary, but for the last turn and for what the API's summary is in."""
    turns = [index for index, message in enumerate(path) if begins_turn(message)]
    asked = [(begin, end) for begin, end in pairwise(turns) if compacts(path[begin])]
    return {index for begin, end in asked for index in range(begin, end) if not summary_of(path[index])}


def _refused(path: Sequence[Message]) -> set[int]:
    """The turns that came to nothing but a refusal, asked again or not, and after which the user said something else."""
    found: set[int] = set()
    for end in range(1, len(path) - 1):
        answer = end if is_prompt(path[end + 1]) else 0
        while answer > 0 and path[answer].stop_reason == StopReason.REFUSAL:
            asked = path[answer - 1]
            if not is_prompt(asked) and continues(asked) is None:
                break
            found |= {answer - 1, answer}
            answer = 0 if is_prompt(asked) else answer - 2
    return found


def summary_of(message: Message) -> str:
    """The text of the API's summary of everything before this answer, which stands in its place from now on; empty for any other.

    A compaction that failed has no text: what came before is sent as ever.
    """
    if message.stop_reason != StopReason.COMPACTION or message.status is not Status.COMPLETE:
        return ""
    return next((string(block, "content") for block in message.blocks if block_type(block) == "compaction"), "")


def _wire(message: Message, audience: Audience, *, keep_thinking: bool) -> WireMessage:
    if message.role is Role.USER:
        said = {"role": "user", "content": list(message.blocks)}
        # A prompt that says nothing was sent as one to go on, and stays that: what was said later is bound to it.
        return said if any(_allowed(said)) or not is_prompt(message) else {"role": "user", "content": [text_block(CONTINUE_PROMPT)]}
    if message.stop_reason == StopReason.REFUSAL:
        return {"role": "assistant", "content": []}
    blocks: list[Block] = []
    own = message.provider in (audience.provider, None)
    keep_thinking = keep_thinking and own
    whole = True
    for number, block in enumerate(message.blocks):
        kept = _closed_part(block) if number in message.open_blocks else block
        if kept is None or (not keep_thinking and block_type(kept) in THINKING):
            continue
        if not whole and (block_type(kept) in THINKING or is_client_call(kept)):
            continue  # bound to what is left out before it, and the calls to that thinking
        if block_type(kept) == "compaction" and not audience.compaction:
            continue
        if block_type(kept) in THINKING and audience.thinking == "plain":
            kept = _plain(kept, message)
        if str(number) in message.raw_inputs and message.stop_reason != StopReason.TOOL_USE:
            whole = False  # cut off inside its arguments: nobody answered it, and its input must not be guessed
        elif kept is not None:
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
    current = _settled(messages, continuing)
    if not current or (current[-1]["role"] == "assistant" and not continuing):
        current.append({"role": "user", "content": [text_block(CONTINUE_PROMPT)]})
    return current


def _settled(messages: Sequence[WireMessage], continuing: bool) -> list[WireMessage]:
    current = list(messages)
    while (following := _pass(current, continuing)) != current:
        current = following
    return current


def _pass(messages: list[WireMessage], continuing: bool) -> list[WireMessage]:
    """One round of the rules. Every round only removes, but for results of calls that have none, so rounds come to an end."""
    filtered = [{"role": message["role"], "content": list(_allowed(message))} for message in messages]
    merged = _merged(filtered)
    paired = _merged(paired_server_calls(merged, continuing))
    return paired_calls(_merged(_without_trailing_thinking(paired, continuing)))


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
            echoed = PLAIN if any(map(is_client_call, content)) else None  # it goes back with the calls, wherever it stood
            while end and block_type(content[end - 1]) in THINKING and block_type(content[end - 1]) != echoed:
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
        if index < last_fallback and (block_type(block) in THINKING or is_client_call(block)):
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
        yield cast("Block", _repaired(sendable(block) or left_out(kind)))


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
        yield sendable(part) or left_out(block_type(part))


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
    name = UNFIT.sub("_", string(block, "name"))[:_LONGEST_NAME] or "_"
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
