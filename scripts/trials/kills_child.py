"""The process that the trial `kills` kills: engine and store on a provider that is made of numbers, 500 deltas a second.

Whatever the provider hands out is reported through a pipe before the engine gets it, and whatever the engine announces when it
does: one JSON line each, shorter than a pipe takes in one piece, so no line is ever torn. No HTTP and no SDK: it starts fast.
A delta is reported with how late it is by the clock, an append to the journal when it is asked for and when it is done: a machine
that is busy, or a disk that is slow, can so be told from a program that is.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, cast

from claude_tui.domain.events import (
    BlockDelta,
    BlockStarted,
    BlockStopped,
    DeltaKind,
    Event,
    MessageStarted,
    MessageStopped,
    ProviderEvent,
    ToolFinished,
    TurnEnded,
    TurnStarted,
    UsageReported,
)
from claude_tui.domain.history import CLAUDE
from claude_tui.domain.journal import Chunk
from claude_tui.domain.ports import ChatRequest, ModelInfo, Timeouts, ToolOutput, ToolSpec
from claude_tui.engine.approvals import Approvals, Policy
from claude_tui.engine.endpoints import Endpoints
from claude_tui.engine.tooling import Toolbox
from claude_tui.engine.turn import TurnOptions
from claude_tui.engine.workspace import Workspace
from claude_tui.fakeapi.signing import Prefix, Signer
from claude_tui.store.sqlite import SqliteStore

MODEL = "claude-opus-5-5"
GAP = 1 / 500
"""Seconds between two deltas."""
DELTAS = 80
"""Deltas of a block."""
TOOL_SECONDS = 0.05
OPTIONS = TurnOptions(max_tokens=32_000, retries=0, max_requests=5, timeouts=Timeouts())


class Tool:
    """Notes each run in a file, then takes its time."""

    spec = ToolSpec("keep", "Keeps a note.", {"type": "object", "properties": {"note": {"type": "string"}}, "required": ["note"]})

    def __init__(self, runs: Path, report: Callable[..., None] = lambda *_: None) -> None:
        self._runs = runs
        self._report = report

    async def run(self, arguments: dict[str, Any], progress: Callable[[str], None]) -> ToolOutput:
        with self._runs.open("a") as file:
            file.write(json.dumps(arguments["note"]) + "\n")
        self._report("runs")
        await asyncio.sleep(TOOL_SECONDS)
        return ToolOutput("kept")


def toolbox(tool: Tool) -> Toolbox:
    approvals = Approvals({"keep": Policy.ALLOW})
    return Toolbox({"keep": tool}, approvals, timeout=30.0, checker=lambda _schema, _arguments: [])


def pieces(seed: object, size: int) -> Iterator[str]:
    """Numbered pieces, so that a hole, a repetition or an exchange shows; some are not ASCII."""
    chance = random.Random(repr(seed))
    for number in range(DELTAS):
        filling = "".join(chance.choices("abcdefghij \n好é🙂", k=max(1, size - 5)))
        yield f"{number:04d}{filling}"


def block(number: int, seed: dict[str, Any], kind: DeltaKind, parts: Iterator[str]) -> Iterator[ProviderEvent]:
    yield BlockStarted(number, seed)
    for part in parts:
        yield BlockDelta(number, kind, part)
    yield BlockStopped(number)


def thinking(number: int, parts: list[str], prefix: Prefix) -> Iterator[ProviderEvent]:
    yield BlockStarted(number, {"type": "thinking", "thinking": "", "signature": ""})
    for part in parts:
        yield BlockDelta(number, "thinking", part)
    yield BlockDelta(number, "signature", Signer().sign("".join(parts), prefix))
    yield BlockStopped(number)


def call(number: int, call_id: str, note: str) -> Iterator[ProviderEvent]:
    raw = json.dumps({"note": note})
    step = max(1, len(raw) // DELTAS)
    parts = (raw[at : at + step] for at in range(0, len(raw), step))
    return block(number, {"type": "tool_use", "id": call_id, "name": "keep", "input": {}}, "input", parts)


def answer(seed: str, number: int, request: ChatRequest) -> Iterator[ProviderEvent]:
    """Answer `number` of the turn: the first thinks, talks and calls twice; the second thinks and talks."""
    size = random.Random(seed).choice((6, 30, 300))
    prefix = Prefix.of({"system": request.system, "tools": list(request.tools), "messages": request.messages})
    yield MessageStarted(f"msg_{seed}_{number}", MODEL, {"input_tokens": 10, "output_tokens": 1})
    yield from thinking(0, list(pieces((seed, number, "thinking"), size)), prefix)
    yield from block(1, {"type": "text", "text": ""}, "text", pieces((seed, number, "text"), size))
    if number == 1:
        yield from call(2, f"toolu_{seed}_a", "".join(pieces((seed, "a"), size)))
        yield from call(3, f"toolu_{seed}_b", f"{seed} b")
    yield UsageReported({"output_tokens": 100})
    yield MessageStopped("tool_use" if number == 1 else "end_turn")


class PacedProvider:
    """Hands out an event when its time has come, by the clock and not by the event before it."""

    name = "anthropic"
    audience = CLAUDE

    def __init__(self, seed: str, report: Callable[..., None]) -> None:
        self._seed = seed
        self._report = report
        self._requests = 0

    async def prepare(self) -> None:
        """Nothing to load."""

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ProviderEvent, None]:
        self._requests += 1
        loop = asyncio.get_running_loop()
        due = loop.time()
        for event in answer(self._seed, self._requests, request):
            if type(event) is BlockDelta:
                due += GAP
                if due > loop.time():
                    await asyncio.sleep(due - loop.time())
                self._report(event.kind, self._requests, event.number, event.text, loop.time() - due)
            elif type(event) is MessageStarted:
                self._report("begins", self._requests)
            elif type(event) is MessageStopped:
                self._report("ends", self._requests)
            yield event

    async def models(self) -> list[ModelInfo]:
        return []

    async def close(self) -> None:
        """Nothing to close."""


def reporter(descriptor: int) -> Callable[..., None]:
    """`report(what, request, block, text, late)` as a line with the time of the monotonic clock, which all processes share."""

    def report(what: str, request: int = 0, number: int = 0, text: str = "", late: float = 0.0) -> None:
        os.write(descriptor, json.dumps([time.monotonic_ns(), what, request, number, text, late]).encode() + b"\n")

    return report


class ReportingStore(SqliteStore):
    """Says when an append to the journal is asked for and when it is done."""

    report: Callable[..., None]

    def append_chunks(self, message_id: str, chunks: Sequence[Chunk]) -> Awaitable[None]:
        self.report("append")
        done = asyncio.ensure_future(super().append_chunks(message_id, chunks))
        done.add_done_callback(lambda _: self.report("appended"))
        return done


async def converse(data: Path, runs: Path, seed: str, session_id: str, report: Callable[..., None]) -> None:
    store = await ReportingStore.open(data)
    cast("ReportingStore", store).report = report
    workspace = Workspace(store, Endpoints.of(PacedProvider(seed, report)), lambda: toolbox(Tool(runs, report)), OPTIONS)
    session = await workspace.open(session_id) if session_id else workspace.new(model=MODEL)
    answers = 0

    def announced(event: Event) -> None:
        nonlocal answers
        if isinstance(event, TurnStarted):
            report("prompt stored", text=event.session_id)
        elif isinstance(event, MessageStopped):
            answers += 1
            report("answer stored", answers)
        elif isinstance(event, ToolFinished):
            report("ran")
        elif isinstance(event, TurnEnded):
            report("turn ended")

    session.subscribe(announced)
    await session.submit(f"prompt {seed}")
    await workspace.close()


def work(task: dict[str, Any], descriptor: int) -> None:
    """What the zygote forks for."""
    report = reporter(descriptor)
    asyncio.run(converse(Path(task["data"]), Path(task["runs"]), task["seed"], task["session"], report))
