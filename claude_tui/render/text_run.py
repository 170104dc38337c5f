"""A plain text that grows by pieces: a line, or a stretch of a very long one, costs the same however long the text is.

Where a line is cut depends on the text before the cut alone, so a text is cut the same whatever pieces it came in.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Literal, TypeAlias, cast

from rich.style import Style

from claude_tui.domain.text import safe_text
from claude_tui.render.base import Line, Look
from claude_tui.render.wrap import wrap

Role: TypeAlias = Literal["text", "muted", "accent", "warning", "error"]
"""A field of the look."""

LONGEST_PIECE = 2_000
"""Characters. A line that is longer is drawn in pieces."""
_SLACK = 64
_OTHER_ENDS = re.compile("\r\n?|\x85|\u2028|\u2029")
_JOINS = re.compile("[\u200d\ud800-\udbff\U0001f1e6-\U0001f1ff]")
_JOINED = re.compile("[\u200c\u200d\udc00-\udfff\ufe00-\ufe0f\u1160-\u11ff\U0001f1e6-\U0001f1ff\U0001f3fb-\U0001f3ff]")


class Lines:
    """Cuts a text into pieces as it comes. A piece ends with a line end (`\\n`, whatever it was), or is part of a long line.

    `tail` is the unfinished piece, at most `LONGEST_PIECE` characters and a few.
    """

    def __init__(self) -> None:
        self.tail: str = ""
        # A carriage return at the end may be half of a line end.
        self._returned: bool = False

    def feed(self, text: str) -> list[str]:
        """The pieces that this completes; the cost is that of `text`."""
        text = self.tail + "\r" * self._returned + text
        self._returned = text.endswith("\r")
        if self._returned:
            text = text[:-1]
        if _OTHER_ENDS.search(text):
            text = _OTHER_ENDS.sub("\n", text)
        *lines, tail = text.split("\n")
        pieces = [line + "\n" for line in lines]
        if pieces and max(map(len, pieces)) > LONGEST_PIECE:
            pieces = [piece for line in pieces for piece in _cut(line)]
        *cut, self.tail = _cut(tail)
        return pieces + cut

    def finish(self) -> list[str]:
        """The last piece, if there is one: the text ends here."""
        last = self.tail + "\n" * self._returned
        self.tail, self._returned = "", False
        return [last] if last else []


def _cut(line: str) -> list[str]:
    pieces: list[str] = []
    start = 0
    while len(line) - start > LONGEST_PIECE + _SLACK:
        at = line.rfind(" ", start + LONGEST_PIECE - 200, start + LONGEST_PIECE) + 1 or start + LONGEST_PIECE
        lowest = at - _SLACK
        while at > lowest and _inside(line, at):
            at -= 1
        at = at if at > lowest else start + LONGEST_PIECE
        pieces.append(line[start:at])
        start = at
    return [*pieces, line[start:]]


def _inside(text: str, at: int) -> bool:
    """Whether a character that is made of several would be parted."""
    joined = _JOINED.match(text, at) or _JOINS.match(text, at - 1)
    return joined is not None or unicodedata.category(text[at])[0] == "M"


class TextRun:
    """The pieces of one text, drawn in the style `role` of the look."""

    version = 0

    def __init__(self, role: Role = "text") -> None:
        self._role = role
        self._pieces: list[str] = []

    @property
    def count(self) -> int:
        """How many complete pieces there are."""
        return len(self._pieces)

    def extend(self, lines: Sequence[str]) -> None:
        """Add complete pieces, as `Lines` gives them."""
        self._pieces += lines

    def draw(self, first: int, last: int, look: Look, width: int) -> list[Line]:
        """The pieces from `first` to before `last`."""
        style = cast("Style", getattr(look, self._role))
        lines: list[Line] = []
        for piece in self._pieces[first:last]:
            lines += _piece_lines(piece, style, width)
        return lines

    def draw_partial(self, text: str, look: Look, width: int) -> list[Line]:
        """The unfinished piece, as it would be drawn behind the last one."""
        return wrap([(safe_text(text), cast("Style", getattr(look, self._role)))], width)


def _piece_lines(piece: str, style: Style, width: int) -> list[Line]:
    lines = wrap([(safe_text(piece.removesuffix("\n")), style)], width)
    if not piece.endswith("\n"):
        text = piece.rstrip(" ")
        lines[-1] = lines[-1]._replace(soft=True, glue=piece[len(text) :])
    return lines
