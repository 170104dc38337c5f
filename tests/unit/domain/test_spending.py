"""Rows of the ledger: what of an answer they hold, and their sums."""

from __future__ import annotations

import dataclasses
from datetime import timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_tui.domain.blocks import text_block
from claude_tui.domain.messages import Message, Role, Status
from claude_tui.domain.pricing import Cost, Price, Rates
from claude_tui.domain.spending import KEYS, Key, Spending, Totals, grouped, local_day, totals_by

ANSWER = Message(
    "m1",
    "s1",
    "p1",
    Role.ASSISTANT,
    (text_block("four" * 10),),
    model="served",
    provider="here",
    api_id="msg_1",
    stop_reason="end_turn",
    usage={"input_tokens": 1000, "output_tokens": 2},
    timings={"ttft_ms": 250, "total_ms": 1250, "block_ms": {}},
    created_at="2026-11-30T23:30:00.000Z",
)


class Book:
    """One price for each model that is known here; remembers what was asked."""

    as_of = "2026-11-10"

    def __init__(self, **prices: int) -> None:
        self.prices = prices
        self.asked: list[tuple[str, str, str | None]] = []

    def price(self, model: str, at: str, provider: str | None) -> Price | None:
        self.asked.append((model, at, provider))
        return Price(Rates(Decimal(self.prices[model]), Decimal(self.prices[model]))) if model in self.prices else None


def row(number: int = 0, **fields: Any) -> Spending:
    fields = {"usage": {"input_tokens": 1, "output_tokens": 1}, "created_at": "2026-11-30T12:00:00.000Z", **fields}
    return dataclasses.replace(Spending(f"r{number}", "s1", None, "here", "served", None), **fields)


def test_the_row_of_an_answer_has_its_id_and_the_model_that_answered() -> None:
    spending = Spending.of(ANSWER)
    assert (spending.id, spending.message_id, spending.session_id) == ("m1", "m1", "s1")
    assert (spending.model, spending.provider, spending.api_id, spending.stop_reason) == ("served", "here", "msg_1", "end_turn")
    assert (spending.ttft_ms, spending.total_ms, spending.created_at) == (250, 1250, ANSWER.created_at)
    assert spending.final and spending.output_estimate == 0 and spending.reported is None
    book = Book(served=1)
    assert spending.cost(book) == Cost(Decimal("0.001002"))
    assert book.asked == [("served", ANSWER.created_at, "here")]


@pytest.mark.parametrize(
    ("changes", "estimate"),
    [
        ({"status": Status.INTERRUPTED, "stop_reason": None, "open_blocks": (0,)}, 10),
        ({"status": Status.FAILED, "stop_reason": None}, 10),
        ({"status": Status.FAILED, "stop_reason": "max_tokens"}, 0),
        ({"status": Status.INTERRUPTED, "stop_reason": "end_turn", "open_blocks": (0,)}, 10),
        ({"status": Status.COMPLETE, "stop_reason": None}, 0),
    ],
)
def test_an_answer_that_broke_off_is_estimated_from_what_came(changes: dict[str, Any], estimate: int) -> None:
    spending = Spending.of(dataclasses.replace(ANSWER, **changes))
    assert (spending.final, spending.output_estimate) == (not estimate, estimate)
    assert spending.cost(Book(served=1)) == Cost(Decimal(1000 + (estimate or 2)) / 1_000_000, 0, bool(estimate))
    assert spending.unreported == max(0, estimate - 2)


def test_what_a_gateway_says_it_charged() -> None:
    answer = dataclasses.replace(ANSWER, extra={"provider_usage": {"cost": 0.00042}})
    assert Spending.of(answer).cost(Book()) == Cost(Decimal("0.00042"))
    assert Spending.of(dataclasses.replace(ANSWER, extra={"provider_usage": "odd"})).cost(Book()) == Cost.UNKNOWN


@pytest.mark.parametrize("timings", [None, {}, {"ttft_ms": None, "total_ms": 5}, {"ttft_ms": "x"}, {"ttft_ms": True}])
def test_times_that_are_none(timings: dict[str, Any] | None) -> None:
    spending = Spending.of(dataclasses.replace(ANSWER, timings=timings))
    assert spending.ttft_ms is None and spending.speed is None


def test_the_sums() -> None:
    rows = [
        row(1, usage={"input_tokens": 10, "output_tokens": 5, "cache_read_input_tokens": 30}, ttft_ms=100, total_ms=1100),
        row(2, usage={"input_tokens": 10, "output_tokens": 8, "cache_creation_input_tokens": 50}, ttft_ms=300, total_ms=1300),
        row(3, usage={"input_tokens": 1, "output_tokens": 1}, final=False, output_estimate=9, ttft_ms=900, total_ms=900),
        row(4, usage=None, model="stranger"),
        row(5, usage={"input_tokens": 2, "output_tokens": 7, "output_tokens_details": {"thinking_tokens": 4}}, model="stranger"),
    ]
    totals = Totals.of(rows, Book(served=1))
    assert (totals.requests, totals.input, totals.output, totals.output_estimated, totals.thinking) == (5, 23, 21, 8, 4)
    assert (totals.cache_read, totals.cache_write, totals.prompt) == (30, 50, 103)
    assert totals.cost == Cost(Decimal(10 + 5 + 30 + 10 + 8 + 50 + 1 + 9) / 1_000_000, 2, True)
    assert (totals.ttft(), totals.ttft(0.95), totals.speed) == (300, 900, 5.0)
    assert totals.cache_share == pytest.approx(30 / 103)


def test_the_tokens_of_a_summary_stand_beside_those_of_the_response() -> None:
    summary = {"type": "compaction", "input_tokens": 100, "cache_read_input_tokens": 50, "output_tokens": 10}
    spending = row(usage={"input_tokens": 3, "output_tokens": 4, "iterations": [summary, {"type": "message", "input_tokens": 3}]})
    totals = Totals.of([spending, spending], Book(served=1))
    assert (totals.input, totals.output, totals.compaction_input, totals.compaction_output) == (6, 8, 300, 20)


def test_nothing_sums_to_nothing() -> None:
    totals = Totals.of([], Book())
    assert totals == Totals()
    assert totals.ttft() is None and totals.speed is None and totals.cache_share is None
    assert totals.to_json()["cost"] == {"usd": "0.000000", "micro_usd": 0, "unknown": 0, "estimated": False}


@pytest.mark.parametrize(("hours", "day"), [(0, "2026-11-30"), (1, "2026-12-01"), (-9, "2026-11-30")])
def test_days_are_those_of_the_place(hours: int, day: str) -> None:
    zone = timezone(timedelta(hours=hours))
    assert local_day(ANSWER.created_at, zone) == day
    spending = Spending.of(ANSWER)
    assert (spending.key("day", zone), spending.key("month", zone)) == (day, day[:7])
    assert local_day("no time at all", zone) == "no time at"


rows_of_anything = st.lists(
    st.builds(
        row,
        st.integers(),
        usage=st.none() | st.fixed_dictionaries({"input_tokens": st.integers(0, 99), "output_tokens": st.integers(0, 99)}),
        model=st.sampled_from(["served", "other", "stranger", None]),
        provider=st.sampled_from(["here", None]),
        session_id=st.sampled_from(["s1", "s2"]),
        final=st.booleans(),
        output_estimate=st.integers(0, 50),
        created_at=st.datetimes().map(lambda moment: moment.isoformat(timespec="milliseconds") + "Z"),
    ),
    max_size=20,
)


@given(rows_of_anything, st.sampled_from(KEYS))
def test_the_groups_sum_to_the_whole(rows: list[Spending], key: Key) -> None:
    book = Book(served=3, other=1)
    whole, parts = Totals.of(rows, book), totals_by(rows, key, book).values()
    assert sum(part.requests for part in parts) == whole.requests == sum(map(len, grouped(rows, key).values()))
    for name in ("input", "output", "output_estimated", "cache_read", "cache_write", "thinking", "compaction_output"):
        assert sum(getattr(part, name) for part in parts) == getattr(whole, name)
    assert Cost.sum(part.cost for part in parts) == whole.cost
    assert Totals.of(reversed(rows), book) == whole
