"""Whoever comes late is told what was said before, and what follows goes on from there without a gap or a word twice."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_tui.domain.errors import ErrorKind
from claude_tui.domain.events import (
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
    ToolFinished,
    ToolProgress,
    ToolStarted,
    TurnEnded,
    TurnStarted,
)
from claude_tui.domain.messages import Message, Outcome, Role, Status
from claude_tui.domain.partial import Partial
from claude_tui.engine.approvals import Policy
from tests.engine.scripted import Answer, Bench, Gate, ScriptedTool, bench, call, failure, says, started, stopped, text, thinking


class Reader:
    """A view in miniature: the messages and the tools' states it would show, made of nothing but events.

    It asserts what a view relies on: every delta in a block that began, one end a block, one end a turn.
    """

    def __init__(self) -> None:
        self._shown: list[Any] = []
        self.tools: dict[str, Any] = {}
        self.problems: list[str] = []
        self.partial: Partial | None = None
        self.request = ""
        self.running = False

    @property
    def shown(self) -> tuple[list[Any], dict[str, Any]]:
        assert not self.problems
        return self._shown, self.tools

    def __call__(self, event: Event) -> None:
        try:
            self._take(event)
        except AssertionError:
            self.problems.append(f"{type(event).__name__} out of place")

    def _take(self, event: Event) -> None:
        match event:
            case TurnStarted():
                assert not self.running
                self.running = True
                self._shown.append(("prompt", event.message.id))
            case RequestStarted():
                self._end_answer()
                self.partial, self.request = Partial(), event.message_id
            case BlockStarted():
                assert self.partial is not None and event.number == self.partial.block_count
                self.partial.apply(event)
            case BlockDelta() | BlockStopped() | MessageStarted():
                assert self.partial is not None
                self.partial.apply(event)
            case MessageStopped():
                assert self.partial is not None and not self.partial.complete
                self.partial.apply(event)
                self._end_answer()
            case ToolFinished():
                self._end_answer()
                assert event.tool_use_id not in self.tools
                self.tools[event.tool_use_id] = (event.result, event.seconds)
            case TurnEnded():
                assert self.running
                self._end_answer()
                self.running = False
                self._shown.append(("end", event.outcome, event.error))
            case _:
                if self.partial is not None:
                    self.partial.apply(event)

    def _end_answer(self) -> None:
        if self.partial is not None and self.partial.block_count:
            base = Message(self.request, "s", None, Role.ASSISTANT, ())
            message = self.partial.message(base, Status.COMPLETE)
            self._shown.append(dataclasses.replace(message, extra={}))
        self.partial = None


async def slow(_arguments: dict[str, Any]) -> str:
    await asyncio.sleep(0)
    return "done"


CALLS = [*call(1, "quick", '{"a": 1}', "a"), *call(2, "slow", "{}", "b"), *call(3, "none", "{}", "c"), *call(4, "ask", "[", "d")]
PLAIN: list[Answer] = [[started(), *thinking(0, "hm"), *text(1, "Hel", "lo ", "\ud83d", "\ude00"), *stopped()]]
TOOLS: list[Answer] = [[started(), *text(0, "I ", "look"), *CALLS, *stopped("tool_use")], says("so", " it", " is")]
BROKEN: list[Answer] = [[started(), *text(0, "half"), *text(1, "a", "b")[:2], failure(ErrorKind.SERVER, "gone")]]
REFUSED: list[Answer] = [[started(), failure(ErrorKind.AUTH, "no")]]
SCRIPTS = {"plain": PLAIN, "tools": TOOLS, "broken": BROKEN, "refused": REFUSED}


async def scripted(name: str) -> Bench:
    tools = [ScriptedTool("quick", lambda _: "1"), ScriptedTool("slow", slow), ScriptedTool("ask", lambda _: "2")]
    return await bench([says("before"), *SCRIPTS[name]], tools=tools, retries=0)


async def told(name: str, at: int | None, interrupt_at: int | None = None) -> tuple[Any, Any, int]:
    """What a reader from the start shows, what one shows that comes with event number `at`, and how many events there were."""
    one = await scripted(name)
    await one.session.submit("before")
    first, late = Reader(), Reader()
    one.session.replay_to(first)
    one.session.subscribe(first)
    count = 0

    def attach(_event: Event) -> None:
        nonlocal count
        if count == at:
            one.session.replay_to(late)
            one.session.subscribe(late)
        if count == interrupt_at:
            one.session.interrupt()
        count += 1

    one.session.subscribe(attach)
    await one.session.submit("hi")
    again = Reader()
    one.session.replay_to(again)
    assert again.shown == first.shown, "what is shown again is what was shown"
    await one.workspace.close()
    return first.shown, late.shown, count


@pytest.mark.parametrize("name", SCRIPTS)
async def test_attaching_at_any_event_shows_the_same(name: str) -> None:
    _, _, count = await told(name, None)
    for at in range(count):
        first, late, _ = await told(name, at)
        assert late == first, at


@given(st.sampled_from(sorted(SCRIPTS)), st.integers(0, 40), st.integers(0, 40))
def test_property_also_where_the_turn_is_interrupted(name: str, at: int, interrupt_at: int) -> None:
    first, late, count = asyncio.run(told(name, at, interrupt_at))
    if at < count:
        assert late == first


async def test_while_a_block_is_being_announced(monkeypatch: pytest.MonkeyPatch) -> None:
    """The row of the answer is being made: the block is not announced yet, and then it is, once."""
    one = await bench([says("Hel", "lo")])
    gate, begin, finish = Gate(), one.store.begin_message, one.store.finish_message

    async def slowly(message: Message) -> None:
        await gate.wait()
        await begin(message)

    end_gate = Gate()

    async def finish_slowly(message: Message) -> None:
        await end_gate.wait()
        await finish(message)

    monkeypatch.setattr(one.store, "begin_message", slowly)
    monkeypatch.setattr(one.store, "finish_message", finish_slowly)
    first, second, third = Reader(), Reader(), Reader()
    one.session.subscribe(first)
    turn = one.session.submit("hi")
    await gate.reached.wait()
    one.session.replay_to(second)
    one.session.subscribe(second)
    gate.open.set()
    await end_gate.reached.wait()
    one.session.replay_to(third)
    one.session.subscribe(third)
    end_gate.open.set()
    await turn
    assert first.shown == second.shown == third.shown
    await one.workspace.close()


async def replayed(one: Bench) -> list[Event]:
    events: list[Event] = []
    one.session.replay_to(events.append)
    return events


async def test_a_call_that_waits_for_a_word_is_asked_for_again() -> None:
    calls = [started(), *call(0, "t", '{"x": 1}', "a"), *stopped("tool_use")]
    one = await bench([calls, says("ok")], tools=[ScriptedTool("t", lambda _: "ran")], policies={"t": Policy.ASK}, interactive=True)
    asked = asyncio.Event()
    one.session.subscribe(lambda event: asked.set() if isinstance(event, ApprovalRequested) else None)
    turn = one.session.submit("go")
    await asked.wait()
    again = await replayed(one)
    assert again[-1] == ApprovalRequested("a", "t", {"x": 1}) and TurnEnded not in map(type, again)
    assert one.session.answer_approval("a", True)
    assert (await turn).outcome is Outcome.COMPLETED
    assert not {ApprovalRequested, ApprovalResolved} & {type(event) for event in await replayed(one)}
    await one.workspace.close()


async def test_calls_that_run_and_calls_that_are_done() -> None:
    gate = Gate()

    async def waits(_arguments: dict[str, Any]) -> str:
        await gate.wait()
        return "late"

    calls = [started(), *call(0, "quick", "{}", "a"), *call(1, "waits", "{}", "b"), *stopped("tool_use")]
    one = await bench([calls, says("ok")], tools=[ScriptedTool("quick", lambda _: "1"), ScriptedTool("waits", waits)])
    turn = one.session.submit("go")
    await gate.reached.wait()
    one.session.emit(ToolProgress("b", "a little"))
    one.session.emit(ToolProgress("b", "half"))
    one.session.emit(ToolProgress("nobody", "?"))
    tools = [event for event in await replayed(one) if isinstance(event, ToolStarted | ToolProgress | ToolFinished)]
    assert [type(event) for event in tools] == [ToolFinished, ToolStarted, ToolProgress]
    assert [event.tool_use_id for event in tools] == ["a", "b", "b"] and tools[-1] == ToolProgress("b", "half")
    gate.open.set()
    await turn
    await one.workspace.close()


async def test_a_wait_for_the_next_attempt_is_told_with_what_is_left_of_it() -> None:
    one = await bench([[started(), failure(ErrorKind.OVERLOADED, "busy", retryable=True, retry_after=30)]])
    waiting = asyncio.Event()
    one.session.subscribe(lambda event: waiting.set() if isinstance(event, RetryScheduled) else None)
    turn = one.session.submit("go")
    await waiting.wait()
    again = await replayed(one)
    assert [type(event) for event in again] == [TurnStarted, RequestStarted, RetryScheduled]
    assert isinstance(again[-1], RetryScheduled) and 29 < again[-1].delay <= 30
    one.session.interrupt()
    await turn
    assert [type(event) for event in await replayed(one)] == [TurnStarted, TurnEnded]
    await one.workspace.close()


async def test_a_sink_that_leaves_or_comes_during_an_event_disturbs_no_other() -> None:
    one = await bench([])
    seen: list[str] = []

    def first(_event: Event) -> None:
        seen.append("first")
        leave()
        leave()
        one.session.subscribe(lambda _event: seen.append("new"))

    leave = one.session.subscribe(first)
    one.session.subscribe(lambda _event: seen.append("second"))
    one.session.emit(Notice("one"))
    assert seen == ["first", "second"]
    one.session.emit(Notice("two"))
    assert seen == ["first", "second", "second", "new"]
    await one.workspace.close()


async def test_times_of_blocks_are_live_what_they_are_again() -> None:
    one = await bench([[started(), *thinking(0, "hm"), *text(1, "a"), *text(2, "cut")[:2], failure(ErrorKind.SERVER)]], retries=0)

    def stops(events: Sequence[Event]) -> list[Event]:
        return [event for event in events if isinstance(event, BlockStopped)]

    await one.session.submit("hi")
    live = stops(one.events)
    assert [event.seconds is not None for event in live] == [True, True]  # type: ignore[union-attr]
    assert stops(await replayed(one)) == live
    (stored,) = [message for message in await one.stored() if message.role is Role.ASSISTANT]
    assert set(stored.timings["block_ms"]) == {"0", "1", "2"} and stored.open_blocks == (2,)
    await one.workspace.close()
