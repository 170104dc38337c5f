"""Saves the desk (draft, queue, place) soon after it changed.

Half a second after the first unsaved change a save begins, however fast further changes come, and never while another runs. Knows
neither the screen nor what a desk is.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

_log = logging.getLogger(__name__)

SAVE_SECONDS = 0.5
"""From the first unsaved change to its save: what a killed process may lose."""
RETRY_SECONDS = 2.0
"""From a save that failed to the next."""


class Timer(Protocol):
    """What `call_later` gives back."""

    def cancel(self) -> None: ...


class Scheduler(Protocol):
    """The part of an event loop that is needed here."""

    def call_later(self, delay: float, callback: Callable[[], None], /) -> Timer: ...


class DeskKeeper:
    """`save` writes everything as it stands when it is called. `on_state` hears the error of a save that failed, once until one
    succeeds, and then None.

    `scheduler` is the running loop unless one is given.
    """

    def __init__(
        self,
        save: Callable[[], Awaitable[None]],
        on_state: Callable[[Exception | None], None],
        scheduler: Scheduler | None = None,
    ) -> None:
        self._save = save
        self._on_state = on_state
        self._scheduler = scheduler
        self._timer: Timer | None = None
        self._running: asyncio.Task[None] | None = None
        self._dirty = False
        self._overdue = False
        self._failing = False

    @property
    def clean(self) -> bool:
        """Whether all of it is on disk."""
        return not self._dirty and self._running is None

    def touch(self) -> None:
        """Something changed. O(1)."""
        self._dirty = True
        if self._timer is None and not self._overdue:
            self._arm(SAVE_SECONDS)

    async def flush(self) -> bool:
        """Save now whatever is unsaved, changes made meanwhile too; whether all of it is on disk. Does not try again by itself."""
        while not self.clean:
            await asyncio.wait([self._running or self._begin()])
            if self._failing:
                self._disarm()
                return False
        self._disarm()
        return True

    def _arm(self, delay: float) -> None:
        scheduler = self._scheduler or asyncio.get_running_loop()
        self._timer = scheduler.call_later(delay, self._due)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _due(self) -> None:
        self._timer = None
        if self._running is None:
            self._begin()
        else:
            self._overdue = True

    def _begin(self) -> asyncio.Task[None]:
        self._disarm()
        self._dirty = self._overdue = False
        self._running = asyncio.get_running_loop().create_task(self._run(), name="save the desk")
        return self._running

    async def _run(self) -> None:
        error: Exception | None = None
        try:
            await self._save()
        except Exception as failure:
            _log.warning("the desk could not be saved", exc_info=True)
            error = failure
        self._running = None
        if error is not None:
            self._dirty = True
            self._disarm()
            self._overdue = False
            self._arm(RETRY_SECONDS)
        elif self._overdue:
            self._begin()
        if (error is not None) != self._failing:
            self._failing = error is not None
            self._on_state(error)
