"""A script in the words of Chat Completions, without a socket: chunks, calls, usage, every habit of a dialect."""

from __future__ import annotations

import json
from typing import Any

import pytest

from claude_tui.fakeapi import (
    Block,
    Call,
    Compact,
    Dialect,
    Fault,
    Redacted,
    Say,
    Script,
    Start,
    Think,
)
from claude_tui.fakeapi.actions import Emit, Last, ScriptError
from claude_tui.fakeapi.encoding import Shape
from claude_tui.fakeapi.wire_openai import ChatContext, ChatWire
from tests.unit.fakeapi.chat_rules import user

BODY: dict[str, Any] = {"model": "gpt-fake", "stream": True, "messages": [user("hi")]}
INPUT = {"input_tokens": 5, "cache_read_input_tokens": 30, "cache_creation_input_tokens": 7}
LOOP = Script((Think("I need the clock."), Say("One moment."), Call("clock", {"zone": "UTC"})))


def wire_of(script: Script, dialect: Dialect | None = None, **body: Any) -> ChatWire:
    return ChatWire(script, ChatContext({**BODY, **body}, INPUT, "tag", dialect or Dialect()), Shape())


def chunks(script: Script, dialect: Dialect | None = None, **body: Any) -> list[dict[str, Any]]:
    """The events of a script, without a socket."""
    return [json.loads(one.data) for one in wire_of(script, dialect, **body).actions() if isinstance(one, Emit)]


def deltas(script: Script, dialect: Dialect | None = None) -> list[dict[str, Any]]:
    """What is told between the role and the finish reason."""
    found = [choice["delta"] for chunk in chunks(script, dialect) for choice in chunk["choices"]]
    assert found[0] == {"role": "assistant", "content": ""}
    assert found[-1] == {}
    return found[1:-1]


def fragments(script: Script, dialect: Dialect) -> list[dict[str, Any]]:
    return [fragment for delta in deltas(script, dialect) for fragment in delta["tool_calls"]]


def test_every_chunk_is_of_one_completion() -> None:
    told = chunks(Script((Say("abcdefgh", chars=3),)))
    assert {(chunk["id"], chunk["object"], chunk["model"]) for chunk in told} == {
        ("chatcmpl-tag", "chat.completion.chunk", "gpt-fake")
    }
    assert all(isinstance(chunk["created"], int) for chunk in told)
    assert [chunk["choices"][0]["delta"] for chunk in told[1:-1]] == [{"content": "abc"}, {"content": "def"}, {"content": "gh"}]
    assert [chunk["choices"][0]["finish_reason"] for chunk in told] == [None, None, None, None, "stop"]


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("end_turn", "stop"),
        ("max_tokens", "length"),
        ("tool_use", "tool_calls"),
        ("refusal", "content_filter"),
        ("stop_sequence", "stop"),
        ("model_context_window_exceeded", "model_context_window_exceeded"),
        (None, None),
    ],
)
def test_finish_reasons(reason: str | None, told: str | None) -> None:
    assert chunks(Script((Say("x"),), stop_reason=reason))[-1]["choices"][0]["finish_reason"] == told
    assert chunks(Script((Say("x"),), stop_reason=reason), Dialect(finish="eos"))[-1]["choices"][0]["finish_reason"] == "eos"


@pytest.mark.parametrize(
    ("dialect", "told"),
    [
        (Dialect(), [{"reasoning_content": "hm"}]),
        (Dialect(reasoning="reasoning"), [{"reasoning": "hm"}]),
        (
            Dialect(reasoning="reasoning_details"),
            [
                {
                    "reasoning": "hm",
                    "reasoning_details": [{"type": "reasoning.text", "text": "hm", "format": "unknown", "index": 0}],
                }
            ],
        ),
        (Dialect(reasoning="think_tags"), [{"content": "<think>"}, {"content": "hm"}, {"content": "</think>"}]),
    ],
    ids=["content", "reasoning", "details", "tags"],
)
def test_where_reasoning_is_told(dialect: Dialect, told: list[dict[str, Any]]) -> None:
    assert deltas(Script((Think("hm"), Say("so"))), dialect) == [*told, {"content": "so"}]
    assert deltas(Script((Think("hm", display="omitted"), Say("so"))), dialect) == [{"content": "so"}]


FIRST = {"type": "function", "function": {"name": "clock", "arguments": ""}}


def later(text: str) -> dict[str, Any]:
    return {"function": {"arguments": text}}


@pytest.mark.parametrize(
    ("dialect", "told"),
    [
        (Dialect(), [{"index": 0, "id": "c0", **FIRST}, {"index": 0, **later('{"a"')}, {"index": 0, **later(":1}")}]),
        (
            Dialect(calls="id_repeated"),
            [
                {"index": 0, "id": "c0", **FIRST},
                {"index": 0, "id": "c0", **later('{"a"')},
                {"index": 0, "id": "c0", **later(":1}")},
            ],
        ),
        (Dialect(calls="id_omitted"), [{"index": 0, **FIRST}, {"index": 0, **later('{"a"')}, {"index": 0, **later(":1}")}]),
        (
            Dialect(calls="id_emptied"),
            [{"index": 0, "id": "c0", **FIRST}, {"index": 0, "id": "", **later('{"a"')}, {"index": 0, "id": "", **later(":1}")}],
        ),
        (Dialect(calls="index_missing"), [{"id": "c0", **FIRST}, later('{"a"'), later(":1}")]),
        (
            Dialect(calls="whole"),
            [{"index": 0, "id": "c0", "type": "function", "function": {"name": "clock", "arguments": '{"a":1}'}}],
        ),
    ],
    ids=lambda value: value.calls if isinstance(value, Dialect) else None,
)
def test_how_calls_are_cut_up(dialect: Dialect, told: list[dict[str, Any]]) -> None:
    assert fragments(Script((Call("clock", {"a": 1}, id="c0", chars=4),)), dialect) == told
    pieces = Call("clock", raw='{"a"', id="c0", stop=False), Call("clock", raw=":1}", start=False)
    assert fragments(Script(pieces), dialect) == told


def test_the_index_of_several_calls() -> None:
    script = Script((Call("a"), Call("b")))
    assert [one["index"] for one in fragments(script, Dialect())] == [0, 0, 1, 1]
    assert [one["index"] for one in fragments(script, Dialect(calls="index_zero"))] == [0, 0, 0, 0]
    ids = [one["id"] for one in fragments(script, Dialect()) if "id" in one]
    assert len(set(ids)) == 2


USAGE = {
    "prompt_tokens": 42,
    "completion_tokens": 20,
    "total_tokens": 62,
    "prompt_tokens_details": {"cached_tokens": 30},
    "completion_tokens_details": {"reasoning_tokens": 10},
}
COUNTED = Script((Think("x" * 40, display="omitted"), Say("y" * 40, chars=40)))
ASKED: dict[str, Any] = {"stream_options": {"include_usage": True}}


@pytest.mark.parametrize(
    ("dialect", "body", "told"),
    [
        (Dialect(), {}, ["absent", "absent", "absent"]),
        (Dialect(), ASKED, [None, None, None, USAGE]),
        (Dialect(usage="with_finish"), {}, ["absent", "absent", USAGE]),
        (Dialect(usage="never"), ASKED, ["absent", "absent", "absent"]),
    ],
)
def test_where_usage_is_told(dialect: Dialect, body: dict[str, Any], told: list[Any]) -> None:
    found = chunks(COUNTED, dialect, **body)
    assert [chunk.get("usage", "absent") for chunk in found] == told
    assert [chunk["choices"] for chunk in found if chunk.get("usage") and len(found) == 4] == [[]] * (len(found) == 4)


def test_usage_in_every_chunk_grows() -> None:
    told = [chunk["usage"]["completion_tokens"] for chunk in chunks(Script((Say("a" * 40), Say("b" * 40))), Dialect(usage="every"))]
    assert told == sorted(told)
    assert told[-1] == 20


def test_usage_of_the_script_is_in_the_words_of_the_first_wire() -> None:
    script = Script((Say("a"),), usage={"output_tokens": 77, "cache_read_input_tokens": 0})
    usage = chunks(script, Dialect(usage="with_finish"))[-1]["usage"]
    assert (usage["prompt_tokens"], usage["completion_tokens"], usage["total_tokens"]) == (12, 77, 89)


def test_the_end_of_the_stream() -> None:
    assert any(isinstance(action, Last) for action in wire_of(LOOP).actions())
    assert not any(isinstance(action, Last) for action in wire_of(LOOP, Dialect(done=False)).actions())


def test_what_has_no_form_here_is_left_out() -> None:
    steps = (Redacted(), Say("a", citations=({"type": "x"},)), Block({"type": "hologram"}), Compact("b"), Say("c"))
    assert deltas(Script(steps, stop_reason="end_turn")) == [{"content": "a"}, {"content": "c"}]


def test_the_whole_completion() -> None:
    wire = wire_of(LOOP)
    list(wire.actions())
    whole = wire.message()
    assert whole["object"] == "chat.completion"
    (choice,) = whole["choices"]
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["content"] == "One moment."
    assert choice["message"]["reasoning_content"] == "I need the clock."
    assert choice["message"]["tool_calls"][0]["function"] == {"name": "clock", "arguments": '{"zone":"UTC"}'}
    assert whole["usage"]["prompt_tokens"] == 42
    silent = wire_of(Script((Call("x"),)), Dialect(usage="never"))
    list(silent.actions())
    assert "usage" not in silent.message()
    assert silent.message()["choices"][0]["message"]["content"] is None


def test_going_on_with_nothing_is_an_error() -> None:
    with pytest.raises(ScriptError):
        chunks(Script((Start(), Say("x", start=False))))


def test_a_fault_of_the_other_wire_is_an_error() -> None:
    with pytest.raises(ScriptError, match="no meaning on the openai wire"):
        chunks(Script((Fault.DATA_ONLY,)))
