"""A script in the words of the Messages API: blocks, deltas, signatures, usage, the prompt cache."""

from __future__ import annotations

import json
from typing import Any

import pytest

from claude_tui.fakeapi import Block, Call, FakeApi, Finish, Ping, Redacted, Say, Script, Start, Think
from claude_tui.fakeapi.actions import Emit, ScriptError
from claude_tui.fakeapi.encoding import Shape, encode
from claude_tui.fakeapi.fold import Fold
from claude_tui.fakeapi.signing import Prefix, Signer
from claude_tui.fakeapi.wire_anthropic import Context, Wire

BODY: dict[str, Any] = {"model": "claude-opus-5-5", "max_tokens": 10, "messages": [{"role": "user", "content": "hi"}]}


def payloads(script: Script, body: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """The events of a script, without a socket."""
    request = body or BODY
    context = Context(request, {"input_tokens": 5}, "tag", Signer(), Prefix.of(request))
    return [json.loads(one.data) for one in Wire(script, context, Shape()).actions() if isinstance(one, Emit)]


def deltas(events: list[dict[str, Any]]) -> list[tuple[str, str]]:
    found = [event["delta"] for event in events if event["type"] == "content_block_delta"]
    return [(delta["type"], str(next(value for key, value in delta.items() if key != "type"))) for delta in found]


def test_text_in_deltas_of_the_size_asked_for() -> None:
    events = payloads(Script((Say("abcdefgh", chars=3),)))
    assert deltas(events) == [("text_delta", "abc"), ("text_delta", "def"), ("text_delta", "gh")]
    assert [event["type"] for event in events][:2] == ["message_start", "content_block_start"]
    assert events[0]["message"]["content"] == []
    assert events[1] == {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}


def test_call_streams_its_arguments() -> None:
    events = payloads(Script((Call("clock", {"zone": "UTC", "text": "时间"}, id="toolu_x"),)))
    assert events[1]["content_block"] == {"type": "tool_use", "id": "toolu_x", "name": "clock", "input": {}}
    told = "".join(text for kind, text in deltas(events) if kind == "input_json_delta")
    assert json.loads(told) == {"zone": "UTC", "text": "时间"}
    assert events[-1]["delta"]["stop_reason"] == "tool_use"


def test_raw_arguments_may_be_no_json() -> None:
    told = deltas(payloads(Script((Call("clock", raw='{"zone": '),))))
    assert "".join(text for _, text in told) == '{"zone": '


def test_tool_ids_differ_between_blocks() -> None:
    events = payloads(Script((Call("a"), Call("b"))))
    ids = [event["content_block"]["id"] for event in events if event["type"] == "content_block_start"]
    assert len(set(ids)) == 2


def test_thinking_is_signed_and_may_be_omitted() -> None:
    shown = deltas(payloads(Script((Think("hm", chars=1),))))
    assert [kind for kind, _ in shown] == ["thinking_delta", "thinking_delta", "signature_delta"]
    hidden = deltas(payloads(Script((Think("hm", display="omitted"),))))
    assert [kind for kind, _ in hidden] == ["signature_delta"]


@pytest.mark.parametrize(
    ("model", "thinking", "shown"),
    [
        ("claude-opus-5-5", None, False),
        ("claude-opus-5-5", {"type": "adaptive", "display": "summarized"}, True),
        ("claude-opus-4-6", None, True),
        ("claude-opus-4-6", {"type": "adaptive", "display": "omitted"}, False),
    ],
)
def test_thinking_as_the_request_asks(model: str, thinking: Any, shown: bool) -> None:
    body = {**BODY, "model": model, "thinking": thinking}
    told = deltas(payloads(Script((Think("hm", display="request"),)), body))
    assert ("thinking_delta" in [kind for kind, _ in told]) == shown


def test_whole_blocks_arrive_in_their_start() -> None:
    block = {"type": "hologram", "shape": {"sides": 3}}
    events = payloads(Script((Say("a"), Block(block), Redacted("secret"))))
    starts = [event["content_block"] for event in events if event["type"] == "content_block_start"]
    assert starts[1] == block
    assert starts[2]["type"] == "redacted_thinking"
    assert "secret" not in starts[2]["data"]
    assert [event["index"] for event in events if event["type"] == "content_block_stop"] == [0, 1, 2]


def test_citations_follow_their_text() -> None:
    citation = {"type": "web_search_result_location", "url": "https://example.com", "cited_text": "x"}
    events = payloads(Script((Say("a", citations=(citation,)),)))
    assert [event["delta"] for event in events if event["type"] == "content_block_delta"][1] == {
        "type": "citations_delta",
        "citation": citation,
    }


def test_a_block_left_open_is_closed_by_the_next() -> None:
    events = payloads(Script((Think("a", stop=False), Ping(), Think("b", start=False, stop=False), Say("c"))))
    kinds = [event["type"] for event in events]
    assert kinds.count("content_block_start") == kinds.count("content_block_stop") == 2
    assert [kind for kind, _ in deltas(events)] == ["thinking_delta", "thinking_delta", "signature_delta", "text_delta"]
    assert kinds[3] == "ping"


def test_going_on_with_nothing_is_an_error() -> None:
    with pytest.raises(ScriptError):
        payloads(Script((Start(), Say("x", start=False))))


def test_the_end_of_a_message() -> None:
    script = Script(
        (Say("a"), Finish(), Ping()),
        stop_reason="refusal",
        stop_details={"category": "cyber"},
        delta={"container": {"id": "c"}},
        message={"container": None},
        model="claude-other",
        usage={"output_tokens": 77, "speed": "fast"},
    )
    events = payloads(script)
    assert [event["type"] for event in events][-2:] == ["message_delta", "ping"]
    end = events[-2]
    assert end["delta"]["stop_reason"] == "refusal"
    assert end["delta"]["stop_details"] == {"category": "cyber"}
    assert end["delta"]["container"] == {"id": "c"}
    assert end["usage"]["output_tokens"] == 77
    assert events[0]["message"]["model"] == "claude-other"
    assert events[0]["message"]["container"] is None
    assert events[0]["message"]["usage"]["speed"] == "fast"


def test_stop_reasons() -> None:
    assert payloads(Script())[-1]["delta"]["stop_reason"] == "end_turn"
    assert payloads(Script(stop_reason=None))[-1]["delta"]["stop_reason"] is None
    stopped = payloads(Script((Call("a"),), stop_reason="max_tokens", stop_sequence="X"))[-1]["delta"]
    assert (stopped["stop_reason"], stopped["stop_sequence"]) == ("max_tokens", "X")


def test_output_is_counted_thinking_included() -> None:
    usage = payloads(Script((Think("x" * 40, display="omitted"), Say("y" * 40))))[-1]["usage"]
    assert usage["output_tokens"] == 20
    assert usage["output_tokens_details"] == {"thinking_tokens": 10}
    assert usage["input_tokens"] == 5


def test_lone_surrogates_stay_escaped() -> None:
    shape = Shape()
    context = Context(BODY, {}, "tag", Signer(), Prefix.of(BODY))
    wire = Wire(Script((Say("a\ud83db"), Call("x", {"y": "\udc00"}))), context, shape)
    data = b"".join(encode(one.name, one.data, shape) for one in wire.actions() if isinstance(one, Emit))
    assert rb"a\ud83db" in data
    data.decode()


def test_fold_survives_nonsense() -> None:
    fold = Fold()
    assert fold.feed({"type": "content_block_delta", "index": 3, "delta": {"type": "text_delta", "text": "x"}}) is None
    assert fold.feed({"type": "content_block_stop", "index": 3}) is None
    assert fold.feed({"type": "ping"}) is None
    fold.feed({"type": "content_block_start", "index": 0, "content_block": {"type": "tool_use", "input": {}}})
    fold.feed({"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": "[1"}})
    assert fold.feed({"type": "content_block_stop", "index": 0}) == {"type": "tool_use", "input": {}}


LONG = "word " * 2000
MARK = {"cache_control": {"type": "ephemeral"}}
HOUR = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}


def text(value: str, **more: Any) -> dict[str, Any]:
    return {"type": "text", "text": value, **more}


async def usages(kit: Any, *bodies: dict[str, Any]) -> list[dict[str, Any]]:
    async with FakeApi(Script((Say("ok"),))) as api:
        answers = [await kit.once(api, body) for body in bodies]
    return [answer.events[0]["message"]["usage"] for answer in answers]


async def test_cache_is_written_then_read(kit: Any) -> None:
    one = kit.ask("first", system=[text(LONG, **MARK)])
    two = kit.ask("first", kit.assistant(text("ok")), "second", system=[text(LONG, **MARK)])
    first, second, plain = await usages(kit, one, two, kit.ask("first", system=LONG))
    assert first["cache_read_input_tokens"] == 0
    assert first["cache_creation_input_tokens"] > 2000
    assert second["cache_read_input_tokens"] == first["cache_creation_input_tokens"]
    assert second["cache_creation_input_tokens"] == 0
    assert first["cache_creation"]["ephemeral_5m_input_tokens"] == first["cache_creation_input_tokens"]
    assert plain["cache_read_input_tokens"] == 0
    assert plain["input_tokens"] == sum(first[key] for key in first if key.endswith("input_tokens"))


async def test_the_automatic_mark_follows_the_conversation(kit: Any) -> None:
    one = kit.ask(LONG, **MARK)
    two = kit.ask(LONG, kit.assistant(text("ok")), "more " * 500, **MARK)
    first, second, changed = await usages(kit, one, two, kit.ask("other " + LONG, **MARK))
    assert second["cache_read_input_tokens"] == first["cache_creation_input_tokens"] > 0
    assert second["cache_creation_input_tokens"] > 500
    assert changed["cache_read_input_tokens"] == 0


async def test_long_lived_marks_are_told_apart_and_settings_start_anew(kit: Any) -> None:
    one = kit.ask(text_message := "hello", system=[text(LONG, **HOUR)])
    two = kit.ask(text_message, system=[text(LONG, **HOUR)], output_config={"effort": "low"})
    first, second = await usages(kit, one, two)
    assert first["cache_creation"]["ephemeral_1h_input_tokens"] == first["cache_creation_input_tokens"] > 0
    assert second["cache_read_input_tokens"] == 0


async def test_short_prompts_are_not_cached(kit: Any) -> None:
    (usage,) = await usages(kit, kit.ask("hi", **MARK))
    assert usage["cache_creation_input_tokens"] == 0
    assert usage["input_tokens"] > 0


async def test_a_tool_loop_then_another_prompt(kit: Any) -> None:
    tool = {"name": "clock", "input_schema": {"type": "object"}}
    plan = [
        Script((Think("I need the time."), Say("One moment."), Call("clock", {"zone": "UTC"}))),
        Script((Think("Now I know."), Say("It is noon."))),
        Script((Say("Bye."),)),
    ]
    async with FakeApi(plan) as api:
        history: list[dict[str, Any]] = [kit.user("What time is it?")]
        first = await kit.once(api, kit.ask(*history, tools=[tool]))
        result = {"type": "tool_result", "tool_use_id": first.blocks[2]["id"], "content": "12:00"}
        history += [kit.assistant(*first.blocks), kit.user([result])]
        second = await kit.once(api, kit.ask(*history, tools=[tool]))
        history += [kit.assistant(*second.blocks), kit.user("Thanks")]
        third = await kit.once(api, kit.ask(*history, tools=[tool]))
        assert third.blocks[0]["text"] == "Bye."
        changed = await kit.once(api, kit.ask(*history, tools=[]))
        assert "bound to a different conversation" in changed.message


async def test_a_session_goes_on_after_a_restart(kit: Any) -> None:
    block = {"type": "hologram", "shape": 3}
    script = Script((Think("hm"), Redacted(), Block(block), Say("hello")))
    async with FakeApi(script) as api:
        blocks = (await kit.once(api)).blocks
    body = kit.ask("hi", kit.assistant(*blocks), "more")
    async with FakeApi(script) as api:
        assert (await kit.once(api, body)).status == 200
    async with FakeApi(script, secret=b"another") as api:
        assert "Invalid `signature`" in (await kit.once(api, body)).message


async def test_a_paused_turn_goes_on(kit: Any) -> None:
    use = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "x"}}
    found = {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []}
    plan = [Script((Say("Searching."), Block(use)), stop_reason="pause_turn"), Script((Block(found), Say("Found.")))]
    async with FakeApi(plan) as api:
        first = await kit.once(api)
        assert first.stop_reason == "pause_turn"
        second = await kit.once(api, kit.ask("hi", kit.assistant(*first.blocks)))
        assert second.blocks[1]["text"] == "Found."


async def test_dropped_thinking_is_listed(kit: Any) -> None:
    async with FakeApi(Script((Think("hm"), Say("hello")))) as api:
        blocks = (await kit.once(api)).blocks
        binding = {"type": "adaptive", "block_binding": {"prefix_mismatch_behavior": "drop_block"}}
        body = kit.ask("HI", kit.assistant(*blocks), "more", thinking=binding)
        beta = {"anthropic-beta": "thinking-binding-controls-2026-08-01"}
        answer = await kit.once(api, body, headers=beta)
    (dropped,) = answer.events[0]["message"]["input_transformations"]
    assert dropped["path"] == "messages.1.content.0"
