"""Work for idle moments: done in short slices while nothing else comes, until nothing is left."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

SLICE = 0.004
"""Seconds of work until somebody else may go on."""
PAUSE = 0.012
"""Seconds of quiet before each slice: keys and frames come first."""


class Idle:
    """Calls `work` with the seconds it may take, as long as it returns that there is more to do. Nothing runs at rest."""

    def __init__(self, work: Callable[[float], bool]) -> None:
        self._work = work
        self._timer: asyncio.TimerHandle | None = None

    @property
    def at_rest(self) -> bool:
        return self._timer is None

    def wake(self) -> None:
        """There may be something to do, after a moment from now."""
        self.stop()
        self._timer = asyncio.get_running_loop().call_later(PAUSE, self._slice)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _slice(self) -> None:
        self._timer = None
        if self._work(SLICE) and self._timer is None:
            self.wake()
