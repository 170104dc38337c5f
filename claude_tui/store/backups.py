"""Copies of the history, in the folder `backups` beside it: made through SQLite, checked, and of their final name only when whole.

The name says what a copy is: `daily-<stamp>.db`, `pre-v3-<stamp>.db` (before an upgrade), `manual-<stamp>.db`. A history that was
put aside when another was restored lies beside the history and is listed too. Kinds with a number in `KEPT` are thinned out by
it, the others are the user's.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from claude_tui.domain.errors import StoreError
from claude_tui.domain.ids import timestamp
from claude_tui.store import files
from claude_tui.store.aside import stamp
from claude_tui.store.connection import Database
from claude_tui.store.copying import Contents, Pace, contents_of, copy_pages, no_pause, remove
from claude_tui.store.restoring import check_restorable, enter, restore

__all__ = ["Backup", "Contents", "back_up", "contents_of", "list_backups", "restore"]

DAILY, UPGRADE, MANUAL = "daily", "upgrade", "manual"
KEPT = {DAILY: 3, UPGRADE: 3}
SHARE = 0.25
"""Daily copies may take this part of the room there is for them, but the newest stays in any case."""
RESERVE = 256 * 1024 * 1024
"""Bytes that a copy nobody asked for leaves free."""

_STALE_SECONDS = 86_400
_NAME = re.compile(r"(?:(daily|manual)|(pre-v\d+)|history\.db\.(replaced))-(\d{8}T\d{6}(?:\.\d+)?Z)(?:\.db)?")
_STAMP_FORMAT = "%Y%m%dT%H%M%S.%fZ"


@dataclass(frozen=True, slots=True)
class Backup:
    """A whole copy. `kind` is daily, upgrade, manual or replaced."""

    path: Path
    made_at: str
    kind: str
    size: int


def folder_of(history: Path) -> Path:
    return history.parent / "backups"


def list_backups(history: Path) -> list[Backup]:
    """The copies there are, newest first."""
    found: list[Backup] = []
    for folder in (folder_of(history), history.parent):
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            found += [backup for entry in os.scandir(folder) if (backup := _backup(Path(entry.path))) is not None]
    return sorted(found, key=lambda backup: (backup.made_at, backup.path.name.rpartition("-")[2]), reverse=True)


def _backup(path: Path) -> Backup | None:
    match = _NAME.fullmatch(path.name)
    if match is None or not path.is_file():
        return None
    own, upgrade, replaced, made = match.groups()
    form = _STAMP_FORMAT if "." in made else _STAMP_FORMAT.replace(".%f", "")
    moment = datetime.strptime(made, form).replace(tzinfo=UTC)
    return Backup(path, timestamp(moment.timestamp()), own or (UPGRADE if upgrade else replaced), path.stat().st_size)


def new_path(history: Path, kind: str) -> Path:
    """Where a copy of this kind that is made now belongs."""
    return folder_of(history) / f"{kind}-{stamp()}.db"


def described(path: Path) -> Backup:
    """A copy wherever it lies; one that is not ours to thin out is the user's own."""
    return _backup(path) or Backup(path, timestamp(path.stat().st_mtime), MANUAL, path.stat().st_size)


def side_files(path: Path) -> list[Path]:
    """What lies beside a database and would be read with it."""
    return [side for ending in files.SIDE_FILES if (side := path.with_name(path.name + ending)).exists()]


def is_part_of(history: Path, path: Path) -> bool:
    """Whether this names a file of the history that is in use."""
    own = [history, *side_files(history)]
    return path.resolve() in [one.resolve() for one in own]


def problem_of(path: Path) -> str | None:
    """Why this copy cannot be restored, in a sentence; None where it can."""
    try:
        check_restorable(path)
    except StoreError as error:
        return str(error)
    return None


# Making one.


def back_up(history: Path, target: Path, *, pace: Pace = no_pause, reserve: int = 0) -> None:
    """Copy the history as it is now to `target`, replacing what is there, while anybody may go on writing it.

    Raises StoreError; `target` is then as it was. `reserve` is how many bytes must be free afterwards.
    """
    nothing = StoreError(f"There is no history to copy yet: {history} does not exist.")
    if not history.parent.is_dir():
        raise nothing
    lock = enter(history)
    try:
        if not history.exists():
            raise nothing
        database = Database(history)
        try:
            copy_to(database, target, pace=pace, reserve=reserve)
        finally:
            database.close()
    finally:
        lock.release()


def back_up_for_upgrade(database: Database, history: Path, version: int) -> None:
    """Before the history is brought to format `version`."""
    try:
        copy_to(database, folder_of(history) / f"pre-v{version}-{stamp()}.db")
    except StoreError as error:
        raise StoreError(f"The history must be copied before it is upgraded. {error} Nothing was changed.") from error


def copy_to(database: Database, target: Path, *, pace: Pace = no_pause, reserve: int = 0) -> None:
    """As `back_up`, of a history that is open here."""
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        if target.parent == folder_of(cast("Path", database.path)):
            files.make_folder(target.parent)
            files.make_private(target.parent, files.FOLDER_MODE)
        _check_room(database, target.parent, reserve)
        files.create_private(part)
        database.read(lambda connection: copy_pages(connection, part, pace))
        files.sync(part)
        os.replace(part, target)
        files.sync(target.parent)
    except OSError as error:
        raise StoreError(f"The copy {target} cannot be written: {error.strerror or error}.") from error
    finally:
        with contextlib.suppress(OSError):
            remove(part)


def _check_room(database: Database, folder: Path, reserve: int) -> None:
    pages, size = (int(database.read(lambda c, name=name: c.pragma(name))) for name in ("page_count", "page_size"))
    needed, free = pages * size, shutil.disk_usage(folder).free
    if free < needed + reserve:
        raise StoreError(
            f"The history has {megabytes(needed)} and the disk that holds {folder} only {megabytes(free)} free"
            f"{f' ({megabytes(reserve)} are to stay so)' if reserve else ''}: too little for a copy."
        )


def megabytes(size: int) -> str:
    return f"{size / 1_000_000:,.1f} MB"


def prune(history: Path) -> None:
    """Keep the newest copies of each kind, as many as there is room for, and nothing that was never finished."""
    folder = folder_of(history)
    for kind, kept in KEPT.items():
        copies = [backup for backup in list_backups(history) if backup.kind == kind]
        while len(copies) > kept or (kind == DAILY and len(copies) > 1 and _too_much(copies, folder)):
            remove(copies.pop().path)
    for part in folder.glob("*.part*"):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - part.stat().st_mtime > _STALE_SECONDS:
                part.unlink()


def _too_much(copies: list[Backup], folder: Path) -> bool:
    taken = sum(copy.size for copy in copies)
    return taken > SHARE * (taken + shutil.disk_usage(folder).free)
