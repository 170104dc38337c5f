"""The server on its second wire, as HTTP: streams, keys, models, records, what plans read, scenarios."""

from __future__ import annotations

from typing import Any

import pytest

from claude_tui.fakeapi import Call, Event, FakeApi, Fault, Finish, Ping, Raw, Say, Script, Start, Think, WaitFor, plan_of
from tests.unit.fakeapi.chat_rules import TOOL, answer, call, calling, said, tool, user

LOOP = Script((Think("I need the clock."), Say("One moment."), Call("clock", {"zone": "UTC"})))


async def test_streams_and_records(kit: Any) -> None:
    async with FakeApi(LOOP) as api:
        told = await kit.completed(api)
        first = await kit.once(api)
        whole = (await kit.completed(api, kit.chat(stream=False, stream_options=...))).json
        records = api.calls
    assert told.status == 200
    assert told.headers["content-type"].startswith("text/event-stream")
    assert told.headers["x-request-id"].startswith("req_")
    assert "request-id" not in told.headers
    assert told.body.endswith(b"data: [DONE]\n\n")
    assert b"event:" not in told.body
    assert told.completion.reasoning == "I need the clock."
    assert [record.wire for record in records] == ["openai", "anthropic", "openai"]
    assert [record.usage for record in records] == [told.completion.usage, first.events[-2]["usage"], whole["usage"]]
    assert [record.to_json()["wire"] for record in records] == ["openai", "anthropic", "openai"]


async def test_no_usage_was_served(kit: Any) -> None:
    async with FakeApi([LOOP, Script((Fault.OVERLOADED,)), Script((Fault.UNAUTHORIZED,)), LOOP]) as api:
        await kit.completed(api, kit.chat(stream_options=...))
        await kit.completed(api)
        await kit.once(api)
        assert (await kit.completed(api, {"model": "x"})).status == 400
        assert [record.usage for record in api.calls] == [None, None, None, None]


async def test_usage_as_far_as_it_was_served(kit: Any) -> None:
    async with FakeApi(Script((Say("a", stop=False), WaitFor("gate")))) as api:
        async with kit.client(api) as client:
            await client.send(kit.ask("hi"))
            started = await client.read(until=lambda body: b"text_delta" in body)
        record = await api.wait_closed(0)
    assert record.usage == started.events[0]["message"]["usage"]


async def test_both_wires_mean_the_same_by_usage(kit: Any) -> None:
    long = "word " * 2000
    async with FakeApi(Script((Think("x" * 40), Say("y" * 40)))) as api:
        first, second = [
            (await kit.completed(api, kit.chat(long, *more))).completion.usage for more in ([], [said("ok"), user("more")])
        ]
        mark = {"cache_control": {"type": "ephemeral"}}
        other = (await kit.once(api, kit.ask(long, **mark))).events[-2]["usage"]
    total = other["input_tokens"] + other["cache_creation_input_tokens"] + other["cache_read_input_tokens"]
    assert abs(first["prompt_tokens"] - total) < 5
    assert first["completion_tokens"] == other["output_tokens"]
    assert first["completion_tokens_details"]["reasoning_tokens"] == other["output_tokens_details"]["thinking_tokens"]
    assert first["prompt_tokens_details"]["cached_tokens"] == 0
    assert second["prompt_tokens_details"]["cached_tokens"] == first["prompt_tokens"]


async def test_pings_events_and_raw_bytes(kit: Any) -> None:
    steps = (Ping(), Event({"choices": [], "by": "hand"}), Raw(b": raw\n\n"), Say("then"), Finish(), Ping())
    async with FakeApi(Script(steps)) as api:
        told = await kit.completed(api)
        bare = await kit.completed(api, headers={"authorization": f"Bearer {api.key}"})
    assert told.body.count(b": keep-alive\n\n") == 2
    assert b'data: {"choices":[],"by":"hand"}\n\n: raw\n\n' in told.body
    assert told.completion.text == "then"
    assert bare.status == 200


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"authorization": ""}, 401, None),
        ({"authorization": "", "x-api-key": "KEY"}, 401, None),
        ({"authorization": "KEY"}, 401, None),
        ({"authorization": "Bearer wrong"}, 401, "invalid_api_key"),
        ({"authorization": "Bearer KEY"}, 200, None),
        ({"host": "evil.example"}, 403, "insufficient_permissions"),
    ],
)
async def test_key_and_host(kit: Any, headers: dict[str, str], status: int, code: str | None) -> None:
    async with FakeApi(LOOP, key="KEY") as api:
        told = await kit.completed(api, headers=headers)
    assert told.status == status
    if status != 200:
        error = told.json["error"]
        assert (set(error), error["code"]) == ({"message", "type", "param", "code"}, code)
        assert "wrong" not in error["message"]


async def test_models_in_the_shape_of_the_wire(kit: Any) -> None:
    bare = {"anthropic-version": ""}
    async with FakeApi(LOOP) as api:
        listed = (await kit.once(api, method="GET", path="/v1/models", headers=bare)).json
        one = (await kit.once(api, method="GET", path="/v1/models/claude-opus-5-5", headers=bare)).json
        missing = await kit.once(api, method="GET", path="/v1/models/nobody", headers=bare)
        lost = await kit.once(api, path="/v1/chat/nothing", headers=bare)
    assert listed["object"] == "list"
    assert one in listed["data"]
    assert set(one) == {"id", "object", "created", "owned_by"}
    assert one["object"] == "model"
    assert missing.status == 404
    assert missing.json["error"]["code"] == "model_not_found"
    assert lost.json["error"]["type"] == "invalid_request_error"


async def test_refusals_and_senseless_scripts_are_told(kit: Any) -> None:
    api = FakeApi([Script((Start(), Say("x", start=False)))])
    await api.start()
    assert (await kit.completed(api, b"{not json")).message == "We could not parse the JSON body of your request."
    assert (await kit.completed(api)).end == "eof"
    assert "no answer for request 1" in (await kit.completed(api)).message
    with pytest.raises(RuntimeError, match="none is open"):
        await api.__aexit__(None, None, None)


PNG = {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}
IMAGES: list[dict[str, Any]] = [
    {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
    {"type": "image_url", "image_url": {"url": "https://example.com/x.png"}},
]
SPOKEN: list[Any] = [
    {"role": "system", "content": "Be brief."},
    user([{"type": "text", "text": "a"}, *IMAGES]),
    calling(call("1", arguments='{"zone":"UTC"}'), call("2", arguments="{"), content="so"),
    answer("1", "noon"),
    answer("2", [{"type": "text", "text": "?"}]),
    {"role": "developer", "content": "Be briefer."},
    user("b"),
]
READ: list[Any] = [
    user(
        [
            {"type": "text", "text": "a"},
            {"type": "image", "source": PNG},
            {"type": "image", "source": {"type": "url", "url": "https://example.com/x.png"}},
        ]
    ),
    said(
        [
            {"type": "text", "text": "so"},
            {"type": "tool_use", "id": "1", "name": "clock", "input": {"zone": "UTC"}},
            {"type": "tool_use", "id": "2", "name": "clock", "input": {}},
        ]
    ),
    user(
        [
            {"type": "tool_result", "tool_use_id": "1", "content": "noon"},
            {"type": "tool_result", "tool_use_id": "2", "content": [{"type": "text", "text": "?"}]},
        ]
    ),
    {"role": "system", "content": "Be briefer."},
    user("b"),
]


async def test_a_plan_reads_the_words_of_the_first_wire(kit: Any) -> None:
    seen: list[dict[str, Any]] = []

    def plan(body: dict[str, Any], n: int) -> Script:
        seen.append(body)
        return Script((Say("ok"),))

    bare = tool("bare", description=..., parameters=...)
    body = kit.chat(*SPOKEN, tools=[TOOL, bare], reasoning_effort="none", max_tokens=9)
    async with FakeApi(plan) as api:
        await kit.completed(api, body)
        await kit.completed(api, kit.chat("a", reasoning_effort="low"))
        assert api.calls[0].body == body
    assert seen[0] == {
        "wire": "openai",
        "model": "gpt-fake",
        "max_tokens": 9,
        "system": [{"type": "text", "text": "Be brief."}],
        "thinking": {"type": "disabled"},
        "tools": [
            {"name": "clock", "description": "Tells the time.", "input_schema": {"type": "object", "properties": {}}},
            {"name": "bare", "description": "", "input_schema": {"type": "object"}},
        ],
        "messages": READ,
    }
    assert seen[1]["output_config"] == {"effort": "low"}


async def test_scenarios_play_on_this_wire_too(kit: Any) -> None:
    tools = [tool("calculator"), tool("current_time")]
    async with FakeApi(plan_of("tools")) as api:
        history: list[Any] = [user("go")]
        for count in (1, 2, 1):
            told = (await kit.completed(api, kit.chat(*history, tools=tools))).completion
            assert (len(told.calls), told.finish) == (count, "tool_calls")
            history.append(calling(*[call(one["id"], one["name"], one["arguments"]) for one in told.calls]))
            history += [answer(one["id"], "982") for one in told.calls]
        last = (await kit.completed(api, kit.chat(*history, tools=tools))).completion
        assert "982" in last.text
        assert last.finish == "stop"
    async with FakeApi(plan_of("demo")) as api:
        assert "calculator" in (await kit.completed(api, kit.chat("2 + 2", tools=tools))).completion.calls[0]["name"]
        assert not (await kit.completed(api, kit.chat("think", reasoning_effort="none"))).completion.reasoning
    async with FakeApi(plan_of("faults")) as api:
        assert (await kit.completed(api, kit.chat("unauthorized"))).status == 401
        assert b'"choices":null' in (await kit.completed(api, kit.chat("null_choices text"))).body
