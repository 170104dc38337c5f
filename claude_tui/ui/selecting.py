"""What is selected of the transcript, on the screen and as text.

Offsets count characters of a painted line, gutter included; `-1` is the end of the line.
"""

from __future__ import annotations

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Offset
from textual.selection import Selection
from textual.strip import Strip

from claude_tui.domain.text import safe_text
from claude_tui.ui.layout import Layout, Position

_ROW_BITS = 20
RAILS = " │┃▌▎"
"""A line of nothing else is a blank line of the text."""
LONGEST = 1_000_000
"""Rows that one selection may span."""


def key_of(position: Position) -> int:
    """The position as one number that grows downwards: the `y` of offsets."""
    return position.cell << _ROW_BITS | position.row


def position_of(offset: Offset) -> Position:
    return Position(offset.y >> _ROW_BITS, offset.y & ((1 << _ROW_BITS) - 1))


def highlighted(strip: Strip, span: tuple[int, int], gutter: int, style: Style) -> Strip:
    """The strip with these characters in the selection's colours; the gutter never."""
    text = strip.text
    start = max(span[0], gutter)
    end = len(text.rstrip()) if span[1] < 0 else min(span[1], len(text))
    if end <= start:
        return strip
    cuts = [cell_len(text[:start]), cell_len(text[:end]), strip.cell_length]
    parts = list(strip.divide(cuts))
    if len(parts) < 2:
        return strip
    chosen = Strip([Segment(one, (old or Style.null()) + style) for one, old, _ in parts[1]], parts[1].cell_length)
    return Strip.join([parts[0], chosen, *parts[2:]])


def between(layout: Layout[Strip], first: Position, last: Position, selection: Selection, gutter: int) -> str:
    """The text from `first` to `last`: wrapped lines joined again, decoration left out, blank rows between cells kept."""
    parts: list[str] = []
    position, glue = first, ""
    for _ in range(LONGEST):
        line = layout.line(position)
        start = selection.start.x - gutter if selection.start and position == first else 0
        end = selection.end.x - gutter if selection.end and position == last else None
        if line is None:
            parts.append(glue)
            glue = "\n"
        elif line.lead >= len(line.text) and line.text.strip(RAILS):  # a label, a frame, a rule: no part of the text
            pass
        else:
            text = line.text[max(start, line.lead) : end if end is None else max(end, 0)]
            parts.append(glue + (text if line.soft else text.rstrip(" ")))
            glue = line.glue if line.soft else "\n"
        if position >= last:
            break
        following = layout.move(position, 1)
        if following == position:
            break
        position = following
    return safe_text("".join(parts)).strip("\n")
