"""Restoring: the old history or the new one, whatever happens; nobody else in it; nothing destroyed."""

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from claude_tui.domain.errors import StoreError
from claude_tui.store import SqliteStore, presence, restoring
from claude_tui.store.backups import back_up, contents_of, list_backups, restore
from tests.unit.store.samples import conversation, inside, make, python


async def with_backup(data_dir: Path, turns: int = 3, backed: int = 2) -> tuple[Path, Path]:
    """A history of so many turns, and a copy from before the last ones."""
    history = await make(data_dir, turns=backed)
    copy = data_dir.parent / "copy.db"
    back_up(history, copy)
    if turns > backed:
        store = await SqliteStore.open(data_dir)
        await conversation(store, turns=turns - backed)
        await store.close()
    return history, copy


def damage(data_dir: Path) -> list[bytes]:
    """As after a kill and worse: a full log beside a database that SQLite refuses. The bytes of both."""
    connection = inside(data_dir)
    connection.execute("UPDATE messages SET model = 'newer'")
    old = [b"\0" * 5000, (data_dir / "history.db-wal").read_bytes()]
    connection.close()
    (data_dir / "history.db").write_bytes(old[0])
    (data_dir / "history.db-wal").write_bytes(old[1])
    return old


async def messages(data_dir: Path) -> int:
    """How many there are, in a history that is whole and belongs together."""
    store = await SqliteStore.open(data_dir)
    try:
        assert await store.quick_check() == "ok"
        found = [len(await store.tree(session.id)) for session in await store.sessions()]
        return sum(found)
    finally:
        await store.close()


async def test_the_copy_takes_the_place_and_what_was_there_is_kept(data_dir: Path) -> None:
    history, copy = await with_backup(data_dir)
    aside = restore(history, copy)
    assert await messages(data_dir) == 4
    assert aside is not None and contents_of(aside).messages == 6
    assert [(backup.kind, backup.path) for backup in list_backups(history)] == [("replaced", aside)]
    assert restore(history, aside) is not None  # and back
    assert await messages(data_dir) == 6
    assert contents_of(copy).messages == 4


async def test_where_nothing_was_nothing_is_put_aside(data_dir: Path) -> None:
    _, copy = await with_backup(data_dir)
    elsewhere = data_dir.parent / "elsewhere"
    assert restore(elsewhere / "history.db", copy) is None
    assert await messages(elsewhere) == 4


async def test_a_log_is_never_read_with_another_database(data_dir: Path) -> None:
    """The process that wrote last was killed: its log lies there, full, beside a database no SQLite can open any more."""
    history, copy = await with_backup(data_dir)
    old = damage(data_dir)
    aside = restore(history, copy)
    assert await messages(data_dir) == 4
    assert aside is not None and [aside.read_bytes(), aside.with_name(aside.name + "-wal").read_bytes()] == old


async def test_a_copy_of_a_live_history_brings_its_own_log(data_dir: Path) -> None:
    store = await SqliteStore.open(data_dir)
    await conversation(store, turns=2)
    restore(data_dir.parent / "b" / "history.db", data_dir / "history.db")
    await store.close()
    assert await messages(data_dir.parent / "b") == 4


async def test_a_damaged_history_is_put_aside_as_it_lies(data_dir: Path) -> None:
    """SQLite would write its log into it, or throw the log away."""
    history, copy = await with_backup(data_dir)
    connection = inside(data_dir)
    connection.execute("UPDATE messages SET model = 'newer'")
    log = history.with_name("history.db-wal")
    kept = log.read_bytes()
    connection.close()
    with history.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 3000)  # the page of a table
    log.write_bytes(kept)
    before = history.read_bytes()
    aside = restore(history, copy)
    assert aside is not None and aside.read_bytes() == before
    assert aside.with_name(f"{aside.name}-wal").read_bytes() == kept
    assert await messages(data_dir) == 4


async def test_nobody_else_may_have_it_open(data_dir: Path) -> None:
    history, copy = await with_backup(data_dir)
    source = """
        async def main():
            store = await SqliteStore.open(Path(sys.argv[1]))
            print("open", flush=True)
            sys.stdin.read()
        asyncio.run(main())
    """
    with python(source, data_dir) as child:
        assert child.stdout and child.stdout.readline() == "open\n"
        with pytest.raises(StoreError, match=rf"open elsewhere \(pid {child.pid}.*nothing was changed"):
            restore(history, copy)
        child.kill()
        child.communicate()
    assert len(presence.left_open(data_dir)) == 1
    restore(history, copy)
    assert await messages(data_dir) == 4


async def test_nobody_opens_it_meanwhile(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await make(data_dir)
    monkeypatch.setattr(restoring, "PATIENCE", 0)
    with presence.alone(data_dir):
        with pytest.raises(StoreError, match="is being restored"):
            await SqliteStore.open(data_dir)
        with pytest.raises(StoreError, match="Another process is restoring"):
            restore(data_dir / "history.db", data_dir / "history.db")
    assert await messages(data_dir) == 2


@pytest.mark.parametrize("kind", ["missing", "text", "flipped", "itself", "folder"])
async def test_what_is_no_good_changes_nothing(data_dir: Path, kind: str) -> None:
    history, copy = await with_backup(data_dir, turns=42, backed=40)
    source = {"itself": history, "folder": data_dir}.get(kind, copy)
    if kind == "missing":
        copy.unlink()
    elif kind == "text":
        copy.write_text("no database")
    elif kind == "flipped":
        data = bytearray(copy.read_bytes())
        data[4096 * 6 : 4096 * 7] = b"\xff" * 4096
        copy.write_bytes(data)
    with pytest.raises(StoreError):
        restore(history, source)
    assert await messages(data_dir) == 84
    assert sorted(path.name for path in data_dir.iterdir() if path.is_file()) == ["history.db"]


# Whoever dies in the midst.

CALLS = {"open", "os.rename", "os.remove", "os.listdir", "os.mkdir"}


def dies_in(work: Callable[[], object], deadly: int) -> bool:
    """Run `work` in a fork that is killed before the deadly-th call that touches a file; whether it got so far."""
    child = os.fork()
    if child == 0:
        count = 0

        def trap(event: str, _: tuple[object, ...]) -> None:
            nonlocal count
            if event in CALLS:
                count += 1
                if count == deadly:
                    os.kill(os.getpid(), signal.SIGKILL)

        try:
            sys.addaudithook(trap)
            work()
        except BaseException:
            os._exit(9)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, "the restore itself failed"
    return os.WIFSIGNALED(status)


@pytest.mark.parametrize("damaged", [False, True])
def test_killed_anywhere_it_is_the_old_or_the_new(data_dir: Path, damaged: bool) -> None:
    """What is killed again while it is being finished, too."""
    history, copy = asyncio.run(with_backup(data_dir))
    old: list[bytes] = []
    if damaged:
        old = damage(data_dir)
    seen: set[int | str] = set()
    deadly = 1
    while True:
        folder = data_dir.parent / str(deadly)
        shutil.copytree(data_dir, folder)
        history = folder / "history.db"
        if not dies_in(lambda history=history: restore(history, copy), deadly):
            break
        dies_in(lambda history=history: restoring.enter(history).release(), 3 + deadly % 4)
        try:
            found: int | str = asyncio.run(messages(folder))
        except StoreError:
            found = "damaged"
            assert [history.read_bytes(), history.with_name("history.db-wal").read_bytes()] == old
        seen.add(found)
        deadly += 1
    assert seen == ({4, "damaged"} if damaged else {4, 6}) and deadly > 8
