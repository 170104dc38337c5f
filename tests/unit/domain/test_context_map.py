"""The map of the next request: parts that add up, exact where the API's counts enclose them."""

from __future__ import annotations

import dataclasses
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from claude_tui.domain.context_map import SUMMARY, SYSTEM, TOOLS, TURN, context_map
from claude_tui.domain.history import Audience
from claude_tui.domain.messages import Message, Role, SessionInfo, Status
from claude_tui.domain.turns import COMPACTS, CONTINUES, SUMMARY_OF, AboutSummary

INFO = SessionInfo("s", model="m", system="be kind " * 10, tools=({"name": "t", "description": "x" * 80},))


def asked(text: str) -> Message:
    return Message("p" + text, "s", None, Role.USER, ({"type": "text", "text": text},))


def answered(text: str, given: int | None, output: int = 10, **more: Any) -> Message:
    usage = None if given is None else {"input_tokens": given - 5, "cache_read_input_tokens": 5, "output_tokens": output}
    facts = {"stop_reason": "end_turn", "model": "m", "provider": "anthropic", "usage": usage, **more}
    return Message("a" + text, "s", None, Role.ASSISTANT, ({"type": "text", "text": text},), **facts)


def test_turns_between_two_counts_are_exact_and_the_rest_is_shared_out() -> None:
    path = [asked("one"), answered("1", 100), asked("two"), answered("2", 150, 20), asked("three"), answered("3", 200, 30)]
    shown = context_map(INFO, path)
    assert [part.kind for part in shown.parts] == [SYSTEM, TOOLS, TURN, TURN, TURN]
    assert [(part.label, part.tokens, part.exact) for part in shown.parts[3:]] == [("two", 60, True), ("three", 60, True)]
    assert not any(part.exact for part in shown.parts[:3]) and sum(part.tokens for part in shown.parts[:3]) == 110
    assert shown.total == 230 and shown.exact and shown.cached == 5


def test_without_any_count_all_of_it_is_an_estimate() -> None:
    shown = context_map(INFO, [asked("x" * 400), answered("y" * 40, None)])
    assert not shown.exact and shown.cached is None and 100 < shown.total < 250
    assert context_map(SessionInfo("s"), []).parts == ()


def test_an_answer_that_is_not_sent_whole_is_no_measure() -> None:
    path = [asked("one"), answered("1", 100, 900), asked("two"), answered("2", 150)]
    shown = context_map(INFO, path)
    assert shown.total == 160 and not shown.parts[-1].exact


def test_another_models_counts_tell_nothing() -> None:
    path = [asked("one"), answered("1", 100, model="other"), asked("two"), answered("2", 150)]
    assert [part.exact for part in context_map(INFO, path).parts] == [False] * 4


def test_what_broke_off_is_estimated() -> None:
    path = [asked("one"), answered("1", 100), asked("two"), answered("2" * 80, 150, status=Status.INTERRUPTED, stop_reason=None)]
    shown = context_map(INFO, path)
    assert not shown.exact and shown.total == 170 and not shown.parts[-1].exact


def test_a_summary_stands_for_what_it_summarises() -> None:
    compacted = dataclasses.replace(
        answered("c", 900), blocks=({"type": "compaction", "content": "short " * 20},), stop_reason="compaction"
    )
    shown = context_map(INFO, [asked("one"), answered("1", 500), asked("now"), compacted, asked("two"), answered("2", 150)])
    assert shown.summarised == 3 and [part.kind for part in shown.parts] == [SYSTEM, TOOLS, SUMMARY, TURN]
    assert shown.total == 160


def test_what_a_summary_leaves_uncovered_is_sent_behind_it_and_estimated() -> None:
    about = AboutSummary(by_api=True, until="a1").to_json()
    wanted = dataclasses.replace(asked("sum"), extra={COMPACTS: about})
    compacted = dataclasses.replace(
        answered("c", 900), blocks=({"type": "compaction", "content": "short " * 20},), stop_reason="compaction"
    )
    path = [
        asked("one"),
        answered("1", 500),
        asked("two"),
        answered("2", 600),
        wanted,
        compacted,
        asked("three"),
        answered("3", 150),
    ]
    shown = context_map(INFO, path)
    assert [part.label for part in shown.parts if part.kind == TURN] == ["two", "three"]
    assert shown.summarised == 3 and shown.total == 160 and not any(part.exact for part in shown.parts)


def test_a_summary_at_the_root_is_one_and_a_continuation_belongs_to_its_turn() -> None:
    root = dataclasses.replace(asked("Summary: …"), extra={SUMMARY_OF: "x"})
    going_on = dataclasses.replace(asked("Continue."), extra={CONTINUES: "a1"})
    shown = context_map(INFO, [root, asked("one"), answered("1", 100), going_on, answered("2", 120)])
    assert [part.kind for part in shown.parts] == [SYSTEM, TOOLS, SUMMARY, TURN] and shown.total == 130


def test_what_is_left_out_is_counted() -> None:
    thought: Any = ({"type": "thinking", "thinking": "hm", "signature": "s"}, {"type": "text", "text": "x"})
    path = [asked("one"), dataclasses.replace(answered("1", 100), blocks=thought, provider="elsewhere")]
    path += [asked("two"), answered("2", 150, stop_reason="refusal")]
    shown = context_map(INFO, path, Audience())
    assert (shown.thinking, shown.refusals) == (1, 1)


COUNTS = st.one_of(st.none(), st.integers(0, 10_000))


@given(st.lists(st.tuples(st.text(max_size=30), COUNTS, st.integers(0, 500), st.booleans()), max_size=8))
def test_the_parts_always_add_up(turns: list[tuple[str, int | None, int, bool]]) -> None:
    path: list[Message] = []
    for place, (text, given_tokens, output, whole) in enumerate(turns):
        status = Status.COMPLETE if whole else Status.INTERRUPTED
        given_tokens = None if given_tokens is None else given_tokens + 5
        path += [
            asked(f"{place}{text}"),
            answered(text, given_tokens, output, status=status, stop_reason="end_turn" if whole else None),
        ]
    shown = context_map(INFO, path)
    assert sum(part.tokens for part in shown.parts) == shown.total
    assert all(part.tokens > 0 for part in shown.parts)
    ends = [part.end for part in shown.parts]
    assert ends == sorted(ends) and [part.begin for part in shown.parts] == [0, *ends[:-1]]
    last = path[-1] if path else None
    if last is not None and last.usage is not None and last.status is Status.COMPLETE:
        assert shown.total == last.usage["input_tokens"] + 5 + last.usage["output_tokens"] or shown.total == 0
