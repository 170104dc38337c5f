"""What a response costs: pure functions from the API's `usage` and a price to dollars.

Money is `Decimal` throughout, never a float. What has no price is counted as unknown, never as nought; what rests on a guess is
marked. Prices come from elsewhere (`ports.PriceBook`); nothing here does input or output.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, ClassVar, TypeAlias, cast

from claude_tui.domain.blocks import string
from claude_tui.domain.messages import StopReason

_NOUGHT = Decimal(0)
_MILLION = Decimal(1_000_000)
_THOUSAND = Decimal(1000)
_MOST_TOKENS = 10**12
"""What claims more is no count."""
_MOST_DOLLARS = Decimal(1_000_000)
_TENTH_OF_A_CENT = Decimal("0.001")
_CENT = Decimal("0.01")
_FINEST = Decimal("1e-12")

_FALLBACK, _COMPACTION = "fallback_message", "compaction"


@dataclass(frozen=True, slots=True)
class Rates:
    """Dollars per million tokens. A cache rate that is None is not known: such tokens count as input then, as an estimate."""

    input: Decimal
    output: Decimal
    cache_write_5m: Decimal | None = None
    cache_write_1h: Decimal | None = None
    cache_read: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Price:
    """What a model costs.

    `above`: a prompt of more tokens than this is charged by `long`, the whole request. `fast`: the rates of fast mode, None where
    they are not known. `web_search`: dollars per 1,000 searches. `us_factor`: what inference in the US multiplies every token's
    price by. `refusals_billed`: a refusal before any output may be charged. `inferred`: the rates are not the seller's own word.
    """

    rates: Rates
    above: int | None = None
    long: Rates | None = None
    fast: Rates | None = None
    web_search: Decimal | None = Decimal(10)
    us_factor: Decimal = Decimal(1)
    refusals_billed: bool = False
    inferred: bool = False

    def rates_of(self, prompt: int, *, fast: bool) -> Rates | None:
        """The rates of a request with so many prompt tokens."""
        if fast:
            return self.fast
        return self.long if self.above is not None and prompt > self.above and self.long is not None else self.rates


PriceOf: TypeAlias = Callable[[str], Price | None]
"""The price of a model; None where nobody knows it."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Dollars that are known, and how many responses have none. `estimated`: something in `known` is a guess.

    Costs add up in any order.
    """

    known: Decimal = _NOUGHT
    unknown: int = 0
    estimated: bool = False

    NOTHING: ClassVar[Cost]
    UNKNOWN: ClassVar[Cost]
    """One response without a price."""

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.known + other.known, self.unknown + other.unknown, self.estimated or other.estimated)

    @staticmethod
    def sum(costs: Iterable[Cost]) -> Cost:
        return sum(costs, Cost.NOTHING)

    def text(self) -> str:
        """For people: `$0.031`, `~$0.031`, `$0.031 + 2 unknown`, `unknown`."""
        if self.unknown and not self.known:
            return "unknown"
        rest = f" + {self.unknown} unknown" if self.unknown else ""
        return f"{'~' if self.estimated else ''}{dollars(self.known)}{rest}"

    def to_json(self) -> dict[str, Any]:
        """`usd` is an exact decimal string; it and `micro_usd` are null where there are only unknowns."""
        nothing_known = bool(self.unknown) and not self.known
        return {
            "usd": None if nothing_known else _plain(self.known),
            "micro_usd": None if nothing_known else int((self.known * _MILLION).to_integral_value(ROUND_HALF_UP)),
            "unknown": self.unknown,
            "estimated": self.estimated,
        }


Cost.NOTHING = Cost()
Cost.UNKNOWN = Cost(unknown=1)


def dollars(amount: Decimal) -> str:
    """Tenths of a cent below a dollar, cents above, whole dollars from a thousand on; what is not nothing never looks like it."""
    if not amount:
        return "$0"
    if amount < _TENTH_OF_A_CENT:
        return "<$0.001"
    small = amount.quantize(_TENTH_OF_A_CENT, ROUND_HALF_UP)
    if small < 1:
        return f"${small}"
    cents = amount.quantize(_CENT, ROUND_HALF_UP)
    return f"${cents}" if cents < _THOUSAND else f"${amount.quantize(Decimal(1), ROUND_HALF_UP):,}"


def _plain(amount: Decimal) -> str:
    """Every digit there is, six behind the point at least."""
    whole, _, fraction = f"{amount:f}".partition(".")
    return f"{whole}.{fraction.rstrip('0').ljust(6, '0')}"


def reported_cost(given: object) -> Decimal | None:
    """Dollars as a gateway names them beside the usage; None for what is no sensible amount."""
    if isinstance(given, bool) or not isinstance(given, (int, float, str, Decimal)):
        return None
    try:
        amount = Decimal(str(given))
    except InvalidOperation:
        return None
    if not amount.is_finite() or not 0 <= amount <= _MOST_DOLLARS:
        return None
    return amount.quantize(_FINEST).normalize()


def count(usage: Mapping[str, Any] | None, key: str) -> int | None:
    """A count of tokens; None where there is none."""
    value = (usage or {}).get(key)
    return value if type(value) is int and 0 <= value <= _MOST_TOKENS else None


def table(data: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The object at `key`, empty when there is none."""
    value = data.get(key)
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def iterations(usage: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The samplings behind one response, where the API tells of them."""
    given = usage.get("iterations")
    return (
        [cast("dict[str, Any]", one) for one in cast("list[object]", given) if isinstance(one, dict)]
        if isinstance(given, list)
        else []
    )


def compactions(usage: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Samplings whose tokens the response's own counts leave out."""
    return [entry for entry in iterations(usage) if entry.get("type") == _COMPACTION]


def context_fill(usage: Mapping[str, Any] | None) -> int | None:
    """The tokens the conversation takes after this response; None where the API did not say, as after a summary of its own.

    With iterations those of the last message: the response's own counts are sums over all of them.
    """
    if not usage:
        return None
    messages = [entry for entry in iterations(usage) if entry.get("type") in ("message", _FALLBACK)]
    tokens = _Tokens.of(messages[-1] if messages else usage)
    if tokens is None:
        return None
    return tokens.prompt + tokens.output or (None if compactions(usage) else 0)


@dataclass(frozen=True, slots=True)
class _Tokens:
    """The tokens of one sampling, by what they cost."""

    input: int
    write_5m: int
    write_1h: int
    read: int
    output: int
    output_known: bool

    @property
    def prompt(self) -> int:
        return self.input + self.write_5m + self.write_1h + self.read

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> _Tokens | None:
        """None where the input is not known. What was written to the cache without saying for how long was for five minutes."""
        given = count(entry, "input_tokens")
        if given is None:
            return None
        split = table(entry, "cache_creation")
        short, long = count(split, "ephemeral_5m_input_tokens") or 0, count(split, "ephemeral_1h_input_tokens") or 0
        short += max(0, (count(entry, "cache_creation_input_tokens") or 0) - short - long)
        output = count(entry, "output_tokens")
        return cls(given, short, long, count(entry, "cache_read_input_tokens") or 0, output or 0, output is not None)

    def amount(self, rates: Rates) -> tuple[Decimal, bool]:
        """Dollars, and whether a rate had to be guessed."""
        cached = (
            (self.write_5m, rates.cache_write_5m),
            (self.write_1h, rates.cache_write_1h),
            (self.read, rates.cache_read),
        )
        total = self.input * rates.input + self.output * rates.output
        for tokens, rate in cached:
            total += tokens * (rates.input if rate is None else rate)
        return total / _MILLION, any(tokens and rate is None for tokens, rate in cached)


def cost(
    usage: Mapping[str, Any] | None,
    *,
    model: str | None,
    price: PriceOf,
    stop_reason: str | None = None,
    final: bool = True,
    written: int = 0,
    reported: Decimal | None = None,
) -> Cost:
    """The cost of one response by `model`, the one that answered.

    `final`: the usage is the API's last word; if not, `written` output tokens are estimated to have come. `reported`: what the
    endpoint itself says it charged, which outranks every table.
    """
    if reported is not None:
        return Cost(reported)
    if not usage:
        return Cost.UNKNOWN
    entries = iterations(usage) or [dict(usage)]
    known = [_Tokens.of(entry) for entry in entries]
    missing = max(0, written - sum(tokens.output for tokens in known if tokens)) if not final else 0
    if known[-1] is not None and not final:
        known[-1] = replace(known[-1], output=known[-1].output + missing, output_known=True)
    refused = stop_reason == StopReason.REFUSAL
    total = Cost.NOTHING
    for place, (entry, tokens) in enumerate(zip(entries, known, strict=True)):
        following = entries[place + 1].get("type") if place + 1 < len(entries) else None
        if tokens is not None and tokens.output_known and not tokens.output and following == _FALLBACK:
            continue  # declined before any output: the fallback is billed, this is not
        row = price(string(entry, "model") or model or "")
        total += _sampling(entry, tokens, row, usage, refused=refused and following is None)
    total += _searches(usage, model, price)
    return Cost(total.known, min(1, total.unknown), (total.estimated or not final) and not (total.unknown and not total.known))


def _sampling(
    entry: Mapping[str, Any], tokens: _Tokens | None, price: Price | None, usage: Mapping[str, Any], *, refused: bool
) -> Cost:
    if tokens is None or price is None or not tokens.output_known:
        return Cost.UNKNOWN
    declined = refused and not tokens.output
    if declined and not price.refusals_billed:
        return Cost.NOTHING
    rates = price.rates_of(tokens.prompt, fast=(entry.get("speed") or usage.get("speed")) == "fast")
    if rates is None:
        return Cost.UNKNOWN
    amount, guessed = tokens.amount(rates)
    if (entry.get("inference_geo") or usage.get("inference_geo")) == "us":
        amount *= price.us_factor
    return Cost(amount, 0, guessed or declined or price.inferred)


def _searches(usage: Mapping[str, Any], model: str | None, price: PriceOf) -> Cost:
    searches = count(table(usage, "server_tool_use"), "web_search_requests")
    if not searches:
        return Cost.NOTHING
    row = price(model or "")
    if row is None or row.web_search is None:
        return Cost.UNKNOWN
    return Cost(searches * row.web_search / _THOUSAND)
