"""The fixed life of a store that `images` and `calls` disturb: prompts, streamed answers, tool results, titles, desks, the ledger,
a process that ends in the midst of an answer and the one that finds it, a session that is deleted.

Time is the scene's own, so the store's once-a-second writes fall where they fell the last time.
"""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Awaitable, Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from unittest import mock

from claude_tui.domain.blocks import Block, text_block
from claude_tui.domain.desk import Desk
from claude_tui.domain.journal import Chunk
from claude_tui.domain.messages import Message, Role, SessionInfo, Status
from claude_tui.domain.spending import Spending
from claude_tui.store.sqlite import SqliteStore
from scripts.trials.promises import Promises

PIECE_SECONDS = 0.05
PAGES_BEFORE_CHECKPOINT = 24
"""So that the log is copied into the file and begun anew in the midst of things, which else takes 4 MB."""


class Guard(Protocol):
    """Carries out one step; what it does when the store refuses is its own business, and whether it does it `again`."""

    async def __call__(self, step: Callable[[], Awaitable[object]], *, again: bool = True) -> object: ...


class Clock:
    """A module `time` for the store whose monotonic clock is moved by the scene; the rest is the real one's."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def monotonic(self) -> float:
        return self.now

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)


@contextmanager
def own_time() -> Generator[Clock]:
    """The store's modules have this clock."""
    clock = Clock()
    modules = [module for name, module in list(sys.modules.items()) if name.startswith("claude_tui.store.")]
    with ExitStack() as stack:
        for module in modules:
            if getattr(module, "time", None) is time:
                stack.enter_context(mock.patch.object(module, "time", clock))
        yield clock


async def plainly(step: Callable[[], Awaitable[object]], *, again: bool = True) -> object:
    """A step of which nothing is expected but that it works."""
    return await step()


@dataclass
class Scene:
    """`length`: pieces of each streamed answer."""

    folder: Path
    promises: Promises
    clock: Clock
    guard: Guard = plainly
    length: int = 30
    _numbers: itertools.count[int] = field(default_factory=itertools.count)
    _parents: dict[str, str | None] = field(default_factory=dict)
    store: SqliteStore = field(init=False)

    async def play(self) -> None:
        """From a new folder, or an old one, to the last close."""
        await self.open()
        await self._first_life()
        await self.close()
        await self.open()
        await self._second_life()
        await self.close()

    async def open(self) -> None:
        async def opened() -> None:
            self.store = await SqliteStore.open(self.folder)

        await self.guard(opened)
        await self.guard(lambda: self.store._read(lambda sql: sql.pragma("wal_autocheckpoint", PAGES_BEFORE_CHECKPOINT)))

    async def close(self) -> None:
        number = next(self._numbers)
        await self.guard(lambda: self.promises.keep(("closed", str(number)), None, self.store.close))

    async def _first_life(self) -> None:
        await self.session("one")
        await self.say("one", "a question")
        await self.answer("one", "u")
        await self.desk("one", "half a draft")
        await self.say("one", "x" * 20_000 + " a long question")
        begun = await self.begin("one")
        await self.session("two")
        await self.say("two", "another question")
        await self.stream(begun, "v")  # both sessions write at once
        await self.finish(begun, "v", blocks=(text_block("v"), {"type": "tool_use", "id": "toolu_1", "name": "keep", "input": {}}))
        await self.say("one", "kept", blocks=({"type": "tool_result", "tool_use_id": "toolu_1", "content": "kept"},))
        await self.answer("one", "w")
        await self.title("one", "renamed")
        await self.spend("one", "unseen")
        await self.desk("one", "another draft")
        await self.stream(await self.begin("two"), "y")  # and nobody finishes it

    async def _second_life(self) -> None:
        await self.say("one", "one more question")
        await self.answer("one", "z")
        await self.desk("one", "the last draft")
        await self.guard(
            lambda: self.promises.keep(("session", "two"), None, lambda: self.store.delete_session("two")),
        )
        await self.stream(await self.begin("one"), "q")

    # Steps.

    async def session(self, session_id: str) -> None:
        info = SessionInfo(session_id, title=f"session {session_id}")
        self._parents[session_id] = None
        await self.guard(lambda: self.promises.keep(("session", session_id), info.title, lambda: self.store.create_session(info)))

    def _next(self, session_id: str, role: Role, blocks: tuple[Block, ...], status: Status = Status.COMPLETE) -> Message:
        message = Message(f"m{next(self._numbers)}", session_id, self._parents[session_id], role, blocks, status)
        self._parents[session_id] = message.id
        return message

    async def say(self, session_id: str, text: str, blocks: tuple[Block, ...] = ()) -> None:
        message = self._next(session_id, Role.USER, blocks or (text_block(text),))
        await self.guard(lambda: self.promises.keep_message(message, lambda: self.store.add_message(message)))

    async def answer(self, session_id: str, letter: str) -> None:
        begun = await self.begin(session_id)
        await self.stream(begun, letter)
        await self.finish(begun, letter)

    async def begin(self, session_id: str) -> Message:
        message = self._next(session_id, Role.ASSISTANT, (), Status.STREAMING)
        await self.guard(lambda: self.promises.keep_message(message, lambda: self.store.begin_message(message), durable=False))
        await self._append(message.id, "", [Chunk(0, 0, "start", '{"type":"text","text":""}')])
        return message

    def _pieces(self, letter: str) -> list[str]:
        return [f"{letter}{number:04d} αβ中文 " + letter * 120 for number in range(self.length)]

    async def stream(self, begun: Message, letter: str) -> None:
        for number, text in enumerate(self._pieces(letter)):
            self.clock.now += PIECE_SECONDS
            await self._append(begun.id, text, [Chunk(number, 0, "text", text)])

    async def _append(self, message_id: str, text: str, chunks: list[Chunk]) -> None:
        """A refused append is not repeated: the store keeps the chunks and tries again by itself."""

        async def append() -> None:
            await self.store.append_chunks(message_id, chunks)

        await self.promises.keep_text(message_id, text, self.clock.now, lambda: self.guard(append, again=False))

    async def finish(self, begun: Message, letter: str, blocks: tuple[Block, ...] = ()) -> None:
        blocks = blocks or (text_block("".join(self._pieces(letter))),)
        done = Message(begun.id, begun.session_id, begun.parent_id, Role.ASSISTANT, blocks, usage={"output_tokens": 7})
        await self.guard(lambda: self.promises.keep_message(done, lambda: self.store.finish_message(done)))

    async def desk(self, session_id: str, draft: str) -> None:
        work = lambda: self.store.save_desk(session_id, Desk(draft=draft))  # noqa: E731
        await self.guard(lambda: self.promises.keep(("desk", session_id), draft, work, durable=False))

    async def title(self, session_id: str, title: str) -> None:
        work = lambda: self.store.update_session(SessionInfo(session_id, title=title))  # noqa: E731
        await self.guard(lambda: self.promises.keep(("session", session_id), title, work))

    async def spend(self, session_id: str, name: str) -> None:
        row = Spending(name, session_id, None, "anthropic", "a-model", {"input_tokens": 3}, kind="unseen")
        await self.guard(lambda: self.promises.keep(("spending", name), row.usage, lambda: self.store.add_spending(row)))
