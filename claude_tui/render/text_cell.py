"""A text block of an answer, as Markdown, with its sources."""

from __future__ import annotations

from typing import Any, cast

from rich.segment import Segment
from rich.style import Style

from claude_tui.domain.blocks import Block, string
from claude_tui.domain.events import BlockDelta
from claude_tui.domain.text import safe_line
from claude_tui.render.base import Line, Look
from claude_tui.render.block_cell import gutter, lines_of
from claude_tui.render.document import Document, Frame
from claude_tui.render.document_cell import DocumentCell
from claude_tui.render.inline import safe_link
from claude_tui.render.leaf import below
from claude_tui.render.wrap import cut, indent, wrap

CUT_OFF = "⋯ cut off here"


def _framing(look: Look, width: int) -> Frame:
    margin = gutter(width)
    return Frame(look, width, Segment(" " * margin, look.text) if margin else None)


class TextCell(DocumentCell):
    """The answer. `label` stands above it where it is not empty.

    Text that is cited comes in blocks of its own, in the middle of a sentence: several blocks are one cell. Behind each stand the
    numbers of its sources, which are listed below.
    """

    kind = "text"

    def __init__(self, key: str, block: Block, *, label: str = "") -> None:
        super().__init__(key, Document(framing=_framing, foot=self._foot), finished=False)
        self._label = safe_line(label, 60)
        self._characters = 0
        self._sources: dict[str, _Source] = {}
        self._cited: dict[int, None] = {}
        self.go_on(block)

    def go_on(self, block: Block) -> None:
        """Another block of the same text."""
        self._feed(string(block, "text"))
        given: object = block.get("citations")
        for citation in cast("list[object]", given) if isinstance(given, list) else []:
            self._cite(citation)
        self._changed()

    def pause(self) -> None:
        """The block is whole; another may go on with the text."""
        for number in self._cited:
            self._document.mark(number)
        if self._cited:
            self._document.changed()
        self._cited = {}
        self._changed()

    def stop(self, seconds: float | None = None) -> None:
        self.pause()
        self._document.finish()
        super().stop(seconds)

    def abandon(self) -> None:
        if not self._finished:
            self.pause()
            self._document.finish()
        super().abandon()

    def mend(self) -> None:
        super().mend()
        self._document.changed()

    def _take(self, delta: BlockDelta) -> None:
        if delta.kind == "text":
            self._feed(delta.text)
        elif delta.kind == "citation":
            self._cite(delta.data)

    def _feed(self, text: str) -> None:
        self._document.feed(text)
        self._characters += len(text)

    def _cite(self, citation: object) -> None:
        if isinstance(citation, dict):
            source = _Source(cast("Block", citation), len(self._sources) + 1)
            self._cited[self._sources.setdefault(source.name, source).number] = None

    def _size(self, width: int) -> int:
        return lines_of(self._characters, width) + bool(self._label) + len(self._sources)

    @property
    def _head_version(self) -> int:
        return self._document.empty

    def _head(self, look: Look, width: int) -> list[Line]:
        """Decoration from end to end: none of it is copied. A text with nothing to see is a blank line."""
        if not self._label:
            return [Line(())] if self._document.empty else []
        margin = gutter(width)
        label = " " * margin + cut(self._label, width - margin)
        return [Line((Segment(label, look.accent),), len(label))]

    def _foot(self, look: Look, width: int) -> list[Line]:
        margin = gutter(width)
        lines: list[Line] = []
        if self._sources:
            lines += [Line(()), *below(self._listed(look, width - margin), _framing(look, width).rail)]
        if self._abandoned:
            mark = " " * margin + cut(CUT_OFF, width - margin)
            lines.append(Line((Segment(mark, look.muted),), len(mark)))
        return lines

    def _listed(self, look: Look, width: int) -> list[Line]:
        lines: list[Line] = []
        for source in self._sources.values():
            mark = f"[{source.number}] "
            link = safe_link(source.url)
            style = look.link + Style(link=link) if link else look.text
            shown = [(source.title, style)] if source.title else []
            if source.url and source.url != source.title:
                shown += [(" · " if shown else "", look.muted), (source.url, look.muted if source.title else style)]
            room = width - len(mark)
            lines += indent(wrap(shown, room), (Segment(mark, look.muted),), (Segment(" " * len(mark), look.text),))
        return lines


class _Source:
    """What a citation points at. Citations of one address or document are one source."""

    def __init__(self, citation: Block, number: int) -> None:
        self.number = number
        self.url = safe_line(string(citation, "url") or string(citation, "source"), 2000)
        title = string(citation, "title") or string(citation, "document_title")
        index = citation.get("document_index")
        place = "" if self.url or not isinstance(index, int) else f"document {index + 1}"
        self.title = safe_line(title) or place
        if not self.title and not self.url:
            self.title = "a source without a name"
        if not self.url:
            self.title += _pages(citation)
        self.name = self.url or self.title


def _pages(citation: Block) -> str:
    first: Any = citation.get("start_page_number")
    last: Any = citation.get("end_page_number")
    if not isinstance(first, int) or not isinstance(last, int):
        return ""
    return f", page {first}" if last - first <= 1 else f", pages {first} to {last - 1}"
