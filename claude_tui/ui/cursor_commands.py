"""What the commands of the message cursor do: move it, and copy, quote, edit, fork, list or switch what it is on."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from claude_tui.domain.blocks import plain_text
from claude_tui.domain.text import safe_text
from claude_tui.domain.turns import is_prompt
from claude_tui.render.base import Cell

if TYPE_CHECKING:
    from claude_tui.ui.chat_screen import ChatScreen
    from claude_tui.ui.dialogs import Dialogs


class CursorCommands:
    """Bound to the chat screen. Every `run_` method takes the text behind a slash command, empty for keys."""

    def __init__(self, screen: ChatScreen) -> None:
        self._screen = screen

    @property
    def _dialogs(self) -> Dialogs:
        return self._screen.dialogs

    def run_cursor_enter(self, argument: str) -> None:
        self._move(len(self._screen.conversation.cells) - 1)

    def run_cursor_up(self, argument: str) -> None:
        cursor = self._screen.transcript.cursor
        self._move(len(self._screen.conversation.cells) - 1 if cursor is None else cursor - 1)

    def run_cursor_down(self, argument: str) -> None:
        cursor = self._screen.transcript.cursor
        if cursor is not None and cursor >= len(self._screen.conversation.cells) - 1:
            self.run_cursor_leave("")
        else:
            self._move(len(self._screen.conversation.cells) - 1 if cursor is None else cursor + 1)

    def run_cursor_first(self, argument: str) -> None:
        self._move(0)

    def run_cursor_last(self, argument: str) -> None:
        self._move(len(self._screen.conversation.cells) - 1)

    def _move(self, index: int) -> None:
        if self._screen.conversation.cells:
            self._screen.set_focus(self._screen.transcript)  # at once: who sees the cursor may type at it
            self._screen.transcript.set_cursor(index)

    def run_cursor_leave(self, argument: str) -> None:
        self._screen.set_focus(self._screen.composer)
        self._screen.transcript.set_cursor(None)

    def run_cursor_previous_prompt(self, argument: str) -> None:
        cursor = self._screen.transcript.cursor or 0
        before = [turn.index for turn in self._screen.conversation.turns if turn.index < cursor]
        self._move(before[-1] if before else 0)

    def run_cursor_next_prompt(self, argument: str) -> None:
        cursor = self._screen.transcript.cursor or 0
        after = [turn.index for turn in self._screen.conversation.turns if turn.index > cursor]
        if after:
            self._move(after[0])

    def run_cursor_toggle(self, argument: str) -> None:
        cursor = self._screen.transcript.cursor
        if cursor is not None:
            self._screen.transcript.toggle(cursor)

    def _chosen(self) -> Cell | None:
        """The cell at the cursor; without a cursor, the last answer."""
        cell = self._screen.transcript.cell_at_cursor
        conversation = self._screen.conversation
        answers = (one for one in reversed(conversation.cells) if one.kind == "text" and one is not conversation.welcome)
        return cell or next(answers, None)

    def run_cursor_copy(self, argument: str) -> None:
        cell = self._chosen()
        if cell is None:
            self._screen.program.say("There is nothing to copy yet.")
        else:
            self.copy(cell.source())

    def run_cursor_copy_code(self, argument: str) -> None:
        cell = self._chosen()
        blocks = cell.code_blocks() if cell is not None else []
        if not blocks:
            self._screen.program.say("There is no code block in this message.")
        elif len(blocks) == 1:
            self.copy(blocks[0])
        else:
            self._dialogs.pick_code(blocks, self.copy)

    def run_cursor_copy_table(self, argument: str) -> None:
        cell = self._chosen()
        tables = cell.tables() if cell is not None else []
        if tables:
            self._dialogs.pick_table(tables, self.copy)
        else:
            self._screen.program.say("There is no table in this message.")

    def run_cursor_links(self, argument: str) -> None:
        from claude_tui.ui.extracts import links_of

        cell = self._chosen()
        links = links_of(cell.source()) if cell is not None else []
        if links:
            self._dialogs.pick_link(links, lambda url: self._screen.start(self._open_link(url), "link"), self.copy)
        else:
            self._screen.program.say("There is no link in this message.")

    async def _open_link(self, url: str) -> None:
        from claude_tui.ui import browser

        if await browser.open_link(url, self._screen.backstage.environ):
            self._screen.program.say(f"Opened: {url}")
        else:
            self._screen.program.say("No program here opens links; it is copied instead.")
            self.copy(url)

    def run_cursor_outline(self, argument: str) -> None:
        self._dialogs.outline(self._screen.transcript.cursor)

    def copy(self, text: str) -> None:
        """To the clipboard, by every way there is; the toast says which."""
        self._screen.start(self._copy(safe_text(text)), "copy")

    async def _copy(self, text: str) -> None:
        from claude_tui.ui import clipboard

        copied = await clipboard.copy(self._screen.program, text, self._screen.backstage.paths.data / "copies")
        self._screen.program.say(copied.sentence())

    def run_cursor_quote(self, argument: str) -> None:
        cell = self._chosen()
        if cell is None:
            return
        quoted = "\n".join(f"> {line}" for line in cell.source().split("\n"))
        draft = self._screen.composer.real_text
        self._screen.composer.put(f"{draft}\n\n{quoted}\n\n" if draft.strip() else f"{quoted}\n\n")
        self.run_cursor_leave("")

    def run_cursor_edit(self, argument: str) -> None:
        """Without a cursor on a turn: the list of earlier prompts."""
        screen = self._screen
        turn = screen.conversation.turn_at(screen.transcript.cursor) if screen.transcript.cursor is not None else None
        if screen.dialogue.session is None:
            screen.program.say("This session is read-only here.")
        elif turn is None:
            self._dialogs.pick_prompt_to_edit()
        elif not is_prompt(turn.prompt):
            screen.program.say("A summary cannot be edited; `[` shows what it is of.")
        else:
            self.edit_prompt(turn.prompt.id)

    def edit_prompt(self, prompt_id: str) -> None:
        """Put an earlier prompt into the draft, to be sent as a new version."""
        screen = self._screen
        prompt = next((message for message in screen.dialogue.prompts() if message.id == prompt_id), None)
        if prompt is None:
            screen.program.say("This prompt is no longer on the current path.")
            return
        screen.composer.put(plain_text(prompt.blocks))
        screen.dialogue.edit(prompt.id)
        self.run_cursor_leave("")

    def run_cursor_fork(self, argument: str) -> None:
        """Up to the turn at the cursor; without a cursor, all of it."""
        screen = self._screen
        conversation, cursor = screen.conversation, screen.transcript.cursor
        if cursor is None or screen.dialogue.session is None:
            self.fork(None)
            return
        later = next((turn.prompt for turn in conversation.turns if turn.index > cursor), None)
        self.fork(later.parent_id if later is not None else None)

    def run_cursor_previous_version(self, argument: str) -> None:
        self._switch_version(-1)

    def run_cursor_next_version(self, argument: str) -> None:
        self._switch_version(1)

    def _switch_version(self, step: int) -> None:
        screen, session = self._screen, self._screen.dialogue.session
        turn = screen.conversation.turn_at(screen.transcript.cursor) if screen.transcript.cursor is not None else None
        if session is None or turn is None:
            return
        versions = session.versions_of(turn.prompt.id)
        index = versions.index(turn.prompt.id) + step if turn.prompt.id in versions else -1
        if session.busy:
            screen.program.say("An answer is being written; versions can be switched when it is done.")
        elif not 0 <= index < len(versions):
            screen.program.say("There is no other version in this direction.")
        else:
            screen.start(self._show_version(versions[index], turn.index), "version")

    async def _show_version(self, prompt_id: str, index: int) -> None:
        session = self._screen.dialogue.session
        if session is not None:
            with contextlib.suppress(RuntimeError):  # a turn began meanwhile
                await session.switch_version(prompt_id)
            self._screen.view.redraw()
            self._move(index)

    # Forks.

    def fork(self, until: str | None) -> None:
        """Up to this message, or all of it, into a session of its own."""
        screen = self._screen
        watched = screen.view.watching.watch.info if screen.view.watching is not None else None
        info = screen.dialogue.session.info if screen.dialogue.session is not None else watched
        if screen.view.workspace is not None and info is not None:
            screen.start(self._show_fork(info.id, until), "fork")

    async def _show_fork(self, session_id: str, until: str | None) -> None:
        screen = self._screen
        if screen.view.workspace is None:
            return
        if screen.dialogue.session is not None and not screen.dialogue.session.path:
            screen.program.say("There is nothing to fork yet.")
            return
        typed = screen.composer.real_text
        fork = await screen.view.workspace.fork(session_id, until)
        await screen.view.show(fork)
        screen.composer.put(typed)
        screen.program.say("This is the fork: a session of its own.")
