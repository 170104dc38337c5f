"""Bytes of a stream to events to a message, on the way the provider takes; and a checker of the promised order."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any, ClassVar
from unittest import mock

from claude_tui.domain.errors import ProviderError
from claude_tui.domain.events import (
    Alive,
    BlockDelta,
    BlockStarted,
    BlockStopped,
    Event,
    MessageStarted,
    MessageStopped,
    UsageReported,
)
from claude_tui.domain.messages import Message, Role, Status
from claude_tui.domain.partial import Partial
from claude_tui.domain.ports import ChatRequest
from claude_tui.providers.anthropic import AnthropicProvider
from claude_tui.providers.anthropic_stream import StreamReader

Payload = dict[str, Any]
BASE = Message("01j", "session", "parent", Role.ASSISTANT, (), Status.STREAMING)


class Response:
    """As much of a response as the provider reads."""

    headers: ClassVar = {"content-type": "text/event-stream"}

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks

    async def aiter_bytes(self) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            yield chunk

    async def aclose(self) -> None:
        """Nothing is open."""


def read(chunks: Iterable[bytes]) -> tuple[list[Event], StreamReader]:
    """The events of a stream that arrives in these network chunks. Raises what the provider makes its errors of."""
    reader = StreamReader()
    events: list[Event] = []

    async def opened(_request: object) -> Any:
        return Response(chunks)

    async def collect() -> None:
        provider = AnthropicProvider(base_url="https://example.invalid", api_key="none")
        provider._open = opened
        async for event in provider.stream(ChatRequest("model", [], 1)):
            events.append(event)

    with mock.patch("claude_tui.providers.anthropic.StreamReader", return_value=reader):
        try:
            asyncio.run(collect())
        except ProviderError as error:
            if error.__cause__ is not None:
                raise error.__cause__ from None
    return events, reader


def folded(events: Iterable[Event]) -> Partial:
    partial = Partial()
    for event in events:
        partial.apply(event)
    return partial


def message_of(events: Iterable[Event], status: Status | None = None) -> Message:
    partial = folded(events)
    return partial.message(BASE, status or (Status.COMPLETE if partial.complete else Status.INTERRUPTED))


def sse(payloads: Sequence[Payload], *, names: bool = True, newline: str = "\n") -> bytes:
    """Payloads as the API sends them."""
    lines: list[str] = []
    for payload in payloads:
        lines += [f"event: {payload.get('type')}"] if names else []
        lines += [f"data: {json.dumps(payload)}", ""]
    return "".join(line + newline for line in lines).encode()


def fold_payloads(*payloads: Payload, names: bool = True) -> Message:
    return message_of(read([sse(payloads, names=names)])[0])


def start(**fields: Any) -> Payload:
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x", "content": []}
    return {"type": "message_start", "message": {**message, "usage": {"input_tokens": 3, "output_tokens": 1}, **fields}}


def block(seed: Payload, *deltas: Payload, index: Any = 0) -> list[Payload]:
    return [
        {"type": "content_block_start", "index": index, "content_block": seed},
        *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": index},
    ]


def ending(reason: str | None = "end_turn", usage: Any = None, **delta: Any) -> list[Payload]:
    fields = {"stop_reason": reason, "stop_sequence": None, **delta}
    return [{"type": "message_delta", "delta": fields, "usage": usage or {"output_tokens": 7}}, {"type": "message_stop"}]


def text_delta(text: str) -> Payload:
    return {"type": "text_delta", "text": text}


def json_delta(text: str) -> Payload:
    return {"type": "input_json_delta", "partial_json": text}


def order_problems(events: Iterable[Event]) -> list[str]:
    """Where these events of one stream break a promise on order."""
    problems: list[str] = []
    begun, ended, count = 0, False, 0
    is_open: set[int] = set()
    is_begun: set[int] = set()
    for event in events:
        if type(event) is Alive:
            continue
        name = type(event).__name__
        if ended:
            problems.append(f"{name} after the end")
        match event:
            case MessageStarted():
                begun += 1
            case BlockStarted():
                if event.number != count:
                    problems.append(f"block {event.number} where {count} was due")
                count += 1
                is_open.add(event.number)
                is_begun.add(event.number)
            case BlockDelta():
                if event.number not in is_begun:
                    problems.append(f"delta of block {event.number}, which has not begun")
            case BlockStopped():
                if event.number not in is_open:
                    problems.append(f"stop of block {event.number}, which is not open")
                is_open.discard(event.number)
            case MessageStopped():
                ended = True
                if is_open:
                    problems.append(f"the end while {is_open} are open")
            case UsageReported():
                pass
            case _:
                problems.append(f"{name} from a provider")
        if begun != 1:
            problems.append(f"{name} with {begun} beginnings")
    return problems
