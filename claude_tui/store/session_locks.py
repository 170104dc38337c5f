"""The locks of the sessions that one store writes, also while its disk lets none be taken."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from claude_tui.domain.errors import SessionHeld, StorageOutage
from claude_tui.store import locks


class SessionLocks:
    """`folder` is None for sessions in memory, which nobody else can have.

    Where no lock can be taken because of the disk, nothing is written there until it can: a session that only this process can know
    of gets a late lock, any other is held against us until then.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._late: list[locks.LateLock] = []
        self._made: set[str] = set()
        self._unlockable: set[str] = set()

    def hold(self, session_id: str, *, new: bool, failed: Callable[[StorageOutage], object]) -> locks.HeldLock | locks.LateLock:
        """The session's lock, or the promise of one after `failed` was told why. SessionHeld where another may have it."""
        if self._folder is None:
            return locks.HeldLock()
        try:
            return locks.hold(self._folder, session_id)
        except StorageOutage as error:
            failed(error)
            if not new and session_id not in self._made:
                self._unlockable.add(session_id)
                raise SessionHeld(f"{error} Until it can be, the session is only shown.") from error
            late = locks.LateLock(self._folder, session_id)
            self._late.append(late)
            return late

    def is_held(self, session_id: str) -> bool:
        return self._folder is not None and (session_id in self._unlockable or locks.is_held(self._folder, session_id))

    def made(self, session_id: str) -> None:
        """The session was made while nothing reached the disk: nobody else can know of it."""
        self._made.add(session_id)

    def all_can_be_taken(self) -> None:
        """The disk is as it should be again."""
        self._made.clear()
        self._unlockable.clear()

    def take_late(self) -> None:
        """Before what waited for the disk is written there. StorageOutage where that is still impossible."""
        while self._late:
            self._late[0].take()
            del self._late[0]
