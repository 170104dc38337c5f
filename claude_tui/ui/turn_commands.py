"""What the commands do by which a turn begins without a new prompt: going on, asking again, compacting."""

from __future__ import annotations

from typing import TYPE_CHECKING

from claude_tui.domain.blocks import plain_text
from claude_tui.domain.events import ending_of
from claude_tui.domain.sentences import is_over_budget
from claude_tui.domain.turns import is_prompt

if TYPE_CHECKING:
    from claude_tui.ui.chat_screen import ChatScreen

BUSY = "An answer is being written; Esc stops it."


class TurnCommands:
    """Bound to the chat screen. Every `run_` method takes the text behind a slash command, empty for keys."""

    def __init__(self, screen: ChatScreen) -> None:
        self._screen = screen

    def run_turn_continue(self, argument: str) -> None:
        """A budget that stopped the turn is gone over: the key is the user's word on it."""
        screen, session = self._screen, self._screen.dialogue.session
        if not self._may_begin() or session is None:
            return
        last = session.path[-1] if session.path else None
        try:
            screen.dialogue.go_on(over_budget=last is not None and is_over_budget(ending_of(last)[1]))
        except ValueError as error:
            screen.program.say(str(error))
            return
        if last is not None and screen.dialogue.editing == last.id and screen.composer.real_text == plain_text(last.blocks):
            screen.composer.put("")  # it was handed back to be sent again, which is what happens now
            screen.dialogue.edit(None)

    def run_cursor_continue(self, argument: str) -> None:
        screen = self._screen
        cursor, turns = screen.transcript.cursor, screen.conversation.turns
        if cursor is not None and turns and cursor < turns[-1].index:
            screen.program.say("Only the last answer can be continued; `b` branches off here.")
        else:
            screen.cursor.run_cursor_leave("")
            self.run_turn_continue("")

    def run_cursor_retry(self, argument: str) -> None:
        """The prompt of the turn at the cursor; without a cursor, the last one."""
        screen, cursor = self._screen, self._screen.transcript.cursor
        turns = screen.conversation.turns
        turn = screen.conversation.turn_at(cursor) if cursor is not None else turns[-1] if turns else None
        if not self._may_begin():
            return
        if turn is None or not is_prompt(turn.prompt):
            screen.program.say("There is no prompt here to ask again.")
            return
        if cursor is not None:
            screen.cursor.run_cursor_leave("")
        screen.view.warm_up()
        try:
            screen.dialogue.ask_again(turn.prompt)
        except ValueError:
            screen.program.say("This prompt is no longer on the current path.")

    def run_session_compact(self, argument: str) -> None:
        if self._may_begin():
            try:
                self._screen.dialogue.compact(argument)
            except ValueError as error:
                self._screen.program.say(str(error))

    def _may_begin(self) -> bool:
        """Whether a turn can begin now; if not, why is said."""
        screen = self._screen
        if screen.dialogue.session is None:
            screen.program.say("This session is read-only here." if screen.view.watching else "The session is still being opened.")
        elif screen.dialogue.busy:
            screen.program.say(BUSY)
        else:
            screen.view.warm_up()
            return True
        return False
