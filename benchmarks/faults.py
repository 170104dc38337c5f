"""The full screen while everything goes wrong: keys, Esc, what it costs afterwards, and what it holds under a flood.

One program lives through all faults of the fake API, one turn each. A round of it takes about five minutes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from signal import SIG_DFL, Signals, signal
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any

from benchmarks.marks import percentile
from benchmarks.screen_start import PLACEHOLDER
from benchmarks.server import FAULT, Server, Stream
from benchmarks.terminal import Pty, environment
from claude_tui.fakeapi import Fault, Phase

STRIKES_AFTER = 0.6
TYPED_FOR = 1.4
"""Seconds: keys come before, while and after a fault strikes."""
CALM, IDLE_FOR = 0.8, 2.0
TIMEOUT = "1.5"
"""Seconds of silence after which the program gives up."""
ESCAPES = 8
FLOODS = {
    "one delta of 10 MB": f"{FAULT}huge_delta text 0.6",
    "1,000,000 deltas as fast as they come": Stream("mixed", 1_000_000, 5, 0).prompt(),
    "2,000 deltas a second for 60 s": Stream("mixed", 120_000, 5, 2_000).prompt(),
}
FLOOD_PATIENCE = 240.0
SILENCES = {
    "before the headers": (f"{FAULT}closed before_headers 60", "Esc stops"),
    "nothing after the headers": (f"{FAULT}stall start 0", "Esc stops"),
    "in the midst of the answer": (f"{FAULT}stall text 0", "Here is the beginning"),
    "pings only": (f"{FAULT}stall_with_pings text 0", "Here is the beginning"),
}


def rows() -> list[tuple[Fault, Phase]]:
    """Every fault of the first wire once, in the middle of a text where it can strike there."""
    left_out = (Fault.HUGE_DELTA, Fault.STALL_WITH_PINGS)  # a flood of its own; never ends
    faults = [fault for fault in Fault if fault.on("anthropic") and fault not in left_out]
    return [(fault, Phase.TEXT if Phase.TEXT in fault.phases else fault.phases[0]) for fault in faults]


@contextmanager
def _app(server: Server, **settings: str) -> Iterator[Pty]:
    address = {"ANTHROPIC_BASE_URL": server.url, "ANTHROPIC_API_KEY": server.key, "CLAUDE_TUI_RETRIES": "0"}
    with TemporaryDirectory() as folder, Pty(["-m", "claude_tui"], environment(Path(folder), **address | settings)) as terminal:
        terminal.see(PLACEHOLDER)
        terminal.type(f"{Stream('mixed', 50, 16, 0).prompt()}\r")
        _over(terminal, server)
        terminal.rest(CALM)
        yield terminal


def _over(terminal: Pty, server: Server, seconds: float = 180.0) -> float:
    """When the server saw the end of the answer that runs, the terminal being read meanwhile."""
    until = monotonic() + seconds
    while server.reports.fileno() not in terminal.read(1.0, server.reports.fileno()):
        if monotonic() > until:
            raise TimeoutError("the answer never ended")
    return float(server.report()["at"] or monotonic())  # it may be told a moment before its time is noted


def _spread(seconds: Sequence[float], bar: str) -> dict[str, Any]:
    figures = {f"p{percent:g}_ms" if percent < 100 else "worst_ms": percentile(seconds, percent) for percent in (50, 99, 100)}
    return {"samples": len(seconds), **{name: round(value * 1000, 1) for name, value in figures.items()}, "goal": bar}


def _own(taken: Sequence[float], terminal: Pty) -> list[float]:
    """What of these echoes, the last ones, the program itself took."""
    return [max(0.0, one - held_up) for one, held_up in zip(taken, terminal.held_up, strict=True)]


def through_all(server: Server, say: Callable[[str], None]) -> dict[str, Any]:
    """Keys during every fault, and the cost of the seconds after it. The worst rows by name."""
    echoes: dict[str, list[float]] = {}
    own: list[float] = []
    idle: dict[str, float] = {}
    with _app(server, CLAUDE_TUI_IDLE_TIMEOUT=TIMEOUT, CLAUDE_TUI_FIRST_BYTE_TIMEOUT=TIMEOUT) as terminal:
        table = rows()
        for number, (fault, phase) in enumerate(table, 1):
            name = f"{fault.label} {phase.value}"
            say(f"faults: {number} of {len(table)}, {name}")
            terminal.type(f"\x15{FAULT}{name} {STRIKES_AFTER}\r")
            echoes[name] = terminal.echoes(TYPED_FOR)
            own += _own(echoes[name], terminal)
            _over(terminal, server)
            terminal.type("\x15")
            terminal.rest(CALM)
            before = terminal.cpu
            terminal.rest(IDLE_FOR)
            idle[name] = (terminal.cpu - before) / IDLE_FOR * 100
        holds, lost = terminal.megabytes, terminal.lost
    taken = [one for found in echoes.values() for one in found]
    slowest = max(echoes, key=lambda name: max(echoes[name], default=0.0))
    busiest = max(idle, key=idle.__getitem__)
    return {
        "key to screen in a fault": {
            "all faults": {**_spread(taken, "p99 ≤ 100, worst ≤ 250"), "lost": lost},
            "less what other programs held up": {**_spread(own, "p99 ≤ 100, worst ≤ 250"), "lost": 0},
            f"the slowest: {slowest}": {**_spread(echoes[slowest], ""), "lost": 0},
        },
        "after a fault": {
            "CPU at rest, %": {"median": round(percentile(idle.values(), 50), 2), "worst": round(idle[busiest], 2), "goal": "≤ 1"},
            f"the busiest: {busiest}": {"median": "", "worst": round(idle[busiest], 2), "goal": ""},
            "MB held after all of them": {"median": "", "worst": round(holds), "goal": "≤ 300"},
        },
    }


def escape(server: Server, say: Callable[[str], None]) -> dict[str, Any]:
    """From Esc to the moment the server sees the connection close, in every kind of silence."""
    figures: dict[str, Any] = {}
    with _app(server) as terminal:
        for name, (prompt, mark) in SILENCES.items():
            say(f"Esc {name}")
            taken: list[float] = []
            for _ in range(ESCAPES):
                start = len(terminal.seen)
                terminal.type(f"{prompt}\r")
                terminal.see(mark, start)
                terminal.rest(0.4)
                start, pressed = len(terminal.seen), monotonic()
                terminal.type("\x1b")
                taken.append(_over(terminal, server) - pressed)
                terminal.see("Interrupted", start)
                terminal.rest(0.2)
                terminal.type("\x15")
                terminal.rest(0.2)
            figures[name] = _spread(taken, "worst ≤ 100")
    figures["while a retry is counted down, to the screen"] = _spread(_escape_from_retry(server), "worst ≤ 100")
    return {"Esc in a silence": figures}


def _escape_from_retry(server: Server) -> list[float]:
    """No connection is open then: from Esc to what the screen says."""
    taken: list[float] = []
    with _app(server, CLAUDE_TUI_RETRIES="4") as terminal:
        for _ in range(ESCAPES):
            start = len(terminal.seen)
            terminal.type(f"{FAULT}rate_limited_seconds before_headers 0\r")
            _over(terminal, server)
            terminal.see("Retrying", start)
            start, pressed = len(terminal.seen), monotonic()
            terminal.type("\x1b")
            taken.append(terminal.see("Interrupted", start) - pressed)
            terminal.rest(0.2)
            terminal.type("\x15")
            terminal.rest(0.2)
    return taken


def signals(server: Server, say: Callable[[str], None]) -> dict[str, Any]:
    """From a signal in the midst of an answer to the end of the process, the terminal given back and the answer committed."""
    figures: dict[str, Any] = {}
    signal(Signals.SIGHUP, SIG_DFL)  # under nohup it would be ignored by every child
    for number in (Signals.SIGTERM, Signals.SIGHUP, Signals.SIGQUIT):
        taken: list[float] = []
        for _ in range(3):
            say(f"{number.name} in an answer")
            with _app(server) as terminal:
                start = len(terminal.seen)
                terminal.type(f"{Stream('mixed', 5_000, 16, 500).prompt()}\r")
                terminal.see("Streaming", start)
                terminal.rest(0.5)
                began = monotonic()
                taken.append(terminal.ended_after(number) - began)
                server.report()
        figures[number.name] = _spread(taken, "worst ≤ 1000")
    return {"signal to the end of the process": figures}


def floods(server: Server, say: Callable[[str], None]) -> dict[str, Any]:
    """What is held at most, and keys meanwhile."""
    figures: dict[str, Any] = {}
    for name, prompt in FLOODS.items():
        say(name)
        with _app(server) as terminal:
            terminal.type(f"{prompt}\r")
            began, taken, own = monotonic(), list[float](), list[float]()
            while not (over := server.reports.fileno() in terminal.read(0.0, server.reports.fileno())):
                taken += (found := terminal.echoes(2.0))
                own += _own(found, terminal)
                terminal.type("\x15")
                if monotonic() - began > FLOOD_PATIENCE:
                    terminal.type("\x1b")
                    break
            _over(terminal, server)
            seconds = monotonic() - began
            taken += terminal.echoes(2.0)
            figures[name] = {
                **_spread(taken, "p99 ≤ 100, worst ≤ 250"),
                "own_p99_ms": round(percentile(own, 99) * 1000, 1),
                "own_worst_ms": round(percentile(own, 100) * 1000, 1),
                "lost": terminal.lost,
                "seconds": round(seconds),
                "to its end": "yes" if over else "no",
                "peak_MB": round(terminal.peak_megabytes),
                "goal_MB": "≤ 300",
            }
    return {"floods": figures}


PICKS: dict[str, Callable[[Server, Callable[[str], None]], dict[str, Any]]] = {
    "keys": through_all,
    "escape": escape,
    "signals": signals,
    "floods": floods,
}


def measure(server: Server, picks: Sequence[str], say: Callable[[str], None]) -> dict[str, Any]:
    """Title of a table → its rows."""
    return {title: rows for name, run in PICKS.items() if name in picks for title, rows in run(server, say).items()}
