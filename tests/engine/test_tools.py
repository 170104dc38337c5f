"""The tool loop: what runs, what is answered with an error, and that the next request always has every result."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from claude_tui.domain.errors import ErrorKind, StoreError
from claude_tui.domain.events import (
    ApprovalRequested,
    ApprovalResolved,
    BlockStarted,
    BlockStopped,
    Notice,
    ToolFinished,
    ToolStarted,
)
from claude_tui.domain.messages import Outcome, Role, Status
from claude_tui.domain.ports import ToolOutput
from claude_tui.engine.approvals import Policy
from claude_tui.engine.tooling import LONGEST_RESULT, result_of
from tests.engine.scripted import Bench, Gate, ScriptedTool, bench, call, says, started, stopped, text, thinking


@pytest.fixture
async def closing() -> AsyncIterator[list[Bench]]:
    made: list[Bench] = []
    yield made
    for one in made:
        await one.workspace.close()


def results(one: Bench, request: int = -1) -> list[dict[str, Any]]:
    """The tool results in the last message of a request."""
    return [block for block in one.provider.requests[request].messages[-1]["content"] if block["type"] == "tool_result"]


async def test_several_calls_at_once_answer_in_one_message_in_their_order(closing: list[Bench]) -> None:
    second_done = asyncio.Event()

    async def first(_arguments: dict[str, Any]) -> str:
        await second_done.wait()
        return "first"

    def second(_arguments: dict[str, Any]) -> str:
        second_done.set()
        return "second"

    tools = [ScriptedTool("one", first), ScriptedTool("two", second)]
    calls = [started(), *thinking(0, "hm"), *call(1, "one", '{"x": 1}', "a"), *call(2, "two", "{}", "b"), *stopped("tool_use")]
    one = await bench([calls, says("done")], tools=tools)
    closing.append(one)
    result = await one.session.submit("go")
    assert result.outcome is Outcome.COMPLETED
    assert [(block["tool_use_id"], block["content"]) for block in results(one)] == [("a", "first"), ("b", "second")]
    assert [event.tool_use_id for event in one.of(ToolFinished)] == ["b", "a"]
    assert tools[0].runs == [{"x": 1}]
    assert [message.role for message in await one.stored()] == [Role.USER, Role.ASSISTANT, Role.USER, Role.ASSISTANT]
    sent = one.provider.requests[1].messages
    assert [block["type"] for block in sent[1]["content"]] == ["thinking", "tool_use", "tool_use"]


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("nobody", "{}", "no tool named"),
        ("known", '{"a": ', "not a JSON object"),
        ("known", "[1]", "not a JSON object"),
        ("denied", "{}", "not allowed"),
        ("broken", "{}", "The tool failed: ValueError: inside"),
    ],
)
async def test_what_cannot_run_is_answered_with_an_error(name: str, arguments: str, expected: str, closing: list[Bench]) -> None:
    def broken(_arguments: dict[str, Any]) -> str:
        raise ValueError("inside")

    tools = [ScriptedTool("known", lambda _: "ran"), ScriptedTool("denied", lambda _: "ran"), ScriptedTool("broken", broken)]
    policies = {"known": Policy.ALLOW, "denied": Policy.DENY, "broken": Policy.ALLOW}
    one = await bench([[started(), *call(0, name, arguments), *stopped("tool_use")], says("ok")], tools=tools, policies=policies)
    closing.append(one)
    assert (await one.session.submit("go")).outcome is Outcome.COMPLETED
    (answer,) = results(one)
    assert answer["is_error"] is True
    assert expected in answer["content"]
    assert tools[0].runs == tools[1].runs == []
    assert isinstance(one.provider.requests[-1].messages[1]["content"][0]["input"], dict)


async def test_arguments_that_are_not_json_are_kept_as_they_came(closing: list[Bench]) -> None:
    one = await bench([[started(), *call(0, "t", '{"a": tru'), *stopped("tool_use")], says("ok")])
    closing.append(one)
    await one.session.submit("go")
    answer = (await one.stored())[1]
    assert (answer.blocks[0]["input"], answer.raw_inputs) == ({}, {"0": '{"a": tru'})


@pytest.mark.parametrize("reason", ["max_tokens", "end_turn", "refusal", None])
async def test_a_call_runs_only_when_the_model_stopped_for_it(reason: str | None, closing: list[Bench]) -> None:
    tool = ScriptedTool("t", lambda _: "ran")
    one = await bench([[started(), *text(0, "so"), *call(1, "t", '{"a": 1}'), *stopped(reason)], says("next")], tools=[tool])
    closing.append(one)
    assert (await one.session.submit("go")).outcome is Outcome.COMPLETED
    assert tool.runs == []
    await one.session.submit("and now")
    for answer in results(one):
        assert answer["is_error"] is True


async def test_a_call_cut_off_inside_its_arguments_is_not_sent_back(closing: list[Bench]) -> None:
    one = await bench([[started(), *text(0, "so"), *call(1, "t", '{"cmd": "rm -rf /tm'), *stopped("max_tokens")], says("next")])
    closing.append(one)
    await one.session.submit("go")
    await one.session.submit("and now")
    assert [block["type"] for block in one.provider.requests[-1].messages[1]["content"]] == ["text"]


async def test_an_interrupt_during_tools_keeps_the_results_there_are(closing: list[Bench]) -> None:
    gate = Gate()
    ran = ScriptedTool("quick", lambda _: "quick result")
    slow = ScriptedTool("slow", lambda _: gate.wait())
    calls = [started(), *call(0, "quick", "{}", "a"), *call(1, "slow", "{}", "b"), *stopped("tool_use")]
    one = await bench([calls, says("ok")], tools=[ran, slow])
    closing.append(one)
    finished = asyncio.Event()
    one.session.subscribe(lambda event: finished.set() if isinstance(event, ToolFinished) else None)
    turn = one.session.submit("go")
    await asyncio.gather(gate.reached.wait(), finished.wait())
    one.session.interrupt()
    assert (await turn).outcome is Outcome.INTERRUPTED
    stored = (await one.stored())[-1]
    assert [block["tool_use_id"] for block in stored.blocks] == ["a", "b"]
    assert stored.blocks[0]["content"] == "quick result"
    assert stored.blocks[1]["is_error"] is True
    await one.session.submit("go on")
    content = one.provider.requests[-1].messages[-1]["content"]
    assert [block["type"] for block in content] == ["tool_result", "tool_result", "text"]


async def test_a_tool_that_takes_too_long_is_stopped(closing: list[Bench]) -> None:
    never = ScriptedTool("never", lambda _: Gate().wait())
    one = await bench([[started(), *call(0, "never", "{}"), *stopped("tool_use")], says("ok")], tools=[never], tool_timeout=0.01)
    closing.append(one)
    assert (await one.session.submit("go")).outcome is Outcome.COMPLETED
    assert "did not finish within" in results(one)[0]["content"]


async def test_calls_are_stored_before_they_run(closing: list[Bench]) -> None:
    stored: list[int] = []
    made: list[Bench] = []

    async def look(_arguments: dict[str, Any]) -> str:
        stored.append(len(await made[0].stored()))
        return "ok"

    made.append(await bench([[started(), *call(0, "t", "{}"), *stopped("tool_use")], says("ok")], tools=[ScriptedTool("t", look)]))
    closing.append(made[0])
    await made[0].session.submit("go")
    assert stored == [2]


async def test_a_turn_that_never_stops_calling_is_ended(closing: list[Bench]) -> None:
    answers = [[started(), *call(0, "t", "{}", f"id{number}"), *stopped("tool_use")] for number in range(3)]
    one = await bench([*answers, says("stopped")], tools=[ScriptedTool("t", lambda _: "ok")], max_requests=3)
    closing.append(one)
    result = await one.session.submit("go")
    assert result.error is not None
    assert result.error.kind is ErrorKind.TOOL_LIMIT
    assert len(result.messages) == 6, "the last calls are not run: nobody would hear of them"
    assert (await one.stored())[-1].status is Status.FAILED
    assert (await one.session.submit("go on")).outcome is Outcome.COMPLETED
    assert results(one)[0]["is_error"] is True


async def test_a_paused_answer_is_continued_as_it_stands(closing: list[Bench]) -> None:
    searching = {"type": "server_tool_use", "id": "srv_1", "name": "web_search", "input": {}}
    paused = [started(), *text(0, "Searching"), BlockStarted(1, searching), BlockStopped(1), *stopped("pause_turn")]
    one = await bench([paused, says("found")])
    closing.append(one)
    result = await one.session.submit("go")
    assert result.outcome is Outcome.COMPLETED
    last = one.provider.requests[1].messages[-1]
    assert (last["role"], [block["type"] for block in last["content"]]) == ("assistant", ["text", "server_tool_use"])


async def test_pauses_without_end_are_ended(closing: list[Bench]) -> None:
    paused = [started(), *text(0, "…"), *stopped("pause_turn")]
    one = await bench([paused] * 20)
    closing.append(one)
    result = await one.session.submit("go")
    assert result.error is not None
    assert result.error.kind is ErrorKind.TOOL_LIMIT
    assert len(one.provider.requests) == 11


@pytest.mark.parametrize("allowed", [True, False])
async def test_a_tool_that_must_be_asked_for_waits_for_the_word(allowed: bool, closing: list[Bench]) -> None:
    tool = ScriptedTool("t", lambda _: "ran")
    calls = [started(), *call(0, "t", "{}", "a"), *stopped("tool_use")]
    one = await bench([calls, says("ok")], tools=[tool], policies={"t": Policy.ASK}, interactive=True)
    closing.append(one)

    def decide(event: object) -> None:
        if isinstance(event, ApprovalRequested):
            asyncio.get_running_loop().call_soon(one.session.answer_approval, event.tool_use_id, allowed)

    one.session.subscribe(decide)
    await one.session.submit("go")
    assert one.of(ApprovalResolved) == [ApprovalResolved("a", allowed)]
    assert len(tool.runs) == len(one.of(ToolStarted)) == int(allowed)
    assert not one.session.answer_approval("a", True)


async def test_an_interrupt_ends_a_question(closing: list[Bench]) -> None:
    asked = asyncio.Event()
    calls = [started(), *call(0, "t", "{}", "a"), *stopped("tool_use")]
    one = await bench([calls], tools=[ScriptedTool("t", lambda _: "ran")], policies={"t": Policy.ASK}, interactive=True)
    closing.append(one)
    one.session.subscribe(lambda event: asked.set() if isinstance(event, ApprovalRequested) else None)
    turn = one.session.submit("go")
    await asked.wait()
    one.session.interrupt()
    assert (await turn).outcome is Outcome.INTERRUPTED
    assert (await one.stored())[-1].blocks[0]["is_error"] is True


def test_results_are_never_empty_and_never_huge() -> None:
    assert result_of("a", ToolOutput(" \n"))["content"] == "(no output)"
    assert result_of("a", ToolOutput([]))["content"] == "(no output)"
    long = result_of("a", ToolOutput("x" * (LONGEST_RESULT + 5)))["content"]
    assert long.endswith("[cut: 5 more characters]")


@pytest.mark.parametrize("seed", [{"input": {}}, {"input": None}, {"input": ""}, {}])
async def test_a_call_without_arguments_runs_with_none(seed: dict[str, Any], closing: list[Bench]) -> None:
    tool = ScriptedTool("t", lambda _: "ran")
    block = {"type": "tool_use", "id": "a", "name": "t", **seed}
    one = await bench([[started(), BlockStarted(0, block), BlockStopped(0), *stopped("tool_use")], says("ok")], tools=[tool])
    closing.append(one)
    await one.session.submit("go")
    assert tool.runs == [{}]
    assert (await one.stored())[1].blocks == (block,)


async def test_a_journal_that_cannot_be_written_is_said_while_the_answer_goes_on(closing: list[Bench]) -> None:
    gate = Gate()
    one = await bench([[started(), *text(0, "half")[:2], gate, BlockStopped(0), *stopped()]])
    closing.append(one)
    turn = one.session.submit("go")
    await gate.reached.wait()
    assert one.store.on_failure is not None
    one.store.on_failure(StoreError("The disk is full."))
    gate.open.set()
    assert (await turn).outcome is Outcome.COMPLETED
    assert [notice.text for notice in one.of(Notice)] == ["NOT SAVED: The disk is full."]
