"""What the cells with a document in them share: its sections below a header, and what can be found in it."""

from __future__ import annotations

from collections.abc import Sequence

from claude_tui.render.base import Heading, LeafRef, Line, Look, Section
from claude_tui.render.block_cell import BlockCell, LinesSection
from claude_tui.render.document import Document


class DocumentCell(BlockCell):
    """A subclass draws the header, which may have no lines, in `_head`."""

    def __init__(self, key: str, document: Document, *, levels: int = 1, finished: bool = True) -> None:
        super().__init__(key, levels=levels, finished=finished)
        self._document = document
        self._header_section = LinesSection(self._head, lambda: self._head_version)

    @property
    def sections(self) -> Sequence[Section]:
        return [self._header_section, *self._document.sections]

    @property
    def _head_version(self) -> int:
        return self._version

    def _head(self, look: Look, width: int) -> list[Line]:
        raise NotImplementedError

    def source(self) -> str:
        return self._document.text

    def lines(self, look: Look, width: int) -> list[Line]:
        lines = super().lines(look, width)
        if self._document.behind:
            self._document.catch_up()
            lines = super().lines(look, width)
        return lines

    def refine(self, seconds: float) -> bool:
        before = self._document.drawn_from
        more = self._document.refine(seconds)
        if self._document.drawn_from != before:
            self._changed()
        return more

    def code_blocks(self) -> list[str]:
        return self._document.code_blocks()

    def tables(self) -> list[str]:
        return self._document.tables()

    def headings(self) -> list[Heading]:
        return [one._replace(at=_outer(one.at)) for one in self._document.headings()]

    def block_of(self, leaf: LeafRef) -> tuple[LeafRef, LeafRef]:
        first, last = self._document.block_of(LeafRef(leaf.section - 1, leaf.leaf))
        return _outer(first), _outer(last)

    def locate(self, line: int) -> LeafRef:
        return _outer(self._document.locate(line))

    def excerpt(self, first: LeafRef, last: LeafRef) -> str:
        return self._document.excerpt(LeafRef(first.section - 1, first.leaf), LeafRef(last.section - 1, last.leaf))


def _outer(at: LeafRef) -> LeafRef:
    """A leaf of the document as one of the cell."""
    return LeafRef(at.section + 1, at.leaf)
