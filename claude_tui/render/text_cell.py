"""A text block of an answer, as Markdown, with its sources."""

from __future__ import annotations

from typing import Any, cast

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from claude_tui.domain.blocks import Block, string
from claude_tui.domain.events import BlockDelta
from claude_tui.domain.text import safe_line
from claude_tui.render.base import Line, Look
from claude_tui.render.block_cell import BlockCell, gutter, lines_of
from claude_tui.render.document import Document
from claude_tui.render.inline import safe_link
from claude_tui.render.wrap import cut, indent, wrap

CUT_OFF = "⋯ cut off here"


class TextCell(BlockCell):
    """The answer. `label` stands above it where it is not empty. Citations are numbered behind the text and listed below it."""

    kind = "text"

    def __init__(self, key: str, block: Block, *, label: str = "") -> None:
        super().__init__(key, finished=False)
        self._label = safe_line(label, 60)
        text = string(block, "text")
        self._document = Document(text)
        self._characters = len(text)
        self._sources: dict[str, _Source] = {}
        given: object = block.get("citations")
        for citation in cast("list[object]", given) if isinstance(given, list) else []:
            self._cite(citation)

    def source(self) -> str:
        return self._document.text

    def code_blocks(self) -> list[str]:
        return self._document.code_blocks()

    def _take(self, delta: BlockDelta) -> None:
        if delta.kind == "text":
            self._document.feed(delta.text)
            self._characters += len(delta.text)
        elif delta.kind == "citation":
            self._cite(delta.data)

    def _cite(self, citation: object) -> None:
        if isinstance(citation, dict):
            source = _Source(cast("Block", citation), len(self._sources) + 1)
            self._sources.setdefault(source.name, source)

    def _size(self, width: int) -> int:
        return lines_of(self._characters, width) + bool(self._label) + len(self._sources)

    def _draw(self, look: Look, width: int) -> list[Line]:
        margin = gutter(width)
        rail = Segment(" " * margin, look.text) if margin else None
        lines = self._document.lines(look, width, rail)
        if self._sources:
            lines += [*self._marks(lines, look, width, rail), Line(()), *_behind(rail, self._listed(look, width - margin))]
        if self._abandoned:
            mark = " " * margin + cut(CUT_OFF, width - margin)
            lines.append(Line((Segment(mark, look.muted),), len(mark)))
        if self._label:
            lines.insert(0, self._head(look, width, margin))
        return lines

    def _head(self, look: Look, width: int, margin: int) -> Line:
        """Decoration from end to end: none of it is copied."""
        label = " " * margin + cut(self._label, width - margin)
        return Line((Segment(label, look.accent),), len(label))

    def _marks(self, lines: list[Line], look: Look, width: int, rail: Segment | None) -> list[Line]:
        """The numbers of the sources: set behind the last word, or given back as a line of their own where there is no room."""
        marks = "".join(f"[{number}]" for number in range(1, len(self._sources) + 1))
        last = lines[-1] if lines else Line(())
        if last.lead < len(last.text) and cell_len(last.text) + len(marks) < width:
            lines[-1] = last._replace(segments=(*last.segments, Segment(" " + marks, look.muted)))
            return []
        return _behind(rail, wrap([(marks, look.muted)], width - (cell_len(rail.text) if rail else 0)))

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


def _behind(rail: Segment | None, lines: list[Line]) -> list[Line]:
    return indent(lines, (rail,)) if rail else lines
