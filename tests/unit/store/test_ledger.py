"""The ledger: a row for each response, written with its answer, kept whatever becomes of that, and never for a copy."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import apsw
import pytest

from claude_tui.domain.errors import StoreError
from claude_tui.domain.ids import new_id
from claude_tui.domain.journal import Chunk
from claude_tui.domain.messages import Message, SessionInfo, Status
from claude_tui.domain.spending import UNSEEN, Spending
from claude_tui.engine.copying import copied
from claude_tui.store import SqliteStore, ledger, migrations, tree
from tests.unit.store.samples import answer, begun, conversation, inside, new_session, prompt, python, said

USAGE = {"input_tokens": 10, "output_tokens": 20, "cache_creation": {"ephemeral_5m_input_tokens": 0}, "odd": "\ud800"}
PAID: dict[str, Any] = {
    "usage": USAGE,
    "model": "served",
    "provider": "work",
    "api_id": "msg_1",
    "stop_reason": "end_turn",
    "timings": {"ttft_ms": 3, "total_ms": 9},
}


async def asked(store: SqliteStore) -> tuple[SessionInfo, Message]:
    session = await new_session(store)
    question = prompt(session)
    await store.add_message(question)
    return session, question


async def test_an_answer_has_one_row_however_it_gets_there(store: SqliteStore) -> None:
    session, question = await asked(store)
    first = begun(session, question)
    await store.begin_message(first)
    assert await store.spending() == [], "nothing is counted before the answer is stored"
    first = dataclasses.replace(answer(session, question, **PAID), id=first.id, created_at=first.created_at)
    await store.finish_message(first)
    await store.finish_message(first)
    second = answer(session, first, **{**PAID, "api_id": "msg_2"})
    await store.finish_message(second)
    assert await store.spending() == [Spending.of(first), Spending.of(second)]
    assert (await store.path(second.id))[-1].provider == "work"


async def test_only_answers_are_counted(store: SqliteStore) -> None:
    session, question = await asked(store)
    await store.add_message(prompt(session, question, usage=USAGE))
    await store.finish_message(prompt(session, question, usage=USAGE))
    assert await store.spending() == []


async def test_everything_of_a_row_comes_back(store: SqliteStore) -> None:
    row = Spending(
        "r", "gone", None, "p", "m", USAGE, 7, False, "refusal", "compaction", "a", 1, 2, "2026-01-01T00:00:00.000Z", Decimal("0.1")
    )  # fmt: skip
    bare = Spending("s", "gone", None, None, None, None, created_at="2026-01-02T00:00:00.000Z")
    await store.add_spending(bare)
    await store.add_spending(row)
    assert await store.spending() == [row, bare]
    await store.add_spending(dataclasses.replace(row, output_estimate=8))
    assert [one.output_estimate for one in await store.spending()] == [8, 0]


async def test_rows_of_a_session_and_of_a_time(store: SqliteStore) -> None:
    for number in range(4):
        moment = f"2026-01-0{number + 1}T00:00:00.000Z"
        await store.add_spending(Spending(str(number), "ab"[number % 2], None, None, None, None, created_at=moment))

    async def ids(**asked: str) -> str:
        return "".join(row.id for row in await store.spending(**asked))

    assert await ids() == "0123" and await ids(session_id="b") == "13"
    second, fourth = "2026-01-02T00:00:00.000Z", "2026-01-04T00:00:00.000Z"
    assert await ids(since=second, until=fourth) == "12"
    assert await ids(session_id="a", since=second) == "2" and await ids(session_id="c") == ""


async def test_deleting_does_not_unspend(store: SqliteStore, data_dir: Path) -> None:
    session, path = await conversation(store)
    await store.delete_session(session.id)
    assert [row.message_id for row in await store.spending(session_id=session.id)] == [path[-1].id]
    connection = inside(data_dir)
    connection.execute("PRAGMA foreign_keys = ON; DELETE FROM sessions")
    assert connection.execute("SELECT count(*) FROM messages").get == 0
    connection.close()
    assert len(await store.spending()) == 1


async def test_a_copy_was_paid_for_elsewhere(store: SqliteStore) -> None:
    session, question = await asked(store)
    await store.finish_message(paid := answer(session, question, **PAID))
    fork, messages = copied(session, [question, paid])
    await store.import_session(fork, messages)
    assert (await store.path(messages[-1].id))[-1].usage == USAGE
    assert [row.session_id for row in await store.spending()] == [session.id]


async def test_row_and_answer_are_written_together_or_not_at_all(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    session, question = await asked(store)
    await store.begin_message(streaming := begun(session, question))
    finished = dataclasses.replace(answer(session, question, **PAID), id=streaming.id)

    def broken(*_: object) -> None:
        raise apsw.FullError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(ledger, "enter", broken)
        with pytest.raises(StoreError):
            await store.finish_message(finished)
    assert (await store.path(streaming.id))[-1].status is Status.STREAMING
    assert await store.spending() == []
    with monkeypatch.context() as patched:
        patched.setattr(tree, "_UPDATE", "UPDATE nowhere SET x = 1")
        with pytest.raises(StoreError):
            await store.finish_message(finished)
    assert await store.spending() == []
    await store.finish_message(finished)
    assert len(await store.spending()) == 1


STARTED = Chunk(1, -1, "message", json.dumps(["msg_1", "served", {"input_tokens": 30, "output_tokens": 1}, {}]))


@pytest.mark.parametrize(
    ("chunks", "kind", "estimate"),
    [
        ([STARTED, *said("x" * 40, ms=2)], "answer", 10),
        ([STARTED], UNSEEN, 0),
        (said("x" * 40), "answer", 10),
    ],
)
async def test_what_a_dead_process_used_is_counted_once(data_dir: Path, chunks: list[Chunk], kind: str, estimate: int) -> None:
    store = await SqliteStore.open(data_dir)
    session, question = await asked(store)
    await store.begin_message(dead := dataclasses.replace(begun(session, question), provider="work", model="asked"))
    await store.append_chunks(dead.id, chunks)
    await store.close()
    for _ in range(2):
        store = await SqliteStore.open(data_dir)
        (row,) = await store.spending()
        await store.close()
    assert (row.kind, row.final, row.output_estimate, row.provider) == (kind, False, estimate, "work")
    assert row.message_id == (dead.id if kind == "answer" else None)
    started = chunks[0] is STARTED
    assert (row.model, row.api_id) == (("served", "msg_1") if started else ("asked", None))
    assert row.usage == ({"input_tokens": 30, "output_tokens": 1} if started else None)


async def test_an_answer_of_which_nothing_is_known_is_not_counted(data_dir: Path) -> None:
    store = await SqliteStore.open(data_dir)
    session, question = await asked(store)
    await store.begin_message(begun(session, question))
    await store.close()
    store = await SqliteStore.open(data_dir)
    assert store.recovered == () and await store.spending() == []
    await store.close()


async def test_a_damaged_row_is_an_unknown_cost(store: SqliteStore, data_dir: Path) -> None:
    await store.add_spending(Spending("r", "s", None, "p", "m", USAGE, created_at="2026", reported=Decimal(1)))
    connection = inside(data_dir)
    connection.execute("UPDATE spending SET usage = '{\"input', reported = 'much'")
    connection.close()
    (row,) = await store.spending()
    assert row.usage is None and row.reported is None


# The format before.


def old_history(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, rows: Callable[[SessionInfo], list[tuple[Any, ...]]]
) -> SessionInfo:
    """A history of the first format with answers of these columns."""
    with monkeypatch.context() as patched:
        patched.setattr(migrations, "MIGRATIONS", migrations.MIGRATIONS[:1])
        asyncio.run(_opened(data_dir))
    connection = inside(data_dir)
    sessions = [SessionInfo(new_id(), provider=name) for name in ("anthropic", "work")]
    for one in sessions:
        connection.execute(
            "INSERT INTO sessions (id, title, provider, created_at, updated_at) VALUES (?, '', ?, '', '')", (one.id, one.provider)
        )
    for number, (place, api_id, status, created_at, usage, blocks) in enumerate(rows(sessions[0])):
        connection.execute(
            """INSERT INTO messages (id, session_id, seq, depth, role, status, created_at, model, api_id, usage, timings, blocks)
               VALUES (?, ?, ?, 1, 'assistant', ?, ?, 'm', ?, ?, '{"ttft_ms":4,"total_ms":8.5}', ?)""",
            (f"m{number}", sessions[place].id, number, status, created_at, api_id, usage and json.dumps(usage), json.dumps(blocks)),
        )
    connection.close()
    return sessions[1]


async def _opened(data_dir: Path) -> list[Spending]:
    store = await SqliteStore.open(data_dir)
    try:
        return await store.spending() if len(migrations.MIGRATIONS) > 1 else []
    finally:
        await store.close()


def test_an_old_history_is_counted_once_each(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = [{"type": "text", "text": "x" * 40}]
    used = {"input_tokens": 1, "output_tokens": 2}
    old_history(
        data_dir,
        monkeypatch,
        lambda _: [
            (0, "msg_1", "complete", "2026-02-01", used, text),
            (1, "msg_1", "complete", "2026-02-01", used, text),  # a fork
            (1, "msg_2", "complete", "2026-02-03", used, text),  # an import, and later
            (0, "msg_2", "complete", "2026-02-02", used, text),  # what it is a copy of
            (0, "msg_3", "interrupted", "2026-02-04", used, text),
            (0, None, "complete", "2026-02-05", used, text),
            (1, None, "complete", "2026-02-05", used, text),  # a fork of an answer without an id
            (1, None, "complete", "2026-02-06", used, text),
            (0, "msg_4", "complete", "2026-02-07", None, text),  # nobody said what it used
        ],
    )
    found = asyncio.run(_opened(data_dir))
    assert [(row.message_id, row.api_id, row.provider) for row in found] == [
        ("m0", "msg_1", "anthropic"),
        ("m3", "msg_2", "anthropic"),
        ("m4", "msg_3", "anthropic"),
        ("m5", None, "anthropic"),
        ("m7", None, "work"),
    ]
    assert [(row.final, row.output_estimate) for row in found] == [(True, 0), (True, 0), (False, 10), (True, 0), (True, 0)]
    assert all(row.usage == used and (row.model, row.ttft_ms, row.total_ms) == ("m", 4, None) for row in found)
    assert asyncio.run(_opened(data_dir)) == found
    connection = inside(data_dir)
    providers = connection.execute("SELECT DISTINCT session_id, provider FROM messages").fetchall()
    assert sorted(name for _, name in providers) == ["anthropic", "work"]
    connection.close()


def test_damage_in_an_old_history_keeps_nobody_out(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old_history(data_dir, monkeypatch, lambda _: [(0, "msg_1", "failed", "2026-02-01", {"input_tokens": 1}, [])])
    connection = inside(data_dir)
    connection.execute("UPDATE messages SET usage = '{', timings = '[', blocks = CAST(x'ff' AS TEXT), raw_inputs = '['")
    connection.close()
    (row,) = asyncio.run(_opened(data_dir))
    assert row.usage is None and row.ttft_ms is None and not row.final


def test_a_killed_process_loses_no_row(data_dir: Path) -> None:
    """Of the answer that was stored the row is there; of the one that streamed the next process counts what had come."""
    source = """
        async def main():
            store = await SqliteStore.open(Path(sys.argv[1]))
            session, path = await conversation(store, 1)
            reply = begun(session, path[-1])
            await store.begin_message(reply)
            await store.append_chunks(reply.id, said("half"))
            os.kill(os.getpid(), 9)
        asyncio.run(main())
    """
    with python(source, data_dir) as child:
        child.communicate()
    assert child.returncode == -9
    found = asyncio.run(_opened(data_dir))
    assert [row.final for row in found] == [True, False] and len({row.id for row in found}) == 2
