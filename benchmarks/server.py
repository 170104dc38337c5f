"""The fake API in a process of its own, so that its work is nobody else's. The prompt says what to stream: `text 2000 12 500`."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import IO, Any, NamedTuple

from claude_tui.fakeapi import Call, FakeApi, Say, Script

FOREVER = 86_400.0
_WORDS = "The quick brown fox jumps over the lazy dog while the terminal keeps up with every word it says. "

_MIXED = """## What the numbers say

A paragraph with **strong words**, *soft ones*, `code` and a [link](https://example.com/somewhere), long enough to be wrapped.

- first, what was asked
- then what was found, in `src/module.py`
  - a detail of it
- 中文也要正确地换行，宽度要算对。

| name | count | share |
|:-----|------:|------:|
| one  |   120 |  12 % |
| two  |   880 |  88 % |

```python
def area(width: int, height: int) -> int:
    # The size of it.
    return width * height  # never negative
```

> What was said before, and by whom.

"""


class Stream(NamedTuple):
    """What a prompt asks for. `kind`: text, mixed (Markdown of every kind) or input (tool arguments).

    `rate`: deltas a second, 0 for as fast as can be.
    """

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


def body(stream: Stream) -> str:
    """The text it streams."""
    words = _MIXED if stream.kind == "mixed" else _WORDS
    return (words * (stream.size // len(words) + 1))[: stream.size]


def answer(request: dict[str, Any], n: int) -> Script:
    last = request["messages"][-1]["content"][-1]
    if last.get("type") != "text" or " " not in last["text"]:
        return Script((Say("Done."),))
    stream = Stream.of(last["text"])
    if stream.kind == "input":
        steps = (Call("swallow", raw=arguments(stream.size), chars=stream.characters),)
    else:
        steps = (Say(body(stream), chars=stream.characters),)
    return Script(steps, rate=float(stream.rate) or None)


async def _report(api: FakeApi) -> None:
    """A line for every answer that is over: when, and whether the client had left before its end."""
    for number in count():
        record = await api.records.wait(api.records.ask("over", number, lambda record: record.over), FOREVER)
        at = record.closed_at or record.finished_at
        print(json.dumps({"number": number, "at": at, "left": record.closed_at is not None}), flush=True)


async def _serve() -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with FakeApi(answer) as api:
        print(json.dumps({"url": api.url, "key": api.key}), flush=True)
        reports = asyncio.create_task(_report(api))
        await stop.wait()
        reports.cancel()


@dataclass(frozen=True, slots=True)
class Server:
    """The running server. `reports` is a pipe with a line for every answer that is over."""

    url: str
    key: str
    reports: IO[bytes]

    def report(self) -> dict[str, Any]:
        """The next of those lines; waits for it."""
        return json.loads(self.reports.readline())


@contextmanager
def running() -> Iterator[Server]:
    """A server in its own process."""
    command = [sys.executable, "-m", "benchmarks.server"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, bufsize=0) as process:
        try:
            if process.stdout is None:
                raise RuntimeError("no pipe")
            yield Server(**json.loads(process.stdout.readline()), reports=process.stdout)
        finally:
            process.terminate()


if __name__ == "__main__":
    asyncio.run(_serve())
