"""What can still be read of a history: its rows, told apart by their shape, each in the best state that is left of it.

A row is known by its columns, not by the tree its page belongs to, so neither the schema nor a page between root and leaf is
needed. A row no page points at any more (its page's head is damaged, or it was moved) is found by the pattern of its header.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from claude_tui.domain.messages import Status
from claude_tui.store.pages import Cell, Page, Pages, Value, cell_at, cells, values

_NAME = re.compile(r"[0-9A-Za-z_-]{1,128}")
_STATES = frozenset(Status)
GOOD, WORN, UNFINISHED = 3, 2, 1
"""How a message stands: finished and as it was stored; finished; still to be finished."""

MESSAGES, SESSIONS, SPENDING, CHUNKS, DRAFTS, ATTACHMENTS, PLACES = (
    "messages", "sessions", "spending", "chunks", "drafts", "attachments", "places",
)  # fmt: skip
COLUMNS: dict[str, tuple[str, ...]] = {
    MESSAGES: (
        "number", "id", "session_id", "parent_id", "seq", "depth", "role", "status", "created_at", "model", "api_id",
        "stop_reason", "sha256", "open_blocks", "stop_details", "usage", "timings", "error", "raw_inputs", "extra", "timeline",
        "blocks", "provider",
    ),
    SESSIONS: (
        "id", "title", "model", "provider", "effort", "leaf_id", "created_at", "updated_at", "deleted_at", "system", "tools",
        "extra",
    ),
    SPENDING: (
        "id", "session_id", "message_id", "kind", "created_at", "provider", "model", "api_id", "stop_reason", "final",
        "output_estimate", "ttft_ms", "total_ms", "reported", "usage",
    ),
    CHUNKS: ("message_id", "seq", "ms", "block", "kind", "text"),
    DRAFTS: ("session_id", "text", "updated_at"),
    ATTACHMENTS: ("sha256", "blob"),
    PLACES: ("session_id", "seq", "number"),
}  # fmt: skip
"""Tables, and the index of messages by their place, as records of them lie in the file. New columns are added at the end."""

_T, _I, _B, _N = "text", "integer", "bytes", "nothing"
_SHAPES: tuple[tuple[str, int, tuple[str, ...]], ...] = (
    (MESSAGES, 22, (_N, _T, _T, _T + _N, _I, _I, _T, _T, _T)),
    (SPENDING, 15, (_T, _T, _T + _N, _T, _T, _T + _N, _T + _N, _T + _N, _T + _N, _I, _I)),
    (SESSIONS, 12, (_T, _T, _T + _N, _T, _T + _N, _T + _N, _T, _T, _T + _N)),
    (CHUNKS, 6, (_T, _I, _I, _I, _T, _B)),
    (DRAFTS, 3, (_T, _B, _T)),
    (PLACES, 3, (_T, _I, _I)),
    (ATTACHMENTS, 2, (_B, _B)),
)
_ENOUGH = 3
"""So many rows of a page tell which table it belongs to."""
_MOST_COLUMNS = 8
"""So many more than in the first format a row may have."""
_LOST = (
    (MESSAGES, range(0x17, 0x41), re.compile(rb"\x00AA[\x00A]")),
    (
        SESSIONS,
        range(0x0D, 0x19),
        re.compile(rb"A[\x80-\xff]?[\x00-\x7f][\x00-\x7f][\r-\x7f][\x00-\x7f][\x00A]==[\x00=]"),
    ),
    (SPENDING, range(0x10, 0x1D), re.compile(rb"AA[\x00A][\r-\x7f]=")),
    (CHUNKS, range(0x07, 0x0A), re.compile(rb"A[\x01-\x09]{3}[\r-\x7f]")),
    (DRAFTS, range(0x04, 0x07), re.compile(rb"A[\x80-\xff]{0,2}[\x00-\x7f]=")),
)
"""The length of a header, and how it goes on, where id and times are as this program makes them (`A`: 26 characters, `=`: 24)."""
_ONLY_BROKEN = frozenset({CHUNKS, DRAFTS})
"""Rows that go while others stay: what is left of them in a page that is whole was deleted."""


class Found(NamedTuple):
    """Where a row is; its values are read when they are wanted, and so is its page, which is kept without its bytes."""

    page: Page
    cell: Cell
    rank: tuple[int, ...]
    other: bool = False


@dataclass
class Remains:
    """Rows by their keys. `places`: number of a message → its session and place there, as the index knows them."""

    pages: Pages
    messages: dict[str, Found] = field(default_factory=dict[str, Found])
    sessions: dict[str, Found] = field(default_factory=dict[str, Found])
    spending: dict[str, Found] = field(default_factory=dict[str, Found])
    chunks: dict[tuple[str, int], Found] = field(default_factory=dict[tuple[str, int], Found])
    drafts: dict[str, Found] = field(default_factory=dict[str, Found])
    attachments: dict[bytes, Found] = field(default_factory=dict[bytes, Found])
    places: dict[int, tuple[str, int]] = field(default_factory=dict[int, tuple[str, int]])
    unreadable: int = 0
    """Pages that are not as SQLite wrote them, as far as that can be seen."""

    def row(self, table: str, found: Found) -> dict[str, Any]:
        """The columns by name; what an older format did not have is None."""
        page = found.page if found.page.data else found.page._replace(data=self.pages.data(found.page))
        payload = self.pages.payload(page, found.cell, other=found.other)
        given = values(payload, found.cell)
        row = dict.fromkeys(COLUMNS[table]) | dict(zip(COLUMNS[table], given, strict=False))
        if table == MESSAGES:
            row["number"] = found.cell.rowid
        return row

    def links(self, numbers: set[int]) -> Iterator[tuple[str, int]]:
        """What indexes say about these messages, whose rows are lost: ids that are their own, or of what they follow."""
        for page in self.pages:
            if page.current:
                for cell in cells(page)[0]:
                    if len(cell.types) == 2 and _fits(cell, (_T, _I)):
                        text, number = values(self.pages.payload(page, cell), cell)
                        if isinstance(text, str) and number in numbers:
                            yield text, int(number or 0)


def collect(pages: Pages) -> Remains:
    """Go through every page once."""
    remains = Remains(pages)
    for page in pages:
        first, sound = cells(page, _ENOUGH)
        if sound and first and not any(map(_table, first)):
            continue  # a page holds rows of one table, and this one is none of ours
        found, whole = cells(page)
        remains.unreadable += page.current and not whole
        taken: set[int] = set()
        for cell in found:
            table = _table(cell)
            if table is not None:
                taken.add(cell.start)
                _take(remains, table, page, cell, pointed=True)
        for table, lengths, pattern in _LOST:
            if whole and (table in _ONLY_BROKEN or not page.current):
                continue
            for start in _heads(page.data, lengths, pattern):
                if start not in taken:
                    _take_lost(remains, table, page, start)
    return remains


def _heads(data: bytes, lengths: range, pattern: re.Pattern[bytes]) -> Iterator[int]:
    return (at - 1 for match in pattern.finditer(data) if (at := match.start()) and data[at - 1] in lengths)


def _take_lost(remains: Remains, table: str, page: Page, start: int) -> None:
    cell = cell_at(page.data, start, None, table=table in (MESSAGES, SESSIONS))
    if cell is not None and _table(cell) == table:
        rowid = _rowid_before(page.data, start, cell.size) if table == MESSAGES else None
        _take(remains, table, page, cell._replace(rowid=rowid), pointed=False)


def _rowid_before(data: bytes, start: int, size: int) -> int | None:
    """The number that stands between a record and its size; None where they are not what they should be."""
    head = _as_varint(size)
    for length in range(1, 6):
        at = start - length
        if at - len(head) >= 0 and data[at - len(head) : at] == head:
            number = data[at:start]
            if all(byte >= 0x80 for byte in number[:-1]) and number[-1] < 0x80:
                return sum((byte & 0x7F) << 7 * place for place, byte in enumerate(reversed(number)))
    return None


def _as_varint(number: int) -> bytes:
    parts = [number & 0x7F]
    while number := number >> 7:
        parts.append(number & 0x7F | 0x80)
    return bytes(reversed(parts))


def _table(cell: Cell) -> str | None:
    for table, columns, kinds in _SHAPES:
        more = _MOST_COLUMNS if columns > _MOST_COLUMNS else 0
        if columns <= len(cell.types) <= columns + more and _fits(cell, kinds):
            return table
    return None


def _fits(cell: Cell, kinds: Sequence[str]) -> bool:
    return all(_kind(kind) in allowed for kind, allowed in zip(cell.types, kinds, strict=False))


def _kind(number: int) -> str:
    if number >= 12:
        return _T if number % 2 else _B
    return _N if number == 0 else _I if number != 7 else "real"


def _take(remains: Remains, table: str, page: Page, cell: Cell, *, pointed: bool) -> None:
    """Keep the row if none of its key stands better."""
    found = Found(page, cell, (int(page.current and pointed), int(pointed)))
    _TAKERS[table](remains, found, remains.row(table, found))


def _take_message(remains: Remains, found: Found, row: dict[str, Any]) -> None:
    number = row["number"]
    if not _is_name(row["id"]) or row["role"] is None:
        return
    quality = _quality(row)
    if quality == WORN:
        again = found._replace(other=True)
        if _quality(remains.row(MESSAGES, again)) == GOOD:
            found, quality = again, GOOD
    _keep(remains.messages, row["id"], found._replace(rank=(quality, *found.rank, int(number is not None))))


def _quality(row: dict[str, Any]) -> int:
    stored, digest = row["blocks"], row["sha256"]
    if row["status"] == Status.STREAMING:
        return UNFINISHED
    data = stored.encode("utf-8") if isinstance(stored, str) else bytes(stored or b"")
    good = isinstance(digest, bytes) and hashlib.sha256(data).digest() == digest
    return GOOD if good and row["status"] in _STATES else WORN


def _take_session(remains: Remains, found: Found, row: dict[str, Any]) -> None:
    if _is_name(row["id"]):
        _keep(remains.sessions, row["id"], found)


def _take_spending(remains: Remains, found: Found, row: dict[str, Any]) -> None:
    if _is_name(row["id"]) and row["final"] in (0, 1):
        _keep(remains.spending, row["id"], found)


def _take_chunk(remains: Remains, found: Found, row: dict[str, Any]) -> None:
    if _is_name(row["message_id"]):
        _keep(remains.chunks, (row["message_id"], row["seq"]), found)


def _take_draft(remains: Remains, found: Found, row: dict[str, Any]) -> None:
    if _is_name(row["session_id"]) and found.page.current:
        _keep(remains.drafts, row["session_id"], found)


def _take_attachment(remains: Remains, found: Found, row: dict[str, Any]) -> None:
    if hashlib.sha256(row["blob"]).digest() == row["sha256"]:
        _keep(remains.attachments, row["sha256"], found)


def _take_place(remains: Remains, found: Found, row: dict[str, Any]) -> None:
    if _is_name(row["session_id"]) and found.page.current:
        remains.places.setdefault(row["number"], (row["session_id"], row["seq"]))


_TAKERS: dict[str, Callable[[Remains, Found, dict[str, Any]], None]] = {
    MESSAGES: _take_message,
    SESSIONS: _take_session,
    SPENDING: _take_spending,
    CHUNKS: _take_chunk,
    DRAFTS: _take_draft,
    ATTACHMENTS: _take_attachment,
    PLACES: _take_place,
}


def _keep(rows: dict[Any, Found], key: Any, found: Found) -> None:
    """Pages come with the current ones first, the newest of the others next: of two equal rows the first counts."""
    before = rows.get(key)
    if before is None or found.rank > before.rank:
        rows[key] = found._replace(page=found.page._replace(data=b""))


def _is_name(value: Value) -> bool:
    return isinstance(value, str) and _NAME.fullmatch(value) is not None


def has_messages(history: Path) -> bool:
    """Whether there is a message of this program anywhere in these files."""
    _, lengths, pattern = _LOST[0]
    with Pages(history, check=False) as pages:
        return any(
            (cell := cell_at(page.data, start, None, table=True)) is not None and _table(cell) == MESSAGES
            for page in pages
            for start in _heads(page.data, lengths, pattern)
        )


def numbered_ids(data: bytes, number: int) -> Iterator[tuple[int, str]]:
    """Number and id of each message that a page points at."""
    page = Page(number, data, True, 0, False)
    if not any(_table(cell) == MESSAGES for cell in cells(page, _ENOUGH)[0]):
        return
    for cell in cells(page)[0]:
        message_id = values(data[cell.start :], cell)[1] if _table(cell) == MESSAGES else None
        if isinstance(message_id, str) and cell.rowid is not None:
            yield cell.rowid, message_id
