"""The line at the bottom: the meter's figures, what is special about the session, and one hint.

It is painted when something begins or ends and four times a second in between. Its height never changes: nothing is laid out again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import ClassVar

from rich.cells import cell_len
from textual import events
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.timer import Timer
from textual.widget import Widget

from claude_tui.ui.figures import SEPARATOR, Beside, Part, brief
from claude_tui.ui.meter import Meter, State

REPAINTS_A_SECOND = 4


class StatusBar(Widget, can_focus=False):
    """Call `wake` after every event the meter was given. The marks are attributes.

    `beside` gives what is shown beside the meter's figures, `lives` the seconds until that looks different by itself (None: never).
    """

    DEFAULT_CSS = """
    StatusBar { height: 1; padding: 0 1; background: $panel; color: $foreground; }
    StatusBar > .status-bar--muted { color: $text-muted; }
    StatusBar > .status-bar--busy { color: $text-accent; text-style: bold; }
    StatusBar > .status-bar--mark { color: $text-warning; }
    StatusBar > .status-bar--error { background: $error; color: $background; text-style: bold; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "status-bar--muted",
        "status-bar--busy",
        "status-bar--mark",
        "status-bar--error",
    }

    not_saved = reactive(False)
    unsaved = reactive(False)
    """Nothing of this run is saved."""
    read_only = reactive(False)
    demo = reactive(False)
    temporary = reactive(False)
    reading = reactive(False)

    class ModelClicked(Message):
        """The model's name was clicked."""

    def __init__(self, meter: Meter, *, clock: Callable[[], float] = time.monotonic, id: str | None = None) -> None:
        super().__init__(id=id)
        self.meter = meter
        self._clock = clock
        self._hints = ("Esc stops", "? help")
        self._timer: Timer | None = None
        self._state = State.IDLE
        self.beside: Callable[[], Beside] = Beside
        self.lives: Callable[[], float | None] = _for_ever
        self._next: Timer | None = None

    def set_hints(self, *, busy: str, idle: str) -> None:
        """What to press, in words; the keys may have been changed."""
        self._hints = (busy, idle)
        self.refresh()

    def wake(self) -> None:
        """Something happened. O(1): paints at once only where the state is another one; while busy the timer paints."""
        if self._timer is None or (self.meter.state is self._state and self.meter.busy):
            return
        self._state = self.meter.state
        if self.meter.busy:
            self._timer.resume()
        else:
            self._timer.pause()
        self.refresh()

    def on_mount(self) -> None:
        self._timer = self.set_interval(1 / REPAINTS_A_SECOND, self.refresh, pause=True)
        self.wake()

    # What it looks like.

    def marks(self) -> list[str]:
        """What is special about the session, the worst first."""
        named = [
            (self.not_saved or self.unsaved, "NOT SAVED"),
            (self.read_only, "read-only"),
            (self.demo, "demo (canned)"),
            (self.temporary, "temporary"),
            (self.reading, "reading"),
        ]
        return [mark for on, mark in named if on]

    def line(self, width: int) -> list[Part]:
        """The marks, and the figures and the hint that fit beside them: the parts from left to right."""
        parts = [Part("error" if mark == "NOT SAVED" else "mark", ((mark, 0),)) for mark in self.marks()]
        taken = sum(cell_len(part.text) + len(SEPARATOR) for part in parts)
        hint = self._hints[0 if self.meter.busy else 1]
        return parts + self.meter.segments(max(0, width - taken), self._clock(), hint, self.beside())

    def _wind(self, parts: list[Part]) -> None:
        """Paint again when the time that is shown is another one; where none is shown, nothing runs."""
        if self._next is not None:
            self._next.stop()
            self._next = None
        lives = self.beside().cache
        shown = lives and any(part.name == "cache" and part.text.endswith((lives, brief(lives))) for part in parts)
        wait = self.lives() if shown and not self.meter.busy else None
        if wait is not None:
            self._next = self.set_timer(wait, self.refresh)

    def render(self) -> Content:
        parts = self.line(self.content_size.width)
        self._wind(parts)
        muted = self.get_visual_style("status-bar--muted")
        separator = Content.styled(SEPARATOR, muted)
        styles = {
            "error": self.get_visual_style("status-bar--error"),
            "mark": self.get_visual_style("status-bar--mark"),
            "state": self.get_visual_style("status-bar--busy" if self.meter.busy else "status-bar--muted"),
            "model": self.visual_style,
        }
        pieces = [Content.styled(part.text, styles.get(part.name, muted)) for part in parts]
        return separator.join(pieces)

    def on_click(self, event: events.Click) -> None:
        column = event.x - self.gutter.left
        start = 0
        for part in self.line(self.content_size.width):
            end = start + cell_len(part.text)
            if part.name == "model" and start <= column < end:
                self.post_message(self.ModelClicked())
            start = end + len(SEPARATOR)


def _for_ever() -> float | None:
    """Nothing that is shown changes by itself."""
    return None
