"""The real SDK against the fake API: its streams fold, its echoes are taken, its errors are its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anthropic
import httpx2
import pytest

from claude_tui.fakeapi import Call, FakeApi, Fault, Phase, Say, Script, Think, at

MODEL = "claude-opus-5-5"
TOOL: Any = {"name": "clock", "description": "The time.", "input_schema": {"type": "object", "properties": {}}}


@asynccontextmanager
async def client(api: FakeApi) -> AsyncIterator[anthropic.AsyncAnthropic]:
    http = anthropic.DefaultAsyncHttpxClient(trust_env=False)
    async with anthropic.AsyncAnthropic(api_key=api.key, base_url=api.url, max_retries=0, http_client=http) as made:
        yield made


async def test_stream_and_echo() -> None:
    plan = [
        Script((Think("I need the clock."), Say("One moment: 稍等。"), Call("clock", {"zone": "UTC"}))),
        Script((Think("Noon."), Say("It is noon."))),
        Script((Say("Bye."),)),
    ]
    async with FakeApi(plan) as api, client(api) as sdk:
        history: list[Any] = [{"role": "user", "content": "What time is it?"}]
        async with sdk.messages.stream(model=MODEL, max_tokens=100, tools=[TOOL], messages=history) as stream:
            first = await stream.get_final_message()
        assert [block.type for block in first.content] == ["thinking", "text", "tool_use"]
        assert first.stop_reason == "tool_use"
        assert first.usage.output_tokens_details is not None
        call = first.content[2]
        assert call.type == "tool_use"
        assert call.input == {"zone": "UTC"}
        history.append({"role": "assistant", "content": [block.to_dict() for block in first.content]})
        history.append({"role": "user", "content": [{"type": "tool_result", "tool_use_id": call.id, "content": "12:00"}]})
        second = await sdk.messages.create(model=MODEL, max_tokens=100, tools=[TOOL], messages=history)
        history.append({"role": "assistant", "content": [block.to_dict() for block in second.content]})
        history.append({"role": "user", "content": "Thanks"})
        third = await sdk.beta.messages.create(model=MODEL, max_tokens=100, tools=[TOOL], messages=history)
        assert third.content[0].type == "text"
        history[1]["content"][0]["thinking"] = "I made this up."
        with pytest.raises(anthropic.BadRequestError, match="Invalid `signature` in `thinking` block"):
            await sdk.messages.create(model=MODEL, max_tokens=100, tools=[TOOL], messages=history)


async def test_models_and_counting() -> None:
    async with FakeApi(Script()) as api, client(api) as sdk:
        ids = [model.id async for model in sdk.models.list(limit=7, lifecycle=["active", "deprecated"])]
        assert MODEL in ids
        assert len(ids) == len(set(ids)) > 15
        one = await sdk.models.retrieve(MODEL)
        assert one.capabilities is not None
        assert one.capabilities.thinking.types.adaptive.supported
        assert one.max_input_tokens == 1_000_000
        counted = await sdk.messages.count_tokens(model=MODEL, messages=[{"role": "user", "content": "hello"}])
        assert counted.input_tokens > 0


@pytest.mark.parametrize(
    ("fault", "phase", "error"),
    [
        (Fault.UNAUTHORIZED, Phase.BEFORE_HEADERS, anthropic.AuthenticationError),
        (Fault.OVERLOADED, Phase.BEFORE_HEADERS, anthropic.OverloadedError),
        (Fault.RATE_LIMITED, Phase.BEFORE_HEADERS, anthropic.RateLimitError),
        (Fault.SPENDING_LIMIT, Phase.BEFORE_HEADERS, anthropic.RateLimitError),
        (Fault.CLOSED, Phase.BEFORE_HEADERS, anthropic.APIConnectionError),
        (Fault.REFUSED, Phase.BEFORE_HEADERS, anthropic.APIConnectionError),
        (Fault.ERROR_OVERLOADED, Phase.TEXT, anthropic.APIStatusError),
        (Fault.FIN_MID_CHUNK, Phase.TEXT, httpx2.RemoteProtocolError),
        (Fault.RST, Phase.TEXT, httpx2.ReadError),
        (Fault.INVALID_UTF8, Phase.TEXT, UnicodeDecodeError),
        (Fault.MALFORMED_JSON, Phase.TEXT, ValueError),
    ],
    ids=lambda value: value.label if isinstance(value, Fault) else None,
)
async def test_faults_as_the_sdk_sees_them(fault: Fault, phase: Phase, error: type[Exception]) -> None:
    messages: list[Any] = [{"role": "user", "content": "hi"}]
    async with FakeApi(at(fault, phase)) as api, client(api) as sdk:
        with pytest.raises(error):
            await _drain(sdk, messages)


async def _drain(sdk: anthropic.AsyncAnthropic, messages: list[Any]) -> None:
    async with sdk.messages.stream(model=MODEL, max_tokens=100, messages=messages) as stream:
        await stream.until_done()


async def test_error_details_reach_the_sdk() -> None:
    async with FakeApi(Script((Fault.SPENDING_LIMIT,))) as api, client(api) as sdk:
        with pytest.raises(anthropic.RateLimitError) as caught:
            await sdk.messages.create(model=MODEL, max_tokens=10, messages=[{"role": "user", "content": "hi"}])
    assert caught.value.error_code == "enforced_spend_limit_reached"
    assert caught.value.request_id
    assert caught.value.type == "rate_limit_error"
