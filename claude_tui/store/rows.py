"""Messages, sessions and chunks as rows, and back: what comes back is what was stored, even text that is not valid Unicode."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any, TypeVar

import apsw

from claude_tui.domain.blocks import Block, dump_json
from claude_tui.domain.errors import ErrorInfo, ErrorKind, StoreError
from claude_tui.domain.ids import timestamp
from claude_tui.domain.journal import Chunk
from claude_tui.domain.messages import DAMAGED, Message, Role, SessionInfo, Status
from claude_tui.domain.text import repair
from claude_tui.store.connection import Sql

Known = TypeVar("Known", Role, Status)

MESSAGE_FIELDS = (
    "status", "created_at", "model", "api_id", "stop_reason", "sha256", "open_blocks", "stop_details", "usage", "timings",
    "error", "raw_inputs", "extra", "timeline", "blocks", "provider",
)  # fmt: skip
"""The columns a finished message overwrites, in the order of `message_values`."""


def to_json(data: Any) -> str:
    """`data` as stored. What JSON cannot express is refused, not changed."""
    try:
        return dump_json(data)
    except (TypeError, ValueError, RecursionError) as error:
        raise StoreError(f"This cannot be saved, since JSON has no form for it: {error}.") from error


def _or_null(data: Any) -> str | None:
    """Nothing stands for what is empty."""
    return to_json(data) if data else None


def _given(data: Any) -> str | None:
    return None if data is None else to_json(data)


def _plain(text: str | None) -> str | None:
    return None if text is None else repair(text)


def message_values(message: Message) -> tuple[Any, ...]:
    """The values of `MESSAGE_FIELDS`."""
    blocks = to_json(message.blocks)
    finished = message.status is not Status.STREAMING
    return (
        message.status.value,
        message.created_at or timestamp(),
        _plain(message.model),
        _plain(message.api_id),
        _plain(message.stop_reason),
        hashlib.sha256(blocks.encode("ascii")).digest() if finished else None,
        _or_null(message.open_blocks),
        _given(message.stop_details),
        _given(message.usage),
        _given(message.timings),
        _given(message.error.to_json() if message.error else None),
        _or_null(message.raw_inputs),
        _or_null(message.extra),
        _or_null(message.timeline),
        blocks,
        _plain(message.provider),
    )


JSON_SHAPES: dict[str, type] = {
    "open_blocks": list, "stop_details": object, "usage": dict, "timings": dict, "error": dict, "raw_inputs": dict, "extra": dict,
    "timeline": list, "blocks": list,
}  # fmt: skip
MESSAGE_COLUMNS = (
    "m.id, m.session_id, m.parent_id, m.role, m.status, m.created_at, m.model, m.api_id, m.stop_reason, m.provider, m.sha256, "
    + ", ".join(f"CAST(m.{name} AS BLOB)" for name in JSON_SHAPES)
)
"""JSON is read as bytes: damage may have made it something that is no text."""


def message_of(row: tuple[Any, ...]) -> Message:
    """The message of a row of `MESSAGE_COLUMNS`. Damage is marked in `extra` and no reason to refuse.

    CorruptError, as from SQLite, where nobody can tell any more who spoke or how it ended.
    """
    (message_id, session_id, parent_id, role, status, created_at, model, api_id, stop_reason, provider, sha256, *stored) = row
    damaged = sha256 is not None and hashlib.sha256(stored[-1]).digest() != sha256
    read = Reading(damaged)
    values = {name: read.json(data, shape) for (name, shape), data in zip(JSON_SHAPES.items(), stored, strict=True)}
    timeline = read.entries(values["timeline"] or ())
    error = read.error(values["error"])
    blocks = read.blocks(values["blocks"] or [])
    return Message(
        id=message_id,
        session_id=session_id,
        parent_id=parent_id,
        role=_known(Role, role),
        blocks=blocks,
        status=_known(Status, status),
        model=model,
        api_id=api_id,
        stop_reason=stop_reason,
        stop_details=values["stop_details"],
        usage=values["usage"],
        timings=values["timings"],
        raw_inputs=values["raw_inputs"] or {},
        open_blocks=tuple(values["open_blocks"] or ()),
        error=error,
        extra={**(values["extra"] or {}), **({DAMAGED: True} if read.failed else {})},
        timeline=timeline,
        created_at=created_at,
        provider=provider,
    )


def _known(kind: type[Known], stored: str) -> Known:
    try:
        return kind(stored)
    except ValueError:
        raise apsw.CorruptError(f"{stored!r} is no {kind.__name__.lower()} of a message") from None


class Reading:
    """The JSON of one row; remembers whether some of it was not as it had been written."""

    def __init__(self, failed: bool = False) -> None:
        self.failed = failed

    def json(self, data: bytes | str | None, shape: type = object) -> Any:
        if data is None:
            return None
        try:
            found = json.loads(data if isinstance(data, str) else data.decode("ascii"))
        except (ValueError, RecursionError):
            found = _MISSING
        if found is _MISSING or not isinstance(found, shape):
            self.failed = True
            return None
        return found

    def blocks(self, found: list[Any]) -> tuple[Block, ...]:
        blocks: list[Block] = [block for block in found if isinstance(block, dict)]
        self.failed = self.failed or len(blocks) != len(found)
        return tuple(blocks)

    def entries(self, found: Iterable[Any]) -> tuple[tuple[int, int, int], ...]:
        try:
            return tuple((ms, block, size) for ms, block, size in found)
        except (TypeError, ValueError):
            self.failed = True
            return ()

    def error(self, found: dict[str, Any] | None) -> ErrorInfo | None:
        """The error; of a kind that only newer versions know, one of the protocol."""
        if not found:
            return None
        known = found.get("kind") in list(ErrorKind)
        return ErrorInfo.from_json({"message": "", **found, "kind": found["kind"] if known else ErrorKind.PROTOCOL})


_MISSING = object()


SESSION_FIELDS = ("title", "model", "provider", "effort", "system", "tools", "extra")


def session_values(session: SessionInfo) -> tuple[Any, ...]:
    """The values of `SESSION_FIELDS`."""
    return (
        repair(session.title),
        _plain(session.model),
        repair(session.provider),
        _plain(session.effort),
        _given(session.system),
        _given(session.tools),
        _or_null(session.extra),
    )


SESSION_COLUMNS = """
    s.id, s.title, s.model, s.provider, s.effort, s.leaf_id, s.system, s.tools, s.extra, s.created_at, s.updated_at,
    (SELECT depth FROM messages WHERE id = s.leaf_id),
    (WITH RECURSIVE up (parent_id, role, status) AS (
        SELECT parent_id, role, status FROM messages WHERE id = s.leaf_id
        UNION ALL SELECT m.parent_id, m.role, m.status FROM up JOIN messages m ON m.id = up.parent_id WHERE up.role <> 'assistant'
     ) SELECT status FROM up WHERE role = 'assistant')
"""
"""The last two: how many messages the current path has, and how its last answer stands (found within a step or two of the leaf)."""


def session_of(row: tuple[Any, ...]) -> SessionInfo:
    """The session of a row of `SESSION_COLUMNS`."""
    (session_id, title, model, provider, effort, leaf_id, system, tools, extra, created_at, updated_at, count, status) = row
    read = Reading()
    frozen = read.json(tools)
    return SessionInfo(
        id=session_id,
        title=title,
        model=model,
        provider=provider,
        effort=effort,
        system=read.json(system),
        tools=None if frozen is None else tuple(frozen),
        created_at=created_at,
        updated_at=updated_at,
        message_count=count or 0,
        status=status or "empty",
        leaf_id=leaf_id,
        extra=read.json(extra) or {},
    )


def text_bytes(text: str) -> bytes:
    """Any text, halves of surrogate pairs included, as bytes that give it back."""
    return text.encode("utf-8", "surrogatepass")


def chunk_of(row: tuple[Any, ...]) -> Chunk:
    """The chunk of a row `ms, block, kind, text`; UnicodeDecodeError if its text is damaged."""
    ms, block, kind, text = row
    return Chunk(ms, block, kind, bytes(text).decode("utf-8", "surrogatepass"))


def insert_chunks(connection: Sql, message_id: str, chunks: Iterable[Chunk]) -> None:
    """Append to the journal of a streaming answer."""
    connection.executemany(
        """INSERT INTO chunks (message_id, seq, ms, block, kind, text)
           VALUES (?1, (SELECT coalesce(max(seq) + 1, 0) FROM chunks WHERE message_id = ?1), ?2, ?3, ?4, ?5)""",
        [(message_id, chunk.ms, chunk.block, chunk.kind, text_bytes(chunk.text)) for chunk in chunks],
    )


def blocks_of(text: bytes) -> tuple[Block, ...]:
    """The blocks of a stored message, for the index; none if they cannot be read."""
    read = Reading()
    return read.blocks(read.json(text, list) or [])
