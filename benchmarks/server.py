"""The fake API in a process of its own, so that its work is nobody else's. The prompt says what to stream: `text 2000 12 500`."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from claude_tui.fakeapi import Call, FakeApi, Say, Script

_WORDS = "The quick brown fox jumps over the lazy dog while the terminal keeps up with every word it says. "


class Stream(NamedTuple):
    """What a prompt asks for. `kind`: text or input (tool arguments). `rate`: deltas a second, 0 for as fast as can be."""

    kind: str
    deltas: int
    characters: int
    rate: int

    def prompt(self) -> str:
        return " ".join(str(field) for field in self)

    @classmethod
    def of(cls, prompt: str) -> Stream:
        kind, *numbers = prompt.split()
        return cls(kind, *(int(number) for number in numbers))

    @property
    def size(self) -> int:
        return self.deltas * self.characters


def arguments(size: int) -> str:
    """Structured tool arguments of exactly this many characters: many small objects, as a table of edits would be."""
    rows: list[str] = []
    room = size - len('{"rows":[],"rest":""}')
    while room > 0:
        row = json.dumps({"id": len(rows), "path": f"src/module_{len(rows) % 97}.py", "lines": [1, 2, 3], "text": _WORDS[:40]})
        rows.append(row)
        room -= len(row) + 1
    rest = room + len(rows.pop()) + 1
    return f'{{"rows":[{",".join(rows)}],"rest":"{"x" * rest}"}}'[: size - 2] + '"}'


def answer(body: dict[str, Any], n: int) -> Script:
    last = body["messages"][-1]["content"][-1]
    if last.get("type") != "text" or " " not in last["text"]:
        return Script((Say("Done."),))
    stream = Stream.of(last["text"])
    if stream.kind == "input":
        steps = (Call("swallow", raw=arguments(stream.size), chars=stream.characters),)
    else:
        steps = (Say((_WORDS * (stream.size // len(_WORDS) + 1))[: stream.size], chars=stream.characters),)
    return Script(steps, rate=float(stream.rate) or None)


async def _serve() -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with FakeApi(answer) as api:
        print(json.dumps({"url": api.url, "key": api.key}), flush=True)
        await stop.wait()


@contextmanager
def running() -> Iterator[tuple[str, str]]:
    """The server's address and key."""
    with subprocess.Popen([sys.executable, "-m", "benchmarks.server"], stdout=subprocess.PIPE, text=True) as process:
        try:
            told = json.loads(process.stdout.readline() if process.stdout else "{}")
            yield told["url"], told["key"]
        finally:
            process.terminate()


if __name__ == "__main__":
    asyncio.run(_serve())
