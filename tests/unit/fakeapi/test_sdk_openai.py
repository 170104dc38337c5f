"""The real SDK of the second wire against the fake API: chunks, extras it keeps, tools, usage, errors."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import openai
import pytest

from claude_tui.fakeapi import Call, Dialect, FakeApi, Fault, Phase, Say, Script, Think, at
from tests.unit.fakeapi.chat_rules import TOOL

HELLO: Any = [{"role": "user", "content": "What time is it?"}]
LOOP = Script((Think("I need the clock."), Say("One moment: 稍等。"), Call("clock", {"zone": "UTC"})))


@asynccontextmanager
async def client(api: FakeApi) -> AsyncIterator[openai.AsyncOpenAI]:
    http = openai.DefaultAsyncHttpxClient(trust_env=False)
    async with openai.AsyncOpenAI(api_key=api.key, base_url=f"{api.url}/v1", max_retries=0, http_client=http) as made:
        yield made


async def streamed(sdk: openai.AsyncOpenAI, messages: Any = HELLO, **options: Any) -> dict[str, Any]:
    """The message as a client would send it back; `finish` and `usage` are what came beside it."""
    told: dict[str, Any] = {"role": "assistant", "content": "", "finish": None, "usage": None}
    calls: dict[int, dict[str, Any]] = {}
    stream = await sdk.chat.completions.create(
        model="gpt-fake", messages=messages, stream=True, stream_options={"include_usage": True}, **options
    )
    async for chunk in stream:
        told["usage"] = chunk.usage or told["usage"]
        for choice in chunk.choices or ():
            told["finish"] = choice.finish_reason or told["finish"]
            told["content"] += choice.delta.content or ""
            reasoning = getattr(choice.delta, "reasoning_content", None)
            if reasoning:
                told["reasoning_content"] = told.get("reasoning_content", "") + reasoning
            for part in choice.delta.tool_calls or ():
                assert part.function is not None
                if part.id:
                    calls[part.index] = {
                        "id": part.id,
                        "type": "function",
                        "function": {"name": part.function.name, "arguments": ""},
                    }
                calls[part.index]["function"]["arguments"] += part.function.arguments or ""
    return {**told, "tool_calls": list(calls.values())} if calls else told


async def test_a_tool_loop_with_its_reasoning() -> None:
    async with FakeApi([LOOP, Script((Say("Noon."),))], dialect=Dialect(echo="require")) as api, client(api) as sdk:
        first = await streamed(sdk, tools=[TOOL])
        finish, usage = first.pop("finish"), first.pop("usage")
        assert finish == "tool_calls"
        assert first["content"] == "One moment: 稍等。"
        assert first["reasoning_content"] == "I need the clock."
        assert first["tool_calls"][0]["function"] == {"name": "clock", "arguments": '{"zone":"UTC"}'}
        assert usage.model_dump(exclude_none=True) == api.calls[0].usage
        result = {"role": "tool", "tool_call_id": first["tool_calls"][0]["id"], "content": "12:00"}
        silent = {key: value for key, value in first.items() if key != "reasoning_content"}
        with pytest.raises(openai.BadRequestError, match="must be passed back"):
            await streamed(sdk, [*HELLO, silent, result], tools=[TOOL])
        second = await streamed(sdk, [*HELLO, first, result], tools=[TOOL])
        assert (second["content"], second["finish"]) == ("Noon.", "stop")


async def test_whole_completions_and_models() -> None:
    async with FakeApi(LOOP) as api, client(api) as sdk:
        done = await sdk.chat.completions.create(model="gpt-fake", messages=HELLO, tools=[TOOL])  # type: ignore[list-item]
        assert done.choices[0].message.content == "One moment: 稍等。"
        assert done.choices[0].message.tool_calls is not None
        assert done.usage is not None
        assert done.usage.completion_tokens > 0
        assert "claude-opus-5-5" in [model.id async for model in sdk.models.list()]
        assert (await sdk.models.retrieve("claude-opus-5-5")).object == "model"


@pytest.mark.parametrize(
    ("fault", "phase", "error"),
    [
        (Fault.BAD_REQUEST, Phase.BEFORE_HEADERS, openai.BadRequestError),
        (Fault.UNAUTHORIZED, Phase.BEFORE_HEADERS, openai.AuthenticationError),
        (Fault.RATE_LIMITED, Phase.BEFORE_HEADERS, openai.RateLimitError),
        (Fault.OVERLOADED, Phase.BEFORE_HEADERS, openai.InternalServerError),
        (Fault.CLOSED, Phase.BEFORE_HEADERS, openai.APIConnectionError),
        (Fault.REFUSED, Phase.BEFORE_HEADERS, openai.APIConnectionError),
        (Fault.ERROR_API, Phase.TEXT, openai.APIError),
        (Fault.ERROR_NUMERIC_CODE, Phase.TEXT, openai.APIError),
        (Fault.RST, Phase.TEXT, openai.APIConnectionError),
        (Fault.FIN_MID_CHUNK, Phase.TEXT, openai.APIConnectionError),
        (Fault.INVALID_UTF8, Phase.TEXT, UnicodeDecodeError),
        (Fault.MALFORMED_JSON, Phase.TEXT, ValueError),
        (Fault.ERROR_NOT_JSON, Phase.TEXT, ValueError),
    ],
    ids=lambda value: value.label if isinstance(value, Fault) else None,
)
async def test_faults_as_the_sdk_sees_them(fault: Fault, phase: Phase, error: type[Exception]) -> None:
    async with FakeApi(at(fault, phase)) as api, client(api) as sdk:
        with pytest.raises(error):
            await streamed(sdk)


@pytest.mark.parametrize("fault", [Fault.WHOLE_200, Fault.JSON_200, Fault.EMPTY_200], ids=lambda fault: fault.label)
async def test_bodies_the_sdk_says_nothing_about(fault: Fault) -> None:
    async with FakeApi(at(fault, Phase.BEFORE_HEADERS)) as api, client(api) as sdk:
        assert (await streamed(sdk))["finish"] is None


async def test_errors_carry_their_code() -> None:
    async with FakeApi(at(Fault.CONTEXT_FULL, Phase.BEFORE_HEADERS)) as api, client(api) as sdk:
        with pytest.raises(openai.BadRequestError) as caught:
            await streamed(sdk)
    assert caught.value.code == "context_length_exceeded"
    assert caught.value.request_id
