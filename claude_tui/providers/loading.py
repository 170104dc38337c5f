"""Importing an SDK without holding up the event loop.

A daemon thread, not an executor: a program that is told to stop while an SDK still loads need not wait for it.
"""

from __future__ import annotations

import asyncio
import importlib
import sys
import threading


async def import_in_thread(name: str) -> None:
    """Import module `name`; at once if it is loaded already."""
    if name in sys.modules:
        return
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def finish(error: BaseException | None) -> None:
        if not done.done():
            done.set_result(None) if error is None else done.set_exception(error)

    def load() -> None:
        error: BaseException | None = None
        try:
            importlib.import_module(name)
        except BaseException as problem:  # handed to whoever waits
            error = problem
        if not loop.is_closed():
            loop.call_soon_threadsafe(finish, error)

    threading.Thread(target=load, name=f"import {name}", daemon=True).start()
    await done
