"""What a response costs: a row for each rule of the API's billing, and what always holds."""

from __future__ import annotations

import dataclasses
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_tui.domain.pricing import Cost, Price, Rates, context_fill, cost, dollars, reported_cost

D = Decimal
LARGE = Price(
    Rates(D(5), D(25), D("6.25"), D(10), D("0.5")), fast=Rates(D(10), D(50), D("12.5"), D(20), D(1)), us_factor=D("1.1")
)  # fmt: skip
SMALL = Price(Rates(D(1), D(5), D("1.25"), D(2), D("0.1")))
TIERED = Price(
    Rates(D("0.1"), D("0.5"), D("0.125"), D("0.2"), D("0.01")),
    above=100_000,
    long=Rates(D("0.5"), D("2.5"), D("0.625"), D(1), D("0.05")),
    us_factor=D("1.1"),
)
PRICES = {
    "large": LARGE,
    "small": SMALL,
    "tiered": TIERED,
    "bare": Price(Rates(D(1), D(2)), web_search=None),
    "guessed": dataclasses.replace(SMALL, inferred=True),
    "refusing": dataclasses.replace(SMALL, refusals_billed=True),
}

M = 1_000_000
SPLIT = {"ephemeral_5m_input_tokens": M, "ephemeral_1h_input_tokens": 2 * M}


def used(given: int = 0, output: int = 0, **more: Any) -> dict[str, Any]:
    return {"input_tokens": given, "output_tokens": output, **more}


def part(kind: str, given: int, output: int, **more: Any) -> dict[str, Any]:
    return {"type": kind, **used(given, output), **more}


def priced(usage: dict[str, Any] | None, model: str | None = "large", **more: Any) -> Cost:
    return cost(usage, model=model, price=PRICES.get, **more)


@pytest.mark.parametrize(
    ("usage", "model", "dollars", "estimated"),
    [
        (used(M, M), "large", "30", False),
        (used(0, 0), "large", "0", False),
        (used(M, 0, cache_read_input_tokens=M), "large", "5.5", False),
        (used(0, 0, cache_creation_input_tokens=3 * M, cache_creation=SPLIT), "large", "26.25", False),
        (used(0, 0, cache_creation_input_tokens=M), "large", "6.25", False),
        (used(0, 0, cache_creation_input_tokens=M, cache_creation=None), "large", "6.25", False),
        (used(0, 0, cache_creation_input_tokens=4 * M, cache_creation=SPLIT), "large", "32.5", False),
        (used(0, 0, cache_creation=SPLIT), "large", "26.25", False),
        (used(M, M, speed="fast"), "large", "60", False),
        (used(M, M, speed="standard"), "large", "30", False),
        (used(M, M, cache_read_input_tokens=M, inference_geo="us"), "large", "33.55", False),
        (used(M, M, inference_geo="us"), "small", "6", False),
        (used(M, M, inference_geo="global"), "large", "30", False),
        (used(M, M, speed="fast", inference_geo="us"), "large", "66", False),
        (used(100_000, 1000), "tiered", "0.0105", False),
        (used(100_001, 1000), "tiered", "0.0525005", False),
        (used(1, 0, cache_read_input_tokens=60_000, cache_creation_input_tokens=40_000), "tiered", "0.0280005", False),
        (used(1, 0, cache_read_input_tokens=59_999, cache_creation_input_tokens=40_000), "tiered", "0.00560009", False),
        (used(0, 0, server_tool_use={"web_search_requests": 3, "web_fetch_requests": 9}), "large", "0.03", False),
        (used(0, 0, server_tool_use={"web_search_requests": 1}, inference_geo="us"), "large", "0.01", False),
        (used(M, M, output_tokens_details={"thinking_tokens": M}), "large", "30", False),
        (used(M, M, service_tier="batch"), "large", "30", False),
        (used(M, M), "guessed", "6", True),
        (used(M, M), "bare", "3", False),
        (used(0, 0, cache_read_input_tokens=M), "bare", "1", True),
        (used(M, M, iterations=[]), "large", "30", False),
        (used(M, M, iterations=None), "large", "30", False),
    ],
)  # fmt: skip
def test_the_rules_for_one_sampling(usage: dict[str, Any], model: str, dollars: str, estimated: bool) -> None:
    assert priced(usage, model) == Cost(D(dollars), 0, estimated)


@pytest.mark.parametrize(
    ("usage", "model", "dollars"),
    [
        # Each at its own model's price; the response's own counts are their sum and are not added.
        (used(2 * M, 2 * M, iterations=[part("message", M, M), part("message", M, M, model="small")]), "large", "36"),
        # Without a model of its own it is the response's.
        (used(M, M, iterations=[part("message", M, M)]), "small", "6"),
        # Declined before any output: the fallback is billed, the one before it is not.
        (used(M, M, iterations=[part("message", M, 0, model="large"), part("fallback_message", M, M)]), "small", "6"),
        # Declined after some output: both are.
        (used(M, M, iterations=[part("message", M, M, model="large"), part("fallback_message", M, M)]), "small", "36"),
        # No output, but nothing fell back: billed.
        (used(M, 0, iterations=[part("message", M, 0), part("message", M, M)]), "large", "35"),
        # The summary of a conversation is not in the response's counts.
        (used(M, M, iterations=[part("compaction", M, M), part("message", M, M)]), "large", "60"),
        (used(0, 0, iterations=[part("compaction", M, M)]), "large", "30"),
        (used(M, M, iterations=[part("advisor_message", M, M, model="small"), part("message", M, M)]), "large", "36"),
        # The tier is that of each sampling's own prompt.
        (used(120_000, 0, iterations=[part("message", 60_000, 0), part("message", 60_000, 0)]), "tiered", "0.012"),
        # Geography and speed stand at the top; searches are counted once.
        (used(2 * M, 0, iterations=[part("message", M, 0), part("message", M, 0)], inference_geo="us"), "large", "11"),
        (used(2 * M, 0, iterations=[part("message", M, 0), part("message", M, 0)], speed="fast"), "large", "20"),
        (used(M, 0, iterations=[part("message", M, 0)], server_tool_use={"web_search_requests": 1}), "large", "5.01"),
        (used(M, 0, iterations=[part("message", 0, 0, cache_creation=SPLIT)]), "large", "26.25"),
    ],
)  # fmt: skip
def test_the_rules_for_several_samplings(usage: dict[str, Any], model: str, dollars: str) -> None:
    assert priced(usage, model) == Cost(D(dollars))


@pytest.mark.parametrize(
    ("usage", "model"),
    [
        (None, "large"),
        ({}, "large"),
        (used(M, M), "stranger"),
        (used(M, M), None),
        (used(M, M, speed="fast"), "small"),
        ({"output_tokens": 5}, "large"),
        ({"input_tokens": 5}, "large"),
        ({"input_tokens": True, "output_tokens": 1}, "large"),
        ({"input_tokens": -1, "output_tokens": 1}, "large"),
        ({"input_tokens": 10**400, "output_tokens": 1}, "large"),
        (used(0, 0, server_tool_use={"web_search_requests": 1}), "stranger"),
        (used(M, M, iterations=[part("message", M, M, model="stranger"), part("message", M, M, model="other")]), "large"),
    ],
)  # fmt: skip
def test_what_has_no_price_is_one_unknown(usage: dict[str, Any] | None, model: str | None) -> None:
    assert priced(usage, model) == Cost.UNKNOWN


def test_what_is_known_of_a_response_counts_beside_what_is_not() -> None:
    usage = used(2 * M, 0, iterations=[part("message", M, 0, model="small"), part("message", M, 0, model="stranger")])
    assert priced(usage) == Cost(D(1), 1)
    assert priced(used(M, 0, server_tool_use={"web_search_requests": 1}), "bare") == Cost(D(1), 1)


@pytest.mark.parametrize(
    ("usage", "model", "expected"),
    [
        (used(M, 0), "small", Cost.NOTHING),
        (used(M, 0), "refusing", Cost(D(1), 0, True)),
        (used(M, M), "small", Cost(D(6))),
        (used(M, 0), "stranger", Cost.UNKNOWN),
        (used(M, 0, iterations=[part("message", M, 0), part("fallback_message", M, 0)]), "small", Cost.NOTHING),
    ],
)  # fmt: skip
def test_a_refusal_before_any_output_is_not_billed(usage: dict[str, Any], model: str, expected: Cost) -> None:
    assert priced(usage, model, stop_reason="refusal") == expected


def test_an_answer_that_broke_off_is_estimated() -> None:
    assert priced(used(M, 1), final=False, written=M) == Cost(D(30), 0, True)
    assert priced(used(M, M), final=False, written=5) == Cost(D(30), 0, True), "what the API counted is the least there was"
    assert priced({"input_tokens": M}, final=False, written=M) == Cost(D(30), 0, True)
    assert priced(used(M, 1), "stranger", final=False, written=M) == Cost.UNKNOWN
    usage = used(M, 0, iterations=[part("message", M, M, model="small"), part("message", 0, 0, model="large")])
    assert priced(usage, "large", final=False, written=2 * M) == Cost(D(31), 0, True)


def test_what_the_endpoint_says_it_charged_outranks_the_table() -> None:
    assert priced(used(M, M), reported=D("0.5")) == Cost(D("0.5"))
    assert priced(None, "stranger", reported=D(0)) == Cost.NOTHING


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (0.00123, "0.00123"), ("1e-7", "1e-7"), (0, "0"), (2, "2"), (True, None), (None, None), ("free", None), (-1, None),
        (float("nan"), None), (float("inf"), None), ("1e999999", None), ([1], None),
    ],
)  # fmt: skip
def test_reported_amounts(given: object, expected: str | None) -> None:
    assert reported_cost(given) == (None if expected is None else D(expected))


@pytest.mark.parametrize(
    ("cost", "text"),
    [
        (Cost(), "$0"),
        (Cost(D("0.0312")), "$0.031"),
        (Cost(D("0.0315")), "$0.032"),
        (Cost(D("0.0312"), 0, True), "~$0.031"),
        (Cost(D("0.00000001")), "<$0.001"),
        (Cost(D("0.00099")), "<$0.001"),
        (Cost(D("0.001")), "$0.001"),
        (Cost(D("0.9994")), "$0.999"),
        (Cost(D("0.9996")), "$1.00"),
        (Cost(D("12.345")), "$12.35"),
        (Cost(D("999.994")), "$999.99"),
        (Cost(D("999.999")), "$1,000"),
        (Cost(D("1234567.5")), "$1,234,568"),
        (Cost(D(0), 3), "unknown"),
        (Cost(D(0), 3, True), "unknown"),
        (Cost(D("0.031"), 2), "$0.031 + 2 unknown"),
        (Cost(D("0.031"), 2, True), "~$0.031 + 2 unknown"),
    ],
)
def test_costs_for_people(cost: Cost, text: str) -> None:
    assert cost.text() == text


@pytest.mark.parametrize(
    ("cost", "usd", "micro"),
    [
        (Cost(), "0.000000", 0),
        (Cost(D("0.0312")), "0.031200", 31_200),
        (Cost(D("1E+1")), "10.000000", 10_000_000),
        (Cost(D("0.00000001")), "0.00000001", 0),
        (Cost(D("0.0000005"), 1), "0.0000005", 1),
        (Cost.UNKNOWN, None, None),
    ],
)
def test_costs_as_json(cost: Cost, usd: str | None, micro: int | None) -> None:
    expected = {"usd": usd, "micro_usd": micro, "unknown": cost.unknown, "estimated": cost.estimated}
    assert json.loads(json.dumps(cost.to_json())) == expected


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        (None, None),
        ({}, None),
        ({"output_tokens": 3}, None),
        (used(1, 2, cache_read_input_tokens=10, cache_creation_input_tokens=100), 113),
        (used(90, 90, iterations=[part("message", 10, 1), part("message", 20, 2, cache_read_input_tokens=5)]), 27),
        (used(90, 90, iterations=[part("message", 20, 2), part("advisor_message", 900, 9)]), 22),
        (used(90, 90, iterations=[part("message", 20, 0), part("fallback_message", 30, 3)]), 33),
        (used(7, 1, iterations=[part("compaction", 900, 9)]), 8),
        (
            {
                "input_tokens": 0,
                "output_tokens": 0,
                "iterations": [{"type": "compaction", "input_tokens": 900, "output_tokens": 9}],
            },
            None,
        ),
    ],
)
def test_how_full_the_context_is(usage: dict[str, Any] | None, tokens: int | None) -> None:
    assert context_fill(usage) == tokens


counts = st.integers(0, 3_000_000)
usages = st.fixed_dictionaries(
    {"input_tokens": counts, "output_tokens": counts},
    optional={
        "cache_read_input_tokens": counts,
        "cache_creation_input_tokens": counts,
        "inference_geo": st.sampled_from(["us", "global"]),
        "speed": st.sampled_from(["fast", "standard"]),
        "server_tool_use": st.fixed_dictionaries({"web_search_requests": st.integers(0, 50)}),
    },
)
responses = st.tuples(usages, st.sampled_from([*PRICES, "stranger"]), st.booleans())


def _cost(response: tuple[dict[str, Any], str, bool]) -> Cost:
    usage, model, final = response
    return priced(usage, model, final=final, written=100)


@given(st.lists(responses, max_size=12), st.randoms(use_true_random=False), st.integers(0, 12))
def test_costs_add_up_in_any_order_and_any_parts(all_of_them: list[Any], random: Any, cut: int) -> None:
    costs = [_cost(one) for one in all_of_them]
    whole = Cost.sum(costs)
    assert Cost.sum([Cost.sum(costs[:cut]), Cost.sum(costs[cut:])]) == whole
    random.shuffle(costs)
    assert Cost.sum(costs) == whole
    assert type(whole.known) is Decimal and whole.known >= 0
    assert whole.unknown == sum(one.unknown for one in costs)


@given(responses)
def test_a_response_is_known_or_unknown_never_for_nothing(response: tuple[dict[str, Any], str, bool]) -> None:
    found = _cost(response)
    usage, model, _ = response
    assert type(found.known) is Decimal and found.unknown in (0, 1)
    if model == "stranger":
        assert found == Cost.UNKNOWN and found.text() == "unknown"
    if usage["output_tokens"] and not found.unknown:
        assert found.known > 0 and found.text() not in ("$0", "~$0")


@given(usages, st.integers(1, 4))
def test_samplings_cost_what_they_would_cost_alone(usage: dict[str, Any], times: int) -> None:
    one = {key: value for key, value in usage.items() if key != "server_tool_use"}
    several = {**one, "iterations": [{**one, "type": "message"} for _ in range(times)]}
    assert priced(several) == Cost.sum([priced(one)] * times)


@given(st.decimals(0, 10**6, places=9))
def test_what_is_not_nothing_never_looks_like_it(amount: Decimal) -> None:
    assert (dollars(amount) == "$0") == (amount == 0)
