"""The conversation as a file of the user's choice, from memory: to keep it elsewhere, and for when the history takes nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from claude_tui.domain.errors import StoreError
from claude_tui.domain.text import safe_line
from claude_tui.elsewhere import place, write_conversation
from claude_tui.files import shown_path

if TYPE_CHECKING:
    from claude_tui.engine.session import Session
    from claude_tui.ui.chat_screen import ChatScreen


class Saving:
    """Bound to the chat screen."""

    def __init__(self, screen: ChatScreen) -> None:
        self._screen = screen

    async def save(self, named: str) -> None:
        """`named`: a file, a folder to put one into, or nothing: then a new file in the current folder or the user's own."""
        session = self._screen.dialogue.session
        if session is None or not session.path:
            self._screen.program.say("There is no conversation to save yet.")
            return
        try:
            await session.load()
        except StoreError as error:
            self._screen.dock.notice(f"The beginning cannot be read ({error}); what is in memory is saved.", "warning")
        target, taken = await asyncio.to_thread(place, named, session.info)
        if taken:
            self._ask(session, target)
        else:
            await self._write(session, target)

    def _ask(self, session: Session, target: Path) -> None:
        from claude_tui.ui.picker import Choice, Picker

        def picked(replace: bool | None) -> None:
            if replace:
                self._screen.start(self._write(session, target), "save")

        choices = [Choice(False, "Keep the file that is there"), Choice(True, "Replace it with this conversation")]
        self._screen.program.push_screen(Picker(f"{safe_line(target.name, 40)} exists already", choices), picked)

    async def _write(self, session: Session, target: Path) -> None:
        try:
            path = await asyncio.to_thread(write_conversation, target, session.info, session.path_so_far)
        except OSError as error:
            reason = error.strerror or str(error)
            text = f"{safe_line(str(target))} cannot be written: {reason}. Name a file in another place: /save FILE."
            self._screen.dock.notice(text, "error")
            return
        self._screen.program.say(f"The conversation is in {shown_path(path)}.")
