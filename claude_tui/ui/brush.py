"""From lines to what the terminal gets: strips of a width on the screen's own ground, and what is laid over them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from claude_tui.render.base import Line, Look
from claude_tui.render.wrap import clusters
from claude_tui.ui.frame import Overlay
from claude_tui.ui.selecting import snapped

GUTTER = 2
"""Cells left of every line, where the message cursor is drawn."""
_MARK = Style(bold=True, underline=True)
_REVERSE = Style(reverse=True)
_JOINED = re.compile("[\ufe0f\u200d]")


@dataclass(frozen=True)
class Brush:
    """`base`: the style everything lies on; `selection`: that of selected characters. Strips are exactly `width` cells wide."""

    width: int
    base: Style
    look: Look
    selection: Style

    @cached_property
    def blank(self) -> Strip:
        return Strip.blank(self.width, self.base)

    def line(self, line: Line) -> Strip:
        base = self.base
        segments = [Segment(" " * GUTTER, base)]
        segments += [Segment(steady(text), base + style if style else base) for text, style, _ in line.segments if text]
        missing = self.width - sum(cell_len(segment.text) for segment in segments)
        if missing > 0:
            segments.append(Segment(" " * missing, base))
        return Strip(Segment.simplify(segments), self.width if missing >= 0 else None)

    def lay(self, strip: Strip, overlay: Overlay) -> Strip:
        """The strip with what lies over it."""
        if overlay.marks:
            styles = {True: self.look.accent + _REVERSE, False: self._mark}
            strip = restyled(strip, ((mark.start + GUTTER, mark.end + GUTTER, styles[mark.current]) for mark in overlay.marks))
        if overlay.selected is not None:
            start, end = overlay.selected
            strip = restyled(strip, [(start + GUTTER, min(end + GUTTER, len(strip.text.rstrip())), self.selection)])
        if overlay.cursor:
            strip = Strip([Segment("▌", self.base + self.look.accent), *strip.crop(1)], strip.cell_length)
        return self._with_pill(strip, overlay.pill) if overlay.pill else strip

    @cached_property
    def _mark(self) -> Style:
        """A match that is not the current one: by colour where there are colours, since links are underlined too."""
        warning = self.look.warning
        return warning + (_REVERSE if warning.color is not None else _MARK)

    def _with_pill(self, strip: Strip, words: str) -> Strip:
        text = f" {words} "
        if cell_len(text) + 4 > self.width:
            text = " ↓ "
        style = self.base + self.look.accent + Style(reverse=True, meta={"follow": True})
        return Strip([*strip.crop(0, self.width - cell_len(text) - 1), Segment(text, style), Segment(" ", self.base)], self.width)


def steady(text: str) -> str:
    """`text` in as many cells, without what some terminals draw wider than others: pictures of several characters are the first.

    A blank stands behind it where that alone is narrower. A line that is a cell short shifts all that stands behind it.
    """
    if text.isascii() or not _JOINED.search(text):
        return text
    parts: list[str] = []
    for cluster, cells in clusters(text):
        if _JOINED.search(cluster) and cells > 0:
            bare = _JOINED.split(cluster)[0]
            cluster = bare + " " * (cells - cell_len(bare)) if cell_len(bare) <= cells else cluster
        parts.append(cluster)
    return "".join(parts)


def pill_words(new: int, below: int, exact: int) -> str:
    """What stands at the right end of the last row while there is more below: what has come, else how much it is.

    `exact`: so many lines are counted; more are estimated.
    """
    count, word = (new, "new") if new else (max(below, 1), "more")
    return f"↓ {'~' if count > exact else ''}{count:,} {word} {'line' if count == 1 else 'lines'} · End"


def restyled(strip: Strip, spans: Iterable[tuple[int, int, Style]]) -> Strip:
    """The strip with these characters (from, up to) in another style; a character is never torn from what is joined to it."""
    text, segments = strip.text, list(strip)
    for start, end, style in spans:
        start, end = snapped(text, max(start, 0), up=False), snapped(text, min(end, len(text)), up=True)
        if start < end:
            segments = list(_restyled(segments, start, end, style))
    return Strip(segments, strip.cell_length)


def _restyled(segments: list[Segment], start: int, end: int, style: Style) -> Iterable[Segment]:
    at = 0
    for segment in segments:
        text, old, _ = segment
        begin, stop = min(max(start - at, 0), len(text)), min(max(end - at, 0), len(text))
        at += len(text)
        if begin >= stop:
            yield segment
            continue
        for part, its_style in ((text[:begin], old), (text[begin:stop], (old or Style.null()) + style), (text[stop:], old)):
            if part:
                yield Segment(part, its_style)
