"""What a session uses and costs, kept up to date for the screen: when the ledger is read, and what the bar shows of it.

An answer counts from the moment it begins, marked as an estimate; committed, its own row takes that place; and the ledger, read at
the end of attempts and turns, has the last word. No delta costs anything here.
"""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from claude_tui.domain.errors import StoreError
from claude_tui.domain.events import Event, MessageStopped, RequestStarted, RetryScheduled, TurnEnded
from claude_tui.domain.ids import new_id, timestamp
from claude_tui.domain.messages import Message, Role
from claude_tui.domain.pricing import Cost
from claude_tui.domain.spending import Spending
from claude_tui.ui.cache_clock import Warmth, warmth
from claude_tui.ui.draft_counter import DraftCounter
from claude_tui.ui.figures import Beside, number
from claude_tui.ui.purse import Purse, cost_forms, prompt_cost

if TYPE_CHECKING:
    from claude_tui.domain.messages import SessionInfo
    from claude_tui.ui.chat_screen import ChatScreen

_log = logging.getLogger(__name__)

_ENDS = (RequestStarted, RetryScheduled, TurnEnded)
"""Events behind which an attempt may have left a row in the ledger that no message tells of."""


class Accounts:
    """Bound to the chat screen. `hear` every event before the meter does."""

    def __init__(self, screen: ChatScreen) -> None:
        self._screen = screen
        self.purse = Purse(screen.backstage.prices)
        self.warmth: Warmth | None = None
        self.draft = DraftCounter(screen)
        self._info: SessionInfo | None = None

    # Which session.

    def show(self, info: SessionInfo) -> None:
        """Another session, or the same one under another model."""
        if self._info is None or self._info.id != info.id:
            self.purse.reset()
            self.warmth = None
            self._info = info
            self.read()
        self._info = info
        session = self._screen.dialogue.session
        if session is not None and session.info.id == info.id:
            self.look_at(session.path)

    def read(self) -> None:
        """Have the ledger read again."""
        info = self._info
        if info is not None and self._screen.view.workspace is not None:
            self._screen.start(self._read(info.id), "ledger")

    async def _read(self, session_id: str) -> None:
        workspace, waited = self._screen.view.workspace, self.purse.waiting
        if workspace is None:
            return
        try:
            rows = await workspace.spending(session_id=session_id)
        except StoreError as error:  # what was heard still stands
            _log.warning("the ledger could not be read: %s", error)
            return
        if self._info is not None and self._info.id == session_id:
            self.purse.settle(rows, waited)
            self._screen.status.refresh()

    def look_at(self, path: Sequence[Message]) -> None:
        """The path is this: the cache that its end left behind."""
        info = self._info
        section = self._screen.backstage.settings.section(info.provider) if info is not None else None
        known = info is not None and section is not None and section.wire == "anthropic"
        self.warmth = warmth(path, provider=info.provider, model=info.model) if info is not None and known else None

    # What happens.

    def hear(self, event: Event) -> None:
        """Answers that end go into the purse; what was left of an attempt waits there until the ledger has been read."""
        if isinstance(event, MessageStopped):
            self._enter_answer()
        elif isinstance(event, _ENDS):
            left = self.running
            if isinstance(event, TurnEnded):
                self._enter_answer()
                self.draft.changed()
            if left is not None and left.usage is not None and left.id not in self.purse.waiting:
                self.purse.enter(dataclasses.replace(left, id=new_id(), message_id=None))
            if left is not None or isinstance(event, TurnEnded):
                self.read()

    def _enter_answer(self) -> None:
        session = self._screen.dialogue.session
        last = session.path[-1] if session is not None and session.path else None
        if last is not None and last.role is Role.ASSISTANT and self._screen.meter.is_running(last.id):
            self.purse.enter(Spending.of(last))

    # What is shown.

    @property
    def running(self) -> Spending | None:
        """The row of the answer that streams, as far as it has come."""
        row = self._screen.meter.running_row
        info = self._info
        if row is None or info is None:
            return None
        return dataclasses.replace(row, session_id=info.id, provider=info.provider, created_at=timestamp())

    @property
    def rows(self) -> list[Spending]:
        """Every response of this session, the one that streams last."""
        return self.purse.rows(self.running)

    @property
    def cost(self) -> Cost | None:
        """What this session has cost; None where nothing was used in it."""
        running = self.running
        return self.purse.cost(running if running is not None and running.usage is not None else None)

    def beside(self) -> Beside:
        """What the status bar shows beside the meter's figures."""
        cost, now = self.cost, time.time()
        cache = self.warmth.text(now) if self.warmth is not None and not self._screen.meter.busy else ""
        return Beside(cost_forms(cost) if cost is not None else (), cache, self._draft_forms(now))

    def lives(self) -> float | None:
        """Seconds until the cache's time looks different."""
        return self.warmth.changes_in(time.time()) if self.warmth is not None else None

    def _draft_forms(self, now: float) -> tuple[str, ...]:
        tokens, info = self.draft.tokens, self._info
        if tokens is None or info is None or self._screen.meter.busy:
            return ()
        cached = self.warmth.tokens if self.warmth is not None and self.warmth.warm(now) else 0
        price = prompt_cost(self.purse.book, tokens, cached, model=info.model or "", provider=info.provider, at=timestamp(now))
        short = f"next ≈ {number(tokens)} in"
        if price.unknown:
            return (short,)
        return (f"{short} · ~{cost_forms(price)[0].removeprefix('~')}", short)
