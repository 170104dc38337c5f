"""The right to do what only one may do, to write a session above all: a kernel lock on a small file.

It ends with the process that held it, however that died. The file says who holds it. It is removed on release; whoever then locks
the removed file notices and starts over. So a file that nobody holds was left by a process that did not get as far.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
from pathlib import Path
from typing import Any, cast

from claude_tui.domain.errors import SessionHeld, StoreError
from claude_tui.domain.ids import timestamp
from claude_tui.store import files

_NAME = re.compile(r"[0-9A-Za-z_-]{1,128}")
_CONTENT_LIMIT = 4096
_FAR = 1 << 30
"""Where Windows locks a byte: beyond the content, which others may then read."""


class HeldLock:
    """A session's lock. Releasing it twice does nothing."""

    def __init__(self, path: Path | None = None, descriptor: int = -1) -> None:
        self._path = path
        self._descriptor = descriptor
        self.released = False

    def release(self) -> None:
        if self.released:
            return
        self.released = True
        if self._path is None:
            return
        with contextlib.suppress(OSError):  # the file may stay: only the lock on it counts
            self._path.unlink(missing_ok=True)
        os.close(self._descriptor)


def hold(folder: Path, name: str) -> HeldLock:
    """Take the lock of this name in `folder`, a session's id or another word; SessionHeld if anybody has it, this process included.

    The message of SessionHeld is about a session.
    """
    if not _NAME.fullmatch(name):
        raise StoreError(f"{name[:40]!r} is not the id of a session.")
    path = folder / name
    try:
        files.make_folder(folder)
        files.make_private(folder, files.FOLDER_MODE)
        while True:
            descriptor = _open(path)
            try:
                _lock(descriptor)
                if _is_at(descriptor, path):
                    _sign(descriptor)
                    return HeldLock(path, descriptor)
            except BlockingIOError as error:
                holder = _holder(descriptor)
                os.close(descriptor)
                raise SessionHeld(f"Session {name} is open elsewhere ({holder}). Close it there first.") from error
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)
    except OSError as error:
        raise StoreError(f"The session cannot be locked at {path}: {error.strerror or error}.") from error


def is_held(folder: Path, name: str) -> bool:
    """Whether anybody holds the lock of this name. Asking takes no lock where nobody has ever died holding it."""
    return holder_of(folder, name) is not None


def holder_of(folder: Path, name: str) -> str | None:
    """Who holds the lock of this name, in words; None where nobody does."""
    try:
        descriptor = os.open(folder / name, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0))
    except OSError:
        return None
    try:
        _lock(descriptor)
    except BlockingIOError:
        return _holder(descriptor)
    except OSError as error:
        raise StoreError(f"The lock {folder / name} cannot be looked at: {error.strerror or error}.") from error
    finally:
        os.close(descriptor)
    return None


def _open(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), files.FILE_MODE)
    files.own(descriptor)
    return descriptor


def _is_at(descriptor: int, path: Path) -> bool:
    """Whether the locked file is still the one of this name: its last holder may have removed it in between."""
    mine = os.fstat(descriptor)
    return files.identity(path) == (mine.st_dev, mine.st_ino)


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        os.lseek(descriptor, _FAR, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            raise BlockingIOError(*error.args) from error
        finally:
            os.lseek(descriptor, 0, os.SEEK_SET)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _sign(descriptor: int) -> None:
    """Write who holds the lock; a full disk must not keep anyone from it."""
    text = json.dumps({"pid": os.getpid(), "tty": _terminal(), "since": timestamp()})
    try:
        os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.write(descriptor, text.encode("ascii"))
    except OSError:
        pass  # only the message to others gets poorer


def _terminal() -> str | None:
    try:
        return os.ttyname(2)
    except (OSError, AttributeError):
        return None


def _holder(descriptor: int) -> str:
    """Who holds the lock, in words; the file may be empty or half written."""
    try:
        os.lseek(descriptor, 0, os.SEEK_SET)
        data: Any = json.loads(os.read(descriptor, _CONTENT_LIMIT))
    except (OSError, ValueError):
        data = None
    if not isinstance(data, dict):
        return "by a process that has not yet said which"
    holder = cast("dict[str, Any]", data)
    parts = [f"pid {holder.get('pid')}"]
    if holder.get("tty"):
        parts.append(str(holder["tty"]))
    return ", ".join(parts) + f", since {holder.get('since')}"
