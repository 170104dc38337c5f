"""The schedule of retries, as a pure function."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_tui.domain.errors import ErrorInfo, ErrorKind, ProviderError
from claude_tui.engine.retry import FIRST_DELAY, LONGEST_DELAY, LONGEST_RETRY_AFTER, delay_before_retry


def error(*, retryable: bool = True, retry_after: float | None = None) -> ProviderError:
    return ProviderError(ErrorInfo(ErrorKind.OVERLOADED, "busy"), retryable=retryable, retry_after=retry_after)


@given(attempt=st.integers(1, 50), retries=st.integers(0, 50), jitter=st.floats(0, 1, exclude_max=True))
def test_a_wait_is_within_its_bounds_and_never_after_the_last_try(attempt: int, retries: int, jitter: float) -> None:
    delay = delay_before_retry(error(), attempt, retries, jitter)
    if attempt > retries:
        assert delay is None
    else:
        assert delay is not None
        assert FIRST_DELAY <= delay <= LONGEST_DELAY


@given(attempt=st.integers(1, 20), low=st.floats(0, 0.5), high=st.floats(0.5, 0.99))
def test_more_jitter_waits_longer(attempt: int, low: float, high: float) -> None:
    waits = [delay_before_retry(error(), attempt, 20, jitter) for jitter in (low, high)]
    assert waits == sorted(wait for wait in waits if wait is not None)


@pytest.mark.parametrize(
    ("asked", "expected"), [(0.0, 0.0), (1.0, 1.0), (LONGEST_RETRY_AFTER, LONGEST_RETRY_AFTER), (61.0, None), (86_400.0, None)]
)
def test_what_the_server_asks_for_is_done_within_reason(asked: float, expected: float | None) -> None:
    assert delay_before_retry(error(retry_after=asked), 1, 4, 0.5) == expected


def test_what_cannot_succeed_later_is_not_tried_again() -> None:
    assert delay_before_retry(error(retryable=False, retry_after=1.0), 1, 4, 0.5) is None
