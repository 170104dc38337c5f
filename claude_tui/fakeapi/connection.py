"""One client connection: requests in, answers out, and a watch on the socket so that a client that leaves is noticed at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import monotonic
from typing import TypeAlias

import h11

from .records import Record, Records
from .reply import Gone, SocketReply

_READ = 65536
_MAX_BODY = 256 * 1024 * 1024


@dataclass(slots=True)
class Incoming:
    """A request as it came. `headers` have lower-case names; of a repeated header the last counts."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


Serve: TypeAlias = Callable[[Incoming, "Connection"], Awaitable[None]]


class Connection:
    """The life of a socket. `serve` answers one request through `reply`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, serve: Serve, records: Records) -> None:
        self._reader = reader
        self.writer = writer
        self._serve = serve
        self._records = records
        self.conn = h11.Connection(h11.SERVER, max_incomplete_event_size=65536)
        self.record: Record | None = None
        self.reply: SocketReply | None = None
        self._left_at: float | None = None

    async def run(self) -> None:
        """Serve requests until the connection ends."""
        try:
            while await self._turn():
                self.conn.start_next_cycle()
        except (ConnectionError, Gone):
            pass
        except h11.RemoteProtocolError as error:
            await self._malformed(error)
        finally:
            await self._close()

    async def _turn(self) -> bool:
        incoming = await self._request()
        if incoming is None:
            return False
        self.record = self.reply = None
        answer = asyncio.create_task(self._answer(incoming))
        watch = asyncio.create_task(self._watch())
        try:
            await asyncio.wait({answer, watch}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            watch.cancel()
            answer.cancel()
            results = await asyncio.gather(answer, watch, return_exceptions=True)
            self._settle(results[0])
        return (
            self._left_at is None
            and self.reply is not None
            and self.reply.keep_alive
            and self.conn.our_state is h11.DONE
            and self.conn.their_state is h11.DONE
        )

    async def _answer(self, incoming: Incoming) -> None:
        await self._serve(incoming, self)

    def _settle(self, result: BaseException | None) -> None:
        record = self.record
        if record is not None:
            if record.finished:
                record.finished_at = monotonic()
            elif self._left_at is not None or isinstance(result, Gone):
                record.closed_at = self._left_at or monotonic()
            self._records.touch()
        if result is not None and not isinstance(result, asyncio.CancelledError | Gone | ConnectionError):
            raise result

    async def _watch(self) -> None:
        """Until the client closes its end; what it sends meanwhile is kept for the next request."""
        while True:
            try:
                data = await self._reader.read(_READ)
            except ConnectionError:
                data = b""
            if not data:
                self._left_at = monotonic()
                return
            self.conn.receive_data(data)

    async def _request(self) -> Incoming | None:
        head: h11.Request | None = None
        body = bytearray()
        while True:
            event = self.conn.next_event()
            if event is h11.NEED_DATA:
                if self.conn.they_are_waiting_for_100_continue:
                    self.writer.write(self.conn.send(h11.InformationalResponse(status_code=100, headers=[])) or b"")
                data = await self._reader.read(_READ)
                self.conn.receive_data(data)
            elif isinstance(event, h11.Request):
                head = event
            elif isinstance(event, h11.Data):
                body += event.data
                if len(body) > _MAX_BODY:
                    return None
            elif isinstance(event, h11.EndOfMessage) and head is not None:
                headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in head.headers}
                return Incoming(head.method.decode(), head.target.decode("latin-1"), headers, bytes(body))
            else:
                return None

    async def _malformed(self, error: h11.RemoteProtocolError) -> None:
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            head = h11.Response(status_code=error.error_status_hint, headers=[("connection", "close")])
            data = (self.conn.send(head) or b"") + (self.conn.send(h11.EndOfMessage()) or b"")
            self.writer.write(data)

    async def _close(self) -> None:
        self.writer.close()
        try:
            await self.writer.wait_closed()
        except (ConnectionError, asyncio.CancelledError):
            self.writer.transport.abort()
