"""The ledger: what responses used, one row each. Each function is a step of a transaction that the caller holds.

No row refers to a session or a message that must exist: deleting a conversation does not unspend the money.
"""

from __future__ import annotations

from typing import Any

from claude_tui.domain.pricing import reported_cost
from claude_tui.domain.spending import Spending
from claude_tui.domain.text import repair
from claude_tui.store.connection import Sql, rows
from claude_tui.store.rows import Reading, to_json

_COLUMNS = (
    "id", "session_id", "message_id", "kind", "created_at", "provider", "model", "api_id", "stop_reason", "final",
    "output_estimate", "ttft_ms", "total_ms", "reported", "usage",
)  # fmt: skip
_ENTER = f"""
    INSERT INTO spending ({", ".join(_COLUMNS)}) VALUES ({", ".join("?" for _ in _COLUMNS)})
    ON CONFLICT (id) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in _COLUMNS[1:])}
"""  # noqa: S608 - names from this file
_READ = f"SELECT {', '.join(_COLUMNS[:-1])}, CAST(usage AS BLOB) FROM spending"  # noqa: S608 - as above
_CONDITIONS = ("session_id = ?", "created_at >= ?", "created_at < ?")


def enter(connection: Sql, spending: Spending) -> None:
    """Put the row in; the second time with one id it takes the place of the first."""
    connection.execute(_ENTER, _values(spending))


def read(connection: Sql, session_id: str | None, since: str | None, until: str | None) -> list[Spending]:
    """Rows by time, of one session or of all."""
    asked = [
        (condition, given) for condition, given in zip(_CONDITIONS, (session_id, since, until), strict=True) if given is not None
    ]
    where = f" WHERE {' AND '.join(condition for condition, _ in asked)}" if asked else ""
    found = rows(connection, f"{_READ}{where} ORDER BY created_at, id", tuple(given for _, given in asked))
    return [_spending(row) for row in found]


def _values(row: Spending) -> tuple[Any, ...]:
    words = (row.provider, row.model, row.api_id, row.stop_reason)
    return (
        row.id,
        row.session_id,
        row.message_id,
        row.kind,
        row.created_at,
        *(None if word is None else repair(word) for word in words),
        int(row.final),
        row.output_estimate,
        row.ttft_ms,
        row.total_ms,
        None if row.reported is None else str(row.reported),
        None if row.usage is None else to_json(row.usage),
    )


def _spending(row: tuple[Any, ...]) -> Spending:
    (spending_id, session_id, message_id, kind, created_at, provider, model, api_id, stop_reason, final, *rest) = row
    output_estimate, ttft_ms, total_ms, reported, usage = rest
    return Spending(
        id=spending_id,
        session_id=session_id,
        message_id=message_id,
        provider=provider,
        model=model,
        usage=Reading().json(usage, dict),
        output_estimate=output_estimate,
        final=bool(final),
        stop_reason=stop_reason,
        kind=kind,
        api_id=api_id,
        ttft_ms=ttft_ms,
        total_ms=total_ms,
        created_at=created_at,
        reported=reported_cost(reported),
    )
