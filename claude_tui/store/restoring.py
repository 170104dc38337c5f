"""Putting a copy in the place of the history, so that whoever dies in the midst leaves the old one or the new one.

The copy is made whole beside the history first. Its getting the name `history.db.restored-<stamp>` (what was saved from a damaged
history: `history.db.salvaged-<stamp>`) is the moment it counts: from then on whoever opens the history first finishes what is left
to do, which is only renaming. The files that were there are put aside together, so no log is ever read with a database that is not
its own.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from pathlib import Path

from claude_tui.domain.errors import StoreError
from claude_tui.store import files, presence
from claude_tui.store.aside import CORRUPT, REPLACED, move_all, stamp
from claude_tui.store.connection import Database, value
from claude_tui.store.copying import contents_of, copy_pages, no_pause, reading, remove
from claude_tui.store.examine import examine
from claude_tui.store.locks import HeldLock
from claude_tui.store.migrations import MIGRATIONS

PATIENCE = 8.0
"""Seconds that opening waits for a restore to end."""

RESTORED, SALVAGED = "restored", "salvaged"
_WORDS = {RESTORED: REPLACED, SALVAGED: CORRUPT}
"""What a file is called that is to be the history, and what the files before it are called then."""
_MOMENT = 0.02

_log = logging.getLogger(__name__)


def restore(history: Path, source: Path) -> Path | None:
    """Put a copy of `source` in the place of the history; where the files that were there are now, None where there were none.

    The source stays as it is. StoreError, and nothing is changed, where it is no intact history or somebody has the history open.
    """
    try:
        files.make_folder(history.parent)
        with presence.alone(history.parent):
            finish(history)
            if history.exists() and source.exists() and os.path.samefile(history, source):
                raise StoreError(f"{source} is the history itself; there is nothing to restore.")
            part = history.with_name(f"{history.name}.{os.getpid()}.part")
            try:
                _copy_whole(source, part)
                _gather(history)
                return take_place(history, part, RESTORED)
            finally:
                remove(part)
    except OSError as error:
        raise StoreError(f"{source} cannot be restored to {history}: {error.strerror or error}.") from error


def check_restorable(source: Path) -> None:
    """StoreError where this is no intact history that this program understands."""
    version = contents_of(source).version
    if version > len(MIGRATIONS):
        raise StoreError(
            f"{source} was written by a newer claude-tui (format {version}; this one knows formats up to {len(MIGRATIONS)}). "
            "Install the newer version again."
        )
    with reading(source) as connection:
        state = value(connection, "PRAGMA integrity_check(1)")
    if state != "ok":
        raise StoreError(f"{source} is damaged ({state}).")


def _copy_whole(source: Path, part: Path) -> None:
    """The copy is looked at again: only what has been read back counts."""
    check_restorable(source)
    remove(part)
    files.create_private(part)
    with reading(source) as connection:
        copy_pages(connection, part, no_pause)
    check_restorable(part)
    files.sync(part)


def _gather(history: Path) -> None:
    """Have what is to be put aside in one file, where it is intact: it is easier to keep and to come back to.

    SQLite would write the log of a damaged one into it, or throw it away.
    """
    if not history.exists():
        return
    try:
        damage = examine(history)
        if damage is not None:
            _log.info("the history is put aside as it lies: %s", damage.sentence)
            return
        files.prepare(history)
        database = Database(history)
        try:
            database.read(lambda connection: connection.pragma("journal_mode", "delete"))
        finally:
            database.close()
    except StoreError as error:
        _log.info("the history is put aside as it lies: %s", error)


def take_place(history: Path, whole: Path, word: str) -> Path | None:
    """Make the file `whole`, which lies beside it, the history; where the files before it are. The caller has the history alone."""
    os.rename(whole, history.with_name(f"{history.name}.{word}-{stamp()}"))
    files.sync(history.parent)
    return finish(history)


def finish(history: Path) -> Path | None:
    """Do what is left to do of a restore that counts already; where the files before it are. The caller has the history alone."""
    restored = _restored(history)
    if restored is None:
        return None
    word, _, made = restored.name.removeprefix(f"{history.name}.").partition("-")
    aside = move_all(history, history.with_name(f"{history.name}.{_WORDS[word]}-{made}"))
    os.rename(restored, history)
    files.sync(history.parent)
    return aside


def _restored(history: Path) -> Path | None:
    """The copy that is to be the history, where a restore has got so far."""
    with contextlib.suppress(OSError):  # whoever opens the history says what is wrong with its folder
        marks = tuple(f"{history.name}.{word}-" for word in _WORDS)
        names = [name for name in os.listdir(history.parent) if name.startswith(marks)]
        return history.with_name(min(names)) if names else None
    return None


def enter(history: Path) -> HeldLock:
    """Be known to have the history open until released. What a restore that died left to do is done first."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            if _restored(history) is not None:
                with presence.alone(history.parent):
                    finish(history)
            lock = presence.enter(history.parent)
        except presence.Occupied:
            if time.monotonic() > until:
                raise
            threading.Event().wait(_MOMENT)
            continue
        except OSError as error:
            raise StoreError(f"A backup was to be restored to {history}, but {error.strerror or error}.") from error
        if _restored(history) is None:
            return lock
        lock.release()  # it came to count in between
