"""Code: highlighted where the language is named and known, on a frame, long lines folded.

The language is never guessed. What a lexer makes of a text changes its colours only, never its characters.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from claude_tui.domain.text import safe_line, safe_text
from claude_tui.render.base import Line, Look
from claude_tui.render.palettes import PALETTES, readable
from claude_tui.render.wrap import Run, clusters, cut, expand_tabs, merge

if TYPE_CHECKING:
    from pygments.lexer import Lexer

_log = logging.getLogger(__name__)

_MOST_HIGHLIGHTED = 60_000
_LONGEST_HIGHLIGHTED_LINE = 2_000
"""Characters. Lexers are regular expressions of others' making: what is larger stays plain."""

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


@lru_cache(maxsize=1)
def _aliases() -> dict[str, str]:
    from pygments.lexers import get_all_lexers

    return {alias.lower(): alias for _, aliases, _, _ in get_all_lexers(plugins=False) for alias in aliases}


@lru_cache(maxsize=64)
def _lexer(language: str) -> Lexer | None:
    from pygments.lexers import get_lexer_by_name  # pyright: ignore[reportUnknownVariableType]

    alias = _aliases().get(language)
    return None if alias is None else cast("Any", get_lexer_by_name)(alias, stripnl=False, ensurenl=False)


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

            self._style: Any = get_style_by_name(look.code_theme)

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
        given: Any = self._style.style_for_token(token)
        color = f"#{given['color']}" if given["color"] else None
        if color and self._palette:
            color = readable(color, self._palette.background, self._palette.contrast)
        return Style(color=color, bold=given["bold"] or None, italic=given["italic"] or None)


@lru_cache(maxsize=16)
def _theme(look: Look) -> _Theme:
    return _Theme(look)


@lru_cache(maxsize=64)
def highlight(code: str, language: str, look: Look) -> tuple[tuple[Run, ...], ...]:
    """The lines of `code` (clean, without tabs) as runs."""
    plain = tuple(tuple(merge([(line, look.code)])) for line in code.split("\n"))
    lexer = _lexer(language.lower()) if language else None
    if lexer is None or len(code) > _MOST_HIGHLIGHTED or any(len(line) > _LONGEST_HIGHLIGHTED_LINE for line in code.split("\n")):
        return plain
    theme = _theme(look)
    lines: list[list[Run]] = [[]]
    try:
        for token, text in lexer.get_tokens(code):
            style = theme.style(token)
            for number, part in enumerate(text.split("\n")):
                if number:
                    lines.append([])
                if part:
                    lines[-1].append((part, style))
    except Exception:
        _log.warning("the lexer for %s failed", language, exc_info=True)
        return plain
    drawn = tuple(tuple(merge(runs)) for runs in lines)
    # A lexer may add or drop a line end, and nothing else; one that does is not worth its colours.
    return drawn if ["".join(text for text, _ in runs) for runs in drawn] == code.split("\n") else plain


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


def _fold_points(text: str, first: int, rest: int) -> list[tuple[int, int]]:
    """Ranges that fill the widths; a space in the last third of a line is a better end than the middle of a word."""
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


def code_lines(code: str, info: str, look: Look, width: int, number: int) -> list[Line]:
    """A fenced block: a header with the language and a `copy` label for block `number`, the code behind a rail, an end."""
    clean = "\n".join(expand_tabs(line) for line in safe_text(code).split("\n"))
    language = language_of(info)
    lines = [_header(language, look, width, number)]
    rail = Segment("│ ", look.code_frame) if width > 10 else Segment("", look.code_frame)
    mark = Segment(CONTINUED, look.muted)
    room = width - cell_len(rail.text)
    for runs in highlight(clean, language, look):
        for count, line in enumerate(fold(runs, room)):
            prefix = [piece for piece in ((rail, mark) if count else (rail,)) if piece.text]
            lead = sum(len(piece.text) for piece in prefix)
            lines.append(Line((*prefix, *line.segments), lead, line.soft, line.glue))
    return [*lines, _decoration("╰" + "─" * (width - 1), look.code_frame)]


def _header(language: str, look: Look, width: int, number: int) -> Line:
    label = "copy" if width >= 12 else ""
    name = cut(language, width - len(label) - 6) if language else ""
    left = [Segment("╭─", look.code_frame)]
    if name:
        left += [Segment(f" {name} ", look.muted)]
    right = [Segment(" ", look.code_frame), Segment(label, look.muted + Style(meta={"copy": number}))] if label else []
    fill = width - sum(cell_len(piece.text) for piece in (*left, *right))
    segments = (*left, Segment("─" * fill, look.code_frame), *right)
    return Line(segments, sum(len(piece.text) for piece in segments))


def _decoration(text: str, style: Style) -> Line:
    return Line((Segment(text, style),), len(text))
