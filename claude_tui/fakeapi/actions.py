"""What a server does to play an answer, one small value each, whatever the wire. Nothing here touches a socket."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Protocol, TypeAlias

from .faults import Fault


class ScriptError(Exception):
    """A script that makes no sense."""


class Head(NamedTuple):
    """The response's headers."""


class Emit(NamedTuple):
    """An event; deltas are `paced`. `usage` is the usage object it carries."""

    name: str
    data: str
    paced: bool = False
    usage: Mapping[str, Any] | None = None


class Bytes(NamedTuple):
    """Bytes of the body."""

    data: bytes


class Wait(NamedTuple):
    """Silence for some seconds."""

    seconds: float


class Hold(NamedTuple):
    """Silence until released."""

    name: str


class Do(NamedTuple):
    """A fault strikes."""

    fault: Fault
    params: Mapping[str, Any]


class Last(NamedTuple):
    """What ends the stream on its wire."""


Action: TypeAlias = Head | Emit | Bytes | Wait | Hold | Do | Last


class Wire(Protocol):
    """One answer in the words of a wire."""

    @property
    def blocks(self) -> list[dict[str, Any]]:
        """The blocks it has finished, as the first wire shapes them."""
        ...

    @property
    def open_index(self) -> int | None:
        """The wire index of the block that is open, where the wire has such."""
        ...

    @property
    def envelope(self) -> Mapping[str, Any]:
        """What every event of the answer carries."""
        ...

    def actions(self) -> Iterator[Action]:
        """The answer, step by step."""
        ...

    def message(self) -> dict[str, Any]:
        """The whole answer, for a request that did not stream."""
        ...
