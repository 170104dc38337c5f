"""What can be done about a history that cannot be used. Nothing is ever deleted: what is not wanted any more gets another name.

Each needs the history for itself: Occupied, and nothing is changed, where another process has it open.
"""

from __future__ import annotations

import os
from pathlib import Path

from claude_tui.domain.errors import StoreError
from claude_tui.store import files, presence, restoring
from claude_tui.store.aside import CORRUPT, FOREIGN, move_all, set_aside, stamp
from claude_tui.store.backups import Backup, Contents, contents_of, list_backups, problem_of
from claude_tui.store.copying import remove
from claude_tui.store.salvage import Salvaged, salvage


def salvage_in_place(history: Path) -> tuple[Salvaged, Path | None]:
    """Put what can be read of the history in its place; what was saved, and where the damaged files are."""
    whole = history.with_name(f"{history.name}.saving-{stamp()}")
    try:
        with presence.alone(history.parent):
            saved = salvage(history, whole)
            return saved, restoring.take_place(history, whole, restoring.SALVAGED)
    except OSError as error:
        raise _explained(history, error) from error
    finally:
        remove(whole)


def newest_good(history: Path) -> tuple[Backup, Contents] | None:
    """The newest copy that can be restored, and what is in it. What an earlier restore replaced does not count."""
    for backup in list_backups(history):
        if backup.path.parent != history.parent and problem_of(backup.path) is None:
            return backup, contents_of(backup.path)
    return None


def restore_instead(history: Path, backup: Backup, word: str = CORRUPT) -> Path | None:
    """Put a copy in the place of a history that is no good; where the files before it are."""
    restoring.check_restorable(backup.path)
    aside = put_aside(history, word)
    try:
        restoring.restore(history, backup.path)
    except StoreError:
        if aside is not None and not history.exists():
            move_all(aside, history)
        raise
    return aside


def put_aside(history: Path, word: str = CORRUPT) -> Path | None:
    """Give the history and its side files another name, so that the next one begins afresh; that name."""
    try:
        with presence.alone(history.parent):
            return set_aside(history, word)
    except OSError as error:
        raise _explained(history, error) from error


def put_log_aside(history: Path) -> Path:
    """Give a log that belongs to another history another name; that name."""
    log = history.with_name(history.name + "-wal")
    aside = log.with_name(f"{log.name}.{FOREIGN}-{stamp()}")
    try:
        with presence.alone(history.parent):
            history.with_name(history.name + "-shm").unlink(missing_ok=True)  # the table of contents of the log
            os.rename(log, aside)
            files.sync(history.parent)
    except OSError as error:
        raise _explained(history, error) from error
    return aside


def _explained(history: Path, error: OSError) -> StoreError:
    return StoreError(f"The files of {history} cannot be renamed: {error.strerror or error}. Nothing was changed.")
