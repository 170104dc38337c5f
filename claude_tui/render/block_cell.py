"""What the cells share: identity, version and level. A cell that is drawn in one go is its own and only section.

A delta costs an append and a number. Everything else happens when somebody asks for lines.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from claude_tui.domain.events import BlockDelta
from claude_tui.render.base import Cell, Drawn, Heading, LeafRef, LeafStart, Line, Look, Section

GUTTER = 2
"""Cells at the left that hold rails and marks; what is read begins behind them."""
_NO_GUTTER_BELOW = 20


def gutter(width: int) -> int:
    """The gutter there is room for."""
    return GUTTER if width >= _NO_GUTTER_BELOW else 0


class LinesSection:
    """A section that is drawn by a function. `version` is asked for whenever somebody wants to know."""

    def __init__(self, draw: Callable[[Look, int], Sequence[Line]], version: Callable[[], int]) -> None:
        self._draw = draw
        self._version = version

    @property
    def version(self) -> int:
        return self._version()

    def estimate(self, width: int) -> int:
        return 1

    def draw(self, look: Look, width: int) -> Drawn:
        lines = self._draw(look, width)
        return Drawn(lines, [LeafStart(0)] if lines else [])


class StreamingCell(Cell, Protocol):
    """A cell of an answer's block: fed with its deltas, then stopped, or abandoned where the message ends before the block."""

    def feed(self, delta: BlockDelta) -> None: ...

    def stop(self, seconds: float | None = None) -> None: ...

    def abandon(self) -> None: ...


class BlockCell:
    """The base of all cells. A subclass draws in `_draw`, or has `sections` of its own, and calls `_changed` whenever that would
    draw something else."""

    kind = "block"

    def __init__(self, key: str, *, levels: int = 1, level: int = 0, finished: bool = True) -> None:
        self._key = key
        self._levels = levels
        self._level = level
        self._version = 0
        self._finished = finished
        self._abandoned = False
        self._gap = 1

    @property
    def key(self) -> str:
        return self._key

    @property
    def version(self) -> int:
        return self._version

    @property
    def finished(self) -> bool:
        return self._finished

    @property
    def abandoned(self) -> bool:
        """Whether the message ended while this block was open."""
        return self._abandoned

    @property
    def level(self) -> int:
        return min(self._level, self.levels - 1)

    @property
    def levels(self) -> int:
        return self._levels

    @property
    def gap(self) -> int:
        return self._gap

    def set_gap(self, rows: int) -> None:
        self._gap = rows

    def set_level(self, level: int) -> None:
        level = max(0, min(level, self.levels - 1))
        if level != self.level:
            self._level = level
            self._changed()

    @property
    def sections(self) -> Sequence[Section]:
        return (self,)

    def lines(self, look: Look, width: int) -> list[Line]:
        """Everything at once."""
        return [line for section in self.sections for line in section.draw(look, width).lines]

    def draw(self, look: Look, width: int) -> Drawn:
        return Drawn(self._draw(look, width) or [Line(())], [LeafStart(0)])

    def estimate(self, width: int) -> int:
        return max(1, self._size(width))

    def refine(self, seconds: float) -> bool:
        return False

    def feed(self, delta: BlockDelta) -> None:
        self._take(delta)
        self._changed()

    def stop(self, seconds: float | None = None) -> None:
        """The block is whole; `seconds` is how long it streamed, where known."""
        self._finished = True
        self._changed()

    def abandon(self) -> None:
        """The message ended before the block did: what came stays, marked as cut off."""
        if not self._finished:
            self._finished = self._abandoned = True
            self._changed()

    def mend(self) -> None:
        """What was cut off goes on in another cell: it is not said here any more."""
        if self._abandoned:
            self._abandoned = False
            self._changed()

    def source(self) -> str:
        return ""

    def code_blocks(self) -> list[str]:
        return []

    def tables(self) -> list[str]:
        return []

    def headings(self) -> list[Heading]:
        return []

    def excerpt(self, first: LeafRef, last: LeafRef) -> str:
        return self.source()

    def block_of(self, leaf: LeafRef) -> tuple[LeafRef, LeafRef]:
        return leaf, leaf

    def locate(self, line: int) -> LeafRef:
        return LeafRef(0, 0)

    def _changed(self) -> None:
        self._version += 1

    def _take(self, delta: BlockDelta) -> None:
        """Keep a delta, in constant time."""

    def _size(self, width: int) -> int:
        """About how many lines there are, in constant time."""
        return 1

    def _draw(self, look: Look, width: int) -> list[Line]:
        raise NotImplementedError


def lines_of(characters: int, width: int) -> int:
    """About how many lines this much text makes."""
    return characters // max(8, width - 4) + 1
