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
