"""Cells that are a panel: one line when closed; open, the header and what is written below it, in sections.

Nothing is read or written while a panel is closed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from claude_tui.domain.events import BlockDelta
from claude_tui.domain.text import safe_text
from claude_tui.render.base import Drawn, LeafRef, LeafStart, Line, Look, Section
from claude_tui.render.block_cell import BlockCell
from claude_tui.render.looks import LOOKS
from claude_tui.render.panel import CLOSED, OPEN
from claude_tui.render.sheet import Code, Sheet

_WIDE = 200


class Head:
    """The header of an open panel."""

    def __init__(self, draw: Callable[[Look, int, str], Line]) -> None:
        self.version = 0
        self._draw = draw

    def estimate(self, width: int) -> int:
        return 1

    def draw(self, look: Look, width: int) -> Drawn:
        return Drawn([self._draw(look, width, OPEN)], [LeafStart(0)])


class View:
    """What an open panel shows. `whole`: all of it, otherwise the beginning of what is long. `done`: nothing comes any more."""

    def __init__(self, head: Section, *, whole: bool) -> None:
        self.whole = whole
        self.sections: list[Section] = [head]
        self.codes: list[Code] = []
        self.done = False
        self._sheets: list[Sheet] = []

    def sheet(self) -> Sheet:
        """A new sheet, below the last one."""
        self._sheets.append(Sheet(self.sections, self.codes, whole=self.whole))
        return self._sheets[-1]

    @property
    def more(self) -> bool:
        """Whether something is left out."""
        return any(sheet.more for sheet in self._sheets)

    def refine(self, seconds: float) -> bool:
        """As `Cell.refine`."""
        until = time.monotonic() + seconds
        runs = (code.run for code in self.codes if code.run is not None)
        return any(run.refine(max(0.0, until - time.monotonic())) for run in runs)


class PanelCell(BlockCell):
    """A panel. A subclass draws its header and fills the view.

    Levels: one line; open; where something is long, all of it.
    """

    def __init__(self, key: str) -> None:
        super().__init__(key, finished=False, levels=2)
        self._head = Head(self._header)
        self._long = False
        self._view: View | None = None

    @property
    def levels(self) -> int:
        return 3 if self._long else 2

    @property
    def sections(self) -> Sequence[Section]:
        return self._opened().sections if self.level else (self,)

    def code_blocks(self) -> list[str]:
        view = self._opened() if self.level else self._filled(whole=True)
        return [safe_text("".join(code.source)).rstrip("\n") for code in view.codes]

    def refine(self, seconds: float) -> bool:
        if not self.level or self._view is None:
            return False
        before = [code.run.version for code in self._view.codes if code.run is not None]
        more = self._view.refine(seconds)
        if before != [code.run.version for code in self._view.codes if code.run is not None]:
            self._version += 1
        return more

    def excerpt(self, first: LeafRef, last: LeafRef) -> str:
        sections = self.sections
        if first.section <= 0 and last.section >= len(sections) - 1:
            return self.source()
        return "\n".join(_text(section) for section in sections[first.section : last.section + 1])

    def feed(self, delta: BlockDelta) -> None:
        self._take(delta)
        self._version += 1

    def _changed(self) -> None:
        super()._changed()
        self._head.version += 1

    def _draw(self, look: Look, width: int) -> list[Line]:
        return [self._header(look, width, CLOSED)]

    def _opened(self) -> View:
        """The view, with all there is by now."""
        whole = self.level > 1
        if self._view is None or self._view.whole != whole:
            self._view = self._new_view(whole=whole)
        self._fill(self._view)
        self._long = self._long or self._view.more
        return self._view

    def _filled(self, *, whole: bool) -> View:
        view = self._new_view(whole=whole)
        self._fill(view)
        return view

    def _new_view(self, *, whole: bool) -> View:
        return View(self._head, whole=whole)

    def _fill(self, view: View) -> None:
        """Write what is not written yet."""
        raise NotImplementedError

    def _header(self, look: Look, width: int, mark: str) -> Line:
        raise NotImplementedError


def _text(section: Section) -> str:
    """What stands in a section, without what is only decoration."""
    parts: list[str] = []
    for line in section.draw(LOOKS["plain"], _WIDE).lines:
        if line.lead < len(line.text) or not line.text.strip("│ "):
            parts += [line.text[line.lead :], line.glue if line.soft else "\n"]
    return "".join(parts[:-1])
