"""What `doctor` asks of a history beyond opening it. Reads only, except where it says so."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from claude_tui.store import aside, backups, files, locks, presence
from claude_tui.store.connection import Sql, rows

_BATCH = 200


def damaged_messages(connection: Sql) -> int:
    """How many finished messages are not as they were stored, by their sha256."""
    damaged, number = 0, -1
    while found := rows(connection, _FINISHED, (number, _BATCH)):
        damaged += sum(digest is not None and hashlib.sha256(blocks).digest() != digest for _, digest, blocks in found)
        number = found[-1][0]
    return damaged


_FINISHED = (
    "SELECT number, sha256, CAST(blocks AS BLOB) FROM messages WHERE number > ? AND status <> 'streaming' ORDER BY number LIMIT ?"
)


@dataclass(frozen=True, slots=True)
class Right:
    """A file or folder of ours, and what it should be."""

    path: Path
    mode: int
    wanted: int
    owner: int

    @property
    def is_open(self) -> bool:
        return bool(self.mode & 0o077)

    @property
    def is_ours(self) -> bool:
        return not hasattr(os, "geteuid") or self.owner == os.geteuid()


def rights(history: Path) -> Iterator[Right]:
    """Everything the history consists of, its copies included."""
    folder = history.parent
    private = [folder, backups.folder_of(history), folder / "locks", folder / "open"]
    kept = [path for path in _entries(folder) if path.name.startswith(history.name)]
    for path in (*private, *kept, *_entries(backups.folder_of(history))):
        try:
            state = os.stat(path, follow_symlinks=False)
        except FileNotFoundError:
            continue
        if not stat.S_ISLNK(state.st_mode):
            wanted = files.FOLDER_MODE if stat.S_ISDIR(state.st_mode) else files.FILE_MODE
            yield Right(path, stat.S_IMODE(state.st_mode), wanted, state.st_uid)


def close_rights(history: Path) -> list[Right]:
    """Take the rights of others away from what is ours; from what they were taken."""
    opened = [right for right in rights(history) if right.is_open and right.is_ours]
    for right in opened:
        os.chmod(right.path, right.wanted)
    return opened


def kept_aside(history: Path) -> list[Path]:
    """What earlier repairs and restores put aside."""
    marks = tuple(f".{word}-" for word in (aside.REPLACED, aside.CORRUPT, aside.FOREIGN))
    return [
        path for path in _entries(history.parent) if path.name.startswith(history.name) and any(map(path.name.__contains__, marks))
    ]


def left_over(history: Path) -> list[Path]:
    """Unfinished copies of processes that died."""
    beside = (path for path in _entries(history.parent) if path.name.startswith(history.name))
    return [path for path in (*beside, *_entries(backups.folder_of(history))) if ".part" in path.name or ".saving-" in path.name]


def holders(history: Path) -> tuple[list[str], int]:
    """Sessions that are being written somewhere, and how many processes ended without closing the history."""
    folder = history.parent / "locks"
    held = [path.name for path in _entries(folder) if locks.is_held(folder, path.name)]
    return held, len(presence.left_open(history.parent))


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder / name for name in os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []
