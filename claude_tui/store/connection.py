"""One connection to the history: its settings, its transactions, and sentences for what SQLite says. Used from one thread only."""

from __future__ import annotations

import errno
import logging
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast
from urllib.parse import quote

import apsw

from claude_tui.domain.damage import BadHistory, Damage, DamageKind
from claude_tui.domain.errors import StorageBusy, StorageOutage, StoreError
from claude_tui.store import files

T = TypeVar("T")

APPLICATION_ID = 0x434C5455
"""Marks the file as a history of this program."""

BUSY_MS = 8_000
_IMPATIENT_MS = 200
_IDENTITY_SECONDS = 1.0
_SETTLE_SECONDS = 0.02
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

_log = logging.getLogger(__name__)


class Rows(Protocol):
    """What a statement gives."""

    def fetchall(self) -> list[tuple[Any, ...]]: ...

    def fetchone(self) -> Any: ...


class Sql(Protocol):
    """A connection as this package uses it: `apsw.Connection`, whose own annotations a strict checker cannot follow."""

    @property
    def filename(self) -> str: ...

    @property
    def in_transaction(self) -> bool: ...

    def execute(self, statements: str, bindings: Sequence[Any] = ..., /) -> Rows: ...

    def executemany(self, statements: str, sequenceofbindings: Iterable[Sequence[Any]], /) -> Rows: ...

    def pragma(self, name: str, value: Any = ..., /) -> Any: ...

    def changes(self) -> int: ...

    def last_insert_rowid(self) -> int: ...

    @property
    def system_errno(self) -> int: ...

    def config(self, op: int, *args: int) -> int: ...

    def set_busy_timeout(self, milliseconds: int, /) -> None: ...

    def readonly(self, name: str, /) -> bool: ...

    def backup(self, databasename: str, sourceconnection: Any, sourcedatabasename: str, /) -> Any: ...

    def close(self, force: bool = ..., /) -> None: ...


def connect(path: Path | None) -> Sql:
    """The file, which exists: SQLite makes none, since it would be anybody's to read. None: memory."""
    if path is None:
        return cast("Sql", apsw.Connection(":memory:"))
    return cast("Sql", apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE))


class Database:
    """An open history. `path` is None when it lives in memory. Every method raises StoreError, never an error of SQLite.

    Closing a history that is not `trusted` changes nothing: its log stays beside it.

    A durable write has reached the disk when it returns. Any other survives the death of the process at once, and that of the
    machine with the next durable one, which hardens all before it.
    """

    def __init__(self, path: Path | None, *, trusted: bool = True) -> None:
        self.path = path
        self.shared = path is not None and files.on_shared_file_system(path)
        self.last_durable = time.monotonic()
        self._identity: files.Identity | None = None
        self._identity_checked = 0.0
        self._synchronous = ""
        with self._explained():
            self.connection = connect(path)
        try:
            with self._explained():
                if not trusted:
                    self.connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
                self._set_up()
        except BaseException:
            self.connection.close(True)
            raise
        if path is not None:
            self._identity = files.identity(path)
            _held[path] += 1

    def _set_up(self) -> None:
        self.connection.set_busy_timeout(BUSY_MS)
        self.connection.execute("PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA foreign_keys=ON")
        if self.path is None:
            return
        if self.shared:
            self.connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        if self.connection.readonly("main"):
            raise explain(apsw.ReadOnlyError(), self.path)
        wanted = "truncate" if self.shared else "wal"
        mode = self._journal_mode(wanted)
        if mode != wanted:
            raise StoreError(
                f"{self.path}: SQLite uses the journal mode {mode!r} where {wanted!r} was asked for; it is not safe to go on."
            )

    def _journal_mode(self, wanted: str) -> str:
        # Two processes that create a history together are refused at once, without the usual waiting.
        patience = time.monotonic() + BUSY_MS / 1000
        while True:
            try:
                return str(self.connection.pragma("journal_mode", wanted))
            except apsw.BusyError:
                if time.monotonic() > patience:
                    raise
                threading.Event().wait(_SETTLE_SECONDS)

    def read(self, work: Callable[[Sql], T]) -> T:
        with self._explained():
            return work(self.connection)

    def write(self, work: Callable[[Sql], T], *, durable: bool = True) -> T:
        """Run `work` in one transaction that holds the write lock from its beginning."""
        self._check_identity()
        with self._explained():
            self._be(durable)
            with transaction(self.connection):
                result = work(self.connection)
        if durable:
            self.last_durable = time.monotonic()
        return result

    def _be(self, durable: bool) -> None:
        wanted = "FULL" if durable else "NORMAL"
        if self._synchronous != wanted:
            self.connection.pragma("synchronous", wanted)
            self._synchronous = wanted

    def _check_identity(self) -> None:
        if time.monotonic() - self._identity_checked >= _IDENTITY_SECONDS:
            self.check_place()

    def check_place(self) -> None:
        """StorageOutage if the file of this name is not the open one. SQLite would go on writing to it without complaint."""
        if self.path is None:
            return
        found = files.identity(self.path)
        if found != self._identity:
            raise StorageOutage(f"{_misplaced(self.path, there=found is not None)} The file is {self.path}.")
        self._identity_checked = time.monotonic()

    @contextmanager
    def impatient(self) -> Generator[None]:
        """Inside, another process that holds the lock is not waited for."""
        self.connection.set_busy_timeout(_IMPATIENT_MS)
        try:
            yield
        finally:
            self.connection.set_busy_timeout(BUSY_MS)

    @property
    def size(self) -> int:
        """Bytes."""
        return self.read(lambda connection: connection.pragma("page_count") * connection.pragma("page_size"))

    def copy_to(self, other: Database) -> None:
        """Make the other one, which is empty, a copy of this one as it is now."""
        with self._explained():
            _copy(self.connection, other.connection)

    @contextmanager
    def _explained(self) -> Generator[None]:
        try:
            yield
        except apsw.Error as error:
            raise explain(error, self.path, self._errno()) from error
        except UnicodeDecodeError as error:
            raise explain(apsw.CorruptError("text in it is not UTF-8"), self.path) from error

    def _errno(self) -> int:
        with suppress(AttributeError, apsw.ConnectionClosedError):  # it never opened, or it failed while it closed
            return self.connection.system_errno
        return 0

    def trust(self) -> None:
        """It is a history of the present format: from now on closing it empties the log into it."""
        self.connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0)

    def close(self) -> None:
        if self.path is not None and self._identity is not None:
            _held[self.path] -= 1
            self._identity = None
        with self._explained():
            self.connection.close(True)


def look_at(path: Path) -> Database:
    """What can be read at `path`, where nothing may be written, as a copy in memory. StoreError if nothing can.

    Where not even the shared memory of a log can be made, the log is left out: what it holds is missing, or it leaves a torn file.
    """
    for how in ("mode=ro", "immutable=1"):
        copy = Database(None)
        try:
            place = f"file:{quote(os.fspath(path))}?{how}"
            source = cast("Sql", apsw.Connection(place, flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI))
            try:
                _copy(source, copy.connection)
            finally:
                source.close(True)
            if value(copy.connection, "PRAGMA quick_check(1)") == "ok":
                return copy
        except apsw.Error:
            _log.info("no reading of %s with %s", path, how, exc_info=True)
        copy.close()
    raise StorageOutage(f"{path} cannot be read.")


def _copy(source: Sql, destination: Sql) -> None:
    with destination.backup("main", source, "main") as backup:
        backup.step(-1)


_held: Counter[Path] = Counter()


def holds(path: Path) -> bool:
    """Whether this process has the history open: then nothing else may open its files, not even to look."""
    return _held[path] > 0


@contextmanager
def snapshot(connection: Sql) -> Generator[None]:
    """Several reads of one state."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        if connection.in_transaction:  # a failing disk ends it, and the error to be told is that one
            connection.execute("ROLLBACK")


@contextmanager
def transaction(connection: Sql) -> Generator[None]:
    """All or nothing, holding the write lock from the first moment, so that nothing read inside can be outdated."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def rows(connection: Sql, statement: str, bindings: Any = ()) -> list[tuple[Any, ...]]:
    return connection.execute(statement, bindings).fetchall()


def value(connection: Sql, statement: str, bindings: Any = ()) -> Any:
    """The first column of the first row; None without one."""
    row = connection.execute(statement, bindings).fetchone()
    return row[0] if row else None


_INDEX_DAMAGED = "invalid fts5 file format"
"""What SQLite says, as an ordinary error, when the head of the search index is damaged."""


def explain(error: apsw.Error, path: Path | None, number: int = 0) -> StoreError:
    """What SQLite says, as a sentence that says what is wrong and what to do; `number` is the system's own error."""
    where = f"the history ({path})" if path else "the temporary history"
    file = f" The file is {path}." if path else ""
    if isinstance(error, apsw.FullError) or (isinstance(error, apsw.IOError) and number in _NO_SPACE):
        return StorageOutage(f"The disk of the history is full. Free some space; saving goes on by itself then.{file}")
    if path and (isinstance(error, (apsw.NotADBError, apsw.CorruptError)) or _INDEX_DAMAGED in str(error)):
        return BadHistory(damaged(path, str(error)))
    if isinstance(error, apsw.ReadOnlyError):
        return StorageOutage(f"The history may only be read. Make it and its folder writable, or set CLAUDE_TUI_HOME.{file}")
    if isinstance(error, apsw.CantOpenError):
        return StorageOutage(
            f"SQLite cannot open the history: is its folder writable? Otherwise set CLAUDE_TUI_HOME to one that is.{file}"
        )
    if isinstance(error, (apsw.BusyError, apsw.LockedError)):
        return StorageBusy(
            f"Another program holds the history and does not let go of it. Close the other claude-tui and try again.{file}"
        )
    if isinstance(error, apsw.IOError):
        return StorageOutage(f"Reading or writing the history failed ({error}). Check the disk; saving is tried again.{file}")
    return StoreError(f"SQLite refused an operation on {where}: {error}.")


def _misplaced(path: Path, *, there: bool) -> str:
    """What has become of the file at `path`, where another one may lie."""
    reason = None if there else files.why_missing(path)
    if reason is not None:
        return f"The history cannot be reached ({reason}). Saving goes on by itself when it can be again."
    what = "replaced by another file" if there else "deleted"
    return f"The history was {what} while it was in use. Put it back and saving goes on by itself."


def damaged(history: Path, what: str) -> Damage:
    """A history of ours, or what is left of one."""
    return Damage(
        DamageKind.DAMAGED,
        history,
        f"The history {history} is damaged ({' '.join(what.split())}).",
        "`claude-tui doctor --repair` saves what can be read and keeps the damaged file.",
    )
