"""How long a cache still lives, and when that is to be painted again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_tui.domain.messages import Message, Role
from claude_tui.ui.cache_clock import Warmth, warmth

START = datetime(2026, 11, 5, 12, 0, tzinfo=UTC).timestamp()


def answer(
    usage: dict[str, Any] | None, *, model: str = "claude-x", provider: str | None = "anthropic", ms: Any = 10_000
) -> Message:
    return Message(
        "m", "s", None, Role.ASSISTANT, (), model=model, usage=usage, provider=provider,
        timings={"total_ms": ms}, created_at="2026-11-05T12:00:00.000Z",
    )  # fmt: skip


READ = {"input_tokens": 1, "cache_read_input_tokens": 500}
WROTE = {"cache_creation_input_tokens": 70, "cache_read_input_tokens": 30}
HOUR = {"cache_creation_input_tokens": 70, "cache_creation": {"ephemeral_1h_input_tokens": 70}}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ([], None),
        ([answer(None)], None),
        ([answer({"input_tokens": 5})], None),
        ([answer(READ)], (310, 500)),
        ([answer(WROTE)], (310, 100)),
        ([answer(HOUR)], (3_610, 70)),
        ([answer(HOUR), answer(READ)], (3_610, 500)),
        ([answer(HOUR), answer(WROTE)], (310, 100)),
        ([answer(WROTE, model="claude-x-20261101")], (310, 100)),
        ([answer(WROTE, model="claude-xy")], None),
        ([answer(WROTE, provider="other")], None),
        ([answer(WROTE, provider=None)], (310, 100)),
        ([answer(WROTE, ms="soon")], (300, 100)),
    ],
)
def test_what_a_path_left_in_the_cache(path: list[Message], expected: tuple[float, int] | None) -> None:
    found = warmth(path, provider="anthropic", model="claude-x")
    assert found == (None if expected is None else Warmth(START + expected[0], expected[1]))


@pytest.mark.parametrize(
    ("left", "text"),
    [
        (3_599, "59 min"),
        (300, "5 min"),
        (299, "4 min"),
        (61, "1 min"),
        (60, "1:00"),
        (42, "0:42"),
        (0.4, "0:01"),
        (0, "cold"),
        (-9, "cold"),
    ],
)
def test_the_words(left: float, text: str) -> None:
    assert Warmth(1_000 + left, 1).text(1_000) == text


@given(st.floats(-10, 4_000))
def test_it_is_painted_when_the_words_change_and_seldom(left: float) -> None:
    cache = Warmth(left, 1)
    wait = cache.changes_in(0)
    if wait is None:
        assert cache.text(0) == "cold"
        return
    assert 0 < wait <= 60.01
    if left <= 60:
        assert wait <= 1
    assert cache.text(wait + 0.002) != cache.text(0)
    following = cache.changes_in(wait + 0.002)
    assert following is None or left - wait <= 60.1 or following > 50
