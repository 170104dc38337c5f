"""How events become bytes: server-sent events in the API's usual shape, or in one of the odd ones faults ask for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

End: TypeAlias = Literal["stop", "none", "done", "both", "unterminated"]


@dataclass(slots=True)
class Shape:
    """What is odd about a stream. Faults set the fields while it runs; everything after obeys them."""

    newline: str = "\n"
    names: bool = True
    bom: bool = False
    comments: int = 0
    no_usage: bool = False
    byte_pause: float | None = None
    end: End = "stop"

    @property
    def plain(self) -> bool:
        """True for the API's usual shape."""
        return self.names and self.newline == "\n" and not self.comments and not self.bom


def dumps(payload: Mapping[str, Any]) -> str:
    """The data line of an event. Lone surrogates stay escaped, as they cannot be UTF-8."""
    text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(payload, separators=(",", ":"))
    return text


def quoted(text: str) -> str:
    """A JSON string, not ASCII-escaped unless it must be."""
    told = json.dumps(text, ensure_ascii=False)
    try:
        told.encode()
    except UnicodeEncodeError:
        return json.dumps(text)
    return told


def encode(name: str, data: str, shape: Shape) -> bytes:
    """One event with its blank line; on a wire whose events have no names the name is empty."""
    if shape.plain:
        return f"event: {name}\ndata: {data}\n\n".encode() if name else f"data: {data}\n\n".encode()
    head = "\ufeff" if shape.bom else ""
    shape.bom = False
    lines = [": keep-alive"] * shape.comments + ([f"event: {name}"] if name and shape.names else []) + [f"data: {data}", ""]
    return (head + shape.newline.join(lines) + shape.newline).encode()


def last_event(name: str, data: str, shape: Shape) -> bytes:
    """What ends the stream where the wire's own last event belongs."""
    stop = encode(name, data, shape)
    done = f"data: [DONE]{shape.newline * 2}".encode()
    endings: dict[End, bytes] = {
        "stop": stop,
        "none": b"",
        "done": done,
        "both": stop + done,
        "unterminated": stop.removesuffix(shape.newline.encode()),
    }
    return endings[shape.end]
