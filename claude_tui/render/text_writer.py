"""One text on its way into a sheet: short on one line, else as a block, plain, as code, or as Markdown.

What it becomes depends on the text alone, never on the pieces it comes in. Line ends at its end are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from rich.segment import Segment
from rich.style import Style

from claude_tui.render.base import Line, Look
from claude_tui.render.code_run import CodeRun
from claude_tui.render.document import Document
from claude_tui.render.sheet import (
    MOST_CHARACTERS,
    MOST_LINES,
    SECTION_CHARACTERS,
    SECTION_LINES,
    Code,
    Marks,
    Piece,
    Run,
    Sheet,
    more_piece,
    used,
)
from claude_tui.render.text_run import Lines, Role, TextRun
from claude_tui.render.value_kinds import MARKDOWN

_AT_ONCE = 64_000
"""Characters."""


class Place(NamedTuple):
    """Where a text goes. `begin` writes what stands above its block and gives the marks beside it; `short` makes a line of it.

    `language` of a first line: None for plain text. `source` is the whole text in pieces, as far as it has come.
    """

    begin: Callable[[], Marks]
    short: Callable[[str], Piece]
    source: Sequence[str]
    language: Callable[[str], str | None] = lambda first: None
    role: Role = "text"


class TextWriter:
    """Feed it, `close` it where the text ends; `live` is what has come and is not written yet."""

    def __init__(self, sheet: Sheet, place: Place) -> None:
        self._sheet = sheet
        self._place = place
        self._lines = Lines()
        self._held: list[str] = []
        """Before the first line is written: complete pieces up to the first that has something in it."""
        self._ends = 0
        """Line ends that came last and may be the end of the text."""
        self._run: Run | None = None
        self._marks: Marks = ()
        self._shown = self._characters = self._hidden = 0
        self._markdown = False

    def feed(self, text: str) -> None:
        """Go on; the cost is that of `text`."""
        for start in range(0, len(text), _AT_ONCE):
            self._take(self._lines.feed(text[start : start + _AT_ONCE]))

    def close(self) -> None:
        """The text ends here."""
        self._take([piece.removesuffix("\n") + "\n" for piece in self._lines.finish()], ended=True)
        if self._run is None:
            self._sheet.add(self._short(""))
            return
        if self._hidden:
            self._sheet.add(more_piece(self._marks, self._hidden))
        elif self._markdown and self._shown <= SECTION_LINES and self._characters <= SECTION_CHARACTERS and not self._sheet.full:
            self._render()
        self._end_code()

    def live(self) -> Piece:
        """What is to be seen of the end of the text while it is open."""
        tail = self._lines.tail
        if self._run is None:
            return self._short(tail + "…")
        if self._hidden:
            return more_piece(self._marks, self._hidden + bool(tail))
        tail = tail if isinstance(self._run, CodeRun) else tail + "…"
        return Piece(self._marks, 1, len(tail), partial(self._run.draw_partial, tail))

    def _short(self, tail: str) -> Piece:
        return self._place.short("".join(self._held).rstrip("\n") + tail)

    def _take(self, pieces: list[str], *, ended: bool = False) -> None:
        count = len(pieces)
        while count and pieces[count - 1] == "\n":
            count -= 1
        if count:
            self._held += ["\n"] * self._ends + pieces[:count]
            self._ends = 0
        self._ends += len(pieces) - count
        if self._held and (self._run is not None or self._is_block(ended=ended)):
            if self._run is None:
                self._begin()
            self._write(self._held)
            self._held = []

    def _is_block(self, *, ended: bool) -> bool:
        """Whether the text is known to have several lines, or a very long one."""
        return len(self._held) > 1 or (not ended and (bool(self._lines.tail) or not self._held[0].endswith("\n")))

    def _begin(self) -> None:
        language = self._place.language(next(piece for piece in self._held if piece != "\n"))
        self._marks = self._place.begin()
        self._markdown = language == MARKDOWN
        if self._markdown:
            self._sheet.part()
        if language is None or self._markdown:
            self._run = TextRun(self._place.role)
            return
        self._run = run = CodeRun(language, len(self._sheet.codes))
        self._sheet.codes.append(Code(self._place.source, run))
        self._sheet.add(Piece(self._marks, 1, 0, run.head))
        self._marks = used(self._marks)

    def _write(self, pieces: list[str]) -> None:
        count = len(pieces) if self._sheet.whole else self._room_for(pieces)
        shown = pieces[:count]
        if isinstance(self._run, CodeRun):
            plain = next((at for at, piece in enumerate(shown) if not piece.endswith("\n")), None)
            self._write_shown([piece[:-1] for piece in shown[:plain]])
            if plain is None:
                shown = []
            else:
                shown = shown[plain:]
                self._end_code()
                self._run = TextRun(self._place.role)
        self._write_shown(shown)
        if count < len(pieces):
            self._hidden += len(pieces) - count
            self._sheet.more = True

    def _write_shown(self, lines: list[str]) -> None:
        if lines and self._run is not None:
            self._sheet.add_lines(self._marks, self._run, lines)
            self._marks = used(self._marks)
            self._shown += len(lines)
            self._characters += sum(map(len, lines))

    def _room_for(self, pieces: list[str]) -> int:
        """How many of the pieces a sheet shows that shows the beginning of a text only."""
        if self._hidden:
            return 0
        characters = self._characters
        for count, piece in enumerate(pieces):
            if self._shown + count >= MOST_LINES or characters >= MOST_CHARACTERS:
                return count
            characters += len(piece)
        return len(pieces)

    def _end_code(self) -> None:
        if isinstance(self._run, CodeRun):
            self._run.close()
            self._sheet.add(Piece(self._marks, 1, 0, self._run.foot))

    def _render(self) -> None:
        """The text is short enough to be drawn as Markdown."""
        document = Document("".join(self._place.source))
        document.finish()
        first = len(self._sheet.codes)
        self._sheet.codes.extend(Code([text]) for text in document.code_blocks())

        def draw(look: Look, width: int) -> list[Line]:
            return [_renumbered(line, first) for line in document.lines(look, width)]

        self._sheet.rewrite(Piece(self._marks, self._shown, self._characters, draw))
        self._sheet.part()


def _renumbered(line: Line, first: int) -> Line:
    """The line with its label counting code blocks from `first`."""
    if not any(segment.style and "copy" in segment.style.meta for segment in line.segments):
        return line
    return line._replace(segments=tuple(_with_number(segment, first) for segment in line.segments))


def _with_number(segment: Segment, first: int) -> Segment:
    style = segment.style
    number: object = style.meta.get("copy") if style else None
    return Segment(segment.text, style + Style(meta={"copy": number + first})) if style and isinstance(number, int) else segment
