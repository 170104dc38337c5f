"""The sum of a session, the words for it, and the table of /cost."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from claude_tui.domain.pricing import Cost, Price, Rates
from claude_tui.domain.spending import Spending, Totals
from claude_tui.ui.cost_table import Scope, cost_lines
from claude_tui.ui.purse import Purse, cost_forms, prompt_cost, rows_of_turn


class Book:
    """A dollar a million tokens in, ten out; only for `known` and what begins so."""

    as_of = "2026-11-01"

    def __init__(self) -> None:
        self.asked = 0

    def price(self, model: str, at: str, provider: str | None) -> Price | None:
        self.asked += 1
        rates = Rates(Decimal(1), Decimal(10), Decimal("1.25"), Decimal(2), Decimal("0.1"))
        return Price(rates) if model.startswith("known") else None


def row(row_id: str, output: int = 100_000, *, model: str = "known", final: bool = True, at: str = "2026-11-05") -> Spending:
    usage = {"input_tokens": 1_000_000, "output_tokens": output}
    return Spending(row_id, "s", row_id, "anthropic", model, usage, final=final, created_at=f"{at}T00:00:00.000Z")


@pytest.mark.parametrize(
    ("cost", "forms"),
    [
        (Cost(Decimal("0.0314")), ("$0.031",)),
        (Cost(Decimal("0.0314"), estimated=True), ("~$0.031",)),
        (Cost(Decimal(2), 1), ("$2.00 + 1 unknown", "$2.00 + ?")),
        (Cost(Decimal(2), 3, estimated=True), ("~$2.00 + 3 unknown", "~$2.00 + ?")),
        (Cost.UNKNOWN, ("$ unknown", "$ ?")),
        (Cost(Decimal("0.00001")), ("<$0.001",)),
        (Cost.NOTHING, ("$0",)),
    ],
)
def test_the_words_for_a_cost(cost: Cost, forms: tuple[str, ...]) -> None:
    assert cost_forms(cost) == forms


def test_nothing_is_counted_twice_and_nothing_is_missing_in_between() -> None:
    purse = Purse(Book())
    assert purse.cost() is None
    live = row("m", 0, final=False)
    begun = purse.cost(live)
    assert begun is not None and begun.estimated and begun.known == 1
    purse.enter(row("m"))
    assert purse.cost(live) == purse.cost() == Cost(Decimal(2))
    waited = purse.waiting
    purse.enter(row("n"))  # came while the ledger was being read
    purse.settle([row("m")], waited)
    assert purse.cost() == Cost(Decimal(4)) and purse.waiting == {"n"}
    purse.settle([row("m"), row("n")], purse.waiting)
    assert purse.cost() == Cost(Decimal(4)) and not purse.waiting
    purse.reset()
    assert purse.cost() is None


def test_a_repaint_prices_the_answer_that_streams_and_nothing_else() -> None:
    book = Book()
    purse = Purse(book)
    purse.settle([row(str(place)) for place in range(500)])
    purse.cost()
    asked = book.asked
    purse.cost(row("live", final=False))
    assert book.asked - asked <= 2


MODELS = st.sampled_from(["known", "known-模型", "别的", "x" * 90, ""])
ROWS = st.lists(
    st.builds(row, st.uuids().map(str), st.integers(0, 10**9), model=MODELS, final=st.booleans()),
    max_size=8,
    unique_by=lambda r: r.id,
)


@given(ROWS, ROWS)
def test_the_purse_and_the_totals_agree(ledger: list[Spending], more: list[Spending]) -> None:
    purse = Purse(Book())
    purse.settle(ledger)
    for one in more:
        purse.enter(one)
    cost = purse.cost()
    assert (cost or Cost.NOTHING) == Totals.of([*ledger, *more], Book()).cost


@given(ROWS, ROWS, st.integers(20, 120))
def test_the_table_is_never_wider_than_the_screen(one: list[Spending], other: list[Spending], width: int) -> None:
    scopes = [Scope("this answer", "answer", one[:1]), Scope("this turn", "turn", one), Scope("this session", "session", one)]
    scopes += [Scope("today", "today", other), Scope("this month", "month", [*one, *other])]
    lines = cost_lines(scopes, Book(), "/somewhere/prices.toml", width)
    assert all(cell_len(line.text) <= width for line in lines)


def test_the_table_says_the_numbers_word_for_word() -> None:
    rows = [row("a", 1_234), dataclasses.replace(row("b", 5, model="other"), usage=None)]
    scopes = [Scope("this answer", "answer", rows[:1]), Scope("this session", "session", rows)]
    text = "\n".join(line.text for line in cost_lines(scopes, Book(), "/p.toml", 90))
    assert "in, not cached 1,000,000 1,000,000" in " ".join(text.split())
    assert "cost $1.01 $1.01 + ?" in " ".join(text.split())
    assert "Of 1 of the requests the endpoint did not say" in text
    assert "known" in text and "Prices as of 2026-11-01. Your own go into /p.toml" in text


def test_a_prompt_that_is_cached_is_priced_so() -> None:
    known = {"model": "known", "provider": "anthropic", "at": "2026-11-05"}
    assert prompt_cost(Book(), 1_000_000, 0, **known) == Cost(Decimal(1))
    assert prompt_cost(Book(), 1_000_000, 800_000, **known).known == Decimal("0.08") + Decimal("0.25")
    assert prompt_cost(Book(), 10, 0, model="?", provider="p", at="").unknown == 1


def test_a_turn_has_its_answers_and_what_failed_in_between() -> None:
    def unseen(row_id: str, at: str) -> Spending:
        return dataclasses.replace(row(row_id, at=at), message_id=None)

    rows = [row("a", at="2026-11-01"), unseen("u", "2026-11-02"), row("b", at="2026-11-03"), unseen("v", "2026-11-04")]
    rows += [row("c", at="2026-11-05"), unseen("w", "2026-11-06")]
    assert [one.id for one in rows_of_turn(rows, ["b"], "2026-11-02T00:00:00.000Z")] == ["u", "b", "v"]
    assert [one.id for one in rows_of_turn(rows, ["c"], "2026-11-05T00:00:00.000Z")] == ["c", "w"]
