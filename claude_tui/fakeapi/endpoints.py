"""What the two wires do with a request for an answer: refuse it, tell a plan what it says, render a script for it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Protocol

from .actions import Wire
from .compaction import compacting
from .connection import Incoming
from .dialect import Dialect
from .encoding import Shape
from .memory import ChatMemory, Memory
from .models import find
from .refusal import ApiError
from .script import Block, Script
from .signing import Prefix, Signer, misplaced
from .translate import as_messages_body
from .usage import PromptCache, count_tokens
from .validate import MAX_BYTES, betas_of, validate
from .validate_messages import drops_unbound
from .validate_openai import validate_chat
from .wire_anthropic import Context
from .wire_anthropic import Wire as MessagesWire
from .wire_openai import ChatContext, ChatWire


class Endpoint(Protocol):
    """One wire's part of an answer. Bodies are JSON objects; only `invalid` gets any value."""

    def expect(self, script: Script) -> None:
        """This script will be played: what it sends may come back, also from before the server started."""
        ...

    def invalid(self, incoming: Incoming, body: object) -> ApiError | None:
        """The API's refusal."""
        ...

    def told(self, body: dict[str, Any]) -> dict[str, Any]:
        """The body as a plan reads it."""
        ...

    def unplanned(self, body: Mapping[str, Any]) -> Script | None:
        """The answer to a request that takes no script."""
        ...

    def wire(self, script: Script, incoming: Incoming, body: dict[str, Any], number: int | None, shape: Shape) -> Wire:
        """The answer. An empty body stands for a request nobody looked at."""
        ...

    def over(self, wire: Wire) -> None:
        """Nothing more of it will be sent."""
        ...


class MessagesEndpoint:
    """POST /v1/messages."""

    def __init__(self, secret: bytes, cache: PromptCache) -> None:
        self._signer = Signer(secret)
        self._memory = Memory()
        self._cache = cache

    def expect(self, script: Script) -> None:
        for step in script.steps:
            if isinstance(step, Block):
                self._memory.sent(step.block)

    def invalid(self, incoming: Incoming, body: object, *, counting: bool = False) -> ApiError | None:
        if len(incoming.body) > MAX_BYTES:
            return ApiError.of(413, message="Request exceeds the maximum size")
        if body is None:
            return ApiError.of(400, message="The request body is not valid JSON")
        error = validate(body, incoming.headers, self._signer, self._memory, counting=counting)
        if error is None and not counting and isinstance(body, dict):
            size, limit = count_tokens(body), find(str(body["model"])).context  # pyright: ignore[reportUnknownArgumentType]
            if size > limit:
                return ApiError.of(400, message=f"prompt is too long: {size} tokens > {limit} maximum")
        return error

    def told(self, body: dict[str, Any]) -> dict[str, Any]:
        return body

    def unplanned(self, body: Mapping[str, Any]) -> Script | None:
        """A warm-up of the cache."""
        return Script(stop_reason="max_tokens") if body.get("max_tokens") == 0 else None

    def wire(self, script: Script, incoming: Incoming, body: dict[str, Any], number: int | None, shape: Shape) -> Wire:
        prefix = Prefix.of(body)
        tag = hashlib.sha256(f"{number}".encode() + prefix.digest()).hexdigest()[:20]
        dropped = self._dropped(body, incoming) if body else ()
        usage = self._cache.usage(body) if body else {}
        context = Context(body, usage, tag, self._signer, prefix, dropped, self._memory.sent, self._memory.answered)
        if body.get("compaction") is not None:
            script = compacting(script, len(body["messages"]))
        return MessagesWire(script, context, shape)

    def over(self, wire: Wire) -> None:
        self._memory.answered(wire.blocks, None)

    def _dropped(self, body: dict[str, Any], incoming: Incoming) -> tuple[dict[str, Any], ...]:
        if not drops_unbound(body, betas_of(incoming.headers)):
            return ()
        paths = [f"messages.{wrong.message}.content.{wrong.block}" for wrong in misplaced(body, self._signer)]
        return tuple({"type": "drop_block", "path": path, "reason": "prefix_mismatch"} for path in paths)


class ChatEndpoint:
    """POST /v1/chat/completions."""

    def __init__(self, dialect: Dialect, cache: PromptCache) -> None:
        self._dialect = dialect
        self._memory = ChatMemory()
        self._cache = cache

    def expect(self, script: Script) -> None:
        """Nothing of another run needs to be known."""

    def invalid(self, incoming: Incoming, body: object) -> ApiError | None:
        return validate_chat(body, len(incoming.body), self._dialect, self._memory)

    def told(self, body: dict[str, Any]) -> dict[str, Any]:
        return as_messages_body(body)

    def unplanned(self, body: Mapping[str, Any]) -> Script | None:
        """Every request takes a script."""
        return None

    def wire(self, script: Script, incoming: Incoming, body: dict[str, Any], number: int | None, shape: Shape) -> Wire:
        seed = f"{number}{json.dumps(body, sort_keys=True)}"
        tag = hashlib.sha256(seed.encode()).hexdigest()[:20]
        automatic = {**as_messages_body(body), "cache_control": {"type": "ephemeral"}}
        usage = self._cache.usage(automatic) if body else {}
        keys = self._dialect.echo_keys
        context = ChatContext(body, usage, tag, self._dialect, lambda message: self._memory.said(message, keys))
        return ChatWire(script, context, shape)

    def over(self, wire: Wire) -> None:
        """What did not reach its end is not remembered: a client must not send it back."""
