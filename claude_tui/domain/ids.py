"""Identifiers and times as the outside sees them.

An id is 26 lowercase characters of Crockford's base 32: 48 bits of milliseconds, then 80 random bits, so ids sort by the time
they were made. Within a process they strictly increase, whatever the wall clock does.
"""

from __future__ import annotations

import secrets
import threading
import time
from datetime import UTC, datetime

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_RANDOM_BITS = 80
_ID_LENGTH = 26


class _Source:
    """Gives out strictly increasing numbers, from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def next(self, ms: int) -> int:
        value = (ms << _RANDOM_BITS) | secrets.randbits(_RANDOM_BITS)
        with self._lock:
            self._last = max(value, self._last + 1)
            return self._last


_source = _Source()


def new_id(now_ms: int | None = None) -> str:
    """A fresh id; greater than every id this process made before."""
    value = _source.next(time.time_ns() // 1_000_000 if now_ms is None else now_ms)
    digits = [_ALPHABET[(value >> shift) & 31] for shift in range(5 * (_ID_LENGTH - 1), -1, -5)]
    return "".join(digits)


def is_id(text: str) -> bool:
    """Whether `text` has the shape of a whole id."""
    return len(text) == _ID_LENGTH and all(character in _ALPHABET for character in text)


def timestamp(now: float | None = None) -> str:
    """`now` (seconds since 1970, default: the present) as RFC 3339 in UTC with milliseconds and Z."""
    moment = datetime.now(UTC) if now is None else datetime.fromtimestamp(now, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
