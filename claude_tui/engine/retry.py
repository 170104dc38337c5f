"""When to try again, as a pure function: full jitter under an exponential ceiling, or what the server asked for."""

from __future__ import annotations

from claude_tui.domain.errors import ProviderError

FIRST_DELAY = 0.5
LONGEST_DELAY = 8.0
LONGEST_RETRY_AFTER = 60.0
"""Seconds. A server that asks for more is not waited for: the user is told when to come back instead."""


def delay_before_retry(error: ProviderError, attempt: int, retries: int, jitter: float) -> float | None:
    """Seconds to wait after failed attempt number `attempt` (from 1), None to give up.

    `retries`: how often a request may be tried again. `jitter`: a random number in [0, 1).
    """
    if not error.retryable or attempt > retries:
        return None
    if error.retry_after is not None:
        return error.retry_after if error.retry_after <= LONGEST_RETRY_AFTER else None
    ceiling = min(LONGEST_DELAY, FIRST_DELAY * 2.0**attempt)
    return FIRST_DELAY + jitter * (ceiling - FIRST_DELAY)
