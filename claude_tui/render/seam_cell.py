"""A thin line where the pieces of one answer meet, or where a summary begins: one row, whatever the width."""

from __future__ import annotations

from rich.cells import cell_len
from rich.segment import Segment

from claude_tui.domain.text import safe_line
from claude_tui.render.base import Line, Look
from claude_tui.render.block_cell import BlockCell, gutter
from claude_tui.render.wrap import cut

_THREAD = "┈"
_ENDS = 2


class SeamCell(BlockCell):
    """`┈┈ words ┈┈`, without the ends where there is no room for them. Nothing of it is copied."""

    kind = "seam"

    def __init__(self, key: str, words: str) -> None:
        super().__init__(key)
        self._words = safe_line(words)

    def _draw(self, look: Look, width: int) -> list[Line]:
        margin = gutter(width)
        room = width - margin
        end = _THREAD * _ENDS
        whole = f"{end} {self._words} {end}"
        text = " " * margin + (whole if cell_len(whole) <= room else cut(self._words, room))
        return [Line((Segment(text, look.muted),), len(text))]
