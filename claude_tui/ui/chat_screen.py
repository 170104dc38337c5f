"""The chat screen: puts transcript, dock, composer and status bar together, hears a session's events, and runs commands.

Events reach it by a plain function call (`hear`). What a command does is in `chat_commands`, `turn_commands`, `cursor_commands` and
`find_commands`;
what is sent when, in `dialogue`; which session is shown, in `session_view`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Coroutine, Iterable
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from textual import events, on
from textual.app import ComposeResult
from textual.screen import Screen

from claude_tui.domain.blocks import plain_text
from claude_tui.domain.errors import StoreError, advised
from claude_tui.domain.events import (
    ApprovalRequested,
    ApprovalResolved,
    BlockDelta,
    Event,
    Notice,
    RequestStarted,
    RetryScheduled,
    SessionChanged,
    TurnEnded,
    TurnStarted,
)
from claude_tui.domain.messages import Message, SessionInfo
from claude_tui.ui.accounts import Accounts
from claude_tui.ui.approval import ApprovalBox
from claude_tui.ui.backstage import Backstage
from claude_tui.ui.bindings import set_bindings
from claude_tui.ui.chat_commands import ChatCommands
from claude_tui.ui.commands import BY_ID, Command, Where
from claude_tui.ui.composer import Composer
from claude_tui.ui.conversation import Conversation
from claude_tui.ui.cursor_commands import CursorCommands
from claude_tui.ui.dialogue import Dialogue
from claude_tui.ui.dock import Dock
from claude_tui.ui.endings import Endings
from claude_tui.ui.find_commands import FindCommands
from claude_tui.ui.keymap import Keymap
from claude_tui.ui.meter import Meter
from claude_tui.ui.presses import Presses
from claude_tui.ui.session_view import SessionView
from claude_tui.ui.slash import as_prompt, complete_slash, parse_slash, slash_problem
from claude_tui.ui.status_bar import StatusBar
from claude_tui.ui.transcript import Transcript
from claude_tui.ui.turn_commands import TurnCommands

if TYPE_CHECKING:
    from claude_tui.ui.app import ClaudeApp
    from claude_tui.ui.dialogs import Dialogs

_log = logging.getLogger(__name__)

IDLE_BEFORE_IMPORT = 0.5
"""After so many seconds without a key the SDK is imported; the first key starts it too."""
TICK_SECONDS = 0.5
TALL = 20
"""Lines from which on a blank one is spent."""
THINKING_LEVELS = {"collapsed": 0, "tail": 1, "open": 2}


class ChatScreen(Screen[None]):
    """The one screen of the program; dialogs open above it."""

    def __init__(self, backstage: Backstage, keymap: Keymap) -> None:
        super().__init__()
        self.backstage = backstage
        self.keymap = keymap
        self.presses = Presses()
        self.dialogue = Dialogue(self._queue_changed, self._hand_back, self._take_back)
        self.conversation = Conversation(self._versions_of)
        self.conversation.defaults["thinking"] = THINKING_LEVELS[backstage.settings.thinking]
        self.meter = Meter(self._window_of)
        self.accounts = Accounts(self)
        self.view = SessionView(self)
        self.commands = ChatCommands(self)
        self.cursor = CursorCommands(self)
        self.turns = TurnCommands(self)
        self.finding = FindCommands(self)
        self.endings = Endings(self)
        self._tasks: set[asyncio.Task[Any]] = set()
        set_bindings(self, keymap.bindings(Where.SCREEN))

    @property
    def program(self) -> ClaudeApp:
        return cast("ClaudeApp", self.app)  # pyright: ignore[reportUnknownMemberType]

    @cached_property
    def dialogs(self) -> Dialogs:
        """Loaded with the first one."""
        from claude_tui.ui.dialogs import Dialogs

        return Dialogs(self)

    def wear(self, theme: str) -> None:
        """Change the theme; whether long code lines are cut off stays as it is."""
        clip_code = self.transcript.look.clip_code
        self.program.wear(theme)
        self.transcript.show_look(replace(self.transcript.look, clip_code=clip_code))

    # Parts.

    def compose(self) -> ComposeResult:
        self.transcript = Transcript(self.conversation, self.program.look, id="transcript")
        self.transcript.set_keys(self.keymap.bindings(Where.TRANSCRIPT))
        self.dock = Dock(self.keymap, id="dock")
        self.composer = Composer(_slash_rows, self.keymap, id="composer")
        self.status = StatusBar(self.meter, id="status")
        self.status.beside, self.status.lives = self.accounts.beside, self.accounts.lives
        self.status.set_hints(busy=f"{self.keymap.hint('turn.interrupt')} stops", idle=f"{self.keymap.hint('composer.help')} help")
        yield self.transcript
        yield self.dock
        yield self.composer
        yield self.status

    def on_mount(self) -> None:
        settings = self.backstage.settings
        self.meter.choose(settings.model, settings.effort)
        self.status.demo, self.status.temporary = self.backstage.demo, self.backstage.temporary
        self.transcript.reading = self.status.reading = settings.reading
        self.set_interval(TICK_SECONDS, self.conversation.tick)
        self.call_after_refresh(self._begin)

    def on_resize(self, event: events.Resize) -> None:
        """Air above the composer, where there is room (a class for it would style every widget anew)."""
        self.composer.styles.margin = (1 if event.size.height >= TALL else 0, 0, 0, 0)

    def _begin(self) -> None:
        """After the first paint: the history, the session, and a little later the SDK."""
        self.start(self._open(), "open")

    async def _open(self) -> None:
        self.set_timer(IDLE_BEFORE_IMPORT, self.view.warm_up)
        if self.backstage.consent is not None:
            self.backstage.consent.ask = self._may_send_to
        if not await self.view.open():
            return
        for sentence in (*self.backstage.warnings, *self.program.key_problems):
            self.dock.notice(sentence, "warning")
        if self.backstage.prompt is not None:
            self.submit(self.backstage.prompt)
        if self.backstage.pick:
            self.commands.run_session_list("")

    async def _may_send_to(self, host: str) -> bool:
        return await self.dialogs.may_send_to(host)

    def start(self, work: Coroutine[Any, Any, Any], name: str) -> None:
        """Run it beside the screen. What goes wrong is said, never lost."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is None or not self.is_attached:
            return
        if isinstance(error, StoreError):
            self.dock.show_error(advised(error.info))
        else:
            _log.error("%s failed", task.get_name(), exc_info=error)
            self.dock.show_error(f"An error in claude-tui itself ({type(error).__name__}). The log has more.")

    async def put_away(self) -> None:
        """Everything is committed and closed after this."""
        self.accounts.draft.forget()
        await self.view.put_away()
        for task in [task for task in self._tasks if task is not asyncio.current_task()]:
            task.cancel()

    @property
    def session_to_name(self) -> SessionInfo | None:
        """The session to go on with later, None where nothing of it is kept."""
        session = self.dialogue.session
        kept_nowhere = self.backstage.demo or self.backstage.temporary or self.view.last_words or self.status.unsaved
        if session is None or not session.path or kept_nowhere:
            return None
        return session.info

    # Events.

    def hear(self, event: Event) -> None:
        """The sink: O(1) for a delta."""
        self.conversation(event)
        if type(event) is not BlockDelta:
            self.accounts.hear(event)
        self.meter.apply(event, time.monotonic())
        if type(event) is BlockDelta:
            return
        self.status.wake()
        match event:
            case TurnStarted():
                self._prompt_went_out()
            case RetryScheduled() | RequestStarted() | ApprovalRequested() | ApprovalResolved():
                self._tell_dock(event)
            case Notice():
                self.view.hear(event)
            case SessionChanged():
                self.view.show_info(event.session)
            case TurnEnded():
                self._turn_ended(event)
            case _:
                pass

    def _tell_dock(self, event: RetryScheduled | RequestStarted | ApprovalRequested | ApprovalResolved) -> None:
        match event:
            case RetryScheduled():
                self.dock.show_retry(event.error, event.delay, event.attempt + 1, self.backstage.settings.retries + 1)
            case RequestStarted():
                self.dock.hide_retry()
            case ApprovalRequested():
                self.dock.ask(event, take_focus=self.composer.is_empty and not self.finding.typing)
            case ApprovalResolved():
                self.dock.resolve(event.tool_use_id)

    def catch_up(self, events: Iterable[Event]) -> None:
        """A turn that runs already, as far as it has come: its figures, its retry, its questions."""
        now = time.monotonic()
        for event in events:
            self.meter.apply(event, now)
            if isinstance(event, RetryScheduled | RequestStarted | ApprovalRequested | ApprovalResolved):
                self._tell_dock(event)
        self.status.wake()

    def _prompt_went_out(self) -> None:
        self.dock.prompt_sent()
        self.view.tell_outage()
        self.transcript.turn_started(self.conversation.begun)
        self.conversation.refresh_versions()
        self.view.touch()

    def _turn_ended(self, event: TurnEnded) -> None:
        self.dock.hide_retry()
        self.dock.clear_approvals()
        self.view.turn_ended()
        if event.error is None:
            self.endings.show()
        else:
            self.endings.failed(event.error)

    def _hand_back(self, prompt: Message) -> None:
        """Nothing came: the prompt is to be had again, as a version of itself."""
        if self.composer.is_empty and self.dialogue.editing is None:
            self.composer.put(plain_text(prompt.blocks))
            self.dialogue.edit(prompt.id)

    def _take_back(self, text: str) -> bool:
        """The prompt could not be saved; into the draft with it, unless something else stands there."""
        free = self.composer.is_empty and self.dialogue.editing is None
        if free:
            self.composer.put(text)
        return free

    def _queue_changed(self) -> None:
        self.dock.set_queue(self.dialogue.queue, busy=self.dialogue.busy)
        self.dock.set_editing(self.dialogue.editing is not None)
        self.composer.has_queue = bool(self.dialogue.queue)
        self.view.touch()

    def _versions_of(self, prompt_id: str) -> tuple[str, ...]:
        session = self.dialogue.session
        return session.versions_of(prompt_id) if session is not None else (prompt_id,)

    def _window_of(self, model: str) -> int | None:
        info = self.view.models.find(model) if self.view.models is not None else None
        return info.context_window if info is not None else None

    # Sending.

    @on(Composer.Submitted)
    def _submitted(self, event: Composer.Submitted) -> None:
        text = event.text
        if not text.strip():
            self.dialogue.send_next()
        elif problem := slash_problem(text):
            self.dock.notice(problem, "warning")
        elif self.view.watching is not None and parse_slash(text) is None:
            fork = self.keymap.hint("session.fork")
            self.dock.notice(f"This session is read-only here; {fork} forks it. Your text stays.", "warning")
        else:
            self.composer.take()
            self.submit(text)

    def submit(self, text: str) -> None:
        """Send a prompt, or do what a slash command says."""
        found = parse_slash(text)
        if found is not None:
            self.run(*found)
            return
        self.view.warm_up()
        self.accounts.draft.forget()
        self.dialogue.send(as_prompt(text))

    # Commands.

    def action_command(self, command_id: str) -> None:
        self.run(BY_ID[command_id])

    def run(self, command: Command, argument: str = "") -> None:
        """Do what a row of the registry says."""
        bound = next(one for one in (self.cursor, self.turns, self.finding, self.commands) if hasattr(one, command.method))
        getattr(bound, command.method)(argument)

    def on_key(self, event: events.Key) -> None:
        """Keys that nobody took. Tab goes to a question and back; what is typed while that or nothing has the focus is the draft's.

        Nothing has it after a click beside the screen, which a terminal that is being resized can report.
        """
        self.view.warm_up()
        if event.key == "tab" and self.dock.asking is not None:
            event.stop()
            question = self.dock.query_one(ApprovalBox)
            (self.composer if question.has_focus else question).focus(scroll_visible=False)
        elif self.focused is None or (event.is_printable and self.dock.asking is not None and self.focused is not self.composer):
            event.stop()
            self.composer.focus()
            self._pass_on(event)

    @on(Composer.DraftChanged)
    def _draft_changed(self) -> None:
        self.presses.something_else()
        self.accounts.draft.changed()
        if self.composer.is_empty:
            self.endings.draft_emptied()
        self.view.touch()

    @on(Transcript.Moved)
    def _moved(self) -> None:
        self.view.touch()

    @on(Composer.Wanted)
    def _wanted(self, event: Composer.Wanted) -> None:
        self.run(event.command)

    @on(StatusBar.ModelClicked)
    def _model(self) -> None:
        self.commands.run_model_pick("")

    @on(Dock.Answered)
    def _answered(self, event: Dock.Answered) -> None:
        if self.dialogue.session is not None:
            self.dialogue.session.answer_approval(event.tool_use_id, event.allowed)

    @on(Dock.OfferClicked)
    def _offer(self, event: Dock.OfferClicked) -> None:
        self.endings.run(event.offer)

    @on(Transcript.Typed)
    def _typed(self, event: Transcript.Typed) -> None:
        self.cursor.run_cursor_leave("")
        self._pass_on(event.key)

    def _pass_on(self, key: events.Key) -> None:
        self.composer.post_message(events.Key(key.key, key.character))

    def on_paste(self, event: events.Paste) -> None:
        """Pasted while something else had the focus: it was meant for the draft."""
        event.stop()
        self.composer.focus()
        self.composer.post_message(events.Paste(event.text))

    @on(Transcript.CopyRequested)
    def _copy_block(self, event: Transcript.CopyRequested) -> None:
        blocks = event.cell.code_blocks()
        if event.block < len(blocks):
            self.cursor.copy(blocks[event.block])


def _slash_rows(prefix: str) -> list[tuple[str, str, str]]:
    return [(one.slash or "", one.argument, one.title) for one in complete_slash(prefix)]
