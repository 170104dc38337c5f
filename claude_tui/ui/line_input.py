"""A line to type in that never holds anything a terminal would obey."""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass

from textual.events import Key, Paste
from textual.message import Message
from textual.widgets import Input

from claude_tui.domain.text import safe_line
from claude_tui.ui.bindings import run_binding

LONGEST = 10_000


class LineInput(Input):
    """An `Input` without a frame; what is pasted into it becomes one safe line. `catch_up` is called before keys do something."""

    DEFAULT_CSS = """
    LineInput, LineInput:focus {
        border: none;
        height: 1;
        padding: 0;
        background: transparent;
    }
    """

    @dataclass
    class Grabbed(Message):
        """One of the keys was pressed that are kept from the line."""

        key: str

    def __init__(self, value: str = "", placeholder: str = "", *, id: str | None = None, grabbed: Container[str] = ()) -> None:
        super().__init__(safe_line(value, LONGEST), placeholder, id=id, select_on_focus=False)
        self._grabbed = grabbed
        self.catch_up: Callable[[], object] = lambda: None

    async def _on_key(self, event: Key) -> None:
        event.prevent_default()
        if event.key in self._grabbed:
            event.stop()
            self.post_message(self.Grabbed(event.key))
            return
        self.catch_up()
        if await run_binding(self.screen, event.key) or await run_binding(self, event.key):
            event.stop()
        else:
            await super()._on_key(event)

    def _on_paste(self, event: Paste) -> None:
        event.stop()
        event.prevent_default()
        self.replace(safe_line(event.text, LONGEST), *sorted(self.selection))
