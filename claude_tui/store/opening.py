"""Opening a history: looked at before SQLite may touch it, brought to the present format, and freed of what dead processes left."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from claude_tui.domain.errors import StoreError
from claude_tui.store import examine, files, locks, recovery, restoring
from claude_tui.store.connection import Database
from claude_tui.store.migrations import migrate

LOCKS = "locks"
"""The folder beside the history in which sessions are locked."""

_log = logging.getLogger(__name__)


class Opened(NamedTuple):
    """`presence` says that this process has it open. `recovered`: for each answer that was saved, the id of its session."""

    database: Database
    presence: locks.HeldLock
    recovered: tuple[str, ...]


def open_history(path: Path | None) -> Opened:
    """The history at `path`, made if there is none; a new one in memory for None. Raises StoreError, and holds nothing then."""
    if path is None:
        return Opened(_migrated(None), locks.HeldLock(), ())
    presence = restoring.enter(path)
    try:
        files.prepare(path)
        examine.peek(path)
        with examine.opening():
            database = _migrated(path)
    except BaseException:
        presence.release()
        raise
    saved: list[str] = []
    tolerantly(lambda: saved.extend(recovery.recover_all(database, path.parent / LOCKS)))
    return Opened(database, presence, tuple(saved))


def _migrated(path: Path | None) -> Database:
    database = Database(path, trusted=False)
    try:
        migrate(database)
    except BaseException:
        database.close()
        raise
    database.trust()
    return database


def tolerantly(recover: Callable[[], object]) -> None:
    """A history that can be read is of use even where nothing can be written; recovering is then left to the next one."""
    try:
        recover()
    except StoreError as error:
        _log.warning("unfinished answers stay unfinished for now: %s", error)
