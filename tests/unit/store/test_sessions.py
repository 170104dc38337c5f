"""Sessions: found by id or prefix, listed by use, changed, hidden, imported whole or not at all."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_tui.domain.errors import AmbiguousSession, StoreError, UnknownSession
from claude_tui.domain.ids import is_id, new_id
from claude_tui.domain.messages import Message, SessionInfo, Status
from claude_tui.store import SqliteStore
from claude_tui.store.sessions import _parents_first  # pyright: ignore[reportPrivateUsage]
from tests.unit.store.samples import answer, begun, conversation, new_session, prompt, said


async def test_a_session_comes_back_as_it_was(store: SqliteStore) -> None:
    session = await new_session(
        store,
        model="claude-x",
        effort="high",
        provider="other",
        system="Be brief.",
        tools=({"name": "t", "input_schema": {}},),
        extra={"draft": "\ud800"},
    )
    assert await store.session(session.id) == dataclasses.replace(session, updated_at=session.created_at)


async def test_no_tools_and_tools_not_yet_frozen_are_different(store: SqliteStore) -> None:
    frozen, open_ = await new_session(store, tools=()), await new_session(store)
    assert (await store.session(frozen.id)).tools == ()
    assert (await store.session(open_.id)).tools is None


async def test_a_session_is_created_once(store: SqliteStore) -> None:
    session = await new_session(store)
    with pytest.raises(StoreError, match="already"):
        await store.create_session(session)


async def test_update_writes_what_may_change(store: SqliteStore) -> None:
    session, _ = await conversation(store)
    before = await store.session(session.id)
    changed = dataclasses.replace(
        before,
        title="new",
        model="m",
        effort="low",
        system="s",
        tools=(),
        extra={"a": 1},
        created_at="ignored",
    )
    await store.update_session(changed)
    after = await store.session(session.id)
    assert after.updated_at >= before.updated_at
    assert after == dataclasses.replace(changed, created_at=before.created_at, updated_at=after.updated_at)


async def test_an_older_copy_of_a_session_moves_no_leaf_back(store: SqliteStore) -> None:
    session, (_, last) = await conversation(store)
    await store.update_session(dataclasses.replace(session, leaf_id=None, title="new"))
    assert (await store.session(session.id)).leaf_id == last.id


async def test_update_refuses_unknown_sessions_and_foreign_leaves(store: SqliteStore) -> None:
    session, _ = await conversation(store)
    _, (foreign, _) = await conversation(store)
    with pytest.raises(UnknownSession):
        await store.update_session(SessionInfo(new_id()))
    with pytest.raises(UnknownSession):
        await store.move_leaf(new_id(), None)
    for leaf in (foreign.id, "nothing"):
        with pytest.raises(StoreError, match="is not in session"):
            await store.move_leaf(session.id, leaf)


async def test_count_and_status_are_those_of_the_current_path(store: SqliteStore) -> None:
    session, (first, _, second, last) = await conversation(store, turns=2)
    found = await store.session(session.id)
    assert (found.message_count, found.status, found.leaf_id) == (4, "complete", last.id)

    other = answer(session, second, status=Status.FAILED)
    await store.finish_message(other)
    assert (await store.session(session.id)).status == "failed"
    followed = prompt(session, other)
    await store.add_message(followed)
    found = await store.session(session.id)
    assert (found.message_count, found.status) == (5, "failed"), "a question is not an answer"

    await store.move_leaf(session.id, first.id)
    found = await store.session(session.id)
    assert (found.message_count, found.status) == (1, "empty")
    await store.move_leaf(session.id, None)
    assert (await store.session(session.id)).message_count == 0


async def test_the_list_has_the_last_used_first_and_only_what_holds_something(store: SqliteStore) -> None:
    first, _ = await conversation(store)
    await new_session(store, title="empty")
    second, _ = await conversation(store)
    gone, _ = await conversation(store)
    await store.delete_session(gone.id)
    assert [session.id for session in await store.sessions()] == [second.id, first.id]
    await store.update_session(dataclasses.replace(first, title="used", updated_at="ignored"))
    # Times have milliseconds: within one of them the id decides.
    times = {session.id: session.updated_at for session in await store.sessions()}
    expected = sorted((first.id, second.id), key=lambda one: (times[one], one), reverse=True)
    assert [session.id for session in await store.sessions()] == expected
    assert [session.id for session in await store.sessions(limit=1)] == expected[:1]


async def test_a_deleted_session_is_hidden_until_it_is_restored(store: SqliteStore) -> None:
    session, path = await conversation(store)
    await store.delete_session(session.id)
    assert await store.search("question") == []
    with pytest.raises(UnknownSession):
        await store.session(session.id)
    await store.restore_session(session.id)
    assert (await store.session(session.id)).message_count == len(path)
    assert len(await store.search("question")) == 1
    for refused in (store.delete_session("nothing"), store.restore_session("nothing")):
        with pytest.raises(UnknownSession):
            await refused


# Finding by prefix.


async def test_a_unique_prefix_in_either_case_stands_for_the_session(store: SqliteStore) -> None:
    session = await new_session(store, id="01abcdefghjkmnpqrstvwxyz01")
    await new_session(store, id="01abzzzzzzzzzzzzzzzzzzzzzz")
    assert is_id(session.id)
    for prefix in (session.id, session.id.upper(), "01abc", "01ABC", " 01abcd "):
        assert (await store.session(prefix)).id == session.id


@pytest.mark.parametrize("prefix", ["", "01a", "zzzz", "01ab%", "01_b", "____", "'; --", "01ab\0", "\ud800ooo", "0" * 500])
async def test_too_short_and_unknown_prefixes_find_nothing(store: SqliteStore, prefix: str) -> None:
    await new_session(store, id="01abcdefghjkmnpqrstvwxyz01")
    with pytest.raises(UnknownSession, match="No session"):
        await store.session(prefix)


async def test_an_ambiguous_prefix_names_some_of_those_it_fits(store: SqliteStore) -> None:
    for last in range(5):
        await new_session(store, id=f"01abcdefghjkmnpqrstvwxyz0{last}", title=f"Title {last}\x1b[31m")
    with pytest.raises(AmbiguousSession) as caught:
        await store.session("01ab")
    message = str(caught.value)
    assert "fits 5 sessions" in message and "Title" in message and "and 2 more" in message and "\x1b" not in message


async def test_a_whole_id_wins_over_longer_ones_that_begin_so(store: SqliteStore) -> None:
    short, _ = await new_session(store, id="01ab"), await new_session(store, id="01abc")
    assert (await store.session("01ab")).id == short.id


# Importing.


async def exported(store: SqliteStore) -> tuple[SessionInfo, list[Message]]:
    session, path = await conversation(store, turns=2)
    branch = answer(session, path[2], "other")
    await store.finish_message(branch)
    return await store.session(session.id), await store.tree(session.id)


def renamed(session: SessionInfo, messages: list[Message]) -> tuple[SessionInfo, list[Message]]:
    """The same with fresh ids."""
    ids = {message.id: new_id() for message in messages}
    copy = dataclasses.replace(session, id=new_id(), leaf_id=ids.get(session.leaf_id or ""))
    return copy, [
        dataclasses.replace(one, id=ids[one.id], session_id=copy.id, parent_id=ids.get(one.parent_id or "")) for one in messages
    ]


async def test_an_import_gives_what_was_exported_and_can_be_searched(store: SqliteStore) -> None:
    session, messages = renamed(*await exported(store))
    await store.import_session(session, messages)
    assert await store.session(session.id) == session
    assert await store.tree(session.id) == messages
    assert {found.session_id for found in await store.search("other")} >= {session.id}
    assert await store.check_search()


async def test_an_import_takes_messages_in_any_order_and_ends_what_was_streaming(store: SqliteStore) -> None:
    session, messages = renamed(*await exported(store))
    messages[-1] = dataclasses.replace(messages[-1], status=Status.STREAMING)
    await store.import_session(session, messages[::-1])
    assert {message.id for message in await store.tree(session.id)} == {message.id for message in messages}
    assert [m.status for m in await store.tree(session.id) if m.id == messages[-1].id] == [Status.INTERRUPTED]


async def test_a_leaf_that_is_not_given_is_the_last_message(store: SqliteStore) -> None:
    session, messages = renamed(*await exported(store))
    await store.import_session(dataclasses.replace(session, leaf_id=None), messages)
    assert (await store.session(session.id)).leaf_id == messages[-1].id


async def test_an_import_is_all_or_nothing(store: SqliteStore) -> None:
    session, messages = renamed(*await exported(store))
    wrong = {
        "an unknown parent": [*messages, dataclasses.replace(messages[0], id=new_id(), parent_id="nothing")],
        "an id twice": [*messages, messages[0]],
        "another session": [dataclasses.replace(messages[0], session_id="other")],
        "a circle": [dataclasses.replace(messages[0], parent_id=messages[1].id), messages[1]],
        "no JSON": [*messages[:2], dataclasses.replace(messages[2], usage={"a": float("nan")})],
    }
    for what, bad in wrong.items():
        with pytest.raises(StoreError):
            await store.import_session(session, bad)
        assert await store.tree(session.id) == [], what
        with pytest.raises(UnknownSession):
            await store.session(session.id)
    with pytest.raises(StoreError, match="is not in session"):
        await store.import_session(dataclasses.replace(session, leaf_id="nothing"), messages)
    assert await store.check_search()
    await store.import_session(session, messages)


@given(data=st.data(), size=st.integers(0, 12))
def test_parents_come_first_and_nobody_is_lost(data: st.DataObject, size: int) -> None:
    session = SessionInfo("s")
    messages: list[Message] = []
    for _ in range(size):
        messages.append(prompt(session, data.draw(st.sampled_from([None, *messages]))))
    shuffled = data.draw(st.permutations(messages))
    ordered = _parents_first(shuffled)
    seen: set[str | None] = {None}
    for message in ordered:
        assert message.parent_id in seen
        seen.add(message.id)
    assert len(ordered) == size


# In memory.


async def test_a_temporary_history_works_alike_and_leaves_nothing(tmp_path: object) -> None:
    store = await SqliteStore.open(None)
    session, path = await conversation(store, turns=2)
    lock, second = store.hold(session.id), store.hold(session.id)
    reply = begun(session, path[2])
    await store.begin_message(reply)
    await store.append_chunks(reply.id, said("text"))
    assert store.path_on_disk is None
    assert (await store.session(session.id)).status == "streaming"
    lock.release()
    second.release()
    await store.close()
