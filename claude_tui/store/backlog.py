"""The writes that the disk has yet to take, in their order. Used from the database's thread only.

Each is a function that can be run again: whatever it makes up (ids, times) was made before.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from claude_tui.domain.damage import BadHistory
from claude_tui.domain.errors import StorageOutage, StoreError
from claude_tui.domain.ids import timestamp
from claude_tui.domain.messages import Message, SessionInfo
from claude_tui.store.connection import Database, Sql
from claude_tui.store.room import Room

Dated = TypeVar("Dated", Message, SessionInfo)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Entry:
    """`weight`: the bytes it holds in memory. `key`: a later entry of the same key makes this one superfluous.

    `begins`: something new, which is refused where there is no room; what goes on with accepted things is always taken.
    """

    work: Callable[[Sql], object]
    weight: int = 0
    key: str | None = None
    begins: bool = False


def dated(thing: Dated) -> Dated:
    """With its time: what is written again has the time of the first attempt."""
    return thing if thing.created_at else replace(thing, created_at=timestamp())


def weigh(*things: object) -> int:
    """About how many bytes these hold."""
    return sum(len(repr(thing)) for thing in things)


class Backlog:
    """Empty in good times."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._entries: list[Entry] = []

    def __len__(self) -> int:
        return len(self._entries)

    def check(self, entry: Entry) -> None:
        """StorageOutage where this would begin something for which there is no room."""
        if entry.begins and not self._room.has(entry.weight):
            raise StorageOutage(
                f"{self._room.limit // (1024 * 1024)} MB wait for the disk; more is not kept in memory, so nothing new is begun. "
                "Free some space on the disk of the history and send it again; /save writes the conversation elsewhere."
            )

    def add(self, entry: Entry) -> None:
        if entry.key is not None:
            self._drop([one for one in self._entries if one.key == entry.key])
        self._entries.append(entry)
        self._room.take(entry.weight)

    def _drop(self, entries: list[Entry]) -> None:
        for entry in entries:
            self._entries.remove(entry)
            self._room.give_back(entry.weight)

    def flush(self, database: Database) -> list[StoreError]:
        """Write everything, oldest first; each is let go of when it is committed, and all are on the device at the end.

        What the history itself refuses (it is no longer what it was) is let go of too: its errors are returned. StorageOutage
        where the disk still takes nothing, BadHistory where the file is damaged; what it took until then stays written.
        """
        refused: list[StoreError] = []
        while self._entries:
            entry = self._entries[0]
            try:
                database.write(entry.work, durable=len(self._entries) == 1)
            except (StorageOutage, BadHistory):
                raise
            except StoreError as error:
                _log.exception("what was kept in memory is refused by the history")
                refused.append(error)
            self._drop([entry])
        return refused
