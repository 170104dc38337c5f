"""The content of an open panel as it is written: pieces, gathered into sections of a bounded size.

A piece never changes. Below those of the last section stands what is not finished yet, `live`, which is exchanged for another as it
grows. A sheet that shows only the beginning counts what it leaves out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple, Protocol, TypeAlias, cast

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from claude_tui.domain.text import safe_text
from claude_tui.render.base import Drawn, LeafStart, Line, Look, Section
from claude_tui.render.block_cell import lines_of
from claude_tui.render.code_run import CodeRun
from claude_tui.render.panel import body, inner_width, thin_rule
from claude_tui.render.text_run import Role
from claude_tui.render.wrap import indent, wrap

SECTION_LINES, SECTION_CHARACTERS = 64, 3_000
"""A section with so much in it takes in no more."""
MOST_LINES, MOST_CHARACTERS = 200, 20_000
"""How much of one text is shown at first."""
_MOST_ON_SHEET = 3 * MOST_LINES

Draw: TypeAlias = Callable[[Look, int], list[Line]]


class Mark(NamedTuple):
    """What stands left of a nested value, two cells; left out where there is room for fewer than `least` cells."""

    text: str
    least: int


MARGIN, BULLET, UNDER = Mark("  ", 16), Mark("• ", 12), Mark("  ", 12)
Marks: TypeAlias = tuple[Mark, ...]


def used(marks: Marks) -> Marks:
    """The marks of the lines below the first."""
    return tuple(UNDER if mark is BULLET else mark for mark in marks)


class Piece(NamedTuple):
    """Some lines: their marks, about how many lines of how many characters they are, and how they are drawn."""

    marks: Marks
    lines: int
    characters: int
    draw: Draw


class Run(Protocol):
    """The lines of a text, drawn by number. `version` grows when lines drawn before may look different."""

    @property
    def version(self) -> int: ...

    @property
    def count(self) -> int: ...

    def extend(self, lines: Sequence[str]) -> None: ...

    def draw(self, first: int, last: int, look: Look, width: int) -> list[Line]: ...

    def draw_partial(self, text: str, look: Look, width: int) -> list[Line]: ...


class Page:
    """A section: some pieces, and what is live below them, behind the rail of the panel. It is one leaf."""

    def __init__(self) -> None:
        self.pieces: list[Piece] = []
        self.lines = 0
        self.characters = 0
        self._live: Piece | None = None
        self._runs: list[Run] = []
        self._changes = 0
        self._closed = False
        self._kept: tuple[tuple[Look, int, int], list[Line], int] | None = None

    @property
    def version(self) -> int:
        return self._changes + self._shared

    @property
    def _shared(self) -> int:
        return sum(run.version for run in self._runs)

    @property
    def live(self) -> Piece | None:
        return self._live

    @live.setter
    def live(self, piece: Piece | None) -> None:
        if piece is not None or self._live is not None:
            self._live = piece
            self._changes += 1

    @property
    def full(self) -> bool:
        return self.lines >= SECTION_LINES or self.characters >= SECTION_CHARACTERS

    def add(self, piece: Piece, run: Run | None) -> None:
        self.pieces.append(piece)
        self.lines += piece.lines
        self.characters += piece.characters
        self._changes += 1
        if run is not None and not any(run is one for one in self._runs):
            self._runs.append(run)

    def close(self) -> None:
        """Nothing is added any more."""
        self.live = None
        self._closed = True

    def estimate(self, width: int) -> int:
        lines, characters = self.lines, self.characters
        if self._live is not None:
            lines, characters = lines + self._live.lines, characters + self._live.characters
        return max(lines, lines_of(characters, width))

    def draw(self, look: Look, width: int) -> Drawn:
        wanted = (look, width, self._shared)
        lines, done = ([], 0) if self._kept is None or self._kept[0] != wanted else self._kept[1:]
        for piece in self.pieces[done:]:
            lines += body(look, width, _placed(piece, look, inner_width(width)))
        self._kept = None if self._closed else (wanted, lines, len(self.pieces))
        live = body(look, width, _placed(self._live, look, inner_width(width))) if self._live is not None else []
        return Drawn([*lines, *live], [LeafStart(0)])


def _placed(piece: Piece, look: Look, width: int) -> list[Line]:
    """The lines of a piece behind its marks."""
    first: list[Segment] = []
    rest: list[Segment] = []
    for mark in piece.marks:
        if width >= mark.least:
            first.append(Segment(mark.text, look.muted if mark is BULLET else look.text))
            rest.append(Segment("  ", look.text))
            width -= 2
    lines = piece.draw(look, width)
    return indent(lines, first, rest) if first else lines


class Code(NamedTuple):
    """A code block: its text in pieces, as far as it has come, and what draws it, where that is not part of a document."""

    source: Sequence[str]
    run: CodeRun | None = None


class Sheet:
    """Writes pieces into `sections`, a list that holds others too; nobody else appends to it until the sheet is done.

    `whole`: all is shown, otherwise about `_MOST_ON_SHEET` lines; `more`: whether something is left out. `codes`: the code blocks.
    """

    def __init__(self, sections: list[Section], codes: list[Code], *, whole: bool) -> None:
        self.whole = whole
        self.codes = codes
        self.more = False
        self._sections = sections
        self._page: Page | None = None
        self._lines = self._characters = 0
        self._hidden = 0

    @property
    def full(self) -> bool:
        """Whether the rest is only counted."""
        return not self.whole and (self._lines >= _MOST_ON_SHEET or self._characters >= 3 * MOST_CHARACTERS)

    def add(self, piece: Piece, run: Run | None = None) -> None:
        """Write a piece; of a `run`, where that draws it."""
        if self.full:
            self.hide(piece.lines)
        else:
            self._lines += piece.lines
            self._characters += piece.characters
            self._writable().add(piece, run)

    def add_lines(self, marks: Marks, run: Run, lines: Sequence[str]) -> None:
        """Append `lines` to the run and write them, a section's worth at a time."""
        at = 0
        while at < len(lines):
            if self.full:
                self.hide(len(lines) - at)
                return
            page = self._writable()
            taken = _fitting(lines[at : at + SECTION_LINES - page.lines], SECTION_CHARACTERS - page.characters)
            first = run.count
            run.extend(taken)
            self.add(Piece(marks, len(taken), sum(map(len, taken)), partial(run.draw, first, run.count)), run)
            marks = used(marks)
            at += len(taken)

    def show(self, live: Piece | None) -> None:
        """What is not finished stands below the last piece."""
        if self._hidden:
            live = more_piece((), self._hidden)
        if live is not None:
            self._begun().live = live
        elif self._page is not None:
            self._page.live = None
            self._drop_blank()

    def close(self) -> None:
        """Nothing more is written."""
        if self._hidden:
            self._begun().add(more_piece((), self._hidden), None)
        self.part()

    def part(self) -> None:
        """What comes next begins a section."""
        if self._page is not None:
            self._page.close()
            self._drop_blank()
            self._page = None

    def rewrite(self, piece: Piece) -> None:
        """The piece takes the place of all in the last section."""
        page = self._begun()
        self._lines -= page.lines
        self._characters -= page.characters
        self._sections[-1] = self._page = Page()
        self.add(piece)

    def hide(self, lines: int) -> None:
        """Count what is left out."""
        self._hidden += lines
        self.more = True

    def _writable(self) -> Page:
        if self._page is not None and self._page.full:
            self.part()
        return self._begun()

    def _begun(self) -> Page:
        if self._page is None:
            self._page = Page()
            self._sections.append(self._page)
        return self._page

    def _drop_blank(self) -> None:
        """A section has lines."""
        if self._page is not None and not self._page.pieces:
            self._sections.pop()
            self._page = None


def _fitting(lines: Sequence[str], room: int) -> Sequence[str]:
    """As many of the lines as have room, one at least."""
    for count, line in enumerate(lines):
        room -= len(line)
        if room < 0:
            return lines[: max(count, 1)]
    return lines


def more_piece(marks: Marks, count: int) -> Piece:
    """What stands below the beginning of something longer: a click on it shows all."""
    text = "… 1 more line" if count == 1 else f"… {count:,} more lines"

    def draw(look: Look, width: int) -> list[Line]:
        kept = text if cell_len(text) <= width else "…"
        return [Line((Segment(kept, look.muted + Style(meta={"level": 2})),), len(kept))]

    return Piece(marks, 1, len(text), draw)


def words(text: str, role: Role = "muted") -> Piece:
    """A text without line ends, wrapped."""

    def draw(look: Look, width: int) -> list[Line]:
        return wrap([(safe_text(text), cast("Style", getattr(look, role)))], width)

    return Piece((), 1, len(text), draw)


def rule() -> Piece:
    """A thin rule, between what went in and what came out."""
    return Piece((), 1, 0, _rule_lines)


def _rule_lines(look: Look, width: int) -> list[Line]:
    return [thin_rule(look, width)]
