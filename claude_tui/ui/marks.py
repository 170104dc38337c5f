"""Where what is looked for stands in the lines on the screen: every visible leaf is searched once while it is drawn as it is."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

from claude_tui.render.base import LeafRef
from claude_tui.ui.laid import Laid, as_text
from claude_tui.ui.layout import Stretch

LONGEST = 20_000
"""Characters of a leaf that is searched whole; of longer ones only the lines on the screen are."""


class Highlighter(Protocol):
    """Finds what is to be marked. Another search is another object."""

    def spans(self, text: str) -> list[tuple[int, int]]:
        """First character and the one behind the last of every match in a leaf's text, in order."""
        ...


class Mark(NamedTuple):
    """Characters of a line, without the gutter; `current`: the match the reader has gone to."""

    start: int
    end: int
    current: bool


class Marks:
    """What `highlighter` finds. What was found in the last frame is kept for the next one."""

    def __init__(self, highlighter: Highlighter) -> None:
        self.highlighter = highlighter
        self._known: dict[tuple[int, range], tuple[Laid[Any], list[tuple[int, int]]]] = {}
        self._next: dict[tuple[int, range], tuple[Laid[Any], list[tuple[int, int]]]] = {}

    def next_frame(self) -> None:
        self._known, self._next = self._next, {}

    def of(self, stretch: Stretch[Any], current: tuple[LeafRef, int] | None) -> dict[int, tuple[Mark, ...]]:
        """By row of the section's lines; `current`: a leaf and where in its text the current match starts."""
        laid, marks = stretch.laid, dict[int, tuple[Mark, ...]]()
        first, last = max(stretch.first - stretch.gap, 0), stretch.last - stretch.gap
        if last <= first:
            return marks
        for leaf in range(laid.leaf_at(first), laid.leaf_at(last - 1) + 1):
            rows = laid.rows_of(leaf)
            if laid.start(rows.stop) - laid.start(rows.start) > LONGEST:
                rows = range(max(first, rows.start), min(last, rows.stop))
            at = current[1] if current is not None and current[0] == LeafRef(stretch.section, leaf) else None
            spans = self._spans(laid, rows)
            if spans:
                _lay_out(marks, laid, rows, spans, None if at is None else at - laid.offset_of(rows.start))
        return marks

    def _spans(self, laid: Laid[Any], rows: range) -> list[tuple[int, int]]:
        key = (id(laid), rows)
        known = self._next.get(key) or self._known.get(key)
        if known is None or known[0] is not laid:
            known = laid, self.highlighter.spans("".join(as_text(laid.lines[row]) for row in rows))
        self._next[key] = known
        return known[1]


def _lay_out(
    marks: dict[int, tuple[Mark, ...]], laid: Laid[Any], rows: range, spans: list[tuple[int, int]], current: int | None
) -> None:
    """Cut the spans of the text of `rows` at the ends of lines."""
    base = laid.start(rows.start)
    number = 0
    for row in rows:
        line, start = laid.lines[row], laid.start(row) - base
        length = len(line.text) - line.lead
        while number < len(spans) and spans[number][1] <= start:
            number += 1
        here: list[Mark] = []
        for begin, end in spans[number:]:
            if begin >= start + length:
                break
            if end > start:
                one = Mark(max(begin - start, 0) + line.lead, min(end - start, length) + line.lead, begin == current)
                here.append(one)
        if here:
            marks[row] = tuple(here)
