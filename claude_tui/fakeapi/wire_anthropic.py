"""A Script in the words of the Messages API: a lazy run of actions, pure but for the fold it keeps of its own words.

Nothing here touches a socket. The server plays the actions and may change `shape` while it does (faults); events made after
that obey. Block indexes count up from 0; the block in hand is closed by whatever must not stand inside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from json import dumps as json_string
from typing import Any, NamedTuple, TypeAlias

from . import script as say
from .encoding import Shape, dumps
from .faults import Fault, Phase, Strike
from .fold import Fold, OpenBlock
from .models import find
from .script import Script, Step
from .shapes import as_dict
from .signing import Prefix, Signer
from .usage import tokens


class ScriptError(Exception):
    """A script that makes no sense."""


class Head(NamedTuple):
    """The response's headers."""


class Emit(NamedTuple):
    """An event; deltas are `paced`."""

    name: str
    data: str
    paced: bool = False


class Bytes(NamedTuple):
    """Bytes of the body."""

    data: bytes


class Wait(NamedTuple):
    """Silence for some seconds."""

    seconds: float


class Hold(NamedTuple):
    """Silence until released."""

    name: str


class Do(NamedTuple):
    """A fault strikes."""

    fault: Fault
    params: Mapping[str, Any]


class Last(NamedTuple):
    """What belongs where message_stop does."""


Action: TypeAlias = Head | Emit | Bytes | Wait | Hold | Do | Last


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


class Wire:
    """One answer. `blocks` are those it has finished; `message()` is the whole of it for a request that did not stream."""

    def __init__(self, script: Script, context: Context, shape: Shape) -> None:
        self._script = script
        self._context = context
        self._shape = shape
        self._fold = Fold()
        self._next_index = 0
        self._in_hand: OpenBlock | None = None
        self._started = self._finished = False
        self._told = {"out": 0, "thinking": 0}

    @property
    def blocks(self) -> list[dict[str, Any]]:
        return self._fold.closed

    @property
    def open_index(self) -> int | None:
        return self._in_hand.index if self._in_hand else None

    def actions(self) -> Iterator[Action]:
        """The answer, step by step."""
        for step in self._script.steps:
            yield from self._step(step)
        if self._script.frame:
            yield from self._finish()
            yield Last()
        else:
            yield Head()

    def _step(self, step: Step) -> Iterator[Action]:
        match step:
            case say.Pause():
                yield Wait(step.seconds)
            case say.WaitFor():
                yield Hold(step.name)
            case Fault() | Strike():
                strike = step if isinstance(step, Strike) else Strike(step)
                if Phase.BEFORE_HEADERS not in strike.fault.phases:
                    yield from self._start()
                yield Do(strike.fault, strike.params)
            case say.Raw():
                yield Head()
                yield Bytes(step.data)
            case say.Start():
                yield from self._start()
            case say.Finish():
                yield from self._finish()
            case say.Ping():
                yield from self._start()
                yield Emit("ping", '{"type":"ping"}')
            case say.Event():
                yield from self._event(step)
            case say.Say() | say.Think() | say.Call():
                yield from self._streamed(step)
            case say.Redacted():
                yield from self._close()
                data = self._context.signer.redact(step.data, self._context.prefix)
                yield from self._whole({"type": "redacted_thinking", "data": data})
            case say.Block():
                yield from self._whole(step.block)

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
            "usage": {**self._context.usage, "output_tokens": 1, **(self._script.usage or {})},
        }
        if self._context.transformations:
            message["input_transformations"] = list(self._context.transformations)
        return {**message, **(self._script.message or {})}

    def _event(self, step: say.Event) -> Iterator[Action]:
        yield from self._start()
        payload = dict(step.payload)
        done = self._fold.feed(payload)
        if done is not None:
            self._remember(done)
        index = payload.get("index")
        if isinstance(index, int) and payload.get("type") == "content_block_start":
            self._next_index = max(self._next_index, index + 1)
        yield Emit(step.name or str(payload.get("type")), dumps(payload))

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
        self._told["out"] += len(text)
        if kind == "thinking_delta":
            self._told["thinking"] += len(text)
            if self._omitted(step):
                return
        head = f'{{"type":"content_block_delta","index":{opened.index},"delta":{{"type":"{kind}","{key}":'
        size = max(1, step.chars)
        for at in range(0, len(text), size):
            part = text[at : at + size]
            opened.parts.append(part)
            yield Emit("content_block_delta", head + _quoted(part) + "}}", paced=True)
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
        raw = step.raw if step.raw is not None else dumps(step.input or {})
        return "input_json_delta", "partial_json", raw

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
        usage["output_tokens"] = max(1, tokens(self._told["out"]))
        usage["output_tokens_details"] = {"thinking_tokens": tokens(self._told["thinking"])}
        return {**usage, **(self._script.usage or {})}

    def message(self) -> dict[str, Any]:
        """The whole answer as one message."""
        fields = self._stop_fields()
        whole = {**self._skeleton(), "content": self.blocks, **fields}
        whole["usage"] = {**self._context.usage, **self._final_usage()}
        return whole

    def _emit(self, name: str, **fields: Any) -> Emit:
        return Emit(name, dumps({"type": name, **fields}))


def _quoted(text: str) -> str:
    """A JSON string, not ASCII-escaped unless it must be."""
    quoted = json_string(text, ensure_ascii=False)
    try:
        quoted.encode()
    except UnicodeEncodeError:
        return json_string(text)
    return quoted
