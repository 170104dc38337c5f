"""Notes on terminals: whose is given back, whose is left alone."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from claude_tui import terminal_state
from claude_tui.terminal_state import RESET, repair, take

if sys.platform == "win32":
    pytest.skip("no such terminals", allow_module_level=True)

import termios


class Pty:
    """A terminal that counts as ours, and what was written to it."""

    def __init__(self) -> None:
        self.master, self.slave = os.openpty()
        self.cooked = termios.tcgetattr(self.slave)

    def make_raw(self) -> None:
        raw = termios.tcgetattr(self.slave)
        raw[3] &= ~(termios.ICANON | termios.ECHO | termios.ISIG)
        termios.tcsetattr(self.slave, termios.TCSANOW, raw)

    def written(self) -> str:
        return os.read(self.master, 65_536).decode() if select.select([self.master], [], [], 0)[0] else ""


@pytest.fixture
def pty(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pty]:
    monkeypatch.setattr(os, "tcgetpgrp", lambda _: os.getpgrp())
    one = Pty()
    yield one
    os.close(one.master)
    os.close(one.slave)


def killed(folder: Path, pty: Pty) -> Path:
    """The note of a process that took the terminal and was killed."""
    note: Any = take(folder, pty.slave, pty.cooked)
    pty.make_raw()
    os.close(note._descriptor)
    return note._path


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
def test_what_a_killed_process_left_is_taken_back_once(tmp_path: Path, pty: Pty, umask: int) -> None:
    before = os.umask(umask)
    try:
        path = killed(tmp_path / "cache" / "terminals", pty)
    finally:
        os.umask(before)
    assert [one.stat().st_mode & 0o777 for one in (path, path.parent, path.parent.parent)] == [0o600, 0o700, 0o700]
    repair(path.parent, [pty.slave])
    assert pty.written() == RESET
    assert termios.tcgetattr(pty.slave) == pty.cooked
    assert not path.exists()
    repair(path.parent, [pty.slave])
    assert pty.written() == ""


def test_lines_that_the_shell_put_right_stay_as_it_wants_them(tmp_path: Path, pty: Pty) -> None:
    path = killed(tmp_path, pty)
    shells = [*pty.cooked[:3], pty.cooked[3] & ~termios.ECHOE, *pty.cooked[4:]]
    termios.tcsetattr(pty.slave, termios.TCSANOW, shells)
    repair(path.parent, [pty.slave])
    assert termios.tcgetattr(pty.slave) == shells
    assert pty.written() == RESET


def test_a_process_that_lives_is_left_alone_and_whoever_left_properly_leaves_nothing(tmp_path: Path, pty: Pty) -> None:
    note = take(tmp_path, pty.slave, pty.cooked)
    assert note is not None and take(tmp_path, pty.slave, pty.cooked) is None
    repair(tmp_path, [pty.slave])
    assert pty.written() == "" and len(list(tmp_path.iterdir())) == 1
    note.drop()
    assert list(tmp_path.iterdir()) == []


def test_a_window_that_got_the_number_of_another_is_left_alone(tmp_path: Path, pty: Pty, monkeypatch: pytest.MonkeyPatch) -> None:
    path = killed(tmp_path, pty)
    path.write_bytes(path.read_bytes().replace(b'"since": ', b'"since": 1'))
    repair(tmp_path, [pty.slave])
    assert pty.written() == "" and not path.exists()


def test_from_the_background_nothing_is_touched_and_the_note_waits(
    tmp_path: Path, pty: Pty, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = killed(tmp_path, pty)
    monkeypatch.setattr(os, "tcgetpgrp", lambda _: os.getpgrp() + 1)
    repair(tmp_path, [pty.slave])
    assert pty.written() == "" and path.exists()


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b'{"since": null}', b'{"attributes": 1}', b"\xff", b"1" * 10_000])
def test_a_note_that_cannot_be_read_harms_nothing(tmp_path: Path, pty: Pty, text: bytes) -> None:
    path = killed(tmp_path, pty)
    path.write_bytes(text)
    repair(tmp_path, [pty.slave])
    assert pty.written() == "" and not path.exists()


@pytest.mark.parametrize("attributes", ["[1]", '"x"', "[0,0,0,0,0,0,[]]", '[0,0,0,"x",0,0,[999]]'])
def test_lines_that_no_terminal_has_are_refused(tmp_path: Path, pty: Pty, attributes: str) -> None:
    path = killed(tmp_path, pty)
    since = os.fstat(pty.slave).st_ctime_ns
    path.write_text(f'{{"since": {since}, "attributes": {attributes}}}')
    repair(tmp_path, [pty.slave])
    assert set(pty.written()) <= set(RESET)


def test_no_terminal_no_folder_and_a_link_in_the_way_are_no_error(tmp_path: Path, pty: Pty) -> None:
    with (tmp_path / "file").open("w") as file:
        assert take(tmp_path, file.fileno(), None) is None
    repair(tmp_path / "nowhere", [pty.slave])
    (tmp_path / "target").touch()
    (tmp_path / terminal_state._name(pty.slave)).symlink_to(tmp_path / "target")
    assert take(tmp_path, pty.slave, None) is None
    repair(tmp_path, [pty.slave])
    assert (tmp_path / "target").read_bytes() == b""
    (tmp_path / "in the way").touch()
    assert take(tmp_path / "in the way", pty.slave, None) is None
