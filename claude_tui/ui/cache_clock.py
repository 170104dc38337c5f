"""How long the prompt cache of the conversation still lives, as a plain function of the time; and when that looks different next.

An endpoint keeps what a request read or wrote for five minutes from then on, or for an hour where that was asked for. Only
endpoints that speak the Messages API say so.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from claude_tui.domain.messages import Message, Role
from claude_tui.domain.pricing import count, iterations, table

SHORT, LONG = 300.0, 3600.0
MINUTE = 60.0
COLD = "cold"


@dataclass(frozen=True, slots=True)
class Warmth:
    """A cache of `tokens` that lives until `until` (seconds since 1970)."""

    until: float
    tokens: int

    def text(self, now: float) -> str:
        """`4 min`, in the last minute `0:42`, then `cold`."""
        left = self.until - now
        if left <= 0:
            return COLD
        return f"{int(left // MINUTE)} min" if left > MINUTE else f"{math.ceil(left) // 60}:{math.ceil(left) % 60:02}"

    def changes_in(self, now: float) -> float | None:
        """Seconds until `text` is another one: a minute at most, a second in the last minute, None once it is cold."""
        left = self.until - now
        if left <= 0:
            return None
        if left <= MINUTE:
            return left - (math.ceil(left) - 1)
        return left - max(MINUTE, (left // MINUTE) * MINUTE) + 0.001

    def warm(self, now: float) -> bool:
        return now < self.until


def warmth(path: Sequence[Message], *, provider: str, model: str | None) -> Warmth | None:
    """The cache that the end of this path left behind; None where nothing is known of one that the next request could read.

    Caches belong to a model at an endpoint: those of another one are of no use.
    """
    answers = [message for message in reversed(path) if message.role is Role.ASSISTANT and message.usage]
    if not answers:
        return None
    last = answers[0]
    ended = _ended(last)
    tokens = cached_tokens(last)
    if not tokens or ended is None or last.provider not in (provider, None) or not _same_model(model, last.model):
        return None
    return Warmth(ended + next((span for span in map(_span, answers) if span), SHORT), tokens)


def cached_tokens(message: Message) -> int:
    """How much of its conversation lies in the cache after this answer."""
    usage = message.usage or {}
    sampled = [entry for entry in iterations(usage) if entry.get("type") == "message"]
    entry = sampled[-1] if sampled else usage
    return (count(entry, "cache_read_input_tokens") or 0) + (count(entry, "cache_creation_input_tokens") or 0)


def _span(message: Message) -> float | None:
    """For how long the answer's request wrote to the cache; None where it wrote nothing."""
    usage = message.usage or {}
    if count(table(usage, "cache_creation"), "ephemeral_1h_input_tokens"):
        return LONG
    return SHORT if count(usage, "cache_creation_input_tokens") else None


def _ended(message: Message) -> float | None:
    taken = (message.timings or {}).get("total_ms")
    try:
        began = datetime.fromisoformat(message.created_at).timestamp()
    except (ValueError, OverflowError):
        return None
    return began + (taken / 1000 if isinstance(taken, (int, float)) and not isinstance(taken, bool) else 0.0)


def _same_model(asked: str | None, answered: str | None) -> bool:
    """An endpoint may add a date to the name it was asked for."""
    return bool(asked) and bool(answered) and (answered == asked or str(answered).startswith(f"{asked}-"))
