"""`claude-tui sessions export`: conversations as files to keep elsewhere, Markdown for people or JSON that can be imported again.

A damaged history is exported as far as it can be read: what can be saved of it goes into a history that exists only meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import sys
import tempfile
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from claude_tui.cli import compose
from claude_tui.cli.exits import FAILED, UsageError, say
from claude_tui.cli.importing import exported
from claude_tui.cli.options import ExportFormat
from claude_tui.domain.blocks import dump_json
from claude_tui.domain.damage import BadHistory, DamageKind
from claude_tui.domain.errors import StoreError
from claude_tui.domain.export import markdown_of
from claude_tui.domain.messages import Message, SessionInfo
from claude_tui.domain.sentences import counted
from claude_tui.domain.text import repair, safe_line
from claude_tui.files import Paths

if TYPE_CHECKING:
    from claude_tui.domain.ports import PriceBook
    from claude_tui.store.sqlite import SqliteStore

ENDINGS: dict[ExportFormat, str] = {"markdown": ".md", "json": ".json"}
_UNSAFE = re.compile(r"[^\w.-]+")
_NAME_LENGTH = 60
_DAMAGED = "damaged"


@dataclass(frozen=True, slots=True)
class Wanted:
    """`ids` or `everything`. `to`: a file for one session, a folder for several; None: standard output, for one."""

    ids: Sequence[str]
    everything: bool
    form: ExportFormat
    to: Path | None
    force: bool

    @property
    def into_folder(self) -> bool:
        return self.to is not None and (self.everything or len(self.ids) > 1 or self.to.is_dir())


def export(paths: Paths, wanted: Wanted) -> int:
    """1 where something could not be read or written; the rest is there all the same."""
    if wanted.everything == bool(wanted.ids):
        raise UsageError("Name the sessions to export, or say --all.")
    if wanted.to is None and (wanted.everything or len(wanted.ids) > 1):
        raise UsageError("Several sessions need a folder to go to: --to DIR.")
    if wanted.into_folder and wanted.to is not None and wanted.to.exists() and not wanted.to.is_dir():
        raise UsageError(f"{wanted.to} is a file: several sessions need a folder.")
    return asyncio.run(_export(paths, wanted))


async def _export(paths: Paths, wanted: Wanted) -> int:
    book = compose.price_book(paths)
    missing = False
    async with _readable(paths) as (store, problems):
        for problem in problems:
            missing = True
            say(problem)
        for session_id in [one.id for one in await store.sessions()] if wanted.everything else wanted.ids:
            try:
                session = await store.session(session_id)
                missing = not await _one(store, session, wanted, book) or missing
            except StoreError as error:
                missing = True
                say(str(error))
    return FAILED if missing else 0


@asynccontextmanager
async def _readable(paths: Paths) -> AsyncGenerator[tuple[SqliteStore, list[str]]]:
    """The history; of a damaged one what can be read, and sentences about what cannot."""
    try:
        store = await compose.open_store(paths)
    except BadHistory as error:
        if error.damage.kind is not DamageKind.DAMAGED:
            raise
        async with _salvaged(paths, error) as found:
            yield found
        return
    try:
        state = await store.quick_check()
    except BaseException:
        await store.close()
        raise
    if state == "ok":
        try:
            yield store, []
        finally:
            await store.close()
        return
    await store.close()
    async with _salvaged(paths, StoreError(f"{paths.history} is damaged ({' '.join(state.split())}).")) as found:
        yield found


@asynccontextmanager
async def _salvaged(paths: Paths, error: StoreError) -> AsyncGenerator[tuple[SqliteStore, list[str]]]:
    from claude_tui.store import SqliteStore
    from claude_tui.store.salvage import salvage

    with tempfile.TemporaryDirectory(prefix="claude-tui-") as name:
        saved = await asyncio.to_thread(salvage, paths.history, Path(name) / paths.history.name)
        store = await SqliteStore.open(Path(name))
        try:
            yield store, [str(error), str(saved)]
        finally:
            await store.close()


async def _one(store: SqliteStore, session: SessionInfo, wanted: Wanted, book: PriceBook) -> bool:
    """Whether all of it could be read and was written."""
    messages = await (store.tree(session.id) if wanted.form == "json" else _path(store, session))
    if wanted.form == "json":
        spent = await store.spending(session_id=session.id)
        pieces: Iterator[str] = iter((dump_json(exported(session, messages, spent, book)), "\n"))
    else:
        pieces = map(repair, markdown_of(session, messages))
    damaged = sum(bool(message.extra.get(_DAMAGED)) for message in messages)
    if damaged:
        say(f"Session {session.id}: {counted(damaged, 'message')} not as stored, marked as damaged.")
    if wanted.to is None:
        for piece in pieces:
            sys.stdout.write(piece)
        return not damaged
    target = wanted.to / _file_name(session, wanted.form) if wanted.into_folder else wanted.to
    if target.exists() and not wanted.force:
        say(f"{target} exists: name another place, or say --force.")
        return False
    _write(target, pieces, force=wanted.force)
    print(target)
    return not damaged


async def _path(store: SqliteStore, session: SessionInfo) -> list[Message]:
    return await store.path(session.leaf_id) if session.leaf_id else []


def _file_name(session: SessionInfo, form: ExportFormat) -> str:
    """What a person recognises, then what nobody else has."""
    title = _UNSAFE.sub("-", safe_line(session.title, _NAME_LENGTH)).strip("-._").lower()
    return f"{title}-{session.id}{ENDINGS[form]}" if title else f"{session.id}{ENDINGS[form]}"


def _write(target: Path, pieces: Iterator[str], *, force: bool) -> None:
    """Piece by piece into a file beside it, which then gets the name: for its owner only, whole or not at all."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{target.name[:40]}.", dir=target.parent)
    try:
        with open(handle, "w", encoding="utf-8", errors="replace") as file:
            file.writelines(pieces)
            file.flush()
            os.fsync(handle)
        if not force:
            with contextlib.suppress(PermissionError):  # a file system without second names
                os.link(name, target)  # refuses what somebody put there meanwhile
                return
        os.replace(name, target)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)
