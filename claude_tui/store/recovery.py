"""Ending what a dead process left streaming: its journal is folded and the answer becomes an interrupted one.

Whoever does this holds the session's lock, so the answer is no living process's; and it is one transaction, so it happens once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from claude_tui.domain.errors import SessionHeld
from claude_tui.domain.journal import Chunk, events_of, timings_of
from claude_tui.domain.messages import Message, Status
from claude_tui.domain.partial import Partial
from claude_tui.domain.spending import UNSEEN, Spending
from claude_tui.store import ledger, locks, tree
from claude_tui.store.connection import Database, Sql, rows
from claude_tui.store.rows import MESSAGE_COLUMNS, message_of

_STREAMING = f"SELECT {MESSAGE_COLUMNS} FROM messages m WHERE m.session_id = ? AND m.status = 'streaming'"  # noqa: S608 - no outside text
_MALFORMED = (ValueError, TypeError, LookupError, AttributeError, RecursionError)


def recover_all(database: Database, lock_folder: Path) -> list[str]:
    """End what is left streaming in sessions that nobody holds; for each answer that was saved so, the id of its session."""
    sessions = database.read(
        lambda connection: rows(connection, "SELECT DISTINCT session_id FROM messages WHERE status = 'streaming'")
    )
    recovered: list[str] = []
    for (session_id,) in sessions:
        try:
            lock = locks.hold(lock_folder, session_id)
        except SessionHeld:
            continue  # its process lives
        try:
            recovered += [session_id] * recover_session(database, session_id)
        finally:
            lock.release()
    return recovered


def recover_session(database: Database, session_id: str, is_ours: Callable[[], bool] = lambda: True) -> int:
    """End what is left streaming in one session, whose lock the caller holds for as long as `is_ours` says so.

    How many answers were saved: of one of which nothing had come there was nothing to save.
    """

    def run(connection: Sql) -> int:
        left = [message_of(row) for row in rows(connection, _STREAMING, (session_id,))] if is_ours() else []
        return sum([_end(connection, message) for message in left])

    if not database.read(lambda connection: rows(connection, _STREAMING + " LIMIT 1", (session_id,))):
        return 0
    return database.write(run)


def _end(connection: Sql, message: Message) -> bool:
    """Whether anything of it is left."""
    ended = folded(message, tree.journal_of(connection, message.id), Status.INTERRUPTED)
    if ended.blocks:
        tree.finish(connection, ended)
        return True
    if ended.usage is not None:  # the endpoint had begun to count: that was used, whatever came of it
        ledger.enter(connection, replace(Spending.of(ended), message_id=None, kind=UNSEEN))
    tree.remove_empty(connection, message)
    return False


def folded(message: Message, chunks: Iterable[Chunk], status: Status) -> Message:
    """`message` as its journal tells it, up to the first chunk that makes no sense."""
    partial = Partial()
    good: list[Chunk] = []
    for chunk in chunks:
        try:
            for event in events_of([chunk]):
                partial.apply(event)
        except _MALFORMED:
            break
        good.append(chunk)
    if not partial.started and not partial.block_count:
        return replace(message, status=status)
    return partial.message(replace(message, timings=timings_of(good)), status)
