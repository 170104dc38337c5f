"""The user's side of a session: what is sent when. Knows nothing of the screen.

While a turn runs, prompts queue; the queue goes out after completed turns only, one prompt a turn. An interrupt never sends it. A
prompt that nothing answered is handed back, to be sent again as a version of itself.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from claude_tui.domain.blocks import plain_text
from claude_tui.domain.events import ending_of
from claude_tui.domain.messages import Message, Outcome
from claude_tui.domain.turns import is_prompt

if TYPE_CHECKING:
    from claude_tui.engine.session import Session
    from claude_tui.engine.turn import TurnResult

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Dialogue:
    """`session` is None until there is one; what is sent before waits in the queue.

    `editing`: id of the prompt that the next one sent is a new version of. `on_queue` hears of every change of queue or `editing`,
    `on_unanswered` of a prompt to which nothing came. `on_unsaved` takes the text of a prompt that did not even get to the disk,
    and says whether there was a place for it; where there was none, it waits in the queue.
    """

    on_queue: Callable[[], None]
    on_unanswered: Callable[[Message], None]
    on_unsaved: Callable[[str], bool]
    session: Session | None = None
    queue: list[str] = field(default_factory=list[str])
    editing: str | None = None
    _turn: asyncio.Task[TurnResult] | None = None

    @property
    def busy(self) -> bool:
        return self.session is not None and self.session.busy

    def attach(self, session: Session, queue: tuple[str, ...] = (), editing: str | None = None) -> None:
        """Talk in this session from now on. What was sent before there was one goes out now."""
        early = self.queue if self.session is None else []
        self.session = session
        self.queue = [*early, *queue]
        self.editing = editing if editing in {message.id for message in session.path} else None
        self.on_queue()
        if session.busy:  # left while it ran: its end is news all the same
            session.when_idle(lambda: self._ended_after_return(session))
        elif early:
            self.send_next()

    def detach(self) -> None:
        """The session goes its own way."""
        self.session, self.queue, self.editing, self._turn = None, [], None, None

    # Prompts.

    def send(self, text: str) -> None:
        """Send it now, or as soon as what runs has completed."""
        if self.session is None or self.session.busy:
            self.queue.append(text)
            self.on_queue()
            return
        self._submit(self.session, text)

    def send_next(self) -> bool:
        """Send the first prompt that waits; whether there was one and it could go."""
        if self.session is None or self.session.busy or not self.queue:
            return False
        text = self.queue.pop(0)
        self.on_queue()
        self._submit(self.session, text)
        return True

    def _submit(self, session: Session, text: str) -> None:
        known = {message.id for message in session.path}
        replaces, self.editing = (self.editing if self.editing in known else None), None
        turn = self._turn = session.submit(text, replaces=replaces)
        self.on_queue()
        turn.add_done_callback(lambda done: self._ended(session, done, text, replaces))

    # Turns without a prompt.

    def go_on(self, *, over_budget: bool = False) -> None:
        """As `Session.continue_turn`, whose errors it raises."""
        if self.session is not None:
            self._watch(self.session, self.session.continue_turn(over_budget=over_budget))

    def compact(self, instructions: str) -> None:
        """As `Session.compact`, whose errors it raises."""
        if self.session is not None:
            self._watch(self.session, self.session.compact(instructions))

    def ask_again(self, prompt: Message) -> None:
        """The same prompt as a new version of itself."""
        if self.session is not None:
            self._watch(self.session, self.session.submit(list(prompt.blocks), replaces=prompt.id))

    def _watch(self, session: Session, turn: asyncio.Task[TurnResult]) -> None:
        self._turn = turn
        self.on_queue()
        turn.add_done_callback(lambda done: self._ended(session, done, "", None))

    def _ended(self, session: Session, turn: asyncio.Task[TurnResult], text: str, replaces: str | None) -> None:
        if turn is not self._turn:
            return
        self._turn = None
        if turn.cancelled():
            return
        if error := turn.exception():
            _log.error("a turn broke", exc_info=error)
            return
        if session is self.session:
            self._after(turn.result(), text, replaces)
            self.on_queue()  # what waits now waits for the user

    def _after(self, result: TurnResult, text: str, replaces: str | None) -> None:
        if result.outcome is Outcome.COMPLETED:
            self.send_next()
        elif not result.messages:
            if text:
                self._keep(text, replaces)
        elif result.answer is None and is_prompt(result.messages[0]):
            self.on_unanswered(result.messages[0])

    def _keep(self, text: str, replaces: str | None) -> None:
        if self.on_unsaved(text):
            self.edit(replaces)
        else:
            self.queue.insert(0, text)
            self.on_queue()

    def _ended_after_return(self, session: Session) -> None:
        if session is not self.session or session.busy or session.closed or not session.path:
            return
        last = session.path[-1]
        if is_prompt(last):
            self.on_unanswered(last)
        elif ending_of(last)[0] is Outcome.COMPLETED:
            self.send_next()

    def take_back(self) -> str | None:
        """The last prompt that waits, no longer waiting."""
        text = self.queue.pop() if self.queue else None
        if text is not None:
            self.on_queue()
        return text

    def interrupt(self) -> bool:
        """Stop what runs; whether something did."""
        return self.session is not None and self.session.interrupt()

    # Earlier prompts.

    def edit(self, prompt_id: str | None) -> None:
        """The next prompt is a new version of this one; None: a new one."""
        if self.editing != prompt_id:
            self.editing = prompt_id
            self.on_queue()

    def prompts(self) -> list[Message]:
        """The user's prompts of this session, newest first."""
        path = self.session.path if self.session else []
        return [message for message in reversed(path) if is_prompt(message) and plain_text(message.blocks)]
