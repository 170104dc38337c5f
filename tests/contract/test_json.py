"""Every JSON key of the contract, with its type: messages, sessions, errors, `ask -o json` and `ask -o stream-json`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from claude_tui.domain.events import BlockDelta, BlockStarted, BlockStopped, MessageStarted, MessageStopped, UsageReported
from claude_tui.domain.messages import Message, Role, Status
from claude_tui.domain.partial import Partial
from claude_tui.fakeapi import Block, Call, FakeApi, Fault, Phase, Ping, Redacted, Say, Script, Start, Think, at
from tests.contract.command import Ended, run, show

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
ID = re.compile(r"[0-9a-z]{26}")
NULL = type(None)

Keys = Mapping[str, type | tuple[type, ...]]

MESSAGE: Keys = {
    "id": str,
    "parent_id": (str, NULL),
    "role": str,
    "status": str,
    "content": list,
    "model": (str, NULL),
    "provider": (str, NULL),
    "api_id": (str, NULL),
    "stop_reason": (str, NULL),
    "stop_details": (dict, NULL),
    "usage": (dict, NULL),
    "timings": (dict, NULL),
    "created_at": str,
}
SESSION: Keys = {
    "id": str,
    "title": str,
    "model": (str, NULL),
    "provider": str,
    "effort": (str, NULL),
    "system": (str, NULL),
    "created_at": str,
    "updated_at": str,
    "message_count": int,
    "status": str,
    "leaf_id": (str, NULL),
    "usage": dict,
    "cost": dict,
}
COST: Keys = {"usd": (str, NULL), "micro_usd": (int, NULL), "unknown": int, "estimated": bool}
ERROR: Keys = {"kind": str, "message": str, "status": (int, NULL), "request_id": (str, NULL)}
ASK: Keys = {
    "session_id": (str, NULL),
    "outcome": str,
    "error": (dict, NULL),
    "model": (str, NULL),
    "stop_reason": (str, NULL),
    "usage": (dict, NULL),
    "turn_usage": dict,
    "cost": dict,
    "timings": dict,
    "message": (dict, NULL),
    "messages": list,
}
SUMMED = ("input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")

ODD_DELTA = {"type": "content_block_delta", "index": 99, "delta": {"type": "text_delta", "text": "nowhere"}}
SEARCH = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "sky"}}
FOUND = {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": [], "later": {"added": [1, None]}}
STRANGE = {"type": "hologram", "shape": "cube", "depth": 3}
CITATION = {"type": "char_location", "cited_text": "blue", "document_index": 0, "start_char_index": 0, "end_char_index": 4}

TOOL_TURN = (
    Script((Think("Two numbers."), Say("Let me see. ☃\n"), Call("calculator", {"expression": "6 * 7"}, id="toolu_a"))),
    Script(
        (
            Redacted("secret"),
            Block(SEARCH),
            Block(FOUND),
            Block(STRANGE),
            Ping(),
            Say("It is 42 — 四十二 \U0001f600.", citations=(CITATION,)),
        )
    ),
)


def check_keys(value: object, keys: Keys, *, more: tuple[str, ...] = ()) -> None:
    """All of these keys with these types, and no others but `more`."""
    assert isinstance(value, dict)
    assert set(value) - set(more) == set(keys)
    for key, kind in keys.items():
        assert isinstance(value[key], kind), (key, value[key])
        assert not (kind is int and isinstance(value[key], bool))


def check_message(message: dict[str, Any]) -> None:
    check_keys(message, MESSAGE, more=("raw_inputs", "open_blocks", "error", "extra", "cost"))
    assert ID.fullmatch(message["id"]) and TIME.fullmatch(message["created_at"])
    assert message["role"] in ("user", "assistant")
    if message["role"] == "assistant":
        check_keys(message["cost"], COST)
    else:
        assert "cost" not in message
    assert message["status"] in ("streaming", "complete", "interrupted", "failed")
    assert all(isinstance(block, dict) and block["type"] for block in message["content"])


def test_ask_prints_one_object_with_every_key() -> None:
    with FakeApi.in_thread(TOOL_TURN) as api:
        ended = run("ask", "What is 6 * 7?", "-o", "json", api=api).told(0)
    told = ended.json
    check_keys(told, ASK)
    prompt, asking, results, answer = told["messages"]
    for message in told["messages"]:
        check_message(message)
    assert [message["role"] for message in told["messages"]] == ["user", "assistant", "user", "assistant"]
    assert [message["parent_id"] for message in told["messages"]] == [None, prompt["id"], asking["id"], results["id"]]
    assert (told["outcome"], told["error"], told["message"]) == ("completed", None, answer)
    assert (told["model"], told["stop_reason"], told["usage"]) == ("claude-opus-5-5", "end_turn", answer["usage"])
    assert results["content"] == [{"type": "tool_result", "tool_use_id": "toolu_a", "content": "42"}]
    assert asking["content"][2] == {"type": "tool_use", "id": "toolu_a", "name": "calculator", "input": {"expression": "6 * 7"}}
    assert answer["content"][1:4] == [SEARCH, FOUND, STRANGE]
    assert answer["content"][4] == {"type": "text", "text": "It is 42 — 四十二 \U0001f600.", "citations": [CITATION]}
    assert set(answer["content"][0]) == {"type", "data"}
    assert (prompt["model"], prompt["api_id"], prompt["usage"], prompt["timings"]) == (None, None, None, None)
    assert asking["api_id"].startswith("msg_") and asking["api_id"] != answer["api_id"]
    _check_numbers(told, asking, answer)


def _check_numbers(told: dict[str, Any], asking: dict[str, Any], answer: dict[str, Any]) -> None:
    assert set(told["turn_usage"]) == set(SUMMED)
    for key in SUMMED:
        assert told["turn_usage"][key] == asking["usage"][key] + answer["usage"][key]
    assert answer["usage"]["service_tier"] == "standard", "what only message_start says stays"
    assert answer["usage"]["output_tokens_details"] == {"thinking_tokens": 0}, "what only message_delta says comes"
    assert answer["usage"]["output_tokens"] > 1, "message_delta overwrites message_start"
    check_keys(told["cost"], COST)
    assert told["cost"]["micro_usd"] > 0 and not told["cost"]["estimated"]
    assert Decimal(told["cost"]["usd"]) == sum(Decimal(message["cost"]["usd"]) for message in (asking, answer))
    assert set(told["timings"]) == {"ttft_ms", "total_ms", "retries"}
    assert 0 <= told["timings"]["ttft_ms"] <= told["timings"]["total_ms"]
    assert told["timings"]["retries"] == 0


def test_a_failed_turn_is_the_same_object_with_an_error() -> None:
    plan = [at(Fault.OVERLOADED, Phase.BEFORE_HEADERS, retry_after="0"), at(Fault.ERROR_OVERLOADED, Phase.TEXT)]
    with FakeApi.in_thread(plan) as api:
        told = run("ask", "hi", "-o", "json", api=api).told(1).json
    check_keys(told, ASK)
    check_keys(told["error"], ERROR)
    assert told["error"] == {
        "kind": "overloaded",
        "message": "Overloaded",
        "status": 200,
        "request_id": told["error"]["request_id"],
    }
    assert told["error"]["request_id"].startswith("req_")
    assert told["timings"]["retries"] == 1
    check_message(told["message"])
    assert told["message"]["status"] == "failed" and told["stop_reason"] is None
    assert told["message"]["content"][-1] == {"type": "text", "text": "Here is the beginning "}


def test_a_session_that_cannot_be_opened_is_the_same_object_too() -> None:
    told = run("ask", "hi", "-r", "nosuchid", "-o", "json", env={"ANTHROPIC_API_KEY": "key"}).told(1).json
    check_keys(told, ASK)
    check_keys(told["error"], ERROR)
    assert (told["session_id"], told["outcome"], told["error"]["kind"]) == (None, "failed", "storage")
    assert (told["message"], told["messages"], told["turn_usage"]) == (None, [], dict.fromkeys(SUMMED, 0))
    assert (told["model"], told["stop_reason"], told["usage"]) == (None, None, None)
    (ended,) = run("ask", "hi", "-r", "nosuchid", "-o", "stream-json", env={"ANTHROPIC_API_KEY": "key"}).told(1).lines
    assert (ended["type"], ended["outcome"], ended["error"]["kind"]) == ("TurnEnded", "failed", "storage")


def test_arguments_that_are_no_json_are_an_empty_object_and_their_raw_text() -> None:
    raw = '{"expression": 6 *'
    with FakeApi.in_thread([Script((Say("So: "), Call("calculator", raw=raw, id="toolu_b"))), Script((Say("Oh."),))]) as api:
        told = run("ask", "hi", "-o", "json", api=api).told(0).json
    asking = told["messages"][1]
    assert asking["content"][1] == {"type": "tool_use", "id": "toolu_b", "name": "calculator", "input": {}}
    assert asking["raw_inputs"] == {"1": raw}
    (result,) = told["messages"][2]["content"]
    assert result["is_error"] is True and "6 *" in result["content"]
    assert show(told["session_id"])["messages"] == told["messages"]


def _events(ended: Ended) -> list[dict[str, Any]]:
    lines = ended.lines
    for line in lines:
        assert list(line)[:3] == ["type", "ts", "session_id"]
        assert isinstance(line["ts"], float) and line["ts"] > 1_700_000_000
    assert [line["ts"] for line in lines] == sorted(line["ts"] for line in lines)
    assert len({line["session_id"] for line in lines}) == 1
    assert "Alive" not in {line["type"] for line in lines}
    assert [lines[0]["type"], lines[-1]["type"]] == ["TurnStarted", "TurnEnded"]
    return lines


def _folded(lines: list[dict[str, Any]], message_id: str) -> Message:
    """The message that the lines from its last RequestStarted to its end stand for."""
    begin = max(n for n, line in enumerate(lines) if line["type"] == "RequestStarted" and line["message_id"] == message_id)
    kinds = {
        kind.__name__: kind for kind in (MessageStarted, BlockStarted, BlockDelta, BlockStopped, UsageReported, MessageStopped)
    }
    partial = Partial()
    for line in lines[begin + 1 :]:
        if line["type"] == "RequestStarted":
            break
        if line["type"] in kinds:
            fields = {key: value for key, value in line.items() if key not in ("type", "ts", "session_id")}
            partial.apply(kinds[line["type"]](**fields))
    base = Message(message_id, "", None, Role.ASSISTANT, ())
    return partial.message(base, Status.COMPLETE if partial.complete else Status.FAILED)


def test_stream_json_is_one_line_an_event_and_folds_to_what_is_stored() -> None:
    with FakeApi.in_thread(TOOL_TURN) as api:
        lines = _events(run("ask", "What is 6 * 7?", "-o", "stream-json", api=api).told(0))
    assert lines[0]["message"]["content"] == [{"type": "text", "text": "What is 6 * 7?"}]
    assert (lines[-1]["outcome"], lines[-1]["error"]) == ("completed", None)
    assert {"ToolStarted", "ToolFinished", "RequestStarted", "MessageStopped"} <= {line["type"] for line in lines}
    stored = show(lines[0]["session_id"])["messages"]
    assert stored[0] == lines[0]["message"]
    for message in (stored[1], stored[3]):
        folded = _folded(lines, message["id"]).to_json()
        for key in ("content", "model", "api_id", "stop_reason", "stop_details", "usage", "status"):
            assert folded[key] == message[key], key


def test_stream_json_of_a_failed_turn_ends_with_the_error_and_folds_to_the_partial() -> None:
    script = Script((Start(), Fault.UNKNOWN_EVENT, Say("It begins"), Fault.ERROR_API))
    with FakeApi.in_thread([at(Fault.RATE_LIMITED, Phase.BEFORE_HEADERS, retry_after="0"), script]) as api:
        lines = _events(run("ask", "hi", "-o", "stream-json", api=api).told(1))
    check_keys(lines[-1]["error"], ERROR)
    assert (lines[-1]["outcome"], lines[-1]["error"]["kind"]) == ("failed", "server")
    (retry,) = [line for line in lines if line["type"] == "RetryScheduled"]
    assert retry["attempt"] == 1 and retry["error"]["kind"] == "rate_limit" and isinstance(retry["delay"], float)
    kept = show(lines[0]["session_id"])["messages"][-1]
    assert kept["status"] == "failed"
    assert _folded(lines, kept["id"]).to_json()["content"] == kept["content"] == [{"type": "text", "text": "It begins"}]


def test_sessions_have_every_key() -> None:
    with FakeApi.in_thread(Script((Say("Hello."),))) as api:
        args = ("ask", "Say hello", "-m", "claude-sonnet-5-5", "--effort", "low", "--system", "Be brief.", "-o", "json")
        told = run(*args, api=api).told(0).json
    listed = run("sessions", "list", "-o", "json").told(0).json
    shown = show(told["session_id"])
    assert set(shown) == {"session", "messages"}
    assert listed[0] == {key: value for key, value in shown["session"].items() if key in SESSION}
    check_keys(listed[0], SESSION)
    session = listed[0]
    assert ID.fullmatch(session["id"]) and TIME.fullmatch(session["created_at"]) and TIME.fullmatch(session["updated_at"])
    assert session["created_at"] <= session["updated_at"]
    assert session["title"] == "Say hello"
    assert (session["model"], session["provider"], session["effort"]) == ("claude-sonnet-5-5", "anthropic", "low")
    assert (session["system"], session["message_count"], session["status"]) == ("Be brief.", 2, "complete")
    assert session["leaf_id"] == told["message"]["id"]
    assert shown["messages"] == told["messages"]
