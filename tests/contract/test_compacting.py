"""Summaries over the wire: by the API where it makes them, by the model elsewhere; what is sent afterwards, and what it cost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from claude_tui.domain.history import SUMMARY_HEAD
from claude_tui.domain.messages import Outcome
from claude_tui.fakeapi import Call, Compact, FakeApi, Fault, Phase, Say, Script, Think, at
from tests.faults.bench import program, turn

TALK = (
    Script((Think("A number."), Call("calculator", {"expression": "6 * 7"}))),
    Script((Think("So."), Say("It is 42."))),
)
SUMMARY = "We found that 6 * 7 is 42."
AFTER = (Script((Think("Go on."), Say("Good."))), Script((Say("Very good."),)))


def texts(body: dict[str, Any]) -> str:
    return str(body["messages"])


@pytest.mark.parametrize("instructions", ["", "Keep every number."])
async def test_the_api_summarises_where_it_can(instructions: str, tmp_path: Path) -> None:
    """The server refuses an edited summary, one without its header, and thinking that is bound to something else."""
    async with FakeApi((*TALK, Script((Compact(SUMMARY),)), *AFTER)) as api:
        async with program(tmp_path, api.url, api.key, retries=0) as (workspace, store):
            session = workspace.new(model="claude-opus-5-5", system="Be brief.")
            assert (await turn(session, "What is 6 * 7?"))[0].outcome is Outcome.COMPLETED
            result = await session.compact(instructions)
            assert result.outcome is Outcome.COMPLETED, result.error
            assert result.answer is not None and result.answer.stop_reason == "compaction"
            for prompt in ("And then?", "And now?"):
                following, _ = await turn(session, prompt)
                assert following.outcome is Outcome.COMPLETED, following.error
            rows = await store.spending(session_id=session.info.id)
        bodies = [call.body for call in api.calls]
        assert [call.status for call in api.calls] == [200] * 5
        assert bodies[2]["compaction"]["type"] == "summarize"
        assert (instructions in str(bodies[2]["compaction"])) and "compaction" not in bodies[3]
        assert "6 * 7?" not in texts(bodies[3]) and bodies[3]["messages"][0]["content"][0]["content"] == SUMMARY
        assert bodies[4]["messages"][: len(bodies[3]["messages"])] == bodies[3]["messages"]
        served = [call.usage for call in api.calls]
    counted = sum(row.tokens("input_tokens") for row in rows)
    spent = [entry["input_tokens"] for usage in served if usage for entry in usage.get("iterations") or [usage]]
    assert len(rows) == 5 and counted <= sum(spent) == counted + sum(
        entry["input_tokens"] for row in rows for entry in (row.usage or {}).get("iterations", []) if entry["type"] == "compaction"
    )


async def test_the_model_summarises_elsewhere(tmp_path: Path) -> None:
    """On the second wire nobody else does: its summary begins a branch of its own, and the old one stays."""
    async with FakeApi((*TALK, Script((Say(SUMMARY),)), *AFTER)) as api:
        async with program(tmp_path, api.url, api.key, retries=0, wire="openai") as (workspace, _):
            session = workspace.new(model="claude-opus-5-5", system="Be brief.")
            await turn(session, "What is 6 * 7?")
            before = [message.id for message in session.path]
            result = await session.compact("Keep every number.")
            assert result.outcome is Outcome.COMPLETED, result.error
            root = session.path[0]
            assert root.parent_id is None and root.id not in before
            assert set(session.versions_of(root.id)) == {before[0], root.id}
            for prompt in ("And then?", "And now?"):
                following, _ = await turn(session, prompt)
                assert following.outcome is Outcome.COMPLETED, following.error
            await session.switch_version(before[0])
            assert [message.id for message in session.path][: len(before)] == before
        assert [call.status for call in api.calls] == [200] * 5
        first = api.calls[3].body["messages"]
    assert [message["role"] for message in first] == ["system", "user"]
    assert first[1]["content"].startswith(SUMMARY_HEAD + SUMMARY) and first[1]["content"].endswith("And then?")


async def test_a_summary_of_the_api_is_text_for_another_endpoint(tmp_path: Path) -> None:
    async with FakeApi((*TALK, Script((Compact(SUMMARY),)), *AFTER)) as api:
        async with program(tmp_path, api.url, api.key, retries=0) as (workspace, _):
            session = workspace.new(model="claude-opus-5-5")
            await turn(session, "What is 6 * 7?")
            await session.compact("")
            await session.switch_model("some-model", provider="openai")
            following, _ = await turn(session, "And then?")
            assert following.outcome is Outcome.COMPLETED, following.error
            await session.switch_model("claude-opus-5-5", provider="anthropic")
            following, _ = await turn(session, "And now?")
            assert following.outcome is Outcome.COMPLETED, following.error
        assert SUMMARY in texts(api.calls[3].body) and "6 * 7?" not in texts(api.calls[3].body)


@pytest.mark.parametrize("wire", ["anthropic", "openai"])
async def test_a_full_context_is_compacted_and_gone_on_with(wire: str, tmp_path: Path) -> None:
    """One call does both: the part before the last prompt is summarised, the prompt is asked again behind it."""
    summary = Compact(SUMMARY) if wire == "anthropic" else Say(SUMMARY)
    full = at(Fault.CONTEXT_FULL, Phase.BEFORE_HEADERS)
    async with FakeApi((*TALK, full, Script((summary,)), *AFTER)) as api:
        async with program(tmp_path, api.url, api.key, retries=0, wire=wire) as (workspace, _):
            session = workspace.new(model="claude-opus-5-5")
            await turn(session, "What is 6 * 7?")
            refused, _ = await turn(session, "And a very long question?")
            assert refused.error is not None and refused.error.kind == "context"
            result = await session.continue_turn()
            assert result.outcome is Outcome.COMPLETED, result.error
        last = texts(api.calls[-1].body)
    assert SUMMARY in last and "And a very long question?" in last and "What is 6 * 7?" not in last
