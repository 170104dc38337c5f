"""Looking at a history before it is trusted: what is damaged, foreign, or of a newer format, told apart from the bytes themselves.

The files are opened plainly here, which would drop the locks of a connection this process has to them: where there is one, nobody
looks. Nothing is changed.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from claude_tui.domain.damage import BadHistory, Damage, DamageKind
from claude_tui.store import connection, migrations
from claude_tui.store.connection import APPLICATION_ID, Database, damaged, value
from claude_tui.store.migrations import format_of, newer, not_ours
from claude_tui.store.pages import MAGIC, TABLE_LEAF, Pages
from claude_tui.store.remains import has_messages, numbered_ids

_SMALLEST = 512
"""Bytes: SQLite takes a shorter file, or an empty one beside a full log, for new, and would write over either."""
_HEADER = 108
"""Bytes: SQLite's own header, and that of the first page of the schema."""
_NEXT_FORMATS = 1_000
"""A format number beyond ours by more than this is a damaged one."""


class _Header(NamedTuple):
    """`formats`: of the file, for writers and readers. `version`, `application`: ours. `empty`: there is no schema."""

    formats: tuple[int, int]
    fractions: bytes
    version: int
    application: int
    empty: bool


def peek(history: Path) -> None:
    """Refuse what SQLite must not be given: BadHistory. Cheap: the head of the file, and a log that somebody left behind."""
    if connection.holds(history):
        return
    try:
        with history.open("rb") as file:
            head = file.read(_HEADER)
    except OSError:
        return  # whoever opens it explains
    log = _size(history.with_name(history.name + "-wal"))
    if not head and not log:
        return
    found = _by_header(history, head, log)
    if found is None and log and head:
        found = _by_log(history)
    if found is not None:
        raise sharpened(BadHistory(found))


def examine(history: Path) -> Damage | None:
    """What is wrong with this history, read to its end; None if nothing is, or nothing is there. Nobody here may have it open."""
    if not history.exists():
        return None
    try:
        peek(history)
        if not _size(history):
            return None
        database = Database(history, trusted=False)
        try:
            state = database.read(lambda one: str(value(one, "PRAGMA quick_check(1)")))
            database.read(format_of)
        finally:
            database.close()
    except BadHistory as bad:
        return sharpened(bad).damage
    return None if state == "ok" else damaged(history, state)


@contextmanager
def opening() -> Generator[None]:
    """What is refused in here is looked at closely. It must be closed again by then."""
    try:
        yield
    except BadHistory as bad:
        raise sharpened(bad) from bad


def sharpened(bad: BadHistory) -> BadHistory:
    """The same of a history that could not be opened, with its kind looked up: SQLite calls foreign files damaged, too."""
    damage = bad.damage
    if damage.kind is not DamageKind.DAMAGED or connection.holds(damage.path):
        return bad
    if not _has_messages(damage.path):
        return BadHistory(not_ours(damage.path, "nothing of one can be found in it"))
    return BadHistory(replace(damage, sentence=f"{damage.sentence} It was not changed."))


def _by_header(history: Path, head: bytes, log: int) -> Damage | None:
    header = _header(head)
    if header is None or _size(history) < _SMALLEST:
        what = "it was cut off" if _size(history) < _SMALLEST else "its head is not that of an SQLite file"
        return damaged(history, what) if _has_messages(history) else not_ours(history, what)
    if header.application != APPLICATION_ID:
        if header.empty or (log and not header.version):  # not written to yet, or nowhere but in the log
            return None
        if _has_messages(history):
            return damaged(history, "its head does not carry the mark of this program")
        return not_ours(history, "it is a database of another program")
    first, second = header.formats
    newest = len(migrations.MIGRATIONS)
    if header.version > newest and header.version <= newest + _NEXT_FORMATS:
        return newer(history, f"format {header.version}; this one knows formats up to {newest}")
    if first == second > 2 and header.fractions == b"\x40\x20\x20":
        return newer(history, f"file format {first} of SQLite; this one knows formats up to 2")
    if header.version > newest or not 1 <= min(first, second) <= max(first, second) <= 2:
        return damaged(history, "its head names formats that there are not")
    return None


def _header(head: bytes) -> _Header | None:
    if len(head) < _HEADER or head[:16] != MAGIC:
        return None
    version, application = struct.unpack(">I", head[60:64])[0], struct.unpack(">I", head[68:72])[0]
    empty = head[100] == TABLE_LEAF and head[103:105] == b"\0\0"
    return _Header((head[18], head[19]), head[21:24], version, application, empty)


def _by_log(history: Path) -> Damage | None:
    """Whether the log is that of another history: its pages hold other messages under the numbers that the file's pages have."""
    with Pages(history, check=False) as pages:
        same = other = 0
        for number in pages.logged:
            mine, logged = pages.filed(number), pages.current(number)
            if mine is None or logged is None:
                continue
            known = dict(numbered_ids(mine, number))
            for key, message_id in numbered_ids(logged, number):
                same += known.get(key) == message_id
                other += known.get(key, message_id) != message_id
    if other <= same:
        return None
    return Damage(
        DamageKind.LOG,
        history,
        f"{history}-wal is the log of another history than {history}. Neither was changed.",
        "`claude-tui doctor --repair` puts the log aside.",
    )


def _has_messages(history: Path) -> bool:
    try:
        return has_messages(history)
    except OSError:
        return False


def _size(path: Path) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0
