"""How long ago something was, in words."""

from __future__ import annotations

from datetime import datetime, timedelta

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def age(updated_at: str, now: datetime) -> str:
    """`just now`, `3 min ago`, `5 h ago`, `yesterday 14:05`, `2026-10-02`; "" for what is no time. `now` says the time zone.

    A time in the future, which a clock that was set can leave behind, is shown as a date once it is a minute off.
    """
    try:
        then = datetime.fromisoformat(updated_at)
        if then.tzinfo is None:
            return ""
        then = then.astimezone(now.tzinfo)
    except (ValueError, OverflowError):
        return ""
    seconds = (now - then).total_seconds()
    if abs(seconds) < _MINUTE:
        return "just now"
    if seconds < 0:
        return f"{then:%Y-%m-%d}"
    if seconds < _HOUR:
        return f"{int(seconds // _MINUTE)} min ago"
    if then.date() == now.date():
        return f"{int(seconds // _HOUR)} h ago"
    if then.date() == now.date() - timedelta(days=1):
        return f"yesterday {then:%H:%M}"
    return f"{then:%Y-%m-%d}"
