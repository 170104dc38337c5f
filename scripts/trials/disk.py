"""A disk as it may be after the power went: what was synced, and none, some or all of what was written since.

`Recorder` notes what a program does to the files below a folder; `Disk` plays that up to a moment and gives images. A write that
was not synced is kept or lost in pieces of 512 bytes, each by itself; or the writes end somewhere, in the midst of one. Names
(created, renamed, deleted) change in their order, as file systems with a journal do it, and are hardened by SQLite's first sync of
a journal, by a synced deletion in their folder, and by syncing that.
"""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

from scripts.trials.vfs import Call, watched

SECTOR = 512


class Recorder:
    """An observer of `vfs` that keeps the calls, with the file's name relative to `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self.calls: list[Call] = []

    def moment(self) -> int:
        return len(self.calls)

    def before(self, call: Call) -> None:
        """Nothing is refused."""

    def after(self, call: Call) -> None:
        if call.kind != "lock":
            with self._lock:
                self.calls.append(call._replace(file=os.path.relpath(call.file, self._folder)))

    @contextmanager
    def recording(self) -> Generator[None]:
        """What SQLite does inside the block, and what is renamed and synced beside it."""
        replace, rename, fsync = os.replace, os.rename, os.fsync

        def moved(source: str | Path, target: str | Path, move: Callable[[str | Path, str | Path], None]) -> None:
            move(source, target)
            if str(target).startswith(str(self._folder)):
                self.after(Call("rename", str(target), data=os.path.relpath(source, self._folder).encode()))

        def synced(descriptor: int) -> None:
            fsync(descriptor)
            path = os.readlink(f"/proc/self/fd/{descriptor}")
            if path.startswith(str(self._folder)):
                self.after(Call("harden" if os.path.isdir(path) else "sync", path))

        with (
            watched(self),
            mock.patch.object(os, "replace", lambda source, target: moved(source, target, replace)),
            mock.patch.object(os, "rename", lambda source, target: moved(source, target, rename)),
            mock.patch.object(os, "fsync", synced),
        ):
            yield


@dataclass
class _Content:
    """Of one file: what is on the device, and the calls since."""

    durable: bytearray = field(default_factory=bytearray)
    pending: list[Call] = field(default_factory=list)


@dataclass(frozen=True)
class _Change:
    """Of a name: what it stands for from now on; None: it is gone."""

    name: str
    content: _Content | None


class Disk:
    def __init__(self, files: dict[str, bytes] | None = None) -> None:
        self._durable = {name: _Content(bytearray(data)) for name, data in (files or {}).items()}
        self._now = dict(self._durable)
        self._changes: list[_Change] = []

    def play(self, call: Call) -> None:
        """One more call."""
        name = call.file
        match call.kind:
            case "open":
                if name not in self._now:
                    self._change(name, _Content())
            case "rename":
                source = call.data.decode()
                self._change(name, self._now[source])
                self._change(source, None)
            case "delete":
                if name in self._now:
                    self._change(name, None)
            case "harden":
                self._harden("" if name == "." else name)
            case "sync":
                content = self._now.get(name) or _Content()  # a file that is none of SQLite's
                for one in content.pending:
                    _apply(content.durable, one)
                content.pending.clear()
            case _:
                self._now[name].pending.append(call)
        if call.directory:
            self._harden(os.path.dirname(name))

    def _change(self, name: str, content: _Content | None) -> None:
        self._changes.append(_Change(name, content))
        _rename(self._now, self._changes[-1])

    def _harden(self, folder: str) -> None:
        for change in self._changes:
            if os.path.dirname(change.name) == folder:
                _rename(self._durable, change)
        self._changes = [change for change in self._changes if os.path.dirname(change.name) != folder]

    def image(self, kept: str, chance: random.Random) -> dict[str, bytes]:
        """The files after a power cut now, with `none`, `all`, `some` or the `first` of what was not synced."""
        names = dict(self._durable)
        known = {"none": 0, "all": len(self._changes)}.get(kept)
        for change in self._changes[: chance.randint(0, len(self._changes)) if known is None else known]:
            _rename(names, change)
        likely = chance.random()
        image: dict[str, bytes] = {}
        for name, content in names.items():
            data = bytearray(content.durable)
            for piece in _kept(content.pending, kept, likely, chance):
                _apply(data, piece)
            image[name] = bytes(data)
        return image


def _rename(names: dict[str, _Content], change: _Change) -> None:
    if change.content is None:
        names.pop(change.name, None)
    else:
        names[change.name] = change.content


def _apply(data: bytearray, call: Call) -> None:
    if call.kind == "truncate":
        del data[call.size :]
        return
    if len(data) < call.offset:
        data.extend(bytes(call.offset - len(data)))
    data[call.offset : call.offset + len(call.data)] = call.data


def _kept(pending: list[Call], kept: str, likely: float, chance: random.Random) -> list[Call]:
    """What of these calls reached the device."""
    match kept:
        case "all":
            return pending
        case "some":
            return [piece for call in pending for piece in _survivors(call, likely, chance)]
        case "first":
            whole = chance.randint(0, len(pending))
            torn = [call._replace(data=call.data[: chance.randrange(len(call.data) + 1)]) for call in pending[whole : whole + 1]]
            return pending[:whole] + [call for call in torn if call.data]
        case _:
            return []


def _survivors(call: Call, likely: float, chance: random.Random) -> list[Call]:
    """The sectors of a write that reached the device; a truncation does or does not."""
    if call.kind == "truncate":
        return [call] if chance.random() < likely else []
    end = call.offset + len(call.data)
    starts = [call.offset, *range((call.offset // SECTOR + 1) * SECTOR, end, SECTOR)]
    bounds = zip(starts, [*starts[1:], end], strict=True)
    return [
        call._replace(offset=start, data=call.data[start - call.offset : stop - call.offset])
        for start, stop in bounds
        if chance.random() < likely
    ]
