"""What each command of the registry does. One method a command, found by name; dialogs they open are in `dialogs`."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from claude_tui.ui.backstage import Left
from claude_tui.ui.conversation import Folding, folding_of
from claude_tui.ui.terminal import set_mouse

if TYPE_CHECKING:
    from claude_tui.ui.chat_screen import ChatScreen
    from claude_tui.ui.dialogs import Dialogs

_LINES = 3
"""So many lines a scroll key moves."""


class ChatCommands:
    """Bound to the chat screen. Every method takes the text behind a slash command, empty for keys."""

    def __init__(self, screen: ChatScreen) -> None:
        self._screen = screen
        self._mouse = screen.backstage.mouse

    @property
    def _dialogs(self) -> Dialogs:
        return self._screen.dialogs

    # Stop, clear, quit.

    def run_turn_interrupt(self, argument: str) -> None:
        """Esc: stop what runs; else close what is open; twice, clear the draft or pick an earlier prompt."""
        screen, now = self._screen, time.monotonic()
        if self._stop(now):
            return
        if self._close_something():
            screen.presses.escape_used()
        elif screen.presses.is_double_escape(now):
            self._double_escape()

    def _stop(self, now: float) -> bool:
        screen = self._screen
        if not screen.dialogue.interrupt():
            return False
        screen.presses.interrupted(now)
        screen.meter.stopping()
        screen.status.wake()
        return True

    def _close_something(self) -> bool:
        screen = self._screen
        if screen.composer.close_popup() or screen.finding.close():
            return True
        if screen.selections:
            screen.clear_selection()
            return True
        if screen.transcript.cursor is not None:
            self._screen.cursor.run_cursor_leave("")
            return True
        return False

    def _double_escape(self) -> None:
        screen = self._screen
        if not screen.composer.is_empty or screen.dialogue.editing is not None:
            self.clear_draft()
        else:
            self._screen.cursor.run_cursor_edit("")

    def clear_draft(self) -> None:
        """Empty, and no version of anything; Up brings the text back."""
        self._screen.composer.clear_draft()
        self._screen.dialogue.edit(None)

    def run_app_copy_or_quit(self, argument: str) -> None:
        """Ctrl+C: copy, else stop, else clear, else quit at the second press."""
        screen, now = self._screen, time.monotonic()
        selected = screen.get_selected_text()
        if selected:
            self._screen.cursor.copy(selected)
            screen.clear_selection()
        elif self._stop(now):
            return
        elif not screen.composer.is_empty:
            screen.composer.clear_draft()
        elif screen.presses.is_second("ctrl+c", now):
            screen.program.leave()
        else:
            screen.program.say("Ctrl+C once more quits.")

    def run_app_quit_if_empty(self, argument: str) -> None:
        if self._screen.presses.is_second("ctrl+d", time.monotonic()):
            self._screen.program.leave()
        else:
            self._screen.program.say("Ctrl+D once more quits.")

    def run_app_quit(self, argument: str) -> None:
        self._screen.program.leave()

    def run_app_suspend(self, argument: str) -> None:
        self._screen.program.action_suspend_process()

    def run_app_demo(self, argument: str) -> None:
        if self._screen.backstage.demo:
            self._screen.program.say("This is the demo already.")
        else:
            self._screen.program.leave(Left(then="demo"))

    def run_turn_stop_call(self, argument: str) -> None:
        """Stop the answer while the call at the cursor is still being written: it is never run then."""
        cell = self._screen.transcript.cell_at_cursor
        if cell is not None and cell.kind == "tool" and not cell.finished:
            self._stop(time.monotonic())

    # The composer.

    def run_composer_send(self, argument: str) -> None:
        self._screen.composer.submit()

    def run_composer_newline(self, argument: str) -> None:
        self._screen.composer.insert("\n")

    def run_composer_undo(self, argument: str) -> None:
        self._screen.composer.undo()

    def run_composer_redo(self, argument: str) -> None:
        self._screen.composer.redo()

    def run_composer_editor(self, argument: str) -> None:
        self._screen.start(self._edit_elsewhere(), "editor")

    async def _edit_elsewhere(self) -> None:
        from claude_tui.ui import external_editor

        screen = self._screen
        try:
            text = await external_editor.edit(screen.program, screen.composer.real_text, screen.backstage.environ)
        except external_editor.EditorFailed as failure:
            screen.dock.notice(str(failure), "error")
            text = failure.text
        if text is not None and text != screen.composer.real_text:
            screen.composer.put(text)

    def run_queue_edit(self, argument: str) -> None:
        text = self._screen.dialogue.take_back()
        if text is not None:  # what stands there was typed behind the key that asked for this
            self._screen.composer.put(text + self._screen.composer.real_text)

    def run_prompts_search(self, argument: str) -> None:
        self._dialogs.search_prompts()

    # Sessions.

    def run_session_new(self, argument: str) -> None:
        screen = self._screen
        workspace = screen.view.workspace
        if workspace is not None:
            settings = screen.backstage.settings
            session = workspace.new(model=settings.model, effort=settings.effort, system=settings.system)
            screen.start(screen.view.show(session), "new session")

    def run_session_list(self, argument: str) -> None:
        self._dialogs.list_sessions()

    def run_session_resume(self, argument: str) -> None:
        if argument:
            self._dialogs.open_session(argument)
        else:
            self._dialogs.list_sessions()

    def run_session_save(self, argument: str) -> None:
        from claude_tui.ui.saving import Saving

        self._screen.start(Saving(self._screen).save(argument.strip()), "save")

    def run_session_rename(self, argument: str) -> None:
        self._dialogs.rename(argument)

    def run_session_system(self, argument: str) -> None:
        self._dialogs.system_prompt(argument)

    def run_session_fork(self, argument: str) -> None:
        """The whole session, or the one that is only watched, as one of our own."""
        self._screen.cursor.fork(None)

    # Model and looks.

    def run_model_pick(self, argument: str) -> None:
        self._dialogs.pick_model(argument)

    def run_provider_pick(self, argument: str) -> None:
        self._dialogs.pick_provider(argument.strip())

    def run_effort_pick(self, argument: str) -> None:
        self._dialogs.pick_effort(argument)

    def run_app_theme(self, argument: str) -> None:
        self._dialogs.pick_theme(argument)

    def run_app_help(self, argument: str) -> None:
        self._dialogs.help()

    def run_app_keys(self, argument: str) -> None:
        self._dialogs.help(ids=True)

    def run_app_palette(self, argument: str) -> None:
        self._dialogs.palette()

    def run_app_doctor(self, argument: str) -> None:
        self._screen.start(self._dialogs.doctor(), "doctor")

    def run_app_cost(self, argument: str) -> None:
        self._screen.start(self._dialogs.cost(), "cost")

    def run_app_context(self, argument: str) -> None:
        self._screen.start(self._dialogs.context(), "context")

    def run_app_redraw(self, argument: str) -> None:
        self._screen.program.refresh(repaint=True, layout=True)

    def run_app_mouse(self, argument: str) -> None:
        self._mouse = not self._mouse
        if not set_mouse(self._screen.program, self._mouse):
            self._screen.program.say("This terminal has no mouse to give back.")
        elif self._mouse:
            self._screen.program.say("The mouse scrolls, clicks and selects here again.")
        else:
            self._screen.program.say("The mouse is the terminal's: select and copy as everywhere else. F9 takes it back.")

    # The view.

    def run_view_thinking(self, argument: str) -> None:
        level = (self._screen.conversation.defaults["thinking"] + 1) % 3
        self._fold("thinking", level)
        self._screen.program.say(("Thinking: one line.", "Thinking: its last lines.", "Thinking: all of it.")[level])

    def run_view_tools(self, argument: str) -> None:
        level = 0 if self._screen.conversation.defaults["tools"] else 1
        self._fold("tools", level)
        self._screen.program.say(("Tool details hidden.", "Tool details shown.")[level])

    def _fold(self, folding: Folding, level: int) -> None:
        """What is read stays; a panel that closes around the reading line leaves its header there."""
        conversation, transcript = self._screen.conversation, self._screen.transcript
        place = transcript.place
        conversation.fold_all(folding, level)
        index = conversation.index_of(place[0]) if place is not None else None
        if place is not None and index is not None:
            cell = conversation.cells[index]
            closed = folding_of(cell) == folding and level == 0
            transcript.go_to((place[0], min(place[1], cell.gap) if closed else place[1]))

    def run_view_reading(self, argument: str) -> None:
        transcript = self._screen.transcript
        transcript.reading = self._screen.status.reading = not transcript.reading
        on, off = "Reading mode: a new answer stays at your prompt while it comes.", "A new answer is followed to its end."
        self._screen.program.say(on if transcript.reading else off)

    def run_view_clip_code(self, argument: str) -> None:
        transcript = self._screen.transcript
        transcript.show_look(replace(transcript.look, clip_code=not transcript.look.clip_code))
        self._screen.program.say("Long code lines are cut off." if transcript.look.clip_code else "Long code lines are folded.")

    def run_view_page_up(self, argument: str) -> None:
        self._screen.transcript.scroll_pages(-1)

    def run_view_page_down(self, argument: str) -> None:
        self._screen.transcript.scroll_pages(1)

    def run_view_line_up(self, argument: str) -> None:
        self._screen.transcript.scroll_rows(-_LINES)

    def run_view_line_down(self, argument: str) -> None:
        self._screen.transcript.scroll_rows(_LINES)

    def run_view_top(self, argument: str) -> None:
        self._screen.transcript.to_start()

    def run_view_bottom(self, argument: str) -> None:
        self._screen.transcript.follow()
