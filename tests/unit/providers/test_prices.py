"""The price book: the packaged table, the user's file over it, and names of models as endpoints write them."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from pathlib import Path

import pytest

from claude_tui.domain.pricing import Price
from claude_tui.providers import catalog
from claude_tui.providers.prices import Prices, load

NOW = "2026-11-29T12:00:00.000Z"


def book(tmp_path: Path, text: str | bytes) -> Prices:
    file = tmp_path / "prices.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load(file)


def found(prices: Prices, model: str, provider: str | None = "anthropic", at: str = NOW) -> Price:
    price = prices.price(model, at, provider)
    assert price is not None
    return price


def rates(price: Price) -> str:
    known = dataclasses.astuple(price.rates)
    return " ".join(f"{rate:f}" for rate in known)


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("claude-fable-5-2", "8 40 10 16 0.2"),
        ("claude-mythos-5-2", "8 40 10 16 0.2"),
        ("claude-fable-5-1", "10 50 12.5 20 0.25"),
        ("claude-mythos-5-1", "10 50 12.5 20 0.25"),
        ("claude-fable-5", "10 50 12.5 20 1"),
        ("claude-mythos-5", "10 50 12.5 20 1"),
        ("claude-opus-5-5", "4 20 5 8 0.2"),
        ("claude-opus-5", "5 25 6.25 10 0.5"),
        ("claude-opus-4-8", "5 25 6.25 10 0.5"),
        ("claude-opus-4-7", "5 25 6.25 10 0.5"),
        ("claude-opus-4-6", "5 25 6.25 10 0.5"),
        ("claude-opus-4-5", "5 25 6.25 10 0.5"),
        ("claude-opus-4-5-20251101", "5 25 6.25 10 0.5"),
        ("claude-sonnet-5-5", "2 10 2.5 4 0.1"),
        ("claude-sonnet-5", "2 10 2.5 4 0.2"),
        ("claude-sonnet-4-6", "3 15 3.75 6 0.3"),
        ("claude-sonnet-4-5-20250929", "3 15 3.75 6 0.3"),
        ("claude-haiku-5-5", "0.1 0.5 0.125 0.2 0.01"),
        ("claude-haiku-4-5-20251001", "1 5 1.25 2 0.1"),
    ],
)
def test_the_packaged_prices(model: str, expected: str) -> None:
    assert rates(found(load(None), model)) == expected


def test_every_model_the_program_knows_has_a_price() -> None:
    prices = load(None)
    assert all(prices.price(model.id, NOW, "anthropic") for model in catalog.known_models())
    assert not prices.warnings and prices.as_of == "2026-11-10"


def test_what_else_is_known_of_them() -> None:
    prices = load(None)
    tiered = found(prices, "claude-haiku-5-5")
    assert tiered.above == 100_000 and tiered.long is not None
    assert rates(dataclasses.replace(tiered, rates=tiered.long)) == "0.5 2.5 0.625 1 0.05"
    assert found(prices, "claude-opus-5-5").fast is None and found(prices, "claude-opus-5-5").refusals_billed
    fast = found(prices, "claude-opus-4-8").fast
    assert fast is not None and (fast.input, fast.output) == (10, 50)
    assert found(prices, "claude-fable-5-2").inferred and not found(prices, "claude-fable-5-1").inferred
    factors = {model.id: found(prices, model.id).us_factor for model in catalog.known_models()}
    assert {model for model, factor in factors.items() if factor == 1} == {
        "claude-opus-4-5", "claude-sonnet-4-5", "claude-haiku-4-5",
    }  # fmt: skip
    assert set(factors.values()) == {Decimal(1), Decimal("1.1")}


@pytest.mark.parametrize(
    "model",
    [
        "claude-opus-5-5",
        "anthropic.claude-opus-5-5-v1:0",
        "us.anthropic.claude-opus-5-5-20260922-v1:0",
        "global.anthropic.claude-opus-5-5",
        "anthropic/claude-opus-5.5",
        "anthropic/claude-opus-5.5:thinking",
    ],
)
def test_clouds_and_gateways_sell_at_about_the_same_price(model: str) -> None:
    usual = found(load(None), "claude-opus-5-5")
    assert found(load(None), model, "somewhere") == dataclasses.replace(usual, inferred=True)
    assert found(load(None), model, "anthropic") == dataclasses.replace(usual, inferred=model != "claude-opus-5-5")


@pytest.mark.parametrize(
    ("model", "provider"),
    [
        ("gpt-6", "anthropic"),
        ("gpt-6", "somewhere"),
        ("", "anthropic"),
        ("", None),
        ("claude-opus-9", "anthropic"),
        ("anthropic/claude-opus-5.5:free", "somewhere"),
        ("other/claude-opus-5-5", "somewhere"),
    ],
)
def test_what_nobody_knows_has_no_price(model: str, provider: str) -> None:
    assert load(None).price(model, NOW, provider) is None


def test_the_users_word_comes_first_and_that_on_an_endpoint_before_it(tmp_path: Path) -> None:
    text = """
        [models.claude-opus-5-5]
        input = 1
        output = 2
        [models."qwen/next:free"]
        input = 0
        output = 0
        [providers.work.models."claude-opus-5-5"]
        input = 3
        output = 4.5
        web_search = 0
    """
    prices = book(tmp_path, text)
    assert not prices.warnings
    assert found(prices, "claude-opus-5-5").rates.output == 2 and found(prices, "claude-opus-5-5", "other").rates.output == 2
    work = found(prices, "claude-opus-5-5-20260922", "work")
    assert work.rates.output == Decimal("4.5") and work.rates.cache_read is None and work.web_search == 0 and not work.inferred
    assert found(prices, "qwen/next:free", "openrouter").rates.input == 0
    assert found(prices, "claude-sonnet-5-5").rates.output == 10


def test_an_old_answer_keeps_its_price(tmp_path: Path) -> None:
    text = """
        [[models.m]]
        since = 2026-06-01
        input = 2
        output = 2
        [[models.m]]
        since = "2026-01-01"
        input = 1
        output = 1
    """
    prices = book(tmp_path, text)
    assert [found(prices, "m", at=f"2026-{day}T00:00:00.000Z").rates.input for day in ("01-01", "05-31", "06-01")] == [1, 1, 2]
    assert prices.price("m", "2025-12-31T23:59:59.999Z", None) is None


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        ("input = 1", 'it needs "input" and "output"'),
        ('input = "1"\noutput = 1', '"input" must be dollars, such as 2.50'),
        ("input = -1\noutput = 1", '"input" must be dollars'),
        ("input = inf\noutput = 1", '"input" must be dollars'),
        ("input = nan\noutput = 1", '"input" must be dollars'),
        ("input = true\noutput = 1", '"input" must be dollars'),
        ("input = 1e9999999\noutput = 1", '"input" must be dollars'),
        ("input = 1\noutput = 1\nouput = 1", "nobody knows 'ouput'"),
        ("input = 1\noutput = 1\nlong = { input = 1, output = 1 }", '"above" must be a number of tokens'),
        ("input = 1\noutput = 1\nfast = 3", '"fast" must be a table'),
        ("input = 1\noutput = 1\ninferred = 1", '"inferred" must be true or false'),
        ('input = 1\noutput = 1\nsince = "summer"', '"since" must be a day'),
    ],
)
def test_an_entry_that_makes_no_sense_costs_only_itself(tmp_path: Path, entry: str, complaint: str) -> None:
    prices = book(tmp_path, f"[models.good]\ninput = 1\noutput = 1\n[models.bad]\n{entry}\n")
    assert len(prices.warnings) == 1 and "prices.toml: the price of bad does not count: " in prices.warnings[0]
    assert complaint in prices.warnings[0]
    assert found(prices, "good").rates.input == 1 and prices.price("bad", NOW, None) is None


@pytest.mark.parametrize(
    "text",
    [
        "models = 3", "models.m = 3", "providers = []", "[providers]\nx = 1", "later = 1", "not toml", b"\xff\xfe",
        "a=" + "[" * 5000,
    ],
)  # fmt: skip
def test_a_file_that_makes_no_sense_is_a_sentence(tmp_path: Path, text: str | bytes) -> None:
    prices = book(tmp_path, text)
    assert len(prices.warnings) == 1 and prices.warnings[0].endswith(".") and "\n" not in prices.warnings[0]
    assert rates(found(prices, "claude-opus-5-5")) == "4 20 5 8 0.2"


def test_a_file_that_is_not_there_is_nothing_to_speak_of(tmp_path: Path) -> None:
    assert not load(tmp_path / "prices.toml").warnings
    (tmp_path / "prices.toml").mkdir()
    assert "Is a directory" in load(tmp_path / "prices.toml").warnings[0]


def test_nothing_is_read_before_it_is_asked_for(tmp_path: Path) -> None:
    prices = load(tmp_path / "prices.toml")
    (tmp_path / "prices.toml").write_text("[models.m]\ninput = 1\noutput = 1\n")
    assert found(prices, "m").rates.input == 1
