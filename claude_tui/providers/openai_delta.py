"""One delta of Chat Completions taken apart: thinking and text in order, reasoning details, fragments of calls. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, cast

Kind: TypeAlias = Literal["content", "thinking", "told", "text"]
"""`content` may still hold thinking between tags; `told` is thinking that may tell again what came before; `text` is text."""

DELTA_TEXTS: dict[str, Kind] = {
    "content": "text",
    "reasoning_content": "thinking",
    "reasoning": "thinking",
    "reasoning_text": "thinking",
    "thinking": "thinking",
}
"""Keys whose string alone makes an ordinary delta, and the block it goes to."""


@dataclass(slots=True)
class DeltaParts:
    """`unknown`: parts of known keys that have no place."""

    pieces: list[tuple[Kind, str]] = field(default_factory=list[tuple[Kind, str]])
    details: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    calls: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    unknown: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def says(self) -> bool:
        """Whether there is anything of an answer in it."""
        return bool(self.pieces or self.calls)


def _plain(value: Any) -> str:
    """Thinking as a string, or as an object around one."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(map(_plain, cast("list[Any]", value)))
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        return next((_plain(fields[key]) for key in ("text", "content", "thinking", "summary") if fields.get(key)), "")
    return ""


_REASONING = ("reasoning_content", "reasoning", "reasoning_text", "thinking")
"""Where servers put thinking, in the order in which one is believed when several say the same."""
_RETOLD = ("reasoning_details", "thinking_blocks")
"""Where the same thinking stands once more with what belongs to it; some servers have it only there, some all of it so far."""
_CALLS = ("tool_calls", "function_call")
_CALL = frozenset({"index", "id", "type", "function", "name", "arguments"})
KNOWN_DELTA = frozenset({"role", "content", "refusal", *_REASONING, *_RETOLD, *_CALLS})


def parts_of(delta: dict[str, Any]) -> DeltaParts:
    parts = DeltaParts()
    parts.pieces += _thinking(delta)
    content = delta.get("content")
    if isinstance(content, str):
        _add(parts, "content", content)
    elif content is not None:
        _take_list(parts, content)
    refusal = delta.get("refusal")
    if isinstance(refusal, str):
        _add(parts, "text", refusal)
    for detail in _tables(delta.get("reasoning_details")):
        parts.details.append(detail)
    signed = [block for block in _tables(delta.get("thinking_blocks")) if block.get("signature") or block.get("data")]
    if signed:
        parts.unknown["thinking_blocks"] = signed
    strange: list[Any] = []
    for call in _tables(delta.get("tool_calls")):
        parts.calls.append(call)
        if not _CALL.issuperset(call):
            strange.append({key: value for key, value in call.items() if key == "index" or key not in _CALL})
    if strange:
        parts.unknown["tool_calls"] = strange
    for call in _tables(delta.get("function_call")):
        parts.calls.append({"function": call})
    return parts


def _add(parts: DeltaParts, kind: Kind, text: str) -> None:
    if text:
        parts.pieces.append((kind, text))


def _thinking(delta: dict[str, Any]) -> list[tuple[Kind, str]]:
    """The thinking of a delta, each text once: servers in transition send it under two names."""
    found: list[str] = []
    for key in _REASONING:
        text = _plain(delta[key]) if delta.get(key) else ""
        if text and text not in found and not any(_holds(known, text) for known in found):
            found.append(text)
    if found:
        return [("thinking", text) for text in found]
    told = next((text for key in _RETOLD if delta.get(key) and (text := _plain(delta[key]))), "")
    return [("told", told)] if told else []


def _holds(known: str, text: str) -> bool:
    """The same thinking cut otherwise: one is the other with more or less white space around."""
    return known.strip() == text.strip()


def _tables(value: Any) -> Iterator[dict[str, Any]]:
    for item in cast("list[Any]", value) if isinstance(value, list) else [value]:
        if isinstance(item, dict):
            yield cast("dict[str, Any]", item)


def _take_list(parts: DeltaParts, content: Any) -> None:
    """Content in parts: text, thinking, and what nobody knows."""
    strange: list[Any] = []
    for item in cast("list[Any]", content) if isinstance(content, list) else [content]:
        fields = cast("dict[str, Any]", item) if isinstance(item, dict) else {"text": item}
        kind = fields.get("type")
        if kind in ("thinking", "reasoning"):
            _add(parts, "thinking", _plain(fields))
        elif isinstance(fields.get("text"), str):
            _add(parts, "content", fields["text"])
        elif isinstance(fields.get("refusal"), str):
            _add(parts, "text", fields["refusal"])
        else:
            strange.append(item)
    if strange:
        parts.unknown["content"] = strange
