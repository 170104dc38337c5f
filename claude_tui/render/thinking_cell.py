"""Thinking: one line that lives while it streams, a tail, or everything; in words where the API shows none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from rich.style import Style

from claude_tui.domain.blocks import Block, block_type, string
from claude_tui.domain.events import BlockDelta
from claude_tui.domain.text import safe_line, safe_text
from claude_tui.render.base import LeafRef, Line, Look, Section
from claude_tui.render.block_cell import lines_of
from claude_tui.render.document import Document, Frame
from claude_tui.render.document_cell import DocumentCell
from claude_tui.render.panel import CLOSED, FIXED, OPEN, duration, header, panel_rail
from claude_tui.render.wrap import Run

NOT_SHOWN = "not shown by this model"
HIDDEN = "hidden by the API"
TAIL = 8
"""Lines of the tail that level 1 shows of a stream."""
_KEPT = 600
_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+|(?<=[。！？])|\n+")


class ThinkingCell(DocumentCell):
    """A `thinking` or `redacted_thinking` block.

    Levels: the live line; while it streams the last lines; everything. A block without text has one level.
    """

    kind = "thinking"

    def __init__(self, key: str, block: Block) -> None:
        super().__init__(key, Document(breaks=True, framing=_framing), finished=False, levels=3)
        self._redacted = block_type(block) == "redacted_thinking"
        self._tail = ""
        self._characters = 0
        self._seconds: float | None = None
        self._tokens: int | None = None
        self._append(string(block, "thinking"))

    @property
    def levels(self) -> int:
        if self._redacted or (self._finished and not self._characters):
            return 1
        return 2 if self._finished else 3

    def tick(self, seconds: float) -> None:
        """Say how long the block has been streaming."""
        if self._seconds is None or int(seconds) != int(self._seconds):
            self._seconds = float(int(seconds))
            self._changed()

    def set_tokens(self, tokens: int | None) -> None:
        """Say how many tokens the thinking took, where that is known."""
        if tokens != self._tokens:
            self._tokens = tokens
            self._changed()

    def stop(self, seconds: float | None = None) -> None:
        if seconds is not None:
            self._seconds = seconds
        self._document.finish()
        super().stop(seconds)

    def abandon(self) -> None:
        if not self._finished:
            self._document.finish()
        super().abandon()

    @property
    def sections(self) -> Sequence[Section]:
        """A panel that is closed, or shows a tail, is drawn in one go."""
        return (self,) if self.level == 0 or self._shows_tail else super().sections

    @property
    def _shows_tail(self) -> bool:
        return self.level == 1 and self.levels == 3

    def refine(self, seconds: float) -> bool:
        return self.level > 0 and super().refine(seconds)

    def locate(self, line: int) -> LeafRef:
        return LeafRef(0, 0) if len(self.sections) == 1 else super().locate(line)

    def excerpt(self, first: LeafRef, last: LeafRef) -> str:
        return self.source() if len(self.sections) == 1 else super().excerpt(first, last)

    def _take(self, delta: BlockDelta) -> None:
        if delta.kind == "thinking":
            self._append(delta.text)

    def _append(self, text: str) -> None:
        if text:
            self._document.feed(text)
            self._tail = (self._tail + text[-_KEPT:])[-_KEPT:]
            self._characters += len(text) if self._characters else len(text.strip())

    def _size(self, width: int) -> int:
        if self.level == 0:
            return 1
        return TAIL + 1 if self._shows_tail else lines_of(self._characters, width) + 1

    def _draw(self, look: Look, width: int) -> list[Line]:
        if self.level == 0:
            return [self._header(look, width, CLOSED if self.levels > 1 else FIXED)]
        return [*self._head(look, width), *self._document.tail(look, width, TAIL)]

    def _head(self, look: Look, width: int) -> list[Line]:
        return [self._header(look, width, OPEN)]

    def _header(self, look: Look, width: int, mark: str) -> Line:
        parts = [duration(self._seconds, running=not self._finished)] if self._seconds else []
        if self._tokens is not None:
            parts.append(f"{self._tokens:,} tokens")
        parts += self._words(mark)
        runs: list[Run] = [(part, look.muted) for part in parts]
        if mark == CLOSED and not self._finished and self._tail:
            sentence = latest_sentence(self._tail)
            runs += [(sentence, look.thinking)] if sentence else []
        return header(look, width, mark, ("Thinking", look.thinking), runs)

    def _words(self, mark: str) -> list[str]:
        if self._redacted:
            return [HIDDEN]
        if self._abandoned:
            return ["cut off"]
        return [NOT_SHOWN] if mark == FIXED else []


def latest_sentence(tail: str) -> str:
    """The sentence a text is at, on one line, `…` where it goes on."""
    sentences = [part for part in _SENTENCE_END.split(safe_text(_plain(tail))) if part.strip()]
    return safe_line(sentences[-1]) if sentences else ""


def _plain(text: str) -> str:
    """Without the marks of Markdown that would stand out in a line of prose."""
    return re.sub(r"\*\*|__|^#+ |`", "", text, flags=re.MULTILINE)


def _framing(look: Look, width: int) -> Frame:
    return Frame(_muted(look), width, panel_rail(look, width))


@lru_cache(maxsize=16)
def _muted(look: Look) -> Look:
    """`look` for a text that steps back behind the answer."""
    quiet, bold = look.thinking, Style(bold=True)
    return replace(
        look,
        name=f"{look.name}, muted",
        text=quiet,
        accent=quiet,
        heading=bold,
        inline_code=Style(italic=False),
        code=look.muted,
        link=Style(underline=True),
        table_head=bold,
        success=look.muted,
        code_theme="none",
    )
