"""A program in a pseudo-terminal, watched closely: when bytes come, what it costs, what it holds. Nothing is drawn here."""

from __future__ import annotations

import os
import select
import statistics
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

COLUMNS, LINES = 100, 30
PATIENCE = 30.0
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


class Pty:
    """`python ARGUMENTS` on a terminal. `began`: when it was started, in monotonic seconds, as every time here."""

    def __init__(self, arguments: Sequence[str], variables: dict[str, str]) -> None:
        self.master, slave = os.openpty()
        termios.tcsetwinsize(self.master, (LINES, COLUMNS))
        self.began = time.monotonic()
        self._process = subprocess.Popen(
            [sys.executable, *arguments], env=variables, stdin=slave, stdout=slave, stderr=slave, start_new_session=True
        )
        os.close(slave)
        self.seen = bytearray()

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
        return [one for one in ready if one != self.master]

    def rest(self, seconds: float) -> None:
        """Only look on."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.read(left)

    def see(self, text: str, start: int = 0) -> float:
        """Wait until it has been written, after the first `start` bytes; when it came."""
        wanted, deadline = text.encode(), time.monotonic() + PATIENCE
        while wanted not in self.seen[start:]:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{text!r} never came; the end of what did: {bytes(self.seen[-800:])!r}")
            self.read(0.1)
        return time.monotonic()

    def echoes(self, seconds: float, interval: float = 0.06) -> list[float]:
        """Type a letter every `interval` seconds; after how many seconds each was drawn."""
        marks, sent, found = _marks(), dict[bytes, float](), list[float]()
        begin = next_key = time.monotonic()
        looked = len(self.seen)
        while (now := time.monotonic()) < begin + seconds or sent:
            if now > begin + seconds + PATIENCE:
                raise TimeoutError(f"never drawn: {sorted(sent)}")
            if now >= next_key and now < begin + seconds:
                mark = next(marks)
                sent[mark.encode()] = time.monotonic()
                self.type(mark)
                next_key += interval
            self.read(min(next_key - time.monotonic(), interval) if now < begin + seconds else 0.1)
            for mark in [one for one in sent if one in self.seen[max(looked - 4, 0) :]]:
                found.append(time.monotonic() - sent.pop(mark))
            looked = len(self.seen)
        return found

    # What it costs.

    @property
    def cpu(self) -> float:
        """CPU seconds of the process so far, those of threads that have ended included."""
        return time.clock_gettime((~self._process.pid << 3) | _PROCESS_CLOCK)

    @property
    def wakeups(self) -> int:
        """How often its threads have gone to sleep."""
        tasks = (Path("/proc") / str(self._process.pid) / "task").glob("*/status")
        return sum(int(line.split()[1]) for task in tasks for line in task.read_text().splitlines() if line.startswith("voluntary"))

    @property
    def megabytes(self) -> float:
        """Resident memory."""
        (line,) = [line for line in self._proc("status").splitlines() if line.startswith("VmRSS")]
        return int(line.split()[1]) / 1024

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
