"""The journal's way to disk. What could not be written is kept in memory, in order, and tried again later."""

from __future__ import annotations

import time
from collections.abc import Sequence

from claude_tui.domain.errors import StoreError
from claude_tui.domain.journal import Chunk
from claude_tui.store.connection import Database, Sql, value
from claude_tui.store.room import Room
from claude_tui.store.rows import insert_chunks
from claude_tui.store.writer import Append

_OVERHEAD = 100
_DURABLE_SECONDS = 1.0


class ChunkLog:
    """Used from the database's thread only."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._waiting: dict[str, list[Chunk]] = {}
        self._overfull: set[str] = set()

    def keep(self, appends: Sequence[Append], error: StoreError) -> list[StoreError | None]:
        """Keep these for later, since the disk takes nothing, for this reason; the error of each."""
        for append in appends:
            self._keep(append.message_id, append.chunks)
        errors = self._too_much()
        return [errors.get(append.message_id, error) for append in appends]

    def write(self, database: Database, appends: Sequence[Append]) -> list[StoreError | None]:
        """Write what waits and these, in one transaction; the error of each, None where it is on disk."""
        for append in appends:
            self._keep(append.message_id, append.chunks)
        errors = self.flush(database)
        return [errors.get(append.message_id) for append in appends]

    def _too_much(self) -> dict[str, StoreError]:
        return {message_id: _over_limit(self._room.limit) for message_id in self._overfull}

    def flush(self, database: Database) -> dict[str, StoreError]:
        """Try to write everything that waits; the errors by message. Once a second it is made durable."""
        errors = self._too_much()
        if not self._waiting:
            return errors
        durable = time.monotonic() - database.last_durable >= _DURABLE_SECONDS
        try:
            orphans = database.write(self._insert, durable=durable)
        except StoreError as error:
            return dict.fromkeys(self._waiting, error) | errors
        for message_id in [one for one in self._waiting if one not in orphans]:
            self.forget(message_id, keep_limit=True)
        unknown = StoreError("The answer's beginning is not on disk, so what followed is kept in memory.")
        return dict.fromkeys(orphans, unknown) | errors

    def waiting(self, message_id: str) -> list[Chunk]:
        """The chunks of this answer that are not on disk."""
        return self._waiting.get(message_id, [])

    def forget(self, message_id: str, *, keep_limit: bool = False) -> None:
        """These chunks are on disk, or superseded by the finished message."""
        self._room.give_back(sum(_weight(chunk) for chunk in self._waiting.pop(message_id, ())))
        if not keep_limit:
            self._overfull.discard(message_id)

    def _keep(self, message_id: str, chunks: Sequence[Chunk]) -> None:
        """Hold these in memory until they are on disk. Past the limit nothing more of that answer is taken: no gap, only an end."""
        if message_id in self._overfull or not chunks:
            return
        weight = sum(_weight(chunk) for chunk in chunks)
        if not self._room.has(weight):
            self._overfull.add(message_id)
            return
        self._waiting.setdefault(message_id, []).extend(chunks)
        self._room.take(weight)

    def _insert(self, connection: Sql) -> set[str]:
        """Write what waits; the ids of messages without a row. Chunks of a finished message are superseded."""
        orphans: set[str] = set()
        for message_id, chunks in self._waiting.items():
            status = value(connection, "SELECT status FROM messages WHERE id = ?", (message_id,))
            if status is None:
                orphans.add(message_id)
            elif status == "streaming":
                insert_chunks(connection, message_id, chunks)
        return orphans


def _weight(chunk: Chunk) -> int:
    return len(chunk.text) + _OVERHEAD


def _over_limit(limit: int) -> StoreError:
    return StoreError(
        f"{limit // (1024 * 1024)} MB wait for the disk, more is not kept. "
        "The answer is saved as a whole if the disk takes it when it ends."
    )
