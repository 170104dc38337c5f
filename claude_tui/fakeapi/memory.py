"""What the server remembers of its own answers, so that their echo is accepted verbatim and nothing more is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .shapes import as_dict, blocks_of, is_blank_text
from .signing import canonical, mark

_THINKING = ("thinking", "redacted_thinking")


class Memory:
    """Blocks sent, answers that paused, and which thinking led to which tool call."""

    def __init__(self) -> None:
        self._blocks: set[bytes] = set()
        self._paused: set[bytes] = set()
        self._led_to: dict[str, tuple[bytes, ...]] = {}

    def sent(self, block: Mapping[str, Any]) -> None:
        """A block has gone out."""
        self._blocks.add(canonical(block))

    def answered(self, blocks: list[dict[str, Any]], stop_reason: str | None) -> None:
        """An answer is complete up to these blocks."""
        thoughts: list[bytes] = []
        for block in blocks:
            if block.get("type") in _THINKING:
                thoughts.append(mark(block))
            elif block.get("type") == "tool_use":
                self._led_to[str(block.get("id"))] = tuple(thoughts)
        if stop_reason == "pause_turn":
            self._paused.add(_digest(blocks))

    def knows(self, block: Mapping[str, Any]) -> bool:
        """Whether this block, cache marks aside, was sent by this server."""
        return canonical(block) in self._blocks

    def paused(self, blocks: Iterable[Mapping[str, Any]]) -> bool:
        """Whether this ends with the content of an answer that ended in pause_turn; answers in a row are one message."""
        content = list(blocks)
        return any(_digest(content[start:]) in self._paused for start in range(len(content)))

    def thoughts_before(self, tool_use_id: str) -> tuple[bytes, ...]:
        """The thinking that stood before this tool call in its answer."""
        return self._led_to.get(tool_use_id, ())


class ChatMemory:
    """The same for the second wire: calls sent, and the reasoning that stood in their message."""

    def __init__(self) -> None:
        self._calls: dict[str, bytes] = {}
        self._reasoning: dict[str, Mapping[str, Any]] = {}

    def said(self, message: Mapping[str, Any], keys: Iterable[str]) -> None:
        """An answer is complete; `keys` hold its reasoning."""
        reasoning = {key: message[key] for key in keys if key in message}
        for call in message.get("tool_calls", ()):
            self._calls[str(call["id"])] = canonical(call)
            self._reasoning[str(call["id"])] = reasoning

    def knows(self, call: Mapping[str, Any]) -> bool:
        """Whether this call was sent by this server as it stands."""
        return self._calls.get(str(call.get("id"))) == canonical(call)

    def reasoning_of(self, message: Mapping[str, Any]) -> Mapping[str, Any]:
        """The reasoning this server sent with the calls of an assistant message; empty for calls of others."""
        calls = (as_dict(call) or {} for call in blocks_of(message.get("tool_calls")))
        found = (self._reasoning.get(str(call.get("id"))) for call in calls)
        return next((reasoning for reasoning in found if reasoning), dict[str, Any]())


def _digest(blocks: Iterable[Mapping[str, Any]]) -> bytes:
    return b"\n".join(canonical(block) for block in blocks if not is_blank_text(block))
