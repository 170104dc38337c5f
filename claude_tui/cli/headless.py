"""`claude-tui ask`: one turn without the app. What was asked for goes to standard output, everything else to standard error."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Callable

from claude_tui.cli import compose
from claude_tui.cli.countdown import Countdown
from claude_tui.cli.exits import FAILED, UsageError, say
from claude_tui.cli.labels import LabelledLines
from claude_tui.cli.opening import open_session, recovered_note
from claude_tui.cli.options import AskOptions
from claude_tui.cli.output import Output
from claude_tui.cli.printers import Json, Printer, StreamJson, Text
from claude_tui.cli.signals import StopSignals, exit_code
from claude_tui.config import Settings, load
from claude_tui.domain.errors import ErrorInfo, ErrorKind, ProviderError, StoreError
from claude_tui.domain.events import Event, Notice, TurnEnded
from claude_tui.domain.messages import Outcome
from claude_tui.domain.sentences import error_sentence
from claude_tui.domain.text import safe_line, safe_text
from claude_tui.engine.endpoints import Endpoints
from claude_tui.engine.session import Session
from claude_tui.engine.turn import TurnResult
from claude_tui.files import Paths

_log = logging.getLogger(__name__)

_PIECE = 65_536
"""Bytes of standard input at a time."""


def ask(options: AskOptions) -> int:
    """The exit code. Raises UsageError and ConfigError for what makes no sense."""
    paths = Paths.find()
    loaded = load(options.flags, paths=paths)
    endpoints = compose.make_endpoints(loaded.settings)
    compose.begin_loading(endpoints, options.resume)
    if not options.quiet:
        for warning in loaded.warnings:
            say(warning)
    prompt = _prompt(options.prompt, options.quiet)
    if not options.quiet:
        _check_tools(options.allow_tools)
    return asyncio.run(_Ask(options, loaded.settings, paths, prompt, endpoints).run())


def _check_tools(names: tuple[str, ...]) -> None:
    """Say of tools that do not exist that they do not: allowing them has no effect."""
    from claude_tui.tools import BUILTIN

    for name in names:
        if name not in BUILTIN:
            say(f"There is no tool {name!r} to allow; there are: {', '.join(BUILTIN)}.")


def _prompt(argument: str | None, quiet: bool) -> str:
    """PROMPT, standard input, or both with an empty line between them."""
    piped = ""
    if sys.stdin is not None and not sys.stdin.closed and not sys.stdin.isatty():
        data = _piped()
        piped = data.decode("utf-8-sig", "replace")
        if not quiet and piped.count("\ufffd") > data.count("\ufffd".encode()):
            say("What was piped in is not all UTF-8; what could not be read stands as \ufffd.")
    parts = [part for part in (argument or "", piped) if part.strip()]
    if not parts:
        raise UsageError('There is nothing to ask: give a prompt, as in claude-tui ask "Why is the sky blue?", or pipe one in.')
    return "\n\n".join(parts)


def _piped() -> bytes:
    """Standard input to its end, piece by piece: Python sees a Ctrl+C between two pieces, inside one long read it may miss it."""
    pieces: list[bytes] = []
    while piece := os.read(sys.stdin.fileno(), _PIECE):
        pieces.append(piece)
    return b"".join(pieces)


def _no_turn(outcome: Outcome, error: ErrorInfo | None) -> TurnResult:
    """The result of a turn that could not begin."""
    return TurnResult(outcome, error, (), {"ttft_ms": None, "total_ms": 0, "retries": 0})


def _nothing(text: str) -> None:
    """Where text goes that is not wanted."""


class _Ask:
    """One run of the command."""

    def __init__(self, options: AskOptions, settings: Settings, paths: Paths, prompt: str, endpoints: Endpoints) -> None:
        self._endpoints = endpoints
        self._options = options
        self._settings = settings
        self._paths = paths
        self._prompt = prompt
        self._session: Session | None = None
        self._opening: asyncio.Task[TurnResult] | None = None

    async def run(self) -> int:
        out = Output(sys.stdout.fileno(), on_closed=self._interrupt)
        err = Output(sys.stderr.fileno())
        printer = self._printer(out)
        with StopSignals(self._interrupt) as signals:
            self._opening = asyncio.ensure_future(self._converse(printer, out, err))
            try:
                result = await self._opening
            except asyncio.CancelledError:
                result = _no_turn(Outcome.INTERRUPTED, None)
            except (StoreError, ProviderError) as failure:
                result = _no_turn(Outcome.FAILED, failure.info)
                err.write(f"Error: {safe_text(error_sentence(failure.info))}\n")
            except (UsageError, OSError):
                raise
            except Exception as failure:
                _log.exception("no turn could begin")
                text = f"An error in claude-tui itself ({type(failure).__name__}). The log has more."
                result = _no_turn(Outcome.FAILED, ErrorInfo(ErrorKind.PROTOCOL, text))
                err.write(f"Error: {text}\n")
            printer.finish(self._session.info.id if self._session else None, result)
            delivered = await self._drain(out, err, signals)
        if out.failure is not None:
            say(f"Standard output cannot be written: {out.failure.strerror}.")
            return FAILED
        if out.closed:
            return 0
        if not delivered:
            return exit_code(Outcome.INTERRUPTED, signals.received)
        missing = result.error is not None and result.error.kind is ErrorKind.CREDENTIALS
        return exit_code(result.outcome, signals.received, no_credentials=missing)

    def _interrupt(self) -> None:
        if self._session is not None and self._session.busy:
            self._session.interrupt()
        elif self._opening is not None and self._session is None:
            self._opening.cancel()

    async def _drain(self, out: Output, err: Output, signals: StopSignals) -> bool:
        """Everything written, unless whoever reads does not and a signal says to stop waiting; whether it was."""
        written = asyncio.ensure_future(asyncio.wait([asyncio.ensure_future(out.drain()), asyncio.ensure_future(err.drain())]))
        signals.on_stop(written.cancel)
        if signals.received is not None:
            asyncio.get_running_loop().call_later(0.5, written.cancel)
        await asyncio.wait([written])
        return not written.cancelled()

    def _printer(self, out: Output) -> Printer:
        if self._options.output == "json":
            return Json(out, compose.price_book(self._paths))
        if self._options.output == "stream-json":
            return StreamJson(out)
        return Text(out)

    async def _converse(self, printer: Printer, out: Output, err: Output) -> TurnResult:
        workspace = await compose.open_workspace(
            self._settings,
            self._paths,
            temporary=self._options.temporary,
            allow=self._options.allow_tools,
            endpoints=self._endpoints,
        )
        try:
            note = _nothing if self._options.quiet else err.write
            if recovered := await recovered_note(workspace.store):
                note(f"Note: {recovered}\n")
            if self._options.temporary and self._options.resume is not None:
                await compose.borrow_session(self._paths, workspace.store, self._options.resume)
            session = await open_session(workspace, self._options.resume, self._settings, self._options.flags, note)
            if isinstance(printer, StreamJson):
                printer.begin(session.info.id)
            self._session = session
            session.warm_up()
            host = compose.foreign_host(self._settings, session.info.provider)
            if host:
                note(f"Note: the conversation is sent to {safe_line(host)}.\n")
            session.subscribe(printer.sink)
            if err.is_terminal and not self._options.quiet:
                session.subscribe(Countdown(err.write))
            session.subscribe(self._around(printer, out, err))
            result = await session.submit(self._prompt)
            for sentence in await workspace.store.look_after(small_only=True):
                note(f"Note: {sentence}\n")
            return result
        finally:
            await workspace.close()

    def _around(self, printer: Printer, out: Output, err: Output) -> LabelledLines | _OnlyErrors:
        """What goes to standard error, on a line of its own where both go to one screen; nothing once nobody reads the answer."""

        def write(text: str) -> None:
            if out.closed:
                return
            if err.is_terminal:
                printer.make_room()
            err.write(text)

        return _OnlyErrors(write) if self._options.quiet else LabelledLines(_nothing, write)


class _OnlyErrors:
    """Standard error under `-q`."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._lines = LabelledLines(_nothing, write)

    def __call__(self, event: Event) -> None:
        if (isinstance(event, TurnEnded) and event.error is not None) or (isinstance(event, Notice) and event.level == "error"):
            self._lines(event)
