"""Noticing that a stream has died: no byte for too long, or the machine slept.

On a verdict the response is closed from outside, so the reader's pending read fails; nothing is cancelled. Any byte counts, pings
and halves of events included. The clock is monotonic: a wall clock that jumps changes nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING

from claude_tui.domain.errors import ErrorKind

if TYPE_CHECKING:
    import httpx2

TICK_SECONDS = 2.0
SLEEP_SECONDS = 5.0
"""A gap between the clock that runs during sleep and the one that does not: longer, and the connection is taken for dead."""
_LONGEST_PEEK = 4_096
_BOM = b"\xef\xbb\xbf"


def _slept() -> float:
    """Seconds this machine has slept since it started; 0 where no clock tells."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return 0.0 if clock is None else time.clock_gettime(clock) - time.monotonic()


class Watchdog:
    """`first`, `idle`: seconds without a byte before the first one, and after it. `verdict`: why the stream was given up.

    `on_bytes`: what else bytes are told to.
    """

    def __init__(
        self,
        close: Callable[[], Awaitable[None]],
        *,
        first: float,
        idle: float,
        slept: Callable[[], float] = _slept,
    ) -> None:
        self.verdict: tuple[ErrorKind, str] | None = None
        self.on_bytes: Callable[[], None] | None = None
        self._close = close
        self._limit = first
        self._idle = idle
        self._slept = slept
        self._asleep_before = slept()
        self._loop = asyncio.get_running_loop()
        self._heard = self._loop.time()
        self._closing: asyncio.Future[None] | None = None
        self._timer = self._loop.call_later(min(TICK_SECONDS, first), self._check)

    def heard(self) -> None:
        """Bytes came."""
        self._heard = self._loop.time()
        self._limit = self._idle
        if self.on_bytes is not None:
            self.on_bytes()

    def stop(self) -> None:
        self._timer.cancel()

    def _check(self) -> None:
        silent = self._loop.time() - self._heard
        if silent >= self._limit:
            self._give_up(ErrorKind.TIMEOUT, f"No data for {silent:.0f} s; the connection was given up.")
        elif self._slept() - self._asleep_before > SLEEP_SECONDS:
            self._give_up(ErrorKind.NETWORK, "The machine was asleep; the connection did not survive it.")
        else:
            self._timer = self._loop.call_later(min(TICK_SECONDS, self._limit - silent), self._check)

    def _give_up(self, kind: ErrorKind, sentence: str) -> None:
        self.verdict = (kind, sentence)
        self._closing = asyncio.ensure_future(self._close())


class ClosableBody:
    """The part of a response that reading events needs, with every chunk noted; a byte order mark at the start goes.

    `tail` is read behind the last byte; `ended` tells that it was. `beginning` may be asked before anything is read, and what it
    looked at is read all the same; `whole` reads the body in place of whoever reads events.
    """

    def __init__(self, response: httpx2.Response, watchdog: Watchdog, tail: bytes = b"") -> None:
        self.ended = False
        self._response = response
        self._watchdog = watchdog
        self._tail = tail
        self._chunks = self._unmarked()
        self._peeked = b""

    @property
    def shown(self) -> str:
        """What `beginning` looked at, as text."""
        return self._peeked.decode("utf-8", "replace")

    async def beginning(self) -> bytes:
        """The first bytes, up to and with one that is no white space, or as many of them as a body of white space may have."""
        async for chunk in self._chunks:
            self._peeked += chunk
            if len(self._peeked) > _LONGEST_PEEK or self._peeked.strip():
                break
        return self._peeked

    async def whole(self, limit: int) -> bytes:
        """All of the body, cut off soon after `limit` bytes."""
        body = bytearray(self._peeked)
        async for chunk in self._chunks:
            body += chunk
            if len(body) > limit:
                break
        return bytes(body)

    async def aiter_bytes(self) -> AsyncIterator[bytes]:
        if self._peeked:
            yield self._peeked
        async for chunk in self._chunks:
            yield chunk
        self.ended = True
        if self._tail:
            yield self._tail

    async def _unmarked(self) -> AsyncIterator[bytes]:
        start: bytes | None = b""  # the first bytes, until it is clear whether they are the mark
        async for chunk in self._response.aiter_bytes():
            self._watchdog.heard()
            if start is None:
                yield chunk
                continue
            start += chunk
            if len(start) >= len(_BOM) or not _BOM.startswith(start):
                yield start.removeprefix(_BOM)
                start = None
        if start:
            yield start
