"""Underway: what a turn that runs has told so far and the path does not hold yet, so that who comes later can be told it too.

It hears of every event but deltas, before any sink does.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Iterator

from claude_tui.domain.events import (
    ApprovalRequested,
    ApprovalResolved,
    Event,
    MessageStopped,
    RequestStarted,
    RetryScheduled,
    ToolFinished,
    ToolProgress,
    ToolStarted,
    TurnEnded,
    TurnStarted,
)
from claude_tui.domain.messages import Message, Role
from claude_tui.domain.turns import begins_turn
from claude_tui.engine.answer import Answer


class Underway:
    """`running`: from the announcement of a turn to that of its end."""

    def __init__(self) -> None:
        self.running = False
        self._request: RequestStarted | None = None
        self._retry: RetryScheduled | None = None
        self._retry_due = 0.0
        self._tools: dict[str, list[ToolStarted | ToolProgress | ToolFinished]] = {}
        self._waiting: dict[str, ApprovalRequested] = {}

    def note(self, event: Event) -> None:
        match event:
            case TurnStarted() | TurnEnded():
                self._clear()
                self.running = type(event) is TurnStarted
            case RequestStarted():
                self._clear()
                self._request = event
            case RetryScheduled():
                self._retry = event
                self._retry_due = asyncio.get_running_loop().time() + event.delay
            case MessageStopped():
                self._request = None
            case ToolStarted():
                self._tools[event.tool_use_id] = [event]
            case ToolProgress():
                told = self._tools.get(event.tool_use_id, [])
                if told and type(told[0]) is ToolStarted:
                    told[1:] = [event]
            case ToolFinished():
                self._tools[event.tool_use_id] = [event]
            case ApprovalRequested():
                self._waiting[event.tool_use_id] = event
            case ApprovalResolved():
                self._waiting.pop(event.tool_use_id, None)
            case _:
                pass

    def _clear(self) -> None:
        self._request = self._retry = None
        self._tools, self._waiting = {}, {}

    def events(self, last: Message | None, answer: Answer | None) -> Iterator[Event]:
        """What follows the replay of the path, whose end is `last`. `answer`: the one being received."""
        if self._request is not None and (last is None or last.id != self._request.message_id):
            yield self._request
            if answer is not None:
                yield from answer.so_far()
        if self._retry is not None:
            left = self._retry_due - asyncio.get_running_loop().time()
            yield dataclasses.replace(self._retry, delay=max(0.0, round(left, 3)))
        if last is None or last.role is Role.ASSISTANT or begins_turn(last):  # else the results are on the path already
            for events in self._tools.values():
                yield from events
            yield from self._waiting.values()
