"""Commands as processes of their own, forked from one that has loaded the program (`tests.forkserver`) instead of started anew.

For tests that look at what a command does. Those about starting itself, about signals in mid-start, closed descriptors or what is
imported start it for real. So does everything on other systems than Linux, where a process that has loaded so much cannot safely be
forked.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import IO, Self

from tests.forkserver import NUMBER, is_fixed

COMMAND = (
    "anthropic",
    "anyio._backends._asyncio",
    "claude_tui.cli.commands",
    "claude_tui.cli.endpoints",
    "claude_tui.cli.headless",
    "claude_tui.cli.sessions_command",
    "claude_tui.engine.workspace",
    "claude_tui.providers.anthropic",
    "claude_tui.providers.openai",
    "claude_tui.providers.prices",
    "claude_tui.store.sqlite",
    "claude_tui.tools.calculator",
    "claude_tui.tools.current_time",
    "claude_tui.tools.schema",
    "openai",
)
"""What most commands load."""
SCREEN = (*COMMAND, "claude_tui.cli.screen", "claude_tui.ui.app", "claude_tui.ui.chat_screen", "textual.drivers.linux_driver")
LOGGING = ("ANTHROPIC_LOG", "OPENAI_LOG")
"""An SDK that is loaded with one of these before the program opens its log writes to standard error."""
SERVERS_AT_ONCE = 6
ROOT = Path(__file__).parents[1]

Kind = tuple[tuple[str, ...], tuple[tuple[str, str], ...]]
"""What is loaded, and the variables that were seen by that."""


class Forked:
    """A running command, as far as `subprocess.Popen` is like it. The streams are there for one with pipes (`piped`)."""

    stdin: IO[bytes] | None = None
    stdout: IO[bytes] | None = None
    stderr: IO[bytes] | None = None

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self.pid = self._told()
        self.returncode: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is not None:
            self.kill()  # nobody will tell it to end any more
        self._close(self.stdin, self.stdout, self.stderr)
        self.wait()

    @staticmethod
    def _close(*streams: IO[bytes] | None) -> None:
        for stream in streams:
            if stream is not None:
                with suppress(BrokenPipeError):
                    stream.close()

    def communicate(self, given: bytes | None = None, timeout: float | None = None) -> tuple[bytes, bytes]:
        """Write this to its standard input, read its other streams to their ends, and wait for its own."""
        readable = [stream for stream in (self.stdout, self.stderr) if stream is not None and not stream.closed]
        with ThreadPoolExecutor(3) as pool:
            reading = {stream: pool.submit(stream.read) for stream in readable}
            feeding = pool.submit(_feed, self.stdin, given or b"")
            try:
                self.wait(timeout)
            except subprocess.TimeoutExpired:
                self.kill()
                raise
        feeding.result()
        self._close(*readable)
        out, err = (reading[stream].result() if stream in reading else b"" for stream in (self.stdout, self.stderr))
        return out, err

    def _told(self) -> int:
        data = self._channel.recv(NUMBER.size, socket.MSG_WAITALL)
        if len(data) < NUMBER.size:
            raise RuntimeError("the process that forks commands is gone")
        (number,) = NUMBER.unpack(data)
        return int(number)

    def poll(self) -> int | None:
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            if not select.select([self._channel], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
            self.returncode = self._told()
            self._channel.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class Server:
    """The other process, seen from here."""

    def __init__(self, loaded: tuple[str, ...], environ: Mapping[str, str]) -> None:
        self._control, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.forkserver", str(theirs.fileno()), *loaded],
                pass_fds=[theirs.fileno()],
                cwd=ROOT,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
        if len(self._control.recv(NUMBER.size, socket.MSG_WAITALL)) < NUMBER.size:
            said, _ = self._process.communicate()
            raise RuntimeError(f"commands cannot be forked: {said.decode()}")

    def start(
        self, module: str, arguments: tuple[str, ...], environ: Mapping[str, str], streams: list[int], *, session: bool
    ) -> Forked:
        ours, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(self._control, [b"!"], [theirs.fileno(), *streams])
        request = {"module": module, "arguments": arguments, "environ": dict(environ), "folder": os.getcwd(), "session": session}
        ours.sendall(json.dumps(request).encode() + b"\n")
        return Forked(ours)

    def close(self) -> None:
        self._control.close()
        self._process.communicate()


_servers: dict[Kind, Server] = {}
_lock = Lock()


def close_servers() -> None:
    """At the end of the tests: a server that is measured writes its figures now."""
    while _servers:
        _servers.popitem()[1].close()


def start(
    command: tuple[str, ...],
    environ: Mapping[str, str],
    streams: list[int],
    *,
    loaded: tuple[str, ...] = COMMAND,
    session: bool = False,
) -> Forked | None:
    """PYTHON -m MODULE ARGUMENTS with these standard streams, at the head of a session with its terminal if `session`. None for any
    other command, and where it has to be started for real."""
    if sys.platform != "linux" or command[:2] != (sys.executable, "-m") or any(name in environ for name in LOGGING):
        return None
    module, *arguments = command[2:]
    kind = (loaded, tuple(sorted((name, value) for name, value in environ.items() if is_fixed(name))))
    with _lock:
        if kind not in _servers and len(_servers) == SERVERS_AT_ONCE:
            _servers.pop(next(iter(_servers))).close()  # the one that was used longest ago
        _servers[kind] = _servers.pop(kind, None) or Server(loaded, environ)
        return _servers[kind].start(module, tuple(arguments), environ, streams, session=session)


def piped(command: tuple[str, ...], environ: Mapping[str, str], *, feed: bool) -> Forked | None:
    """The command with pipes for its output, and with `feed` for its input, else /dev/null. None as from `start`."""
    pipes = [os.pipe() if feed else (os.open(os.devnull, os.O_RDONLY), -1), os.pipe(), os.pipe()]
    theirs = [pipes[0][0], pipes[1][1], pipes[2][1]]
    ours = [one for one in (pipes[0][1], pipes[1][0], pipes[2][0]) if one >= 0]
    try:
        process = start(command, environ, theirs)
    finally:
        for stream in theirs:
            os.close(stream)
    if process is None:
        for stream in ours:
            os.close(stream)
        return None
    process.stderr, process.stdout = open(ours.pop(), "rb"), open(ours.pop(), "rb")  # noqa: SIM115
    process.stdin = open(ours.pop(), "wb") if feed else None  # noqa: SIM115
    return process


def run(command: tuple[str, ...], environ: Mapping[str, str], given: bytes | None, timeout: float) -> tuple[int, bytes, bytes]:
    """The command from start to end, with pipes or /dev/null for standard input: exit code, standard output and error."""
    process = piped(command, environ, feed=given is not None)
    if process is None:
        done = subprocess.run(
            command,
            env=environ,
            **({"stdin": subprocess.DEVNULL} if given is None else {"input": given}),
            capture_output=True,
            timeout=timeout,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr
    with process:
        out, err = process.communicate(given, timeout)
        return process.wait(), out, err


def _feed(stream: IO[bytes] | None, data: bytes) -> None:
    if stream is None:
        return
    with suppress(BrokenPipeError), stream:
        stream.write(data)
