"""The history on disk: sessions, messages and the journal of answers being received, in one SQLite file.

Only this package touches the database. `SqliteStore` is imported on first use, so that naming the package loads no SQLite.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from claude_tui.store.sqlite import SqliteStore

__all__ = ["SqliteStore"]


def __getattr__(name: str) -> Any:
    if name == "SqliteStore":
        from claude_tui.store.sqlite import SqliteStore

        return SqliteStore
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
