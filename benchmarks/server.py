"""The fake API in a process of its own, so that its work is nobody else's. The prompt says what to stream: `text 2000 12 500`."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from time import monotonic
from typing import IO, Any, NamedTuple

from benchmarks import texts
from claude_tui.fakeapi import Call, FakeApi, Fault, Pause, Phase, Say, Script, Step, Strike
from claude_tui.fakeapi import at as struck_at
from claude_tui.fakeapi.reply import SocketReply

FOREVER = 86_400.0
FAULT = "fault "
"""Begins a prompt that asks for a fault: its name, its phase, seconds until it strikes."""
PAUSE = 1.2
"""Seconds of silence between the parts of an answer."""
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
    """What a prompt asks for. `kind`: text, mixed (Markdown of every kind), input (tool arguments), or one of `texts.KINDS`.

    `rate`: deltas a second, 0 for as fast as can be. `batch`: deltas a write. For a kind of `texts`: `middle` characters come
    between the deltas and as many deltas again, with a pause before and after them, and `seed` says which marks stand in it.
    """

    kind: str
    deltas: int
    characters: int
    rate: int
    batch: int = 1
    middle: int = 0
    seed: int = 0

    def prompt(self) -> str:
        return " ".join(str(field) for field in self)

    @classmethod
    def of(cls, prompt: str) -> Stream:
        kind, *numbers = prompt.split()
        return cls(kind, *(int(number) for number in numbers))

    @property
    def size(self) -> int:
        return self.deltas * self.characters

    def sections(self) -> texts.Sections:
        """The deltas of a kind of `texts`."""
        return texts.sections(self.kind, self.deltas, self.characters, middle=self.middle, seed=self.seed)


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


def faulty(name: str, phase: str, seconds: str) -> Script:
    """An answer in which this fault strikes after so many seconds of silence; an odd shape is there from the start."""
    steps = list(struck_at(Fault(name), Phase(phase)).steps)
    strikes = next(n for n, step in enumerate(steps) if isinstance(step, Fault | Strike))
    steps.insert(strikes + Fault(name).lossless * (phase == Phase.BEFORE_HEADERS), Pause(float(seconds)))
    return Script(tuple(steps))


def answer(request: dict[str, Any], n: int) -> Script:
    content = request["messages"][-1]["content"]
    last = {"type": "text", "text": content} if isinstance(content, str) else content[-1]
    if last.get("type") != "text" or " " not in last["text"]:
        return Script((Say("Done."),))
    if last["text"].startswith(FAULT):
        return faulty(*last["text"].split()[1:])
    stream = Stream.of(last["text"])
    if stream.kind in texts.KINDS:
        steps = tuple(_marked_steps(stream.sections().parts))
    elif stream.kind == "input":
        steps = (Call("swallow", raw=arguments(stream.size), chars=stream.characters),)
    else:
        steps = (Say(body(stream), chars=stream.characters),)
    return Script(steps, rate=float(stream.rate) or None, batch=stream.batch)


def _marked_steps(parts: list[list[str]]) -> Iterator[Step]:
    """A delta each, a silence between the parts."""
    for number, part in enumerate(parts):
        if number:
            yield Pause(PAUSE)
        for at, piece in enumerate(part):
            last = number == len(parts) - 1 and at == len(part) - 1
            yield Say(piece, chars=len(piece), start=number == at == 0, stop=last)


class Sent:
    """When the delta that holds a mark was written to its socket, for the marks of one answer after the other."""

    def __init__(self) -> None:
        self._waiting: list[str] = []
        self._times: dict[str, float] = {}

    def watch(self) -> None:
        """From now on."""
        emit, flush, waiting, times = SocketReply.emit, SocketReply.flush, self._waiting, self._times

        async def watched_emit(self: SocketReply, name: str, data: str) -> None:
            await emit(self, name, data)
            marks = texts.MARK.findall(data)
            waiting.extend(marks)
            times.update(dict.fromkeys(marks, monotonic()))

        async def watched_flush(self: SocketReply) -> None:
            if waiting:
                times.update(dict.fromkeys(waiting, monotonic()))
                waiting.clear()
            await flush(self)

        SocketReply.emit, SocketReply.flush = watched_emit, watched_flush

    def take(self) -> dict[str, float]:
        """Those since the last time."""
        times = dict(self._times)
        self._times.clear()
        self._waiting.clear()
        return times


async def _report(api: FakeApi, sent: Sent) -> None:
    """A line for every answer that is over: when, whether the client had left before its end, and when its marks were sent."""
    for number in count():
        record = await api.records.wait(api.records.ask("over", number, lambda record: record.over), FOREVER)
        at = record.closed_at or record.finished_at
        print(json.dumps({"number": number, "at": at, "left": record.closed_at is not None, "sent": sent.take()}), flush=True)


async def _serve() -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    sent = Sent()
    sent.watch()
    async with FakeApi(answer) as api:
        print(json.dumps({"url": api.url, "key": api.key}), flush=True)
        reports = asyncio.create_task(_report(api, sent))
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
def running() -> Generator[Server]:
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
