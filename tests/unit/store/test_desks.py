"""What lies on a session's desk: kept as it is, apart from the session's own row."""

from pathlib import Path

import pytest

from claude_tui.domain.desk import Desk
from claude_tui.domain.errors import UnknownSession
from claude_tui.domain.ids import timestamp
from claude_tui.store import SqliteStore
from tests.unit.store.samples import conversation, inside, new_session, prompt

DESK = Desk("half a 问题 \ud83d", ("next", "后来"), "01p", ("01a:0", 7), {"01a:1": 0})


async def test_a_desk_comes_back(store: SqliteStore, data_dir: Path) -> None:
    session = await new_session(store)
    assert await store.desk(session.id) == Desk()
    await store.save_desk(session.id, DESK)
    assert await store.desk(session.id) == DESK
    other = await SqliteStore.open(data_dir)
    assert await other.desk(session.id) == DESK
    await other.close()


async def test_saving_a_desk_changes_no_session(store: SqliteStore) -> None:
    session, _ = await conversation(store, updated_at="2026-01-01T00:00:00.000Z")
    before, state = await store.session(session.id), await store.changed(session.id)
    await store.save_desk(session.id, DESK)
    assert await store.session(session.id) == before
    assert await store.changed(session.id) == state


async def test_an_empty_desk_takes_its_row_away(store: SqliteStore, data_dir: Path) -> None:
    session = await new_session(store)
    await store.save_desk(session.id, DESK)
    await store.save_desk(session.id, Desk())
    connection = inside(data_dir)
    assert connection.execute("SELECT count(*) FROM drafts").fetchall() == [(0,)]
    connection.close()
    assert await store.desk(session.id) == Desk()


async def test_no_desk_without_a_session(store: SqliteStore) -> None:
    with pytest.raises(UnknownSession):
        await store.save_desk("nobody", DESK)
    await store.save_desk("nobody", Desk())
    assert await store.desk("nobody") == Desk()


@pytest.mark.parametrize("spoilt", [b"", b"{", b"\xff\xfe", b"[1]", b'{"draft": 3}', b"[" * 100_000])
async def test_a_damaged_desk_is_an_empty_one(store: SqliteStore, data_dir: Path, spoilt: bytes) -> None:
    session = await new_session(store)
    await store.save_desk(session.id, DESK)
    connection = inside(data_dir)
    connection.execute("UPDATE drafts SET text = ?", (spoilt,))
    connection.close()
    assert await store.desk(session.id) == Desk()


async def test_unsent_are_those_with_text_and_no_message(store: SqliteStore, data_dir: Path) -> None:
    first, second, without, deleted = [await new_session(store, title=name) for name in ("first", "second", "without", "deleted")]
    used, _ = await conversation(store)
    for session in (second, first, deleted, used):
        await store.save_desk(session.id, Desk("text"))
    await store.save_desk(without.id, Desk(place=("a", 1)))
    await store.delete_session(deleted.id)
    connection = inside(data_dir)
    connection.execute("UPDATE drafts SET updated_at = '2999' WHERE session_id = ?", (first.id,))
    connection.close()
    assert [session.title for session in await store.unsent()] == ["first", "second"]
    await store.add_message(prompt(first, created_at=timestamp()))
    assert [session.title for session in await store.unsent()] == ["second"]
