"""Copies: whole, checked, private, thinned out; made beside a writer without holding it up."""

import asyncio
import shutil
import stat
from pathlib import Path
from types import SimpleNamespace

import pytest

from claude_tui.domain.errors import StoreError
from claude_tui.store import SqliteStore, backups, copying
from claude_tui.store.backups import back_up, contents_of, list_backups
from tests.unit.store.samples import conversation, inside, make, prompt

STAMP = "20260102T030405.{:06}Z"


def copy_named(data_dir: Path, name: str, size: int = 100) -> Path:
    path = data_dir / "backups" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"x" * size)
    return path


async def test_a_copy_is_whole_private_and_one_file(data_dir: Path, store: SqliteStore) -> None:
    await conversation(store, turns=3)
    target = data_dir.parent / "copy.db"
    await asyncio.to_thread(back_up, data_dir / "history.db", target)
    assert contents_of(target) == backups.Contents(contents_of(target).version, 1, 6)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert [path.name for path in target.parent.iterdir() if path.name.startswith("copy")] == ["copy.db"]


async def test_what_is_written_meanwhile_neither_waits_nor_shows(data_dir: Path, store: SqliteStore) -> None:
    session, path = await conversation(store, turns=40)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(copying, "PAGES", 1)
        written = 0
        loop = asyncio.get_running_loop()

        def pace() -> None:
            nonlocal written
            if written < 3:
                adding = store.add_message(prompt(session, path[-1], f"meanwhile {written}"))
                asyncio.run_coroutine_threadsafe(adding, loop).result(5)
                written += 1

        target = data_dir / "copy.db"
        await asyncio.to_thread(lambda: back_up(data_dir / "history.db", target, pace=pace))
    assert written == 3
    assert contents_of(target).messages == 80
    assert len(await store.tree(session.id)) == 83


async def test_a_copy_that_is_given_up_leaves_nothing_and_what_was_there(data_dir: Path) -> None:
    history = await make(data_dir)
    target = data_dir / "copy.db"
    target.write_bytes(b"older")

    def stop() -> None:
        raise StoreError("no more")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(copying, "PAGES", 1)
        with pytest.raises(StoreError, match="no more"):
            back_up(history, target, pace=stop)
    assert target.read_bytes() == b"older"
    assert [path for path in data_dir.iterdir() if "part" in path.name] == []


async def test_a_damaged_history_gives_no_copy(data_dir: Path) -> None:
    history = await make(data_dir, turns=40)
    data = bytearray(history.read_bytes())
    data[4096 * 6 : 4096 * 7] = b"\xff" * 4096
    history.write_bytes(data)
    with pytest.raises(StoreError, match="damaged"):
        back_up(history, data_dir / "copy.db")
    assert not (data_dir / "copy.db").exists()


async def test_no_copy_fills_the_disk(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    history = await make(data_dir)
    size = history.stat().st_size
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=size + 1000))  # pyright: ignore[reportUnknownLambdaType]
    back_up(history, data_dir / "fits.db")
    with pytest.raises(StoreError, match=r"too little for a copy"):
        back_up(history, data_dir / "copy.db", reserve=1001)
    assert not (data_dir / "copy.db").exists()


def test_without_a_history_there_is_nothing_to_copy(data_dir: Path) -> None:
    with pytest.raises(StoreError, match="no history to copy yet"):
        back_up(data_dir / "history.db", data_dir.parent / "copy.db")
    assert not data_dir.exists()


async def test_copies_are_listed_newest_first(data_dir: Path) -> None:
    history = await make(data_dir)
    names = ["daily-" + STAMP.format(2) + ".db", "pre-v3-" + STAMP.format(4) + ".db", "manual-" + STAMP.format(3) + ".db"]
    for name in names:
        copy_named(data_dir, name)
    copy_named(data_dir, "daily-" + STAMP.format(9) + ".db.77.part")
    copy_named(data_dir, "notes.txt")
    (data_dir / f"history.db.replaced-{STAMP.format(1)}").write_bytes(b"")
    (data_dir / f"history.db.replaced-{STAMP.format(1)}-wal").write_bytes(b"")
    assert [backup.kind for backup in list_backups(history)] == ["upgrade", "manual", "daily", "replaced"]
    assert {backup.made_at for backup in list_backups(history)} == {"2026-01-02T03:04:05.000Z"}
    assert list_backups(data_dir / "nowhere" / "history.db") == []


async def test_the_newest_of_each_kind_stay_and_the_users_own_all(data_dir: Path) -> None:
    history = await make(data_dir)
    for number in range(5):
        for prefix in ("daily", "pre-v3", "manual"):
            copy_named(data_dir, f"{prefix}-{STAMP.format(number)}.db")
    backups.prune(history)
    kept = sorted((backup.kind, backup.path.name[-5]) for backup in list_backups(history))
    assert kept == [*(("daily", n) for n in "234"), *(("manual", n) for n in "01234"), *(("upgrade", n) for n in "234")]


async def test_large_copies_are_fewer_but_one_stays(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    history = await make(data_dir)
    for number in range(3):
        copy_named(data_dir, f"daily-{STAMP.format(number)}.db", size=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=6000))  # pyright: ignore[reportUnknownLambdaType]
    backups.prune(history)
    assert len(list_backups(history)) == 2  # a quarter of 8000
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=0))  # pyright: ignore[reportUnknownLambdaType]
    backups.prune(history)
    assert [backup.path.name for backup in list_backups(history)] == [f"daily-{STAMP.format(2)}.db"]


async def test_a_foreign_file_is_no_copy(tmp_path: Path, data_dir: Path) -> None:
    with pytest.raises(StoreError, match="does not exist"):
        contents_of(tmp_path / "nothing.db")
    (tmp_path / "text.db").write_text("not a database, but long enough to look at" * 30)
    with pytest.raises(StoreError, match="not a copy of a claude-tui history"):
        contents_of(tmp_path / "text.db")
    await make(data_dir)
    connection = inside(data_dir)
    connection.pragma("application_id", 7)
    connection.close()
    with pytest.raises(StoreError, match="another program"):
        contents_of(data_dir / "history.db")
