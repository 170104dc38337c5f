"""The program on the screen: the installed program in a pseudo-terminal, against the fake API in another process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks import screen_sessions, screen_start, screen_stream
from benchmarks.server import Server

FEWEST_STARTS = 11


def measure(server: Server, rounds: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Title of a table → its rows."""
    return {
        "first frame": screen_start.first_paint(server, max(rounds, FEWEST_STARTS), say),
        "key to screen": {**screen_start.echo(server, rounds, say), **screen_stream.echo(server, rounds, say)},
        "Esc to closed connection": screen_stream.escape(server, screen_stream.SAMPLES, say),
        "stored session": screen_sessions.measure(server, rounds, say),
        "idle": screen_stream.idle(server, say),
    }
