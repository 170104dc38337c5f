"""Noticing that a stream has died: no byte for too long, or the machine slept.

On a verdict the response is closed from outside, so the reader's pending read fails; nothing is cancelled. Any byte counts, pings
and halves of events included. The clock is monotonic: a wall clock that jumps changes nothing. A process that was stopped itself
(SIGSTOP, Ctrl+Z) looks at what has come meanwhile before it gives anything up.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from claude_tui.domain.errors import ErrorKind
from claude_tui.providers.errors import failed

if TYPE_CHECKING:
    import httpx2

TICK_SECONDS = 2.0
SLEEP_SECONDS = 5.0
"""A gap between the clock that runs during sleep and the one that does not: longer, and the connection is taken for dead."""
PORTION = 8_000
"""Bytes of short events that are taken in before others have their turn: some 3 ms of work at 130 bytes a delta."""
_LONGEST_PEEK = 4_096
_BOM = b"\xef\xbb\xbf"


_SLEPT = "The machine was asleep; the connection did not survive it."


def slept() -> float:
    """Seconds this machine has slept since it started; 0 where no clock tells.

    Linux counts them in CLOCK_BOOTTIME alone; macOS in CLOCK_MONOTONIC, while CLOCK_UPTIME_RAW, Python's monotonic clock, stands.
    """
    boot, awake = getattr(time, "CLOCK_BOOTTIME", None), getattr(time, "CLOCK_UPTIME_RAW", None)
    if boot is not None:
        return time.clock_gettime(boot) - time.monotonic()
    return 0.0 if awake is None else time.clock_gettime(time.CLOCK_MONOTONIC) - time.clock_gettime(awake)


class Sleeps:
    """Whether the machine has slept since it was last asked: what was connected before is not to be used again."""

    def __init__(self, clock: Callable[[], float] = slept) -> None:
        self._clock = clock
        self._before = clock()

    def passed(self) -> bool:
        before, self._before = self._before, self._clock()
        return self._before - before > SLEEP_SECONDS


@asynccontextmanager
async def awake(clock: Callable[[], float] = slept) -> AsyncGenerator[None]:
    """While it is entered, a sleep of the machine ends what is waited for as a lost connection: nobody will answer any more."""
    loop, sleeps, limit = asyncio.get_running_loop(), Sleeps(clock), asyncio.timeout(None)

    def look() -> None:
        nonlocal timer
        if sleeps.passed():
            limit.reschedule(loop.time())
        else:
            timer = loop.call_later(TICK_SECONDS, look)

    timer = loop.call_later(TICK_SECONDS, look)
    try:
        async with limit:
            yield
    except TimeoutError as error:
        if not limit.expired():
            raise
        raise failed(ErrorKind.NETWORK, _SLEPT, retryable=True) from error
    finally:
        timer.cancel()


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
        slept: Callable[[], float] = slept,
    ) -> None:
        self.verdict: tuple[ErrorKind, str] | None = None
        self.on_bytes: Callable[[], None] | None = None
        self._close = close
        self._limit = first
        self._idle = idle
        self._sleeps = Sleeps(slept)
        self._loop = asyncio.get_running_loop()
        self._heard = self._loop.time()
        self._closing: asyncio.Future[None] | None = None
        self._look_after(min(TICK_SECONDS, first))

    def heard(self) -> None:
        """Bytes came."""
        self._heard = self._loop.time()
        self._limit = self._idle
        if self.on_bytes is not None:
            self.on_bytes()

    def stop(self) -> None:
        self._timer.cancel()

    def _look_after(self, seconds: float) -> None:
        self._due = self._loop.time() + seconds
        self._timer = self._loop.call_later(seconds, self._check)

    def _check(self) -> None:
        now = self._loop.time()
        silent = now - self._heard
        if self._sleeps.passed():
            self._give_up(ErrorKind.NETWORK, _SLEPT)
        elif now - self._due > TICK_SECONDS:  # it was us who stood still: what has come in the meantime is read first
            self._look_after(min(TICK_SECONDS, self._limit))
        elif silent >= self._limit:
            self._give_up(ErrorKind.TIMEOUT, f"No data for {silent:.0f} s; the connection was given up.")
        else:
            self._look_after(min(TICK_SECONDS, self._limit - silent))

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
        """The body; behind each portion of it others have their turn, since what has arrived is read without waiting."""
        if self._peeked:
            yield self._peeked
        taken = 0
        async for chunk in self._chunks:
            for portion in portions(chunk):
                if taken >= PORTION:
                    await asyncio.sleep(0)
                    taken = 0
                taken += len(portion)
                yield portion
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


def portions(chunk: bytes) -> list[bytes]:
    """The chunk, cut behind line ends into parts of about `PORTION` bytes; within a line there is nothing to be gained."""
    parts: list[bytes] = []
    start = 0
    while (end := chunk.find(b"\n", start + PORTION) + 1) and end < len(chunk):
        parts.append(chunk[start:end])
        start = end
    return [*parts, chunk[start:]]
