"""What repeated key presses mean: Esc Esc, Ctrl+C twice, Ctrl+D twice. Times are seconds of one clock."""

from __future__ import annotations

from dataclasses import dataclass

ESC_ESC = 0.5
"""Two Escs at most so far apart are one gesture."""
AFTER_INTERRUPT = 1.0
"""For so long after an Esc that interrupted, no Esc counts towards Esc Esc: whoever hammers on Esc wants the answer to stop."""
QUIT_TWICE = 1.5


@dataclass(slots=True)
class Presses:
    """Remembers the last press of each kind."""

    _escape: float | None = None
    _interrupted: float | None = None
    _quit: tuple[str, float] | None = None

    def interrupted(self, now: float) -> None:
        """This Esc (or Ctrl+C) has stopped an answer."""
        self._interrupted, self._escape = now, None

    def is_double_escape(self, now: float) -> bool:
        """Whether this Esc, which found nothing else to do, is the second of two."""
        if self._interrupted is not None and now - self._interrupted < AFTER_INTERRUPT:
            self._escape = None
            return False
        double = self._escape is not None and now - self._escape <= ESC_ESC
        self._escape = None if double else now
        return double

    def escape_used(self) -> None:
        """This Esc closed something: it is no first half of a gesture."""
        self._escape = None

    def is_second(self, key: str, now: float) -> bool:
        """Whether the same quitting key was pressed just before."""
        second = self._quit is not None and self._quit[0] == key and now - self._quit[1] <= QUIT_TWICE
        self._quit = None if second else (key, now)
        return second

    def something_else(self) -> None:
        """Another key came in between."""
        self._quit = self._escape = None
