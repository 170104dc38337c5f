"""The one thread that uses the database: work is posted to it from the event loop and done in the order it was posted.

A result comes back as an asyncio future. Whoever stops waiting for it (a cancelled task, a closed loop) does not stop the work. The
thread is a daemon and gets a moment to finish when the interpreter exits, so it can never keep the program from ending.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from claude_tui.domain.errors import StoreError
from claude_tui.domain.journal import Chunk

T = TypeVar("T")

_EXIT_SECONDS = 2.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Work:
    run: Callable[[], object]
    future: asyncio.Future[Any]


@dataclass(frozen=True, slots=True)
class Append:
    """Chunks for the journal of one answer."""

    message_id: str
    chunks: Sequence[Chunk]
    future: asyncio.Future[None]


class Writer:
    """`append` writes appends that stood side by side in the queue and gives each one's error, None where it is on disk.

    `last` runs when the thread ends; `tick` between two jobs, or while there are none, every `interval()` seconds, never where that
    is None. All run in the thread; `unheard` runs on the loop, for an error nobody waits for any more.
    """

    def __init__(
        self,
        append: Callable[[Sequence[Append]], Sequence[StoreError | None]],
        last: Callable[[], None],
        unheard: Callable[[StoreError], None],
        tick: Callable[[], None],
        interval: Callable[[], float | None],
    ) -> None:
        self._append = append
        self._last = last
        self._unheard = unheard
        self._tick = tick
        self._interval = interval
        self._ticked = time.monotonic()
        self._jobs: SimpleQueue[_Work | Append | None] = SimpleQueue()
        self._held: list[_Work | Append | None] = []
        self._ended: list[asyncio.Future[None]] = []
        self._closed = self._over = False
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._serve, name="claude-tui-store", daemon=True)

    def start(self) -> None:
        self._thread.start()
        atexit.register(self._finish)

    def post(self, run: Callable[[], T]) -> asyncio.Future[T]:
        """Have `run` called in the thread; the future has its result or its error."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        if self._closed:
            self._settle(future, None, StoreError("The history is closed."))
        else:
            self._jobs.put(_Work(run, future))
        return future

    def append(self, message_id: str, chunks: Sequence[Chunk]) -> asyncio.Future[None]:
        """Have these chunks written; the future need not be awaited."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self._closed:
            self._settle(future, None, StoreError("The history is closed."))
        else:
            self._jobs.put(Append(message_id, chunks, future))
        return future

    async def stop(self) -> None:
        """Take no more work, do what is queued, end the thread."""
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        with self._lock:
            if self._over:
                return
            self._ended.append(ended)
        if not self._closed:
            self._closed = True
            atexit.unregister(self._finish)
            self._jobs.put(None)
        await ended

    def _finish(self) -> None:
        """At exit: what was posted is written, unless the disk does not answer in time."""
        self._closed = True
        self._jobs.put(None)
        self._thread.join(_EXIT_SECONDS)

    def _serve(self) -> None:
        while (job := self._held.pop() if self._held else self._next()) is not None:
            if isinstance(job, Append):
                batch = self._with_neighbours(job)
                for one, error in zip(batch, self._written(batch), strict=True):
                    self._deliver(one.future, None, error)
            else:
                self._work(job)
        try:
            self._last()
        finally:
            with self._lock:
                self._over = True
            for ended in self._ended:
                self._deliver(ended, None, None)

    def _next(self) -> _Work | Append | None:
        """The next job; whatever comes and however much, the tick has its turn."""
        while True:
            interval = self._interval()
            wait = None if interval is None else max(0.0, self._ticked + interval - time.monotonic())
            if wait != 0:
                try:
                    return self._jobs.get(timeout=wait)
                except Empty:
                    continue
            try:
                self._tick()
            except Exception:
                _log.exception("the tick failed")
            self._ticked = time.monotonic()

    def _written(self, batch: Sequence[Append]) -> Sequence[Exception | None]:
        try:
            return self._append(batch)
        except Exception as error:
            _log.exception("the journal could not be written")
            return [error] * len(batch)

    def _with_neighbours(self, first: Append) -> list[Append]:
        """`first` and the appends right behind it; what stands behind those is held for the next turn."""
        batch = [first]
        while not self._held:
            try:
                job = self._jobs.get_nowait()
            except Empty:
                break
            if isinstance(job, Append):
                batch.append(job)
            else:
                self._held.append(job)
        return batch

    def _work(self, job: _Work) -> None:
        try:
            result = job.run()
        except Exception as error:
            self._deliver(job.future, None, error)
        else:
            self._deliver(job.future, result, None)

    def _deliver(self, future: asyncio.Future[Any], result: object, error: Exception | None) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
            future.get_loop().call_soon_threadsafe(self._settle, future, result, error)

    def _settle(self, future: asyncio.Future[Any], result: object, error: Exception | None) -> None:
        if future.done():
            if isinstance(error, StoreError):
                self._unheard(error)
        elif error is None:
            future.set_result(result)
        else:
            future.set_exception(error)
            future.exception()  # asked for once, so that nobody has to await it
