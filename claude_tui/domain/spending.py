"""Spending: one row of the ledger for each response an endpoint gave, and sums over rows.

A row holds what was used, never what it cost: the cost is computed on reading, from the prices of the row's day. A copy of an
answer (a fork, an import) is no response and has no row.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from claude_tui.domain.ids import timestamp
from claude_tui.domain.messages import Message, Status, Usage
from claude_tui.domain.pricing import Cost, compactions, cost, count, reported_cost, table
from claude_tui.domain.tokens import written_tokens

if TYPE_CHECKING:
    from claude_tui.domain.ports import PriceBook

Key: TypeAlias = Literal["day", "month", "model", "provider", "session"]
KEYS: tuple[Key, ...] = ("day", "month", "model", "provider", "session")

ANSWER, UNSEEN, COMPACTION = "answer", "unseen", "compaction"
"""Kinds: an answer that is a message; an attempt that ended before anything of it could be shown; a summary of a conversation."""


_INPUTS = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")


@dataclass(frozen=True, slots=True)
class Spending:
    """What one response used. The row of an answer has the id of its message.

    `model`: the one that answered. `final`: `usage` is the API's last word; where it is not, `output_estimate` tokens are estimated
    to have come. `reported`: dollars, as the endpoint named them. Times as in `Message.timings`.
    """

    id: str
    session_id: str
    message_id: str | None
    provider: str | None
    model: str | None
    usage: Usage | None
    output_estimate: int = 0
    final: bool = True
    stop_reason: str | None = None
    kind: str = ANSWER
    api_id: str | None = None
    ttft_ms: int | None = None
    total_ms: int | None = None
    created_at: str = ""
    reported: Decimal | None = None

    @classmethod
    def of(cls, message: Message) -> Spending:
        """The row of an answer."""
        final = is_final(message.status, message.stop_reason, message.open_blocks)
        timings = message.timings or {}
        return cls(
            id=message.id,
            session_id=message.session_id,
            message_id=message.id,
            provider=message.provider,
            model=message.model,
            usage=message.usage,
            output_estimate=0 if final else round(written_tokens(message.blocks, message.raw_inputs)),
            final=final,
            stop_reason=message.stop_reason,
            api_id=message.api_id,
            ttft_ms=_milliseconds(timings.get("ttft_ms")),
            total_ms=_milliseconds(timings.get("total_ms")),
            created_at=message.created_at or timestamp(),
            reported=reported_cost(table(message.extra, "provider_usage").get("cost")),
        )

    def cost(self, book: PriceBook) -> Cost:
        """By the prices of its day."""
        return cost(
            self.usage,
            model=self.model,
            price=lambda model: book.price(model, self.created_at, self.provider),
            stop_reason=self.stop_reason,
            final=self.final,
            written=self.output_estimate,
            reported=self.reported,
        )

    def tokens(self, key: str) -> int:
        """A count of the usage; nothing where the API did not say."""
        return count(self.usage, key) or 0

    @property
    def compacted(self) -> tuple[int, int]:
        """Input and output tokens of summaries that were made for this response: its own counts leave them out."""
        entries = compactions(self.usage or {})
        read = sum(count(entry, key) or 0 for entry in entries for key in _INPUTS)
        return read, sum(count(entry, "output_tokens") or 0 for entry in entries)

    @property
    def unreported(self) -> int:
        """Output tokens that are estimated to have come beyond what the API had counted when the answer broke off."""
        return 0 if self.final else max(0, self.output_estimate - self.tokens("output_tokens"))

    @property
    def speed(self) -> float | None:
        """Output tokens a second, from the first text on."""
        if self.ttft_ms is None or self.total_ms is None or self.total_ms <= self.ttft_ms:
            return None
        output = self.tokens("output_tokens") + self.unreported
        return output * 1000 / (self.total_ms - self.ttft_ms) if output else None

    def key(self, by: Key, zone: tzinfo | None = None) -> str:
        """What it is counted under. Days and months are those of `zone`, by default the local time's."""
        match by:
            case "day":
                return local_day(self.created_at, zone)
            case "month":
                return local_day(self.created_at, zone)[:7]
            case "model":
                return self.model or ""
            case "provider":
                return self.provider or ""
            case "session":
                return self.session_id


def is_final(status: Status, stop_reason: str | None, open_blocks: Sequence[int]) -> bool:
    """Whether the usage of an answer that stands so is the API's last word."""
    return status is Status.COMPLETE or (stop_reason is not None and not open_blocks)


def _milliseconds(value: object) -> int | None:
    return round(value) if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 1e12 else None


def local_day(moment: str, zone: tzinfo | None = None) -> str:
    """`YYYY-MM-DD` of an RFC 3339 time in `zone`, by default the local one."""
    try:
        return datetime.fromisoformat(moment).astimezone(zone).date().isoformat()
    except (ValueError, OverflowError):
        return moment[:10]


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over rows. The token counts are the responses' own. Beside them stand `output_estimated`, for answers that broke off,
    and the compactions' tokens, which no response counts as its own.

    `input`: what was read beside the cache. `thinking` is part of `output`. `ttfts` (milliseconds) and `speeds` (output tokens a
    second) are in order of size.
    """

    requests: int = 0
    input: int = 0
    output: int = 0
    output_estimated: int = 0
    cache_read: int = 0
    cache_write: int = 0
    thinking: int = 0
    compaction_input: int = 0
    compaction_output: int = 0
    cost: Cost = Cost.NOTHING
    ttfts: tuple[int, ...] = ()
    speeds: tuple[float, ...] = ()

    @classmethod
    def of(cls, rows: Iterable[Spending], book: PriceBook) -> Totals:
        rows = list(rows)
        return cls(
            requests=len(rows),
            input=sum(row.tokens("input_tokens") for row in rows),
            output=sum(row.tokens("output_tokens") for row in rows),
            output_estimated=sum(row.unreported for row in rows),
            cache_read=sum(row.tokens("cache_read_input_tokens") for row in rows),
            cache_write=sum(row.tokens("cache_creation_input_tokens") for row in rows),
            thinking=sum(count(table(row.usage or {}, "output_tokens_details"), "thinking_tokens") or 0 for row in rows),
            compaction_input=sum(row.compacted[0] for row in rows),
            compaction_output=sum(row.compacted[1] for row in rows),
            cost=Cost.sum(row.cost(book) for row in rows),
            ttfts=tuple(sorted(row.ttft_ms for row in rows if row.ttft_ms is not None)),
            speeds=tuple(sorted(row.speed for row in rows if row.speed is not None)),
        )

    @property
    def prompt(self) -> int:
        """Everything the models read, cached or not."""
        return self.input + self.cache_read + self.cache_write

    @property
    def cache_share(self) -> float | None:
        """Which share of what was read came from the cache; None where nothing was read."""
        return self.cache_read / self.prompt if self.prompt else None

    def ttft(self, share: float = 0.5) -> int | None:
        """The time to the first text, in milliseconds, that this share of the answers did not exceed: half of them, the median."""
        return self.ttfts[_place(share, len(self.ttfts))] if self.ttfts else None

    @property
    def speed(self) -> float | None:
        """The median of output tokens a second."""
        return self.speeds[_place(0.5, len(self.speeds))] if self.speeds else None

    def to_json(self) -> dict[str, Any]:
        share, speed = self.cache_share, self.speed
        return {
            "requests": self.requests,
            "input_tokens": self.input,
            "output_tokens": self.output,
            "output_tokens_estimated": self.output_estimated,
            "cache_creation_input_tokens": self.cache_write,
            "cache_read_input_tokens": self.cache_read,
            "thinking_tokens": self.thinking,
            "compaction_input_tokens": self.compaction_input,
            "compaction_output_tokens": self.compaction_output,
            "cache_share": None if share is None else round(share, 4),
            "ttft_ms": {"median": self.ttft(), "p95": self.ttft(0.95)},
            "tokens_per_second": None if speed is None else round(speed, 1),
            "cost": self.cost.to_json(),
        }


def _place(share: float, size: int) -> int:
    """The index, in a sorted row of so many values, of the least one that this share of them does not exceed."""
    return max(0, math.ceil(share * size) - 1)


def grouped(
    rows: Iterable[Spending], key: Key | Callable[[Spending], str], zone: tzinfo | None = None
) -> dict[str, list[Spending]]:
    """The rows by what they are counted under, keys in the order they first appear."""
    groups: dict[str, list[Spending]] = {}
    for row in rows:
        groups.setdefault(key(row) if callable(key) else row.key(key, zone), []).append(row)
    return groups


def totals_by(rows: Iterable[Spending], key: Key, book: PriceBook, zone: tzinfo | None = None) -> Mapping[str, Totals]:
    """The totals of each group."""
    return {name: Totals.of(group, book) for name, group in grouped(rows, key, zone).items()}
