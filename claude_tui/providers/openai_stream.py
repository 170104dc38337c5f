"""Chunks of Chat Completions, as dicts, to domain events. Pure: no SDK, no socket.

Only choice 0 counts. What the Messages API would have sent as blocks is made of deltas in the order they come: thinking, text,
calls. Whatever has no place in a block goes into the last event's `extra`: unknown keys of chunks, deltas and choices, reasoning
details, and a usage object that says more than its four counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from jiter import from_json

from claude_tui.domain.blocks import strict_json, string
from claude_tui.domain.events import (
    Alive,
    BlockDelta,
    BlockStarted,
    BlockStopped,
    MessageStarted,
    MessageStopped,
    ProviderEvent,
    UsageReported,
)
from claude_tui.domain.messages import StopReason, Usage
from claude_tui.providers import openai_usage
from claude_tui.providers.openai_calls import Calls
from claude_tui.providers.openai_delta import DELTA_TEXTS, KNOWN_DELTA, DeltaParts, parts_of
from claude_tui.providers.openai_errors import error_in
from claude_tui.providers.openai_extra import Extra
from claude_tui.providers.openai_think import Piece, ThinkTags
from claude_tui.providers.reading import DRAIN_SECONDS, StreamFailure

ALIVE = Alive()
USAGE_SECONDS = 2.0
"""How long the token counts are waited for when the answer is over but for them."""
DONE = "[DONE]"

STOP_REASONS = {
    "stop": StopReason.END_TURN.value,
    "length": StopReason.MAX_TOKENS.value,
    "tool_calls": StopReason.TOOL_USE.value,
    "function_call": StopReason.TOOL_USE.value,
    "content_filter": StopReason.REFUSAL.value,
}
"""`finish_reason` → stop reason; any other is kept as it is."""
_NO_REASON = ("", "null")
_NOT_FOR_CALLS = (StopReason.MAX_TOKENS.value, StopReason.REFUSAL.value)
_CHUNK = frozenset({"id", "object", "created", "model", "choices", "usage"})
_CHOICE = frozenset({"index", "delta", "message", "text", "finish_reason", "usage"})
_NOTHING: dict[str, Any] = {}


class StreamReader:
    """Give `quick`, then `read` the data of every server-sent event until it is `done`; `finish` when the stream ends.

    `names`: names of tools on the wire → their own, where the two differ.
    """

    def __init__(self, names: Mapping[str, str] = _NOTHING) -> None:
        self.started = False
        self.stopped = False
        self.done = False
        self.dropped = 0
        self._count = 0
        self._prose: tuple[str, int] | None = None
        self._tags = ThinkTags()
        self._calls = Calls(names)
        self._finish: str | None = None
        self._ended = False
        self._usage: Usage | None = None
        self._usage_is_final = False
        self._extra = Extra()
        self._shape: tuple[Any, Any, list[tuple[str, Any]], list[tuple[str, Any]]] | None = None

    @property
    def patience(self) -> float | None:
        """Seconds of silence to wait for what may still come after the answer; None while it is not over."""
        if self._finish is None:
            return None
        return DRAIN_SECONDS if self._usage_is_final else USAGE_SECONDS

    @property
    def whole(self) -> bool:
        """Whether nothing of the answer is missing."""
        return self.started and (self._finish is not None or (self._ended and self._count > 0))

    # The ordinary delta.

    def quick(self, data: str) -> BlockDelta | None:
        """The event of a chunk that adds to the block the one before it added to and differs in nothing else; None for others."""
        shape, prose = self._shape, self._prose
        if shape is None or prose is None:
            return None
        try:
            payload: Any = from_json(data.encode())
            (choice,) = payload["choices"]
            delta = choice["delta"]
        except (KeyError, TypeError, ValueError):
            return None
        if type(delta) is not dict or payload.keys() != shape[0] or choice.keys() != shape[1]:
            return None
        for key, value in shape[2]:
            if payload[key] != value:
                return None
        for key, value in shape[3]:
            if choice[key] != value:
                return None
        return self._text_of(cast("dict[str, Any]", delta), prose)

    def _text_of(self, delta: dict[str, Any], prose: tuple[str, int]) -> BlockDelta | None:
        found = ""
        for key, value in delta.items():
            if value and key != "role":
                if found or type(value) is not str or DELTA_TEXTS.get(key) is None:
                    return None
                found = key
        if not found:
            return None
        text = delta[found]
        kind = DELTA_TEXTS[found]
        if found == "content" and not self._tags.open:
            if not self._tags.inside or "<" in text:
                return None
            kind = "thinking"
        elif self._tags.held:
            return None
        return BlockDelta(prose[1], "thinking" if kind == "thinking" else "text", text) if kind == prose[0] else None

    # Everything else.

    def read(self, data: str, event_name: str | None) -> Iterator[ProviderEvent]:
        """The events of one server-sent event. Raises StreamFailure for an error, ValueError for what is not JSON."""
        text = data.strip()
        if not text:
            yield ALIVE
            return
        if text.startswith(DONE):
            self.done = self._ended = True
            yield from self.finish()
            return
        try:
            payload: Any = strict_json(data)
        except ValueError:
            if event_name == "error":
                raise StreamFailure({"message": data}) from None
            raise
        error = error_in(payload)
        if error is None and event_name == "error":
            error = cast("dict[str, Any]", payload) if isinstance(payload, dict) else {"message": str(payload)}
        if error is not None:
            raise StreamFailure(error)
        if isinstance(payload, dict):
            yield from self.feed(cast("dict[str, Any]", payload))
        else:
            self.dropped += 1
            yield ALIVE

    def feed(self, chunk: dict[str, Any]) -> Iterator[ProviderEvent]:
        """The events of any chunk. Raises StreamFailure for an error in its choice."""
        if self.stopped:
            self.dropped += 1
            return
        choice = _choice(chunk)
        _check(chunk, choice)
        self._remember(chunk, choice)
        usage = self._take_usage(chunk, choice)
        if not self.started and (choice or string(chunk, "id") or usage is not None):
            self.started = True
            yield MessageStarted(string(chunk, "id") or None, string(chunk, "model") or None, usage)
        elif usage is not None:
            yield UsageReported(usage)
        elif choice is None:
            yield ALIVE
        if choice is not None:
            yield from self._take_choice(choice)
        if self._finish is not None and usage is not None and not chunk.get("choices"):
            self.done = True
            yield from self.finish()

    def finish(self) -> Iterator[ProviderEvent]:
        """The stream ended or said `[DONE]`: that is the end of the message if it is whole. Check `stopped` afterwards."""
        if self.stopped:
            return
        yield from self._pieces(self._tags.flush())
        if not self.whole and not (self._ended and self._calls):
            return
        yield from self._close_prose()
        yield from self._counted(self._calls.finish(self._count))
        self.stopped = self.done = True
        yield MessageStopped(self._stop_reason(), self._extra.everything())

    def _stop_reason(self) -> str:
        known = STOP_REASONS.get(self._finish or "")
        if self._calls and known not in _NOT_FOR_CALLS:
            return StopReason.TOOL_USE.value
        return known or self._finish or StopReason.END_TURN.value

    def _remember(self, chunk: dict[str, Any], choice: dict[str, Any] | None) -> None:
        """Keep what no event carries, and note what the next chunk must be like to be read quickly."""
        strange = [(key, value) for key, value in chunk.items() if key not in _CHUNK]
        strange_here = [(key, value) for key, value in choice.items() if key not in _CHOICE] if choice else []
        for key, value in strange:
            self._extra.keep(key, value)
        for key, value in strange_here:
            self._extra.keep_of_choice(key, value)
        self._shape = None
        if choice is not None and chunk.get("usage") is None and not (choice.get("finish_reason") or choice.get("usage")):
            strange += [(key, chunk[key]) for key in ("usage",) if key in chunk]
            strange_here += [(key, choice[key]) for key in ("finish_reason", "usage", "index") if key in choice]
            if "message" not in choice and "text" not in choice:
                self._shape = (chunk.keys(), choice.keys(), strange, strange_here)

    def _take_usage(self, chunk: dict[str, Any], choice: dict[str, Any] | None) -> Usage | None:
        """The counts of this chunk, if it tells other ones than before."""
        groq: Any = chunk.get("x_groq")
        places: tuple[Any, ...] = (chunk, choice, groq)
        found: list[Any] = [cast("dict[str, Any]", place).get("usage") for place in places if isinstance(place, dict)]
        given = next((cast("dict[str, Any]", usage) for usage in found if isinstance(usage, dict) and usage), None)
        if given is None:
            return None
        if openai_usage.says_more(given):
            self._extra.usage = given
        usage = openai_usage.mapped(given)
        ending = self._finish is not None or (choice is not None and bool(choice.get("finish_reason")))
        self._usage_is_final = self._usage_is_final or (ending and usage is not None)
        if usage is None:
            return None
        changed, self._usage = usage != self._usage, usage
        return usage if changed or ending else None

    # Content.

    def _take_choice(self, choice: dict[str, Any]) -> Iterator[ProviderEvent]:
        """A whole message or a legacy text counts where there is no delta; a message only if nothing was streamed before it."""
        delta: Any = choice.get("delta")
        if not (isinstance(delta, dict) and delta):
            message, text = choice.get("message"), choice.get("text")
            if isinstance(message, dict) and not (self._count or self._calls):
                delta = cast("dict[str, Any]", message)
            elif isinstance(text, str):
                delta = {"content": text}
        if isinstance(delta, dict):
            yield from self._take_delta(cast("dict[str, Any]", delta))
        reason = string(choice, "finish_reason")
        if reason not in _NO_REASON:
            self._finish = reason

    def _take_delta(self, delta: dict[str, Any]) -> Iterator[ProviderEvent]:
        parts: DeltaParts = parts_of(delta)
        for piece in parts.pieces:
            if piece[0] == "content":
                yield from self._pieces(self._tags.feed(piece[1]))
            else:
                yield from self._pieces(self._tags.flush())
                yield from self._pieces([("thinking" if piece[0] == "thinking" else "text", piece[1])])
        for detail in parts.details:
            self._extra.detail(detail)
        for fragment in parts.calls:
            yield from self._pieces(self._tags.flush())
            yield from self._close_prose()
            yield from self._counted(self._calls.fragment(fragment, self._count))
        unknown = {key: value for key, value in delta.items() if key not in KNOWN_DELTA and value not in (None, "", [], {})}
        unknown.update(parts.unknown)
        if unknown:
            self._extra.unknown_delta(unknown)

    def _pieces(self, pieces: list[Piece]) -> Iterator[ProviderEvent]:
        for kind, text in pieces:
            if self._prose is None or self._prose[0] != kind:
                yield from self._close_prose()
                self._prose = (kind, self._count)
                self._count += 1
                yield BlockStarted(self._prose[1], {"type": kind, kind: ""})
            yield BlockDelta(self._prose[1], kind, text)

    def _close_prose(self) -> Iterator[ProviderEvent]:
        if self._prose is not None:
            yield BlockStopped(self._prose[1])
            self._prose = None

    def _counted(self, events: Iterator[ProviderEvent]) -> Iterator[ProviderEvent]:
        for event in events:
            self._count += isinstance(event, BlockStarted)
            yield event


def _choice(chunk: dict[str, Any]) -> dict[str, Any] | None:
    """Choice 0, if there is one."""
    choices: Any = chunk.get("choices")
    if isinstance(choices, dict):
        choices = [choices]
    for choice in cast("list[Any]", choices) if isinstance(choices, list) else []:
        if isinstance(choice, dict) and cast("dict[str, Any]", choice).get("index") in (None, 0, "0"):
            return cast("dict[str, Any]", choice)
    return None


def _check(chunk: dict[str, Any], choice: dict[str, Any] | None) -> None:
    """Raise what a choice, or a server's own table in the chunk, says went wrong."""
    groq: Any = chunk.get("x_groq")
    if isinstance(groq, dict) and cast("dict[str, Any]", groq).get("error"):
        raise StreamFailure({"error": cast("dict[str, Any]", groq)["error"]})
    if choice is None:
        return
    error: Any = choice.get("error")
    if error:
        raise StreamFailure({"error": error})
