"""Blocks no other cell draws: named, kept, and shown as they came once they are whole."""

from __future__ import annotations

import json
from typing import Any

from claude_tui.domain.blocks import Block, block_type
from claude_tui.domain.events import BlockDelta
from claude_tui.domain.text import safe_line, safe_text
from claude_tui.render.base import Line, Look
from claude_tui.render.block_cell import lines_of
from claude_tui.render.panel import header
from claude_tui.render.panel_cell import PanelCell, View
from claude_tui.render.results import write_block

UNKNOWN = "unknown to this version, kept"


class OpaqueCell(PanelCell):
    """A block as JSON. `words` says what it is, where that is known."""

    kind = "opaque"

    def __init__(self, key: str, block: Block, words: str = UNKNOWN) -> None:
        super().__init__(key)
        self._block = block
        self._title = safe_line(block_type(block), 60) or "block without a type"
        self._words = safe_line(words)
        self._deltas: list[Any] = []
        self._texts: list[str] = []

    def feed(self, delta: BlockDelta) -> None:
        super().feed(delta)
        if self._finished:
            self._view = None

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
        return 1 if self.level == 0 else 3 + lines_of(200 + 20 * len(self._deltas) + 20 * len(self._texts), width)

    def _fill(self, view: View) -> None:
        if self._finished and not view.done:
            view.done = True
            sheet = view.sheet()
            write_block(sheet, self.source(), "json")
            sheet.close()

    def _header(self, look: Look, width: int, mark: str) -> Line:
        parts = [self._words] + (["cut off"] if self._abandoned else [])
        count = len(self._deltas) + len(self._texts)
        if count and not self._finished:
            parts.append(f"{count:,} deltas")
        return header(look, width, mark, (self._title, look.tool), [(part, look.muted) for part in parts])
