"""The server on a thread and loop of its own, for tests that are synchronous or drive another process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING

from .records import ARRIVED, CLOSED, FINISHED, WAIT, Question, Record, reached

if TYPE_CHECKING:
    from .server import FakeApi


class ThreadApi:
    """A FakeApi behind synchronous, thread-safe calls; a context manager."""

    def __init__(self, make: Callable[[], FakeApi]) -> None:
        self._api = make()
        self._ready = threading.Event()
        self._problem: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="fake-api", daemon=True)

    def __enter__(self) -> ThreadApi:
        self._thread.start()
        self._ready.wait(WAIT)
        if self._problem is not None:
            self._thread.join(WAIT)
            raise self._problem
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._stop is not None and self._thread.is_alive():
            self._call(self._stop.set)
        self._thread.join(WAIT)
        if error is None and self._problem is not None:
            raise self._problem

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except BaseException as problem:
            self._problem = problem
        self._ready.set()

    async def _main(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        async with self._api:
            self._ready.set()
            await self._stop.wait()

    def _call(self, function: Callable[[], object]) -> None:
        assert self._loop is not None  # noqa: S101
        self._loop.call_soon_threadsafe(function)

    @property
    def url(self) -> str:
        return self._api.url

    @property
    def port(self) -> int:
        return self._api.port

    @property
    def key(self) -> str:
        return self._api.key

    @property
    def requests(self) -> list[Record]:
        """Every request so far, in order."""
        return self._api.requests

    @property
    def calls(self) -> list[Record]:
        """The requests for an answer so far, on any wire, refused ones included; the waits below count these."""
        return self._api.calls

    def release(self, name: str) -> None:
        """Let one stream past `WaitFor(name)`."""
        self._call(lambda: self._api.release(name))

    def listen(self) -> None:
        """Take connections."""
        assert self._loop is not None  # noqa: S101
        asyncio.run_coroutine_threadsafe(self._api.listen(), self._loop).result(WAIT)

    def unlisten(self) -> None:
        """Refuse new connections."""
        assert self._loop is not None  # noqa: S101
        asyncio.run_coroutine_threadsafe(self._api.unlisten(), self._loop).result(WAIT)

    def wait_request(self, n: int = 0, timeout: float = WAIT) -> Record:
        """Until call number n (from 0) has arrived."""
        return self._wait("arrived", n, ARRIVED, timeout)

    def wait_finished(self, n: int = 0, timeout: float = WAIT) -> Record:
        """Until call number n has been answered to its end, faults included."""
        return self._wait("finished", n, FINISHED, timeout)

    def wait_closed(self, n: int = 0, timeout: float = WAIT) -> Record:
        """Until the client has left call number n before its end."""
        return self._wait("closed", n, CLOSED, timeout)

    def wait_reached(self, n: int, name: str, timeout: float = WAIT) -> Record:
        """Until the answer to call number n stands at `WaitFor(name)`."""
        return self._wait(f"reached {name}", n, reached(name), timeout)

    def _wait(self, what: str, n: int, test: Callable[[Record], bool], timeout: float) -> Record:
        question: Question = self._api.records.ask(what, n, test)
        return self._api.records.wait_in_thread(question, timeout)
