"""`two`: several processes on one history and on one session, and somebody who kills, stops and confuses them.

Each round of the nemesis strikes one of three processes: SIGKILL (another takes its place at once), SIGSTOP for a moment, or a wall
clock that is suddenly a year off. What a process was told is kept, it has written down beside the history; the checker compares.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from claude_tui.domain.blocks import plain_text
from claude_tui.domain.errors import SessionHeld
from claude_tui.domain.ids import new_id
from claude_tui.domain.messages import Message, Role, SessionInfo, Status
from claude_tui.store import locks
from claude_tui.store.sqlite import SqliteStore
from scripts.trials import two_child as child
from scripts.trials.looking import integrity, must
from scripts.trials.result import Result, Say, failure, spread
from scripts.trials.zygote import Zygote

NAME = "two"
BY_HAND = 4000
"""Rounds: about ten minutes."""
CI = 50
PROCESSES = 3
PAUSE = (0.05, 0.2)
STOPPED = (0.05, 0.3)
UNSIGNED = 1.0
"""Seconds: a process that has just taken the lock of a dead one has not yet put its name over that one's."""


def rest(seconds: float) -> None:
    """Let the processes be; there is nothing to wait for."""
    threading.Event().wait(seconds)


@dataclass
class Process:
    name: str
    pid: int
    notes: Path


@dataclass
class Ring:
    """The processes and what is done to them."""

    folder: Path
    shared: str
    chance: random.Random
    zygote: Zygote
    done: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    freed: list[float] = field(default_factory=list)
    processes: list[Process] = field(default_factory=list)

    def start(self, place: int) -> Process:
        name = f"p{place}-{self.done['starts']}"
        self.done["starts"] += 1
        notes = self.folder / f"{name}.notes"
        task = {"name": name, "seed": self.chance.random(), "data": str(self.folder / "data"), "shared": self.shared}
        ours, theirs = os.pipe()
        pid = self.zygote.fork({**task, "notes": str(notes)}, theirs)
        os.close(ours)
        os.close(theirs)
        return Process(name, pid, notes)

    def strike(self) -> None:
        """One round."""
        place = self.chance.randrange(PROCESSES)
        process = self.processes[place]
        match self.chance.choice(("kill", "kill", "stop", "clock")):
            case "kill":
                self._kill(process)
                self.processes[place] = self.start(place)
            case "stop":
                os.kill(process.pid, signal.SIGSTOP)
                rest(self.chance.uniform(*STOPPED))
                os.kill(process.pid, signal.SIGCONT)
                self.done["stops"] += 1
            case _:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGUSR1)
                self.done["clocks"] += 1

    def _kill(self, process: Process) -> None:
        """Whatever lock it held is free when it is dead."""
        os.kill(process.pid, signal.SIGKILL)
        code = self.zygote.wait(process.pid)
        self.done["kills"] += 1
        if code != -signal.SIGKILL:
            self.problems.append(f"{process.name} had ended by itself with {code}")
        began = time.monotonic()
        while True:
            try:
                locks.hold(self.folder / "data" / "locks", self.shared).release()
            except SessionHeld as held:
                if f"pid {process.pid}," not in str(held):
                    return
                if time.monotonic() > began + UNSIGNED:
                    self.problems.append(f"{process.name} is dead and still holds the session: {held}")
                    return
            else:
                break
        self.freed.append((time.monotonic() - began) * 1000)

    def end(self) -> None:
        for process in self.processes:
            os.kill(process.pid, signal.SIGKILL)
            self.zygote.wait(process.pid)

    def notes(self) -> list[tuple[str, str, str, float]]:
        """What all processes wrote down; the last line of a killed one may be torn."""
        lines = [line for file in sorted(self.folder.glob("*.notes")) for line in file.read_text().split("\n")[:-1]]
        return [tuple(json.loads(line)) for line in lines]


async def prepare(data: Path) -> str:
    """A history with the session that everybody wants."""
    store = await SqliteStore.open(data)
    shared = SessionInfo(new_id(), title="shared", model=child.MODEL)
    await store.create_session(shared)
    await store.close()
    return shared.id


async def check(data: Path, notes: list[tuple[str, str, str, float]]) -> int:
    """Every acknowledged prompt and answer is there, and no turn lies in another; how many turns there are."""
    store = await SqliteStore.open(data)
    try:
        told = {(what, prompt): session for what, session, prompt, _ in notes if what in ("prompt", "answer")}
        turns = 0
        for session_id in sorted(set(told.values())):
            info = await store.session(session_id)
            path = await store.path(info.leaf_id or "")
            must(len(path) == len(await store.tree(session_id)), f"session {session_id} has branches nobody made")
            turns += _check_path(path, {key for key, place in told.items() if place == session_id})
        return turns
    finally:
        await store.close()


def _check_path(path: list[Message], told: set[tuple[str, str]]) -> int:
    """A prompt, then its answer: whole if it was said so, else what had come of it, or nothing."""
    there: set[tuple[str, str]] = set()
    prompt = ""
    for before, message in zip([None, *path], path, strict=False):
        text = plain_text(message.blocks)
        if message.role is Role.USER:
            prompt = text
            must(("prompt", prompt) not in there, f"prompt {prompt} is there twice")
            there.add(("prompt", prompt))
            continue
        must(before is not None and before.role is Role.USER, f"an answer follows no prompt, but {before}")
        whole = child.answer_to(prompt)
        must(whole.startswith(text), f"the answer to {prompt} is {text!r}")
        must(message.status is not Status.COMPLETE or text == whole, f"the answer to {prompt} is complete, but only {text!r}")
        if message.status is Status.COMPLETE:
            there.add(("answer", prompt))
    must(told <= there, f"lost: {sorted(told - there)[:5]}")
    return len(there)


def run(seed: int, count: int, say: Say) -> Result:
    with tempfile.TemporaryDirectory(prefix="claude-tui-two-") as name, Zygote(child.__name__) as zygote:
        folder = Path(name)
        shared = asyncio.run(prepare(folder / "data"))
        ring = Ring(folder, shared, random.Random(seed), zygote)
        ring.processes = [ring.start(place) for place in range(PROCESSES)]
        for number in range(1, count + 1):
            rest(ring.chance.uniform(*PAUSE))
            ring.strike()
            if number % 500 == 0:
                say(f"{number} of {count} rounds, {len(ring.problems)} problems")
        ring.end()
        notes, turns = ring.notes(), 0
        try:
            must(integrity(folder / "data") == "ok", f"integrity_check says {integrity(folder / 'data')}")
            turns = asyncio.run(check(folder / "data", notes))
        except Exception as error:
            ring.problems.append(f"{type(error).__name__}: {error}")
    kinds = Counter(what for what, *_ in notes)
    held = [ms for what, _, _, ms in notes if what == "held"]
    figures: dict[str, float | int | str] = {
        **dict(sorted(ring.done.items())),
        "acknowledged": kinds["prompt"] + kinds["answer"],
        "stored": turns,
        "told it is held": kinds["held"],
        **{f"told after ms {which}": value for which, value in spread(held).items()},
        **{f"lock free after ms {which}": value for which, value in spread(ring.freed).items()},
    }
    return Result(count, [failure(NAME, seed, problem, count) for problem in ring.problems], figures)
