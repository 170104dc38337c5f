"""Partial: the ONE fold from events to a message.

Appending a delta is O(1): text is kept in lists and joined once. Nothing that the API sent is changed or dropped: a delta the block
has no place for goes to `extra["other_deltas"]` in the API's form, input text that is not JSON to `raw_inputs`. Where the SDK's own
helper folds a stream without raising or losing something, the content is equal to the helper's.

`events` is the way back for a stream that still runs: exact to the last character, so that what follows can follow.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from claude_tui.domain.blocks import Block, block_type, strict_json, string, takes_input
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
from claude_tui.domain.messages import Message, Status, Usage, merge_usage
from claude_tui.domain.text import join_pairs

_WIRE_NAMES: dict[DeltaKind, tuple[str, str]] = {
    "text": ("text_delta", "text"),
    "thinking": ("thinking_delta", "thinking"),
    "input": ("input_json_delta", "partial_json"),
    "signature": ("signature_delta", "signature"),
    "citation": ("citations_delta", "citation"),
}
_STREAMS: tuple[DeltaKind, ...] = ("text", "thinking", "input")
_MERGED_DELTAS = {"compaction_delta": "compaction"}
"""Delta type → the block type it completes: its fields overwrite the block's."""


@dataclass(slots=True)
class _Run:
    """Text deltas in a block of another type."""

    kind: DeltaKind
    name: str
    key: str
    parts: list[str] = field(default_factory=list[str])


class _Folding:
    """One block being folded."""

    __slots__ = ("citations", "closed", "input", "others", "seed", "signature", "text", "text_key")

    def __init__(self, seed: Block) -> None:
        kind = block_type(seed)
        self.seed = seed
        self.text_key = kind if kind in ("text", "thinking") else ""
        self.text: list[str] = []
        self.input: list[str] = []
        self.signature: str | None = None
        self.citations: list[Any] = []
        self.others: list[_Run | Any] = []
        self.closed = False

    def add(self, delta: BlockDelta) -> None:
        if delta.kind == self.text_key:
            self.text.append(delta.text)
        elif delta.kind == "input" and takes_input(self.seed):
            self.input.append(delta.text)
        elif delta.kind == "signature" and self.text_key == "thinking":
            self.signature = delta.text
        elif delta.kind == "citation" and self.text_key == "text":
            self.citations.append(delta.data)
        else:
            self._add_misplaced(delta)
        if delta.data is not None and delta.kind != "citation":
            self._add_other(delta.data)

    def _add_misplaced(self, delta: BlockDelta) -> None:
        """A delta whose block has no place for it. What would have been one text is kept as one, however it was cut."""
        if delta.kind == "other":
            return
        name, key = _WIRE_NAMES[delta.kind]
        if delta.kind not in _STREAMS:
            self.others.append({"type": name, key: delta.data if delta.kind == "citation" else delta.text})
            return
        run = self.others[-1] if self.others else None
        if not isinstance(run, _Run) or run.name != name:
            run = _Run(delta.kind, name, key)
            self.others.append(run)
        run.parts.append(delta.text)

    def _add_other(self, data: Any) -> None:
        given: object = data
        fields = cast("Block", given) if isinstance(given, dict) else {}
        target = _MERGED_DELTAS.get(block_type(fields))
        if target and target == block_type(self.seed):
            self.seed = {**self.seed, **{key: value for key, value in fields.items() if key != "type"}}
        else:
            self.others.append(data)

    def fold(self) -> tuple[Block, str | None]:
        """The block as it stands, and the raw text of an input that is not JSON."""
        block = dict(self.seed)
        if self.text:
            block[self.text_key] = join_pairs(string(block, self.text_key) + "".join(self.text))
        if self.signature is not None:
            block["signature"] = self.signature
        if self.citations:
            given: Any = block.get("citations")
            block["citations"] = [*(cast("list[Any]", given) if isinstance(given, list) else []), *self.citations]
        raw = join_pairs("".join(self.input))
        if not raw:
            return block, None
        try:
            block["input"] = strict_json(raw)
        except ValueError:
            block["input"] = {}
            return block, raw
        return block, None

    def deltas(self, number: int) -> Iterator[BlockDelta]:
        """The deltas taken so far, those of one kind as one."""
        if self.text:
            yield BlockDelta(number, "text" if self.text_key == "text" else "thinking", "".join(self.text))
        if self.input:
            yield BlockDelta(number, "input", "".join(self.input))
        if self.signature is not None:
            yield BlockDelta(number, "signature", self.signature)
        yield from (BlockDelta(number, "citation", data=citation) for citation in self.citations)
        for other in self.others:
            if isinstance(other, _Run):
                yield BlockDelta(number, other.kind, "".join(other.parts))
            else:
                yield BlockDelta(number, "other", data=other)

    def other_deltas(self) -> Iterator[Any]:
        for other in self.others:
            yield {"type": other.name, other.key: join_pairs("".join(other.parts))} if isinstance(other, _Run) else other


class Partial:
    """The answer being received. `apply` takes every event of its stream; engine events pass through unheeded."""

    def __init__(self) -> None:
        self.api_id: str | None = None
        self.model: str | None = None
        self.usage: Usage | None = None
        self.stop_reason: str | None = None
        self.stop_details: Any = None
        self.extra: dict[str, Any] = {}
        self.started = False
        self.complete = False
        self._blocks: list[_Folding] = []

    @property
    def block_count(self) -> int:
        return len(self._blocks)

    def apply(self, event: Event) -> None:
        if type(event) is BlockDelta:
            self._blocks[event.number].add(event)
        elif type(event) is BlockStarted:
            self._start(event.block)
        elif type(event) is BlockStopped:
            self._blocks[event.number].closed = True
        elif type(event) is UsageReported:
            self.usage = merge_usage(self.usage, event.usage)
        elif type(event) is MessageStarted:
            self.api_id, self.model, self.usage = event.api_id, event.model, event.usage
            self._take_extra(event.extra)
            self.started = True
        elif type(event) is MessageStopped:
            self.stop_reason = event.stop_reason
            self._take_extra(event.extra)
            self.complete = True

    def _start(self, seed: Block) -> None:
        self._blocks.append(_Folding(seed))
        if block_type(seed) == "fallback":  # its last hop names the model that served the answer
            served: Any = seed.get("to")
            if isinstance(served, dict):
                self.model = string(cast("Block", served), "model") or self.model

    def _take_extra(self, extra: dict[str, Any]) -> None:
        for key, value in extra.items():
            if key == "stop_details":
                self.stop_details = value
            elif key == "stop_reason":
                self.stop_reason = value
            elif value is not None or key not in self.extra:
                self.extra[key] = value

    def blocks(self) -> tuple[Block, ...]:
        """The content as it stands."""
        return tuple(folding.fold()[0] for folding in self._blocks)

    def events(self, seconds: Mapping[int, float]) -> Iterator[Event]:
        """Events that fold to what is here, whatever follows them. `seconds`: block number → how long it took."""
        if self.started:
            ends = {"stop_reason": self.stop_reason, "stop_details": self.stop_details}
            extra = {**self.extra, **{key: value for key, value in ends.items() if value is not None}}
            yield MessageStarted(self.api_id, self.model, self.usage, extra)
        for number, folding in enumerate(self._blocks):
            yield BlockStarted(number, folding.seed)
            yield from folding.deltas(number)
            if folding.closed:
                yield BlockStopped(number, seconds.get(number))

    def message(self, base: Message, status: Status) -> Message:
        """`base` (ids, parent, times) filled with what has been folded."""
        folded = [folding.fold() for folding in self._blocks]
        others = [[number, data] for number, folding in enumerate(self._blocks) for data in folding.other_deltas()]
        return Message(
            id=base.id,
            session_id=base.session_id,
            parent_id=base.parent_id,
            role=base.role,
            blocks=tuple(block for block, _ in folded),
            status=status,
            model=self.model or base.model,
            api_id=self.api_id,
            stop_reason=self.stop_reason,
            stop_details=self.stop_details,
            usage=self.usage,
            timings=base.timings,
            raw_inputs={str(number): raw for number, (_, raw) in enumerate(folded) if raw is not None},
            open_blocks=tuple(number for number, folding in enumerate(self._blocks) if not folding.closed),
            error=base.error,
            extra={**base.extra, **self.extra, **({"other_deltas": others} if others else {})},
            timeline=base.timeline,
            created_at=base.created_at,
            provider=base.provider,
        )
