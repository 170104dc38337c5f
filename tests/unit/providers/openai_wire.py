"""Bytes of a Chat Completions stream to events to a message, on the way the provider takes."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

from claude_tui.domain.errors import ProviderError
from claude_tui.domain.events import Event
from claude_tui.domain.messages import Message, Role, Status
from claude_tui.domain.partial import Partial
from claude_tui.domain.ports import ChatRequest
from claude_tui.providers.openai import OpenAIProvider

Payload = dict[str, Any]
BASE = Message("01j", "session", "parent", Role.ASSISTANT, (), Status.STREAMING)


class Response:
    """As much of a response as the provider reads. `then`: what reading on throws; "silence" never ends. `pause`: before each."""

    def __init__(
        self,
        chunks: Iterable[bytes],
        headers: Mapping[str, str] | None = None,
        then: Exception | str | None = None,
        pause: float = 0.0,
    ) -> None:
        self._pause = pause
        self.headers = {"content-type": "text/event-stream", **(headers or {})}
        self._chunks = chunks
        self._then = then

    async def aiter_bytes(self) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            if self._pause:
                await asyncio.sleep(self._pause)
            yield chunk
        if self._then == "silence":
            await asyncio.Event().wait()
        if isinstance(self._then, Exception):
            raise self._then

    async def aclose(self) -> None:
        """Nothing is open."""


def read(
    chunks: bytes | Iterable[bytes],
    headers: Mapping[str, str] | None = None,
    then: Exception | str | None = None,
    tools: tuple[Payload, ...] = (),
    pause: float = 0.0,
) -> tuple[list[Event], ProviderError | None]:
    """The events of a stream that arrives in these network chunks, and the error it ends with."""
    response = Response([chunks] if isinstance(chunks, bytes) else chunks, headers, then, pause)
    events: list[Event] = []

    async def opened(_request: object) -> Any:
        return response

    async def collect() -> ProviderError | None:
        provider = OpenAIProvider(name="x", base_url="https://example.invalid/v1")
        provider._open = opened  # type: ignore[method-assign]
        try:
            async for event in provider.stream(ChatRequest("model", [], tools=tools)):
                events.append(event)
        except ProviderError as error:
            return error
        return None

    return events, asyncio.run(collect())


def message_of(events: Iterable[Event]) -> Message:
    partial = Partial()
    for event in events:
        partial.apply(event)
    return partial.message(BASE, Status.COMPLETE if partial.complete else Status.INTERRUPTED)


def answer_of(chunks: bytes | Iterable[bytes], **fields: Any) -> Message:
    """The whole message; the stream must end well."""
    events, error = read(chunks, **fields)
    assert error is None, error
    message = message_of(events)
    assert message.status is Status.COMPLETE and message.open_blocks == ()
    return message


def sse(*payloads: Payload | str, done: bool = True) -> bytes:
    """Payloads as most servers send them; a string stands for its own data."""
    lines = [f"data: {one if isinstance(one, str) else json.dumps(one)}\n\n" for one in payloads]
    return "".join([*lines, *(["data: [DONE]\n\n"] if done else [])]).encode()


def chunk(delta: Payload | None = None, finish: str | None = None, **fields: Any) -> Payload:
    choice = {"index": 0, "delta": {} if delta is None else delta, "finish_reason": finish}
    return {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice], **fields}


def texts(*pieces: str) -> list[Payload]:
    return [chunk({"content": piece}) for piece in pieces]


def call(**fragment: Any) -> Payload:
    return chunk({"tool_calls": [fragment]})


def text(value: str) -> Payload:
    return {"type": "text", "text": value}


def thinking(value: str) -> Payload:
    return {"type": "thinking", "thinking": value}


def use(call_id: str, name: str, **arguments: Any) -> Payload:
    return {"type": "tool_use", "id": call_id, "name": name, "input": arguments}


def counts(fresh: int, out: int, read_from_cache: int = 0, written: int = 0, thought: int | None = None) -> Payload:
    usage: Payload = {"input_tokens": fresh, "output_tokens": out}
    usage |= {"cache_read_input_tokens": read_from_cache, "cache_creation_input_tokens": written}
    return usage if thought is None else {**usage, "output_tokens_details": {"thinking_tokens": thought}}
