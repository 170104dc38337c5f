"""What each request gets: host and key first, then the route, then for messages the validator and at last the script."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence
from typing import Any, NoReturn
from urllib.parse import parse_qs, unquote, urlsplit

from .connection import Connection, Incoming
from .faults import Fault, Strike
from .memory import Memory
from .models import MODELS, describe, find, listing
from .player import Gates, Player
from .records import Record, Records
from .refusal import ApiError
from .reply import Gone, SocketReply
from .script import Block, Plan, Script
from .shapes import as_dict
from .signing import Prefix, Signer, misplaced
from .usage import PromptCache, count_tokens
from .validate import MAX_BYTES, betas_of, validate
from .validate_messages import drops_unbound
from .wire_anthropic import Context, Wire

CONTROL = "/_fake/"


class Routes:
    """The server's state between requests, and its answers."""

    def __init__(self, plan: Plan, key: str, secret: bytes, records: Records) -> None:
        self._plan = plan
        self._key = key
        self._records = records
        self._signer = Signer(secret)
        self._memory = Memory()
        self._cache = PromptCache()
        self._hosts: set[str] = set()
        self._answers = self._serial = 0
        self.gates = Gates()
        self.failures: list[BaseException] = []
        for script in [plan] if isinstance(plan, Script) else [] if callable(plan) else plan:
            for step in script.steps:
                if isinstance(step, Block):
                    self._memory.sent(step.block)

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
        record = Record(-1, incoming.method, url.path, url.query, {})
        if not url.path.startswith(CONTROL):
            record = self._records.add(incoming.method, url.path, url.query, incoming.headers)
            record.body = _parsed(incoming.body)
        connection.record = record
        self._records.touch()
        reply = SocketReply(connection.conn, connection.writer, record, f"req_fake{self._serial:06d}")
        connection.reply = reply
        refusal = self._refusal(incoming)
        if refusal is not None:
            await self._refuse(reply, record, refusal)
        else:
            await self._route(incoming, url.path, url.query, record, reply)

    def _refusal(self, incoming: Incoming) -> ApiError | None:
        if incoming.headers.get("host", "").lower() not in self._hosts:
            return ApiError.of(403, message="This host name is not served here.")
        told = incoming.headers.get("authorization", "").removeprefix("Bearer ").strip()
        told = told or incoming.headers.get("x-api-key", "")
        if not told:
            return ApiError.of(401, message="x-api-key header is required")
        if not hmac.compare_digest(told.encode(), self._key.encode()):
            return ApiError.of(401, message="invalid x-api-key")
        return None

    async def _refuse(self, reply: SocketReply, record: Record, error: ApiError) -> None:
        record.error = error
        await reply.refuse(error)

    async def _route(self, incoming: Incoming, path: str, query: str, record: Record, reply: SocketReply) -> None:
        match (incoming.method, path):
            case ("POST", "/v1/messages"):
                await self._messages(incoming, record, reply)
            case ("POST", "/v1/messages/count_tokens"):
                await self._count(incoming, record, reply)
            case ("GET", "/v1/models"):
                page = listing(parse_qs(query))
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
                await self._refuse(reply, record, ApiError.of(404, message=f"Not found: {incoming.method} {path}"))

    async def _model(self, model_id: str, record: Record, reply: SocketReply) -> None:
        model = find(model_id)
        if model in MODELS:
            await reply.json(200, describe(model))
        else:
            await self._refuse(reply, record, ApiError.of(404, message=f"model: {model_id}"))

    def _invalid(self, incoming: Incoming, record: Record, counting: bool) -> ApiError | None:
        if len(incoming.body) > MAX_BYTES:
            return ApiError.of(413, message="Request exceeds the maximum size")
        if record.body is None:
            return ApiError.of(400, message="The request body is not valid JSON")
        error = validate(record.body, incoming.headers, self._signer, self._memory, counting=counting)
        if error is None and not counting:
            size, limit = count_tokens(record.body), find(str(record.body["model"])).context
            if size > limit:
                return ApiError.of(400, message=f"prompt is too long: {size} tokens > {limit} maximum")
        return error

    async def _count(self, incoming: Incoming, record: Record, reply: SocketReply) -> None:
        error = self._invalid(incoming, record, counting=True)
        if error is not None:
            await self._refuse(reply, record, error)
        else:
            await reply.json(200, {"input_tokens": count_tokens(record.body)})

    async def _messages(self, incoming: Incoming, record: Record, reply: SocketReply) -> None:
        waiting = self._peek(record)
        if not _needs_no_request(waiting):
            error = self._invalid(incoming, record, counting=False)
            if error is not None:
                await self._refuse(reply, record, error)
                return
            if record.body["max_tokens"] == 0:
                await self._play(Script(stop_reason="max_tokens"), incoming, record, reply)
                return
        record.answer = self._answers
        self._answers += 1
        try:
            script = waiting or self._called(record)
            if script is None:
                text = f"the script has no answer for request {record.answer}"
                await self._refuse(reply, record, ApiError.of(500, message=text))
            else:
                await self._play(script, incoming, record, reply)
        except (Gone, ConnectionError):
            raise
        except Exception as problem:
            self.failures.append(problem)
            await reply.error(500, None, f"the fake API's script failed: {problem!r}", None, {})
            if not reply.over:
                await reply.fin()

    def _peek(self, record: Record) -> Script | None:
        """The script that stands next for a call, as far as it is known without asking."""
        if (record.method, record.path) != ("POST", "/v1/messages") or callable(self._plan):
            return None
        if isinstance(self._plan, Script):
            return self._plan
        return self._plan[self._answers] if self._answers < len(self._plan) else None

    def _called(self, record: Record) -> Script | None:
        if not callable(self._plan) or record.answer is None:
            return None
        return self._plan(record.body, record.answer)

    async def _play(self, script: Script, incoming: Incoming, record: Record, reply: SocketReply) -> None:
        reply.close_framed = _close_framed(script)
        body = as_dict(record.body) or {}
        valid = not _needs_no_request(script)
        prefix = Prefix.of(body) if valid else Prefix({})
        tag = hashlib.sha256(f"{record.answer}".encode() + prefix.digest()).hexdigest()[:20]
        dropped = self._dropped(body, incoming) if valid else ()
        usage = self._cache.usage(body) if valid else {}
        context = Context(body, usage, tag, self._signer, prefix, dropped, self._memory.sent, self._memory.answered)
        wire = Wire(script, context, reply.shape)
        player = Player(reply, record, self.gates, self._records.touch)
        try:
            await (player.stream(script, wire) if body.get("stream") else player.whole(wire))
        finally:
            self._memory.answered(wire.blocks, None)

    def _dropped(self, body: dict[str, Any], incoming: Incoming) -> tuple[dict[str, Any], ...]:
        if not drops_unbound(body, betas_of(incoming.headers)):
            return ()
        paths = [f"messages.{wrong.message}.content.{wrong.block}" for wrong in misplaced(body, self._signer)]
        return tuple({"type": "drop_block", "path": path, "reason": "prefix_mismatch"} for path in paths)


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
