"""The bytes of a history that SQLite may refuse to read: its pages, those of its log, and the records in them.

This is the format of SQLite's files (sqlite.org/fileformat2.html), read page by page: no page needs another one to be whole, so
what is damaged costs itself and nothing else. Nothing is written. Files are opened plainly, so no connection of this process may
hold them.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

TABLE_LEAF, INDEX_LEAF, INDEX_INTERIOR, TABLE_INTERIOR = 0x0D, 0x0A, 0x02, 0x05
HEADER = 100
MAGIC = b"SQLite format 3\0"
_LOG_HEADER, _FRAME_HEADER = 32, 24
_LOG_MAGIC = (0x377F0682, 0x377F0683)
_DEFAULT_SIZE = 4096
_SIZES = frozenset(1 << bits for bits in range(9, 17))
_INTEGERS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}

Value = None | int | float | bytes | str
"""A text is given as `str` where it is one; bytes that are no UTF-8 stay bytes."""


class Page(NamedTuple):
    """`number` counts from 1. `current`: it is what SQLite would show; else an older or an unfinished state of that page.

    `start`: where it begins in the file, or in the log.
    """

    number: int
    data: bytes
    current: bool
    start: int
    logged: bool


class Cell(NamedTuple):
    """A record in its page: its header begins at `start`, it has `size` bytes in all, of which `local` lie in the page."""

    start: int
    size: int
    local: int
    rowid: int | None
    types: tuple[int, ...]
    begin: int
    """Where its values begin, from `start` on."""


def size_of(kind: int) -> int:
    """Bytes a value of this type takes."""
    if kind >= 12:
        return (kind - 12) // 2
    return _INTEGERS.get(kind, 8 if kind == 7 else 0)


def varint(data: bytes, at: int) -> tuple[int, int]:
    """The number at this place and the place behind it; IndexError past the end."""
    value = 0
    for step in range(8):
        byte = data[at + step]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + step + 1
    return value << 8 | data[at + 8], at + 9


def cell_at(data: bytes, start: int, rowid: int | None, *, table: bool) -> Cell | None:
    """The record whose header begins here, if that is one. Its size is what the header says: the one stored before it is the same,
    or damaged."""
    try:
        length, at = varint(data, start)
        end = start + length
        if not 2 <= length <= len(data) - start:
            return None
        types: list[int] = []
        while at < end:
            kind, at = varint(data, at)
            if kind in (10, 11):
                return None
            types.append(kind)
    except IndexError:
        return None
    if at != end:
        return None
    size = length + sum(map(size_of, types))
    return Cell(start, size, local_size(size, len(data), table=table), rowid, tuple(types), length)


def values(payload: bytes, cell: Cell) -> list[Value]:
    """The columns; what lies past the end of a payload that is cut off is shorter or missing."""
    found: list[Value] = []
    at = cell.begin
    for kind in cell.types:
        size = size_of(kind)
        found.append(_value(payload[at : at + size], kind))
        at += size
    return found


def _value(data: bytes, kind: int) -> Value:
    if kind >= 13 and kind % 2:
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            return data
    if kind >= 12:
        return data
    if kind == 7:
        return struct.unpack(">d", data)[0] if len(data) == 8 else None
    if kind in (8, 9):
        return kind - 8
    return int.from_bytes(data, "big", signed=True) if kind and len(data) == size_of(kind) else None


def local_size(size: int, page_size: int, *, table: bool) -> int:
    """How much of a payload of this size lies in the page itself."""
    most = page_size - 35 if table else (page_size - 12) * 64 // 255 - 23
    if size <= most:
        return size
    least = (page_size - 12) * 32 // 255 - 23
    wanted = least + (size - least) % (page_size - 4)
    return wanted if wanted <= most else least


def cells(page: Page, most: int = 1 << 16) -> tuple[list[Cell], bool]:
    """The records a page of a tree points at, the first `most` of them, and whether it looks whole."""
    data, base = page.data, HEADER if page.number == 1 else 0
    kind = data[base] if len(data) > base + 12 else 0
    if kind not in (TABLE_LEAF, INDEX_LEAF, INDEX_INTERIOR):
        return [], kind in (0, TABLE_INTERIOR)
    count = int.from_bytes(data[base + 3 : base + 5], "big")
    first = base + (12 if kind == INDEX_INTERIOR else 8)
    whole, found = True, list[Cell]()
    for index in range(min(count, most)):
        pointer = int.from_bytes(data[first + 2 * index : first + 2 * index + 2], "big")
        inside = first + 2 * count <= pointer < len(data)
        cell = _cell(data, pointer, kind) if inside else None
        if cell is not None:
            found.append(cell)
        whole = whole and cell is not None
    return found, whole


def _cell(data: bytes, at: int, kind: int) -> Cell | None:
    try:
        _, at = varint(data, at + 4 if kind == INDEX_INTERIOR else at)
        rowid, at = varint(data, at) if kind == TABLE_LEAF else (None, at)
    except IndexError:
        return None
    return cell_at(data, at, rowid, table=kind == TABLE_LEAF)


class Pages:
    """The pages of a history and its log, for as long as it is open.

    `check`: whether the log's checksums are worked out (0.1 ms a page); else every frame of the log's present round counts.
    """

    def __init__(self, history: Path, *, check: bool = True) -> None:
        self._check = check
        self._file = _map(history)
        self._log = _map(history.with_name(history.name + "-wal"))
        self.size = _page_size(self._file, self._log)
        self.count = -(-len(self._file) // self.size)
        self._newest: dict[int, int] = {}
        """Page → where its committed state begins in the log."""
        self._others: dict[int, int] = {}
        """Page → where the last state in the log begins that SQLite does not count."""
        self._superseded: list[tuple[int, int]] = []
        self._read_log()

    def close(self) -> None:
        for one in (self._file, self._log):
            if isinstance(one, mmap.mmap):
                one.close()

    def __enter__(self) -> Pages:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def logged(self) -> Sequence[int]:
        """The pages whose current state is in the log."""
        return tuple(self._newest)

    def filed(self, number: int) -> bytes | None:
        """The page as the file itself has it."""
        return self._file_page(number)

    def current(self, number: int) -> bytes | None:
        """The page as SQLite would show it."""
        if number in self._newest:
            return self._log_page(self._newest[number])
        return self._file_page(number)

    def other(self, number: int) -> bytes | None:
        """Another state of the page, where there is one: what was lost with the end of the log, or what the log stands before."""
        if number in self._others:
            return self._log_page(self._others[number])
        return self._file_page(number)

    def __iter__(self) -> Iterator[Page]:
        """Every page there is in every state; the current ones first."""
        for number in range(1, self.count + 1):
            if number not in self._newest:
                yield self._page(number, None, current=True)
        for number, start in self._newest.items():
            yield self._page(number, start, current=True)
        for number, start in reversed(self._superseded):
            yield self._page(number, start, current=False)
        for number in self._newest:
            yield self._page(number, None, current=False)

    def _page(self, number: int, logged: int | None, *, current: bool) -> Page:
        start = (number - 1) * self.size if logged is None else logged
        page = Page(number, b"", current, start, logged is not None)
        return page._replace(data=self.data(page))

    def data(self, page: Page) -> bytes:
        """The page's bytes, read again."""
        return (self._log if page.logged else self._file)[page.start : page.start + self.size]

    def payload(self, page: Page, cell: Cell, *, other: bool = False) -> bytes:
        """The bytes of a record, those on overflow pages included; fewer where the chain of those is broken."""
        data = page.data[cell.start : cell.start + cell.local]
        if cell.local >= cell.size:
            return data
        link = page.data[cell.start + cell.local : cell.start + cell.local + 4]
        parts, got, seen = [data], len(data), set[int]()
        while got < cell.size and len(link) == 4:
            number = int.from_bytes(link, "big")
            more = self.other(number) if other else self.current(number)
            if number in seen or more is None:
                break
            seen.add(number)
            part = more[4 : 4 + cell.size - got]
            parts.append(part)
            got += len(part)
            link = more[:4]
        return b"".join(parts)

    def _file_page(self, number: int) -> bytes | None:
        start = (number - 1) * self.size
        return self._file[start : start + self.size] if 0 <= start < len(self._file) else None

    def _log_page(self, start: int) -> bytes:
        return self._log[start : start + self.size]

    def _read_log(self) -> None:
        """Tell the frames that count from the others: the chain of checksums holds, and a commit comes after them."""
        log, step = self._log, _FRAME_HEADER + self.size
        if len(log) < _LOG_HEADER + step:
            return
        magic, _, _, _, salt, *sums = struct.unpack(">IIIIQII", log[:_LOG_HEADER])
        words = ">" if magic & 1 else "<"
        chain = _sums(log[:24], (0, 0), words)
        holds = magic in _LOG_MAGIC and chain == tuple(sums)
        waiting: list[tuple[int, int]] = []
        stale: list[tuple[int, int]] = []
        for start in range(_LOG_HEADER, len(log) - step + 1, step):
            number, commit, frame_salt, *sums = struct.unpack(">IIQII", log[start : start + _FRAME_HEADER])
            if not self._check:
                holds = frame_salt == salt and number > 0
            elif holds:
                chain = _sums(log[start : start + 8], chain, words)
                chain = _sums(log[start + _FRAME_HEADER : start + step], chain, words)
                holds = frame_salt == salt and chain == tuple(sums) and number > 0
            if number > 0:
                (waiting if frame_salt == salt else stale).append((number, start + _FRAME_HEADER))
            if holds and commit:
                self._commit(waiting)
                waiting = []
        self._superseded += stale + waiting
        self._others = dict(stale + waiting)

    def _commit(self, frames: list[tuple[int, int]]) -> None:
        for number, start in frames:
            if number in self._newest:
                self._superseded.append((number, self._newest[number]))
            self._newest[number] = start
            self.count = max(self.count, number)


def _sums(data: bytes, chain: tuple[int, int], words: str) -> tuple[int, int]:
    """The running checksum of the log."""
    first, second = chain
    numbers = struct.unpack(f"{words}{len(data) // 4}I", data)
    for index in range(0, len(numbers), 2):
        first = (first + numbers[index] + second) & 0xFFFFFFFF
        second = (second + numbers[index + 1] + first) & 0xFFFFFFFF
    return first, second


def _map(path: Path) -> mmap.mmap | bytes:
    """The file's bytes without reading them; nothing where there is no file or an empty one."""
    try:
        with path.open("rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (FileNotFoundError, ValueError):
        return b""


def _page_size(file: mmap.mmap | bytes, log: mmap.mmap | bytes) -> int:
    """What header and log say; the usual one where neither can be read."""
    said = int.from_bytes(file[16:18], "big") if file[:16] == MAGIC else 0
    logged = int.from_bytes(log[8:12], "big")
    for size in (logged, 1 << 16 if said == 1 else said):
        if size in _SIZES:
            return size
    return _DEFAULT_SIZE
