"""The full screen while an answer streams: what Esc and a key cost; and what it costs to do nothing."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.screen_start import PLACEHOLDER
from benchmarks.server import Server, Stream
from benchmarks.terminal import Pty, environment, milliseconds

ESCAPES = {"Esc, a lone byte": "\x1b", "Esc, kitty protocol": "\x1b[27u"}
SAMPLES = 40
INTERRUPTED = "what came is kept"
CALM = 1.0  # seconds after which nothing of an answer's end is left to do
IDLE_FOR = 10.0


@contextmanager
def _app(server: Server) -> Generator[Pty]:
    """The program, its SDK loaded, an answer behind it."""
    with TemporaryDirectory() as folder:
        variables = environment(Path(folder), ANTHROPIC_BASE_URL=server.url, ANTHROPIC_API_KEY=server.key)
        with Pty(["-m", "claude_tui"], variables) as terminal:
            terminal.see(PLACEHOLDER)
            _send(terminal, Stream("mixed", 50, 16, 0))
            _over(terminal, server)
            terminal.rest(CALM)
            yield terminal


def _send(terminal: Pty, stream: Stream) -> None:
    terminal.type(f"{stream.prompt()}\r")


def _over(terminal: Pty, server: Server) -> dict[str, Any]:
    """The server's word on the answer that runs, the terminal being read meanwhile."""
    while server.reports.fileno() not in terminal.read(30, server.reports.fileno()):
        pass
    return server.report()


def escape(server: Server, samples: int, say: Callable[[str], None]) -> dict[str, Any]:
    """From the key to the moment the server sees the connection close, in the middle of 500 deltas a second."""
    figures: dict[str, Any] = {}
    for name, sequence in ESCAPES.items():
        say(f"{name}: {samples} times")
        taken: list[float] = []
        with _app(server) as terminal:
            for _ in range(samples):
                start = len(terminal.seen)
                _send(terminal, Stream("mixed", 5_000, 16, 500))
                terminal.see("Streaming", start)
                terminal.rest(random.uniform(0.2, 0.6))
                start, pressed = len(terminal.seen), time.monotonic()
                terminal.type(sequence)
                report = _over(terminal, server)
                if not report["left"]:
                    raise RuntimeError(f"the answer came to its end: {json.dumps(report)}")
                taken.append(report["at"] - pressed)
                terminal.see(INTERRUPTED, start)
                terminal.rest(0.2)
        figures[name] = milliseconds(taken)
    return figures


def echo(server: Server, rounds: int, say: Callable[[str], None]) -> dict[str, Any]:
    """From a key to its letter on the screen while 500 deltas a second come."""
    found: list[float] = []
    with _app(server) as terminal:
        for number in range(1, rounds + 1):
            say(f"keys in a stream: round {number} of {rounds}")
            start = len(terminal.seen)
            _send(terminal, Stream("mixed", 2_500, 16, 500))
            terminal.see("Streaming", start)
            terminal.rest(0.3)
            found += terminal.echoes(3.0)
            terminal.type("\x15\x15\x15")  # the draft's lines go
            _over(terminal, server)
            terminal.rest(CALM)
    return {"at 500 deltas a second": milliseconds(found)}


def idle(server: Server, say: Callable[[str], None]) -> dict[str, Any]:
    """CPU over ten seconds in which nothing happens, how often the program woke up for it, and what it holds."""
    figures: dict[str, Any] = {}
    with TemporaryDirectory() as folder:
        variables = environment(Path(folder), ANTHROPIC_BASE_URL=server.url, ANTHROPIC_API_KEY=server.key)
        with Pty(["-m", "claude_tui"], variables) as terminal:
            terminal.see(PLACEHOLDER)
            terminal.rest(5)  # the SDK is there after that
            say("idle, with nothing said yet")
            figures["nothing said yet"] = _at_rest(terminal)
            start = len(terminal.seen)
            _send(terminal, Stream("mixed", 2_000, 50, 0))
            _over(terminal, server)
            terminal.see("Idle", start)
            terminal.rest(5)
            say("idle, after an answer of 100 KB")
            figures["after an answer of 100 KB"] = _at_rest(terminal)
    return figures


def _at_rest(terminal: Pty) -> dict[str, Any]:
    cpu, wakeups, written = terminal.cpu, terminal.wakeups, len(terminal.seen)
    terminal.rest(IDLE_FOR)
    return {
        "percent_of_a_core": round(100 * (terminal.cpu - cpu) / IDLE_FOR, 2),
        "wakeups_per_s": round((terminal.wakeups - wakeups) / IDLE_FOR, 1),
        "written_bytes": len(terminal.seen) - written,
        "rss_mb": round(terminal.megabytes),
    }
