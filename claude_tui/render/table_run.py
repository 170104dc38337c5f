"""The rows of one Markdown table as they come, drawn by any stretch of them at a cost that does not depend on how many there are.

The widths of the columns follow the first rows, stay what they are while more rows come, and are fitted to all rows once, at the
end; so is whether rows are drawn as names and values, and whether lines part them. Only the sources of the cells are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeAlias

from claude_tui.render.base import Line, Look
from claude_tui.render.inline import one_line
from claude_tui.render.table import Align, Extents, Painter, TableCell, Widths, fit

Ink: TypeAlias = Callable[[str, bool], TableCell]
"""The inline Markdown of a cell, and whether it is one of the head, as lines of styled runs."""

FIRST_ROWS: Final = 8
"""So many rows decide the widths until the end."""
_WIDTHS_KEPT = 2
_END = "\n"
"""Between the cells of a row, which is kept as one string: strings are large. A cell of a Markdown table holds no line end."""
_RULES: dict[Align, str] = {"left": "---", "center": ":-:", "right": "--:"}


class TableRun:
    """`head`: the sources of its cells, one or more; as many `aligns`. `measure` is asked once for every cell of a final row; the
    styles of what it gives do not matter.

    Line ends in a source become spaces.
    """

    def __init__(self, head: Sequence[str], aligns: Sequence[Align], measure: Ink) -> None:
        self._head = [source.replace(_END, " ") for source in head]
        self._aligns = aligns
        self._measure = measure
        self._rows: list[str] = []
        self._needs = Extents.of(_inked(self._head, measure, head=True))
        self._first: Extents | None = None
        """What the first rows need, from when they are complete until the end."""
        self._closed = False
        self._version = 0
        self._layouts: dict[int, Widths] = {}

    @property
    def count(self) -> int:
        """How many rows the body has."""
        return len(self._rows)

    @property
    def closed(self) -> bool:
        return self._closed

    @property
    def version(self) -> int:
        """Grows whenever rows drawn before may look different."""
        return self._version

    def extend(self, rows: Sequence[Sequence[str]]) -> None:
        """Rows of sources that do not change any more, cut or filled with empty cells to the head's length. Not after `close`."""
        before = None if self._first else self._needs.copy()
        alone = not self._rows
        for row in rows:
            sources = self._fitted(row)
            self._rows.append(_END.join(sources))
            self._needs.add(_inked(sources, self._measure))
            if len(self._rows) == FIRST_ROWS:
                self._first = self._needs.copy()
        if before and rows and (alone or self._first or before != self._needs):
            self._changed()

    def close(self) -> None:
        """There are no more rows: the widths are fitted to all of them."""
        self._closed = True
        first, self._first = self._first, None
        if first:
            self._changed()

    def draw(self, first: int, last: int, look: Look, width: int, ink: Ink, *, extra: Sequence[Sequence[str]] = ()) -> list[Line]:
        """The rows from `first` up to, without, `last`, behind the head where `first` is 0, in at most `width` (8 or more) cells.

        `extra`: rows in the making, drawn below them; with few rows, and all of them in this drawing, the widths count them in.
        """
        unripe = [self._fitted(row) for row in extra]
        layout = self._layout(width)
        if unripe and first == 0 and self.count < FIRST_ROWS and last >= self.count:
            needs = self._needs.copy()
            for sources in unripe:
                needs.add(_inked(sources, self._measure))
            layout = fit(needs, width)
        painter = Painter(_inked(self._head, ink, head=True), self._aligns, layout, look, width)
        sources = [*(row.split(_END) for row in self._rows[first:last]), *unripe]
        top = painter.top(alone=not (self._rows or unripe)) if first == 0 else []
        above = _inked(self._rows[first - 1].split(_END), ink) if first else None
        return [*top, *painter.rows([_inked(row, ink) for row in sources], above)]

    def markdown(self) -> str:
        """The table as Markdown, without a line end behind it."""
        rows = [self._head, [_RULES[align] for align in self._aligns], *(row.split(_END) for row in self._rows)]
        return "\n".join("| " + " | ".join(one_line(source).replace("|", r"\|") for source in row) + " |" for row in rows)

    def _fitted(self, row: Sequence[str]) -> list[str]:
        sources = [source.replace(_END, " ") for source in row[: len(self._head)]]
        return sources + [""] * (len(self._head) - len(sources))

    def _changed(self) -> None:
        self._version += 1
        self._layouts.clear()

    def _layout(self, width: int) -> Widths:
        if width not in self._layouts:
            layout = fit(self._first or self._needs, width, growing=self._first is not None)
            if len(self._layouts) >= _WIDTHS_KEPT:
                del self._layouts[next(iter(self._layouts))]
            self._layouts[width] = layout
        return self._layouts[width]


def _inked(sources: Iterable[str], ink: Ink, *, head: bool = False) -> list[TableCell]:
    return [ink(source, head) for source in sources]
