"""The engine does as much for the last delta of a long answer as for the first: counted in function calls, and in CPU time with a
bound that only growth with the length of the answer could break."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from claude_tui.domain.events import (
    BlockDelta,
    BlockStarted,
    BlockStopped,
    DeltaKind,
    MessageStarted,
    MessageStopped,
    ProviderEvent,
)
from claude_tui.domain.history import CLAUDE
from claude_tui.domain.messages import Outcome
from claude_tui.domain.ports import ChatRequest, ModelInfo, Timeouts
from claude_tui.engine.approvals import Approvals
from claude_tui.engine.endpoints import Endpoints
from claude_tui.engine.tooling import Toolbox
from claude_tui.engine.turn import TurnOptions
from claude_tui.engine.workspace import Workspace
from claude_tui.store.sqlite import SqliteStore

pytestmark = pytest.mark.perf

DELTAS = 20_000
PIECE = "x" * 50
MOST_CALLS = 20
SEEDS: dict[DeltaKind, dict[str, Any]] = {
    "text": {"type": "text", "text": ""},
    "thinking": {"type": "thinking", "thinking": "", "signature": ""},
    "input": {"type": "tool_use", "id": "toolu_1", "name": "none", "input": {}},
}


class Megabyte:
    """A provider that says a megabyte; it notes calls and CPU time at every tenth."""

    name = "anthropic"
    audience = CLAUDE

    def __init__(self, kind: DeltaKind) -> None:
        self._kind: DeltaKind = kind
        self.calls = 0
        self.marks: list[tuple[int, float]] = []

    async def prepare(self) -> None:
        """Nothing to load."""

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ProviderEvent, None]:
        yield MessageStarted("msg_1", "model-x", {"input_tokens": 1})
        yield BlockStarted(0, SEEDS[self._kind])
        for number in range(DELTAS):
            if number % (DELTAS // 10) == 0:
                self.marks.append((self.calls, time.process_time()))
            yield BlockDelta(0, self._kind, '{"a":"' if number == 0 else '"}' if number == DELTAS - 1 else PIECE)
        self.marks.append((self.calls, time.process_time()))
        yield BlockStopped(0)
        yield MessageStopped("end_turn")

    def note_call(self, frame: object, event: str, argument: object) -> None:
        if event == "call":
            self.calls += 1

    async def models(self) -> list[ModelInfo]:
        return []

    async def close(self) -> None:
        """Nothing to close."""


async def turn(provider: Megabyte) -> None:
    options = TurnOptions(max_tokens=1000, retries=0, max_requests=2, timeouts=Timeouts())
    toolbox = Toolbox({}, Approvals({}), timeout=1.0, checker=lambda _schema, _arguments: [])
    workspace = Workspace(await SqliteStore.open(None), Endpoints.of(provider), lambda: toolbox, options)
    session = workspace.new(model="model-x")
    session.subscribe(lambda event: None)
    result = await session.submit("go")
    assert result.outcome is Outcome.COMPLETED
    await workspace.close()


@pytest.mark.parametrize("kind", SEEDS)
def test_a_delta_costs_the_same_at_either_end(kind: DeltaKind) -> None:
    provider = Megabyte(kind)
    asyncio.run(turn(provider))
    costs = [after - before for (_, before), (_, after) in zip(provider.marks, provider.marks[1:], strict=False)]
    assert min(costs[-3:]) <= 4 * min(costs[:3])


@pytest.mark.parametrize("kind", SEEDS)
def test_a_delta_takes_the_same_calls_at_either_end(kind: DeltaKind) -> None:
    provider = Megabyte(kind)
    sys.setprofile(provider.note_call)
    try:
        asyncio.run(turn(provider))
    finally:
        sys.setprofile(None)
    calls = [(after - before) / (DELTAS // 10) for (before, _), (after, _) in zip(provider.marks, provider.marks[1:], strict=False)]
    assert max(calls) <= MOST_CALLS
    assert calls[-1] <= 1.1 * calls[0] + 1
