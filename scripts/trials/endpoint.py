"""An endpoint without a socket: the client's requests and readers on one side, the fake API's validators and wires on the other.

What the client would send is judged as the server judges it, and by a list of rules written down independently; what the server
would say is read by the client's reader, up to the event at which the answer is to be cut.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from claude_tui.domain.errors import ErrorInfo, ErrorKind, ProviderError
from claude_tui.domain.events import BlockStarted, BlockStopped, ProviderEvent
from claude_tui.domain.history import Audience
from claude_tui.domain.ports import ChatRequest, ModelInfo
from claude_tui.fakeapi import Dialect, Script
from claude_tui.fakeapi.actions import Emit
from claude_tui.fakeapi.connection import Incoming
from claude_tui.fakeapi.encoding import Shape
from claude_tui.fakeapi.endpoints import ChatEndpoint, MessagesEndpoint
from claude_tui.fakeapi.usage import PromptCache
from claude_tui.providers import anthropic, anthropic_stream, catalog, openai_dialect, openai_request, openai_stream
from claude_tui.providers.anthropic_errors import from_event
from tests.unit.domain.validity import problems

Way = Literal["interrupt", "die", "network", "truncated", "overloaded"]
WAYS: tuple[Way, ...] = ("interrupt", "die", "network", "truncated", "overloaded")
OTHER = "other"
_HEADERS = {"anthropic-version": "2023-06-01"}
_ECHO: Any = {"refuse": "none", "allow": "none", "require": "reasoning_content"}


@dataclass(slots=True)
class Cut:
    """How and before which event an answer ends early."""

    way: Way
    at: int


@dataclass(slots=True)
class Plan:
    """The answer to a request, and what whoever watches is told. `cut` strikes once."""

    script: Callable[[dict[str, Any]], Script]
    interrupt: Callable[[], object] = lambda: None
    die: Callable[[], object] = lambda: None
    cut: Cut | None = None
    refusals: list[str] = field(default_factory=list[str])
    requests: int = 0
    struck: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    """Ways of cutting, and the kinds of block that were open then."""


class Endpoint:
    """A provider of the engine, for one wire and one server."""

    def __init__(self, name: str, plan: Plan, echo: Literal["refuse", "allow", "require"] = "allow") -> None:
        self.name = name
        self._plan = plan
        self._chat = name == OTHER
        self.audience = Audience(provider=name, thinking="plain" if self._chat else "signed", compaction=not self._chat)
        self._dialect = openai_dialect.dialect_of("https://other.example/v1", None, _ECHO[echo])
        cache = PromptCache()
        self.messages = MessagesEndpoint(name.encode(), cache)
        self._server = ChatEndpoint(Dialect(echo=echo), cache) if self._chat else self.messages

    async def prepare(self) -> None:
        """Nothing to load."""

    def warm_up(self) -> None:
        """Nothing to load."""

    def credentials(self) -> tuple[str, ...]:
        return ("none",)

    async def models(self) -> list[ModelInfo]:
        return []

    async def count(self, request: ChatRequest) -> int | None:
        return None

    def compacts(self, model: str) -> bool:
        known = catalog.find(model)
        return not self._chat and known is not None and known.compaction is True

    async def close(self) -> None:
        """Nothing to close."""

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ProviderEvent, None]:
        self._plan.requests += 1
        body, incoming = self._sent(request)
        refusal = self._server.invalid(incoming, body)
        paused = request.messages[-1]["role"] == "assistant"  # where that is not allowed, the server has refused it
        wrong = [] if self._chat or request.compact else problems(request.messages, continuing=paused)
        if refusal is not None or wrong:
            said = refusal.message if refusal else wrong[0]
            self._plan.refusals.append(f"{self.name}: {said}")
            raise ProviderError(ErrorInfo(ErrorKind.INVALID_REQUEST, said, 400))
        script = self._plan.script(body)
        wire = self._server.wire(script, incoming, body, self._plan.requests, Shape())
        reader = openai_stream.StreamReader(openai_request.tool_names(request)) if self._chat else anthropic_stream.StreamReader()
        kinds: dict[int, str] = {}
        try:
            for number, event in enumerate(_events(wire, reader)):
                await self._strike(number, next(reversed(kinds.values()), "nothing"))
                if isinstance(event, BlockStarted):
                    kinds[event.number] = str(event.block.get("type"))
                yield event
                if isinstance(event, BlockStopped):
                    kinds.pop(event.number, None)
        finally:
            self._server.over(wire)
        if not reader.stopped:
            raise ProviderError(ErrorInfo(ErrorKind.TRUNCATED, "The stream ended before the answer was complete."))

    def _sent(self, request: ChatRequest) -> tuple[dict[str, Any], Incoming]:
        headers = dict(_HEADERS)
        if self._chat:
            body = openai_request.request_params(request, self._dialect)
        else:
            body = dict(anthropic.request_params(request))
            headers |= body.pop("extra_headers", {})
            body |= {**body.pop("extra_body", {}), "stream": True}
        data = json.dumps(body).encode()
        return json.loads(data), Incoming("POST", "/", headers, data)

    async def _strike(self, number: int, kind: str) -> None:
        cut = self._plan.cut
        if cut is None or cut.at != number:
            return
        self._plan.cut = None
        self._plan.struck.add((cut.way, kind))
        match cut.way:
            case "interrupt":
                self._plan.interrupt()
                await asyncio.Event().wait()
            case "die":
                self._plan.die()
                self._plan.interrupt()
                await asyncio.Event().wait()
            case "network":
                raise ProviderError(ErrorInfo(ErrorKind.NETWORK, "The connection was lost."))
            case "truncated":
                raise ProviderError(ErrorInfo(ErrorKind.TRUNCATED, "The stream ended before the answer was complete."))
            case "overloaded":
                raise from_event({"type": "overloaded_error", "message": "Overloaded"}, None)


def _events(wire: Any, reader: Any) -> Iterator[ProviderEvent]:
    for action in wire.actions():
        if isinstance(action, Emit):
            yield from reader.read(action.data, action.name)
    yield from reader.finish()
