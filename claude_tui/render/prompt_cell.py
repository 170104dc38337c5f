"""The user's prompt: Markdown behind a coloured rail, its label, and which version of it this is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from rich.cells import cell_len
from rich.segment import Segment

from claude_tui.domain.blocks import Block, block_type, plain_text, string
from claude_tui.domain.text import safe_line, safe_text
from claude_tui.render.base import Line, Look
from claude_tui.render.block_cell import lines_of
from claude_tui.render.document import Document, Frame
from claude_tui.render.document_cell import DocumentCell
from claude_tui.render.wrap import cut, indent, wrap

LABEL = "You"
_RAIL = "┃ "


def _framing(look: Look, width: int) -> Frame:
    return Frame(look, width, Segment(_RAIL, look.prompt_rail))


class PromptCell(DocumentCell):
    """A prompt. `version` is its number among its versions and their count; the pair is drawn where there are several."""

    kind = "prompt"
    label = LABEL

    def __init__(self, key: str, text_blocks: Sequence[Block], version: tuple[int, int] = (1, 1)) -> None:
        self._text = "\n\n".join(string(block, "text") for block in text_blocks if block_type(block) == "text")
        super().__init__(key, Document(self._text, breaks=True, framing=_framing, foot=self._foot))
        self._document.finish()
        self._version_pair = version
        self._source = plain_text(list(text_blocks))
        self._chips = [chip(block) for block in text_blocks if block_type(block) != "text"]

    @property
    def version_pair(self) -> tuple[int, int]:
        """The number of this version, and how many there are."""
        return self._version_pair

    @version_pair.setter
    def version_pair(self, pair: tuple[int, int]) -> None:
        if pair != self._version_pair:
            self._version_pair = pair
            self._changed()

    def set_versions(self, number: int, count: int) -> None:
        """Say which of how many versions this is."""
        self.version_pair = (number, count)

    def source(self) -> str:
        return safe_text(self._source)

    def _size(self, width: int) -> int:
        return lines_of(len(self._text), width) + 1 + self._text.count("\n", 0, 2000) + bool(self._chips)

    def _head(self, look: Look, width: int) -> list[Line]:
        """Decoration from end to end: none of it is copied."""
        room = width - len(_RAIL)
        label = cut(self.label, room)
        segments = [Segment(label, look.prompt)]
        number, count = self._version_pair
        versions = f"‹ {number}/{count} ›"
        fill = room - cell_len(label) - cell_len(versions)
        if count > 1 and fill > 0:
            segments += [Segment(" " * fill, look.text), Segment(versions, look.muted)]
        head = Line(tuple(segments), sum(len(segment.text) for segment in segments))
        return indent([head], (Segment(_RAIL, look.prompt_rail),))

    def _foot(self, look: Look, width: int) -> list[Line]:
        chips = wrap([(" ".join(self._chips), look.accent)], width - len(_RAIL)) if self._chips else []
        return indent(chips, (Segment(_RAIL, look.prompt_rail),))


def chip(block: Block) -> str:
    """A block that is not text in a word: `[image png]`, `[document notes.pdf]`."""
    kind = block_type(block) or "unknown"
    given: Any = block.get("source")
    source = cast("Block", given) if isinstance(given, dict) else {}
    name = (
        string(block, "title") or string(block, "name") or string(source, "url") or string(source, "media_type").partition("/")[2]
    )
    return safe_line(f"[{kind} {name}]" if name else f"[{kind}]", 60)
