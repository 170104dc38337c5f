"""The server as a program of its own: one line of JSON when it listens, then requests until SIGINT or SIGTERM."""

from __future__ import annotations

import asyncio
import json
import signal

from .scenarios import plan_of
from .server import FakeApi


async def serve(scenario: str = "demo", port: int = 0, key: str | None = None) -> int:
    """Print `{"url", "key"}`, serve until a signal, return 0. An unknown scenario raises KeyError."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    api = FakeApi(plan_of(scenario), key, port)
    await api.start()
    try:
        print(json.dumps({"url": api.url, "key": api.key}), flush=True)
        await stop.wait()
    finally:
        await api.stop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
    return 0
