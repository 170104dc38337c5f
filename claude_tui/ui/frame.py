"""The strips on the screen, now and before, and what is laid over them.

A line that looks as it did is the same strip object as before: whoever writes the screen need not compare more than that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from textual.strip import Strip

from claude_tui.ui.marks import Mark


class Overlay(NamedTuple):
    """What is laid over a line. `selected`: which characters, gutter left out; `pill`: the words at the right end, or none."""

    selected: tuple[int, int] | None = None
    marks: tuple[Mark, ...] = ()
    cursor: bool = False
    pill: str = ""


BARE = Overlay()
_WORTH_MOVING = 3
"""Rows that are found again at least, for moving them to be less work than writing them."""


class Frame:
    """`rows`: what is on the screen; `before`: what was there before that. `lay` makes of a line and its overlay a strip."""

    def __init__(self, lay: Callable[[Strip, Overlay], Strip]) -> None:
        self.rows: list[Strip] = []
        self.before: list[Strip] = []
        self._lay = lay
        self._laid: dict[tuple[int, Overlay], tuple[Strip, Strip]] = {}

    def show(self, lines: Sequence[tuple[Strip, Overlay]]) -> list[tuple[int, int]]:
        """Put these on the screen; the runs of rows that look different, each as its first row and the one behind its last."""
        known, self._laid = self._laid, {}
        self.before, self.rows = (
            self.rows,
            [strip if overlay == BARE else self._over(strip, overlay, known) for strip, overlay in lines],
        )
        runs: list[tuple[int, int]] = []
        for y, strip in enumerate(self.rows):
            if y < len(self.before) and self.before[y] is strip:
                continue
            if runs and runs[-1][1] == y:
                runs[-1] = runs[-1][0], y + 1
            else:
                runs.append((y, y + 1))
        return runs

    @property
    def moved(self) -> int:
        """By how many rows what was on the screen has gone up (down, if negative), where that explains most of the change."""
        before, rows = self.before, self.rows
        count = len(rows)
        if len(before) != count:
            return 0
        places: dict[int, list[int]] = {}
        for y, strip in enumerate(before):
            places.setdefault(id(strip), []).append(y)
        unique = [(y, places[id(strip)][0]) for y, strip in enumerate(rows) if len(places.get(id(strip), ())) == 1]
        votes: dict[int, int] = {}
        for y, was in unique:
            votes[was - y] = votes.get(was - y, 0) + 1
        best = max(votes, key=votes.__getitem__, default=0)
        return best if votes.get(best, 0) >= _WORTH_MOVING + votes.get(0, 0) else 0

    def _over(self, strip: Strip, overlay: Overlay, known: dict[tuple[int, Overlay], tuple[Strip, Strip]]) -> Strip:
        key = (id(strip), overlay)
        found = known.get(key)
        if found is None or found[0] is not strip:
            found = strip, self._lay(strip, overlay)
        self._laid[key] = found
        return found[1]

    def forget(self) -> None:
        """Styles have changed: what was laid over lines is to be laid anew."""
        self._laid = {}
