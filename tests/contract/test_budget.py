"""`ask` under a budget: what was spent before counts, whoever spent it; a request that may not go out is not sent."""

from __future__ import annotations

from typing import Any

import pytest

from claude_tui.fakeapi import Call, FakeApi, Say, Script
from tests.contract.command import run, show

pytestmark = pytest.mark.unmeasured

DEAR = {"input_tokens": 250_000, "output_tokens": 0}
"""A dollar, for Claude Opus 5.5."""
ANSWER = Script((Say("Yes."),), usage=DEAR)


def test_a_day_that_is_used_up() -> None:
    limit: dict[str, str | None] = {"CLAUDE_TUI_BUDGET__DAY": "1"}
    with FakeApi.in_thread(ANSWER) as api:
        run("ask", "hi", api=api, env=limit).told(0)
        told = run("ask", "and?", "-o", "json", api=api, env=limit).told(1)
        run("ask", "and?", "--temporary", api=api, env=limit).told(1)
        assert len(api.calls) == 1
        run("ask", "and?", api=api, env={"CLAUDE_TUI_BUDGET__DAY": "1.01", "CLAUDE_TUI_BUDGET__SESSION": "1"}).told(0)
    error: dict[str, Any] = told.json["error"]
    assert (told.json["outcome"], error["kind"]) == ("failed", "billing") and "The budget for today (`budget.day`), $1.00" in error[
        "message"
    ]
    assert "used up" in told.stderr
    prompts = [message["content"][0]["text"] for message in show(told.json["session_id"])["messages"]]
    assert prompts == ["and?"], "the prompt is saved"


def test_a_session_is_stopped_between_two_requests_of_a_turn() -> None:
    calling = Script((Call("calculator", {"expression": "6 * 7"}),), usage=DEAR)
    with FakeApi.in_thread((calling, ANSWER)) as api:
        told = run("ask", "hi", "-o", "json", api=api, env={"CLAUDE_TUI_BUDGET__SESSION": "0.5"}).told(1).json
        assert len(api.calls) == 1
    assert told["error"]["kind"] == "billing"
    assert told["messages"][-1]["content"][0]["content"] == "42", "what the tool gave is kept"
