"""The start of the full screen: to the first frame, beside the least a Textual program can be; and keys in the first seconds."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.server import Server
from benchmarks.terminal import Pty, environment, milliseconds

PLACEHOLDER = "essage Claude"  # the cursor stands on its first letter
BARE_PLACEHOLDER = "essage Bare"
BARE = f"""
from textual.app import App
from textual.widgets import Static, TextArea

class Bare(App):
    def compose(self):
        yield Static("Hello")
        yield TextArea(placeholder="M{BARE_PLACEHOLDER}")

Bare().run()
"""
PROGRAMS = {"bare Textual": (["-c", BARE], BARE_PLACEHOLDER), "claude-tui": (["-m", "claude_tui"], PLACEHOLDER)}
TYPED_FOR = 3.0


def _first_paint(arguments: list[str], text: str, variables: dict[str, str]) -> tuple[float, float]:
    """Wall-clock and CPU seconds from the start of the process."""
    with Pty(arguments, variables) as terminal:
        wall = terminal.see(text) - terminal.began
        return wall, terminal.cpu


def first_paint(server: Server, rounds: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Program → medians; the programs take turns."""
    with TemporaryDirectory() as folder:
        variables = environment(Path(folder), ANTHROPIC_BASE_URL=server.url, ANTHROPIC_API_KEY=server.key)
        taken: dict[str, list[tuple[float, float]]] = {name: [] for name in PROGRAMS}
        for number in range(rounds + 1):
            say(f"first frame: round {number} of {rounds}")
            for name, (arguments, text) in PROGRAMS.items():
                measured = _first_paint(arguments, text, variables)
                if number:  # the first one fills caches
                    taken[name].append(measured)
    walls = {name: statistics.median(wall for wall, _ in times) for name, times in taken.items()}
    cpus = {name: statistics.median(cpu for _, cpu in times) for name, times in taken.items()}
    return {
        name: {
            "wall_ms": round(walls[name] * 1000),
            "cpu_ms": round(cpus[name] * 1000),
            "wall_ratio": round(walls[name] / walls["bare Textual"], 2),
            "cpu_ratio": round(cpus[name] / cpus["bare Textual"], 2),
        }
        for name in PROGRAMS
    }


def echo(server: Server, rounds: int, say: Callable[[str], None]) -> dict[str, Any]:
    """From a key to its letter on the screen, from the first frame on, while history and SDK are being loaded."""
    found: list[float] = []
    with TemporaryDirectory() as folder:
        variables = environment(Path(folder), ANTHROPIC_BASE_URL=server.url, ANTHROPIC_API_KEY=server.key)
        for number in range(rounds + 1):
            say(f"keys after the start: round {number} of {rounds}")
            with Pty(["-m", "claude_tui", "--temporary"], variables) as terminal:
                terminal.see(PLACEHOLDER)
                taken = terminal.echoes(TYPED_FOR)
            found += taken if number else []
    return {"in the first 3 s": milliseconds(found)}
