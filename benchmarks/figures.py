"""Samples of a figure, its goal, and the table of both."""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.server import Server

PROGRAMS = ("ours", "floor", "raw")


class Samples:
    """Program and figure → what was measured of it, a number a round."""

    def __init__(self) -> None:
        self._taken: defaultdict[tuple[str, str], list[float]] = defaultdict(list)

    def add(self, program: str, figure: str, value: float) -> None:
        self._taken[program, figure].append(value)

    def of(self, program: str, figure: str) -> list[float]:
        return self._taken.get((program, figure), [])

    def median(self, program: str, figure: str) -> float:
        return statistics.median(self.of(program, figure) or [math.nan])

    def combine(self, figure: str, of: str, beside: Iterable[str]) -> None:
        """A new figure of ours: each sample of `of` beside the sum of those programs' medians."""
        least = sum(self.median(program, of) for program in beside)
        for value in self.of("ours", of):
            self.add("ours", figure, value / least)


class Run(NamedTuple):
    """What a measurement gets. `folder` lasts for all of them and holds the compiled modules."""

    server: Server
    rounds: int
    folder: Path
    samples: Samples
    say: Callable[[str], None]


class Goal(NamedTuple):
    """A row. `limit`: what ours may be at most, times the floor's median with `of_floor`. Moonshot and peers are only quoted."""

    pick: str
    work: str
    figure: str
    limit: float | None = None
    moonshot: str = ""
    peers: str = ""
    digits: int = 0
    of_floor: bool = False

    def most(self, samples: Samples) -> float | None:
        if self.limit is None or not self.of_floor:
            return self.limit
        return self.limit * samples.median("floor", self.figure)

    def missed(self, samples: Samples) -> bool:
        """Whether the median is above the goal, or was not to be had."""
        most = self.most(samples)
        return most is not None and not round(samples.median("ours", self.figure), self.digits) <= most

    def shown(self, samples: Samples) -> dict[str, str]:
        """The cells of its row."""
        most = self.most(samples)
        goal = "" if most is None else f"≤ {most:.{self.digits}f}" if self.of_floor else f"≤ {most:g}"
        cells = {program: _spread(samples.of(program, self.figure), self.digits) for program in PROGRAMS}
        cells["ours"] += " ✗" if self.missed(samples) else ""
        return {**cells, "goal": goal, "moonshot": self.moonshot, "peers": self.peers}

    def to_json(self, samples: Samples) -> dict[str, Any]:
        """Its numbers."""
        taken = {program: [round(value, 4) for value in samples.of(program, self.figure)] for program in PROGRAMS}
        return {
            **{name: values for name, values in taken.items() if values},
            "goal": self.most(samples),
            "missed": self.missed(samples),
        }


def _spread(values: list[float], digits: int) -> str:
    if not values:
        return ""
    median = f"{statistics.median(values):,.{digits}f}"
    return median if len(values) == 1 else f"{median} [{min(values):,.{digits}f}–{max(values):,.{digits}f}]"
