"""Beside everybody's work: the day's copy, and a look at the whole file after an unclean end and every week."""

import asyncio
import os
import threading
import time
from pathlib import Path

import pytest

from claude_tui.domain.ids import timestamp
from claude_tui.store import SqliteStore, locks, presence, upkeep
from claude_tui.store.backups import contents_of, list_backups
from claude_tui.store.upkeep import DAY, WEEK, failure, look_after
from tests.unit.store.samples import conversation, inside, make, output_of, python

NEVER = threading.Event()


async def old_history(data_dir: Path, age: float = 2 * DAY) -> Path:
    """A history that was begun some time ago and looked through just now."""
    history = await make(data_dir, turns=40)
    connection = inside(data_dir)
    connection.execute("UPDATE sessions SET created_at = ?", (timestamp(time.time() - age),))
    connection.execute("INSERT INTO meta VALUES ('checked_at', ?)", (timestamp(),))
    connection.close()
    return history


def spoil(history: Path) -> None:
    data = bytearray(history.read_bytes())
    data[4096 * 6 : 4096 * 7] = b"\xff" * 4096
    history.write_bytes(data)


def kinds(history: Path) -> list[str]:
    return [backup.kind for backup in list_backups(history)]


def checked(data_dir: Path) -> str | None:
    connection = inside(data_dir)
    found = connection.execute("SELECT value FROM meta WHERE key = 'checked_at'").fetchall()
    connection.close()
    return found[0][0] if found else None


# The copy.


async def test_a_day_old_history_gets_one_copy_a_day(data_dir: Path) -> None:
    history = await old_history(data_dir)
    assert look_after(history, NEVER) == look_after(history, NEVER) == []
    (copy,) = list_backups(history)
    assert copy.kind == "daily" and contents_of(copy.path).messages == 80
    yesterday = copy.path.with_name("daily-20260101T000000.000000Z.db")
    copy.path.rename(yesterday)
    look_after(history, NEVER)
    assert kinds(history) == ["daily", "daily"]


async def test_what_has_not_changed_is_not_copied_again(data_dir: Path) -> None:
    history = await old_history(data_dir)
    os.utime(history, (1_000_000_000, 1_000_000_000))
    (data_dir / "backups").mkdir()
    (data_dir / "backups" / "daily-20260101T000000.000000Z.db").write_bytes(b"")
    look_after(history, NEVER)
    assert len(list_backups(history)) == 1


async def test_a_new_history_needs_none_yet(data_dir: Path) -> None:
    history = await make(data_dir)
    assert look_after(history, NEVER) == [] and kinds(history) == []


async def test_of_two_processes_one_makes_it(data_dir: Path) -> None:
    history = await old_history(data_dir)
    other = locks.hold(data_dir / "locks", "upkeep")
    assert look_after(history, NEVER) == [] and kinds(history) == []
    other.release()
    look_after(history, NEVER)
    assert kinds(history) == ["daily"]


async def test_the_end_of_the_program_does_not_wait_for_it(data_dir: Path) -> None:
    history = await old_history(data_dir)
    stop = threading.Event()
    stop.set()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("claude_tui.store.copying.PAGES", 1)
        assert look_after(history, stop) == []
    assert kinds(history) == [] and list((data_dir / "backups").iterdir()) == []


async def test_a_large_history_is_left_to_those_with_time(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    history = await old_history(data_dir)
    monkeypatch.setattr(upkeep, "SMALL", 1000)
    assert look_after(history, NEVER, small_only=True) == [] and kinds(history) == []


async def test_a_copy_that_fails_is_told_once_and_noted_until_one_succeeds(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    history = await old_history(data_dir)
    with monkeypatch.context() as patch:
        patch.setattr(upkeep, "RESERVE", 1 << 60)
        (sentence,) = look_after(history, NEVER)
        assert sentence.startswith("Today's backup of the history could not be made. The history has 0.")
        assert look_after(history, NEVER) == []
    noted = failure(history)
    assert noted is not None and noted[1] in sentence and kinds(history) == []
    assert look_after(history, NEVER) == [] and kinds(history) == ["daily"]
    assert failure(history) is None


async def test_damage_never_pushes_out_a_good_copy(data_dir: Path) -> None:
    history = await old_history(data_dir)
    look_after(history, NEVER)
    (good,) = list_backups(history)
    good.path.rename(good.path.with_name("daily-20260101T000000.000000Z.db"))
    spoil(history)
    (sentence,) = look_after(history, NEVER)
    assert "damaged" in sentence
    assert [backup.path.name for backup in list_backups(history)] == ["daily-20260101T000000.000000Z.db"]


async def test_the_store_sees_to_it_beside_its_work(data_dir: Path) -> None:
    history = await old_history(data_dir)
    store = await SqliteStore.open(data_dir)
    looking = asyncio.ensure_future(store.look_after())
    await conversation(store, turns=2)
    assert await looking == []
    await store.close()
    assert kinds(history) == ["daily"]
    memory = await SqliteStore.open(None)
    assert await memory.look_after() == []
    await memory.close()


async def test_closing_ends_it(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, ended = threading.Event(), threading.Event()

    def looking(history: Path, stop: threading.Event, *, small_only: bool) -> list[str]:
        begun.set()
        assert stop.wait(5)
        ended.set()
        return []

    monkeypatch.setattr(upkeep, "look_after", looking)
    store = await SqliteStore.open(data_dir)
    task = asyncio.ensure_future(store.look_after())
    await asyncio.to_thread(begun.wait, 5)
    await store.close()
    assert ended.is_set() and await task == []


# The look at the whole file.

HOLDING = """
    async def main():
        store = await SqliteStore.open(Path(sys.argv[1]))
        print("open", flush=True)
        sys.stdin.readline()
        await store.close()
    asyncio.run(main())
"""


async def test_after_a_kill_the_whole_file_is_looked_through(data_dir: Path) -> None:
    """Whatever other processes did in the meantime, and by the first that has the time."""
    history = await make(data_dir, turns=40)
    with python(HOLDING, data_dir) as killed, python(HOLDING, data_dir) as other:
        for child in (killed, other):
            assert child.stdout and child.stdout.readline() == "open\n"
        assert look_after(history, NEVER) == [] and checked(data_dir) is None
        killed.kill()
        killed.communicate()
        other.communicate("\n")
    assert len(presence.left_open(data_dir)) == 1
    assert look_after(history, NEVER) == [] and checked(data_dir) is not None
    assert presence.left_open(data_dir) == []


async def test_damage_is_told_until_it_is_mended(data_dir: Path) -> None:
    history = await make(data_dir, turns=40)
    (data_dir / "open").mkdir(exist_ok=True)
    (data_dir / "open" / "dead").write_text("{}")
    spoil(history)
    for _ in range(2):
        (sentence,) = look_after(history, NEVER)
        assert sentence.startswith("The history is damaged (") and "`claude-tui doctor`" in sentence
    assert len(presence.left_open(data_dir)) == 1


@pytest.mark.parametrize(("age", "looks"), [(WEEK - 60, False), (WEEK + 60, True)])
async def test_once_a_week_it_is_looked_through(data_dir: Path, age: float, looks: bool) -> None:
    history = await old_history(data_dir)
    before = timestamp(time.time() - age)
    connection = inside(data_dir)
    connection.execute("UPDATE meta SET value = ? WHERE key = 'checked_at'", (before,))
    connection.close()
    look_after(history, NEVER)
    assert (checked(data_dir) != before) is looks


async def test_closing_leaves_no_mark(data_dir: Path) -> None:
    await make(data_dir)
    assert output_of(HOLDING, data_dir) == "open\n"
    assert presence.left_open(data_dir) == [] and list((data_dir / "open").iterdir()) == []


async def test_a_lock_that_is_being_made_is_not_touched(data_dir: Path) -> None:
    """Its process has the file and is about to lock it: looking closer would keep it from that."""
    await make(data_dir)
    young, old = data_dir / "open" / "young", data_dir / "open" / "old"
    for path in (young, old):
        path.touch()
    os.utime(old, (1_000_000_000, 1_000_000_000))
    assert presence.left_open(data_dir) == [old]
