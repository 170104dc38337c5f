"""One writer a session, across stores, processes and sudden deaths."""

import os
import stat
from pathlib import Path

import pytest

from claude_tui.domain.errors import SessionHeld, StoreError
from claude_tui.store import SqliteStore, locks, recovery
from claude_tui.store.connection import Database
from tests.unit.store.samples import begun, new_session, prompt, python, said

HOLD = """
    async def main():
        store = await SqliteStore.open(Path(sys.argv[1]))
        store.hold(sys.argv[2])
        print(os.getpid(), flush=True)
        sys.stdin.read()
    asyncio.run(main())
"""


def test_a_lock_is_held_once_and_again_after_release(tmp_path: Path) -> None:
    first = locks.hold(tmp_path, "s1")
    with pytest.raises(SessionHeld, match=rf"s1 is open elsewhere \(pid {os.getpid()}.*since 20"):
        locks.hold(tmp_path, "s1")
    other = locks.hold(tmp_path, "s2")
    first.release()
    first.release()
    locks.hold(tmp_path, "s1").release()
    other.release()
    assert list(tmp_path.iterdir()) == []


def test_whoever_locked_a_removed_file_starts_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between opening and locking, the holder releases, and with it removes the file."""
    holder = locks.hold(tmp_path, "s1")
    real, opened = locks._open, []  # pyright: ignore[reportPrivateUsage]

    def opening(path: Path) -> int:
        opened.append(real(path))
        holder.release()
        return opened[-1]

    monkeypatch.setattr(locks, "_open", opening)
    mine = locks.hold(tmp_path, "s1")
    assert len(opened) == 2
    with pytest.raises(SessionHeld):
        locks.hold(tmp_path, "s1")
    mine.release()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b'{"pid": 7, "tty": "/dev/pts/1", "since": "then"}'])
def test_the_message_bears_any_content(tmp_path: Path, content: bytes) -> None:
    holder = locks.hold(tmp_path, "s1")
    (tmp_path / "s1").write_bytes(content)
    with pytest.raises(SessionHeld) as caught:
        locks.hold(tmp_path, "s1")
    assert ("(pid 7, /dev/pts/1, since then)" if b"pid" in content else "not yet said") in str(caught.value)
    holder.release()


@pytest.mark.parametrize("name", ["", "..", "../x", "a/b", "a\0b", "x" * 200])
def test_only_ids_become_file_names(tmp_path: Path, name: str) -> None:
    with pytest.raises(StoreError, match="not the id"):
        locks.hold(tmp_path / "locks", name)


def test_a_folder_that_cannot_be_made_is_explained(tmp_path: Path) -> None:
    (tmp_path / "locks").write_text("in the way")
    with pytest.raises(StoreError, match="not a folder"):
        locks.hold(tmp_path / "locks", "s1")
    (tmp_path / "loop").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreError, match="cannot be locked"):
        locks.hold(tmp_path, "loop")


def test_lock_files_are_private(tmp_path: Path) -> None:
    (tmp_path / "s1").touch(0o666)
    held = locks.hold(tmp_path, "s1")
    assert stat.S_IMODE((tmp_path / "s1").stat().st_mode) == 0o600
    held.release()


async def test_two_stores_of_one_process_exclude_each_other(store: SqliteStore, data_dir: Path) -> None:
    other = await SqliteStore.open(data_dir)
    held = store.hold("s1")
    with pytest.raises(SessionHeld):
        other.hold("s1")
    held.release()
    other.hold("s1").release()
    await other.close()


async def test_another_process_is_named_and_its_death_frees_the_session(store: SqliteStore, data_dir: Path) -> None:
    session = await new_session(store)
    with python(HOLD, data_dir, session.id) as child:
        assert child.stdout
        pid = child.stdout.readline().strip()
        with pytest.raises(SessionHeld, match=f"pid {pid}"):
            store.hold(session.id)
        child.kill()
        child.wait()
        store.hold(session.id).release()


async def test_holding_ends_what_the_last_holder_left_streaming(store: SqliteStore, data_dir: Path) -> None:
    """A process dies while others have the history open: nobody opens it anew, yet the next holder sees an end."""
    session = await new_session(store)
    question = prompt(session)
    await store.add_message(question)
    source = """
        async def main():
            store = await SqliteStore.open(Path(sys.argv[1]))
            session = await store.session(sys.argv[2])
            store.hold(session.id)
            reply = begun(session, (await store.path(session.leaf_id))[-1])
            await store.begin_message(reply)
            await store.append_chunks(reply.id, said("half an ans"))
            print("ready", flush=True)
            sys.stdin.read()
        asyncio.run(main())
    """
    with python(source, data_dir, session.id) as child:
        assert child.stdout and child.stdout.readline() == "ready\n"
        assert (await store.session(session.id)).status == "streaming"
        child.kill()
        child.wait()
    held = store.hold(session.id)
    found = await store.session(session.id)
    assert (found.status, found.message_count) == ("interrupted", 2)
    held.release()


async def test_a_lock_that_was_given_back_recovers_nothing_of_the_next_holder(store: SqliteStore, data_dir: Path) -> None:
    session = await new_session(store)
    question = prompt(session)
    await store.add_message(question)
    reply = begun(session, question)
    await store.begin_message(reply)
    await store.append_chunks(reply.id, said("alive"))
    database = Database(data_dir / "history.db")
    held = locks.hold(data_dir / "locks", session.id)
    assert recovery.recover_session(database, session.id, lambda: held.released) == 0
    assert (await store.session(session.id)).status == "streaming"
    held.release()
    assert recovery.recover_session(database, session.id) == 1
    assert (await store.session(session.id)).status == "interrupted"
    database.close()
