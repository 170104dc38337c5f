"""Started in a folder that a stranger prepared, the program runs nothing, obeys nothing, reads nothing of it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from claude_tui.fakeapi import FakeApi, Say, Script
from tests.contract.command import run_anew
from tests.faults.hostile import HostileFolder

pytestmark = pytest.mark.unmeasured


@pytest.fixture
def hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HostileFolder]:
    folder = HostileFolder(tmp_path)
    monkeypatch.chdir(folder.folder)
    yield folder
    folder.close()


def test_commands_leave_it_alone(hostile: HostileFolder) -> None:
    """As `python -m claude_tui`, which puts the folder first among those modules come from."""
    with FakeApi.in_thread(Script((Say("Hello."),))) as api:
        assert run_anew("ask", "hi", api=api).told(0).stdout == "Hello.\n"
        assert len(api.calls) == 1
    shown = run_anew("config", "show", env={"ANTHROPIC_API_KEY": "x"}).told(0).stdout
    assert hostile.nowhere not in shown
    hostile.check()


def test_the_marks_are_left_by_what_is_executed_and_read(hostile: HostileFolder) -> None:
    """So that the tests here can fail."""
    subprocess.run([sys.executable, "-c", "import typer"], check=True, capture_output=True)
    with pytest.raises(AssertionError, match="typer"):
        hostile.check()
