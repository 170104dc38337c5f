"""Requests in short words, for the tests of the validator."""

from __future__ import annotations

import base64
import struct
from typing import Any

from claude_tui.fakeapi.memory import Memory
from claude_tui.fakeapi.refusal import ApiError
from claude_tui.fakeapi.signing import Signer
from claude_tui.fakeapi.validate import validate

VERSION = {"anthropic-version": "2026-10-21"}
SIGNER = Signer(b"test")


def u(*content: Any) -> dict[str, Any]:
    return {
        "role": "user",
        "content": content[0] if len(content) == 1 and isinstance(content[0], str) else list(content),
    }


def a(*content: Any) -> dict[str, Any]:
    return {
        "role": "assistant",
        "content": content[0] if len(content) == 1 and isinstance(content[0], str) else list(content),
    }


def s(content: Any) -> dict[str, Any]:
    return {"role": "system", "content": content}


def text(value: str, **more: Any) -> dict[str, Any]:
    return {"type": "text", "text": value, **more}


def use(tool_id: str, **more: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": tool_id, "name": "clock", "input": {}, **more}


def result(tool_id: str, content: Any = "ok", **more: Any) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": tool_id, "content": content, **more}


def png(width: int = 10, height: int = 10) -> str:
    return base64.b64encode(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", width, height)).decode()


def image(data: str, media: str = "image/png", **more: Any) -> dict[str, Any]:
    return {"type": "image", "source": {"type": "base64", "media_type": media, "data": data}, **more}


def document(**source: Any) -> dict[str, Any]:
    return {"type": "document", "source": source}


TOOL = {"name": "clock", "description": "Tells the time.", "input_schema": {"type": "object", "properties": {}}}
MARK = {"cache_control": {"type": "ephemeral"}}
HOUR = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
PDF = base64.b64encode(b"%PDF-1.7 ...").decode()
JPEG = base64.b64encode(b"\xff\xd8\xff\xe0" + b"\0" * 20).decode()
MANY = [image(png()) for _ in range(20)]


def check(body: dict[str, Any], memory: Memory | None = None, counting: bool = False, **headers: str) -> ApiError | None:
    base: dict[str, Any] = {"model": "claude-opus-5", "max_tokens": 1000, "messages": [u("hi")]}
    if counting:
        del base["max_tokens"]
    request = {key: value for key, value in {**base, **body}.items() if value is not ...}
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return validate(request, {**VERSION, **names}, SIGNER, memory or Memory(), counting=counting)


def on(model: str, **body: Any) -> dict[str, Any]:
    return {"model": f"claude-{model}", **body}
