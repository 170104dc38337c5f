"""The conversation as a file of the user's choice, from memory: to keep it elsewhere, and for when the history takes nothing."""

from __future__ import annotations

import asyncio
import logging
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from claude_tui.domain.blocks import dump_json
from claude_tui.domain.errors import StoreError
from claude_tui.domain.export import json_of, markdown_of
from claude_tui.domain.messages import Message, SessionInfo
from claude_tui.domain.text import safe_line
from claude_tui.files import shown_path, write_private

if TYPE_CHECKING:
    from claude_tui.engine.session import Session
    from claude_tui.ui.chat_screen import ChatScreen

MARKDOWN = (".md", ".markdown")
_MOST_NAMES = 1000

_log = logging.getLogger(__name__)


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
        target, taken = await asyncio.to_thread(_place, named, session.info)
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


def write_conversation(target: Path, info: SessionInfo, messages: Sequence[Message]) -> Path:
    """The whole file or none, for the user alone; Markdown if its name ends so, else what `sessions import` reads. OSError."""
    text = "".join(markdown_of(info, messages)) if target.suffix.lower() in MARKDOWN else dump_json(json_of(info, messages)) + "\n"
    target = target.absolute()
    write_private(target, text.encode("utf-8"))
    return target


def rescue(info: SessionInfo, messages: Sequence[Message]) -> Path | None:
    """The conversation in the first place that takes it; None where nothing does."""
    for folder in (*_folders(), Path(tempfile.gettempdir())):
        try:
            return write_conversation(_new_name([folder], info), info, messages)
        except OSError:
            _log.warning("the conversation cannot be written to %s", folder, exc_info=True)
    return None


def _place(named: str, info: SessionInfo) -> tuple[Path, bool]:
    """The file to write, and whether it would be written over one that the user named."""
    if not named:
        return _new_name(_folders(), info), False
    given = Path(os.path.expanduser(named))
    return (_new_name([given], info), False) if given.is_dir() else (given, given.exists())


def lost(reason: object, info: SessionInfo | None, messages: Sequence[Message]) -> str:
    """What is said at the end of a conversation that the disk did not take, which is written elsewhere if any place takes it."""
    path = rescue(info, messages) if info is not None and messages else None
    where = f" The conversation is in {path}: `claude-tui sessions import` takes it back." if path is not None else ""
    return f"NOT SAVED: {reason}{where}"


def _folders() -> Iterator[Path]:
    """Where a user would look for a file."""
    for find in (Path.cwd, Path.home):
        try:
            yield find()
        except (OSError, RuntimeError):
            continue


def _new_name(folders: Sequence[Path] | Iterator[Path], info: SessionInfo) -> Path:
    """A name nothing has, in the first folder that may be written to."""
    found = [folder for folder in folders if os.access(folder, os.W_OK)] or [Path()]
    stem = f"claude-tui-{info.id}"
    names = (stem, *(f"{stem}-{number}" for number in range(2, _MOST_NAMES)))
    return next(
        (path for name in names if not (path := found[0] / f"{name}.json").exists()), found[0] / f"{stem}-{os.getpid()}.json"
    )
