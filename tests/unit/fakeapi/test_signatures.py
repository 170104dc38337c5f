"""Echoes: what the server sent is taken back verbatim; thinking is bound to its words and to what came before it."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from claude_tui.fakeapi.memory import Memory
from claude_tui.fakeapi.signing import Prefix, Signer
from claude_tui.fakeapi.validate import validate
from tests.unit.fakeapi.bodies import MARK, SIGNER, TOOL, VERSION, a, check, result, text, u, use

SERVER_USE = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "x"}}
SERVER_RESULT = {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": [], "later_field": {"x": 1}}


def test_what_the_server_sent_is_taken_verbatim_and_no_more() -> None:
    memory = Memory()
    hologram = {"type": "hologram", "shape": [1, 2]}
    messages = [u("a"), a(SERVER_USE, SERVER_RESULT, hologram, text("b")), u("c")]
    assert check({"messages": messages}, memory) is not None
    for block in (SERVER_USE, SERVER_RESULT, hologram):
        memory.sent(block)
    assert check({"messages": messages}, memory) is None
    assert check({"messages": [u("a"), a({**hologram, **MARK}, text("b")), u("c")]}, memory) is None
    assert check({"messages": [u("a"), a({**hologram, "shape": [1, 2, 3]}, text("b")), u("c")]}, memory) is not None


def test_server_tool_pairs() -> None:
    memory = Memory()
    memory.sent(SERVER_USE)
    memory.sent(SERVER_RESULT)
    alone = check({"messages": [u("a"), a(SERVER_USE, text("b")), u("c")]}, memory)
    assert alone is not None
    assert "without a corresponding result block" in alone.message
    widow = check({"messages": [u("a"), a(SERVER_RESULT, text("b")), u("c")]}, memory)
    assert widow is not None
    assert "unexpected tool_use_id" in widow.message
    both = [u("a"), a(SERVER_USE, use("1")), u(result("1"))]
    assert check({"messages": both}, memory) is None


def test_paused_answer_goes_back_as_the_last_message() -> None:
    memory = Memory()
    blocks = [text("Searching."), SERVER_USE]
    memory.sent(SERVER_USE)
    memory.answered(blocks, "pause_turn")
    assert check({"messages": [u("a"), a(*blocks)]}, memory) is None
    assert check({"messages": [u("a"), a(text("Searching!"), SERVER_USE)]}, memory) is not None
    memory.sent(SERVER_RESULT)
    assert check({"messages": [u("a"), a(*blocks), a(SERVER_RESULT, text("b")), u("c")]}, memory) is None


def thinking(body: dict[str, Any], words: str) -> dict[str, Any]:
    return {"type": "thinking", "thinking": words, "signature": SIGNER.sign(words, Prefix.of(body))}


def history(**more: Any) -> dict[str, Any]:
    """Two answered turns with thinking, and a third prompt."""
    body: dict[str, Any] = {
        "model": "claude-opus-5-5",
        "system": "Be kind.",
        "tools": [TOOL],
        "messages": [u("one")],
        **more,
    }
    for n in ("two", "three"):
        body["messages"] = [*body["messages"], a(thinking(body, f"about {n}"), text("well")), u(n)]
    return body


def test_signed_history_is_accepted() -> None:
    assert check(history()) is None


def test_what_may_change_without_breaking_a_signature() -> None:
    body = history()
    messages = body["messages"]
    string, block, mark = "Be kind.", [text("Be kind.")], [text("Be kind.", **MARK)]
    for system in (string, block, mark):
        assert check({**body, "system": system}) is None
    assert check({**body, "messages": [u(text("one", **MARK)), *messages[1:]]}) is None
    assert check({**body, "tools": [{**TOOL, **MARK}], "max_tokens": 7, "metadata": {"user_id": "x"}}) is None
    without_first = [u("one"), a(text("well")), *messages[2:]]
    assert check({**body, "messages": without_first}) is None
    without_any = [u("one"), a(text("well")), u("two"), a(text("well")), u("three")]
    assert check({**body, "messages": without_any}) is None


def test_merging_messages_of_one_role_keeps_signatures() -> None:
    body: dict[str, Any] = {"model": "claude-opus-5-5", "messages": [u("a"), u("b")]}
    answer = a(thinking(body, "hm"), text("c"))
    assert check({**body, "messages": [u(text("a"), text("b")), answer, u("d")]}) is None


def test_blank_text_before_thinking_may_be_left_out() -> None:
    body: dict[str, Any] = {"model": "claude-opus-5-5", "messages": [u("a")]}
    prefix = Prefix.of(body)
    prefix.add("assistant", text("\n\n"))
    block = {"type": "thinking", "thinking": "hm", "signature": SIGNER.sign("hm", prefix)}
    assert check({**body, "messages": [u("a"), a(block, text("c")), u("d")]}) is None


NOT_OURS = "messages.1.content.0: Invalid `signature` in `thinking` block"
LATER = "messages.3.content.0: Invalid `signature` in `thinking` block"
BOUND = "The block is bound to a different conversation"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda m: m[1]["content"][0].update(thinking="about TWO"),
            "messages.1.content.0: Invalid `signature` in `thinking` block",
        ),
        (lambda m: m[1]["content"][0].update(thinking=""), "messages.1.content.0: Invalid `signature`"),
        (
            lambda m: m[0].update(content="ONE"),
            f"messages.1.content.0: Invalid `signature` in `thinking` block. {BOUND}",
        ),
        (
            lambda m: m[1]["content"][1].update(text="WELL"),
            f"{LATER}. {BOUND}",
        ),
        (lambda m: m[2].update(content="TWO"), f"{LATER}. {BOUND}"),
        (lambda m: m.insert(0, u("zero")), f"messages.2.content.0: Invalid `signature` in `thinking` block. {BOUND}"),
        (
            lambda m: m[1]["content"].reverse(),
            "messages.1: The final block in an assistant message cannot be `thinking`",
        ),
    ],
    ids=["text", "emptied", "first prompt", "answer", "second prompt", "inserted", "moved"],
)
def test_edited_history_is_refused(change: Any, words: str) -> None:
    body = history()
    change(body["messages"])
    error = check(body)
    assert error is not None
    assert words in error.message


def test_thinking_left_out_in_the_middle_is_refused() -> None:
    body = history()
    body["messages"] = [*body["messages"], a(thinking(body, "about four"), text("so")), u("four")]
    body["messages"][3] = a(text("well"))
    error = check(body)
    assert error is not None
    assert f"messages.5.content.0: Invalid `signature` in `thinking` block. {BOUND}" in error.message


@pytest.mark.parametrize(
    "change", [{"system": "Be rude."}, {"system": ...}, {"tools": []}, {"tools": [{**TOOL, "description": "?"}]}]
)
def test_changed_system_or_tools_are_refused(change: dict[str, Any]) -> None:
    error = check({**history(), **change})
    assert error is not None
    assert f"messages.1.content.0: Invalid `signature` in `thinking` block. {BOUND}" in error.message


def test_models_without_binding_take_an_edited_past_but_no_edited_thinking() -> None:
    body = {**history(), "model": "claude-opus-5", "system": "Other."}
    assert check(body) is None
    body["messages"][1]["content"][0]["thinking"] = "edited"
    assert check(body) is not None


def test_drop_block_takes_misplaced_thinking() -> None:
    binding = {"type": "adaptive", "block_binding": {"prefix_mismatch_behavior": "drop_block"}}
    body = {**history(), "system": "Other.", "thinking": binding}
    assert check(body) is not None
    assert check(body, anthropic_beta="thinking-binding-controls-2026-08-01") is None


def test_redacted_thinking_is_bound_too() -> None:
    body: dict[str, Any] = {"model": "claude-opus-5-5", "messages": [u("a")]}
    block = {"type": "redacted_thinking", "data": SIGNER.redact("hidden", Prefix.of(body))}
    assert check({**body, "messages": [u("a"), a(block, text("b")), u("c")]}) is None
    edited = {**block, "data": base64.b64encode(base64.b64decode(block["data"])[:-1] + b"?").decode()}
    assert check({**body, "messages": [u("a"), a(edited, text("b")), u("c")]}) is not None
    moved = check({**body, "messages": [u("A"), a(block, text("b")), u("c")]})
    assert moved is not None
    assert BOUND in moved.message


def test_another_server_s_secret_is_no_good() -> None:
    error = validate({**history(), "max_tokens": 9}, VERSION, Signer(b"other"), Memory())
    assert error is not None
    assert "Invalid `signature`" in error.message


def test_thinking_of_a_running_tool_loop_stays() -> None:
    memory = Memory()
    body = history()
    block = thinking(body, "I need a tool")
    blocks = [block, use("1")]
    memory.answered(blocks, "tool_use")
    whole = [*body["messages"], a(*blocks), u(result("1"))]
    assert check({**body, "messages": whole}, memory) is None
    cut = [*body["messages"], a(use("1")), u(result("1"))]
    error = check({**body, "messages": cut}, memory)
    assert error is not None
    assert "cannot be modified" in error.message
    bare = [u("one"), a(text("well")), u("two"), a(text("well")), u("three"), a(use("1")), u(result("1"))]
    assert check({**body, "messages": bare}, memory) is None


def test_thinking_takes_no_cache_mark() -> None:
    body = history()
    body["messages"][1]["content"][0].update(MARK)
    error = check(body)
    assert error is not None
    assert "thinking blocks cannot be marked for caching" in error.message
