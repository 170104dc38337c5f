"""What a store was asked to keep and has said it keeps, and whether a history keeps it.

Every write is entered before it is asked for and marked when the store has answered. A moment is a number that grows: how much has
been written to the disk so far. A history of a later moment holds the newest value that was acknowledged by then, or one that was
asked for since: an unanswered write may or may not have come through.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from claude_tui.domain.blocks import plain_text
from claude_tui.domain.errors import StoreError
from claude_tui.domain.messages import Message, Status
from claude_tui.store.sqlite import SqliteStore
from scripts.trials.looking import must

NEVER = 1 << 60
TEXT_SECONDS = 1.0
"""Streamed text that a power cut may take."""

Key = tuple[str, str]
"""What kind of thing, and which."""


@dataclass
class Value:
    """`seen` is how it looks in a history; `durable`: acknowledged means that it survives the machine, not only the process."""

    seen: Any
    asked: int
    durable: bool
    acknowledged: int = NEVER


@dataclass
class Piece:
    """A stretch of a streamed answer, on the clock of the trial."""

    text: str
    at: float
    acknowledged: int = NEVER


@dataclass
class Promises:
    """`moment()` is now. Times of pieces are given with them."""

    moment: Callable[[], int]
    values: dict[Key, list[Value]] = field(default_factory=dict)
    pieces: dict[str, list[Piece]] = field(default_factory=dict)

    async def keep(self, key: Key, seen: Any, work: Callable[[], Awaitable[object]], *, durable: bool = True) -> None:
        """Do this; if the store says it is done, it is promised."""
        value = Value(seen, self.moment(), durable)
        self.values.setdefault(key, []).append(value)
        await work()
        value.acknowledged = self.moment()

    async def keep_message(self, message: Message, work: Callable[[], Awaitable[object]], *, durable: bool = True) -> None:
        await self.keep(("message", message.id), seen_of(message), work, durable=durable)

    async def keep_text(self, message_id: str, text: str, at: float, work: Callable[[], Awaitable[object]]) -> None:
        piece = Piece(text, at)
        self.pieces.setdefault(message_id, []).append(piece)
        await work()
        piece.acknowledged = self.moment()

    def hardened(self, moment: int) -> int:
        """Everything acknowledged up to here is on the device at that moment: a durable write hardens all before it."""
        done = (value.acknowledged for values in self.values.values() for value in values if value.durable)
        return max((one for one in done if one <= moment), default=-1)

    def allowed(self, key: Key, moment: int, hardened: int) -> list[Any]:
        """How this may look; None stands for not there."""
        values = [value for value in self.values[key] if value.asked <= moment]
        kept = [n for n, value in enumerate(values) if value.acknowledged <= (moment if value.durable else hardened)]
        return [value.seen for value in values[kept[-1] :]] if kept else [None, *(value.seen for value in values)]


def seen_of(message: Message) -> tuple[str, Any]:
    """What is compared of a message. An answer that streams is only as long as its pieces; they are compared by themselves."""
    return message.status.value, None if message.status is Status.STREAMING else message.blocks


async def look(store: SqliteStore, promises: Promises) -> dict[Key, Any]:
    """Everything that was promised, as the history has it."""
    found: dict[Key, Any] = {}
    sessions = sorted({name for kind, name in promises.values if kind == "session"})
    for session_id in sessions:
        for message in await store.tree(session_id):
            found["message", message.id] = (message.status.value, message.blocks)
        try:
            found["session", session_id] = (await store.session(session_id)).title
        except StoreError:
            continue  # not there, or deleted
        found["desk", session_id] = (await store.desk(session_id)).draft or None
    found |= {("spending", row.id): row.usage for row in await store.spending()}
    return found


def check(promises: Promises, found: dict[Key, Any], moment: int = NEVER - 1, *, power_lost: bool = False) -> None:
    """Whether `found` keeps what was promised up to `moment`."""
    hardened = promises.hardened(moment) if power_lost else moment
    for key in promises.values:
        allowed, is_there = promises.allowed(key, moment, hardened), found.get(key)
        if key[0] == "message":
            _check_message(promises, key[1], is_there, allowed, moment, hardened, power_lost=power_lost)
        else:
            must(is_there in allowed, f"{key}: {str(is_there)[:200]} is there, not one of {str(allowed)[:400]}")
    strangers = {key for key in found if key[0] == "message" and key not in promises.values}
    must(not strangers, f"messages nobody stored: {strangers}")


def _check_message(
    promises: Promises, message_id: str, is_there: Any, allowed: list[Any], moment: int, hardened: int, *, power_lost: bool
) -> None:
    """An answer that was streaming is now an interrupted one, with the text that had come."""
    if is_there in allowed:
        return
    status, blocks = is_there or (Status.INTERRUPTED.value, ())  # one of which nothing had come is taken away
    fits = status == Status.INTERRUPTED.value and (Status.STREAMING.value, None) in allowed
    must(fits, f"message {message_id}: {str(is_there)[:200]} is there, not one of {str(allowed)[:400]}")
    pieces, text = promises.pieces.get(message_id, []), plain_text(blocks)
    must("".join(piece.text for piece in pieces).startswith(text), f"message {message_id}: its text is not what was streamed")
    must(len(text) >= _least(pieces, moment, hardened, power_lost=power_lost), f"message {message_id}: too much of it is lost")


def _least(pieces: list[Piece], moment: int, hardened: int, *, power_lost: bool) -> int:
    """How many characters must be there: what is hardened, and all that came more than a second before the last."""
    received = [piece for piece in pieces if piece.acknowledged <= moment]
    if not received:
        return 0
    old = received[-1].at - TEXT_SECONDS if power_lost else received[-1].at
    return sum(len(piece.text) for piece in received if piece.at < old or piece.acknowledged <= hardened)
