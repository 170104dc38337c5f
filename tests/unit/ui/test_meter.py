"""The figures of the status bar: the same for an answer that streams and for the stored one."""

from __future__ import annotations

import asyncio
import dataclasses
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_tui.domain.errors import ErrorInfo, ErrorKind
from claude_tui.domain.events import (
    Alive,
    ApprovalRequested,
    ApprovalResolved,
    BlockDelta,
    BlockStarted,
    BlockStopped,
    Event,
    MessageStarted,
    MessageStopped,
    Notice,
    RequestStarted,
    RetryScheduled,
    SessionChanged,
    ToolFinished,
    ToolProgress,
    ToolStarted,
    TurnEnded,
    TurnStarted,
    UsageReported,
    replay_answer,
)
from claude_tui.domain.messages import Message, Outcome, Role, SessionInfo, Status
from claude_tui.domain.partial import Partial
from claude_tui.ui.figures import SEPARATOR, Beside, Part, fit, number, percent, row_width, seconds
from claude_tui.ui.meter import Meter
from tests.engine.scripted import ScriptedTool, bench, call, says, started, stopped

PROMPT = Message("p", "s", None, Role.USER, ({"type": "text", "text": "hi"},))
USAGE = {"input_tokens": 100, "output_tokens": 1, "cache_read_input_tokens": 11_800, "cache_creation_input_tokens": 400}
BUSY = ErrorInfo(ErrorKind.OVERLOADED, "busy", 529)


def meter() -> Meter:
    made = Meter({"model-x": 200_000}.get)
    made.choose("model-x", "high")
    return made


def feed(target: Meter, *timed: tuple[float, Event]) -> Meter:
    for now, event in timed:
        target.apply(event, now)
    return target


def answer(text: str = "x" * 400, model: str = "model-x") -> list[tuple[float, Event]]:
    """One answer: asked at 1.0, begun at 1.5, thinking at 2.0, text from 3.0 to 6.0."""
    return [
        (1.0, RequestStarted(1, model, "m")),
        (1.5, MessageStarted("api", "model-x", dict(USAGE))),
        (1.6, Alive()),
        (1.9, BlockStarted(0, {"type": "thinking", "thinking": ""})),
        (1.95, BlockDelta(0, "thinking", "")),
        (2.0, BlockDelta(0, "thinking", "hm" * 20)),
        (2.5, BlockStopped(0)),
        (2.5, BlockStarted(1, {"type": "text", "text": ""})),
        (3.0, BlockDelta(1, "text", text)),
        (6.0, BlockStopped(1)),
        (6.0, UsageReported({"output_tokens": 1_200, "input_tokens": None, "cache_read_input_tokens": None})),
    ]


def texts(target: Meter, width: int = 300, now: float = 7.0) -> dict[str, str]:
    return {part.name: part.text for part in target.segments(width, now)}


WHOLE = {
    "model": "model-x · high",
    "state": "Idle",
    "tokens": "in 100  out 1.2k",
    "context": "ctx 7%",
    "cache": "cache 96% r 11.8k w 400",
    "timing": "TTFT 1.0 s · 300 tok/s",
}


def test_a_finished_answer_shows_its_usage_word_for_word() -> None:
    target = feed(meter(), (0.5, TurnStarted("s", PROMPT)), *answer(), (6.4, MessageStopped("end_turn")))
    assert target.figures.usage == {**USAGE, "output_tokens": 1_200}
    feed(target, (6.5, TurnEnded("s", Outcome.COMPLETED)))
    assert texts(target) == WHOLE


def test_the_stored_answer_shows_the_same() -> None:
    events = answer()
    folded = Partial()
    for _, event in [*events, (6.0, MessageStopped("end_turn"))]:
        folded.apply(event)
    base = Message("m", "s", "p", Role.ASSISTANT, (), model="model-x", timings={"ttft_ms": 1000, "total_ms": 5000})
    stored = folded.message(base, Status.COMPLETE)
    opened = meter()
    opened.load(stored)
    assert texts(opened) == WHOLE
    again = feed(meter(), *((0.0, event) for event in replay_answer(stored)))
    again.load(stored)
    assert texts(again) == WHOLE


@given(st.lists(st.sampled_from(["text", "thinking", "input"]), max_size=6), st.text("ab 你", max_size=40), st.booleans())
def test_an_interrupted_answer_shows_the_same_live_and_stored(kinds: list[Any], text: str, reported: bool) -> None:
    target = feed(meter(), (0.0, TurnStarted("s", PROMPT)), (0.0, RequestStarted(1, "model-x", "m")))
    folded = Partial()
    events: list[Event] = [MessageStarted("api", "model-x", dict(USAGE) if reported else None)]
    for place, kind in enumerate(kinds):
        seeds = {
            "text": {"type": "text", "text": ""},
            "thinking": {"type": "thinking", "thinking": ""},
            "input": {"type": "tool_use", "id": str(place), "name": "t", "input": {}},
        }
        events += [BlockStarted(place, seeds[kind]), BlockDelta(place, kind, text if kind != "input" else '{"a": "' + text)]
    for event in events:
        target.apply(event, 2.0)
        folded.apply(event)
    target.apply(TurnEnded("s", Outcome.INTERRUPTED), 2.0)
    seen = target.figures
    base = Message("m", "s", "p", Role.ASSISTANT, (), timings={"ttft_ms": None if seen.ttft is None else 2000, "total_ms": 2000})
    opened = meter()
    opened.load(folded.message(base, Status.INTERRUPTED))
    assert texts(opened) == texts(target)
    shown = texts(target)
    assert all("~" in shown[name] for name in ("tokens", "context") if name in shown and "out" in shown.get("tokens", ""))


async def test_live_and_opened_again_agree_for_the_real_engine() -> None:
    """What the engine stores, against what its events show, with a tool call in between."""
    asking = [started(), *call(0, "note", "{}"), *stopped("tool_use", output_tokens=77)]
    one = await bench([asking, says("hello ", "world")], tools=[ScriptedTool("note", lambda _: "noted")])
    target = meter()
    loop = asyncio.get_running_loop()
    one.session.subscribe(lambda event: target.apply(event, loop.time()))
    await one.session.submit("hi")
    live = target.figures
    target.load((await one.stored())[-1])
    assert live.usage == target.figures.usage == {"input_tokens": 5, "output_tokens": 9}
    assert live.final and target.figures.final
    assert live.ttft is not None and target.figures.ttft is not None and abs(live.ttft - target.figures.ttft) < 0.1
    await one.workspace.close()


def test_what_streams_is_marked_as_an_estimate() -> None:
    events = answer("x" * 4_000)
    target = feed(meter(), (0.5, TurnStarted("s", PROMPT)), *events[:9])
    assert texts(target, now=3.7) == {
        **WHOLE,
        "state": "Streaming 3.2 s",
        "tokens": "in 100  out ~1.0k",
        "context": "ctx ~7%",
        "timing": "TTFT 1.0 s · ~1010 tok/s",
    }
    feed(target, (4.0, TurnEnded("s", Outcome.INTERRUPTED)))
    assert texts(target)["tokens"] == "in 100  out ~1.0k"


def test_chinese_counts_for_more_than_a_quarter_token_a_character() -> None:
    target = feed(meter(), (0.5, TurnStarted("s", PROMPT)), *answer("你" * 400)[:9])
    assert texts(target)["tokens"] == "in 100  out ~310"


def test_the_states_of_a_turn() -> None:
    target = meter()
    seen: list[str] = []

    def step(event: Event) -> None:
        target.apply(event, 10.0)
        seen.append(target.state_word)

    for event in [
        TurnStarted("s", PROMPT),
        RequestStarted(1, "model-x", "m"),
        RetryScheduled(1, 2.0, BUSY),
        RequestStarted(2, "model-x", "m"),
        MessageStarted("api", None, None),
        BlockStarted(0, {"type": "thinking", "thinking": ""}),
        BlockStarted(1, {"type": "text", "text": ""}),
        MessageStopped("tool_use"),
        ApprovalRequested("t1", "get_weather", {}),
        ApprovalResolved("t1", True),
        ToolStarted("t1", "get\x1b_weather", "m", 1),
        ToolStarted("t2", "calc", "m", 2),
        ToolProgress("t2", "half"),
        ToolFinished("t1", {}, 1.0),
        ToolFinished("t2", {}, 1.0),
        RequestStarted(1, "model-x", "m2"),
        Notice("slow"),
    ]:
        step(event)
    assert seen == [
        *("Waiting", "Waiting", "Retrying", "Waiting", "Waiting", "Thinking", "Streaming", "Streaming", "Your answer", "Waiting"),
        *("Tool get␛_weather", "Tool get␛_weather", "Tool get␛_weather", "Tool calc", "Waiting", "Waiting", "Waiting"),
    ]
    target.stopping()
    step(BlockStarted(0, {"type": "text", "text": ""}))
    assert seen[-1] == "Stopping" and target.busy
    step(TurnEnded("s", Outcome.INTERRUPTED))
    assert seen[-1] == "Idle" and not target.busy
    target.stopping()
    assert not target.busy


def test_the_seconds_are_those_of_the_turn() -> None:
    target = feed(meter(), (100.0, TurnStarted("s", PROMPT)), (163.0, RequestStarted(1, "model-x", "m")))
    assert target.state_text(175.2) == "Waiting 1 min 15 s"
    feed(target, (180.0, TurnEnded("s", Outcome.COMPLETED)))
    assert target.state_text(200.0) == "Idle"


def test_until_a_new_answer_begins_the_last_one_is_shown() -> None:
    target = feed(meter(), (0.5, TurnStarted("s", PROMPT)), *answer(), (6.4, MessageStopped("end_turn")))
    feed(target, (7.0, RequestStarted(1, "model-x", "m2")))
    assert texts(target)["tokens"] == WHOLE["tokens"]
    feed(target, (8.0, MessageStarted("api2", None, {"input_tokens": 7, "output_tokens": 1})))
    assert texts(target)["tokens"] == "in 7  out ~1"
    feed(target, (9.0, RetryScheduled(1, 1.0, BUSY)))
    assert texts(target)["tokens"] == WHOLE["tokens"]


def test_the_first_text_of_the_attempt_that_worked_is_timed() -> None:
    target = feed(
        meter(),
        (0.0, TurnStarted("s", PROMPT)),
        (0.0, RequestStarted(1, "model-x", "m")),
        (5.0, RetryScheduled(1, 3.0, BUSY)),
        (8.0, RequestStarted(2, "model-x", "m")),
        (8.5, MessageStarted("api", None, dict(USAGE))),
        (8.6, BlockStarted(0, {"type": "text", "text": ""})),
        (8.7, BlockDelta(0, "text", "a")),
    )
    assert texts(target, now=9.0)["timing"] == "TTFT 0.7 s"


def test_what_is_not_known_is_not_shown() -> None:
    unknown = Meter()
    assert texts(unknown) == {"state": "Idle"}
    unknown.choose("other", None)
    unknown.load(dataclasses.replace(PROMPT, role=Role.ASSISTANT))
    assert texts(unknown) == {"model": "other", "state": "Idle"}
    unknown.load(dataclasses.replace(PROMPT, role=Role.ASSISTANT, usage={"input_tokens": 5, "output_tokens": True}))
    assert texts(unknown) == {"model": "other", "state": "Idle", "tokens": "in 5"}


def test_a_user_message_changes_nothing_and_reset_forgets() -> None:
    target = feed(meter(), (0.5, TurnStarted("s", PROMPT)), *answer(), (6.4, MessageStopped("end_turn")))
    before = texts(target)
    target.load(PROMPT)
    assert texts(target) == before
    target.reset()
    assert texts(target) == {"state": "Idle"}


def test_model_and_effort_follow_the_session() -> None:
    target = feed(meter(), (0.0, SessionChanged(SessionInfo("s", model="model-y\n\x1b[2J", effort=None))))
    assert texts(target)["model"] == "model-y ␛[2J"


@pytest.mark.parametrize(
    ("width", "names"),
    [
        (110, ["model", "state", "tokens", "context", "cache", "timing"]),
        (85, ["model", "state", "tokens", "context", "cache"]),
        (80, ["model", "state", "tokens", "context"]),
        (60, ["model", "state", "tokens"]),
        (40, ["model", "state"]),
        (12, ["state"]),
        (3, []),
    ],
)
def test_what_a_width_shows(width: int, names: list[str]) -> None:
    target = Meter(lambda _: 200_000)
    target.choose("claude-opus-5-5", "high")
    feed(target, (0.5, TurnStarted("s", PROMPT)), *answer(model="claude-opus-5-5"))
    shown = target.segments(width, 3.7)
    assert [part.name for part in shown] == names
    assert len(SEPARATOR.join(part.text for part in shown)) <= width


@given(st.lists(st.tuples(st.text("ab你", min_size=1, max_size=9), st.integers(0, 9)), max_size=7), st.integers(0, 60))
def test_widening_takes_nothing_away(made: list[tuple[str, int]], width: int) -> None:
    parts = [Part(str(place), ((text * 2, weight), (text, weight + 3))) for place, (text, weight) in enumerate(made)]
    narrow, wide = fit(parts, width), fit(parts, width + 1)
    assert row_width(narrow) <= width or not narrow
    assert {part.name for part in narrow} <= {part.name for part in wide}
    longer = {part.name: len(part.forms) for part in wide}
    assert all(longer[part.name] >= len(part.forms) for part in narrow)
    assert [part.name for part in narrow] == sorted(part.name for part in narrow)


@given(
    st.sampled_from([(), ("$0.031",), ("~$0.031 + 1 unknown", "~$0.031 + ?"), ("$ unknown", "$ ?")]),
    st.sampled_from(["", "4 min", "cold"]),
    st.sampled_from([(), ("next ≈ 12.4k in · ~$0.03", "next ≈ 12.4k in")]),
    st.integers(0, 200),
)
def test_the_bar_is_never_wider_than_the_screen(cost: tuple[str, ...], cache: str, draft: tuple[str, ...], width: int) -> None:
    target = feed(meter(), (0.5, TurnStarted("s", PROMPT)), *answer(), (6.4, MessageStopped("end_turn")))
    beside = Beside(cost, cache, draft)
    shown, wider = (target.segments(columns, 7.0, "? help", beside) for columns in (width, width + 1))
    assert row_width(shown) <= width or not shown
    assert {part.name for part in shown} <= {part.name for part in wider}


@pytest.mark.parametrize(
    ("width", "text"),
    [
        (130, "cache 96% r 11.8k w 400 · 4 min"),
        (98, "cache 96% · 4 min"),
        (73, "cache 4m"),
        (60, ""),
    ],
)
def test_the_time_of_the_cache_has_a_form_for_every_width(width: int, text: str) -> None:
    target = feed(meter(), (0.5, TurnStarted("s", PROMPT)), *answer(), (6.4, MessageStopped("end_turn")))
    feed(target, (6.5, TurnEnded("s", Outcome.COMPLETED)))
    shown = {part.name: part.text for part in target.segments(width, 7.0, "", Beside(("$0.031",), "4 min"))}
    assert shown.get("cache", "") == text and shown["cost"] == "$0.031"


def test_iterations_fill_the_context_by_the_last_of_them() -> None:
    target = meter()
    loop = [
        {"type": "message", "input_tokens": 1_000, "output_tokens": 100},
        {"type": "message", "input_tokens": 1_900, "output_tokens": 100},
    ]
    usage = {"input_tokens": 2_900, "output_tokens": 200, "iterations": loop}
    target.load(dataclasses.replace(PROMPT, role=Role.ASSISTANT, usage=usage))
    assert texts(target)["context"] == "ctx 1%" and target.context == 0.01


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0"),
        (999, "999"),
        (1_000, "1.0k"),
        (1_200, "1.2k"),
        (12_345, "12.3k"),
        (99_949, "99.9k"),
        (99_950, "100k"),
        (123_456, "123k"),
        (999_499, "999k"),
        (999_500, "1.0M"),
        (1_234_567, "1.2M"),
        (10**15, "1000T"),
    ],
)
def test_numbers(count: int, text: str) -> None:
    assert number(count) == text


@given(st.integers(0, 10**12))
def test_numbers_are_short_and_right(count: int) -> None:
    text = number(count)
    units = {"k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
    value = float(text[:-1]) * units[text[-1]] if text[-1] in units else float(text)
    assert len(text) <= 5 and abs(value - count) <= 0.06 * max(count, 1)


def test_shares_and_times() -> None:
    assert [percent(share) for share in (0, 0.001, 0.06, 0.959, 0.9999, 1.0, 1.3)] == [
        "0%",
        "<1%",
        "6%",
        "96%",
        "99%",
        "100%",
        "130%",
    ]
    assert [seconds(value) for value in (0, 0.6, 9.94, 9.96, 59.6, 185, 7_530)] == [
        *("0.0 s", "0.6 s", "9.9 s", "10 s", "1 min 00 s", "3 min 05 s", "2 h 05 min"),
    ]
    numbers = [number(count) for count in range(0, 2_000_000, 997)]
    assert all(len(one) <= 5 for one in numbers) and all(one != other for one, other in pairwise(numbers[:10]))
