"""From lines to what the terminal gets: strips of a width on the screen's own ground, and the few marks laid over them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from claude_tui.render.base import Line, Look

GUTTER = 2
"""Cells left of every line, where the message cursor is drawn."""


@dataclass(frozen=True)
class Brush:
    """`base`: the style everything lies on. Strips are exactly `width` cells wide."""

    width: int
    base: Style
    look: Look

    @cached_property
    def blank(self) -> Strip:
        return Strip.blank(self.width, self.base)

    def line(self, line: Line) -> Strip:
        base = self.base
        segments = [Segment(" " * GUTTER, base)]
        segments += [Segment(text, base + style if style else base) for text, style, _ in line.segments if text]
        missing = self.width - sum(cell_len(segment.text) for segment in segments)
        if missing > 0:
            segments.append(Segment(" " * missing, base))
        return Strip(segments, self.width if missing >= 0 else None).simplify()

    def at_cursor(self, strip: Strip) -> Strip:
        """The strip with the message cursor's bar at its left."""
        return Strip([Segment("▌", self.base + self.look.accent), *strip.crop(1)], strip.cell_length)

    def pill(self, strip: Strip, below: int) -> Strip:
        """The strip with a word at its right end on how many lines lie below."""
        text = f" ↓ {max(below, 1):,} more {'line' if below < 2 else 'lines'} · End "
        if cell_len(text) + 4 > self.width:
            text = " ↓ "
        style = self.base + self.look.accent + Style(reverse=True, meta={"follow": True})
        return Strip([*strip.crop(0, self.width - cell_len(text) - 1), Segment(text, style), Segment(" ", self.base)], self.width)
