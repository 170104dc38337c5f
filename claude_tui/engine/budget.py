"""Budget: whether another request may go out, by what the ledger says has been spent.

Asked before every request, never after; what a request itself will cost nobody knows, so the one that crosses the line still runs.
Responses without a price cannot be counted: they stop nothing, and the sentence says so where there are any.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal

from claude_tui.domain.messages import SessionInfo
from claude_tui.domain.ports import PriceBook, Store
from claude_tui.domain.pricing import Cost, dollars
from claude_tui.domain.spending import Spending, local_day

_LENGTHS = {"day": 10, "month": 7}
"""How much of YYYY-MM-DD is the same for all that counts."""
_NAMES = {"session": "this session", "day": "today", "month": "this month"}


_MARGIN = timedelta(hours=3)
"""Read before midnight too: the clocks may have changed since."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Budget:
    """`limits`: dollars by `session`, `day` and `month`; days and months are those of `zone`, by default the local time's.

    `before`: what another ledger holds, where this one begins empty.
    """

    def __init__(
        self,
        limits: Mapping[str, Decimal],
        store: Store,
        book: PriceBook,
        *,
        before: Sequence[Spending] = (),
        zone: tzinfo | None = None,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._limits = {name: limits[name] for name in _NAMES if name in limits}
        self._store = store
        self._book = book
        self._before = tuple(before)
        self._zone = zone
        self._now = now

    async def __call__(self, session: SessionInfo) -> str | None:
        """A sentence if a limit has been reached, the narrowest first."""
        for name, limit in self._limits.items():
            spent = await asyncio.to_thread(self._sum, await self._rows(name, session))
            if spent.known >= limit:
                uncounted = f" {spent.unknown} more could not be priced." if spent.unknown else ""
                used = spent.text().partition(" + ")[0]
                return f"The budget for {_NAMES[name]} (`budget.{name}`), {dollars(limit)}, is used up: {used} spent.{uncounted}"
        return None

    async def _rows(self, name: str, session: SessionInfo) -> list[Spending]:
        if name == "session":
            return await self._store.spending(session_id=session.id)
        now = self._now().astimezone(self._zone)
        start = now.replace(hour=0, minute=0, second=0, microsecond=0)
        start = (start if name == "day" else start.replace(day=1)).astimezone(UTC) - _MARGIN
        rows = [*self._before, *await self._store.spending(since=start.strftime("%Y-%m-%dT%H:%M:%S.000Z"))]
        current = local_day(now.isoformat(), self._zone)
        return [row for row in rows if current.startswith(local_day(row.created_at, self._zone)[: _LENGTHS[name]])]

    def _sum(self, rows: list[Spending]) -> Cost:
        return Cost.sum(row.cost(self._book) for row in rows)
