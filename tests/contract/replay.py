"""A server that sends recorded bytes: what was captured of a gateway goes out as it is, however the connection is to end."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

STREAM = {"Content-Type": "text/event-stream"}


@dataclass(frozen=True)
class Reply:
    """`body` under `status`, with no length said: the connection's end is the body's.

    `end`: closed in order, reset, or left open until the server stops. `piece`, `pause`: bytes at a time, and seconds before each.
    """

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: STREAM)
    end: Literal["fin", "rst", "hold"] = "fin"
    piece: int = 0
    pause: float = 0.0


@dataclass
class Replay:
    """What was asked, in order; replies are used up in order, the last one again and again."""

    url: str
    replies: list[Reply]
    requests: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    keys: list[str] = field(default_factory=list[str])
    """Headers of authorization, in small letters."""
    over: threading.Event = field(default_factory=threading.Event)

    def give(self, *replies: Reply) -> None:
        self.replies[:] = replies


@contextlib.contextmanager
def replaying(*replies: Reply) -> Iterator[Replay]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        replay = Replay(f"http://127.0.0.1:{listener.getsockname()[1]}/v1", list(replies))
        accepting = threading.Thread(target=_accept, args=(listener, replay), daemon=True)
        accepting.start()
        try:
            yield replay
        finally:
            replay.over.set()
            listener.shutdown(socket.SHUT_RDWR)
            accepting.join(5)


def _accept(listener: socket.socket, replay: Replay) -> None:
    answering: list[threading.Thread] = []
    while not replay.over.is_set():
        try:
            connection, _ = listener.accept()
        except OSError:
            break
        answering.append(threading.Thread(target=_answer, args=(connection, replay), daemon=True))
        answering[-1].start()
    for thread in answering:
        thread.join(5)


def _answer(connection: socket.socket, replay: Replay) -> None:
    with connection, contextlib.suppress(OSError):
        head, _, body = _until(connection, b"", b"\r\n\r\n").partition(b"\r\n\r\n")
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        while len(body) < int(fields.get(b"content-length", b"0")):
            body += connection.recv(65536)
        replay.keys.append(fields.get(b"authorization", b"").decode())
        replay.requests.append(json.loads(body or b"{}"))
        reply = replay.replies.pop(0) if len(replay.replies) > 1 else replay.replies[0]
        headers = "".join(f"{name}: {value}\r\n" for name, value in reply.headers.items())
        connection.sendall(f"HTTP/1.1 {reply.status} Recorded\r\n{headers}Connection: close\r\n\r\n".encode())
        for piece in _cut(reply.body, reply.piece):
            if reply.pause:
                replay.over.wait(reply.pause)
            connection.sendall(piece)
        if reply.end == "hold":
            replay.over.wait()
        elif reply.end == "rst":
            replay.over.wait(0.05)  # what was sent is read first: a reset throws away what is still under way
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _until(connection: socket.socket, read: bytes, mark: bytes) -> bytes:
    while mark not in read:
        part = connection.recv(65536)
        if not part:
            raise OSError("the client went away")
        read += part
    return read


def _cut(body: bytes, size: int) -> Iterable[bytes]:
    return (body[start : start + size] for start in range(0, len(body), size)) if size else (body,)
