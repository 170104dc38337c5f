"""Opening: a sentence instead of harm for everything that is not a history of ours, and for a place that changes."""

import asyncio
import errno
import shutil
from pathlib import Path

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claude_tui.domain.damage import BadHistory
from claude_tui.domain.errors import StoreError
from claude_tui.store import SqliteStore, connection, files
from tests.unit.store.samples import conversation, inside, make, new_session, prompt, refusal

# What is not a history.


async def test_an_empty_file_is_a_new_history(data_dir: Path) -> None:
    data_dir.mkdir()
    (data_dir / "history.db").touch()
    await make(data_dir)


async def test_a_file_in_the_place_of_the_folder_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    assert "is not a folder" in await refusal(tmp_path / "file")
    assert "Not a directory" in await refusal(tmp_path / "file" / "data")
    assert (tmp_path / "file").read_text() == "x"


async def test_a_folder_in_the_place_of_the_file_is_explained(data_dir: Path) -> None:
    (data_dir / "history.db").mkdir(parents=True)
    assert "is a folder" in await refusal(data_dir)


async def test_an_emptied_file_beside_a_full_log_is_not_taken_for_new(data_dir: Path) -> None:
    path = await make(data_dir)
    path.write_bytes(b"")
    log = data_dir / "history.db-wal"
    log.write_bytes(b"what may still be saved")
    assert "cut off" in await refusal(data_dir)
    assert log.read_bytes() == b"what may still be saved"


def foreign(path: Path) -> None:
    connection = apsw.Connection(str(path))
    connection.execute("CREATE TABLE sessions (id)")
    connection.close()


def newer(path: Path) -> None:
    connection = apsw.Connection(str(path))
    connection.pragma("user_version", 99)
    connection.close()


def overwrite(start: int, data: bytes) -> object:
    def change(path: Path) -> None:
        content = bytearray(path.read_bytes())
        content[start : start + len(data)] = data
        path.write_bytes(content)

    return change


REFUSED = {
    "text": (lambda path: path.write_text("not a database\n" * 100), "is not a claude-tui history"),
    "short text": (lambda path: path.write_text("x"), "is not a claude-tui history"),
    "zeroed header": (overwrite(0, bytes(100)), "is damaged (its head is not that of an SQLite file)"),
    "nothing but zeros": (lambda path: path.write_bytes(bytes(path.stat().st_size)), "is not a claude-tui history"),
    "another mark": (overwrite(68, b"mine"), "does not carry the mark of this program"),
    "a format far away": (overwrite(60, b"\xff"), "formats that there are not"),
    "a newer SQLite": (overwrite(18, b"\3\3"), "newer claude-tui (file format 3 of SQLite"),
    "half a newer SQLite": (overwrite(19, b"\3"), "is damaged"),
    "half of it": (lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]), "is damaged"),
    "zeroed schema": (overwrite(100, bytes(3996)), "is damaged"),
    "a newer format": (newer, "newer claude-tui"),
}


@pytest.mark.parametrize("what", REFUSED)
async def test_what_is_not_a_history_is_refused_and_not_touched(data_dir: Path, what: str) -> None:
    path = await make(data_dir)
    spoil, expected = REFUSED[what]
    spoil(path)  # type: ignore[operator]
    before = path.read_bytes()
    sentence = await refusal(data_dir)
    assert expected in sentence and "not changed" in sentence
    assert str(path) in sentence and ("--repair" in sentence or "newer" in expected)
    assert path.read_bytes() == before


async def test_a_database_of_another_program_is_refused(data_dir: Path) -> None:
    data_dir.mkdir()
    foreign(data_dir / "history.db")
    before = inside(data_dir).execute("SELECT sql FROM sqlite_schema").fetchall()
    assert "of another program" in await refusal(data_dir)
    assert inside(data_dir).execute("SELECT sql FROM sqlite_schema").fetchall() == before


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A history of some pages, as it lies on disk."""
    return asyncio.run(make(tmp_path_factory.mktemp("whole"), turns=10)).read_bytes()


async def look_at(data_dir: Path) -> None:
    """Open and read everything; only StoreError may come of it."""
    try:
        store = await SqliteStore.open(data_dir)
    except StoreError:
        return
    try:
        for session in await store.sessions():
            await store.tree(session.id)
            await store.path(session.leaf_id or "")
        await store.add_message(prompt(await new_session(store)))
        await store.search("question")
    except StoreError:
        pass
    finally:
        await store.close()


async def test_a_history_cut_off_at_any_page_is_opened_or_refused(tmp_path: Path, whole: bytes) -> None:
    for pages in range(len(whole) // 4096):
        data_dir = tmp_path / str(pages)
        data_dir.mkdir()
        (data_dir / "history.db").write_bytes(whole[: pages * 4096 + 100 * (pages % 2)])
        await look_at(data_dir)


@settings(max_examples=60)
@given(edits=st.lists(st.tuples(st.integers(0), st.binary(min_size=1, max_size=4)), min_size=1, max_size=5))
def test_bytes_changed_at_random_are_survived(
    tmp_path_factory: pytest.TempPathFactory, whole: bytes, edits: list[tuple[int, bytes]]
) -> None:
    data_dir = tmp_path_factory.mktemp("edited")
    content = bytearray(whole)
    for position, data in edits:
        start = position % (len(content) - len(data))
        content[start : start + len(data)] = data
    (data_dir / "history.db").write_bytes(content)
    asyncio.run(look_at(data_dir))
    shutil.rmtree(data_dir)


@pytest.mark.parametrize(
    ("error", "number", "sentence"),
    [
        (apsw.FullError("x"), 0, "is full"),
        (apsw.IOError("x"), errno.ENOSPC, "is full"),
        (apsw.IOError("x"), errno.EIO, "failed (x)"),
        (apsw.ReadOnlyError("x"), 0, "may only be read"),
        (apsw.CantOpenError("x"), 0, "is its folder writable"),
        (apsw.BusyError("x"), 0, "Another program holds"),
        (apsw.CorruptError("x"), 0, "is damaged"),
        (apsw.NotADBError("x"), 0, "is damaged"),
        (apsw.SQLError("invalid fts5 file format (found 0, expected 4 or 5) - run 'rebuild'"), 0, "is damaged"),
        (apsw.SQLError("x"), errno.ENOSPC, "refused"),
    ],
)
def test_every_failure_is_a_sentence_that_names_the_file(error: apsw.Error, number: int, sentence: str) -> None:
    said = str(connection.explain(error, Path("/a/history.db"), number))
    assert sentence in said and "/a/history.db" in said and said.endswith(".")
    assert "None" not in str(connection.explain(error, None, number))


# The file's place.


async def test_the_place_is_looked_at_once_a_second_at_most(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[Path] = []
    real = files.identity
    monkeypatch.setattr(files, "identity", lambda path: looks.append(path) or real(path))
    store = await SqliteStore.open(data_dir)
    monkeypatch.setattr(connection, "_IDENTITY_SECONDS", 3600.0)
    session = await new_session(store)
    looks.clear()
    for _ in range(20):
        await store.add_message(prompt(session))
    assert len([path for path in looks if path.suffix]) <= 1
    await store.close()


MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:40 / /home rw - nfs4 server:/home rw
31 30 0:41 / /home/me/local\\040disk rw - btrfs /dev/sdb rw
32 22 0:42 / /mnt/c rw - 9p C:\\ rw
33 22 0:43 / /mnt/s rw shared:2 master:1 - fuse.sshfs me@host: rw
34 22 0:44 / /mnt/twice rw - nfs a: rw
35 34 0:45 / /mnt/twice rw - tmpfs tmpfs rw
short line
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/etc", "ext4"),
        ("/home", "nfs4"),
        ("/home/me/x", "nfs4"),
        ("/homeless", "ext4"),
        ("/home/me/local disk/x", "btrfs"),
        ("/mnt/c/Users", "9p"),
        ("/mnt/s/a", "fuse.sshfs"),
        ("/mnt/twice/a", "tmpfs"),
    ],
)
def test_the_file_system_of_a_path(path: str, kind: str) -> None:
    assert files.file_system_of(path, MOUNTS) == kind


async def test_on_a_shared_file_system_there_is_one_writer_and_no_shared_memory(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make(data_dir)
    monkeypatch.setattr(files, "on_shared_file_system", lambda _: True)
    monkeypatch.setattr(connection, "BUSY_MS", 50)
    store = await SqliteStore.open(data_dir)
    await conversation(store)
    assert store._database.connection.pragma("journal_mode") == "truncate"  # pyright: ignore[reportPrivateUsage]
    assert not (data_dir / "history.db-shm").exists()
    assert "Close the other claude-tui" in await refusal(data_dir)
    assert len(await store.sessions()) == 2
    await store.close()


async def test_a_journal_mode_that_was_not_granted_is_refused(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection.Database, "_journal_mode", lambda *_: "memory")
    assert "'memory'" in await refusal(data_dir)


async def test_the_connection_is_set_up_as_promised(store: SqliteStore) -> None:
    pragma = store._database.connection.pragma  # pyright: ignore[reportPrivateUsage]
    values = {name: pragma(name) for name in ("journal_mode", "trusted_schema", "cell_size_check", "foreign_keys", "busy_timeout")}
    assert values == {"journal_mode": "wal", "trusted_schema": 0, "cell_size_check": 1, "foreign_keys": 1, "busy_timeout": 8000}
    assert await store.quick_check() == "ok"
    assert tuple(int(part) for part in store.sqlite_version.split(".")) >= (3, 51, 3)


def test_naming_the_package_loads_no_database() -> None:
    source = (
        "import claude_tui.store, sys; assert 'apsw' not in sys.modules; claude_tui.store.SqliteStore; assert 'apsw' in sys.modules"
    )
    import subprocess
    import sys

    subprocess.run([sys.executable, "-W", "error", "-c", source], check=True, cwd=Path(__file__).parents[3])


async def test_only_the_store_is_exported() -> None:
    import claude_tui.store

    with pytest.raises(AttributeError):
        claude_tui.store.nothing  # noqa: B018  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE messages SET role = 'ucer'",
        "UPDATE messages SET status = 'com\x17lete'",
        "UPDATE messages SET model = CAST(x'63ff' AS TEXT)",
    ],
)
async def test_a_row_that_cannot_be_read_is_a_damaged_history(damage: str, data_dir: Path) -> None:
    path = await make(data_dir)
    database = apsw.Connection(str(path))
    database.execute("PRAGMA ignore_check_constraints = ON")
    database.execute(damage)
    database.close()
    store = await SqliteStore.open(data_dir)
    try:
        (info,) = await store.sessions()
        with pytest.raises(BadHistory, match="is damaged"):
            await store.path(info.leaf_id or "")
    finally:
        await store.close()
