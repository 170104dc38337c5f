"""A copy of a conversation as a new session."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from claude_tui.domain.events import TURN_END
from claude_tui.domain.ids import new_id, timestamp
from claude_tui.domain.messages import Message, SessionInfo, Status, StopReason
from claude_tui.domain.turns import renamed_extra

BOUND = "without_thinking_to"
"""Key of a session's `extra`: id of the message up to which thinking is left out."""


def copied(info: SessionInfo, path: Sequence[Message]) -> tuple[SessionInfo, list[Message]]:
    """The session and messages of a fork of `info` that holds this path, with ids of their own. What streams is cut off there."""
    ids = {message.id: new_id() for message in path}
    now = timestamp()
    session_id = new_id()
    messages = [
        dataclasses.replace(
            message,
            id=ids[message.id],
            session_id=session_id,
            parent_id=ids.get(message.parent_id or ""),
            status=Status.INTERRUPTED if message.status is Status.STREAMING else message.status,
            extra=renamed_extra(message.extra, ids),
        )
        for message in path
    ]
    extra = {key: value for key, value in info.extra.items() if key != BOUND}
    refused = info.extra.get(BOUND)
    if refused is not None and messages:  # beyond the end of the copy it holds for all of it
        extra[BOUND] = ids.get(refused, messages[-1].id)
    leaf_id = messages[-1].id if messages else None
    fork = dataclasses.replace(info, id=session_id, created_at=now, updated_at=now, leaf_id=leaf_id, extra=extra)
    return fork, messages


def copied_below(root: Message, messages: Sequence[Message]) -> list[Message]:
    """Copies of these messages of a path as what follows `root`. What was too long is so no more: they do not say that they are."""
    ids = {message.id: new_id() for message in messages}
    found: list[Message] = []
    for message in messages:
        extra = {key: value for key, value in renamed_extra(message.extra, ids).items() if key != TURN_END}
        full = message.stop_reason == StopReason.CONTEXT_EXCEEDED
        parent_id = found[-1].id if found else root.id
        status = Status.INTERRUPTED if full else message.status
        reason = None if full else message.stop_reason
        copy = dataclasses.replace(message, id=ids[message.id], parent_id=parent_id, extra=extra, status=status, stop_reason=reason)
        found.append(copy)
    return found
