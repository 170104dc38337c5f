"""A session that another process writes, shown as it grows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from claude_tui.domain.events import TURN_END, Event, TurnEnded, replay
from claude_tui.domain.messages import Message, Role, Status
from claude_tui.domain.turns import begins_turn
from claude_tui.engine.workspace import Watch
from claude_tui.ui.conversation import Conversation

WATCH_SECONDS = 0.25


class Watching:
    """Draws what `watch` finds until `stop`, or until the session is free: then `on_free` is called, once."""

    def __init__(
        self,
        watch: Watch,
        conversation: Conversation,
        *,
        on_change: Callable[[Sequence[Message]], None],
        on_free: Callable[[], None],
    ) -> None:
        self.watch = watch
        self._conversation = conversation
        self._on_change = on_change
        self._on_free = on_free
        self._known: list[str] = []
        self._stopped = False

    def stop(self) -> None:
        self._stopped = True

    async def run(self) -> None:
        while not self._stopped:
            messages = await self.watch.changes()
            if self._stopped:
                return
            if messages is not None:
                self._draw(messages)
                self._on_change(messages)
            elif await self.watch.is_free() and not self._stopped:
                self._on_free()
                return
            await asyncio.sleep(WATCH_SECONDS)

    def _draw(self, messages: list[Message]) -> None:
        """From the last prompt on, where everything before it stands already: beginning a turn anew replaces it."""
        turns = [n for n, message in enumerate(messages) if begins_turn(message)]
        first = turns[-1] if turns else 0
        ids = [message.id for message in messages]
        if first and self._known[: first + 1] == ids[: first + 1]:
            for event in _going_on(messages[first:]):
                self._conversation(event)
        else:
            self._conversation.replace(_going_on(messages))
        self._known = ids


def _going_on(messages: Sequence[Message]) -> list[Event]:
    """The events of these messages; the turn that still runs in the other process has not ended."""
    events = list(replay(messages))
    last = messages[-1] if messages else None
    running = last is not None and TURN_END not in last.extra and (last.status is Status.STREAMING or last.role is Role.USER)
    if running and isinstance(events[-1], TurnEnded):
        events.pop()
    return events
