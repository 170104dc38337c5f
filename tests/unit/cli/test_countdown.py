"""The countdown of a retry wait, on a loop whose time the test turns."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from claude_tui.cli.countdown import Countdown
from claude_tui.domain.errors import ErrorInfo, ErrorKind
from claude_tui.domain.events import RequestStarted, RetryScheduled

ERROR = ErrorInfo(ErrorKind.OVERLOADED, "busy")


class FakeLoop:
    """Timers in a list; `run` fires the next one and tells how long it waited."""

    def __init__(self) -> None:
        self.timers: list[tuple[float, Callable[[], None]]] = []

    def call_later(self, delay: float, call: Callable[[], None]) -> object:
        timer = (delay, call)
        self.timers.append(timer)

        class Handle:
            def cancel(_self) -> None:
                if timer in self.timers:
                    self.timers.remove(timer)

        return Handle()

    def run(self) -> float:
        delay, call = self.timers.pop(0)
        call()
        return delay


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> FakeLoop:
    fake = FakeLoop()
    monkeypatch.setattr(asyncio, "get_running_loop", lambda: fake)
    return fake


def test_every_second_is_said_once(loop: FakeLoop) -> None:
    written: list[str] = []
    countdown = Countdown(written.append)
    countdown(RetryScheduled(1, 3.25, ERROR))
    waits = [loop.run() for _ in range(3)]
    assert waits == [0.25, 1.0, 1.0]
    assert loop.timers == []
    countdown(RequestStarted(2, "m", "id"))
    assert "".join(written) == "Waiting: 3 2 1 \n"


def test_an_interrupted_wait_ends_its_line(loop: FakeLoop) -> None:
    written: list[str] = []
    countdown = Countdown(written.append)
    countdown(RetryScheduled(1, 8.0, ERROR))
    loop.run()
    countdown(RequestStarted(2, "m", "id"))
    assert loop.timers == []
    assert "".join(written) == "Waiting: 8 \n"


def test_short_waits_are_not_counted(loop: FakeLoop) -> None:
    written: list[str] = []
    countdown = Countdown(written.append)
    countdown(RetryScheduled(1, 1.9, ERROR))
    countdown(RequestStarted(2, "m", "id"))
    assert (written, loop.timers) == ([], [])
