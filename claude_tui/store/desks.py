"""Desks: what the user left lying on the screen of each session. Each function is a step of a transaction that the caller holds.

A desk is kept as ASCII JSON in the bytes of `drafts.text`, so any text comes back as it was, half of a surrogate pair included.
"""

from __future__ import annotations

import json
from typing import Any

from claude_tui.domain.desk import Desk
from claude_tui.domain.errors import UnknownSession
from claude_tui.domain.ids import timestamp
from claude_tui.domain.messages import SessionInfo
from claude_tui.store.connection import Sql, rows, value
from claude_tui.store.rows import SESSION_COLUMNS, session_of, to_json

_EMPTY = Desk()
_UNSENT = f"""
    SELECT d.text, {SESSION_COLUMNS} FROM drafts d JOIN sessions s ON s.id = d.session_id
    WHERE s.deleted_at IS NULL AND NOT EXISTS (SELECT 1 FROM messages WHERE session_id = s.id)
    ORDER BY d.updated_at DESC, s.id DESC
"""  # noqa: S608 - no outside text


def load(connection: Sql, session_id: str) -> Desk:
    """An empty desk where none was saved, or what was saved is damaged."""
    return _desk_of(value(connection, "SELECT text FROM drafts WHERE session_id = ?", (session_id,)))


def _desk_of(stored: bytes | None) -> Desk:
    try:
        given: Any = json.loads(stored) if stored else None
    except (ValueError, RecursionError):
        return _EMPTY
    return Desk.from_json(given)


def save(connection: Sql, session_id: str, desk: Desk, at: str | None = None) -> None:
    """An empty desk takes its row away. The session's own row stays as it is."""
    if desk == _EMPTY:
        connection.execute("DELETE FROM drafts WHERE session_id = ?", (session_id,))
        return
    if value(connection, "SELECT 1 FROM sessions WHERE id = ?", (session_id,)) is None:
        raise UnknownSession(f"No session {session_id}.")
    connection.execute(
        """INSERT INTO drafts (session_id, text, updated_at) VALUES (?1, ?2, ?3)
           ON CONFLICT (session_id) DO UPDATE SET text = ?2, updated_at = ?3""",
        (session_id, to_json(desk.to_json()).encode("ascii"), at or timestamp()),
    )


def unsent(connection: Sql) -> list[SessionInfo]:
    """Sessions without a message whose desk has text, the desk that was saved last first."""
    return [session_of(tuple(row)) for text, *row in rows(connection, _UNSENT) if _desk_of(text).has_text]
