"""Every fault of the fake API in every phase it can strike: what the turn ends with, what is kept, and that life goes on.

The rows come from the registry, so a new fault is tested as soon as it is there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from claude_tui.domain.blocks import plain_text
from claude_tui.domain.events import Alive, Event, MessageStopped, RetryScheduled, TurnEnded, TurnStarted
from claude_tui.domain.messages import Message, Outcome, Role, Status
from claude_tui.domain.ports import Timeouts
from claude_tui.engine.turn import TurnResult
from claude_tui.fakeapi import WIRES, FakeApi, Fault, Phase, Say, Script, Strike, WireName, at
from claude_tui.providers import watchdog
from tests.faults.bench import GOOD, PATIENT, Waits, program, restarted, turn

ROWS = [(wire, fault, phase) for wire in WIRES for fault in Fault if fault.on(wire) for phase in fault.phases]
EARLY = (Phase.BEFORE_HEADERS, Phase.START)
"""Nothing of the answer has been shown yet."""
SILENT = (Fault.STALL, Fault.STALL_WITH_PINGS)
HUGE = 3_000_000
"""Characters of the huge delta: the next request still fits the model."""
IMPATIENT = Timeouts(connect=5.0, first_byte=20.0, idle=0.25)
IMPATIENT_FROM_THE_START = Timeouts(connect=5.0, first_byte=1.0, idle=0.25)
"""Where nothing comes at all. Elsewhere, to give up before the first byte, as on a busy machine, would be another fault."""

THINKING = {"type": "thinking", "thinking": "First I look at the question."}
TEXT = {"type": "text", "text": "Here is the beginning of the answer."}
CALL = {"type": "tool_use", "name": "calculator", "input": {}}
KEPT: dict[Phase, list[dict[str, Any]]] = {
    Phase.THINKING: [{"type": "thinking", "thinking": "First I look "}],
    Phase.TEXT: [THINKING, {"type": "text", "text": "Here is the beginning "}],
    Phase.TOOL_ARGUMENTS: [THINKING, TEXT, CALL],
}


KEPT_BESIDE: dict[tuple[str, Fault], tuple[str, Any]] = {
    ("anthropic", Fault.UNKNOWN_DELTA): ("other_deltas", {"type": "hologram_delta", "hologram": "?"}),
    ("anthropic", Fault.UNKNOWN_EVENT): ("unknown_events", [{"type": "weather_report", "sky": "blue"}]),
    ("openai", Fault.UNKNOWN_DELTA): ("unknown_deltas", [{"hologram": "?"}]),
    ("openai", Fault.UNKNOWN_EVENT): ("sky", "blue"),
}
"""What the answer keeps beside its blocks of what nobody knows: the key of `extra`, and what stands there."""


def content(message: Message) -> list[dict[str, Any]]:
    """The blocks without what the server makes up."""
    made_up = {"signature", "id"}
    return [{key: value for key, value in block.items() if key not in made_up} for block in message.blocks]


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> Waits:
    waits = Waits()
    waits.patch(monkeypatch)
    monkeypatch.setattr(watchdog, "TICK_SECONDS", 0.5)  # an impatient limit is looked at as seldom as any other
    return waits


def retried(wire: WireName, fault: Fault, phase: Phase) -> bool:
    """Whether the client tries again by itself."""
    return phase in EARLY and fault.expected(phase, wire).retryable and fault is not Fault.RATE_LIMITED_HUGE


def patience(fault: Fault, phase: Phase) -> Timeouts:
    if fault not in SILENT:
        return PATIENT
    return IMPATIENT_FROM_THE_START if phase is Phase.BEFORE_HEADERS else IMPATIENT


@pytest.mark.parametrize(("wire", "fault", "phase"), ROWS, ids=[f"{wire}-{fault.label}-{phase}" for wire, fault, phase in ROWS])
async def test_fault(wire: WireName, fault: Fault, phase: Phase, tmp_path: Path, waits: Waits) -> None:
    """One retry is allowed: the first turn meets the fault twice, the next one, after a restart, once if it is retried at all."""
    again = retried(wire, fault, phase)
    strikes = 1 if fault is Fault.REFUSED else 3 if again else 1
    script = at(fault, phase, size=HUGE) if fault is Fault.HUGE_DELTA else at(fault, phase)
    async with FakeApi([*[script] * strikes, GOOD, GOOD, GOOD]) as api:
        timeouts = patience(fault, phase)
        async with program(tmp_path, api.url, api.key, timeouts=timeouts, wire=wire) as (workspace, store):
            session = workspace.new(model="claude-opus-5-5")
            result, events = await turn(session, "What is 6 * 7?")
            stored = await store.path(session.path[-1].id)
        assert [message.to_json() for message in stored] == [message.to_json() for message in result.messages]
        check_order(events, result)
        if fault.expected(phase, wire).outcome == "completed":
            check_completed(wire, fault, phase, result)
        else:
            check_failed(wire, fault, phase, result)
        assert result.timings["retries"] == len([one for one in events if isinstance(one, RetryScheduled)]) == int(again)
        if fault is Fault.REFUSED:
            waits.then = api.listen
        following = await restarted(tmp_path, api.url, api.key, timeouts=timeouts, wire=wire)
        assert following.timings["retries"] == int(again)
        assert [call.error for call in api.calls if call.status == 400 and call.error is not None and fault.lossless] == []


def check_order(events: list[Event], result: TurnResult) -> None:
    assert isinstance(events[0], TurnStarted)
    last = events[-1]
    assert isinstance(last, TurnEnded) and (last.outcome, last.error) == (result.outcome, result.error)
    whole = [message for message in result.messages if message.role is Role.ASSISTANT and message.status is Status.COMPLETE]
    assert len([event for event in events if isinstance(event, MessageStopped)]) == len(whole)


def check_completed(wire: WireName, fault: Fault, phase: Phase, result: TurnResult) -> None:
    assert (result.outcome, result.error) == (Outcome.COMPLETED, None)
    answer = result.messages[1]
    assert answer.status is Status.COMPLETE and not answer.open_blocks
    huge = "huge " * (HUGE // 5) if fault is Fault.HUGE_DELTA else ""
    assert plain_text(answer.blocks) == f"Here is the beginning {huge}of the answer."
    if phase is Phase.TOOL_ARGUMENTS:
        assert answer.blocks[-1]["input"] == {"expression": "6 * 7"}
        (tool_result,) = result.messages[2].blocks
        assert tool_result["content"] == "42"
        assert answer.stop_reason == "tool_use" and len(result.messages) == 4
    else:
        assert answer.stop_reason == "end_turn" and len(result.messages) == 2
    key, kept = KEPT_BESIDE.get((wire, fault), ("", None))
    assert answer.extra.get(key) == kept if fault is not Fault.UNKNOWN_DELTA or wire == "openai" else kept in answer.extra[key][0]


def check_failed(wire: WireName, fault: Fault, phase: Phase, result: TurnResult) -> None:
    expected = fault.expected(phase, wire)
    assert result.outcome is Outcome.FAILED
    assert result.error is not None and result.error.kind == expected.kind, result.error
    assert result.error.message
    assert (result.answer is None) is (phase in EARLY)
    if result.answer is not None:
        assert (result.answer.status, result.answer.error) == (Status.FAILED, result.error)
        assert content(result.answer) == KEPT[phase]
        assert result.answer.open_blocks == (len(KEPT[phase]) - 1,)
        raw = {"2": '{"expression": '} if phase is Phase.TOOL_ARGUMENTS else {}
        assert result.answer.raw_inputs == raw


async def test_a_fault_is_retried_at_most_as_often_as_set_and_with_growing_waits(tmp_path: Path, waits: Waits) -> None:
    plan = [Script((Fault.OVERLOADED,))] * 9
    async with FakeApi(plan) as api, program(tmp_path, api.url, api.key, retries=6) as (workspace, _):
        result, events = await turn(workspace.new(model="claude-opus-5-5"), "hi")
        assert len(api.calls) == 7
    assert result.timings["retries"] == 6
    assert waits.seconds == sorted(waits.seconds) and waits.seconds[0] >= 0.5 and waits.seconds[-1] <= 8.0
    assert [event.attempt for event in events if isinstance(event, RetryScheduled)] == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    ("header", "low", "high"),
    [
        ("0", 0.0, 0.0),
        ("1", 1.0, 1.0),
        ("60", 60.0, 60.0),
        ("1.5", 1.5, 1.5),
        ("date:+2", 0.0, 2.0),
        ("date:-9", 0.0, 0.0),
        ("soon", 0.5, 1.0),
    ],
)
async def test_the_server_says_how_long_to_wait(header: str, low: float, high: float, tmp_path: Path, waits: Waits) -> None:
    plan = [Script((Fault.RATE_LIMITED(retry_after=header),)), GOOD]
    async with FakeApi(plan) as api, program(tmp_path, api.url, api.key) as (workspace, _):
        result, _ = await turn(workspace.new(model="claude-opus-5-5"), "hi")
    assert result.outcome is Outcome.COMPLETED
    assert len(waits.seconds) == 1 and low <= waits.seconds[0] <= high


@pytest.mark.parametrize(("header", "words"), [("61", "61 seconds"), ("86400", "24.0 hours"), ("date:+3000", "minutes")])
async def test_a_wait_that_is_too_long_ends_the_turn_and_says_when(header: str, words: str, tmp_path: Path, waits: Waits) -> None:
    plan = [Script((Fault.RATE_LIMITED(retry_after=header),)), GOOD]
    async with FakeApi(plan) as api, program(tmp_path, api.url, api.key) as (workspace, _):
        result, _ = await turn(workspace.new(model="claude-opus-5-5"), "hi")
        assert len(api.calls) == 1
    assert result.error is not None and words in result.error.message
    assert waits.seconds == []


async def test_pings_alone_keep_an_answer_alive_until_it_is_interrupted(tmp_path: Path) -> None:
    """Any byte counts against a stall, so the answer outlives the limit many times over."""
    pings = Strike(Fault.STALL_WITH_PINGS, {"every": 0.02})
    script = Script((Say("It begins ", stop=False), pings))
    async with FakeApi([script, GOOD]) as api:
        async with program(tmp_path, api.url, api.key, timeouts=Timeouts(5.0, 0.2, 0.2)) as (workspace, _):
            session = workspace.new(model="claude-opus-5-5")
            alive = 0

            def count(event: Event) -> None:
                nonlocal alive
                alive += isinstance(event, Alive)
                if alive == 30:
                    session.interrupt()

            session.subscribe(count)
            result, _ = await turn(session, "hi")
            await api.wait_closed(0)
        assert result.outcome is Outcome.INTERRUPTED
        assert result.answer is not None and result.answer.blocks == ({"type": "text", "text": "It begins "},)
        await restarted(tmp_path, api.url, api.key)
