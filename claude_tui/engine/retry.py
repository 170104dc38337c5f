"""When to try again, as pure functions: full jitter under an exponential ceiling, or what the server asked for."""

from __future__ import annotations

from claude_tui.domain.errors import ErrorInfo, ErrorKind, ProviderError

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


def is_binding_error(error: ErrorInfo) -> bool:
    """Whether a thinking block was refused because it is bound to another conversation, or altered on its way."""
    text = error.message.lower()
    return error.kind is ErrorKind.INVALID_REQUEST and "thinking" in text and ("signature" in text or "bound to" in text)


def duration(seconds: float) -> str:
    """In the unit that a person would use."""
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 7200 else f"{seconds / 3600:.1f} hours"
