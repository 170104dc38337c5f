"""Claude on other platforms: which client is made, where its requests go, and what is said where something is missing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from claude_tui.config_providers import Section
from claude_tui.domain.errors import ErrorKind, ProviderError
from claude_tui.domain.ports import ChatRequest
from claude_tui.providers import anthropic_clients
from claude_tui.providers.anthropic import AnthropicProvider
from claude_tui.providers.keys import Key

REQUEST = ChatRequest("anthropic.claude-opus-5-5", [{"role": "user", "content": "x"}])
VARIABLES = (
    "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_BEARER_TOKEN_BEDROCK", "AWS_ACCESS_KEY_ID", "CLOUD_ML_REGION",
    "ANTHROPIC_VERTEX_PROJECT_ID", "GOOGLE_APPLICATION_CREDENTIALS", "ANTHROPIC_FOUNDRY_API_KEY", "ANTHROPIC_FOUNDRY_RESOURCE",
    "ANTHROPIC_FOUNDRY_BASE_URL",
)  # fmt: skip


class Listener:
    """A server that notes the first line and the credentials of every request, and refuses it."""

    def __init__(self) -> None:
        self.url = ""
        self.heads: list[list[bytes]] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.heads.append(head.split(b"\r\n"))
        writer.write(b"HTTP/1.1 400 no\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    def has(self, header: bytes) -> bool:
        return header in [line.lower() for line in self.heads[-1]]


@pytest.fixture
async def listener(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Listener]:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "the-key-of-the-api-itself")
    listener = Listener()
    server = await asyncio.start_server(listener.serve, "127.0.0.1", 0)
    listener.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield listener
    server.close()


async def failure(section: Section, key: str | None = "tok") -> ProviderError:
    found = Key("work", variable="WORK_KEY", environ={"WORK_KEY": key}) if key else None
    provider = AnthropicProvider(name="work", section=section, key=found)
    try:
        with pytest.raises(ProviderError) as caught:
            async for _ in provider.stream(REQUEST):
                pass
        return caught.value
    finally:
        await provider.close()


@pytest.mark.parametrize(
    ("section", "path", "header"),
    [
        (Section(platform="bedrock", region="us-east-1"), b"POST /v1/messages ", b"authorization: bearer tok"),
        (
            Section(platform="vertex", region="us-east5", project="p"),
            b"POST /projects/p/locations/us-east5/publishers/anthropic/models/anthropic.claude-opus-5-5:streamRawPredict ",
            b"authorization: bearer tok",
        ),
        (Section(platform="foundry"), b"POST /v1/messages ", b"api-key: tok"),
    ],
    ids=["bedrock", "vertex", "foundry"],
)
async def test_requests_go_where_the_platform_wants_them(listener: Listener, section: Section, path: bytes, header: bytes) -> None:
    error = await failure(replace(section, base_url=listener.url))
    assert error.info.status == 400
    (head,) = listener.heads
    assert head[0].startswith(path) and listener.has(header)
    assert not any(b"the-key-of-the-api-itself" in line for line in head)


@pytest.mark.parametrize(
    ("section", "words"),
    [
        (Section(platform="bedrock"), "Amazon Bedrock needs a region"),
        (Section(platform="vertex"), "Google Vertex AI needs a region"),
        (Section(platform="vertex", region="us-east5"), "No project_id was given"),
        (Section(platform="foundry"), "Microsoft Foundry needs a resource"),
    ],
)
async def test_what_is_missing_is_said(listener: Listener, section: Section, words: str) -> None:
    error = await failure(section)
    assert (error.info.kind, words in error.info.message) == (ErrorKind.CREDENTIALS, True)


async def test_no_credentials_for_foundry(listener: Listener) -> None:
    error = await failure(Section(platform="foundry", resource="r"), key=None)
    assert error.info.kind is ErrorKind.CREDENTIALS and "Missing credentials" in error.info.message


@pytest.mark.parametrize(("platform", "extra"), [("bedrock", "bedrock"), ("vertex", "vertex")])
async def test_a_missing_extra_is_named(listener: Listener, monkeypatch: pytest.MonkeyPatch, platform: str, extra: str) -> None:
    monkeypatch.setattr(anthropic_clients, "_is_there", lambda module: False)
    error = await failure(Section(platform=platform, region="r", project="p"), key=None)  # type: ignore[arg-type]
    assert error.info.kind is ErrorKind.INVALID_REQUEST
    assert f"pip install 'claude-tui-chat[{extra}]'" in error.info.message


async def test_a_named_endpoint_never_gets_the_key_of_the_api(listener: Listener) -> None:
    """Neither where its own is missing, nor on this machine, where none is needed."""
    section = Section(base_url=listener.url)
    provider = AnthropicProvider(name="local", section=section, key=Key("local", required=False))
    with pytest.raises(ProviderError):
        async for _ in provider.stream(REQUEST):
            pass
    await provider.close()
    assert listener.has(b"authorization: bearer none")
    with pytest.raises(ProviderError) as caught:
        await AnthropicProvider(name="gateway", section=Section(base_url="https://gateway.invalid"), key=Key("gateway")).prepare()
    assert caught.value.info.kind is ErrorKind.CREDENTIALS


async def test_platforms_list_no_models(listener: Listener) -> None:
    key = Key("work", variable="WORK_KEY", environ={"WORK_KEY": "tok"})
    provider = AnthropicProvider(name="work", section=Section(platform="foundry", base_url=listener.url), key=key)
    with pytest.raises(ProviderError) as caught:
        await provider.models()
    await provider.close()
    assert caught.value.info.kind is ErrorKind.NOT_FOUND and not provider.compacts("claude-opus-5-5")
