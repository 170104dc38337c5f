"""The program on a full screen: a pseudo-terminal, and what a terminal would show of what is written to it."""

from __future__ import annotations

import codecs
import re
import signal
import time
from collections.abc import Callable
from typing import Any

import pyte
from pexpect import EOF, TIMEOUT

from tests.e2e.terminal import PATIENCE, Terminal

ESC, ENTER, DOWN = "\x1b", "\r", "\x1b[B"
ALT_UP = "\x1b[1;3A"
F1, F2, F3 = "\x1bOP", "\x1bOQ", "\x1bOR"

# What pyte does not know and would print: private modes it was never told of, the keyboard protocol, strings.
_UNKNOWN = re.compile(r"\x1b\[[<>=?][0-9;]*[a-zA-Z]|\x1b\[[0-9;?]*\$p|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1bP[^\x1b]*\x1b\\")
_KNOWN_MODES = re.compile(r"\x1b\[\?(?:25|1049)[hl]")


class ScreenTerminal(Terminal):
    """A terminal that knows what its screen shows."""

    def __init__(self, *arguments: str, columns: int = 100, lines: int = 30, **options: Any) -> None:
        super().__init__(*arguments, columns=columns, lines=lines, term="xterm-256color", **options)
        self._display = pyte.Screen(columns, lines)
        self._stream = pyte.Stream(self._display)
        self._taken = 0
        self._half = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")  # a read may end in the midst of a character

    # Eyes.

    def _read(self, seconds: float) -> None:
        """Take in what has been written, waiting at most so long for the first of it."""
        try:
            self._screen.read_nonblocking(1 << 16, seconds)
        except (TIMEOUT, EOF):
            return
        finally:
            raw = self.raw
            text = self._half + self._decoder.decode(raw[self._taken :])
            self._taken = len(raw)
            text, self._half = _whole(text)
            self._stream.feed(_UNKNOWN.sub(lambda found: found[0] if _KNOWN_MODES.fullmatch(found[0]) else "", text))

    @property
    def rows(self) -> list[str]:
        buffer, columns = self._display.buffer, range(self._display.columns)
        return ["".join(buffer[y][x].data for x in columns).rstrip() for y in range(self._display.lines)]

    @property
    def shown(self) -> str:
        """The screen as text."""
        return "\n".join(self.rows)

    @property
    def picture(self) -> list[list[pyte.screens.Char]]:
        """The screen with its colours."""
        buffer, columns = self._display.buffer, range(self._display.columns)
        return [[buffer[y][x] for x in columns] for y in range(self._display.lines)]

    def quiet(self) -> None:
        """Wait until nothing has been written for a moment: an idle program writes nothing."""
        size = -1
        while size != len(self.raw):
            size = len(self.raw)
            self._read(0.4)

    def wipe(self) -> None:
        """Lose what the terminal shows."""
        self._display.erase_in_display(2)

    def until(self, condition: Callable[[str], bool], what: str = "the condition") -> str:
        """Wait for a screen of which this holds; the screen."""
        deadline = time.monotonic() + PATIENCE
        while not condition(self.shown):
            if time.monotonic() > deadline:
                raise AssertionError(f"{what} never came; the screen shows:\n{self.shown}")
            self._read(0.1)
        return self.shown

    def see(self, *texts: str) -> str:
        """Wait until all of these are on the screen."""
        return self.until(lambda shown: all(text in shown for text in texts), repr(texts))

    def see_no(self, text: str) -> str:
        return self.until(lambda shown: text not in shown, f"a screen without {text!r}")

    def drain(self) -> bytes:
        """Everything up to the end of the program."""
        deadline = time.monotonic() + PATIENCE
        while self.process.poll() is None and time.monotonic() < deadline:
            self._read(0.1)
        self._read(0.1)
        return self.raw

    # Hands.

    def ready(self) -> None:
        """The program is there and takes keys."""
        self.see("Message Claude")

    def send(self, prompt: str) -> None:
        self.type(prompt + ENTER)

    def quit(self) -> int:
        """Ctrl+D twice on an empty draft; the exit code."""
        self.type("\x04")
        self.see("once more")
        self.type("\x04")
        self.drain()
        return self.code()

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(PATIENCE)


def _whole(text: str) -> tuple[str, str]:
    """The text up to an escape sequence that is not complete, and the rest."""
    start = text.rfind("\x1b")
    if start < 0 or re.match(r"\x1b(?:\[[0-9;:<>=?$]*[a-zA-Z~@]|\][^\x07\x1b]*(?:\x07)|[^\[\]P_^X])", text[start:], re.DOTALL):
        return text, ""
    return text[:start], text[start:]
