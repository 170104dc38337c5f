"""The terminal is given back wherever an app on our driver breaks or ends. In this process, on a pseudo-terminal of its own.

Signals, and ends of the interpreter, are in `test_driver.py`; a kill is in `test_killed.py`.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import termios
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.app import App, ComposeResult
from textual.widgets import Static

from claude_tui.ui import crash
from tests.e2e.tokens import left_on

pytestmark = [pytest.mark.pty, pytest.mark.skipif(sys.platform == "win32", reason="no such terminals")]
HANDLED = (signal.SIGWINCH, signal.SIGTSTP, signal.SIGCONT, signal.SIGTTIN, signal.SIGTTOU)


class Screen:
    """A terminal that becomes the one of this process, and everything it is sent."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.master, self.slave = os.openpty()
        termios.tcsetwinsize(self.slave, (24, 80))
        self.before = termios.tcgetattr(self.slave)
        self.output = b""
        self._files = [os.fdopen(os.dup(self.slave), mode) for mode in ("r", "w")]
        monkeypatch.setattr(sys, "__stdin__", self._files[0])
        monkeypatch.setattr(sys, "__stderr__", self._files[1])
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        try:
            while data := os.read(self.master, 65_536):
                self.output += data
        except OSError:  # the other end is closed
            return

    def close(self) -> None:
        """Let go of the terminal and take in what is left."""
        for file in self._files:
            file.close()
        os.close(self.slave)
        self._reader.join()
        os.close(self.master)


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Screen]:
    before = {number: signal.getsignal(number) for number in HANDLED}
    one = Screen(monkeypatch)
    yield one
    for number, handler in before.items():
        signal.signal(number, handler)


class Wall(Static):
    broken = False

    def render(self) -> Any:
        if self.broken:
            raise ZeroDivisionError("while drawing")
        return "x"


class Breaking(App[None]):
    """Breaks at the place it is told, or leaves when it has been drawn."""

    def __init__(self, place: str, folder: Path, master: int) -> None:
        from claude_tui.ui.terminal import TerminalDriver

        super().__init__(driver_class=TerminalDriver)
        self.place = place
        self.master = master
        self.terminal_notes = folder / "terminals"
        self.logs = folder / "logs"

    def fail(self, place: str) -> None:
        if self.place == place:
            raise ZeroDivisionError(place)

    async def fail_later(self) -> None:
        raise ZeroDivisionError("in a worker")

    def compose(self) -> ComposeResult:
        self.fail("composing")
        yield Wall()

    def on_mount(self) -> None:
        self.fail("mounting")
        self.call_after_refresh(self.drawn)

    def drawn(self) -> None:
        assert len(list(self.terminal_notes.iterdir())) == 1
        self.fail("a message")
        ways: dict[str, Callable[[], Any]] = {
            "a worker": lambda: self.run_worker(self.fail_later()),
            "a timer": lambda: self.set_timer(0.001, lambda: self.fail("a timer")),
            "drawing": self.break_the_wall,
            "the input thread": self.break_the_input,
            "cancelled": lambda: [task.cancel() for task in asyncio.all_tasks() if task.get_name() == "the app"],
        }
        ways.get(self.place, self.exit)()

    def break_the_wall(self) -> None:
        wall = self.query_one(Wall)
        wall.broken = True
        wall.refresh()

    def break_the_input(self) -> None:
        def fail(*_: object) -> None:
            raise ZeroDivisionError("in the input thread")

        driver: Any = self._driver
        driver._deliver = fail
        os.write(self.master, b"k")

    def on_unmount(self) -> None:
        self.fail("leaving")

    def _handle_exception(self, error: Exception) -> None:
        crash.handle_exception(self, error, self.logs, None)

    def _fatal_error(self) -> None:
        crash.fatal_error(self, self.logs, None)


PLACES = [
    "nowhere", "composing", "mounting", "a message", "a worker", "a timer", "drawing", "the input thread", "leaving", "cancelled",
]  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
async def test_wherever_it_breaks(place: str, screen: Screen, tmp_path: Path) -> None:
    app = Breaking(place, tmp_path, screen.master)
    running = asyncio.create_task(app.run_async(), name="the app")
    await asyncio.wait([running])
    assert running.cancelled() or running.exception() is None or place == "leaving"
    after = termios.tcgetattr(screen.slave)
    screen.close()
    assert b"\x1b[?1003h" in screen.output
    assert {"1049", "25"} <= left_on(screen.output.split(b"\x1b[?1049l")[0])
    assert left_on(screen.output) == set()
    assert after == screen.before
    assert list((tmp_path / "terminals").iterdir()) == []  # nothing says that it is still in use
    reports = list((tmp_path / "logs").glob("crash-*")) if (tmp_path / "logs").exists() else []
    assert len(reports) == (place not in ("nowhere", "cancelled", "leaving"))  # the last is told by whoever ran the app
    assert not reports or "ZeroDivisionError" in reports[0].read_text()
