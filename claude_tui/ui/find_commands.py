"""Find in the session: the bar, what it marks, and going from match to match, also while an answer streams.

Nothing is searched while the bar is closed. Typing shows the match nearest above the bottom of the view without opening anything;
going to a match opens the panel it is in, which stays open.
"""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.timer import Timer

from claude_tui.domain.text import safe_line
from claude_tui.render.base import Cell, LeafRef
from claude_tui.ui.finding import FRESH, Finder, Spot
from claude_tui.ui.laid import as_text
from claude_tui.ui.layout import Anchor
from claude_tui.ui.place import place_of

if TYPE_CHECKING:
    from claude_tui.ui.chat_screen import ChatScreen
    from claude_tui.ui.find_bar import FindBar

SLICE = 0.004
"""Seconds of searching until keys and frames may go on."""
TELL = 0.1
"""Seconds between two counts on the screen while it is searched."""
_NEAREST = 0
_WRAPPED = {1: "from the top", -1: "from the end"}


@dataclass(slots=True)
class _Current:
    """The match that is shown: where, and the shape of its cell at that time. `opened`: it can be seen, its panel is open."""

    cell: Cell
    spot: Spot
    shape: tuple[int, int]
    opened: bool


class FindCommands:
    """Bound to the chat screen. Every `run_` method takes the text behind a slash command, empty for keys."""

    def __init__(self, screen: ChatScreen) -> None:
        self._screen = screen
        self._finder = Finder(screen.conversation)
        self._bar: FindBar | None = None
        self._timer: Timer | None = None
        self._current: _Current | None = None
        self._origin: tuple[Cell | None, LeafRef] = (None, LeafRef(0, 0))  # where the nearest match is looked for; None: the end
        self._wanted: int | None = None  # where to go as soon as enough is searched: 1, -1 or the nearest
        self._opening = False  # whether a panel opens for it
        self._note = ""
        self._revision = 0
        self._searching = False

    @property
    def is_open(self) -> bool:
        return self._bar is not None and self._bar.display

    @property
    def typing(self) -> bool:
        """Whether what is typed goes into the bar."""
        return self._bar is not None and self._bar.line.has_focus

    def run_find_open(self, argument: str) -> None:
        """The bar with the last text in it, all of it selected, or with this one."""
        bar = self._bar or self._make_bar()
        if not bar.display or self._timer is None:
            bar.display = True
            self._timer = self._timer or self._screen.set_interval(FRESH, self._tick)
            self._timer.resume()
            self._origin = self._bottom()
            self._ask(bar.line.value)
            self._screen.call_after_refresh(self._reveal)
        if argument:
            bar.put(safe_line(argument, 1000))
        bar.line.select_all()
        self._screen.set_focus(bar.line, scroll_visible=False)

    def _make_bar(self) -> FindBar:
        from claude_tui.ui.find_bar import FindBar

        self._bar = bar = FindBar(self._typed, self._step)
        self._screen.mount(bar, after=self._screen.transcript)
        bar.fill()
        return bar

    def close(self) -> bool:
        """Whether there was a bar to close. The reader stays where they are."""
        if self._bar is None or not self.is_open:
            return False
        if self.typing:
            at_cursor = self._screen.transcript.cursor is not None
            self._screen.set_focus(self._screen.transcript if at_cursor else self._screen.composer, scroll_visible=False)
        self._bar.display = False
        if self._timer is not None:
            self._timer.pause()
        self._ask("")
        return True

    def run_find_next(self, argument: str) -> None:
        self._step(1)

    def run_find_previous(self, argument: str) -> None:
        self._step(-1)

    # Asking.

    def _typed(self, text: str) -> None:
        if self.is_open:
            self._ask(text)
            self._wanted, self._opening = (_NEAREST if self._finder.query is not None else None), False
            self._wake()

    def _ask(self, text: str) -> None:
        self._finder.ask(text)
        self._current, self._wanted, self._note = None, None, ""
        self._screen.transcript.highlighter = self._finder.query
        self._screen.transcript.current = None
        self._wake()

    def _tick(self) -> None:
        """Time has passed: search what has come since."""
        self._finder.refresh()
        self._wake()

    def _wake(self) -> None:
        if not self._searching:
            self._searching = True
            self._screen.start(self._search(), "find")

    async def _search(self) -> None:
        try:
            told = 0.0
            while self._finder.work(SLICE):
                if time.monotonic() - told > TELL or self._wanted is not None:
                    told = time.monotonic()
                    self._show()
                await asyncio.sleep(0)
        finally:
            self._searching = False
        self._show()

    # Going to matches.

    def _step(self, step: int) -> None:
        if not self.is_open:
            self.run_find_open("")
        if self._finder.query is None:
            return
        current = self._current
        if current is not None and not current.opened:
            self._go(current.spot, opening=True)
        else:
            self._wanted, self._opening = step if current is not None else _NEAREST, True
            self._go_if_found()
        self._tell()

    def _show(self) -> None:
        """Something more has been searched."""
        if not self.is_open:
            return
        self._keep_current()
        self._go_if_found()
        self._tell()

    def _go_if_found(self) -> None:
        if self._wanted is None:
            return
        finder, wanted, note = self._finder, self._wanted, ""
        if wanted == _NEAREST or self._current is None:
            cell, leaf = self._origin
            cells = self._screen.conversation.cells
            spot = finder.above(cells.index(cell) if cell in cells else len(cells), leaf)
        else:
            spot = finder.after(self._current.spot) if wanted > 0 else finder.before(self._current.spot)
        if spot is None and finder.done:
            spot = finder.before(Spot(len(self._screen.conversation.cells), 0)) if wanted < 0 else finder.after(Spot(0, -1))
            note = _WRAPPED.get(wanted, "")
        if spot is not None and spot.cell >= finder.frontier:
            self._wanted, self._note = None, note
            self._go(spot, opening=self._opening)
        elif finder.done:
            self._wanted = None

    def _go(self, spot: Spot, *, opening: bool) -> None:
        screen = self._screen
        cell = screen.conversation.cells[spot.cell]
        if opening and cell.level < cell.levels - 1:
            screen.conversation.set_level(cell, cell.levels - 1)
        opened = opening or cell.level > 0 or cell.levels == 1
        self._current = _Current(cell, spot, _shape(cell), opened)
        if opening:
            self._origin = cell, self._finder.in_leaf(spot)[0]
        self._reveal()

    def _reveal(self) -> None:
        """Bring the current match into view: again once the bar has taken its line from the transcript."""
        if self._current is not None:
            leaf, offset = self._mark()
            self._screen.transcript.show_leaf(self._current.spot.cell, leaf, offset)

    def _mark(self) -> tuple[LeafRef, int]:
        """Mark the current match; where it is in what is drawn."""
        transcript, query, current = self._screen.transcript, self._finder.query, self._current
        if current is None or query is None or not current.opened:
            transcript.current = None
            return LeafRef(0, 0), 0
        leaf, number = self._finder.in_leaf(current.spot)
        drawn = current.cell.sections[leaf.section].draw(transcript.look, transcript.content_width)
        start = drawn.leaves[leaf.leaf] if leaf.leaf < len(drawn.leaves) else None
        behind = drawn.leaves[leaf.leaf + 1].row if leaf.leaf + 1 < len(drawn.leaves) else len(drawn.lines)
        lines = drawn.lines[start.row : behind] if start is not None else ()
        spans = query.spans("".join(map(as_text, lines)))
        offset = start.origin + spans[min(number, len(spans) - 1)][0] if start is not None and spans else 0
        transcript.current = current.spot.cell, leaf, offset
        return leaf, offset

    def _keep_current(self) -> None:
        """The current match stays the one it is when cells come in front, and when its own is drawn in other parts."""
        current, conversation = self._current, self._screen.conversation
        moved = conversation.revision != self._revision
        self._revision = conversation.revision
        if current is None or not (moved or _shape(current.cell) != current.shape):
            return
        if current.cell in conversation.cells:
            current.spot = Spot(conversation.cells.index(current.cell), current.spot.start)
            current.shape, current.opened = _shape(current.cell), current.opened or current.cell.level > 0
            self._mark()
        else:
            self._current = self._screen.transcript.current = None

    def _bottom(self) -> tuple[Cell | None, LeafRef]:
        """The last leaf in view, no cell for the end."""
        transcript, cells = self._screen.transcript, self._screen.conversation.cells
        place = transcript.place
        index = self._screen.conversation.index_of(place[0]) if place is not None else None
        if place is None or index is None or transcript.at_end:
            return None, LeafRef(0, 0)
        at, rows = place_of(index, place[1]), transcript.size.height
        section, leaf = (at.section, at.leaf) if isinstance(at, Anchor) else (0, 0)
        while index < len(cells):
            drawn = cells[index].sections[section].draw(transcript.look, transcript.content_width)
            row = drawn.leaves[leaf].row if leaf < len(drawn.leaves) else 0
            if len(drawn.lines) - row >= rows:
                return cells[index], LeafRef(section, bisect_right(drawn.leaves, row + rows - 1, key=lambda one: one.row) - 1)
            rows, leaf, section = rows - len(drawn.lines) + row, 0, section + 1
            if section == len(cells[index].sections):
                index, section = index + 1, 0
                rows -= cells[index].gap if index < len(cells) else 0
        return None, LeafRef(0, 0)

    # Telling.

    def _tell(self) -> None:
        if self._bar is None:
            return
        self._bar.show_busy(self._screen.dialogue.busy)
        finder, session = self._finder, self._screen.dialogue.session
        whole = finder.done and (session is None or session.complete)
        if finder.query is None:
            self._bar.show_count("")
        elif not finder.total:
            self._bar.show_count("no match" if whole else "…", none=whole)
        else:
            number = finder.number(self._current.spot) if self._current is not None else 0
            count = f"{number:,}/{finder.total:,}" if number else f"{finder.total:,}"
            self._bar.show_count(" ".join(filter(None, (count + ("" if whole else "+"), self._note))))


def _shape(cell: Cell) -> tuple[int, int]:
    return cell.level, len(cell.sections)
