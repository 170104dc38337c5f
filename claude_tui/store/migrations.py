"""The schema: ordered functions, each of which takes the database from one format to the next. There is no other schema text.

`PRAGMA user_version` is the number of functions that have run. A released function is never changed; a new format is a new function
at the end. Before an existing history is changed it is copied to the folder `backups` beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from claude_tui.domain.damage import BadHistory, Damage, DamageKind
from claude_tui.domain.errors import StoreError
from claude_tui.domain.messages import Status
from claude_tui.domain.spending import is_final
from claude_tui.domain.tokens import written_tokens
from claude_tui.store.connection import APPLICATION_ID, Database, Sql, rows, snapshot, value
from claude_tui.store.rows import Reading, to_json

_COUNTED = ("sessions", "messages", "chunks")


def _first_format(connection: Sql) -> None:
    """Sessions, the tree of their messages, the journal of answers being received, drafts, attachments, search.

    `messages.number` is the key of the search index. `depth` counts the messages from the root, so a session's message count is the
    depth of its leaf. The wide columns come last: reading the others does not touch them. What may hold text that is not valid
    Unicode is ASCII-escaped JSON, or bytes (`chunks.text`, `drafts.text`).
    """
    for statement in _FIRST_FORMAT:
        connection.execute(statement)


_FIRST_FORMAT = (
    """CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID""",
    """CREATE TABLE sessions (
        id TEXT PRIMARY KEY,
        title TEXT NOT NULL,
        model TEXT,
        provider TEXT NOT NULL,
        effort TEXT,
        leaf_id TEXT REFERENCES messages (id) DEFERRABLE INITIALLY DEFERRED,
        created_at TEXT NOT NULL,
        updated_at TEXT NOT NULL,
        deleted_at TEXT,
        system TEXT,
        tools TEXT,
        extra TEXT
    ) STRICT""",
    """CREATE INDEX sessions_by_update ON sessions (updated_at, id)""",
    """CREATE TABLE messages (
        number INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
        parent_id TEXT REFERENCES messages (id) DEFERRABLE INITIALLY DEFERRED,
        seq INTEGER NOT NULL,
        depth INTEGER NOT NULL,
        role TEXT NOT NULL CHECK (role IN ('user', 'assistant')),
        status TEXT NOT NULL CHECK (status IN ('streaming', 'complete', 'interrupted', 'failed')),
        created_at TEXT NOT NULL,
        model TEXT,
        api_id TEXT,
        stop_reason TEXT,
        sha256 BLOB,
        open_blocks TEXT,
        stop_details TEXT,
        usage TEXT,
        timings TEXT,
        error TEXT,
        raw_inputs TEXT,
        extra TEXT,
        timeline TEXT,
        blocks TEXT NOT NULL,
        UNIQUE (session_id, seq)
    ) STRICT""",
    """CREATE INDEX messages_by_parent ON messages (parent_id)""",
    """CREATE INDEX messages_streaming ON messages (session_id) WHERE status = 'streaming'""",
    """CREATE TABLE chunks (
        message_id TEXT NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
        seq INTEGER NOT NULL,
        ms INTEGER NOT NULL,
        block INTEGER NOT NULL,
        kind TEXT NOT NULL,
        text BLOB NOT NULL,
        PRIMARY KEY (message_id, seq)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE drafts (
        session_id TEXT PRIMARY KEY REFERENCES sessions (id) ON DELETE CASCADE,
        text BLOB NOT NULL,
        updated_at TEXT NOT NULL
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE attachments (sha256 BLOB PRIMARY KEY, blob BLOB NOT NULL) STRICT""",
    """CREATE VIRTUAL TABLE found USING fts5 (
        body, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2'
    )""",
)


def _second_format(connection: Sql) -> None:
    """Which endpoint each answer came from, and the ledger of what responses used.

    Rows of the ledger refer to sessions and messages that may be gone: deleting a conversation does not unspend the money. It
    begins with the answers there are. Of copies, which have the API's id and the usage of what they were copied from, the earliest
    counts.
    """
    for statement in _SECOND_FORMAT:
        connection.execute(statement)
    seen: set[tuple[str, str]] = set()
    for row in rows(connection, _PAID):
        values, copied_from = _ledger_row(row)
        if copied_from not in seen:
            seen.add(copied_from)
            connection.execute(_ENTER, values)


_SECOND_FORMAT = (
    """ALTER TABLE messages ADD COLUMN provider TEXT""",
    """UPDATE messages SET provider = (SELECT provider FROM sessions WHERE id = messages.session_id) WHERE role = 'assistant'""",
    """CREATE TABLE spending (
        id TEXT PRIMARY KEY,
        session_id TEXT NOT NULL,
        message_id TEXT,
        kind TEXT NOT NULL,
        created_at TEXT NOT NULL,
        provider TEXT,
        model TEXT,
        api_id TEXT,
        stop_reason TEXT,
        final INTEGER NOT NULL CHECK (final IN (0, 1)),
        output_estimate INTEGER NOT NULL,
        ttft_ms INTEGER,
        total_ms INTEGER,
        reported TEXT,
        usage TEXT
    ) STRICT, WITHOUT ROWID""",
    """CREATE INDEX spending_by_time ON spending (created_at)""",
    """CREATE INDEX spending_by_session ON spending (session_id)""",
)
_PAID = """
    SELECT id, session_id, created_at, provider, model, api_id, stop_reason, status, CAST(open_blocks AS BLOB),
        CAST(timings AS BLOB), CAST(usage AS BLOB), CAST(raw_inputs AS BLOB),
        CASE WHEN status = 'complete' THEN NULL ELSE CAST(blocks AS BLOB) END
    FROM messages WHERE role = 'assistant' AND status <> 'streaming' AND usage IS NOT NULL ORDER BY created_at, number
"""
_ENTER = """
    INSERT INTO spending (id, session_id, message_id, kind, created_at, provider, model, api_id, stop_reason, final,
        output_estimate, ttft_ms, total_ms, usage)
    VALUES (?1, ?2, ?1, 'answer', ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
"""


def _ledger_row(row: tuple[Any, ...]) -> tuple[tuple[Any, ...], tuple[str, str]]:
    """The values of `_ENTER` for an answer, and what its copies share with it. Damage counts as nothing."""
    (message_id, session_id, created_at, provider, model, api_id, stop_reason, status, opened, timed, used, raw, stored) = row
    read = Reading()
    open_blocks, usage = read.json(opened, list) or (), read.json(used, dict)
    timings: dict[str, Any] = read.json(timed, dict) or {}
    final = is_final(Status(status), stop_reason, open_blocks)
    blocks = () if final else read.blocks(read.json(stored, list) or [])
    written = 0 if final else round(written_tokens(blocks, read.json(raw, dict) or {}))
    times = [time if type(time := timings.get(name)) is int else None for name in ("ttft_ms", "total_ms")]
    known = None if usage is None else to_json(usage)
    values = (message_id, session_id, created_at, provider, model, api_id, stop_reason, int(final), written, *times, known)
    return values, (api_id or created_at, known or "")


MIGRATIONS: tuple[Callable[[Sql], None], ...] = (_first_format, _second_format)


def migrate(database: Database) -> None:
    """Bring the history to the present format, or refuse it unchanged."""
    version = database.read(format_of)
    if version == len(MIGRATIONS):
        return
    if version and database.path is not None:
        from claude_tui.store import backups  # seldom needed

        backups.back_up_for_upgrade(database, database.path, version + 1)
    for number in range(version, len(MIGRATIONS)):
        database.write(lambda connection, number=number: _step(connection, number))
    if version and database.path is not None:
        from claude_tui.store import backups

        backups.prune(database.path)


def format_of(connection: Sql) -> int:
    """The history's format. Raises BadHistory if it is a newer one, or that of another program."""
    with snapshot(connection):
        return _checked_version(connection)


def _checked_version(connection: Sql) -> int:
    version = int(connection.pragma("user_version"))
    if version > len(MIGRATIONS):
        raise BadHistory(newer(Path(connection.filename), f"format {version}; this one knows formats up to {len(MIGRATIONS)}"))
    foreign = connection.pragma("application_id") != APPLICATION_ID
    if foreign and value(connection, "SELECT count(*) FROM sqlite_schema"):
        raise BadHistory(not_ours(Path(connection.filename), "it is a database of another program"))
    return version


def newer(history: Path, what: str) -> Damage:
    return Damage(
        DamageKind.NEWER,
        history,
        f"The history {history} was written by a newer claude-tui ({what}). It was not changed.",
        "Install the newer version again; `--temporary` goes on without the history.",
    )


def not_ours(history: Path, what: str) -> Damage:
    return Damage(
        DamageKind.FOREIGN,
        history,
        f"{history} is not a claude-tui history: {what}. It was not changed.",
        "Move it away, or set CLAUDE_TUI_HOME to another folder; `claude-tui doctor --repair` puts it aside.",
    )


def _step(connection: Sql, number: int) -> None:
    """Run one migration, unless another process was faster."""
    if _checked_version(connection) != number:
        return
    before = _counts(connection)
    MIGRATIONS[number](connection)
    after = _counts(connection)
    lost = {table: (count, after.get(table)) for table, count in before.items() if after.get(table) != count}
    if lost:
        raise StoreError(
            f"Upgrading the history to format {number + 1} would have changed the number of rows ({lost}); nothing was changed."
        )
    connection.pragma("application_id", APPLICATION_ID)
    connection.pragma("user_version", number + 1)


def _counts(connection: Sql) -> dict[str, int]:
    present = {name for (name,) in rows(connection, "SELECT name FROM sqlite_schema WHERE type = 'table'")}
    return {table: value(connection, "SELECT count(*) FROM " + table) for table in _COUNTED if table in present}  # noqa: S608
