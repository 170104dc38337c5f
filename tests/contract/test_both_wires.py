"""The same script on both wires gives the same message; a conversation may change its endpoint at any time.

The server refuses every request that the real APIs would, so a conversation that goes on here could go on there.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from claude_tui.domain.events import ToolStarted
from claude_tui.domain.messages import SUMMED_USAGE, Message, Outcome, Role, sum_usage
from claude_tui.engine.turn import TurnResult
from claude_tui.fakeapi import (
    WIRES,
    Block,
    Call,
    Dialect,
    FakeApi,
    Finish,
    Pause,
    Ping,
    Redacted,
    Say,
    Script,
    Start,
    Think,
    WireName,
)
from tests.faults.bench import program, turn

LONG = "第一段，有中文。\n\n```python\nprint('<think>')\n```\n\n| a | b |\n|---|---|\n| 1 | 👩‍👩‍👧 |\n" * 20
AFTER = Script((Say("Done."),))
SCRIPTS: dict[str, Script] = {
    "text": Script((Say("Hello there."),)),
    "long text in single characters": Script((Say(LONG, chars=1),)),
    "long text at once": Script((Say(LONG, chars=100_000),)),
    "thinking and text": Script((Think("Let me see."), Say("It is so."))),
    "thinking, text and a call": Script((Think("A number."), Say("I ask."), Call("calculator", {"expression": "6 * 7"}))),
    "two calls": Script((Call("calculator", {"expression": "1 + 1"}), Call("calculator", {"expression": "2 + 2"}))),
    "a call without arguments": Script((Call("current_time", {}),)),
    "a call with everything in its arguments": Script((Call("calculator", {"expression": 'é"\\\n{}', "more": [1, {"a": None}]}),)),
    "a call whose arguments are no JSON": Script((Call("calculator", raw='{"expression": 6 *'),)),
    "a call nobody knows": Script((Say("Hm."), Call("teleport", {"to": "Mars"}))),
    "silences and pings": Script((Start(), Ping(), Pause(0.01), Say("Slow"), Ping(), Finish())),
    "a limit": Script((Say("This is cut"),), stop_reason="max_tokens"),
    "a limit inside a call": Script((Call("calculator", raw='{"expres'),), stop_reason="max_tokens"),
    "a refusal": Script((Say("I would rather"),), stop_reason="refusal"),
    "a reason nobody knows": Script((Say("Well."),), stop_reason="lunch_break"),
    "nothing at all": Script(()),
    "what only one wire can say": Script((Redacted(), Block({"type": "hologram", "depth": 3}), Say("Seen?"))),
}
DIALECTS: dict[str, Dialect] = {
    **{f"reasoning as {name}": Dialect(reasoning=name) for name in ("reasoning", "reasoning_details", "think_tags")},  # type: ignore[arg-type]
    **{
        f"calls, {name}": Dialect(calls=name)  # type: ignore[arg-type]
        for name in ("id_repeated", "id_omitted", "id_emptied", "whole", "index_zero", "index_missing")
    },
    **{f"usage {name}": Dialect(usage=name) for name in ("with_finish", "every", "never")},  # type: ignore[arg-type]
    "no stream_options": Dialect(refuses_stream_options=True, usage="with_finish"),
    "no max_tokens": Dialect(refuses_max_tokens=True),
    "no end mark": Dialect(done=False),
    "stop in any case": Dialect(finish="stop"),
    "reasoning must come back": Dialect(echo="require"),
}


CONCEDED = (DIALECTS["no stream_options"], DIALECTS["no max_tokens"], DIALECTS["reasoning must come back"])
"""Each costs one refused request, after which the endpoint is spoken to as it wants; the last one only where a call was
reasoned about."""


def plain(message: Message) -> list[dict[str, Any]]:
    """The blocks without what each server makes up, and without what only the first wire can say."""
    kept = [block for block in message.blocks if block["type"] in ("text", "thinking", "tool_use")]
    return [{key: value for key, value in block.items() if key not in ("signature", "id")} for block in kept]


def facts(result: TurnResult) -> list[tuple[Any, ...]]:
    answers = [message for message in result.messages if message.role is Role.ASSISTANT]
    return [(plain(one), one.raw_inputs, one.stop_reason, one.status, one.model) for one in answers]


async def played(script: Script, wire: WireName, folder: Path, dialect: Dialect | None = None) -> tuple[TurnResult, FakeApi]:
    """The turn that gets this answer, and those after it: each request is one the API accepts."""
    calls = any(isinstance(step, Call) for step in script.steps) and script.reason() == "tool_use"
    echoed = calls and any(isinstance(step, Think) for step in script.steps)
    plan = [script, *([AFTER] if calls else []), AFTER, AFTER]
    async with FakeApi(plan, dialect=dialect or Dialect()) as api:
        async with program(folder, api.url, api.key, wire=wire, retries=0) as (workspace, _):
            session = workspace.new(model="claude-opus-5-5", system="Be brief.")
            result, _ = await turn(session, "Go.")
            for prompt in ("And then?", "再说一遍"):
                following, _ = await turn(session, prompt)
                assert following.outcome is Outcome.COMPLETED, following.error
        refused = [call.error for call in api.calls if call.status != 200]
        assert len(refused) == int(dialect in CONCEDED and (echoed or dialect != CONCEDED[-1]))
        return result, api


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS.keys())
async def test_the_same_script_gives_the_same_message(script: Script, tmp_path: Path) -> None:
    results = {wire: await played(script, wire, tmp_path / wire) for wire in WIRES}
    (first, first_api), (second, second_api) = results["anthropic"], results["openai"]
    assert (second.outcome, second.error) == (first.outcome, first.error)
    assert facts(second) == facts(first)
    assert not any("signature" in block for message in second.messages for block in message.blocks)
    for result, api in ((first, first_api), (second, second_api)):
        served = [record.usage for record in api.calls if record.usage]
        assert result.answer is not None and result.answer.usage is not None
        assert len(served) == len(api.calls)
    reads = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
    whole = [[sum(one.usage[key] for key in reads) for one in result.messages if one.usage] for result in (first, second)]
    assert all(all(counts) for counts in whole)


_PLAINLY: dict[str, TurnResult] = {}
"""What each script gives in the usual dialect, played once."""


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS.keys())
@pytest.mark.parametrize("name", ["thinking, text and a call", "two calls", "thinking and text"])
async def test_whatever_dialect_the_endpoint_speaks(name: str, dialect: Dialect, tmp_path: Path) -> None:
    if name not in _PLAINLY:
        _PLAINLY[name] = (await played(SCRIPTS[name], "openai", tmp_path / "plain"))[0]
    result, _ = await played(SCRIPTS[name], "openai", tmp_path / "dialect", dialect)
    assert (result.outcome, result.error) == (_PLAINLY[name].outcome, _PLAINLY[name].error)
    assert facts(result) == facts(_PLAINLY[name])
    for message in result.messages:
        assert (message.usage is None) is (message.role is Role.USER or dialect.usage == "never")
        ids = [block["id"] for block in message.blocks if block["type"] == "tool_use"]
        assert all(ids) and len(set(ids)) == len(ids)


async def test_usage_means_the_same_on_both_wires(tmp_path: Path) -> None:
    """What the server counted is what the message says, in the words of the first wire."""
    result, api = await played(SCRIPTS["thinking and text"], "openai", tmp_path)
    sent, usage = api.calls[0].usage, result.answer and result.answer.usage
    assert sent is not None and usage is not None
    cached = sent["prompt_tokens_details"]["cached_tokens"]
    assert usage["input_tokens"] + cached == sent["prompt_tokens"] and usage["cache_read_input_tokens"] == cached
    assert usage["output_tokens"] == sent["completion_tokens"]
    assert usage["output_tokens_details"]["thinking_tokens"] == sent["completion_tokens_details"]["reasoning_tokens"] > 0


TURNS = (SCRIPTS["thinking, text and a call"], AFTER)


ORDERS: tuple[tuple[WireName, ...], ...] = (("anthropic", "openai"), ("openai", "anthropic"), ("anthropic", "openai") * 2)


@pytest.mark.parametrize("order", ORDERS)
async def test_a_conversation_changes_its_endpoint(order: tuple[WireName, ...], tmp_path: Path) -> None:
    """Thinking of another endpoint stays behind, calls and their results go along; the signatures that come back still hold."""
    async with FakeApi(TURNS * len(order)) as api:
        async with program(tmp_path, api.url, api.key, wire=order[0], retries=0) as (workspace, _):
            session = workspace.new(model="claude-opus-5-5", system="Be brief.")
            for wire in order:
                await session.switch_model("claude-opus-5-5", provider=wire)
                result, _ = await turn(session, f"Now over {wire}.")
                assert result.outcome is Outcome.COMPLETED, result.error
                assert {message.provider for message in result.messages if message.role is Role.ASSISTANT} == {wire}
            assert session.info.provider == order[-1]
        assert [call.wire for call in api.calls] == [wire for wire in order for _ in TURNS]
        assert [call.status for call in api.calls] == [200] * len(api.calls)
        last = api.calls[-1].body["messages"]
    sent = str(last)
    assert sent.count("6 * 7") == len(order) and sent.count("42") >= len(order)
    own = sum(1 for wire in order if wire == order[-1] == "anthropic")
    assert sent.count("A number.") == own


async def test_the_endpoint_changes_between_two_requests_of_a_turn(tmp_path: Path) -> None:
    async with FakeApi(TURNS) as api, program(tmp_path, api.url, api.key, retries=0) as (workspace, _):
        session = workspace.new(model="claude-opus-5-5")
        running = asyncio.Event()
        session.subscribe(lambda event: running.set() if isinstance(event, ToolStarted) else None)
        task = session.submit("Go.")
        await running.wait()
        await session.switch_model("claude-opus-5-5", provider="openai")
        result = await task
        assert result.outcome is Outcome.COMPLETED, result.error
        assert [call.wire for call in api.calls] == ["anthropic", "openai"]


def served(call: Any) -> dict[str, int]:
    """What the server counted of a call, in the words of the first wire."""
    usage: dict[str, Any] = call.usage
    if call.wire == "anthropic":
        return {key: usage[key] for key in SUMMED_USAGE}
    cached = usage["prompt_tokens_details"]["cached_tokens"]
    counts = (usage["prompt_tokens"] - cached, usage["completion_tokens"], 0, cached)
    return dict(zip(SUMMED_USAGE, counts, strict=True))


async def test_every_usage_served_on_either_wire_is_counted_once(tmp_path: Path) -> None:
    """In the ledger, in the turns' own sums and in what each message says; a request that was refused counts as nothing."""
    plan = (*TURNS, SCRIPTS["thinking and text"], SCRIPTS["a refusal"], SCRIPTS["a limit"])
    async with FakeApi(plan * 2, dialect=Dialect(refuses_stream_options=True, usage="with_finish")) as api:
        async with program(tmp_path, api.url, api.key, retries=0) as (workspace, store):
            session = workspace.new(model="claude-opus-5-5")
            results: list[TurnResult] = []
            for wire in WIRES:
                await session.switch_model(provider=wire)
                results += [(await turn(session, f"{number} over {wire}"))[0] for number in range(4)]
            fork = await workspace.fork(session.info.id)
            assert await store.spending(session_id=fork.info.id) == []
            rows = await store.spending()
        expected = sum_usage(served(call) for call in api.calls if call.status == 200)
        assert [call.status for call in api.calls].count(400) == 1
    assert len(rows) == len(plan) * 2
    assert sum_usage(row.usage for row in rows) == expected
    assert sum_usage(result.usage for result in results) == expected
    assert sum_usage(message.usage for result in results for message in result.messages) == expected
