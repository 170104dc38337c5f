"""A sentence of the program's own, between the blocks of a conversation."""

from __future__ import annotations

from typing import Literal, TypeAlias

from rich.segment import Segment

from claude_tui.domain.text import safe_text
from claude_tui.render.base import Line, Look
from claude_tui.render.block_cell import BlockCell, lines_of
from claude_tui.render.wrap import indent, wrap

NoticeLevel: TypeAlias = Literal["info", "warning", "error"]

_MARKS: dict[NoticeLevel, str] = {"info": "·", "warning": "!", "error": "✗"}


class NoticeCell(BlockCell):
    """An error, the mark of an interruption, a stop reason: one mark and wrapped text."""

    kind = "notice"

    def __init__(self, key: str, text: str, level: NoticeLevel = "info") -> None:
        super().__init__(key)
        self._text = text
        self._severity: NoticeLevel = level

    def set_text(self, text: str) -> None:
        """Say something else: a countdown, say."""
        if text != self._text:
            self._text = text
            self._changed()

    def source(self) -> str:
        return safe_text(self._text)

    def _size(self, width: int) -> int:
        return lines_of(len(self._text), width)

    def _draw(self, look: Look, width: int) -> list[Line]:
        style = {"info": look.muted, "warning": look.warning, "error": look.error}[self._severity]
        words = look.muted if self._severity == "info" else look.text
        texts = safe_text(self._text).strip("\n").split("\n")
        body = [line for text in texts for line in wrap([(text, words)], width - 2)]
        return indent(body, (Segment(_MARKS[self._severity] + " ", style),), (Segment("  ", look.text),))
