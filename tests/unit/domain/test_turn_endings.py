"""How a turn ended is told again: by its last message, or by what was noted with it."""

import dataclasses
from typing import Any

import pytest

from claude_tui.domain.blocks import tool_result
from claude_tui.domain.errors import ErrorInfo, ErrorKind
from claude_tui.domain.events import BlockStopped, TurnEnded, TurnStarted, ending_of, noted_ending, replay
from claude_tui.domain.journal import Chunk, timings_of
from claude_tui.domain.messages import Message, Outcome, Role, Status
from claude_tui.domain.turns import is_prompt

PROMPT = Message("01p", "session", None, Role.USER, ({"type": "text", "text": "hi"},))
RESULTS = dataclasses.replace(PROMPT, id="01r", blocks=(tool_result("a", "1"),))
ANSWER = dataclasses.replace(PROMPT, id="01a", role=Role.ASSISTANT)
ERROR = ErrorInfo(ErrorKind.OVERLOADED, "busy", 529, "req_1")


def with_note(message: Message, outcome: Outcome, error: ErrorInfo | None) -> Message:
    return dataclasses.replace(message, extra={"kept": 1, **noted_ending(outcome, error)})


def endings(*messages: Message) -> list[TurnEnded]:
    return [event for event in replay(messages) if type(event) is TurnEnded]


@pytest.mark.parametrize("last", [PROMPT, RESULTS])
def test_a_turn_without_an_answer_broke_off(last: Message) -> None:
    assert ending_of(last) == (Outcome.INTERRUPTED, None)
    assert endings(PROMPT, last)[-1] == TurnEnded("session", Outcome.INTERRUPTED)


@pytest.mark.parametrize("last", [PROMPT, RESULTS, ANSWER])
@pytest.mark.parametrize(("outcome", "error"), [(Outcome.FAILED, ERROR), (Outcome.INTERRUPTED, None)])
def test_what_was_noted_counts(last: Message, outcome: Outcome, error: ErrorInfo | None) -> None:
    assert ending_of(with_note(last, outcome, error)) == (outcome, error)


def test_every_turn_has_its_own_end() -> None:
    failed = with_note(PROMPT, Outcome.FAILED, ERROR)
    assert [event.outcome for event in endings(failed, PROMPT, PROMPT, ANSWER)] == ["failed", "interrupted", "completed"]


@pytest.mark.parametrize(
    "note",
    [None, 7, {}, {"outcome": "odd"}, {"outcome": "failed", "error": {"kind": "unheard of"}}, {"outcome": "failed", "error": 3}],
)
def test_a_damaged_note_is_none(note: Any) -> None:
    assert ending_of(dataclasses.replace(PROMPT, extra={"turn_end": note})) == (Outcome.INTERRUPTED, None)


def test_the_turn_that_runs_has_no_end() -> None:
    assert list(replay([PROMPT], running=True)) == [TurnStarted("session", PROMPT)]
    assert sum(type(event) is TurnEnded for event in replay([PROMPT, ANSWER, PROMPT], running=True)) == 1


def test_prompts_are_what_the_user_said() -> None:
    assert [is_prompt(message) for message in (PROMPT, RESULTS, ANSWER)] == [True, False, False]


@pytest.mark.parametrize(
    ("timings", "seconds"),
    [(None, None), ({"block_ms": {"0": 1234}}, 1.234), ({"block_ms": {"1": 5}}, None), ({"block_ms": [1]}, None)],
)
def test_a_blocks_time_is_told_again(timings: dict[str, Any] | None, seconds: float | None) -> None:
    message = dataclasses.replace(ANSWER, timings=timings)
    assert [event for event in replay([PROMPT, message]) if type(event) is BlockStopped] == [BlockStopped(0, seconds)]


def test_an_open_block_has_a_time_and_no_end() -> None:
    message = dataclasses.replace(ANSWER, status=Status.INTERRUPTED, open_blocks=(0,), timings={"block_ms": {"0": 5}})
    assert [event for event in replay([PROMPT, message]) if type(event) is BlockStopped] == []


def test_times_can_be_read_from_the_journal() -> None:
    chunks = [
        Chunk(5, -1, "message", "[]"),
        Chunk(10, 0, "start", "{}"),
        Chunk(12, 0, "thinking", ""),
        Chunk(30, 0, "thinking", "hm"),
        Chunk(110, 0, "stop", ""),
        Chunk(120, 1, "start", "{}"),
        Chunk(150, 1, "text", "so"),
    ]
    assert timings_of(chunks) == {"ttft_ms": 30, "total_ms": 150, "block_ms": {"0": 100, "1": 30}}
    assert timings_of([]) == {"ttft_ms": None, "total_ms": 0, "block_ms": {}}
