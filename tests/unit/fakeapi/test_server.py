"""The server as HTTP: streams, keep-alive, keys, hosts, records, waiting, threads, the control surface."""

from __future__ import annotations

import asyncio
import http.client
import json
import signal
import subprocess
import sys
from typing import Any

import pytest

from claude_tui.fakeapi import FakeApi, Ping, Say, Script, Start, Think, WaitFor
from claude_tui.fakeapi.script import Event, Pause, Raw

HELLO = Script((Think("Let me see."), Say("Hello, world: 你好!")))


async def test_streams_an_answer(kit: Any) -> None:
    async with FakeApi(HELLO) as api:
        answer = await kit.once(api)
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["request-id"].startswith("req_")
    assert [block["type"] for block in answer.blocks] == ["thinking", "text"]
    assert answer.blocks[1]["text"] == "Hello, world: 你好!"
    assert answer.stop_reason == "end_turn"
    assert answer.end == "complete"
    assert [event["type"] for event in answer.events][-2:] == ["message_delta", "message_stop"]


async def test_same_answer_without_stream(kit: Any) -> None:
    async with FakeApi(HELLO) as api:
        message = (await kit.once(api, kit.ask("hi", stream=False))).json
    assert message["type"] == "message"
    assert message["content"][1] == {"type": "text", "text": "Hello, world: 你好!"}
    assert message["stop_reason"] == "end_turn"
    assert message["usage"]["output_tokens"] > 0


async def test_keep_alive_and_request_ids(kit: Any) -> None:
    async with FakeApi(HELLO) as api, kit.client(api) as client:
        answers = [await client.ask() for _ in range(3)]
        assert [answer.status for answer in answers] == [200, 200, 200]
        assert len({answer.headers["request-id"] for answer in answers}) == 3
        assert len(api.calls) == 3


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"authorization": ""}, 401),
        ({"authorization": "Bearer wrong"}, 401),
        ({"authorization": "Bearer wrong", "x-api-key": "KEY"}, 401),
        ({"authorization": "", "x-api-key": "KEY"}, 200),
        ({"authorization": "Bearer KEY"}, 200),
        ({"host": "evil.example"}, 403),
        ({"host": "127.0.0.1:1"}, 403),
        ({"host": "localhost:PORT"}, 200),
        ({"host": "[::1]:PORT"}, 200),
    ],
)
async def test_key_and_host(kit: Any, headers: dict[str, str], status: int) -> None:
    async with FakeApi(HELLO, key="KEY") as api:
        answer = await kit.once(api, headers={k: v.replace("PORT", str(api.port)) for k, v in headers.items()})
    assert answer.status == status
    assert "access-control-allow-origin" not in answer.headers
    if status != 200:
        error = answer.json
        assert error["type"] == "error"
        assert error["error"]["type"] == {401: "authentication_error", 403: "permission_error"}[status]
        assert error["request_id"] == answer.headers["request-id"]


def test_loopback_only() -> None:
    with pytest.raises(ValueError, match=r"127\.0\.0\.1 only"):
        FakeApi(HELLO, host="0.0.0.0")


async def test_random_key_is_long_and_hidden_in_records(kit: Any) -> None:
    async with FakeApi(HELLO) as api, FakeApi(HELLO) as other:
        assert api.key != other.key
        assert len(api.key) > 30
        await kit.once(api)
        assert api.key not in repr(api.requests)
        assert api.requests[0].headers["authorization"] == "<key>"


async def test_scripts_in_turn_and_then_an_error(kit: Any) -> None:
    async with FakeApi([Script((Say("one"),)), Script((Say("two"),))]) as api:
        first, second, third = [await kit.once(api) for _ in range(3)]
    assert first.blocks[0]["text"] == "one"
    assert second.blocks[0]["text"] == "two"
    assert third.status == 500
    assert "no answer for request 2" in third.message


async def test_refused_request_consumes_no_script(kit: Any) -> None:
    async with FakeApi([Script((Say("one"),))]) as api:
        refused = await kit.once(api, kit.ask("  "))
        accepted = await kit.once(api)
        assert refused.status == 400
        assert accepted.blocks[0]["text"] == "one"
        assert api.calls[0].error.status == 400
        assert api.calls[0].answer is None
        assert api.calls[1].error is None
        assert api.calls[1].answer == 0


async def test_callable_plan_sees_body_and_number(kit: Any) -> None:
    def plan(body: dict[str, Any], n: int) -> Script:
        return Script((Say(f"{n}: {body['messages'][-1]['content']}"),))

    async with FakeApi(plan) as api:
        assert (await kit.once(api, kit.ask("a"))).blocks[0]["text"] == "0: a"
        assert (await kit.once(api, kit.ask("b"))).blocks[0]["text"] == "1: b"


async def test_a_failing_plan_is_told(kit: Any) -> None:
    def plan(body: dict[str, Any], n: int) -> Script:
        raise LookupError("nothing prepared")

    api = FakeApi(plan)
    await api.start()
    answer = await kit.once(api)
    assert answer.status == 500
    assert "nothing prepared" in answer.message
    with pytest.raises(RuntimeError, match="nothing prepared"):
        await api.__aexit__(None, None, None)


async def test_a_senseless_script_is_told(kit: Any) -> None:
    api = FakeApi(Script((Start(), Say("x", start=False))))
    await api.start()
    answer = await kit.once(api)
    assert answer.end == "eof"
    with pytest.raises(RuntimeError, match="none is open"):
        await api.__aexit__(None, None, None)


async def test_wait_for_and_release(kit: Any) -> None:
    script = Script((Say("before ", stop=False), WaitFor("gate"), Say("after", start=False)))
    async with FakeApi(script) as api, kit.client(api) as client:
        await client.send(kit.ask("hi"))
        begun = await client.read(until=lambda body: b"before" in body)
        assert b"after" not in begun.body
        await api.wait_reached(0, "gate")
        assert not api.calls[0].over
        api.release("gate")
        rest = await client.read()
        assert b"after" in rest.body
        record = await api.wait_finished(0)
        assert record.finished
        assert record.closed_at is None


async def test_release_lets_one_stream_through(kit: Any) -> None:
    async with FakeApi(Script((WaitFor("gate"), Say("x")))) as api:
        api.release("gate")
        assert (await kit.once(api)).status == 200
        async with kit.client(api) as client:
            await client.send(kit.ask("hi"))
            await api.wait_reached(1, "gate")
            assert not api.calls[1].over


@pytest.mark.parametrize(
    "script",
    [
        Script((Say("x", stop=False), WaitFor("never"))),
        Script((Say("x", stop=False), Pause(3600))),
        Script((Say("x" * 5000, chars=1),), rate=10),
        Script((Say("xy" * 4_000_000, chars=2),)),
    ],
    ids=["gate", "pause", "paced", "flood"],
)
async def test_client_that_leaves_is_noticed(kit: Any, script: Script) -> None:
    async with FakeApi(script) as api:
        async with kit.client(api) as client:
            await client.send(kit.ask("hi"))
            await client.read(until=lambda body: b"text_delta" in body)
            client.close()
            record = await api.wait_closed(0)
        assert record.closed_at is not None
        assert not record.finished


async def test_wait_times_out_with_what_was_seen() -> None:
    async with FakeApi(HELLO) as api:
        with pytest.raises(TimeoutError, match="call 0 arrived"):
            await api.wait_request(0, timeout=0.01)


async def test_pings_events_and_raw_bytes(kit: Any) -> None:
    steps = (
        Start(),
        Ping(),
        Event({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
        Event({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "by hand"}}),
        Event({"type": "content_block_stop", "index": 0}, name="odd"),
        Raw(b": a comment\n\n"),
        Say("then"),
    )
    async with FakeApi(Script(steps)) as api:
        answer = await kit.once(api)
    assert [event["type"] for event in answer.events][:2] == ["message_start", "ping"]
    assert b"event: odd\n" in answer.body
    assert b": a comment\n" in answer.body
    assert [block["text"] for block in answer.blocks] == ["by hand", "then"]


async def test_unframed_script_sends_its_steps_alone(kit: Any) -> None:
    async with FakeApi(Script((Raw(b"data: hello\n\n"),), frame=False)) as api:
        answer = await kit.once(api)
    assert answer.body == b"data: hello\n\n"
    assert answer.end == "complete"


async def test_warm_up_takes_no_script(kit: Any) -> None:
    async with FakeApi([Script((Say("one"),))]) as api:
        warm = await kit.once(api, kit.ask("hi", max_tokens=0))
        assert warm.blocks == []
        assert warm.stop_reason == "max_tokens"
        assert (await kit.once(api)).blocks[0]["text"] == "one"


async def test_models_pages(kit: Any) -> None:
    async with FakeApi(HELLO) as api:
        seen: list[str] = []
        after = ""
        while True:
            page = (await kit.once(api, method="GET", path=f"/v1/models?limit=5{after}")).json
            seen += [row["id"] for row in page["data"]]
            assert page["last_id"] == seen[-1]
            if not page["has_more"]:
                break
            after = f"&after_id={page['last_id']}"
        whole = (await kit.once(api, method="GET", path="/v1/models?limit=1000")).json
        assert seen == [row["id"] for row in whole["data"]]
        assert len(seen) == len(set(seen)) > 15
        before = (await kit.once(api, method="GET", path=f"/v1/models?limit=2&before_id={seen[5]}")).json
        assert [row["id"] for row in before["data"]] == seen[3:5]
        active = (await kit.once(api, method="GET", path="/v1/models?limit=1000&lifecycle=active")).json
        assert "claude-sonnet-4-5-20250929" not in [row["id"] for row in active["data"]]
        for query in ("limit=0", "limit=x", "limit=1001", "after_id=nobody"):
            assert (await kit.once(api, method="GET", path=f"/v1/models?{query}")).status == 400


async def test_one_model(kit: Any) -> None:
    async with FakeApi(HELLO) as api:
        row = (await kit.once(api, method="GET", path="/v1/models/claude-opus-5-5")).json
        assert row["max_input_tokens"] == 1_000_000
        assert row["capabilities"]["thinking"]["types"]["adaptive"] == {"supported": True}
        assert row["capabilities"]["thinking"]["types"]["disabled"] == {"supported": False}
        alias = (await kit.once(api, method="GET", path="/v1/models/claude-haiku-4-5")).json
        assert alias["id"] == "claude-haiku-4-5-20251001"
        assert (await kit.once(api, method="GET", path="/v1/models/nobody")).status == 404


async def test_count_tokens(kit: Any) -> None:
    path = "/v1/messages/count_tokens"
    body = {"model": "claude-opus-5-5", "messages": [kit.user("hello " * 100)]}
    async with FakeApi(HELLO) as api:
        small = (await kit.once(api, {**body, "messages": [kit.user("hello")]}, path=path)).json
        large = (await kit.once(api, body, path=path)).json
        assert set(large) == {"input_tokens"}
        assert large["input_tokens"] > small["input_tokens"] + 100
        refused = await kit.once(api, {**body, "max_tokens": 10}, path=path)
        assert refused.status == 400
        assert "max_tokens: Extra inputs are not permitted" in refused.message
        assert api.calls == []


@pytest.mark.parametrize(
    ("how", "status"),
    [
        ({"method": "GET", "path": "/v1/nothing"}, 404),
        ({"method": "GET", "path": "/v1/messages"}, 404),
        ({"body": b"{not json"}, 400),
        ({"body": b'{"max_tokens": NaN}'}, 400),
        ({"body": b"[1]"}, 400),
        ({"body": b" " * (33 * 1024 * 1024)}, 413),
    ],
    ids=["path", "method", "json", "nan", "list", "size"],
)
async def test_what_is_no_request(kit: Any, how: dict[str, Any], status: int) -> None:
    async with FakeApi(HELLO) as api:
        answer = await kit.once(api, **how)
    assert answer.status == status
    assert answer.json["type"] == "error"


async def test_prompt_that_does_not_fit(kit: Any) -> None:
    async with FakeApi(HELLO) as api:
        answer = await kit.once(api, kit.ask("x" * 1_000_000, model="claude-haiku-4-5"))
    assert answer.status == 400
    assert answer.message.startswith("prompt is too long: ")


async def test_malformed_http_is_answered(kit: Any) -> None:
    async with FakeApi(HELLO) as api:
        reader, writer = await asyncio.open_connection("127.0.0.1", api.port)
        writer.write(b"this is not HTTP\r\n\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.1 400")
        writer.close()
        await writer.wait_closed()


async def test_expect_continue(kit: Any) -> None:
    async with FakeApi(HELLO) as api, kit.client(api) as client:
        answer = await client.ask(kit.ask("hi"), headers={"expect": "100-continue"})
        assert answer.status == 200


async def test_paced_stream_does_not_drift(kit: Any) -> None:
    loop = asyncio.get_running_loop()
    async with FakeApi(Script((Say("x" * 200, chars=1),), rate=400)) as api:
        begun = loop.time()
        await kit.once(api)
        taken = loop.time() - begun
    assert 0.48 <= taken < 10


def test_in_thread() -> None:
    script = Script((Say("a", stop=False), WaitFor("gate"), Say("b", start=False)))
    with FakeApi.in_thread(script, key="KEY") as api:
        conn = http.client.HTTPConnection("127.0.0.1", api.port, timeout=10)
        body = {
            "model": "claude-opus-5-5",
            "max_tokens": 9,
            "stream": True,
            "messages": [{"role": "user", "content": "hi"}],
        }
        conn.request("POST", "/v1/messages", json.dumps(body), {"x-api-key": "KEY", "anthropic-version": "2026-10-21"})
        assert api.wait_request(0).body == body
        api.wait_reached(0, "gate")
        api.release("gate")
        assert b'"b"' in conn.getresponse().read()
        assert api.wait_finished(0).finished
        assert api.url == f"http://127.0.0.1:{api.port}"
        assert len(api.requests) == len(api.calls) == 1
        with pytest.raises(TimeoutError, match="closed"):
            api.wait_closed(0, timeout=0.01)
        conn.close()


def test_in_thread_says_why_it_cannot_start() -> None:
    with FakeApi.in_thread(HELLO) as api, pytest.raises(OSError), FakeApi.in_thread(HELLO, port=api.port):  # noqa: PT011
        pass


async def test_control_surface(kit: Any) -> None:
    async with FakeApi(HELLO) as api:
        await kit.once(api)
        told = (await kit.once(api, method="GET", path="/_fake/requests")).json["requests"]
        assert [row["path"] for row in told] == ["/v1/messages"]
        assert told[0]["finished"] is True
        assert (await kit.once(api, method="POST", path="/_fake/release/gate", body={})).status == 200
        closed = await kit.once(api, method="GET", path="/_fake/requests", headers={"authorization": ""})
        assert closed.status == 401
        assert len(api.requests) == 1


SERVE = "import asyncio, sys; from claude_tui.fakeapi import serve; sys.exit(asyncio.run(serve({args})))"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve_prints_where_and_ends_on_a_signal(number: int) -> None:
    code = SERVE.format(args="'fast', 0, 'my-key'")
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        assert told["key"] == "my-key"
        conn = http.client.HTTPConnection("127.0.0.1", int(told["url"].rsplit(":", 1)[1]), timeout=10)
        conn.request("GET", "/v1/models", headers={"x-api-key": "my-key"})
        assert conn.getresponse().status == 200
        process.send_signal(number)
        assert process.wait(10) == 0
        conn.close()


def test_package_is_cheap_to_import() -> None:
    code = "import sys; before = set(sys.modules); import claude_tui.fakeapi; print(*set(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"asyncio", "h11", "json", "anthropic"} & set(done.stdout.split())


def test_every_public_name_loads() -> None:
    import claude_tui.fakeapi as package

    for name in package.__all__:
        assert getattr(package, name) is not None
    assert callable(package.serve)
    with pytest.raises(AttributeError):
        _ = package.nothing
