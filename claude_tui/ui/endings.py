"""What the dock says after a turn that did not end as it should: what is kept, and the keys that go on from there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from claude_tui.domain.continuing import GoingOn, going_on
from claude_tui.domain.errors import ErrorInfo
from claude_tui.domain.events import ending_of
from claude_tui.domain.messages import StopReason
from claude_tui.domain.sentences import is_over_budget
from claude_tui.domain.turns import begins_turn, is_prompt
from claude_tui.ui.dock_rows import Offer

if TYPE_CHECKING:
    from claude_tui.ui.chat_screen import ChatScreen

SEND_AGAIN, CLEAR = Offer("Enter", "sends it again"), Offer("Esc Esc", "clears it")


class Endings:
    """Bound to the chat screen."""

    def __init__(self, screen: ChatScreen) -> None:
        self._screen = screen

    def show(self) -> None:
        """For the end of the path as it stands: the key that goes on, where there is a way."""
        self._screen.dock.offer(self._ways_on())

    def failed(self, error: ErrorInfo) -> None:
        """The turn that has just ended. A prompt to which nothing came is in the draft again, where there was room for it."""
        screen, session = self._screen, self._screen.dialogue.session
        last = session.path[-1] if session is not None and session.path else None
        aside = last is not None and begins_turn(last) and not is_prompt(last)
        nothing = not screen.conversation.answered
        handed_back = nothing and screen.composer.is_empty and not aside
        own = [offer for offer in self._ways_on() if not handed_back or offer.label != _RESEND]
        again = (*(() if own else (SEND_AGAIN,)), CLEAR) if handed_back else ()
        screen.dock.show_error(error.message if nothing else "What came is kept; the error stands above.", (*own, *again))

    def draft_emptied(self) -> None:
        """Nothing is there to be sent again, or to be cleared."""
        self._screen.dock.withdraw((SEND_AGAIN, CLEAR))

    def run(self, offer: Offer) -> None:
        """As if its key had been pressed."""
        if offer == SEND_AGAIN:
            self._screen.composer.submit()
        elif offer == CLEAR:
            self._screen.commands.clear_draft()
        else:
            self._screen.turns.run_turn_continue("")

    def _error(self) -> ErrorInfo | None:
        session = self._screen.dialogue.session
        return ending_of(session.path[-1])[1] if session is not None and session.path else None

    def _ways_on(self) -> tuple[Offer, ...]:
        session = self._screen.dialogue.session
        try:
            plan = going_on(session.path if session is not None else [])
        except ValueError:
            return ()
        last = session.path[-1] if session is not None else None
        answered = last is not None and not begins_turn(last)
        refused = last is not None and last.stop_reason == StopReason.REFUSAL
        label = _label(plan, is_over_budget(self._error()), answered=answered, refused=refused)
        return (Offer(self._screen.keymap.hint("turn.continue"), label),)


_RESEND = "sends it again"
_ASK_AGAIN = "asks again, of another model perhaps"


def _label(plan: GoingOn, over_budget: bool, *, answered: bool, refused: bool) -> str:
    if over_budget:
        return "goes on, over the budget from now on in this session"
    if plan.compact:
        return "compacts and goes on" if plan.answer else "compacts again"
    if refused:
        return _ASK_AGAIN
    return "continues the answer" if answered else _RESEND
