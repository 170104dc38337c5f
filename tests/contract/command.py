"""The real command as a process of its own, and what it left on its streams. `run` and `start` fork it where they can, `run_anew`
starts it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from claude_tui.fakeapi import ThreadApi
from tests import forked

PATIENCE = 40.0
"""Seconds. No test waits so long; a process that does is stuck."""
SLACK = 4.0
"""Seconds for a process to end after a signal: the contract's one, and three for a machine that is busy with other tests."""

Running = subprocess.Popen[bytes] | forked.Forked

CLAUDE_TUI = (sys.executable, "-m", "claude_tui")


@dataclass(frozen=True)
class Ended:
    """A process that is over."""

    code: int
    out: bytes
    err: bytes

    @property
    def stdout(self) -> str:
        return self.out.decode()

    @property
    def stderr(self) -> str:
        return self.err.decode()

    @property
    def json(self) -> Any:
        """Standard output as the contract writes JSON: one value, one line, ASCII, one newline."""
        text = self.out.decode("ascii")
        assert text.endswith("\n") and text.count("\n") == 1, text[-200:]
        return json.loads(text)

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Standard output as one JSON object a line."""
        text = self.out.decode("ascii")
        assert text.endswith("\n")
        return [json.loads(line) for line in text.removesuffix("\n").split("\n")]

    def told(self, code: int) -> Ended:
        """Itself, if it ended with this exit code."""
        assert self.code == code, f"exit code {self.code}, not {code}\nout: {self.stdout[-2000:]}\nerr: {self.stderr[-2000:]}"
        return self


def environment(api: ThreadApi | None = None, extra: Mapping[str, str | None] | None = None) -> dict[str, str]:
    """The environment of a child: the test's own, the fake API's address and key, and `extra`; None takes a variable away."""
    values: dict[str, str | None] = {**os.environ, "PYTHONWARNINGS": "error"}
    if api is not None:
        values |= {"ANTHROPIC_BASE_URL": api.url, "ANTHROPIC_API_KEY": api.key}
    values |= extra or {}
    return {name: value for name, value in values.items() if value is not None}


def run(
    *args: str,
    api: ThreadApi | None = None,
    stdin: bytes | str | None = None,
    env: Mapping[str, str | None] | None = None,
    program: tuple[str, ...] = CLAUDE_TUI,
) -> Ended:
    """The command from start to end. Standard input is what is given, else /dev/null."""
    given = stdin.encode() if isinstance(stdin, str) else stdin
    return Ended(*forked.run((*program, *args), environment(api, env), given, PATIENCE))


def run_anew(*args: str, api: ThreadApi | None = None, env: Mapping[str, str | None] | None = None, **options: Any) -> Ended:
    """The same in an interpreter of its own, where start or streams matter; `options` are those of `subprocess.run`."""
    given = {"stdin": subprocess.DEVNULL, "capture_output": True} | options
    done = subprocess.run([*CLAUDE_TUI, *args], **given, env=environment(api, env), timeout=PATIENCE, check=False)
    return Ended(done.returncode, done.stdout or b"", done.stderr or b"")


def start(
    *args: str,
    api: ThreadApi | None = None,
    env: Mapping[str, str | None] | None = None,
    program: tuple[str, ...] = CLAUDE_TUI,
    **options: Any,
) -> Running:
    """The command, running. Use it as a context manager; `finish` ends the test's part of it.

    `options` are those of `subprocess.Popen`: with others than a pipe for standard input it is started anew.
    """
    if set(options) <= {"stdin"} and options.get("stdin") in (None, subprocess.PIPE):
        process = forked.piped((*program, *args), environment(api, env), feed="stdin" in options)
        if process is not None:
            return process
    streams: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen([*program, *args], **(streams | options), env=environment(api, env))


def finish(process: Running, patience: float = PATIENCE) -> Ended:
    """Read what is left and wait for the end; a process that outlives `patience` is killed and fails the test."""
    try:
        out, err = process.communicate(timeout=patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    return Ended(process.returncode, out or b"", err or b"")


def read_until(process: Running, mark: bytes, *, errors: bool = False) -> bytes:
    """Standard output, or with `errors` standard error, up to and with `mark`."""
    stream = process.stderr if errors else process.stdout
    assert stream is not None
    seen = b""
    while mark not in seen:
        part = os.read(stream.fileno(), 65536)
        assert part, f"the output ended without {mark!r}: {seen!r}"
        seen += part
    return seen


def answers(shown: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The assistant messages of a JSON object with `messages`."""
    return [message for message in shown["messages"] if message["role"] == "assistant"]


def texts(message: Mapping[str, Any]) -> str:
    """The text of a message's text blocks."""
    return "".join(block["text"] for block in message["content"] if block["type"] == "text")


def show(session_id: str) -> dict[str, Any]:
    """The session as `sessions show -o json` prints it."""
    shown: dict[str, Any] = run("sessions", "show", session_id, "-o", "json").told(0).json
    return shown


def newest() -> dict[str, Any]:
    """The row of the session updated last."""
    (row,) = run("sessions", "list", "--limit", "1", "-o", "json").told(0).json
    assert isinstance(row, dict)
    return row


def wait_for_status(process: Running, status: str) -> None:
    """Until the only session has this status, while the process lives."""
    while [row["status"] for row in run("sessions", "list", "-o", "json").json] != [status]:
        assert process.poll() is None
