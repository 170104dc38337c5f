"""The answer under way: folded, journalled and announced, event by event.

Taking a delta is O(1) and waits for nothing; what has gathered goes to the store every 50 ms or 4,096 characters.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager

from claude_tui.domain.errors import ErrorInfo, StoreError
from claude_tui.domain.events import Alive, BlockDelta, BlockStarted, BlockStopped, Event, MessageStarted, MessageStopped, Notice
from claude_tui.domain.ids import timestamp
from claude_tui.domain.journal import Journal
from claude_tui.domain.messages import Message, Role, SessionInfo, Status
from claude_tui.domain.partial import Partial
from claude_tui.domain.ports import Store

_log = logging.getLogger(__name__)

JOURNAL_SECONDS = 0.05
JOURNAL_SIZE = 4096
"""Characters. What the journal holds back is what a killed process loses."""
STALL_CHECK_SECONDS = 2.0
STALL_CHECKS = 10
"""After so many checks without anything but pings the user is told, once a stall."""
DATA_AGAIN = "Data comes again."


def not_saved(error: StoreError) -> Notice:
    """What the user is told when what is said cannot be written."""
    return Notice(f"NOT SAVED: {error.info.message}", "error", saved=False)


class Answer:
    """One attempt at one request. `shown` once a block came: from then on nothing is tried again.

    `first_text`: the loop's time when the first text or thinking came.
    """

    def __init__(self, message_id: str, session: SessionInfo, parent_id: str, store: Store, emit: Callable[[Event], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._sent = self._loop.time()
        self._partial = Partial()
        self._journal = Journal()
        self._store = store
        self._emit = emit
        self._stopped: MessageStopped | None = None
        self._flush_timer: asyncio.TimerHandle | None = None
        self._flush_due = 0.0
        self._stall_timer: asyncio.TimerHandle | None = None
        self._heard = False
        self._silent_checks = 0
        self._stalled = ""
        self._begun = False
        self._announced = False
        self._block_began: dict[int, int] = {}
        self._block_ms: dict[int, int] = {}
        self.first_text: float | None = None
        self._base = Message(
            id=message_id,
            session_id=session.id,
            parent_id=parent_id,
            role=Role.ASSISTANT,
            blocks=(),
            status=Status.STREAMING,
            model=session.model,
            provider=session.provider,
            created_at=timestamp(),
        )

    def _ms(self) -> int:
        """Milliseconds since the request was sent."""
        return int((self._loop.time() - self._sent) * 1000)

    @property
    def shown(self) -> bool:
        return self._partial.block_count > 0

    @property
    def complete(self) -> bool:
        return self._partial.complete

    # Events.

    def take_delta(self, event: BlockDelta) -> None:
        """Runs for every delta there is, so it does next to nothing. A delta that comes just before the journal's timer does the
        timer's work: waking the loop for that alone costs more than everything else here."""
        self._partial.apply(event)
        self._hear()
        if not self._journal.extend(event):
            self._journal.add(event, self._ms())
        if self._journal.size >= JOURNAL_SIZE:
            self.flush()
        elif self._flush_timer is None:
            now = self._loop.time()
            self._flush_due = now + JOURNAL_SECONDS * 0.9
            self._flush_timer = self._loop.call_at(now + JOURNAL_SECONDS, self.flush)
        elif self._loop.time() >= self._flush_due:
            self.flush()
        if self.first_text is None and event.text and event.kind in ("text", "thinking"):
            self.first_text = self._loop.time()
        self._emit(event)

    def take(self, event: Event) -> None:
        """Any event but a start of a block or the end of the message."""
        ms = self._ms()
        if type(event) is BlockStopped:
            took = self._block_ms[event.number] = ms - self._block_began.get(event.number, ms)
            event = dataclasses.replace(event, seconds=took / 1000)
        self._note(event, ms)
        self._emit(event)

    async def take_start(self, event: BlockStarted) -> None:
        """The first block makes the row of the answer; if that fails the answer goes on in memory and the user is told.

        An interrupt meanwhile keeps the block, so it is announced all the same.
        """
        ms = self._block_began[event.number] = self._ms()
        if self._begun:
            self._note(event, ms)
            self._emit(event)
            return
        self._begun = True
        self._hear()
        self._partial.apply(event)
        self._journal.add(event, ms)
        try:
            await self._store.begin_message(self._base)
            self.flush()
        except StoreError as error:
            self._emit(not_saved(error))
        finally:
            self._announced = True
            self._emit(event)

    def _note(self, event: Event, ms: int) -> None:
        self._partial.apply(event)
        if type(event) is not Alive:
            self._hear()
        if self._journal.add(event, ms) and self._begun:
            self.flush()

    def so_far(self) -> Iterator[Event]:
        """The events of the answer that have been announced, one delta a block; what comes from now on follows them."""
        events = self._partial.events({number: ms / 1000 for number, ms in self._block_ms.items()})
        return events if self._announced else (event for event in events if type(event) is MessageStarted)

    def flush(self) -> None:
        """Hand what has gathered to the store, without waiting for it."""
        if self._flush_timer is not None:
            self._flush_timer.cancel()
            self._flush_timer = None
        chunks = self._journal.take()
        if chunks and self._begun:
            self._store.append_chunks(self._base.id, chunks)

    # The end.

    def folded(self, status: Status, error: ErrorInfo | None = None) -> Message:
        """The message as it stands. An answer that came whole is complete whatever happened to the turn."""
        total = round((self._loop.time() - self._sent) * 1000)
        ttft = None if self.first_text is None else round((self.first_text - self._sent) * 1000)
        block_ms = {str(number): self._block_ms.get(number, max(0, total - began)) for number, began in self._block_began.items()}
        timings = {"ttft_ms": ttft, "total_ms": total, "block_ms": block_ms}
        status = Status.COMPLETE if self.complete else status
        return self._partial.message(
            dataclasses.replace(self._base, timings=timings, error=None if self.complete else error), status
        )

    async def commit(self, stopped: MessageStopped, limit: Callable[[Message], ErrorInfo | None]) -> Message:
        """Put the whole answer on disk. `limit`: why it counts as failed all the same, None if it does not."""
        self._stopped = stopped
        self._partial.apply(stopped)
        message = self.folded(Status.COMPLETE)
        error = limit(message)
        if error is not None:
            message = dataclasses.replace(message, status=Status.FAILED, error=error)
        await self.store(message)
        return message

    async def store(self, message: Message) -> None:
        self.flush()
        await self._store.finish_message(message)

    def announce_end(self) -> None:
        """Tell of the end, if it came: the answer is on disk and on the path."""
        if self._stopped is not None:
            self._emit(self._stopped)

    # Stalls.

    @contextmanager
    def watched(self) -> Generator[None]:
        """While the answer streams: tell the user when nothing comes, and leave no timer behind."""
        self._silent_checks = 0
        self._stall_timer = self._loop.call_later(STALL_CHECK_SECONDS, self._check_stall)
        try:
            yield
        finally:
            for timer in (self._stall_timer, self._flush_timer):
                if timer is not None:
                    timer.cancel()
            self._flush_timer = None
            if self._stalled:
                self._unstall("")

    def _check_stall(self) -> None:
        self._silent_checks = 0 if self._heard else self._silent_checks + 1
        self._heard = False
        if self._silent_checks == STALL_CHECKS:
            seconds = STALL_CHECKS * STALL_CHECK_SECONDS
            self._stalled = f"No data for {seconds:.0f} s; the answer can be interrupted, what came is kept."
            self._emit(Notice(self._stalled, "warning"))
        self._stall_timer = self._loop.call_later(STALL_CHECK_SECONDS, self._check_stall)

    def _hear(self) -> None:
        """Something other than a ping came."""
        self._heard = True
        if self._stalled:
            self._unstall(DATA_AGAIN)

    def _unstall(self, text: str) -> None:
        """What was said of the silence is not true any more."""
        stalled, self._stalled = self._stalled, ""
        self._emit(Notice(text, instead_of=stalled))
