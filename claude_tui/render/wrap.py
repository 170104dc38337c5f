"""Breaking styled text into lines of a width in cells.

Breaks fall at spaces, between characters of scripts that are written without them, and inside a word only where it is wider than a
line. A wide character, a combining sequence or a joined emoji is never cut. Joining the lines by the rules of `Line` gives the text
back, without the spaces at its end.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from rich.cells import cell_len, split_graphemes
from rich.segment import Segment
from rich.style import Style

from claude_tui.render.base import Line

Run: TypeAlias = tuple[str, Style]
"""A piece of text in one style."""

TAB = 4

_WIDE_SCRIPT = (
    "\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6"
    "\U0001f300-\U0001faff\U00020000-\U0003fffd"
)
_HAS_WIDE = re.compile(f"[{_WIDE_SCRIPT}]")
_NEVER_FIRST = frozenset("。，、！？；：」』）】》〉〕〗’”…—·・ー々〜～％,.!?;:)]}%'\"»›ぁぃぅぇぉっゃゅょァィゥェォッャュョ\u3000")
_NEVER_LAST = frozenset("「『（【《〈〔〖‘“([{«‹")
_WORDS = re.compile(" +|[^ ]+")
_EXTENDS = re.compile(
    "[\u200c\u200d\ufe00-\ufe0f\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f\U0001f3fb-\U0001f3ff]"
)
_JOINER = "\u200d"


def expand_tabs(text: str, column: int = 0) -> str:
    """`text` (one line) with its tabs as spaces up to the next stop of four cells."""
    if "\t" not in text:
        return text
    parts: list[str] = []
    for part in text.split("\t"):
        column += cell_len(part)
        fill = TAB - column % TAB
        parts += (part, " " * fill)
        column += fill
    return "".join(parts[:-1])


def merge(runs: Iterable[Run]) -> list[Run]:
    """`runs` without empty ones, neighbours of one style joined, and no character parted from the marks that belong to it."""
    merged: list[Run] = []
    for text, style in runs:
        if merged:
            before, its_style = merged[-1]
            taken = 0
            while taken < len(text) and (before.endswith(_JOINER) or _EXTENDS.match(text, taken)):
                before += text[taken]
                taken += 1
            text = text[taken:]
            if text and style == its_style:
                before, text = before + text, ""
            merged[-1] = (before, its_style)
        if text:
            merged.append((text, style))
    return merged


def clusters(text: str) -> list[tuple[str, int]]:
    """The characters of `text` with what is joined to them, and their widths."""
    joined: list[str] = []
    for start, end, _ in split_graphemes(text)[0]:
        if joined and _EXTENDS.match(text, start):
            joined[-1] += text[start:end]
        else:
            joined.append(text[start:end])
    return [(cluster, cell_len(cluster)) for cluster in joined]


def _atoms(word: str) -> Iterator[tuple[str, int]]:
    """`word` in pieces that may stand on lines of their own, with their widths."""
    if word.isascii() or not _HAS_WIDE.search(word):
        yield word, cell_len(word)
        return
    piece, cells, last, wide = "", 0, "", False
    for cluster, its_cells in clusters(word):
        its_wide = _HAS_WIDE.match(cluster) is not None
        if piece and (wide or its_wide) and cluster[0] not in _NEVER_FIRST and last not in _NEVER_LAST:
            yield piece, cells
            piece, cells = "", 0
        piece, cells, last, wide = piece + cluster, cells + its_cells, cluster[0], its_wide
    if piece:
        yield piece, cells


class _Breaks:
    """The lines of one text, as `(start, end, what was swallowed behind it)`."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.found: list[tuple[int, int, str]] = []
        self.start = self.end = 0
        self.used = 0
        self.spaces = ""

    def space(self, spaces: str) -> None:
        self.spaces = spaces

    def put(self, text: str, cells: int) -> None:
        """Set an atom behind the pending spaces, or on the next line."""
        if self.used + len(self.spaces) + cells <= self.width:
            self._extend(text, cells)
            return
        if self.used or self.spaces:
            self._break()
        if cells <= self.width:
            self._extend(text, cells)
            return
        for cluster, its_cells in clusters(text):
            if self.used and self.used + its_cells > self.width:
                self._break()
            self._extend(cluster, its_cells)

    def _extend(self, text: str, cells: int) -> None:
        self.end += len(self.spaces) + len(text)
        self.used += len(self.spaces) + cells
        self.spaces = ""

    def _break(self) -> None:
        self.found.append((self.start, self.end, self.spaces))
        self.start = self.end = self.end + len(self.spaces)
        self.used, self.spaces = 0, ""


def break_points(text: str, width: int) -> list[tuple[int, int, str]]:
    """Where `text` (one line, no tabs) is cut for `width` cells: `(start, end, glue)` a line, at least one."""
    stripped = text.rstrip(" ")
    if len(stripped) * 2 <= width or (len(stripped) <= width and stripped.isascii()):
        return [(0, len(stripped), "")]
    breaks = _Breaks(max(2, width))
    for match in _WORDS.finditer(stripped):
        word = match.group()
        if word[0] == " ":
            breaks.space(word)
        else:
            for atom, cells in _atoms(word):
                breaks.put(atom, cells)
    return [*breaks.found, (breaks.start, breaks.end, "")]


def _slices(runs: Sequence[Run], bounds: Iterable[tuple[int, int]]) -> Iterator[tuple[Segment, ...]]:
    """The runs cut into the given ascending ranges of characters."""
    starts = [0]
    for text, _ in runs:
        starts.append(starts[-1] + len(text))
    for start, end in bounds:
        cut: list[Segment] = []
        at = max(0, bisect_right(starts, start) - 1)
        while at < len(runs) and starts[at] < end:
            text, style = runs[at]
            piece = text[max(0, start - starts[at]) : end - starts[at]]
            if piece:
                cut.append(Segment(piece, style))
            at += 1
        yield tuple(cut)


def wrap(runs: Iterable[Run], width: int) -> list[Line]:
    """One line of source, `runs` without line ends, as lines of at most `width` (2 or more) cells."""
    pieces = merge(runs)
    if any("\t" in text for text, _ in pieces):
        pieces = _without_tabs(pieces)
    text = "".join(piece for piece, _ in pieces)
    points = break_points(text, width)
    last = len(points) - 1
    cut = _slices(pieces, [(start, end) for start, end, _ in points])
    return [
        Line(segments, 0, number < last, glue if number < last else " ")
        for number, (segments, (_, _, glue)) in enumerate(zip(cut, points, strict=True))
    ]


def wrap_open(runs: Iterable[Run], width: int) -> list[Line]:
    """The lines of a text that goes on which cannot change any more: all but the last, which is not finished."""
    return wrap(runs, width)[:-1]


def _without_tabs(runs: Sequence[Run]) -> list[Run]:
    expanded: list[Run] = []
    column = 0
    for text, style in runs:
        text = expand_tabs(text, column)
        column += cell_len(text)
        expanded.append((text, style))
    return expanded


def indent(lines: Iterable[Line], first: Sequence[Segment], rest: Sequence[Segment] | None = None) -> list[Line]:
    """`lines` behind a prefix: `first` before the first of them, `rest` (as `first` where not given) before the others.

    A prefix of blanks is left out before an empty line.
    """
    prefix = tuple(first)
    behind = prefix if rest is None else tuple(rest)
    result: list[Line] = []
    lead, blank = _prefix(prefix)
    for line in lines:
        if blank and not line.segments:
            result.append(line)
        else:
            result.append(Line(prefix + line.segments, lead + line.lead, line.soft, line.glue))
        if prefix is not behind:
            prefix = behind
            lead, blank = _prefix(prefix)
    return result


def _prefix(segments: Sequence[Segment]) -> tuple[int, bool]:
    text = "".join(segment.text for segment in segments)
    return len(text), not text.strip()


def cut(text: str, width: int) -> str:
    """`text` (one line) in at most `width` cells; an ellipsis marks where it was cut."""
    if cell_len(text) <= width:
        return text
    kept, used = "", 0
    for cluster, cells in clusters(text[: width * 4 + 8]):
        if used + cells > width - 1:
            break
        kept, used = kept + cluster, used + cells
    return kept.rstrip(" ") + "…" if width > 0 else ""
