"""After `kill -9` the next command on the same terminal gives it back."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from tests.e2e.screen import ScreenTerminal
from tests.e2e.tokens import left_on

pytestmark = [pytest.mark.pty, pytest.mark.unmeasured, pytest.mark.skipif(sys.platform == "win32", reason="no such terminals")]

PROGRAM = f"{sys.executable} -m claude_tui"
KEY = {"ANTHROPIC_API_KEY": "none", "ANTHROPIC_BASE_URL": "http://127.0.0.1:9"}


def shell(script: str) -> ScreenTerminal:
    """A shell that reads nothing itself and leaves the terminal as its programs left it."""
    return ScreenTerminal(program=("/bin/sh", "-c", script), **KEY)


def lines_of(terminal: ScreenTerminal, mark: str) -> str:
    """What `stty -a` said between this mark and the next."""
    return " ".join(terminal.text.split(f"[[{mark}]]", 1)[1].split("[[", 1)[0].split())


def test_the_next_command_gives_the_terminal_back(tmp_path: Path, isolated_environment: Path) -> None:
    number = tmp_path / "number"
    script = f"""
        echo "[[before]]"; stty -a; echo "[[app]]"
        sh -c 'echo $$ > {number}; exec {PROGRAM}'
        echo "[[killed]]"; stty -a; echo "[[repairing]]"
        {PROGRAM} config path > /dev/null; {PROGRAM} doctor > /dev/null
        echo "[[after]]"; stty -a; echo "[[end]]"
    """
    with shell(script) as terminal:
        terminal.ready()
        notes = list((isolated_environment / "cache" / "terminals").iterdir())
        assert len(notes) == 1 and notes[0].stat().st_mode & 0o777 == 0o600
        os.kill(int(number.read_text()), signal.SIGKILL)
        raw = terminal.drain()
    killed, repaired = raw.split(b"[[repairing]]")
    assert {"1049", "1000", "1003", "2004", "25", "keyboard"} <= left_on(killed)
    assert left_on(raw) == set()
    assert "-icanon" in lines_of(terminal, "killed") and "-echo" in lines_of(terminal, "killed")
    assert lines_of(terminal, "after") == lines_of(terminal, "before")
    assert b"\x1b" in repaired.split(b"[[after]]")[0] and not notes[0].exists()
