"""The thread: order, neighbours, waiters who leave, ends of all kinds; and a disk that stops taking what it is given."""

import asyncio
import dataclasses
import gc
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from claude_tui.domain.blocks import text_block
from claude_tui.domain.errors import ErrorKind, StoreError
from claude_tui.domain.journal import Chunk
from claude_tui.domain.messages import Message, SessionInfo, Status
from claude_tui.store import SqliteStore, chunklog
from claude_tui.store.chunklog import ChunkLog
from claude_tui.store.connection import Database
from claude_tui.store.writer import Append
from tests.unit.store.samples import begun, conversation, inside, new_session, output_of, prompt, said


async def streaming(store: SqliteStore) -> Message:
    """An answer that has begun."""
    session = await new_session(store)
    question = prompt(session)
    await store.add_message(question)
    reply = begun(session, question)
    await store.begin_message(reply)
    return reply


def blocked(store: SqliteStore) -> threading.Event:
    """The thread waits from now on until the event is set."""
    gate = threading.Event()
    store._writer.post(gate.wait)  # pyright: ignore[reportPrivateUsage]
    return gate


def journalled(data_dir: Path) -> str:
    connection = inside(data_dir)
    found = connection.execute("SELECT text FROM chunks WHERE kind = 'text' ORDER BY message_id, seq").fetchall()
    connection.close()
    return b"".join(text for (text,) in found).decode()


class Disk:
    """Lets writes through, or not."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.full = False
        self.durable: list[bool] = []
        real = Database.write

        def write(database: Database, work: Any, *, durable: bool = True) -> Any:
            if self.full:
                raise StoreError("NOT SAVED: full")
            self.durable.append(durable)
            return real(database, work, durable=durable)

        monkeypatch.setattr(Database, "write", write)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


# Order and cost.


async def test_appends_that_wait_together_are_one_transaction(store: SqliteStore, data_dir: Path, disk: Disk) -> None:
    reply = await streaming(store)
    gate = blocked(store)
    disk.durable.clear()
    futures = [store.append_chunks(reply.id, [Chunk(number, 0, "text", str(number))]) for number in range(50)]
    gate.set()
    await asyncio.gather(*futures)
    assert len(disk.durable) == 1
    assert journalled(data_dir) == "".join(str(number) for number in range(50))


async def test_what_is_posted_between_appends_keeps_its_place(store: SqliteStore, data_dir: Path, disk: Disk) -> None:
    first, second = await streaming(store), await streaming(store)
    gate = blocked(store)
    disk.durable.clear()
    store.append_chunks(first.id, said("one"))
    finishing = asyncio.ensure_future(
        store.finish_message(dataclasses.replace(first, status=Status.COMPLETE, blocks=(text_block("one"),)))
    )
    await asyncio.sleep(0)
    last = store.append_chunks(second.id, said("two"))
    gate.set()
    await asyncio.gather(finishing, last)
    assert disk.durable == [False, True, False]
    assert (await store.path(first.id))[-1].timeline == ((2, 0, 3),)
    assert journalled(data_dir) == "two"


async def test_classes_of_durability(store: SqliteStore, disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    reply = await streaming(store)
    assert disk.durable == [True, True, False], "session and prompt at once, the answer's beginning soon"
    disk.durable.clear()
    await store.append_chunks(reply.id, said("a"))
    monkeypatch.setattr(chunklog, "_DURABLE_SECONDS", 0.0)
    await store.append_chunks(reply.id, said("b"))
    await store.finish_message(dataclasses.replace(reply, status=Status.COMPLETE))
    await store.update_session(dataclasses.replace(await store.session(reply.session_id), title="x"))
    assert disk.durable == [False, True, True, True]


async def test_durable_writes_are_synchronous_and_others_not(store: SqliteStore) -> None:
    database = store._database  # pyright: ignore[reportPrivateUsage]
    reply = await streaming(store)
    assert database.connection.pragma("synchronous") == 1
    await store.finish_message(dataclasses.replace(reply, status=Status.COMPLETE))
    assert database.connection.pragma("synchronous") == 2


async def test_appending_nothing_is_done_at_once(store: SqliteStore, data_dir: Path) -> None:
    reply = await streaming(store)
    await store.append_chunks(reply.id, [])
    assert journalled(data_dir) == ""


# Waiters.


async def test_a_cancelled_waiter_does_not_cancel_the_write(store: SqliteStore) -> None:
    session = await new_session(store)
    question = prompt(session)
    gate = blocked(store)
    task = asyncio.ensure_future(store.add_message(question))
    await asyncio.sleep(0)
    task.cancel()
    gate.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await store.path(question.id) == [question]


async def test_an_error_nobody_waits_for_is_reported(store: SqliteStore) -> None:
    told: list[StoreError] = []
    store.on_failure = told.append
    gate = blocked(store)
    task = asyncio.ensure_future(store.add_message(prompt(SessionInfo("unknown"))))
    await asyncio.sleep(0)
    task.cancel()
    gate.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    await store.sessions()
    assert len(told) == 1 and "No session" in str(told[0])


async def test_futures_that_nobody_awaits_warn_of_nothing(store: SqliteStore, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(3):
        store.append_chunks("nobody", said("x"))
    await store.sessions()
    gc.collect()
    assert not [record for record in caplog.records if record.name == "asyncio"]


async def test_a_bug_in_one_job_does_not_end_the_thread(store: SqliteStore, caplog: pytest.LogCaptureFixture) -> None:
    reply = await streaming(store)
    with pytest.raises(AttributeError):
        await store.append_chunks(reply.id, [None])  # type: ignore[list-item]
    with pytest.raises(AttributeError):
        await store.add_message(None)  # type: ignore[arg-type]
    await store.append_chunks(reply.id, said("x"))
    assert "the journal could not be written" in caplog.text


def test_results_for_a_closed_loop_are_dropped(data_dir: Path) -> None:
    gates: list[threading.Event] = []

    async def run() -> SqliteStore:
        store = await SqliteStore.open(data_dir)
        reply = await streaming(store)
        gates.append(blocked(store))
        store.append_chunks(reply.id, said("after the loop"))
        return store

    store = asyncio.run(run())
    gates[0].set()
    asyncio.run(store.close())
    assert journalled(data_dir) == "after the loop"


# Ends.


async def test_closing_writes_what_is_queued_and_empties_the_log(data_dir: Path) -> None:
    store = await SqliteStore.open(data_dir)
    reply = await streaming(store)
    gate = blocked(store)
    for number in range(10):
        store.append_chunks(reply.id, [Chunk(number, 0, "text", str(number))])
    gate.set()
    await asyncio.gather(store.close(), store.close())
    await store.close()
    assert [path.name for path in data_dir.iterdir() if path.is_file()] == ["history.db"] and not list(
        (data_dir / "open").iterdir()
    )
    assert journalled(data_dir) == "0123456789"


async def test_a_closed_history_says_so(data_dir: Path) -> None:
    store = await SqliteStore.open(data_dir)
    await store.close()
    for refused in (store.sessions(), store.append_chunks("m", said("x"))):
        with pytest.raises(StoreError, match="closed"):
            await refused


async def test_a_refused_opening_leaves_no_thread(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    before = threading.active_count()
    with pytest.raises(StoreError):
        await SqliteStore.open(tmp_path / "file")
    for thread in threading.enumerate():
        if thread.name == "claude-tui-store":
            thread.join(5)
    assert threading.active_count() <= before


def test_the_interpreter_ends_although_the_thread_is_stuck(data_dir: Path) -> None:
    source = """
        import threading
        from claude_tui.store import writer
        writer._EXIT_SECONDS = 0.05
        async def main():
            store = await SqliteStore.open(Path(sys.argv[1]))
            store._writer.post(threading.Event().wait)
        asyncio.run(main())
    """
    assert output_of(source, data_dir) == ""


# A disk that takes nothing.


async def test_what_cannot_be_written_is_kept_and_written_later_in_order(store: SqliteStore, data_dir: Path, disk: Disk) -> None:
    told: list[StoreError] = []
    store.on_failure = told.append
    reply = await streaming(store)
    await store.append_chunks(reply.id, said("a"))
    disk.full = True
    for letter in "bcd":
        with pytest.raises(StoreError, match="NOT SAVED") as caught:
            await store.append_chunks(reply.id, [Chunk(9, 0, "text", letter)])
        assert caught.value.info.kind is ErrorKind.STORAGE
    assert journalled(data_dir) == "a" and len(told) == 1
    disk.full = False
    await store.append_chunks(reply.id, [Chunk(10, 0, "text", "e")])
    assert journalled(data_dir) == "abcde"
    disk.full = True
    with pytest.raises(StoreError):
        await store.append_chunks(reply.id, [Chunk(11, 0, "text", "f")])
    assert len(told) == 2, "told again once it had worked in between"
    finished = dataclasses.replace(reply, status=Status.COMPLETE, blocks=(text_block("abcdef"),))
    with pytest.raises(StoreError):
        await store.finish_message(finished)
    disk.full = False
    await store.finish_message(finished)
    assert [size for _, _, size in (await store.path(reply.id))[-1].timeline] == [1] * 6


async def test_finishing_one_answer_writes_what_waits_of_another(store: SqliteStore, data_dir: Path, disk: Disk) -> None:
    first, second = await streaming(store), await streaming(store)
    disk.full = True
    for reply in (first, second):
        with pytest.raises(StoreError):
            await store.append_chunks(reply.id, said(reply.id))
    disk.full = False
    await store.finish_message(dataclasses.replace(first, status=Status.COMPLETE))
    assert journalled(data_dir) == second.id


async def test_closing_tries_once_more(data_dir: Path, disk: Disk) -> None:
    store = await SqliteStore.open(data_dir)
    reply = await streaming(store)
    disk.full = True
    store.append_chunks(reply.id, said("kept"))
    await store.sessions()
    disk.full = False
    await store.close()
    assert journalled(data_dir) == "kept"


def appends(message_id: str, *texts: str) -> list[Append]:
    future: Any = None
    return [Append(message_id, [Chunk(1, 0, "text", text)], future) for text in texts]


def test_memory_has_a_limit_and_past_it_there_is_an_end_but_no_gap(disk: Disk) -> None:
    database = Database(None)
    log = ChunkLog(database, limit=1000)
    disk.full = True

    def write(sent: Sequence[Append]) -> list[str]:
        return [str(error) if error else "" for error in log.write(sent)]

    assert "full" in write(appends("m", "a" * 500))[0]
    assert "more is not kept" in write(appends("m", "b" * 500))[0]
    assert "more is not kept" in write(appends("m", "c"))[0], "small, but behind something lost"
    assert "full" in write(appends("other", "d"))[0]
    assert [chunk.text[0] for chunk in log.waiting("m")] == ["a"]
    log.forget("m")
    assert "full" in write(appends("m", "e" * 500))[0]
    database.close()


FULL = """
    import resource

    async def main():
        store = await SqliteStore.open(Path(sys.argv[1]))
        told = []
        store.on_failure = told.append
        session, (_, last) = await conversation(store)
        question = prompt(session, last)
        await store.add_message(question)
        reply = begun(session, question)
        await store.begin_message(reply)
        log = Path(sys.argv[1], "history.db-wal")
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size + 20_000, hard))
        failed = 0
        from claude_tui.domain.journal import Chunk
        await store.append_chunks(reply.id, said(""))
        for number in range(100):
            try:
                await store.append_chunks(reply.id, [Chunk(number, 0, "text", f"{number:03}" * 300)])
            except Exception as error:
                failed += 1
                print(type(error).__name__, error, file=sys.stderr)
        assert 80 < failed < 100, failed
        assert len(told) == 1, told
        try:
            await store.add_message(prompt(session, last))
        except Exception as error:
            print(error)
        assert (await store.path(question.id))[-1] == question
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        await store.append_chunks(reply.id, [Chunk(100, 0, "text", "end")])
        print(await store.quick_check(), len(told))
        await store.close()

    asyncio.run(main())
"""


def test_a_full_disk_is_told_in_a_sentence_and_overcome(data_dir: Path) -> None:
    lines = output_of(FULL, data_dir).splitlines()
    assert lines[0].startswith("NOT SAVED: the disk that holds the history") and "is full" in lines[0]
    assert lines[1] == "ok 1"
    assert journalled(data_dir) == "".join(f"{number:03}" * 300 for number in range(100)) + "end"


async def test_a_busy_database_is_waited_for_and_then_named(data_dir: Path, store: SqliteStore) -> None:
    session, _ = await conversation(store)
    store._database.connection.set_busy_timeout(20)  # pyright: ignore[reportPrivateUsage]
    connection = inside(data_dir)
    connection.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="Close the other claude-tui"):
        await store.add_message(prompt(session))
    connection.execute("COMMIT")
    connection.close()
    await store.add_message(prompt(session))
