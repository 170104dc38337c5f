"""The budget: what counts towards it, by whose clock, and what is said when it is used up."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest

from claude_tui.domain.messages import SessionInfo
from claude_tui.domain.pricing import Price, Rates
from claude_tui.domain.spending import Spending
from claude_tui.engine.budget import Budget
from claude_tui.store.sqlite import SqliteStore

EAST = timezone(timedelta(hours=8))
NOW = datetime(2026, 11, 29, 1, 30, tzinfo=EAST)
"""In UTC it is still the day before."""
ONE_DOLLAR = {"input_tokens": 1_000_000, "output_tokens": 0}


class Book:
    as_of = "2026-10-10"

    def price(self, model: str, at: str, provider: str | None) -> Price | None:
        return Price(Rates(Decimal(1), Decimal(1))) if model == "priced" else None


def spent(number: int, at: str, session: str = "s", model: str = "priced") -> Spending:
    return Spending(f"r{number}", session, None, "anthropic", model, ONE_DOLLAR, created_at=at)


ROWS = [
    spent(1, "2026-10-31T15:59:59.999Z"),
    spent(2, "2026-10-31T16:00:00.000Z"),
    spent(3, "2026-11-28T15:59:59.999Z"),
    spent(4, "2026-11-28T16:00:00.000Z", session="other"),
    spent(5, "2026-11-28T17:00:00.000Z", model="mystery"),
]


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({}, None),
        ({"session": "3"}, "this session (`budget.session`), $3.00, is used up: $3.00 spent. 1 more could not be priced."),
        ({"session": "3.01"}, None),
        ({"day": "1"}, "for today (`budget.day`), $1.00, is used up: $1.00 spent."),
        ({"day": "1.5", "month": "3"}, "for this month (`budget.month`), $3.00, is used up: $3.00 spent."),
        ({"month": "3.5"}, None),
        ({"session": "0"}, "this session (`budget.session`), $0, is used up"),
        ({"month": "2", "session": "2"}, "for this session"),
    ],
)
async def test_limits(limits: dict[str, str], words: str | None) -> None:
    store = await SqliteStore.open(None)
    for row in ROWS:
        await store.add_spending(row)
    budget = Budget({name: Decimal(text) for name, text in limits.items()}, store, Book(), zone=EAST, now=lambda: NOW)
    sentence = await budget(SessionInfo("s"))
    await store.close()
    assert sentence is None if words is None else sentence is not None and words in sentence
