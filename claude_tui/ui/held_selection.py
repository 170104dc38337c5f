"""A selection that stays at its characters: whatever comes, is drawn anew, parted or wrapped, its ends are found again.

The screen keeps a selection as it was told, in rows that were on the screen then. Here its ends are characters of leaves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.style import Style
from textual.geometry import Offset
from textual.selection import Selection

from claude_tui.render.base import LeafRef
from claude_tui.ui.grid import Grid
from claude_tui.ui.laid import Laid
from claude_tui.ui.layout import Anchor, Layout, Position, Stretch
from claude_tui.ui.selecting import LINE_END, Ends, position_of, snapped


@dataclass(slots=True)
class _Seen:
    """Where an end was found; it is still there while its section is drawn as it was."""

    laid: Laid[Any]
    gap: int
    position: Position
    x: int


@dataclass(slots=True)
class _Edge:
    """A place between two characters. `read`: in a table, how many characters of the leaf are read before it."""

    anchor: Anchor
    read: int | None = None
    seen: _Seen | None = None


class HeldSelection:
    """`gutter`: how many characters of a painted line stand before those of the line itself."""

    def __init__(self, layout: Layout[Any], gutter: int) -> None:
        self._layout = layout
        self._gutter = gutter
        self._selection: Selection | None = None
        self._edges: dict[tuple[Offset, bool], _Edge] = {}
        self._dragged = False

    def take(self, selection: Selection | None, view: Sequence[Stretch[Any]] = ()) -> None:
        """What the screen says is selected; `view`: the rows on it, to which that refers.

        An end that the screen tells once more, since the other one is being dragged, stays the character it was.
        """
        if selection == self._selection:
            return
        known = self._edges if self._dragged else {}
        self._selection, self._edges, self._dragged = selection, {}, True
        for behind, offset in enumerate(selection or ()):
            if offset is not None:
                found = known.get((offset, False)) or known.get((offset, True))
                edge = _Edge(found.anchor, found.read) if found is not None else self._edge(offset, view)
                self._edges[offset, bool(behind)] = edge

    def begin(self) -> None:
        """The next selection is another one, even if it begins where this one seems to."""
        self._dragged = False

    def ends(self) -> Ends | None:
        """Where the selection lies now. Total: ends beyond a line or in a part of a cell that is no more count as the nearest."""
        if self._selection is None:
            return None
        layout, (start, end) = self._layout, self._selection
        first = self._find(start, behind=False) if start is not None else (layout.normal(Position(0)), 0)
        last = self._find(end, behind=True) if end is not None else (layout.last(), LINE_END)
        return Ends(*first, *last)

    def _edge(self, offset: Offset, view: Sequence[Stretch[Any]]) -> _Edge:
        layout, position = self._layout, position_of(offset)
        shown = next((one for one in view if (one.cell, one.section) == position[:2]), None)
        if shown is not None and position.row - shown.gap < len(shown.laid.lines):
            laid, row = shown.laid, position.row - shown.gap
        else:
            position = layout.normal(position)
            laid, row = layout.row_at(position)
        if row < 0 or not laid.leaves:
            return _Edge(Anchor(position.cell, position.section, 0, min(row, 0)))
        leaf, line = laid.leaf_at(row), laid.lines[row]
        x = min(max(offset.x - self._gutter, 0), len(line.text))
        anchor = Anchor(position.cell, position.section, leaf, laid.offset_of(row) + max(x - line.lead, 0))
        grid = self._grid(laid, leaf)
        return _Edge(anchor, grid.count(row - laid.rows_of(leaf).start, x) if grid.has_columns else None)

    def _grid(self, laid: Laid[Any], leaf: int) -> Grid:
        look = self._layout.shape[1]
        return Grid([laid.lines[row] for row in laid.rows_of(leaf)], look.code_frame if look is not None else Style.null())

    def _find(self, offset: Offset, *, behind: bool) -> tuple[Position, int]:
        layout, edge = self._layout, self._edges[offset, behind]
        seen = edge.seen
        if seen is None or not layout.has(seen.position, seen.laid) or layout.gap_of(seen.position) != seen.gap:
            position, x = self._in_table(edge, behind=behind) or self._in_text(edge)
            line = layout.line(position)
            x = snapped(line.text, min(x, len(line.text)), up=behind) if line is not None else 0
            laid, _ = layout.row_at(position)
            seen = edge.seen = _Seen(laid, layout.gap_of(position), position, x)
        return seen.position, seen.x

    def _in_text(self, edge: _Edge) -> tuple[Position, int]:
        layout = self._layout
        position = layout.position_of_anchor(edge.anchor)
        line, start = layout.line(position), layout.anchor_of(position)
        return position, max(edge.anchor.offset - start.offset, 0) + line.lead if line is not None else 0

    def _in_table(self, edge: _Edge, *, behind: bool) -> tuple[Position, int] | None:
        layout, (cell, section, number, _) = self._layout, edge.anchor
        leaf = layout.leaf_of(cell, LeafRef(section, number)) if edge.read is not None else None
        if leaf is None or edge.read is None:
            return None
        laid = layout.laid(cell, leaf.section)
        grid = self._grid(laid, leaf.leaf)
        if not grid.has_columns:
            return None
        line, x = grid.place(edge.read, behind=behind)
        first = Position(cell, leaf.section, laid.rows_of(leaf.leaf).start + line)
        return first._replace(row=first.row + layout.gap_of(first)), x
