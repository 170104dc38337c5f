"""Tables that fit: columns share the width, cells wrap, and below a minimum every row becomes a list of names and values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from claude_tui.render.base import Line, Look
from claude_tui.render.wrap import Run, expand_tabs, indent, wrap

Align: TypeAlias = Literal["left", "center", "right"]
TableCell: TypeAlias = Sequence[Sequence[Run]]
"""The lines of one cell, each as runs."""
Widths: TypeAlias = "Sequence[int] | None"
"""Of the columns, in cells; none where rows are drawn as names and values."""

_NARROWEST, _WORD = 8, 12
"""Cells: no column that needs more gets less than the first, or than its longest word if that is no longer than the second."""
_PADDING = 3
"""A blank on both sides of a column and its border."""
_DOTS = 12
"""Cells of the line between rows that are names and values."""
HEADROOM = 4
"""Cells that a column of a growing table gets at least; where there is room, twice what its first rows need: others are longer."""


@dataclass(slots=True)
class Extents:
    """What the columns of some rows need, in cells: their widest line and longest word."""

    natural: list[int]
    words: list[int]

    @classmethod
    def of(cls, head: Sequence[TableCell]) -> Extents:
        """The needs of a head alone; it has a column or more."""
        needs = cls([0] * len(head), [0] * len(head))
        needs.add(head)
        return needs

    def copy(self) -> Extents:
        return Extents(list(self.natural), list(self.words))

    def add(self, row: Sequence[TableCell]) -> None:
        """Make room for one more row, as long as the head."""
        for column, cell in enumerate(row):
            for runs in cell:
                text = expand_tabs("".join([text for text, _ in runs])).rstrip(" ")
                cells = cell_len(text)
                self.natural[column] = max(self.natural[column], cells)
                if cells > self.words[column]:
                    self.words[column] = max(self.words[column], *map(_word_cells, text.split(" ")))


def fit(needs: Extents, width: int, *, growing: bool = False) -> Widths:
    """How wide the columns of a table are in `width` cells. `growing`: rows that are not counted in `needs` may come."""
    columns = len(needs.natural)
    room = width - _PADDING * columns + 1
    natural = [max(1, one) for one in needs.natural]
    least = [min(most, max(_NARROWEST, min(word, _WORD))) for most, word in zip(natural, needs.words, strict=True)]
    if sum(least) > room:
        return None
    enough = sum(natural) <= room
    widths = list(natural if enough else least)
    if growing:
        spare = max(room - sum(widths), 0) // columns
        _grow(widths, [max(HEADROOM, one + min(one, spare)) for one in widths], room)
    if not enough:  # whole words first, then an even share of what is left
        for goal in ([min(need, max(room // 3, low)) for need, low in zip(needs.words, least, strict=True)], natural):
            _grow(widths, goal, room)
    return widths


@dataclass(frozen=True, slots=True)
class Painter:
    """Draws the parts of one table."""

    head: Sequence[TableCell]
    aligns: Sequence[Align]
    widths: Widths
    look: Look
    width: int

    def top(self, *, alone: bool) -> list[Line]:
        """What stands above the first row. `alone`: there are no rows, so names and values are the names."""
        widths = self.widths
        if widths is None:
            return _record(self.head, [[] for _ in self.head], self.look, self.width) if alone else []
        return [*_row(self.head, widths, self.aligns, self.look), _border(widths, "─", "┼", self.look.code_frame)]

    def rows(self, rows: Iterable[Sequence[TableCell]], above: Sequence[TableCell] | None = None) -> list[Line]:
        """Rows of the body, behind the row `above`, if there is one. What parts a row from the one above it comes with it.

        In the grid that is a dotted line, where one of the two takes several lines: no other row has a part in it, so what is
        drawn of a growing table stays.
        """
        widths, frame = self.widths, self.look.code_frame
        lines: list[Line] = []
        if widths is None:
            dots = min(self.width, _DOTS)
            for row in rows:
                if above is not None:
                    lines.append(Line((Segment("╌" * dots, frame),), dots))
                lines += _record(self.head, row, self.look, self.width)
                above = row
            return lines
        before = _row(above, widths, self.aligns, self.look) if above is not None else []
        for row in rows:
            drawn = _row(row, widths, self.aligns, self.look)
            if before and len(before) + len(drawn) > 2:
                lines.append(_border(widths, "╌", "┼", frame))
            lines += drawn
            before = drawn
        return lines


def _word_cells(word: str) -> int:
    cells = cell_len(word)
    return cells if word.isascii() or cells <= len(word) else 2  # scripts written without spaces break anywhere


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


def _wrapped(cell: TableCell, cells: int) -> list[tuple[Segment, ...]]:
    """The cell's lines, none wider than `cells`: a column too narrow for any of them says so."""
    lines = [line.segments for runs in cell for line in wrap(runs, max(2, cells))] or [()]
    wide = next((line for line in lines if _width(line) > cells), None) if cells < 2 else None
    return [(Segment("…", wide[0].style),)] if wide else lines


def _width(segments: Sequence[Segment]) -> int:
    return sum(cell_len(segment.text) for segment in segments)


def _border(widths: Sequence[int], line: str, cross: str, style: Style) -> Line:
    text = cross.join(line * (cells + 2) for cells in widths)
    return Line((Segment(text, style),), len(text))


def _row(row: Sequence[TableCell], widths: Sequence[int], aligns: Sequence[Align], look: Look) -> list[Line]:
    cells = [_wrapped(cell, its_cells) for cell, its_cells in zip(row, widths, strict=True)]
    lines: list[Line] = []
    count = max(len(cell) for cell in cells)
    for at in range(count):
        segments: list[Segment] = []
        for column, cell in enumerate(cells):
            content = cell[at] if at < len(cell) else ()
            before, after = _pads(aligns[column], widths[column] - _width(content))
            last = column == len(cells) - 1
            border = [Segment("│", look.code_frame)] if column else []
            blanks = Segment(" " * (before + 1), look.text), Segment(" " * (0 if last else after + 1), look.text)
            segments += [piece for piece in (*border, blanks[0], *content, blanks[1]) if piece.text]
        lines.append(Line(tuple(segments), 1, soft=at + 1 < count))
    return lines


def _pads(align: Align, spare: int) -> tuple[int, int]:
    if align == "right":
        return spare, 0
    if align == "center":
        return spare // 2, spare - spare // 2
    return 0, spare


def _record(head: Sequence[TableCell], row: Sequence[TableCell], look: Look, width: int) -> list[Line]:
    """One row as `name: value` lines."""
    lines: list[Line] = []
    colon: Run = (": ", look.muted)
    hanging = Segment("  ", look.text)
    for name, value in zip(head, row, strict=True):
        label = [run for runs in name for run in runs]
        first, *others = value or [[]]
        texts = [[*label, colon, *first] if label else list(first), *others]
        whole = wrap(texts[0], width) if len(texts) == 1 else []
        lines += whole if len(whole) == 1 else indent([line for runs in texts for line in wrap(runs, width - 2)], (), (hanging,))
    return lines
