"""What a process of ours did to its terminal, noted so that the next one undoes it where that one was killed.

A note is a small file, one a terminal. A kernel lock is on it while its process lives, and a terminal that was given back has none:
a note that nobody holds was left by a process that had no time for a farewell. It says which terminal it means, since the number
of one that was closed is given to the next window, and how lines were read before.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from claude_tui.files import private_folder

if sys.platform != "win32":
    import fcntl

RESET = (
    "\x18\x1b\\"  # ends a sequence that was cut in the middle
    "\x1b]22;\x1b\\"
    "\x1b[?2026l\x1b[?2004l\x1b[?7h\x1b[?2048l\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?1016l"
    "\x1b[<u\x1b[?1004l\x1b[r\x1b[?1049l\x1b[?25h\x1b[0m"
)
"""Everything the screen may have set, taken back. Where it is not set this changes nothing."""

_LOCAL_FLAGS = 3
_CHARACTERS = 6
_LARGEST = 4096
_log = logging.getLogger(__name__)


class Note:
    """That the terminal is ours now; the lock ends with the process."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor

    def drop(self) -> None:
        """The terminal has been given back."""
        with suppress(OSError):  # one that stays is found by the next start, which gives back what is given back already
            self._path.unlink(missing_ok=True)
        os.close(self._descriptor)


def take(folder: Path, terminal: int, attributes: Sequence[Any] | None) -> Note | None:
    """Note that the terminal behind this descriptor, whose lines were read with these `attributes`, is being changed.

    None where that cannot be noted, or another process has it: nothing depends on it but the repair after a kill.
    """
    if not os.isatty(terminal):
        return None
    note = None
    try:
        path = private_folder(folder) / _name(terminal)
        if (found := _locked(path, create=True)) is not None:
            import json

            note = Note(path, found)
            text = json.dumps({"since": os.fstat(terminal).st_ctime_ns, "attributes": _plain(attributes)})
            os.ftruncate(found, 0)
            os.pwrite(found, text.encode("ascii"), 0)
    except OSError as error:  # what is half written is not read by anybody
        _log.info("the terminal's state is not noted: %s", error)
    return note


def repair(folder: Path, descriptors: Sequence[int] = (2, 1, 0)) -> None:
    """Give our terminal back if a process that was killed left it changed, and nobody else is using it."""
    terminal = next((number for number in descriptors if os.isatty(number)), None)
    if terminal is None or sys.platform == "win32":
        return
    path = folder / _name(terminal)
    try:
        found = _locked(path, create=False)
        if found is None:
            return
        try:
            if os.tcgetpgrp(terminal) == os.getpgrp():  # in the background one may not touch it, and is stopped for trying
                _give_back(terminal, os.pread(found, _LARGEST, 0))
                path.unlink(missing_ok=True)
        finally:
            os.close(found)
    except FileNotFoundError:
        return
    except OSError as error:
        _log.info("the terminal cannot be repaired: %s", error)


def _give_back(terminal: int, text: bytes) -> None:
    import json
    import termios

    try:
        note: Any = json.loads(text)
        if note["since"] != os.fstat(terminal).st_ctime_ns:
            return  # another terminal of the same number
        attributes = _live(note["attributes"])
    except (ValueError, TypeError, KeyError) as error:
        _log.info("a note of a terminal cannot be read: %s", error)
        return
    _log.warning("the process that had this terminal was killed: its modes are reset")
    handle = os.open(os.ttyname(terminal), os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        os.write(handle, RESET.encode())
    finally:
        os.close(handle)
    cooked = termios.ICANON | termios.ECHO
    if attributes is not None and termios.tcgetattr(terminal)[_LOCAL_FLAGS] & cooked != cooked:  # else the shell has seen to it
        try:
            termios.tcsetattr(terminal, termios.TCSANOW, attributes)
        except (termios.error, TypeError, ValueError, OverflowError) as error:
            _log.info("the terminal's lines cannot be read as before: %s", error)


def _name(terminal: int) -> str:
    return f"{os.fstat(terminal).st_rdev:x}"


def _locked(path: Path, *, create: bool) -> int | None:
    """The file, locked; None where a process that lives has it."""
    if sys.platform == "win32":
        return None
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | (os.O_CREAT if create else 0)
    while True:
        descriptor = os.open(path, flags, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if create:
                os.fchmod(descriptor, 0o600)
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(descriptor), os.stat(path)):
                    return descriptor
        except BlockingIOError:
            os.close(descriptor)
            return None
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)  # its last holder removed it in between


def _plain(attributes: Sequence[Any] | None) -> list[Any] | None:
    """As JSON takes it: the control characters as numbers."""
    if attributes is None:
        return None
    characters = [one[0] if isinstance(one, bytes) else int(one) for one in attributes[_CHARACTERS]]
    return [*attributes[:_CHARACTERS], characters]


def _live(attributes: Any) -> list[Any] | None:
    """As the terminal takes it."""
    if attributes is None:
        return None
    *flags, characters = attributes
    return [*map(int, flags), [bytes([one]) for one in characters]]
