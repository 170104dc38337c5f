"""A writer killed without warning, again and again: the history opens, is whole, and lacks at most the last moment."""

import asyncio
import os
import random
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import apsw
import pytest

from claude_tui.domain.blocks import plain_text
from claude_tui.domain.messages import Role, Status
from claude_tui.store import SqliteStore
from tests.faults.store_writer import DELTAS, delta_text

KILLS = int(os.environ.get("CLAUDE_TUI_TEST_KILLS", "20"))
RATE = 500
SHARE_IN_TIME = 0.8
LOST_MS = 100
LOST_MS_ON_A_BUSY_MACHINE = 400
SEED = 20240229


@dataclass
class Seen:
    """What a writer said before it died."""

    prompts: list[str] = field(default_factory=list[str])
    begun: list[str] = field(default_factory=list[str])
    finished: list[str] = field(default_factory=list[str])
    deltas: dict[str, list[float]] = field(default_factory=dict[str, list[float]])

    def take(self, line: bytes) -> None:
        match line.split():
            case [b"U", message_id]:
                self.prompts.append(message_id.decode())
            case [b"B", message_id]:
                self.begun.append(message_id.decode())
            case [b"F", message_id]:
                self.finished.append(message_id.decode())
            case [b"D", number, moment]:
                times = self.deltas.setdefault(self.begun[-1], [])
                assert int(number) == len(times)
                times.append(float(moment))
            case _:
                raise AssertionError(line)


def run_and_kill(data_dir: Path, chance: random.Random) -> Seen:
    """Let a writer work, kill it after a random number of its lines, give what it said."""
    seen = Seen()
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-m", "tests.faults.store_writer", str(data_dir), str(RATE)],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    ) as writer:
        assert writer.stdout
        for _ in range(chance.choice((chance.randint(1, 5), chance.randint(1, 2 * DELTAS), chance.randint(DELTAS, DELTAS + 8)))):
            seen.take(writer.stdout.readline())
        for _ in range(chance.randint(0, 200_000)):
            pass  # a moment between two lines
        writer.kill()
        for line in writer.stdout:
            if line.endswith(b"\n"):
                seen.take(line)
    assert writer.returncode == -9
    return seen


def lost_ms(times: list[float], kept: int) -> float:
    """How long before the last delta received the first one that is not stored was received."""
    return (times[-1] - times[kept]) * 1000 if kept < len(times) else 0.0


async def what_is_lost(data_dir: Path, seen: Seen) -> float:
    """Open what the killed writer left, check that nothing but a moment of the last answer is missing; that moment in ms."""
    store = await SqliteStore.open(data_dir)
    (session,) = await store.sessions() if seen.prompts else [None]
    lost = 0.0
    if session:
        tree = {message.id: message for message in await store.tree(session.id)}
        assert set(seen.prompts) <= set(tree)
        assert all(tree[one].status is Status.COMPLETE for one in seen.finished)
        assert [message.id for message in await store.path(session.leaf_id or "")] == list(tree)
        for message in tree.values():
            if message.role is Role.ASSISTANT:
                assert message.status in (Status.COMPLETE, Status.INTERRUPTED)
                text = plain_text(message.blocks)
                whole = "".join(map(delta_text, range(DELTAS)))
                assert whole.startswith(text) and len(text) % len(delta_text(0)) == 0
                assert message.status is Status.INTERRUPTED or text == whole
        for answer_id, times in seen.deltas.items():
            kept = len(plain_text(tree[answer_id].blocks)) // len(delta_text(0)) if answer_id in tree else 0
            lost = max(lost, lost_ms(times, kept))
            assert answer_id == seen.begun[-1] or kept == DELTAS
    assert await store.check_search()
    await store.close()
    return lost


@pytest.mark.slow
@pytest.mark.unmeasured
@pytest.mark.timeout(600)
def test_a_killed_writer_loses_a_moment_at_most(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    losses: list[float] = []
    for kill in range(KILLS):
        data_dir = tmp_path / str(kill)
        seen = run_and_kill(data_dir, chance)
        losses.append(asyncio.run(what_is_lost(data_dir, seen)))
        connection = apsw.Connection(str(data_dir / "history.db"))
        assert connection.execute("PRAGMA integrity_check").get == "ok"
        connection.close()
    losses.sort()
    print(f"{KILLS} kills, lost ms: median {losses[KILLS // 2]:.0f}, most {losses[-1]:.0f}")
    assert losses[int(KILLS * SHARE_IN_TIME)] <= LOST_MS, losses
    assert losses[-1] <= LOST_MS_ON_A_BUSY_MACHINE, losses
