"""Following a session that another process writes: what there is of it now, and whether that may have changed. Reads only."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from claude_tui.domain.errors import UnknownSession
from claude_tui.domain.journal import Chunk
from claude_tui.domain.messages import Message, Status
from claude_tui.store import recovery, tree
from claude_tui.store.connection import Sql, rows, snapshot

_PAGE = 16
_WHOLE = 1 << 40
_STATE = """
    SELECT leaf_id, updated_at, deleted_at, title, model, effort, system, extra,
        (SELECT max(seq) FROM messages WHERE session_id = s.id),
        (SELECT status || coalesce(extra, '') FROM messages WHERE id = s.leaf_id)
    FROM sessions s WHERE id = ?
"""
_JOURNALS = """
    SELECT m.id, (SELECT max(seq) FROM chunks WHERE message_id = m.id) FROM messages m
    WHERE m.session_id = ? AND m.status = 'streaming' ORDER BY m.seq
"""


def state(connection: Sql, session_id: str) -> object:
    """A value that is another one whenever something of the session, its desk aside, is not what it was."""
    with snapshot(connection):
        found = rows(connection, _STATE, (session_id,))
        if not found:
            raise UnknownSession(f"No session {session_id}.")
        return found[0], tuple(rows(connection, _JOURNALS, (session_id,)))


def peek(
    connection: Sql, session_id: str, unwritten: Callable[[str], Sequence[Chunk]], known: Sequence[Message] = ()
) -> list[Message]:
    """The current path, what streams folded as far as it has come. `unwritten`: chunks of an answer that are not yet on disk.

    `known`: what this gave before; only what came after it is read. A finished message that others follow no longer changes.
    """
    places = {message.id: place for place, message in enumerate(known[:-1]) if message.status is not Status.STREAMING}
    with snapshot(connection):
        found = rows(connection, "SELECT leaf_id FROM sessions WHERE id = ?", (session_id,))
        if not found:
            raise UnknownSession(f"No session {session_id}.")
        newer: list[Message] = []
        older: str | None = found[0][0]
        while older is not None and older not in places:
            page = tree.page(connection, older, _PAGE if places else _WHOLE)
            newer[:0] = page.messages
            older = page.older
        newer = [_so_far(connection, one, unwritten) if one.status is Status.STREAMING else one for one in newer]
    start = next((index for index in range(len(newer) - 1, -1, -1) if newer[index].id in places), None)
    if start is not None:
        return [*known[: places[newer[start].id] + 1], *newer[start + 1 :]]
    return [*(known[: places[older] + 1] if older is not None else ()), *newer]


def _so_far(connection: Sql, message: Message, unwritten: Callable[[str], Sequence[Chunk]]) -> Message:
    chunks = [*tree.journal_of(connection, message.id), *unwritten(message.id)]
    return recovery.folded(message, chunks, Status.STREAMING)
