"""A copy of a conversation as a new session."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from claude_tui.domain.events import CONTINUES
from claude_tui.domain.ids import new_id, timestamp
from claude_tui.domain.messages import Message, SessionInfo, Status

_BOUND = "without_thinking_to"


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
            extra=_renamed(message.extra, ids),
        )
        for message in path
    ]
    extra = {key: value for key, value in info.extra.items() if key != _BOUND}
    refused = info.extra.get(_BOUND)
    if refused is not None and messages:  # beyond the end of the copy it holds for all of it
        extra[_BOUND] = ids.get(refused, messages[-1].id)
    leaf_id = messages[-1].id if messages else None
    fork = dataclasses.replace(info, id=session_id, created_at=now, updated_at=now, leaf_id=leaf_id, extra=extra)
    return fork, messages


def _renamed(extra: dict[str, Any], ids: Mapping[str, str]) -> dict[str, Any]:
    """`extra` with the copy's own id where it names the message that was gone on from."""
    after = extra.get(CONTINUES)
    return {**extra, CONTINUES: ids[after]} if isinstance(after, str) and after in ids else extra
