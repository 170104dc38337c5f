"""What one update of a long block costs without terminal and network: 200 characters fed, the visible rows laid out and painted.

`python -m benchmarks.transcript_cells KIND` measures one kind in a process of its own and prints JSON.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from benchmarks import texts
from benchmarks.figures import Run

KINDS = {
    "mixed": "document",
    "code": "code",
    "table": "table",
    "list": "list",
    "deep list": "nested",
    "paragraph": "paragraph",
    "quote": "quote",
    "CJK": "cjk",
}
WIDTH, ROWS = 112, 38
PIECE = 200
UPDATES, FEWEST_UPDATES = 100, 5
SHORT, LONG = 10_000, 1_000_000
BUILT_WITH = 4_000
"""Characters an update, on the way to the long text."""
PATIENCE = 20.0
"""Seconds for that way, and for the updates at either length; what is reached then counts."""
ROUNDS = 2


def _updater() -> Callable[[str], None]:
    """A new block on a screen: each call feeds it and draws what is visible of its end."""
    from rich.style import Style
    from textual.strip import Strip

    from claude_tui.domain.events import BlockDelta
    from claude_tui.render.cells import cell_for
    from claude_tui.render.looks import LOOKS
    from claude_tui.ui.brush import Brush
    from claude_tui.ui.layout import Layout

    look = LOOKS["dark"]
    cell = cell_for("k", {"type": "text", "text": ""})
    layout: Layout[Strip] = Layout([cell], Brush(WIDTH, Style(), look, Style()).line)
    layout.reshape(WIDTH, look)

    def update(text: str) -> None:
        cell.feed(BlockDelta(0, "text", text))
        layout.sync()
        for stretch in layout.view(layout.last_top(ROWS), ROWS):
            for row in range(max(stretch.first, stretch.gap), stretch.last):
                layout.strip(stretch.laid, row - stretch.gap)
        layout.trim()

    return update


def _timed(update: Callable[[str], None], text: str, start: int) -> list[float]:
    """CPU milliseconds of each update with the text from there on."""
    taken: list[float] = []
    until = time.monotonic() + PATIENCE
    for at in range(start, start + UPDATES * PIECE, PIECE):
        piece = text[at : at + PIECE]
        began = time.process_time()
        update(piece)
        taken.append((time.process_time() - began) * 1000)
        if len(taken) >= FEWEST_UPDATES and time.monotonic() > until:
            break
    return taken


def _measure(kind: str) -> dict[str, float]:
    """Medians and means at both lengths, and how long the long text came to be."""
    text = texts.text(kind, LONG + 2 * UPDATES * PIECE)
    update = _updater()
    update(text[:SHORT])
    short = _timed(update, text, SHORT)
    at, until = SHORT + UPDATES * PIECE, time.monotonic() + PATIENCE
    while at < LONG and time.monotonic() < until:
        update(text[at : at + BUILT_WITH])
        at += BUILT_WITH
    long = _timed(update, text, at)
    return {
        "short": statistics.median(short),
        "long": statistics.median(long),
        "mean ratio": statistics.fmean(long) / statistics.fmean(short),
        "worst": max(long),
        "reached": at,
    }


def cells(run: Run) -> None:
    """Every kind, in turns."""
    for number in range(1, min(run.rounds, ROUNDS) + 1):
        for name, kind in KINDS.items():
            run.say(f"one update, {name}: round {number} of {min(run.rounds, ROUNDS)}")
            done = subprocess.run([sys.executable, "-m", __name__, kind], check=True, capture_output=True, text=True)
            measured: dict[str, float] = json.loads(done.stdout)
            if measured["reached"] < LONG:
                run.say(f"  only {measured['reached']:,.0f} characters in {PATIENCE:g} s")
            run.samples.add("ours", f"cell {name}", measured["long"] / measured["short"])
            run.samples.add("ours", f"cell mean {name}", measured["mean ratio"])
            run.samples.add("ours", f"cell ms {name}", measured["long"])


if __name__ == "__main__":
    print(json.dumps(_measure(sys.argv[1])))
