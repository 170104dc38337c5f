"""Workspace: the façade a front end holds. Lists, opens and makes sessions."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from claude_tui.domain.errors import StoreError, UnknownSession
from claude_tui.domain.ids import new_id, timestamp
from claude_tui.domain.messages import Message, SessionInfo
from claude_tui.domain.ports import Provider, Store
from claude_tui.engine.answer import not_saved
from claude_tui.engine.session import Engine, Session
from claude_tui.engine.tooling import Toolbox
from claude_tui.engine.turn import TurnOptions


class Workspace:
    """`make_toolbox` is called once a session, since its tools are frozen with it."""

    def __init__(self, store: Store, provider: Provider, make_toolbox: Callable[[], Toolbox], options: TurnOptions) -> None:
        self.store = store
        self.provider = provider
        self._make_toolbox = make_toolbox
        self._options = options
        self._open: list[Session] = []
        store.on_failure = self._not_saved

    def new(self, *, model: str, effort: str | None = None, system: str | None = None) -> Session:
        """A session that exists on disk from its first prompt on; its lock is held from now on."""
        now = timestamp()
        info = SessionInfo(
            id=new_id(),
            model=model,
            provider=self.provider.name,
            effort=effort,
            system=system or None,
            created_at=now,
            updated_at=now,
        )
        return self._session(info, [], stored=False)

    async def open(self, id_or_prefix: str) -> Session:
        """The stored session, to be written by this process alone: SessionHeld if another one has it."""
        info = await self.store.session(id_or_prefix)
        session = self._session(info, [], stored=True)
        try:  # read behind the lock: what another process wrote meanwhile is there
            session.info = await self.store.session(info.id)
            if session.info.leaf_id is not None:
                session.path.extend(await self.store.path(session.info.leaf_id))
        except BaseException:
            await session.close()
            raise
        return session

    async def open_latest(self) -> Session | None:
        """The session updated last, None when there is none."""
        newest = await self.store.sessions(limit=1)
        with suppress(UnknownSession):  # deleted in between
            return await self.open(newest[0].id) if newest else None
        return None

    def _session(self, info: SessionInfo, path: list[Message], *, stored: bool) -> Session:
        lock = self.store.hold(info.id)
        engine = Engine(self.store, self.provider, self._make_toolbox(), self._options)
        session = Session(info, path, engine, lock, stored=stored)
        self._open.append(session)
        return session

    def _not_saved(self, error: StoreError) -> None:
        """Said at once in every session whose answer is being written: the answer goes on, the disk does not."""
        for session in self._open:
            if session.busy:
                session.emit(not_saved(error))

    async def close(self) -> None:
        """Interrupt every running turn, wait for the commits, close provider and store."""
        for session in self._open:
            await session.close()
        await self.provider.close()
        await self.store.close()
