"""The dock in a small screen, under a clock of the test's own; and its rows for any width."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual import events, on
from textual.app import App, ComposeResult
from textual.widgets import Static, TextArea

from claude_tui.domain.errors import ErrorInfo, ErrorKind
from claude_tui.domain.events import ApprovalRequested
from claude_tui.domain.text import safe_text
from claude_tui.ui.dock import Dock, Offer
from claude_tui.ui.dock_rows import Contents, Retry, argument_lines, cut, hides_something, reveal, rows, wrap
from claude_tui.ui.keymap import Keymap

LIMIT = ErrorInfo(ErrorKind.RATE_LIMIT, "rate limit reached.", 429)
SIZES = pytest.mark.parametrize("size", [(40, 10), (80, 24), (120, 40)])


class Host(App[None]):
    CSS = "#transcript { height: 1fr; } TextArea { height: 1; border: none; } #bar { height: 1; }"
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, keymap: Keymap | None = None) -> None:
        super().__init__()
        self.now = 100.0
        self.dock = Dock(keymap, clock=lambda: self.now)
        self.draft = TextArea(compact=True)
        self.answers: list[tuple[str, bool]] = []
        self.offers: list[str] = []
        self.keys: list[str] = []

    def compose(self) -> ComposeResult:
        yield Static("", id="transcript", markup=False)
        yield self.dock
        yield self.draft
        yield Static("", id="bar", markup=False)

    def on_mount(self) -> None:
        self.draft.focus()

    @on(Dock.Answered)
    def _answered(self, event: Dock.Answered) -> None:
        self.answers.append((event.tool_use_id, event.allowed))
        self.dock.resolve(event.tool_use_id)

    @on(Dock.OfferClicked)
    def _clicked(self, event: Dock.OfferClicked) -> None:
        self.offers.append(event.offer.key)

    def on_key(self, event: events.Key) -> None:
        self.keys.append(event.key)

    @property
    def shown(self) -> list[str]:
        """The rows of the dock on the screen."""
        region = self.dock.region
        strips = self.screen._compositor.render_strips()[region.y : region.bottom]
        return ["".join(segment.text for segment in strip).removeprefix("┃").strip() for strip in strips]


def request(number: int = 1, **arguments: Any) -> ApprovalRequested:
    return ApprovalRequested(f"t{number}", "get_weather", arguments or {"city": "Paris"})


@SIZES
async def test_it_is_there_only_when_it_has_something_to_say(size: tuple[int, int]) -> None:
    app = Host()
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        assert app.shown == [] and not app.dock.display
        app.dock.notice("one")
        await pilot.pause()
        assert app.shown == ["one"] and app.query_one("#transcript").size.height == size[1] - 3
        app.dock.prompt_sent()
        await pilot.pause()
        assert app.shown == [] and app.query_one("#transcript").size.height == size[1] - 2


async def test_a_retry_counts_down() -> None:
    app = Host()
    async with app.run_test(size=(100, 24)) as pilot:
        app.dock.show_retry(LIMIT, 7.0, 2, 5)
        seen: list[str] = []
        for _ in range(9):
            app.dock._change()
            await pilot.pause()
            seen.append(app.shown[0])
            app.now += 1.0
        assert seen[0] == "HTTP 429: rate limit reached. Retrying in 7 s (attempt 2 of 5) · Esc stops"
        assert [line.split(" in ")[1].split(" s ")[0] for line in seen] == ["7", "6", "5", "4", "3", "2", "1", "0", "0"]
        timer = app.dock._countdown
        assert timer is not None and timer._interval == 1.0
        app.dock.hide_retry()
        await pilot.pause()
        assert app.shown == [] and app.dock._countdown is None


# Approval.


@SIZES
async def test_an_approval_shows_everything_and_takes_an_empty_composers_focus(size: tuple[int, int]) -> None:
    app = Host()
    async with app.run_test(size=size) as pilot:
        app.dock.ask(request(city="Paris", days=3), take_focus=True)
        await pilot.pause()
        await pilot.pause()
        assert app.shown == ["Allow get_weather?", "city: Paris", "days: 3", "[y] allow  [n] deny"]
        app.now += 0.31
        await pilot.press("y")
        await pilot.pause()
        assert app.answers == [("t1", True)] and app.shown == [] and app.draft.has_focus


async def test_a_draft_keeps_the_focus() -> None:
    app = Host()
    async with app.run_test(size=(80, 24)) as pilot:
        app.dock.ask(request(), take_focus=False)
        app.now += 1
        await pilot.press("y")
        assert app.answers == [] and app.draft.text == "y"
        assert "Tab to answer" in app.shown[-1]
        await pilot.press("shift+tab", "n")
        await pilot.pause()
        assert app.answers == [("t1", False)]


async def test_keys_that_were_on_their_way_answer_nothing() -> None:
    app = Host()
    async with app.run_test(size=(80, 24)) as pilot:
        app.dock.ask(request(1), take_focus=True)
        app.dock.ask(request(2), take_focus=True)
        await pilot.pause()
        app.now += 0.29
        await pilot.press("y")
        assert app.answers == [] and app.keys == ["y"]
        app.now += 0.02
        await pilot.press("y", "y")
        await pilot.pause()
        assert app.answers == [("t1", True)], "the second y came at once, before the second question could be read"
        app.now += 0.31
        await pilot.press("n")
        await pilot.pause()
        assert app.answers == [("t1", True), ("t2", False)]


async def test_only_y_and_n_answer() -> None:
    app = Host()
    async with app.run_test(size=(80, 24)) as pilot:
        app.dock.ask(request(), take_focus=True)
        app.now += 1
        await pilot.pause()
        await pilot.press("enter", "space", "x")
        app.dock._approval.post_message(events.Paste("y"))
        await pilot.pause()
        assert app.answers == [] and app.keys == ["enter", "space", "x"]


async def test_several_calls_are_asked_about_one_after_the_other() -> None:
    app = Host()
    async with app.run_test(size=(80, 24)) as pilot:
        for number in (1, 2, 3):
            app.dock.ask(request(number, city=f"city {number}"), take_focus=True)
        await pilot.pause()
        assert app.shown[1] == "city: city 1" and "2 more after this" in app.shown[-1]
        app.dock.resolve("t2")
        await pilot.pause()
        assert app.shown[1] == "city: city 1" and "1 more after this" in app.shown[-1]
        app.dock.resolve("t1")
        await pilot.pause()
        assert app.dock.asking == "t3" and app.shown[1] == "city: city 3" and "more after" not in app.shown[-1]
        app.dock.clear_approvals()
        await pilot.pause()
        assert app.shown == [] and app.dock.asking is None
        app.dock.resolve("t3")


async def test_the_next_question_has_the_focus_though_the_screen_took_it_away() -> None:
    app = Host()
    async with app.run_test(size=(80, 24)) as pilot:
        for number in (1, 2):
            app.dock.ask(request(number), take_focus=True)
        await pilot.pause()
        app.now += 1
        app.dock._approval.decide(True)
        app.draft.focus()
        await pilot.pause()
        await pilot.pause()
        app.now += 1
        assert app.dock._approval.has_focus and app.dock.asking == "t2"
        await pilot.press("n")
        await pilot.pause()
        assert app.answers == [("t1", True), ("t2", False)] and app.draft.has_focus


@SIZES
async def test_long_arguments_scroll_in_a_third_of_the_screen(size: tuple[int, int]) -> None:
    app = Host()
    async with app.run_test(size=size) as pilot:
        app.dock.ask(request(text="\n".join(f"line {number}" for number in range(100))), take_focus=True)
        await pilot.pause()
        await pilot.pause()
        assert len(app.shown) <= size[1] // 3 + 2
        assert app.shown[0] == "Allow get_weather?" and app.shown[-1] == "[y] allow  [n] deny"
        assert app.shown[1].startswith("text: line 0")
        for _ in range(60):
            await pilot.press("pagedown")
        await pilot.pause()
        assert any("line 99" in row for row in app.shown)


async def test_hidden_and_hostile_arguments_are_seen() -> None:
    app = Host()
    async with app.run_test(size=(80, 24)) as pilot:
        app.dock.ask(request(path="[/b]\x1b[2J\u202etxt.exe\u200b", **{"a\nb": {"x": [1]}}), take_focus=True)
        await pilot.pause()
        assert app.shown[1:3] == [
            "Characters that cannot be seen are written as \\uXXXX.",
            "path: [/b]\\u001b[2J\\u202etxt.exe\\u200b",
        ]
        assert "a␊b: {" in app.shown


async def test_a_click_answers() -> None:
    app = Host()
    async with app.run_test(size=(80, 24)) as pilot:
        app.dock.ask(request(), take_focus=False)
        app.now += 1
        await pilot.pause()
        await pilot.click("ApprovalKeys", offset=(14, 0))
        await pilot.pause()
        assert app.answers == [("t1", False)]


# Errors, notices, queue, banners.


async def test_an_error_names_its_keys_and_goes_with_the_next_prompt() -> None:
    app = Host()
    async with app.run_test(size=(80, 24)) as pilot:
        app.dock.show_error("The server [/b] said no.", [Offer("r", "try again"), Offer("F1", "help")])
        await pilot.pause()
        assert app.shown == ["The server [/b] said no.", "[r] try again  [F1] help"]
        await pilot.click("DockLines", offset=(3, 1))
        await pilot.click("DockLines", offset=(20, 1))
        await pilot.click("DockLines", offset=(15, 1))
        await pilot.pause()
        assert app.offers == ["r", "F1"]
        app.dock.prompt_sent()
        await pilot.pause()
        assert app.shown == []


async def test_the_newest_two_notices_stay() -> None:
    app = Host()
    async with app.run_test(size=(80, 24)) as pilot:
        for text in ("one", "two", "three", "two"):
            app.dock.notice(text, "warning")
        await pilot.pause()
        assert app.shown == ["three", "two"]


async def test_queue_and_banners() -> None:
    app = Host()
    async with app.run_test(size=(80, 24)) as pilot:
        app.dock.set_editing(True)
        app.dock.set_read_only("read-only: another process writes this session · f forks")
        app.dock.set_queue(["one\nmore [/b]", "two"])
        await pilot.pause()
        assert app.shown == [
            "read-only: another process writes this session · f forks",
            "editing an earlier prompt · Esc Esc leaves",
            "queued: one more [/b]",
            "queued: two   ↑ edits · sent after the answer",
        ]
        app.dock.set_queue([f"p{number}" for number in range(5)])
        app.dock.set_editing(False)
        app.dock.set_read_only(None)
        await pilot.pause()
        assert app.shown == ["queued: p0", "queued: p1", "queued: p2", "… and 2 more · ↑ edits · sent after the answer"]


def test_where_room_is_short_what_happens_now_stays() -> None:
    everything = Contents(
        retry=Retry(LIMIT, 7.0, 2, 5),
        error="It failed.",
        offers=(Offer("r", "again"),),
        queue=("one", "two"),
        notices=(("older", "info"), ("newer", "info")),
        editing=True,
        read_only="read-only",
    )
    kept = [[row.text.split()[0] for row in rows(everything, 100, budget, 0.0)] for budget in (9, 6, 4, 3, 2, 1)]
    assert kept == [
        ["read-only", "editing", "older", "newer", "It", "[r]", "queued:", "queued:", "HTTP"],
        ["read-only", "editing", "It", "[r]", "HTTP"],
        ["editing", "It", "[r]", "HTTP"],
        ["It", "[r]", "HTTP"],
        ["It", "HTTP"],
        ["HTTP"],
    ]


hostile = st.one_of(
    st.text(max_size=60),
    st.text("ab 你\n\t[/]@", max_size=80),
    st.sampled_from(["\x1b]0;x\x07", "\u202e\u2066", "a" * 300, "你" * 99, "[@click=app.quit]x", "\ud800"]),
)


@given(hostile, hostile, st.lists(hostile, max_size=5), st.integers(8, 120), st.integers(1, 12))
def test_rows_fit_and_hold_nothing_a_terminal_obeys(first: str, second: str, queue: list[str], width: int, budget: int) -> None:
    contents = Contents(
        retry=Retry(ErrorInfo(ErrorKind.SERVER, first, 500), 3.0, 2, 5),
        error=second,
        offers=(Offer("r", first), Offer(second, "x")),
        queue=tuple(queue),
        notices=((first, "info"), (second, "error")),
        read_only=second,
        editing=True,
    )
    found = rows(contents, width, budget, 0.0)
    assert 1 <= len(found) <= budget
    for row in found:
        assert cell_len(row.text) <= width
        assert "\n" not in row.text and safe_text(row.text) == row.text
        assert all(0 <= start < end <= cell_len(row.text) for start, end, _ in row.offers)


@given(st.text("ab cd你好 ", max_size=80), st.integers(4, 40))
def test_wrapping_loses_no_word(text: str, width: int) -> None:
    lines = wrap(text, width, 1_000)
    assert all(cell_len(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


@given(st.text(max_size=40), st.integers(0, 30))
def test_cutting(text: str, width: int) -> None:
    text = safe_text(text)
    shown = cut(text, width)
    assert cell_len(shown) <= width and (shown == text or width == 0 or shown.endswith("…"))


@given(st.text(max_size=30))
def test_what_is_revealed_is_harmless_and_complete(text: str) -> None:
    shown = reveal(text)
    assert safe_text(shown) == shown
    if text == safe_text(text) and not set("\u200c\u200d\ufe0e\ufe0f") & set(text):
        assert shown == text


def test_joiners_are_shown_in_words_but_not_in_emoji() -> None:
    assert reveal("rm\u200d -rf") == "rm\\u200d -rf"
    assert reveal("👩\u200d💻 ❤\ufe0f") == "👩\u200d💻 ❤\ufe0f"
    assert not hides_something({"emoji": "👩\u200d💻", "text": "a\nb", "list": [1, "你"]})
    assert hides_something({"list": ["a\u200bb"]}) and hides_something({"a\u200b": 1}) and hides_something({"x": "\U000e0041"})


def test_arguments_of_every_kind() -> None:
    assert argument_lines({"city": "Paris\n75", "days": 3, "on": True, "none": None, "of": {"a": ["你"]}}) == [
        ("city: ", "Paris"),
        ("", "  75"),
        ("days: ", "3"),
        ("on: ", "true"),
        ("none: ", "null"),
        ("of: ", "{"),
        ("", '    "a": ['),
        ("", '      "你"'),
        ("", "    ]"),
        ("", "  }"),
    ]


async def test_the_smallest_screen_has_room_for_a_question_beside_everything_else() -> None:
    app = Host()
    async with app.run_test(size=(40, 10)) as pilot:
        app.draft.styles.height = 3
        app.dock.set_queue(["one", "two"])
        app.dock.notice("something happened")
        app.dock.ask(
            ApprovalRequested("t", "a_very_long_name_of_a_tool_" * 2, {str(key): "x" for key in range(9)}), take_focus=False
        )
        app.dock.ask(request(2), take_focus=False)
        await pilot.pause()
        await pilot.pause()
        assert app.query_one("#bar").region.bottom == 10 and app.screen.max_scroll_y == 0
        assert app.query_one("#transcript").size.height >= 1
        assert app.shown[-1].startswith("[y] allow  [n] deny") and app.shown[2] == "0: x"
        await pilot.resize_terminal(80, 30)
        await pilot.pause()
        await pilot.pause()
        assert app.shown[:3] == ["something happened", "queued: one", "queued: two   ↑ edits · sent after the answer"]
        assert [row.split()[0] for row in app.shown[4:13]] == [f"{key}:" for key in range(9)]
