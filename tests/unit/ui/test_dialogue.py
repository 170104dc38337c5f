"""What is sent when: the queue, prompts that nothing answered, versions, and a session that is left while it runs."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_tui.domain.blocks import text_block
from claude_tui.domain.messages import Message, Outcome, Role, Status
from claude_tui.engine.session import Session
from claude_tui.ui.dialogue import Dialogue


def message(id_: str, role: Role = Role.USER, status: Status = Status.COMPLETE) -> Message:
    return Message(id_, "s", None, role, (text_block(id_),), status=status)


class FakeSession:
    """Turns end when the test says so."""

    def __init__(self) -> None:
        self.path: list[Message] = []
        self.sent: list[tuple[str, str | None]] = []
        self.turn: asyncio.Future[Any] | None = None
        self.closed = False

    @property
    def busy(self) -> bool:
        return self.turn is not None and not self.turn.done()

    def submit(self, text: str, replaces: str | None = None) -> asyncio.Future[Any]:
        assert not self.busy
        self.sent.append((text, replaces))
        self.turn = asyncio.get_running_loop().create_future()
        return self.turn

    def interrupt(self) -> bool:
        return self.busy

    def when_idle(self, call: Any) -> None:
        assert self.turn is not None
        self.turn.add_done_callback(lambda _: call())

    async def ends(self, outcome: Outcome = Outcome.COMPLETED, *, answered: bool = True, saved: bool = True) -> None:
        assert self.turn is not None
        prompt = message(f"p{len(self.sent)}")
        answer = message(f"a{len(self.sent)}", Role.ASSISTANT) if answered else None
        if saved:
            self.path += [one for one in (prompt, answer) if one]
        self.turn.set_result(SimpleNamespace(outcome=outcome, answer=answer, messages=[prompt] if saved else []))
        await asyncio.sleep(0)


class Bench:
    def __init__(self, *, place: bool = True) -> None:
        self.unanswered: list[str] = []
        self.unsaved: list[str] = []
        self.changes = 0
        self.place = place
        self.dialogue = Dialogue(self._changed, lambda prompt: self.unanswered.append(prompt.id), self._unsaved)
        self.session = FakeSession()

    def _changed(self) -> None:
        self.changes += 1

    def _unsaved(self, text: str) -> bool:
        self.unsaved.append(text)
        return self.place

    def attach(self, **desk: Any) -> None:
        self.dialogue.attach(cast("Session", self.session), **desk)

    @property
    def sent(self) -> list[str]:
        return [text for text, _ in self.session.sent]


async def test_a_prompt_goes_at_once_and_the_next_waits_for_the_end() -> None:
    bench = Bench()
    bench.attach()
    for text in ("one", "two", "three"):
        bench.dialogue.send(text)
    assert bench.sent == ["one"] and bench.dialogue.queue == ["two", "three"]
    await bench.session.ends()
    assert bench.sent == ["one", "two"] and bench.dialogue.queue == ["three"]
    assert bench.dialogue.take_back() == "three" and bench.dialogue.take_back() is None
    await bench.session.ends()
    assert bench.sent == ["one", "two"]


@pytest.mark.parametrize("outcome", [Outcome.INTERRUPTED, Outcome.FAILED])
async def test_only_a_completed_turn_sends_the_queue(outcome: Outcome) -> None:
    bench = Bench()
    bench.attach()
    bench.dialogue.send("one")
    bench.dialogue.send("two")
    await bench.session.ends(outcome)
    assert bench.sent == ["one"] and bench.dialogue.queue == ["two"] and not bench.unanswered
    assert bench.dialogue.send_next()
    assert bench.sent == ["one", "two"]


async def test_what_was_sent_before_there_was_a_session_goes_out_before_the_old_queue() -> None:
    bench = Bench()
    bench.dialogue.send("early")
    assert not bench.dialogue.busy and not bench.dialogue.send_next()
    bench.attach(queue=("old",))
    assert bench.sent == ["early"] and bench.dialogue.queue == ["old"]


async def test_an_old_queue_waits_to_be_sent() -> None:
    bench = Bench()
    bench.attach(queue=("old",))
    assert bench.sent == []


async def test_a_prompt_that_nothing_answered_is_told_once() -> None:
    bench = Bench()
    bench.attach()
    bench.dialogue.send("one")
    await bench.session.ends(Outcome.INTERRUPTED, answered=False)
    assert bench.unanswered == ["p1"] and not bench.unsaved


@pytest.mark.parametrize("place", [True, False])
async def test_a_prompt_that_was_not_saved_is_kept_somewhere(place: bool) -> None:
    bench = Bench(place=place)
    bench.attach()
    bench.session.path = [message("p0")]
    bench.dialogue.edit("p0")
    bench.dialogue.send("one")
    assert bench.session.sent == [("one", "p0")] and bench.dialogue.editing is None
    await bench.session.ends(Outcome.FAILED, answered=False, saved=False)
    assert bench.unsaved == ["one"]
    assert bench.dialogue.queue == ([] if place else ["one"])
    assert bench.dialogue.editing == ("p0" if place else None)


async def test_a_version_of_a_prompt_that_is_gone_is_a_new_prompt() -> None:
    bench = Bench()
    bench.attach(editing="gone")
    assert bench.dialogue.editing is None
    bench.session.path = [message("p0")]
    bench.dialogue.edit("p0")
    bench.session.path = []
    bench.dialogue.send("one")
    assert bench.session.sent == [("one", None)]


async def test_a_session_that_is_left_is_not_heard_any_more() -> None:
    bench = Bench()
    bench.attach()
    bench.dialogue.send("one")
    bench.dialogue.send("two")
    bench.dialogue.detach()
    assert bench.dialogue.queue == [] and bench.dialogue.prompts() == []
    await bench.session.ends()
    assert bench.sent == ["one"] and not bench.unanswered


@pytest.mark.parametrize(("status", "sent"), [(Status.COMPLETE, ["one", "two"]), (Status.INTERRUPTED, ["one"])])
async def test_who_comes_back_to_a_running_turn_has_its_queue_sent_behind_it(status: Status, sent: list[str]) -> None:
    bench = Bench()
    bench.attach()
    bench.dialogue.send("one")
    bench.dialogue.detach()
    bench.attach(queue=("two",))
    assert bench.sent == ["one"]
    bench.session.path = [message("p1"), message("a1", Role.ASSISTANT, status)]
    assert bench.session.turn is not None
    bench.session.turn.set_result(SimpleNamespace(outcome=Outcome.COMPLETED, answer=None, messages=[]))
    await asyncio.sleep(0)
    assert bench.sent == sent


async def test_prompts_are_the_users_newest_first_without_tool_results() -> None:
    bench = Bench()
    bench.attach()
    result = Message("r", "s", None, Role.USER, ({"type": "tool_result", "tool_use_id": "t", "content": "42"},))
    bench.session.path = [message("p1"), message("a1", Role.ASSISTANT), result, message("p2")]
    assert [one.id for one in bench.dialogue.prompts()] == ["p2", "p1"]


@given(st.lists(st.sampled_from(["send", "complete", "interrupt", "take back", "next"]), max_size=40))
def test_every_prompt_is_sent_once_taken_back_or_still_waits(steps: list[str]) -> None:
    async def run() -> None:
        bench, number, back = Bench(), 0, list[str]()
        bench.attach()
        for step in steps:
            if step == "send":
                number += 1
                bench.dialogue.send(str(number))
            elif step == "take back":
                back += [text] if (text := bench.dialogue.take_back()) else []
            elif step == "next":
                bench.dialogue.send_next()
            elif bench.session.busy:
                await bench.session.ends(Outcome.COMPLETED if step == "complete" else Outcome.INTERRUPTED)
        everything = [*bench.sent, *bench.dialogue.queue, *back]
        assert sorted(everything, key=int) == [str(one + 1) for one in range(number)]

    asyncio.run(run())


async def test_a_turn_without_a_prompt_sends_the_queue_when_it_is_done_and_hands_nothing_back() -> None:
    bench = Bench()
    bench.attach(queue=("waits",))
    turn: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    asked: list[bool] = []

    def continue_turn(*, over_budget: bool) -> asyncio.Future[Any]:
        asked.append(over_budget)
        bench.session.turn = turn
        return turn

    bench.session.continue_turn = continue_turn  # type: ignore[attr-defined]
    bench.dialogue.go_on(over_budget=True)
    assert asked == [True] and bench.dialogue.busy and bench.sent == []
    goes_on = Message("c", "s", None, Role.USER, (), extra={"continues": "a"})
    turn.set_result(SimpleNamespace(outcome=Outcome.FAILED, answer=None, messages=[goes_on]))
    await asyncio.sleep(0)
    assert not bench.unanswered and not bench.unsaved and bench.dialogue.queue == ["waits"]
    turn = asyncio.get_running_loop().create_future()
    bench.dialogue.go_on()
    turn.set_result(SimpleNamespace(outcome=Outcome.FAILED, answer=None, messages=[]))
    await asyncio.sleep(0)
    assert not bench.unsaved, "there is no text to keep"
    turn = asyncio.get_running_loop().create_future()
    bench.dialogue.go_on()
    turn.set_result(SimpleNamespace(outcome=Outcome.COMPLETED, answer=message("a", Role.ASSISTANT), messages=[goes_on]))
    await asyncio.sleep(0)
    assert bench.sent == ["waits"]
