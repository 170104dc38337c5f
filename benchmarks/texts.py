"""Texts to stream, always the same, with marks in them: words that occur once, so that the moment each is drawn can be told.

A mark is never cut in two by a delta. The words of a text depend on its kind alone; `seed` only says which marks stand in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import count
from random import Random
from typing import NamedTuple

MARK = re.compile(r"zj[bcdfghkmnpqrstvx]{7}")
_LETTERS = "bcdfghkmnpqrstvx"
_SLOT = "\0"
_FEWEST_BETWEEN = 48
_MOST_MARKS = 1_000
_WORDS = re.findall(
    r"\w+",
    """
answer branch bridge careful change column compare connect corner damage decide detail divide engine enough example
figure finish follow forest garden gentle handle harbour history ignore island journey kernel ladder letter little matter
measure memory middle moment narrow number object office option parser people picture pocket prefer problem process
queue quiet reason record remember result river school second signal simple single steady stream summer system table
teacher tested thread ticket together travel update useful valley value village visible wander weather window winter
a and as at before but by for from in into is it like more not of on or over than that the then this to under was with
""",
)
_HAN = "山水之间有一座小城清晨的雾从河面升起船夫唱着旧歌慢慢地划向对岸孩子们在石桥上等待第一缕阳光照亮屋顶和远处的田野"


class Sections(NamedTuple):
    """The deltas of an answer, in the parts it is sent in."""

    parts: list[list[str]]

    @property
    def size(self) -> int:
        return sum(len(piece) for part in self.parts for piece in part)

    def marks(self, part: int) -> list[str]:
        return [mark for piece in self.parts[part] for mark in MARK.findall(piece)]


def mark(number: int) -> str:
    """Neighbours have few letters in common, so a terminal that is sent only what differs is sent nearly all of it."""
    mixed = (number + 1) * 0x9E3779B97F4A7C15 % (1 << 64)
    return "zj" + "".join(_LETTERS[mixed >> shift & 15] for shift in range(36, 64, 4))


def _words(random: Random, number: int) -> str:
    return " ".join(_SLOT if at % 6 == 5 else random.choice(_WORDS) for at in range(number))


def _sentence(random: Random) -> str:
    return _words(random, random.randint(7, 19)).capitalize() + ". "


def _paragraph(random: Random) -> Iterator[str]:
    while True:
        yield _sentence(random)


def _function(random: Random, number: int) -> str:
    one, two, three = (random.choice(_WORDS[:80]) for _ in range(3))
    return (
        f"def {one}_{number}({two}: int, {three}: str = '{two}') -> list[str]:\n"
        f'    """{_words(random, 7).capitalize()}."""\n'
        f"    {_SLOT} = [{two} + {number} for {three} in range({random.randint(2, 400)})]  # {_words(random, 6)}\n"
        f"    while {one} < {two} and {_SLOT} is not None:\n"
        f"        yield {three}.{one}({_SLOT}, f'{{{two}}} of {number}')\n\n"
    )


def _code(random: Random) -> Iterator[str]:
    yield "```python\n"
    for number in count():
        yield _function(random, number)


def _table(random: Random) -> Iterator[str]:
    yield "| what | how many | share | remark | mark |\n|:--|--:|--:|---|---|\n"
    while True:
        number, share = random.randint(1, 99_999), random.random()
        yield f"| {random.choice(_WORDS)} | {number:,} | {share:.1%} | {_words(random, 3)} | {_SLOT} |\n"


def _list(random: Random) -> Iterator[str]:
    while True:
        yield f"- {_words(random, random.randint(4, 16))}\n"
        for number in range(random.randint(0, 3)):
            yield f"  {number + 1}. **{random.choice(_WORDS)}**: {_words(random, 8)}\n"


def _nested(random: Random) -> Iterator[str]:
    while True:
        for depth in (*range(8), *range(6, 1, -1)):
            yield f"{'  ' * depth}- {_words(random, 9)}\n"


def _quote(random: Random) -> Iterator[str]:
    while True:
        yield "> " + "".join(_sentence(random) for _ in range(random.randint(1, 3))).strip() + "\n"
        yield ">\n" if random.random() < 0.3 else ""


def _han(random: Random) -> Iterator[str]:
    def some() -> str:
        return "".join(random.choice(_HAN) for _ in range(random.randint(9, 28)))

    while True:
        yield "".join(f"{some()} {_SLOT} {some()}。" for _ in range(random.randint(2, 5))) + "\n\n"


def _document(random: Random) -> Iterator[str]:
    for number in count(1):
        word = random.choice(_WORDS)
        yield f"## {number}. {_words(random, 4).capitalize()}\n\n"
        yield "".join(_sentence(random) for _ in range(4)).strip() + "\n\n"
        yield f"Here *{word}* is **rather {random.choice(_WORDS)}**, see `{word}_{number}` "
        yield f"and [this](https://example.org/{number}), {_words(random, 9)}.\n\n"
        yield "".join(f"- {_words(random, 10)}\n" for _ in range(3)) + f"  - {_words(random, 6)}\n\n"
        yield f"```python\n{_function(random, number).strip()}\n```\n\n"
        if number % 2 == 0:
            rows = "".join(f"| {random.choice(_WORDS)} | {random.randint(1, 999)} | {_SLOT} |\n" for _ in range(6))
            yield f"| name | count | mark |\n|---|--:|---|\n{rows}\n"
        if number % 3 == 0:
            yield f"> {_words(random, 20)}\n\n"
        yield "".join(_sentence(random) for _ in range(5)).strip() + "\n\n"


class _Kind(NamedTuple):
    """`end`: how the last mark follows a text that was cut anywhere."""

    text: Callable[[Random], Iterator[str]]
    end: str = "\n\nIn the end {}.\n"


KINDS = {
    "document": _Kind(_document),
    "code": _Kind(_code, "\n# {}\n```\n"),
    "table": _Kind(_table, "\n| end | 1 | 1 | end | {} |\n"),
    "list": _Kind(_list, "\n- {}\n"),
    "nested": _Kind(_nested, "\n- {}\n"),
    "paragraph": _Kind(_paragraph, " {}\n"),
    "quote": _Kind(_quote, "\n> {}\n"),
    "cjk": _Kind(_han, " {}\n"),
}


def _marked(kind: str, size: int, seed: int) -> Iterator[str]:
    """The text with words or marks in its slots, in pieces as they come."""
    random, plain, numbers = Random(kind), Random(f"{kind} words"), count(seed * 1_000_000)
    between, since = max(_FEWEST_BETWEEN, size // _MOST_MARKS), size
    for stretch in KINDS[kind].text(random):
        for number, piece in enumerate(stretch.split(_SLOT)):
            if number:
                due = since >= between
                word = mark(next(numbers)) if due else plain.choice(_WORDS)
                since = 0 if due else since + len(word)
                yield word
            since += len(piece)
            yield piece


class _Cutter:
    """Cuts a text into deltas of about a size, never within a mark."""

    def __init__(self, text: Iterator[str]) -> None:
        self._text = text
        self._rest = ""

    def take(self, size: int) -> str:
        while len(self._rest) < size + 20:
            self._rest += next(self._text)
        for found in MARK.finditer(self._rest, max(size - 9, 0)):
            if found.start() < size < found.end():
                size = found.end()
        piece, self._rest = self._rest[:size], self._rest[size:]
        return piece


def sections(kind: str, deltas: int, characters: int, *, middle: int = 0, seed: int = 0) -> Sections:
    """So many deltas; with `middle`, as many again after that many characters more, which are the second of three parts."""
    cutter = _Cutter(_marked(kind, 2 * deltas * characters + middle, seed))
    parts = [[cutter.take(characters) for _ in range(deltas)]]
    if middle:
        parts.append([cutter.take(1_000) for _ in range(middle // 1_000)])
        parts.append([cutter.take(characters) for _ in range(deltas)])
    fences = sum(piece.count("```") for part in parts for piece in part)
    closing = "\n```\n" if kind == "document" and fences % 2 else ""
    parts[-1][-1] += closing + KINDS[kind].end.format(mark(seed * 1_000_000 + 999_999))
    return Sections(parts)


def text(kind: str, size: int) -> str:
    """So much of it at once."""
    return "".join(piece for part in sections(kind, 1, size).parts for piece in part)
