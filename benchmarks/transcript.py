"""The conversation on the screen beside its floors and its goals: one table. The peers' figures are quoted, not measured here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import transcript_cells, transcript_stored, transcript_streams
from benchmarks.figures import Goal, Run, Samples
from benchmarks.server import Server

_MEASURES: dict[str, Callable[[Run], None]] = {
    "streaming": transcript_streams.streaming,
    "growth": transcript_streams.growth,
    "cells": transcript_cells.cells,
    "keys": transcript_streams.keys,
    "stored": transcript_stored.stored,
    "memory": transcript_stored.memory,
}
PICKS = tuple(_MEASURES)
_GROWTH_PEERS = {
    "mixed": "codex 1.2, vibe 1.9",
    "code": "codex 1.2, vibe 5.5",
    "table": "codex 5.6, vibe 3.1",
}

GOALS = (
    Goal("streaming", "50 deltas/s: sent to seen, p50, ms", "p50 50", 25, "10", "codex 3, vibe 44"),
    Goal("streaming", "50 deltas/s: sent to seen, p95, ms", "p95 50", 45, "35", "codex 34, vibe 78"),
    Goal("streaming", "50 deltas/s: CPU s per 1,000 deltas", "cpu 50", 3.0, "", "codex 2.7, vibe 2.5", 2),
    Goal("streaming", "50 deltas/s: the same, beside floor + raw", "cpu 50 ratio", 1.3, "", "", 2),
    Goal("streaming", "50 deltas/s: bytes per character", "bytes", 1.2, "60", "codex 106, vibe 60", 1, True),
    Goal("streaming", "50 deltas/s: marks written whole, %", "seen"),
    Goal("streaming", "500 deltas/s: CPU s per 1,000 deltas", "cpu 500", 0.9, "0.58", "codex 0.99, vibe 0.58", 2),
    Goal("streaming", "500 deltas/s: sent to seen, p95, ms", "p95 500", 100, "60", "codex 60, vibe 84"),
    Goal("streaming", "500 deltas/s: lag at the end, ms", "lag", 100, "40", "codex 88, vibe 40"),
    Goal("streaming", "48 KB at once: first sent to last seen, s", "burst", None, "", "codex 1.47, vibe 0.20", 2),
    Goal("streaming", "48 KB at once: the same, beside raw", "burst ratio", 1.5, "1.1", "", 2),
    Goal("streaming", "short turn after 60 KB / as the first, CPU", "short again", 1.1, "", "codex 1.0, vibe 0.9", 2),
    *(
        Goal("growth", f"a delta after 24 KB / at the start: {kind}", f"growth {kind}", 1.25, "1.1", _GROWTH_PEERS.get(kind, ""), 2)
        for kind in transcript_streams.GROWTH_KINDS
    ),
    *(Goal("growth", f"of a core after 24 KB: {kind}", f"cores {kind}", digits=3) for kind in transcript_streams.GROWTH_KINDS),
    *(Goal("cells", f"an update at 1 MB / at 10 KB: {kind}", f"cell {kind}", 1.25, digits=2) for kind in transcript_cells.KINDS),
    *(Goal("cells", f"the same, means: {kind}", f"cell mean {kind}", digits=2) for kind in transcript_cells.KINDS),
    *(Goal("cells", f"an update at 1 MB: {kind}, CPU ms", f"cell ms {kind}", digits=2) for kind in transcript_cells.KINDS),
    Goal("keys", "key to its letter at 500 deltas/s, p95, ms", "key", 20, "", "codex 28, vibe 11", 1),
    Goal("keys", "keys lost", "keys lost", 0),
    Goal("stored", "10,000 messages: to the last one, ms", "resume", None, "", "codex 2,509"),
    Goal("stored", "10,000 messages: beyond bare Textual, ms", "resume beyond", 300, "150"),
    Goal("stored", "10,000 messages / 1,000 messages", "resume ratio", 1.2, "", "codex 4.0", 2),
    Goal("stored", "10,000 messages: another width, CPU ms", "resize", 100),
    Goal("memory", "idle after 1 MB, % of a core", "idle", 0.3, "", "codex 0.4, vibe 2.4", 2),
    Goal("memory", "1 MB of answer: resident, MB", "rss", 40, digits=1),
    Goal("memory", "1 MB of answer: proportional, MB", "pss", 40, digits=1),
)


def measure(server: Server, rounds: int, picks: Sequence[str], say: Callable[[str], None]) -> tuple[list[Goal], Samples]:
    """The rows of those picks, and what was measured for them."""
    samples = Samples()
    with TemporaryDirectory() as name:
        for pick in PICKS:
            if pick in picks:
                _MEASURES[pick](Run(server, rounds, Path(name), samples, say))
    return [goal for goal in GOALS if goal.pick in picks], samples
