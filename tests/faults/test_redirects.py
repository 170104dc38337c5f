"""A redirect is refused on every way to the network: neither the conversation nor the key goes where nobody sent it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from claude_tui.domain.errors import ProviderError
from claude_tui.domain.ports import ChatRequest, Timeouts
from claude_tui.providers.anthropic import AnthropicProvider
from claude_tui.providers.openai import OpenAIProvider

KEY = "sk-ant-CANARY-redirected-0123456789"
STATUSES = (301, 302, 303, 307, 308)


@asynccontextmanager
async def server(answers: list[bytes]) -> AsyncIterator[tuple[int, list[bytes]]]:
    """Gives one of these answers after the other, the last one again and again; its port, and what it was sent."""
    got: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next((int(line.split(b":")[1]) for line in head.splitlines() if line.lower().startswith(b"content-length")), 0)
        got.append(head + await reader.readexactly(length))
        writer.write(answers[min(len(got), len(answers)) - 1])
        await writer.drain()
        writer.close()

    made = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with made:
        yield made.sockets[0].getsockname()[1], got


def request() -> ChatRequest:
    messages: list[dict[str, Any]] = [{"role": "user", "content": [{"type": "text", "text": "the conversation"}]}]
    return ChatRequest(model="claude-opus-5-5", messages=messages, timeouts=Timeouts(5, 5, 5))


async def stream(provider: Any) -> None:
    async for _ in provider.stream(request()):
        pass


WAYS: dict[str, Callable[[Any], Awaitable[Any]]] = {
    "messages": stream,
    "models": lambda provider: provider.models(),
    "count": lambda provider: provider.count(request()),
}


@pytest.mark.parametrize("wire", ["anthropic", "openai"])
async def test_no_way_follows_one(wire: str) -> None:
    ways = [one for one in WAYS if one != "count" or wire == "anthropic"]  # the other wire counts nothing
    async with server([b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}"]) as (elsewhere, taken):
        location = f"http://localhost:{elsewhere}/v1/messages"
        rest = f"\r\nlocation: {location}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        answers = [f"HTTP/1.1 {status} Away{rest}".encode() for status in STATUSES for _ in ways]
        async with server(answers) as (port, got):
            url = f"http://127.0.0.1:{port}"
            provider: Any = AnthropicProvider(base_url=url, api_key=KEY)
            if wire == "openai":
                provider = OpenAIProvider(name="x", base_url=f"{url}/v1", api_key=KEY)
            for way in [*ways] * len(STATUSES):
                with pytest.raises(ProviderError) as refused:
                    await WAYS[way](provider)
                assert f"redirects to {location};" in refused.value.info.message
                assert not refused.value.retryable
            await provider.close()
        assert len(got) == len(ways) * len(STATUSES)
        assert b"the conversation" in got[0] and KEY.encode() in got[0]
        assert taken == []
