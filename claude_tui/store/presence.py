"""Who has a history open, and who died with it open: one lock a process, in the folder `open` beside the history.

A lock that nobody holds was left by a process that ended without closing the history. Restoring needs the history for itself: who
opens it takes his own lock before looking for that of restoring, who restores takes that one before looking for the others, so at
least one of the two sees the other. All of it ends with its process, kill -9 included.
"""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Generator, Iterator
from pathlib import Path

from claude_tui.domain.errors import SessionHeld, StoreError
from claude_tui.domain.ids import new_id
from claude_tui.store import locks
from claude_tui.store.locks import HeldLock

_RESTORING = "restoring"
_SETTLED_SECONDS = 60
"""An empty lock file of this age is not one that is being made: nothing was written into it, or a power cut took that."""

_log = logging.getLogger(__name__)


class Occupied(StoreError):
    """Somebody else has the history, for as long as that takes; the message says who."""


def enter(data: Path) -> HeldLock:
    """Be known to have the history in `data` open until released. Occupied while it is being restored.

    Where nothing can be written nothing is marked: there a history can still be read.
    """
    try:
        lock = _take_new(data)
    except StoreError as error:
        _log.info("opening the history is not marked: %s", error)
        return HeldLock()
    if (holder := locks.holder_of(_locks(data), _RESTORING)) is not None:
        lock.release()
        raise Occupied(f"The history is being restored from a backup ({holder}). Try again in a moment.")
    return lock


def _take_new(data: Path) -> HeldLock:
    while True:
        with contextlib.suppress(SessionHeld):  # somebody looked at the file the moment it was made
            return locks.hold(data / "open", new_id())


@contextlib.contextmanager
def alone(data: Path) -> Generator[None]:
    """Have the history in `data` for oneself. Occupied where another process has it open, or is doing the same."""
    try:
        lock = locks.hold(_locks(data), _RESTORING)
    except SessionHeld as error:
        raise Occupied("Another process is restoring this history. Wait for it to end.") from error
    try:
        others = [holder for _, holder in _looked_at(data) if holder is not None]
        if others:
            raise Occupied(f"The history is open elsewhere ({'; '.join(others)}). Close it there first; nothing was changed.")
        yield
    finally:
        lock.release()


def left_open(data: Path) -> list[Path]:
    """The marks of processes that ended without closing the history; whoever has seen to that removes them."""
    return [path for path, holder in _looked_at(data) if holder is None]


def _looked_at(data: Path) -> Iterator[tuple[Path, str | None]]:
    """The marks there are, and who holds each."""
    folder = data / "open"
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return
    for name in names:
        with contextlib.suppress(FileNotFoundError):  # gone meanwhile: closed
            state = os.stat(folder / name, follow_symlinks=False)
            being_made = not state.st_size and time.time() - state.st_mtime < _SETTLED_SECONDS
            # Looking closer takes the lock for a moment, and could keep a process from taking it that just made the file.
            yield folder / name, "a process that is starting" if being_made else locks.holder_of(folder, name)


def _locks(data: Path) -> Path:
    return data / "locks"
