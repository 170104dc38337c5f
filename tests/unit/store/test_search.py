"""Finding messages: words of any language, nothing in a query taken for an operator."""

import dataclasses
from pathlib import Path

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_tui.domain.blocks import text_block, tool_result
from claude_tui.domain.messages import Status
from claude_tui.store import SqliteStore
from claude_tui.store.search import phrases, spaced
from tests.unit.store.samples import answer, begun, conversation, inside, new_session, prompt

SAID = "I call client.messages.create in a Café in 中国北京, naïve_name and 東京タワー; 한국어도. Emoji 👩‍💻 \ud800\0end"


IS_THERE = [
    "中",
    "国",
    "中国",
    "国北",
    "北京",
    "東京",
    "タワー",
    "한국",
    "messages",
    "client.messages.create",
    "MESSAGES create",
    "end",
]
IS_THERE += ["cafe", "café", "CAFE\u0301", "naive_name", "naive", '"café"', "(messages)", "messages AND", "中国 café"]
IS_NOT = [
    "",
    "   ",
    '"',
    "*",
    "京北",
    "message",
    "NEAR(",
    "body:x",
    "-x",
    "^",
    '""',
    "🎉",
    "create messages x",
    "\0",
    "NOT",
    "messages OR x",
]


@pytest.mark.parametrize("query", IS_THERE)
async def test_what_is_there_is_found(store: SqliteStore, query: str) -> None:
    session = await new_session(store)
    message = prompt(session, text=SAID)
    await store.add_message(message)
    assert [found.message_id for found in await store.search(query)] == [message.id]


@pytest.mark.parametrize(
    "query", ["", "   ", '"', "*", "京北", "message", "NEAR(", "body:x", "-x", "^", '""', "🎉", "create messages x", "\0"]
)
async def test_what_is_not_there_is_not_found_and_nothing_is_an_operator(store: SqliteStore, query: str) -> None:
    await store.add_message(prompt(await new_session(store), text=SAID))
    assert await store.search(query) == []


@given(text=st.text(st.characters(codec=None, categories=None), max_size=30), query=st.text(max_size=12))
def test_no_text_and_no_query_upsets_the_index(text: str, query: str) -> None:
    connection = apsw.Connection(":memory:")
    connection.execute(
        "CREATE VIRTUAL TABLE f USING fts5 (body, content='', contentless_delete=1, tokenize='unicode61 remove_diacritics 2')"
    )
    connection.execute("INSERT INTO f (rowid, body) VALUES (1, ?)", (spaced(text),))
    if wanted := phrases(query):
        connection.execute("SELECT rowid FROM f WHERE f MATCH ?", (wanted,)).fetchall()
    connection.close()


async def test_the_newest_come_first_and_no_more_than_asked_for(store: SqliteStore) -> None:
    _, path = await conversation(store, turns=3)
    found = [one.message_id for one in await store.search("question")]
    assert found == [path[4].id, path[2].id, path[0].id]
    assert [one.message_id for one in await store.search("question", limit=1)] == [path[4].id]


async def test_only_finished_answers_are_indexed_and_by_what_they_say_last(store: SqliteStore) -> None:
    session = await new_session(store)
    question = prompt(session)
    await store.add_message(question)
    reply = begun(session, question)
    await store.begin_message(reply)
    assert await store.check_search()
    for text in ("first words", "later words"):
        await store.finish_message(dataclasses.replace(reply, blocks=(text_block(text),), status=Status.COMPLETE))
    assert await store.search("first") == []
    assert [found.message_id for found in await store.search("later")] == [reply.id]
    assert await store.check_search()


async def test_results_of_tools_are_found_and_thinking_is_not(store: SqliteStore) -> None:
    session = await new_session(store)
    question = prompt(session, blocks=(tool_result("t1", "a needle"), tool_result("t2", [text_block("deeper")])))
    await store.add_message(question)
    await store.finish_message(answer(session, question, blocks=({"type": "thinking", "thinking": "secretly"}, {"type": "odd"})))
    assert len(await store.search("needle")) == len(await store.search("deeper")) == 1
    assert await store.search("secretly") == []


async def test_a_broken_index_is_built_anew(data_dir: Path, store: SqliteStore) -> None:
    await conversation(store, turns=2)
    connection = inside(data_dir)
    connection.execute("DELETE FROM found WHERE rowid < 3")
    connection.close()
    assert len(await store.search("question")) == 1
    assert not await store.check_search()
    assert len(await store.search("question")) == 2
    assert await store.check_search()
