"""Workspace: the façade a front end holds. Lists, opens, makes, copies, renames and deletes sessions."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

from claude_tui.domain.desk import Desk
from claude_tui.domain.errors import SessionHeld, StoreError, UnknownSession
from claude_tui.domain.ids import new_id, timestamp
from claude_tui.domain.messages import Message, SessionInfo
from claude_tui.domain.ports import Page, SessionLock, Store
from claude_tui.domain.spending import Spending
from claude_tui.engine.answer import not_saved
from claude_tui.engine.branch import Branch, newest_page
from claude_tui.engine.copying import copied
from claude_tui.engine.endpoints import Endpoints
from claude_tui.engine.engine import Engine, Guard
from claude_tui.engine.record import Record, renamed
from claude_tui.engine.session import Session
from claude_tui.engine.tooling import Toolbox
from claude_tui.engine.turn import TurnOptions
from claude_tui.engine.watch import Watch

_log = logging.getLogger(__name__)


class Workspace:
    """`make_toolbox` is called once a session, since its tools are frozen with it. `guard` is asked before every request."""

    def __init__(
        self,
        store: Store,
        endpoints: Endpoints,
        make_toolbox: Callable[[], Toolbox],
        options: TurnOptions,
        guard: Guard | None = None,
    ) -> None:
        self.store = store
        self.endpoints = endpoints
        self._make_toolbox = make_toolbox
        self._options = options
        self._guard = guard
        self._open: dict[str, Session] = {}
        self._opening = asyncio.Lock()
        self._left: set[Session] = set()
        self._closing: set[asyncio.Task[None]] = set()
        store.on_failure = self._not_saved

    # Sessions that are open.

    def new(self, *, model: str, effort: str | None = None, system: str | None = None, provider: str | None = None) -> Session:
        """A session that exists on disk from its first prompt on; its lock is held from now on. No provider: the usual one."""
        now = timestamp()
        info = SessionInfo(
            id=new_id(),
            model=model,
            provider=provider or self.endpoints.default,
            effort=effort,
            system=system or None,
            created_at=now,
            updated_at=now,
        )
        return self._made(info, Desk(), Page((), None), {}, self.store.hold(info.id), stored=False)

    async def open(self, id_or_prefix: str) -> Session:
        """The session, to be written by this process alone: SessionHeld if another one has it. Open here, it is the same object.

        Of a long one the newest page is read.
        """
        async with self._opening:
            session = self._open.get(id_or_prefix.strip().lower())
            session_id = session.info.id if session else (await self.store.session(id_or_prefix)).id
            session = self._open.get(session_id)
            if session is not None and session.closed:
                await session.close()
            elif session is not None:
                self._left.discard(session)
                return session
            return await self._open_stored(session_id)

    async def _open_stored(self, session_id: str) -> Session:
        lock = self.store.hold(session_id)
        try:  # read behind the lock: what another process wrote meanwhile is there
            info = await self.store.session(session_id)
            page = await newest_page(self.store, info.leaf_id)
            versions = await self.store.versions(info.id)
            desk = await self.store.desk(info.id)
            return self._made(info, desk, page, versions, lock, stored=True)
        except BaseException:
            lock.release()
            raise

    def _made(
        self,
        info: SessionInfo,
        desk: Desk,
        page: Page,
        versions: Mapping[str | None, tuple[str, ...]],
        lock: SessionLock,
        *,
        stored: bool,
    ) -> Session:
        engine = Engine(self.store, self.endpoints, self._make_toolbox(), self._options, self._guard)
        record, branch = Record(self.store, info, desk, stored=stored), Branch(self.store, page, versions)
        session = self._open[info.id] = Session(record, branch, engine, lock, forget=self._forget)
        return session

    async def open_latest(self) -> Session | None:
        """The session updated last, None when there is none."""
        newest = await self.store.sessions(limit=1)
        with suppress(UnknownSession):  # deleted in between
            return await self.open(newest[0].id) if newest else None
        return None

    async def adopt_unsent(self) -> Session | None:
        """The session in which text was left that was never sent, the newest one that nobody has open; None if there is none."""
        for info in await self.store.unsent():
            if info.id in self._open:
                continue
            with suppress(SessionHeld, UnknownSession):
                return await self.open(info.id)
        return None

    def _forget(self, session: Session) -> None:
        self._left.discard(session)
        if self._open.get(session.info.id) is session:
            del self._open[session.info.id]

    async def leave(self, session: Session) -> None:
        """Its view goes away: an idle session is closed, a busy one when its turn has ended, unless it is opened again before."""
        if not session.busy:
            await session.close()
            return
        self._left.add(session)
        session.when_idle(lambda: self._start_closing(session))

    def _start_closing(self, session: Session) -> None:
        task = asyncio.ensure_future(self._close_left(session))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _close_left(self, session: Session) -> None:
        if session in self._left and not session.busy:
            await self._closed(session.close())

    # Sessions that are stored.

    async def sessions(self, limit: int | None = None) -> list[SessionInfo]:
        """Updated last first."""
        return await self.store.sessions(limit=limit)

    async def spending(
        self, *, session_id: str | None = None, since: str | None = None, until: str | None = None
    ) -> list[Spending]:
        """What responses used, as `Store.spending` has it."""
        return await self.store.spending(session_id=session_id, since=since, until=until)

    async def rename(self, session_id: str, title: str) -> None:
        """Another title, open here or not; SessionHeld where another process has the session."""
        session = self._open.get(session_id)
        if session is not None:
            await session.rename(title)
            return
        async with self._opening:
            lock = self.store.hold(session_id)
            try:
                await self.store.update_session(renamed(await self.store.session(session_id), title))
            finally:
                lock.release()

    async def delete(self, session_id: str) -> None:
        """Hide the session until it is restored. Open here, it is interrupted and closed first; SessionHeld if open elsewhere."""
        session = self._open.get(session_id)
        if session is not None:
            await session.close()
            if not session.stored:
                return
        async with self._opening:
            lock = self.store.hold(session_id)
            try:
                await self.store.delete_session(session_id)
            finally:
                lock.release()

    async def restore(self, session_id: str) -> None:
        await self.store.restore_session(session_id)

    async def fork(self, session_id: str, until: str | None = None) -> Session:
        """A new session that begins as a copy of this one, up to message `until` (default: all of its current path), open.

        The copied session may be open anywhere. ValueError where it has no message `until`.
        """
        info = await self.store.session(session_id)
        path = await self.store.peek(info.id)
        if until is not None:
            if all(message.id != until for message in path):
                path = await self._other_path(info.id, until)
            path = path[: 1 + next(index for index, message in enumerate(path) if message.id == until)]
        fork, messages = copied(info, path)
        await self.store.import_session(fork, messages)
        return await self.open(fork.id)

    async def _other_path(self, session_id: str, until: str) -> list[Message]:
        try:
            path = await self.store.path(until)
        except StoreError:
            path = []
        if not path or path[-1].session_id != session_id:
            raise ValueError(f"{until} is no message of session {session_id}")
        return path

    async def watch(self, id_or_prefix: str) -> Watch:
        """A view of a session that another process has open."""
        return Watch(self.store, await self.store.session(id_or_prefix))

    # All of them.

    async def look_after(self) -> list[str]:
        """As `Store.look_after`."""
        return await self.store.look_after()

    def _not_saved(self, error: StoreError) -> None:
        """Said at once in every session whose answer is being written: the answer goes on, the disk does not."""
        for session in list(self._open.values()):
            if session.busy:
                session.emit(not_saved(error))

    def interrupt_all(self) -> None:
        """Stop every turn that runs, seen or not."""
        for session in list(self._open.values()):
            session.interrupt()

    async def close(self) -> None:
        """Interrupt every running turn, wait for the commits, close provider and store. One that fails keeps no other from it."""
        self.interrupt_all()
        for session in list(self._open.values()):
            await self._closed(session.close())
        for task in list(self._closing):
            await task
        await self._closed(self.endpoints.close())
        await self.store.close()

    @staticmethod
    async def _closed(closing: Awaitable[None]) -> None:
        try:
            await closing
        except Exception:
            _log.exception("something could not be closed")
