"""The full-text index: words of every language, one and two characters of Chinese included, found by quoted phrases.

Text and queries pass the same function, which puts spaces around every character of scripts that are written without them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from claude_tui.domain.blocks import Block, block_type, result_text, string
from claude_tui.domain.text import repair
from claude_tui.domain.turns import COMPACTS, CONTINUES
from claude_tui.store.connection import Database, Sql, rows, value
from claude_tui.store.rows import blocks_of

_UNSPACED = re.compile(
    "([\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff])"
)


@dataclass(frozen=True, slots=True)
class Found:
    """A message that holds the words searched for."""

    session_id: str
    message_id: str


def spaced(text: str) -> str:
    """`text` as the index knows it: encodable, and a space around every character of a script without spaces."""
    return _UNSPACED.sub(r" \1 ", repair(text).replace("\0", "\ufffd"))


def searchable(blocks: Sequence[Block]) -> str:
    """What of a message can be found: the text said, and the text of tool results."""
    parts = [string(block, "text") if block_type(block) == "text" else result_text(block) for block in blocks]
    return "\n".join(part for part in parts if part)


def phrases(query: str) -> str:
    """The query as quoted phrases, all of which must be there; nothing in it is taken for an operator. Empty if it has no words."""
    words = [word.replace('"', " ") for word in query.split()]
    return " ".join(f'"{spaced(word).strip()}"' for word in words if any(character.isalnum() for character in word))


def index(connection: Sql, number: int, blocks: Sequence[Block]) -> None:
    """Make the finished message findable by what it says now. Part of the transaction that stores it."""
    connection.execute("DELETE FROM found WHERE rowid = ?", (number,))
    connection.execute("INSERT INTO found (rowid, body) VALUES (?, ?)", (number, spaced(searchable(blocks))))


def find(connection: Sql, query: str, limit: int) -> list[Found]:
    """The messages that hold every phrase of the query, newest first, deleted sessions left out."""
    wanted = phrases(query)
    if not wanted:
        return []
    matches = rows(
        connection,
        """SELECT m.session_id, m.id FROM found JOIN messages m ON m.number = found.rowid
           JOIN sessions s ON s.id = m.session_id AND s.deleted_at IS NULL
           WHERE found MATCH ? ORDER BY found.rowid DESC LIMIT ?""",
        (wanted, limit),
    )
    return [Found(*match) for match in matches]


def check(database: Database) -> bool:
    """Whether the index is whole; if not, it is built anew."""
    return database.read(is_whole) or database.write(_rebuild)


def is_whole(connection: Sql) -> bool:
    """Whether there are as many indexed messages as finished ones."""
    indexed = value(connection, "SELECT count(*) FROM found_docsize")
    return indexed == value(connection, "SELECT count(*) FROM messages WHERE status <> 'streaming'")


_FINISHED = f"""
    SELECT number, role = 'user' AND instr(coalesce(extra, ''), '"{CONTINUES}":') + instr(coalesce(extra, ''), '"{COMPACTS}":') > 0
    FROM messages WHERE status <> 'streaming' ORDER BY number
"""  # noqa: S608 - names from the domain
"""With whether it holds words of this program, which nobody looks for."""


def _rebuild(connection: Sql) -> bool:
    connection.execute("DELETE FROM found")
    for number, aside in rows(connection, _FINISHED):
        blocks = value(connection, "SELECT CAST(blocks AS BLOB) FROM messages WHERE number = ?", (number,))
        index(connection, number, () if aside else blocks_of(blocks))
    return False
