"""The program in a pseudo-terminal whose other end the test holds: forked from one that has loaded it, or started `anew`."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
import termios
import time
from types import TracebackType
from typing import Self

from pexpect import EOF
from pexpect.fdpexpect import fdspawn

from tests import forked

PATIENCE = 30.0
CLAUDE_TUI = (sys.executable, "-m", "claude_tui")
CONTROL_C, CONTROL_D, CONTROL_S = "\x03", "\x04", "\x13"

# Makes the terminal on standard input the controlling one of its session, then becomes the program. Nothing is loaded for that.
_ADOPT = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"


def _started(command: tuple[str, ...], environ: dict[str, str], terminal: int) -> subprocess.Popen[bytes]:
    adopting = [sys.executable, "-I", "-S", "-c", _ADOPT, *command]
    return subprocess.Popen(adopting, env=environ, stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True)


class Terminal:
    """`claude-tui ARGUMENTS` and what it writes. `dumb` is a terminal that obeys nothing but line ends."""

    def __init__(
        self,
        *arguments: str,
        columns: int = 100,
        lines: int = 30,
        term: str = "dumb",
        program: tuple[str, ...] = CLAUDE_TUI,
        anew: bool = False,
        **environment: str,
    ) -> None:
        self._master, slave = os.openpty()
        termios.tcsetwinsize(self._master, (lines, columns))
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "COLUMNS", "LINES"))}
        variables = {**inherited, "TERM": term, "LANG": "C.UTF-8", "INPUTRC": os.devnull, **environment}
        command = (*program, *arguments)
        fork = None if anew else forked.start(command, variables, [slave] * 3, loaded=forked.SCREEN, session=True)
        self.process = fork or _started(command, variables, slave)
        os.close(slave)
        self._recording = io.BytesIO()
        self._screen = fdspawn(self._master, timeout=PATIENCE, maxread=1 << 16)
        self._screen.logfile_read = self._recording

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is not None:
            error.add_note(f"the terminal shows:\n{self.shown}")
        self.process.kill()
        self.process.wait()
        self.hang_up()

    # Hands.

    def type(self, text: str | bytes) -> None:
        """All at once."""
        data = text.encode() if isinstance(text, str) else text
        while data:
            data = data[os.write(self._master, data) :]

    def enter(self, line: str) -> None:
        self.type(line + "\r")

    def hang_up(self) -> None:
        """Close the terminal's window."""
        if not self._screen.closed:
            self._screen.close()

    # Eyes.

    @property
    def raw(self) -> bytes:
        """Every byte so far."""
        return self._recording.getvalue()

    @property
    def text(self) -> str:
        return self.raw.decode("utf-8", "replace").replace("\r\n", "\n")

    @property
    def shown(self) -> str:
        """What a test that failed wants to see."""
        return self.text

    def expect(self, *texts: str) -> None:
        """These, one after the other."""
        for text in texts:
            self._screen.expect_exact(text.replace("\n", "\r\n").encode())

    def expect_prompt(self) -> None:
        """The prompt, ready to be typed at."""
        self.expect("You: ")

    def expect_prompts(self, count: int) -> None:
        """So many prompts: those of a conversation shown again, and the one to be typed at."""
        for _ in range(count):
            self.expect_prompt()

    def leave(self, word: str = "exit") -> None:
        self.enter(word)
        assert self.ended() == 0

    def ended(self) -> int:
        """Read to the end; the exit code, as a shell gives it."""
        self._screen.expect(EOF)
        return self.code()

    def code(self) -> int:
        code = self.process.wait(PATIENCE)
        return 128 - code if code < 0 else code

    def ended_within(self, seconds: float, number: signal.Signals | None = None) -> int:
        """Send this signal, if any; the exit code, which must come in time."""
        began = time.monotonic()
        if number is not None:
            self.process.send_signal(number)
        code = self.code()
        assert time.monotonic() - began <= seconds
        return code


def conversation(text: str) -> str:
    """What stands between the greeting and the last prompt, without what the terminal's own driver shows of Ctrl+C, and without
    the hints, which are said once."""
    shown = re.sub(r"Note: /continue .*\n\n", "", text.split("leaves.\n\n", 1)[1].replace("^C", ""))
    return shown[: shown.rindex("You: ")]


def foreign_bytes(raw: bytes) -> list[str]:
    """What a terminal would obey, other than line ends."""
    return re.findall(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", raw.decode("utf-8"))
