"""The client over a socket: what is sent and what never is, what is asked again, and bodies under odd headers."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from claude_tui.domain.errors import ErrorInfo, ErrorKind, ProviderError
from claude_tui.domain.messages import Message
from claude_tui.domain.ports import ChatRequest, Timeouts
from claude_tui.providers import openai as wire
from claude_tui.providers.openai import OpenAIProvider
from tests.unit.providers.openai_wire import chunk, message_of, sse, text, texts

HELLO = sse(*texts("Hel", "lo"), chunk(finish="stop"))
REQUEST = ChatRequest("m", [{"role": "user", "content": [{"type": "text", "text": "hi"}]}], max_tokens=5)
LEAKS = {
    "OPENAI_API_KEY": "leaked-1",
    "OPENAI_ADMIN_KEY": "leaked-2",
    "OPENAI_ORG_ID": "leaked-3",
    "OPENAI_PROJECT_ID": "leaked-4",
    "OPENAI_CUSTOM_HEADERS": "X-Leaked: leaked-5\nAuthorization: Bearer leaked-6",
    "OPENAI_BASE_URL": "http://leaked-7.invalid",
    "HTTP_PROXY": "http://leaked-8.invalid",
}


def reply(body: Any, status: int = 200, content_type: str = "text/event-stream", **headers: str) -> bytes:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = {"content-type": content_type, "content-length": str(len(data)), **{k.replace("_", "-"): v for k, v in headers.items()}}
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    return f"HTTP/1.1 {status} Reason\r\n{lines}\r\n".encode() + data


class Server:
    """Answers each request with the next reply, the last one for ever; `heads` and `bodies` are what came."""

    def __init__(self, *replies: bytes) -> None:
        self.heads: list[str] = []
        self.bodies: list[Any] = []
        self.url = ""
        self.tasks: set[asyncio.Task[None] | None] = set()
        self.writers: list[asyncio.StreamWriter] = []
        self._replies = list(replies)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.tasks.add(asyncio.current_task())
        self.writers.append(writer)
        try:
            while head := (await reader.readuntil(b"\r\n\r\n")).decode().lower():
                length = next((int(line[15:]) for line in head.split("\r\n") if line.startswith("content-length:")), 0)
                body = await reader.readexactly(length)
                self.heads.append(head)
                self.bodies.append(json.loads(body) if body else None)
                writer.write(self._replies.pop(0) if len(self._replies) > 1 else self._replies[0])
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def close(self) -> None:
        for writer in self.writers:
            writer.close()
        await asyncio.gather(*filter(None, self.tasks))
        for writer in self.writers:
            with suppress(ConnectionError):
                await writer.wait_closed()


@asynccontextmanager
async def serving(*replies: bytes) -> AsyncIterator[Server]:
    server = Server(*replies)
    listening = await asyncio.start_server(server.answer, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1"
    try:
        yield server
    finally:
        listening.close()
        await server.close()


async def asked(server: Server, request: ChatRequest = REQUEST, **fields: Any) -> Message:
    provider = OpenAIProvider(name="x", base_url=server.url, **fields)
    try:
        return message_of([event async for event in provider.stream(request)])
    finally:
        await provider.close()


async def refused(*replies: bytes, **fields: Any) -> ErrorInfo:
    async with serving(*replies) as server:
        with pytest.raises(ProviderError) as caught:
            await asked(server, **fields)
    return caught.value.info


async def test_nothing_of_the_environment_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in LEAKS.items():
        monkeypatch.setenv(name, value)
    async with serving(reply(HELLO)) as server:
        assert (await asked(server)).blocks == (text("Hello"),)
        assert (await asked(server, api_key="key-1", headers={"X-Given": "yes"})).blocks == (text("Hello"),)
        await asked(server, headers={"Authorization": "Basic xyz"})
    keyless, keyed, own = server.heads
    assert "authorization" not in keyless and "leaked" not in keyless + keyed + own
    assert "authorization: bearer key-1\r\n" in keyed and "x-given: yes\r\n" in keyed and "openai-" not in keyed
    assert "authorization: basic xyz\r\n" in own
    assert keyless.startswith("post /v1/chat/completions http/1.1")


async def test_a_query_of_the_address_goes_with_every_request() -> None:
    async with serving(reply(HELLO)) as server:
        server.url += "?api-version=2"
        await asked(server)
    assert server.heads[0].startswith("post /v1/chat/completions?api-version=2 ")


async def test_the_key_is_asked_for_once_and_may_be_refused() -> None:
    given: list[str] = []

    async def key() -> str:
        given.append("key-1")
        return given[-1]

    async with serving(reply(HELLO)) as server:
        provider = OpenAIProvider(name="x", base_url=server.url, api_key=key, source=("$KEY",))
        assert provider.credentials() == ("$KEY",) and given == []
        await asyncio.gather(provider.prepare(), provider.prepare())
        [event async for event in provider.stream(REQUEST)]
        await provider.close()
    assert given == ["key-1"]

    async def none() -> str:
        raise ProviderError(ErrorInfo(ErrorKind.CREDENTIALS, "no key"))

    with pytest.raises(ProviderError, match="no key"):
        await OpenAIProvider(name="x", base_url=server.url, api_key=none).prepare()


@pytest.mark.parametrize("key", ["a b", "key\n", "k\x00y"])
async def test_keys_that_no_header_can_carry(key: str) -> None:
    with pytest.raises(ProviderError) as caught:
        await OpenAIProvider(name="x", api_key=key).prepare()
    assert caught.value.info.kind is ErrorKind.AUTH and key not in caught.value.info.message


async def test_addresses_that_are_not_safe() -> None:
    with pytest.raises(ProviderError) as caught:
        await OpenAIProvider(name="x", base_url="http://api.example/v1").prepare()
    assert caught.value.info.kind is ErrorKind.INVALID_REQUEST and "https" in caught.value.info.message


async def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    async def missing(_name: str) -> None:
        raise ModuleNotFoundError("openai")

    monkeypatch.setattr(wire, "import_in_thread", missing)
    with pytest.raises(ProviderError) as caught:
        await OpenAIProvider(name="x").prepare()
    assert caught.value.info.kind is ErrorKind.INVALID_REQUEST
    assert "pip install 'claude-tui-chat[openai]'" in caught.value.info.message


async def test_what_is_refused_is_left_out_from_then_on() -> None:
    options = reply({"error": {"message": "Unknown parameter: 'stream_options'."}}, 400, "application/json")
    limit = reply({"detail": [{"loc": ["body", "max_tokens"], "msg": "Extra inputs are not permitted"}]}, 422, "application/json")
    async with serving(options, limit, reply(HELLO)) as server:
        provider = OpenAIProvider(name="x", base_url=server.url)
        for request in (REQUEST, REQUEST, ChatRequest("other", REQUEST.messages)):
            assert message_of([event async for event in provider.stream(request)]).blocks == (text("Hello"),)
        await provider.close()
    sent = [
        (body["model"], "stream_options" in body, "max_tokens" in body, "max_completion_tokens" in body) for body in server.bodies
    ]
    assert sent == [
        ("m", True, True, False),
        ("m", False, True, False),
        ("m", False, False, True),
        ("m", False, False, True),
        ("other", True, False, False),
    ]


async def test_each_concession_is_made_once() -> None:
    refusal = reply({"error": {"message": "stream_options max_tokens max_completion_tokens"}}, 400, "application/json")
    info = await refused(refusal)
    assert info.kind is ErrorKind.INVALID_REQUEST and info.message == "stream_options max_tokens max_completion_tokens"


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (reply({"error": {"message": "m"}}, 401, "application/json", x_request_id="req_1"), ErrorKind.AUTH, "m"),
        (reply(b"<h1>Oops</h1>", 502, "text/html", cf_ray="req_1"), ErrorKind.SERVER, "HTTP 502 Reason: Oops"),
        (
            reply(b"", 307, location="https://elsewhere.invalid/", x_request_id="req_1"),
            ErrorKind.PROTOCOL,
            "https://elsewhere.invalid/",
        ),
        (reply({"choices": [{}]}, content_type="application/json", request_id="req_1"), ErrorKind.PROTOCOL, "one JSON object"),
        (reply(b"<title>Sign in</title>", content_type="text/html", x_request_id="req_1"), ErrorKind.PROTOCOL, "Sign in"),
        (reply(b"", x_request_id="req_1"), ErrorKind.PROTOCOL, "empty"),
        (
            reply({"error": {"message": "m", "code": 429}}, content_type="application/json", x_request_id="req_1"),
            ErrorKind.RATE_LIMIT,
            "m",
        ),
    ],
    ids=range(7),
)
async def test_answers_that_are_none(answer: bytes, kind: ErrorKind, words: str) -> None:
    info = await refused(answer)
    assert info.kind is kind and words in info.message and info.request_id == "req_1"


async def test_a_server_that_says_nothing() -> None:
    request = ChatRequest("m", REQUEST.messages, timeouts=Timeouts(first_byte=0.05, idle=0.05))
    for silence in (b"", b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n" + sse(*texts("x"), done=False)):
        info = await refused(silence, request=request)
        assert info.kind is ErrorKind.TIMEOUT


async def test_nobody_there() -> None:
    async with serving(b"") as server:
        pass
    with pytest.raises(ProviderError) as caught:
        await asked(server)
    assert caught.value.info.kind is ErrorKind.NETWORK and caught.value.retryable


async def test_the_models() -> None:
    async with serving(reply([{"id": "a", "context_length": 8}]), reply({"error": "m"}), reply(b"<html>x")) as server:
        provider = OpenAIProvider(name="x", base_url=server.url)
        listed = await provider.models()
        assert [(model.id, model.context_window) for model in listed] == [("a", 8)]
        for _ in range(2):
            with pytest.raises(ProviderError):
                await provider.models()
        assert await provider.count(REQUEST) is None and not provider.compacts("m")
        await provider.close()
    assert server.heads[0].startswith("get /v1/models ") and "authorization" not in server.heads[0]


async def test_the_end_of_an_answer_comes_at_once_after_the_counts() -> None:
    body = sse(*texts("x"), chunk(finish="stop", usage={"prompt_tokens": 1, "completion_tokens": 1}), done=False)
    began = time.monotonic()
    async with serving(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n" + body) as server:
        assert (await asked(server)).blocks == (text("x"),)
    assert time.monotonic() - began < 1.5
