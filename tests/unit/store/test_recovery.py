"""What a dead process left streaming is ended by the next that opens the history: folded as far as it makes sense, once."""

import asyncio
import json
from pathlib import Path

import pytest

from claude_tui.domain.blocks import text_block
from claude_tui.domain.errors import StoreError
from claude_tui.domain.journal import Chunk, timeline_of
from claude_tui.domain.messages import Message, SessionInfo, Status
from claude_tui.store import SqliteStore, locks, recovery
from tests.unit.store.samples import begun, conversation, inside, new_session, output_of, prompt, python, said

TOOL = Chunk(20, 1, "start", '{"type":"tool_use","id":"t","name":"n","input":{}}')
STOP = Chunk(9, 0, "stop", "")


async def left_streaming(data_dir: Path, chunks: list[Chunk]) -> tuple[SessionInfo, Message, Message]:
    """A history whose writer vanished in the middle of an answer; its session, the prompt and the answer."""
    store = await SqliteStore.open(data_dir)
    session = await new_session(store)
    question = prompt(session)
    await store.add_message(question)
    reply = begun(session, question)
    await store.begin_message(reply)
    await store.append_chunks(reply.id, chunks)
    await store.close()
    return session, question, reply


def spoil(data_dir: Path, statement: str, *bindings: object) -> None:
    connection = inside(data_dir)
    connection.execute(statement, bindings)  # type: ignore[arg-type]
    assert connection.changes()
    connection.close()


async def recovered(data_dir: Path, leaf_id: str, *, count: int = 1) -> Message:
    store = await SqliteStore.open(data_dir)
    assert len(store.recovered) == count
    message = (await store.path(leaf_id))[-1]
    assert await store.check_search()
    await store.close()
    connection = inside(data_dir)
    assert connection.execute("SELECT count(*) FROM chunks").get == 0
    assert connection.execute("PRAGMA integrity_check").get == "ok"
    connection.close()
    return message


async def test_the_text_that_came_is_kept_and_marked(data_dir: Path) -> None:
    chunks = [Chunk(1, -1, "message", json.dumps(["msg_1", "claude-x", {"input_tokens": 3}, {}])), *said("half an ans")]
    session, question, reply = await left_streaming(data_dir, chunks)
    message = await recovered(data_dir, reply.id)
    assert message.status is Status.INTERRUPTED
    assert message.blocks == (text_block("half an ans"),)
    assert (message.api_id, message.model, message.usage) == ("msg_1", "claude-x", {"input_tokens": 3})
    assert message.open_blocks == (0,)
    assert message.timeline == timeline_of(chunks)
    assert message.timings == {"ttft_ms": 2, "total_ms": 2, "block_ms": {"0": 1}}
    assert (message.parent_id, message.created_at) == (question.id, reply.created_at)
    store = await SqliteStore.open(data_dir)
    assert len(store.recovered) == 0
    assert (await store.session(session.id)).status == "interrupted"
    assert [found.message_id for found in await store.search("half")] == [reply.id]
    await store.close()


async def test_a_tool_call_cut_in_its_input_keeps_the_raw_text(data_dir: Path) -> None:
    chunks = [*said("I look."), STOP, TOOL, Chunk(21, 1, "input", '{"path": "/e')]
    _, _, reply = await left_streaming(data_dir, chunks)
    message = await recovered(data_dir, reply.id)
    assert message.blocks[1]["input"] == {} and message.raw_inputs == {"1": '{"path": "/e'}
    assert message.open_blocks == (1,)


@pytest.mark.parametrize("chunks", [[], [Chunk(1, -1, "message", '["msg_1","m",null,{}]'), Chunk(2, -1, "usage", "{}")]])
async def test_an_answer_of_which_nothing_came_goes(data_dir: Path, chunks: list[Chunk]) -> None:
    session, question, reply = await left_streaming(data_dir, chunks)
    store = await SqliteStore.open(data_dir)
    assert store.recovered == ()
    assert await store.tree(session.id) == [question]
    found = await store.session(session.id)
    assert (found.leaf_id, found.status, found.message_count) == (question.id, "empty", 1)
    with pytest.raises(StoreError):
        await store.path(reply.id)
    await store.close()


SPOILT = {
    "not UTF-8": ("UPDATE chunks SET text = x'ff' WHERE seq = 2", "one "),
    "cut off": ("UPDATE chunks SET text = x'e4b8' WHERE seq = 3", "one two "),
    "missing": ("DELETE FROM chunks WHERE seq = 2", "one "),
    "unknown kind": ("UPDATE chunks SET kind = 'riddle' WHERE seq = 3", "one two "),
    "no JSON": ("UPDATE chunks SET kind = 'usage', text = x'7b' WHERE seq = 3", "one two "),
    "a usage that is none": ("UPDATE chunks SET kind = 'usage', text = x'37' WHERE seq = 3", "one two "),
    "a block that is none": ("UPDATE chunks SET kind = 'start', text = x'37' WHERE seq = 3", "one two "),
    "no such block": ("UPDATE chunks SET block = 9 WHERE seq = 3", "one two "),
    "not an end": ("UPDATE chunks SET kind = 'end', text = x'5b5d' WHERE seq = 3", "one two "),
}


@pytest.mark.parametrize("statement", SPOILT)
async def test_a_spoilt_chunk_costs_itself_and_what_follows(data_dir: Path, statement: str) -> None:
    chunks = [*said("one "), *(Chunk(9 + index, 0, "text", f"{word} ") for index, word in enumerate(("two", "three", "four")))]
    _, _, reply = await left_streaming(data_dir, chunks)
    change, text = SPOILT[statement]
    spoil(data_dir, change)
    message = await recovered(data_dir, reply.id)
    assert (message.status, message.blocks) == (Status.INTERRUPTED, (text_block(text),))


async def test_a_spoilt_first_chunk_leaves_the_question(data_dir: Path) -> None:
    _, question, _ = await left_streaming(data_dir, said("lost"))
    spoil(data_dir, "UPDATE chunks SET text = x'ff' WHERE seq = 0")
    assert (await recovered(data_dir, question.id, count=0)) == question


async def test_an_answer_whose_process_lives_is_left_alone(data_dir: Path) -> None:
    session, _, reply = await left_streaming(data_dir, said("alive"))
    held = locks.hold(data_dir / "locks", session.id)
    store = await SqliteStore.open(data_dir)
    assert len(store.recovered) == 0
    assert (await store.path(reply.id))[-1].status is Status.STREAMING
    held.release()
    await store.close()
    await recovered(data_dir, reply.id)


async def test_finishing_after_someone_else_recovered_still_wins(data_dir: Path) -> None:
    """A writer stopped for long, whose lock was lost with its file, finishes its answer after all."""
    store = await SqliteStore.open(data_dir)
    session, (question, _) = await conversation(store)
    reply = begun(session, question)
    await store.begin_message(reply)
    await store.append_chunks(reply.id, said("ha"))
    other = await SqliteStore.open(data_dir)
    assert len(other.recovered) == 1
    await store.append_chunks(reply.id, [Chunk(30, 0, "text", "lf")])
    finished = Message(reply.id, session.id, question.id, reply.role, (text_block("half"),), created_at=reply.created_at)
    await store.finish_message(finished)
    assert (await other.path(reply.id))[-1].blocks == (text_block("half"),)
    assert await other.check_search()
    await store.close()
    await other.close()


async def test_many_processes_that_open_at_once_recover_once(data_dir: Path) -> None:
    _, _, reply = await left_streaming(data_dir, said("text"))
    source = """
        async def main():
            print("up", flush=True)
            sys.stdin.readline()
            store = await SqliteStore.open(Path(sys.argv[1]))
            print(len(store.recovered))
            await store.close()
        asyncio.run(main())
    """
    children = [python(source, data_dir) for _ in range(5)]
    for child in children:
        assert child.stdout and child.stdout.readline() == "up\n"
    outputs = await asyncio.gather(*(asyncio.to_thread(child.communicate, "\n", 30) for child in children))
    assert [child.returncode for child in children] == [0] * 5, outputs
    assert sum(int(output) for output, _ in outputs) == 1
    await recovered(data_dir, reply.id, count=0)


async def test_a_killed_process_loses_nothing_that_was_committed(data_dir: Path) -> None:
    source = """
        async def main():
            store = await SqliteStore.open(Path(sys.argv[1]))
            session = await new_session(store)
            store.hold(session.id)
            question = prompt(session)
            await store.add_message(question)
            reply = begun(session, question)
            await store.begin_message(reply)
            await store.append_chunks(reply.id, said("committed"))
            print(reply.id, flush=True)
            os.kill(os.getpid(), 9)
        asyncio.run(main())
    """
    with python(source, data_dir) as child:
        output, _ = await asyncio.to_thread(child.communicate)
    assert child.returncode == -9
    assert (await recovered(data_dir, output.strip())).blocks == (text_block("committed"),)


async def test_a_disk_that_takes_nothing_does_not_keep_the_history_closed(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, question, reply = await left_streaming(data_dir, said("text"))

    def full(*_: object) -> int:
        raise StoreError("full")

    with monkeypatch.context() as patched:
        patched.setattr(recovery, "recover_all", full)
        store = await SqliteStore.open(data_dir)
        assert (await store.path(reply.id))[0] == question
        await store.close()
    await recovered(data_dir, reply.id)


def test_a_process_that_ends_without_closing_has_written_what_it_queued(data_dir: Path) -> None:
    source = """
        async def main():
            store = await SqliteStore.open(Path(sys.argv[1]))
            session = await new_session(store)
            question = prompt(session)
            await store.add_message(question)
            reply = begun(session, question)
            await store.begin_message(reply)
            store.append_chunks(reply.id, said("queued"))
            print(reply.id)
        asyncio.run(main())
    """
    reply_id = output_of(source, data_dir).strip()
    assert asyncio.run(recovered(data_dir, reply_id)).blocks == (text_block("queued"),)
