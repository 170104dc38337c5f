"""Every fault does on the socket what its name says, in every phase it can strike."""

from __future__ import annotations

import asyncio
import email.utils
import time
from typing import Any

import pytest

from claude_tui.fakeapi import FakeApi, Fault, Phase, Raw, Say, Script, at
from claude_tui.fakeapi.faults import Expected

KINDS = {"auth", "billing", "permission", "not_found", "invalid_request", "context", "too_large", "rate_limit", "overloaded"}
KINDS |= {"server", "timeout", "network", "truncated", "protocol"}
STATUSES = {
    Fault.BAD_REQUEST: (400, "invalid_request_error"),
    Fault.CONTEXT_FULL: (400, "invalid_request_error"),
    Fault.UNAUTHORIZED: (401, "authentication_error"),
    Fault.PAYMENT_REQUIRED: (402, "billing_error"),
    Fault.FORBIDDEN: (403, "permission_error"),
    Fault.NOT_FOUND: (404, "not_found_error"),
    Fault.REQUEST_TIMEOUT: (408, "timeout_error"),
    Fault.CONFLICT: (409, "conflict_error"),
    Fault.REQUEST_TOO_LARGE: (413, "request_too_large"),
    Fault.UNPROCESSABLE: (422, "invalid_request_error"),
    Fault.RATE_LIMITED: (429, "rate_limit_error"),
    Fault.RATE_LIMITED_SECONDS: (429, "rate_limit_error"),
    Fault.RATE_LIMITED_DATE: (429, "rate_limit_error"),
    Fault.RATE_LIMITED_HUGE: (429, "rate_limit_error"),
    Fault.SPENDING_LIMIT: (429, "rate_limit_error"),
    Fault.SERVER_ERROR: (500, "api_error"),
    Fault.UNAVAILABLE: (503, "api_error"),
    Fault.GATEWAY_TIMEOUT: (504, "timeout_error"),
    Fault.OVERLOADED: (529, "overloaded_error"),
    Fault.SHOULD_NOT_RETRY: (529, "overloaded_error"),
    Fault.SHOULD_RETRY: (529, "overloaded_error"),
}
QUIET = {Fault.STALL, Fault.STALL_WITH_PINGS, Fault.OPEN_AFTER_STOP, Fault.REFUSED}
TABLE = [(fault, phase) for fault in Fault if fault.on("anthropic") for phase in fault.phases]
STREAMED = [(fault, phase) for fault, phase in TABLE if fault not in QUIET]
FINE = [(fault, phase) for fault, phase in STREAMED if fault.lossless]
TEXT = "Here is the beginning of the answer."
ENDS = {
    Fault.RST: "reset",
    Fault.CLOSED: "eof",
    Fault.FIN_MID_CHUNK: "eof",
    Fault.CLEAN_EOF: "complete",
    Fault.EVENT_CUT_IN_HALF: "complete",
}
CUT = (Fault.RST, Fault.FIN_MID_CHUNK, Fault.CLEAN_EOF, Fault.CLEAN_EOF_CHUNKED, Fault.EVENT_CUT_IN_HALF)


def name(pair: Any) -> str:
    return pair.label if isinstance(pair, Fault) else str(pair)


def test_the_registry_is_whole() -> None:
    assert len({fault.label for fault in Fault}) == len(list(Fault))
    for fault in Fault:
        assert Fault(fault.label) is fault
        assert fault.phases
        for phase in fault.phases:
            expected = fault.expected(phase)
            assert (expected.kind is None) == (expected.outcome == "completed")
            assert expected.kind is None or expected.kind in KINDS
    with pytest.raises(ValueError, match="nothing"):
        Fault("nothing")


def test_what_is_expected_depends_on_the_phase() -> None:
    assert Fault.RST.expected(Phase.BEFORE_HEADERS) == Expected("failed", "network", True)
    assert Fault.RST.expected(Phase.TEXT) == Expected("failed", "truncated", True)
    assert Fault.RST.expected(Phase.END) == Expected("completed")
    with pytest.raises(ValueError, match="cannot strike"):
        at(Fault.UNAUTHORIZED, Phase.TEXT)


@pytest.mark.parametrize(("fault", "phase"), STREAMED, ids=name)
async def test_ends_as_it_says(kit: Any, fault: Fault, phase: Phase) -> None:
    params = {"size": 100_000} if fault is Fault.HUGE_DELTA else {}
    async with FakeApi(at(fault, phase, **params)) as api:
        answer = await kit.once(api)
        record = await api.wait_finished(0)
    assert answer.end == (ENDS.get(fault, "complete") if phase is not Phase.BEFORE_HEADERS or fault.lossless else _early(fault))
    assert record.closed_at is None


def _early(fault: Fault) -> str:
    return {Fault.RST: "reset", Fault.CLOSED: "eof"}.get(fault, "complete")


@pytest.mark.parametrize(("fault", "phase"), FINE, ids=name)
async def test_lossless_oddities_keep_the_whole_answer(kit: Any, fault: Fault, phase: Phase) -> None:
    params = {"size": 100_000} if fault is Fault.HUGE_DELTA else {}
    async with FakeApi(at(fault, phase, **params)) as api:
        answer = await kit.once(api)
    told = "".join(
        event["delta"].get("text", "")
        for event in answer.events
        if event["type"] == "content_block_delta" and event.get("index") not in (7, 99)
    )
    assert told.replace("huge ", "") == TEXT
    assert answer.stop_reason in ("end_turn", "tool_use")


@pytest.mark.parametrize("fault", STATUSES, ids=name)
async def test_http_statuses(kit: Any, fault: Fault) -> None:
    status, type_ = STATUSES[fault]
    async with FakeApi(Script((fault,))) as api:
        answer = await kit.once(api, {"nonsense": True})
    assert answer.status == status
    assert answer.json["error"]["type"] == type_
    assert answer.json["error"]["message"]
    assert ("x-should-retry" in answer.headers) == (fault in (Fault.SHOULD_RETRY, Fault.SHOULD_NOT_RETRY))


async def test_retry_after_in_every_form(kit: Any) -> None:
    async with FakeApi(Script((Fault.RATE_LIMITED_DATE,))) as api:
        date = (await kit.once(api)).headers["retry-after"]
        assert -5 <= email.utils.parsedate_to_datetime(date).timestamp() - time.time() <= 3
    for fault, value in ((Fault.RATE_LIMITED_SECONDS, "1"), (Fault.RATE_LIMITED_HUGE, "86400"), (Fault.RATE_LIMITED, None)):
        async with FakeApi(Script((fault,))) as api:
            assert (await kit.once(api)).headers.get("retry-after") == value
    async with FakeApi(Script((Fault.OVERLOADED(retry_after="7", message="Busy"),))) as api:
        answer = await kit.once(api)
        assert answer.headers["retry-after"] == "7"
        assert answer.message == "Busy"


async def test_spending_limit_names_itself(kit: Any) -> None:
    async with FakeApi(Script((Fault.SPENDING_LIMIT,))) as api:
        error = (await kit.once(api)).json["error"]
    assert error["details"] == {"error_code": "enforced_spend_limit_reached"}


async def test_bodies_that_are_no_answer(kit: Any) -> None:
    told: dict[Fault, tuple[int, str, bytes]] = {}
    for fault in (Fault.HTML_200, Fault.JSON_200, Fault.EMPTY_200, Fault.REDIRECT, Fault.BAD_GATEWAY_HTML):
        async with FakeApi(Script((fault,))) as api:
            answer = await kit.once(api)
            told[fault] = (answer.status, answer.headers["content-type"], answer.body[:6])
            assert answer.headers.get("location") == ("http://redirect.invalid/v1/messages" if fault is Fault.REDIRECT else None)
    assert told == {
        Fault.HTML_200: (200, "text/html", b"<html>"),
        Fault.JSON_200: (200, "application/json", b'{"ok":'),
        Fault.EMPTY_200: (200, "text/event-stream", b""),
        Fault.REDIRECT: (307, "text/plain", b""),
        Fault.BAD_GATEWAY_HTML: (502, "text/html", b"<html>"),
    }


@pytest.mark.parametrize("fault", CUT, ids=name)
async def test_a_cut_keeps_what_came_before_and_sends_nothing_after(kit: Any, fault: Fault) -> None:
    async with FakeApi(at(fault, Phase.TEXT)) as api:
        answer = await kit.once(api)
    assert b"beginning" in answer.body
    assert b"the answer." not in answer.body
    assert b"message_stop" not in answer.body
    closes = fault in (Fault.CLEAN_EOF, Fault.EVENT_CUT_IN_HALF)
    assert answer.headers.get("transfer-encoding") == (None if closes else "chunked")


@pytest.mark.parametrize(
    ("fault", "type_"),
    [
        (Fault.ERROR_OVERLOADED, "overloaded_error"),
        (Fault.ERROR_API, "api_error"),
        (Fault.ERROR_RATE_LIMIT, "rate_limit_error"),
    ],
)
async def test_error_events(kit: Any, fault: Fault, type_: str) -> None:
    async with FakeApi(at(fault, Phase.TEXT)) as api:
        answer = await kit.once(api)
    assert answer.status == 200
    assert answer.events[-1]["type"] == "error"
    assert answer.events[-1]["error"]["type"] == type_


@pytest.mark.parametrize("phase", [Phase.BEFORE_HEADERS, Phase.START, Phase.TEXT])
async def test_a_stall_is_silent_and_ends_with_the_client(kit: Any, phase: Phase) -> None:
    async with FakeApi(at(Fault.STALL, phase)) as api:
        async with kit.client(api) as client:
            await client.send(kit.ask("hi"))
            if phase is not Phase.BEFORE_HEADERS:
                await client.read(until=lambda body: (b"beginning" if phase is Phase.TEXT else b"message_start") in body)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await client.read(until=lambda body: b"the answer." in body)
            assert not api.calls[0].over
            client.close()
        assert (await api.wait_closed(0)).closed_at


async def test_a_stall_with_pings_is_alive(kit: Any) -> None:
    async with FakeApi(at(Fault.STALL_WITH_PINGS, Phase.TEXT, every=0.005)) as api, kit.client(api) as client:
        await client.send(kit.ask("hi"))
        answer = await client.read(until=lambda body: body.count(b'"type":"ping"') >= 3)
        assert b"the answer." not in answer.body


async def test_socket_left_open_after_message_stop(kit: Any) -> None:
    async with FakeApi(at(Fault.OPEN_AFTER_STOP, Phase.END)) as api:
        async with kit.client(api) as client:
            await client.send(kit.ask("hi"))
            await client.read(until=lambda body: b"message_stop" in body)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await client.read()
            client.close()
        await api.wait_closed(0)


async def test_a_refused_connection_and_its_end(kit: Any) -> None:
    async with FakeApi([Script((Fault.REFUSED,)), Script((Say("now"),))]) as api:
        with pytest.raises(ConnectionRefusedError):
            await kit.once(api)
        await api.listen()
        assert (await kit.once(api)).blocks[0]["text"] == "now"
        await api.unlisten()
        with pytest.raises(ConnectionRefusedError):
            await kit.once(api)
        await api.listen()
        assert (await kit.once(api)).status == 500


async def test_odd_shapes_are_on_the_wire(kit: Any) -> None:
    seen: dict[Fault, bytes] = {}
    for fault in (
        Fault.CRLF,
        Fault.CR,
        Fault.BOM,
        Fault.COMMENTS,
        Fault.DATA_ONLY,
        Fault.DONE_FOR_STOP,
        Fault.NO_MESSAGE_STOP,
        Fault.TRAILING_DONE,
        Fault.NO_FINAL_BLANK_LINE,
        Fault.NO_USAGE,
    ):
        async with FakeApi(at(fault, Phase.BEFORE_HEADERS)) as api:
            seen[fault] = (await kit.once(api)).body
    assert b"\r\n\r\n" in seen[Fault.CRLF]
    assert b"\n" not in seen[Fault.CRLF].replace(b"\r\n", b"")
    assert b"\n" not in seen[Fault.CR]
    assert seen[Fault.BOM].startswith(b"\xef\xbb\xbfevent: message_start")
    assert seen[Fault.BOM].count(b"\xef\xbb\xbf") == 1
    assert seen[Fault.COMMENTS].startswith(b": keep-alive\n")
    assert b"event:" not in seen[Fault.DATA_ONLY]
    assert seen[Fault.DONE_FOR_STOP].endswith(b"data: [DONE]\n\n")
    assert b"message_stop" not in seen[Fault.DONE_FOR_STOP]
    assert b"message_stop" not in seen[Fault.NO_MESSAGE_STOP]
    assert seen[Fault.TRAILING_DONE].endswith(b'"message_stop"}\n\ndata: [DONE]\n\n')
    assert seen[Fault.NO_FINAL_BLANK_LINE].endswith(b'"message_stop"}\n')
    assert b'"usage"' not in seen[Fault.NO_USAGE].split(b"message_delta")[1]


async def test_slow_loris_writes_byte_by_byte(kit: Any) -> None:
    async with FakeApi(at(Fault.SLOW_LORIS, Phase.BEFORE_HEADERS)) as api, kit.client(api) as client:
        await client.send(kit.ask("hi"))
        head = b""
        while b"\r\n1\r\ne\r\n1\r\nv\r\n1\r\ne\r\n" not in head:
            more = await client.reader.read(1000)
            assert more
            head += more
    slow = Script((Fault.SLOW_LORIS(byte_pause=0.0001), Raw(b"data: slowly\n\n")), frame=False)
    async with FakeApi(slow) as api:
        assert (await kit.once(api)).body == b"data: slowly\n\n"


async def test_broken_data(kit: Any) -> None:
    async with FakeApi(at(Fault.INVALID_UTF8, Phase.TEXT)) as api:
        body = (await kit.once(api)).body
    with pytest.raises(UnicodeDecodeError):
        body.decode()
    async with FakeApi(at(Fault.ERROR_NOT_JSON, Phase.TEXT)) as api:
        assert b"event: error\ndata: upstream" in (await kit.once(api)).body
    async with FakeApi(at(Fault.HUGE_DELTA, Phase.TEXT)) as api:
        assert len((await kit.once(api)).body) > 10_000_000


@pytest.mark.parametrize("fault", [fault for fault in Fault if fault.on("anthropic") and fault not in QUIET], ids=name)
async def test_faults_without_a_stream(kit: Any, fault: Fault) -> None:
    """A request that did not ask for a stream gets the whole message, or the fault."""
    async with FakeApi(at(fault, fault.phases[-1])) as api:
        answer = await kit.once(api, kit.ask("hi", stream=False))
    if fault.lossless:
        assert answer.json["content"][1]["text"] == TEXT
    else:
        assert b'"type": "message"' not in answer.body
