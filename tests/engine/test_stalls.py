"""Silence on the wire: the user is told, and pings are no answer."""

from __future__ import annotations

import asyncio

import pytest

from claude_tui.domain.events import Alive, Notice
from claude_tui.domain.messages import Outcome
from claude_tui.engine import answer as answer_module
from tests.engine.scripted import Gate, bench, started, stopped, text


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
    assert [notice.text[:8] for notice in one.of(Notice)] == ["No data "]
    await one.workspace.close()
