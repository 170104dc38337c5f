"""Our driver in a real pseudo-terminal: what arrives, what is sent, and that the terminal is given back on every way out."""

from __future__ import annotations

import os
import select
import signal
import statistics
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.probe import PATIENCE, Probe
from tests.e2e.tokens import foreign, text_of

pytestmark = pytest.mark.pty

F2, F3, F4, F6, F7, F9, F10, F11, F12 = (
    "\x1bOQ", "\x1bOR", "\x1bOS", "\x1b[17~", "\x1b[18~", "\x1b[20~", "\x1b[21~", "\x1b[23~", "\x1b[24~",
)  # fmt: skip


@pytest.fixture
def probe(tmp_path: Path) -> Iterator[Probe]:
    one = Probe(tmp_path)
    yield one
    one.close()


# The way in.


def test_esc_is_there_at_once_and_a_slow_sequence_is_one(probe: Probe) -> None:
    waits: list[float] = []
    for _ in range(20):
        began = time.perf_counter()
        probe.type("\x1b")
        probe.key("escape")
        waits.append(time.perf_counter() - began)
    # 15 ms at rest; the stock driver never takes less than 100. A busy machine only adds, so the quickest say it.
    assert statistics.quantiles(waits, n=4)[0] < 0.030, waits
    for _ in range(20):
        began = time.perf_counter()
        os.write(probe.master, b"\x1b")
        while time.perf_counter() < began + 0.004:
            pass
        os.write(probe.master, b"[Az")
        in_time = time.perf_counter() < began + 0.008
        keys = probe.keys_until("z")
        if in_time:  # else this process was held up, and the driver was right to take it for two keys
            break
    assert keys == ["up", "z"]


def test_the_keys_of_a_chat(probe: Probe) -> None:
    probe.type("hi\r")
    assert probe.keys_until("enter") == ["h", "i", "enter"]
    for sequence, name in {
        "\x1b\r": "alt+enter",
        "\x1b[13;2u": "shift+enter",
        "\x1b[27;2;13~": "shift+enter",
        "\x1b\x7f": "alt+backspace",
    }.items():
        probe.type(sequence + "z")
        assert probe.keys_until("z") == [name, "z"]


def test_a_byte_that_is_no_utf8_harms_nothing(probe: Probe) -> None:
    probe.type(b"a\xe9b\x1b[M \xe9\xe9c")
    assert probe.keys_until("c") == ["a", "replacement_character", "b", "c"]


def test_replies_are_not_typed_even_split(probe: Probe) -> None:
    for reply in (
        "\x1b[?62;22c",
        "\x1b[>0;276;0c",
        "\x1b[8;24;80t",
        "\x1bP1$r0m\x1b\\",
        "\x1b]lrm -rf ~\x1b\\",
        "\x1b]11;rgb:1/2/3\x07",
    ):
        probe.type(reply[:5])
        probe.type(reply[5:])
    probe.type("z")
    assert probe.keys_until("z") == ["z"]


def test_mouse_focus_and_sync_arrive(probe: Probe) -> None:
    probe.type("\x1b[<0;5;6M")
    assert probe.until(lambda one: isinstance(one.get("mouse"), list))["mouse"] == [4, 5]
    probe.type("\x1b[O")
    probe.until(lambda one: one.get("focus") is False)
    probe.type("\x1b[I")
    probe.until(lambda one: one.get("focus") is True)
    probe.type("\x1b[?2026;2$y")
    probe.type("\x1b[19~")  # another frame: only one that is begun after the reply can be framed
    probe.shows(rb"\x1b\[\?2026h")


def test_nothing_in_a_paste_is_a_key(probe: Probe) -> None:
    probe.type("\x1b[200~a\r\nb\x03\x1b[A\x1b[201~\x03q\r\x1b[201~")
    assert probe.until(lambda one: "paste" in one or "key" in one) == {"paste": "a\nb\x03\x1b[A\x1b[201~\x03q\n"}
    probe.type("z")
    assert probe.keys_until("z") == ["z"]


def test_a_paste_without_its_end_gives_the_keyboard_back(probe: Probe) -> None:
    probe.type("\x1b[200~half")
    assert probe.until(lambda one: "paste" in one)["paste"] == "half"
    probe.type("z")
    probe.key("z")


@pytest.mark.perf
def test_a_megabyte_is_one_paste_within_a_second(probe: Probe) -> None:
    content = "line of text 中文\n" * 50_000
    began = time.perf_counter()
    probe.type(f"\x1b[200~{content}\x1b[201~")
    assert probe.until(lambda one: "paste" in one)["paste"] == len(content)
    assert time.perf_counter() - began < 2.0  # one second at rest


# The way out.


def test_only_our_own_sequences_are_sent(probe: Probe) -> None:
    probe.type("q")
    assert probe.ended() == 0
    assert foreign(probe.output) == []
    assert "]0;injected" in text_of(probe.output)
    assert probe.is_given_back()


def test_the_mouse_can_be_left_to_the_terminal(probe: Probe) -> None:
    start = len(probe.output)
    probe.type(F9)
    probe.shows(rb"\x1b\[\?1003l", start)
    start = len(probe.output)
    probe.type(F10)
    probe.shows(rb"\x1b\[\?1003h", start)


def test_our_own_sequences_are_taken_back(probe: Probe) -> None:
    probe.type(F11)
    probe.shows(rb"\x1b\]2;our title\x07")
    probe.type("q")
    assert probe.ended() == 0
    assert probe.output.count(b"\x1b[23;2t") == 1


def test_a_terminal_that_does_not_read_stops_nothing(probe: Probe) -> None:
    """Frames are dropped, the app goes on, and leaves in time."""
    os.write(probe.master, F12.encode())
    assert probe.until(lambda one: "backlog" in one, screen=False)["backlog"] <= 33
    os.write(probe.master, b"z")
    probe.until(lambda one: one.get("key") == "z", screen=False)
    os.write(probe.master, b"q")
    began = time.monotonic()
    probe.until(lambda one: "ended" in one, screen=False)
    assert time.monotonic() - began < 6  # one second at rest
    assert probe.process.wait(PATIENCE) == 0
    assert termios.tcgetattr(probe.slave) == probe.before


def test_a_slow_terminal_is_given_back_ahead_of_the_frames_that_wait(probe: Probe) -> None:
    os.write(probe.master, F12.encode())
    probe.until(lambda one: "backlog" in one, screen=False)
    os.write(probe.master, b"q")
    began = time.monotonic()
    while probe.process.poll() is None:  # some 50 kB a second
        if select.select([probe.master], [], [], 0.02)[0]:
            probe.output += os.read(probe.master, 1000)
        select.select([], [], [], 0.02)
    assert time.monotonic() - began < 6  # one second at rest
    assert probe.ended() == 0
    assert probe.is_given_back()
    assert len(probe.output) < 200_000


def test_after_dropped_frames_the_screen_is_painted_anew(probe: Probe) -> None:
    os.write(probe.master, F12.encode())
    probe.until(lambda one: "backlog" in one, screen=False)
    probe.shows(rb"x\r\x1b\[\?2026l[^x]*probe")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signals(probe: Probe, number: signal.Signals) -> None:
    probe.process.send_signal(number)
    assert probe.ended() == 128 + number
    assert probe.is_given_back()


@pytest.mark.parametrize("key", [F2, F3])
def test_an_error_is_reported_without_values(probe: Probe, tmp_path: Path, key: str) -> None:
    probe.type(key)
    assert probe.ended() == 1
    assert probe.is_given_back()
    after = text_of(probe.output[probe.output.rindex(b"\x1b[?1049l") :])
    assert "claude-tui stopped on an error of its own" in after
    assert "claude-tui -r abc123" in after
    (file,) = (tmp_path / "logs").glob("crash-*.txt")
    details = file.read_text()
    assert "driver_app.py" in details
    assert "CANARY" not in details + after
    assert file.stat().st_mode & 0o777 == 0o600
    assert foreign(probe.output) == []


def test_the_net_at_the_end_of_the_interpreter(probe: Probe) -> None:
    """Something keeps the driver from being stopped."""
    probe.type(F7 + "q")
    assert probe.ended() == 0
    assert probe.is_given_back()


def test_a_closed_terminal_ends_the_app(tmp_path: Path) -> None:
    """Even where nobody hears the hang-up."""
    for wish in ((), ("no-hook",)):
        probe = Probe(tmp_path, *wish, prelude="signal.signal(signal.SIGHUP, signal.SIG_IGN)")
        os.close(probe.slave)
        os.close(probe.master)
        probe.slave = probe.master = -1
        if not wish:
            probe.until(lambda one: "gone" in one)
        probe.until(lambda one: one.get("ended") == 129)
        assert probe.process.wait(PATIENCE) == 129
        probe.close()


def test_stopping_and_going_on(probe: Probe) -> None:
    probe.type("\x1a")
    _, status = os.waitpid(probe.process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    while probe._read(0.1):
        pass
    assert probe.is_given_back()
    start = len(probe.output)
    probe.process.send_signal(signal.SIGCONT)
    probe.until(lambda one: "resumed" in one)
    probe.shows(rb"probe", start)
    probe.type("q")
    assert probe.ended() == 0
    assert probe.is_given_back()


def test_a_continue_nobody_announced(probe: Probe) -> None:
    """After SIGSTOP the shell has reset the terminal: it is taken again, and the modes of before are still known."""
    start = len(probe.output)
    probe.process.send_signal(signal.SIGCONT)
    probe.shows(rb"\x1b\[\?1049h(?s:.*)probe", start)
    probe.type("q")
    assert probe.ended() == 0
    assert probe.is_given_back()


# The editor and the clipboard.


def editor(folder: Path, body: str) -> str:
    script = folder / "editor"
    script.write_text(f"#!{sys.executable}\nimport os, pathlib, sys, time\npath = pathlib.Path(sys.argv[-1])\n{body}\n")
    script.chmod(0o700)
    return str(script)


def test_the_editor_has_the_terminal_while_the_app_goes_on(tmp_path: Path) -> None:
    body = """
first = pathlib.Path(os.environ['PROBE_FOLDER'], 'ticks')
assert sys.stdin.isatty() and sys.stdout.isatty()
print('EDITOR HAS THE SCREEN', oct(path.stat().st_mode & 0o777), oct(path.parent.stat().st_mode & 0o777), flush=True)
assert input() == 'go on'
seen = int(first.read_text())
while int(first.read_text()) < seen + 5:
    pass
path.write_text(path.read_text() + 'more\\n')
"""
    probe = Probe(tmp_path, VISUAL=f"{editor(tmp_path, body)} --wait", ANTHROPIC_API_KEY="sk-ant-nothing-of-the-editor")
    probe.type(F4)
    probe.shows(b"EDITOR HAS THE SCREEN 0o600 0o700")
    assert probe.is_given_back()
    probe.process.send_signal(signal.SIGINT)
    probe.type("go on\n")
    assert probe.until(lambda one: "edited" in one)["edited"] == "draft 中文\nmore"
    probe.type("zq")
    assert probe.keys_until("q") == ["z", "q"]
    assert probe.ended() == 0
    assert probe.is_given_back()
    probe.close()


def test_an_editor_that_fails_loses_nothing(tmp_path: Path) -> None:
    probe = Probe(tmp_path, VISUAL=editor(tmp_path, "path.write_text('half done'); sys.exit(3)"))
    probe.type(F4)
    failed = probe.until(lambda one: "failed" in one)
    assert failed["text"] == "half done"
    assert "code 3" in failed["failed"]
    probe.type("z")
    probe.key("z")
    probe.close()


def test_leaving_while_the_editor_is_open_ends_it_and_leaves_the_terminal_alone(tmp_path: Path) -> None:
    probe = Probe(tmp_path, VISUAL=editor(tmp_path, "print('EDITOR', flush=True); input()"))
    probe.type(F4)
    probe.shows(b"EDITOR")
    probe.process.send_signal(signal.SIGTERM)
    assert probe.ended() == 128 + signal.SIGTERM
    assert probe.is_given_back()
    probe.close()


def test_copying_is_sent_to_the_terminal_and_said_so(probe: Probe) -> None:
    probe.type(F6)
    assert probe.until(lambda one: "copied" in one)["copied"] == "9 characters sent to the terminal (OSC 52)."
    probe.shows(rb"\x1b\]52;c;Y29waWVkIOS4reaWhw==\x07")
