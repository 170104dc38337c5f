"""A Script in the words of the Messages API: a lazy run of actions, pure but for the fold it keeps of its own words.

Nothing here touches a socket. Block indexes count up from 0; the block in hand is closed by whatever must not stand inside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from . import script as say
from .actions import Action, Emit, Head, ScriptError
from .compaction import compaction_block, in_iteration, without_tokens
from .encoding import Shape, dumps, quoted
from .fold import Fold, OpenBlock
from .models import find
from .rendering import Rendering
from .script import Script
from .shapes import as_dict
from .signing import Prefix, Signer
from .usage import Told


@dataclass(frozen=True, slots=True)
class Context:
    """What an answer needs of its request."""

    body: Mapping[str, Any]
    usage: Mapping[str, Any]
    tag: str
    signer: Signer
    prefix: Prefix
    transformations: tuple[Mapping[str, Any], ...] = ()
    on_block: Callable[[dict[str, Any]], None] = lambda block: None
    on_end: Callable[[list[dict[str, Any]], str | None], None] = lambda blocks, reason: None


class Wire(Rendering):
    """One answer. `blocks` are those it has finished; `message()` is the whole of it for a request that did not stream."""

    wire = "anthropic"

    def __init__(self, script: Script, context: Context, shape: Shape) -> None:
        super().__init__(script, shape)
        self._context = context
        self._fold = Fold()
        self._next_index = 0
        self._in_hand: OpenBlock | None = None
        self._started = self._finished = False
        self._told = Told()
        self._compacts = context.body.get("compaction") is not None
        self._input_usage = {**context.usage, "output_tokens": 1, **(script.usage or {})}
        if self._compacts:
            self._input_usage = without_tokens(self._input_usage)

    @property
    def blocks(self) -> list[dict[str, Any]]:
        return self._fold.closed

    @property
    def open_index(self) -> int | None:
        return self._in_hand.index if self._in_hand else None

    @property
    def envelope(self) -> Mapping[str, Any]:
        return {}

    def _start(self) -> Iterator[Action]:
        yield Head()
        if self._started or not self._script.frame:
            return
        self._started = True
        yield self._emit("message_start", message=self._skeleton())

    def _skeleton(self) -> dict[str, Any]:
        message: dict[str, Any] = {
            "id": f"msg_{self._context.tag}",
            "type": "message",
            "role": "assistant",
            "model": self._script.model or str(self._context.body.get("model")),
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": self._input_usage,
        }
        if self._context.transformations:
            message["input_transformations"] = list(self._context.transformations)
        return {**message, **(self._script.message or {})}

    def _event(self, step: say.Event) -> Iterator[Action]:
        payload = dict(step.payload)
        done = self._fold.feed(payload)
        if done is not None:
            self._remember(done)
        index = payload.get("index")
        if isinstance(index, int) and payload.get("type") == "content_block_start":
            self._next_index = max(self._next_index, index + 1)
        yield Emit(step.name or str(payload.get("type")), dumps(payload), usage=_usage_in(payload))

    def _streamed(self, step: say.Say | say.Think | say.Call) -> Iterator[Action]:
        if step.start:
            yield from self._close()
            yield from self._start()
            yield self._open(step)
        opened = self._in_hand
        if opened is None:
            raise ScriptError(f"{step!r} goes on with a block, but none is open")
        yield from self._deltas(step, opened)
        if step.stop:
            yield from self._close()

    def _open(self, step: say.Say | say.Think | say.Call) -> Emit:
        index = self._next_index
        self._next_index += 1
        block: dict[str, Any]
        if isinstance(step, say.Say):
            block = {"type": "text", "text": ""}
        elif isinstance(step, say.Think):
            block = {"type": "thinking", "thinking": "", "signature": ""}
        else:
            tool_id = step.id or f"toolu_{self._context.tag}{index:02d}"
            block = {"type": "tool_use", "id": tool_id, "name": step.name, "input": {}}
        self._in_hand = self._fold.start(index, block)
        return self._emit("content_block_start", index=index, content_block=block)

    def _deltas(self, step: say.Say | say.Think | say.Call, opened: OpenBlock) -> Iterator[Action]:
        kind, key, text = self._told_by(step)
        self._told.add(text, thinking=isinstance(step, say.Think))
        if self._omitted(step):
            return
        head = f'{{"type":"content_block_delta","index":{opened.index},"delta":{{"type":"{kind}","{key}":'
        size = max(1, step.chars)
        for at in range(0, len(text), size):
            part = text[at : at + size]
            opened.parts.append(part)
            yield Emit("content_block_delta", head + quoted(part) + "}}", paced=True)
        if isinstance(step, say.Say):
            for citation in step.citations:
                delta = {"type": "citations_delta", "citation": citation}
                self._fold.delta(opened.index, delta)
                yield self._emit("content_block_delta", index=opened.index, delta=delta)

    def _told_by(self, step: say.Say | say.Think | say.Call) -> tuple[str, str, str]:
        if isinstance(step, say.Say):
            return "text_delta", "text", step.text
        if isinstance(step, say.Think):
            return "thinking_delta", "thinking", step.text
        return "input_json_delta", "partial_json", step.arguments()

    def _omitted(self, step: say.Say | say.Think | say.Call) -> bool:
        if not isinstance(step, say.Think) or step.display != "request":
            return isinstance(step, say.Think) and step.display == "omitted"
        asked = as_dict(self._context.body.get("thinking")) or {}
        shown = find(str(self._context.body.get("model"))).shows_thinking
        return asked.get("display", "summarized" if shown else "omitted") == "omitted"

    def _close(self) -> Iterator[Action]:
        opened = self._in_hand
        if opened is None:
            return
        if opened.block["type"] == "thinking":
            signature = self._context.signer.sign(opened.text(), self._context.prefix)
            delta = {"type": "signature_delta", "signature": signature}
            self._fold.delta(opened.index, delta)
            yield self._emit("content_block_delta", index=opened.index, delta=delta)
        self._in_hand = None
        done = self._fold.stop(opened.index)
        if done is not None:
            self._remember(done)
        yield self._emit("content_block_stop", index=opened.index)

    def _unstreamed(self, step: say.Redacted | say.Block | say.Compact) -> Iterator[Action]:
        yield from self._close()
        if isinstance(step, say.Block):
            yield from self._whole(step.block)
        elif isinstance(step, say.Redacted):
            data = self._context.signer.redact(step.data, self._context.prefix)
            yield from self._whole({"type": "redacted_thinking", "data": data})
        else:
            self._told.add(step.text)
            yield from self._whole(compaction_block(step.text, self._context.signer))

    def _whole(self, block: Mapping[str, Any]) -> Iterator[Action]:
        yield from self._close()
        yield from self._start()
        index = self._next_index
        self._next_index += 1
        self._fold.start(index, block)
        yield self._emit("content_block_start", index=index, content_block=block)
        done = self._fold.stop(index)
        if done is not None:
            self._remember(done)
        yield self._emit("content_block_stop", index=index)

    def _remember(self, block: dict[str, Any]) -> None:
        self._context.prefix.add("assistant", block)
        self._context.on_block(block)

    def _finish(self) -> Iterator[Action]:
        if self._finished:
            return
        self._finished = True
        yield from self._close()
        yield from self._start()
        self._context.on_end(self.blocks, self._script.reason())
        delta = self._stop_fields()
        usage = {} if self._shape.no_usage else {"usage": self._final_usage()}
        yield self._emit("message_delta", delta=delta, **usage)

    def _stop_fields(self) -> dict[str, Any]:
        script = self._script
        details = dict(script.stop_details) if script.stop_details else None
        fields = {"stop_reason": script.reason(), "stop_sequence": script.stop_sequence, "stop_details": details}
        return {**fields, **(script.delta or {})}

    def _final_usage(self) -> dict[str, Any]:
        inputs = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
        usage: dict[str, Any] = {key: self._context.usage[key] for key in inputs if key in self._context.usage}
        usage |= {**self._told.usage(), **(self._script.usage or {})}
        return in_iteration(usage, self._context.usage.get("cache_creation")) if self._compacts else usage

    def message(self) -> dict[str, Any]:
        """The whole answer as one message."""
        fields = self._stop_fields()
        whole = {**self._skeleton(), "content": self.blocks, **fields}
        whole["usage"] = {**self._input_usage, **self._final_usage()}
        return whole

    def _emit(self, name: str, **fields: Any) -> Emit:
        payload = {"type": name, **fields}
        return Emit(name, dumps(payload), usage=_usage_in(payload))


def _usage_in(payload: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The usage an event carries."""
    return as_dict(payload.get("usage")) or as_dict((as_dict(payload.get("message")) or {}).get("usage"))
