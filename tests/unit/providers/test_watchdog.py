"""The watchdog in a time of its own: nothing here waits."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_tui.domain.errors import ErrorKind, ProviderError
from claude_tui.providers import watchdog as watchdog_module
from claude_tui.providers.watchdog import (
    PORTION,
    SLEEP_SECONDS,
    TICK_SECONDS,
    ClosableBody,
    Sleeps,
    Watchdog,
    awake,
    portions,
    slept,
)


class Clock:
    """A loop's time that only moves when told, with its timers."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept = 0.0
        self.timers: list[tuple[float, Callable[[], None], list[bool]]] = []

    def time(self) -> float:
        return self.now

    def call_later(self, delay: float, callback: Callable[[], None]) -> "Timer":
        state = [True]
        self.timers.append((self.now + delay, callback, state))
        return Timer(state)

    def pass_time(self, seconds: float) -> None:
        end = self.now + seconds
        while due := sorted((one for one in self.timers if one[2][0] and one[0] <= end), key=lambda one: one[0]):
            when, callback, state = due[0]
            self.now, state[0] = when, False
            callback()
        self.now = end

    @property
    def waiting(self) -> int:
        return sum(state[0] for _, _, state in self.timers)


class Timer:
    def __init__(self, state: list[bool]) -> None:
        self._state = state

    def cancel(self) -> None:
        self._state[0] = False


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("claude_tui.providers.watchdog.asyncio.get_running_loop", lambda: clock)
    monkeypatch.setattr("claude_tui.providers.watchdog.asyncio.ensure_future", _run_now)
    return clock


def _run_now(coroutine: Any) -> None:
    with pytest.raises(StopIteration):
        coroutine.send(None)


class Closing:
    def __init__(self) -> None:
        self.count = 0

    async def __call__(self) -> None:
        self.count += 1


def watching(clock: Clock, first: float = 300.0, idle: float = 120.0) -> tuple[Watchdog, Closing]:
    closing = Closing()
    return Watchdog(closing, first=first, idle=idle, slept=lambda: clock.slept), closing


def test_nothing_at_all(clock: Clock) -> None:
    watchdog, closing = watching(clock)
    clock.pass_time(299)
    assert watchdog.verdict is None and closing.count == 0
    clock.pass_time(1)
    assert watchdog.verdict == (ErrorKind.TIMEOUT, "No data for 300 s; the connection was given up.") and closing.count == 1


def test_any_byte_counts_and_then_the_shorter_limit(clock: Clock) -> None:
    watchdog, closing = watching(clock)
    clock.pass_time(250)
    for _ in range(10):
        watchdog.heard()
        clock.pass_time(119)
    assert watchdog.verdict is None
    clock.pass_time(TICK_SECONDS)
    assert watchdog.verdict and watchdog.verdict[0] is ErrorKind.TIMEOUT and closing.count == 1


def test_the_response_is_closed_once(clock: Clock) -> None:
    watchdog, closing = watching(clock, first=1, idle=1)
    clock.slept = SLEEP_SECONDS + 1
    clock.pass_time(1)
    verdict = watchdog.verdict
    clock.pass_time(1000)
    watchdog.heard()
    clock.pass_time(1000)
    assert closing.count == 1 and watchdog.verdict == verdict and clock.waiting == 0


@pytest.mark.parametrize(("gap", "gone"), [(SLEEP_SECONDS, False), (SLEEP_SECONDS + 0.1, True)])
def test_a_machine_that_slept(clock: Clock, gap: float, gone: bool) -> None:
    clock.slept = 77.0
    watchdog, closing = watching(clock)
    clock.slept += gap
    clock.pass_time(TICK_SECONDS)
    assert (watchdog.verdict is not None) is gone is (closing.count == 1)
    if watchdog.verdict:
        assert watchdog.verdict[0] is ErrorKind.NETWORK and "asleep" in watchdog.verdict[1]


def stopped_for(clock: Clock, seconds: float) -> None:
    """The process stands still: what is due in the meantime is called when it goes on."""
    clock.now += seconds
    due = [one for one in clock.timers if one[2][0] and one[0] <= clock.now]
    for _, callback, state in due:
        state[0] = False
        callback()


def test_a_process_that_stood_still_reads_what_came_meanwhile(clock: Clock) -> None:
    watchdog, closing = watching(clock)
    watchdog.heard()
    stopped_for(clock, 10_000)
    assert watchdog.verdict is None
    watchdog.heard()  # it had waited in the socket
    clock.pass_time(119)
    assert watchdog.verdict is None and closing.count == 0


def test_a_process_that_stood_still_gives_up_within_a_tick_where_nothing_came(clock: Clock) -> None:
    watchdog, closing = watching(clock)
    stopped_for(clock, 10_000)
    clock.pass_time(TICK_SECONDS)
    assert watchdog.verdict and watchdog.verdict[0] is ErrorKind.TIMEOUT and closing.count == 1


@pytest.mark.parametrize(("gap", "passed"), [(0.0, False), (SLEEP_SECONDS, False), (SLEEP_SECONDS + 0.1, True)])
def test_a_sleep_is_noticed_once(gap: float, passed: bool) -> None:
    gone = 77.0
    sleeps = Sleeps(lambda: gone)
    gone += gap
    assert [sleeps.passed(), sleeps.passed()] == [passed, False]


async def test_a_sleep_ends_the_wait_for_an_answer_that_will_not_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchdog_module, "TICK_SECONDS", 0.001)
    asked = iter([0.0, *[SLEEP_SECONDS + 1] * 9])
    with pytest.raises(ProviderError) as caught:
        await _waiting(asked.__next__)
    assert caught.value.info.kind is ErrorKind.NETWORK and caught.value.retryable and "asleep" in caught.value.info.message


async def test_somebody_elses_timeout_and_an_interrupt_are_not_taken_for_a_sleep() -> None:
    with pytest.raises(TimeoutError):
        async with awake(lambda: 0.0):
            raise TimeoutError
    task = asyncio.ensure_future(_waiting())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def _waiting(clock: Callable[[], float] = lambda: 0.0) -> None:
    async with awake(clock):
        await asyncio.Event().wait()


def test_the_clocks_of_both_systems(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine was on for 1,000 s and slept for 300 of them."""
    clocks = {"boot": 1000.0, "monotonic": 700.0, "raw": 700.0, "continuous": 1000.0}
    time = watchdog_module.time
    monkeypatch.setattr(time, "clock_gettime", clocks.__getitem__)
    monkeypatch.setattr(time, "monotonic", lambda: 700.0)
    monkeypatch.setattr(time, "CLOCK_BOOTTIME", "boot", raising=False)
    assert slept() == 300.0
    monkeypatch.delattr(time, "CLOCK_BOOTTIME")
    monkeypatch.delattr(time, "CLOCK_UPTIME_RAW", raising=False)
    assert slept() == 0.0
    monkeypatch.setattr(time, "CLOCK_UPTIME_RAW", "raw", raising=False)
    monkeypatch.setattr(time, "CLOCK_MONOTONIC", "continuous")
    assert slept() == 300.0


def test_a_watchdog_that_was_stopped_says_nothing(clock: Clock) -> None:
    watchdog, closing = watching(clock)
    watchdog.stop()
    clock.pass_time(10_000)
    assert watchdog.verdict is None and closing.count == 0 and clock.waiting == 0


def test_a_short_limit_is_met_in_time(clock: Clock) -> None:
    watchdog, _ = watching(clock, first=0.5)
    clock.pass_time(0.5)
    assert watchdog.verdict


async def test_a_pending_read_fails_when_the_response_is_closed() -> None:
    """On a real loop: the verdict is there before whoever reads learns of it."""
    closed = asyncio.Event()

    async def close() -> None:
        closed.set()

    watchdog = Watchdog(close, first=0.001, idle=1)
    async with asyncio.timeout(10):
        await closed.wait()
    assert watchdog.verdict and watchdog.verdict[0] is ErrorKind.TIMEOUT


class Response:
    def __init__(self, chunks: list[bytes]) -> None:
        self._chunks = chunks

    async def aiter_bytes(self) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            yield chunk


class Ear:
    count = 0

    def heard(self) -> None:
        self.count += 1


def through(chunks: list[bytes]) -> tuple[bytes, int]:
    ear = Ear()

    async def run() -> bytes:
        body = ClosableBody(cast("Any", Response(chunks)), cast("Any", ear))
        return b"".join([chunk async for chunk in body.aiter_bytes()])

    return asyncio.run(run()), ear.count


@given(st.lists(st.sampled_from([b"", b"\xef", b"\xbb", b"\xbf", b"\xef\xbb\xbf", b"ab", b"\xef\xbb\xbfab"]), max_size=6))
def test_property_one_mark_at_the_start_goes_and_nothing_else(chunks: list[bytes]) -> None:
    data, heard = through(chunks)
    assert data == b"".join(chunks).removeprefix(b"\xef\xbb\xbf") and heard == len(chunks)


@given(st.lists(st.sampled_from([b"", b" ", b"\n", b"\xef\xbb\xbf", b"ab", b" {"]), max_size=6), st.booleans())
def test_property_looking_at_the_beginning_takes_nothing_away(chunks: list[bytes], page: bool) -> None:
    whole = b"".join(chunks).removeprefix(b"\xef\xbb\xbf")

    async def run() -> tuple[bytes, bytes, bool]:
        body = ClosableBody(cast("Any", Response(chunks)), cast("Any", Ear()), b"\n\n")
        beginning = await body.beginning()
        if page:
            return beginning, await body.whole(1000) + b"\n\n", True
        return beginning, b"".join([chunk async for chunk in body.aiter_bytes()]), body.ended

    beginning, data, ended = asyncio.run(run())
    assert data == whole + b"\n\n" and ended
    assert whole.startswith(beginning) and (beginning.strip() or beginning == whole)


@given(
    st.lists(st.sampled_from([b"", b"\n", b"data: some words\n\n", b"x" * 90, b"x" * (PORTION + 1)]), max_size=900).map(b"".join)
)
def test_property_portions_are_the_chunk_and_end_with_lines(chunk: bytes) -> None:
    parts = portions(chunk)
    assert b"".join(parts) == chunk
    assert all(part.endswith(b"\n") and len(part) > PORTION for part in parts[:-1])
    assert all(b"\n" not in part[PORTION:-1] for part in parts)


@pytest.mark.parametrize("event", [b"data: some words\n\n", b"data: some words\n\n" * 5_000], ids=["in many chunks", "in one"])
async def test_others_have_their_turn_while_a_flood_that_has_arrived_is_read(event: bytes) -> None:
    flood = [event] * (90_000 // len(event))
    size = sum(map(len, flood))
    body = ClosableBody(cast("Any", Response(flood)), cast("Any", Ear()))
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        competitor = group.create_task(other())
        assert b"".join([portion async for portion in body.aiter_bytes()]) == b"".join(flood)
        competitor.cancel()
    assert turns >= size // (PORTION + len(event) % PORTION) - 1
