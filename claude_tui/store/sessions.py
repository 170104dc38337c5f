"""Sessions: creating, finding, listing, changing, importing. Each function is a step of a transaction that the caller holds."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from claude_tui.domain.errors import AmbiguousSession, StoreError, UnknownSession
from claude_tui.domain.ids import timestamp
from claude_tui.domain.messages import Message, SessionInfo, Status
from claude_tui.domain.text import safe_line
from claude_tui.store import tree
from claude_tui.store.connection import Sql, rows, value
from claude_tui.store.rows import SESSION_COLUMNS, SESSION_FIELDS, session_of, session_values

MIN_PREFIX = 4
_NAMED = 3
_ID_CHARACTERS = frozenset("0123456789abcdefghijklmnopqrstuvwxyz_-")

_COLUMNS = ("id", "created_at", "updated_at", *SESSION_FIELDS)
_INSERT = f"INSERT INTO sessions ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' for _ in _COLUMNS)})"  # noqa: S608 - names from this file
_UPDATE = f"UPDATE sessions SET updated_at = ?, {', '.join(f'{name} = ?' for name in SESSION_FIELDS)} WHERE id = ?"  # noqa: S608 - as above
_BY_PREFIX = f"""
    SELECT {SESSION_COLUMNS} FROM sessions s
    WHERE s.deleted_at IS NULL AND (s.id = ?1 OR (?2 AND s.id >= ?1 AND s.id < ?1 || '~'))
    ORDER BY s.id <> ?1, s.updated_at DESC
"""  # noqa: S608 - as above
_LIST = f"""
    SELECT {SESSION_COLUMNS} FROM sessions s
    WHERE s.deleted_at IS NULL AND EXISTS (SELECT 1 FROM messages WHERE session_id = s.id)
    ORDER BY s.updated_at DESC, s.id DESC LIMIT ?
"""  # noqa: S608 - as above


def create(connection: Sql, session: SessionInfo) -> None:
    if value(connection, "SELECT 1 FROM sessions WHERE id = ?", (session.id,)):
        raise StoreError(f"There is a session {session.id} already.")
    created = session.created_at or timestamp()
    connection.execute(_INSERT, (session.id, created, session.updated_at or created, *session_values(session)))


def update(connection: Sql, session: SessionInfo, at: str | None = None) -> None:
    """Everything but the leaf, which only messages and `move_leaf` move: whoever holds an older copy moves nothing back."""
    connection.execute(_UPDATE, (at or timestamp(), *session_values(session), session.id))
    if not connection.changes():
        raise UnknownSession(f"No session {session.id}.")


def move_leaf(connection: Sql, session_id: str, leaf_id: str | None, at: str | None = None) -> None:
    """Make another message of the session the end of its current path."""
    if leaf_id is not None:
        _check_leaf(connection, session_id, leaf_id)
    connection.execute("UPDATE sessions SET leaf_id = ?, updated_at = ? WHERE id = ?", (leaf_id, at or timestamp(), session_id))
    if not connection.changes():
        raise UnknownSession(f"No session {session_id}.")


def _check_leaf(connection: Sql, session_id: str, leaf_id: str) -> None:
    if value(connection, "SELECT session_id FROM messages WHERE id = ?", (leaf_id,)) != session_id:
        raise StoreError(f"Message {leaf_id} is not in session {session_id}.")


def set_deleted(connection: Sql, session_id: str, deleted_at: str | None) -> None:
    """Hide the session, or bring it back; nothing is removed."""
    connection.execute("UPDATE sessions SET deleted_at = ? WHERE id = ?", (deleted_at, session_id))
    if not connection.changes():
        raise UnknownSession(f"No session {session_id}.")


def find(connection: Sql, id_or_prefix: str) -> SessionInfo:
    """The session of this id, or the only one whose id begins so; letters may be of either case."""
    wanted = id_or_prefix.strip().lower()
    found: list[SessionInfo] = []
    if wanted and _ID_CHARACTERS.issuperset(wanted):
        found = [session_of(row) for row in rows(connection, _BY_PREFIX, (wanted, len(wanted) >= MIN_PREFIX))]
    if found and (len(found) == 1 or found[0].id == wanted):
        return found[0]
    if found:
        names = ", ".join(_named(session) for session in found[:_NAMED])
        more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
        raise AmbiguousSession(f"{wanted} fits {len(found)} sessions: {names}{more}. Give more of the id.")
    if len(wanted) < MIN_PREFIX:
        raise UnknownSession(f"No session {safe_line(id_or_prefix, 40)!r}: give at least {MIN_PREFIX} characters of its id.")
    raise UnknownSession(f"No session {safe_line(id_or_prefix, 40)!r}. `claude-tui sessions list` shows them.")


def _named(session: SessionInfo) -> str:
    return f"{session.id} ({safe_line(session.title, 40)})" if session.title else session.id


def newest(connection: Sql, limit: int | None) -> list[SessionInfo]:
    """Updated last first; without the deleted ones and those without a message."""
    return [session_of(row) for row in rows(connection, _LIST, (-1 if limit is None else limit,))]


def import_all(connection: Sql, session: SessionInfo, messages: Sequence[Message]) -> None:
    """Store a session and its messages. An answer that was being received elsewhere is here an interrupted one."""
    create(connection, session)
    for message in _parents_first(messages):
        if message.session_id != session.id:
            raise StoreError(f"Message {message.id} belongs to session {message.session_id}, not to {session.id}.")
        if message.status is Status.STREAMING:
            message = dataclasses.replace(message, status=Status.INTERRUPTED)
        tree.insert(connection, message)
    leaf = session.leaf_id or (messages[-1].id if messages else None)
    if leaf is not None:
        _check_leaf(connection, session.id, leaf)
        connection.execute("UPDATE sessions SET leaf_id = ? WHERE id = ?", (leaf, session.id))


def _parents_first(messages: Sequence[Message]) -> list[Message]:
    """The messages in their order, but none before its parent."""
    waiting: dict[str, list[Message]] = {}
    coming = {message.id for message in messages}
    ordered: list[Message] = []
    ready: list[Message] = []
    placed: set[str] = set()
    for message in messages:
        if message.parent_id in coming and message.parent_id not in placed:
            waiting.setdefault(message.parent_id or "", []).append(message)
            continue
        ready.append(message)
        while ready:
            one = ready.pop(0)
            ordered.append(one)
            placed.add(one.id)
            ready.extend(waiting.pop(one.id, []))
    if waiting:
        raise StoreError("The messages to import do not form a tree: some follow each other in a circle.")
    return ordered
