"""CPU time of the engine without a screen, beside the least that a client of the SDK can do with the same stream, on both wires.

Both run in this process, turn by turn, against a server in another one. The least on the first wire: `AsyncStream.raw_events`,
`json.loads`, a list; on the second the SDK's own loop over chunks, for it gives no raw events. The engine: provider, session, fold,
journal and a store on disk. Only the time of this process counts, all its threads.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from anthropic import AsyncAnthropic, AsyncStream
from openai import AsyncOpenAI

from benchmarks.server import Stream
from claude_tui.domain.events import BlockDelta, Event, MessageStopped
from claude_tui.domain.messages import Outcome
from claude_tui.domain.ports import Provider, Timeouts, ToolOutput, ToolSpec
from claude_tui.engine.approvals import Approvals, Policy
from claude_tui.engine.endpoints import Endpoints
from claude_tui.engine.tooling import Toolbox
from claude_tui.engine.turn import TurnOptions
from claude_tui.engine.workspace import Workspace
from claude_tui.providers.anthropic import AnthropicProvider
from claude_tui.providers.openai import OpenAIProvider
from claude_tui.store.sqlite import SqliteStore

MODEL = "claude-opus-5-5"
OPTIONS = TurnOptions(max_tokens=32_000, retries=0, max_requests=4, timeouts=Timeouts())
RATIOS = {"500 a second": Stream("text", 2_000, 12, 500), "as fast as it comes": Stream("text", 20_000, 12, 0)}
LONG = {"1 MB of text": Stream("text", 20_000, 50, 0), "1 MB of tool arguments": Stream("input", 20_000, 50, 0)}


class Swallow:
    """A tool that takes anything and does nothing."""

    spec = ToolSpec("swallow", "Takes rows.", {"type": "object", "properties": {}})

    async def run(self, arguments: dict[str, Any], progress: Callable[[str], None]) -> ToolOutput:
        return ToolOutput("swallowed")


def _toolbox() -> Toolbox:
    return Toolbox(
        {"swallow": Swallow()}, Approvals({"swallow": Policy.ALLOW}), timeout=30.0, checker=lambda _schema, _arguments: []
    )


class Meter:
    """A sink that notes the CPU time at each tenth of a stream, and when the answer is on disk."""

    def __init__(self, deltas: int) -> None:
        self._every = deltas // 10
        self._count = 0
        self.tenths = [time.process_time()]
        self.end = 0.0

    def __call__(self, event: Event) -> None:
        if type(event) is BlockDelta:
            self._count += 1
            if self._count % self._every == 0:
                self.tenths.append(time.process_time())
        elif type(event) is MessageStopped and not self.end:
            self.end = time.process_time()

    @property
    def seconds(self) -> float:
        """From the request to the commit."""
        return self.end - self.tenths[0]

    @property
    def growth(self) -> float:
        """What a delta costs in the last tenth, where it cost 1 in the second one (the first holds the request)."""
        costs = [after - before for before, after in zip(self.tenths, self.tenths[1:], strict=False)]
        return costs[-1] / costs[1]


class Bench:
    """Both clients of the first wire, connected and warm."""

    def __init__(self, url: str, key: str, folder: Path) -> None:
        self._client: Any = AsyncAnthropic(api_key=key, base_url=url, max_retries=0)
        self._provider: Provider = AnthropicProvider(base_url=url, api_key=key)
        self._folder = folder

    async def __aenter__(self) -> Bench:
        store = await SqliteStore.open(self._folder / type(self).__name__)
        self._workspace = Workspace(store, Endpoints.of(self._provider), _toolbox, OPTIONS)
        for stream in (Stream("text", 100, 12, 0), Stream("input", 100, 12, 0)):
            await self.engine(stream)
            await self.raw(stream)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._workspace.close()
        await self._client.close()

    async def raw(self, stream: Stream) -> float:
        """CPU seconds of the loop without anything around it."""
        began = time.process_time()
        tool: Any = Swallow.spec.to_api()
        messages: Any = [{"role": "user", "content": [{"type": "text", "text": stream.prompt()}]}]
        response = await self._client.messages.with_raw_response.create(
            model=MODEL, max_tokens=32_000, messages=messages, tools=[tool], stream=True
        )
        pieces: list[str] = []
        async for event in AsyncStream.raw_events(response.http_response):
            payload = json.loads(event.data)
            if payload["type"] == "content_block_delta":
                delta = payload["delta"]
                pieces.append(delta["text"] if delta["type"] == "text_delta" else delta["partial_json"])
        await response.http_response.aclose()
        seconds = time.process_time() - began
        if len("".join(pieces)) != stream.size:
            raise RuntimeError(f"{len(''.join(pieces))} characters came, not {stream.size}")
        return seconds

    async def engine(self, stream: Stream) -> Meter:
        """A turn of a new session."""
        session = self._workspace.new(model=MODEL)
        meter = Meter(stream.deltas)
        session.subscribe(meter)
        result = await session.submit(stream.prompt())
        await session.close()
        if result.outcome is not Outcome.COMPLETED:
            raise RuntimeError(f"the turn ended as {result.outcome}: {result.error}")
        return meter


class SecondBench(Bench):
    """Those of the second wire."""

    def __init__(self, url: str, key: str, folder: Path) -> None:
        super().__init__(url, key, folder)
        self._client = AsyncOpenAI(api_key=key, base_url=f"{url}/v1", max_retries=0)
        self._provider = OpenAIProvider(name="openai", base_url=f"{url}/v1", api_key=key)

    async def raw(self, stream: Stream) -> float:
        began = time.process_time()
        spec = Swallow.spec
        function = {"name": spec.name, "description": spec.description, "parameters": spec.input_schema}
        pieces: list[str] = []
        async for chunk in await self._client.chat.completions.create(
            model=MODEL,
            messages=[{"role": "user", "content": stream.prompt()}],
            tools=[{"type": "function", "function": function}],
            stream=True,
            stream_options={"include_usage": True},
        ):
            for choice in chunk.choices:
                calls = choice.delta.tool_calls or ()
                pieces.extend([choice.delta.content or "", *(call.function.arguments or "" for call in calls)])
        seconds = time.process_time() - began
        if len("".join(pieces)) != stream.size:
            raise RuntimeError(f"{len(''.join(pieces))} characters came, not {stream.size}")
        return seconds


async def _measure(url: str, key: str, rounds: int, say: Callable[[str], None]) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for prefix, kind in {"": Bench, "second wire, ": SecondBench}.items():
            async with kind(url, key, Path(folder)) as bench:
                for name, stream in {**RATIOS, **LONG}.items():
                    say(f"{prefix}{name}: {rounds} rounds")
                    figures[prefix + name] = await _measured(bench, stream, rounds)
    return figures


async def _measured(bench: Bench, stream: Stream, rounds: int) -> dict[str, float]:
    raws: list[float] = []
    meters: list[Meter] = []
    for _ in range(rounds):
        raws.append(await bench.raw(stream))
        meters.append(await bench.engine(stream))
    return _figures(stream, raws, meters)


def _figures(stream: Stream, raws: list[float], meters: list[Meter]) -> dict[str, float]:
    """Medians over the rounds; CPU in milliseconds per 1,000 deltas."""
    thousands = stream.deltas / 1000
    raw = statistics.median(raws)
    engine = statistics.median(meter.seconds for meter in meters)
    return {
        "deltas": stream.deltas,
        "raw_ms": round(raw * 1000 / thousands, 2),
        "engine_ms": round(engine * 1000 / thousands, 2),
        "ratio": round(statistics.median(meter.seconds / one for meter, one in zip(meters, raws, strict=True)), 3),
        "engine_total_s": round(engine, 3),
        "growth": round(statistics.median(meter.growth for meter in meters), 2),
    }


def measure(url: str, key: str, rounds: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Stream → its figures."""
    return asyncio.run(_measure(url, key, rounds, say))
