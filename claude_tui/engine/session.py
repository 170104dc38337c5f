"""A session that is open: its path, its turn, its desk, and who is told of it.

The session owns the turn's task; `interrupt` is the only thing that cancels it. One turn at a time. What is asked while a turn runs
(another model, a title) holds from the next request on, and no turn undoes it.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from enum import Enum
from typing import Any, Literal

from claude_tui.domain.blocks import Block, plain_text, text_block
from claude_tui.domain.continuing import TOO_SHORT, can_compact, going_on
from claude_tui.domain.desk import Desk
from claude_tui.domain.errors import ProviderError, StoreError
from claude_tui.domain.events import BlockDelta, Event, SessionChanged, TurnEnded, replay
from claude_tui.domain.ids import new_id, timestamp
from claude_tui.domain.messages import Message, Role, SessionInfo, Status
from claude_tui.domain.ports import SessionLock, Sink
from claude_tui.domain.text import repair, safe_line
from claude_tui.domain.turns import AboutSummary, is_prompt
from claude_tui.engine.branch import Branch, newest_page
from claude_tui.engine.compacting import compact, compact_and_go_on, continuation
from claude_tui.engine.counting import count_next
from claude_tui.engine.engine import Engine
from claude_tui.engine.record import Record, renamed
from claude_tui.engine.tasks import finished
from claude_tui.engine.turn import Turn, TurnResult
from claude_tui.engine.underway import Underway

_log = logging.getLogger(__name__)

TITLE_LENGTH = 80


class _Keep(Enum):
    KEEP = 0


KEEP: Literal[_Keep.KEEP] = _Keep.KEEP
"""Leaves a value as it is, where None is one."""


class Session:
    """Made by the Workspace. A new session is stored with its first prompt, or with the first text that lies on its desk."""

    def __init__(
        self, record: Record, branch: Branch, engine: Engine, lock: SessionLock, *, forget: Callable[[Session], None]
    ) -> None:
        self._record = record
        self._branch = branch
        self._engine = engine
        self._lock = lock
        self._forget = forget
        self._sinks: tuple[Sink, ...] = ()
        self._underway = Underway()
        self._turn: Turn | None = None
        self._task: asyncio.Task[TurnResult] | None = None
        self._entered = self._ended = False
        self._switching = False
        self._over_budget = False
        self._closed = False

    @property
    def info(self) -> SessionInfo:
        return self._record.info

    @property
    def desk(self) -> Desk:
        return self._record.desk

    @property
    def closed(self) -> bool:
        return self._closed

    @property
    def stored(self) -> bool:
        """Whether there is anything of the session on disk."""
        return self._record.stored

    # Its endpoint.

    def credentials(self) -> tuple[str, ...]:
        """Where the provider finds some, by name; none where it finds none or is not configured here."""
        with suppress(ProviderError):
            return self._engine.endpoints.get(self.info.provider).credentials()
        return ()

    def warm_up(self) -> None:
        """Have the provider load what a request needs."""
        with suppress(ProviderError):
            self._engine.endpoints.get(self.info.provider).warm_up()

    @property
    def next_info(self) -> SessionInfo:
        """As the next request finds it: with the tools that are frozen then."""
        return self.info if self.info.tools is not None else dataclasses.replace(self.info, tools=self._engine.toolbox.specs())

    async def count(self, draft: str | None = None, *, replaces: str | None = None) -> int | None:
        """As `count_next`, with the whole path."""
        await self.load()
        return await count_next(self._engine.endpoints, self._engine.options, self.next_info, self.path, draft, replaces)

    # The path.

    @property
    def path(self) -> list[Message]:
        """The known part of the path; it begins with a prompt. One list for as long as the session is open."""
        return self._branch.path

    @property
    def path_so_far(self) -> list[Message]:
        """The path, with the answer that is being received as it would stand if it were interrupted now."""
        answer = self._turn.answer if self._turn is not None else None
        return self.path if answer is None or not answer.shown else [*self.path, answer.folded(Status.INTERRUPTED)]

    @property
    def complete(self) -> bool:
        """Whether `path` begins at the root."""
        return self._branch.complete

    async def load(self) -> None:
        """Read what is missing at the beginning of the path."""
        await self._branch.load()

    def versions_of(self, message_id: str) -> tuple[str, ...]:
        """The ids of all versions of this prompt in order of creation, itself included."""
        return self._branch.versions_of(message_id)

    async def switch_version(self, prompt_id: str) -> None:
        """Stand on this version of a prompt, at the newest end of what followed it."""
        self._check_idle()
        self._switching = True
        try:
            await finished(self._switch_version(prompt_id))
        finally:
            self._switching = False

    async def _switch_version(self, prompt_id: str) -> None:
        store = self._engine.store
        leaf_id = await store.newest_leaf(prompt_id)
        page = await newest_page(store, leaf_id)
        await store.move_leaf(self.info.id, leaf_id)
        self._branch.turn_to(page)
        stored = await store.session(self.info.id)
        self._record.place(stored.leaf_id, stored.message_count, stored.status)
        self.emit(SessionChanged(self.info))

    # Who is told.

    def subscribe(self, sink: Sink) -> Callable[[], None]:
        """Events go to `sink` from the next one on; the returned function ends that, however often it is called."""
        self._sinks = (*self._sinks, sink)
        subscribed = True

        def leave() -> None:
            nonlocal subscribed
            if subscribed:
                subscribed = False
                sinks = list(self._sinks)
                sinks.remove(sink)
                self._sinks = tuple(sinks)

        return leave

    def emit(self, event: Event) -> None:
        if type(event) is not BlockDelta:
            self._ended = type(event) is TurnEnded
            self._underway.note(event)
        for sink in self._sinks:
            try:
                sink(event)
            except Exception:
                _log.exception("a sink failed on %s", type(event).__name__)

    def replay_to(self, sink: Sink) -> None:
        """The known conversation, through the path that live events take; a turn that runs, as far as it has come.

        Who subscribes before anything else happens is told the rest without a gap.
        """
        for event in replay(self.path, running=self._underway.running):
            sink(event)
        if self._underway.running:
            answer = self._turn.answer if self._turn else None
            for event in self._underway.events(self.path[-1] if self.path else None, answer):
                sink(event)

    # The turn.

    @property
    def busy(self) -> bool:
        return self._task is not None and not self._task.done()

    def _check_idle(self) -> None:
        if self._closed:
            raise RuntimeError("the session is closed")
        if self.busy or self._switching:
            raise RuntimeError("the session is busy with a turn")

    def submit(self, prompt: str | list[Block], *, replaces: str | None = None) -> asyncio.Task[TurnResult]:
        """Begin a turn; the task ends with its result, interrupted or not.

        `replaces`: id of a prompt on the path, of which this is a new version: the path is cut back to it when the new one is on
        disk. ValueError if there is no such prompt.
        """
        self._check_idle()
        parent_id = self.path[-1].id if self.path else None
        if replaces is not None:
            parent_id = self._branch.prompt(replaces).parent_id
        blocks = [text_block(repair(prompt))] if isinstance(prompt, str) else prompt
        message = Message(new_id(), self.info.id, parent_id, Role.USER, tuple(blocks), created_at=timestamp())
        return self._start(lambda: self.run_turn(message, replaces))

    def continue_turn(self, *, over_budget: bool = False) -> asyncio.Task[TurnResult]:
        """Go on from the end of the path, whatever the ending was; a conversation that is too long is compacted first.

        `over_budget`: as `allow_over_budget`. ValueError, with a sentence, where there is nothing to go on with.
        """
        self._check_idle()
        plan = going_on(self.path)
        if over_budget:
            self.allow_over_budget()
        if plan.compact:
            return self._start(lambda: compact_and_go_on(self, plan, by_api=self._compacts()))
        message = continuation(self.info.id, self.path[-1].id, plan.after, plan.blocks)
        return self._start(lambda: self.run_turn(message))

    def compact(self, instructions: str = "") -> asyncio.Task[TurnResult]:
        """Put a summary in the place of the conversation so far. ValueError, with a sentence, where there is nothing to compact."""
        self._check_idle()
        if not can_compact(self.path):
            raise ValueError(TOO_SHORT)
        return self._start(lambda: compact(self, AboutSummary(self._compacts(), instructions.strip())))

    def _compacts(self) -> bool:
        """Whether the endpoint makes summaries by itself."""
        with suppress(ProviderError):  # which the turn will say
            return self._engine.endpoints.get(self.info.provider).compacts(self.info.model or "")
        return False

    def _start(self, work: Callable[[], Awaitable[TurnResult]]) -> asyncio.Task[TurnResult]:
        async def entered() -> TurnResult:
            self._entered = True
            return await work()

        self._entered = self._ended = False
        self._task = asyncio.get_running_loop().create_task(entered())
        return self._task

    async def run_turn(self, prompt: Message, replaces: str | None = None) -> TurnResult:
        """One turn, as a part of the task that runs; none any more once the session is closed."""
        if self._closed:
            raise asyncio.CancelledError
        engine = self._engine
        self._turn = Turn(self, store=engine.store, endpoints=engine.endpoints, toolbox=engine.toolbox, options=engine.options)
        self._ended = False
        try:
            return await self._turn.run(prompt, replaces)
        finally:
            self._turn = None

    def interrupt(self) -> bool:
        """Stop the running turn; whether there was one. What came is kept; the task ends by itself.

        A turn that is telling of its end is over: a sink that cannot take the news changes nothing.
        """
        if self._task is None or self._task.done() or self._ended:
            return False
        if self._entered:
            return self._task.cancel()
        asyncio.get_running_loop().call_soon(self._task.cancel)  # a task that never ran would lose the prompt
        return True

    def when_idle(self, call: Callable[[], object]) -> None:
        """Have `call` called when the turn that runs has ended."""
        if self._task is not None:
            self._task.add_done_callback(lambda _task: call())

    def answer_approval(self, tool_use_id: str, allowed: bool) -> bool:
        """The user's word on a call that waits for it; whether one did."""
        return self._engine.toolbox.approvals.answer(tool_use_id, allowed)

    # What the turn asks.

    async def prepare(self, prompt: Message) -> bool:
        """Before a prompt is stored: the session's row, with its tools frozen and a title from the prompt."""
        facts: dict[str, Any] = {}
        if self.info.tools is None:
            facts["tools"] = self._engine.toolbox.specs()
        if not self.info.title and is_prompt(prompt):
            facts["title"] = safe_line(plain_text(prompt.blocks), TITLE_LENGTH)
        return await self._record.change(facts, create=True)

    def take(self, message: Message, replaces: str | None = None) -> None:
        """A committed message is the end of the path now."""
        left = self._branch.take(message, replaces)
        status = message.status.value if message.role is Role.ASSISTANT else self.info.status
        self._record.place(message.id, self.info.message_count - left + 1, status)

    def amend(self, message: Message) -> None:
        self._branch.amend(message)

    async def note(self, facts: dict[str, Any]) -> None:
        """Keep these with the session, in its `extra`."""
        await self._record.change({"extra": {**self.info.extra, **facts}})

    async def objection(self) -> str | None:
        """The guard's word on the next request; none once the user has allowed it all the same."""
        guard = self._engine.guard
        return await guard(self.info) if guard is not None and not self._over_budget else None

    def allow_over_budget(self, allowed: bool = True) -> None:
        """Whether requests go out without the guard being asked: from now on, until the session is closed or this is taken back."""
        self._over_budget = allowed

    async def begin_anew(self, root: Message, kept: Sequence[Message]) -> None:
        """Stand on a root of its own, beside the one of the path, and on what follows it; told as turns that have ended."""
        await finished(self._begin_anew(root, kept))

    async def _begin_anew(self, root: Message, kept: Sequence[Message]) -> None:
        for message in (root, *kept):
            await self._engine.store.add_message(message)
        self._branch.take_root(root)
        self._record.place(root.id, 1, "empty")
        for message in kept:
            self.take(message)
        for event in replay([root, *kept]):
            self.emit(event)

    # What the user changes.

    async def switch_model(
        self,
        model: str | None = None,
        effort: str | Literal[_Keep.KEEP] | None = KEEP,
        provider: str | None = None,
    ) -> None:
        """The model, effort and endpoint of the requests to come, also of a turn that runs. No model or provider leaves it.

        ProviderError where there is no such provider.
        """
        facts: dict[str, Any] = {"model": model} if model else {}
        if provider:
            facts["provider"] = self._engine.endpoints.get(provider).name
        if effort is not KEEP:
            facts["effort"] = effort or None
        await self._change(facts)

    async def rename(self, title: str) -> None:
        """ValueError where nothing can be seen of the title."""
        await self._change({"title": renamed(self.info, title).title})

    async def set_system(self, text: str | None) -> None:
        """The system prompt, None for no one. RuntimeError once the conversation has begun, for it is frozen with that."""
        if self.path or self.busy:
            raise RuntimeError("the system prompt of a session is fixed by its first request")
        await self._change({"system": text if text and text.strip() else None})

    async def _change(self, facts: dict[str, Any]) -> None:
        if self._closed:
            raise RuntimeError("the session is closed")
        if await finished(self._record.change(facts)):
            self.emit(SessionChanged(self.info))

    async def save_desk(self, desk: Desk) -> None:
        """Keep what lies on the screen. Text gets a new session its row; StoreError where it cannot be kept."""
        if self._closed:
            raise StoreError("The session is closed; what lies on its screen is not saved any more.")
        await finished(self._record.save_desk(desk))

    async def close(self) -> None:
        """Interrupt what runs, wait for its commit, and let go of the session. Nothing happens the second time."""
        self._closed = True
        self.interrupt()
        if self._task is not None and not self._task.done():
            await asyncio.wait([self._task])
        self._branch.stop_loading()
        await self._record.settled()
        self._lock.release()
        self._forget(self)
