"""What `doctor` finds out about the history, its files and its copies."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from claude_tui.cli import compose
from claude_tui.cli.finding import Finding, owner
from claude_tui.cli.opening import recovered_note
from claude_tui.domain.damage import BadHistory
from claude_tui.domain.errors import StoreError
from claude_tui.domain.sentences import counted
from claude_tui.files import Paths

REPAIR = "`claude-tui doctor --repair`"


def look_at(paths: Paths) -> Iterator[Finding]:
    """Rights first, since opening the history puts its own right; then the history, and everything around it."""
    if paths.data.is_dir():
        yield from _rights(paths)
    if not paths.history.exists():
        yield Finding("history", "ok", f"{paths.history}: not there yet")
    else:
        yield from _history(paths)
    if paths.data.is_dir():
        yield from _files(paths)
        yield from _backups(paths)


def _history(paths: Paths) -> Iterator[Finding]:
    try:
        yield from asyncio.run(_open_history(paths))
    except BadHistory as error:
        yield Finding("history", "broken", str(error))
    except (StoreError, OSError) as error:
        yield Finding("history", "broken", f"{paths.history}: {error}")


async def _open_history(paths: Paths) -> list[Finding]:
    store = await compose.open_store(paths)
    try:
        recovered = await recovered_note(store)
        count = len(await store.sessions())
        state = " ".join((await store.quick_check()).split())
        size = paths.history.stat().st_size
        text = f"{paths.history}: {count} sessions, {size:,} bytes, SQLite {store.sqlite_version}, check: {state}"
        if state != "ok":
            return [Finding("history", "broken", f"{text}. {REPAIR} saves what can be read.")]
        found = [Finding("history", "ok", text)]
        found += [Finding("history", "info", recovered)] if recovered else []
        damaged = await store.damaged_messages()
        if damaged:
            found.append(Finding("messages", "warning", f"{counted(damaged, 'message')} not as stored, marked as damaged"))
        if not await store.search_is_whole():
            found.append(Finding("search", "warning", f"the index does not cover every message; {REPAIR} builds it anew"))
        return found
    finally:
        await store.close()


def _rights(paths: Paths) -> Iterator[Finding]:
    from claude_tui.store import checks

    for right in checks.rights(paths.history):
        if not right.is_ours:
            yield Finding("files", "warning", f"{right.path} belongs to {owner(right.owner)}, not to you")
        elif right.is_open and right.path != paths.data:
            yield Finding("files", "warning", f"{right.path}: mode {right.mode:04o}, others have rights here; {REPAIR} takes them")


def _files(paths: Paths) -> Iterator[Finding]:
    from claude_tui.store import checks

    held, dead = checks.holders(paths.history)
    if held:
        yield Finding("locks", "info", f"{counted(len(held), 'session')} being written: {', '.join(held[:5])}")
    if dead:
        yield Finding("locks", "info", f"{counted(dead, 'program')} ended without closing the history")
    for path in checks.kept_aside(paths.history):
        yield Finding("kept", "info", f"{path}: {_size(path):,} bytes, put aside earlier; nothing needs it")
    for path in checks.left_over(paths.history):
        yield Finding("left over", "info", f"{path}: {_size(path):,} bytes, never finished")


def _backups(paths: Paths) -> Iterator[Finding]:
    from claude_tui.store import backups, upkeep

    failed = upkeep.failure(paths.history)
    if failed is not None:
        when = failed[0][:16].replace("T", " ")
        yield Finding("backups", "warning", f"the daily one failed at {when} UTC: {failed[1]}")
    found = [one for one in backups.list_backups(paths.history) if one.path.parent != paths.data]
    if not found:
        yield Finding("backups", "info", f"none in {backups.folder_of(paths.history)} yet; `claude-tui backup` makes one")
        return
    newest = found[0]
    age = datetime.now(UTC) - datetime.fromisoformat(newest.made_at)
    text = f"{counted(len(found), 'backup')}, the newest {_age(age.total_seconds())} old: {newest.path}"
    try:
        yield Finding("backups", "ok", f"{text} ({backups.contents_of(newest.path)})")
    except StoreError as error:
        yield Finding("backups", "warning", f"{text}; it is no good: {error}")


def _age(seconds: float) -> str:
    for size, word in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            return counted(int(seconds // size), word)
    return "less than a minute"


def _size(path: Path) -> int:
    return os.stat(path, follow_symlinks=False).st_size
