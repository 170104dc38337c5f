"""Where a prompt is written: an editor that grows to a third of the screen, with chips for large pastes and a memory of prompts.

It decides nothing: what a key means beyond editing is posted to the screen. Nothing typed in it is lost: whatever empties or
replaces the draft can be undone, or found again with Up.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from textual import events
from textual.message import Message
from textual.timer import Timer

from claude_tui.ui.bindings import run_binding
from claude_tui.ui.commands import Command, Where
from claude_tui.ui.draft_editor import DraftEditor
from claude_tui.ui.keymap import Keymap
from claude_tui.ui.prompt_history import PromptHistory
from claude_tui.ui.slash_popup import SlashPopup, SlashRow

Complete: TypeAlias = Callable[[str], Sequence[tuple[str, str, str]]]
"""Commands for what was typed so far (`/mo`): name, argument (empty if it takes none), title."""

ALSO_NEWLINE = frozenset({"ctrl+enter", "shift+\r"})
"""Ways in which terminals send keys that nobody would send a prompt with."""
SLASH, CUT = "slash", "ctrl+x"
JOINERS = frozenset("\u200c\u200d")
"""Not printable by themselves, but parts of emoji and words that arrive key by key."""
PREFIX_SECONDS = 1.5
"""So long Ctrl+X waits for Ctrl+E before it is the key that cuts a line."""
PLACEHOLDERS = ("Message Claude… (Enter sends, Ctrl+J new line)", "Message Claude… (Ctrl+J new line)", "Message Claude…")


def no_commands(prefix: str) -> Sequence[tuple[str, str, str]]:
    """For a composer without slash commands."""
    del prefix
    return ()


@dataclass(frozen=True, eq=False, slots=True)
class _Sent:
    """A draft that went out with Enter and has not been taken yet."""

    shown: str


class Composer(DraftEditor):
    """`has_queue`: whether Up in an empty composer means the waiting prompts. `complete` gives the slash commands."""

    DEFAULT_CSS = """
    Composer {
        height: auto;
        min-height: 1;
        max-height: 33.34vh;
        border: none;
        border-left: heavy $border-blurred;
        padding: 0 1;
        background: $background;
        scrollbar-size-vertical: 1;
        &:focus { border: none; border-left: heavy $accent; }
        & .text-area--placeholder { color: $text-muted; }
    }
    """

    class Posted(Message):
        """Base of what the composer tells the screen."""

        def __init__(self, composer: Composer) -> None:
            super().__init__()
            self.composer = composer

        @property
        def control(self) -> Composer:
            return self.composer

    class Submitted(Posted):
        """Enter. `text` is the real text, empty where there is nothing but white space: then there is nothing to take.

        The draft stays until the screen accepts it with `take()`.
        """

        def __init__(self, composer: Composer, text: str) -> None:
            super().__init__(composer)
            self.text = text

    class DraftChanged(Posted):
        """After every edit."""

    class Wanted(Posted):
        """A key of a command that the composer does not do itself."""

        def __init__(self, composer: Composer, command: Command) -> None:
            super().__init__(composer)
            self.command = command

    def __init__(self, complete: Complete = no_commands, keymap: Keymap | None = None, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._keymap = keymap or Keymap.build()[0]
        self.placeholder = PLACEHOLDERS[0]
        self.complete = complete
        self.has_queue = False
        self._prompts = PromptHistory(self.displayed)
        self._popup = SlashPopup(self._fill_in)
        self._slash = False
        self._prefix = ""
        self._prefix_timer: Timer | None = None
        self._submitted: deque[_Sent] = deque()

    # The draft.

    def put(self, text: str) -> None:
        """Replace the draft, undoably. What was a chip becomes one again, and a line so long that typing would be slow."""
        self._leave_history()
        self.replace_all(self.displayed(text))

    def take(self) -> str:
        """Accept what was submitted (or, without Enter, the draft): its real text, which goes from here into the prompt history.

        What was typed after Enter stays.
        """
        whole = self.text
        shown = self._submitted.popleft().shown if self._submitted else whole
        text = self.chips.expand(shown)
        self._leave_history()
        self._prompts.add(text)
        self.replace_all(whole.removeprefix(shown))
        return text

    def clear_draft(self) -> None:
        """Empty the composer; Up and undo bring the draft back."""
        text = self.real_text
        self._leave_history()
        self._prompts.add(text)
        self.replace_all("")

    def set_entries(self, entries: Iterable[str]) -> None:
        """Earlier prompts, newest first, for Up and Down."""
        self._prompts.set_entries(entries)

    def close_popup(self) -> bool:
        """Whether there was something to close: the list of commands, or a Ctrl+X that waits."""
        waiting = bool(self._prefix)
        self._end_prefix()
        self._slash = False
        if not self._popup.display:
            return waiting
        self._popup.hide()
        return True

    def _leave_history(self) -> None:
        """The walk through old prompts is over; a draft that waited at its end becomes one of them."""
        self._prompts.add(self.chips.expand(self._prompts.leave()))

    def _replace_all(self, text: str) -> None:
        if text == self.text:
            return
        self.history.checkpoint()
        self.replace(text, (0, 0), self.document.end, maintain_selection_offset=False)
        self.history.checkpoint()

    # Keys.

    async def _on_key(self, event: events.Key) -> None:
        if self._after_prefix(event.key) or self._act(event) or await run_binding(self, event.key):
            event.stop()
            event.prevent_default()

    def _act(self, event: events.Key) -> bool:
        """Do what the key means here; False leaves it to the editor and the bindings."""
        if self._popup.display and self._steer_popup(event.key):
            return True
        if self._keymap.is_prefix(Where.COMPOSER, event.key):
            return self._begin_prefix(event.key)
        command = self._command(event.key)
        if command is not None:
            return self._do(command)
        if event.key in ALSO_NEWLINE:
            self.type("\n")
        elif event.character in JOINERS:
            self.type(event.character or "")
        else:
            return False
        return True

    def _command(self, key: str) -> Command | None:
        """What the key does: in an empty composer it may be something else."""
        if self.is_empty:
            self._slash = key == SLASH
            command = self._keymap.find(Where.EMPTY, key)
            if command is not None and (command.id != "queue.edit" or (self.has_queue and not self._prompts.position)):
                return command
        return self._keymap.find(Where.COMPOSER, key)

    def _do(self, command: Command) -> bool:
        match command.id:
            case "composer.send":
                self._enter()
            case "composer.newline":
                self.type("\n")
            case "history.previous":
                return self._up()
            case "history.next":
                return self._down()
            case "composer.slash":
                return False
            case "composer.undo":
                self.undo()
            case "composer.redo":
                self.redo()
            case _:
                self.post_message(self.Wanted(self, command))
        return True

    def _enter(self) -> None:
        row, column = self.cursor_location
        if self.selection.is_empty and self.document.get_line(row)[:column].endswith("\\"):
            self.replace("\n", (row, column - 1), (row, column), maintain_selection_offset=False)
            return
        self.submit()

    def submit(self) -> None:
        """What Enter does. Keys that follow before the screen has seen it (`text\\rmore` in one write) are of the next draft."""
        shown = self.text.removeprefix("".join(sent.shown for sent in self._submitted))
        text = self.chips.expand(shown)
        if not text.strip():
            self.screen.post_message(self.Submitted(self, ""))
            return
        self.close_popup()
        self.move_cursor(self.document.end)
        sent = _Sent(shown)
        self._submitted.append(sent)
        self.screen.post_message(self.Submitted(self, text))
        self.screen.call_later(self._settle, sent)

    def _settle(self, sent: _Sent) -> None:
        """The screen has seen Submitted. What it did not take is the draft still."""
        if sent in self._submitted:
            self._submitted.remove(sent)

    # Earlier prompts.

    def _up(self) -> bool:
        if not self.selection.is_empty or not self.navigator.is_first_wrapped_line(self.cursor_location):
            return False
        earlier = self._prompts.older(self.text)
        if earlier is None:
            return False
        self.replace_all(earlier)
        self.move_cursor(self.navigator.get_location_end((0, 0)))
        return True

    def _down(self) -> bool:
        if not self.selection.is_empty or not self.navigator.is_last_wrapped_line(self.cursor_location):
            return False
        later = self._prompts.newer(self.text)
        if later is None:
            return False
        self.replace_all(later)
        self.move_cursor(self.document.end)
        return True

    # Sequences of keys.

    def _begin_prefix(self, key: str) -> bool:
        """Wait for the rest of a sequence. Ctrl+X alone cuts, at once where something is selected."""
        if key == CUT and not self.selection.is_empty:
            self.action_cut()
        else:
            self._prefix = key
            self._prefix_timer = self.set_timer(PREFIX_SECONDS, self._prefix_alone)
        return True

    def _after_prefix(self, key: str) -> bool:
        """Whether the key ended a sequence. Any other key finds the line cut and then does what it does."""
        if not self._prefix:
            return False
        command = self._keymap.find(Where.COMPOSER, f"{self._prefix} {key}")
        if command is None:
            self._prefix_alone()
            return False
        self._end_prefix()
        return self._do(command)

    def _prefix_alone(self) -> None:
        cuts = self._prefix == CUT
        self._end_prefix()
        if cuts:
            self.action_cut()

    def _end_prefix(self) -> None:
        self._prefix = ""
        if self._prefix_timer is not None:
            self._prefix_timer.stop()
            self._prefix_timer = None

    def insert_pasted(self, text: str) -> None:
        self._prefix_alone()
        super().insert_pasted(text)

    # Slash commands.

    def _steer_popup(self, key: str) -> bool:
        row = self._popup.chosen
        if key in ("up", "down"):
            self._popup.move(-1 if key == "up" else 1)
        elif key == "tab" or (key == "enter" and self.document.get_line(0) != row.name):
            self._fill_in(row)
        else:
            return False
        return True

    def _fill_in(self, row: SlashRow) -> None:
        self.replace_all(f"{row.name} " if row.argument else row.name)

    def edited(self) -> None:
        self._update_popup()
        self.post_message(self.DraftChanged(self))

    def _update_popup(self) -> None:
        """Open while the draft is one unfinished word that began with a slash in an empty composer."""
        word = self.document.get_line(0) if self._slash and self.document.line_count == 1 else ""
        if not word.startswith("/"):
            self._slash = False
        rows = self._commands(word) if word.startswith("/") and len(word) < 40 and not any(map(str.isspace, word)) else []
        if rows:
            self._popup.show(rows, self.region, self.screen.size.width)
        else:
            self._popup.hide()

    def _commands(self, word: str) -> list[SlashRow]:
        return [SlashRow("/" + name.removeprefix("/"), argument, title) for name, argument, title in self.complete(word)]

    # Its place on the screen.

    def on_mount(self) -> None:
        self.screen.mount(self._popup)
        moved = self.screen.screen_layout_refresh_signal  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        moved.subscribe(self, self._place_popup)  # pyright: ignore[reportUnknownMemberType]

    def on_unmount(self) -> None:
        self._popup.remove()

    def on_resize(self) -> None:
        self.placeholder = next((text for text in PLACEHOLDERS if len(text) <= self.content_size.width), PLACEHOLDERS[-1])

    def _place_popup(self, _: object) -> None:
        if self._popup.display:
            self._popup.place(self.region, self.screen.size.width)
