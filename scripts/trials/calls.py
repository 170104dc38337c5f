"""`calls`: the n-th call to the file system fails, for every n, once or from then on, while a store lives a fixed life.

A step that is refused is repeated, as a user would; where the fault stays, it goes away before that. Then it must work. Once the
store is closed, everything it ever said it keeps is there, whole; also what it only took into its memory meanwhile.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import apsw

from claude_tui.domain.errors import StoreError
from claude_tui.store.sqlite import SqliteStore
from scripts.trials import promises
from scripts.trials.images import fast
from scripts.trials.looking import integrity, must
from scripts.trials.promises import Promises
from scripts.trials.result import Result, Say, failure
from scripts.trials.scene import Scene, own_time
from scripts.trials.vfs import Counting, Failing, watched

NAME = "calls"
BY_HAND = 3000
"""More than there are: all of them."""
CI = 60
LENGTH = 6
PATIENCE = 60.0
ERRORS = {
    "open": (apsw.SQLITE_CANTOPEN, apsw.SQLITE_FULL),
    "write": (apsw.SQLITE_FULL, apsw.SQLITE_IOERR_WRITE),
    "truncate": (apsw.SQLITE_IOERR_TRUNCATE,),
    "sync": (apsw.SQLITE_IOERR_FSYNC,),
    "delete": (apsw.SQLITE_IOERR_DELETE,),
    "lock": (apsw.SQLITE_IOERR_LOCK,),
    "map": (apsw.SQLITE_IOERR_SHMMAP,),
}


@dataclass(frozen=True)
class Fault:
    kind: str
    number: int
    error: int
    lasting: bool

    def __str__(self) -> str:
        name = apsw.mapping_extended_result_codes.get(self.error) or apsw.mapping_result_codes[self.error]
        return f"{self.kind} {self.number} fails with {name}{' from then on' if self.lasting else ' once'}"


class Patient:
    """Repeats a step that the store refused, once; `told` has what it said."""

    def __init__(self, failing: Failing) -> None:
        self._failing = failing
        self.told: list[str] = []

    async def guard(self, step: Callable[[], Awaitable[object]]) -> object:
        try:
            return await step()
        except StoreError as error:
            self.told.append(str(error))
            self._failing.over()
        return await step()


def all_faults() -> list[Fault]:
    """Every call of the scene that changes something, with every error and either way; in an order that mixes them."""
    counting = Counting()
    with tempfile.TemporaryDirectory(dir=fast()) as name, own_time() as clock, watched(counting):
        asyncio.run(Scene(Path(name), Promises(lambda: 0), clock, length=LENGTH).play())
    faults = [
        Fault(kind, number, error, lasting)
        for kind, calls in counting.calls.items()
        for number in range(calls)
        for error in ERRORS[kind]
        for lasting in (False, True)
    ]
    random.Random(0).shuffle(faults)
    return faults


async def _live(folder: Path, failing: Failing) -> tuple[Promises, list[str]]:
    """The scene with this fault; what was promised and what was said."""
    ticks = iter(range(promises.NEVER))
    made = Promises(lambda: next(ticks))
    patient = Patient(failing)
    with own_time() as clock:
        async with asyncio.timeout(PATIENCE):
            scene = Scene(folder, made, clock, patient.guard, LENGTH)
            await scene.play()
    return made, patient.told


async def _found(folder: Path, made: Promises) -> dict[promises.Key, object]:
    store = await SqliteStore.open(folder)
    try:
        return await promises.look(store, made)
    finally:
        await store.close()


def attempt(fault: Fault, folder: Path) -> tuple[int, list[str]]:
    """One life with one fault; how often it struck and what was said of it."""
    failing = Failing(fault.kind, fault.number, fault.error, lasting=fault.lasting)
    with watched(failing):
        made, told = asyncio.run(_live(folder, failing))
    promises.check(made, asyncio.run(_found(folder, made)))
    must(integrity(folder) == "ok", f"integrity_check says {integrity(folder)}")
    must(all(sentence.endswith(".") and len(sentence) > 20 for sentence in told), f"that is no sentence: {told}")
    return failing.failed, told


def run(seed: int, count: int, say: Say) -> Result:
    faults = all_faults()
    chosen = [(seed + i, faults[(seed + i) % len(faults)]) for i in range(min(count, len(faults)))]
    failures: list[str] = []
    struck = said = 0
    for done, (number, fault) in enumerate(chosen, 1):
        try:
            with tempfile.TemporaryDirectory(prefix="claude-tui-calls-", dir=fast()) as name:
                failed, told = attempt(fault, Path(name) / "data")
        except Exception as error:
            failures.append(failure(NAME, number, f"{fault}: {type(error).__name__}: {error}"))
            continue
        struck += failed > 0
        said += bool(told)
        if done % 500 == 0:
            say(f"{done} of {len(chosen)} faults")
    kinds = Counter(fault.kind for _, fault in chosen)
    figures: dict[str, float | int | str] = {
        "of all": len(faults),
        "struck": struck,
        "told": said,
        "kinds": " ".join(f"{kind}={number}" for kind, number in sorted(kinds.items())),
    }
    return Result(len(chosen), failures, figures)
