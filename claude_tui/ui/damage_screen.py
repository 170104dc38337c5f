"""What comes up in place of a conversation when the history cannot be used: what is wrong, and what can be done about it.

Nothing is chosen when it comes up, and a digit only moves the highlight: what is typed ahead of the screen does nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.events import Click
from textual.widgets import Static

from claude_tui.domain.text import safe_line, safe_text
from claude_tui.ui.backstage import Remedy
from claude_tui.ui.panel import Panel

_KEYS = "↑↓ 1–9 · Enter does it · q quits"


class _Choice(Vertical):
    """One remedy: its name, and what it does."""

    def __init__(self, number: int, remedy: Remedy) -> None:
        self._head = Static()
        super().__init__(self._head, Static(Content(safe_line(remedy.does, 400)), classes="-does"))
        self.number = number
        self._label = safe_line(remedy.label)
        self.mark(chosen=False)

    def mark(self, *, chosen: bool) -> None:
        """The sign is for terminals without colours."""
        self.set_class(chosen, "-chosen")
        self._head.update(Content(f"{'›' if chosen else ' '} {self.number}  {self._label}"))


class DamageScreen(Panel["Remedy | None"]):
    """Dismissed with the remedy that was chosen; None to quit."""

    DEFAULT_CSS = """
    DamageScreen {
        & > #panel { max-height: 100%; }
        & #said { padding: 0 1; width: 100%; height: auto; margin: 0 0 1 0; }
        & #problem { padding: 0 1; width: 100%; height: auto; color: $text-error; margin: 0 0 1 0; display: none; }
        & #problem.-said { display: block; }
        & #choices { height: auto; max-height: 100%; }
        & _Choice { width: 100%; height: auto; padding: 0 1; }
        & .-does { padding: 0 0 0 5; }
        & _Choice.-chosen { background: $block-cursor-background; color: $block-cursor-foreground; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", show=False),
        Binding("down", "move(1)", show=False),
        Binding("enter", "take", show=False),
        Binding("q", "leave", show=False),
        *(Binding(str(digit), f"choose({digit})", show=False) for digit in range(1, 10)),
    ]

    def __init__(self, sentence: str, remedies: Sequence[Remedy], problem: str = "") -> None:
        super().__init__()
        self._sentence = safe_text(sentence)
        self._problem = safe_text(problem)
        self._remedies = tuple(remedies)
        self._chosen = 0
        """The number of the choice with the highlight; 0 while there is none."""

    def compose(self) -> ComposeResult:
        with Vertical(id="panel"):
            yield Static(Content("The history cannot be used as it is"), id="title")
            with VerticalScroll(id="choices", can_focus=False):
                yield Static(Content(self._sentence), id="said")
                yield Static(Content(self._problem), id="problem", classes="-said" if self._problem else "")
                for number, remedy in enumerate(self._remedies, 1):
                    yield _Choice(number, remedy)
                yield _Choice(len(self._remedies) + 1, Remedy("Quit", "Nothing is changed."))
            yield Static(Content(_KEYS), id="footer")

    @property
    def chosen(self) -> str:
        """The name of what has the highlight; empty while nothing has it."""
        return (*(remedy.label for remedy in self._remedies), "Quit")[self._chosen - 1] if self._chosen else ""

    def fit(self) -> None:
        """The choices take the lines that title, keys and frame leave."""
        self.query_one("#choices").styles.max_height = max(self.size.height - 4, 3)

    def on_click(self, event: Click) -> None:
        choice = next((one for one in (event.widget.ancestors if event.widget else ()) if isinstance(one, _Choice)), None)
        if choice is not None:
            self.action_choose(choice.number)

    def action_move(self, step: int) -> None:
        count = len(self._remedies) + 1
        self.action_choose((self._chosen or (0 if step > 0 else count + 1)) + step)

    def action_choose(self, number: int) -> None:
        if not 1 <= number <= len(self._remedies) + 1:
            return
        self._chosen = number
        for choice in self.query(_Choice):
            choice.mark(chosen=choice.number == number)
            if choice.number == number:
                choice.scroll_visible(animate=False)

    def action_take(self) -> None:
        if self._chosen:
            self.dismiss(self._remedies[self._chosen - 1] if self._chosen <= len(self._remedies) else None)
