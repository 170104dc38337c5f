"""The installed program on a terminal that misbehaves: resized beyond measure, deaf, flooded, gone; stopped; signalled early."""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import struct
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from claude_tui.domain.blocks import plain_text
from claude_tui.domain.messages import Message, Role
from claude_tui.fakeapi import FakeApi, Fault, Say, Script, ThreadApi, WaitFor
from claude_tui.files import Paths
from claude_tui.store.sqlite import SqliteStore
from tests.e2e import terminal as terminals
from tests.e2e.screen import ScreenTerminal
from tests.e2e.terminal import PATIENCE
from tests.faults.matrix import prompted

pytestmark = [pytest.mark.pty, pytest.mark.unmeasured]

COLUMNS, LINES = 100, 30
BOUND = 300.0
"""Megabytes that the program may hold, whatever the terminal does."""
LONG_ENOUGH = 40.0
"""Seconds until the first request is there: the SDK is loaded for it."""
FLOOD = 20_000

SCRIPTS = {
    "hold": Script((Say("Some **words** and ", stop=False), WaitFor("more"), Say("THE END", start=False))),
    "lose": Script((Say("It begins here", stop=False), WaitFor("gone"), Fault.RST)),
    "flood": Script((Say("word " * FLOOD + "END OF FLOOD", chars=5),)),
    "never": Script((Say("The beginning", stop=False), WaitFor("never"))),
}


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadApi]:
    with FakeApi.in_thread(lambda body, n: SCRIPTS.get(prompted(body), Script((Say("All is well."),)))) as api:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", api.url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", api.key)
        monkeypatch.setenv("CLAUDE_TUI_RETRIES", "0")
        yield api


def megabytes(terminal: ScreenTerminal) -> float:
    """Resident memory; 0 where it cannot be asked for."""
    status = Path(f"/proc/{terminal.process.pid}/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:")), 0.0)


def resize(terminal: ScreenTerminal, columns: int, lines: int) -> None:
    fcntl.ioctl(terminal._master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))


async def path() -> list[Message]:
    store = await SqliteStore.open(Paths.find().data)
    try:
        newest, *_ = await store.sessions()
        return await store.path(newest.leaf_id) if newest.leaf_id else []
    finally:
        await store.close()


def stored_answer() -> str:
    """The text of the last answer on disk."""
    return next((plain_text(one.blocks) for one in reversed(asyncio.run(path())) if one.role is Role.ASSISTANT), "")


def write_lock_is_free() -> bool:
    """Whether nobody has a transaction open on the history."""
    database = apsw.Connection(str(Paths.find().data / "history.db"))
    try:
        database.execute("BEGIN IMMEDIATE; ROLLBACK")
    except apsw.BusyError:
        return False
    finally:
        database.close()
    return True


@pytest.mark.slow
def test_a_storm_of_sizes_ends_with_the_last_one(api: ThreadApi) -> None:
    """In a locale that knows no letters but ASCII's."""
    with ScreenTerminal(columns=COLUMNS, lines=LINES, LC_ALL="C", LANG="C") as terminal:
        terminal.ready()
        terminal.send("hold")
        api.wait_reached(0, "more", LONG_ENOUGH)
        terminal.see("Some words and")
        odd = [(1, 1), (0, 0), (65535, 65535), (65535, 1), (1, 65535), (2, 2), (300, 3), (3, 300)]
        for n in range(400):
            resize(terminal, *(odd[n // 50] if n % 50 == 0 else (20 + n * 7 % 180, 5 + n * 3 % 60)))
            terminal._read(0.0)
        resize(terminal, COLUMNS, LINES)
        api.release("more")
        terminal.see("Some words and THE END", "Idle", "Message Claude")
        terminal.type("x")
        terminal.see("┃ x")
        assert megabytes(terminal) < BOUND
        terminal.type("\x15")
        assert terminal.quit() == 0


@pytest.mark.slow
def test_a_process_that_was_stopped_while_its_connection_died(api: ThreadApi) -> None:
    """SIGSTOP, which nobody can announce: the server closes meanwhile, and on going on the loss is seen at once."""
    with ScreenTerminal(columns=COLUMNS, lines=LINES, anew=True) as terminal:  # stops are told to the parent
        terminal.ready()
        terminal.send("lose")
        api.wait_reached(0, "gone", LONG_ENOUGH)
        terminal.see("It begins here")
        terminal.process.send_signal(signal.SIGSTOP)
        os.waitpid(terminal.process.pid, os.WUNTRACED)
        assert write_lock_is_free()
        api.release("gone")
        api.wait_finished(0)
        terminal.wipe()
        terminal.process.send_signal(signal.SIGCONT)
        terminal.see("It begins here", "cut off here", "What came is kept")
        terminal.type("\x1a")  # Ctrl+Z, announced
        terminal.until(lambda _: stopped(terminal), "the stop")
        assert write_lock_is_free()
        terminal.wipe()
        terminal.process.send_signal(signal.SIGCONT)
        terminal.see("It begins here", "Message Claude")
        terminal.send("good")
        terminal.see("All is well.")
        assert terminal.quit() == 0


def stopped(terminal: ScreenTerminal) -> bool:
    pid, status = os.waitpid(terminal.process.pid, os.WUNTRACED | os.WNOHANG)
    return pid != 0 and os.WIFSTOPPED(status)


@pytest.mark.slow
def test_a_terminal_that_stops_reading_holds_up_neither_network_nor_disk(api: ThreadApi) -> None:
    """Ctrl+S, a dead ssh: the answer comes to its end and to the disk; then the terminal reads again and sees it."""
    with ScreenTerminal(columns=COLUMNS, lines=LINES) as terminal:
        terminal.ready()
        terminal.send("flood")
        api.wait_finished(0, LONG_ENOUGH)  # nothing is read meanwhile
        deadline = time.monotonic() + PATIENCE
        while not stored_answer().endswith("END OF FLOOD"):
            assert time.monotonic() < deadline and terminal.process.poll() is None
        assert megabytes(terminal) < BOUND
        terminal.see("END OF FLOOD", "Idle")
        terminal.type("x")
        terminal.see("┃ x")
        terminal.type("\x15")
        # And a paste of 10 MB: one draft, on disk, and not a word of it sent.
        content = "line of text 中文\n" * 500_000
        terminal.type(f"\x1b[200~{content}\x1b[201~")
        terminal.until(lambda _: kept_draft() == content.rstrip("\n") or kept_draft() == content, "the draft on disk")
        assert len(api.calls) == 1 and megabytes(terminal) < BOUND
        assert terminal.ended_within(PATIENCE, signal.SIGTERM) == 143


def kept_draft() -> str:
    async def draft() -> str:
        store = await SqliteStore.open(Paths.find().data)
        try:
            newest, *_ = await store.sessions()
            return (await store.desk(newest.id)).draft
        finally:
            await store.close()

    return asyncio.run(draft())


@pytest.mark.parametrize("ignoring", [False, True], ids=["heard", "ignored"])
def test_a_window_that_is_closed_ends_the_program_and_keeps_the_answer(
    api: ThreadApi, ignoring: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the hang-up is ignored (nohup) it is the end of the input that ends it: no spinning at a terminal that is gone."""
    if ignoring:
        deaf = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN);"
        monkeypatch.setattr(terminals, "_ADOPT", deaf + terminals._ADOPT)
    with ScreenTerminal(columns=COLUMNS, lines=LINES, anew=True) as terminal:
        terminal.ready()
        terminal.send("never")
        api.wait_reached(0, "never", LONG_ENOUGH)
        terminal.see("The beginning")
        terminal.hang_up()
        assert terminal.code() == 129
    assert stored_answer() == "The beginning"
    assert asyncio.run(path())[-1].status == "interrupted"


EARLY = """
import asyncio, os, signal
from claude_tui.cli.main import main
from claude_tui.ui.app import ClaudeApp
from claude_tui.ui.terminal_driver import TerminalDriver

run, take, number = ClaudeApp.run_async, TerminalDriver.start_application_mode, int(os.environ["EARLY_SIGNAL"])

async def run_signalled(app, **options):
    os.kill(os.getpid(), number)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return await run(app, **options)

def take_signalled(driver):
    take(driver)
    os.kill(os.getpid(), number)

if os.environ["EARLY_PLACE"] == "before":
    ClaudeApp.run_async = run_signalled
else:
    TerminalDriver.start_application_mode = take_signalled
main()
"""


@pytest.mark.parametrize(("place", "number"), [("before", signal.SIGTERM), ("taken", signal.SIGQUIT)])
def test_a_signal_before_anything_is_mounted(api: ThreadApi, place: str, number: signal.Signals, tmp_path: Path) -> None:
    """Before the terminal is taken, and right after, when nothing is drawn yet."""
    script = tmp_path / "early.py"
    script.write_text(EARLY)
    program = (sys.executable, str(script))
    with ScreenTerminal(program=program, EARLY_PLACE=place, EARLY_SIGNAL=str(int(number))) as terminal:
        raw = terminal.drain()
        assert terminal.code() == 128 + number
    assert raw.count(b"\x1b[?1049h") == raw.count(b"\x1b[?1049l") <= 1
    assert raw.rfind(b"\x1b[?2004l") >= raw.rfind(b"\x1b[?2004h") and raw.rfind(b"\x1b[?1003l") >= raw.rfind(b"\x1b[?1003h")
    assert b"Traceback" not in raw
