"""What each request gets: host and key first, then the route, then for messages the validator and at last the script."""

from __future__ import annotations

import hmac
import json
from collections.abc import Sequence
from typing import Any, NoReturn
from urllib.parse import parse_qs, unquote, urlsplit

from .connection import Connection, Incoming
from .dialect import Dialect
from .endpoints import ChatEndpoint, Endpoint, MessagesEndpoint
from .faults import Fault, Strike, WireName
from .models import MODELS, chat_listing, describe, describe_for_chat, find, listing
from .player import Gates, Player
from .records import Record, Records
from .refusal import ApiError
from .reply import Gone, SocketReply
from .script import Plan, Script
from .shapes import as_dict
from .speech import CALLS, SPEECHES, wire_of
from .usage import PromptCache, count_tokens

CONTROL = "/_fake/"


class Routes:
    """The server's state between requests, and its answers."""

    def __init__(self, plan: Plan, key: str, secret: bytes, records: Records, dialect: Dialect) -> None:
        self._plan = plan
        self._key = key
        self._records = records
        cache = PromptCache()
        self._messages = MessagesEndpoint(secret, cache)
        self._endpoints: dict[WireName, Endpoint] = {"anthropic": self._messages, "openai": ChatEndpoint(dialect, cache)}
        self._hosts: set[str] = set()
        self._answers = self._serial = 0
        self.gates = Gates()
        self.failures: list[BaseException] = []
        for script in [plan] if isinstance(plan, Script) else [] if callable(plan) else plan:
            for endpoint in self._endpoints.values():
                endpoint.expect(script)

    def set_port(self, port: int) -> None:
        """The Host headers to take."""
        self._hosts = {f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")}

    def skip(self) -> None:
        """The script that stands next has been played without a request: a refused connection."""
        self._answers += 1

    async def serve(self, incoming: Incoming, connection: Connection) -> None:
        """Answer one request."""
        url = urlsplit(incoming.target)
        self._serial += 1
        wire = wire_of(url.path, incoming.headers)
        record = Record(-1, incoming.method, url.path, url.query, {}, wire)
        if not url.path.startswith(CONTROL):
            record = self._records.add(incoming.method, url.path, url.query, incoming.headers, wire)
            record.body = _parsed(incoming.body)
        connection.record = record
        self._records.touch()
        reply = SocketReply(connection.conn, connection.writer, record, f"req_fake{self._serial:06d}", SPEECHES[wire])
        connection.reply = reply
        refusal = self._refusal(incoming, wire)
        if refusal is not None:
            await self._refuse(reply, record, refusal)
        else:
            await self._route(incoming, url.path, url.query, record, reply)

    def _refusal(self, incoming: Incoming, wire: WireName) -> ApiError | None:
        speech = SPEECHES[wire]
        if incoming.headers.get("host", "").lower() not in self._hosts:
            return speech.error(403, None, "This host name is not served here.")
        key = next((key for name in speech.key_headers if (key := _key_in(name, incoming.headers.get(name, "")))), None)
        if key is None:
            return speech.error(401, None, speech.no_key, "")
        if not hmac.compare_digest(key.encode(), self._key.encode()):
            return speech.error(401)
        return None

    async def _refuse(self, reply: SocketReply, record: Record, error: ApiError) -> None:
        record.error = error
        await reply.refuse(error)

    async def _route(self, incoming: Incoming, path: str, query: str, record: Record, reply: SocketReply) -> None:
        match (incoming.method, path):
            case ("POST", _) if path in CALLS:
                await self._call(incoming, record, reply)
            case ("POST", "/v1/messages/count_tokens"):
                await self._count(incoming, record, reply)
            case ("GET", "/v1/models"):
                page = listing(parse_qs(query)) if record.wire == "anthropic" else chat_listing()
                if page is None:
                    await self._refuse(reply, record, ApiError.of(400, message="limit, after_id or before_id is not valid"))
                else:
                    await reply.json(200, page)
            case ("GET", _) if path.startswith("/v1/models/"):
                await self._model(unquote(path.removeprefix("/v1/models/")), record, reply)
            case ("GET", "/_fake/requests"):
                await reply.json(200, {"requests": [row.to_json() for row in self._records.all()]})
            case ("POST", _) if path.startswith("/_fake/release/"):
                self.gates.release(unquote(path.removeprefix("/_fake/release/")))
                await reply.json(200, {})
            case _:
                error = reply.speech.error(404, None, f"Not found: {incoming.method} {path}", "")
                await self._refuse(reply, record, error)

    async def _model(self, model_id: str, record: Record, reply: SocketReply) -> None:
        model = find(model_id)
        if model in MODELS:
            await reply.json(200, describe(model) if record.wire == "anthropic" else describe_for_chat(model))
        elif record.wire == "anthropic":
            await self._refuse(reply, record, ApiError.of(404, message=f"model: {model_id}"))
        else:
            text = f"The model '{model_id}' does not exist"
            await self._refuse(reply, record, reply.speech.error(404, None, text, "model_not_found"))

    async def _count(self, incoming: Incoming, record: Record, reply: SocketReply) -> None:
        error = self._messages.invalid(incoming, record.body, counting=True)
        if error is not None:
            await self._refuse(reply, record, error)
        else:
            await reply.json(200, {"input_tokens": count_tokens(record.body)})

    async def _call(self, incoming: Incoming, record: Record, reply: SocketReply) -> None:
        endpoint = self._endpoints[record.wire]
        waiting = self._peek()
        if not _needs_no_request(waiting):
            error = endpoint.invalid(incoming, record.body)
            if error is not None:
                await self._refuse(reply, record, error)
                return
            unplanned = endpoint.unplanned(record.body)
            if unplanned is not None:
                await self._play(unplanned, incoming, record, reply)
                return
        record.answer = self._answers
        self._answers += 1
        try:
            script = waiting or self._called(endpoint, record)
            if script is None:
                text = f"the script has no answer for request {record.answer}"
                await self._refuse(reply, record, reply.speech.error(500, None, text))
            else:
                await self._play(script, incoming, record, reply)
        except (Gone, ConnectionError):
            raise
        except Exception as problem:
            self.failures.append(problem)
            await reply.error(500, None, f"the fake API's script failed: {problem!r}", None, {})
            if not reply.over:
                await reply.fin()

    def _peek(self) -> Script | None:
        """The script that stands next, as far as it is known without asking."""
        if callable(self._plan):
            return None
        if isinstance(self._plan, Script):
            return self._plan
        return self._plan[self._answers] if self._answers < len(self._plan) else None

    def _called(self, endpoint: Endpoint, record: Record) -> Script | None:
        if not callable(self._plan) or record.answer is None:
            return None
        return self._plan(endpoint.told(record.body), record.answer)

    async def _play(self, script: Script, incoming: Incoming, record: Record, reply: SocketReply) -> None:
        reply.close_framed = _close_framed(script)
        body = as_dict(record.body) or {}
        endpoint = self._endpoints[record.wire]
        valid = {} if _needs_no_request(script) else body
        wire = endpoint.wire(script, incoming, valid, record.answer, reply.shape)
        player = Player(reply, record, self.gates, self._records.touch)
        try:
            await (player.stream(script, wire) if body.get("stream") else player.whole(wire))
        finally:
            endpoint.over(wire)


def _key_in(name: str, value: str) -> str:
    """The key a header carries."""
    if name != "authorization":
        return value
    return value.removeprefix("Bearer ").strip() if value.startswith("Bearer ") else ""


def _parsed(data: bytes) -> Any:
    """The body, None when it is not JSON as the API reads it."""
    try:
        return json.loads(data, parse_constant=_no_constant) if data else None
    except (ValueError, RecursionError):
        return None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _faults(script: Script | None) -> Sequence[Fault]:
    steps = script.steps if script else ()
    return [step.fault if isinstance(step, Strike) else step for step in steps if isinstance(step, Fault | Strike)]


def _close_framed(script: Script | None) -> bool:
    """Whether a fault of the script needs a body that ends where the connection does."""
    return any(fault.value.close_framed for fault in _faults(script))


def _needs_no_request(script: Script | None) -> bool:
    if script is None or not script.steps:
        return False
    first = script.steps[0]
    fault = first.fault if isinstance(first, Strike) else first
    return isinstance(fault, Fault) and fault.before_request
