"""Finding what the user asked: newest first, each text once, tool results left out; and versions of a prompt."""

import dataclasses

import pytest

from claude_tui.domain.blocks import text_block, tool_result
from claude_tui.domain.errors import StoreError
from claude_tui.domain.ids import new_id
from claude_tui.domain.messages import Message, SessionInfo
from claude_tui.store import SqliteStore
from claude_tui.store import prompts as prompts_module
from tests.unit.store.samples import answer, conversation, new_session, prompt


async def said(store: SqliteStore, session: SessionInfo, *texts: str) -> list[Message]:
    path: list[Message] = []
    for text in texts:
        path.append(prompt(session, path[-1] if path else None, text))
        path.append(answer(session, path[-1]))
    for message in path:
        await store.add_message(message)
    return path


async def results(store: SqliteStore, session: SessionInfo, parent: Message) -> Message:
    message = prompt(session, parent, blocks=(tool_result("a", 'text "type":"tool_result"'),))
    await store.add_message(message)
    return message


async def test_newest_first_and_each_text_once(store: SqliteStore) -> None:
    first, second = await new_session(store), await new_session(store)
    await said(store, first, "one", "two", "two", "one")
    path = await said(store, second, "three", "  ", "two")
    await results(store, second, path[-1])
    assert await store.prompts(None, 10) == ["two", "three", "one"]
    assert await store.prompts(None, 2) == ["two", "three"]
    assert await store.prompts(first.id, 10) == ["one", "two"]
    assert await store.prompts(second.id, 10) == ["two", "three"]
    await store.delete_session(second.id)
    assert await store.prompts(None, 10) == ["one", "two"]
    assert await store.prompts("nobody", 10) == [] and await store.prompts(None, 0) == []


async def test_a_prompt_that_speaks_of_tool_results_is_a_prompt(store: SqliteStore) -> None:
    session = await new_session(store)
    text = 'What is {"type":"tool_result","content":"\ud83d"}?'
    await said(store, session, text)
    assert await store.prompts(None, 5) == await store.prompts(session.id, 5) == [text]


async def test_only_the_current_path_of_a_session(store: SqliteStore) -> None:
    session, path = await conversation(store, turns=2)
    other = prompt(session, path[1], "another second question")
    await store.add_message(other)
    assert await store.prompts(session.id, 9) == ["another second question", "question 0"]
    await store.move_leaf(session.id, path[-1].id)
    assert await store.prompts(session.id, 9) == ["question 1", "question 0"]


async def test_many_are_read_in_parts_and_no_more_than_needed(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompts_module, "_BATCH", 4)
    parsed: list[bytes] = []
    read = prompts_module.blocks_of
    monkeypatch.setattr(prompts_module, "blocks_of", lambda blocks: (parsed.append(blocks), read(blocks))[1])
    session = await new_session(store)
    await said(store, session, *(f"question {number}" for number in range(30)))
    expected = [f"question {number}" for number in reversed(range(30))]
    for wanted in (None, session.id):
        assert await store.prompts(wanted, 100) == expected
        parsed.clear()
        assert await store.prompts(wanted, 3) == expected[:3]
        assert len(parsed) == 3


async def test_versions_of_prompts(store: SqliteStore) -> None:
    session = await new_session(store)
    path = await said(store, session, "a", "b", "c")
    root = prompt(session, None, "a again")
    second, third = prompt(session, path[1], "b again"), prompt(session, path[1], "b once more")
    elsewhere = await new_session(store)
    for message in (root, second, third, prompt(elsewhere, None, "x"), prompt(elsewhere, None, "y")):
        await store.add_message(message)
    assert await store.versions(session.id) == {
        None: (path[0].id, root.id),
        path[1].id: (path[2].id, second.id, third.id),
    }
    assert await store.versions("nobody") == {}


async def test_results_are_no_version(store: SqliteStore) -> None:
    session = await new_session(store)
    path = await said(store, session, "a")
    await results(store, session, path[-1])
    await store.add_message(prompt(session, path[-1], "b"))
    assert await store.versions(session.id) == {}


async def test_the_newest_child_each_time(store: SqliteStore) -> None:
    session, path = await conversation(store, turns=2)
    other = prompt(session, path[1], "other")
    reply = dataclasses.replace(answer(session, other), blocks=(text_block("x"),))
    await store.add_message(other)
    await store.add_message(reply)
    assert await store.newest_leaf(path[0].id) == reply.id
    assert await store.newest_leaf(path[2].id) == path[3].id
    assert await store.newest_leaf(reply.id) == reply.id
    with pytest.raises(StoreError):
        await store.newest_leaf(new_id())
