"""Operators and functions of the calculator: exact fractions, with floats where a function leaves no choice.

The size of every result is known to be bounded before it is computed, so nothing takes more than milliseconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import MAX_EMAX, MIN_EMIN, Context
from fractions import Fraction
from typing import NamedTuple, TypeAlias

Number: TypeAlias = Fraction | float

MAX_BITS = 10_000
"""Of a numerator or denominator: about 3,000 decimal digits."""
MAX_FACTORIAL = 1_000
MAX_ARGUMENTS = 1_000
SIGNIFICANT = 15
EXACT_DIGITS = 60
TOO_LARGE = f"The result is too large: numbers may have about {MAX_BITS * 3 // 10:,} digits, and results of functions 308."


class CalculationError(Exception):
    """The expression has no value here; the message is a sentence that says why and what to write instead."""


def _bits(value: Fraction) -> int:
    return max(value.numerator.bit_length(), value.denominator.bit_length())


def bounded(value: Number) -> Number:
    if isinstance(value, float):
        if math.isnan(value):
            raise CalculationError("The result is not a number.")
        if math.isinf(value):
            raise CalculationError(TOO_LARGE)
    return value


def combined(sign: str, left: Number, right: Number) -> Number:
    if sign in {"**", "^"}:
        return bounded(_power(left, right))
    if isinstance(left, Fraction) and isinstance(right, Fraction) and _bits(left) + _bits(right) > MAX_BITS:
        raise CalculationError(TOO_LARGE)
    if isinstance(left, float) or isinstance(right, float):
        left, right = float(left), float(right)
    match sign:
        case "+":
            value: Number = left + right
        case "-":
            value = left - right
        case "*":
            value = left * right
        case "/":
            value = left / right
        case "//":
            value = Fraction(left // right)
        case _:
            value = left % right
    return bounded(value)


def _power(base: Number, exponent: Number) -> Number:
    if isinstance(base, Fraction) and isinstance(exponent, Fraction) and exponent.denominator == 1:
        if base not in (0, 1, -1) and _bits(base) * abs(exponent.numerator) > MAX_BITS:
            raise CalculationError(TOO_LARGE)
        if base in (1, -1):
            return Fraction(1) if exponent.numerator % 2 == 0 else base
        return Fraction(base**exponent.numerator)
    if base < 0 and float(exponent) != math.floor(exponent):
        raise CalculationError("A negative number has no real power with a fractional exponent.")
    return math.pow(float(base), float(exponent)) if base or exponent >= 0 else _division_by_zero()


def _division_by_zero() -> float:
    raise ZeroDivisionError


def _whole(value: Number) -> int:
    exact = Fraction(value)
    if exact.denominator != 1:
        raise ValueError
    return exact.numerator


def factorial(arguments: list[Number]) -> Number:
    value = Fraction(arguments[0])
    if value.denominator != 1 or value < 0:
        raise CalculationError("A factorial needs a whole number that is not negative.")
    if value > MAX_FACTORIAL:
        raise CalculationError(f"Factorials go up to {MAX_FACTORIAL}.")
    return Fraction(math.factorial(value.numerator))


def square_root(arguments: list[Number]) -> Number:
    (value,) = arguments
    if value < 0:
        raise CalculationError("A negative number has no real square root.")
    if isinstance(value, Fraction):
        top, bottom = math.isqrt(value.numerator), math.isqrt(value.denominator)
        if (top * top, bottom * bottom) == (value.numerator, value.denominator):
            return Fraction(top, bottom)
    return math.sqrt(value)


def _log(arguments: list[Number]) -> Number:
    natural = [
        math.log(value.numerator) - math.log(value.denominator) if isinstance(value, Fraction) else math.log(value)
        for value in arguments
    ]
    return natural[0] / natural[1] if len(natural) == 2 else natural[0]


def _log_by(base: int, compute: Callable[[int], float]) -> Callable[[list[Number]], Number]:
    def logarithm(arguments: list[Number]) -> Number:
        value = Fraction(arguments[0])
        result = compute(value.numerator) - compute(value.denominator)
        return Fraction(round(result)) if abs(result) < 5_000 and Fraction(base) ** round(result) == value else result

    return logarithm


def _round(arguments: list[Number]) -> Number:
    """Halves away from zero, as in school."""
    digits = _whole(arguments[1]) if len(arguments) > 1 else 0
    if abs(digits) > 300:
        raise ValueError
    scaled = abs(Fraction(arguments[0])) * Fraction(10) ** digits
    rounded = Fraction(math.floor(scaled + Fraction(1, 2))) / Fraction(10) ** digits
    return rounded if arguments[0] >= 0 else -rounded


def _choices(compute: Callable[[int, int], int]) -> Callable[[list[Number]], Number]:
    def count(arguments: list[Number]) -> Number:
        total, taken = map(_whole, arguments)
        if total > MAX_BITS and taken * total.bit_length() > MAX_BITS:
            raise CalculationError(TOO_LARGE)
        if compute is math.perm and taken * total.bit_length() > MAX_BITS * 2:
            raise CalculationError(TOO_LARGE)
        return Fraction(compute(total, taken))

    return count


def _lcm(arguments: list[Number]) -> Number:
    whole = [_whole(value) for value in arguments]
    if sum(value.bit_length() for value in whole) > MAX_BITS:
        raise CalculationError(TOO_LARGE)
    return Fraction(math.lcm(*whole))


def _sum(arguments: list[Number]) -> Number:
    total: Number = Fraction(0)
    for value in arguments:
        total = combined("+", total, value)
    return total


def _one(compute: Callable[[Number], Number | int]) -> Callable[[list[Number]], Number]:
    def applied(arguments: list[Number]) -> Number:
        value = compute(arguments[0])
        return Fraction(value) if isinstance(value, int) else value

    return applied


def _gcd(arguments: list[Number]) -> Number:
    return Fraction(math.gcd(*map(_whole, arguments)))


def _real(compute: Callable[..., float]) -> Callable[[list[Number]], Number]:
    return lambda arguments: compute(*map(float, arguments))


def _periodic(compute: Callable[[float], float]) -> Callable[[list[Number]], Number]:
    """A result that is nothing but the rounding of pi is nought."""

    def snapped(arguments: list[Number]) -> Number:
        value = compute(float(arguments[0]))
        return Fraction(0) if abs(value) < 1e-15 else value

    return snapped


class Function(NamedTuple):
    compute: Callable[[list[Number]], Number]
    least: int = 1
    most: int = 1

    def arity(self) -> str:
        numbers = f"{self.least}" if self.least == self.most else f"{self.least} to {self.most}"
        return f"{numbers} argument{'' if self.most == 1 else 's'}"


CONSTANTS: dict[str, Number] = {"pi": math.pi, "e": math.e, "tau": math.tau}

FUNCTIONS: dict[str, Function] = {
    "sqrt": Function(square_root),
    "cbrt": Function(_real(math.cbrt)),
    "abs": Function(_one(abs)),
    "round": Function(_round, 1, 2),
    "floor": Function(_one(math.floor)),
    "ceil": Function(_one(math.ceil)),
    "trunc": Function(_one(math.trunc)),
    "sin": Function(_periodic(math.sin)),
    "cos": Function(_periodic(math.cos)),
    "tan": Function(_periodic(math.tan)),
    "asin": Function(_real(math.asin)),
    "acos": Function(_real(math.acos)),
    "atan": Function(_real(math.atan)),
    "atan2": Function(_real(math.atan2), 2, 2),
    "sinh": Function(_real(math.sinh)),
    "cosh": Function(_real(math.cosh)),
    "tanh": Function(_real(math.tanh)),
    "degrees": Function(_real(math.degrees)),
    "radians": Function(_real(math.radians)),
    "hypot": Function(_real(math.hypot), 1, 20),
    "exp": Function(_real(math.exp)),
    "ln": Function(_log),
    "log": Function(_log, 1, 2),
    "log2": Function(_log_by(2, math.log2)),
    "log10": Function(_log_by(10, math.log10)),
    "min": Function(min, 1, MAX_ARGUMENTS),
    "max": Function(max, 1, MAX_ARGUMENTS),
    "sum": Function(_sum, 1, MAX_ARGUMENTS),
    "gcd": Function(_gcd, 1, MAX_ARGUMENTS),
    "lcm": Function(_lcm, 1, MAX_ARGUMENTS),
    "factorial": Function(factorial),
    "comb": Function(_choices(math.comb), 2, 2),
    "perm": Function(_choices(math.perm), 2, 2),
}


def formatted(value: Number) -> str:
    """The shortest honest text: all digits where they end, else 15 and, for a short fraction, the fraction."""
    if isinstance(value, float):
        return f"{value:.{SIGNIFICANT}g}"
    if value.denominator == 1:
        return str(value.numerator)
    decimals = _decimals(value.denominator)
    if decimals is not None and decimals + len(str(abs(value.numerator))) <= EXACT_DIGITS:
        digits = str(abs(value.numerator) * 10**decimals // value.denominator).rjust(decimals + 1, "0")
        return f"{'-' if value < 0 else ''}{digits[:-decimals]}.{digits[-decimals:]}"
    context = Context(prec=SIGNIFICANT, Emax=MAX_EMAX, Emin=MIN_EMIN)
    short = str(context.divide(context.create_decimal(value.numerator), context.create_decimal(value.denominator))).replace(
        "E", "e"
    )
    fraction = str(value)
    return f"{short} (exactly {fraction})" if len(fraction) <= 40 else short


def _decimals(denominator: int) -> int | None:
    """How many decimal places a fraction with this denominator has; None if they never end."""
    twos = (denominator & -denominator).bit_length() - 1
    rest, fives = denominator >> twos, 0
    while rest % 5 == 0:
        rest //= 5
        fives += 1
    return max(twos, fives) if rest == 1 else None
