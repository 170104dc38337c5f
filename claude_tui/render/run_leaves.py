"""Leaves that are stretches of a long block: lines of code, rows of a table.

The block itself is a `CodeRun` or `TableRun`. A leaf that still grows keeps its lines, so that a new line costs one line.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from rich.style import Style

from claude_tui.render.base import Line, Look
from claude_tui.render.leaf import Leaf, Path, Pen

if TYPE_CHECKING:
    from claude_tui.render.code_run import CodeRun
    from claude_tui.render.table import TableCell
    from claude_tui.render.table_run import TableRun

CODE_LINES = 64
"""Lines of code in one leaf."""
TABLE_ROWS = 24


class Stretch(Leaf):
    """The lines `first` to `last` of a long block. `ends`: they are its last ones."""

    __slots__ = ("ends", "first", "last")
    most = 1

    def __init__(self, path: Path, lines: tuple[int, int], first: int, last: int) -> None:
        super().__init__(path, lines)
        self.first = first
        self.last = last
        self.ends = False

    @property
    def version(self) -> int:
        return self.last * 2 + self.ends

    @property
    def whole(self) -> bool:
        return self.first == 0 and self.ends

    @property
    def full(self) -> bool:
        return self.last - self.first >= self.most

    def grow(self, count: int, start: int) -> None:
        """Take in the lines of the block up to `count`, as far as there is room; `start`: where they begin in the document."""
        self.last = min(count, self.first + self.most)
        self.lines = (self.lines[0], start + self.last)

    @abstractmethod
    def forget(self) -> None:
        """Let go of the lines that are kept while it grows."""

    def end(self, line: int) -> None:
        """The block ends with this leaf, before this line of the document."""
        self.ends = True
        self.lines = (self.lines[0], line)


class CodeLeaf(Stretch):
    """Lines of code. `partial`: what stands below them and is not finished, None where there is nothing."""

    __slots__ = ("_kept", "partial", "run")
    most = CODE_LINES

    def __init__(self, path: Path, lines: tuple[int, int], run: CodeRun, first: int, last: int) -> None:
        super().__init__(path, lines, first, last)
        self.run = run
        self.partial: str | None = None
        self._kept: tuple[tuple[int, Look, int], list[Line], int] | None = None

    @property
    def shared(self) -> CodeRun:
        return self.run

    def forget(self) -> None:
        self._kept = None

    def size(self, width: int) -> int:
        return self.last - self.first + (self.first == 0) + self.ends

    def content(self, pen: Pen, width: int, base: Style) -> list[Line]:
        look, run = pen.look, self.run
        wanted = (run.version, look, width)
        if self._kept is None or self._kept[0] != wanted:
            self._kept = wanted, run.head(look, width) if self.first == 0 else [], self.first
        _, lines, drawn = self._kept
        if drawn < self.last:
            lines = [*lines, *run.draw(drawn, self.last, look, width)]
        self._kept = None if self.full or self.ends else (wanted, lines, self.last)
        if self.partial:
            lines = [*lines, *run.draw_partial(self.partial, look, width)]
        return [*lines, *run.foot(look, width)] if self.ends else lines


class TableLeaf(Stretch):
    """Rows of a table. `extra`: rows below them that may still change."""

    __slots__ = ("_kept", "extra", "run")
    most = TABLE_ROWS

    def __init__(self, path: Path, lines: tuple[int, int], run: TableRun, first: int, last: int) -> None:
        super().__init__(path, lines, first, last)
        self.run = run
        self.extra: Sequence[Sequence[str]] = ()
        self._kept: tuple[tuple[object, ...], list[Line], int] | None = None

    @property
    def shared(self) -> TableRun:
        return self.run

    def forget(self) -> None:
        self._kept = None

    def size(self, width: int) -> int:
        return 2 * (self.last - self.first) + 2 * (self.first == 0)

    def content(self, pen: Pen, width: int, base: Style) -> list[Line]:
        def ink(source: str, head: bool) -> TableCell:
            return pen.cell(source, head, base)

        def draw(first: int) -> list[Line]:
            return self.run.draw(first, self.last, pen.look, width, ink, extra=self.extra)

        wanted = (self.run.version, pen.look, width, base, pen.generation)
        kept = self._kept if self._kept is not None and self._kept[0] == wanted and self._kept[2] else None
        lines = draw(self.first) if kept is None else [*kept[1], *draw(kept[2])] if kept[2] < self.last else kept[1]
        self._kept = None if self.full or self.ends or self.extra else (wanted, lines, self.last)
        return list(lines)


@lru_cache(maxsize=1)
def plain_pen() -> Pen:
    """For measuring: what is shown of a cell, in any style."""
    from claude_tui.render.looks import LOOKS

    return Pen(LOOKS["plain"], {}, 0, breaks=False)


def measured(source: str, head: bool) -> TableCell:
    pen = plain_pen()
    pen.age()
    return pen.cell(source, head, Style.null())
