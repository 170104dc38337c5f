"""The price book: the packaged table `prices.toml`, and the user's file of the same form over it.

Read at the first question, never at start-up. What cannot be understood in the user's file is a sentence in `warnings`; everything
else in it holds. The user's word counts before the table, what is said of an endpoint before what is said of a model.
"""

from __future__ import annotations

import logging
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from claude_tui.domain.ports import PriceBook
from claude_tui.domain.pricing import Price, Rates
from claude_tui.domain.text import safe_line

_log = logging.getLogger(__name__)

TABLE = Path(__file__).with_name("prices.toml")
OWN = "anthropic"
"""The endpoint the packaged prices are those of."""

_MOST = Decimal(1_000_000)
_DIGITS = 9
_DATED = re.compile(r"[-@]\d{8}$")
_PLATFORM_HEAD = re.compile(r"^(?:(?:[a-z]{2,6}\.)?anthropic\.|~?anthropic/)")
_PLATFORM_TAIL = re.compile(r"(?:-v\d+(?::\d+)?|@(?:default|latest)|:(?!free)[a-z-]+)$")

_RATES = ("input", "output", "cache_write_5m", "cache_write_1h", "cache_read")
_WORDS = frozenset({*_RATES, "since", "long", "fast", "us_factor", "web_search", "refusals_billed", "inferred"})

_Rows: TypeAlias = tuple[tuple[str, Price], ...]
"""`(since, price)`, the oldest first; `since` is empty where a price always held."""


def load(user_file: Path | None) -> Prices:
    """The prices, the user's over ours; nothing is read yet."""
    return Prices(user_file)


class Prices:
    """Implements `ports.PriceBook`."""

    def __init__(self, user_file: Path | None) -> None:
        self._user_file = user_file
        self._read: _Tables | None = None
        self._users: _Tables | None = None
        self._found: dict[tuple[str, str, str | None], Price | None] = {}
        self._warnings: list[str] = []

    @property
    def as_of(self) -> str:
        return self._tables()[0].as_of

    @property
    def warnings(self) -> tuple[str, ...]:
        """What of the user's file does not count, and why."""
        self._tables()
        return tuple(self._warnings)

    def price(self, model: str, at: str, provider: str | None) -> Price | None:
        key = (model, at[:10], provider)
        if key not in self._found:
            self._found[key] = self._look_up(*key)
        return self._found[key]

    def _look_up(self, model: str, day: str, provider: str | None) -> Price | None:
        own, users = self._tables()
        for names in (users.by_provider.get(provider or "", {}), users.by_model):
            for name in (model, _undated(model)):
                if name in names:
                    return _of_day(names[name], day)
        for name in (model, _undated(model)):
            if name in own.by_model:
                return _elsewhere(_of_day(own.by_model[name], day), provider)
        rows = own.by_model.get(_plain_name(model))
        return _estimate(_of_day(rows, day)) if rows else None

    def _tables(self) -> tuple[_Tables, _Tables]:
        if self._read is None or self._users is None:
            self._read = _Tables(tomllib.loads(TABLE.read_text(encoding="utf-8"), parse_float=Decimal), self._warn)
            self._users = _Tables(self._given(), self._warn)
        return self._read, self._users

    def _warn(self, text: str) -> None:
        sentence = f"{self._user_file}: {text}"
        self._warnings.append(sentence)
        _log.warning("%s", sentence)

    def _given(self) -> dict[str, Any]:
        """What stands in the user's file; nothing where there is none, or it cannot be read."""
        if self._user_file is None:
            return {}
        try:
            return tomllib.loads(self._user_file.read_text(encoding="utf-8-sig"), parse_float=Decimal)
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, ArithmeticError, RecursionError) as error:
            said = error.strerror if isinstance(error, OSError) else error
            self._warn(f"none of it is used: {safe_line(str(said))}.")
            return {}


def _elsewhere(price: Price | None, provider: str | None) -> Price | None:
    """Clouds and gateways sell the models at about our price, some with a premium: there it is an estimate."""
    return price if provider in (None, OWN) else _estimate(price)


def _estimate(price: Price | None) -> Price | None:
    return replace(price, inferred=True) if price else None


def _undated(model: str) -> str:
    return _DATED.sub("", model)


def _plain_name(model: str) -> str:
    """The model's own name in a cloud's or gateway's: `us.anthropic.claude-opus-5-5-v1:0`, `anthropic/claude-opus-5.5`."""
    name = _PLATFORM_HEAD.sub("", model)
    while (shorter := _PLATFORM_TAIL.sub("", name)) != name:
        name = shorter
    return _undated(name.replace(".", "-"))


def _of_day(rows: _Rows, day: str) -> Price | None:
    return next((price for since, price in reversed(rows) if since <= day), None)


class _Tables:
    """The prices of one file."""

    def __init__(self, data: Mapping[str, Any], warn: Callable[[str], None]) -> None:
        self._warn = warn
        as_of = data.get("as_of")
        self.as_of = str(as_of) if isinstance(as_of, (str, date)) else ""
        self.by_model = self._models(data.get("models"), "models")
        self.by_provider: dict[str, dict[str, _Rows]] = {}
        for name, endpoint in self._entries(data.get("providers"), "providers"):
            given: object = cast("dict[str, Any]", endpoint).get("models") if isinstance(endpoint, dict) else endpoint
            self.by_provider[name] = self._models(given, f"providers.{name}.models")
        for key in data.keys() - {"as_of", "models", "providers"}:
            self._warn(f"nobody knows {safe_line(key, 40)!r}.")

    def _entries(self, given: object, where: str) -> Iterator[tuple[str, object]]:
        if isinstance(given, dict):
            yield from cast("dict[str, object]", given).items()
        elif given is not None:
            self._warn(f"{safe_line(where, 80)} must be a table.")

    def _models(self, given: object, where: str) -> dict[str, _Rows]:
        found: dict[str, _Rows] = {}
        for model, entry in self._entries(given, where):
            rows: list[object] = cast("list[object]", entry) if isinstance(entry, list) else [entry]
            try:
                found[model] = tuple(sorted((_dated(row) for row in rows), key=lambda row: row[0]))
            except ValueError as error:
                self._warn(f"the price of {safe_line(model, 80)} does not count: {error}.")
        return found


def _dated(given: object) -> tuple[str, Price]:
    """One row; ValueError, with the end of a sentence, for what is none."""
    if not isinstance(given, dict):
        raise ValueError("it must be a table")
    row = cast("dict[str, Any]", given)
    unknown = sorted(row.keys() - _WORDS)
    if unknown:
        raise ValueError(f"nobody knows {safe_line(unknown[0], 40)!r}")
    long = _inner(row, "long")
    price = Price(
        rates=_rates(row),
        above=_tokens(long, "above") if long else None,
        long=_rates(long) if long else None,
        fast=_rates(fast) if (fast := _inner(row, "fast")) else None,
        us_factor=_amount(row, "us_factor") or Decimal(1),
        web_search=Decimal(10) if "web_search" not in row else _amount(row, "web_search"),
        refusals_billed=_flag(row, "refusals_billed"),
        inferred=_flag(row, "inferred"),
    )
    return _day(row.get("since", "")), price


def _rates(row: Mapping[str, Any]) -> Rates:
    given = {name: _amount(row, name) for name in _RATES}
    dollars_in, dollars_out = given.pop("input"), given.pop("output")
    if dollars_in is None or dollars_out is None:
        raise ValueError('it needs "input" and "output"')
    return Rates(dollars_in, dollars_out, **given)


def _amount(row: Mapping[str, Any], key: str) -> Decimal | None:
    value = row.get(key)
    if value is None:
        return None
    if type(value) is int:
        value = Decimal(value)
    if not isinstance(value, Decimal) or not value.is_finite() or not 0 <= value <= _MOST:
        raise ValueError(f'"{key}" must be dollars, such as 2.50')
    return round(value, _DIGITS).normalize()


def _tokens(row: Mapping[str, Any], key: str) -> int:
    value = row.get(key)
    if type(value) is not int or value < 0:
        raise ValueError(f'"{key}" must be a number of tokens')
    return value


def _flag(row: Mapping[str, Any], key: str) -> bool:
    value = row.get(key, False)
    if not isinstance(value, bool):
        raise ValueError(f'"{key}" must be true or false')
    return value


def _inner(row: Mapping[str, Any], key: str) -> dict[str, Any] | None:
    value = row.get(key)
    if value is not None and not isinstance(value, dict):
        raise ValueError(f'"{key}" must be a table')
    return cast("dict[str, Any] | None", value)


def _day(value: object) -> str:
    """A day as text or as TOML's own date; empty: always."""
    if value == "":
        return ""
    try:
        return (value if isinstance(value, date) else date.fromisoformat(cast("str", value))).isoformat()[:10]
    except (TypeError, ValueError):
        raise ValueError('"since" must be a day, such as "2026-09-01"') from None


if TYPE_CHECKING:
    _implements: type[PriceBook] = Prices
