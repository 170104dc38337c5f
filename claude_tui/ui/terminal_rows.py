"""Rows of a view written straight to the terminal, past the compositor, where nothing lies in front of the view.

What moved by whole rows is scrolled by the terminal, in a region of its own; of a row that changed, only what is different is sent.
Whatever else paints the screen later finds the same rows. Where it cannot be done, nothing is written and the caller repaints.
"""

# pyright: reportPrivateUsage=false
# Textual's private names are used here; tests/unit/ui/test_terminal_private_names.py holds each of them.

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, cast

from rich.cells import cell_len
from rich.console import Console
from rich.segment import Segment
from textual.app import App
from textual.scroll_view import ScrollView
from textual.scrollbar import ScrollBar
from textual.strip import Strip

from claude_tui.ui.terminal import TerminalDriver

BEGIN_SYNC, END_SYNC = "\x1b[?2026h", "\x1b[?2026l"
INDEX, REVERSE_INDEX = "\x1bD", "\x1bM"
"""Scroll by one row at the edge of the region: older than the sequences that scroll by several, and understood everywhere."""
ALL_ROWS = "\x1b[r"


class RowWriter:
    """Writes the rows of `view` and the cells of its scroll bar."""

    def __init__(self, view: ScrollView) -> None:
        self._view = view
        self._bar: list[Strip] = []
        """The scroll bar as it is on the screen, as far as that is known."""
        self._numbers: tuple[object, ...] = ()
        self._clear_of: object = None
        self._expected: tuple[int, int] | None = None
        """The rows, from the first to behind the last, that the compositor was asked to paint and has not yet."""

    @property
    def can_write(self) -> bool:
        """Whether the view is on the screen as it was laid out last, with nothing in front of it."""
        view = self._view
        app = cast("App[Any]", view.app)  # pyright: ignore[reportUnknownMemberType]
        screen, region = view.screen, view.region
        if sys.platform == "win32" or not isinstance(app._driver, TerminalDriver) or app._batch_count:  # unseen on Windows
            return False
        if self._expected is not None or screen is not app.screen or screen._layout_required:
            return False
        compositor = screen._compositor
        # What is to be painted yet is not what the terminal shows.
        if not screen._dirty_widgets.isdisjoint((view, view.vertical_scrollbar)):
            return False
        if any(dirty.size and dirty.overlaps(region) for dirty in compositor._dirty_regions):
            return False
        visible = compositor.visible_widgets
        if visible is not self._clear_of:
            around = {*view.ancestors_with_self, view.vertical_scrollbar}
            if any(place.size and place.overlaps(region) and widget not in around for widget, (place, _) in visible.items()):
                return False
            self._clear_of = visible
        return True

    def write(self, before: Sequence[Strip], rows: Sequence[Strip], changed: Sequence[tuple[int, int]], moved: int) -> None:
        """Make `rows` of what is on the screen, `before`. `changed`: runs of rows that are others; `moved`: rows up, or down if
        negative, that the rest has gone.
        """
        view = self._view
        app = cast("App[Any]", view.app)  # pyright: ignore[reportUnknownMemberType]
        left, top, width, height = view.region
        width -= view.scrollbar_size_vertical
        parts = [BEGIN_SYNC if app._sync_available else "", "\x1b[0m"]
        bar_before, bar = self._bar, self._bar_strips()
        if moved:
            parts.append(_scrolled(top, height, moved))
            before = _shifted(before, moved)
            bar_before = _shifted(bar_before, moved)
            changed = [(y, y + 1) for y, strip in enumerate(rows) if before[y] is not strip]
        for first, behind in changed:
            for y in range(first, behind):
                parts.append(_row(before[y].crop(0, width), rows[y].crop(0, width), left, top + y, app.console))
        if bar:
            if len(bar_before) != len(bar):
                bar_before = [_NOTHING] * len(bar)
            parts += [
                f"\x1b[{top + y + 1};{left + width + 1}H{strip.render(app.console)}"
                for y, strip in enumerate(bar)
                if strip is not bar_before[y] and strip != bar_before[y]
            ]
            self._bar = bar
        if not any(parts[2:]):
            return
        x, y = app.screen.outer_size.clamp_offset(app.cursor_position)
        parts += [f"\x1b[{y + 1};{x + 1}H", END_SYNC if app._sync_available else ""]
        if app._driver is not None:
            app._driver.write("".join(parts))

    def tell_bar(self, total: int, height: int, position: int) -> None:
        """Give the scroll bar its numbers without having it painted: `write` does that."""
        bar = self._view.vertical_scrollbar
        bar.set_reactive(cast("Any", ScrollBar.window_virtual_size), total)
        bar.set_reactive(cast("Any", ScrollBar.window_size), height)
        bar.set_reactive(cast("Any", ScrollBar.position), position)
        bar._layout_cache.clear()  # whoever paints it paints it anew, without being asked to
        bar._set_dirty()

    def leave_to_compositor(self, changed: Sequence[tuple[int, int]]) -> None:
        """These runs of rows are painted some other way, and so is the bar."""
        self._bar = []
        if changed:
            first, last = self._expected or changed[0]
            self._expected = min(first, changed[0][0]), max(last, changed[-1][1])

    def painted(self, first: int, last: int) -> None:
        """The compositor has taken the rows from `first` up to `last`."""
        if self._expected is not None and first <= self._expected[0] and self._expected[1] <= last:
            self._expected = None

    def forget(self) -> None:
        """The bar has other colours."""
        self._bar = []

    def _bar_strips(self) -> list[Strip]:
        bar = self._view.vertical_scrollbar
        numbers = (bar.window_virtual_size, bar.window_size, bar.position, bar.mouse_over, bar.grabbed is not None, bar.size)
        if numbers != self._numbers or not self._bar:
            self._numbers = numbers
            return bar.render_lines(bar.size.region)
        return self._bar


_NOTHING = Strip([])


def _scrolled(top: int, height: int, moved: int) -> str:
    """The rows of a region moved by the terminal; the ones that come in are blank."""
    region = f"\x1b[{top + 1};{top + height}r"
    edge = top + height if moved > 0 else top + 1
    return f"{region}\x1b[{edge};1H{(INDEX if moved > 0 else REVERSE_INDEX) * abs(moved)}{ALL_ROWS}"


def _shifted(strips: Sequence[Strip], moved: int) -> list[Strip]:
    count = len(strips)
    return [strips[y + moved] if 0 <= y + moved < count else _NOTHING for y in range(count)]


def _row(before: Strip, strip: Strip, left: int, y: int, console: Console) -> str:
    """What turns one row into the other."""
    x, part = _difference(before, strip)
    return f"\x1b[{y + 1};{left + x + 1}H{part.render(console)}" if part.cell_length else ""


def _difference(before: Strip, strip: Strip) -> tuple[int, Strip]:
    """The part of a row that is another than before, and the column it begins in."""
    old, new = list(before), list(strip)
    if not old or before.cell_length != strip.cell_length:
        return 0, strip
    if new[-1] != old[-1] and _is_blank(new[-1]) and _is_blank(old[-1]) and new[-1].style == old[-1].style:
        shorter = min(len(new[-1].text), len(old[-1].text))
        new[-1] = Segment(new[-1].text[shorter:], new[-1].style)
    elif new[-1] == old[-1]:
        new.pop()
    column = at = 0
    while at < min(len(old), len(new)) and old[at] == new[at]:
        column += cell_len(new[at].text)
        at += 1
    if at < min(len(old), len(new)) and old[at].style == new[at].style:
        pairs = enumerate(zip(old[at].text, new[at].text, strict=False))
        same = next((number for number, (was, now) in pairs if was != now), min(len(old[at].text), len(new[at].text)))
        if new[at].text[:same].isascii():
            text = new[at].text[same:]
            # A mark that joins what stands before it cannot be written alone.
            if not text or text[0].isascii():
                column += same
                new[at] = Segment(text, new[at].style)
    return column, Strip([segment for segment in new[at:] if segment.text])


def _is_blank(segment: Segment) -> bool:
    return not segment.text.strip(" ")
