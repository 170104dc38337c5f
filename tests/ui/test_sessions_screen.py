"""The list of sessions: opening, filtering, renaming, deleting and taking back, and what the history refuses."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from rich.cells import cell_len
from textual.pilot import Pilot

from claude_tui.domain.errors import SessionHeld, StoreError
from claude_tui.domain.messages import SessionInfo
from claude_tui.ui.ages import age
from claude_tui.ui.sessions_screen import NewSession, Opened, SessionsScreen
from claude_tui.ui.text_prompt import TextPrompt
from tests.ui.host import SIZES, Host, shown

NOW = datetime(2026, 11, 20, 16, 0, tzinfo=UTC)
TITLES = [
    "A trip to Lisbon",
    "[@click=app.quit]x[/]",
    "quote [/] \x1b[31mred\u202e",
    "天气预报怎么样" * 6,
    "",
    "Rust lifetimes",
    "Bread",
]
STATES = ["complete", "interrupted", "failed", "streaming", "empty", "complete", "complete"]


def made(titles: list[str]) -> list[SessionInfo]:
    return [
        SessionInfo(
            id=f"s{number}",
            title=title,
            model="claude-opus-5-5",
            updated_at=(NOW - timedelta(minutes=number + 1)).isoformat(),
            message_count=2 * number + 1,
            status=STATES[number % len(STATES)],
        )
        for number, title in enumerate(titles)
    ]


class History:
    """Sessions in memory; `refusing` is raised by everything."""

    def __init__(self, infos: list[SessionInfo]) -> None:
        self.infos = infos
        self.calls: list[tuple[str, ...]] = []
        self.refusing: StoreError | None = None
        self.ready = asyncio.Event()
        self.ready.set()

    async def _called(self, *call: str) -> None:
        await self.ready.wait()
        if self.refusing:
            raise self.refusing
        self.calls.append(call)

    async def sessions(self, *, limit: int | None = None) -> list[SessionInfo]:
        await self._called("sessions")
        return list(self.infos)[:limit]

    async def rename(self, session_id: str, title: str) -> None:
        await self._called("rename", session_id, title)

    async def delete(self, session_id: str) -> None:
        await self._called("delete", session_id)

    async def restore(self, session_id: str) -> None:
        await self._called("restore", session_id)


async def until(pilot: Pilot[None], holds: Callable[[], bool]) -> None:
    """Wait for a condition, at most as long as a test may take."""
    while not holds():
        await pilot.pause()


def said(app: Host) -> str:
    return "\n".join(shown(app))


async def opened(app: Host, pilot: Pilot[None], history: History, **options: Any) -> SessionsScreen:
    screen = SessionsScreen(history, clock=lambda: NOW, **options)
    app.push_screen(screen, app.take)
    await until(pilot, lambda: app.screen is screen and screen.is_mounted)
    if history.ready.is_set() and not history.refusing:
        await until(pilot, lambda: len(screen.list.rows) == len(history.infos))
    await pilot.pause()
    return screen


@pytest.mark.parametrize("size", SIZES)
async def test_the_list_at_every_size(size: tuple[int, int]) -> None:
    app = Host()
    async with app.run_test(size=size) as pilot:
        await opened(app, pilot, History(made(TITLES)), current="s1", held=["s2"])
        for _ in TITLES:
            lines = shown(app)
            assert all(cell_len(line) == size[0] for line in lines)
            assert not set("\x1b\u202e") & set("".join(lines))
            await pilot.press("down")
            await pilot.pause()
        await pilot.press("home")
        await pilot.pause()
        text = said(app)
        assert "Sessions · 7" in text and "✓ A trip to Lisbon" in text and "1 min ago" in text
        assert "⏸ [@click=app" in text and "open here" in text and "in use" in text
        assert "✗ quote [/]" in text
        assert ("1 message " in text and "3 messages" in text) == (size[0] >= 80)
        assert ("claude-opus-5-5" in text) == (size[0] >= 80)
        assert app.quits == 0


async def test_the_open_session_is_highlighted_first_and_enter_opens() -> None:
    app = Host()
    async with app.run_test() as pilot:
        await opened(app, pilot, History(made(TITLES)), current="s5")
        assert "› ✓ Rust lifetimes" in said(app)
        await pilot.press("down", "enter")
        await pilot.pause()
        assert app.results == [Opened("s6")]


@pytest.mark.parametrize(("keys", "result"), [(["ctrl+n"], NewSession()), (["escape"], None), (["ctrl+c"], None)])
async def test_other_ways_out(keys: list[str], result: object) -> None:
    app = Host()
    async with app.run_test() as pilot:
        await opened(app, pilot, History(made(TITLES)))
        await pilot.press(*keys)
        await pilot.pause()
        assert app.results == [result]


async def test_the_screen_is_there_before_the_list() -> None:
    app = Host()
    async with app.run_test() as pilot:
        history = History(made(TITLES))
        history.ready.clear()
        screen = await opened(app, pilot, history)
        assert "Reading the history" in said(app)
        await pilot.press(*"rust", "enter")
        assert app.screen is screen, "nothing to open yet"
        history.ready.set()
        await until(pilot, lambda: len(screen.list.rows) == 1)
        await pilot.press("enter")
        await pilot.pause()
        assert app.results == [Opened("s5")]


async def test_filtering_goes_over_titles_models_and_ids() -> None:
    app = Host()
    async with app.run_test() as pilot:
        screen = await opened(app, pilot, History(made(TITLES)))
        for query, labels in (("天气", 1), ("opus", 7), ("s6", 1), ("zzz", 0)):
            await pilot.press(*query)
            await pilot.pause()
            assert len(screen.list.rows) == labels, query
            await pilot.press(*["backspace"] * len(query))
        await pilot.press(*"zzz")
        await pilot.pause()
        assert "Nothing matches “zzz”." in said(app)
        await pilot.press("enter", "delete", "f2")
        await pilot.pause()
        assert app.screen is screen


async def test_renaming() -> None:
    app, history = Host(), History(made(TITLES))
    async with app.run_test() as pilot:
        await opened(app, pilot, history)
        await pilot.press("down", "f2")
        await pilot.pause()
        assert isinstance(app.screen, TextPrompt) and app.screen.text == TITLES[1]
        await pilot.press("ctrl+u", "enter")
        await pilot.pause()
        assert "A title needs at least one character." in said(app)
        await pilot.press(*"新名", "enter")
        await until(pilot, lambda: "Renamed to “新名”." in said(app))
        assert "› ⏸ 新名" in said(app)
        await pilot.press("ctrl+r", "escape")
        await pilot.pause()
        assert history.calls == [("sessions",), ("rename", "s1", "新名")]


async def test_deleting_and_taking_back() -> None:
    app, history = Host(), History(made(TITLES))
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(app, pilot, history)
        await pilot.press("end", "up", "delete")
        await until(pilot, lambda: "Deleted “Rust lifetimes”" in said(app))
        assert "› ✓ Bread" in said(app) and "Sessions · 6" in said(app)
        await pilot.press("delete")
        await until(pilot, lambda: "Deleted “Bread”" in said(app))
        await pilot.press("u")
        await until(pilot, lambda: "“Bread” is back. 1 more" in said(app))
        await pilot.press("ctrl+z")
        await until(pilot, lambda: "“Rust lifetimes” is back." in said(app))
        assert [row.label for row in screen.list.rows][-2:] == ["Rust lifetimes", "Bread"]
        await pilot.press("ctrl+z")
        await until(pilot, lambda: "Nothing was deleted here." in said(app))
        assert history.calls[1:] == [("delete", "s5"), ("delete", "s6"), ("restore", "s6"), ("restore", "s5")]


async def test_a_letter_ends_the_time_of_u() -> None:
    app, history = Host(), History(made(TITLES))
    async with app.run_test() as pilot:
        screen = await opened(app, pilot, history)
        await pilot.press("delete")
        await until(pilot, lambda: "Deleted" in said(app))
        await pilot.press(*"ru")
        await until(pilot, lambda: len(screen.list.rows) < 6)
        assert "Ctrl+Z brings back" in said(app)
        assert ("restore", "s0") not in history.calls
        await pilot.press("ctrl+z")
        await until(pilot, lambda: ("restore", "s0") in history.calls)


async def test_a_key_that_repeats_deletes_one_after_the_other() -> None:
    app, history = Host(), History(made(TITLES))
    async with app.run_test() as pilot:
        screen = await opened(app, pilot, history)
        history.ready.clear()
        await pilot.press("delete", "delete", "delete")
        history.ready.set()
        await until(pilot, lambda: len(screen.list.rows) == 6)
        await pilot.pause()
        assert history.calls[1:] == [("delete", "s0")], "the same one was meant each time"


@pytest.mark.parametrize("error", [SessionHeld("Process 42 is writing this session."), StoreError("The disk is full [/].")])
async def test_what_the_history_refuses_is_said_and_nothing_is_lost(error: StoreError) -> None:
    app, history = Host(), History(made(TITLES))
    async with app.run_test() as pilot:
        screen = await opened(app, pilot, history)
        history.refusing = error
        await pilot.press("delete")
        await until(pilot, lambda: str(error) in said(app))
        assert len(screen.list.rows) == 7
        history.refusing = None
        await pilot.press("delete")
        await until(pilot, lambda: "Deleted" in said(app))
        history.refusing = error
        await pilot.press("u")
        await until(pilot, lambda: str(error) in said(app))
        history.refusing = None
        await pilot.press("ctrl+z")
        await until(pilot, lambda: "is back" in said(app))


async def test_a_history_that_cannot_be_read() -> None:
    app, history = Host(), History([])
    history.refusing = StoreError("The history is damaged.")
    async with app.run_test() as pilot:
        await opened(app, pilot, history)
        await until(pilot, lambda: "The history is damaged." in said(app))
        await pilot.press("ctrl+n")
        await pilot.pause()
        assert app.results == [NewSession()]


async def test_no_sessions_at_all() -> None:
    app = Host()
    async with app.run_test() as pilot:
        await opened(app, pilot, History([]))
        await until(pilot, lambda: "There are no saved sessions yet." in said(app))


@pytest.mark.parametrize(("size", "room"), [((120, 40), True), ((40, 10), False)])
async def test_the_preview_follows_the_highlight_where_there_is_room(size: tuple[int, int], room: bool) -> None:
    asked: list[str] = []

    async def last_words(session_id: str) -> str:
        asked.append(session_id)
        if session_id == "s2":
            raise StoreError("Cannot be read.")
        return f"last words of {session_id} [/] \x1b"

    app = Host()
    async with app.run_test(size=size) as pilot:
        await opened(app, pilot, History(made(TITLES)), preview=last_words)
        if room:
            await until(pilot, lambda: "last words of s0 [/] ␛" in said(app))
            await pilot.press("down", "down")
            await until(pilot, lambda: "Cannot be read." in said(app))
        else:
            await pilot.press("down", "down")
            assert "last words" not in said(app) and asked == []


async def test_thousands_of_sessions() -> None:
    history = History(made([f"Session number {number}" for number in range(3_000)]))
    app = Host()
    async with app.run_test() as pilot:
        screen = await opened(app, pilot, history)
        await pilot.press(*"2999")
        await until(pilot, lambda: len(screen.list.rows) == 1)
        await pilot.press("enter")
        await pilot.pause()
        assert app.results == [Opened("s2999")]


# Ages

BERLIN = timezone(timedelta(hours=1))


@pytest.mark.parametrize(
    ("then", "words"),
    [
        ("2026-11-20T15:59:59.900Z", "just now"),
        ("2026-11-20T16:00:30Z", "just now"),
        ("2026-11-20T15:56:10Z", "3 min ago"),
        ("2026-11-20T15:00:01Z", "59 min ago"),
        ("2026-11-20T11:00:00Z", "5 h ago"),
        ("2026-11-19T14:05:00Z", "yesterday 14:05"),
        ("2026-11-19T23:59:00Z", "yesterday 23:59"),
        ("2026-11-18T23:59:00Z", "2026-11-18"),
        ("2026-10-02T00:00:00Z", "2026-10-02"),
        ("2027-01-01T00:00:00Z", "2027-01-01"),
        ("2026-11-20T16:00:00", ""),
        ("nonsense", ""),
        ("", ""),
    ],
)
def test_ages(then: str, words: str) -> None:
    assert age(then, NOW) == words


def test_ages_go_by_the_readers_day() -> None:
    now = datetime(2026, 11, 20, 0, 30, tzinfo=BERLIN)
    assert age("2026-11-19T23:15:00Z", now) == "15 min ago"
    assert age("2026-11-19T22:05:00Z", now) == "yesterday 23:05"
    assert age("2026-11-19T23:00:00.000Z", now) == "30 min ago"
