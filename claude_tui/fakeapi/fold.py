"""What the server has said so far: its own events folded into blocks, so that it knows an echo of them when it comes back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from .shapes import as_dict

_KEYS = {"text_delta": "text", "thinking_delta": "thinking", "input_json_delta": "partial_json"}


@dataclass(slots=True)
class OpenBlock:
    """A block that is being streamed: its start, and its deltas joined at the end."""

    index: int
    block: dict[str, Any]
    parts: list[str] = field(default_factory=list[str])

    def text(self) -> str:
        return "".join(self.parts)

    def close(self) -> dict[str, Any]:
        """The whole block."""
        kind = self.block.get("type")
        text = self.text()
        if kind in ("text", "thinking"):
            self.block[str(kind)] = str(self.block.get(str(kind), "")) + text
        elif text:
            self.block["input"] = _parsed(text)
        return self.block


def _parsed(text: str) -> dict[str, Any]:
    try:
        return as_dict(json.loads(text, parse_constant=_refused)) or {}
    except ValueError:
        return {}


def _refused(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


class Fold:
    """Blocks by wire index; `closed` holds the finished ones in order."""

    def __init__(self) -> None:
        self._open: dict[int, OpenBlock] = {}
        self.closed: list[dict[str, Any]] = []

    def start(self, index: int, block: Mapping[str, Any]) -> OpenBlock:
        opened = self._open[index] = OpenBlock(index, dict(block))
        return opened

    def stop(self, index: int) -> dict[str, Any] | None:
        opened = self._open.pop(index, None)
        if opened is None:
            return None
        block = opened.close()
        self.closed.append(block)
        return block

    def delta(self, index: int, delta: Mapping[str, Any]) -> None:
        opened = self._open.get(index)
        if opened is None:
            return
        kind = str(delta.get("type"))
        if kind in _KEYS:
            opened.parts.append(str(delta.get(_KEYS[kind], "")))
        elif kind == "signature_delta":
            opened.block["signature"] = delta.get("signature")
        elif kind == "citations_delta":
            opened.block["citations"] = [*(opened.block.get("citations") or []), delta.get("citation")]

    def feed(self, payload: Mapping[str, Any]) -> dict[str, Any] | None:
        """An event that a script wrote out itself; the block it finished, if any."""
        index = payload.get("index")
        if not isinstance(index, int):
            return None
        if payload.get("type") == "content_block_start":
            self.start(index, as_dict(payload.get("content_block")) or {})
        elif payload.get("type") == "content_block_delta":
            self.delta(index, as_dict(payload.get("delta")) or {})
        elif payload.get("type") == "content_block_stop":
            return self.stop(index)
        return None
