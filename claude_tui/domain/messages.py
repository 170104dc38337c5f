"""Messages and sessions as they are stored, replayed and printed.

Messages form a tree: `parent_id` names the message before; a session points at its current leaf. `blocks` are the API's own dicts.
The JSON forms here are the command-line contract's `M` and `S`: keys may be added, never renamed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias, cast

from claude_tui.domain.blocks import Block
from claude_tui.domain.errors import ErrorInfo

DAMAGED = "damaged"
"""Key of `extra` in a message that the history no longer holds as it was stored."""
DAMAGED_SENTENCE = "This message is not as it was saved: the file was damaged. It is shown as far as it can be read."

Usage: TypeAlias = dict[str, Any]
"""The API's usage object, verbatim."""

SUMMED_USAGE = ("input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")


class Role(StrEnum):
    USER = "user"
    ASSISTANT = "assistant"


class Status(StrEnum):
    """How the stored message stands; `streaming` belongs to a live process, or to one that died."""

    STREAMING = "streaming"
    COMPLETE = "complete"
    INTERRUPTED = "interrupted"
    FAILED = "failed"


class Outcome(StrEnum):
    """How a turn ended."""

    COMPLETED = "completed"
    INTERRUPTED = "interrupted"
    FAILED = "failed"


class StopReason(StrEnum):
    """The stop reasons this program acts on; any other value is kept and shown as it came."""

    END_TURN = "end_turn"
    STOP_SEQUENCE = "stop_sequence"
    MAX_TOKENS = "max_tokens"
    TOOL_USE = "tool_use"
    PAUSE_TURN = "pause_turn"
    REFUSAL = "refusal"
    CONTEXT_EXCEEDED = "model_context_window_exceeded"
    COMPACTION = "compaction"


@dataclass(frozen=True, slots=True)
class Message:
    """One stored message.

    `raw_inputs`: block number → the text of a tool input that is not JSON (the block itself then holds `{}`).
    `open_blocks`: numbers of the blocks that had not ended when the stream did.
    `timeline`: `(milliseconds since the request, block, characters)` a journalled chunk.
    `extra`: every other key the API sent with the message, and what the fold could not place (`other_deltas`).
    `provider`: the name of the endpoint an answer came from; None where nobody noted it.
    """

    id: str
    session_id: str
    parent_id: str | None
    role: Role
    blocks: tuple[Block, ...]
    status: Status = Status.COMPLETE
    model: str | None = None
    api_id: str | None = None
    stop_reason: str | None = None
    stop_details: Any = None
    usage: Usage | None = None
    timings: dict[str, Any] | None = None
    raw_inputs: dict[str, str] = field(default_factory=dict[str, str])
    open_blocks: tuple[int, ...] = ()
    error: ErrorInfo | None = None
    extra: dict[str, Any] = field(default_factory=dict[str, Any])
    timeline: tuple[tuple[int, int, int], ...] = ()
    created_at: str = ""
    provider: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The contract's `M`; `raw_inputs`, `open_blocks`, `error` and `extra` stand only where there is something in them."""
        data: dict[str, Any] = {
            "id": self.id,
            "parent_id": self.parent_id,
            "role": self.role.value,
            "status": self.status.value,
            "content": list(self.blocks),
            "model": self.model,
            "provider": self.provider,
            "api_id": self.api_id,
            "stop_reason": self.stop_reason,
            "stop_details": self.stop_details,
            "usage": self.usage,
            "timings": self.timings,
            "created_at": self.created_at,
        }
        if self.raw_inputs:
            data["raw_inputs"] = dict(self.raw_inputs)
        if self.open_blocks:
            data["open_blocks"] = list(self.open_blocks)
        if self.error:
            data["error"] = self.error.to_json()
        if self.extra:
            data["extra"] = dict(self.extra)
        return data


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """A session without its messages. `system` and `tools` (API dicts) are frozen at the first request; `tools` is None before."""

    id: str
    title: str = ""
    model: str | None = None
    provider: str = "anthropic"
    effort: str | None = None
    system: str | None = None
    tools: tuple[dict[str, Any], ...] | None = None
    created_at: str = ""
    updated_at: str = ""
    message_count: int = 0
    status: str = "empty"
    leaf_id: str | None = None
    extra: dict[str, Any] = field(default_factory=dict[str, Any])

    def to_json(self) -> dict[str, Any]:
        """The contract's `S`."""
        return {
            "id": self.id,
            "title": self.title,
            "model": self.model,
            "provider": self.provider,
            "effort": self.effort,
            "system": self.system,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
            "message_count": self.message_count,
            "status": self.status,
            "leaf_id": self.leaf_id,
        }


def merge_usage(base: Usage | None, update: Mapping[str, Any] | None) -> Usage | None:
    """`base` overwritten by each key of `update` that is not null: usage counts are cumulative, never to be added."""
    if not update:
        return base
    merged: Usage = dict(base or {})
    for key, value in update.items():
        if value is not None:
            merged[key] = value
    return merged


def sum_usage(usages: Iterable[Usage | None]) -> Usage:
    """The four token counts, added over the requests of a turn; what a request did not report counts as nothing."""
    total = dict.fromkeys(SUMMED_USAGE, 0)
    for usage in usages:
        for key in SUMMED_USAGE:
            value = (usage or {}).get(key)
            if isinstance(value, int):
                total[key] += value
    return cast("Usage", total)
