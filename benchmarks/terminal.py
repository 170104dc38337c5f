"""A program in a pseudo-terminal, watched closely: when bytes come, what it costs, what it holds. Nothing is drawn here."""

from __future__ import annotations

import os
import select
import signal
import statistics
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

COLUMNS, LINES = 120, 40
PATIENCE = 30.0
LATEST_KEY = 3.0
"""A key that is not drawn so many seconds after the last one was typed never is."""
_PROCESS_CLOCK = 2  # how Linux names the clock of another process
_FIRST_MARK = 0x250
_MARKS = 80
"""Letters that no text streamed here holds, each one cell wide."""

# Switches of the caller's that would change what is measured: an installed program has its compiled modules.
_NOT_OURS = ("TEXTUAL", "COVERAGE_", "LC_", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "PYTHONPYCACHEPREFIX")


def environment(folder: Path, **more: str) -> dict[str, str]:
    """A terminal with colours, a home of its own, and a place for compiled modules that lasts for all runs."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_OURS)}
    home = {"CLAUDE_TUI_HOME": str(folder / "home"), "ANTHROPIC_CONFIG_DIR": str(folder / "none")}
    looks = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}
    return {**inherited, **looks, **home, "PYTHONPYCACHEPREFIX": str(folder / "compiled"), **more}


class Chunk(NamedTuple):
    """What one read gave: when, and where it ends in all that was seen."""

    at: float
    end: int


class Pty:
    """`python ARGUMENTS` on a terminal. `began`: when it was started, in monotonic seconds, as every time here.

    `seen`: every byte it has written; `chunks`: when they came; `lost`: how many of the keys typed were never drawn; `held_up`: of
    each echo, how long its threads and ours stood ready while other programs had the processors.
    """

    def __init__(self, arguments: Sequence[str], variables: dict[str, str]) -> None:
        self.master, slave = os.openpty()
        termios.tcsetwinsize(self.master, (LINES, COLUMNS))
        self.began = time.monotonic()
        self._process = subprocess.Popen(
            [sys.executable, *arguments], env=variables, stdin=slave, stdout=slave, stderr=slave, start_new_session=True
        )
        os.close(slave)
        self.seen = bytearray()
        self.chunks: list[Chunk] = []
        self.lost = 0
        self.held_up: list[float] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self.master)

    def type(self, text: str) -> None:
        os.write(self.master, text.encode())

    def read(self, seconds: float, *others: int) -> list[int]:
        """Take what comes within so many seconds, at the latest when there is something; which of the others can be read."""
        ready, _, _ = select.select([self.master, *others], [], [], max(seconds, 0))
        if self.master in ready:
            self.seen += os.read(self.master, 1 << 16)
            self.chunks.append(Chunk(time.monotonic(), len(self.seen)))
        return [one for one in ready if one != self.master]

    def rest(self, seconds: float) -> None:
        """Only look on."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.read(left)

    def see(self, text: str, start: int = 0) -> float:
        """Wait until it has been written, after the first `start` bytes; when it came."""
        wanted, deadline = text.encode(), time.monotonic() + PATIENCE
        while self.seen.find(wanted, start) < 0:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{text!r} never came; the end of what did: {bytes(self.seen[-800:])!r}")
            start = max(start, len(self.seen) - len(wanted))
            self.read(0.1)
        return self.chunks[-1].at if self.chunks else time.monotonic()

    def quiet(self, seconds: float, patience: float = PATIENCE) -> None:
        """Look on until nothing has been written for so long."""
        until = time.monotonic() + patience
        while (left := min((self.chunks[-1].at if self.chunks else self.began) + seconds, until) - time.monotonic()) > 0:
            self.read(left)

    def resize(self, columns: int) -> None:
        """Another width, and the signal a terminal's own process would get."""
        termios.tcsetwinsize(self.master, (LINES, columns))
        self._process.send_signal(signal.SIGWINCH)

    def ended_after(self, number: signal.Signals) -> float:
        """Send this signal and look on until the process has ended; when it had."""
        self._process.send_signal(number)
        while self._process.poll() is None:
            try:
                self.read(0.005)
            except OSError:  # nobody has the terminal any more
                self._process.wait(PATIENCE)
        return time.monotonic()

    def echoes(self, seconds: float, interval: float = 0.06) -> list[float]:
        """Type a letter every `interval` seconds; after how many seconds each was drawn. The others are added to `lost`."""
        marks, sent, found = _marks(), dict[bytes, tuple[float, float]](), list[float]()
        self.held_up = []
        begin = next_key = time.monotonic()
        looked = len(self.seen)
        while (now := time.monotonic()) < begin + seconds or sent:
            if now > begin + seconds + LATEST_KEY:
                self.lost += len(sent)
                break
            if now >= next_key and now < begin + seconds:
                mark = next(marks)
                sent[mark.encode()] = time.monotonic(), self._stood_ready
                self.type(mark)
                next_key += interval
            self.read(min(next_key - time.monotonic(), interval) if now < begin + seconds else 0.1)
            for mark in [one for one in sent if one in self.seen[max(looked - 4, 0) :]]:
                at, ready = sent.pop(mark)
                found.append(time.monotonic() - at)
                self.held_up.append(self._stood_ready - ready)
            looked = len(self.seen)
        return found

    # What it costs.

    @property
    def cpu(self) -> float:
        """CPU seconds of the process so far, user and system, those of threads and children that have ended included."""
        children = sum(int(ticks) for ticks in self._proc("stat").rpartition(")")[2].split()[13:15])
        return time.clock_gettime((~self._process.pid << 3) | _PROCESS_CLOCK) + children / os.sysconf("SC_CLK_TCK")

    @property
    def wakeups(self) -> int:
        """How often its threads have gone to sleep."""
        tasks = (Path("/proc") / str(self._process.pid) / "task").glob("*/status")
        return sum(int(line.split()[1]) for task in tasks for line in task.read_text().splitlines() if line.startswith("voluntary"))

    @property
    def _stood_ready(self) -> float:
        """Seconds that its threads, and this one, have waited for a processor so far; 0 where the system does not say."""
        places = [*(Path("/proc") / str(self._process.pid) / "task").glob("*/schedstat"), Path("/proc/thread-self/schedstat")]
        return sum(int(place.read_text().split()[1]) for place in places if place.exists()) / 1e9

    @property
    def megabytes(self) -> float:
        """Resident memory."""
        return self._kilobytes("status", "VmRSS") / 1024

    @property
    def peak_megabytes(self) -> float:
        """The most it has ever been resident with."""
        return self._kilobytes("status", "VmHWM") / 1024

    @property
    def own_megabytes(self) -> float:
        """Resident memory, with what it shares with other processes divided among them."""
        return self._kilobytes("smaps_rollup", "Pss") / 1024

    def _kilobytes(self, file: str, name: str) -> int:
        (line,) = [line for line in self._proc(file).splitlines() if line.startswith(f"{name}:")]
        return int(line.split()[1])

    def _proc(self, name: str) -> str:
        return (Path("/proc") / str(self._process.pid) / name).read_text()


def _marks() -> Iterator[str]:
    while True:
        yield from map(chr, range(_FIRST_MARK, _FIRST_MARK + _MARKS))


def milliseconds(seconds: Sequence[float]) -> dict[str, float]:
    """Median, 95th percentile and worst."""
    ordered = sorted(seconds)
    at_95 = ordered[min(round(0.95 * (len(ordered) - 1)), len(ordered) - 1)]
    figures = {"median_ms": statistics.median(ordered), "p95_ms": at_95, "worst_ms": ordered[-1]}
    return {"samples": len(ordered), **{name: round(value * 1000, 1) for name, value in figures.items()}}
