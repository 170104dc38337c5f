"""The way out to the terminal: a thread that writes, a bounded backlog, and nothing that waits for a terminal that does not read.

Frames that find the backlog full are dropped; when the terminal has caught up, the screen is painted anew.
"""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue

MOST_WAITING = 30  # writes, as in Textual; a frame is up to three of them
END_OF_UPDATE = "\x1b[?2026l"  # a dropped frame may have been one with its end
_CHUNK = 1 << 12  # what an abandoned writer may still be at; a terminal's buffer is no larger


class FrameWriter(threading.Thread):
    """`write` may drop, `write_always` never does; both return at once.

    `drained` is called from the thread after frames were dropped and the rest has gone out, `lost` when the terminal is no more.
    """

    def __init__(self, handle: int, drained: Callable[[], None], lost: Callable[[], None], encoding: str = "utf-8") -> None:
        super().__init__(daemon=True, name="terminal-output")
        self._handle = handle
        self._drained = drained
        self._lost = lost
        self._encoding = encoding
        # SimpleQueue, as a signal's code may write in the midst of another write.
        self._queue: SimpleQueue[str | None] = SimpleQueue()
        self._put = 0
        self._done = 0
        self._dropped = False
        self._broken = False

    @property
    def backlog(self) -> int:
        """How many writes the terminal has not taken."""
        return self._put - self._done

    def write(self, data: str) -> None:
        if self.backlog >= MOST_WAITING:
            self._dropped = True
        else:
            self.write_always(data)

    def write_always(self, data: str) -> None:
        self._put += 1
        self._queue.put(data)

    def stop(self, timeout: float) -> bool:
        """Write what waits and end; whether that was possible in time."""
        self._queue.put(None)
        self.join(timeout)
        return not self.is_alive()

    def abandon(self) -> None:
        """Write nothing any more."""
        self._broken = True

    def run(self) -> None:
        while True:
            waiting, last = self._waiting()
            self._send("".join(waiting))
            self._done += len(waiting)
            if last:
                return
            if self._dropped and self._queue.empty():
                self._dropped = False
                self._send(END_OF_UPDATE)
                self._drained()

    def _waiting(self) -> tuple[list[str], bool]:
        """Everything that waits, at least one; and whether that is the end."""
        waiting: list[str] = []
        data = self._queue.get()
        while data is not None:
            waiting.append(data)
            try:
                data = self._queue.get_nowait()
            except Empty:
                return waiting, False
        return waiting, True

    def _send(self, text: str) -> None:
        view = memoryview(text.encode(self._encoding, "replace"))
        while view and not self._broken:
            try:
                view = view[os.write(self._handle, view[:_CHUNK]) :]
            except BlockingIOError:  # another program has set the shared terminal to non-blocking
                select.select([], [self._handle], [])
            except OSError:
                self._broken = True
                self._lost()
