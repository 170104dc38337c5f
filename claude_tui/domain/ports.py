"""The protocols by which the engine meets the world: providers, tools, the store, sinks.

Only `cli/compose.py` knows who fills them.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from claude_tui.domain.blocks import Block
from claude_tui.domain.desk import Desk
from claude_tui.domain.errors import StoreError
from claude_tui.domain.events import Event, ProviderEvent
from claude_tui.domain.history import Audience
from claude_tui.domain.journal import Chunk
from claude_tui.domain.messages import Message, SessionInfo
from claude_tui.domain.pricing import Price
from claude_tui.domain.spending import Spending

Sink: TypeAlias = Callable[[Event], None]
"""Called once for each event, on the event loop; O(1), and it may not raise."""


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as the model is told of it; `input_schema` is JSON Schema."""

    name: str
    description: str
    input_schema: dict[str, Any]

    def to_api(self) -> dict[str, Any]:
        return {"name": self.name, "description": self.description, "input_schema": self.input_schema}


@dataclass(frozen=True, slots=True)
class ToolOutput:
    """What a tool gave back: text or content blocks for the model."""

    content: str | list[Block]
    is_error: bool = False


class Tool(Protocol):
    """Something the model may call. `run` raises nothing the caller must know of: any exception becomes an error result."""

    @property
    def spec(self) -> ToolSpec: ...

    async def run(self, arguments: dict[str, Any], progress: Callable[[str], None]) -> ToolOutput: ...


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. `connect`: to reach the server. `first_byte`: until the answer begins. `idle`: without any byte after that."""

    connect: float = 10.0
    first_byte: float = 300.0
    idle: float = 120.0


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One request. `messages` are in the shape of the Messages API, whatever the wire, and valid to send (`history.build`).

    `max_tokens` None: the user named no limit; the wire sends what it has to, or none. `compact`: ask for a summary in place of an
    answer; `instructions` is what it should keep. Only for endpoints whose `compacts` says so.
    """

    model: str
    messages: list[dict[str, Any]]
    max_tokens: int | None = None
    system: str | None = None
    tools: tuple[dict[str, Any], ...] = ()
    effort: str | None = None
    timeouts: Timeouts = field(default_factory=Timeouts)
    compact: bool = False
    instructions: str | None = None


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What is known of a model. None means unknown, never nought.

    `thinking`: the thinking types it takes, in order of preference. `efforts`: the levels it takes. `compaction`: whether the API
    summarises a conversation by itself.
    """

    id: str
    name: str | None = None
    context_window: int | None = None
    max_output: int | None = None
    thinking: tuple[str, ...] | None = None
    efforts: tuple[str, ...] | None = None
    lifecycle: str | None = None
    compaction: bool | None = None


class Provider(Protocol):
    """An endpoint with credentials. Failures are `ProviderError`, whatever the SDK or the socket threw."""

    @property
    def name(self) -> str:
        """As the configuration and the session call it."""
        ...

    @property
    def audience(self) -> Audience:
        """What of a history may be sent to it."""
        ...

    async def prepare(self) -> None:
        """Load what the first request needs, so that no request's time holds it. Fails where there are no credentials."""
        ...

    def stream(self, request: ChatRequest) -> AsyncGenerator[ProviderEvent, None]:
        """The answer's events in the order `events.py` promises. Closing the generator closes the connection."""
        ...

    def credentials(self) -> tuple[str, ...]:
        """Where some will be found, by name only; empty where there are none. Cheap: loads nothing, asks nobody."""
        ...

    def warm_up(self) -> None:
        """Begin to load what the first request needs, beside whatever else happens; returns at once."""
        ...

    async def models(self) -> list[ModelInfo]: ...

    async def count(self, request: ChatRequest) -> int | None:
        """The tokens of the request's input as the endpoint counts them; None where it does not count."""
        ...

    def compacts(self, model: str) -> bool:
        """Whether `ChatRequest.compact` may be asked of this model here."""
        ...

    async def close(self) -> None: ...


class ModelCatalog(Protocol):
    """What is known of the models, without asking the network unless told to."""

    def known(self) -> list[ModelInfo]:
        """What the endpoint listed last, or the models this version knows."""
        ...

    def find(self, model_id: str) -> ModelInfo | None: ...

    async def refresh(self) -> list[ModelInfo]:
        """Ask the endpoint and remember its answer. Failures are `ProviderError`."""
        ...

    def age(self) -> float | None:
        """Seconds since the endpoint was asked; None if it never was."""
        ...


class PriceBook(Protocol):
    """What models cost, and since when."""

    @property
    def as_of(self) -> str:
        """The day (YYYY-MM-DD) the program's own prices were looked up."""
        ...

    def price(self, model: str, at: str, provider: str | None) -> Price | None:
        """The price at a time (RFC 3339) at an endpoint (None: nobody noted which); None where it is not known. Cheap."""
        ...


class SessionLock(Protocol):
    """The right to write one session, held until released or until the process dies."""

    def release(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Page:
    """Messages of one path, oldest first; `older` is the id to ask for next, None at the root."""

    messages: tuple[Message, ...]
    older: str | None


class Store(Protocol):
    """The history. A coroutine that returns has committed. Failures are `StoreError`.

    Order of calls is order on disk. `on_failure` is told of journal writes that failed, once until they succeed again.
    """

    on_failure: Callable[[StoreError], None] | None
    recovered: tuple[str, ...]
    """For each answer of a dead process that opening saved, the id of its session."""

    async def look_after(self, *, small_only: bool = False) -> list[str]:
        """See to copies and to whether the history is intact, where that is due, beside everything else; sentences for the user.

        `small_only`: only where it takes no more than an instant.
        """
        ...

    def hold(self, session_id: str) -> SessionLock:
        """Take the session's lock; raises SessionHeld if another process has it."""
        ...

    def is_held(self, session_id: str) -> bool:
        """Whether anybody, this process included, holds the session's lock."""
        ...

    async def create_session(self, session: SessionInfo) -> None: ...

    async def update_session(self, session: SessionInfo) -> None:
        """Write title, model, provider, effort, system, tools and extra; `updated_at` becomes now. The leaf stays."""
        ...

    async def move_leaf(self, session_id: str, leaf_id: str | None) -> None:
        """Make another message of the session the end of its current path."""
        ...

    async def session(self, id_or_prefix: str) -> SessionInfo:
        """By id or unique prefix of 4 or more characters; UnknownSession or AmbiguousSession otherwise."""
        ...

    async def sessions(self, *, limit: int | None = None) -> list[SessionInfo]:
        """Updated last first; sessions without a message are left out."""
        ...

    async def unsent(self) -> list[SessionInfo]:
        """Sessions without a message on whose desk the user left text, the desk that was saved last first."""
        ...

    async def delete_session(self, session_id: str) -> None:
        """Hide the session from lists, look-ups and search until it is restored."""
        ...

    async def restore_session(self, session_id: str) -> None: ...

    async def desk(self, session_id: str) -> Desk:
        """What lies on the session's desk; an empty one where nothing does."""
        ...

    async def save_desk(self, session_id: str, desk: Desk) -> None:
        """Cheap: survives the death of the process, not that of the machine at once. The session counts as unchanged."""
        ...

    async def add_message(self, message: Message) -> None:
        """Store a finished message durably and make it the session's leaf."""
        ...

    async def begin_message(self, message: Message) -> None:
        """Store the row of an answer that begins to stream and make it the session's leaf."""
        ...

    def append_chunks(self, message_id: str, chunks: Sequence[Chunk]) -> Awaitable[None]:
        """Queue journal chunks; written in order, the awaitable done when committed. It need not be awaited."""
        ...

    async def finish_message(self, message: Message) -> None:
        """Replace row and chunks of a streaming answer by the finished message, durably, in one transaction.

        The same transaction puts what the answer used into the ledger.
        """
        ...

    async def add_spending(self, spending: Spending) -> None:
        """Put a response that left no message into the ledger, durably. The second time with one id replaces the first."""
        ...

    async def spending(
        self, *, session_id: str | None = None, since: str | None = None, until: str | None = None
    ) -> list[Spending]:
        """The ledger by time, `since` included, `until` not (both as `ids.timestamp` writes them).

        What was deleted from the history is still in it.
        """
        ...

    async def set_extra(self, message_id: str, extra: Mapping[str, Any]) -> None:
        """Replace a finished message's `extra`; its content stays as it is."""
        ...

    async def path(self, leaf_id: str) -> list[Message]:
        """Root to leaf."""
        ...

    async def page(self, leaf_id: str, limit: int) -> Page:
        """The `limit` messages that end at `leaf_id`."""
        ...

    async def tree(self, session_id: str) -> list[Message]:
        """Every message of the session by creation."""
        ...

    async def prompts(self, session_id: str | None, limit: int) -> list[str]:
        """What the user asked, newest first, each text once: on this session's current path, or in all sessions."""
        ...

    async def versions(self, session_id: str) -> dict[str | None, tuple[str, ...]]:
        """Where there is more than one prompt below a message: its id (None: the root) → theirs by creation."""
        ...

    async def newest_leaf(self, message_id: str) -> str:
        """Where one gets from this message by following the newest child each time."""
        ...

    async def peek(self, session_id: str) -> list[Message]:
        """The current path as far as it has come: an answer that streams, in whatever process, is as its journal tells it."""
        ...

    async def changed(self, session_id: str) -> object:
        """Differs from the last time if anything of the session may have changed (but for its desk). Cheap enough to ask often."""
        ...

    async def import_session(self, session: SessionInfo, messages: Sequence[Message]) -> None:
        """Store a session and its messages, all or nothing. Nothing is put into the ledger: copies were paid for elsewhere."""
        ...

    async def close(self) -> None: ...
