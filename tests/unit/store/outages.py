"""Ways in which a disk stops taking what it is given, real ones where a test can make them, and how to wait for the end of it."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from claude_tui.domain.errors import StorageOutage, StoreError
from claude_tui.store import SqliteStore, steady
from claude_tui.store.connection import Database
from tests.unit.store.samples import inside

HISTORY = "history.db"


@contextmanager
def full(data_dir: Path) -> Generator[None]:
    """No file may grow: what a full disk does, to this whole process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def moved_away(data_dir: Path) -> Generator[None]:
    """The file is gone from its place, as after a deletion, and put back."""
    (data_dir / HISTORY).rename(data_dir / "elsewhere")
    try:
        yield
    finally:
        (data_dir / "elsewhere").rename(data_dir / HISTORY)


@contextmanager
def replaced(data_dir: Path) -> Generator[None]:
    """Another file lies in its place, which nobody may touch."""
    with moved_away(data_dir):
        foreign = data_dir / HISTORY
        foreign.write_bytes(b"somebody else's" * 1000)
        before = (foreign.read_bytes(), foreign.stat().st_mtime_ns)
        yield
        assert (foreign.read_bytes(), foreign.stat().st_mtime_ns) == before
        foreign.unlink()


@contextmanager
def busy(data_dir: Path) -> Generator[None]:
    """Another process is stopped in the middle of a transaction."""
    connection = inside(data_dir)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
        connection.close()


KINDS: dict[str, Callable[[Path], Any]] = {"full": full, "moved away": moved_away, "replaced": replaced, "busy": busy}


class Ear:
    """What a front end hears of a store."""

    def __init__(self, store: SqliteStore) -> None:
        self.failures: list[StoreError] = []
        self.recoveries = 0
        self._news = asyncio.Event()
        store.on_failure = self._failed
        store.on_recovered = self._recovered

    def _failed(self, error: StoreError) -> None:
        self.failures.append(error)
        self._news.set()

    def _recovered(self) -> None:
        self.recoveries += 1
        self._news.set()

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(15):
            while not condition():
                self._news.clear()
                await self._news.wait()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is looked at and tried again all the time, and never waited for."""
    monkeypatch.setattr(steady, "RETRY_SECONDS", 0.01)
    monkeypatch.setattr(steady, "WATCH_SECONDS", 0.01)
    for name, wanted in {"BUSY_MS": 20, "_IMPATIENT_MS": 1, "_IDENTITY_SECONDS": 0.0}.items():
        monkeypatch.setattr(f"claude_tui.store.connection.{name}", wanted)


class FaultyDisk:
    """Transactions fail while `full`, or from the one on whose number is `fails_at`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.full = False
        self.fails_at: int | None = None
        self.taken = 0
        real = Database.write

        def write(database: Database, work: Any, *, durable: bool = True) -> Any:
            if database.path is not None:
                if self.full or self.taken == self.fails_at:
                    raise StorageOutage("The disk is full.")
                self.taken += 1
            return real(database, work, durable=durable)

        monkeypatch.setattr(Database, "write", write)


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch) -> FaultyDisk:
    return FaultyDisk(monkeypatch)


async def everything(store: SqliteStore) -> dict[str, Any]:
    """All that can be read of a history."""
    sessions = await store.sessions()
    unsent = await store.unsent()
    return {
        "sessions": sessions,
        "unsent": unsent,
        "trees": {one.id: await store.tree(one.id) for one in sessions},
        "paths": {one.id: await store.path(one.leaf_id) for one in sessions if one.leaf_id},
        "pages": {one.id: await store.page(one.leaf_id, 2) for one in sessions if one.leaf_id},
        "peeks": {one.id: await store.peek(one.id) for one in sessions},
        "versions": {one.id: await store.versions(one.id) for one in sessions},
        "desks": {one.id: await store.desk(one.id) for one in (*sessions, *unsent)},
        "prompts": await store.prompts(None, 100),
        "spending": await store.spending(),
        "found": await store.search("question"),
    }
