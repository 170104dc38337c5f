"""The colours and lines of code: highlighted where the language is named and known, long lines folded or cut off.

The language is never guessed. What a lexer makes of a text changes its colours only, never its characters.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any, cast

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from claude_tui.domain.text import safe_line
from claude_tui.render.base import Line, Look
from claude_tui.render.line_lexer import Tokens
from claude_tui.render.palettes import PALETTES, readable
from claude_tui.render.wrap import Run, clusters, merge

MOST_EXACT = 60_000
"""Characters of code that are lexed as a whole."""

CONTINUED = "↪ "

_ANSI = {
    "Comment": Style(dim=True, italic=True),
    "Keyword": Style(color="magenta"),
    "Keyword.Constant": Style(color="cyan"),
    "Literal.String": Style(color="green"),
    "Literal.Number": Style(color="cyan"),
    "Name.Function": Style(color="blue"),
    "Name.Class": Style(color="blue", bold=True),
    "Name.Decorator": Style(color="yellow"),
    "Name.Tag": Style(color="blue"),
    "Name.Attribute": Style(color="yellow"),
    "Name.Builtin": Style(color="cyan"),
    "Generic.Deleted": Style(color="red"),
    "Generic.Inserted": Style(color="green"),
    "Generic.Heading": Style(bold=True),
    "Generic.Subheading": Style(color="magenta"),
}
_NONE = {
    "Comment": Style(dim=True, italic=True),
    "Keyword": Style(bold=True),
    "Generic.Heading": Style(bold=True),
    "Generic.Deleted": Style(dim=True),
    "Generic.Inserted": Style(bold=True),
}
_WITHOUT_STYLE: dict[str, dict[str, Style]] = {"ansi": _ANSI, "none": _NONE}


def language_of(info: str) -> str:
    """The language a fence names, cleaned; empty where it names none."""
    words = safe_line(info, 80).split()
    return words[0].strip("{}.").split("{")[0].split(",")[0] if words else ""


class _Theme:
    """Token types as styles, worked out once each."""

    def __init__(self, look: Look) -> None:
        self._base = look.code
        self._rows = _WITHOUT_STYLE.get(look.code_theme)
        self._known: dict[Any, Style] = {}
        self._palette = PALETTES.get(look.name)
        if self._rows is None:
            from pygments.styles import get_style_by_name  # pyright: ignore[reportUnknownVariableType]

            self._styled: dict[Any, Any] = dict(iter(cast("Any", get_style_by_name(look.code_theme))))

    def style(self, token: Any) -> Style:
        found = self._known.get(token)
        if found is None:
            found = self._known[token] = self._base + (self._named(token) if self._rows is not None else self._coloured(token))
        return found

    def _named(self, token: Any) -> Style:
        rows = self._rows or {}
        names = [".".join(token[:count]) for count in range(len(token), 0, -1)]
        return next((rows[name] for name in names if name in rows), Style())

    def _coloured(self, token: Any) -> Style:
        # A style does not know the types a lexer made up; they look like those they are a kind of.
        while token not in self._styled and token.parent is not None:
            token = token.parent
        given: Any = self._styled[token]
        color = f"#{given['color']}" if given["color"] else None
        if color and self._palette:
            color = readable(color, self._palette.background, self._palette.contrast)
        return Style(color=color, bold=given["bold"] or None, italic=given["italic"] or None)


@lru_cache(maxsize=16)
def _theme(look: Look) -> _Theme:
    return _Theme(look)


def styled(text: str, tokens: Tokens, look: Look) -> list[Run]:
    """One line of code in the styles of its tokens."""
    if not tokens:
        return merge([(text, look.code)])
    theme = _theme(look)
    ends = tokens[::2]
    runs = [(text[start:end], theme.style(token)) for (start, end), token in zip(pairwise((0, *ends)), tokens[1::2], strict=True)]
    return merge([*runs, (text[ends[-1] :], look.code)])


def fold(runs: Sequence[Run], width: int) -> list[Line]:
    """One line of code as lines: a break swallows one space at most, and the lines after the first are narrower by a mark."""
    text = "".join(piece for piece, _ in runs)
    if cell_len(text) <= width:
        return [Line(tuple(Segment(piece, style) for piece, style in runs))]
    bounds = _fold_points(text, width, max(2, width - len(CONTINUED)))
    lines: list[Line] = []
    for number, (start, end) in enumerate(bounds):
        segments: list[Segment] = []
        at = 0
        for piece, style in runs:
            inside = piece[max(0, start - at) : max(0, end - at)]
            if inside:
                segments.append(Segment(inside, style))
            at += len(piece)
        last = number == len(bounds) - 1
        lines.append(Line(tuple(segments), 0, not last, " " if last else text[end : bounds[number + 1][0]]))
    return lines


def clip(runs: Sequence[Run], width: int, mark: Segment) -> Line:
    """One line of code as one line: `mark` (one cell) stands at the right for what does not fit."""
    text = "".join(piece for piece, _ in runs)
    # No more of a long line is looked at than can fit.
    start = text[: width * 8]
    if len(start) == len(text) and cell_len(text) <= width:
        return Line(tuple(Segment(piece, style) for piece, style in runs))
    kept = used = 0
    for cluster, cells in clusters(start):
        if used + cells > width - 1:
            break
        kept, used = kept + len(cluster), used + cells
    segments: list[Segment] = []
    for piece, style in runs:
        if kept <= 0:
            break
        segments.append(Segment(piece[:kept], style))
        kept -= len(piece)
    return Line((*segments, mark))


def _fold_points(text: str, first: int, rest: int) -> list[tuple[int, int]]:
    """Ranges that fill the widths; a space in the last third of a line is a better end than the middle of a word."""
    if text.isascii():
        return _fold_points_of_cells(text, first, rest)
    bounds: list[tuple[int, int]] = []
    start, used, room, space, space_used = 0, 0, first, 0, 0
    end = 0
    for cluster, cells in clusters(text):
        at, end = end, end + len(cluster)
        if used + cells > room and at > start:
            stop = space if space > start and space_used * 3 >= room * 2 else at
            bounds.append((start, stop))
            if stop == at and text[at] == " ":
                start, used, room, space, space_used = end, 0, rest, 0, 0
                continue
            used = cell_len(text[stop:at])
            start, room, space, space_used = stop, rest, 0, 0
        used += cells
        if text[at] == " ":
            space, space_used = end, used
    return [*bounds, (start, len(text))]


def _fold_points_of_cells(text: str, first: int, rest: int) -> list[tuple[int, int]]:
    """The same for a text whose every character is a cell, without looking at each."""
    bounds: list[tuple[int, int]] = []
    start, room = 0, first
    while len(text) - start > room:
        at = start + room
        space = text.rfind(" ", start, at) + 1
        stop = space if space > start and (space - start) * 3 >= room * 2 else at
        bounds.append((start, stop))
        start, room = stop + (stop == at and text[at] == " "), rest
    return [*bounds, (start, len(text))]
