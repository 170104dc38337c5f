"""Looking at a history from outside, and saying what is not as promised."""

from __future__ import annotations

from pathlib import Path

import apsw

from claude_tui.store.sqlite import FILE_NAME


def must(holds: bool, otherwise: str) -> None:
    """A promise of the program; `otherwise` says how it was broken. Unlike `assert` it stays when Python optimises."""
    if not holds:
        raise AssertionError(otherwise)


def integrity(folder: Path) -> str:
    """What SQLite's own check says of the history in this folder: `ok`, or what is wrong."""
    connection = apsw.Connection(str(folder / FILE_NAME))
    try:
        return "; ".join(str(row[0]) for row in connection.execute("PRAGMA integrity_check"))
    finally:
        connection.close()
