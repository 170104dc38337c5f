"""What the server remembers of its own answers, so that their echo is accepted verbatim and nothing more is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .shapes import is_blank_text
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


def _digest(blocks: Iterable[Mapping[str, Any]]) -> bytes:
    return b"\n".join(canonical(block) for block in blocks if not is_blank_text(block))
