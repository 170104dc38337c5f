"""The closed union of events: everything that happens in a turn, for the screen, standard output, the journal and tests alike.

Events are frozen and JSON-serialisable; they hold no futures and no classes of a library. Consumers `match` them and end in
`assert_never`. Promises on order stand in the docstrings; `replay` yields the same events from stored messages, one delta a block,
so whatever was shown live is shown again through the same path.

Nothing here does input or output.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal, TypeAlias, cast

from claude_tui.domain.blocks import Block, block_type, dump_json, string
from claude_tui.domain.errors import ErrorInfo
from claude_tui.domain.messages import DAMAGED, DAMAGED_SENTENCE, Message, Outcome, Role, SessionInfo, Status, Usage
from claude_tui.domain.turns import begins_turn

DeltaKind: TypeAlias = Literal["text", "thinking", "input", "signature", "citation", "other"]


# What a provider yields.


@dataclass(frozen=True, slots=True)
class MessageStarted:
    """Exactly once, first. Blocks already in the message's content follow at once as BlockStarted/BlockStopped."""

    api_id: str | None
    model: str | None
    usage: Usage | None
    extra: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class BlockStarted:
    """`number` counts 0, 1, 2 … in order of arrival; `block` is the seed, whole for blocks that arrive complete."""

    number: int
    block: Block


@dataclass(frozen=True, slots=True)
class BlockDelta:
    """After the start of its block, and after its stop only where a server sends stragglers.

    `text` carries what streams, `data` citations and deltas of unknown kinds; `data` beside a text holds the fields of its delta
    that nobody knows.
    """

    number: int
    kind: DeltaKind
    text: str = ""
    data: Any = None


@dataclass(frozen=True, slots=True)
class BlockStopped:
    """Once per started block, unless the stream fails. `seconds` since its start: the engine's measure, providers never set it."""

    number: int
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class UsageReported:
    """Cumulative counts: overwrite, never add. Any time; the last wins."""

    usage: Usage


@dataclass(frozen=True, slots=True)
class MessageStopped:
    """Last of a message, and only when it is whole. `extra`: all of the API's final delta but the stop reason."""

    stop_reason: str | None
    extra: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Alive:
    """The server said something without content (a ping). Feeds the stall watchdog; drawn nowhere."""


ProviderEvent: TypeAlias = MessageStarted | BlockStarted | BlockDelta | BlockStopped | UsageReported | MessageStopped | Alive


# What the engine adds.


@dataclass(frozen=True, slots=True)
class TurnStarted:
    """First of a turn; `message`, the prompt, is already on disk."""

    session_id: str
    message: Message


@dataclass(frozen=True, slots=True)
class RequestStarted:
    """A request goes out; its answer, if one comes, will have `message_id`. `attempt` counts from 1 for each request."""

    attempt: int
    model: str
    message_id: str


@dataclass(frozen=True, slots=True)
class RetryScheduled:
    """The attempt failed before anything was shown; the next one starts after `delay` seconds."""

    attempt: int
    delay: float
    error: ErrorInfo


@dataclass(frozen=True, slots=True)
class ToolStarted:
    """A call runs. `number` is the call's block in message `message_id`."""

    tool_use_id: str
    name: str
    message_id: str
    number: int


@dataclass(frozen=True, slots=True)
class ToolProgress:
    """Between ToolStarted and ToolFinished of the same call."""

    tool_use_id: str
    text: str


@dataclass(frozen=True, slots=True)
class ToolFinished:
    """Once per call that is answered, run or not. `result` is the API's tool_result block; `seconds` None if nothing ran."""

    tool_use_id: str
    result: Block
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class ApprovalRequested:
    """The turn waits for the user's word on this call."""

    tool_use_id: str
    name: str
    input: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ApprovalResolved:
    tool_use_id: str
    allowed: bool


@dataclass(frozen=True, slots=True)
class SessionChanged:
    """Title, model, effort or leaf changed."""

    session: SessionInfo


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence for the user that is part of no answer. With `message_id` it is about a stored message and stands beside that.

    `saved` is given where it says whether the disk takes what is written. `instead_of`: a sentence said before that is not true any
    more; an empty `text` only takes that back.
    """

    text: str
    level: Literal["info", "warning", "error"] = "info"
    message_id: str | None = None
    saved: bool | None = None
    instead_of: str = ""


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """Always the last event of a turn, whatever happens. `error` stands exactly where the outcome is `failed`."""

    session_id: str
    outcome: Outcome
    error: ErrorInfo | None = None


EngineEvent: TypeAlias = (
    TurnStarted
    | RequestStarted
    | RetryScheduled
    | ToolStarted
    | ToolProgress
    | ToolFinished
    | ApprovalRequested
    | ApprovalResolved
    | SessionChanged
    | Notice
    | TurnEnded
)
Event: TypeAlias = ProviderEvent | EngineEvent


def _plain(value: Any) -> Any:
    if isinstance(value, (Message, SessionInfo, ErrorInfo)):
        return value.to_json()
    return value.value if isinstance(value, Enum) else value


def event_json(event: Event) -> dict[str, Any]:
    """`{"type": the event's name, its fields…}`, ready for JSON."""
    data: dict[str, Any] = {"type": type(event).__name__}
    for item in dataclasses.fields(event):
        data[item.name] = _plain(getattr(event, item.name))
    return data


def replay(messages: Sequence[Message], *, running: bool = False) -> Iterator[Event]:
    """The events that these stored messages (root to leaf of one path) came from, one delta a block.

    A user message that holds tool results belongs to the turn; any other begins one. Every turn is ended, but for the last one
    where it is `running`.
    """
    session_id = messages[0].session_id if messages else ""
    last: Message | None = None
    for message in messages:
        if message.role is Role.ASSISTANT:
            yield from _damage(message)
            yield from replay_answer(message)
        elif begins_turn(message):
            if last:
                yield TurnEnded(session_id, *ending_of(last))
            yield TurnStarted(session_id, message)
            yield from _damage(message)
        else:
            yield from _damage(message)
            yield from _replay_results(message)
        last = message
    if last and not running:
        yield TurnEnded(session_id, *ending_of(last))


def _damage(message: Message) -> Iterator[Event]:
    if message.extra.get(DAMAGED):
        yield Notice(DAMAGED_SENTENCE, "warning", message.id)


_OUTCOMES = {
    Status.COMPLETE: Outcome.COMPLETED,
    Status.STREAMING: Outcome.INTERRUPTED,
    Status.INTERRUPTED: Outcome.INTERRUPTED,
    Status.FAILED: Outcome.FAILED,
}
TURN_END = "turn_end"
"""Key of `extra` in the last message of a turn whose end that message does not tell by itself."""


def ending_of(last: Message) -> tuple[Outcome, ErrorInfo | None]:
    """How the turn ended whose last message this is: as was noted, else as the message tells; without an answer it broke off."""
    given: Any = last.extra.get(TURN_END)
    if isinstance(given, dict):
        noted = cast("dict[str, Any]", given)
        try:
            error = noted.get("error")
            return Outcome(noted.get("outcome")), ErrorInfo.from_json(error) if error else None
        except (ValueError, LookupError, TypeError, AttributeError):
            pass  # damaged, or of a newer version: as if it had not been noted
    if last.role is Role.USER:
        return Outcome.INTERRUPTED, None
    return _OUTCOMES[last.status], last.error


def noted_ending(outcome: Outcome, error: ErrorInfo | None) -> dict[str, Any]:
    """What `extra` of a turn's last message has to hold for `ending_of` to give this."""
    return {TURN_END: {"outcome": outcome.value, "error": error.to_json() if error else None}}


def _replay_results(message: Message) -> Iterator[Event]:
    seconds = cast("dict[str, float]", message.extra.get("tool_seconds") or {})
    for block in message.blocks:
        if block_type(block) == "tool_result":
            call = string(block, "tool_use_id")
            yield ToolFinished(call, block, seconds.get(call))


def replay_answer(message: Message) -> Iterator[Event]:
    """The events of one assistant message, RequestStarted first."""
    yield RequestStarted(1, message.model or "", message.id)
    extra = {key: value for key, value in message.extra.items() if key != "other_deltas"}
    if message.status is not Status.COMPLETE:
        ends = {"stop_reason": message.stop_reason, "stop_details": message.stop_details}
        extra.update({key: value for key, value in ends.items() if value is not None})
    yield MessageStarted(message.api_id, message.model, message.usage, extra)
    leftovers = cast("list[list[Any]]", message.extra.get("other_deltas") or [])
    for number, block in enumerate(message.blocks):
        yield from _replay_block(message, number, block)
        yield from (BlockDelta(number, "other", data=data) for where, data in leftovers if where == number)
        if number not in message.open_blocks:
            yield BlockStopped(number, _block_seconds(message, number))
    if message.status is Status.COMPLETE:
        yield MessageStopped(message.stop_reason, {} if message.stop_details is None else {"stop_details": message.stop_details})


def _block_seconds(message: Message, number: int) -> float | None:
    given: Any = (message.timings or {}).get("block_ms")
    ms: Any = cast("dict[str, Any]", given).get(str(number)) if isinstance(given, dict) else None
    return ms / 1000 if isinstance(ms, (int, float)) else None


_STREAMED: dict[str, tuple[str, DeltaKind]] = {"text": ("text", "text"), "thinking": ("thinking", "thinking")}


def _replay_block(message: Message, number: int, block: Block) -> Iterator[Event]:
    seed: Block = block
    deltas: list[BlockDelta] = []
    key, kind = _STREAMED.get(block_type(block), ("", "other"))
    text = block.get(key)
    if isinstance(text, str) and text:
        seed = {**seed, key: ""}
        deltas.append(BlockDelta(number, kind, text))
    raw = message.raw_inputs.get(str(number))
    if raw is not None or (isinstance(block.get("input"), dict) and block["input"]):
        seed = {**seed, "input": {}}
        deltas.append(BlockDelta(number, "input", dump_json(block["input"]) if raw is None else raw))
    yield BlockStarted(number, seed)
    yield from deltas
