"""`current_time`: the date and time, here or in a named time zone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from claude_tui.domain.ports import ToolOutput, ToolSpec

_ADVICE = "Name a zone as in Europe/Berlin, America/New_York, Asia/Tokyo or UTC; leave timezone out for the user's own."
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def _utc_now() -> datetime:
    return datetime.now(UTC)


class CurrentTime:
    """`now` gives the present as an aware time."""

    spec = ToolSpec(
        name="current_time",
        description=(
            "The current date and time with weekday, time zone and offset from UTC. Use it whenever an answer depends on the "
            "present moment: today's date, ages, deadlines, how long ago something was."
        ),
        input_schema={
            "type": "object",
            "properties": {
                "timezone": {
                    "type": "string",
                    "description": "IANA name of a time zone, such as Europe/Berlin. Left out: the user's local time zone.",
                }
            },
            "additionalProperties": False,
        },
    )

    def __init__(self, now: Callable[[], datetime] = _utc_now) -> None:
        self._now = now

    async def run(self, arguments: dict[str, Any], progress: Callable[[str], None]) -> ToolOutput:
        name = str(arguments.get("timezone") or "").strip()
        if not name:
            moment = self._now().astimezone()
            return ToolOutput(_described(moment, f"{moment.tzname()}, the user's local zone"))
        try:
            zone = ZoneInfo(name)
        except (ValueError, OSError, LookupError):  # a malformed name, a folder's name, an unknown one
            return ToolOutput(f"There is no time zone {name[:60]!r}.{_similar(name)} {_ADVICE}", is_error=True)
        moment = self._now().astimezone(zone)
        return ToolOutput(_described(moment, f"{name} ({moment.tzname()})"))


def _described(moment: datetime, zone: str) -> str:
    """The weekday is spelled here, since `strftime` follows the locale."""
    return f"{moment.isoformat(timespec='seconds')} ({_WEEKDAYS[moment.weekday()]}; time zone {zone})"


def _similar(name: str) -> str:
    """Zones whose name holds the word, the likely meaning of `Berlin` or `new york`."""
    word = name.replace(" ", "_").lower().rpartition("/")[2]
    found = sorted(zone for zone in available_timezones() if len(word) > 2 and word in zone.lower())[:5]
    return f" Similar: {', '.join(found)}." if found else ""
