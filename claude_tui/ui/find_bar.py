"""The line in which text to be found is typed, with how many times it is there. It searches nothing itself."""

from __future__ import annotations

from collections.abc import Callable

from rich.cells import cell_len
from textual import on
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

from claude_tui.ui.line_input import LineInput

_LABEL = "Find "
_HINTS = ("Enter next · Shift+Enter or ↑ previous · Esc {}", "Enter next · ↑ previous · Esc {}", "Enter ↓ · ↑ · Esc", "")
_STEPS = {"enter": 1, "down": 1, "shift+enter": -1, "up": -1}
_ROOM = 20
"""Cells that the text has before hints are shown."""


class FindBar(Horizontal):
    """One line. `asked` is called with every other text in it, `stepped` with 1 for the next match and -1 for the one before.

    Call `fill` once it is mounted: then it takes keys at once.
    """

    DEFAULT_CSS = """
    FindBar {
        height: 1;
        padding: 0 1;
        background: $surface;
        & > LineInput { width: 1fr; }
        & > Static { width: auto; text-wrap: nowrap; color: $text-muted; }
        & > #find-label { color: $text-accent; }
        & > #find-count { padding: 0 0 0 1; }
        & > #find-hints { padding: 0 0 0 2; }
        & > .-none { color: $text-warning; }
    }
    """

    def __init__(self, asked: Callable[[str], object], stepped: Callable[[int], object]) -> None:
        super().__init__(id="find")
        self.line = LineInput("", "text in this session", grabbed=_STEPS)
        self.line.catch_up = self._catch_up
        self._count = Static(id="find-count")
        self._hints = Static(id="find-hints")
        self._tell_asked = asked
        self._tell_stepped = stepped
        self._asked = ""
        self._shown = ""
        self._busy = False

    def fill(self) -> None:
        """Mount what is in it."""
        self.mount(Static(Content(_LABEL), id="find-label"), self.line, self._count, self._hints)

    def put(self, text: str) -> None:
        """Put another text into the line, as if it had been typed."""
        self.line.value = text
        self._catch_up()

    def show_count(self, text: str, *, none: bool = False) -> None:
        """What stands behind the line; `none`: there is nothing to be found."""
        if text != self._shown:
            self._shown = text
            self._count.set_class(none, "-none")
            self._count.update(Content(text))
            self._fit()

    def show_busy(self, busy: bool) -> None:
        """Whether an answer runs, which Esc stops before it closes the line."""
        if busy != self._busy:
            self._busy = busy
            self._fit()

    def on_resize(self) -> None:
        self._fit()

    def _fit(self) -> None:
        room = self.size.width - cell_len(_LABEL + self._shown) - _ROOM
        hints = (hint.format("stops the answer" if self._busy else "closes") for hint in _HINTS)
        self._hints.update(Content(next(hint for hint in hints if not hint or cell_len(hint) + 5 <= room)))

    @on(LineInput.Changed)
    def _catch_up(self) -> None:
        """Tell what stands in the line now: the message that it changed may come after the key that goes to a match."""
        if self.line.value != self._asked:
            self._asked = self.line.value
            self._tell_asked(self._asked)

    @on(LineInput.Grabbed)
    def _step(self, event: LineInput.Grabbed) -> None:
        self._catch_up()
        self._tell_stepped(_STEPS[event.key])
