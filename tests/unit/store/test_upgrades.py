"""Histories of every released format, upgraded: each message as it was, killed at any statement the old or the new, a copy kept."""

import hashlib
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from claude_tui.store import files, migrations
from claude_tui.store.backups import list_backups
from claude_tui.store.connection import Database, transaction
from claude_tui.store.migrations import MIGRATIONS, migrate
from claude_tui.store.rows import MESSAGE_COLUMNS, message_of

NOW = len(MIGRATIONS)
RELEASED = range(1, NOW + 1)
TABLES = ("meta", "sessions", "messages", "chunks", "drafts", "attachments")
_SESSION = "INSERT INTO sessions (id, title, provider, leaf_id, created_at, updated_at) VALUES (?, 'T', 'anthropic', ?, ?, ?)"
_MESSAGE = """INSERT INTO messages (id, session_id, parent_id, seq, depth, role, status, created_at, model, api_id, stop_reason,
    sha256, usage, blocks) VALUES (?, ?, ?, ?, ?, ?, 'complete', '2026-01-01T00:00:00.000Z', ?, ?, ?, ?, ?, ?)"""


def old_history(folder: Path, version: int, sessions: int, turns: int) -> Path:
    """A history as the program of this format left it."""
    history = folder / "history.db"
    files.prepare(history)
    database = Database(history)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrations, "MIGRATIONS", MIGRATIONS[:version])
        migrate(database)
    with transaction(database.connection):
        for number in range(sessions):
            _fill(database, f"s{number}", turns)
    database.close()
    return history


def _fill(database: Database, session: str, turns: int) -> None:
    ids = [f"{session}-{seq}" for seq in range(2 * turns)]
    times = ("2026-01-01T00:00:00.000Z", "2026-01-02T00:00:00.000Z")
    database.connection.execute(_SESSION, (session, ids[-1], *times))
    for seq, message_id in enumerate(ids):
        blocks = f'[{{"type":"text","text":"{message_id} \\\\u4e2d"}}]'
        answered = ("assistant", "claude-x", f"msg_{message_id}", "end_turn") if seq % 2 else ("user", None, None, None)
        usage = f'{{"input_tokens":{seq},"output_tokens":7}}' if seq % 2 else None
        sha = hashlib.sha256(blocks.encode()).digest()
        role, model, api_id, stop = answered
        row = (message_id, session, ids[seq - 1] if seq else None, seq, seq + 1, role, model, api_id, stop, sha, usage, blocks)
        database.connection.execute(_MESSAGE, row)


def columns(connection: apsw.Connection, table: str) -> list[str]:
    return [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]


def known(history: Path, of: dict[str, list[str]] | None = None) -> tuple[int, dict[str, list[str]], dict[str, Any]]:
    """The format, the columns, and for each table the number of rows and a hash over all that stands in those columns."""
    connection = apsw.Connection(str(history))
    names = of or {table: columns(connection, table) for table in TABLES}
    found: dict[str, Any] = {}
    for table, wanted in names.items():
        rows = connection.execute(f"SELECT {', '.join(wanted)} FROM {table} ORDER BY 1").fetchall()  # noqa: S608
        found[table] = (len(rows), hashlib.sha256(repr(rows).encode()).hexdigest())
    version = int(connection.pragma("user_version"))
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()
    return version, names, found


def upgrade(history: Path) -> None:
    database = Database(history)
    migrate(database)
    database.close()


@pytest.mark.parametrize("version", RELEASED)
def test_every_message_is_as_it_was(tmp_path: Path, version: int) -> None:
    history = old_history(tmp_path, version, sessions=20, turns=50)
    before, names, content = known(history)
    upgrade(history)
    assert (before, known(history, names)[0]) == (version, NOW)
    assert known(history, names)[2] == content
    assert [copy.kind for copy in list_backups(history)] == (["upgrade"] if version < NOW else [])
    for copy in list_backups(history):
        assert known(copy.path) == (before, names, content)
    database = Database(history)
    rows = database.connection.execute(f"SELECT {MESSAGE_COLUMNS} FROM messages m").fetchall()  # noqa: S608
    assert len(rows) == 2000 and not [row for row in rows if message_of(row).extra]
    assert database.connection.execute("SELECT count(*) FROM spending").fetchone() == (1000 if version < NOW else 0,)
    database.close()


def killed_at(history: Path, deadly: int) -> bool:
    """Upgrade in a fork that is killed before its deadly-th statement; whether there were so many."""
    child = os.fork()
    if child == 0:
        count = 0

        def trace(*_: object) -> bool:
            nonlocal count
            count += 1
            if count == deadly:
                os.kill(os.getpid(), signal.SIGKILL)
            return True

        try:
            database = Database(history)
            database.connection.exec_trace = trace  # type: ignore[attr-defined]
            migrate(database)
            database.close()
        except BaseException:
            os._exit(9)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, "the upgrade itself failed"
    return os.WIFSIGNALED(status)


def _kills(template: Path, tmp_path: Path) -> Iterator[Path]:
    """Copies of the history after an upgrade that was killed at its first statement, its second, …"""
    deadly = 1
    while True:
        folder = tmp_path / str(deadly)
        shutil.copytree(template, folder)
        if not killed_at(folder / "history.db", deadly):
            return
        yield folder / "history.db"
        deadly += 1


@pytest.mark.parametrize("version", [version for version in RELEASED if version < NOW])
def test_killed_at_any_statement_it_is_the_old_or_the_new(tmp_path: Path, version: int) -> None:
    template = old_history(tmp_path / "template", version, sessions=2, turns=2)
    _, names, content = known(template)
    seen: list[int] = []
    for history in _kills(template.parent, tmp_path):
        found, now, kept = known(history, names)
        assert found in (version, NOW) and (now, kept) == (names, content)
        assert ("provider" in columns(apsw.Connection(str(history)), "messages")) == (found == NOW)
        if found == NOW:
            assert [copy.kind for copy in list_backups(history)] == ["upgrade"]
        upgrade(history)
        assert known(history, names)[::2] == (NOW, content)
        assert all(known(copy.path) == (version, names, content) for copy in list_backups(history))
        seen.append(found)
    assert seen == sorted(seen) and len(seen) > 15 and version in seen
