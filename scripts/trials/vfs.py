"""SQLite's way to the file system, watched: every call that changes a file passes an observer, which may note it or make it fail.

`watched(observer)` makes such a VFS the default for the block, so the real store runs through it unchanged. The pages of the shared
memory file are mapped by SQLite's own code and pass no observer; after a power loss nothing of them counts.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from typing import NamedTuple, Protocol

import apsw

_BASE = "unix"
_numbers = itertools.count()


class Call(NamedTuple):
    """One call. `size`: of `truncate`. `offset`, `data`: of `write`. `directory`: `delete` and the first `sync` harden the name."""

    kind: str
    file: str
    offset: int = 0
    data: bytes = b""
    size: int = 0
    directory: bool = False


class Observer(Protocol):
    """`before` may raise what SQLite is to be told; `after` hears of calls that succeeded. Called from any thread."""

    def before(self, call: Call) -> None: ...

    def after(self, call: Call) -> None: ...


class _File(apsw.VFSFile):
    """A file of SQLite's. Its journals' names are hardened with their first sync, as SQLite asks of a directory then."""

    def __init__(self, observer: Observer, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
        self._observer = observer
        self._name = name.filename() if isinstance(name, apsw.URIFilename) else name or ""
        self._hardens = bool(flags[0] & (apsw.SQLITE_OPEN_WAL | apsw.SQLITE_OPEN_MAIN_JOURNAL | apsw.SQLITE_OPEN_SUPER_JOURNAL))
        call = Call("open", self._name)
        observer.before(call)
        super().__init__(_BASE, name, flags)
        observer.after(call)

    def xWrite(self, data: bytes, offset: int) -> None:
        call = Call("write", self._name, offset, bytes(data))
        self._observer.before(call)
        super().xWrite(data, offset)
        self._observer.after(call)

    def xTruncate(self, newsize: int) -> None:
        call = Call("truncate", self._name, size=newsize)
        self._observer.before(call)
        super().xTruncate(newsize)
        self._observer.after(call)

    def xSync(self, flags: int) -> None:
        call = Call("sync", self._name, directory=self._hardens)
        self._observer.before(call)
        super().xSync(flags)
        self._hardens = False
        self._observer.after(call)

    def xLock(self, level: int) -> None:
        call = Call("lock", self._name)
        self._observer.before(call)
        super().xLock(level)
        self._observer.after(call)


class _Vfs(apsw.VFS):
    def __init__(self, name: str, observer: Observer) -> None:
        self._observer = observer
        super().__init__(name, _BASE)

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:
        return _File(self._observer, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:
        call = Call("delete", filename, directory=bool(syncdir))
        self._observer.before(call)
        super().xDelete(filename, syncdir)
        self._observer.after(call)


@contextmanager
def watched(observer: Observer) -> Generator[None]:
    """Every connection opened in this block passes the observer; close it before the block ends."""
    name = f"watched-{next(_numbers)}"
    vfs = _Vfs(name, observer)
    apsw.set_default_vfs(name)
    try:
        yield
    finally:
        apsw.set_default_vfs(_BASE)
        vfs.unregister()


class Failing:
    """Makes call `number` of `kind` (from 0) fail, once or from then on, until `over` is called.

    As an observer here, with this error of SQLite's; as a judge of `syscalls`, with this `errno`.
    """

    def __init__(self, kind: str, number: int, error: int, *, lasting: bool) -> None:
        self._kind, self._left, self._error, self._lasting = kind, number, error, lasting
        self.failed = 0
        self._over = False

    def judge(self, kind: str) -> int:
        if kind != self._kind or self._over:
            return 0
        self._left -= 1
        strikes = self._left == -1 or (self._lasting and self._left < 0)
        self.failed += strikes
        return self._error if strikes else 0

    def before(self, call: Call) -> None:
        if self.judge(call.kind):
            raise apsw.exception_for(self._error)

    def after(self, call: Call) -> None:
        """Nothing to note."""

    def over(self) -> None:
        """The fault is gone."""
        self._over = True


class Noting:
    """Lets everything pass and remembers it, as an observer and as a judge."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.kinds: Counter[str] = Counter()

    def judge(self, kind: str) -> int:
        self.kinds[kind] += 1
        return 0

    def before(self, call: Call) -> None:
        """Nothing is refused."""

    def after(self, call: Call) -> None:
        self.calls.append(call)
