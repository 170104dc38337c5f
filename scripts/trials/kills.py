"""`kills`: SIGKILL at random moments of a turn of engine and store at 500 deltas a second, then a look at what is left.

Where a kill strikes is drawn from its number. A few processes are killed side by side, each on a history of its own; every third
kill goes on with the conversation that the one before left. What must hold stands in `kills_check`.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import select
import signal
import tempfile
import time
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from scripts.trials import kills_check
from scripts.trials import kills_child as child
from scripts.trials.kills_check import Finding
from scripts.trials.looking import must
from scripts.trials.result import Result, Say, failure, spread
from scripts.trials.zygote import Zygote

NAME = "kills"
BY_HAND = 1000
CI = 200
AT_ONCE = 3
PER_HISTORY = 50
"""Kills after which a fresh history is begun: the checks cost what the history holds."""
PATIENCE = 20.0


@dataclass(frozen=True)
class Strike:
    """After the `count`th report of `what` in request `request` (0: any), and `delay` seconds more."""

    phase: str
    what: str
    request: int
    count: int
    delay: float


def strike_of(number: int) -> Strike:
    chance = random.Random(number)
    phase = chance.choice(("thinking", "text", "text", "input", "input", "tool", "between", "finalise", "finalise"))
    request = 1 if phase == "input" else chance.choice((1, 2))
    delta = chance.randrange(1, child.DELTAS + 1)
    match phase:
        case "tool":
            return Strike(phase, "runs", 0, chance.choice((1, 2)), chance.uniform(0, child.TOOL_SECONDS))
        case "between":
            return Strike(phase, "ran", 0, 2, chance.uniform(0, 0.008))
        case "finalise":
            return Strike(phase, "ends", request, 1, chance.uniform(0, 0.012))
        case _:
            return Strike(phase, phase, request, delta, chance.uniform(0, child.GAP))


@dataclass(frozen=True)
class Delta:
    """One that was handed out: when, how late by the clock, what. Milliseconds."""

    at: float
    late: float
    text: str


@dataclass
class Reports:
    """What the child said before it died. `handed`: request that began → block → its deltas."""

    seen: Counter[tuple[str, int]] = field(default_factory=Counter)
    handed: dict[int, dict[int, list[Delta]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))
    signatures: dict[int, dict[int, str]] = field(default_factory=lambda: defaultdict(dict))
    appends: list[float] = field(default_factory=list)
    """When the appends that were not yet done were asked for."""
    died: float = 0.0
    session_id: str = ""

    def take(self, line: bytes) -> None:
        stamp, what, request, number, text, late = json.loads(line)
        self.seen[what, 0] += 1
        if request:
            self.seen[what, request] += 1
            self.handed.setdefault(request, defaultdict(list))  # begun, even if no delta came
        if what == "signature":
            self.signatures[request][number] = text
        elif what in ("thinking", "text", "input"):
            self.handed[request][number].append(Delta(stamp / 1e6, late * 1e3, text))
        elif what == "append":
            self.appends.append(stamp / 1e6)
        elif what == "appended":
            self.appends.pop(0)
        elif what == "prompt stored":
            self.session_id = text


def run_and_kill(zygote: Zygote, task: dict[str, str], strike: Strike) -> Reports:
    """Fork the child, read what it says until the strike, kill it, read the rest."""
    ours, theirs = os.pipe()
    reports, waiting, due, dead = Reports(), b"", None, False
    pid = zygote.fork(task, theirs)
    os.close(theirs)
    patience = time.monotonic() + PATIENCE
    try:
        while True:
            wait = (due or patience) - time.monotonic()
            ready = wait > 0 and select.select([ours], [], [], wait)[0]
            if not ready and not dead:
                if due is None:
                    raise AssertionError(f"never came to {strike}; seen: {dict(reports.seen)}")
                os.kill(pid, signal.SIGKILL)
                reports.died = time.monotonic() * 1e3
                zygote.wait(pid)
                dead = True
            data = os.read(ours, 1 << 16) if ready or dead else b""
            if not data:
                break
            *lines, waiting = (waiting + data).split(b"\n")
            for line in lines:
                reports.take(line)
            if due is None and reports.seen[strike.what, strike.request] >= strike.count:
                due = time.monotonic() + strike.delay
    finally:
        if not dead:
            os.kill(pid, signal.SIGKILL)
            zygote.wait(pid)
        os.close(ours)
    must(not waiting, "a report was torn")
    return reports


def _kills(zygote: Zygote, folder: Path, numbers: list[int], failures: list[str]) -> list[Finding]:
    """These kills one after the other, on one history."""
    findings: list[Finding] = []
    session_id = ""
    for number in numbers:
        seed, strike = f"k{number}", strike_of(number)
        runs = folder / f"runs-{seed}"
        task = {"data": str(folder / "data"), "runs": str(runs), "seed": seed, "session": session_id if number % 3 == 0 else ""}
        try:
            reports = run_and_kill(zygote, task, strike)
            session_id = reports.session_id
            findings.append(asyncio.run(kills_check.check(folder / "data", runs, reports, seed, strike.phase)))
        except Exception as error:
            failures.append(failure(NAME, number, f"kill {number}, {strike}: {type(error).__name__}: {error}"))
            session_id = ""
    return findings


def _work(folder: Path, numbers: list[int], failures: list[str], say: Say) -> list[Finding]:
    """One worker's kills."""
    findings: list[Finding] = []
    with Zygote(child.__name__) as zygote:
        for first in range(0, len(numbers), PER_HISTORY):
            history = folder / str(numbers[first])
            history.mkdir()
            findings += _kills(zygote, history, numbers[first : first + PER_HISTORY], failures)
            say(f"{len(findings)} of {len(numbers)} kills of one worker")
    return findings


def run(seed: int, count: int, say: Say) -> Result:
    failures: list[str] = []
    workers = min(AT_ONCE, count)
    with tempfile.TemporaryDirectory(prefix="claude-tui-kills-") as name, ThreadPoolExecutor(workers) as pool:
        folders = [Path(name) / f"worker-{worker}" for worker in range(workers)]
        for folder in folders:
            folder.mkdir()
        shares = [list(range(seed + worker, seed + count, workers)) for worker in range(workers)]
        jobs = [pool.submit(_work, folder, share, failures, say) for folder, share in zip(folders, shares, strict=True)]
        findings = [finding for job in jobs for finding in job.result()]
    return Result(count, failures, _figures(findings))


def _figures(findings: list[Finding]) -> dict[str, float | int | str]:
    phases = Counter(finding.phase for finding in findings)
    statuses = Counter(status for finding in findings for status in finding.statuses)
    times = {
        "lost ms": [finding.lost_ms for finding in findings],
        "lag ms": [finding.lag_ms for finding in findings],
        "opened again ms": [finding.opened_ms for finding in findings],
    }
    return {
        **{f"{what} {which}": value for what, values in times.items() for which, value in spread(values).items()},
        "lost over 100 ms": sum(finding.lost_ms > kills_check.LONGEST_LOSS for finding in findings),
        "phases": " ".join(f"{phase}={number}" for phase, number in sorted(phases.items())),
        "answers": " ".join(f"{status}={number}" for status, number in sorted(statuses.items())),
    }
