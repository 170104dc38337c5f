"""`chat --plain`: a conversation that only appends lines. No alternate screen; colour and boxes are not needed.

Between turns the terminal belongs to the line editor; during a turn the event loop runs and signals interrupt the answer. Nothing
runs in the background while a line is read.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from claude_tui.cli import compose
from claude_tui.cli.countdown import Countdown
from claude_tui.cli.exits import say
from claude_tui.cli.labels import LabelledLines
from claude_tui.cli.line_reader import LineReader
from claude_tui.cli.opening import open_session, tell_recovered
from claude_tui.cli.options import ChatOptions, Resume
from claude_tui.cli.output import Output
from claude_tui.cli.plain_commands import LEAVE, Result, Talk, parse, result_of, way_on
from claude_tui.cli.signals import StopSignals, signals_that_leave
from claude_tui.config import Settings, load
from claude_tui.domain.errors import ErrorKind
from claude_tui.domain.messages import SessionInfo
from claude_tui.domain.text import safe_line, safe_text
from claude_tui.engine.endpoints import Endpoints
from claude_tui.engine.session import Session
from claude_tui.engine.workspace import Workspace
from claude_tui.files import Paths

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine
    from typing import Any

    from claude_tui.engine.turn import TurnResult

EXIT_WORDS = ("exit", "quit", "退出")
PROMPT = "You: "
_LAST_WORDS = 0.2
"""Seconds that a terminal gets to take the last lines when a signal says to leave."""


def chat(options: ChatOptions) -> int:
    """The exit code. Raises UsageError and ConfigError for what makes no sense, StoreError where the history cannot be opened."""
    paths = Paths.find()
    loaded = load(options.flags, paths=paths)
    endpoints = compose.make_endpoints(loaded.settings)
    compose.begin_loading(endpoints, options.resume)
    for warning in loaded.warnings:
        say(warning)
    return _Chat(options, loaded.settings, paths, endpoints).run()


def demo(options: ChatOptions) -> int:
    """The same conversation against the fake API: no key, no network, nothing saved."""
    paths = Paths.find()
    settings = compose.demo_settings(options.flags, paths)

    def run(url: str, key: str) -> int:
        endpoints = Endpoints.of(compose.demo_provider(settings, base_url=url, api_key=key))
        compose.begin_loading(endpoints, None)
        temporary = ChatOptions(options.prompt, None, options.flags, temporary=True, plain=True)
        return _Chat(temporary, settings, paths, endpoints, greeting=_DEMO_GREETING).run()

    return compose.with_demo_server(run)


_DEMO_GREETING = """\
This is the demo: every answer is canned and comes from a server inside this
program. No model is behind it, nothing leaves this machine, nothing is saved.
Try: code, table, think, tool, 2+2, long, error, or 你好.
"""
_GREETING = """\
Enter sends. Ctrl+C stops an answer. /help lists what else there is.
exit, quit or Ctrl+D leaves.

"""


class _Leave(Exception):
    """The conversation is over; `code` is the exit code."""

    def __init__(self, code: int = 0) -> None:
        super().__init__(code)
        self.code = code


class _Chat:
    """One conversation in a terminal."""

    def __init__(
        self,
        options: ChatOptions,
        settings: Settings,
        paths: Paths,
        endpoints: Endpoints,
        *,
        greeting: str = "",
    ) -> None:
        self._options = options
        self._settings = settings
        self._paths = paths
        self._endpoints = endpoints
        self._greeting = greeting
        self._stopped_by: signal.Signals | None = None
        self._no_credentials = False
        self._first_provider = ""
        self._out: Output | None = None
        self._labelled = LabelledLines(self._tell, self._tell, answer_label="Claude", you=True, tokens=True)
        self._lines = LineReader()

    def run(self) -> int:
        with asyncio.Runner() as runner:
            workspace = self._run(runner, self._open_workspace())
            try:
                return self._converse(runner, workspace)
            except _Leave as leave:
                return leave.code
            finally:
                self._run(runner, workspace.close())

    def _run(self, runner: asyncio.Runner, work: Coroutine[Any, Any, Any]) -> Any:
        return runner.run(work)

    async def _open_workspace(self) -> Workspace:
        temporary, resume = self._options.temporary, self._options.resume
        workspace = await compose.open_workspace(self._settings, self._paths, temporary=temporary, endpoints=self._endpoints)
        if temporary and resume is not None:
            await compose.borrow_session(self._paths, workspace.store, resume)
        return workspace

    def _converse(self, runner: asyncio.Runner, workspace: Workspace) -> int:
        resume = self._options.resume
        if resume is Resume.PICK:
            resume = self._pick(runner, workspace)
        talk = self._run(runner, self._open(workspace, resume))
        if self._options.prompt:
            self._write(runner, PROMPT + safe_text(self._options.prompt) + "\n")
            self._submit(runner, talk, self._options.prompt)
        while True:
            line = self._read_prompt()
            if line is None or line.strip().lower() in EXIT_WORDS:
                break
            if line.strip() and not self._take(runner, talk, line):
                break
        for sentence in self._run(runner, workspace.store.look_after(small_only=True)):
            say(sentence)
        if talk.session.path and not self._options.temporary:
            self._write(runner, f"To go on with this session: claude-tui -r {talk.session.info.id}\n")
        return 0

    async def _open(self, workspace: Workspace, resume: Resume | str | None) -> Talk:
        out = self._output()
        session = await open_session(workspace, resume, self._settings, self._options.flags, out.write)
        talk = Talk(workspace, session, self._settings, self._paths, self._options, self._listen)
        out.write(self._greeting or f"claude-tui, plain mode, {safe_line(session.info.model or 'no model')}.\n")
        out.write(_GREETING)
        session.warm_up()
        self._first_provider = session.info.provider
        out.write(talk.host_note())
        session.replay_to(self._labelled)
        self._listen(session)
        self._tell_way_on(session)
        await out.drain()
        await tell_recovered(workspace.store)
        return talk

    def _listen(self, session: Session) -> None:
        """From now on this is the session whose turns are written."""
        if self._output().is_terminal:
            session.subscribe(Countdown(self._tell))
        session.subscribe(self._labelled)

    def _tell_way_on(self, session: Session) -> None:
        """Should the last turn have stopped early: the command that goes on from there."""
        way = way_on(session.path)
        if way:
            self._tell(f"Note: {way}\n\n")

    def _output(self) -> Output:
        """Standard output on the running loop; a reader that is gone ends the conversation."""
        if self._out is None:
            self._out = Output(sys.stdout.fileno())
        return self._out

    def _tell(self, text: str) -> None:
        """On the running loop."""
        self._output().write(text)

    def _write(self, runner: asyncio.Runner, text: str) -> None:
        async def write() -> None:
            out = self._output()
            out.write(text)
            await out.drain()

        self._run(runner, write())

    # Between turns.

    def _pick(self, runner: asyncio.Runner, workspace: Workspace) -> Resume | str | None:
        """The session the user names by its number; None for a new one."""
        newest = self._run(runner, workspace.store.sessions(limit=compose.PICKABLE))
        if not newest:
            self._write(runner, "There is no session yet; this is a new one.\n")
            return None
        rows = [f"{number:>2}. {_row(info)}" for number, info in enumerate(newest, 1)]
        self._write(runner, "\n".join(rows) + "\n")
        while True:
            answer = self._read_line(f"Session (1 to {len(newest)}, Enter for a new one): ")
            if answer is None or answer.strip().lower() in EXIT_WORDS:
                raise _Leave
            if not answer.strip():
                return None
            if answer.strip().isdecimal() and 1 <= int(answer) <= len(newest):
                return newest[int(answer) - 1].id
            _print(f"There is no session {safe_line(answer, 20)} in this list.")

    def _read_prompt(self) -> str | None:
        """A prompt; a line that ends in a backslash goes on in the next. None at the end of input."""
        lines: list[str] = []
        while True:
            line = self._read_line("" if lines else PROMPT)
            if line is None:
                return "\n".join(lines) or None
            if not line.endswith("\\"):
                return "\n".join([*lines, line])
            lines.append(line[:-1])

    def _read_line(self, prompt: str) -> str | None:
        """One line; None at the end of input or when Ctrl+C is pressed twice in a row."""
        interrupted = False
        while True:
            try:
                with signals_that_leave(_leave):
                    return self._lines.read(prompt)
            except EOFError:
                _print("")
                return None
            except KeyboardInterrupt:
                _print("")
                if interrupted:
                    return None
                interrupted = True
                _print("(Ctrl+C once more, Ctrl+D or exit leaves.)")

    # A line, and the turn it begins.

    def _take(self, runner: asyncio.Runner, talk: Talk, line: str) -> bool:
        """A command of this program, or a prompt; whether the conversation goes on."""
        found = parse(line)
        if found is None:
            return self._submit(runner, talk, line)
        if isinstance(found, str):
            self._write(runner, found + "\n\n")
            return True
        command, argument = found
        return self._act(runner, talk, lambda: command.run(talk, argument))

    def _submit(self, runner: asyncio.Runner, talk: Talk, prompt: str) -> bool:
        async def begin() -> Result:
            return talk.session.submit(prompt)

        return self._act(runner, talk, begin)

    def _act(self, runner: asyncio.Runner, talk: Talk, begin: Callable[[], Awaitable[Result]]) -> bool:
        with self._lines.silent():
            goes_on = self._run(runner, self._carry_out(talk, begin))
        if self._stopped_by not in (None, signal.SIGINT):
            raise _Leave(128 + self._stopped_by)
        if self._output_gone():
            raise _Leave(0)
        if self._no_credentials:
            raise _Leave(3)
        return goes_on

    def _output_gone(self) -> bool:
        return self._out is not None and self._out.closed

    async def _carry_out(self, talk: Talk, begin: Callable[[], Awaitable[Result]]) -> bool:
        def interrupt() -> bool:
            return talk.session.interrupt()

        out = self._output()
        out.on_closed(interrupt)
        self._labelled.you = False
        with StopSignals(interrupt) as signals:
            result = await result_of(begin)
            if isinstance(result, str):
                out.write(safe_text(result) + "\n\n")
            elif result is not LEAVE:
                await self._finish(talk.session, result)
            written = asyncio.ensure_future(out.drain())
            signals.on_stop(written.cancel)  # a terminal that takes nothing keeps nobody from leaving
            if signals.received not in (None, signal.SIGINT):
                asyncio.get_running_loop().call_later(_LAST_WORDS, written.cancel)
            await asyncio.wait([written])
            self._stopped_by = signals.received
        return result is not LEAVE

    async def _finish(self, session: Session, turn: asyncio.Task[TurnResult]) -> None:
        """To the end of the turn. Without credentials there is nothing to stay for, unless another provider can be gone back to."""
        error = (await turn).error
        missing = error is not None and error.kind is ErrorKind.CREDENTIALS
        self._no_credentials = missing and session.info.provider == self._first_provider
        if not self._no_credentials:
            self._tell_way_on(session)


def _print(line: str) -> None:
    """A line between turns; a terminal that is gone is noticed by the next reading."""
    with suppress(OSError):
        print(line, flush=True)


def _row(session: SessionInfo) -> str:
    return f"{session.updated_at[:16].replace('T', ' ')}  {safe_line(session.title, 60)}"


def _leave(number: int) -> None:
    """By way of the ordinary end, with the contract's exit code."""
    raise _Leave(128 + number)
