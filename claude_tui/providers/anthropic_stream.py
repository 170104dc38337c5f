"""Raw Messages events, as dicts, to domain events. Pure: no SDK, no socket.

The `type` inside the data decides; an `event:` line may be missing or wrong. The wire's index is only a key: blocks are numbered as
they arrive. What no domain event can carry (unknown event types; deltas and stops of an index not open, counted in `dropped`) is
kept in the last event's `extra`. Keys beside `type`, `index` and `delta` of a block's events are not kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from jiter import from_json

from claude_tui.domain.blocks import Block, strict_json, string
from claude_tui.domain.events import (
    Alive,
    BlockDelta,
    BlockStarted,
    BlockStopped,
    DeltaKind,
    MessageStarted,
    MessageStopped,
    ProviderEvent,
    UsageReported,
)
from claude_tui.providers.reading import StreamFailure

ALIVE = Alive()
MOST_UNKNOWN = 200
"""Events of unknown types or places kept with a message, and likewise deltas with unknown fields."""

_DELTA = "content_block_delta"
_TEXT_FIELDS: dict[str, tuple[DeltaKind, str]] = {
    "text_delta": ("text", "text"),
    "thinking_delta": ("thinking", "thinking"),
    "input_json_delta": ("input", "partial_json"),
    "signature_delta": ("signature", "signature"),
}
_MESSAGE_FIELDS = ("type", "id", "role", "model", "content", "usage")


class StreamReader:
    """Give `quick`, then `read` the data of every server-sent event until it is `done`; `finish` when the stream ends."""

    def __init__(self) -> None:
        self.started = False
        self.stopped = False
        self.done = False
        self.dropped = 0
        self.patience: float | None = None
        self._count = 0
        self._open: dict[Any, int] = {}
        self._latest: dict[Any, int] = {}
        self._stop_reason: str | None = None
        self._extra: dict[str, Any] = {}
        self._unknown: list[Any] = []
        self._surplus = 0

    def quick(self, data: str) -> BlockDelta | None:
        """The event of a delta that looks as nearly all of them do; None for anything else, which `read` takes.

        A delta must cost little more than parsing it, and jiter parses in a quarter of the time.
        """
        try:
            payload: Any = from_json(data.encode())
            fields = payload["delta"]
            kind, key = _TEXT_FIELDS[fields["type"]]
            number, text = self._open[payload["index"]], fields[key]
        except (KeyError, TypeError, ValueError):
            return None
        if type(text) is not str or len(fields) != 2 or payload.get("type") != _DELTA or self.stopped:
            return None
        return BlockDelta(number, kind, text)

    def read(self, data: str, event_name: str | None) -> Iterator[ProviderEvent]:
        """The events of one server-sent event. `event_name` counts only to tell errors whose data looks like anything.

        Raises StreamFailure for an error event, ValueError for what is not JSON.
        """
        if not data:
            yield ALIVE
            return
        if data.strip() == "[DONE]":
            self.done = True
            return
        try:
            payload: Any = strict_json(data)
        except ValueError:
            if event_name == "error":
                raise StreamFailure({"message": data}) from None
            raise
        if isinstance(payload, dict):
            fields = cast("dict[str, Any]", payload)
            if event_name == "error" and fields.get("type") != "error":
                raise StreamFailure(fields)
            yield from self.feed(fields)

    def delta(self, payload: dict[str, Any]) -> BlockDelta | None:
        """The event of a `content_block_delta`; None when no block ever began at its index. Stragglers find their block."""
        number = self._latest.get(_key(payload))
        delta: Any = payload.get("delta")
        if number is None or not isinstance(delta, dict) or self.stopped:
            self._drop(payload)
            return None
        fields = cast("Block", delta)
        known = _TEXT_FIELDS.get(string(fields, "type"))
        if known is not None:
            kind, key = known
            text = fields.get(key)
            if isinstance(text, str):
                return BlockDelta(number, kind, text, self._rest(fields, key) if len(fields) > 2 else None)
        elif fields.get("type") == "citations_delta" and "citation" in fields:
            return BlockDelta(number, "citation", data=fields["citation"])
        return BlockDelta(number, "other", data=fields)

    def _rest(self, fields: Block, key: str) -> Block | None:
        """The fields of a text's delta that nobody knows, as far as they are kept."""
        self._surplus += 1
        return {name: value for name, value in fields.items() if name != key} if self._surplus <= MOST_UNKNOWN else None

    def _drop(self, payload: Any) -> None:
        self.dropped += 1
        self._keep(payload)

    def _keep(self, payload: Any) -> None:
        if len(self._unknown) < MOST_UNKNOWN:
            self._unknown.append(payload)

    def feed(self, payload: dict[str, Any]) -> Iterator[ProviderEvent]:
        """The events of any payload. Raises StreamFailure for an error event."""
        kind = payload.get("type")
        if self.stopped:
            self.dropped += 1
        elif kind == _DELTA:
            event = self.delta(payload)
            if event is not None:
                yield event
        elif kind == "ping":
            yield ALIVE
        elif kind == "message_start":
            yield from self._start(payload)
        elif kind == "content_block_start":
            yield from self._start_block(payload)
        elif kind == "content_block_stop":
            yield from self._stop_block(payload)
        elif kind == "message_delta":
            yield from self._message_delta(payload)
        elif kind == "message_stop":
            self._extra.update({key: value for key, value in payload.items() if key != "type"})
            yield from self._stop()
        elif kind == "error" or (kind is None and "error" in payload):
            error: Any = payload.get("error")
            raise StreamFailure(cast("dict[str, Any]", error) if isinstance(error, dict) else {"message": error})
        else:
            self._keep(payload)
            yield ALIVE

    @property
    def whole(self) -> bool:
        """Whether a stop reason came and every block that began has ended: nothing of the answer is missing."""
        return self.started and self._stop_reason is not None and not self._open

    def finish(self) -> Iterator[ProviderEvent]:
        """The stream ended or said `[DONE]`: that is the end of the message if it is whole. Check `stopped` afterwards."""
        if self.whole and not self.stopped:
            yield from self._stop()

    def _start(self, payload: dict[str, Any]) -> Iterator[ProviderEvent]:
        given: Any = payload.get("message")
        if self.started:
            self._drop(payload)
            return
        self.started = True
        message = cast("dict[str, Any]", given) if isinstance(given, dict) else {}
        extra = {key: value for key, value in message.items() if key not in _MESSAGE_FIELDS and value is not None}
        self._stop_reason = string(message, "stop_reason") or None
        usage: Any = message.get("usage")
        yield MessageStarted(
            string(message, "id") or None,
            string(message, "model") or None,
            cast("dict[str, Any]", usage) if isinstance(usage, dict) else None,
            extra,
        )
        content: Any = message.get("content")
        for index, block in enumerate(cast("list[Any]", content) if isinstance(content, list) else []):
            if isinstance(block, dict):
                self._latest[index] = number = self._next()
                yield BlockStarted(number, cast("Block", block))
                yield BlockStopped(number)

    def _start_block(self, payload: dict[str, Any]) -> Iterator[ProviderEvent]:
        if not self.started:  # some gateways leave the beginning out; what follows is kept all the same
            yield from self._start({})
        block: Any = payload.get("content_block")
        if not isinstance(block, dict):
            self._drop(payload)
            return
        key = _key(payload)
        if key in self._open:
            yield BlockStopped(self._open.pop(key))
        self._open[key] = self._latest[key] = number = self._next()
        yield BlockStarted(number, cast("Block", block))

    def _stop_block(self, payload: dict[str, Any]) -> Iterator[ProviderEvent]:
        number = self._open.pop(_key(payload), None)
        if number is None:
            self._drop(payload)
        else:
            yield BlockStopped(number)

    def _message_delta(self, payload: dict[str, Any]) -> Iterator[ProviderEvent]:
        if not self.started:
            yield from self._start({})
        given: Any = payload.get("delta")
        delta = cast("dict[str, Any]", given) if isinstance(given, dict) else {}
        for key, value in {**payload, **delta}.items():
            if key == "stop_reason":
                self._stop_reason = value if isinstance(value, str) and value else self._stop_reason
            elif key not in ("type", "delta", "usage") and value is not None:
                self._extra[key] = value
        usage: Any = payload.get("usage")
        yield UsageReported(cast("dict[str, Any]", usage)) if isinstance(usage, dict) else ALIVE

    def _stop(self) -> Iterator[ProviderEvent]:
        if not self.started:
            yield from self._start({})
        for number in self._open.values():
            yield BlockStopped(number)
        self._open.clear()
        self.stopped = self.done = True
        extra = dict(self._extra)
        if self._unknown:
            extra["unknown_events"] = list(self._unknown)
        yield MessageStopped(self._stop_reason, extra)

    def _next(self) -> int:
        number = self._count
        self._count += 1
        return number


def _key(payload: dict[str, Any]) -> Any:
    index = payload.get("index")
    if isinstance(index, str) and index.isascii() and index.isdigit() and len(index) < 10:
        return int(index)
    return index if isinstance(index, (int, str, float)) or index is None else repr(index)
