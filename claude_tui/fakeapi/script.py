"""What the fake server is told to say: a Script is a tuple of steps, free of any wire format.

A wire leaves out the steps that have no form on it, an Event or Raw aside, which are written as they stand.

Steps are frozen values. Signatures, ids and usage are not written here: the server makes them, as the API does.
A block step opens its block, streams it and closes it; `stop=False` leaves it open (so that a fault, a pause or more text
strikes in its middle) and `start=False` goes on with the block that is open.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from .encoding import dumps
from .faults import Fault, Strike

Display: TypeAlias = Literal["summarized", "omitted", "request"]


@dataclass(frozen=True, slots=True)
class Say:
    """A text block. `chars` is the size of a delta; citations arrive after the text."""

    text: str
    chars: int = 12
    citations: tuple[Mapping[str, Any], ...] = ()
    start: bool = True
    stop: bool = True


@dataclass(frozen=True, slots=True)
class Think:
    """A thinking block. `display="omitted"`: signed, but without text; `"request"`: as the request and its model say."""

    text: str
    chars: int = 24
    display: Display = "summarized"
    start: bool = True
    stop: bool = True


@dataclass(frozen=True, slots=True)
class Redacted:
    """A redacted thinking block; `data` is what its opaque payload hides."""

    data: str = "redacted"


@dataclass(frozen=True, slots=True)
class Call:
    """A client tool call. `raw` is streamed as it is and may be invalid JSON; otherwise `input` is."""

    name: str
    input: Mapping[str, Any] | None = None
    raw: str | None = None
    id: str | None = None
    chars: int = 16
    start: bool = True
    stop: bool = True

    def arguments(self) -> str:
        """What goes on the wire."""
        return self.raw if self.raw is not None else dumps(self.input or {})


@dataclass(frozen=True, slots=True)
class Compact:
    """The answer to a request for compaction: one signed block that holds this summary."""

    text: str


@dataclass(frozen=True, slots=True)
class Block:
    """A block that arrives whole in its start event: server tools, their results, types nobody knows yet."""

    block: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Event:
    """Any event, in the words of the wire it is for. Without `name` the payload's `type` is the name."""

    payload: Mapping[str, Any]
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Raw:
    """Bytes written into the body as they are."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Pause:
    """Silence for some seconds. As the first step: before the headers."""

    seconds: float


@dataclass(frozen=True, slots=True)
class WaitFor:
    """Silence until the test calls `release(name)`; each release lets one waiting stream go on."""

    name: str


@dataclass(frozen=True, slots=True)
class Ping:
    """A ping: an event or a comment, as the wire has it."""


@dataclass(frozen=True, slots=True)
class Start:
    """Headers and the first event now, not with the first block."""


@dataclass(frozen=True, slots=True)
class Finish:
    """Close the open block and tell the stop reason now; the end of the stream still comes at the end of the script."""


Step: TypeAlias = (
    Say | Think | Redacted | Call | Compact | Block | Event | Raw | Pause | WaitFor | Ping | Start | Finish | Fault | Strike
)


@dataclass(frozen=True, slots=True)
class Script:
    """One answer.

    `stop_reason="auto"` is `tool_use` when there is a Call, `compaction` when there is a Compact, else `end_turn`.
    `usage` overrides the computed numbers, in the first wire's words on any wire.
    `rate` is deltas per second (None: as fast as the client reads), `batch` deltas per write to the socket.
    `frame=False` sends the steps alone, without message_start, message_delta and message_stop around them.
    `message` adds keys to message_start's message, `delta` to message_delta's delta; both are of the first wire alone.
    """

    steps: tuple[Step, ...] = ()
    stop_reason: str | None = "auto"
    stop_sequence: str | None = None
    stop_details: Mapping[str, Any] | None = None
    usage: Mapping[str, Any] | None = None
    model: str | None = None
    rate: float | None = None
    batch: int = 1
    frame: bool = True
    message: Mapping[str, Any] | None = None
    delta: Mapping[str, Any] | None = None

    def reason(self) -> str | None:
        """The stop reason that goes on the wire."""
        if self.stop_reason != "auto":
            return self.stop_reason
        if any(isinstance(step, Call) for step in self.steps):
            return "tool_use"
        return "compaction" if any(isinstance(step, Compact) for step in self.steps) else "end_turn"


Plan: TypeAlias = Script | Sequence[Script] | Callable[[dict[str, Any], int], Script]
