"""A process that has loaded the program and forks for every command: what `tests.forked` talks to. Run as a module.

Starting the program is nearly all import, and a fork has that behind it. Everything else is as after an ordinary start: arguments,
environment, folder, standard streams and signals are those of the request, no other descriptor is open, nothing that one command
does is seen by the next, and the interpreter ends in the ordinary way. What cannot be changed any more once the program is loaded
is the same for all commands of a server: `FIXED`.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import io
import json
import os
import runpy
import select
import signal
import socket
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.certificates import read_now

FIXED_PREFIXES = ("COVERAGE_", "LANG", "LC_", "PYTHON", "TEXTUAL")
FIXED_NAMES = frozenset(
    {"ANTHROPIC_LOG", "AZURE_OPENAI_ENDPOINT", "DEFER_PYDANTIC_BUILD", "ESCDELAY", "HOME", "TERM_PROGRAM", "TZ"}
)
FIXED_NAMES |= {"OPENAI_API_TYPE", "OPENAI_API_VERSION", "OPENAI_LOG", "OTEL_PYTHON_CONTEXT", "TYPER_USE_RICH"}
FIXED_NAMES |= {"PYDANTIC_DISABLE_PLUGINS", "ANDROID_DATA"}
"""Variables that are read while modules load."""
STREAMS = 3
NUMBER = struct.Struct("i")
"""What a server says of a command: its process, then its exit code, negative for a signal."""


def is_fixed(name: str) -> bool:
    return name in FIXED_NAMES or name.startswith(FIXED_PREFIXES)


@contextlib.contextmanager
def only_fixed_variables() -> Iterator[None]:
    """Meanwhile no other variable may be asked for."""
    kind: Any = type(os.environ)
    get, contains, asked = kind.__getitem__, kind.__contains__, set[str]()
    kind.__getitem__ = lambda environ, name: (asked.add(name), get(environ, name))[1]
    kind.__contains__ = lambda environ, name: (asked.add(name), contains(environ, name))[1]
    try:
        yield
    finally:
        kind.__getitem__, kind.__contains__ = get, contains
    others = sorted(name for name in asked if not is_fixed(name) and not name.startswith("_PYTHON"))
    assert not others, f"read while modules load, and not in FIXED_NAMES: {others}"


def preload(modules: list[str]) -> None:
    gc.disable()
    with only_fixed_variables():
        for name in modules:
            importlib.import_module(name)
    read_now()
    gc.enable()
    gc.freeze()


# The server.


@dataclass
class Server:
    """`woken` tells that a child has ended."""

    control: socket.socket
    woken: socket.socket
    wakes: socket.socket
    running: dict[int, socket.socket] = field(default_factory=dict)

    def serve(self) -> dict[str, Any] | None:
        """Returns in every child, with what it is to be; in the server itself at the end, with None."""
        while True:
            ready, _, _ = select.select([self.control, self.woken], [], [])
            if self.woken in ready:
                self.woken.recv(1 << 16)
                self.bury()
            if self.control in ready:
                _, descriptors, _, _ = socket.recv_fds(self.control, 1, 1 + STREAMS)
                if not descriptors:
                    return None
                channel, *streams = descriptors
                request = self.fork(socket.socket(fileno=channel), streams)
                if request is not None:
                    return request

    def fork(self, channel: socket.socket, streams: list[int]) -> dict[str, Any] | None:
        with channel.makefile() as told:
            request: dict[str, Any] = json.loads(told.readline())
        process = os.fork()
        if not process:
            self.close()
            channel.close()
            return {**request, "streams": streams}
        for stream in streams:
            os.close(stream)
        self.running[process] = channel
        channel.send(NUMBER.pack(process))
        return None

    def bury(self) -> None:
        """Tell of every child that has ended."""
        while self.running:
            process, status = os.waitpid(-1, os.WNOHANG)
            if not process:
                return
            with self.running.pop(process) as channel, contextlib.suppress(BrokenPipeError):
                channel.send(NUMBER.pack(os.waitstatus_to_exitcode(status)))

    def close(self) -> None:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for one in (self.control, self.woken, self.wakes, *self.running.values()):
            one.close()


def made(control: socket.socket) -> Server:
    woken, wakes = socket.socketpair()
    for one in (woken, wakes):
        one.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wakes.fileno(), warn_on_full_buffer=False)
    return Server(control, woken, wakes)


# The child.


def become(request: dict[str, Any]) -> None:
    """Be as if started afresh."""
    if request["session"]:
        os.setsid()
    for number, stream in enumerate(request["streams"]):
        os.dup2(stream, number)
    for stream in request["streams"]:
        if stream >= STREAMS:
            os.close(stream)
    if request["session"]:
        take_terminal()
    os.chdir(request["folder"])
    sys.path[0] = request["folder"]  # where `python -m` looks first
    os.environ.clear()
    os.environ.update(request["environ"])
    sys.argv[1:] = request["arguments"]
    sys.stdin = sys.__stdin__ = fresh(sys.stdin, 0, "r")  # type: ignore[misc]
    sys.stdout = sys.__stdout__ = fresh(sys.stdout, 1, "w")  # type: ignore[misc]
    sys.stderr = sys.__stderr__ = fresh(sys.stderr, 2, "w")  # type: ignore[misc]


def take_terminal() -> None:
    """Make the terminal on standard input the controlling one of this session."""
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def fresh(old: Any, number: int, mode: str) -> io.TextIOWrapper:
    """A standard stream as the interpreter makes it."""
    raw = io.FileIO(number, mode, closefd=False)
    unbuffered = old.write_through
    buffer: Any = io.BufferedReader(raw) if mode == "r" else raw if unbuffered else io.BufferedWriter(raw)
    by_lines = not unbuffered and (raw.isatty() or number == 2)
    return io.TextIOWrapper(buffer, old.encoding, old.errors, "\n", line_buffering=by_lines, write_through=unbuffered)


def main() -> None:
    control = socket.socket(fileno=int(sys.argv[1]))
    preload(sys.argv[2:])
    server = made(control)
    control.send(NUMBER.pack(os.getpid()))
    request = server.serve()
    if request is None:
        server.close()
        return
    become(request)
    runpy.run_module(request["module"], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
