"""The scenarios: every one answers any valid history, and the demo says what it is."""

from __future__ import annotations

from typing import Any

import pytest

from claude_tui.fakeapi import SCENARIOS, Call, FakeApi, Fault, Say, Script, Think, plan_of
from claude_tui.fakeapi.demo import demo
from claude_tui.fakeapi.demo_texts import TEXTS

CALCULATOR = {"name": "calculator", "input_schema": {"type": "object"}}
CLOCK = {"name": "current_time", "input_schema": {"type": "object"}}


def body(*messages: Any, **more: Any) -> dict[str, Any]:
    rows = [{"role": "user", "content": row} if isinstance(row, str) else row for row in messages]
    return {"model": "claude-opus-5-5", "max_tokens": 1000, "messages": rows, **more}


def said(script: Script) -> str:
    return "".join(step.text for step in script.steps if isinstance(step, Say))


def called(script: Script) -> list[tuple[str, Any]]:
    return [(step.name, step.input) for step in script.steps if isinstance(step, Call)]


def test_registry() -> None:
    assert list(SCENARIOS) == ["demo", "fast", "tools", "faults", "hang"]
    with pytest.raises(KeyError):
        plan_of("nothing")


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("hello", "# A short tour"),
        ("show me some code", "```python"),
        ("a table please", "| Planet"),
        ("think about a puzzle", "17 minutes"),
        ("tell me a long story", "# A day at the lighthouse"),
        ("你好", "# 简短的导览"),
        ("给我看代码", "```python"),
        ("画一张表格", "| 行星"),
        ("想一想", "17 分钟"),
        ("讲一个长故事", "# 灯塔的一天"),
        ("", "# A short tour"),
    ],
)
def test_demo_answers_by_words_and_says_what_it_is(prompt: str, words: str) -> None:
    answer = said(demo(body(prompt), 0))
    assert words in answer
    assert ("no model is behind it" in answer) or ("背后没有任何模型" in answer)


def test_demo_says_so_once() -> None:
    again = demo(body("hello", {"role": "assistant", "content": "hi"}, "hello"), 1)
    assert "no model is behind it" not in said(again)


def test_demo_thinks_unless_told_not_to() -> None:
    assert any(isinstance(step, Think) for step in demo(body("hello"), 0).steps)
    assert not any(isinstance(step, Think) for step in demo(body("hello", thinking={"type": "disabled"}), 0).steps)
    thought = next(step for step in demo(body("think"), 0).steps if isinstance(step, Think))
    assert len(thought.text) > 1000


def test_demo_error() -> None:
    assert demo(body("error"), 0).steps == (Fault.OVERLOADED,)


@pytest.mark.parametrize(
    ("prompt", "calls"),
    [
        ("what is 2+2?", [("calculator", {"expression": "2+2"})]),
        ("compute (3.5 + 4) * 2", [("calculator", {"expression": "(3.5 + 4) * 2"})]),
        ("6 × 7", [("calculator", {"expression": "6 * 7"})]),
        ("what time is it", [("current_time", {})]),
        ("现在几点", [("current_time", {})]),
        ("use a tool", [("calculator", {"expression": "6 * 7"}), ("current_time", {})]),
        ("on 2026-11-20", []),
        ("1" + "-" * 3000 + "x", []),
        ("((12 - 4) / 2).", [("calculator", {"expression": "((12 - 4) / 2)"})]),
        ("hello", []),
    ],
)
def test_demo_calls_the_tools_it_is_offered(prompt: str, calls: list[Any]) -> None:
    assert called(demo(body(prompt, tools=[CALCULATOR, CLOCK]), 0)) == calls
    assert called(demo(body(prompt), 0)) == []


def test_demo_finds_tools_behind_a_namespace_and_misses_them_politely() -> None:
    offered = [{"name": "mcp__math__calculator", "input_schema": {"type": "object"}}]
    assert called(demo(body("1+1", tools=offered), 0)) == [("mcp__math__calculator", {"expression": "1+1"})]
    assert TEXTS[("no_tool", "en")] in said(demo(body("1+1"), 0))


async def test_demo_uses_results_of_any_kind(kit: Any) -> None:
    async with FakeApi(plan_of("demo")) as api:
        first = await kit.once(api, kit.ask("use a tool", tools=[CALCULATOR, CLOCK]))
        calls = [block for block in first.blocks if block["type"] == "tool_use"]
        results: list[dict[str, Any]] = [
            {"type": "tool_result", "tool_use_id": calls[0]["id"], "content": "42"},
            {"type": "tool_result", "tool_use_id": calls[1]["id"], "content": "no clock", "is_error": True},
        ]
        body = kit.ask("use a tool", kit.assistant(*first.blocks), kit.user(results), tools=[CALCULATOR, CLOCK])
        answer = await kit.once(api, body)
        text = answer.blocks[-1]["text"]
        assert "`calculator` answered **42**" in text
        assert "`current_time` did not work: no clock" in text
        results[0]["content"] = []
        results[1]["content"] = [{"type": "text", "text": "two\nlines"}]
        text = (await kit.once(api, body)).blocks[-1]["text"]
        assert "(empty)" in text
        assert "two …" in text


async def test_demo_goes_on_after_an_interrupt(kit: Any) -> None:
    async with FakeApi(plan_of("demo")) as api:
        body = kit.ask("long", kit.assistant({"type": "text", "text": "# A day"}), "Continue.")
        assert (await kit.once(api, body)).blocks[-1]["text"] == TEXTS[("continue", "en")]


def test_the_long_answer_takes_about_two_minutes() -> None:
    for prompt in ("long", "长"):
        script = demo(body(prompt), 0)
        (say,) = [step for step in script.steps if isinstance(step, Say)]
        assert script.rate is not None
        assert 90 <= len(say.text) / say.chars / script.rate <= 180


async def test_fast_is_long(kit: Any) -> None:
    async with FakeApi(plan_of("fast")) as api:
        answer = await kit.once(api)
    assert len(answer.blocks[1]["text"]) > 40_000


async def test_tools_go_three_rounds(kit: Any) -> None:
    async with FakeApi(plan_of("tools")) as api:
        history = [kit.user("go")]
        for count in (1, 2, 1):
            answer = await kit.once(api, kit.ask(*history, tools=[CALCULATOR, CLOCK]))
            calls = [block["id"] for block in answer.blocks if block["type"] == "tool_use"]
            assert len(calls) == count
            results = [{"type": "tool_result", "tool_use_id": tool_id, "content": "982"} for tool_id in calls]
            history += [kit.assistant(*answer.blocks), kit.user(results)]
        last = await kit.once(api, kit.ask(*history, tools=[CALCULATOR, CLOCK]))
        assert "982" in last.blocks[-1]["text"]
        assert last.stop_reason == "end_turn"


async def test_faults_by_name_and_in_turn(kit: Any) -> None:
    async with FakeApi(plan_of("faults")) as api:
        assert (await kit.once(api, kit.ask("unauthorized"))).status == 401
        cut = await kit.once(api, kit.ask("fin_mid_chunk thinking"))
        assert cut.end == "eof"
        assert b"text_delta" not in cut.body
        assert (await kit.once(api, kit.ask("anything"))).status != 200


async def test_hang_streams_and_stalls(kit: Any) -> None:
    async with FakeApi(plan_of("hang")) as api:
        async with kit.client(api) as client:
            await client.send(kit.ask("hi"))
            begun = await client.read(until=lambda body: b"text_delta" in body)
            assert b"thinking_delta" in begun.body
            client.close()
        await api.wait_closed(0)
