"""`claude-tui backup` and `claude-tui restore`: copies of the history, and the way back to one."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from claude_tui.cli import compose
from claude_tui.cli.exits import FAILED, UsageError, say
from claude_tui.cli.options import Output
from claude_tui.domain.blocks import dump_json
from claude_tui.domain.errors import StoreError
from claude_tui.domain.text import safe_line, safe_text
from claude_tui.files import Paths
from claude_tui.store import backups
from claude_tui.store.aside import REPLACED
from claude_tui.store.backups import Backup, Contents, megabytes

LATEST = "latest"


def backup(paths: Paths, file: str | None, output: Output, *, force: bool) -> int:
    """Copy the history to FILE, or into the folder of backups, and print where the copy is."""
    target = Path(file).absolute() if file is not None else backups.new_path(paths.history, backups.MANUAL)
    if file is not None:
        _check_target(paths, target, force=force)
    backups.back_up(paths.history, target)
    made = backups.described(target)
    print(dump_json(_json(_Known(made, backups.contents_of(target)))) if output == "json" else _shown(target))
    return 0


def _check_target(paths: Paths, target: Path, *, force: bool) -> None:
    beside = backups.side_files(target)
    if target.is_dir():
        raise UsageError(f"{target} is a folder: name a file in it.")
    if backups.is_part_of(paths.history, target):
        raise UsageError("That is the history itself: name another file.")
    if beside:
        raise UsageError(f"{beside[0]} belongs to another database of that name: name another file.")
    if target.exists() and not force:
        raise UsageError(f"{target} exists: name another file, or say --force.")


def restore(paths: Paths, file: str | None, output: Output) -> int:
    """Put a copy in the place of the history; without FILE, list the copies there are."""
    if file is None:
        return _list(paths, output)
    source = _latest(paths) if file == LATEST else Path(file).absolute()
    found = backups.contents_of(source)
    aside = backups.restore(paths.history, source)
    state = asyncio.run(_look(paths))
    if output == "json":
        put = None if aside is None else str(aside)
        print(dump_json({"restored": str(source), "put_aside": put, "check": state, **_counts(found)}))
    else:
        print(f"Restored {_shown(source)}: {found}.")
        if aside is not None:
            print(f"What was there before is kept as {_shown(aside)}.")
    if state != "ok":
        say(f"The history that was restored is damaged ({state}).")
    return 0 if state == "ok" else FAILED


async def _look(paths: Paths) -> str:
    """Open what was restored, which brings it to the present format, and check it."""
    store = await compose.open_store(paths)
    try:
        return await store.quick_check()
    finally:
        await store.close()


@dataclass(frozen=True, slots=True)
class _Known:
    """A copy and what is in it, or why it is no good."""

    backup: Backup
    contents: Contents | str


def _looked_at(backup: Backup) -> _Known:
    try:
        return _Known(backup, backups.contents_of(backup.path))
    except StoreError as error:
        return _Known(backup, str(error))


def _latest(paths: Paths) -> Path:
    for one in backups.list_backups(paths.history):
        if one.kind == REPLACED:
            continue  # what an earlier restore left behind is named by who wants it
        problem = backups.problem_of(one.path)
        if problem is None:
            return one.path
        say(f"Passed over: {problem}")
    raise StoreError(f"There is no good backup in {backups.folder_of(paths.history)}.")


def _list(paths: Paths, output: Output) -> int:
    known = [_looked_at(one) for one in backups.list_backups(paths.history)]
    if output == "json":
        print(dump_json([_json(one) for one in known]))
        return 0
    if not known:
        say(f"There are no backups in {backups.folder_of(paths.history)} yet; `claude-tui backup` makes one.")
    for one in known:
        made = one.backup.made_at[:19].replace("T", " ")
        size = megabytes(one.backup.size)
        print(f"{made}  {one.backup.kind:<8}  {size:>10}  {safe_line(str(one.contents), 300)}  {_shown(one.backup.path)}")
    return 0


def _shown(path: Path) -> str:
    """A path as it is in a pipe, where a program reads it; on a terminal with nothing in it that is obeyed."""
    return safe_text(str(path)) if sys.stdout.isatty() else str(path)


def _counts(contents: Contents) -> dict[str, Any]:
    return {"format": contents.version, "sessions": contents.sessions, "messages": contents.messages}


def _json(known: _Known) -> dict[str, Any]:
    backup, contents = known.backup, known.contents
    data: dict[str, Any] = {"path": str(backup.path), "made_at": backup.made_at, "kind": backup.kind, "size": backup.size}
    return {**data, **({"problem": contents} if isinstance(contents, str) else _counts(contents))}
