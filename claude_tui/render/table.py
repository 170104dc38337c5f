"""Tables that fit: columns share the width, cells wrap, and below a minimum every row becomes a list of names and values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from claude_tui.render.base import Line, Look
from claude_tui.render.wrap import Run, indent, wrap

Align: TypeAlias = Literal["left", "center", "right"]
TableCell: TypeAlias = Sequence[Sequence[Run]]
"""The lines of one cell, each as runs."""

_NARROWEST, _WORD = 8, 12
"""Cells: no column that needs more gets less than the first, or than its longest word if that is no longer than the second."""
_PADDING = 3
"""A blank on both sides of a column and its border."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows are as long as `head`."""

    head: Sequence[TableCell]
    aligns: Sequence[Align]
    rows: Sequence[Sequence[TableCell]]


def table_lines(table: Table, look: Look, width: int) -> list[Line]:
    """The table in at most `width` cells."""
    columns = len(table.head)
    room = width - _PADDING * columns + 1
    natural = [max(_cell_width(row[at]) for row in (table.head, *table.rows)) for at in range(columns)]
    words = [max(_longest_word(row[at]) for row in (table.head, *table.rows)) for at in range(columns)]
    least = [max(1, min(most, max(_NARROWEST, min(word, _WORD)))) for most, word in zip(natural, words, strict=True)]
    if columns and sum(least) > room:
        return _as_records(table, look, width)
    return _grid(table, look, _shares(natural, words, least, room))


def _cell_width(cell: TableCell) -> int:
    return max((sum(cell_len(text) for text, _ in runs) for runs in cell), default=0)


def _longest_word(cell: TableCell) -> int:
    words = (word for runs in cell for word in "".join(text for text, _ in runs).split(" "))
    return max((2 if _is_wide(word) else cell_len(word) for word in words), default=0)


def _is_wide(word: str) -> bool:
    return not word.isascii() and cell_len(word) > len(word)


def _shares(natural: list[int], words: list[int], least: list[int], room: int) -> list[int]:
    """Widths of the columns: what they need if there is room; else whole words first, then an even share of what is left."""
    if sum(natural) <= room:
        return [max(1, one) for one in natural]
    widths = list(least)
    for goal in ([min(need, max(room // 3, low)) for need, low in zip(words, least, strict=True)], natural):
        _grow(widths, goal, room)
    return widths


def _grow(widths: list[int], goal: list[int], room: int) -> None:
    """Widen the columns that are short of their goal, the narrowest first, while there is room."""
    left = room - sum(widths)
    while left > 0:
        short = [at for at in range(len(widths)) if widths[at] < goal[at]]
        if not short:
            return
        at = min(short, key=widths.__getitem__)
        others = [widths[other] for other in short if widths[other] > widths[at]]
        step = max(1, min(goal[at] - widths[at], left, min(others, default=widths[at] + 1) - widths[at]))
        widths[at] += step
        left -= step


def _grid(table: Table, look: Look, widths: list[int]) -> list[Line]:
    head = [_wrapped(cell, cells) for cell, cells in zip(table.head, widths, strict=True)]
    rows = [[_wrapped(cell, cells) for cell, cells in zip(row, widths, strict=True)] for row in table.rows]
    tall = any(len(cell) > 1 for row in rows for cell in row)
    lines = _row(head, widths, table.aligns, look)
    lines.append(_border(widths, "─", "┼", look.code_frame))
    for number, row in enumerate(rows):
        if number and tall:
            lines.append(_border(widths, "╌", "┼", look.code_frame))
        lines += _row(row, widths, table.aligns, look)
    return lines


def _wrapped(cell: TableCell, cells: int) -> list[tuple[Segment, ...]]:
    """The cell's lines, none wider than `cells`: a column too narrow for a wide character says so."""
    lines = [line.segments for runs in cell for line in wrap(runs, max(2, cells))] or [()]
    if cells < 2:
        lines = [line if _width(line) <= cells else (Segment("…", line[0].style),) for line in lines]
    return lines


def _width(segments: Sequence[Segment]) -> int:
    return sum(cell_len(segment.text) for segment in segments)


def _border(widths: list[int], line: str, cross: str, style: Style) -> Line:
    text = cross.join(line * (cells + 2) for cells in widths)
    return Line((Segment(text, style),), len(text))


def _row(cells: list[list[tuple[Segment, ...]]], widths: list[int], aligns: Sequence[Align], look: Look) -> list[Line]:
    lines: list[Line] = []
    for at in range(max(len(cell) for cell in cells)):
        segments: list[Segment] = []
        for column, cell in enumerate(cells):
            content = cell[at] if at < len(cell) else ()
            before, after = _pads(aligns[column], widths[column] - _width(content))
            last = column == len(cells) - 1
            border = [Segment("│", look.code_frame)] if column else []
            blanks = Segment(" " * (before + 1), look.text), Segment(" " * (0 if last else after + 1), look.text)
            segments += [piece for piece in (*border, blanks[0], *content, blanks[1]) if piece.text]
        lines.append(Line(tuple(segments), 1))
    return lines


def _pads(align: Align, spare: int) -> tuple[int, int]:
    if align == "right":
        return spare, 0
    if align == "center":
        return spare // 2, spare - spare // 2
    return 0, spare


def _as_records(table: Table, look: Look, width: int) -> list[Line]:
    """Each row as `name: value` lines, a thin line between rows."""
    lines: list[Line] = []
    colon: Run = (": ", look.muted)
    for number, row in enumerate(table.rows or [[[] for _ in table.head]]):  # a head alone: its names
        if number:
            lines.append(Line((Segment("╌" * min(width, 12), look.code_frame),), min(width, 12)))
        for name, value in zip(table.head, row, strict=True):
            label = [run for runs in name for run in runs]
            first, *others = value or [[]]
            texts = [[*label, colon, *first] if label else list(first), *others]
            whole = wrap(texts[0], width) if len(texts) == 1 else []
            hanging = Segment("  ", look.text)
            lines += (
                whole if len(whole) == 1 else indent([line for runs in texts for line in wrap(runs, width - 2)], (), (hanging,))
            )
    return lines
