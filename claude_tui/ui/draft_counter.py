"""How many tokens the conversation has with the draft in it, as the endpoint counts them: only where the setting asks for that.

A pause in typing asks, one request at a time; whatever changes the draft takes the question back. It never keeps anything waiting.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from textual.timer import Timer

from claude_tui.ui.slash import as_prompt, parse_slash

if TYPE_CHECKING:
    from claude_tui.ui.chat_screen import ChatScreen

_log = logging.getLogger(__name__)

PAUSE = 0.6
"""Seconds without a change of the draft."""


class DraftCounter:
    """Bound to the chat screen. `tokens`: of the whole next request with the draft as it stands; None where that is not known."""

    def __init__(self, screen: ChatScreen) -> None:
        self._screen = screen
        self.tokens: int | None = None
        self._timer: Timer | None = None
        self._asking: asyncio.Task[None] | None = None

    def changed(self) -> None:
        """The draft is another one, or on its way."""
        if not self._screen.backstage.settings.count_tokens:
            return
        self.forget()
        if self._screen.composer.real_text.strip():
            self._timer = self._screen.set_timer(PAUSE, self._ask)

    def forget(self) -> None:
        """What was counted holds no longer, and nothing is asked any more."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        if self._asking is not None:
            self._asking.cancel()
            self._asking = None
        if self.tokens is not None:
            self.tokens = None
            self._screen.status.refresh()

    def _ask(self) -> None:
        session, draft = self._screen.dialogue.session, self._screen.composer.real_text
        if session is not None and not session.busy and draft.strip() and parse_slash(draft) is None:
            self._asking = asyncio.get_running_loop().create_task(self._count(as_prompt(draft)), name="count the draft")

    async def _count(self, draft: str) -> None:
        session = self._screen.dialogue.session
        with suppress(asyncio.CancelledError):
            try:
                editing = self._screen.dialogue.editing
                self.tokens = await session.count(draft, replaces=editing) if session is not None else None
            except Exception as error:
                _log.info("the draft was not counted", exc_info=error)
            self._screen.status.refresh()
