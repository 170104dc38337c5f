"""What a history needs now and then, beside everybody's work: a look at whether it is intact, and a copy of it once a day.

Done over connections of its own, in the thread that calls, so nobody waits for it. It is looked through after a process ended
without closing it, and weekly. Of several processes one does this. A copy that fails stops nothing: it is said once, and
noted beside the copies until one succeeds.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import threading
import time
from datetime import datetime
from pathlib import Path
from typing import cast

import apsw

from claude_tui.domain.errors import SessionHeld, StoreError
from claude_tui.domain.ids import timestamp
from claude_tui.store import backups, files, locks, presence
from claude_tui.store.backups import DAILY, RESERVE, list_backups
from claude_tui.store.connection import Database, Sql, value

DAY, WEEK = 86_400.0, 7 * 86_400.0
SMALL = 16 * 1024 * 1024
"""Bytes of a history that is copied within an instant."""

_NOTE = "failed.json"
_PAUSE = 0.005
_OPERATIONS = 20_000
_CHECKED = "checked_at"
_FIGURES = re.compile(r"\d")

_log = logging.getLogger(__name__)


class Stopped(Exception):
    """The program ends; what was being done is given up."""


def look_after(history: Path, stop: threading.Event, *, small_only: bool = False) -> list[str]:
    """Do what is due; sentences for the user, none if all is well. `small_only`: nothing that takes more than an instant."""
    if files.on_shared_file_system(history) or (small_only and _size(history) > SMALL):
        return []  # on a shared file system one connection has the history for itself
    try:
        lock = locks.hold(history.parent / "locks", "upkeep")
        try:
            damage = _check(history, stop)
            return [damage] if damage else _copy(history, stop)
        finally:
            lock.release()
    except (SessionHeld, Stopped):
        return []  # another process sees to it; or nobody, and the next one does
    except StoreError as error:
        _log.warning("the history could not be looked after: %s", error)
        return []


# Whether it is intact.


def _check(history: Path, stop: threading.Event) -> str | None:
    """Look through the history if that is due; what is wrong with it."""
    marks = presence.left_open(history.parent)
    database = Database(history)
    try:
        if not marks and _age(database.read(_checked_at)) < WEEK:
            return None
        state = database.read(lambda connection: _state(connection, stop))
        if state != "ok":
            _log.error("the history is damaged: %s", state)
            return f"The history is damaged ({state.splitlines()[0][:200]}): `claude-tui doctor` says what can be done."
        database.write(lambda connection: connection.execute(_LOOKED_THROUGH, (_CHECKED, timestamp())), durable=False)
    finally:
        database.close()
    for mark in marks:
        mark.unlink(missing_ok=True)
    return None


_LOOKED_THROUGH = "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"


def _state(connection: Sql, stop: threading.Event) -> str:
    """What SQLite says of the whole file, without holding up the end of the program."""
    watched = cast("apsw.Connection", connection)
    watched.set_progress_handler(stop.is_set, _OPERATIONS)
    try:
        return str(value(connection, "PRAGMA quick_check(1)"))
    except apsw.InterruptError:
        raise Stopped from None
    except apsw.CorruptError as error:
        return str(error)
    finally:
        watched.set_progress_handler(None)


def _checked_at(connection: Sql) -> str | None:
    """A new history counts as looked through when it was begun."""
    found = value(connection, "SELECT value FROM meta WHERE key = ?", (_CHECKED,))
    return found or value(connection, "SELECT min(created_at) FROM sessions")


def _age(moment: str | None) -> float:
    """Seconds since; none since something that has not happened. A time that is no time was long ago."""
    if moment is None:
        return 0.0
    try:
        return time.time() - datetime.fromisoformat(moment).timestamp()
    except ValueError:
        return float("inf")


# A copy a day.


def _copy(history: Path, stop: threading.Event) -> list[str]:
    if not _is_due(history):
        return []

    def pace() -> None:
        if stop.wait(_PAUSE):
            raise Stopped

    try:
        backups.back_up(history, backups.new_path(history, DAILY), pace=pace, reserve=RESERVE)
        backups.prune(history)
        (backups.folder_of(history) / _NOTE).unlink(missing_ok=True)
    except (StoreError, OSError) as error:
        return _failed(history, str(error))
    return []


def _is_due(history: Path) -> bool:
    """Whether the newest daily copy, or the history if there is none, is a day old, and something was written since."""
    newest = next((backup for backup in list_backups(history) if backup.kind == DAILY), None)
    if newest is not None:
        return _age(newest.made_at) >= DAY and _written(history) > datetime.fromisoformat(newest.made_at).timestamp()
    database = Database(history)
    try:
        first = database.read(lambda connection: value(connection, "SELECT min(created_at) FROM sessions"))
    finally:
        database.close()
    return _age(first) >= DAY


def _written(history: Path) -> float:
    """When something was last written to the history, which may not be in the file itself yet."""
    times = [0.0]
    for path in (history, history.with_name(history.name + "-wal")):
        with contextlib.suppress(OSError):
            times.append(os.stat(path).st_mtime)
    return max(times)


def _size(history: Path) -> int:
    sizes = [0]
    for path in (history, history.with_name(history.name + "-wal")):
        with contextlib.suppress(OSError):
            sizes.append(os.stat(path).st_size)
    return sum(sizes)


def _failed(history: Path, reason: str) -> list[str]:
    """Note that there was no copy, and why; say so unless that was said before."""
    _log.warning("no daily backup: %s", reason)
    known = failure(history)
    if known is not None and _FIGURES.sub("", known[1]) == _FIGURES.sub("", reason):
        return []
    note = backups.folder_of(history) / _NOTE
    with contextlib.suppress(OSError, StoreError):  # where there is no room for a copy there may be none for a note
        files.make_folder(note.parent)
        note.unlink(missing_ok=True)
        files.create_private(note)
        note.write_text(json.dumps({"at": timestamp(), "reason": reason}), encoding="ascii")
    return [f"Today's backup of the history could not be made. {reason}"]


def failure(history: Path) -> tuple[str, str] | None:
    """When and why the last daily copy failed; None where it did not."""
    try:
        note = json.loads((backups.folder_of(history) / _NOTE).read_text(encoding="ascii"))
        return str(note["at"]), str(note["reason"])
    except (OSError, ValueError, LookupError, TypeError):
        return None
