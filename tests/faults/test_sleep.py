"""A machine that sleeps, and a wall clock that jumps: connections of before are not used again, and nothing depends on the date."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from claude_tui.domain import ids
from claude_tui.domain.blocks import plain_text
from claude_tui.domain.errors import ErrorKind
from claude_tui.domain.events import BlockDelta, RetryScheduled
from claude_tui.domain.messages import Outcome
from claude_tui.fakeapi import WIRES, FakeApi, Fault, Say, Script, WaitFor, WireName
from claude_tui.fakeapi.server import FakeApi as Server
from claude_tui.providers import anthropic, openai, reading, watchdog
from tests.faults.bench import GOOD, Waits, program, restarted, turn

MODEL = "claude-opus-5-5"
NIGHT = 8 * 3600.0


class Machine:
    """`slept`: for how long, all in all."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.slept = 0.0
        monkeypatch.setattr(watchdog, "TICK_SECONDS", 0.01)
        asked = partial(watchdog.Sleeps, lambda: self.slept)
        monkeypatch.setattr(anthropic, "Sleeps", asked)
        monkeypatch.setattr(openai, "Sleeps", asked)
        awake, dog = watchdog.awake, watchdog.Watchdog
        monkeypatch.setattr(reading, "awake", lambda: awake(lambda: self.slept))
        monkeypatch.setattr(reading, "Watchdog", partial(dog, slept=lambda: self.slept))

    def sleep(self, seconds: float = NIGHT) -> None:
        self.slept += seconds


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch)


@asynccontextmanager
async def counted(api: Server) -> AsyncIterator[list[object]]:
    """The connections that are made to this server."""
    made: list[object] = []
    connected = api._connected
    api._connected = lambda reader, writer: (made.append(writer), connected(reader, writer))[1]  # type: ignore[method-assign]
    async with api:
        yield made


@pytest.mark.parametrize("wire", WIRES)
async def test_connections_of_before_a_sleep_are_not_used_again(wire: WireName, tmp_path: Path, machine: Machine) -> None:
    api = FakeApi(GOOD)
    server: AbstractAsyncContextManager[list[object]] = counted(api)
    async with server as made, program(tmp_path, api.url, api.key, wire=wire) as (workspace, _):
        session = workspace.new(model=MODEL)
        for nights, connections in ((0, 1), (0, 1), (1, 2), (0, 2), (1, 3)):
            machine.sleep(nights * NIGHT)
            result, _ = await turn(session, "hi")
            assert result.outcome is Outcome.COMPLETED
            assert len(made) == connections


@pytest.mark.parametrize("wire", WIRES)
async def test_a_sleep_before_the_answer_began_is_followed_by_another_try(
    wire: WireName, tmp_path: Path, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = Waits()
    waits.patch(monkeypatch)
    async with FakeApi([Script((WaitFor("never"), Say("late"))), GOOD]) as api:
        async with program(tmp_path, api.url, api.key, wire=wire) as (workspace, _):
            session = workspace.new(model=MODEL)
            running = session.submit("hi")
            await api.wait_reached(0, "never")
            machine.sleep()
            result = await running
        await api.wait_closed(0)
    assert result.outcome is Outcome.COMPLETED and result.timings["retries"] == 1


@pytest.mark.parametrize("wire", WIRES)
async def test_a_sleep_in_the_middle_of_an_answer_keeps_what_came(wire: WireName, tmp_path: Path, machine: Machine) -> None:
    script = Script((Say("It begins ", stop=False), WaitFor("never")))
    async with FakeApi([script, GOOD]) as api:
        async with program(tmp_path, api.url, api.key, wire=wire) as (workspace, _):
            session = workspace.new(model=MODEL)
            session.subscribe(lambda event: machine.sleep() if isinstance(event, BlockDelta) else None)
            result = await session.submit("hi")
        assert result.error is not None and result.error.kind is ErrorKind.NETWORK and "asleep" in result.error.message
        assert result.answer is not None and plain_text(result.answer.blocks) == "It begins "
        await restarted(tmp_path, api.url, api.key, wire=wire)


YEAR = 365 * 86_400.0


class Wall:
    """The wall clock, which somebody sets."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ahead = 0.0
        now, now_ns = time.time, time.time_ns
        monkeypatch.setattr(time, "time", lambda: now() + self.ahead)
        monkeypatch.setattr(time, "time_ns", lambda: now_ns() + int(self.ahead * 1e9))
        wall = self

        class Date(datetime):
            @classmethod
            def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
                return datetime.fromtimestamp(now() + wall.ahead, UTC)

        monkeypatch.setattr(ids, "datetime", Date)


async def test_a_wall_clock_that_jumps_changes_neither_order_nor_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wall, waits = Wall(monkeypatch), Waits()
    waits.patch(monkeypatch)
    plan = [GOOD, Script((Fault.OVERLOADED,)), GOOD, Script((Say("It begins ", stop=False), WaitFor("go"), Say("and ends."))), GOOD]
    async with FakeApi(plan) as api, program(tmp_path, api.url, api.key) as (workspace, store):
        session = workspace.new(model=MODEL)
        await turn(session, "one")
        wall.ahead = -YEAR
        _, events = await turn(session, "two")
        assert [0.5 <= event.delay <= 1.0 for event in events if isinstance(event, RetryScheduled)] == [True]
        running = session.submit("three")
        await api.wait_reached(3, "go")
        wall.ahead = +YEAR
        api.release("go")
        result = await running
        assert result.outcome is Outcome.COMPLETED and result.timings["total_ms"] < 60_000
        wall.ahead = -YEAR
        await turn(session, "four")
        path = await store.path(session.path[-1].id)
        assert [plain_text(message.blocks) for message in path[::2]] == ["one", "two", "three", "four"]
        assert sorted(message.id for message in path) == [message.id for message in path]
        assert store.is_held(session.info.id)
        found = await store.tree(session.info.id)
        assert [message.id for message in found] == [message.id for message in path]
