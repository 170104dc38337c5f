"""Costs in what commands print as JSON; the one place that puts them there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from claude_tui.cli.exits import say
from claude_tui.domain.messages import Message, Role, SessionInfo, sum_usage
from claude_tui.domain.pricing import Cost
from claude_tui.domain.spending import Spending

if TYPE_CHECKING:
    from claude_tui.domain.ports import PriceBook
    from claude_tui.providers.prices import Prices


def message_json(message: Message, book: PriceBook) -> dict[str, Any]:
    """The contract's `M`, an answer with what it cost, whoever paid for it."""
    data = message.to_json()
    if message.role is Role.ASSISTANT:
        data["cost"] = Spending.of(message).cost(book).to_json()
    return data


def session_json(session: SessionInfo, spent: Iterable[Spending], book: PriceBook) -> dict[str, Any]:
    """The contract's `S` with what the session itself used and paid: a fork begins at nothing, an attempt that failed counts."""
    rows = list(spent)
    return {**session.to_json(), "usage": sum_usage(row.usage for row in rows), "cost": total(rows, book).to_json()}


def total(rows: Iterable[Spending], book: PriceBook) -> Cost:
    """What these responses cost together."""
    return Cost.sum(row.cost(book) for row in rows)


def warn(book: Prices) -> None:
    """Say what of the user's prices does not count."""
    for warning in book.warnings:
        say(warning)
