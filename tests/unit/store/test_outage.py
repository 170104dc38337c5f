"""A disk that fails while it is used: everything goes on in memory, is read from there, and is on disk in order afterwards."""

from __future__ import annotations

import dataclasses
import errno
import os
from pathlib import Path

import pytest

from claude_tui.domain.blocks import text_block, tool_result
from claude_tui.domain.desk import Desk
from claude_tui.domain.errors import SessionHeld, StorageOutage, UnknownSession
from claude_tui.domain.ids import timestamp
from claude_tui.domain.journal import Chunk
from claude_tui.domain.messages import Message, SessionInfo, Status
from claude_tui.domain.spending import Spending
from claude_tui.store import SqliteStore, locks, room, steady
from claude_tui.store.files import identity
from tests.unit.store.outages import KINDS, Ear, FaultyDisk, everything, faulty, full, moved_away, quick
from tests.unit.store.samples import answer, begun, conversation, new_session, output_of, prompt, said

__all__ = ["faulty", "quick"]
pytestmark = pytest.mark.usefixtures("quick")


async def busy_day(store: SqliteStore, session: SessionInfo, last: Message, other: SessionInfo) -> None:
    """A bit of everything that is ever written."""
    question = prompt(session, last, "question in the dark")
    await store.add_message(question)
    reply = begun(session, question)
    await store.begin_message(reply)
    for letter in "abc":
        store.append_chunks(reply.id, [Chunk(1, 0, "text", letter)])
    await store.finish_message(dataclasses.replace(reply, blocks=(text_block("abc"),), status=Status.COMPLETE))
    results = prompt(session, reply, blocks=(tool_result("c1", "42"),))
    await store.add_message(results)
    await store.set_extra(results.id, {"noted": 1})
    await store.update_session(dataclasses.replace(session, title="Another title"))
    again = prompt(session, last, "the same question, better")
    await store.add_message(again)
    await store.move_leaf(session.id, results.id)
    await store.add_spending(Spending("s1", session.id, None, "anthropic", "m", {"input_tokens": 1}, created_at=timestamp()))
    await store.delete_session(other.id)
    fresh, path = await conversation(store, turns=2, title="Made in the dark")
    await store.import_session(dataclasses.replace(fresh, id="copy", leaf_id=None), [])
    for draft in ("a", "ab", "abc"):
        await store.save_desk(fresh.id, Desk(draft=draft))
    await store.save_desk((await new_session(store)).id, Desk(draft="never sent"))
    assert (await store.session(fresh.id)).message_count == len(path)


@pytest.mark.parametrize("kind", KINDS)
async def test_an_outage_is_told_once_hidden_from_who_writes_and_made_good(data_dir: Path, kind: str) -> None:
    store = await SqliteStore.open(data_dir)
    ear = Ear(store)
    session, path = await conversation(store, turns=2)
    other, _ = await conversation(store)
    with KINDS[kind](data_dir):
        await busy_day(store, session, path[-1], other)
        await ear.until(lambda: ear.failures)
        dark = await everything(store)
        assert store.outage is not None and store.unsaved
        assert ear.recoveries == 0 and len(ear.failures) == 1
    await ear.until(lambda: ear.recoveries)
    assert store.outage is None and not store.unsaved
    assert await everything(store) == dark
    assert len(ear.failures) == 1 and await store.quick_check() == "ok"
    await store.close()
    reopened = await SqliteStore.open(data_dir)
    assert await everything(reopened) == dark and reopened.recovered == ()
    assert [one.title for one in dark["sessions"]] == ["Made in the dark", "Another title"]
    assert [one.blocks[0].get("text") for one in dark["paths"][session.id]][4:6] == ["question in the dark", "abc"]
    await reopened.close()


async def test_chunks_wait_in_their_order_behind_the_row_of_their_answer(data_dir: Path) -> None:
    store = await SqliteStore.open(data_dir)
    ear = Ear(store)
    session = await new_session(store)
    with full(data_dir):
        question = prompt(session)
        await store.add_message(question)
        reply = begun(session, question)
        await store.begin_message(reply)
        with pytest.raises(StorageOutage, match="is full"):
            await store.append_chunks(reply.id, said("one "))
        store.append_chunks(reply.id, [Chunk(9, 0, "text", "two")])
        assert [block["text"] for block in (await store.peek(session.id))[-1].blocks] == ["one two"]
    await ear.until(lambda: ear.recoveries)
    await store.append_chunks(reply.id, [Chunk(10, 0, "text", " three")])
    watcher = await SqliteStore.open(data_dir)
    assert [block["text"] for block in (await watcher.peek(session.id))[-1].blocks] == ["one two three"]
    await watcher.close()
    await store.close()


async def test_what_the_disk_took_before_it_failed_again_is_not_written_twice(data_dir: Path, faulty: FaultyDisk) -> None:
    store = await SqliteStore.open(data_dir)
    ear = Ear(store)
    session = await new_session(store)
    faulty.full = True
    last: Message | None = None
    for number in range(6):
        last = prompt(session, last, f"question {number}")
        await store.add_message(last)
    dark = await everything(store)
    for more in (2, 0, 3):
        faulty.full, faulty.fails_at = False, faulty.taken + more
        await store.sessions()
    faulty.fails_at = None
    await ear.until(lambda: ear.recoveries)
    assert await everything(store) == dark and len(ear.failures) == 1
    await store.close()


async def test_what_makes_no_sense_is_refused_in_the_dark_too(data_dir: Path, faulty: FaultyDisk) -> None:
    store = await SqliteStore.open(data_dir)
    ear = Ear(store)
    await new_session(store)
    faulty.full = True
    await new_session(store)
    for refused in (store.move_leaf("nobody", None), store.add_message(prompt(SessionInfo("nobody")))):
        with pytest.raises(UnknownSession):
            await refused
    faulty.full = False
    await ear.until(lambda: ear.recoveries)
    assert len(ear.failures) == 1
    await store.close()


async def test_past_the_limit_nothing_is_begun_and_everything_ends(
    data_dir: Path, faulty: FaultyDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room.Room.__init__, "__defaults__", (5000,))
    store = await SqliteStore.open(data_dir)
    ear = Ear(store)
    session, path = await conversation(store)
    faulty.full = True
    question = prompt(session, path[-1], "x" * 5000)
    await store.add_message(question)
    with pytest.raises(StorageOutage, match=r"/save writes the conversation elsewhere"):
        await store.add_message(prompt(session, path[-1]))
    with pytest.raises(StorageOutage):
        await new_session(store)
    reply = answer(session, question, "y" * 5000)
    await store.finish_message(reply)
    await store.add_message(prompt(session, reply, blocks=(tool_result("c1", "42"),)))
    dark = await everything(store)
    faulty.full = False
    await ear.until(lambda: ear.recoveries)
    assert await everything(store) == dark
    await store.add_message(prompt(session, reply))
    await store.close()


async def test_a_history_too_long_to_be_copied_loses_nothing(
    data_dir: Path, faulty: FaultyDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steady, "COPY_LIMIT", 0)
    store = await SqliteStore.open(data_dir)
    ear = Ear(store)
    session, path = await conversation(store)
    faulty.full = True
    question = prompt(session, path[-1])
    await store.add_message(question)
    assert [one.id for one in await store.tree(session.id)] == [one.id for one in path]
    faulty.full = False
    await ear.until(lambda: ear.recoveries)
    assert (await store.path(question.id))[-1] == question
    await store.close()


async def test_closing_tries_once_more_and_says_what_was_lost(data_dir: Path, faulty: FaultyDisk) -> None:
    for full_at_the_end in (False, True):
        store = await SqliteStore.open(data_dir)
        session = await new_session(store)
        faulty.full = True
        question = prompt(session)
        await store.add_message(question)
        faulty.full = full_at_the_end
        await store.close()
        faulty.full = False
        assert store.unsaved is full_at_the_end
        reopened = await SqliteStore.open(data_dir)
        assert len(await reopened.tree(session.id)) == (0 if full_at_the_end else 1)
        await reopened.close()


# The place of the file.


async def test_a_deletion_is_noticed_while_nothing_happens(data_dir: Path) -> None:
    store = await SqliteStore.open(data_dir)
    ear = Ear(store)
    with moved_away(data_dir):
        await ear.until(lambda: ear.failures)
        assert "was deleted" in str(ear.failures[0]) and not store.unsaved
    await ear.until(lambda: ear.recoveries)
    await store.close()


async def test_a_temporary_history_is_never_looked_after() -> None:
    store = await SqliteStore.open(None)
    assert store._steady.interval is None  # pyright: ignore[reportPrivateUsage]
    await store.close()


async def test_a_steady_stream_of_work_keeps_nobody_from_looking(data_dir: Path) -> None:
    store = await SqliteStore.open(data_dir)
    ear = Ear(store)
    with moved_away(data_dir):

        async def read_on() -> None:
            while not ear.failures:
                await store.sessions()

        await read_on()
    await store.close()


# Locks.


async def test_a_session_that_cannot_be_locked_is_only_shown_and_a_new_one_locked_later(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = await SqliteStore.open(data_dir)
    ear = Ear(store)
    session, _ = await conversation(store)

    def no_space(path: Path) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(locks, "_open", no_space)
        with pytest.raises(SessionHeld, match="only shown"):
            store.hold(session.id)
        assert store.is_held(session.id)
        lock = store.hold("fresh", new=True)
        await new_session(store, id="fresh")
        await store.add_message(prompt(SessionInfo("fresh")))
        assert [one.id for one in await store.sessions()] == ["fresh", session.id] and store.unsaved
    await ear.until(lambda: ear.recoveries)
    assert not store.is_held(session.id) and store.is_held("fresh")
    lock.release()
    assert not store.is_held("fresh")
    store.hold(session.id).release()
    await store.close()


# Starting without a disk.


async def test_a_start_without_a_place_goes_on_in_memory_and_moves_in_later(tmp_path: Path) -> None:
    (tmp_path / "way").write_text("in the way")
    data_dir = tmp_path / "way" / "data"
    with pytest.raises(StorageOutage):
        await SqliteStore.open(data_dir)
    store = await SqliteStore.open(data_dir, steady=True)
    ear = Ear(store)
    assert "cannot be kept" in str(store.outage) and not store.unsaved
    _, path = await conversation(store, turns=2)
    dark = await everything(store)
    (tmp_path / "way").unlink()
    await ear.until(lambda: ear.recoveries)
    assert await everything(store) == dark and identity(data_dir / "history.db") is not None
    await store.close()
    reopened = await SqliteStore.open(data_dir)
    assert await reopened.path(path[-1].id) == path
    await reopened.close()


async def test_a_full_disk_at_the_start_leaves_nothing_in_the_way(data_dir: Path) -> None:
    with full(data_dir):
        store = await SqliteStore.open(data_dir, steady=True)
        ear = Ear(store)
        _, path = await conversation(store)
        assert "is full" in str(store.outage)
    await ear.until(lambda: ear.recoveries)
    assert await store.path(path[-1].id) == path
    await store.close()


async def test_what_has_come_into_the_place_meanwhile_is_not_written_over(tmp_path: Path) -> None:
    way, foreign = tmp_path / "way", tmp_path / "there" / "data" / "history.db"
    way.write_text("in the way")
    store = await SqliteStore.open(way / "data", steady=True)
    ear = Ear(store)
    await conversation(store)
    foreign.parent.mkdir(parents=True)
    foreign.write_text("not a database\n" * 100)
    (tmp_path / "link").symlink_to(tmp_path / "there")
    os.replace(tmp_path / "link", way)
    await ear.until(lambda: any("not a claude-tui history" in str(error) for error in ear.failures))
    assert foreign.read_text() == "not a database\n" * 100
    assert store.unsaved
    await store.close()


READ_ONLY = """
    import shutil, tempfile
    from claude_tui.domain.errors import SessionHeld
    from claude_tui.store import steady
    from tests.unit.store.outages import Ear, everything
    steady.RETRY_SECONDS = 0.01
    home = Path(tempfile.mkdtemp())

    async def fill():
        store = await SqliteStore.open(home)
        session, _ = await conversation(store, turns=2)
        await store.close()
        shutil.rmtree(home / "locks", ignore_errors=True)
        return session

    async def main(session):
        store = await SqliteStore.open(home, steady=True)
        ear = Ear(store)
        print(store.outage)
        print([message.blocks[0]["text"] for message in await store.path((await store.session(session.id)).leaf_id)])
        try:
            store.hold(session.id)
        except SessionHeld as error:
            print("held:", error)
        fresh = SessionInfo(new_id())
        store.hold(fresh.id, new=True)
        await store.create_session(fresh)
        await store.add_message(prompt(fresh))
        dark = await everything(store)
        os.chmod(home, 0o700)
        await ear.until(lambda: ear.recoveries)
        print(await everything(store) == dark, len(dark["sessions"]), store.is_held(fresh.id))
        await store.close()

    try:
        session = asyncio.run(fill())
        os.chmod(home, 0o500)
        if os.geteuid() == 0:  # root may write anywhere: become someone who may not
            for path in (home, *home.iterdir()):
                os.chown(path, 65534, 65534)
            os.seteuid(65534)
        asyncio.run(main(session))
    finally:
        if os.getuid() == 0:
            os.seteuid(0)
        os.chmod(home, 0o700)
        shutil.rmtree(home)
"""


def test_a_history_in_a_folder_that_may_only_be_read_can_be_read() -> None:
    lines = output_of(READ_ONLY).splitlines()
    assert "may only be read" in lines[0]
    assert lines[1] == "['question 0', 'answer 0', 'question 1', 'answer 1']"
    assert lines[2].startswith("held: The session cannot be locked") and lines[2].endswith("the session is only shown.")
    assert lines[3] == "True 2 True"
