"""The system calls that SQLite makes, in our hands: each may be made to fail with an `errno`, as the kernel would.

SQLite lets a program replace them one by one. An error takes its real way from there, through SQLite's own code, which an exception
raised in a VFS does not: where SQLite passes over a failure (of a checkpoint, of closing), the exception would come out all the
same. Syncing is the one call that cannot be replaced; `vfs.watched` has that. The table is the whole process's.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Protocol

import apsw

_INT, _SIZE, _LONG, _POINTER, _TEXT = ctypes.c_int, ctypes.c_size_t, ctypes.c_longlong, ctypes.c_void_p, ctypes.c_char_p
_CALLS: dict[str, tuple[str, tuple[Any, ...]]] = {
    # name in SQLite: the kind of call, then the types of its result and arguments
    "open": ("open", (_INT, _TEXT, _INT, _INT)),
    "read": ("read", (_LONG, _INT, _POINTER, _SIZE)),
    "pread": ("read", (_LONG, _INT, _POINTER, _SIZE, _LONG)),
    "pread64": ("read", (_LONG, _INT, _POINTER, _SIZE, _LONG)),
    "write": ("write", (_LONG, _INT, _POINTER, _SIZE)),
    "pwrite": ("write", (_LONG, _INT, _POINTER, _SIZE, _LONG)),
    "pwrite64": ("write", (_LONG, _INT, _POINTER, _SIZE, _LONG)),
    "ftruncate": ("truncate", (_INT, _INT, _LONG)),
    "unlink": ("delete", (_INT, _TEXT)),
    "fcntl": ("lock", (_INT, _INT, _INT, _POINTER)),  # only where it takes a lock
    "mmap": ("map", (_POINTER, _POINTER, _SIZE, _INT, _INT, _INT, _LONG)),
}
KINDS = ("open", "read", "write", "truncate", "delete", "lock", "map")
ERRNOS = {
    "open": (errno.EMFILE,),
    "read": (errno.EIO,),
    "write": (errno.ENOSPC, errno.EIO),
    "truncate": (errno.EIO,),
    "delete": (errno.EACCES,),
    "lock": (errno.EIO,),
    "map": (errno.ENOMEM,),
}
"""What each kind fails with."""


class Judge(Protocol):
    """`judge` is told of every call before it is made, from any thread: 0 lets it pass, else it fails with that number."""

    def judge(self, kind: str) -> int: ...


@contextmanager
def judged(judge: Judge) -> Generator[None]:
    """Every system call SQLite makes in this block is judged first."""
    vfs = apsw.VFS("syscalls", "unix")
    replaced: list[tuple[str, int, object]] = []
    try:
        for name, (kind, types) in _CALLS.items():
            pointer = vfs.xGetSystemCall(name)
            if pointer:
                ours = _replacement(judge, kind, types, pointer)
                replaced.append((name, pointer, ours))  # kept alive as long as SQLite may call it
                vfs.xSetSystemCall(name, ctypes.cast(ours, _POINTER).value or 0)
        yield
    finally:
        for name, pointer, _ in replaced:
            vfs.xSetSystemCall(name, pointer)
        vfs.unregister()


def _replacement(judge: Judge, kind: str, types: tuple[Any, ...], pointer: int) -> Any:
    prototype = ctypes.CFUNCTYPE(*types, use_errno=True)
    real = prototype(pointer)

    def called(*arguments: Any) -> Any:
        counts = kind != "lock" or (arguments[1] == fcntl.F_SETLK and _lock_type(arguments[2]) != fcntl.F_UNLCK)
        number = judge.judge(kind) if counts else 0
        if number:
            ctypes.set_errno(number)
            return -1
        return real(*arguments)

    return prototype(called)


def _lock_type(pointer: int) -> int:
    """`l_type` of Linux's `struct flock`, its first member."""
    return ctypes.cast(pointer, ctypes.POINTER(ctypes.c_short))[0]
