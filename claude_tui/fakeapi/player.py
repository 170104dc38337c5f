"""Plays an answer to its end on a reply: the one place where a wire's actions meet the socket."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable

from .actions import Action, Bytes, Do, Emit, Head, Hold, Last, Wait, Wire
from .records import Record
from .reply import Pace, SocketReply
from .script import Script
from .shapes import as_dict


class Gates:
    """Named gates for WaitFor: each release lets one waiter through, before or after it comes."""

    def __init__(self) -> None:
        self._gates: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(0))

    def release(self, name: str) -> None:
        self._gates[name].release()

    async def wait(self, name: str) -> None:
        await self._gates[name].acquire()


class Player:
    """One script on one reply."""

    def __init__(self, reply: SocketReply, record: Record, gates: Gates, touch: Callable[[], None]) -> None:
        self._reply = reply
        self._record = record
        self._gates = gates
        self._touch = touch

    async def stream(self, script: Script, wire: Wire) -> None:
        """As server-sent events."""
        self._reply.wire = wire
        pace = Pace(script.rate, script.batch)
        for action in wire.actions():
            await self._play(action, pace)
            if self._reply.over:
                return
        await self._reply.finish()

    async def whole(self, wire: Wire) -> None:
        """As one JSON body: silences still last and faults that fail an answer still strike."""
        self._reply.wire = wire
        pace = Pace(None, 1)
        for action in wire.actions():
            if isinstance(action, Wait | Hold) or (isinstance(action, Do) and not action.fault.lossless):
                await self._play(action, pace)
            if self._reply.head_sent:
                await self._reply.finish()
            if self._reply.over:
                return
        message = wire.message()
        self._record.usage = as_dict(message.get("usage"))
        await self._reply.json(200, message)

    async def _play(self, action: Action, pace: Pace) -> None:
        reply = self._reply
        match action:
            case Emit():
                await reply.emit(action.name, action.data)
                if action.usage is not None:
                    self._record.usage = action.usage
                if action.paced:
                    await pace.step(reply)
                elif not pace.batching:
                    await reply.flush()
            case Head():
                await reply.head()
            case Bytes():
                await reply.raw(action.data)
            case Wait():
                await reply.flush()
                await asyncio.sleep(action.seconds)
                pace.restart()
            case Hold():
                await reply.flush()
                self._record.reached.append(action.name)
                self._touch()
                await self._gates.wait(action.name)
                pace.restart()
            case Do():
                await reply.flush()
                await action.fault.strike(reply, action.params)
            case Last():
                await reply.last()
