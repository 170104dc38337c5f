"""What the server saw, and waiting for it without polling.

Only the server's loop writes. Other threads read snapshots and wait on a condition; coroutines of the server's own loop wait on
futures. Every change wakes both.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from .faults import WireName
from .refusal import ApiError
from .speech import CALLS

WAIT = 30.0


@dataclass(slots=True)
class Record:
    """One request. Times are monotonic seconds. `closed_at`: the client went away before the answer was complete.

    `usage` is the last usage object the answer has told so far, as it went on the wire; None while there was none, on answers
    that are errors, and where only a fault told one.
    """

    number: int
    method: str
    path: str
    query: str
    headers: dict[str, str]
    wire: WireName = "anthropic"
    body: Any = None
    received_at: float = 0.0
    answer: int | None = None
    status: int | None = None
    error: ApiError | None = None
    usage: Mapping[str, Any] | None = None
    bytes_sent: int = 0
    finished: bool = False
    finished_at: float | None = None
    closed_at: float | None = None
    reached: list[str] = field(default_factory=list[str])

    @property
    def over(self) -> bool:
        """True when nothing more will be sent."""
        return self.finished or self.closed_at is not None

    def to_json(self) -> dict[str, Any]:
        error = self.error and {"status": self.error.status, "type": self.error.type, "message": self.error.message}
        plain = (
            "number",
            "method",
            "path",
            "query",
            "headers",
            "wire",
            "body",
            "received_at",
            "answer",
            "status",
            "usage",
            "bytes_sent",
        )
        rest = {"error": error, "finished": self.finished, "closed_at": self.closed_at, "reached": list(self.reached)}
        return {**{name: getattr(self, name) for name in plain}, **rest}


@dataclass(frozen=True, slots=True)
class Question:
    """Something to wait for."""

    what: str
    ask: Callable[[], Record | None]


ARRIVED: Callable[[Record], bool] = lambda record: True  # noqa: E731
FINISHED: Callable[[Record], bool] = lambda record: record.finished  # noqa: E731
CLOSED: Callable[[Record], bool] = lambda record: record.closed_at is not None  # noqa: E731


def reached(name: str) -> Callable[[Record], bool]:
    """The answer stands, or stood, at this gate."""
    return lambda record: name in record.reached


def redacted(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers without the key."""
    return {name: "<key>" if name in ("authorization", "x-api-key") else value for name, value in headers.items()}


class Records:
    """All requests, in order of arrival."""

    def __init__(self) -> None:
        self._rows: list[Record] = []
        self._changed = threading.Condition(threading.RLock())
        self._futures: list[asyncio.Future[None]] = []

    def add(self, method: str, path: str, query: str, headers: Mapping[str, str], wire: WireName) -> Record:
        record = Record(len(self._rows), method, path, query, redacted(headers), wire, received_at=monotonic())
        with self._changed:
            self._rows.append(record)
        return record

    def all(self) -> list[Record]:
        with self._changed:
            return list(self._rows)

    def calls(self) -> list[Record]:
        """The requests for an answer on any wire, refused ones included."""
        return [row for row in self.all() if row.method == "POST" and row.path in CALLS]

    def touch(self) -> None:
        """Something changed: wake everyone."""
        with self._changed:
            self._changed.notify_all()
        futures, self._futures = self._futures, []
        for future in futures:
            if not future.done():
                future.set_result(None)

    def ask(self, what: str, n: int, test: Callable[[Record], bool]) -> Question:
        """A question: call number n, once the test holds for it."""

        def found() -> Record | None:
            calls = self.calls()
            return calls[n] if len(calls) > n and test(calls[n]) else None

        return Question(f"call {n} {what}", found)

    async def wait(self, question: Question, timeout: float) -> Record:
        """Wait in the server's loop."""
        try:
            async with asyncio.timeout(timeout):
                while (found := question.ask()) is None:
                    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                    self._futures.append(future)
                    await future
        except TimeoutError:
            raise TimeoutError(f"{question.what}: not within {timeout} s; {self._told()}") from None
        return found

    def wait_in_thread(self, question: Question, timeout: float) -> Record:
        """Wait in any other thread."""
        with self._changed:
            found = self._changed.wait_for(question.ask, timeout)
        if found is None:
            raise TimeoutError(f"{question.what}: not within {timeout} s; {self._told()}")
        return found

    def _told(self) -> str:
        rows = [f"{row.method} {row.path} {row.status or '-'} {'over' if row.over else 'open'}" for row in self.all()]
        return f"requests so far: {rows}"
