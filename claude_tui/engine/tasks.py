"""Work that a cancelled task still brings to its end: nobody would know of what is half done on disk otherwise."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

_T = TypeVar("_T")


async def to_the_end(work: Coroutine[Any, Any, _T]) -> tuple[_T, bool]:
    """`work` to its end, however often this task is cancelled meanwhile; and whether it was."""
    task = asyncio.ensure_future(work)
    cancelled = False
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled():
                raise
            cancelled = True
    return task.result(), cancelled


async def finished(work: Coroutine[Any, Any, _T]) -> _T:
    """`work` to its end; a cancellation is obeyed afterwards."""
    result, cancelled = await to_the_end(work)
    if cancelled:
        raise asyncio.CancelledError
    return result
