"""Files: private from the first moment, repaired, refused where they are another's, explained where they may not be written."""

import os
import stat
from pathlib import Path

import pytest

from claude_tui.domain.errors import StorageOutage
from claude_tui.store import SqliteStore
from claude_tui.store.connection import Database
from tests.unit.store.samples import conversation, make, output_of, python, refusal


def modes(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): stat.S_IMODE(path.stat().st_mode) for path in [folder, *folder.rglob("*")]}


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077, 0o277])
def test_files_are_private_from_the_first_moment(tmp_path: Path, mask: int) -> None:
    source = """
        os.umask(int(sys.argv[2]))
        async def main():
            store = await SqliteStore.open(Path(sys.argv[1]))
            session, _ = await conversation(store)
            store.hold(session.id)
            print("ready", flush=True)
            sys.stdin.read()
        asyncio.run(main())
    """
    with python(source, tmp_path / "a" / "b" / "data", str(mask)) as child:
        assert child.stdout and child.stdout.readline() == "ready\n"
        found = modes(tmp_path / "a")
        child.communicate()
    assert {"b/data/history.db", "b/data/history.db-wal", "b/data/history.db-shm"} < set(found)
    assert sum(name.startswith("b/data/locks/") for name in found) == 1
    wrong = {
        name: oct(mode)
        for name, mode in found.items()
        if mode != (0o600 if Path(tmp_path / "a" / name).suffix or "locks/" in name or "open/" in name else 0o700)
    }
    assert not wrong


async def test_rights_of_others_are_taken_away(data_dir: Path) -> None:
    first = await SqliteStore.open(data_dir)
    await conversation(first)
    for name in ("history.db", "history.db-wal", "history.db-shm"):
        os.chmod(data_dir / name, 0o666)  # noqa: S103
    os.chmod(data_dir, 0o755)  # noqa: S103
    second = await SqliteStore.open(data_dir)
    assert {mode for name, mode in modes(data_dir).items() if name.startswith("history")} == {0o600}
    assert modes(data_dir)["."] == 0o700
    await first.close()
    await second.close()


async def test_what_belongs_to_someone_else_is_refused(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await make(data_dir)
    monkeypatch.setattr(os, "geteuid", lambda: data_dir.stat().st_uid + 1)
    assert "belongs to another user" in await refusal(data_dir)


def test_a_folder_that_may_only_be_read_is_explained() -> None:
    source = """
        import shutil, tempfile
        home = Path(tempfile.mkdtemp())
        try:
            os.chmod(home, 0o500)
            if os.geteuid() == 0:  # root may write anywhere: become someone who may not
                os.chown(home, 65534, 65534)
                os.seteuid(65534)
            async def main(data_dir):
                try:
                    await SqliteStore.open(data_dir)
                except Exception as error:
                    print(type(error).__name__, error)
            asyncio.run(main(home / "data"))
            asyncio.run(main(home))
        finally:
            if os.getuid() == 0:
                os.seteuid(0)
            os.chmod(home, 0o700)
            shutil.rmtree(home)
    """
    lines = output_of(source).splitlines()
    assert len(lines) == 2
    for line in lines:
        assert (
            line.startswith("StorageOutage The history cannot be kept (Permission denied)")
            and "Permission denied" in line
            and "CLAUDE_TUI_HOME" in line
        )


def test_a_history_in_a_folder_that_became_read_only_is_explained() -> None:
    source = """
        import shutil, tempfile
        home = Path(tempfile.mkdtemp())
        async def fill():
            store = await SqliteStore.open(home)
            await conversation(store)
            await store.close()
        async def main():
            try:
                await SqliteStore.open(home)
            except Exception as error:
                print(type(error).__name__, error)
        try:
            asyncio.run(fill())
            if os.geteuid() == 0:
                for path in (home, *home.iterdir()):
                    os.chown(path, 65534, 65534)
            os.chmod(home, 0o500)
            if os.geteuid() == 0:
                os.seteuid(65534)
            asyncio.run(main())
        finally:
            if os.getuid() == 0:
                os.seteuid(0)
            os.chmod(home, 0o700)
            shutil.rmtree(home)
    """
    line = output_of(source).strip()
    assert line.startswith("StorageOutage") and "writable" in line


def test_no_file_is_made_where_the_history_was_deleted(tmp_path: Path) -> None:
    """What SQLite makes has the rights the mask leaves, and would stand where a history is to be put back."""
    with pytest.raises(StorageOutage):
        Database(tmp_path / "history.db")
    assert list(tmp_path.iterdir()) == []
