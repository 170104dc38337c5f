"""A Script in the words of Chat Completions: chunks of one choice, in the dialect of the server it stands for.

What has no form here (server tools, redacted thinking, signatures, citations) is left out. Usage has the first wire's meaning:
prompt tokens are all of the input, cached ones among them, and reasoning is part of the completion.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from . import script as say
from .actions import Action, Emit, Head, Last, ScriptError
from .dialect import CallStyle, Dialect
from .encoding import Shape, dumps
from .rendering import Rendering
from .script import Script
from .shapes import as_dict
from .usage import Told

CREATED = 1_790_000_000
_FINISH = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}


@dataclass(frozen=True, slots=True)
class _Cut:
    """How a dialect cuts up a call: the index of its fragments, the id in the first and in later ones, or all in one."""

    index: Literal["own", "zero", "none"] = "own"
    first_id: bool = True
    later_id: Literal["none", "same", "empty"] = "none"
    whole: bool = False


_CUTS: dict[CallStyle, _Cut] = {
    "fragments": _Cut(),
    "id_repeated": _Cut(later_id="same"),
    "id_omitted": _Cut(first_id=False),
    "id_emptied": _Cut(later_id="empty"),
    "whole": _Cut(whole=True),
    "index_zero": _Cut(index="zero"),
    "index_missing": _Cut(index="none"),
}


def chat_usage(usage: Mapping[str, Any]) -> dict[str, Any]:
    """The first wire's numbers in the shape of this one."""
    cached = int(usage.get("cache_read_input_tokens") or 0)
    prompt = int(usage.get("input_tokens") or 0) + int(usage.get("cache_creation_input_tokens") or 0) + cached
    told = int(usage.get("output_tokens") or 0)
    details = as_dict(usage.get("output_tokens_details")) or {}
    return {
        "prompt_tokens": prompt,
        "completion_tokens": told,
        "total_tokens": prompt + told,
        "prompt_tokens_details": {"cached_tokens": cached},
        "completion_tokens_details": {"reasoning_tokens": int(details.get("thinking_tokens") or 0)},
    }


@dataclass(frozen=True, slots=True)
class ChatContext:
    """What an answer needs of its request. `on_end` gets the assistant message as a client would send it back."""

    body: Mapping[str, Any]
    usage: Mapping[str, Any]
    tag: str
    dialect: Dialect
    on_end: Callable[[dict[str, Any]], None] = lambda message: None

    @property
    def asked_for_usage(self) -> bool:
        """Whether the request wants the chunk with usage."""
        return bool((as_dict(self.body.get("stream_options")) or {}).get("include_usage"))


class ChatWire(Rendering):
    """One answer. `message()` is the whole of it for a request that did not stream."""

    wire = "openai"

    def __init__(self, script: Script, context: ChatContext, shape: Shape) -> None:
        super().__init__(script, shape)
        self._context = context
        self._dialect = context.dialect
        self._started = self._finished = False
        self._told = Told()
        self._in_hand: say.Say | say.Think | say.Call | None = None
        self._text: list[str] = []
        self._thoughts: list[str] = []
        self._calls: list[dict[str, Any]] = []
        self._arguments: list[str] = []

    @property
    def blocks(self) -> list[dict[str, Any]]:
        return []

    @property
    def open_index(self) -> int | None:
        return None

    @property
    def envelope(self) -> Mapping[str, Any]:
        model = self._script.model or str(self._context.body.get("model"))
        tag = f"chatcmpl-{self._context.tag}"
        return {"id": tag, "object": "chat.completion.chunk", "created": CREATED, "model": model}

    def _start(self) -> Iterator[Action]:
        yield Head()
        if self._started or not self._script.frame:
            return
        self._started = True
        yield self._chunk({"role": "assistant", "content": ""})

    def _event(self, step: say.Event) -> Iterator[Action]:
        yield Emit(step.name or "", dumps(step.payload), usage=step.payload.get("usage"))

    def _unstreamed(self, step: say.Redacted | say.Block | say.Compact) -> Iterator[Action]:
        yield from self._close()
        yield from self._start()

    def _streamed(self, step: say.Say | say.Think | say.Call) -> Iterator[Action]:
        if step.start:
            yield from self._close()
            yield from self._start()
            self._in_hand = step
            yield from self._open(step)
        if self._in_hand is None:
            raise ScriptError(f"{step!r} goes on with a block, but none is open")
        text = step.arguments() if isinstance(step, say.Call) else step.text
        self._told.add(text, thinking=isinstance(step, say.Think))
        if not _omitted(step):
            for at in range(0, len(text), max(1, step.chars)):
                yield from self._piece(step, text[at : at + max(1, step.chars)])
        if step.stop:
            yield from self._close()

    def _open(self, step: say.Say | say.Think | say.Call) -> Iterator[Action]:
        if isinstance(step, say.Think) and self._dialect.reasoning == "think_tags" and not _omitted(step):
            yield from self._content("<think>")
        if isinstance(step, say.Call):
            call_id = step.id or f"call_{self._context.tag}{len(self._calls):02d}"
            self._arguments = []
            self._calls.append({"id": call_id, "type": "function", "function": {"name": step.name, "arguments": ""}})
            if not _CUTS[self._dialect.calls].whole:
                yield self._chunk({"tool_calls": [self._fragment("", first=True)]})

    def _piece(self, step: say.Say | say.Think | say.Call, text: str) -> Iterator[Action]:
        if isinstance(step, say.Say):
            yield from self._content(text)
        elif isinstance(step, say.Think):
            yield from self._thought(text)
        else:
            self._arguments.append(text)
            if not _CUTS[self._dialect.calls].whole:
                yield self._chunk({"tool_calls": [self._fragment(text, first=False)]}, paced=True)

    def _content(self, text: str) -> Iterator[Action]:
        self._text.append(text)
        yield self._chunk({"content": text}, paced=True)

    def _thought(self, text: str) -> Iterator[Action]:
        if self._dialect.reasoning == "think_tags":
            yield from self._content(text)
        else:
            self._thoughts.append(text)
            yield self._chunk(self._reasoning(text), paced=True)

    def _reasoning(self, text: str) -> dict[str, Any]:
        detail = {"type": "reasoning.text", "text": text, "format": "unknown", "index": 0}
        return {key: [detail] if key == "reasoning_details" else text for key in self._dialect.echo_keys}

    def _fragment(self, arguments: str, *, first: bool) -> dict[str, Any]:
        cut, call = _CUTS[self._dialect.calls], self._calls[-1]
        index = {"own": {"index": len(self._calls) - 1}, "zero": {"index": 0}, "none": {}}[cut.index]
        if first:
            named = {"id": call["id"]} if cut.first_id else {}
            return {**index, **named, "type": "function", "function": {"name": call["function"]["name"], "arguments": arguments}}
        named = {"none": {}, "same": {"id": call["id"]}, "empty": {"id": ""}}[cut.later_id]
        return {**index, **named, "function": {"arguments": arguments}}

    def _close(self) -> Iterator[Action]:
        step, self._in_hand = self._in_hand, None
        if isinstance(step, say.Think) and self._dialect.reasoning == "think_tags" and not _omitted(step):
            yield from self._content("</think>")
        if isinstance(step, say.Call):
            arguments = self._calls[-1]["function"]["arguments"] = "".join(self._arguments)
            if _CUTS[self._dialect.calls].whole:
                yield self._chunk({"tool_calls": [self._fragment(arguments, first=True)]}, paced=True)

    def _finish(self) -> Iterator[Action]:
        if self._finished:
            return
        yield from self._close()
        yield from self._start()
        self._finished = True
        self._context.on_end(self._said())
        yield self._chunk({}, finish=self._reason())

    def _reason(self) -> str | None:
        reason = self._script.reason()
        return self._dialect.finish or (reason and _FINISH.get(reason, reason))

    def _end(self) -> Iterator[Action]:
        usage = self._usage_for("last")
        if usage is not None:
            yield Emit("", dumps({**self.envelope, "choices": [], "usage": usage}), usage=usage)
        if self._dialect.done:
            yield Last()

    def _chunk(self, delta: Mapping[str, Any], *, finish: str | None = None, paced: bool = False) -> Emit:
        chunk: dict[str, Any] = {**self.envelope, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
        usage = self._usage_for("every") or (self._usage_for("with_finish") if self._finished else None)
        if usage is not None:
            chunk["usage"] = usage
        elif self._dialect.usage == "last" and self._context.asked_for_usage:
            chunk["usage"] = None
        return Emit("", dumps(chunk), paced, usage)

    def _usage_for(self, place: Literal["last", "with_finish", "every"]) -> dict[str, Any] | None:
        """The usage, if this is where the dialect tells it."""
        asked = place != "last" or self._context.asked_for_usage
        if self._shape.no_usage or self._dialect.usage != place or not asked:
            return None
        return self._usage()

    def _usage(self) -> dict[str, Any]:
        return chat_usage({**self._context.usage, **self._told.usage(), **(self._script.usage or {})})

    def _said(self) -> dict[str, Any]:
        """The assistant message."""
        message: dict[str, Any] = {"role": "assistant", "content": "".join(self._text) or None}
        if self._thoughts:
            message |= self._reasoning("".join(self._thoughts))
        if self._calls:
            message["tool_calls"] = self._calls
        return message

    def message(self) -> dict[str, Any]:
        """The whole answer as one completion."""
        choice = {"index": 0, "message": {"refusal": None, **self._said()}, "logprobs": None, "finish_reason": self._reason()}
        whole = {**self.envelope, "object": "chat.completion", "choices": [choice]}
        return whole if self._dialect.usage == "never" else {**whole, "usage": self._usage()}


def _omitted(step: say.Say | say.Think | say.Call) -> bool:
    return isinstance(step, say.Think) and step.display == "omitted"
