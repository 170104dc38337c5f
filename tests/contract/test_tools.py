"""Tools in `ask`: what runs, what is denied, and that every call is answered once, in order, in one message."""

from __future__ import annotations

from typing import Any

import pytest

from claude_tui.fakeapi import Block, Call, FakeApi, Plan, Say, Script
from tests.contract.command import run, show

pytestmark = pytest.mark.unmeasured

DONE = Script((Say("Done."),))
SUM = {"expression": "1 + 1"}
DENIED = {"CLAUDE_TUI_TOOLS__CALCULATOR": "deny"}


def told(plan: Plan, *args: str, code: int = 0, env: dict[str, str | None] | None = None) -> dict[str, Any]:
    with FakeApi.in_thread(plan) as api:
        value = run("ask", "hi", *args, "-o", "json", api=api, env=env).told(code).json
    assert isinstance(value, dict)
    return value


def results(message: dict[str, Any]) -> list[tuple[str, bool]]:
    """The results of a message, which holds nothing else: call and whether it is an error."""
    assert message["role"] == "user"
    assert {block["type"] for block in message["content"]} == {"tool_result"}
    return [(block["tool_use_id"], block.get("is_error", False)) for block in message["content"]]


def test_several_calls_at_once_are_answered_in_one_message_in_order() -> None:
    calls = (
        Call("current_time", {}, id="toolu_1"),
        Call("calculator", SUM, id="toolu_2"),
        Call("rm", {"path": "/"}, id="toolu_3"),
        Call("calculator", raw='{"expression": "1', id="toolu_4"),
        Call("calculator", {"expression": 5, "more": 1}, id="toolu_5"),
        Call("calculator", raw="[1]", id="toolu_6"),
        Call("calculator", raw="", id="toolu_7"),
    )
    value = told([Script((Say("All at once."), *calls)), DONE])
    assert value["outcome"] == "completed" and len(value["messages"]) == 4
    expected = [False, False, True, True, True, True, True]
    assert results(value["messages"][2]) == [(f"toolu_{n}", error) for n, error in enumerate(expected, 1)]
    assert value["messages"][1]["raw_inputs"] == {"4": '{"expression": "1'}


def test_policies() -> None:
    plan = [Script((Call("calculator", SUM, id="toolu_1"), Call("current_time", {}, id="toolu_2"))), DONE]
    assert results(told(plan, env=DENIED)["messages"][2]) == [("toolu_1", True), ("toolu_2", False)]
    allowed = told(
        plan, "--allow-tool", "calculator", "--allow-tool", "rm", env={**DENIED, "CLAUDE_TUI_TOOLS__CURRENT_TIME": "ask"}
    )
    assert results(allowed["messages"][2]) == [("toolu_1", False), ("toolu_2", True)]


def test_a_call_cut_off_by_max_tokens_never_runs_and_the_next_request_is_valid() -> None:
    for cut in (Call("calculator", raw='{"expression": "1 +', stop=False), Call("calculator", SUM)):
        with FakeApi.in_thread([Script((Say("Let me"), cut), stop_reason="max_tokens"), DONE]) as api:
            first = run("ask", "hi", "-o", "stream-json", api=api).told(0)
            assert not {"ToolStarted", "ToolFinished"} & {line["type"] for line in first.lines}
            assert run("ask", "-c", "go on", "-o", "json", api=api).told(0).json["outcome"] == "completed"
            assert len(api.calls) == 2
        stored = show(first.lines[0]["session_id"])["messages"]
        assert [message["role"] for message in stored] == ["user", "assistant", "user", "assistant"]
        assert stored[1]["stop_reason"] == "max_tokens"


def test_a_paused_answer_is_continued_unchanged() -> None:
    search = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "x"}}
    found = {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []}
    plan = [Script((Say("Searching."), Block(search)), stop_reason="pause_turn"), Script((Block(found), Say("Found.")))]
    with FakeApi.in_thread([*plan, DONE]) as api:
        value = run("ask", "hi", "-o", "json", api=api).told(0).json
        assert [message["stop_reason"] for message in value["messages"]] == [None, "pause_turn", "end_turn"]
        assert api.calls[1].body["messages"][-1] == {"role": "assistant", "content": value["messages"][1]["content"]}
        run("ask", "-c", "more", api=api).told(0)


def test_the_cap_on_requests_ends_the_turn_and_the_session_goes_on() -> None:
    loop = Script((Call("calculator", SUM),))
    with FakeApi.in_thread([loop, loop, DONE]) as api:
        ended = run("ask", "hi", "-o", "json", "--max-requests", "2", api=api).told(1)
        value = ended.json
        assert len(api.calls) == 2
        assert (value["outcome"], value["error"]["kind"], value["message"]["status"]) == ("failed", "tool_limit", "failed")
        assert "max_requests" in ended.stderr
        assert run("ask", "-c", "go on", api=api).told(0).stdout == "Done.\n"
    assert [message["role"] for message in value["messages"]] == ["user", "assistant", "user", "assistant"]
    assert show(value["session_id"])["messages"][: len(value["messages"])] == value["messages"]


def test_an_answer_that_paused_without_end_is_stopped() -> None:
    paused = Script((Say("Wait."),), stop_reason="pause_turn")
    with FakeApi.in_thread(lambda body, n: DONE if n > 10 else paused) as api:
        value = run("ask", "hi", "-o", "json", api=api).told(1).json
        assert value["error"]["kind"] == "tool_limit" and len(api.calls) == 11
        run("ask", "-c", "go on", api=api).told(0)
