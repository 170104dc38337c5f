"""A session as another process sees it while it is written: folded as far as it has come, and a cheap way to tell a change."""

import dataclasses
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from claude_tui.domain.blocks import text_block
from claude_tui.domain.errors import StoreError, UnknownSession
from claude_tui.domain.events import TURN_END
from claude_tui.domain.journal import Chunk
from claude_tui.domain.messages import Message, Status
from claude_tui.store import SqliteStore
from tests.unit.store.samples import begun, conversation, new_session, prompt, said


async def streaming(store: SqliteStore) -> tuple[str, list[Message]]:
    session, path = await conversation(store)
    store.hold(session.id)
    question = prompt(session, path[-1], "and?")
    await store.add_message(question)
    reply = begun(session, question)
    await store.begin_message(reply)
    return session.id, [*path, question, reply]


async def test_what_streams_elsewhere_is_seen_as_far_as_it_has_come(store: SqliteStore, data_dir: Path) -> None:
    session_id, path = await streaming(store)
    await store.append_chunks(path[-1].id, [*said("half "), Chunk(5, 0, "text", "an answer")])
    other = await SqliteStore.open(data_dir)
    seen = await other.peek(session_id)
    assert seen[:-1] == path[:-1]
    assert (seen[-1].status, seen[-1].blocks, seen[-1].open_blocks) == (Status.STREAMING, (text_block("half an answer"),), (0,))
    assert (await other.path(path[-1].id))[-1].blocks == (), "nothing was written by looking"
    await other.close()


async def test_an_answer_of_which_nothing_came_is_seen_as_that(store: SqliteStore) -> None:
    session_id, path = await streaming(store)
    assert (await store.peek(session_id))[-1].blocks == path[-1].blocks == ()


async def test_an_empty_session_and_none_at_all(store: SqliteStore) -> None:
    session = await new_session(store)
    assert await store.peek(session.id) == []
    for look in (store.peek, store.changed):
        with pytest.raises(UnknownSession):
            await look("nobody")


async def test_every_change_is_noticed_and_nothing_else(store: SqliteStore, data_dir: Path) -> None:
    session_id, path = await streaming(store)
    other = await SqliteStore.open(data_dir)
    session = await store.session(session_id)
    finished = Message(path[-1].id, session_id, path[-2].id, path[-1].role, (text_block("x"),))
    changes: list[Callable[[], Awaitable[object]]] = [
        lambda: store.append_chunks(path[-1].id, said("one")),
        lambda: store.append_chunks(path[-1].id, [Chunk(9, 0, "text", "two")]),
        lambda: store.finish_message(finished),
        lambda: store.set_extra(path[-1].id, {"a": 1}),
        lambda: store.update_session(dataclasses.replace(session, title="Another")),
        lambda: store.move_leaf(session_id, path[0].id),
        lambda: store.add_message(prompt(session, path[0], "more")),
        lambda: store.delete_session(session_id),
    ]
    before = await other.changed(session_id)
    for number, change in enumerate(changes):
        await change()
        after = await other.changed(session_id)
        assert after != before, number
        assert await other.changed(session_id) == after
        before = after
    await conversation(store)
    assert await other.changed(session_id) == before
    await other.close()


async def test_a_lock_can_be_looked_at_without_taking_it(store: SqliteStore, data_dir: Path) -> None:
    other = await SqliteStore.open(data_dir)
    assert not other.is_held("session")
    lock = store.hold("session")
    assert other.is_held("session") and store.is_held("session")
    lock.release()
    assert not other.is_held("session")
    (data_dir / "locks" / "dead").write_text("left by a killed process")
    assert not other.is_held("dead")
    store.hold("dead").release()
    await other.close()
    memory = await SqliteStore.open(None)
    memory.hold("session")
    assert not memory.is_held("session")
    await memory.close()


async def test_what_stands_beside_a_message_is_replaced(store: SqliteStore) -> None:
    session, path = await conversation(store)
    await store.set_extra(path[0].id, {TURN_END: {"outcome": "failed"}})
    first, second = await store.path(path[1].id)
    assert first.extra == {TURN_END: {"outcome": "failed"}} and first.blocks == path[0].blocks and second == path[1]
    await store.set_extra(path[0].id, {})
    assert (await store.path(path[1].id))[0] == path[0]
    reply = begun(session, path[0])
    await store.begin_message(reply)
    for message_id in (reply.id, "nobody"):
        with pytest.raises(StoreError):
            await store.set_extra(message_id, {})


async def test_following_reads_what_is_new_and_sees_what_a_fresh_look_sees(store: SqliteStore, data_dir: Path) -> None:
    """Also past a change of version, a note on the last message, and more news than one page holds."""
    other = await SqliteStore.open(data_dir)
    session, path = await conversation(store, turns=20)

    async def same() -> list[str]:
        fresh = await SqliteStore.open(data_dir)
        seen, expected = await other.peek(session.id), await fresh.peek(session.id)
        await fresh.close()
        assert seen == expected
        return [message.id for message in seen]

    store.hold(session.id)
    assert await same() == [message.id for message in path]
    await store.set_extra(path[-1].id, {"a": 1})
    await same()
    question = prompt(session, path[-1], "more")
    await store.add_message(question)
    reply = begun(session, question)
    await store.begin_message(reply)
    for number in range(3):
        await store.append_chunks(reply.id, said("x")[number : number + 1] if number < 2 else [Chunk(9, 0, "text", "y")])
        await same()
    await store.finish_message(Message(reply.id, session.id, question.id, reply.role, (text_block("xy"),)))
    assert (await same())[-1] == reply.id
    version = prompt(session, path[9], "another")
    await store.add_message(version)
    assert await same() == [*(message.id for message in path[:10]), version.id]
    last = version
    for number in range(40):
        last = prompt(session, last, f"{number}")
        await store.add_message(last)
    assert len(await same()) == 51
    await store.move_leaf(session.id, path[-1].id)
    await same()
    await store.move_leaf(session.id, path[2].id)
    assert len(await same()) == 3
    elsewhere, _ = await conversation(store)
    assert len(await other.peek(elsewhere.id)) == 2
    await same()
    await store.move_leaf(session.id, None)
    assert await same() == []
    await other.close()
