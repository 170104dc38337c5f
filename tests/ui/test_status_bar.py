"""The status bar in a small screen, under a clock of the test's own."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult

from claude_tui.domain.events import BlockDelta, BlockStarted, MessageStarted, RequestStarted, TurnEnded, TurnStarted
from claude_tui.domain.messages import Message, Outcome, Role
from claude_tui.ui.cache_clock import Warmth
from claude_tui.ui.figures import Beside
from claude_tui.ui.meter import Meter
from claude_tui.ui.status_bar import StatusBar

PROMPT = Message("p", "s", None, Role.USER, ({"type": "text", "text": "hi"},))


class Host(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.now = 100.0
        self.meter = Meter(lambda _: 200_000)
        self.meter.choose("claude-opus-5-5", "high")
        self.bar = StatusBar(self.meter, clock=lambda: self.now)
        self.clicks = 0
        self.painted = 0

    def compose(self) -> ComposeResult:
        yield self.bar

    def on_status_bar_model_clicked(self) -> None:
        self.clicks += 1

    def stream(self) -> None:
        usage = {"input_tokens": 500, "output_tokens": 1, "cache_read_input_tokens": 11_800, "cache_creation_input_tokens": 0}
        for event in (
            TurnStarted("s", PROMPT),
            RequestStarted(1, "claude-opus-5-5", "m"),
            MessageStarted("a", "m", usage),
            BlockStarted(0, {"type": "text", "text": ""}),
        ):
            self.meter.apply(event, self.now)
            self.bar.wake()

    @property
    def line(self) -> str:
        row = "".join(segment.text for segment in self.screen._compositor.render_strips()[0])
        return row.strip()


SIZES = pytest.mark.parametrize("size", [(40, 10), (80, 24), (120, 40)])


@SIZES
async def test_it_is_one_line_with_the_hint_that_fits(size: tuple[int, int]) -> None:
    app = Host()
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        assert app.bar.size.height == 1
        assert app.line == "claude-opus-5-5 · high │ Idle · ? help"
        app.stream()
        app.now += 3.2
        app.meter.apply(BlockDelta(0, "text", "x" * 400), app.now)
        app.now += 1.0
        app.bar.refresh()
        await pilot.pause()
        lines = {
            40: "claude-opus-5-5 │ Streaming 4.2 s",
            80: "claude-opus-5-5 │ Streaming 4.2 s · Esc stops │ in 500  out ~100 │ ctx ~6%",
            120: "claude-opus-5-5 · high │ Streaming 4.2 s · Esc stops │ in 500  out ~100 │ ctx ~6% │ "
            "cache 96% r 11.8k w 0 │ TTFT 3.2 s",
        }
        assert app.line == lines[size[0]]


async def test_while_busy_a_timer_paints_and_events_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    app = Host()
    async with app.run_test(size=(120, 10)) as pilot:
        await pilot.pause()
        timer = app.bar._timer
        assert timer is not None and not timer._active.is_set()
        app.stream()
        assert timer._active.is_set() and timer._interval == 0.25
        await pilot.pause()
        refreshed: list[bool] = []
        monkeypatch.setattr(app.bar, "refresh", lambda *_, layout=False, **__: refreshed.append(layout))
        for _ in range(50):
            app.meter.apply(BlockDelta(0, "text", "x"), app.now)
            app.bar.wake()
        assert refreshed == []
        app.meter.apply(TurnEnded("s", Outcome.INTERRUPTED), app.now)
        app.bar.wake()
        assert refreshed == [False] and not timer._active.is_set()


async def test_marks_come_first_and_stay_where_it_is_narrow() -> None:
    app = Host()
    async with app.run_test(size=(50, 10)) as pilot:
        app.bar.not_saved = app.bar.demo = app.bar.temporary = True
        await pilot.pause()
        assert app.line == "NOT SAVED │ demo (canned) │ temporary │ Idle"
        app.bar.not_saved = app.bar.temporary = False
        app.bar.read_only = True
        await pilot.pause()
        assert app.line == "read-only │ demo (canned) │ Idle"


async def test_a_click_on_the_model_is_told_of() -> None:
    app = Host()
    async with app.run_test(size=(120, 10)) as pilot:
        await pilot.pause()
        await pilot.click(StatusBar, offset=(3, 0))
        await pilot.click(StatusBar, offset=(30, 0))
        await pilot.pause()
        assert app.clicks == 1
        app.bar.demo = True
        await pilot.click(StatusBar, offset=(3, 0))
        await pilot.click(StatusBar, offset=(18, 0))
        await pilot.pause()
        assert app.clicks == 2


async def test_hints_are_the_screens() -> None:
    app = Host()
    async with app.run_test(size=(120, 10)) as pilot:
        app.bar.set_hints(busy="F4 stops", idle="F1 help")
        await pilot.pause()
        assert app.line.endswith("F1 help")
        app.stream()
        await pilot.pause()
        assert "· F4 stops │" in app.line


async def test_hostile_names_are_harmless() -> None:
    app = Host()
    async with app.run_test(size=(120, 10)) as pilot:
        app.meter.choose("[@click=app.quit]x[/] [/b]\x1b]0;t\x07\n", "[b]")
        app.bar.refresh()
        await pilot.pause()
        assert app.line.startswith("[@click=app.quit]x[/] [/b]␛]0;t␇ · [b] │ Idle · ? help")


def warm(app: Host, left: float) -> Warmth:
    """A cache that lives so long, shown by the bar under the test's clock."""
    cache = Warmth(app.now + left, 500)
    app.bar.beside = lambda: Beside(cost=("$0.031",), cache=cache.text(app.now))
    app.bar.lives = lambda: cache.changes_in(app.now)
    return cache


async def test_the_cost_stands_after_the_context_and_outlives_the_counts() -> None:
    app = Host()
    async with app.run_test(size=(120, 10)) as pilot:
        app.bar.beside = lambda: Beside(cost=("~$0.031 + 1 unknown", "~$0.031 + ?"))
        app.stream()
        await pilot.pause()
        assert "│ ctx ~6% │ ~$0.031 + 1 unknown │ cache 96%" in app.line
        await pilot.resize_terminal(64, 10)
        await pilot.pause()
        assert app.line == "claude-opus-5-5 │ Streaming 0.0 s · Esc stops │ ~$0.031 + ?"


@pytest.mark.parametrize(("left", "shown", "least"), [(252.0, "4 min", 11.0), (3_500.0, "58 min", 15.0), (42.5, "0:43", 0.4)])
async def test_the_time_of_the_cache_is_painted_when_it_changes_and_not_more_often(left: float, shown: str, least: float) -> None:
    app = Host()
    async with app.run_test(size=(120, 10)) as pilot:
        app.stream()
        app.meter.apply(TurnEnded("s", Outcome.INTERRUPTED), app.now)
        warm(app, left)
        app.bar.wake()
        await pilot.pause()
        assert app.line.endswith(f"· {shown}") or f"· {shown} │" in app.line
        timer = app.bar._next
        assert timer is not None and timer._interval >= least
        app.now += left
        app.bar.refresh()
        await pilot.pause()
        assert "· cold" in app.line and app.bar._next is None


async def test_no_timer_runs_where_the_time_has_no_room_or_an_answer_streams() -> None:
    app = Host()
    async with app.run_test(size=(50, 10)) as pilot:
        app.stream()
        app.meter.apply(TurnEnded("s", Outcome.INTERRUPTED), app.now)
        warm(app, 30.0)
        app.bar.wake()
        await pilot.pause()
        assert app.bar._next is None
        await pilot.resize_terminal(120, 10)
        await pilot.pause()
        assert app.bar._next is not None
        app.stream()
        app.bar.refresh()
        await pilot.pause()
        assert app.bar._next is None
