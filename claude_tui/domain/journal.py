"""The journal: an answer's events as chunks that are appended to disk while it streams, and back.

Deltas of one kind to one block that wait together become one chunk, so what is on disk grows by about what arrived. Folding the
chunks gives the same message as folding the events did; a prefix of the chunks gives a prefix of the message.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

from claude_tui.domain.blocks import dump_json
from claude_tui.domain.events import (
    BlockDelta,
    BlockStarted,
    BlockStopped,
    DeltaKind,
    Event,
    MessageStarted,
    MessageStopped,
    UsageReported,
)
from claude_tui.domain.partial import Partial


@dataclass(frozen=True, slots=True)
class Chunk:
    """`ms`: milliseconds since the request was sent. `kind`: a delta kind (`text` is then its text, or the JSON of a citation or an
    unknown delta), or `message`, `start`, `stop`, `usage`, `end` (`text` is then JSON). `block` is -1 where no block is meant."""

    ms: int
    block: int
    kind: str
    text: str


_JSON_DELTAS = ("citation", "other")
_TEXT_DELTAS: tuple[DeltaKind, ...] = ("text", "thinking", "input", "signature")


class Journal:
    """Events in, chunks out. `size` is the number of characters waiting."""

    def __init__(self) -> None:
        self.size = 0
        self._chunks: list[Chunk] = []
        self._run: list[str] = []
        self._run_number = -1
        self._run_kind = ""
        self._run_ms = 0

    def extend(self, delta: BlockDelta) -> bool:
        """Take note of a delta that only adds text to the one before it; False if it is any other, which `add` takes."""
        if delta.number != self._run_number or delta.kind != self._run_kind or delta.data is not None:
            return False
        self._run.append(delta.text)
        self.size += len(delta.text)
        return True

    def add(self, event: Event, ms: int) -> bool:
        """Take note of `event`; whether it is one the journal keeps."""
        if type(event) is BlockDelta and event.kind in _TEXT_DELTAS:
            if event.data is None and self.extend(event):
                return True
            self._close_run()
            self._run_number, self._run_kind, self._run_ms = event.number, event.kind, ms
            self._run.append(event.text)
            self.size += len(event.text)
            if event.kind == "signature":  # the last one counts, not their sum
                self._close_run()
            if event.data is None:
                return True
            event = BlockDelta(event.number, "other", data=event.data)
        chunk = _chunk(event, ms)
        if chunk is None:
            return False
        self._close_run()
        self._chunks.append(chunk)
        self.size += len(chunk.text)
        return True

    def take(self) -> list[Chunk]:
        """What waits, in order; the journal is empty afterwards."""
        self._close_run()
        chunks, self._chunks, self.size = self._chunks, [], 0
        return chunks

    def _close_run(self) -> None:
        if self._run:
            self._chunks.append(Chunk(self._run_ms, self._run_number, self._run_kind, "".join(self._run)))
            self._run = []
        self._run_number, self._run_kind = -1, ""


def _chunk(event: Event, ms: int) -> Chunk | None:
    match event:
        case BlockDelta():
            return Chunk(ms, event.number, event.kind, dump_json(event.data))
        case BlockStarted():
            return Chunk(ms, event.number, "start", dump_json(event.block))
        case BlockStopped():
            return Chunk(ms, event.number, "stop", "")
        case UsageReported():
            return Chunk(ms, -1, "usage", dump_json(event.usage))
        case MessageStarted():
            return Chunk(ms, -1, "message", dump_json([event.api_id, event.model, event.usage, event.extra]))
        case MessageStopped():
            return Chunk(ms, -1, "end", dump_json([event.stop_reason, event.extra]))
        case _:
            return None


def events_of(chunks: Iterable[Chunk]) -> Iterator[Event]:
    """The events that `chunks` stand for."""
    for chunk in chunks:
        if chunk.kind in _TEXT_DELTAS:
            yield BlockDelta(chunk.block, chunk.kind, chunk.text)
            continue
        data: Any = json.loads(chunk.text) if chunk.text else None
        match chunk.kind:
            case "start":
                yield BlockStarted(chunk.block, data)
            case "stop":
                yield BlockStopped(chunk.block)
            case "usage":
                yield UsageReported(data)
            case "message":
                yield MessageStarted(*data)
            case "end":
                yield MessageStopped(*data)
            case _ if chunk.kind in _JSON_DELTAS:
                yield BlockDelta(chunk.block, cast("DeltaKind", chunk.kind), data=data)
            case _:
                raise ValueError(f"unknown chunk kind {chunk.kind!r}")


def fold_chunks(chunks: Iterable[Chunk]) -> Partial:
    """The partial answer that these chunks hold."""
    partial = Partial()
    for event in events_of(chunks):
        partial.apply(event)
    return partial


def timings_of(chunks: Sequence[Chunk]) -> dict[str, Any]:
    """What can still be said of an answer's times: `ttft_ms`, `total_ms` and, for each block, `block_ms`."""
    total = chunks[-1].ms if chunks else 0
    ttft = next((chunk.ms for chunk in chunks if chunk.kind in ("text", "thinking") and chunk.text), None)
    begun: dict[int, int] = {}
    block_ms: dict[str, int] = {}
    for chunk in chunks:
        if chunk.kind == "start":
            begun[chunk.block] = chunk.ms
        elif chunk.kind == "stop" and chunk.block in begun:
            block_ms[str(chunk.block)] = chunk.ms - begun.pop(chunk.block)
    block_ms.update({str(number): total - ms for number, ms in begun.items()})
    return {"ttft_ms": ttft, "total_ms": total, "block_ms": block_ms}


def timeline_of(chunks: Iterable[Chunk]) -> tuple[tuple[int, int, int], ...]:
    """`(ms, block, characters)` of each chunk that added text."""
    return tuple((chunk.ms, chunk.block, len(chunk.text)) for chunk in chunks if chunk.kind in _TEXT_DELTAS)
