"""A session that is open: its path, its turn, and who is told of it.

The session owns the turn's task; `interrupt` is the only thing that cancels it. One turn at a time.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Callable
from dataclasses import dataclass

from claude_tui.domain.blocks import Block, plain_text, text_block
from claude_tui.domain.events import Event, SessionChanged, TurnEnded, replay
from claude_tui.domain.ids import new_id, timestamp
from claude_tui.domain.messages import Message, Role, SessionInfo
from claude_tui.domain.ports import Provider, SessionLock, Sink, Store
from claude_tui.domain.text import repair, safe_line
from claude_tui.engine.tooling import Toolbox
from claude_tui.engine.turn import Turn, TurnOptions, TurnResult

_log = logging.getLogger(__name__)

TITLE_LENGTH = 80


@dataclass(frozen=True, slots=True)
class Engine:
    """What every session of a program shares."""

    store: Store
    provider: Provider
    toolbox: Toolbox
    options: TurnOptions


class Session:
    """Made by the Workspace. `stored`: whether its row is on disk already; a new session is stored with its first prompt."""

    def __init__(self, info: SessionInfo, path: list[Message], engine: Engine, lock: SessionLock | None, *, stored: bool) -> None:
        self.info = info
        self.path = path
        self._engine = engine
        self._lock = lock
        self._stored = stored
        self._sinks: list[Sink] = []
        self._turn: asyncio.Task[TurnResult] | None = None
        self._ended = False

    # Who is told.

    def subscribe(self, sink: Sink) -> Callable[[], None]:
        """Events go to `sink` from now on; the returned function ends that."""
        self._sinks.append(sink)
        return lambda: self._sinks.remove(sink)

    def emit(self, event: Event) -> None:
        self._ended = type(event) is TurnEnded
        for sink in self._sinks:
            try:
                sink(event)
            except Exception:
                _log.exception("a sink failed on %s", type(event).__name__)

    def replay_to(self, sink: Sink) -> None:
        """The stored conversation, through the path that live events take."""
        for event in replay(self.path):
            sink(event)

    # The turn.

    @property
    def busy(self) -> bool:
        return self._turn is not None and not self._turn.done()

    def submit(self, prompt: str | list[Block]) -> asyncio.Task[TurnResult]:
        """Begin a turn; the task ends with its result, interrupted or not."""
        if self.busy:
            raise RuntimeError("the session is busy with a turn")
        blocks = [text_block(repair(prompt))] if isinstance(prompt, str) else prompt
        self._ended = False
        self._turn = asyncio.get_running_loop().create_task(self._run(tuple(blocks)))
        return self._turn

    async def _run(self, blocks: tuple[Block, ...]) -> TurnResult:
        turn = Turn(
            self.info,
            self.path,
            store=self._engine.store,
            provider=self._engine.provider,
            toolbox=self._engine.toolbox,
            options=self._engine.options,
            emit=self.emit,
        )
        prompt = Message(
            id=new_id(),
            session_id=self.info.id,
            parent_id=self.path[-1].id if self.path else None,
            role=Role.USER,
            blocks=blocks,
            created_at=timestamp(),
        )
        result = await turn.run(prompt, self._prepare)
        self.info = turn.session
        return result

    async def _prepare(self, session: SessionInfo, prompt: Message) -> SessionInfo:
        """Before the first prompt is stored: the session's row, with its tools frozen and a title from the prompt."""
        if session.tools is None:
            session = dataclasses.replace(session, tools=self._engine.toolbox.specs())
        if not session.title:
            session = dataclasses.replace(session, title=safe_line(plain_text(prompt.blocks), TITLE_LENGTH))
        if not self._stored:
            await self._engine.store.create_session(session)
            self._stored = True
        elif session != self.info:
            await self._engine.store.update_session(session)
        self.info = session
        return session

    def interrupt(self) -> bool:
        """Stop the running turn; whether there was one. What came is kept; the task ends by itself.

        A turn that is telling of its end is over: a sink that cannot take the news changes nothing.
        """
        return self._turn is not None and not self._turn.done() and not self._ended and self._turn.cancel()

    def answer_approval(self, tool_use_id: str, allowed: bool) -> bool:
        return self._engine.toolbox.approvals.answer(tool_use_id, allowed)

    async def switch_model(self, model: str | None = None, effort: str | None = None) -> None:
        """The model and effort of the requests to come; None leaves either as it is."""
        changed = dataclasses.replace(self.info, model=model or self.info.model, effort=effort or self.info.effort)
        if changed == self.info:
            return
        self.info = changed
        if self._stored:
            await self._engine.store.update_session(changed)
        self.emit(SessionChanged(changed))

    async def close(self) -> None:
        """Interrupt what runs, wait for its commit, and let go of the session."""
        turn = self._turn
        if turn is not None and not turn.done():
            turn.cancel()
            await asyncio.wait([turn])
        if self._lock is not None:
            self._lock.release()
            self._lock = None
