"""The question whether a call may run, with everything it was given in sight.

Only a key pressed on purpose answers: not one that was on its way when the question came, not a paste, not Enter.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Static

from claude_tui.domain.events import ApprovalRequested
from claude_tui.domain.text import safe_line
from claude_tui.ui.commands import Where
from claude_tui.ui.dock_rows import argument_lines, hides_something
from claude_tui.ui.keymap import Keymap

DEAF_SECONDS = 0.3
"""Keys in this time after the question appeared were meant for something else."""


class ApprovalArguments(VerticalScroll, can_focus=False):
    """All of the arguments, in a third of the screen."""

    DEFAULT_CSS = """
    ApprovalArguments { height: auto; padding: 0; scrollbar-size-vertical: 1; }
    ApprovalArguments > Static { height: auto; width: 1fr; }
    """


class ApprovalKeys(Static):
    """The line with the keys; a click on one presses it."""

    DEFAULT_CSS = "ApprovalKeys { height: 1; text-wrap: nowrap; text-overflow: ellipsis; }"

    def on_click(self, event: events.Click) -> None:
        box = self.parent
        if isinstance(box, ApprovalBox) and event.y == 0:
            allow, deny = (cell_len(words) for words in box.offers)
            if event.x < allow:
                box.decide(True)
            elif allow + 2 <= event.x < allow + 2 + deny:
                box.decide(False)


class ApprovalBox(Vertical, can_focus=True):
    """`waiting`: how many questions come after this one. Keys and pastes that answer nothing go on to the screen."""

    DEFAULT_CSS = """
    ApprovalBox {
        height: auto; display: none; padding: 0 1;
        background: $surface; border-left: heavy $warning;
        & > Static { width: 1fr; }
        & > .question { height: auto; max-height: 2; text-style: bold; color: $text-warning; }
        & > ApprovalKeys { color: $text-muted; }
        &:focus > ApprovalKeys { color: $foreground; text-style: bold; }
    }
    """

    waiting: reactive[int] = reactive(0)

    class Decided(Message):
        """The user's word."""

        def __init__(self, tool_use_id: str, allowed: bool) -> None:
            super().__init__()
            self.tool_use_id = tool_use_id
            self.allowed = allowed

    ALLOW_SELECT: ClassVar[bool] = False

    def __init__(self, clock: Callable[[], float], keymap: Keymap) -> None:
        super().__init__()
        self._keymap = keymap
        self._clock = clock
        self._request: ApprovalRequested | None = None
        self._since = 0.0
        self._question = Static("", markup=False, classes="question")
        self._text = Static("", markup=False)
        self._arguments = ApprovalArguments(self._text)
        self._keys = ApprovalKeys("", markup=False)

    def compose(self) -> ComposeResult:
        yield self._question
        yield self._arguments
        yield self._keys

    def show(self, request: ApprovalRequested | None, waiting: int) -> None:
        """Ask about this call; None for none."""
        self._request = request
        self._since = self._clock()
        self.waiting = max(0, waiting)
        self.display = request is not None
        if request is None:
            return
        self._question.update(Content(f"Allow {safe_line(request.name, 60)}?"))
        self._text.update(_arguments_content(request))
        self._arguments.scroll_home(animate=False)
        self._write_keys()
        self._limit()

    def on_mount(self) -> None:
        moved = self.screen.screen_layout_refresh_signal  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        moved.subscribe(self, self._limit)  # pyright: ignore[reportUnknownMemberType]

    def _limit(self, _: object = None) -> None:
        """The arguments get a third of the screen, less where question, keys, a composer of full height and the rest need it."""
        height = self.screen.size.height
        third = height // 3
        self._arguments.styles.max_height = max(1, min(third, height - third - 4 - (self._question.size.height > 1)))

    def decide(self, allowed: bool) -> None:
        """Once for each question."""
        if self._request is not None and self._clock() - self._since >= DEAF_SECONDS:
            request, self._request = self._request, None
            self.post_message(self.Decided(request.tool_use_id, allowed))

    def watch_waiting(self) -> None:
        self._write_keys()

    def watch_has_focus(self, _has_focus: bool) -> None:
        super().watch_has_focus(_has_focus)
        self._write_keys()

    @property
    def offers(self) -> tuple[str, str]:
        """The two keys, in words."""
        return f"[{self._key('approval.allow')}] allow", f"[{self._key('approval.deny')}] deny"

    def _key(self, command_id: str) -> str:
        hint = self._keymap.hint(command_id)
        return hint.lower() if len(hint) == 1 else hint

    def _write_keys(self) -> None:
        more = f" · {self.waiting} more after this" if self.waiting else ""
        self._keys.update(Content(f"{'  '.join(self.offers)}{'' if self.has_focus else ' · Tab to answer'}{more}"))

    async def _on_key(self, event: events.Key) -> None:
        deaf = self._clock() - self._since < DEAF_SECONDS
        lower = event.key.lower() if len(event.key) == 1 else event.key  # Caps Lock changes no answer
        command = self._keymap.find(Where.APPROVAL, event.key) or self._keymap.find(Where.APPROVAL, lower)
        if command is not None:
            if not deaf:
                event.stop()
                event.prevent_default()
                self.decide(command.id == "approval.allow")
        elif event.key in ("up", "down", "pageup", "pagedown"):
            event.stop()
            event.prevent_default()
            step = self._arguments.size.height if event.key.startswith("page") else 1
            self._arguments.scroll_relative(y=-step if event.key.endswith("up") else step, animate=False)


def _arguments_content(request: ApprovalRequested) -> Content:
    lines = [Content.styled(name, "bold") + Content(value) for name, value in argument_lines(request.input)]
    if hides_something(request.input):
        lines.insert(0, Content.styled("Characters that cannot be seen are written as \\uXXXX.", "$text-error"))
    return Content("\n").join(lines) if lines else Content("without arguments")
