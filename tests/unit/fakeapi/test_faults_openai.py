"""Every fault that has a meaning on the second wire, over the socket: how the answer ends, what is kept of it, in which words."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from claude_tui.fakeapi import WIRES, FakeApi, Fault, Phase, at
from claude_tui.fakeapi.faults import Expected
from tests.unit.fakeapi.test_faults import ENDS, QUIET, STATUSES, name

TABLE = [(fault, phase) for fault in Fault if fault.on("openai") for phase in fault.phases]
STREAMED = [(fault, phase) for fault, phase in TABLE if fault not in QUIET]
FINE = [(fault, phase) for fault, phase in STREAMED if fault.lossless]
TEXT = "Here is the beginning of the answer."
CODES = {
    Fault.CONTEXT_FULL: "context_length_exceeded",
    Fault.UNAUTHORIZED: "invalid_api_key",
    Fault.NOT_FOUND: "model_not_found",
    Fault.RATE_LIMITED: "rate_limit_exceeded",
    Fault.SPENDING_LIMIT: "insufficient_quota",
    Fault.OVERLOADED: "server_is_overloaded",
}


def sized(fault: Fault, phase: Phase) -> Any:
    return at(fault, phase, size=100_000) if fault is Fault.HUGE_DELTA else at(fault, phase)


def test_every_fault_is_on_a_wire_and_says_what_is_expected_there() -> None:
    assert {wire for fault in Fault for wire in WIRES if fault.on(wire)} == set(WIRES)
    for fault in Fault:
        assert any(fault.on(wire) for wire in WIRES)
        for wire in WIRES:
            expected = [fault.expected(phase, wire) for phase in fault.phases]
            assert all((one.kind is None) == (one.outcome == "completed") for one in expected)
    assert Fault.ERROR_NOT_JSON.expected(Phase.TEXT) == Expected("failed", "server")
    assert Fault.ERROR_NOT_JSON.expected(Phase.TEXT, "openai") == Expected("failed", "server")
    assert Fault.RST.expected(Phase.END, "openai") == Expected("completed")
    assert not Fault.NULL_CHOICES.on("anthropic")
    assert not Fault.REUSED_INDEX.on("openai")


@pytest.mark.parametrize(("fault", "phase"), STREAMED, ids=name)
async def test_ends_as_it_says(kit: Any, fault: Fault, phase: Phase) -> None:
    async with FakeApi(sized(fault, phase)) as api:
        told = await kit.completed(api)
        record = await api.wait_finished(0)
    early = phase is Phase.BEFORE_HEADERS and not fault.lossless
    assert told.end == ({Fault.RST: "reset", Fault.CLOSED: "eof"} if early else ENDS).get(fault, "complete")
    assert record.closed_at is None
    assert (told.status, record.wire) == (record.status or 0, "openai")


@pytest.mark.parametrize(("fault", "phase"), FINE, ids=name)
async def test_lossless_oddities_keep_the_whole_answer(kit: Any, fault: Fault, phase: Phase) -> None:
    async with FakeApi(sized(fault, phase)) as api:
        told = await kit.completed(api)
    completion = told.completion
    assert completion.text.replace("huge ", "").removesuffix("after the end") == TEXT
    assert completion.reasoning == "First I look at the question."
    assert completion.finish == ("tool_calls" if phase is Phase.TOOL_ARGUMENTS else "stop")
    arguments = [json.loads(call["arguments"]) for call in completion.calls]
    assert arguments == ([{"expression": "6 * 7"}] if phase is Phase.TOOL_ARGUMENTS else [])


@pytest.mark.parametrize("fault", STATUSES, ids=name)
async def test_http_statuses(kit: Any, fault: Fault) -> None:
    async with FakeApi(at(fault, Phase.BEFORE_HEADERS)) as api:
        told = await kit.completed(api, {"nonsense": True})
    error = told.json["error"]
    assert told.status == STATUSES[fault][0]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["message"]
    assert error["type"]
    assert error["code"] == CODES.get(fault, error["code"])
    assert ("retry-after" in told.headers) == ("retry_after" in fault.value.params)
    assert ("x-should-retry" in told.headers) == (fault in (Fault.SHOULD_RETRY, Fault.SHOULD_NOT_RETRY))


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (
            Fault.ERROR_OVERLOADED,
            {"message": "Overloaded", "type": "service_unavailable_error", "param": None, "code": "server_is_overloaded"},
        ),
        (Fault.ERROR_API, {"message": "Internal server error", "type": "server_error", "param": None, "code": None}),
        (
            Fault.ERROR_RATE_LIMIT,
            {"message": "Too many requests", "type": "tokens", "param": None, "code": "rate_limit_exceeded"},
        ),
        (Fault.ERROR_NUMERIC_CODE, {"code": 502, "message": "Provider returned error"}),
    ],
    ids=name,
)
async def test_error_frames(kit: Any, fault: Fault, error: dict[str, Any]) -> None:
    async with FakeApi(at(fault, Phase.TEXT)) as api:
        told = await kit.completed(api)
    assert told.status == 200
    assert told.events[-1] == {"error": error}
    assert b"[DONE]" not in told.body


async def test_what_is_no_chunk(kit: Any) -> None:
    seen: dict[Fault, Any] = {}
    for fault in (Fault.ERROR_WITHOUT_ERROR, Fault.NULL_CHOICES, Fault.EMPTY_CHOICES, Fault.NULL_DELTA, Fault.MALFORMED_JSON):
        async with FakeApi(at(fault, Phase.TEXT)) as api:
            seen[fault] = (await kit.completed(api)).body
    assert b'event: error\ndata: {"message":"upstream provider failed"' in seen[Fault.ERROR_WITHOUT_ERROR]
    assert b'"choices":null}' in seen[Fault.NULL_CHOICES]
    assert seen[Fault.EMPTY_CHOICES].count(b'"choices":[]') == 2
    assert b'"delta":null' in seen[Fault.NULL_DELTA]
    assert b'"delta":{\n\n' in seen[Fault.MALFORMED_JSON]
    async with FakeApi(at(Fault.INVALID_UTF8, Phase.TEXT)) as api:
        broken = (await kit.completed(api)).body
    with pytest.raises(UnicodeDecodeError):
        broken.decode()


async def test_bodies_that_are_no_stream(kit: Any) -> None:
    async with FakeApi(at(Fault.WHOLE_200, Phase.BEFORE_HEADERS)) as api:
        whole = await kit.completed(api)
    assert whole.headers["content-type"] == "application/json"
    assert whole.json["object"] == "chat.completion"
    async with FakeApi(at(Fault.REDIRECT, Phase.BEFORE_HEADERS)) as api:
        assert (await kit.completed(api)).headers["location"] == "http://redirect.invalid/v1/chat/completions"


async def test_odd_shapes_are_on_the_wire(kit: Any) -> None:
    seen: dict[Fault, bytes] = {}
    for fault in (Fault.CRLF, Fault.BOM, Fault.COMMENTS, Fault.NO_MESSAGE_STOP, Fault.TRAILING_DONE, Fault.NO_FINAL_BLANK_LINE):
        async with FakeApi(at(fault, Phase.BEFORE_HEADERS)) as api:
            seen[fault] = (await kit.completed(api)).body
    assert b"\n" not in seen[Fault.CRLF].replace(b"\r\n", b"")
    assert seen[Fault.BOM].startswith(b"\xef\xbb\xbfdata: ")
    assert seen[Fault.COMMENTS].startswith(b": keep-alive\n")
    assert b"[DONE]" not in seen[Fault.NO_MESSAGE_STOP]
    assert seen[Fault.TRAILING_DONE].endswith(b"data: [DONE]\n\ndata: [DONE]\n\n")
    assert seen[Fault.NO_FINAL_BLANK_LINE].endswith(b"data: [DONE]\n")
    async with FakeApi(at(Fault.NO_USAGE, Phase.BEFORE_HEADERS)) as api:
        assert (await kit.completed(api)).completion.usage is None
        assert api.calls[0].usage is None


async def test_the_end_comes_after_the_finish_reason_and_before_usage(kit: Any) -> None:
    async with FakeApi(at(Fault.CLEAN_EOF_CHUNKED, Phase.END)) as api:
        told = await kit.completed(api)
    assert told.completion.finish == "stop"
    assert told.completion.usage is None
    assert b"[DONE]" not in told.body


async def test_silences(kit: Any) -> None:
    async with FakeApi(at(Fault.STALL_WITH_PINGS, Phase.TEXT, every=0.005)) as api, kit.client(api) as client:
        await client.send(kit.chat(), path="/v1/chat/completions")
        alive = await client.read(until=lambda body: body.count(b": keep-alive\n\n") >= 3)
        assert b"the answer." not in alive.body
    for fault, phase, seen in ((Fault.STALL, Phase.TEXT, b"beginning"), (Fault.OPEN_AFTER_STOP, Phase.END, b"[DONE]")):
        async with FakeApi(at(fault, phase)) as api:
            async with kit.client(api) as client:
                await client.send(kit.chat(), path="/v1/chat/completions")
                await client.read(until=lambda body, seen=seen: seen in body)
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.05):
                        await client.read()
                client.close()
            await api.wait_closed(0)


@pytest.mark.parametrize("fault", [fault for fault in Fault if fault.on("openai") and fault not in QUIET], ids=name)
async def test_faults_without_a_stream(kit: Any, fault: Fault) -> None:
    """A request that did not ask for a stream gets the whole completion, or the fault."""
    async with FakeApi(at(fault, fault.phases[-1])) as api:
        told = await kit.completed(api, kit.chat(stream=False, stream_options=...))
    if fault.lossless:
        assert told.json["choices"][0]["message"]["content"] == TEXT
    else:
        assert TEXT.encode() not in told.body
