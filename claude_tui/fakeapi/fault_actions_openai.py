"""What faults do on the second wire, where the bytes differ from the first: the same moves, in chunks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .fault_actions import Params, Reply

_WHOLE = {
    "id": "chatcmpl-whole",
    "object": "chat.completion",
    "created": 1_790_000_000,
    "model": "whole",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "All at once."}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8},
}


async def _chunk(reply: Reply, delta: Mapping[str, Any] | None, index: int = 0, **more: Any) -> None:
    choice = {"index": index, "delta": delta, "finish_reason": None}
    await reply.payload({**reply.envelope, **more, "choices": [choice]})


async def fin_mid_chunk(reply: Reply, params: Params) -> None:
    await reply.unframed(b'400\r\ndata: {"id":"chatcmpl-')
    await reply.fin()


async def half_event(reply: Reply, params: Params) -> None:
    await reply.raw(b'data: {"id":"chatcmpl-half","object":"chat.completion.chunk","choices":[{"index":0,"del')
    await reply.fin()


async def error_event(reply: Reply, params: Params) -> None:
    error = {"message": params["message"], "type": params["type"], "param": None, "code": params.get("code")}
    await reply.payload({"error": error})
    await reply.finish()


async def error_without_error(reply: Reply, params: Params) -> None:
    await reply.raw(b'event: error\ndata: {"message":"upstream provider failed","type":"server_error","code":500}\n\n')
    await reply.finish()


async def numeric_error(reply: Reply, params: Params) -> None:
    await reply.payload({"error": {"code": params["code"], "message": params["message"]}})
    await reply.finish()


async def malformed_json(reply: Reply, params: Params) -> None:
    await reply.raw(b'data: {"id":"chatcmpl-bad","object":"chat.completion.chunk","choices":[{"index":0,"delta":{\n\n')


async def invalid_utf8(reply: Reply, params: Params) -> None:
    await reply.raw(b'data: {"id":"chatcmpl-bad","choices":[{"index":0,"delta":{"content":"caf\xe9 \xff\xfe"}}]}\n\n')


async def whole(reply: Reply, params: Params) -> None:
    await reply.answer(200, {}, "application/json", json.dumps(_WHOLE).encode())


async def second_start(reply: Reply, params: Params) -> None:
    await _chunk(reply, {"role": "assistant", "content": ""}, id="chatcmpl-duplicate", model="gpt-duplicate")


async def unknown_event(reply: Reply, params: Params) -> None:
    await reply.payload({"object": "weather.report", "sky": "blue"})


async def unknown_delta(reply: Reply, params: Params) -> None:
    await _chunk(reply, {"hologram": "?"})


async def second_choice(reply: Reply, params: Params) -> None:
    await _chunk(reply, {"content": "nobody asked for this"}, index=1)


async def chunks_after_done(reply: Reply, params: Params) -> None:
    await reply.raw(b"data: [DONE]\n\n")
    await _chunk(reply, {"content": "after the end"})
    await reply.finish()


async def open_after_done(reply: Reply, params: Params) -> None:
    await reply.raw(b"data: [DONE]\n\n")
    await reply.silence(None)


async def huge_delta(reply: Reply, params: Params) -> None:
    await _chunk(reply, {"content": "huge " * (int(params["size"]) // 5)})


async def null_choices(reply: Reply, params: Params) -> None:
    await reply.payload({**reply.envelope, "choices": None})


async def empty_choices(reply: Reply, params: Params) -> None:
    await reply.payload({**reply.envelope, "choices": []})


async def null_delta(reply: Reply, params: Params) -> None:
    await _chunk(reply, None)
