"""Putting a history out of the way: another name beside its own, together with its side files, never over anything there is.

Names are all that changes, so this works for files no SQLite can read. Nobody may have the history open meanwhile.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from claude_tui.store import files

REPLACED, CORRUPT, FOREIGN = "replaced", "corrupt", "foreign"
"""Words: a history in whose place another was put; a damaged one; a file or a log that was none of this history."""

_PARTS = ("", *files.SIDE_FILES)


def stamp() -> str:
    """Now, for the name of a file: sorts by time, and no two are equal within one process."""
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")


def set_aside(history: Path, word: str) -> Path | None:
    """Rename the history and its side files to `<name>.<word>-<stamp>` and so on; its new name, None where there was nothing.

    Raises OSError; what was renamed until then goes back.
    """
    while any(_beside(target := history.with_name(f"{history.name}.{word}-{stamp()}"))):
        continue
    return move_all(history, target)


def move_all(history: Path, target: Path) -> Path | None:
    """Rename all files of a history at once: side files first, so that no database ever stands beside the log of another."""
    moved: list[str] = []
    try:
        for ending in reversed(_PARTS):
            if os.path.lexists(_part(history, ending)):
                os.rename(_part(history, ending), _part(target, ending))
                moved.append(ending)
    except OSError:
        for ending in reversed(moved):
            os.rename(_part(target, ending), _part(history, ending))
        raise
    if not moved:
        return None
    files.sync(target.parent)
    return target


def _part(history: Path, ending: str) -> Path:
    return history.with_name(history.name + ending)


def _beside(history: Path) -> list[Path]:
    """What exists of a history of this name."""
    return [path for ending in _PARTS if os.path.lexists(path := _part(history, ending))]
