"""Arithmetic as text: a small precedence parser that computes as it goes. Nothing is handed to Python's own evaluator."""

from __future__ import annotations

import re
import unicodedata
from fractions import Fraction
from typing import NamedTuple

from claude_tui.tools.operations import (
    CONSTANTS,
    FUNCTIONS,
    MAX_BITS,
    TOO_LARGE,
    CalculationError,
    Number,
    bounded,
    combined,
    factorial,
    formatted,
    square_root,
)

MAX_LENGTH = 1_000
MAX_DEPTH = 60


class Token(NamedTuple):
    kind: str
    text: str
    position: int


_TOKEN = re.compile(
    r"""\s*(?: (?P<number> 0[xX][0-9a-fA-F]+ | 0[bB][01]+ | (?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)? )
      | (?P<name> [A-Za-z_][A-Za-z0-9_]*) | (?P<sign> \*\*|//|[-+*/%^!(),√]) | (?P<end> $) | (?P<other> .))""",
    re.VERBOSE | re.ASCII | re.DOTALL,
)
_SAME = {
    **dict.fromkeys("×⋅·∙∗", "*"),
    **dict.fromkeys("÷∕⁄", "/"),
    **dict.fromkeys("−–—‐‑‒", "-"),
    "π": "pi",
    "τ": "tau",
    "［": "(",
    "］": ")",
    "[": "(",
    "]": ")",
}
_RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-", strict=True))
_BINARY = {"+": 1, "-": 1, "*": 2, "/": 2, "//": 2, "%": 2, "**": 4, "^": 4}
_SIGN_STRENGTH = 3


def evaluate(text: str) -> Number:
    """The value of the expression; raises CalculationError."""
    if len(text) > MAX_LENGTH:
        raise CalculationError(f"The expression is longer than {MAX_LENGTH} characters: compute it in parts.")
    parser = _Parser(_tokens(_plain(text)))
    try:
        return parser.whole()
    except ZeroDivisionError as error:
        raise CalculationError("Division by zero.") from error
    except OverflowError as error:
        raise CalculationError(TOO_LARGE) from error


def _plain(text: str) -> str:
    """Full-width forms, digits of other scripts, typographic signs and raised digits in plain notation."""
    text = re.sub(f"[{''.join(_RAISED)}]+", lambda raised: f"**({''.join(map(_RAISED.__getitem__, raised.group()))})", text)
    plain: list[str] = []
    for character in text:
        if "！" <= character <= "～":
            character = chr(ord(character) - 0xFEE0)
        if character.isspace():
            character = " "
        digit = unicodedata.decimal(character, None)
        plain.append(str(digit) if digit is not None else _SAME.get(character, character))
    return "".join(plain)


def _tokens(text: str) -> list[Token]:
    tokens: list[Token] = []
    position = 0
    while True:
        match = _TOKEN.match(text, position)
        if match is None:  # the pattern takes any character
            raise CalculationError("The expression cannot be read.")
        kind = match.lastgroup or ""
        token = Token(kind, match.group(kind), match.start(kind) + 1)
        if kind == "other":
            raise CalculationError(f"{token.text!r} (character {token.position}) has no meaning in arithmetic.")
        tokens.append(token)
        if kind == "end":
            return tokens
        position = match.end()


class _Parser:
    """One pass over the tokens, computing as it goes."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._next = 0
        self._depth = 0

    def whole(self) -> Number:
        if self._peek().kind == "end":
            raise CalculationError("The expression is empty.")
        value = self._expression(0)
        token = self._peek()
        if token.text == ",":
            raise CalculationError("A comma only separates the arguments of a function: write 1234.5, not 1,234.5 or 1.234,5.")
        if token.text == ")":
            raise CalculationError(f"There is a closing parenthesis too many (character {token.position}).")
        if token.kind != "end":
            raise CalculationError(
                f"An operator is missing before {token.text!r} (character {token.position}): as in 2*(3) or 1000 without a space."
            )
        return value

    def _peek(self) -> Token:
        return self._tokens[self._next]

    def _take(self) -> Token:
        token = self._tokens[self._next]
        self._next += 1
        return token

    def _expression(self, strength: int) -> Number:
        """What follows, as long as its operators bind tighter than `strength`."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise CalculationError(f"The expression is nested deeper than {MAX_DEPTH} levels: compute it in parts.")
        left = self._operand()
        while True:
            token = self._peek()
            if token.text == "!":
                self._take()
                left = factorial([left])
                continue
            binds = _BINARY.get(token.text, 0)
            if binds <= strength:
                break
            self._take()
            if token.text == "%" and (self._peek().kind == "end" or self._peek().text in {"+", "*", "/", ")", ","}):
                raise CalculationError("% is the modulo operator: for per cent, divide by 100.")
            right = self._expression(binds - 1 if binds == _BINARY["**"] else binds)
            left = combined(token.text, left, right)
        self._depth -= 1
        return left

    def _operand(self) -> Number:
        token = self._take()
        if token.kind == "number":
            return _literal(token)
        if token.kind == "name":
            return self._named(token)
        if token.text in {"+", "-"}:
            value = self._expression(_SIGN_STRENGTH)
            return -value if token.text == "-" else value
        if token.text == "√":
            return square_root([self._expression(_SIGN_STRENGTH + 1)])
        if token.text == "(":
            value = self._expression(0)
            self._close(token)
            return value
        if token.kind == "end":
            raise CalculationError("The expression ends where a number is expected.")
        raise CalculationError(f"A number is expected before {token.text!r} (character {token.position}).")

    def _named(self, token: Token) -> Number:
        name = token.text.lower()
        if name in CONSTANTS:
            return CONSTANTS[name]
        function = FUNCTIONS.get(name)
        if function is None:
            raise CalculationError(f"{token.text[:40]!r} is not known. Functions: {', '.join(FUNCTIONS)}.")
        if self._peek().text != "(":
            raise CalculationError(f"{name} needs its argument in parentheses: {name}(…).")
        opening = self._take()
        arguments: list[Number] = []
        while self._peek().text != ")":
            arguments.append(self._expression(0))
            if self._peek().text != ",":
                break
            self._take()
        self._close(opening)
        if not function.least <= len(arguments) <= function.most:
            raise CalculationError(f"{name} takes {function.arity()}, not {len(arguments)}.")
        try:
            return bounded(function.compute(arguments))
        except ValueError as error:
            raise CalculationError(f"{name} is not defined for {', '.join(map(formatted, arguments))[:80]}.") from error

    def _close(self, opening: Token) -> None:
        token = self._take()
        if token.text != ")":
            raise CalculationError(f"The parenthesis opened at character {opening.position} is not closed properly.")


def _literal(token: Token) -> Fraction:
    text = token.text.replace("_", "").lower()
    if text.startswith(("0x", "0b")):
        return Fraction(int(text, 0))
    mantissa, _, exponent = text.partition("e")
    if exponent and abs(int(exponent)) > MAX_BITS * 3 // 10:
        raise CalculationError(TOO_LARGE)
    whole, _, decimals = mantissa.partition(".")
    shift = int(exponent or 0) - len(decimals)
    digits = int(whole + decimals)
    return Fraction(digits * 10**shift) if shift >= 0 else Fraction(digits, 10**-shift)
