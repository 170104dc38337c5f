"""`calls`: the n-th call to the file system fails, for every n, once or from then on, while a store lives a fixed life.

A step that is refused is repeated, as a user would; where the fault stays, it goes away before that. Then it must work. Once the
store is closed, everything it ever said it keeps is there, whole; also what it only took into its memory meanwhile.
"""

from __future__ import annotations

import asyncio
import errno
import itertools
import random
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import apsw

from claude_tui.domain.errors import StoreError
from claude_tui.store import connection
from claude_tui.store.sqlite import SqliteStore
from scripts.trials import promises, syscalls
from scripts.trials.images import fast
from scripts.trials.looking import integrity, must
from scripts.trials.promises import Promises
from scripts.trials.result import Result, Say, failure
from scripts.trials.scene import Scene, own_time
from scripts.trials.vfs import Call, Failing, Noting, watched

NAME = "calls"
BY_HAND = 9000
"""More than there are: all of them."""
CI = 56
LENGTH = 6
PATIENCE = 60.0
BUSY_MS = 50
"""Nobody else is there to wait for; a lock that fails must not cost the usual 8 seconds."""
SYNC = "sync"


@dataclass(frozen=True)
class Fault:
    kind: str
    number: int
    error: int
    lasting: bool

    def __str__(self) -> str:
        name = "SQLITE_IOERR_FSYNC" if self.kind == SYNC else errno.errorcode[self.error]
        return f"{self.kind} {self.number} fails with {name}{' from then on' if self.lasting else ' once'}"


class Patient:
    """Repeats a step that the store refused, when the fault has gone; `told` has what it said.

    Whatever else must work then does so at once. A file that could not be opened or mapped in its moment may stay so until the
    program is started again; `stuck` counts what was refused for that.
    """

    def __init__(self, failing: Failing, *, may_stick: bool) -> None:
        self._failing = failing
        self._may_stick = may_stick
        self.told: list[str] = []
        self.stuck = 0

    async def guard(self, step: Callable[[], Awaitable[object]], *, again: bool = True) -> object:
        try:
            return await step()
        except StoreError as error:
            self.told.append(str(error))
            self._failing.over()
        try:
            return await step() if again else None
        except StoreError as error:
            if not self._may_stick:
                raise
            self.told.append(str(error))
            self.stuck += 1
            return None


def all_faults() -> list[Fault]:
    """Every call of the scene, with every error, either way; the kinds take turns."""
    noting = Noting()
    with tempfile.TemporaryDirectory(dir=fast()) as name, own_time() as clock, watched(noting), syscalls.judged(noting):
        asyncio.run(Scene(Path(name) / "data", Promises(lambda: 0), clock, length=LENGTH).play())
    numbers: dict[str, tuple[Iterable[int], Iterable[int]]] = {SYNC: (_syncs(noting.calls), (apsw.SQLITE_IOERR_FSYNC,))}
    numbers |= {kind: (range(noting.kinds[kind]), syscalls.ERRNOS[kind]) for kind in syscalls.KINDS}
    kinds: list[list[Fault]] = []
    for kind, (calls, errors) in numbers.items():
        ways = (False,) if kind == "lock" else (False, True)  # a lock that is refused for ever is another program's
        faults = [Fault(kind, number, error, lasting) for number in calls for error in errors for lasting in ways]
        random.Random(0).shuffle(faults)
        kinds.append(faults)
    return [fault for turn in itertools.zip_longest(*kinds) for fault in turn if fault is not None]


def _syncs(calls: list[Call]) -> list[int]:
    """The syncs whose failure SQLite reports; of those of a checkpoint, which it passes over, an exception would come out."""
    files = [(call.kind, call.file.endswith("-wal")) for call in calls if call.kind in (SYNC, "write")]
    syncs = [place for place, (kind, _) in enumerate(files) if kind == SYNC]
    logged = False
    numbers: list[int] = []
    for number, place in enumerate(syncs):
        log = files[place][1]
        logged = logged or log
        begins_checkpoint = log and files[place + 1 : place + 2] == [("write", False)]
        if not begins_checkpoint and (log or not logged):
            numbers.append(number)
    return numbers


async def _live(folder: Path, fault: Fault, failing: Failing) -> tuple[Promises, Patient]:
    """The scene with this fault; what was promised and what was said."""
    ticks = iter(range(promises.NEVER))
    made = Promises(lambda: next(ticks))
    patient = Patient(failing, may_stick=fault.kind in ("open", "map"))
    with own_time() as clock, mock.patch.object(connection, "BUSY_MS", BUSY_MS):
        async with asyncio.timeout(PATIENCE):
            scene = Scene(folder, made, clock, patient.guard, LENGTH)
            await scene.play()
    return made, patient


async def _found(folder: Path, made: Promises) -> dict[promises.Key, object]:
    store = await SqliteStore.open(folder)
    try:
        return await promises.look(store, made)
    finally:
        await store.close()


def attempt(fault: Fault, folder: Path) -> tuple[Failing, Patient]:
    """One life with one fault; how often it struck and what was said of it."""
    failing = Failing(fault.kind, fault.number, fault.error, lasting=fault.lasting)
    with watched(failing) if fault.kind == SYNC else syscalls.judged(failing):
        made, patient = asyncio.run(_live(folder, fault, failing))
    promises.check(made, asyncio.run(_found(folder, made)))
    must(integrity(folder) == "ok", f"integrity_check says {integrity(folder)}")
    must(all(sentence.endswith(".") and len(sentence) > 20 for sentence in patient.told), f"no sentence: {patient.told}")
    return failing, patient


def run(seed: int, count: int, say: Say) -> Result:
    faults = all_faults()
    chosen = [(seed + i, faults[(seed + i) % len(faults)]) for i in range(min(count, len(faults)))]
    failures: list[str] = []
    outcomes: Counter[str] = Counter()
    for done, (number, fault) in enumerate(chosen, 1):
        try:
            with tempfile.TemporaryDirectory(prefix="claude-tui-calls-", dir=fast()) as name:
                failing, patient = attempt(fault, Path(name) / "data")
        except Exception as error:
            failures.append(failure(NAME, number, f"{fault}: {type(error).__name__}: {error}"))
            continue
        outcomes["struck"] += failing.failed > 0
        outcomes["told"] += bool(patient.told)
        outcomes["until a restart"] += patient.stuck > 0
        if done % 200 == 0:
            say(f"{done} of {len(chosen)} faults, {len(failures)} failures")
    kinds = Counter(fault.kind for _, fault in chosen)
    figures: dict[str, float | int | str] = {
        "of all": len(faults),
        **outcomes,
        "kinds": " ".join(f"{kind}={number}" for kind, number in sorted(kinds.items())),
    }
    return Result(len(chosen), failures, figures)
