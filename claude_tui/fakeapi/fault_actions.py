"""What each fault does, in terms of a Reply: the few moves a server can make on its socket.

An action either lets the answer go on (lossless oddities) or leaves `reply.over` true, after which nothing more is sent.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from email.utils import formatdate
from time import time
from typing import Any, Literal, Protocol, TypeAlias

from .encoding import Shape

WireName: TypeAlias = Literal["anthropic", "openai"]
Params: TypeAlias = Mapping[str, Any]


class Reply(Protocol):
    """One answer on one connection, as faults see it."""

    shape: Shape

    @property
    def wire_name(self) -> WireName:
        """The wire it is on."""
        ...

    @property
    def envelope(self) -> Mapping[str, Any]:
        """What every event of the answer carries."""
        ...

    @property
    def open_index(self) -> int | None:
        """The wire index of the block that is open."""
        ...

    async def answer(self, status: int, headers: Mapping[str, str], content_type: str, body: bytes) -> None:
        """A whole answer of its own; the script is over."""
        ...

    async def error(self, status: int, type_: str | None, message: str | None, code: str | None, extra: Params) -> None:
        """An error answer in the API's shape; the script is over."""
        ...

    async def payload(self, payload: Mapping[str, Any], name: str | None = None) -> None:
        """One event, in the stream's current shape."""
        ...

    async def raw(self, data: bytes) -> None:
        """Bytes of the body, framed as the body is."""
        ...

    async def unframed(self, data: bytes) -> None:
        """Bytes on the socket, past all framing."""
        ...

    async def finish(self) -> None:
        """The ordinary end of the body; the script is over."""
        ...

    async def fin(self) -> None:
        """Close the connection in order, whatever is missing; the script is over."""
        ...

    async def reset(self) -> None:
        """Close the connection with a TCP reset; the script is over."""
        ...

    async def silence(self, every: float | None) -> None:
        """Nothing, or pings of the wire alone, until the client goes away; the script is over."""
        ...


Action: TypeAlias = Callable[[Reply, Params], Awaitable[None]]


async def http_error(reply: Reply, params: Params) -> None:
    headers = dict(params.get("headers", {}))
    if "retry_after" in params:
        headers["retry-after"] = _retry_after(str(params["retry_after"]))
    status = int(params["status"])
    if params.get("html"):
        page = f"<html><head><title>{status}</title></head><body><h1>{status} Bad Gateway</h1></body></html>"
        await reply.answer(status, headers, "text/html", page.encode())
    else:
        await reply.error(status, params.get("type"), params.get("message"), params.get("error_code"), headers)


def _retry_after(value: str) -> str:
    """`date:+N` is an HTTP date N seconds from now; everything else stands as it is."""
    return formatdate(time() + float(value[5:]), usegmt=True) if value.startswith("date:") else value


async def refused(reply: Reply, params: Params) -> None:
    """A server whose first answer is this does not listen at all; met later, it resets the connection."""
    await reply.reset()


async def fin(reply: Reply, params: Params) -> None:
    await reply.fin()


async def rst(reply: Reply, params: Params) -> None:
    await reply.reset()


async def stall(reply: Reply, params: Params) -> None:
    await reply.silence(params.get("every"))


async def fin_mid_chunk(reply: Reply, params: Params) -> None:
    await reply.unframed(b"400\r\nevent: content_block_delta\r\n")
    await reply.fin()


async def last_chunk(reply: Reply, params: Params) -> None:
    await reply.finish()


async def half_event(reply: Reply, params: Params) -> None:
    await reply.raw(b'event: content_block_delta\ndata: {"type": "content_block_delta", "ind')
    await reply.fin()


async def error_event(reply: Reply, params: Params) -> None:
    error = {"type": params["type"], "message": params["message"]}
    await reply.payload({"type": "error", "error": error})
    await reply.finish()


async def error_not_json(reply: Reply, params: Params) -> None:
    await reply.raw(b"event: error\ndata: upstream connect error or disconnect\n\n")
    await reply.finish()


async def malformed_json(reply: Reply, params: Params) -> None:
    await reply.raw(b'event: content_block_delta\ndata: {"type": "content_block_delta", "index": 0, "delta": {\n\n')


async def invalid_utf8(reply: Reply, params: Params) -> None:
    index = reply.open_index or 0
    head = f'event: content_block_delta\ndata: {{"type":"content_block_delta","index":{index},'
    await reply.raw(head.encode() + b'"delta":{"type":"text_delta","text":"caf\xe9 \xff\xfe"}}\n\n')


async def junk(reply: Reply, params: Params) -> None:
    await reply.answer(200, {}, str(params["content_type"]), str(params["body"]).encode())


async def redirect(reply: Reply, params: Params) -> None:
    await reply.answer(int(params["status"]), {"location": str(params["location"])}, "text/plain", b"")


async def duplicate_message_start(reply: Reply, params: Params) -> None:
    message: dict[str, Any] = {
        "id": "msg_duplicate",
        "type": "message",
        "role": "assistant",
        "model": "claude-duplicate",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 999_999, "output_tokens": 1},
    }
    await reply.payload({"type": "message_start", "message": message})


async def unknown_event(reply: Reply, params: Params) -> None:
    await reply.payload({"type": "weather_report", "sky": "blue"})


async def unknown_delta(reply: Reply, params: Params) -> None:
    delta = {"type": "hologram_delta", "hologram": "?"}
    await reply.payload({"type": "content_block_delta", "index": reply.open_index or 0, "delta": delta})


async def delta_for_unknown_index(reply: Reply, params: Params) -> None:
    delta = {"type": "text_delta", "text": "nobody asked for this"}
    await reply.payload({"type": "content_block_delta", "index": 99, "delta": delta})
    await reply.payload({"type": "content_block_stop", "index": 99})


async def reused_index(reply: Reply, params: Params) -> None:
    """The open block ends, and its index opens another block; what follows goes into that one."""
    index = reply.open_index or 0
    await reply.payload({"type": "content_block_stop", "index": index})
    block = {"type": "text", "text": ""}
    await reply.payload({"type": "content_block_start", "index": index, "content_block": block})


async def events_after_stop(reply: Reply, params: Params) -> None:
    await reply.payload({"type": "message_stop"})
    block = {"type": "text", "text": ""}
    await reply.payload({"type": "content_block_start", "index": 7, "content_block": block})
    delta = {"type": "text_delta", "text": "after the end"}
    await reply.payload({"type": "content_block_delta", "index": 7, "delta": delta})
    await reply.payload({"type": "content_block_stop", "index": 7})
    await reply.finish()


async def open_after_stop(reply: Reply, params: Params) -> None:
    await reply.payload({"type": "message_stop"})
    await reply.silence(None)


async def huge_delta(reply: Reply, params: Params) -> None:
    delta = {"type": "text_delta", "text": "huge " * (int(params["size"]) // 5)}
    await reply.payload({"type": "content_block_delta", "index": reply.open_index or 0, "delta": delta})


async def shape(reply: Reply, params: Params) -> None:
    for name, value in params.items():
        setattr(reply.shape, name, value)
