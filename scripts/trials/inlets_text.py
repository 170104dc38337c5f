"""Inlets of all that is written without a screen: standard output and error, plain mode, commands, logs, crash reports, files."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import logging
import os
import re
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from textual import events

from claude_tui import config, logs
from claude_tui.cli import (
    backup_command,
    config_command,
    doctor,
    exits,
    importing,
    labels,
    models_command,
    plain,
    printers,
    sessions_command,
    stats_command,
)
from claude_tui.cli.output import Output
from claude_tui.domain.blocks import dump_json
from claude_tui.domain.errors import ErrorInfo, ErrorKind
from claude_tui.domain.events import BlockDelta, BlockStarted, Notice, RetryScheduled, event_json
from claude_tui.domain.export import markdown_of
from claude_tui.domain.messages import SessionInfo
from claude_tui.domain.ports import ModelInfo
from claude_tui.domain.sentences import error_sentence, sentence, stop_sentence
from claude_tui.domain.spending import Spending
from claude_tui.domain.text import safe_line, safe_text
from claude_tui.engine import record
from claude_tui.files import Paths
from claude_tui.providers import anthropic_errors, openai_errors, prices
from claude_tui.providers import errors as provider_errors
from claude_tui.ui import clipboard, crash
from claude_tui.ui.dock_rows import reveal
from claude_tui.ui.keymap import Keymap
from claude_tui.ui.terminal_frames import FrameReader
from claude_tui.ui.terminal_keys import KeyReader
from scripts.trials import judging
from scripts.trials.hostile import Attacker
from scripts.trials.inlets_cells import MAKERS

Inlet = Callable[[Sequence[str], Attacker], None]


def _sanitiser(texts: Sequence[str], source: Attacker) -> None:
    """Each string by itself, in pieces, on one line, and cleaned twice."""
    for text in texts:
        safe = safe_text(text)
        judging.plain(safe)
        if safe_text(safe) != safe:
            raise judging.Leak("cleaning twice changes it again")
        judging.plain("".join(safe_text(piece) for piece in source.cuts(text)))
        judging.line(safe_line(text))
        judging.plain(reveal(text))


class _Terminal:
    """An `Output` whose descriptor is said to be a terminal."""

    def __init__(self) -> None:
        self.read, write = os.pipe()
        os.set_blocking(self.read, False)
        self.write_end = write
        self.out = Output(write)
        self.out.is_terminal = True

    def taken(self) -> str:
        try:
            return os.read(self.read, 1 << 20).decode()
        except BlockingIOError:
            return ""

    def close(self) -> None:
        os.close(self.read)
        os.close(self.write_end)


def _asked(texts: Sequence[str], source: Attacker) -> None:
    """`ask` as text on a terminal, streamed in any pieces; and what the last filter makes of it where nobody cleaned before."""

    async def write() -> None:
        terminal = _Terminal()
        try:
            printer = printers.Text(terminal.out)
            for number, text in enumerate(texts):
                printer.sink(BlockStarted(number, {"type": "text", "text": ""}))
                for piece in source.cuts(text):
                    printer.sink(BlockDelta(number, "text", piece))
                judging.plain(terminal.taken())
            for piece in source.cuts(texts[0]):
                terminal.out.write(piece)
            await terminal.out.drain()
            judging.plain(terminal.taken())
        finally:
            terminal.close()

    asyncio.run(write())


def _labelled(texts: Sequence[str], source: Attacker) -> None:
    """Plain mode and `ask`'s standard error: every kind of event that the transcript draws, and those that only they say."""
    written: list[str] = []
    lines = labels.LabelledLines(written.append, written.append, answer_label="Claude", you=True, tokens=True)
    make = source.dice.choice(list(MAKERS.values()))
    for event in make(texts, source):
        lines(event)
    for text in texts:
        lines(RetryScheduled(1, 1.0, ErrorInfo(ErrorKind.NETWORK, text, None, text)))
        lines(Notice(text))
    judging.plain("".join(written))


def _json_lines(texts: Sequence[str], source: Attacker) -> None:
    make = source.dice.choice(list(MAKERS.values()))
    judging.ascii_json("\n".join(dump_json(event_json(event)) for event in make(texts, source)))


def _said(texts: Sequence[str], source: Attacker) -> None:
    """Sentences on standard error, by way of the one function that says them."""
    err = io.StringIO()
    with redirect_stderr(err):
        for number, text in enumerate(texts):
            error = ErrorInfo(tuple(ErrorKind)[number % len(ErrorKind)], text, 400, text)
            for said in (text, error_sentence(error), sentence(text), stop_sentence(text, {"explanation": text}) or text):
                exits.say(said)
    judging.plain(err.getvalue())


def _logged(texts: Sequence[str], source: Attacker) -> None:
    """The log's formatter: message, arguments and a traceback."""
    formatter = logs._SafeFormatter("%(levelname)s %(name)s: %(message)s")  # pyright: ignore[reportPrivateUsage]
    for text in texts:
        try:
            raise ValueError(text)
        except ValueError as error:
            where = (type(error), error, error.__traceback__)
        entry = logging.LogRecord(text, logging.INFO, "f", 1, "%s", (text,), where if len(text) < 500 else None)
        judging.plain(formatter.format(entry))


def _crashed(texts: Sequence[str], source: Attacker) -> None:
    """What a crash writes to its file, and the lines it leaves on the terminal."""
    for text in texts:
        try:
            raise RuntimeError(text)
        except RuntimeError as error:
            judging.plain(crash.report(error))
            place = OSError(5, text)
            judging.plain("\n".join(map(safe_text, crash.summary(error, place, text))))


def _titles(texts: Sequence[str], source: Attacker) -> None:
    """Titles that were set, rows of lists that show them."""
    for text in texts:
        info = SessionInfo("0" * 26, title=text, updated_at="2026-11-29T10:00:00.000Z", model=text)
        judging.plain(sessions_command._row(info) + "\n" + plain._row(info))  # pyright: ignore[reportPrivateUsage]
        if safe_line(text):
            judging.line(record.renamed(info, text).title)


def _imported(texts: Sequence[str], source: Attacker) -> None:
    """A session as a file, hostile in every field: taken and shown and given back, or refused in a clean sentence."""
    for number, text in enumerate(texts):
        fields = {"title": text, "model": text, "system": text, "provider": text, "effort": text}
        message: dict[str, Any] = {"id": text, "role": "user", "content": text}
        answer = {"role": "assistant", "content": [{"type": "text", "text": text}], "model": text, "stop_reason": text}
        broken = ("id", "role", "content", "status", "created_at", "error", "open_blocks")[number % 7]
        if number % 2:
            message[broken] = {"kind": text} if broken == "error" else text
        data = {"session": fields, "messages": [message, answer]}
        try:
            info, messages = importing.imported(json.dumps(data))
        except importing.ImportRefused as refused:
            with redirect_stderr(io.StringIO()) as err:
                exits.say(f"Nothing was imported: {refused}.")
            judging.plain(err.getvalue())
            continue
        judging.ascii_json(dump_json(importing.exported(info, messages, [], _BOOK)))
        with redirect_stdout(io.StringIO()) as out:
            sessions_command._print_messages(messages)  # pyright: ignore[reportPrivateUsage]
            sessions_command._print_tree(messages, info.leaf_id)  # pyright: ignore[reportPrivateUsage]
        judging.plain(out.getvalue())
        judging.plain("".join(markdown_of(info, messages)))


def _models(texts: Sequence[str], source: Attacker) -> None:
    """Names of models as a list of an endpoint tells them, in the table of `models`."""
    rows = [ModelInfo(text, text, efforts=(text,), thinking=(text,), lifecycle=text) for text in texts]
    with redirect_stdout(io.StringIO()) as out:
        models_command._print_table(rows, texts[0])  # pyright: ignore[reportPrivateUsage]
    judging.plain(out.getvalue())


def _api_errors(texts: Sequence[str], source: Attacker) -> None:
    """Errors of endpoints on both wires, made of a status and a body, and of an event in a stream."""
    for number, text in enumerate(texts):
        status = (400, 401, 302, 429, 500, 529)[number % 6]
        bodies: list[Any] = [
            text,
            json.dumps({"error": {"message": text, "type": text}}),
            json.dumps({"detail": [{"loc": [text], "msg": text}]}),
        ]
        made = [
            openai_errors.from_status(status, {"location": text}, text, bodies[number % 3], None)[0],
            openai_errors.from_event({"error": {"message": text, "code": text}}, None),
            anthropic_errors.from_event({"type": text, "message": text}, None),
            provider_errors.from_refusal(provider_errors.Refusal(status, {"location": text}, text, text)),
            provider_errors.not_an_answer(text, text, None),
        ]
        for error in made:
            judging.line(error.info.message)


def _settings(texts: Sequence[str], source: Attacker) -> None:
    """Values of the environment and of the configuration, as they are shown and as they are complained about."""
    with TemporaryDirectory() as folder:
        paths = Paths.find({"CLAUDE_TUI_HOME": folder})
        paths.config_file.parent.mkdir(parents=True, exist_ok=True)
        for number, text in enumerate(texts):
            name = ("model", "system", "theme", "thinking", "provider", "effort", "base_url", "max_tokens")[number % 8]
            word = text.encode("utf-8", "replace").decode().replace("\0", "")
            tables = [
                f"{name} = {{}}",
                "[tools]\n{}={}",
                "[keys]\n{}={}",
                "[providers.{}]\nmodel = {}",
                "{}={}",
                "[budget]\n{}={}",
                "{}",
            ]
            quoted = _toml(word)
            paths.config_file.write_text(tables[number % 7].format(quoted, quoted), encoding="utf-8")
            environ = {f"CLAUDE_TUI_{name.upper()}": word, f"CLAUDE_TUI_TOOLS__{word}": word, f"CLAUDE_TUI_{word}": word}
            with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as err:
                for given in ({}, environ):
                    try:
                        loaded = config.load(environ=given, paths=paths)
                    except config.ConfigError as error:
                        exits.say(str(error))
                    else:
                        Keymap.build(loaded.settings.keys)
                        for said in (*loaded.warnings, *Keymap.build(loaded.settings.keys)[1]):
                            judging.line(said)
                        config_command.print_rows(loaded, paths)
            judging.plain(out.getvalue() + err.getvalue())


def _toml(text: str) -> str:
    """`text` as a basic string."""
    return '"' + "".join(one if one.isalnum() and one.isascii() else f"\\U{ord(one):08x}" for one in text) + '"'


def _reports(texts: Sequence[str], source: Attacker) -> None:
    """What `doctor` found and what `stats` adds up, of models, providers and sessions of any name."""
    findings = [doctor.Finding("settings", "warning", text) for text in texts]
    day = date(2026, 11, 29)
    usage = {"input_tokens": 5, "output_tokens": 5}
    rows = [Spending(f"m{n}", text, "m", text, text, usage, created_at="2026-11-29T10:00:00.000Z") for n, text in enumerate(texts)]
    report = stats_command._Report(rows, rows, day, day, {text: text for text in texts}, _BOOK)  # pyright: ignore[reportPrivateUsage]
    with redirect_stdout(io.StringIO()) as out, patch.object(doctor, "_findings", lambda *_: iter(findings)):
        doctor.examine("text")
        stats_command._print(report, source.dice.choice(("model", "provider", "session")))  # pyright: ignore[reportPrivateUsage]
    judging.plain(out.getvalue())


def _paths(texts: Sequence[str], source: Attacker) -> None:
    """Names of files as a terminal is told them."""
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    with redirect_stdout(terminal):
        shown = [backup_command._shown(Path("/x") / text.replace("\0", "")) for text in texts]  # pyright: ignore[reportPrivateUsage]
    judging.plain("\n".join(shown))


def _typed(texts: Sequence[str], source: Attacker) -> None:
    """Bytes of the terminal in any pieces: what is no key must give no text, and a paste is one paste."""
    for text in texts:
        reader, keys = FrameReader(), KeyReader()
        data = text.encode("utf-8", "surrogatepass")
        if source.dice.random() < 0.3:
            data = data.replace(b"\xc2", b"")  # C1 as single bytes
        found: list[Any] = []
        for piece in _pieces(data, source):
            found += reader.feed(piece, 0.0)
        now = 0.0
        while reader.deadline is not None:
            now = reader.deadline
            found += reader.expire(now)
        found += reader.finish()
        for frame in found:
            for message in keys.read(frame):
                character = getattr(message, "character", None)
                if character is not None and len(character) != 1:
                    raise judging.Leak(f"a key with the characters {character!a}")


def _replies(texts: Sequence[str], source: Attacker) -> None:
    """Replies of terminals, whole but in any pieces: they end nowhere."""
    for text in texts:
        reader, keys = FrameReader(), KeyReader()
        reply = source.dice.choice(REPLIES)
        payload = re.sub(r"[^\x20-\x7e]", "", text)[:60]
        data = reply.replace("{}", payload).encode()
        messages: list[Any] = []
        for piece in _pieces(data, source):
            for frame in reader.feed(piece, 0.0):
                messages += keys.read(frame)
        while reader.deadline is not None:
            for frame in reader.expire(reader.deadline):
                messages += keys.read(frame)
        typed = [one for one in messages if isinstance(one, (events.Key, events.Paste))]
        if typed:
            raise judging.Leak(f"{data!a} typed {typed!a}")


def _pieces(data: bytes, source: Attacker) -> list[bytes]:
    places = sorted(source.dice.randrange(len(data) + 1) for _ in range(source.dice.randrange(3)))
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True) if a < b]


def _copied(texts: Sequence[str], source: Attacker) -> None:
    """OSC 52: one whole sequence whatever is in it, through multiplexers too."""
    environs: Sequence[dict[str, str]] = ({}, {"TMUX": "x"}, {"STY": "x"})
    for number, text in enumerate(texts):
        sequence = clipboard.osc52(safe_text(text).encode(), environs[number % 3])
        found = re.sub(r"\x1bP(?:tmux;)?|\x1b\\|\x1b(?=\x1b)", "", sequence)
        whole = re.fullmatch(r"\x1b\]52;c;([A-Za-z0-9+/=]*)\x07", found) or re.fullmatch(r"\]52;c;([A-Za-z0-9+/=]*)\x07", found)
        if whole is None:
            raise judging.Leak(f"no whole sequence: {sequence[:80]!a}")
        judging.plain(base64.b64decode(whole[1]).decode())


_BOOK = prices.load(None)
# Replies, with a place for what somebody made the terminal say.
REPLIES = (
    "\x1b[62;22c", "\x1b[>0;95;0c", "\x1b]l{}\x1b\\", "\x1b]L{}\x1b\\", "\x1b]11;rgb:0000/0000/0000\x07", "\x1b]10;{}\x1b\\",
    "\x1b]52;c;{}\x07",
    "\x1bP1+r544e={}\x1b\\", "\x1bP!|{}\x1b\\", "\x1b_Gi=1;{}\x1b\\", "\x1b[8;24;80t", "\x1b[4;600;800t", "\x1b[0n",
    "\x1b[?1u", "\x1bX{}\x1b\\",
    "\x1b^{}\x1b\\", "\x1bP>|{}\x1b\\", "\x1bP1$r{}\x1b\\", "\x1b[?62;22c", "\x1b[?2026;2$y", "\x1b[3;1R",
)  # fmt: skip

TEXTS: dict[str, Inlet] = {
    "the sanitiser alone": _sanitiser,
    "answers of ask on a terminal": _asked,
    "plain mode": _labelled,
    "JSON of ask": _json_lines,
    "sentences on standard error": _said,
    "the log": _logged,
    "crash reports": _crashed,
    "titles": _titles,
    "imported sessions": _imported,
    "tables of models": _models,
    "errors of endpoints": _api_errors,
    "settings": _settings,
    "reports": _reports,
    "names of files": _paths,
    "bytes that are typed": _typed,
    "replies of the terminal": _replies,
    "the clipboard": _copied,
}

WRITERS = {
    "backup_command": "names of files",
    "config_command": "settings",
    "doctor": "reports",
    "exits": "sentences on standard error",
    "exporting": "imported sessions",
    "headless": "sentences on standard error",
    "line_reader": "the sanitiser alone",
    "models_command": "tables of models",
    "plain": "plain mode",
    "printers": "answers of ask on a terminal",
    "screen": "",
    "sessions_command": "imported sessions",
    "stats_command": "reports",
}
"""Modules of the command line that write to a standard stream, and the inlet that is about it; none where only our ids go out."""
