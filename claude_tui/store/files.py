"""The files of the history: private from the moment they exist, owned by us, still the ones that were opened.

The database and its side files are never opened here once they exist: closing any descriptor of a file drops the locks SQLite holds
on it. Asking for their state and changing their mode is harmless.
"""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from pathlib import Path

from claude_tui.domain.errors import StorageOutage, StoreError

FILE_MODE = 0o600
FOLDER_MODE = 0o700
SIDE_FILES = ("-wal", "-shm", "-journal")

_SHARED_FILE_SYSTEMS = frozenset({
    "9p", "afs", "ceph", "cifs", "coda", "davfs", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs4", "orangefs",
    "smb3", "smbfs", "vboxsf", "virtiofs", "vmhgfs",
})  # fmt: skip
_LOCAL_FUSE = frozenset({"fuse.bindfs", "fuse.cryfs", "fuse.encfs", "fuse.fuse-overlayfs", "fuse.gocryptfs", "fuse.ntfs-3g"})

Identity = tuple[int, int]
"""Device and inode: which file this is, whatever its name."""


def make_folder(folder: Path) -> None:
    """Create `folder` and what is missing above it, each level for its owner only."""
    missing: list[Path] = []
    level = folder
    while not level.exists() and level != level.parent:
        missing.append(level)
        level = level.parent
    for level in reversed(missing):
        try:
            os.mkdir(level, FOLDER_MODE)
        except FileExistsError:
            continue  # another process was faster, or a file is in the way: `make_private` tells
        os.chmod(level, FOLDER_MODE)  # an odd umask may have taken the owner's own rights


def make_private(path: Path, mode: int) -> None:
    """Take the rights of group and others away from what is ours; refuse what belongs to someone else or is of the wrong kind."""
    state = os.stat(path)
    is_folder = mode == FOLDER_MODE
    if stat.S_ISDIR(state.st_mode) != is_folder:
        raise StoreError(f"{path} is {'not a folder' if is_folder else 'a folder'}: the history cannot be kept there.")
    if hasattr(os, "getuid") and state.st_uid != os.geteuid():
        raise StoreError(
            f"{path} belongs to another user (number {state.st_uid}); the history must be your own. "
            "Change its owner, or set CLAUDE_TUI_HOME to a folder of yours."
        )
    if stat.S_IMODE(state.st_mode) & 0o077:
        os.chmod(path, mode)


def create_private(path: Path) -> bool:
    """Create an empty file for its owner only; whether it was not there before."""
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, FILE_MODE)
    except FileExistsError:
        return False
    try:
        own(descriptor)
    finally:
        os.close(descriptor)
    return True


def own(descriptor: int) -> None:
    """Give a fresh file the mode it was to have, whatever an odd umask took away."""
    if sys.platform != "win32" and stat.S_IMODE(os.fstat(descriptor).st_mode) != FILE_MODE:
        os.fchmod(descriptor, FILE_MODE)


def prepare(path: Path) -> None:
    """Have the folder and the database file at `path` exist and be private. An empty file is a new history."""
    try:
        make_folder(path.parent)
        make_private(path.parent, FOLDER_MODE)
        create_private(path)
        make_private(path, FILE_MODE)
        for ending in SIDE_FILES:
            with contextlib.suppress(FileNotFoundError):
                make_private(path.with_name(path.name + ending), FILE_MODE)
    except OSError as error:
        reason = error.strerror or str(error)
        raise StorageOutage(
            f"The history cannot be kept ({reason}): {path.parent}. Set CLAUDE_TUI_HOME to a folder you can write to."
        ) from error


def sync(path: Path) -> None:
    """Have a file of ours that is no database in use, or the names in a folder, reach the device."""
    if sys.platform == "win32" and path.is_dir():
        return  # there a folder cannot be opened, and its names need no help
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def identity(path: Path) -> Identity | None:
    """Which file `path` names now; None when there is none."""
    try:
        state = os.stat(path)
    except OSError:
        return None
    return state.st_dev, state.st_ino


def why_missing(path: Path) -> str | None:
    """Why nobody can tell what `path` names, in the system's words; None where there is nothing of that name."""
    try:
        os.stat(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        return error.strerror or str(error)
    return None


def on_shared_file_system(path: Path) -> bool:
    """Whether `path` lies on a network or host-shared file system, where memory mapped by two machines cannot be trusted."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        table = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return False
    kind = file_system_of(os.path.realpath(path), table)
    return kind in _SHARED_FILE_SYSTEMS or (kind.startswith("fuse.") and kind not in _LOCAL_FUSE)


def file_system_of(path: str, mountinfo: str) -> str:
    """The type of the file system that holds the absolute `path`, from the kernel's table of mounts; empty if unknown."""
    best, kind = "", ""
    for line in mountinfo.splitlines():
        left, _, right = line.partition(" - ")
        fields = left.split(" ")
        if len(fields) < 5 or not right:
            continue
        point = _unescape(fields[4])
        inside = path == point or path.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):  # of two mounts at one place the later one is seen
            best, kind = point, right.split(" ")[0]
    return kind


def _unescape(text: str) -> str:
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(code, character)
    return text
