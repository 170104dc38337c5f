"""`SqliteStore`: the history in one SQLite file, or in memory for conversations that are not to be kept."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import apsw

from claude_tui.domain.damage import BadHistory
from claude_tui.domain.desk import Desk
from claude_tui.domain.errors import StorageOutage, StoreError
from claude_tui.domain.ids import timestamp
from claude_tui.domain.journal import Chunk
from claude_tui.domain.messages import Message, SessionInfo, Status
from claude_tui.domain.ports import Page, SessionLock, Store
from claude_tui.domain.spending import Spending
from claude_tui.domain.turns import begins_turn
from claude_tui.store import checks, desks, following, ledger, locks, prompts, recovery, search, sessions, tree
from claude_tui.store.backlog import Entry, dated, weigh
from claude_tui.store.connection import Database, Sql, value
from claude_tui.store.opening import LOCKS, open_history, tolerantly
from claude_tui.store.session_locks import SessionLocks
from claude_tui.store.steady import SteadyDatabase
from claude_tui.store.writer import Append, Writer

T = TypeVar("T")

FILE_NAME = "history.db"

_log = logging.getLogger(__name__)


class SqliteStore:
    """Implements `ports.Store`. Made by `open`.

    `on_failure` is called on the event loop when the disk can no longer be written (once, until it can be again), and with
    errors of writes whose caller no longer waits; `on_recovered` when the disk has taken everything that waited for it.
    """

    def __init__(self, data_dir: Path | None) -> None:
        self.on_failure: Callable[[StoreError], None] | None = None
        self.on_recovered: Callable[[], None] | None = None
        self.recovered: tuple[str, ...] = ()
        self._folder = data_dir
        self._loop = asyncio.get_running_loop()
        self._locks = SessionLocks(data_dir / LOCKS if data_dir else None)
        self._steady = SteadyDatabase(self._open, self._tell, before_writing=self._locks.take_late)
        self._writer = Writer(self._append, self._close, self._report, self._steady.tick, lambda: self._steady.interval)
        self._presence = locks.HeldLock()
        self._failing = False
        self._ending = threading.Event()
        self._looking: asyncio.Future[list[str]] | None = None
        self._peeked: list[Message] = []

    @property
    def _database(self) -> Database:
        return self._steady.disk

    @classmethod
    async def open(cls, data_dir: Path | None, *, steady: bool = False) -> SqliteStore:
        """Open the history in this folder, creating what is missing; None keeps it in memory.

        Brings it to the present format and ends what dead processes left streaming. Raises StoreError with a sentence to show.
        `steady`: a disk that cannot be used for now is no reason to raise. `outage` is it then, and what is written goes there
        when it can.
        """
        store = cls(data_dir)
        store._writer.start()
        place = data_dir / FILE_NAME if steady and data_dir is not None else None
        try:
            await store._writer.post(lambda: store._steady.open(place))
        except BaseException:
            await store.close()
            raise
        return store

    def _open(self) -> Database:
        opened = open_history(self.path_on_disk)
        self._presence, self.recovered = opened.presence, opened.recovered
        return opened.database

    def _close(self) -> None:
        """In the thread, last of all. Closing the last connection also empties the write-ahead log."""
        try:
            self._steady.close()
        finally:
            self._presence.release()

    async def close(self) -> None:
        """Write what is queued and end. Nothing happens the second time."""
        self._ending.set()
        if self._looking is not None:
            await asyncio.wait([self._looking])
        await self._writer.stop()

    async def look_after(self, *, small_only: bool = False) -> list[str]:
        """See to copies and to whether the history is intact, where that is due, beside everything else; sentences for the user.

        `small_only`: only where it takes no more than an instant.
        """
        if self._folder is None or (self._looking is not None and not self._looking.done()):
            return []
        await self._writer.post(self._steady.tick)
        if self.outage is not None:  # opening the history anew would make one where there is none
            return []
        self._looking = asyncio.ensure_future(asyncio.to_thread(self._look_after, self._folder / FILE_NAME, small_only))
        return await asyncio.shield(self._looking)

    def _look_after(self, path: Path, small_only: bool) -> list[str]:
        from claude_tui.store import upkeep  # long after the start

        return upkeep.look_after(path, self._ending, small_only=small_only)

    # What doctor shows.

    @property
    def sqlite_version(self) -> str:
        return apsw.sqlite_lib_version()

    @property
    def path_on_disk(self) -> Path | None:
        return self._folder / FILE_NAME if self._folder else None

    @property
    def outage(self) -> StoreError | None:
        """Why nothing reaches the disk at present; None where it does."""
        return self._steady.outage

    @property
    def unsaved(self) -> bool:
        """Whether something waits for the disk, in memory alone. After `close`: whether something was lost so."""
        return self._steady.unsaved

    async def quick_check(self) -> str:
        """`ok`, or what is wrong with the file in SQLite's words."""
        return str(await self._read(lambda connection: value(connection, "PRAGMA quick_check(1)")))

    async def damaged_messages(self) -> int:
        """How many finished messages are not as they were stored."""
        return await self._read(checks.damaged_messages)

    async def search_is_whole(self) -> bool:
        """Whether every finished message can be found; `check_search` sees to it."""
        return await self._read(search.is_whole)

    # Sessions.

    def hold(self, session_id: str, *, new: bool = False) -> SessionLock:
        """Take the session's lock. What another process left streaming in it is ended before anything that is asked afterwards."""
        lock = self._locks.hold(session_id, new=new, failed=self._cannot_lock)
        if self._folder is not None and isinstance(lock, locks.HeldLock):
            held = lock
            self._writer.post(lambda: tolerantly(lambda: self._recover_held(session_id, held)))
        return lock

    def _cannot_lock(self, error: StorageOutage) -> None:
        self._writer.post(lambda: self._steady.begin_outage(error))

    def _recover_held(self, session_id: str, lock: locks.HeldLock) -> None:
        if self._steady.read(lambda connection: recovery.is_left(connection, session_id)):
            self._steady.write(lambda connection: recovery.end_all(connection, session_id, lambda: not lock.released))

    def is_held(self, session_id: str) -> bool:
        return self._locks.is_held(session_id)

    async def create_session(self, session: SessionInfo) -> None:
        session = dated(session)
        await self._write(lambda connection: sessions.create(connection, session), carries=(session,), begins=True)
        self._note_made(session.id)

    def _note_made(self, session_id: str) -> None:
        if self.outage is not None:
            self._locks.made(session_id)

    async def update_session(self, session: SessionInfo) -> None:
        at = timestamp()
        await self._write(lambda connection: sessions.update(connection, session, at), carries=(session,))

    async def move_leaf(self, session_id: str, leaf_id: str | None) -> None:
        at = timestamp()
        await self._write(lambda connection: sessions.move_leaf(connection, session_id, leaf_id, at))

    async def delete_session(self, session_id: str) -> None:
        """Hide the session from lists, look-ups and search until it is restored."""
        at = timestamp()
        await self._write(lambda connection: sessions.set_deleted(connection, session_id, at))

    async def restore_session(self, session_id: str) -> None:
        await self._write(lambda connection: sessions.set_deleted(connection, session_id, None))

    async def session(self, id_or_prefix: str) -> SessionInfo:
        return await self._read(lambda connection: sessions.find(connection, id_or_prefix))

    async def sessions(self, *, limit: int | None = None) -> list[SessionInfo]:
        return await self._read(lambda connection: sessions.newest(connection, limit))

    async def unsent(self) -> list[SessionInfo]:
        return await self._read(desks.unsent)

    async def desk(self, session_id: str) -> Desk:
        return await self._read(lambda connection: desks.load(connection, session_id))

    async def save_desk(self, session_id: str, desk: Desk) -> None:
        at = timestamp()
        await self._write(
            lambda connection: desks.save(connection, session_id, desk, at),
            durable=False,
            carries=(desk,),
            key=f"desk of {session_id}",
        )

    async def import_session(self, session: SessionInfo, messages: Sequence[Message]) -> None:
        session, kept = dated(session), tuple(dated(message) for message in messages)
        await self._write(lambda connection: sessions.import_all(connection, session, kept), carries=kept, begins=True)
        self._note_made(session.id)

    # Messages.

    async def add_message(self, message: Message) -> None:
        message, at = dated(message), timestamp()
        await self._write(lambda connection: tree.add(connection, message, at), carries=(message,), begins=begins_turn(message))

    async def begin_message(self, message: Message) -> None:
        message, at = dated(message), timestamp()
        await self._write(lambda connection: tree.add(connection, message, at), durable=False, carries=(message,))

    def append_chunks(self, message_id: str, chunks: Sequence[Chunk]) -> Awaitable[None]:
        """Queue journal chunks. Awaiting raises StoreError if they could not be written: they are kept, and tried with the next."""
        return self._writer.append(message_id, chunks)

    async def finish_message(self, message: Message) -> None:
        if message.status is Status.STREAMING:
            raise ValueError("a finished message is not streaming")

        at = timestamp()

        def run() -> None:
            chunks = self._steady.chunks
            unwritten = tuple(chunks.waiting(message.id))

            def finish(connection: Sql) -> None:
                tree.finish(connection, message, unwritten, at)

            self._steady.write(finish, about=lambda: Entry(finish, weigh(message, unwritten)))
            chunks.forget(message.id)
            self._steady.flush_chunks()

        await self._writer.post(run)

    async def set_extra(self, message_id: str, extra: Mapping[str, Any]) -> None:
        at = timestamp()
        await self._write(lambda connection: tree.set_extra(connection, message_id, extra, at), carries=(extra,))

    async def path(self, leaf_id: str) -> list[Message]:
        return await self._read(lambda connection: tree.path(connection, leaf_id))

    async def page(self, leaf_id: str, limit: int) -> Page:
        return await self._read(lambda connection: tree.page(connection, leaf_id, limit))

    async def tree(self, session_id: str) -> list[Message]:
        return await self._read(lambda connection: tree.tree(connection, session_id))

    async def prompts(self, session_id: str | None, limit: int) -> list[str]:
        return await self._read(lambda connection: prompts.newest(connection, session_id, limit))

    async def versions(self, session_id: str) -> dict[str | None, tuple[str, ...]]:
        return await self._read(lambda connection: prompts.versions(connection, session_id))

    async def newest_leaf(self, message_id: str) -> str:
        return await self._read(lambda connection: prompts.newest_leaf(connection, message_id))

    async def peek(self, session_id: str) -> list[Message]:
        return await self._read(lambda connection: self._peek(connection, session_id))

    def _peek(self, connection: Sql, session_id: str) -> list[Message]:
        """The last path that was looked at is remembered: who follows a session reads what is new of it."""
        known = self._peeked if self._peeked and self._peeked[0].session_id == session_id else []
        self._peeked = following.peek(connection, session_id, self._steady.chunks.waiting, known)
        return list(self._peeked)

    async def changed(self, session_id: str) -> object:
        return await self._read(lambda connection: following.state(connection, session_id))

    async def search(self, query: str, limit: int = 50) -> list[search.Found]:
        """The messages that hold every word of the query, newest first."""
        return await self._read(lambda connection: search.find(connection, query, limit))

    async def check_search(self) -> bool:
        """Whether the index covered every finished message; if not, it was built anew."""
        return await self._writer.post(lambda: search.check(self._steady.current))

    # The ledger.

    async def add_spending(self, spending: Spending) -> None:
        await self._write(lambda connection: ledger.enter(connection, spending), carries=(spending,))

    async def spending(
        self, *, session_id: str | None = None, since: str | None = None, until: str | None = None
    ) -> list[Spending]:
        return await self._read(lambda connection: ledger.read(connection, session_id, since, until))

    # The way to the thread.

    async def _write(
        self,
        work: Callable[[Sql], object],
        *,
        durable: bool = True,
        carries: Sequence[object] = (),
        key: str | None = None,
        begins: bool = False,
    ) -> None:
        """`work` may be run more than once. What it `carries` is weighed if it has to wait for the disk; the rest as in `Entry`."""

        def about() -> Entry:
            return Entry(work, weigh(*carries), key, begins)

        await self._writer.post(lambda: self._steady.write(work, durable=durable, about=about))

    async def _read(self, work: Callable[[Sql], T]) -> T:
        return await self._writer.post(lambda: self._steady.read(work))

    def _append(self, appends: Sequence[Append]) -> list[StoreError | None]:
        errors = self._steady.append(appends)
        error = next((error for error in errors if error and not isinstance(error, (StorageOutage, BadHistory))), None)
        if error and not self._failing:
            self._tell(error)
        self._failing = error is not None
        return errors

    def _tell(self, error: StoreError | None) -> None:
        """In the thread."""
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._recovered_from_outage if error is None else lambda: self._report(error))

    def _recovered_from_outage(self) -> None:
        self._locks.all_can_be_taken()
        if self.on_recovered:
            self.on_recovered()

    def _report(self, error: StoreError) -> None:
        if self.on_failure:
            self.on_failure(error)
        else:
            _log.error("%s", error)


if TYPE_CHECKING:
    _implements: type[Store] = SqliteStore
