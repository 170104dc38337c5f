"""The fake API server: routes, authentication, validation, scripts. It listens on 127.0.0.1 and nowhere else.

`async with FakeApi(plan) as api` for tests that own a loop; `with FakeApi.in_thread(plan) as api` for everything else.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
from types import TracebackType

from .connection import Connection
from .dialect import OPENAI, Dialect
from .faults import Fault, Strike
from .records import ARRIVED, CLOSED, FINISHED, WAIT, Record, Records, reached
from .routes import Routes
from .script import Plan, Script
from .signing import DEMO_SECRET
from .thread import ThreadApi

HOST = "127.0.0.1"


def _bound(port: int) -> socket.socket:
    """A socket that holds the port without listening."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((HOST, port))
    except BaseException:
        sock.close()
        raise
    sock.setblocking(False)
    return sock


def _begins_refused(plan: Plan) -> bool:
    if callable(plan):
        return False
    scripts = [plan] if isinstance(plan, Script) else plan
    step = scripts[0].steps[0] if scripts and scripts[0].steps else None
    return (step.fault if isinstance(step, Strike) else step) is Fault.REFUSED


class FakeApi:
    """The server, on both wires at once: the path of a request decides.

    `plan`: one Script for every request, one Script after the other, or a callable (body, n) -> Script. The body a callable gets
    is in the words of the first wire whatever it came in; `body["wire"]` is `openai` for one that came on the second, and the
    record has it as it was. `dialect`: the habits the server has on the second wire.
    """

    def __init__(
        self,
        plan: Plan,
        key: str | None = None,
        port: int = 0,
        *,
        host: str = HOST,
        secret: bytes = DEMO_SECRET,
        dialect: Dialect = OPENAI,
    ) -> None:
        if host != HOST:
            raise ValueError(f"the fake API listens on {HOST} only, not on {host}")
        self.key = key or f"sk-fake-{secrets.token_urlsafe(24)}"
        self._plan = plan
        self._begins_refused = _begins_refused(plan)
        self._port = port
        self._socket: socket.socket | None = None
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.records = Records()
        self._routes = Routes(plan, self.key, secret, self.records, dialect)

    @classmethod
    def in_thread(
        cls, plan: Plan, key: str | None = None, port: int = 0, *, secret: bytes = DEMO_SECRET, dialect: Dialect = OPENAI
    ) -> ThreadApi:
        """The same server on a loop and thread of its own, behind synchronous calls."""
        return ThreadApi(lambda: cls(plan, key, port, secret=secret, dialect=dialect))

    async def __aenter__(self) -> FakeApi:
        await self.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.stop()
        failures = self._routes.failures
        if error is None and failures:
            raise RuntimeError(f"the fake API failed: {failures[0]!r}") from failures[0]

    async def start(self) -> None:
        """Bind, and listen unless the plan begins with a refused connection."""
        self._socket = _bound(self._port)
        self._port = self._socket.getsockname()[1]
        self._routes.set_port(self._port)
        if not self._begins_refused:
            await self.listen()

    async def listen(self) -> None:
        """Take connections. A refused connection that the plan began with is over then."""
        if self._server is None and self._socket is not None:
            if self._begins_refused and not isinstance(self._plan, Script):
                self._routes.skip()
            self._begins_refused = False
            self._server = await asyncio.start_server(self._connected, sock=self._socket, backlog=128)
            self._socket = None

    async def unlisten(self) -> None:
        """Refuse new connections, keeping the port; open ones go on."""
        if self._server is not None:
            self._server.close()
            self._server = None
            self._socket = _bound(self._port)

    async def stop(self) -> None:
        """Close everything."""
        if self._server is not None:
            self._server.close()
            self._server = None
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    @property
    def port(self) -> int:
        return self._port

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self._port}"

    @property
    def requests(self) -> list[Record]:
        """Every request so far, in order."""
        return self.records.all()

    @property
    def calls(self) -> list[Record]:
        """The requests for an answer so far, on any wire, refused ones included; the waits below count these."""
        return self.records.calls()

    def release(self, name: str) -> None:
        """Let one stream past `WaitFor(name)`."""
        self._routes.gates.release(name)

    async def wait_request(self, n: int = 0, timeout: float = WAIT) -> Record:
        """Until call number n (from 0) has arrived."""
        return await self.records.wait(self.records.ask("arrived", n, ARRIVED), timeout)

    async def wait_finished(self, n: int = 0, timeout: float = WAIT) -> Record:
        """Until call number n has been answered to its end, faults included."""
        return await self.records.wait(self.records.ask("finished", n, FINISHED), timeout)

    async def wait_closed(self, n: int = 0, timeout: float = WAIT) -> Record:
        """Until the client has left call number n before its end."""
        return await self.records.wait(self.records.ask("closed", n, CLOSED), timeout)

    async def wait_reached(self, n: int, name: str, timeout: float = WAIT) -> Record:
        """Until the answer to call number n stands at `WaitFor(name)`."""
        return await self.records.wait(self.records.ask(f"reached {name}", n, reached(name)), timeout)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(reader, writer, self._routes.serve, self.records)
        task = asyncio.get_running_loop().create_task(self._serve(connection))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, connection: Connection) -> None:
        try:
            await connection.run()
        except Exception as error:
            self._routes.failures.append(error)
