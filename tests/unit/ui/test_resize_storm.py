"""The handler of a signal that comes again while it runs."""

from __future__ import annotations

import signal
from types import FrameType

import pytest

from claude_tui.ui.terminal_driver import _one_at_a_time


def test_a_storm_does_not_nest_the_handler() -> None:
    depth = deepest = runs = 0

    def handler(number: int, _: FrameType | None) -> None:
        nonlocal depth, deepest, runs
        depth, runs = depth + 1, runs + 1
        deepest = max(deepest, depth)
        if runs < 50:
            signal.raise_signal(number)
            signal.raise_signal(number)  # two that come while one is seen to are one
        depth -= 1

    before = signal.signal(signal.SIGWINCH, handler)
    try:
        _one_at_a_time(signal.SIGWINCH)
        signal.raise_signal(signal.SIGWINCH)
        assert (deepest, runs) == (1, 50)
    finally:
        signal.signal(signal.SIGWINCH, before)


def test_a_handler_that_fails_is_called_the_next_time() -> None:
    seen: list[int] = []

    def handler(number: int, _: FrameType | None) -> None:
        seen.append(number)
        raise OSError("no size")

    before = signal.signal(signal.SIGWINCH, handler)
    try:
        _one_at_a_time(signal.SIGWINCH)
        for _ in range(2):
            with pytest.raises(OSError, match="no size"):
                signal.raise_signal(signal.SIGWINCH)
        assert len(seen) == 2
    finally:
        signal.signal(signal.SIGWINCH, before)
