"""The seconds until the next attempt, counted down on a line that only grows: `8 7 6 …`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from claude_tui.domain.events import Event, Notice, RequestStarted, RetryScheduled, TurnEnded


class Countdown:
    """A sink, to be subscribed before the one that writes lines, so that it ends its own line first.

    Waits shorter than two seconds need no counting.
    """

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._timer: asyncio.TimerHandle | None = None
        self._left = 0
        self._begun = False

    def __call__(self, event: Event) -> None:
        if isinstance(event, RetryScheduled):
            self._left = int(event.delay)
            if self._left >= 2:
                self._begun = False
                self._timer = asyncio.get_running_loop().call_later(event.delay - self._left, self._tick)
        elif isinstance(event, (RequestStarted, TurnEnded, Notice)):
            self._stop()

    def _tick(self) -> None:
        self._write(f"{self._left} " if self._begun else f"Waiting: {self._left} ")
        self._begun = True
        self._left -= 1
        if self._left:
            self._timer = asyncio.get_running_loop().call_later(1.0, self._tick)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            if self._begun:
                self._write("\n")
