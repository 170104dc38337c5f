"""Copying a history through SQLite, and looking into a copy.

The files of a history are never read by hand: that would miss its log and drop the locks of whoever has it open.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import apsw

from claude_tui.domain.errors import StoreError
from claude_tui.domain.sentences import counted
from claude_tui.store import files
from claude_tui.store.connection import APPLICATION_ID, Sql, connect, rows, snapshot, value

PAGES = 256
"""How many at a time."""

Pace = Callable[[], None]
"""Called between two pieces of a copy; may raise to stop it."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What is in a copy; `version` is its format."""

    version: int
    sessions: int
    messages: int

    def __str__(self) -> str:
        return f"{counted(self.sessions, 'session')}, {counted(self.messages, 'message')}"


def no_pause() -> None:
    """As fast as it goes."""


def copy_pages(source: Sql, target: Path, pace: Pace) -> None:
    """Page by page out of one state of the source: what is written meanwhile neither shows in the copy nor makes it begin again."""
    copy = connect(target)
    try:
        copy.pragma("synchronous", "off")  # it is flushed as a whole
        with snapshot(source):
            rows(source, "SELECT count(*) FROM sqlite_schema")
            with cast("apsw.Connection", copy).backup("main", cast("apsw.Connection", source), "main") as backup:
                while not backup.step(PAGES):
                    pace()
        # The copy carries the mark of write-ahead logging; without it the copy stays a single file.
        copy.pragma("journal_mode", "delete")
        intact = value(copy, "PRAGMA quick_check(1)")
    finally:
        copy.close(True)
    if intact != "ok":
        raise StoreError(f"The copy of the history is damaged, and so probably is the history ({intact}).")


def remove(path: Path) -> None:
    """A copy, or what a dead process left of one, with its side files."""
    for ending in ("", *files.SIDE_FILES):
        path.with_name(path.name + ending).unlink(missing_ok=True)


def contents_of(path: Path) -> Contents:
    """What is in this copy. StoreError with a sentence where it is no intact history of this program."""
    with reading(path) as connection:
        if connection.pragma("application_id") != APPLICATION_ID:
            raise StoreError(f"{path} is not a copy of a claude-tui history: it is a database of another program.")
        version = int(connection.pragma("user_version"))
        sessions = int(value(connection, "SELECT count(*) FROM sessions WHERE deleted_at IS NULL"))
        return Contents(version, sessions, int(value(connection, "SELECT count(*) FROM messages")))


@contextlib.contextmanager
def reading(path: Path) -> Generator[Sql]:
    """A copy, open to be read, with what its own log holds. What SQLite says becomes a sentence."""
    if not path.is_file():
        raise StoreError(f"{path} {'is no file' if path.exists() else 'does not exist'}.")
    try:
        connection = connect_read_only(path)
        try:
            yield connection
        finally:
            connection.close(True)
    except (apsw.NotADBError, apsw.SQLError) as error:
        raise StoreError(f"{path} is not a copy of a claude-tui history ({error}).") from error
    except apsw.Error as error:
        raise StoreError(f"{path} cannot be read: {error}.") from error


def connect_read_only(path: Path) -> Sql:
    """A file without a log may lie where nothing can be written; SQLite needs to be told that nobody writes it."""
    alone = not any(path.with_name(path.name + ending).exists() for ending in files.SIDE_FILES)
    name = path.absolute().as_uri() + ("?immutable=1" if alone else "?mode=ro")
    connection = cast("Sql", apsw.Connection(name, flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI))
    connection.execute("PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON")
    return connection
