"""When each mark of a streamed text was on the screen, from the recorded bytes of the terminal.

A mark is looked for in the bytes themselves: it may scroll on without being written again, so the first time it is written is when
it appeared. One that was cut in two or never drawn counts as seen with the first later one: from then on the screen had caught up.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import ClassVar

import pyte

from benchmarks.terminal import COLUMNS, LINES, Chunk
from benchmarks.texts import MARK

_STYLE = re.compile(rb"\x1b\[[0-9;:]*m")
_MARK_BYTES = re.compile(MARK.pattern.encode())
_CARRIED = 200
"""Bytes of the read before in which a mark, with styles in it, may have begun."""


def written(seen: bytearray, chunks: Sequence[Chunk], start: int) -> dict[str, float]:
    """Mark → when it was first written, after the first `start` bytes."""
    found: dict[str, float] = {}
    for at, data in _reads(chunks, start, seen, _CARRIED):
        for match in _MARK_BYTES.finditer(_STYLE.sub(b"", data)):
            found.setdefault(match.group().decode(), at)
    return found


def _reads(chunks: Sequence[Chunk], start: int, seen: bytearray, carried: int) -> Iterator[tuple[float, bytes]]:
    before = start
    for at, end in chunks:
        if end > start:
            yield at, bytes(seen[max(before - carried, start) : end])
            before = end


class _Screen(pyte.Screen):
    """With the two scrolling sequences that pyte leaves out."""

    def scroll_up(self, count: int = 1, **_: object) -> None:
        self._scroll(count or 1, self._bottom, self.index)

    def scroll_down(self, count: int = 1, **_: object) -> None:
        self._scroll(count or 1, self.margins.top if self.margins else 0, self.reverse_index)

    @property
    def _bottom(self) -> int:
        return self.margins.bottom if self.margins else self.lines - 1

    def _scroll(self, count: int, row: int, one: Callable[[], None]) -> None:
        column, line = self.cursor.x, self.cursor.y
        self.cursor.y = row
        for _ in range(min(count, self.lines)):
            one()
        self.cursor.x, self.cursor.y = column, line


class _Stream(pyte.ByteStream):
    csi: ClassVar[dict[str, str]] = {**pyte.ByteStream.csi, "S": "scroll_up", "T": "scroll_down"}
    events = pyte.ByteStream.events | {"scroll_up", "scroll_down"}


def shown(seen: bytearray, chunks: Sequence[Chunk], start: int) -> dict[str, float]:
    """Mark → when it first stood on the screen of an emulator. Slow, and a second opinion."""
    screen = _Screen(COLUMNS, LINES)
    stream = _Stream(screen)
    stream.feed(bytes(seen[:start]))
    found: dict[str, float] = {}
    for at, data in _reads(chunks, start, seen, 0):
        screen.dirty.clear()
        stream.feed(data)
        for row in screen.dirty:
            for mark in MARK.findall(screen.display[row]) if row < LINES else ():
                found.setdefault(mark, at)
    return found


def delays(sent: Mapping[str, float], seen: Mapping[str, float]) -> list[float]:
    """The seconds until each mark or a later one was seen, in the order of sending; those after the last one seen are left out."""
    taken: list[float] = []
    soonest: float | None = None
    for mark, at in sorted(sent.items(), key=lambda item: item[1], reverse=True):
        own = seen.get(mark)
        if own is not None:
            soonest = own if soonest is None else min(soonest, own)
        if soonest is not None:
            taken.append(max(soonest - at, 0.0))
    return taken[::-1]


def percentile(values: Iterable[float], percent: float) -> float:
    ordered = sorted(values)
    return ordered[round(percent / 100 * (len(ordered) - 1))] if ordered else float("nan")
