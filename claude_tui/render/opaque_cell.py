"""Blocks no other cell draws: named, kept, and shown as they came."""

from __future__ import annotations

import json
from typing import Any

from claude_tui.domain.blocks import Block, block_type
from claude_tui.domain.events import BlockDelta
from claude_tui.domain.text import safe_line, safe_text
from claude_tui.render.base import Line, Look
from claude_tui.render.block_cell import BlockCell, lines_of
from claude_tui.render.code import fold, highlight
from claude_tui.render.form import MOST_LINES, more_line
from claude_tui.render.panel import CLOSED, OPEN, body, header, inner_width

UNKNOWN = "unknown to this version, kept"


class OpaqueCell(BlockCell):
    """A block as JSON. `words` says what it is, where that is known."""

    kind = "opaque"

    def __init__(self, key: str, block: Block, words: str = UNKNOWN) -> None:
        super().__init__(key, finished=False, levels=2)
        self._block = block
        self._title = safe_line(block_type(block), 60) or "block without a type"
        self._words = safe_line(words)
        self._deltas: list[Any] = []
        self._texts: list[str] = []

    def source(self) -> str:
        value = {**self._block, "deltas": self._all_deltas()} if self._deltas or self._texts else self._block
        return safe_text(json.dumps(value, ensure_ascii=False, indent=2, default=str))

    def _take(self, delta: BlockDelta) -> None:
        if delta.text:
            self._texts.append(delta.text)
        if delta.data is not None:
            self._deltas.append(delta.data)

    def _all_deltas(self) -> list[Any]:
        return [*(["".join(self._texts)] if self._texts else []), *self._deltas]

    def _size(self, width: int) -> int:
        return 1 if self.level == 0 else 1 + lines_of(200 + 20 * len(self._deltas) + 20 * len(self._texts), width)

    def _draw(self, look: Look, width: int) -> list[Line]:
        mark = CLOSED if self.level == 0 else OPEN
        parts = [(self._words, look.muted)] + ([("cut off", look.muted)] if self._abandoned else [])
        head = header(look, width, mark, (self._title, look.tool), parts)
        if self.level == 0:
            return [head]
        room = inner_width(width)
        rows = highlight(self.source(), "json", look)
        lines = [line for runs in rows[: MOST_LINES * 5] for line in fold(runs, room)]
        if len(rows) > MOST_LINES * 5:
            lines.append(more_line(len(rows) - MOST_LINES * 5, look, room))
        return [head, *body(look, width, lines)]
