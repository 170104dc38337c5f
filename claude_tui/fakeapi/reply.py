"""One answer on one socket: framing by h11, pacing by absolute time, and the moves faults need below both.

Once `over` is true nothing more is sent. `Gone` is raised when the socket no longer takes anything.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Mapping
from time import monotonic
from typing import Any

import h11

from .actions import Emit, Wire
from .encoding import Shape, dumps, encode, last_event
from .faults import WireName
from .records import Record
from .refusal import ApiError
from .speech import Speech

_YIELD_EVERY = 16


class Gone(Exception):
    """The client's end of the connection is closed."""


class SocketReply:
    """The Reply of a connection. With `close_framed` the body ends where the connection does, without chunks."""

    def __init__(self, conn: h11.Connection, writer: asyncio.StreamWriter, record: Record, request_id: str, speech: Speech) -> None:
        self._conn = conn
        self.speech = speech
        self._writer = writer
        self._record = record
        self._request_id = request_id
        self.close_framed = False
        self._pending = bytearray()
        self._flushes = 0
        self.shape = Shape()
        self.wire: Wire | None = None
        self.head_sent = False
        self.over = False
        self.keep_alive = True

    @property
    def wire_name(self) -> WireName:
        return self.speech.wire

    @property
    def envelope(self) -> Mapping[str, Any]:
        return self.wire.envelope if self.wire else {}

    @property
    def open_index(self) -> int | None:
        return self.wire.open_index if self.wire else None

    async def head(self) -> None:
        """The headers of a stream, once."""
        if self.head_sent or self.over:
            return
        self.head_sent = True
        self._record.status = 200
        headers = {**self._common(), "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache"}
        headers["connection" if self.close_framed else "transfer-encoding"] = "close" if self.close_framed else "chunked"
        if self.close_framed:
            self.keep_alive = False
            lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            await self.unframed(f"HTTP/1.1 200 OK\r\n{lines}\r\n".encode())
        else:
            await self.unframed(self._conn.send(h11.Response(status_code=200, headers=list(headers.items()))) or b"")

    def _common(self) -> dict[str, str]:
        return {self.speech.id_header: self._request_id, **self.speech.headers}

    async def answer(self, status: int, headers: Mapping[str, str], content_type: str, body: bytes) -> None:
        if self.over:
            return
        self.over = self.head_sent = self._record.finished = True
        self._record.status = status
        fields = {**self._common(), "content-type": content_type, **headers, "content-length": str(len(body))}
        reason = "Overloaded" if status == 529 else ""
        data = self._conn.send(h11.Response(status_code=status, headers=list(fields.items()), reason=reason.encode()))
        data = (data or b"") + (self._conn.send(h11.Data(data=body)) or b"")
        await self._write(data + (self._conn.send(h11.EndOfMessage()) or b""))

    async def json(self, status: int, body: Mapping[str, Any]) -> None:
        """A JSON answer."""
        await self.answer(status, {}, "application/json", json.dumps(body).encode())

    async def error(self, status: int, type_: str | None, message: str | None, code: str | None, extra: Mapping[str, Any]) -> None:
        await self.refuse(self.speech.error(status, type_, message, code), extra)

    async def refuse(self, error: ApiError, extra: Mapping[str, Any] | None = None) -> None:
        """An error in the wire's shape."""
        body = json.dumps(self.speech.error_body(error, self._request_id)).encode()
        await self.answer(error.status, {**(extra or {})}, "application/json", body)

    async def payload(self, payload: Mapping[str, Any], name: str | None = None) -> None:
        named = str(payload.get("type")) if self.speech.named else ""
        await self.emit(name or named, dumps(payload))
        await self.flush()

    async def ping(self) -> None:
        """A sign of life of the wire's own kind."""
        ping = self.speech.ping
        if isinstance(ping, Emit):
            await self.emit(ping.name, ping.data)
            await self.flush()
        else:
            await self.raw(ping.data)

    async def last(self) -> None:
        """What ends the stream, written with the last flush."""
        await self.put(last_event(*self.speech.stop, self.shape))

    async def emit(self, name: str, data: str) -> None:
        """An event, written with the next flush."""
        await self.head()
        self._pending += encode(name, data, self.shape)

    async def raw(self, data: bytes) -> None:
        await self.put(data)
        await self.flush()

    async def put(self, data: bytes) -> None:
        """Bytes of the body, written with the next flush."""
        await self.head()
        self._pending += data

    async def flush(self) -> None:
        """Write what was emitted."""
        if self.over or not self._pending:
            return
        data = bytes(self._pending)
        self._pending.clear()
        if self.shape.byte_pause is None:
            await self._write(self._framed(data))
            return
        for n in range(len(data)):
            await self._write(self._framed(data[n : n + 1]))
            if self.shape.byte_pause:
                await asyncio.sleep(self.shape.byte_pause)

    def _framed(self, data: bytes) -> bytes:
        return data if self.close_framed else b"%x\r\n%b\r\n" % (len(data), data)

    async def unframed(self, data: bytes) -> None:
        await self.flush()
        await self._write(data)

    async def _write(self, data: bytes) -> None:
        if self._writer.transport.is_closing():
            raise self._gone()
        self._writer.write(data)
        self._record.bytes_sent += len(data)
        self._flushes += 1
        try:
            await self._writer.drain()
        except ConnectionError:
            raise self._gone() from None
        if self._flushes % _YIELD_EVERY == 0:
            await asyncio.sleep(0)

    def _gone(self) -> Gone:
        self._record.finished = False
        return Gone()

    async def finish(self) -> None:
        """The last bytes go out in one write, so that a client that leaves on reading them left a finished answer."""
        if self.over:
            return
        await self.head()
        if self.shape.byte_pause is not None:
            await self.flush()
        data = self._framed(bytes(self._pending)) if self._pending else b""
        self._pending.clear()
        self.over = self._record.finished = True
        await self._write(data + (b"" if self.close_framed else self._conn.send(h11.EndOfMessage()) or b""))

    async def fin(self) -> None:
        await self.flush()
        self.over = self._record.finished = True
        self.keep_alive = False

    async def reset(self) -> None:
        await self.flush()
        self.over = self._record.finished = True
        self.keep_alive = False
        sock: socket.socket | None = self._writer.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    async def silence(self, every: float | None) -> None:
        await self.flush()
        self.keep_alive = False
        while every is not None:
            await asyncio.sleep(every)
            await self.ping()
        await asyncio.Event().wait()


class Pace:
    """Deltas at a steady rate: each has its own moment, so that late ones are caught up and nothing drifts."""

    def __init__(self, rate: float | None, batch: int) -> None:
        self._gap = 1 / rate if rate else 0.0
        self._batch = max(1, batch)
        self._due = monotonic()
        self._waiting = 0

    @property
    def batching(self) -> bool:
        """True when several deltas share a write, other events with them."""
        return self._batch > 1

    def restart(self) -> None:
        """After a deliberate silence."""
        self._due = monotonic()

    async def step(self, reply: SocketReply) -> None:
        """A delta has been emitted: write it when its time has come."""
        self._due += self._gap
        self._waiting += 1
        if self._waiting < self._batch:
            return
        self._waiting = 0
        wait = self._due - monotonic()
        if self._gap and wait > 0:
            await asyncio.sleep(wait)
        await reply.flush()
