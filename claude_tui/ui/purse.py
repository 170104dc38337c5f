"""What the session on the screen has cost: the rows of the ledger, and what is not in it yet; the one source of such sums.

Pure: it reads nothing by itself. A row is priced once, when it is met; a sum over all of them is a sum over what was priced.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from claude_tui.domain.pricing import Cost, cost, dollars
from claude_tui.domain.spending import Spending

if TYPE_CHECKING:
    from claude_tui.domain.ports import PriceBook


class Purse:
    """`settle` what the ledger holds, `enter` what was used since.

    What was entered counts until the ledger has been read after it: nothing is counted twice, and nothing flickers.
    """

    def __init__(self, book: PriceBook) -> None:
        self.book = book
        self.reset()

    def reset(self) -> None:
        """Another session."""
        self._ledger: dict[str, Spending] = {}
        self._waiting: dict[str, Spending] = {}
        self._priced: dict[str, tuple[Spending, Cost]] = {}
        self._sum: Cost | None = None

    @property
    def waiting(self) -> frozenset[str]:
        """The ids of rows that the ledger, as it was read last, did not hold."""
        return frozenset(self._waiting)

    def enter(self, row: Spending) -> None:
        """This is used, and on its way into the ledger."""
        self._waiting[row.id] = row
        self._sum = None

    def settle(self, rows: Iterable[Spending], waited: Iterable[str] = ()) -> None:
        """What the ledger holds. `waited`: the ids that were waiting when its reading began."""
        self._ledger = {row.id: row for row in rows}
        for row_id in waited:
            self._waiting.pop(row_id, None)
        self._sum = None

    def rows(self, running: Spending | None = None) -> list[Spending]:
        """One a response, oldest first, the one that streams last."""
        rows = {**self._ledger, **self._waiting}
        if running is not None and running.id not in rows:
            rows[running.id] = running
        return list(rows.values())

    def cost(self, running: Spending | None = None) -> Cost | None:
        """The sum over `rows`; None where nothing was used. Cheap enough to be asked at every repaint."""
        if self._sum is None:
            self._sum = Cost.sum(map(self._cost_of, self.rows()))
        if running is not None and running.id not in self._ledger and running.id not in self._waiting:
            return self._sum + running.cost(self.book)
        return self._sum if self._ledger or self._waiting else None

    def _cost_of(self, row: Spending) -> Cost:
        known = self._priced.get(row.id)
        if known is None or known[0] != row:
            known = self._priced[row.id] = (row, row.cost(self.book))
        return known[1]


def cost_forms(cost: Cost) -> tuple[str, ...]:
    """The cost for a bar, the longest form first: `~$0.031 + 1 unknown`, `~$0.031 + ?`."""
    if cost.unknown and not cost.known:
        return ("$ unknown", "$ ?")
    known = f"{'~' if cost.estimated else ''}{dollars(cost.known)}"
    return (f"{known} + {cost.unknown} unknown", f"{known} + ?") if cost.unknown else (known,)


def prompt_cost(book: PriceBook, tokens: int, cached: int, *, model: str, provider: str, at: str) -> Cost:
    """What the endpoint takes for reading a prompt, of which the beginning is in its cache and the rest is written to it."""
    read = min(cached, tokens)
    rest = "cache_creation_input_tokens" if read else "input_tokens"
    usage = {"input_tokens": 0, "output_tokens": 0, "cache_read_input_tokens": read}
    usage[rest] = tokens - read
    return cost(usage, model=model, price=lambda name: book.price(name, at, provider))


def rows_of_turn(rows: Sequence[Spending], messages: Iterable[str], begun: str) -> list[Spending]:
    """The rows of a turn with these messages that began then: its answers, and the attempts in between that left none."""
    ids = set(messages)
    found: list[Spending] = []
    for row in sorted(rows, key=lambda row: row.created_at):
        if row.message_id in ids:
            found.append(row)
        elif row.created_at >= begun:
            if row.message_id is not None:
                break
            found.append(row)
    return found
