"""The saver of the desk under a clock of the test's own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from claude_tui.ui.desk_keeper import RETRY_SECONDS, SAVE_SECONDS, DeskKeeper


@dataclass
class Alarm:
    at: float
    callback: Callable[[], None]
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True


@dataclass
class Clock:
    """Time passes when the test says so."""

    now: float = 0.0
    alarms: list[Alarm] = field(default_factory=list[Alarm])

    def call_later(self, delay: float, callback: Callable[[], None], /) -> Alarm:
        alarm = Alarm(self.now + delay, callback)
        self.alarms.append(alarm)
        return alarm

    async def pass_to(self, now: float) -> None:
        while due := sorted((one for one in self.alarms if not one.cancelled and one.at <= now), key=lambda one: one.at):
            self.now = max(self.now, due[0].at)
            self.alarms.remove(due[0])
            due[0].callback()
            await settled()
        self.now = now

    @property
    def armed(self) -> list[float]:
        return [alarm.at for alarm in self.alarms if not alarm.cancelled]


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


class Desk:
    """`value` is what the user changes; `saved` what is on disk, with the time of each save. `gate` holds saves up."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.value = 0
        self.saved: list[tuple[float, int]] = []
        self.states: list[str | None] = []
        self.failures = 0
        self.gate: asyncio.Event | None = None
        self.running = 0
        self.most_running = 0
        self.keeper = DeskKeeper(self.save, lambda error: self.states.append(error and str(error)), self.clock)

    async def save(self) -> None:
        began, value = self.clock.now, self.value
        self.running += 1
        self.most_running = max(self.running, self.most_running)
        try:
            if self.gate is not None:
                await self.gate.wait()
            if self.failures:
                self.failures -= 1
                raise OSError("disk full")
            self.saved.append((began, value))
        finally:
            self.running -= 1

    def change(self) -> None:
        self.value += 1
        self.keeper.touch()


async def test_one_change_is_saved_once_and_nothing_is_left_running() -> None:
    desk = Desk()
    desk.change()
    assert not desk.keeper.clean
    await desk.clock.pass_to(SAVE_SECONDS - 0.01)
    assert desk.saved == []
    await desk.clock.pass_to(10)
    assert desk.saved == [(SAVE_SECONDS, 1)] and desk.clock.armed == [] and desk.keeper.clean


async def test_a_storm_of_keys_does_not_put_the_save_off() -> None:
    desk = Desk()
    for step in range(100):
        await desk.clock.pass_to(step * 0.02)
        desk.change()
    assert [round(at, 2) for at, _ in desk.saved] == [0.5, 1.0, 1.5]
    await desk.clock.pass_to(10)
    assert desk.saved[-1][1] == 100


async def test_saves_never_overlap_and_a_change_meanwhile_is_saved_next() -> None:
    desk = Desk()
    desk.gate = asyncio.Event()
    desk.change()
    await desk.clock.pass_to(0.5)
    desk.change()
    await desk.clock.pass_to(3.0)
    assert desk.running == 1 and desk.saved == []
    desk.gate.set()
    await settled()
    assert desk.saved == [(0.5, 1), (3.0, 2)] and desk.most_running == 1 and desk.keeper.clean


async def test_a_failing_save_is_told_once_and_tried_again_until_it_works() -> None:
    desk = Desk()
    desk.failures = 3
    desk.change()
    await desk.clock.pass_to(SAVE_SECONDS + 2 * RETRY_SECONDS + 0.1)
    assert desk.states == ["disk full"] and desk.saved == [] and not desk.keeper.clean
    await desk.clock.pass_to(SAVE_SECONDS + 3 * RETRY_SECONDS)
    assert desk.states == ["disk full", None]
    assert [value for _, value in desk.saved] == [1] and desk.clock.armed == []
    desk.failures = 1
    desk.change()
    await desk.clock.pass_to(desk.clock.now + 1)
    assert desk.states == ["disk full", None, "disk full"]


async def test_flush_saves_now() -> None:
    desk = Desk()
    assert await desk.keeper.flush() and desk.saved == []
    desk.change()
    assert await desk.keeper.flush()
    assert desk.saved == [(0.0, 1)] and desk.clock.armed == []


async def test_flush_waits_for_the_running_save_and_saves_what_came_meanwhile() -> None:
    desk = Desk()
    desk.gate = asyncio.Event()
    desk.change()
    await desk.clock.pass_to(0.5)
    desk.change()
    leaving = asyncio.ensure_future(desk.keeper.flush())
    await settled()
    assert not leaving.done() and desk.running == 1
    desk.gate.set()
    assert await leaving
    assert [value for _, value in desk.saved] == [1, 2] and desk.most_running == 1


async def test_flush_gives_up_on_a_failure_and_says_so() -> None:
    desk = Desk()
    desk.failures = 1
    desk.change()
    assert not await desk.keeper.flush()
    assert desk.states == ["disk full"] and desk.clock.armed == []
    assert await desk.keeper.flush()
    assert desk.states == ["disk full", None] and [value for _, value in desk.saved] == [1]


async def test_it_runs_on_the_real_loop() -> None:
    saved = asyncio.Event()

    async def save() -> None:
        saved.set()

    keeper = DeskKeeper(save, lambda _: None)
    keeper.touch()
    assert await keeper.flush()
    assert saved.is_set()


@given(st.lists(st.tuples(st.floats(0, 2), st.sampled_from(["change", "hold", "release", "fail"])), max_size=40))
def test_whatever_happens_nothing_stays_unsaved_long(steps: list[tuple[float, str]]) -> None:
    async def run() -> None:
        desk = Desk()
        desk.gate = asyncio.Event()
        desk.gate.set()
        for wait, what in steps:
            await desk.clock.pass_to(desk.clock.now + wait)
            if what == "change":
                desk.change()
            elif what == "hold":
                desk.gate.clear()
            elif what == "release":
                desk.gate.set()
                await settled()
            else:
                desk.failures = 1
            if not desk.keeper.clean:
                assert desk.clock.armed or desk.running
        desk.gate.set()
        await settled()
        await desk.clock.pass_to(desk.clock.now + 2 * RETRY_SECONDS + 2 * SAVE_SECONDS)
        assert desk.most_running <= 1 and desk.keeper.clean and desk.clock.armed == []
        assert desk.value == 0 or desk.saved[-1][1] == desk.value

    asyncio.run(run())
