"""Hostile strings through every inlet: what reaches the terminal is text, colours and safe links, and nothing breaks.

Strings go to inlets by shares, in batches; the same seed and count give the same strings to the same inlets. A batch that fails is
cut down to one string, and that to what is needed, before it is told.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Sequence
from tempfile import TemporaryDirectory
from typing import NamedTuple
from unittest.mock import patch

from scripts.trials.hostile import Attacker
from scripts.trials.inlets_cells import CELLS
from scripts.trials.inlets_screen import SCREEN, Stage, stage
from scripts.trials.inlets_text import TEXTS
from scripts.trials.result import Result, Say, failure

NAME = "strings"
BY_HAND = 1_000_000
CI = 20_000
LEAST = 4
"""Batches every inlet without a screen gets, however few strings there are."""
ENOUGH = 20
"""Failures after which the trial ends."""
_SHRINKS = 400
_STAGE = 20
"""Rounds a program on the screen lives for."""
_TRAITS = {
    **dict.fromkeys(TEXTS, (40, 16)),
    **dict.fromkeys(CELLS, (14, 12)),
    **dict.fromkeys(SCREEN, (1, 24)),
    "the sanitiser alone": (280, 40),
    "the last filter alone": (260, 40),
    "crash reports": (4, 12),
    "settings": (4, 12),
    "reports": (4, 12),
    "imported sessions": (16, 12),
}


class Inlet(NamedTuple):
    """`share`: its strings are to all of them as this is to the sum of shares. `batch`: how many go in at once."""

    name: str
    share: int
    batch: int

    async def take(self, stage: Stage | None, texts: Sequence[str], source: Attacker) -> None:
        """Raises whatever is wrong."""
        if stage is not None:
            await SCREEN[self.name](stage, texts, source)
        else:
            await asyncio.to_thread(TEXTS[self.name], texts, source) if self.name in _ON_A_LOOP else PURE[self.name](texts, source)


PURE: dict[str, Callable[[Sequence[str], Attacker], None]] = {**TEXTS, **CELLS}
INLETS = {name: Inlet(name, *_TRAITS[name]) for name in (*PURE, *SCREEN)}
_ON_A_LOOP = ("answers of ask on a terminal",)
"""Inlets that run a loop of their own."""


def run(seed: int, count: int, say: Say) -> Result:
    """At most `count` strings, unless that is too few for every inlet to get some."""
    began = time.process_time()
    found: list[str] = []
    given = dict.fromkeys(INLETS, 0)
    whole = sum(inlet.share for inlet in INLETS.values())
    a_round = sum(INLETS[name].batch for name in SCREEN)
    left = max(0, count - a_round - LEAST * sum(INLETS[name].batch for name in PURE))
    rounds = 1 + left * sum(INLETS[name].share for name in SCREEN) // whole // a_round
    with TemporaryDirectory() as home, patch.dict(os.environ, {"CLAUDE_TUI_HOME": home, "TERM": "xterm-256color"}):
        for number, name in enumerate(PURE):
            inlet = INLETS[name]
            source = Attacker(hash((seed, number)))
            batches = LEAST + left * inlet.share // whole // inlet.batch
            found += asyncio.run(_batches(inlet, batches, source))
            given[name] = batches * inlet.batch
            say(f"{name}: {given[name]:,} strings")
        for first in range(0, rounds, _STAGE):
            last = min(first + _STAGE, rounds)
            found += asyncio.run(_on_the_screen(last - first, Attacker(hash((seed, -1, first)))))
            given.update({name: last * INLETS[name].batch for name in SCREEN})
            say(f"the screen: {sum(given[name] for name in SCREEN):,} strings through {len(SCREEN)} inlets")
            if len(found) >= ENOUGH:
                break
    seconds = time.process_time() - began
    trials = sum(given.values())
    figures = {"inlets": len(INLETS), "strings a second of CPU": round(trials / seconds), "CPU seconds": round(seconds, 1)}
    shown = {"through the screen": sum(given[name] for name in SCREEN)}
    return Result(trials, [failure(NAME, seed, one, count) for one in found], {**figures, **shown})


async def _batches(inlet: Inlet, count: int, source: Attacker) -> list[str]:
    """What went wrong in these batches, as far as it is enough."""
    found: list[str] = []
    for _ in range(count):
        if problem := await _failure(inlet, None, source):
            found.append(problem)
            if len(found) >= ENOUGH:
                break
    return found


async def _on_the_screen(rounds: int, source: Attacker) -> list[str]:
    """So many batches for each inlet of the screen, in one program. Where something went wrong it is not looked at any further."""
    try:
        async with stage() as shown:
            for _ in range(rounds):
                for name in SCREEN:
                    if problem := await _failure(INLETS[name], shown, source):
                        return [problem]
    except Exception as error:
        return [f"the program on the screen ended badly: {error!r}"]
    return []


async def _failure(inlet: Inlet, shown: Stage | None, source: Attacker) -> str:
    """What is wrong with one batch; empty if nothing is."""
    texts = source.strings(inlet.batch)
    problem = await _problem(inlet, shown, texts, source)
    if not problem:
        return ""
    if shown is None:
        texts, problem = await _smallest(inlet, texts, problem)
    return f"{inlet.name}: {problem}; of {[ascii(text) for text in texts][:6]}"


async def _problem(inlet: Inlet, shown: Stage | None, texts: Sequence[str], source: Attacker) -> str:
    try:
        await inlet.take(shown, texts, source)
    except Exception as error:
        return f"{type(error).__name__}: {error}"[:500]
    return ""


async def _smallest(inlet: Inlet, texts: list[str], problem: str) -> tuple[list[str], str]:
    """Fewer strings, and shorter ones, that fail still: pieces are left out while that makes a difference to nothing."""
    left = _SHRINKS

    async def fails(tried: list[str]) -> str:
        nonlocal left
        left -= 1
        return next(filter(None, [await _problem(inlet, None, tried, Attacker(one)) for one in range(3)]), "") if left > 0 else ""

    for text in texts:
        if said := await fails([text] * len(texts)):
            texts, problem = [text], said
            break
    else:
        return texts, problem
    size = len(text) // 2
    while size:
        at = 0
        while at < len(text):
            shorter = text[:at] + text[at + size :]
            if said := await fails([shorter] * inlet.batch):
                text, problem = shorter, said
            else:
                at += size
        size //= 2
    return [text], problem
