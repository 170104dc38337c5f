"""A small HTTP client of the tests' own: it shows the bytes, the headers and how the connection ended."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import h11
import pytest

MODEL = "claude-opus-5-5"
CHAT_MODEL = "gpt-fake"
CHAT_PATH = "/v1/chat/completions"


def ask(*messages: Any, **options: Any) -> dict[str, Any]:
    """A valid streaming request; strings are user messages."""
    rows = [{"role": "user", "content": row} if isinstance(row, str) else row for row in messages]
    return {"model": MODEL, "max_tokens": 1000, "stream": True, "messages": rows or [user("hi")], **options}


def chat(*messages: Any, **options: Any) -> dict[str, Any]:
    """A valid streaming request of the second wire that asks for usage; strings are user messages."""
    rows = [{"role": "user", "content": row} if isinstance(row, str) else row for row in messages]
    base: dict[str, Any] = {"model": CHAT_MODEL, "stream": True, "stream_options": {"include_usage": True}}
    return {key: value for key, value in {**base, "messages": rows or [user("hi")], **options}.items() if value is not ...}


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


def assistant(*blocks: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": list(blocks)}


def events_of(body: bytes) -> list[dict[str, Any]]:
    """The JSON payloads of an event stream, by the data lines alone."""
    text = body.decode("utf-8", "replace").lstrip("\ufeff")
    lines = re.split(r"\r\n|\n|\r", text)
    data = [line.removeprefix("data:").strip() for line in lines if line.startswith("data:")]
    return [json.loads(line) for line in data if line.startswith("{")]


def blocks_of(body: bytes) -> list[dict[str, Any]]:
    """The blocks of a well-formed event stream."""
    blocks: dict[int, dict[str, Any]] = {}
    raw: dict[int, str] = {}
    for event in events_of(body):
        kind = event["type"]
        if kind == "content_block_start":
            blocks[event["index"]] = event["content_block"]
        elif kind == "content_block_delta":
            block, delta = blocks[event["index"]], event["delta"]
            if delta["type"] == "text_delta":
                block["text"] += delta["text"]
            elif delta["type"] == "thinking_delta":
                block["thinking"] += delta["thinking"]
            elif delta["type"] == "signature_delta":
                block["signature"] = delta["signature"]
            elif delta["type"] == "citations_delta":
                block.setdefault("citations", []).append(delta["citation"])
            elif delta["type"] == "input_json_delta":
                raw[event["index"]] = raw.get(event["index"], "") + delta["partial_json"]
    for index, text in raw.items():
        blocks[index]["input"] = json.loads(text)
    return [blocks[index] for index in sorted(blocks)]


@dataclass
class Completion:
    """A chat completion put together from its chunks, leniently."""

    text: str = ""
    reasoning: str = ""
    calls: list[dict[str, Any]] = field(default_factory=list)
    finish: str | None = None
    usage: dict[str, Any] | None = None

    @classmethod
    def of(cls, chunks: list[dict[str, Any]]) -> Completion:
        told = cls()
        for chunk in chunks:
            told.usage = chunk.get("usage") or told.usage
            for choice in chunk.get("choices") or []:
                if choice["index"] == 0:
                    told.finish = choice.get("finish_reason") or told.finish
                    told._take(choice["delta"] or {})
        return told

    def _take(self, delta: dict[str, Any]) -> None:
        self.text += delta.get("content") or ""
        self.reasoning += delta.get("reasoning_content") or delta.get("reasoning") or ""
        for fragment in delta.get("tool_calls", ()):
            if fragment["function"].get("name"):
                self.calls.append({"id": fragment.get("id"), "name": fragment["function"]["name"], "arguments": ""})
            self.calls[-1]["arguments"] += fragment["function"]["arguments"]


@dataclass
class Answer:
    """What came back. `end`: complete, eof (without the framing's end), reset."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    end: str = "eof"

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def events(self) -> list[dict[str, Any]]:
        return events_of(self.body)

    @property
    def blocks(self) -> list[dict[str, Any]]:
        return blocks_of(self.body)

    @property
    def completion(self) -> Completion:
        return Completion.of(self.events)

    @property
    def message(self) -> str:
        return self.json["error"]["message"]

    @property
    def stop_reason(self) -> str:
        return next(event["delta"]["stop_reason"] for event in self.events if event["type"] == "message_delta")


class Client:
    """One connection to the fake API."""

    def __init__(self, api: Any) -> None:
        self.api = api
        self.conn = h11.Connection(h11.CLIENT)
        self.reader: asyncio.StreamReader
        self.writer: asyncio.StreamWriter

    async def __aenter__(self) -> Client:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.api.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()

    def close(self) -> None:
        self.writer.close()

    async def send(
        self, body: Any = None, method: str = "POST", path: str = "/v1/messages", headers: dict[str, str] | None = None
    ) -> None:
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        fields = {
            "host": f"127.0.0.1:{self.api.port}",
            "authorization": f"Bearer {self.api.key}",
            "anthropic-version": "2026-10-21",
            "content-type": "application/json",
            "content-length": str(len(data)),
            **(headers or {}),
        }
        request = h11.Request(method=method, target=path, headers=[(k, v) for k, v in fields.items() if v])
        self.writer.write(self.conn.send(request) + self.conn.send(h11.Data(data=data)) + self.conn.send(h11.EndOfMessage()))
        await self.writer.drain()

    async def read(self, until: Callable[[bytes], bool] = lambda body: False) -> Answer:
        """The answer to its end, or until the body satisfies `until`."""
        answer = Answer()
        try:
            while True:
                event = self.conn.next_event()
                if event is h11.NEED_DATA:
                    self.conn.receive_data(await self.reader.read(65536))
                elif isinstance(event, h11.InformationalResponse):
                    continue
                elif isinstance(event, h11.Response):
                    answer.status = event.status_code
                    answer.headers = {name.decode(): value.decode() for name, value in event.headers}
                elif isinstance(event, h11.Data):
                    answer.body += event.data
                    if until(answer.body):
                        return answer
                elif isinstance(event, h11.EndOfMessage):
                    answer.end = "complete"
                    return answer
                else:
                    return answer
        except ConnectionResetError:
            answer.end = "reset"
        except h11.RemoteProtocolError:
            answer.end = "eof"
        return answer

    async def ask(self, body: Any = None, **how: Any) -> Answer:
        await self.send(ask() if body is None and how.get("method", "POST") == "POST" else body, **how)
        answer = await self.read()
        if self.conn.our_state is h11.DONE and self.conn.their_state is h11.DONE:
            self.conn.start_next_cycle()
        return answer


class Kit:
    """What the tests share."""

    client = staticmethod(Client)
    ask = staticmethod(ask)
    chat = staticmethod(chat)
    user = staticmethod(user)
    assistant = staticmethod(assistant)
    events_of = staticmethod(events_of)

    async def once(self, api: Any, body: Any = None, **how: Any) -> Answer:
        """One request on a connection of its own."""
        async with self.client(api) as client:
            return await client.ask(body, **how)

    async def completed(self, api: Any, body: Any = None, **how: Any) -> Answer:
        """One request of the second wire on a connection of its own."""
        return await self.once(
            api, chat() if body is None else body, path=CHAT_PATH, **{"headers": {"anthropic-version": ""}, **how}
        )


@pytest.fixture
def kit() -> Kit:
    return Kit()
