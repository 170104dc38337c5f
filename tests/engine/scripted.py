"""A provider that plays a list of events, and a session on a store in memory: the engine without a socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from claude_tui.domain.errors import ErrorInfo, ErrorKind, ProviderError
from claude_tui.domain.events import (
    BlockDelta,
    BlockStarted,
    BlockStopped,
    Event,
    MessageStarted,
    MessageStopped,
    ProviderEvent,
    UsageReported,
)
from claude_tui.domain.history import CLAUDE
from claude_tui.domain.ports import ChatRequest, ModelInfo, Provider, Timeouts, Tool, ToolOutput, ToolSpec
from claude_tui.engine.approvals import Approvals, Policy
from claude_tui.engine.endpoints import Endpoints
from claude_tui.engine.engine import Guard
from claude_tui.engine.session import Session
from claude_tui.engine.tooling import Toolbox
from claude_tui.engine.turn import TurnOptions
from claude_tui.engine.workspace import Workspace
from claude_tui.store.sqlite import SqliteStore
from claude_tui.tools.schema import problems


class Gate:
    """A place where the script waits; `reached` is set when it gets there, `open` lets it go on."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.open = asyncio.Event()

    async def wait(self) -> None:
        self.reached.set()
        await self.open.wait()


Step = ProviderEvent | ProviderError | Gate
Answer = Sequence[Step]


class ScriptedProvider(Provider):
    """One answer a request, in order. `closed` counts the streams that ended, by whatever way. `summarises`: as the API does."""

    summarises = False
    name = "anthropic"
    audience = CLAUDE

    def __init__(self, answers: Sequence[Answer]) -> None:
        self.answers = list(answers)
        self.requests: list[ChatRequest] = []
        self.closed = 0

    async def prepare(self) -> None:
        """Nothing to load."""

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ProviderEvent, None]:
        self.requests.append(request)
        answer = self.answers[len(self.requests) - 1]
        try:
            for step in answer:
                if isinstance(step, Gate):
                    await step.wait()
                elif isinstance(step, ProviderError):
                    raise step
                else:
                    yield step
        finally:
            self.closed += 1

    async def models(self) -> list[ModelInfo]:
        return []

    def compacts(self, model: str) -> bool:
        return self.summarises

    async def close(self) -> None:
        """Nothing to close."""


def failure(kind: ErrorKind, message: str = "no", *, retryable: bool = False, retry_after: float | None = None) -> ProviderError:
    return ProviderError(ErrorInfo(kind, message), retryable=retryable, retry_after=retry_after)


def started(**usage: int) -> MessageStarted:
    return MessageStarted("msg_1", "model-x", {"input_tokens": 5, "output_tokens": 1, **usage})


def stopped(reason: str | None = "end_turn", **usage: int) -> list[ProviderEvent]:
    return [UsageReported({"output_tokens": 9, **usage}), MessageStopped(reason)]


def text(number: int, *parts: str) -> list[ProviderEvent]:
    return [
        BlockStarted(number, {"type": "text", "text": ""}),
        *(BlockDelta(number, "text", part) for part in parts),
        BlockStopped(number),
    ]


def thinking(number: int, part: str, signature: str = "sig") -> list[ProviderEvent]:
    return [
        BlockStarted(number, {"type": "thinking", "thinking": "", "signature": ""}),
        BlockDelta(number, "thinking", part),
        BlockDelta(number, "signature", signature),
        BlockStopped(number),
    ]


def call(number: int, name: str, arguments: str, call_id: str | None = None) -> list[ProviderEvent]:
    seed = {"type": "tool_use", "id": call_id or f"toolu_{number}", "name": name, "input": {}}
    return [BlockStarted(number, seed), BlockDelta(number, "input", arguments), BlockStopped(number)]


def says(*parts: str) -> list[ProviderEvent]:
    """A whole plain answer."""
    return [started(), *text(0, *parts), *stopped()]


def compacts(summary: str | None, reason: str = "compaction") -> list[ProviderEvent]:
    """The API's answer to a request for a summary: one block that arrives whole."""
    block = {"type": "compaction", "content": summary, "encrypted_content": "eA==", "signature": "c2ln"}
    return [started(), BlockStarted(0, block), BlockStopped(0), *stopped(reason)]


@dataclass
class ScriptedTool(Tool):
    """A tool made of a function; `runs` are the arguments it was given."""

    name: str
    work: Callable[[dict[str, Any]], Any]
    runs: list[dict[str, Any]] = field(default_factory=list)

    @property
    def spec(self) -> ToolSpec:
        return ToolSpec(self.name, "for a test", {"type": "object", "properties": {}})

    async def run(self, arguments: dict[str, Any], progress: Callable[[str], None]) -> ToolOutput:
        self.runs.append(arguments)
        result = self.work(arguments)
        if asyncio.iscoroutine(result):
            result = await result
        return result if isinstance(result, ToolOutput) else ToolOutput(str(result))


class Bench:
    """A workspace on a scripted provider, with every event of its session recorded."""

    def __init__(self, workspace: Workspace, provider: ScriptedProvider) -> None:
        self.workspace = workspace
        self.provider = provider
        self.session: Session = workspace.new(model="model-x")
        self.events: list[Event] = []
        self.session.subscribe(self.events.append)

    @property
    def store(self) -> SqliteStore:
        store = self.workspace.store
        assert isinstance(store, SqliteStore)
        return store

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.events if type(event) is kind]

    async def stored(self) -> list[Any]:
        info = await self.store.session(self.session.info.id)
        assert info.leaf_id
        return await self.store.path(info.leaf_id)


async def bench(
    answers: Sequence[Answer],
    *,
    tools: Sequence[ScriptedTool] = (),
    policies: dict[str, Policy] | None = None,
    retries: int = 2,
    max_requests: int = 20,
    tool_timeout: float = 30.0,
    interactive: bool = False,
    guard: Guard | None = None,
    store: SqliteStore | None = None,
) -> Bench:
    provider = ScriptedProvider(answers)
    allowed = policies if policies is not None else {tool.name: Policy.ALLOW for tool in tools}
    by_name = {tool.name: tool for tool in tools}
    approvals = Approvals(allowed, interactive=interactive)

    def toolbox() -> Toolbox:
        return Toolbox(by_name, approvals, timeout=tool_timeout, checker=problems)

    options = TurnOptions(max_tokens=1000, retries=retries, max_requests=max_requests, timeouts=Timeouts())
    store = store or await SqliteStore.open(None)
    return Bench(Workspace(store, Endpoints.of(provider), toolbox, options, guard), provider)
