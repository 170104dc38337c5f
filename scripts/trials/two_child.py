"""One of the processes of the trial `two`: turn after turn, in sessions of its own and in one that all of them want.

Everything it was told is kept is a line of its own file before it goes on. SIGUSR1 throws its wall clock to another year.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import time
from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from claude_tui.domain import ids
from claude_tui.domain.errors import SessionHeld
from claude_tui.domain.events import (
    BlockDelta,
    BlockStarted,
    BlockStopped,
    Event,
    MessageStarted,
    MessageStopped,
    ProviderEvent,
    TurnStarted,
)
from claude_tui.domain.history import CLAUDE
from claude_tui.domain.ports import ChatRequest, ModelInfo, Timeouts
from claude_tui.engine.approvals import Approvals
from claude_tui.engine.endpoints import Endpoints
from claude_tui.engine.session import Session
from claude_tui.engine.tooling import Toolbox
from claude_tui.engine.turn import TurnOptions
from claude_tui.engine.workspace import Workspace
from claude_tui.store.sqlite import SqliteStore

MODEL = "claude-opus-5-5"
PIECES = 8
REST = 0.01
"""Seconds between two turns: the trial is to stop processes at many points, not to heat the machine."""
OPTIONS = TurnOptions(max_tokens=32_000, retries=0, max_requests=2, timeouts=Timeouts())


class WrongClock:
    """`time` and `datetime` for the maker of ids and stamps: right but for the years by which it is wrong."""

    def __init__(self) -> None:
        self.wrong = timedelta(0)

    def jump(self, chance: random.Random) -> None:
        self.wrong = timedelta(days=chance.uniform(-400, 400))

    def time_ns(self) -> int:
        return time.time_ns() + int(self.wrong.total_seconds() * 1e9)

    def now(self, zone: Any = UTC) -> datetime:
        return datetime.now(zone) + self.wrong

    def fromtimestamp(self, stamp: float, zone: Any = UTC) -> datetime:
        return datetime.fromtimestamp(stamp, zone)


class Echo:
    """A provider that answers a prompt with its own words, in pieces."""

    name = "anthropic"
    audience = CLAUDE

    async def prepare(self) -> None:
        """Nothing to load."""

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ProviderEvent, None]:
        prompt = request.messages[-1]["content"][-1]["text"]
        yield MessageStarted(f"msg_{prompt}", MODEL, {"input_tokens": 1, "output_tokens": 1})
        yield BlockStarted(0, {"type": "text", "text": ""})
        for number in range(PIECES):
            await asyncio.sleep(0.001)
            yield BlockDelta(0, "text", f"{prompt}/{number} ")
        yield BlockStopped(0)
        yield MessageStopped("end_turn")

    async def models(self) -> list[ModelInfo]:
        return []

    async def close(self) -> None:
        """Nothing to close."""


def answer_to(prompt: str) -> str:
    return "".join(f"{prompt}/{number} " for number in range(PIECES))


def noter(path: Path) -> Callable[..., None]:
    """`note(what, session, prompt, ms)`: a line at the end of the process's own file, in one piece."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def note(what: str, session: str = "", prompt: str = "", ms: float = 0.0) -> None:
        os.write(descriptor, json.dumps([what, session, prompt, round(ms, 2)]).encode() + b"\n")

    return note


async def one_turn(session: Session, prompt: str, note: Callable[..., None]) -> None:
    answered = False

    def announced(event: Event) -> None:
        nonlocal answered
        if isinstance(event, TurnStarted):
            note("prompt", session.info.id, prompt)
        elif isinstance(event, MessageStopped):
            answered = True

    leave = session.subscribe(announced)
    try:
        await session.submit(prompt)
    finally:
        leave()
    if answered:
        note("answer", session.info.id, prompt)


async def live(task: dict[str, Any], note: Callable[..., None]) -> None:
    """Until somebody kills it."""
    chance = random.Random(task["seed"])
    store = await SqliteStore.open(Path(task["data"]))
    toolbox = Toolbox({}, Approvals({}), timeout=5.0, checker=lambda _schema, _arguments: [])
    workspace = Workspace(store, Endpoints.of(Echo()), lambda: toolbox, OPTIONS)
    note("ready")
    mine: Session | None = None
    for number in range(1 << 30):
        prompt = f"{task['name']}-{number}"
        if chance.random() < 0.4:
            began = time.monotonic()
            try:
                session = await workspace.open(task["shared"])
            except SessionHeld:
                note("held", task["shared"], ms=(time.monotonic() - began) * 1000)
            else:
                note("opened", task["shared"], ms=(time.monotonic() - began) * 1000)
                await one_turn(session, prompt, note)
                await session.close()
                note("closed", task["shared"])
        else:
            if mine is None or chance.random() < 0.1:
                mine = workspace.new(model=MODEL)
            await one_turn(mine, prompt, note)
        await asyncio.sleep(REST)


def work(task: dict[str, Any], descriptor: int) -> None:
    """What the zygote forks for."""
    os.close(descriptor)
    clock, chance = WrongClock(), random.Random(task["seed"])
    ids.time = ids.datetime = clock  # type: ignore[assignment]
    signal.signal(signal.SIGUSR1, lambda *_: clock.jump(chance))
    asyncio.run(live(task, noter(Path(task["notes"]))))
