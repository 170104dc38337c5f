"""The program in a process of its own, and inside this one."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from claude_tui.files import Paths


@dataclass(frozen=True)
class Ended:
    """What a run left behind."""

    code: int
    out: str
    err: str


Run = Callable[..., Ended]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """`claude-tui` in a child process."""

    def start(*arguments: str, stdin: str | bytes = "", **environ: str) -> Ended:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-m", "claude_tui", *arguments],
            input=stdin.encode() if isinstance(stdin, str) else stdin,
            capture_output=True,
            env={**os.environ, **environ},
            timeout=30,
            check=False,
        )
        return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())

    return start


@pytest.fixture
def paths() -> Paths:
    return Paths.find()
