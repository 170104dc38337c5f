"""`ask` where the disk takes nothing: an answer that was asked for is printed whole, and the exit code says that it is not kept."""

from __future__ import annotations

import resource
from collections.abc import Callable

import pytest

from claude_tui.fakeapi import FakeApi, Say, Script
from tests.contract.command import run, run_anew

SHARED_MEMORY = 32 * 1024
"""What the index of the log takes: a disk with less cannot hold an open history."""
ANSWER = [Script((Say("Forty-two."),))]


def limited(size: int) -> Callable[[], None]:
    """No file of the child grows beyond this, as on a disk that is full then."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))


@pytest.fixture
def history() -> None:
    with FakeApi.in_thread(ANSWER) as api:
        run("ask", "before", api=api).told(0)


def stored() -> list[str]:
    return [line.split(maxsplit=5)[5] for line in run("sessions", "list").told(0).stdout.splitlines()]


@pytest.mark.usefixtures("history")
def test_a_disk_that_fills_up_costs_nobody_the_answer() -> None:
    with FakeApi.in_thread(ANSWER * 2) as api:
        told = run_anew("ask", "in the dark", api=api, preexec_fn=limited(SHARED_MEMORY + 4096)).told(1)
        assert told.stdout == "Forty-two.\n"
        assert "Note: NOT SAVED: The disk of the history is full." in told.stderr
        told = run_anew("ask", "in the dark", "-q", "-o", "json", api=api, preexec_fn=limited(SHARED_MEMORY + 4096)).told(1)
    assert (told.json["outcome"], told.json["error"]["kind"]) == ("failed", "storage")
    assert told.json["message"]["status"] == "complete" and told.json["message"]["content"][0]["text"] == "Forty-two."
    assert "NOT SAVED" in told.stderr and told.json["error"]["message"].startswith("NOT SAVED")
    assert stored() == ["before"]


@pytest.mark.usefixtures("history")
def test_a_history_that_cannot_be_opened_sends_nothing() -> None:
    with FakeApi.in_thread(ANSWER) as api:
        told = run_anew("ask", "hi", "-o", "json", api=api, preexec_fn=limited(0)).told(1)
        assert (told.json["session_id"], told.json["error"]["kind"]) == (None, "storage")
        told = run("ask", "hi", api=api, env={"CLAUDE_TUI_HOME": "/proc/nowhere"}).told(1)
        assert told.stdout == "" and "Set CLAUDE_TUI_HOME to a folder you can write to." in told.stderr
        assert api.calls == []
    assert stored() == ["before"]
