"""Histories that were interrupted in every way, on two wires: the next request is always one that the API takes.

The engine itself runs, on a history in memory: scripted answers are cut at some event, the program is left or dies, is opened
again, goes on, compacts, edits, forks, changes the endpoint. No request may be refused, and at the end each endpoint must answer a
plain prompt. What is stored is compared with what was stored before: nothing that is sent may change it.
"""

from __future__ import annotations

import asyncio
import copy
import logging
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from claude_tui.domain.blocks import block_type
from claude_tui.domain.errors import StoreError
from claude_tui.domain.history import Audience, build, normalise
from claude_tui.domain.messages import Message, Outcome, Role
from claude_tui.domain.ports import Timeouts, ToolOutput, ToolSpec
from claude_tui.domain.turns import is_prompt
from claude_tui.engine.approvals import Approvals, Policy
from claude_tui.engine.endpoints import Endpoints
from claude_tui.engine.tooling import Toolbox
from claude_tui.engine.turn import TurnOptions, TurnResult
from claude_tui.engine.workspace import Workspace
from claude_tui.fakeapi import Block, Say, Script
from claude_tui.store import recovery
from claude_tui.store.sqlite import SqliteStore
from claude_tui.tools.schema import problems
from scripts.trials.answers import MEDIA, Author, found, left_open
from scripts.trials.endpoint import OTHER, WAYS, Cut, Endpoint, Plan
from scripts.trials.result import Result, failure
from scripts.trials.result import Say as Tell

NAME = "histories"
BY_HAND = 10_000
CI = 500
ENOUGH = 20
ANTHROPIC = "anthropic"
NAMES = (ANTHROPIC, OTHER)
MODEL = "claude-opus-5-5"
_STORE = 200
"""Histories that share a store."""
_OPTIONS = TurnOptions(max_tokens=1000, retries=0, max_requests=4, timeouts=Timeouts())


class Mortal:
    """The store as a process sees it that may die: from then on nothing of what it writes gets anywhere."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store
        self.dead = False
        self.on_failure: Callable[[StoreError], None] | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def append_chunks(self, message_id: str, chunks: Any) -> Awaitable[None]:
        if self.dead:
            nothing: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            nothing.set_result(None)
            return nothing
        return self._store.append_chunks(message_id, chunks)

    async def finish_message(self, message: Message) -> None:
        self._lives()
        await self._store.finish_message(message)

    async def add_message(self, message: Message) -> None:
        self._lives()
        await self._store.add_message(message)

    async def begin_message(self, message: Message) -> None:
        self._lives()
        await self._store.begin_message(message)

    async def set_extra(self, message_id: str, extra: Any) -> None:
        self._lives()
        await self._store.set_extra(message_id, extra)

    async def update_session(self, session: Any) -> None:
        self._lives()
        await self._store.update_session(session)

    async def add_spending(self, spending: Any) -> None:
        self._lives()
        await self._store.add_spending(spending)

    def _lives(self) -> None:
        if self.dead:
            raise StoreError("The process is dead.")


class Calculator:
    """A tool whose results are of every kind; sometimes the turn is interrupted while it runs."""

    spec = ToolSpec("calculator", "counts", {"type": "object", "properties": {"expression": {"type": "string"}}})

    def __init__(self, dice: random.Random, interrupt: Callable[[], object]) -> None:
        self._dice = dice
        self._interrupt = interrupt

    async def run(self, arguments: dict[str, Any], progress: Callable[[str], None]) -> ToolOutput:
        match self._dice.randrange(8):
            case 0:
                self._interrupt()
                await asyncio.Event().wait()
            case 1:
                raise RuntimeError("\ud83d")
            case 2:
                return ToolOutput([{"type": "text", "text": " "}, dict(MEDIA[0])])
            case 3:
                return ToolOutput("", is_error=True)
            case _:
                pass
        return ToolOutput(self._dice.choice(("1", "", "\ud83d", " \n")))


class Story:
    """One history and the program around it."""

    def __init__(self, seed: int, store: SqliteStore) -> None:
        self.dice = random.Random(seed)
        self.author = Author(self.dice)
        self.store = store
        self.plan = Plan(self.author.script, self._interrupt, self._die)
        echo = self.dice.choice(("refuse", "allow", "require"))
        made = {name: Endpoint(name, self.plan, echo) for name in NAMES}
        self.claude = made[ANTHROPIC].messages
        self.endpoints = Endpoints(made.__getitem__, NAMES, ANTHROPIC)
        self.known: dict[str, tuple[Any, ...]] = {}
        self.did: list[str] = []
        self._begin()
        self.session = self.workspace.new(model=MODEL)

    def _begin(self) -> None:
        """The program, started."""
        self.process = Mortal(self.store)

        def toolbox() -> Toolbox:
            policies = {"calculator": self.dice.choice((Policy.ALLOW, Policy.ALLOW, Policy.DENY))}
            return Toolbox(
                {"calculator": Calculator(self.dice, self._interrupt)}, Approvals(policies), timeout=30, checker=problems
            )

        store: Any = self.process
        self.workspace = Workspace(store, self.endpoints, toolbox, _OPTIONS)

    def _interrupt(self) -> None:
        self.session.interrupt()

    def _die(self) -> None:
        self.process.dead = True

    # What happens.

    async def live(self) -> None:
        """Some steps, and then a plain prompt to each endpoint."""
        steps = (
            self._prompt,
            self._prompt,
            self._prompt,
            self._go_on,
            self._go_on,
            self._edit,
            self._compact,
            self._move,
            self._reopen,
        )
        if self.dice.random() < 0.15:
            await self._import()
        for _ in range(self.dice.randrange(1, 6)):
            step = self.dice.choice((*steps, self._fork)) if self.session.path else self._prompt
            self.did.append(step.__name__.strip("_"))
            await step()
            self._note()
        await self._unchanged()
        self.plan.script = lambda body: Script((*(Block(found(call)) for call in left_open(body)), Say("Yes.")))
        self.plan.cut = None
        self.did.append("plain prompts")
        for name in self.dice.sample(NAMES, 2):
            await self.session.switch_model(MODEL, provider=name)
            result = await self.session.submit("And now?")
            if result.outcome is not Outcome.COMPLETED:
                raise AssertionError(f"a plain prompt to {name} came to {result.outcome}: {result.error}")
        self._pure()

    async def _turn(self, begin: Callable[[], asyncio.Task[TurnResult]]) -> None:
        dice = self.dice
        self.plan.cut = Cut(dice.choice(WAYS), dice.randrange(24)) if dice.random() < 0.6 else None
        try:
            turn = begin()
        except ValueError:  # there is nothing to go on with, or to compact
            return
        await turn
        self.plan.cut = None
        if self.process.dead:
            await self._after_death()

    async def _prompt(self) -> None:
        await self._turn(lambda: self.session.submit(self.author.prompt()))

    async def _go_on(self) -> None:
        await self._turn(self.session.continue_turn)

    async def _compact(self) -> None:
        await self._turn(self.session.compact)

    async def _edit(self) -> None:
        prompts = [one.id for one in self.session.path if is_prompt(one)]
        if prompts:
            chosen = self.dice.choice(prompts)
            if self.dice.random() < 0.3:
                await self.session.switch_version(self.dice.choice(self.session.versions_of(chosen)))
            else:
                await self._turn(lambda: self.session.submit(self.author.prompt(), replaces=chosen))

    async def _move(self) -> None:
        await self.session.switch_model(self.dice.choice((MODEL, "claude-sonnet-5")), provider=self.dice.choice(NAMES))

    async def _reopen(self) -> None:
        await self.session.close()
        if self.session.stored:
            self._begin()
            self.session = await self.workspace.open(self.session.info.id)
            await self.session.load()

    async def _after_death(self) -> None:
        """Another process finds what this one left."""
        session_id = self.session.info.id
        with suppress(StoreError):
            await self.session.close()
        database, writer = self.store._database, self.store._writer  # pyright: ignore[reportPrivateUsage]
        await writer.post(lambda: recovery.recover_session(database, session_id))
        self._begin()
        self.session = await self.workspace.open(session_id)
        await self.session.load()
        self.known = {one.id: self.known[one.id] for one in self.session.path if one.id in self.known}

    async def _fork(self) -> None:
        if self.session.stored:
            old = self.session
            until = self.dice.choice([None, *(one.id for one in old.path)])
            self.session = await self.workspace.fork(old.info.id, until)
            await old.close()

    async def _import(self) -> None:
        info, messages = self.author.session()
        await self.store.import_session(info, messages)
        self.session = await self.workspace.open(info.id)
        await self.session.load()
        self.did.append("import")

    # What must hold.

    def _note(self) -> None:
        for one in self.session.path:
            self.known.setdefault(one.id, _told(one))

    async def _unchanged(self) -> None:
        """What was stored is stored still, as it was."""
        for one in await self.store.tree(self.session.info.id):
            if one.id in self.known and _told(one) != self.known[one.id]:
                raise AssertionError(f"message {one.id} was {self.known[one.id]!a} and is {_told(one)!a}")

    def _pure(self) -> None:
        """Building changes nothing, twice is as once."""
        path = self.session.path
        before = copy.deepcopy(path)
        for audience in (Audience(), Audience(OTHER, "plain", False)):
            once = build(path, audience=audience)
            if build(path, audience=audience) != once or normalise(once) != once:
                raise AssertionError("building twice gives something else")
        if path != before:
            raise AssertionError("building changed what is stored")


def _told(message: Message) -> tuple[Any, ...]:
    return message.role, message.blocks, message.parent_id, message.raw_inputs, message.open_blocks


def run(seed: int, count: int, say: Tell) -> Result:
    """`count` histories. The log is silent meanwhile: deaths are logged, hundreds of them."""
    before = logging.root.manager.disable
    logging.disable()
    try:
        return asyncio.run(_run(seed, count, say))
    finally:
        logging.disable(before)


async def _run(seed: int, count: int, say: Tell) -> Result:
    began = time.process_time()
    found: list[str] = []
    requests, messages, number = 0, 0, 0
    struck: set[tuple[str, str]] = set()
    kinds: set[str] = set()
    store = await SqliteStore.open(None)
    for number in range(count):
        if number and number % _STORE == 0:
            await store.close()
            store = await SqliteStore.open(None)
            say(f"{number:,} histories, {requests:,} requests")
        story = Story(seed + number, store)
        problem = await _problem(story)
        requests += story.plan.requests
        struck |= story.plan.struck
        messages += len(story.session.path)
        kinds |= {block_type(block) for one in story.session.path if one.role is Role.ASSISTANT for block in one.blocks}
        if problem:
            found.append(failure(NAME, seed + number, f"After {', '.join(story.did)}: {problem}"))
            if len(found) >= ENOUGH:
                break
    await store.close()
    seconds = time.process_time() - began
    figures: dict[str, float | int | str] = {
        "requests": requests,
        "messages": messages,
        "histories a second of CPU": round((number + 1) / seconds, 1),
        "CPU seconds": round(seconds, 1),
        "ways of cutting × open blocks": len(struck),
        "kinds of block": len(kinds),
    }
    return Result(number + 1, found, figures)


async def _problem(story: Story) -> str:
    try:
        await story.live()
    except Exception as error:
        return f"{type(error).__name__}: {error}"[:800]
    finally:
        with suppress(StoreError):
            await story.session.close()
    return "; ".join(story.plan.refusals[:2])
