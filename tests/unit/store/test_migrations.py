"""Formats: each step whole or not at all, a copy before the first change, newer ones refused."""

import asyncio
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import pytest

from claude_tui.domain.errors import StoreError
from claude_tui.store import SqliteStore, migrations
from claude_tui.store import backups as backups_module
from claude_tui.store.backups import KEPT, UPGRADE
from tests.unit.store.samples import conversation, inside, output_of, python

NOW = len(migrations.MIGRATIONS)
SCHEMA = "SELECT type, name, sql FROM sqlite_schema ORDER BY name"

Step = Callable[[Any], None]


def adds_a_column(connection: Any) -> None:
    connection.execute("ALTER TABLE sessions ADD COLUMN colour TEXT")


def fails_halfway(connection: Any) -> None:
    connection.execute("ALTER TABLE sessions ADD COLUMN colour TEXT")
    connection.execute("UPDATE messages SET status = 'complete', created_at = 'changed'")
    raise apsw.IOError("the disk went away")


def loses_rows(connection: Any) -> None:
    connection.execute("DELETE FROM messages")


def then(monkeypatch: pytest.MonkeyPatch, *steps: Step) -> None:
    """A later version of the program, with these formats on top."""
    monkeypatch.setattr(migrations, "MIGRATIONS", (*migrations.MIGRATIONS, *steps))


async def filled(data_dir: Path) -> list[str]:
    store = await SqliteStore.open(data_dir)
    _, path = await conversation(store, turns=3)
    await store.close()
    return [message.id for message in path]


def content(data_dir: Path) -> list[object]:
    connection = inside(data_dir)
    found: list[object] = [
        connection.pragma("user_version"),
        connection.execute(SCHEMA).fetchall(),
        connection.execute("SELECT * FROM messages ORDER BY number").fetchall(),
        connection.execute("SELECT * FROM sessions").fetchall(),
    ]
    connection.close()
    return found


def backups(data_dir: Path) -> list[Path]:
    return sorted((data_dir / "backups").iterdir()) if (data_dir / "backups").exists() else []


async def test_a_new_history_needs_no_copy(data_dir: Path) -> None:
    await filled(data_dir)
    assert content(data_dir)[0] == len(migrations.MIGRATIONS)
    assert backups(data_dir) == []


async def test_opening_again_changes_nothing(data_dir: Path) -> None:
    await filled(data_dir)
    before = content(data_dir)
    await (await SqliteStore.open(data_dir)).close()
    assert content(data_dir) == before


async def test_a_history_is_copied_and_then_upgraded(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = await filled(data_dir)
    before = content(data_dir)
    then(monkeypatch, adds_a_column, lambda connection: connection.execute("CREATE TABLE later (x)"))
    store = await SqliteStore.open(data_dir)
    assert [message.id for message in await store.path(ids[-1])] == ids
    await store.close()
    assert content(data_dir)[0] == NOW + 2 and content(data_dir)[2] == before[2]
    (copy,) = backups(data_dir)
    assert copy.name.startswith(f"pre-v{NOW + 1}-") and copy.suffix == ".db"
    assert (stat.S_IMODE(copy.stat().st_mode), stat.S_IMODE(copy.parent.stat().st_mode)) == (0o600, 0o700)
    restored = data_dir / "restored"
    restored.mkdir()
    (restored / "history.db").write_bytes(copy.read_bytes())
    assert content(restored) == before


@pytest.mark.parametrize(("step", "message"), [(fails_halfway, "the disk went away"), (loses_rows, "nothing was changed")])
async def test_a_step_that_fails_leaves_everything_as_it_was(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, step: Step, message: str
) -> None:
    await filled(data_dir)
    before = content(data_dir)
    with monkeypatch.context() as patched:
        then(patched, step)
        with pytest.raises(StoreError, match=message):
            await SqliteStore.open(data_dir)
    assert content(data_dir) == before
    await (await SqliteStore.open(data_dir)).close()


async def test_of_two_steps_the_first_stays_when_the_second_fails(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await filled(data_dir)
    then(monkeypatch, lambda connection: connection.execute("CREATE TABLE later (x)"), fails_halfway)
    for _ in range(2):
        with pytest.raises(StoreError):
            await SqliteStore.open(data_dir)
        assert content(data_dir)[0] == NOW + 1


async def test_a_newer_format_is_refused_unchanged(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        then(patched, adds_a_column)
        await filled(data_dir)
    before = content(data_dir)
    with pytest.raises(StoreError, match=rf"newer claude-tui \(format {NOW + 1}; this one knows formats up to {NOW}\)"):
        await SqliteStore.open(data_dir)
    assert content(data_dir) == before


async def test_a_step_another_process_took_is_not_taken_twice(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both see the old format; while one copies, the other upgrades."""
    await filled(data_dir)
    then(monkeypatch, adds_a_column)
    real = backups_module.back_up_for_upgrade

    def copying(*arguments: Any) -> None:
        real(*arguments)
        connection = inside(data_dir)
        adds_a_column(connection)
        connection.pragma("user_version", NOW + 1)
        connection.close()

    monkeypatch.setattr(backups_module, "back_up_for_upgrade", copying)
    await (await SqliteStore.open(data_dir)).close()
    assert content(data_dir)[0] == NOW + 1


async def test_the_newest_copies_are_kept(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await filled(data_dir)
    names: list[str] = []
    for number in range(KEPT[UPGRADE] + 2):
        then(monkeypatch, lambda connection, number=number: connection.execute(f"CREATE TABLE later{number} (x)"))
        await (await SqliteStore.open(data_dir)).close()
        names = [path.name for path in backups(data_dir)]
    assert len(names) == KEPT[UPGRADE]
    assert names[-1].startswith(f"pre-v{NOW + KEPT[UPGRADE] + 2}-")


async def test_without_room_for_the_copy_nothing_is_upgraded(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await filled(data_dir)
    before = content(data_dir)
    (data_dir / "backups").write_text("in the way")
    then(monkeypatch, adds_a_column)
    with pytest.raises(StoreError):
        await SqliteStore.open(data_dir)
    assert content(data_dir) == before


async def test_processes_that_create_a_history_together_share_it(data_dir: Path) -> None:
    source = """
        async def main():
            print("up", flush=True)
            sys.stdin.readline()
            store = await SqliteStore.open(Path(sys.argv[1]))
            session, path = await conversation(store, turns=5)
            print(session.id)
            await store.close()
        asyncio.run(main())
    """
    children = [python(source, data_dir) for _ in range(6)]
    for child in children:
        assert child.stdout and child.stdout.readline() == "up\n"
    outputs = await asyncio.gather(*(asyncio.to_thread(child.communicate, "\n", 30) for child in children))
    assert [child.returncode for child in children] == [0] * 6, outputs
    store = await SqliteStore.open(data_dir)
    assert {session.id for session in await store.sessions()} == {output.strip() for output, _ in outputs}
    assert {session.message_count for session in await store.sessions()} == {10}
    assert await store.quick_check() == "ok" and await store.check_search()
    await store.close()


def test_a_process_killed_anywhere_in_an_upgrade_leaves_the_old_or_the_new(data_dir: Path) -> None:
    asyncio.run(filled(data_dir))
    before = content(data_dir)
    source = """
        from claude_tui.store import migrations
        deadly = int(sys.argv[2])
        def step(connection):
            for number in range(4):
                connection.execute(f"CREATE TABLE later{number} (x)")
                connection.execute("UPDATE messages SET seq = seq + 1000")
                if number == deadly:
                    os.kill(os.getpid(), 9)
        migrations.MIGRATIONS = (*migrations.MIGRATIONS, step)
        asyncio.run(SqliteStore.open(Path(sys.argv[1])))
    """
    for deadly in range(4):
        with python(source, data_dir, str(deadly)) as child:
            child.communicate()
        assert child.returncode == -9
        assert content(data_dir) == before
    output_of(source, data_dir, "99")
    assert content(data_dir)[0] == NOW + 1


def test_the_schema_is_written_in_one_place() -> None:
    """Every table the code names is made by a migration, and no other file holds a CREATE."""
    folder = Path(migrations.__file__).parent
    elsewhere = [path.name for path in folder.glob("*.py") if "CREATE " in path.read_text() and path.name != "migrations.py"]
    assert elsewhere == []
