"""Attempts of which nothing could be shown although the endpoint had begun to count: they leave no message, but they were used."""

from __future__ import annotations

import dataclasses
import logging

from claude_tui.domain.errors import StoreError
from claude_tui.domain.ids import new_id
from claude_tui.domain.messages import Status
from claude_tui.domain.ports import Store
from claude_tui.domain.spending import UNSEEN, Spending
from claude_tui.engine.answer import Answer

_log = logging.getLogger(__name__)


class Unseen:
    """Those of one turn. `spent`: their rows of the ledger."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.spent: list[Spending] = []

    async def note(self, answer: Answer) -> None:
        """Put it into the ledger; an answer that was whole went there with its message. A disk that refuses ends no turn."""
        message = answer.folded(Status.FAILED)
        if answer.complete or message.usage is None:
            return
        spending = dataclasses.replace(Spending.of(message), id=new_id(), message_id=None, kind=UNSEEN)
        self.spent.append(spending)
        try:
            await self._store.add_spending(spending)
        except StoreError as error:
            _log.warning("an attempt that failed is not in the ledger: %s", error)
