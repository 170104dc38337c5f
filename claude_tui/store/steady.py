"""The database as the thread uses it, which goes on when its disk does not.

In good times everything goes straight to disk. When the disk takes nothing any more (full, read-only, failing, deleted, never
there) an outage begins: a copy of the history in memory stands in, writes change it and join the backlog, and reads see them. The
disk is tried again by `tick`; when it has taken the backlog, in order, the copy is dropped. Nobody who writes is told of a failure
then: the front end is, through `told`, at the beginning and at the end.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from claude_tui.domain.damage import BadHistory
from claude_tui.domain.errors import StorageBusy, StorageOutage, StoreError
from claude_tui.store.backlog import Backlog, Entry
from claude_tui.store.chunklog import ChunkLog
from claude_tui.store.connection import Database, Sql, look_at, value
from claude_tui.store.migrations import migrate
from claude_tui.store.room import Room
from claude_tui.store.writer import Append

T = TypeVar("T")

RETRY_SECONDS = 2.0
"""How often the disk is tried during an outage."""
WATCH_SECONDS = 4.0
"""How often somebody looks whether the file is still there, in good times."""
COPY_LIMIT = 512 * 1024 * 1024
"""Bytes. A longer history is not copied: what is written in an outage is kept but cannot be read until it is on disk."""

_log = logging.getLogger(__name__)


class SteadyDatabase:
    """Used from the thread only, but for `outage` and `unsaved`, which anybody may look at.

    `open_database` opens what is on disk, creating what is missing. `told` is given the reason when an outage begins or its reason
    changes, None when it has ended, and the error of a write that was kept and that the history then refused.
    """

    def __init__(
        self,
        open_database: Callable[[], Database],
        told: Callable[[StoreError | None], None],
        *,
        before_writing: Callable[[], None],
    ) -> None:
        self._open = open_database
        self._told = told
        self._before_writing = before_writing
        self._disk: Database | None = None
        self._copy: Database | None = None
        self._cannot_copy = False
        room = Room()
        self.chunks = ChunkLog(room)
        self._backlog = Backlog(room)
        self.outage: StorageOutage | None = None

    @property
    def disk(self) -> Database:
        """StorageOutage where there is none."""
        if self._disk is None:
            raise self.outage or StorageOutage("The history is not open.")
        return self._disk

    @property
    def current(self) -> Database:
        """What is read from."""
        return self._copy or self.disk

    @property
    def unsaved(self) -> bool:
        """Whether anything waits for the disk that was said to be kept."""
        return len(self._backlog) > 0

    def open(self, place: Path | None = None) -> None:
        """`place`: the file to read from where it cannot be written. With it nothing of the disk keeps this from succeeding."""
        try:
            self._disk = self._open()
        except StorageBusy:
            raise  # whoever has it writes to it: a second history in memory would be no help
        except StorageOutage as error:
            if place is None:
                raise
            self._copy = _read_only(place)
            self.begin_outage(error)

    # What is asked of it.

    def read(self, work: Callable[[Sql], T]) -> T:
        return self.current.read(work)

    def write(self, work: Callable[[Sql], object], *, durable: bool = True, about: Callable[[], Entry] | None = None) -> None:
        """Run `work` in a transaction. `about` says what is to be known of it should it have to be kept."""
        if self.outage is None:
            try:
                self.disk.write(work, durable=durable)
            except (StorageOutage, BadHistory) as error:
                self.begin_outage(_as_outage(error))
            else:
                return
        entry = about() if about is not None else Entry(work)
        self._backlog.check(entry)
        copy = self._stand_in()
        if copy is not None:
            copy.write(work)
        self._backlog.add(entry)

    def append(self, appends: Sequence[Append]) -> list[StoreError | None]:
        if self.outage is not None:
            return self.chunks.keep(appends, self.outage)
        errors = self.chunks.write(self.disk, appends)
        outage = next((error for error in errors if isinstance(error, (StorageOutage, BadHistory))), None)
        if outage is not None:
            self.begin_outage(_as_outage(outage))
        return errors

    def flush_chunks(self) -> None:
        if self.outage is None:
            self.chunks.flush(self.disk)

    # The outage.

    def begin_outage(self, error: StorageOutage) -> None:
        """From now on nothing is written to the disk until all of what waits can be."""
        before, self.outage = self.outage, error
        if before is None or str(before) != str(error):
            _log.warning("the disk takes nothing: %s", error)
            self._told(error)

    def _stand_in(self) -> Database | None:
        """The copy in memory; None where there can be none, and only the backlog knows what is written."""
        if self._copy is None and not self._cannot_copy:
            copy = Database(None)
            try:
                if self.disk.size <= COPY_LIMIT:
                    self.disk.copy_to(copy)
                    self._copy = copy if copy.read(lambda one: value(one, "PRAGMA quick_check(1)")) == "ok" else None
            except StoreError:
                _log.warning("the history cannot be copied into memory", exc_info=True)
            self._cannot_copy = self._copy is None
        return self._copy

    @property
    def interval(self) -> float | None:
        """Seconds from one tick to the next; None where nothing needs one."""
        if self.outage is not None:
            return RETRY_SECONDS
        return WATCH_SECONDS if self._disk is not None and self._disk.path is not None else None

    def tick(self) -> None:
        """See whether the disk is still there, or there again."""
        if self.outage is not None:
            self.try_again()
            return
        try:
            self.disk.check_place()
        except StorageOutage as error:
            self.begin_outage(error)

    def try_again(self) -> None:
        """End the outage if the disk takes everything that waits."""
        try:
            refused = self._flush()
        except StorageOutage as error:
            self.begin_outage(error)
            return
        except StoreError as error:  # it is damaged, or what has come into its place cannot be used
            self.begin_outage(_as_outage(error))
            return
        copy, self._copy, self._cannot_copy = self._copy, None, False
        if copy is not None:
            copy.close()
        self.outage = None
        for error in refused:
            self._told(error)
        self._told(None)

    def _flush(self) -> list[StoreError]:
        if self._disk is None:
            self._disk = self._open()
        disk = self._disk
        disk.check_place()
        self._before_writing()
        with disk.impatient():
            refused = self._backlog.flush(disk)
            errors = self.chunks.flush(disk)
        for error in errors.values():
            if isinstance(error, (StorageOutage, BadHistory)):
                raise error
        return refused

    def close(self) -> None:
        """With a last try. What the disk does not take is lost with the process: `unsaved` says so."""
        if self.outage is not None:
            self.try_again()
        try:
            if self._disk is not None and self.outage is None:
                self.chunks.flush(self._disk)
                self._disk.read(lambda connection: connection.pragma("optimize"))
        except StoreError as error:
            _log.warning("while closing: %s", error)
        finally:
            for database in (self._disk, self._copy):
                if database is not None:
                    database.close()


def _as_outage(error: StoreError) -> StorageOutage:
    """Damage that shows while a history is in use takes nothing from the conversation either; and a disk that fails once may look
    like damage."""
    return error if isinstance(error, StorageOutage) else StorageOutage(str(error))


def _read_only(place: Path) -> Database:
    """What can be read of the history at `place`; an empty one where that is nothing."""
    try:
        copy = look_at(place)
    except StorageOutage:
        copy = Database(None)
    try:
        migrate(copy)
    except StoreError:
        copy.close()
        raise
    return copy
