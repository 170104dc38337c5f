"""The program in a process of its own, and inside this one."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from claude_tui.files import Paths
from tests import forked


@dataclass(frozen=True)
class Ended:
    """What a run left behind."""

    code: int
    out: str
    err: str


Run = Callable[..., Ended]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """`claude-tui` in a process of its own."""

    def start(*arguments: str, stdin: str | bytes = "", **environ: str) -> Ended:
        given = stdin.encode() if isinstance(stdin, str) else stdin
        variables = {**os.environ, "PYTHONWARNINGS": "error", **environ}
        code, out, err = forked.run((sys.executable, "-m", "claude_tui", *arguments), variables, given, 30)
        return Ended(code, out.decode(), err.decode())

    return start


@pytest.fixture
def paths() -> Paths:
    return Paths.find()
