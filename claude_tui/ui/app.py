"""The program on the screen: themes, signals, the way in and the ways out."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from textual.app import App
from textual.binding import BindingType
from textual.driver import Driver
from textual.filter import LineFilter

from claude_tui.domain.text import safe_text
from claude_tui.render.base import Look
from claude_tui.ui import egress
from claude_tui.ui.backstage import Backstage, Left
from claude_tui.ui.bindings import set_bindings
from claude_tui.ui.chat_screen import ChatScreen
from claude_tui.ui.keymap import Keymap
from claude_tui.ui.terminal import set_mouse
from claude_tui.ui.themes import WithoutColour, look_of, resolve, textual_name, textual_themes

_log = logging.getLogger(__name__)

_HANGUP = 129
_WITHOUT_COLOUR = WithoutColour()
COMMIT_SECONDS = 0.8
"""How long leaving waits for running answers to be committed."""


class ClaudeApp(App[Left]):
    """Runs one chat screen. `run_async` returns how it was left."""

    TITLE = "claude-tui"
    ENABLE_COMMAND_PALETTE = False
    AUTO_FOCUS = "#composer"
    BINDINGS: ClassVar[list[BindingType]] = []
    CSS_PATH = "app.tcss"

    def __init__(self, backstage: Backstage, *, driver_class: type[Driver] | None = None) -> None:
        egress.install()
        super().__init__(driver_class=driver_class)
        set_bindings(self, ())  # none of Textual's own: Ctrl+Q, Ctrl+C
        self.backstage = backstage
        self.keymap, self.key_problems = Keymap.build(backstage.settings.keys)
        self.theme_wanted: str = backstage.settings.theme
        self.animation_level = "none"
        for theme in textual_themes():
            self.register_theme(theme)
        self._wear(self.theme_wanted)
        self._chat = ChatScreen(backstage, self.keymap)
        self._leaving: asyncio.Task[None] | None = None

    # Looks.

    def _wear(self, wanted: str) -> None:
        self.theme_name = resolve(wanted, self.backstage.environ)
        self.theme = textual_name(self.theme_name)

    def get_line_filters(self) -> Sequence[LineFilter]:
        return (_WITHOUT_COLOUR,) if self.no_color else super().get_line_filters()

    @property
    def look(self) -> Look:
        return look_of(self.theme_name, self.backstage.environ)

    def wear(self, wanted: str) -> None:
        """Change the theme now."""
        self.theme_wanted = wanted
        self._wear(wanted)
        self._chat.transcript.show_look(self.look)

    # The way in.

    def get_default_screen(self) -> ChatScreen:
        return self._chat

    @property
    def chat(self) -> ChatScreen:
        return self._chat

    def on_mount(self) -> None:
        if not self.backstage.mouse:
            set_mouse(self, False)

    def say(self, sentence: str, *, title: str = "", severity: Any = "information") -> None:
        """A toast. The sentence may hold anything."""
        self.notify(safe_text(sentence), title=safe_text(title), severity=severity, markup=False)

    # The ways out.

    def leave(self, left: Left | None = None, *, code: int = 0) -> None:
        """Interrupt every running turn, commit, and end. Being asked twice changes nothing but that it does not wait any more."""
        if self._leaving is not None:
            return
        self._leaving = asyncio.get_running_loop().create_task(self._leave(left or Left(code)))

    async def _leave(self, left: Left) -> None:
        try:
            async with asyncio.timeout(COMMIT_SECONDS):
                await self._chat.put_away()
        except TimeoutError:
            _log.warning("left before everything was committed; the journal has it")
        except Exception:
            _log.exception("leaving")
        if left.session is None:
            left = Left(left.code, self._chat.session_to_name, left.then, left.problem)
        self.exit(left)

    def on_signal(self, code: int) -> None:
        """SIGTERM, SIGHUP, or a terminal that is gone."""
        self.leave(Left(code))

    def terminal_gone(self) -> None:
        """Nobody looks any more: as if it had been hung up."""
        self.on_signal(_HANGUP)

    async def action_quit(self) -> None:
        self.leave()

    def copy_to_clipboard(self, text: str) -> None:
        """What the composer cuts or copies goes the way everything does that is copied."""
        self._clipboard = safe_text(text)
        self._chat.cursor.copy(text)

    # Accidents.

    @property
    def terminal_notes(self) -> Path | None:
        """Where the driver notes that the terminal is ours, for whoever comes after a kill; None where nothing is to be written."""
        writes_nothing = self.backstage.demo or self.backstage.temporary
        return None if writes_nothing else self.backstage.paths.terminals

    @property
    def _resumable(self) -> str | None:
        session = self._chat.session_to_name
        return session.id if session else None

    def _handle_exception(self, error: Exception) -> None:
        from claude_tui.ui import crash  # loaded after the first frame, long before it is needed

        crash.handle_exception(self, error, self.backstage.paths.logs, self._resumable)

    def _fatal_error(self) -> None:
        from claude_tui.ui import crash

        crash.fatal_error(self, self.backstage.paths.logs, self._resumable)
