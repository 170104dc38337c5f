"""The parts of a panel that can be collapsed: its header line, and its content behind a thin rail."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.cells import cell_len
from rich.segment import Segment

from claude_tui.render.base import Line, Look
from claude_tui.render.wrap import Run, cut, indent

CLOSED, OPEN, FIXED = "▸ ", "▾ ", "· "
SEPARATOR = " · "


def duration(seconds: float, *, running: bool = False) -> str:
    """`20 ms`, `0.4 s`, `12 s`, `2 min 5 s`; whole seconds while the clock runs."""
    seconds = max(0.0, seconds)
    if seconds < 0.0995 and not running:
        return f"{max(1, round(seconds * 1000))} ms"
    if seconds < 9.95 and not running:
        return f"{seconds:.1f} s"
    whole = int(seconds) if running else round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"


def size(characters: int) -> str:
    """`1.2 KB`, `340 KB`, `5.0 MB`."""
    thousands = characters / 1_000
    if thousands >= 999.5:
        return f"{thousands / 1_000:.1f} MB"
    return f"{thousands:.1f} KB" if thousands < 99.95 else f"{thousands:.0f} KB"


def header(look: Look, width: int, mark: str, title: Run, parts: Sequence[Run], end: Run | None = None) -> Line:
    """`▸ title · part · part`, then `end` as it is, in one line: the longest part is cut until the line fits, the end last."""
    tail = cut(end[0], width - cell_len(mark) - min(6, cell_len(title[0]))) if end else ""
    room = width - cell_len(mark) - cell_len(tail)
    texts = _fitted([title[0], *(text for text, _ in parts)], room)
    styles = [title[1], *(style for _, style in parts)]
    segments = [Segment(mark, look.muted)]
    for number, (text, style) in enumerate(zip(texts, styles, strict=False)):
        if text:
            segments += [Segment(SEPARATOR, look.muted)] if number else []
            segments.append(Segment(text, style))
    if end and tail:
        segments.append(Segment(tail, end[1]))
    return Line(tuple(segments), len(mark))


def _fitted(texts: list[str], room: int) -> list[str]:
    """`texts` shortened to `room` cells with their separators: the longest first; parts that get too short go, the last first."""
    while True:
        widths = [cell_len(text) for text in texts]
        over = sum(widths) + cell_len(SEPARATOR) * (len(texts) - 1) - room
        if over <= 0:
            return texts
        at = max(range(len(texts)), key=widths.__getitem__)
        if widths[at] - over >= min(8, widths[at] - 1) or len(texts) == 1:
            return [*texts[:at], cut(texts[at], widths[at] - over), *texts[at + 1 :]]
        texts = texts[:-1]


def panel_rail(look: Look, width: int) -> Segment | None:
    """The rail of an open panel, None where there is no room for it."""
    return Segment("│ ", look.code_frame) if inner_width(width) < width else None


def body(look: Look, width: int, lines: Iterable[Line]) -> list[Line]:
    """The lines, drawn for `inner_width`, behind the rail of an open panel."""
    rail = panel_rail(look, width)
    return indent(lines, (rail,)) if rail else list(lines)


def inner_width(width: int) -> int:
    """What a rail leaves."""
    return width - 2 if width >= 12 else width


def thin_rule(look: Look, width: int) -> Line:
    cells = min(width, 12)
    return Line((Segment("─" * cells, look.code_frame),), cells)
