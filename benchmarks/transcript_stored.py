"""A long session opened, another width for it, and what a long answer and doing nothing cost."""

from __future__ import annotations

import asyncio

from benchmarks.figures import Run
from benchmarks.screen_sessions import LAST, store
from benchmarks.screen_start import BARE, BARE_PLACEHOLDER
from benchmarks.terminal import COLUMNS, Pty, environment
from benchmarks.transcript_streams import OURS, driven
from claude_tui.files import Paths

SHORT, LONG = 1_000, 10_000
NARROW = 100
RESIZES = 4
RESIZE_ROUNDS = 3
LONG_ROUNDS = 2
IDLE_FOR = 10.0
CALM = 3.0
"""Seconds after which nothing is left to do."""


def stored(run: Run) -> None:
    """Until the last message is there, beside the first frame of a bare Textual program; then other widths."""
    variables: dict[int, dict[str, str]] = {}
    for length in (SHORT, LONG):
        own = {"CLAUDE_TUI_HOME": str(run.folder / f"stored {length}")}
        variables[length] = environment(run.folder, ANTHROPIC_BASE_URL=run.server.url, ANTHROPIC_API_KEY=run.server.key, **own)
        run.say(f"a session of {length:,} messages")
        asyncio.run(store(Paths.find(variables[length]).data, length))
    for number in range(run.rounds + 1):
        run.say(f"stored sessions: round {number} of {run.rounds}")
        with Pty(["-c", BARE], variables[SHORT]) as terminal:
            bare = terminal.see(BARE_PLACEHOLDER) - terminal.began
        with Pty([*OURS.arguments, "-c"], variables[SHORT]) as terminal:
            short = terminal.see(LAST) - terminal.began
        with Pty([*OURS.arguments, "-c"], variables[LONG]) as terminal:
            long = terminal.see(LAST) - terminal.began
            if 0 < number <= RESIZE_ROUNDS:
                terminal.rest(CALM)
                run.samples.add("ours", "resize", _resized(terminal) * 1000)
        if number:  # the first one fills caches
            run.samples.add("floor", "resume", bare * 1000)
            run.samples.add("ours", "resume", long * 1000)
            run.samples.add("ours", "resume beyond", (long - bare) * 1000)
            run.samples.add("ours", "resume ratio", long / short)


def _resized(terminal: Pty) -> float:
    """CPU seconds of one change of width; narrow and wide in turns."""
    cpu = terminal.cpu
    for number in range(RESIZES):
        terminal.resize(COLUMNS if number % 2 else NARROW)
        terminal.rest(1.0)
    return (terminal.cpu - cpu) / RESIZES


def memory(run: Run) -> None:
    """What an answer of 1 MB leaves behind, and ten seconds of doing nothing after it."""
    for number in range(1, min(run.rounds, LONG_ROUNDS) + 1):
        run.say(f"1 MB, then nothing: round {number} of {min(run.rounds, LONG_ROUNDS)}")
        with driven(OURS, run.server, run.folder) as running:
            terminal = running.terminal
            terminal.rest(CALM)
            resident, own = terminal.megabytes, terminal.own_megabytes
            running.stream("document", 20_000, 0, characters=50, batch=8)
            terminal.rest(CALM)
            run.samples.add("ours", "rss", terminal.megabytes - resident)
            run.samples.add("ours", "pss", terminal.own_megabytes - own)
            cpu = terminal.cpu
            terminal.rest(IDLE_FOR)
            run.samples.add("ours", "idle", 100 * (terminal.cpu - cpu) / IDLE_FOR)
