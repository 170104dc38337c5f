"""Chunks of Chat Completions, as dicts, to domain events. Pure: no SDK, no socket.

What the Messages API would have sent as blocks is made of deltas in the order they come: thinking, text,
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
from claude_tui.providers.openai_chunk import DONE, choices_of, events_in, failure_in, is_first, reason_of
from claude_tui.providers.openai_delta import DELTA_TEXTS, KNOWN_DELTA, DeltaParts, parts_of
from claude_tui.providers.openai_errors import error_in
from claude_tui.providers.openai_extra import Extra
from claude_tui.providers.openai_think import Piece, ThinkTags
from claude_tui.providers.openai_thought import Said
from claude_tui.providers.reading import DRAIN_SECONDS, StreamFailure

ALIVE = Alive()
USAGE_SECONDS = 2.0
"""How long the token counts are waited for when the answer is over but for them."""
UNSURE_SECONDS = 30.0
"""The same where it is doubtful that the answer is over: some servers give every chunk a finish reason."""

STOP_REASONS = {
    "stop": StopReason.END_TURN.value,
    "length": StopReason.MAX_TOKENS.value,
    "tool_calls": StopReason.TOOL_USE.value,
    "function_call": StopReason.TOOL_USE.value,
    "content_filter": StopReason.REFUSAL.value,
}
"""`finish_reason` → stop reason; any other is kept as it is."""
_NO_REASON = ("", "null")
_SURELY = 16
"""Characters after which thinking that begins with all that came before says it again, even where it should not."""
_PINGS = ("ping", "keepalive", "keep-alive", "heartbeat")
"""Events whose data no answer consists of, whatever it is."""
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
        self._thought = Said()
        self._text = Said()
        self._mirrored: list[str] | None = []
        """Thinking between tags that says again what came as a field; None where such thinking is its own."""
        self._snapshots = False
        self._owners: dict[str, Any] = {}
        self._calls = Calls(names)
        self._finish: str | None = None
        self._doubtful = False
        self._begun = False
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
        if self._doubtful:
            return UNSURE_SECONDS
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
            mark = self._tags.mark
            if not mark or mark in text or self._thought.size:
                return None
            kind = "thinking"
        elif self._tags.held or self._snapshots:
            return None
        if kind != prose[0] or (found != "content" and len(text) >= self._thought.size):
            return None
        if found != "content":
            self._thought.add(text)
        return BlockDelta(prose[1], "thinking" if kind == "thinking" else "text", text)

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
                yield from self._failed({"message": data})
            elif event_name in _PINGS:
                yield ALIVE
            elif (lines := events_in(text)) is None:
                raise
            else:
                for line in lines:
                    yield from self.read(line, event_name)
            return
        error = error_in(payload)
        if error is None and event_name == "error":
            error = cast("dict[str, Any]", payload) if isinstance(payload, dict) else {"message": str(payload)}
        if error is not None:
            yield from self._failed(error)
            return
        if isinstance(payload, dict):
            yield from self.feed(cast("dict[str, Any]", payload))
        else:
            self.dropped += 1
            yield ALIVE

    def _failed(self, error: dict[str, Any]) -> Iterator[ProviderEvent]:
        """Raise the server's error; but what goes wrong after the last word of an answer takes nothing from it."""
        if not self.whole or self._finish not in STOP_REASONS or self._doubtful:
            raise StreamFailure(error)
        self.dropped += 1
        self.done = True
        yield from self.finish()

    def feed(self, chunk: dict[str, Any]) -> Iterator[ProviderEvent]:
        """The events of any chunk. Raises StreamFailure for an error in its choice."""
        if self.stopped:
            self.dropped += 1
            return
        choices = self._choices_that_count(chunk)
        choice = choices[0] if choices else None
        failure = failure_in(chunk, choice)
        if failure:
            yield from self._failed({"error": failure})
            return
        self._remember(chunk, choice)
        usage = self._take_usage(chunk, choice)
        if not self.started and (choices or string(chunk, "id") or usage is not None):
            self.started = True
            yield MessageStarted(string(chunk, "id") or None, string(chunk, "model") or None, usage)
        elif usage is not None:
            yield UsageReported(usage)
        elif choice is None:
            yield ALIVE
        for each in choices:
            yield from self._take_choice(each)

    def finish(self) -> Iterator[ProviderEvent]:
        """The stream ended or said `[DONE]`: that is the end of the message if it is whole. Check `stopped` afterwards."""
        if self.stopped:
            return
        yield from self._tagged(self._tags.flush())
        if not self.whole and not (self._ended and self._calls):
            return
        yield from self._close_prose()
        yield from self._counted(self._calls.finish(self._count))
        self.stopped = self.done = True
        yield MessageStopped(self._stop_reason(), self._extra.everything())

    def _choices_that_count(self, chunk: dict[str, Any]) -> list[dict[str, Any]]:
        """Those of index 0; others once there was one of these."""
        choices = sorted(choices_of(chunk), key=lambda choice: not is_first(choice))
        self._begun = self._begun or bool(choices and is_first(choices[0]))
        return choices if self._begun else []

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
            if "message" not in choice and "text" not in choice and is_first(choice):
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
        parts = self._of_the_answer(parts_of(cast("dict[str, Any]", delta) if isinstance(delta, dict) else {}), choice)
        self._doubtful = self._doubtful or (parts.says and self._finish is not None)
        if isinstance(delta, dict):
            yield from self._take_delta(cast("dict[str, Any]", delta), parts)
        reason = reason_of(choice)
        if reason not in _NO_REASON and (is_first(choice) or choice.get("index") in self._owners.values()):
            self._finish = reason
            answered = bool(self._calls) or "text" in self._owners
            self._doubtful = STOP_REASONS.get(reason) == StopReason.END_TURN.value and (parts.says or not answered)

    def _of_the_answer(self, parts: DeltaParts, choice: dict[str, Any]) -> DeltaParts:
        """The parts that count: one answer is asked for, so another choice is a further block of it (Bedrock, through LiteLLM), but
        where the first one has said things of that kind."""
        index = 0 if is_first(choice) else choice.get("index")
        parts.calls = [call for call in parts.calls if not self._calls.is_noise(call)]
        kinds = {kind: "text" if kind in ("content", "text") else "thinking" for kind, _ in parts.pieces}
        for name in (*kinds.values(), *(("calls",) if parts.calls else ())):
            self._owners.setdefault(name, index)
        if index != 0:
            parts.pieces = [piece for piece in parts.pieces if self._owners[kinds[piece[0]]] != 0]
            parts.calls = [] if self._owners.get("calls") == 0 else parts.calls
        return parts

    def _take_delta(self, delta: dict[str, Any], parts: DeltaParts) -> Iterator[ProviderEvent]:
        for kind, text in parts.pieces:
            if kind == "content":
                yield from self._tagged(self._tags.feed(self._new_text(text) if self._snapshots else text))
            elif kind == "text":
                yield from self._tagged(self._tags.flush())
                yield from self._pieces([("text", text)])
            else:
                yield from self._tagged(self._tags.flush())
                yield from self._think(text, retold=kind == "told")
        for detail in parts.details:
            self._extra.detail(detail)
        for fragment in parts.calls:
            yield from self._tagged(self._tags.flush())
            yield from self._close_prose()
            yield from self._counted(self._calls.fragment(fragment, self._count))
        unknown = {key: value for key, value in delta.items() if key not in KNOWN_DELTA and value not in (None, "", [], {})}
        unknown.update(parts.unknown)
        if unknown:
            self._extra.unknown_delta(unknown)

    def _think(self, text: str, *, retold: bool) -> Iterator[ProviderEvent]:
        """Thinking that came as a field, but for what of it was there before."""
        fresh = self._thought.fresh(text) if retold else self._thought.fresh(text, _SURELY)
        self._snapshots = self._snapshots or "" != fresh != text
        self._thought.add(fresh)
        self._tags.thought = True
        if fresh:
            yield from self._pieces([("thinking", fresh)])

    def _new_text(self, text: str) -> str:
        """What of a text is new where every chunk has all of it."""
        fresh = self._text.fresh(text, 1)
        self._text.add(fresh)
        return fresh

    def _tagged(self, pieces: list[Piece]) -> Iterator[ProviderEvent]:
        """Pieces of the text; thinking between its tags waits while it only says again what came as a field."""
        for kind, text in pieces:
            if kind == "text":
                self._mirrored = None
            elif self._mirrored is not None and self._thought.repeats(text):
                self._mirrored.append(text)
                continue
            elif self._mirrored is not None:
                text, self._mirrored = "".join([*self._mirrored, text]), None
            yield from self._pieces([(kind, text)])

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
