"""A small dialog to write one line, or a longer text. Esc never loses a text at the first press."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.events import Paste
from textual.widgets import Static, TextArea

from claude_tui.domain.text import safe_line, safe_text
from claude_tui.ui.line_input import LineInput
from claude_tui.ui.panel import Panel

_CHROME = 5
_LINES = 12


class _LongText(TextArea):
    """A `TextArea` without a frame that holds nothing a terminal would obey."""

    DEFAULT_CSS = """
    _LongText, _LongText:focus { border: none; padding: 0; height: 1fr; background: transparent; }
    """

    async def _on_paste(self, event: Paste) -> None:
        event.stop()
        event.prevent_default()
        self.replace(safe_text(event.text), *sorted((self.selection.start, self.selection.end)))


class TextPrompt(Panel["str | None"]):
    """Dismissed with the text, or None. One line comes back without white space around it.

    `multiline`: a text in which Enter is a new line and Ctrl+S saves. `check` says in a sentence why a text cannot be, None where
    it can. `note` stands under the title.
    """

    DEFAULT_CSS = """
    TextPrompt {
        & #field { margin: 0 1; }
        & #note { padding: 0 1; color: $text-muted; width: 100%; height: auto; max-height: 3; }
        & #problem { padding: 0 1; color: $text-error; width: 100%; height: 1; text-wrap: nowrap; text-overflow: ellipsis; }
        & #problem.-said { color: $text-warning; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s,ctrl+enter", "save", show=False),
        Binding("tab,shift+tab", "nothing", show=False),
    ]

    def __init__(
        self,
        title: str,
        text: str = "",
        *,
        multiline: bool = False,
        placeholder: str = "",
        note: str = "",
        check: Callable[[str], str | None] | None = None,
    ) -> None:
        super().__init__()
        self._title = safe_line(title)
        self._text = safe_text(text)
        self._multiline = multiline
        self._placeholder = safe_line(placeholder)
        self._note = safe_text(note)
        self._check = check
        self._warned = False

    def compose(self) -> ComposeResult:
        with Vertical(id="panel"):
            yield Static(Content(self._title), id="title")
            if self._note:
                yield Static(Content(self._note), id="note")
            if self._multiline:
                yield _LongText(self._text, soft_wrap=True, tab_behavior="focus", highlight_cursor_line=False, id="field")
            else:
                yield LineInput(self._text, self._placeholder, id="field")
            yield Static(Content(""), id="problem")
            yield Static(Content(f"{'Ctrl+S' if self._multiline else 'Enter'} save · Esc cancel"), id="footer")

    def on_mount(self) -> None:
        field = self.query_one("#field")
        field.focus()
        if isinstance(field, TextArea):
            field.move_cursor(field.document.end)

    def fit(self) -> None:
        note = min(len(Content(self._note).wrap(max(self.size.width - 6, 8))), 3) if self._note else 0
        self.query_one("#panel").styles.height = min(_CHROME + note + (_LINES if self._multiline else 1), self.size.height)

    @property
    def text(self) -> str:
        """What stands in the field now."""
        field = self.query_one("#field")
        return field.text if isinstance(field, TextArea) else self.query_one(LineInput).value.strip()

    @on(LineInput.Changed)
    @on(TextArea.Changed)
    def _edited(self) -> None:
        self._warned = False
        self._say("")

    @on(LineInput.Submitted)
    def action_save(self) -> None:
        problem = self._check(self.text) if self._check else None
        if problem:
            self._say(safe_line(problem))
        else:
            self.dismiss(self.text)

    def action_leave(self) -> None:
        changed = self.text != (self._text if self._multiline else safe_line(self._text).strip())
        if changed and not self._warned and self._multiline:
            self._warned = True
            self._say("What you changed is not saved. Esc again drops it.")
        else:
            self.dismiss(None)

    def action_nothing(self) -> None:
        """The focus has nowhere to go."""

    def _say(self, text: str) -> None:
        self.query_one("#problem").set_class(self._warned, "-said")
        self.set_text("problem", text)
