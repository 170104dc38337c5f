"""The bar between transcript and composer, there only when it has something to say.

Retries that count down, calls that wait for a yes or no, errors with what to press, notices, the queue. It never acts by itself.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.timer import Timer
from textual.widget import Widget

from claude_tui.domain.errors import ErrorInfo
from claude_tui.domain.events import ApprovalRequested
from claude_tui.ui.approval import ApprovalBox
from claude_tui.ui.dock_rows import Contents, Level, Offer, Retry, Row, rows
from claude_tui.ui.keymap import Keymap

__all__ = ["Dock", "Offer"]

NOTICES = 2


class DockLines(Widget, can_focus=False):
    """Everything in the dock that is only read."""

    DEFAULT_CSS = """
    DockLines { height: auto; padding: 0 1; }
    DockLines > .dock-lines--info { color: $foreground; }
    DockLines > .dock-lines--muted { color: $text-muted; }
    DockLines > .dock-lines--warning { color: $text-warning; }
    DockLines > .dock-lines--retry { color: $text-warning; }
    DockLines > .dock-lines--error { color: $text-error; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "dock-lines--info",
        "dock-lines--muted",
        "dock-lines--warning",
        "dock-lines--retry",
        "dock-lines--error",
    }

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__()
        self.contents = Contents()
        self.asking = False
        self._clock = clock

    def lines(self, width: int) -> list[Row]:
        """A third of the screen at most; beside a question, what leaves a composer of full height and a row of transcript."""
        height = self.screen.size.height
        third = max(1, height // 3)
        budget = min(third, max(0, height - 2 * third - 4)) if self.asking else max(3, third)
        return rows(self.contents, width, budget, self._clock())

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self.lines(width))

    def render(self) -> Content:
        shown = self.lines(self.content_size.width)
        return Content("\n").join(Content.styled(row.text, self.get_visual_style(f"dock-lines--{row.tone}")) for row in shown)

    def on_click(self, event: events.Click) -> None:
        shown = self.lines(self.content_size.width)
        if 0 <= event.y < len(shown):
            column = event.x - self.gutter.left
            for start, end, offer in shown[event.y].offers:
                if start <= column < end:
                    self.post_message(Dock.OfferClicked(offer))


class Dock(Vertical):
    """Hidden while empty."""

    DEFAULT_CSS = """
    Dock { height: auto; background: $surface; display: none; }
    """

    class Answered(Message):
        """The user's word on a call."""

        def __init__(self, tool_use_id: str, allowed: bool) -> None:
            super().__init__()
            self.tool_use_id = tool_use_id
            self.allowed = allowed

    class OfferClicked(Message):
        """As if its key had been pressed."""

        def __init__(self, offer: Offer) -> None:
            super().__init__()
            self.offer = offer

    def __init__(self, keymap: Keymap | None = None, *, clock: Callable[[], float] = time.monotonic, id: str | None = None) -> None:
        super().__init__(id=id)
        self._clock = clock
        self._lines = DockLines(clock)
        self._approval = ApprovalBox(clock, keymap or Keymap.build()[0])
        self._waiting: dict[str, ApprovalRequested] = {}
        self._countdown: Timer | None = None
        self._focus_before: Widget | None = None
        self._answered_by_key = False

    def compose(self) -> ComposeResult:
        yield self._lines
        yield self._approval

    def on_mount(self) -> None:
        self._change()

    # Retry.

    def show_retry(self, error: ErrorInfo, delay: float, attempt: int, attempts: int) -> None:
        """Count down `delay` seconds to attempt number `attempt` of `attempts`."""
        self.hide_retry()
        self._change(retry=Retry(error, self._clock() + delay, attempt, attempts))
        self._countdown = self.set_interval(1.0, self._change)

    def hide_retry(self) -> None:
        """The attempt began, or there will be none."""
        if self._countdown is not None:
            self._countdown.stop()
            self._countdown = None
        if self._lines.contents.retry is not None:
            self._change(retry=None)

    # Approval.

    @property
    def asking(self) -> str | None:
        """The call that is being asked about."""
        return next(iter(self._waiting), None)

    def ask(self, request: ApprovalRequested, *, take_focus: bool) -> None:
        """Ask about this call, after those that wait already. `take_focus` where the composer is empty."""
        self._waiting[request.tool_use_id] = request
        if self.asking == request.tool_use_id:
            self._show_approval(take_focus=take_focus)
        else:
            self._approval.waiting = len(self._waiting) - 1

    def resolve(self, tool_use_id: str) -> None:
        """The call was answered, here or elsewhere; the next one is asked about."""
        current = self.asking == tool_use_id
        if self._waiting.pop(tool_use_id, None) is None:
            return
        if current:
            self._show_approval(take_focus=self._approval.has_focus or self._answered_by_key)
        else:
            self._approval.waiting = len(self._waiting) - 1

    def clear_approvals(self) -> None:
        """The turn ended."""
        self._waiting.clear()
        self._show_approval(take_focus=False)

    def _show_approval(self, *, take_focus: bool) -> None:
        """The next question, or none; the focus goes back to where it was taken from."""
        self._answered_by_key = False
        request = next(iter(self._waiting.values()), None)
        if request is None and self._approval.has_focus and self._focus_before is not None and self._focus_before.focusable:
            self._focus_before.focus(scroll_visible=False)
        self._approval.show(request, len(self._waiting) - 1)
        self._change()
        if request is not None and take_focus and not self._approval.has_focus:
            self._focus_before = self.screen.focused
            self._approval.focus(scroll_visible=False)

    def on_approval_box_decided(self, event: ApprovalBox.Decided) -> None:
        event.stop()
        self._answered_by_key = self._approval.has_focus
        self.post_message(self.Answered(event.tool_use_id, event.allowed))

    # What is only read.

    def show_error(self, sentence: str, offers: Iterable[Offer] = ()) -> None:
        """What went wrong and what may be pressed; goes with the next prompt. An empty sentence takes it away."""
        self._change(error=sentence, offers=tuple(offers))

    def offer(self, offers: Iterable[Offer]) -> None:
        """What may be pressed, where the transcript says already what happened."""
        self._change(error="", offers=tuple(offers))

    def withdraw(self, offers: Iterable[Offer]) -> None:
        """These make no sense any more."""
        gone = tuple(offers)
        left = tuple(offer for offer in self._lines.contents.offers if offer not in gone)
        if left != self._lines.contents.offers:
            self._change(offers=left)

    def notice(self, text: str, level: Level = "info") -> None:
        """A sentence; the newest two stay until the next prompt. The same sentence twice is shown once."""
        others = [one for one in self._lines.contents.notices if one[0] != text]
        self._change(notices=(*others, (text, level))[-NOTICES:])

    def unsay(self, text: str) -> None:
        """This sentence is not true any more."""
        self._change(notices=tuple(one for one in self._lines.contents.notices if one[0] != text))

    def prompt_sent(self) -> None:
        """Error and notices have been read."""
        self._change(error="", offers=(), notices=())

    def set_queue(self, prompts: Sequence[str], *, busy: bool = True) -> None:
        """Prompts that wait, first to go first. `busy`: for an answer to end; else for the user to send them."""
        self._change(queue=tuple(prompts), busy=busy)

    def set_editing(self, editing: bool) -> None:
        """Whether the draft is to be a new version of an earlier prompt."""
        self._change(editing=editing)

    def set_read_only(self, reason: str | None) -> None:
        """Why nothing can be sent, with the key that helps; None where it can."""
        self._change(read_only=reason)

    def _change(self, **changes: object) -> None:
        if changes:
            self._lines.contents = dataclasses.replace(self._lines.contents, **changes)  # pyright: ignore[reportArgumentType]
        something = self._lines.contents != Contents()
        self._lines.asking = bool(self._waiting)
        self._lines.display = something
        self.display = something or bool(self._waiting)
        self._lines.refresh(layout=True)
