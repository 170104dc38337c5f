"""Fuzzy matching for every list: the letters of the query in order, rewarded for being together and at the starts of words.

Deterministic, blind to case and to full-width letters, and fast enough to go over thousands of rows on each key press.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

_NARROW = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
_APART = 3
_NEAR = 12


class Match(NamedTuple):
    """How well something matches (higher is better) and which characters of the text did."""

    score: int
    at: tuple[int, ...] = ()


@lru_cache(maxsize=16_384)
def fold(text: str) -> str:
    """`text` for comparing: as many characters, small letters, full-width ones made narrow."""
    if not text.isascii():
        text = text.translate(_NARROW)
    folded = text.casefold()
    if len(folded) == len(text):
        return folded
    return "".join(small if len(small := one.casefold()) == 1 else one for one in text)


def match(query: str, text: str) -> Match | None:
    """Whether every word of `query` is in `text`: as it is, or as letters in order that are not too far apart."""
    score, found = 0, set[int]()
    folded = fold(text)
    for word in fold(query).split():
        one = _word(word, folded)
        if one is None:
            return None
        score += one.score
        found.update(one.at)
    return Match(score, tuple(sorted(found)))


def _word(word: str, text: str) -> Match | None:
    start = text.find(word)
    if start < 0:
        at = _scattered(word, text)
        return None if at is None else Match(_score(at, text), at)
    best = start
    while start >= 0 and not _begins(text, best):
        if _begins(text, start):
            best = start
        start = text.find(word, start + 1)
    at = tuple(range(best, best + len(word)))
    together = 40 if _begins(text, best) else 10
    return Match(_score(at, text) + together + (20 if best == 0 else 0) + (10 if len(word) == len(text) else 0), at)


def _begins(text: str, index: int) -> bool:
    """Whether a word begins here. Every ideograph is a word."""
    return index == 0 or not text[index - 1].isalnum() or ord(text[index]) > 0x2E7F


def _scattered(word: str, text: str) -> tuple[int, ...] | None:
    """The letters as starts of words if that works, else as close together as they first end."""
    return _initials(word, text) or _closest(word, text)


def _initials(word: str, text: str) -> tuple[int, ...] | None:
    at: list[int] = []
    index = -1
    for letter in word:
        index = text.find(letter, index + 1)
        while index >= 0 and not _begins(text, index):
            index = text.find(letter, index + 1)
        if index < 0:
            return None
        at.append(index)
    return tuple(at)


def _closest(word: str, text: str) -> tuple[int, ...] | None:
    end = -1
    for letter in word:
        end = text.find(letter, end + 1)
        if end < 0:
            return None
    at: list[int] = []
    index = end + 1
    for letter in reversed(word):
        index = text.rfind(letter, 0, index)
        at.append(index)
    at.reverse()
    return tuple(at) if at[-1] - at[0] <= _APART * len(word) + _NEAR else None


def _score(at: tuple[int, ...], text: str) -> int:
    score = 10 * len(at) - min(at[0], 5) - min(len(text) // 20, 10)
    for before, index in zip((-2, *at), at, strict=False):
        score += (10 if _begins(text, index) else 0) + (5 if index == before + 1 else 0)
    return score - (at[-1] - at[0] + 1 - len(at))
