"""Silence on the wire: the user is told, and pings are no answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from claude_tui.domain.events import Alive, Notice
from claude_tui.domain.messages import Outcome
from claude_tui.engine import answer as answer_module
from tests.engine.scripted import Gate, bench, started, stopped, text

TWENTY = "No data for 20 s; the answer can be interrupted, what came is kept."


async def test_a_silence_is_said_once_and_pings_do_not_end_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer_module, "STALL_CHECK_SECONDS", 0.001)
    told, gate = asyncio.Event(), Gate()
    pings = [Alive()] * 3
    one = await bench([[started(), *pings, gate, *text(0, "at last"), *stopped()]])
    one.session.subscribe(lambda event: told.set() if isinstance(event, Notice) else None)
    turn = one.session.submit("hi")
    await told.wait()
    gate.open.set()
    assert (await turn).outcome is Outcome.COMPLETED
    assert [(notice.text[:8], notice.instead_of[:8]) for notice in one.of(Notice)] == [("No data ", ""), ("Data com", "No data ")]
    await one.workspace.close()


class Hands:
    """The loop's clock, turned by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        loop = asyncio.get_running_loop()
        self._time: Callable[[], float] = loop.time
        self._ahead = 0.0
        monkeypatch.setattr(loop, "time", lambda: self._time() + self._ahead)

    async def turn(self, seconds: float) -> None:
        """Let so much time pass, and everything happen that is due then."""
        self._ahead += seconds
        for _ in range(5):
            await asyncio.sleep(0)


async def test_it_is_said_after_twenty_seconds_and_again_in_the_next_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = Gate(), Gate()
    one = await bench([[started(), *text(0, "first"), first, *text(1, "then"), second, *text(2, "last"), *stopped()]])
    hands = Hands(monkeypatch)
    turn = one.session.submit("hi")
    for gate, said in ((first, 1), (second, 2)):
        await gate.reached.wait()
        await hands.turn(2.1)  # the look that still sees what came before
        for _ in range(9):
            await hands.turn(2.1)
        assert len(one.of(Notice)) == 2 * (said - 1)
        await hands.turn(2.1)
        await hands.turn(200.0)
        assert [notice.text for notice in one.of(Notice)][::2] == [TWENTY] * said
        gate.open.set()
    assert (await turn).outcome is Outcome.COMPLETED
    assert [(notice.text, notice.instead_of) for notice in one.of(Notice)][1::2] == [("Data comes again.", TWENTY)] * 2
    await one.workspace.close()


async def test_an_interrupt_in_a_silence_takes_back_what_was_said_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer_module, "STALL_CHECK_SECONDS", 0.001)
    one = await bench([[started(), *text(0, "first"), Gate(), *stopped()]])
    one.session.subscribe(lambda event: one.session.interrupt() if isinstance(event, Notice) and event.text else None)
    assert (await one.session.submit("hi")).outcome is Outcome.INTERRUPTED
    said, taken_back = one.of(Notice)
    assert (taken_back.text, taken_back.instead_of) == ("", said.text)
    await one.workspace.close()
