"""Finding what the user asked: for the prompt history and for versions of a prompt. Reads only.

A message of tool results is told from a prompt by its text: stored JSON has no spaces, and a quotation mark inside a string is
escaped, so the patterns below stand nowhere but in a block's type and in the keys of `extra`.
"""

from __future__ import annotations

from collections.abc import Iterator

from claude_tui.domain.blocks import plain_text
from claude_tui.domain.errors import StoreError
from claude_tui.domain.turns import COMPACTS, CONTINUES, SUMMARY_OF
from claude_tui.store.connection import Sql, rows, value
from claude_tui.store.rows import blocks_of

_BATCH = 256
_IS_SAID = """m.role = 'user' AND instr(m.blocks, '"type":"tool_result"') = 0"""
_IS_PROMPT = " AND ".join(
    (_IS_SAID, *(f"""instr(coalesce(m.extra, ''), '"{key}":') = 0""" for key in (CONTINUES, COMPACTS, SUMMARY_OF)))
)
_EVERYWHERE = f"""
    SELECT m.number, CAST(m.blocks AS BLOB) FROM messages m JOIN sessions s ON s.id = m.session_id AND s.deleted_at IS NULL
    WHERE m.number < ? AND {_IS_PROMPT} ORDER BY m.number DESC LIMIT ?
"""  # noqa: S608 - no outside text
_UPWARDS = f"""
    WITH RECURSIVE up (number, parent_id, steps) AS (
        SELECT number, parent_id, 1 FROM messages WHERE id = ?1
        UNION ALL
        SELECT m.number, m.parent_id, up.steps + 1 FROM up JOIN messages m ON m.id = up.parent_id WHERE up.steps < ?2
    )
    SELECT up.parent_id, CASE WHEN {_IS_PROMPT} THEN CAST(m.blocks AS BLOB) END
    FROM up JOIN messages m ON m.number = up.number ORDER BY up.steps
"""  # noqa: S608 - as above
_VERSIONS = f"""
    WITH forks AS (
        SELECT parent_id FROM messages WHERE session_id = ?1 AND role = 'user' GROUP BY parent_id HAVING count(*) > 1
    )
    SELECT m.parent_id, m.id FROM messages m
    WHERE m.session_id = ?1 AND {_IS_SAID} AND EXISTS (SELECT 1 FROM forks WHERE forks.parent_id IS m.parent_id)
    ORDER BY m.seq
"""  # noqa: S608 - as above


def newest(connection: Sql, session_id: str | None, limit: int) -> list[str]:
    """Texts of prompts, newest first, each once: of one session's current path, or of all sessions that are not deleted."""
    stored = _everywhere(connection) if session_id is None else _on_path(connection, session_id)
    seen: set[bytes] = set()
    texts: dict[str, None] = {}
    while len(texts) < limit and (blocks := next(stored, None)) is not None:
        if blocks in seen:
            continue
        seen.add(blocks)
        text = plain_text(blocks_of(blocks))
        if text.strip():
            texts.setdefault(text)
    return list(texts)


def _everywhere(connection: Sql) -> Iterator[bytes]:
    number = 1 << 62
    while found := rows(connection, _EVERYWHERE, (number, _BATCH)):
        number = found[-1][0]
        yield from (blocks for _, blocks in found)


def _on_path(connection: Sql, session_id: str) -> Iterator[bytes]:
    message_id = value(connection, "SELECT leaf_id FROM sessions WHERE id = ?", (session_id,))
    while message_id is not None:
        found = rows(connection, _UPWARDS, (message_id, _BATCH))
        message_id = found[-1][0] if found else None
        yield from (blocks for _, blocks in found if blocks is not None)


def versions(connection: Sql, session_id: str) -> dict[str | None, tuple[str, ...]]:
    """Parent → the prompts below it by creation, where there are several."""
    below: dict[str | None, list[str]] = {}
    for parent_id, message_id in rows(connection, _VERSIONS, (session_id,)):
        below.setdefault(parent_id, []).append(message_id)
    return {parent_id: tuple(ids) for parent_id, ids in below.items() if len(ids) > 1}


def newest_leaf(connection: Sql, message_id: str) -> str:
    """The end of the way that takes the newest child each time."""
    if value(connection, "SELECT 1 FROM messages WHERE id = ?", (message_id,)) is None:
        raise StoreError(f"No message {message_id} in the history.")
    while True:
        child = value(connection, "SELECT id FROM messages WHERE parent_id = ? ORDER BY seq DESC LIMIT 1", (message_id,))
        if child is None:
            return message_id
        message_id = child
