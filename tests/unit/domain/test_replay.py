"""What was shown live is shown again: the fold of a replay is the message; and every event is JSON."""

import dataclasses
import json
import typing
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_tui.domain import events as events_module
from claude_tui.domain.errors import ErrorInfo, ErrorKind
from claude_tui.domain.events import (
    Alive,
    ApprovalRequested,
    ApprovalResolved,
    BlockDelta,
    BlockStarted,
    BlockStopped,
    Event,
    MessageStarted,
    MessageStopped,
    Notice,
    RequestStarted,
    RetryScheduled,
    SessionChanged,
    ToolFinished,
    ToolProgress,
    ToolStarted,
    TurnEnded,
    TurnStarted,
    UsageReported,
    event_json,
    replay,
    replay_answer,
)
from claude_tui.domain.messages import Message, Outcome, Role, SessionInfo, Status
from tests.unit.domain.reading import BASE, block, ending, folded, message_of, order_problems, read, sse, start
from tests.unit.domain.streams import Wire, wires

PROMPT = Message("01p", "session", None, Role.USER, ({"type": "text", "text": "hi"},))
RESULT = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "2", "is_error": True}
ERROR = ErrorInfo(ErrorKind.OVERLOADED, "busy", 529, "req_1")

EXAMPLES: list[Event] = [
    MessageStarted("msg_1", "claude-x", {"input_tokens": 1}, {"container": {"id": "c"}}),
    BlockStarted(0, {"type": "text", "text": "\ud800"}),
    BlockDelta(0, "citation", data={"type": "char_location"}),
    BlockStopped(0),
    UsageReported({"output_tokens": 2}),
    MessageStopped("end_turn", {"stop_details": None}),
    Alive(),
    TurnStarted("session", PROMPT),
    RequestStarted(1, "claude-x", "01a"),
    RetryScheduled(1, 0.5, ERROR),
    ToolStarted("toolu_1", "calculator", "01a", 0),
    ToolProgress("toolu_1", "half"),
    ToolFinished("toolu_1", RESULT, 0.25),
    ApprovalRequested("toolu_1", "calculator", {"expression": "1+1"}),
    ApprovalResolved("toolu_1", True),
    SessionChanged(SessionInfo("session", title="t")),
    Notice("a word", "warning"),
    TurnEnded("session", Outcome.FAILED, ERROR),
]


def test_every_event_has_an_example() -> None:
    assert {type(event) for event in EXAMPLES} == set(typing.get_args(Event))


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: type(event).__name__)
def test_every_event_is_json_with_its_fields(event: Event) -> None:
    data = json.loads(json.dumps(event_json(event), allow_nan=False))
    assert data.pop("type") == type(event).__name__
    assert list(data) == [field.name for field in dataclasses.fields(event)]
    for field in dataclasses.fields(event):
        value = getattr(event, field.name)
        if isinstance(value, str | int | float | dict | None) and not isinstance(value, Outcome):
            assert data[field.name] == value


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: type(event).__name__)
def test_events_are_frozen(event: Event) -> None:
    assert event.__dataclass_params__.frozen and not hasattr(event, "__dict__")  # type: ignore[union-attr]
    assert getattr(events_module, type(event).__name__).__doc__


def compared(message: Message) -> dict[str, Any]:
    """A message but for what its row alone knows."""
    own = ("id", "session_id", "parent_id", "timings", "error", "timeline", "created_at", "role")
    return {field.name: getattr(message, field.name) for field in dataclasses.fields(message) if field.name not in own}


statuses = st.sampled_from([Status.INTERRUPTED, Status.FAILED, Status.STREAMING])


@given(wires(), st.integers(0, 60), statuses)
def test_property_the_fold_of_a_replay_is_the_message(wire: Wire, length: int, status: Status) -> None:
    events, _ = read([wire.data])
    for part in (events, events[:length]):
        message = message_of(part, None if folded(part).complete else status)
        again = list(replay_answer(message))
        assert compared(message_of(again, message.status)) == compared(message)
        assert order_problems(again[1:]) == []
        assert compared(message_of(json_round_trip(again), message.status)) == compared(message)


def json_round_trip(events: Iterable[Event]) -> list[Event]:
    """These events of a stream written as JSON and read back."""
    result: list[Event] = []
    for event in events:
        data = json.loads(json.dumps(event_json(event)))
        result.append(getattr(events_module, data.pop("type"))(**data))
    return result


def test_a_text_block_with_arguments_replays_both() -> None:
    seed = {"type": "text", "text": "", "input": {}}
    deltas = [{"type": "text_delta", "text": "t"}, {"type": "input_json_delta", "partial_json": "{]"}]
    message = message_of(read([sse([start(), *block(seed, *deltas), *ending()])])[0])
    assert message.raw_inputs == {"0": "{]"} and message.blocks[0]["text"] == "t"
    assert compared(message_of(replay_answer(message))) == compared(message)


def test_one_delta_a_block() -> None:
    message = dataclasses.replace(
        BASE, status=Status.COMPLETE, blocks=({"type": "text", "text": "abc"}, {"type": "tool_use", "id": "x", "input": {"a": 1}})
    )
    kinds = [(event.number, event.kind, event.text) for event in replay_answer(message) if type(event) is BlockDelta]
    assert kinds == [(0, "text", "abc"), (1, "input", '{"a":1}')]


def names(messages: list[Message]) -> list[str]:
    return [type(event).__name__ for event in replay(messages)]


ANSWER = ["RequestStarted", "MessageStarted", "BlockStarted", "BlockDelta", "BlockStopped", "MessageStopped"]


def answer(identity: str, status: Status = Status.COMPLETE, **fields: Any) -> Message:
    return dataclasses.replace(BASE, id=identity, status=status, blocks=({"type": "text", "text": "x"},), **fields)


def test_turns_begin_and_end() -> None:
    results = dataclasses.replace(PROMPT, id="01r", blocks=(RESULT,), extra={"tool_seconds": {"toolu_1": 0.5}})
    assert names([]) == []
    assert names([PROMPT]) == ["TurnStarted", "TurnEnded"]
    assert names([PROMPT, answer("01a")]) == ["TurnStarted", *ANSWER, "TurnEnded"]
    tool_turn = [PROMPT, answer("01a"), results, answer("01b")]
    assert names(tool_turn) == ["TurnStarted", *ANSWER, "ToolFinished", *ANSWER, "TurnEnded"]
    assert names([*tool_turn, PROMPT]) == [*names(tool_turn), "TurnStarted", "TurnEnded"]
    finished = [event for event in replay(tool_turn) if type(event) is ToolFinished]
    assert finished == [ToolFinished("toolu_1", RESULT, 0.5)]


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (Status.COMPLETE, Outcome.COMPLETED),
        (Status.STREAMING, Outcome.INTERRUPTED),
        (Status.INTERRUPTED, Outcome.INTERRUPTED),
        (Status.FAILED, Outcome.FAILED),
    ],
)
def test_the_outcome_of_a_turn(status: Status, outcome: Outcome) -> None:
    error = ERROR if status is Status.FAILED else None
    last = list(replay([PROMPT, answer("01a", status, error=error)]))[-1]
    assert last == TurnEnded("session", outcome, error)
