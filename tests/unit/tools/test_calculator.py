"""The calculator: right, exact where it can be, and never slow."""

import time
from contextlib import suppress
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_tui.domain.ports import ToolOutput
from claude_tui.tools.arithmetic import MAX_LENGTH, evaluate
from claude_tui.tools.calculator import Calculator
from claude_tui.tools.operations import FUNCTIONS, CalculationError, formatted


async def run(arguments: dict[str, Any]) -> ToolOutput:
    return await Calculator().run(arguments, lambda _: None)


def value(text: str) -> str:
    return formatted(evaluate(text))


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("1+1", "2"),
        ("0.1 + 0.2", "0.3"),
        ("1/3", "0.333333333333333 (exactly 1/3)"),
        ("2/4", "0.5"),
        ("-2**2", "-4"),
        ("(-2)**2", "4"),
        ("2**-1", "0.5"),
        ("2**3**2", "512"),
        ("2^10", "1024"),
        ("2 + 3 * 4 - 5", "9"),
        ("2--3", "5"),
        ("2*-3", "-6"),
        ("+5", "5"),
        ("-7//2", "-4"),
        ("-7 % 3", "2"),
        ("7 % -3", "-2"),
        ("5!", "120"),
        ("-3!", "-6"),
        ("3!!", "720"),
        ("0**0", "1"),
        ("1e3", "1000"),
        ("1.5e-3", "0.0015"),
        (".5 + 5.", "5.5"),
        ("1_000 * 2", "2000"),
        ("0x1F + 0b11", "34"),
        ("2**100", "1267650600228229401496703205376"),
        ("12345678901234567890 * 98765432109876543210", "1219326311370217952237463801111263526900"),
        ("100 * (1 + 0.05)^10", "162.889462677744140625"),
        ("(1/7)**3000", "5.08019002283123e-2536"),
        ("1e400", "1" + "0" * 400),
        ("pi", "3.14159265358979"),
        ("sin(pi)", "0"),
        ("cos(pi/2)", "0"),
        ("tan(pi/4)", "1"),
        ("sin(radians(30))", "0.5"),
        ("sqrt(16)", "4"),
        ("sqrt(1/4)", "0.5"),
        ("sqrt(2)", "1.4142135623731"),
        ("8**(1/3)", "2"),
        ("cbrt(27)", "3"),
        ("log(100, 10)", "2"),
        ("log10(1000)", "3"),
        ("log10(0.001)", "-3"),
        ("log2(1/8)", "-3"),
        ("ln(e)", "1"),
        ("log(2**5000)", "3465.73590279973"),
        ("exp(0)", "1"),
        ("round(2.5)", "3"),
        ("round(-2.5)", "-3"),
        ("round(2.675, 2)", "2.68"),
        ("round(1234, -2)", "1200"),
        ("floor(-1.5)", "-2"),
        ("ceil(-1.5)", "-1"),
        ("trunc(-1.5)", "-1"),
        ("abs(-3)", "3"),
        ("min(3, 1, 2)", "1"),
        ("max(1,234)", "234"),
        ("sum(0.1, 0.2, 0.3)", "0.6"),
        ("gcd(12, 18, 27)", "3"),
        ("lcm(4, 6)", "12"),
        ("comb(50, 6)", "15890700"),
        ("perm(5, 2)", "20"),
        ("hypot(3, 4)", "5"),
        ("factorial(20)", "2432902008176640000"),
    ],
)
def test_results(expression: str, result: str) -> None:
    assert value(expression) == result


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("５＋３×２", "11"),
        ("10÷4", "2.5"),
        ("5−3", "2"),
        ("（1＋2）＊3", "9"),
        ("３．５", "3.5"),
        ("5²", "25"),
        ("2⁻²", "0.25"),
        ("√16", "4"),
        ("√(2·8) + 1", "5"),
        ("2·π", "6.28318530717959"),
        ("٣+٤", "7"),
        ("[1+2]*2", "6"),
        ("1\u00a0+\u30001", "2"),
        ("MAX(1,2)", "2"),
    ],
)
def test_other_ways_to_write_it(expression: str, result: str) -> None:
    assert value(expression) == result


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("1/0", "Division by zero"),
        ("1//0", "Division by zero"),
        ("1%0", "Division by zero"),
        ("0**-1", "Division by zero"),
        ("1,234.5", "comma"),
        ("3,5", "comma"),
        ("1 000", "operator is missing"),
        ("2(3)", "operator is missing"),
        ("2pi", "operator is missing"),
        ("1.2.3", "operator is missing"),
        ("50%", "divide by 100"),
        ("200 * 50% + 1", "divide by 100"),
        ("(1", "not closed"),
        ("1)", "too many"),
        ("1+", "ends where a number"),
        ("*2", "number is expected before '*'"),
        ("abs", "abs(…)"),
        ("abs()", "takes 1 argument, not 0"),
        ("min()", "takes 1 to"),
        ("foo(1)", "'foo' is not known"),
        ("1 = 1", "'='"),
        ("$5", "'$'"),
        ("√-1", "square root"),
        ("(-8)**(1/3)", "fractional exponent"),
        ("log(0)", "not defined"),
        ("asin(2)", "not defined"),
        ("gcd(1.5, 2)", "not defined"),
        ("round(1, 400)", "not defined"),
        ("2.5!", "whole number"),
        ("(-1)!", "whole number"),
        ("1001!", "up to 1000"),
        ("9**9**9", "too large"),
        ("9**9**9**9", "too large"),
        ("10**-999999999", "too large"),
        ("1e999999999", "too large"),
        ("exp(1000)", "too large"),
        ("exp(700)*exp(700)", "too large"),
        ("10**400 * pi", "too large"),
        ("comb(100000, 50000)", "too large"),
        ("perm(10000, 10000)", "too large"),
        ("(" * 200 + "1" + ")" * 200, "nested deeper"),
        ("-" * 200 + "1", "nested deeper"),
        ("1+" * MAX_LENGTH + "1", "longer than"),
        ("__import__('os')", "'"),
        ("().__class__", "'.'"),
        ("lambda x", "not known"),
    ],
)
def test_what_has_no_value_is_said(expression: str, words: str) -> None:
    with pytest.raises(CalculationError) as caught:
        evaluate(expression)
    assert words in str(caught.value)


COSTLY = [
    "9**9**9",
    "1000! * 1000! * 1000!",
    "*".join(["9**999"] * 200)[:1000].rstrip("*9"),
    "+".join(f"1/{number}" for number in range(2, 200)),
    "%".join(["7**3000"] * 100)[:999].rstrip("%7*30") + "7",
    "2**(2**(2**(2**(2**2))))",
    "lcm(" + ",".join(str(number) for number in range(900, 1100)) + ")",
    "comb(10000, 5000) * 1",
    "perm(999999999999, 300)",
    "1e2999 / 7e2998",
]


@pytest.mark.parametrize("expression", COSTLY)
def test_every_answer_is_quick(expression: str) -> None:
    started = time.process_time()
    with suppress(CalculationError):
        formatted(evaluate(expression))
    assert time.process_time() - started < 0.25


async def test_as_a_tool() -> None:
    assert await run({"expression": "6*7"}) == ToolOutput("42")
    refused = await run({"expression": "6*"})
    assert refused.is_error and isinstance(refused.content, str) and refused.content.endswith(".")
    assert (await run({})).is_error


def test_the_model_is_told_every_function() -> None:
    assert all(name in Calculator.spec.description for name in FUNCTIONS)
    assert Calculator.spec.input_schema["additionalProperties"] is False


@given(st.text(alphabet="0123456789.+-*/%^!(),eE pi sqrt abs_×÷√²xb", max_size=60) | st.text(max_size=60))
def test_any_text_gives_a_number_or_a_sentence(text: str) -> None:
    try:
        shown = formatted(evaluate(text))
    except CalculationError as error:
        shown = str(error)
    assert shown


NUMBERS = st.fractions(min_value=-1000, max_value=1000, max_denominator=50)


@given(NUMBERS, NUMBERS, st.sampled_from("+-*/"))
def test_fractions_are_exact(left: Fraction, right: Fraction, sign: str) -> None:
    expression = f"({left.numerator}/{left.denominator}) {sign} ({right.numerator}/{right.denominator})"
    if sign == "/" and right == 0:
        with pytest.raises(CalculationError):
            evaluate(expression)
        return
    expected = {"+": left.__add__, "-": left.__sub__, "*": left.__mul__, "/": left.__truediv__}[sign](right)
    assert evaluate(expression) == expected


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**9), max_value=10**9))
def test_decimals_are_shown_as_written(number: Any) -> None:
    assert Fraction(value(f"{number:f}")) == Fraction(number)
