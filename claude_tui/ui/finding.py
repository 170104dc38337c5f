"""Finding text in the conversation: what is searched for, and where it stands in the source of every cell.

Cells are searched newest first, a moment at a time; one that did not change is not searched again, and of one that grew only the
end. The places are those of one search through the whole text, whatever came in which pieces.
"""

from __future__ import annotations

import re
import time
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from claude_tui.render.base import Cell, LeafRef
from claude_tui.ui.conversation import Conversation

CHUNK = 32_768
"""Characters searched in one go: what a slice may be longer than it should be."""
FRESH = 0.25
"""Seconds for which the text of a cell that still grows is good enough: putting it together takes time."""

_MARK_CHARACTERS = "*_~`"
_MARKS = "[*_~`]{0,3}"
_MOST_GAP = 40
_GAP = rf"\s[\s>*_~`]{{0,{_MOST_GAP}}}"
_PLAIN_GAP = rf"\s{{1,{_MOST_GAP + 1}}}"


@dataclass(frozen=True, slots=True)
class Query:
    """What is searched for. No match is longer than `reach` characters."""

    text: str
    pattern: re.Pattern[str]
    reach: int

    @classmethod
    def of(cls, text: str) -> Query | None:
        """A query for this text, None where there is nothing but white space in it.

        Capitals count if there is one. White space stands for any, line ends and quote marks included. The marks of Markdown
        between two characters, and backslashes before punctuation, may be there or not: they are not on the screen.
        """
        words = text.split()
        if not words:
            return None
        exact = any(character.isupper() for character in text)
        pieces = [_character(words[0][0], exact)]
        for before, after, apart in _pairs(words):
            pieces += [_between(before, after, apart), _escape(after), _character(after, exact)]
        characters = sum(map(len, words))
        return cls(text, re.compile("".join(pieces)), characters * 5 + len(words) * (_MOST_GAP + 4))

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where it stands in a text: (start, end) of each."""
        return [match.span() for match in self.pattern.finditer(text)]

    def narrows(self, other: Query) -> bool:
        """Whether it is nowhere where `other` is not."""
        return self.pattern.pattern.startswith(other.pattern.pattern)


def _pairs(words: list[str]) -> Iterator[tuple[str, str, bool]]:
    """Every character after the first with the one before it, and whether white space stands between."""
    for number, word in enumerate(words):
        if number:
            yield words[number - 1][-1], word[0], True
        yield from ((one, other, False) for one, other in pairwise(word))


def _character(character: str, exact: bool) -> str:
    forms = {character} if exact else {one for one in (character, character.lower(), character.upper()) if len(one) == 1}
    escaped = "".join(sorted(map(re.escape, forms)))
    return escaped if len(forms) == 1 else f"[{escaped}]"


def _between(before: str, after: str, apart: bool) -> str:
    """What may stand between two characters. Nothing may be read in two ways, so that no text takes long to search."""
    marks = "" if before in _MARK_CHARACTERS else _MARKS
    if apart:
        return marks + (_PLAIN_GAP if after in f"{_MARK_CHARACTERS}>" else _GAP)
    if after in _MARK_CHARACTERS or (_is_ascii_word(before) and _is_ascii_word(after)):
        return ""  # inside a word of a Western language a mark is none: `a_b`, `2*3`
    return marks


def _is_ascii_word(character: str) -> bool:
    return character.isascii() and character.isalnum()


def _escape(character: str) -> str:
    return r"\\?" if character.isascii() and not character.isalnum() and character != "\\" else ""


class Spot(NamedTuple):
    """A match: the index of its cell, and the offset of its first character in the cell's source."""

    cell: int
    start: int


@dataclass(slots=True)
class _Searched:
    """`starts`: the matches in the first `length` characters. `whole`: those were all, at this version."""

    version: int = -1
    length: int = 0
    whole: bool = False
    starts: array[int] = field(default_factory=lambda: array("I"))


class _Held(NamedTuple):
    """The text that was asked for last."""

    cell: Cell
    version: int
    text: str
    taken: float


class Finder:
    """Searches the cells of `conversation`. Call `ask`, then `work` until there is no more to do; `refresh` when time has passed.

    `total`: how many matches are known.
    """

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self.query: Query | None = None
        self.total = 0
        self._searched: dict[Cell, _Searched] = {}
        self._held: _Held | None = None
        self._revision = conversation.revision
        self._at = self._floor = 0  # cells at and above `_at` are done, those below `_floor` need no look
        self._seen = 0
        self._counted, self._before = -1, 0  # this many matches are in the cells before that one

    @property
    def done(self) -> bool:
        """Whether everything has been searched that was there at the last `ask` or `refresh`."""
        return self._at <= self._floor

    @property
    def frontier(self) -> int:
        """The index from which on every cell has been searched."""
        return 0 if self.done else self._at

    def ask(self, text: str) -> None:
        """Search for something else from now on."""
        before, self.query = self.query, Query.of(text)
        if before is None or self.query is None or not self.query.narrows(before):
            self._searched = {}
        self._searched = {cell: known for cell, known in self._searched.items() if not known.starts}
        self.total, self._counted = 0, -1
        self._held = self._held if self.query is not None else None
        self._look_at_all()

    def refresh(self) -> None:
        """See what has come since. Only what the last turn has drawn is looked at, unless cells have moved."""
        turns, cells = self._conversation.turns, self._conversation.cells
        if self.query is not None and self.done and not self._moved():
            self._floor = min(turns[-1].index if turns else 0, self._seen)
            self._at = self._seen = len(cells)

    def work(self, seconds: float) -> bool:
        """Search for about so long; whether there is more to do."""
        self._moved()
        until = time.perf_counter() + seconds
        while not self.done:
            if self._search(self._at - 1):
                self._at -= 1
            if time.perf_counter() >= until:
                break
        return not self.done

    def _look_at_all(self) -> None:
        self._floor, self._at = 0, len(self._conversation.cells) if self.query is not None else 0
        self._seen = self._at

    def _moved(self) -> bool:
        """Whether cells were taken away or put in front; what is known of the others is kept."""
        if self._revision == self._conversation.revision:
            return False
        self._revision = self._conversation.revision
        self._searched = {cell: self._searched[cell] for cell in self._conversation.cells if cell in self._searched}
        self.total, self._counted = sum(len(known.starts) for known in self._searched.values()), -1
        self._look_at_all()
        return True

    # One cell.

    def _search(self, index: int) -> bool:
        """Search the next piece of a cell; whether that was the last."""
        cell, query = self._conversation.cells[index], self.query
        known = self._searched.setdefault(cell, _Searched())
        if query is None or (known.whole and known.version == cell.version):
            return True
        before = len(known.starts)
        held = self._hold(cell, known)
        end = min(known.length + CHUNK, len(held.text))
        _extend(known.starts, query, held.text, max(known.length - query.reach, 0), end)
        known.version, known.length, known.whole = held.version, end, end == len(held.text)
        change = len(known.starts) - before
        self.total += change
        if index < self._counted:
            self._before += change
        return known.whole

    def _hold(self, cell: Cell, known: _Searched) -> _Held:
        """The cell's text. What is known of it is forgotten unless that text goes on where the one before ended."""
        held, now = self._held, time.monotonic()
        if held is None or held.cell is not cell:
            held = None
        elif held.version == cell.version or (not cell.finished and now - held.taken < FRESH):
            return held
        self._held = _Held(cell, cell.version, cell.source(), now)
        if held is None or not self._held.text.startswith(held.text):
            known.length = 0
            del known.starts[:]
        return self._held

    def _starts(self, index: int) -> array[int] | None:
        known = self._searched.get(self._conversation.cells[index])
        return known.starts if known is not None and known.starts else None

    def _searched_text(self, cell: Cell) -> str:
        """The text in which the known matches of the cell stand."""
        return self._held.text if self._held is not None and self._held.cell is cell else cell.source()

    # Places.

    def after(self, spot: Spot) -> Spot | None:
        """The first known match behind this place."""
        for index in range(max(spot.cell, 0), len(self._conversation.cells)):
            starts = self._starts(index)
            at = 0 if starts is None or index > spot.cell else bisect_right(starts, spot.start)
            if starts is not None and at < len(starts):
                return Spot(index, starts[at])
        return None

    def before(self, spot: Spot) -> Spot | None:
        """The last known match before this place."""
        for index in range(min(spot.cell, len(self._conversation.cells) - 1), -1, -1):
            starts = self._starts(index)
            at = 0 if starts is None else len(starts) if index < spot.cell else bisect_left(starts, max(spot.start, 0))
            if starts is not None and at:
                return Spot(index, starts[at - 1])
        return None

    def above(self, index: int, leaf: LeafRef) -> Spot | None:
        """The last known match that does not stand below this leaf of a cell."""
        cells = self._conversation.cells
        if not 0 <= index < len(cells):
            return self.before(Spot(len(cells), 0))
        cell, starts = cells[index], self._starts(index)
        if starts is not None and (at := _until(starts, self._searched_text(cell), cell, leaf)):
            return Spot(index, starts[at - 1])
        return self.before(Spot(index, 0))

    def number(self, spot: Spot) -> int:
        """Which of the known matches this is, from 1; 0 where it is none any more."""
        starts = self._starts(spot.cell) if spot.cell < len(self._conversation.cells) else None
        at = bisect_left(starts, spot.start) if starts is not None else 0
        if starts is None or at == len(starts) or starts[at] != spot.start:
            return 0
        if self._counted != spot.cell:
            self._counted, self._before = spot.cell, sum(len(self._starts(one) or ()) for one in range(spot.cell))
        return self._before + at + 1

    def in_leaf(self, spot: Spot) -> tuple[LeafRef, int]:
        """The leaf that draws this match, and how many matches before it stand in the same one."""
        cell, starts = self._conversation.cells[spot.cell], self._starts(spot.cell) or array("I")
        text, behind, number = self._searched_text(cell), spot.start, 0
        line = text.count("\n", 0, behind)
        leaf = cell.locate(line)
        for at in range(bisect_left(starts, spot.start) - 1, -1, -1):
            line, behind = line - text.count("\n", starts[at], behind), starts[at]
            if cell.locate(line) != leaf:
                break
            number += 1
        return leaf, number


def _until(starts: array[int], text: str, cell: Cell, leaf: LeafRef) -> int:
    """How many of the matches do not stand below this leaf. No part of the text is gone through more than twice."""
    low, high, offset, line = 0, len(starts), 0, 0
    while low < high:
        middle = (low + high) // 2
        here = line + text.count("\n", offset, starts[middle])
        if cell.locate(here) <= leaf:
            low, offset, line = middle + 1, starts[middle], here
        else:
            high = middle
    return low


def _extend(starts: array[int], query: Query, text: str, cut: int, end: int) -> None:
    """Bring the matches up to `end`. Those that begin at `cut` or behind it may have been others before there was more text."""
    keep = bisect_left(starts, cut)
    last = query.pattern.match(text, starts[keep - 1], end) if keep else None
    del starts[keep:]
    starts.extend(match.start() for match in query.pattern.finditer(text, max(cut, last.end() if last is not None else 0), end))
