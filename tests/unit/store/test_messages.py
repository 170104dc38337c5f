"""Messages: stored as a tree, given back as they were, in the order they were stored."""

import asyncio
import dataclasses
from typing import Any

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_tui.domain.blocks import text_block
from claude_tui.domain.errors import ErrorInfo, ErrorKind, StoreError, UnknownSession
from claude_tui.domain.events import BlockDelta, BlockStarted
from claude_tui.domain.ids import new_id
from claude_tui.domain.journal import Chunk, Journal, timeline_of
from claude_tui.domain.messages import Message, Role, SessionInfo, Status
from claude_tui.store import SqliteStore
from tests.unit.store.samples import answer, begun, conversation, inside, new_session, prompt, said

ODD_TEXT = st.sampled_from(["\ud800", "\0", "a\0b", "\udfff\ud800", "中国"])
ANY_TEXT = st.text(st.characters(codec=None, categories=None), max_size=20) | ODD_TEXT
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=8,
)
BLOCKS = st.lists(st.dictionaries(ANY_TEXT, JSON, max_size=3) | ANY_TEXT.map(text_block), max_size=3)


async def round_trip(make: Any) -> tuple[Message, Message]:
    """The message that `make` gives, and what the history gives back of it."""
    store = await SqliteStore.open(None)
    try:
        session = await new_session(store)
        question = prompt(session)
        await store.add_message(question)
        message = make(session, question)
        await store.finish_message(message)
        return message, (await store.path(message.id))[-1]
    finally:
        await store.close()


@given(
    blocks=BLOCKS, extra=st.dictionaries(ANY_TEXT, JSON, max_size=2), usage=st.none() | st.dictionaries(ANY_TEXT, JSON, max_size=2)
)
def test_whatever_the_api_sends_comes_back_as_it_was(blocks: list[dict[str, Any]], extra: dict[str, Any], usage: Any) -> None:
    def make(session: SessionInfo, question: Message) -> Message:
        return answer(session, question, blocks=tuple(blocks), extra=extra, usage=usage, stop_details=extra or None)

    stored, loaded = asyncio.run(round_trip(make))
    assert loaded == stored


def test_every_field_of_a_message_comes_back() -> None:
    def make(session: SessionInfo, question: Message) -> Message:
        return answer(
            session,
            question,
            status=Status.FAILED,
            model="claude-x",
            api_id="msg_1",
            stop_reason="refusal",
            stop_details={"category": "x"},
            usage={"input_tokens": 1, "server_tool_use": {"web": 2}},
            timings={"ttft_ms": 12.5},
            raw_inputs={"1": '{"a": '},
            open_blocks=(1, 2),
            error=ErrorInfo(ErrorKind.OVERLOADED, "busy", 529, "req_1"),
            extra={"container": None},
            timeline=((1, 0, 5), (20, 1, 3)),
        )

    stored, loaded = asyncio.run(round_trip(make))
    assert loaded == stored


async def test_text_that_is_not_unicode_in_plain_fields_does_not_keep_a_message_from_being_saved(store: SqliteStore) -> None:
    session = await new_session(store, title="half \ud83d", system="\ud800 kept", model="m\udcff")
    question = prompt(session)
    await store.add_message(question)
    reply = answer(session, question, stop_reason="odd\ud800", model="\udfff", api_id="a\0b")
    await store.finish_message(reply)
    assert (await store.path(reply.id))[-1].stop_reason == "odd\ufffd"
    found = await store.session(session.id)
    assert (found.title, found.system, found.model) == ("half \ufffd", "\ud800 kept", "m\ufffd")


@pytest.mark.parametrize("thing", [float("nan"), object(), {1, 2}], ids=["nan", "object", "set"])
async def test_what_json_cannot_express_is_refused_and_nothing_else_suffers(store: SqliteStore, thing: object) -> None:
    session, (_, last) = await conversation(store)
    with pytest.raises(StoreError, match="JSON"):
        await store.add_message(prompt(session, last, blocks=({"type": "text", "text": thing},)))
    assert (await store.session(session.id)).leaf_id == last.id


async def test_an_answer_goes_from_begun_over_its_journal_to_finished(store: SqliteStore) -> None:
    session = await new_session(store)
    question = prompt(session)
    await store.add_message(question)
    reply = begun(session, question)
    await store.begin_message(reply)
    assert (await store.session(session.id)).status == "streaming"
    chunks = [*said("Hel"), Chunk(9, 0, "text", "lo\ud83d"), Chunk(12, 0, "text", "\ude00"), Chunk(13, 0, "stop", "")]
    await store.append_chunks(reply.id, chunks[:2])
    store.append_chunks(reply.id, chunks[2:])
    finished = dataclasses.replace(reply, blocks=(text_block("Hello 😀"),), status=Status.COMPLETE, usage={"output_tokens": 3})
    await store.finish_message(finished)
    assert await store.path(reply.id) == [question, dataclasses.replace(finished, timeline=timeline_of(chunks))]
    assert (await store.session(session.id)).status == "complete"


async def test_finishing_removes_the_journal_and_finishing_again_changes_nothing(store: SqliteStore, data_dir: Any) -> None:
    session = await new_session(store)
    question = prompt(session)
    await store.add_message(question)
    reply = begun(session, question)
    await store.begin_message(reply)
    await store.append_chunks(reply.id, said("text"))
    finished = dataclasses.replace(reply, blocks=(text_block("text"),), status=Status.COMPLETE)
    await store.finish_message(finished)
    first = await store.path(reply.id)
    store.append_chunks(reply.id, said("too late"))
    await store.finish_message(first[-1])
    assert await store.path(reply.id) == first
    with inside(data_dir) as connection:
        assert connection.execute("SELECT count(*) FROM chunks").get == 0
    connection.close()


async def test_an_answer_that_was_never_begun_can_be_finished(store: SqliteStore) -> None:
    session = await new_session(store)
    question = prompt(session)
    await store.add_message(question)
    reply = answer(session, question)
    await store.finish_message(reply)
    assert (await store.session(session.id)).leaf_id == reply.id


async def test_appending_to_an_answer_that_was_never_begun_fails_and_its_finish_loses_nothing(store: SqliteStore) -> None:
    told: list[StoreError] = []
    store.on_failure = told.append
    session = await new_session(store)
    question, reply = prompt(session), begun(session, prompt(session))
    await store.add_message(question)
    reply = begun(session, question)
    with pytest.raises(StoreError):
        await store.append_chunks(reply.id, said("kept"))
    await store.finish_message(dataclasses.replace(reply, blocks=(text_block("kept"),), status=Status.COMPLETE))
    assert (await store.path(reply.id))[-1].timeline == ((2, 0, 4),)
    assert len(told) == 1


async def test_the_journal_and_the_events_fold_alike(store: SqliteStore, data_dir: Any) -> None:
    session = await new_session(store)
    question = prompt(session)
    await store.add_message(question)
    reply = begun(session, question)
    await store.begin_message(reply)
    journal = Journal()
    journal.add(BlockStarted(0, text_block("")), 1)
    for index in range(50):
        journal.add(BlockDelta(0, "text", f"{index} \ud83d"), index)
        if index % 7 == 0:
            store.append_chunks(reply.id, journal.take())
    await store.append_chunks(reply.id, journal.take())
    connection = inside(data_dir)
    rows = connection.execute("SELECT text FROM chunks WHERE kind = 'text' ORDER BY seq").fetchall()
    connection.close()
    assert b"".join(text for (text,) in rows).decode("utf-8", "surrogatepass") == "".join(f"{index} \ud83d" for index in range(50))


async def test_a_streaming_message_is_not_finished(store: SqliteStore) -> None:
    session = await new_session(store)
    with pytest.raises(ValueError, match="streaming"):
        await store.finish_message(begun(session, prompt(session)))


async def test_a_parent_must_be_in_the_same_session(store: SqliteStore) -> None:
    session, (question, _) = await conversation(store)
    other = await new_session(store)
    with pytest.raises(StoreError, match="cannot follow"):
        await store.add_message(prompt(other, question))
    with pytest.raises(StoreError, match="cannot follow"):
        await store.add_message(prompt(session, prompt(session)))
    with pytest.raises(UnknownSession):
        await store.add_message(prompt(SessionInfo(new_id())))
    assert await store.tree(other.id) == []


async def test_a_message_stays_in_its_session(store: SqliteStore) -> None:
    _, (question, _) = await conversation(store)
    other = await new_session(store)
    with pytest.raises(StoreError, match="belongs to session"):
        await store.finish_message(dataclasses.replace(question, session_id=other.id))


async def test_unknown_leaves_are_refused(store: SqliteStore) -> None:
    for ask in (store.path("nothing"), store.page("nothing", 5)):
        with pytest.raises(StoreError, match="No message"):
            await ask


@given(parents=st.lists(st.integers(min_value=-1, max_value=30), min_size=1, max_size=15), limit=st.integers(1, 6))
def test_paths_pages_and_trees_of_any_shape(parents: list[int], limit: int) -> None:
    async def run() -> None:
        store = await SqliteStore.open(None)
        session = await new_session(store)
        messages: list[Message] = []
        for number, parent in enumerate(parents):
            above = messages[parent % number] if number and parent >= 0 else None
            messages.append(prompt(session, above, str(number)))
            await store.add_message(messages[-1])
        by_id = {message.id: message for message in messages}
        for leaf in messages:
            expected = [leaf]
            while expected[0].parent_id:
                expected.insert(0, by_id[expected[0].parent_id])
            assert await store.path(leaf.id) == expected
            paged: list[Message] = []
            older: str | None = leaf.id
            while older:
                page = await store.page(older, limit)
                assert len(page.messages) <= limit
                paged, older = [*page.messages, *paged], page.older
            assert paged == expected
            await store.move_leaf(session.id, leaf.id)
            assert (await store.session(session.id)).message_count == len(expected)
        assert await store.tree(session.id) == messages
        await store.close()

    asyncio.run(run())


async def test_a_page_costs_the_same_however_long_the_session_is(store: SqliteStore) -> None:
    connection: Any = store._database.connection  # pyright: ignore[reportPrivateUsage]

    def pages_read() -> int:
        return sum(connection.status(what, True)[0] for what in (apsw.SQLITE_DBSTATUS_CACHE_HIT, apsw.SQLITE_DBSTATUS_CACHE_MISS))

    costs: list[int] = []
    for length in (20, 600):
        session = await new_session(store)
        messages: list[Message] = []
        for _ in range(length):
            messages.append(prompt(session, messages[-1] if messages else None, "word " * 3000))
        copied = [dataclasses.replace(message, session_id="copy" + session.id) for message in messages]
        await store.import_session(dataclasses.replace(session, id="copy" + session.id), copied)
        pages_read()
        assert len((await store.page(messages[-1].id, 5)).messages) == 5
        costs.append(pages_read())
    assert costs[1] < costs[0] * 1.5


UPDATES = {
    "blocks": "UPDATE messages SET blocks = CAST(? AS TEXT) WHERE id = ?",
    "extra": "UPDATE messages SET extra = CAST(? AS TEXT) WHERE id = ?",
    "timeline": "UPDATE messages SET timeline = CAST(? AS TEXT) WHERE id = ?",
    "usage": "UPDATE messages SET usage = CAST(? AS TEXT) WHERE id = ?",
    "open_blocks": "UPDATE messages SET open_blocks = CAST(? AS TEXT) WHERE id = ?",
    "error": "UPDATE messages SET error = CAST(? AS TEXT) WHERE id = ?",
}


@pytest.mark.parametrize("column", UPDATES)
@pytest.mark.parametrize("damage", ["\xff\xfe", "{", "7", '["x"]', '{"kind":"from the future"}', ""])
async def test_damage_to_one_message_is_marked_and_the_rest_stays_readable(data_dir: Any, column: str, damage: str) -> None:
    store = await SqliteStore.open(data_dir)
    session, (question, reply) = await conversation(store)
    await store.close()
    connection = inside(data_dir)
    connection.execute(UPDATES[column], (damage.encode("latin-1"), reply.id))
    connection.close()
    store = await SqliteStore.open(data_dir)
    loaded = await store.path(reply.id)
    assert loaded[0] == question
    if column == "blocks":
        assert loaded[1].extra == {"damaged": True}
    assert loaded[1].role is Role.ASSISTANT
    assert (await store.session(session.id)).message_count == 2
    await store.check_search()
    await store.close()


async def test_a_changed_letter_is_noticed(data_dir: Any) -> None:
    store = await SqliteStore.open(data_dir)
    _, (_, reply) = await conversation(store)
    await store.close()
    connection = inside(data_dir)
    connection.execute("UPDATE messages SET blocks = replace(blocks, 'answer', 'answar')")
    connection.close()
    store = await SqliteStore.open(data_dir)
    question, damaged = await store.path(reply.id)
    assert "damaged" not in question.extra
    assert (damaged.extra == {"damaged": True} and damaged.blocks == (text_block("an answar"),)) or damaged.blocks == (
        text_block("answar 0"),
    )
    await store.close()
