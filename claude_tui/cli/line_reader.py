"""Lines that the user types: through the system's line editor where the terminal takes its control codes, plainly anywhere else."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Any, cast

from claude_tui.domain.text import safe_text

_PLAIN_TERMINALS = ("", "dumb", "unknown")
_EDITOR_SETTINGS = (
    "set enable-bracketed-paste on",  # a paste of several lines is one prompt
    "set enable-active-region off",  # no colours
    "set colored-completion-prefix off",
    "set bell-style none",
    "set input-meta on",
    "set output-meta on",
    "set convert-meta off",  # bytes of other scripts stay what they are, whatever the locale
)


class LineReader:
    """Made once; from then on bytes on standard input that are no text are replaced, never an error."""

    def __init__(self) -> None:
        self._from_terminal = sys.stdin is not None and sys.stdin.isatty()
        self._edits = self._from_terminal and sys.stdout.isatty() and os.environ.get("TERM", "") not in _PLAIN_TERMINALS
        if sys.stdin is not None:
            cast("Any", sys.stdin).reconfigure(errors="replace")
        if self._edits:
            self._edits = _set_up_editor()

    def read(self, prompt: str) -> str:
        """One line without its end. Raises EOFError at the end of input, a terminal that is gone included."""
        if self._from_terminal:
            try:
                return input(prompt)
            except OSError as error:
                raise EOFError from error
        print(prompt, end="", flush=True)
        line = sys.stdin.readline() if sys.stdin is not None else ""
        if not line:
            raise EOFError
        line = line.rstrip("\r\n")
        print(safe_text(line), flush=True)  # nobody typed it, and what is printed should read as a conversation
        return line

    @contextmanager
    def silent(self) -> Generator[None]:
        """Meanwhile what is typed is not mixed into the output; the line editor shows it with the next prompt."""
        before = _echo_off() if self._edits else None
        try:
            yield
        finally:
            if before is not None:
                _restore(before)


def _set_up_editor() -> bool:
    """Whether there is a line editor. `input` uses it from its import on."""
    try:
        import readline
    except ImportError:
        return False
    for setting in _EDITOR_SETTINGS:
        readline.parse_and_bind(setting)
    return True


def _echo_off() -> list[Any] | None:
    """Switch the terminal's echo off; its settings before, None if nothing was changed."""
    try:
        import termios
    except ImportError:  # Windows
        return None
    try:
        before = termios.tcgetattr(0)
        changed = [*before]
        changed[3] = before[3] & ~(termios.ECHO | termios.ECHONL) | termios.NOFLSH  # Ctrl+C throws away nothing typed
        termios.tcsetattr(0, termios.TCSANOW, changed)
    except termios.error:  # the terminal is gone
        return None
    return before


def _restore(before: list[Any]) -> None:
    import termios

    with suppress(termios.error):
        termios.tcsetattr(0, termios.TCSANOW, before)
