"""The whole program as a process to be killed, `ask` on a pipe or the app in a pseudo-terminal, and what it showed before."""

from __future__ import annotations

import codecs
import fcntl
import json
import os
import random
import re
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

PATIENCE = 120.0
"""Seconds for a start and an answer on a machine that is busy."""
TOKENS = 300
"""The latest token at which a kill strikes."""
DRAFT_SECONDS = 1.0
"""A draft that was on the screen for so long is on the disk."""
WIDE = 240
"""Columns: drafts that come back after a kill stand before the new one, and it is looked for on one row."""
_OVERLAP, _TAIL = 40, 4_000
"""Characters that are looked at again, since a read may end in the midst of something."""

# Makes the terminal on standard input the controlling one of its session, then becomes the program.
_ADOPT = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
    "os.execv(sys.executable, [sys.executable, '-m', 'claude_tui', *sys.argv[1:]])"
)

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


def token(trial: int, number: int) -> str:
    """Piece `number` of the answer of a trial; there is no other like it in the history."""
    return f"{trial % 1000:03d}{number:04d} αβγ 中文 "


@dataclass(frozen=True)
class Strike:
    """`delay` seconds after so many `tokens` have been shown (0: after the start), or, `aged`, after a draft has grown old.

    `app`: of the app, not of `ask`. `tool`: a tool is called first.
    """

    app: bool
    tokens: int
    delay: float
    tool: bool
    aged: bool

    @classmethod
    def of(cls, trial: int) -> Strike:
        chance = random.Random(trial)
        early = chance.random() < 0.2
        delay = chance.uniform(0, 1.2) if early else chance.uniform(0, 0.01)
        tokens = 0 if early else chance.randrange(1, TOKENS)
        return cls(app=trial % 2 == 1, tokens=tokens, delay=delay, tool=chance.random() < 0.4, aged=trial % 6 == 5)


@dataclass
class Shown:
    """What was seen: `tokens` when the highest token was so high; `draft_at` when the draft stood on the screen."""

    tokens: list[tuple[float, int]] = field(default_factory=list)
    draft_at: float | None = None
    died: float = 0.0

    @property
    def draft_is_old(self) -> bool:
        return self.draft_at is not None and self.died - self.draft_at >= DRAFT_SECONDS

    def saw(self, moment: float, highest: int) -> None:
        if highest > (self.tokens[-1][1] if self.tokens else -1):
            self.tokens.append((moment, highest))

    def lost_ms(self, stored: int) -> float:
        """From the first sight of what is not stored, `stored` tokens being there, to the last."""
        lost = [moment for moment, highest in self.tokens if highest >= stored]
        return (lost[-1] - lost[0]) * 1000 if lost else 0.0


class Program:
    """One life. `run` gives what was seen of it."""

    def __init__(self, trial: int, strike: Strike, environment: Mapping[str, str], *, resume: bool) -> None:
        self.trial, self._strike, self._environment = trial, strike, environment
        self._resume = ["-c"] if resume else []
        self.prompt = f"prompt {trial}{' with a tool' if strike.tool else ''}"
        self.draft = f"draft-{trial}-of-this"
        self._seen = self._line = self._text = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._typed = self._asked = False
        self._shown = Shown()

    def run(self) -> Shown:
        process, descriptor = self._start_app() if self._strike.app else self._start_ask()
        try:
            self._watch(process, descriptor)
        finally:
            process.kill()
            process.wait()
            os.close(descriptor)
        if process.returncode != -signal.SIGKILL:
            raise AssertionError(f"it ended by itself with {process.returncode}: {self._seen[-500:]}")
        return self._shown

    def _start_ask(self) -> tuple[subprocess.Popen[bytes], int]:
        ours, theirs = os.pipe()
        command = [sys.executable, "-m", "claude_tui", "ask", "-q", "-o", "stream-json", *self._resume, self.prompt]
        process = subprocess.Popen(command, env=self._environment, stdin=subprocess.DEVNULL, stdout=theirs)
        os.close(theirs)
        return process, ours

    def _start_app(self) -> tuple[subprocess.Popen[bytes], int]:
        ours, theirs = os.openpty()
        termios.tcsetwinsize(theirs, (30, WIDE))
        fcntl.fcntl(ours, fcntl.F_SETFL, os.O_NONBLOCK)
        command = [sys.executable, "-c", _ADOPT, *self._resume]
        process = subprocess.Popen(
            command, env=self._environment, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
        )
        os.close(theirs)
        return process, ours

    def _watch(self, process: subprocess.Popen[bytes], descriptor: int) -> None:
        """Read, type what is to be typed, and return when it is time to strike."""
        began = time.monotonic()
        due = began + self._strike.delay if self._strike.tokens == 0 and not self._strike.aged else None
        while True:
            left = (due or began + PATIENCE) - time.monotonic()
            if left <= 0:
                if due is None:
                    raise AssertionError(f"it never came to {self._strike}; it showed: {self._seen[-500:]}")
                break
            if select.select([descriptor], [], [], left)[0]:
                try:
                    data = os.read(descriptor, 1 << 16)
                except OSError:  # the terminal's other end is gone
                    data = b""
                if not data:
                    break
                self._take(data, descriptor)
                due = due or self._due()
        process.kill()
        self._shown.died = time.monotonic()

    def _due(self) -> float | None:
        """When to strike, once that is known."""
        shown = self._shown
        if self._strike.aged:
            return shown.draft_at and shown.draft_at + DRAFT_SECONDS + self._strike.delay
        if shown.tokens and shown.tokens[-1][1] >= self._strike.tokens:
            return time.monotonic() + self._strike.delay
        return None

    def _take(self, data: bytes, descriptor: int) -> None:
        now = time.monotonic()
        new = self._decoder.decode(data)
        self._seen = self._seen[-_TAIL:] + new
        if not self._strike.app:
            *lines, self._line = (self._line + new).split("\n")
            new = "".join(map(_text, lines))
        self._text = self._text[-_OVERLAP:] + new
        numbers = re.findall(rf"{self.trial % 1000:03d}(\d{{4}}) αβγ", self._text)
        if numbers:
            self._shown.saw(now, max(map(int, numbers)))
        if self._strike.app:
            self._type(descriptor, now)

    def _type(self, descriptor: int, now: float) -> None:
        """The prompt when there is a place for it, a draft when the answer has begun."""
        plain = _ESCAPES.sub("", self._seen)
        if not self._asked and ("Message Claude" in plain or "draft-" in plain):
            self._asked = True
            os.write(descriptor, f"\x15{self.prompt}\r".encode())
        elif not self._typed and self._shown.tokens:
            self._typed = True
            os.write(descriptor, self.draft.encode())
        elif self._typed and self._shown.draft_at is None and self.draft in plain:
            self._shown.draft_at = now


def _text(line: str) -> str:
    """What a line of `stream-json` adds to the answer's text."""
    if '"BlockDelta"' not in line:
        return ""
    event = json.loads(line)
    return str(event["text"]) if event["kind"] == "text" else ""
