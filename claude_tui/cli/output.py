"""Writing to a descriptor from the event loop without ever being held up by a reader that does not read.

A reader that is gone is no error: `closed` becomes true, `on_closed` is told once, and what is written from then on goes nowhere.
So it does where writing fails (a full disk), and then `failure` says why. What goes to a terminal is filtered here once more:
nothing that is written this way is more than text.
"""

from __future__ import annotations

import asyncio
import errno
import os
import select
import stat
from collections import deque
from collections.abc import Callable

from claude_tui.domain.text import repair, safe_text

_PIECE = 4096
"""Bytes at a time: what a pipe that is ready takes without blocking (PIPE_BUF on Linux)."""
_READER_GONE = (errno.EPIPE, errno.ECONNRESET, errno.EIO)
_HIGH_SURROGATES = ("\ud800", "\udbff")


class Output:
    """Text to `fd`, in order. Make it inside the running loop."""

    def __init__(self, fd: int, on_closed: Callable[[], object] | None = None) -> None:
        self.closed = False
        self.failure: OSError | None = None
        self.is_terminal = os.isatty(fd)
        self._fd = fd
        self._on_closed = on_closed
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[memoryview] = deque()
        self._held = ""
        self._armed = False
        self._drained = asyncio.Event()
        self._drained.set()
        self._poll = _poll_of(fd)

    def on_closed(self, call: Callable[[], object]) -> None:
        """Tell `call` when the reader goes, at once if it has gone."""
        self._on_closed = call
        if self.closed:
            call()

    def write(self, text: str) -> None:
        """Queue `text`; a surrogate pair split over two calls is joined."""
        text = self._held + text
        self._held = ""
        if text and _HIGH_SURROGATES[0] <= text[-1] <= _HIGH_SURROGATES[1]:
            text, self._held = text[:-1], text[-1]
        if not text or self.closed:
            return
        text = safe_text(text) if self.is_terminal else repair(text)
        self._waiting.append(memoryview(text.encode("utf-8")))
        if not self._armed:
            self._pump()

    def _pump(self) -> None:
        try:
            while self._waiting:
                if self._poll is not None and not self._poll():
                    self._arm()
                    return
                piece = self._waiting[0]
                written = os.write(self._fd, piece[:_PIECE] if self._poll is not None else piece)
                if written == len(piece):
                    self._waiting.popleft()
                else:
                    self._waiting[0] = piece[written:]
        except OSError as error:
            self.failure = None if error.errno in _READER_GONE else error
            self._close()
        self._disarm()

    def _arm(self) -> None:
        if not self._armed:
            self._armed = True
            self._drained.clear()
            self._loop.add_writer(self._fd, self._pump)

    def _disarm(self) -> None:
        if self._armed:
            self._armed = False
            self._loop.remove_writer(self._fd)
        self._drained.set()

    def _close(self) -> None:
        self.closed = True
        self._waiting.clear()
        if self._on_closed is not None:
            self._on_closed()

    async def drain(self) -> None:
        """Wait until everything has been written or nobody reads any more."""
        if self._held:  # half a pair, and the other half never came
            self._held = ""
            self.write("\ufffd")
        await self._drained.wait()


def _poll_of(fd: int) -> Callable[[], bool] | None:
    """Whether the descriptor can take a piece now; None where writing never waits (files)."""
    mode = os.fstat(fd).st_mode
    if not hasattr(select, "poll") or not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or os.isatty(fd)):
        return None
    poll = select.poll()
    poll.register(fd, select.POLLOUT)
    return lambda: bool(poll.poll(0))
