"""What a trial says when it is over.

A trial is a module with `NAME: str`, the counts `BY_HAND: int` and `CI: int`, and `run(seed, count, say) -> Result`. `run` is
deterministic in what it tries for a seed and a count; `say` takes a line of progress at any time. A failure is a sentence that says
what was promised and what was found, with the seed by which it is repeated.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

Say = Callable[[str], None]


class Result(NamedTuple):
    """`figures` are what the table and docs/reliability.md show, by name."""

    trials: int
    failures: list[str]
    figures: dict[str, float | int | str]


def failure(name: str, seed: int, sentence: str, count: int = 1) -> str:
    """What went wrong, and the command that does it again. Trial `i` of a run is, alone, the first one of `seed + i`."""
    return f"{sentence}\n    again: python -m scripts.torture {name} --seed {seed} --count {count}"


def spread(values: list[float]) -> dict[str, float | int | str]:
    """Median and largest of these; nothing of nothing."""
    ordered = sorted(values)
    return {"median": round(ordered[len(ordered) // 2], 1), "max": round(ordered[-1], 1)} if ordered else {}
