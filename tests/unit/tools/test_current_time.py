"""The time as the model is told it."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from claude_tui.tools import current_time
from claude_tui.tools.current_time import CurrentTime

MOMENT = datetime(2026, 7, 4, 22, 30, 15, 123456, tzinfo=UTC)


async def told(**arguments: str) -> tuple[str, bool]:
    output = await CurrentTime(lambda: MOMENT).run(dict(arguments), lambda _: None)
    assert isinstance(output.content, str)
    return output.content, output.is_error


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("UTC", "2026-07-04T22:30:15+00:00 (Saturday; time zone UTC (UTC))"),
        ("Europe/Berlin", "2026-07-05T00:30:15+02:00 (Sunday; time zone Europe/Berlin (CEST))"),
        ("America/New_York", "2026-07-04T18:30:15-04:00 (Saturday; time zone America/New_York (EDT))"),
        ("Asia/Kathmandu", "2026-07-05T04:15:15+05:45 (Sunday; time zone Asia/Kathmandu (+0545))"),
    ],
)
async def test_named_zones(zone: str, expected: str) -> None:
    assert await told(timezone=zone) == (expected, False)


async def test_the_local_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    class Elsewhere(datetime):
        def astimezone(self, tz: object = None) -> datetime:  # type: ignore[override]
            return datetime.astimezone(self, timezone(timedelta(hours=3), "HERE"))

    tool = CurrentTime(lambda: Elsewhere(2026, 7, 4, 22, 30, tzinfo=UTC))
    output = await tool.run({}, lambda _: None)
    assert output.content == "2026-07-05T01:30:00+03:00 (Sunday; time zone HERE, the user's local zone)"
    assert (await tool.run({"timezone": "  "}, lambda _: None)).content == output.content


@pytest.mark.parametrize("zone", ["Mars/Base", "../../etc/passwd", "/etc/localtime", "Europe", "a\0b", "x" * 5_000, "CEST+9"])
async def test_zones_that_are_none(zone: str) -> None:
    text, is_error = await told(timezone=zone)
    assert is_error and "Name a zone as in Europe/Berlin" in text and len(text) < 600


@pytest.mark.parametrize(("word", "zone"), [("Berlin", "Europe/Berlin"), ("new york", "America/New_York")])
async def test_a_similar_zone_is_offered(word: str, zone: str) -> None:
    assert zone in (await told(timezone=word))[0]


async def test_the_present() -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    output = await CurrentTime().run({"timezone": "UTC"}, lambda _: None)
    shown = datetime.fromisoformat(str(output.content).split(" ")[0])
    assert before <= shown <= datetime.now(UTC)
    assert current_time._utc_now().tzinfo is UTC
