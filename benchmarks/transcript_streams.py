"""Answers streamed into the program and into the baselines, in a terminal, and what a delta costs late in a long one."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Generator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from benchmarks import floor_app, marks, raw_client
from benchmarks.figures import Run
from benchmarks.screen_start import PLACEHOLDER
from benchmarks.server import Server, Stream
from benchmarks.terminal import PATIENCE, Pty, environment

CHARACTERS = 12
SLOW, FAST = 50, 500
SHORT, LONG = 250, 4_000
SLOW_DELTAS = 1_000
SETTLED = 0.5
"""Seconds after the last mark that still belong to the answer: what is drawn once more when it is over."""
BASELINE_ROUNDS = 3
GROWTH_ROUNDS = 3
GROWTH_DELTAS = 100
GROWTH_MIDDLE = 24_000
GROWTH_KINDS = {"mixed": "document", "code": "code", "table": "table", "list": "list", "paragraph": "paragraph"}
_SAMPLED_EVERY = 0.04
_LAST_FRAMES = 0.1
_WRITTEN_WHOLE = 0.5
"""With fewer of its marks written in one piece, what was on the screen is asked of an emulator."""


class Program(NamedTuple):
    """`ready`: what it shows when it takes a prompt."""

    name: str
    arguments: list[str]
    ready: str


OURS = Program("ours", ["-m", "claude_tui"], PLACEHOLDER)
BASELINES = (
    Program("floor", ["-m", "benchmarks.floor_app"], floor_app.READY),
    Program("raw", ["-m", "benchmarks.raw_client"], raw_client.READY),
)


class Streamed(NamedTuple):
    """One answer. Times in seconds; `delays` of its marks, `lag` of the last; `whole`: first mark sent to last one seen."""

    cpu: float
    written: int
    characters: int
    deltas: int
    delays: list[float]
    seen: float
    lag: float
    whole: float
    sent: dict[str, float]
    costs: list[tuple[float, float]]

    @property
    def cpu_per_1000(self) -> float:
        return self.cpu * 1000 / self.deltas

    def cpu_between(self, begin: float, end: float) -> float:
        """CPU seconds between two moments of it."""
        times = [at for at, _ in self.costs]
        first, last = (self.costs[min(bisect_left(times, at), len(times) - 1)][1] for at in (begin, end))
        return last - first


class Driven:
    """A program that runs, its modules loaded, its screen full of an answer."""

    def __init__(self, terminal: Pty, server: Server) -> None:
        self.terminal = terminal
        self._server = server
        self._seeds = count(1)

    def stream(
        self, kind: str, deltas: int, rate: int, *, batch: int = 1, middle: int = 0, characters: int = CHARACTERS
    ) -> Streamed:
        """One prompt and its answer."""
        terminal = self.terminal
        stream = Stream(kind, deltas, characters, rate, batch, middle, next(self._seeds))
        sections = stream.sections()
        last = sections.marks(-1)[-1]
        start = len(terminal.seen)
        costs = [(time.monotonic(), terminal.cpu)]
        terminal.type(f"{stream.prompt()}\r")
        self._until(last, start, costs)
        terminal.rest(SETTLED)
        costs.append((time.monotonic(), terminal.cpu))
        written = len(terminal.seen) - start
        sent = self._server.report()["sent"]
        seen = marks.written(terminal.seen, terminal.chunks, start)
        share = len(seen.keys() & sent) / len(sent)
        if share < _WRITTEN_WHOLE:
            seen = marks.shown(terminal.seen, terminal.chunks, start) | seen
        first = min(sent.values())
        gone = seen.get(last, float("nan"))
        return Streamed(
            costs[-1][1] - costs[0][1],
            written,
            sections.size,
            sum(len(part) for part in sections.parts),
            marks.delays(sent, seen),
            share,
            gone - sent[last],
            gone - first,
            sent,
            costs,
        )

    def _until(self, mark: str, start: int, costs: list[tuple[float, float]]) -> None:
        """Look on until the mark was written, or the answer is over and nothing more comes; take down the costs meanwhile."""
        terminal, wanted = self.terminal, mark.encode()
        reports: tuple[int, ...] = (self._server.reports.fileno(),)
        over: float | None = None
        looked = start
        while not (over and (wanted in terminal.seen[looked:] or time.monotonic() > terminal.chunks[-1].at + PATIENCE / 10)):
            if wanted not in terminal.seen[looked:]:
                looked = max(len(terminal.seen) - len(wanted), start)
            if terminal.read(_SAMPLED_EVERY, *reports):
                over, reports = time.monotonic(), ()
            if time.monotonic() >= costs[-1][0] + _SAMPLED_EVERY:
                costs.append((time.monotonic(), terminal.cpu))


@contextmanager
def driven(program: Program, server: Server, folder: Path) -> Generator[Driven]:
    """The program in a home of its own; `folder` keeps the compiled modules for the next one."""
    with TemporaryDirectory(dir=folder) as home:
        own = {"CLAUDE_TUI_HOME": home, "ANTHROPIC_BASE_URL": server.url, "ANTHROPIC_API_KEY": server.key}
        with Pty(program.arguments, environment(folder, **own)) as terminal:
            terminal.see(program.ready)
            running = Driven(terminal, server)
            running.stream("document", SHORT, 0)
            terminal.rest(1.0)
            yield running


def streaming(run: Run) -> None:
    """The program and the baselines take turns."""
    for number in range(1, run.rounds + 1):
        for program in (OURS, *(BASELINES if number <= BASELINE_ROUNDS else ())):
            run.say(f"streaming, {program.name}: round {number} of {run.rounds}")
            with driven(program, run.server, run.folder) as running:
                for figure, value in _streaming(running).items():
                    run.samples.add(program.name, figure, value)
    run.samples.combine("cpu 50 ratio", "cpu 50", ("floor", "raw"))
    run.samples.combine("bytes ratio", "bytes", ("floor",))
    run.samples.combine("burst ratio", "burst", ("raw",))


def _streaming(running: Driven) -> dict[str, float]:
    first = running.stream("document", SHORT, FAST)
    slow = running.stream("document", SLOW_DELTAS, SLOW)
    fast = running.stream("document", LONG, FAST)
    again = running.stream("document", SHORT, FAST)
    burst = running.stream("document", LONG, 0, batch=8)
    return {
        "p50 50": marks.percentile(slow.delays, 50) * 1000,
        "p95 50": marks.percentile(slow.delays, 95) * 1000,
        "cpu 50": slow.cpu_per_1000,
        "bytes": slow.written / slow.characters,
        "seen": slow.seen * 100,
        "cpu 500": fast.cpu_per_1000,
        "p95 500": marks.percentile(fast.delays, 95) * 1000,
        "lag": fast.lag * 1000,
        "burst": burst.whole,
        "short again": again.cpu / first.cpu,
    }


def growth(run: Run) -> None:
    """What deltas at 50 a second cost after 24 KB of their block, beside the same number of them at its start."""
    for number in range(1, min(run.rounds, GROWTH_ROUNDS) + 1):
        with driven(OURS, run.server, run.folder) as running:
            for name, kind in GROWTH_KINDS.items():
                run.say(f"growth, {name}: round {number} of {min(run.rounds, GROWTH_ROUNDS)}")
                before, after = _growth(running, kind)
                run.samples.add(OURS.name, f"growth {name}", after / before)
                run.samples.add(OURS.name, f"cores {name}", after)


def _growth(running: Driven, kind: str) -> tuple[float, float]:
    """Of a core, for the deltas before and behind the middle; what the end of an answer costs is no delta's."""
    streamed = running.stream(kind, GROWTH_DELTAS, SLOW, middle=GROWTH_MIDDLE)
    times = sorted(streamed.sent.values())
    longest = sorted(range(1, len(times)), key=lambda at: times[at] - times[at - 1])[-2:]
    pause, end = min(longest), max(longest)
    last = max(at for at in times if at < times[-1] - _LAST_FRAMES)
    spans = (times[0], times[pause - 1]), (times[end], last)
    costs = [streamed.cpu_between(*span) / (span[1] - span[0]) for span in spans]
    return costs[0], costs[1]


def keys(run: Run) -> None:
    """From a key to its letter on the screen while 500 deltas a second come."""
    with driven(OURS, run.server, run.folder) as running:
        for number in range(1, run.rounds + 1):
            run.say(f"keys in a stream: round {number} of {run.rounds}")
            taken = _typed(running.terminal, run.server)
            run.samples.add(OURS.name, "key", marks.percentile(taken, 95) * 1000)
            run.samples.add(OURS.name, "keys lost", running.terminal.lost)


def _typed(terminal: Pty, server: Server) -> list[float]:
    start = len(terminal.seen)
    terminal.type(f"{Stream('mixed', 2_000, CHARACTERS, FAST).prompt()}\r")
    terminal.see("Streaming", start)
    terminal.rest(0.3)
    taken = terminal.echoes(3.0)
    terminal.type("\x15\x15\x15")  # the draft's lines go
    while server.reports.fileno() not in terminal.read(PATIENCE, server.reports.fileno()):
        pass
    report: dict[str, Any] = server.report()
    if report["left"]:
        raise RuntimeError("the program left its answer")
    terminal.rest(1.0)
    return taken
