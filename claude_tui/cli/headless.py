"""`claude-tui ask`: one turn without the app. What was asked for goes to standard output, everything else to standard error."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from typing import Any, Protocol

from claude_tui.cli import compose
from claude_tui.cli.exits import UsageError, say
from claude_tui.cli.labels import LabelledLines, error_sentence
from claude_tui.cli.opening import open_session
from claude_tui.cli.options import AskOptions
from claude_tui.cli.output import Output
from claude_tui.cli.signals import StopSignals, exit_code
from claude_tui.config import Settings, load
from claude_tui.domain.blocks import block_type, dump_json, string
from claude_tui.domain.errors import ErrorInfo, ErrorKind, ProviderError, StoreError
from claude_tui.domain.events import Alive, BlockDelta, BlockStarted, Event, Notice, TurnEnded, event_json
from claude_tui.domain.messages import Outcome
from claude_tui.engine.session import Session
from claude_tui.engine.turn import TurnResult
from claude_tui.files import Paths


def ask(options: AskOptions) -> int:
    """The exit code. Raises UsageError and ConfigError for what makes no sense."""
    compose.preload_sdk()
    paths = Paths.find()
    loaded = load(options.flags, paths=paths)
    if not options.quiet:
        for warning in loaded.warnings:
            say(warning)
    prompt = _prompt(options.prompt)
    return asyncio.run(_Ask(options, loaded.settings, paths, prompt).run())


def _prompt(argument: str | None) -> str:
    """PROMPT, standard input, or both with an empty line between them."""
    piped = ""
    if sys.stdin is not None and not sys.stdin.closed and not sys.stdin.isatty():
        piped = sys.stdin.buffer.read().decode("utf-8-sig", "replace")
    parts = [part for part in (argument or "", piped) if part.strip()]
    if not parts:
        raise UsageError('There is nothing to ask: give a prompt, as in claude-tui ask "Why is the sky blue?", or pipe one in.')
    return "\n\n".join(parts)


class _Printer(Protocol):
    """One form of standard output."""

    def sink(self, event: Event) -> None: ...

    def finish(self, session_id: str | None, result: TurnResult) -> None: ...


class _Text:
    """The text blocks as they arrive, an empty line between messages, one newline at the end. Clean for a terminal's eyes."""

    def __init__(self, out: Output, *, terminal: bool) -> None:
        self._out = out
        self._terminal = terminal
        self._texts: set[int] = set()
        self._written = False
        self._newlines = 0
        self._separate = False

    def sink(self, event: Event) -> None:
        if type(event) is BlockDelta:
            if event.kind == "text" and event.number in self._texts:
                self._write(event.text)
        elif type(event) is BlockStarted:
            if event.number == 0:
                self._texts.clear()
                self._separate = self._written
            if block_type(event.block) == "text":
                self._texts.add(event.number)
                self._write(string(event.block, "text"))

    def _write(self, text: str) -> None:
        """Newlines wait until something follows them, so that the end has exactly one."""
        body = text.rstrip("\n")
        if body:
            if self._separate:
                self._newlines, self._separate = 2, False
            if self._terminal:
                from claude_tui.domain.text import safe_text

                body = safe_text(body)
            self._out.write("\n" * self._newlines + body)
            self._written, self._newlines = True, 0
        self._newlines += len(text) - len(text.rstrip("\n"))

    def finish(self, session_id: str | None, result: TurnResult) -> None:
        if self._written:
            self._out.write("\n")


class _Json:
    """The whole turn as one object, at the end."""

    def __init__(self, out: Output) -> None:
        self._out = out

    def sink(self, event: Event) -> None:
        """Nothing is printed before the end."""

    def finish(self, session_id: str | None, result: TurnResult) -> None:
        self._out.write(dump_json(turn_json(session_id, result)) + "\n")


class _StreamJson:
    """Every event as it happens, one object a line."""

    def __init__(self, out: Output) -> None:
        self._out = out
        self._session_id: str | None = None
        self._ended = False

    def begin(self, session_id: str) -> None:
        self._session_id = session_id

    def sink(self, event: Event) -> None:
        if type(event) is Alive:
            return
        self._ended = self._ended or type(event) is TurnEnded
        fields = event_json(event)
        line = {"type": fields.pop("type"), "ts": time.time(), "session_id": self._session_id, **fields}
        self._out.write(dump_json(line) + "\n")

    def finish(self, session_id: str | None, result: TurnResult) -> None:
        if not self._ended:
            self.sink(TurnEnded(session_id or "", result.outcome, result.error))


def turn_json(session_id: str | None, result: TurnResult) -> dict[str, Any]:
    """The contract's object of `ask -o json`."""
    answer = result.answer
    return {
        "session_id": session_id,
        "outcome": result.outcome.value,
        "error": result.error.to_json() if result.error else None,
        "model": answer.model if answer else None,
        "stop_reason": answer.stop_reason if answer else None,
        "usage": answer.usage if answer else None,
        "turn_usage": result.usage,
        "timings": result.timings,
        "message": answer.to_json() if answer else None,
        "messages": [message.to_json() for message in result.messages],
    }


def _no_turn(outcome: Outcome, error: ErrorInfo | None) -> TurnResult:
    """The result of a turn that could not begin."""
    return TurnResult(outcome, error, (), {"ttft_ms": None, "total_ms": 0, "retries": 0})


def _nothing(text: str) -> None:
    """Where text goes that is not wanted."""


class _Ask:
    """One run of the command."""

    def __init__(self, options: AskOptions, settings: Settings, paths: Paths, prompt: str) -> None:
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
            self._opening = asyncio.ensure_future(self._converse(printer, err))
            try:
                result = await self._opening
            except asyncio.CancelledError:
                result = _no_turn(Outcome.INTERRUPTED, None)
            except (StoreError, ProviderError) as failure:
                result = _no_turn(Outcome.FAILED, failure.info)
                err.write(f"Error: {error_sentence(failure.info)}\n")
            printer.finish(self._session.info.id if self._session else None, result)
            await self._drain(out, err, signals)
        if out.closed:
            return 0
        missing = result.error is not None and result.error.kind is ErrorKind.CREDENTIALS
        return exit_code(result.outcome, signals.received, no_credentials=missing)

    def _interrupt(self) -> None:
        if self._session is not None and self._session.busy:
            self._session.interrupt()
        elif self._opening is not None and self._session is None:
            self._opening.cancel()

    async def _drain(self, out: Output, err: Output, signals: StopSignals) -> None:
        """Everything written, unless whoever reads does not and a signal says to stop waiting."""
        written = asyncio.ensure_future(asyncio.wait([asyncio.ensure_future(out.drain()), asyncio.ensure_future(err.drain())]))
        signals.on_stop(written.cancel)
        if signals.received is not None:
            asyncio.get_running_loop().call_later(0.5, written.cancel)
        await asyncio.wait([written])

    def _printer(self, out: Output) -> _Printer:
        if self._options.output == "json":
            return _Json(out)
        if self._options.output == "stream-json":
            return _StreamJson(out)
        return _Text(out, terminal=os.isatty(sys.stdout.fileno()))

    async def _converse(self, printer: _Printer, err: Output) -> TurnResult:
        workspace = await compose.open_workspace(
            self._settings, self._paths, temporary=self._options.temporary, allow=self._options.allow_tools
        )
        try:
            note = _nothing if self._options.quiet else err.write
            session = await open_session(workspace, self._options.resume, self._settings, self._options.flags, note)
            if isinstance(printer, _StreamJson):
                printer.begin(session.info.id)
            self._session = session
            host = compose.foreign_host(self._settings)
            if host:
                note(f"Note: the conversation is sent to {host}.\n")
            session.subscribe(printer.sink)
            session.subscribe(self._around(err))
            return await session.submit(self._prompt)
        finally:
            await workspace.close()

    def _around(self, err: Output) -> LabelledLines | _OnlyErrors:
        """What goes to standard error."""
        return _OnlyErrors(err) if self._options.quiet else LabelledLines(_nothing, err.write)


class _OnlyErrors:
    """Standard error under `-q`."""

    def __init__(self, err: Output) -> None:
        self._lines = LabelledLines(_nothing, err.write)

    def __call__(self, event: Event) -> None:
        if (isinstance(event, TurnEnded) and event.error is not None) or (isinstance(event, Notice) and event.level == "error"):
            self._lines(event)
