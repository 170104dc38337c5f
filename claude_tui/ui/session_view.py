"""Which session the chat screen shows: opening, showing, watching and leaving one, and what the user leaves lying on it.

What is drawn of a session comes from `replay_to` and from its live events, which take the same way.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING

from claude_tui.domain.blocks import plain_text
from claude_tui.domain.damage import BadHistory
from claude_tui.domain.desk import Desk
from claude_tui.domain.errors import StoreError, advised
from claude_tui.domain.events import Event, Notice, TurnStarted, replay
from claude_tui.domain.messages import Message, Role, SessionInfo
from claude_tui.domain.turns import is_prompt
from claude_tui.ui.backstage import Left
from claude_tui.ui.desk_keeper import DeskKeeper

if TYPE_CHECKING:  # what a session needs is loaded with the first one, after the first frame
    from claude_tui.domain.ports import ModelCatalog
    from claude_tui.engine.session import Session
    from claude_tui.engine.workspace import Watch, Workspace
    from claude_tui.ui.backstage import Remedy
    from claude_tui.ui.chat_screen import ChatScreen
    from claude_tui.ui.watching import Watching

_log = logging.getLogger(__name__)

LOOK_AFTER_SECONDS = 5.0
"""After so long a start is over, and the history is looked after."""
LOOK_AGAIN_SECONDS = 3600.0
_HINT = ("NOT SAVED:", "NOT SAVED but in memory; /save writes it to a file.")
"""What stands first in the dock, which may not have room for the reason."""


class SessionView:
    """Bound to the chat screen. `workspace` is None until the history is open, and again once everything is put away."""

    def __init__(self, screen: ChatScreen) -> None:
        self._screen = screen
        self.workspace: Workspace | None = None
        self._told: set[str] = set()
        self._catalogs: dict[str, ModelCatalog | None] = {}
        self.watching: Watching | None = None
        self._keeper = DeskKeeper(self._save_desk, self._desk_state)
        self._unsubscribe: Callable[[], None] = _nothing
        self._opening: asyncio.Task[bool] | None = None
        self.last_words = ""
        self._said_of_disk = ""
        self.question: asyncio.Future[Remedy | None] | None = None
        """What is to be done about a history that cannot be used, while that is asked."""

    # Opening.

    async def open(self) -> bool:
        """The history and the session to begin with; whether there is one. If not, the program ends with a sentence."""
        self._opening = asyncio.get_running_loop().create_task(self._open())
        return await self._opening

    async def _open(self) -> bool:
        screen, backstage = self._screen, self._screen.backstage
        try:
            workspace = self.workspace = await self._open_workspace()
            if workspace is None:
                return False
            found = await backstage.begin(workspace, screen.dock.notice)
        except Exception as error:
            _log.warning("nothing could be opened", exc_info=error)
            screen.program.leave(Left(code=_code_of(error), problem=_sentence(error)))
            return False
        await self.show(found)
        self.tell_outage()
        screen.set_timer(LOOK_AFTER_SECONDS, self._look_after)
        screen.set_interval(LOOK_AGAIN_SECONDS, self._look_after)
        return True

    @property
    def outage(self) -> StoreError | None:
        """Why nothing reaches the disk at present; None where it does, or there is no history yet."""
        return self.workspace.outage if self.workspace is not None else None

    def hear(self, notice: Notice) -> None:
        """Say it. What it says of the disk takes the place of what was said of it before."""
        self._screen.dock.unsay(notice.instead_of)
        if notice.saved is None:
            if notice.text:
                self._screen.dock.notice(notice.text, notice.level)
            return
        self._screen.status.not_saved = not notice.saved
        self._screen.dock.unsay(self._said_of_disk)
        self._said_of_disk = notice.text if notice.saved else notice.text.replace(*_HINT, 1)
        self._screen.dock.notice(self._said_of_disk, notice.level)

    def tell_outage(self) -> None:
        """Whether what is said reaches the disk, in the status bar; and if not, why, for as long as that is so."""
        outage = self.outage
        self._screen.status.not_saved = outage is not None
        if outage is not None:
            from claude_tui.engine.answer import not_saved

            self.hear(not_saved(outage))

    async def _open_workspace(self) -> Workspace | None:
        """The workspace; None if the history cannot be used and the program was left instead."""
        screen = self._screen
        try:
            return await screen.backstage.open_workspace()
        except BadHistory as error:
            from claude_tui.ui.rescue import rescue

            workspace = await rescue(screen, error)
            if workspace is None:
                screen.program.leave(Left(code=_code_of(error), problem=_sentence(error)))
            return workspace

    def _look_after(self) -> None:
        self._screen.start(self._see_to_history(), "look after the history")

    async def _see_to_history(self) -> None:
        """Beside everything else: whether the history is intact, and the day's copy of it."""
        if self.workspace is not None:
            for sentence in await self.workspace.look_after():
                self._screen.dock.notice(sentence, "warning")

    def warm_up(self) -> None:
        """Import the SDK of the session's provider in its own thread; the second time costs nothing."""
        session = self._screen.dialogue.session
        if session is not None:
            session.warm_up()

    @property
    def provider(self) -> str:
        """The name of the session's provider; before there is one, that of the settings."""
        session = self._screen.dialogue.session
        return session.info.provider if session is not None else self._screen.backstage.settings.provider

    @property
    def models(self) -> ModelCatalog | None:
        """What is known of the models of the session's provider."""
        name, workspace = self.provider, self.workspace
        if name not in self._catalogs and workspace is not None:
            self._catalogs[name] = self._screen.backstage.models(workspace, name)
        return self._catalogs.get(name)

    # Showing.

    async def show(self, found: Session | Watch) -> None:
        """Leave what is shown and show this session, to be written or only watched."""
        from claude_tui.engine.watch import Watch

        screen = self._screen
        await self.leave()
        screen.dock.set_read_only(None)
        screen.status.read_only = isinstance(found, Watch)
        screen.meter.reset()
        if isinstance(found, Watch):
            self._show_watch(found)
        else:
            self._show_session(found)

    def tell_where(self) -> None:
        """Say to which host the conversation goes, once each, where that is not the vendor's own."""
        host = self._screen.backstage.sent_to(self.provider)
        if host and host not in self._told:
            self._told.add(host)
            self._screen.dock.notice(f"The conversation is sent to {host}.")

    def _show_session(self, session: Session) -> None:
        from claude_tui.ui.welcome import welcome

        screen, desk = self._screen, session.desk
        screen.conversation.restore_levels(desk.levels)
        found = session.credentials()
        screen.conversation.welcome = welcome(session.info, screen.keymap, demo=screen.backstage.demo, credentials=found)
        events = _events_of(session)
        screen.conversation.replace(events)
        screen.transcript.set_cursor(None)
        screen.transcript.go_to(desk.place)
        typed = screen.composer.real_text
        if desk.draft and desk.draft != self._last_prompt(session):
            screen.composer.put(f"{desk.draft}\n{typed}" if typed else desk.draft)
        self.show_info(session.info)
        self._load_meter(session.path)
        self._unsubscribe = session.subscribe(screen.hear)
        screen.dialogue.attach(session, desk.queue, desk.editing)
        self.tell_where()
        screen.conversation.refresh_versions()
        self.refresh_prompts()
        if session.busy:
            screen.catch_up(_last_turn(events))
        else:
            screen.endings.show()
        if typed:
            self.touch()
        if not session.complete:
            screen.start(self._load_rest(session), "load")

    @staticmethod
    def _last_prompt(session: Session) -> str:
        """A process that died just after sending left the prompt both in the conversation and on the desk."""
        last = session.path[-1] if session.path else None
        return plain_text(last.blocks) if last is not None and is_prompt(last) and session.desk.editing is None else ""

    async def _load_rest(self, session: Session) -> None:
        screen = self._screen
        conversation, transcript = screen.conversation, screen.transcript
        await session.load()
        if session is not screen.dialogue.session or not conversation.turns:
            return
        first = conversation.turns[0].prompt
        messages = list(takewhile(lambda message: message.parent_id != first.parent_id, session.path))
        earlier = await conversation.draw_earlier(replay(messages))
        place = transcript.place
        added = conversation.put_in_front(earlier)
        if added:
            screen.clear_selection()
            if transcript.cursor is not None:
                transcript.cursor += added
            transcript.go_to(place)

    def redraw(self) -> None:
        """The session's path is another one: draw all of it again."""
        session = self._screen.dialogue.session
        if session is not None:
            self._screen.conversation.replace(_events_of(session))
            self._load_meter(session.path)
            self.refresh_prompts()
            self._screen.endings.show()

    def _load_meter(self, path: Sequence[Message]) -> None:
        answer = next((message for message in reversed(path) if message.role is Role.ASSISTANT), None)
        if answer is not None:
            self._screen.meter.load(answer)
        self._screen.accounts.look_at(path)
        self._screen.status.wake()

    def turn_ended(self) -> None:
        """The figures are now those of the stored answer, as they will be when the session is resumed."""
        session = self._screen.dialogue.session
        if session is not None:
            self._load_meter(session.path)
        self.refresh_prompts()

    def show_info(self, info: SessionInfo) -> None:
        """Model and effort, as they are from now on."""
        self._screen.meter.choose(info.model, info.effort, info.provider)
        self._screen.accounts.show(info)
        self._screen.status.wake()

    def refresh_prompts(self) -> None:
        """What Up finds in the composer."""
        self._screen.composer.set_entries([plain_text(message.blocks) for message in self._screen.dialogue.prompts()])

    # A session that another process writes.

    def _show_watch(self, watch: Watch) -> None:
        screen = self._screen
        from claude_tui.ui.watching import Watching

        self.watching = Watching(watch, screen.conversation, on_change=self._watched, on_free=self._now_free)
        self.show_info(watch.info)
        fork = screen.keymap.hint("session.fork")
        if self.outage is not None:
            why = "Nothing can be written to this session for now, since its history cannot be."
        else:
            why = "Another process writes this session; it is shown as it grows."
        screen.dock.set_read_only(f"{why} {fork} forks it into your own.")
        screen.conversation.welcome = None
        screen.conversation.replace(())
        screen.transcript.follow()
        screen.start(self.watching.run(), "watch")

    def _watched(self, path: Sequence[Message]) -> None:
        self._load_meter(path)
        self._screen.accounts.read()

    def _now_free(self) -> None:
        self._screen.program.say("Nothing holds this session any more: it is yours now.")
        self._screen.start(self._take_over(), "take over")

    async def _take_over(self) -> None:
        if self.watching is not None and self.workspace is not None:
            await self.show(await self.workspace.open(self.watching.watch.info.id))

    # Leaving.

    async def leave(self) -> None:
        """Save the desk and let the session go; a turn that runs goes on by itself."""
        screen = self._screen
        screen.accounts.draft.forget()
        self._unsubscribe()
        self._unsubscribe = _nothing
        if self.watching is not None:
            self.watching.stop()
            self.watching = None
            screen.dock.prompt_sent()  # what was said of its being read-only is over
        session = screen.dialogue.session
        if session is None or self.workspace is None:
            return
        await self._keeper.flush()
        screen.dialogue.detach()
        screen.composer.put("")
        screen.dock.prompt_sent()
        screen.dock.clear_approvals()
        screen.dock.hide_retry()
        await self.workspace.leave(session)

    async def put_away(self) -> None:
        """Interrupt, commit, close: what the end of the program means. Again: nothing."""
        if self.watching is not None:
            self.watching.stop()
        opening = self._opening
        if opening is not None and not opening.done() and opening is not asyncio.current_task():
            if self.question is not None and not self.question.done():
                self.question.set_result(None)
            await asyncio.wait([opening])  # what was typed before there was a session needs one to be kept in
        workspace, self.workspace = self.workspace, None
        if workspace is None:
            return
        workspace.interrupt_all()
        await self._keeper.flush()
        session = self._screen.dialogue.session
        await workspace.close()
        if workspace.unsaved and workspace.outage is not None:
            from claude_tui.elsewhere import lost

            about = (session.info, session.path) if session is not None else (None, ())
            self.last_words = await asyncio.to_thread(lost, workspace.outage, *about)

    # The desk.

    def touch(self) -> None:
        """Something lies differently: to be saved soon."""
        if self._screen.dialogue.session is not None:
            self._keeper.touch()

    async def _save_desk(self) -> None:
        screen, session = self._screen, self._screen.dialogue.session
        if session is not None and not session.closed:
            desk = Desk(
                draft=screen.composer.real_text,
                queue=tuple(screen.dialogue.queue),
                editing=screen.dialogue.editing,
                place=screen.transcript.place,
                levels=dict(screen.conversation.levels),
            )
            await session.save_desk(desk)

    def _desk_state(self, error: Exception | None) -> None:
        self._screen.status.not_saved = error is not None or self.outage is not None
        if error is not None:
            self._screen.dock.notice(f"NOT SAVED: your draft cannot be written ({error}).", "error")


def _events_of(session: Session) -> list[Event]:
    found: list[Event] = []
    session.replay_to(found.append)
    return found


def _last_turn(events: Sequence[Event]) -> Sequence[Event]:
    starts = [number for number, event in enumerate(events) if isinstance(event, TurnStarted)]
    return events[starts[-1] :] if starts else ()


def _sentence(error: Exception) -> str:
    return advised(error.info) if isinstance(error, StoreError) else str(error)


def _code_of(error: Exception) -> int:
    """The contract's exit code: wrong usage is 2 (those errors belong to the command line, which is not known here)."""
    return 2 if type(error).__name__ in ("ConfigError", "UsageError") else 1


def _nothing() -> None:
    """Nothing to end."""
