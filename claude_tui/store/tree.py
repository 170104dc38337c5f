"""Writing and walking the tree of messages: each function is a step of a transaction that the caller holds."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from claude_tui.domain.errors import StoreError, UnknownSession
from claude_tui.domain.ids import timestamp
from claude_tui.domain.journal import Chunk, timeline_of
from claude_tui.domain.messages import Message, Role, Status
from claude_tui.domain.ports import Page
from claude_tui.domain.spending import Spending
from claude_tui.domain.turns import compacts, continues
from claude_tui.store import ledger, search
from claude_tui.store.connection import Sql, rows, value
from claude_tui.store.rows import MESSAGE_COLUMNS, MESSAGE_FIELDS, chunk_of, message_of, message_values, to_json

_PLACE = ("id", "session_id", "parent_id", "seq", "depth", "role")
_COLUMNS = (*_PLACE, *MESSAGE_FIELDS)
_INSERT = f"INSERT INTO messages ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' for _ in _COLUMNS)})"  # noqa: S608 - names from this file
_UPDATE = f"UPDATE messages SET {', '.join(f'{name} = ?' for name in MESSAGE_FIELDS)} WHERE number = ?"  # noqa: S608 - as above

_PATH = f"""
    WITH RECURSIVE up (number, parent_id, steps) AS (
        SELECT number, parent_id, 1 FROM messages WHERE id = ?1
        UNION ALL
        SELECT m.number, m.parent_id, up.steps + 1 FROM up JOIN messages m ON m.id = up.parent_id WHERE up.steps < ?2
    )
    SELECT {MESSAGE_COLUMNS} FROM up JOIN messages m ON m.number = up.number ORDER BY up.steps DESC
"""  # noqa: S608 - as above
_TREE = f"SELECT {MESSAGE_COLUMNS} FROM messages m WHERE m.session_id = ? ORDER BY m.seq"  # noqa: S608 - as above


def insert(connection: Sql, message: Message) -> None:
    """Store a new message below its parent and make it findable if it is finished."""
    if value(connection, "SELECT 1 FROM sessions WHERE id = ?", (message.session_id,)) is None:
        raise UnknownSession(f"No session {message.session_id} to add a message to.")
    depth = 1 + (_depth_of_parent(connection, message) if message.parent_id else 0)
    seq = value(connection, "SELECT coalesce(max(seq) + 1, 0) FROM messages WHERE session_id = ?", (message.session_id,))
    place = (message.id, message.session_id, message.parent_id or None, seq, depth, message.role.value)
    connection.execute(_INSERT, (*place, *message_values(message)))
    if message.status is not Status.STREAMING:
        aside = continues(message) is not None or compacts(message)  # words of this program, which nobody looks for
        search.index(connection, connection.last_insert_rowid(), () if aside else message.blocks)


def _depth_of_parent(connection: Sql, message: Message) -> int:
    found = rows(connection, "SELECT session_id, depth FROM messages WHERE id = ?", (message.parent_id,))
    if not found or found[0][0] != message.session_id:
        raise StoreError(
            f"Message {message.id} cannot follow {message.parent_id}: no such message in session {message.session_id}."
        )
    return int(found[0][1])


def add(connection: Sql, message: Message, at: str | None = None) -> None:
    """Store a new message and make it the leaf of its session. `at`: when that was said to happen; None is now."""
    insert(connection, message)
    connection.execute(
        "UPDATE sessions SET leaf_id = ?, updated_at = ? WHERE id = ?", (message.id, at or timestamp(), message.session_id)
    )


def finish(connection: Sql, message: Message, unwritten: Sequence[Chunk] = (), at: str | None = None) -> None:
    """Put the finished message in the place of its row and its journal, of which `unwritten` is the end that is not on disk.

    What an answer used goes into the ledger with it. `at` as in `add`.
    """
    journal = [*journal_of(connection, message.id), *unwritten]
    if journal:
        message = dataclasses.replace(message, timeline=timeline_of(journal))
    stored = rows(connection, "SELECT number, session_id, created_at FROM messages WHERE id = ?", (message.id,))
    if not stored:
        add(connection, message, at)
        _enter(connection, message)
        return
    number, session_id, created_at = stored[0]
    if session_id != message.session_id:
        raise StoreError(f"Message {message.id} belongs to session {session_id}, not to {message.session_id}.")
    message = dataclasses.replace(message, created_at=message.created_at or created_at)
    connection.execute(_UPDATE, (*message_values(message), number))
    connection.execute("DELETE FROM chunks WHERE message_id = ?", (message.id,))
    connection.execute("UPDATE sessions SET updated_at = ? WHERE id = ?", (at or timestamp(), session_id))
    search.index(connection, number, message.blocks)
    _enter(connection, message)


def _enter(connection: Sql, message: Message) -> None:
    if message.role is Role.ASSISTANT:
        ledger.enter(connection, Spending.of(message))


def set_extra(connection: Sql, message_id: str, extra: Mapping[str, Any], at: str | None = None) -> None:
    """Replace what stands beside a finished message's content. `at` as in `add`."""
    session_id = value(connection, "SELECT session_id FROM messages WHERE id = ? AND status <> 'streaming'", (message_id,))
    if session_id is None:
        raise StoreError(f"No finished message {message_id} in the history.")
    connection.execute("UPDATE messages SET extra = ? WHERE id = ?", (to_json(extra) if extra else None, message_id))
    connection.execute("UPDATE sessions SET updated_at = ? WHERE id = ?", (at or timestamp(), session_id))


def journal_of(connection: Sql, message_id: str) -> Iterator[Chunk]:
    """The answer's chunks on disk, up to the first one that is missing or damaged."""
    found = rows(connection, "SELECT seq, ms, block, kind, text FROM chunks WHERE message_id = ? ORDER BY seq", (message_id,))
    for expected, (seq, *row) in enumerate(found):
        if seq != expected:
            return
        try:
            yield chunk_of(tuple(row))
        except UnicodeDecodeError:
            return


def remove_empty(connection: Sql, message: Message) -> None:
    """Take away an answer of which nothing came; its parent becomes the leaf again."""
    connection.execute("UPDATE sessions SET leaf_id = ? WHERE leaf_id = ?", (message.parent_id, message.id))
    connection.execute("DELETE FROM messages WHERE id = ?", (message.id,))


def path(connection: Sql, leaf_id: str) -> list[Message]:
    """Root to leaf."""
    depth = value(connection, "SELECT depth FROM messages WHERE id = ?", (leaf_id,))
    if depth is None:
        raise StoreError(f"No message {leaf_id} in the history.")
    return _messages(connection, _PATH, (leaf_id, depth))


def page(connection: Sql, leaf_id: str, limit: int) -> Page:
    """The `limit` messages that end at the leaf; no other message's content is read."""
    messages = _messages(connection, _PATH, (leaf_id, max(limit, 1)))
    if not messages:
        raise StoreError(f"No message {leaf_id} in the history.")
    return Page(tuple(messages), messages[0].parent_id)


def tree(connection: Sql, session_id: str) -> list[Message]:
    """Every message of the session in the order of creation."""
    return _messages(connection, _TREE, (session_id,))


def _messages(connection: Sql, statement: str, bindings: tuple[Any, ...]) -> list[Message]:
    return [message_of(row) for row in rows(connection, statement, bindings)]
