"""What the dock says, as rows of text for a width: plain data in, plain text out.

Everything from outside is made harmless here. Where not everything fits, what matters least is left out.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias

from rich.cells import cell_len, chop_cells, set_cell_size

from claude_tui.domain.errors import ErrorInfo
from claude_tui.domain.text import safe_line, safe_text

Level: TypeAlias = Literal["info", "warning", "error"]
Tone: TypeAlias = Literal["info", "warning", "error", "muted", "retry"]

MOST_QUEUED = 3
QUEUE_HINTS = {True: "↑ edits · sent after the answer", False: "↑ edits · Enter sends"}
"""Whether an answer is being written → what becomes of prompts that wait."""
_JOINERS = "\u200c\u200d\ufe0e\ufe0f"


class Offer(NamedTuple):
    """Something to press, in words."""

    key: str
    label: str

    @property
    def text(self) -> str:
        return f"[{self.key}] {self.label}"


class Row(NamedTuple):
    """One line of the screen. `offer` is there where a click on it means a key."""

    text: str
    tone: Tone
    offers: tuple[tuple[int, int, Offer], ...] = ()


@dataclass(frozen=True, slots=True)
class Retry:
    """The wait for another attempt. `until`: when it ends, by the dock's clock."""

    error: ErrorInfo
    until: float
    attempt: int
    attempts: int

    def sentence(self, now: float) -> str:
        left = max(0, math.ceil(self.until - now - 0.001))
        status = f"HTTP {self.error.status}: " if self.error.status else ""
        reason = safe_line(self.error.message).rstrip(" .")
        return f"{status}{reason}. Retrying in {left} s (attempt {self.attempt} of {self.attempts}) · Esc stops"


@dataclass(frozen=True, slots=True)
class Contents:
    """Everything the dock may show but approvals."""

    retry: Retry | None = None
    error: str = ""
    offers: tuple[Offer, ...] = ()
    queue: tuple[str, ...] = ()
    busy: bool = True
    notices: tuple[tuple[str, Level], ...] = ()
    editing: bool = False
    read_only: str | None = None


def rows(contents: Contents, width: int, budget: int, now: float) -> list[Row]:
    """At most `budget` rows, each at most `width` cells wide: banners on top, what is happening now at the bottom."""
    groups: list[tuple[int, list[Row]]] = []  # importance, rows; in the order of the screen
    if contents.read_only is not None:
        groups.append((4, _wrapped(contents.read_only, "warning", width, 1)))
    if contents.editing:
        groups.append((5, _wrapped("editing an earlier prompt · Esc Esc leaves", "info", width, 1)))
    groups += [(place, _wrapped(text, level, width, 2)) for place, (text, level) in enumerate(contents.notices)]
    if contents.error:
        groups.append((7, _wrapped(contents.error, "error", width, 3)))
    groups.append((6, _offered(contents.offers, width)))
    groups.append((3, _queued(contents.queue, width, QUEUE_HINTS[contents.busy])))
    if contents.retry is not None:
        groups.append((8, _wrapped(contents.retry.sentence(now), "retry", width, 3)))
    while groups and sum(len(lines) for _, lines in groups) > budget:
        least = min(range(len(groups)), key=lambda place: groups[place][0])
        over = sum(len(lines) for _, lines in groups) - budget
        kept = len(groups[least][1]) - over if len(groups) == 1 else 0
        groups[least : least + 1] = [(groups[least][0], groups[least][1][:kept])] if kept > 0 else []
    return [row for _, lines in groups for row in lines]


def cut(text: str, width: int) -> str:
    """`text` in at most `width` cells, an ellipsis where something is missing."""
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, max(0, width - 1)).rstrip() + "…" if width > 0 else ""


def wrap(text: str, width: int, most: int) -> list[str]:
    """`text` as lines of at most `width` cells, broken between words where there are any; at most `most` of them."""
    lines = [line for part in text.split("\n") for line in _wrap_line(part, max(2, width))]
    if len(lines) > most:
        lines = [*lines[: most - 1], cut(" ".join(lines[most - 1 :]), width)]
    return lines


def _wrap_line(text: str, width: int) -> list[str]:
    lines: list[str] = []
    line = ""
    for word in re.findall(r"\S+\s*|\s+", text.expandtabs(4)):
        if cell_len((line + word).rstrip()) <= width:
            line += word
            continue
        if line.strip():
            lines.append(line.rstrip())
        pieces = chop_cells(word.rstrip(), width) or [""]
        lines += pieces[:-1]
        line = pieces[-1] + word[len(word.rstrip()) :]
    return [*lines, line.rstrip()]


def _wrapped(text: str, tone: Tone, width: int, most: int) -> list[Row]:
    return [Row(line, tone) for line in wrap(safe_line(text, 2_000), width, most)]


def _offered(offers: Sequence[Offer], width: int) -> list[Row]:
    """The keys side by side, on further rows where they do not fit."""
    found: list[Row] = []
    text, spans = "", tuple[tuple[int, int, Offer], ...]()
    for offer in offers:
        word = cut(safe_line(offer.text), width)
        if text and cell_len(text) + 2 + cell_len(word) > width:
            found.append(Row(text, "muted", spans))
            text, spans = "", ()
        start = cell_len(text) + 2 if text else 0
        text = f"{text}  {word}" if text else word
        spans = (*spans, (start, start + cell_len(word), offer))
    return [*found, Row(text, "muted", spans)] if text else found


def _queued(queue: Sequence[str], width: int, hint: str) -> list[Row]:
    found = [Row(cut(f"queued: {safe_line(prompt, 400)}", width), "info") for prompt in queue[:MOST_QUEUED]]
    if not found:
        return []
    more = len(queue) - MOST_QUEUED
    hint = f"… and {more} more · {hint}" if more > 0 else hint
    last = found[-1].text
    if more <= 0 and cell_len(last) + 3 + cell_len(hint) <= width:
        return [*found[:-1], Row(f"{last}   {hint}", "info")]
    return [*found, Row(cut(hint, width), "muted")]


# Arguments of a call.


def reveal(text: str) -> str:
    """`text` on a screen with nothing hidden in it: what `safe_text` would drop or replace stands there as `\\u200b`.

    Joiners and variation selectors, which emoji need, are hidden text where they follow a plain letter.
    """
    if text.isascii() and text.isprintable():
        return text
    shown: list[str] = []
    before = "a"
    for character in text:
        if character in "\n\t" or (safe_text(character) == character and not (character in _JOINERS and before.isascii())):
            shown.append(character)
        else:
            code = ord(character)
            shown.append(f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")
        before = character
    return safe_text("".join(shown))


def argument_lines(arguments: Mapping[str, Any]) -> list[tuple[str, str]]:
    """A pair of name and value a line: everything a call was given. Further lines of a value have no name."""
    found: list[tuple[str, str]] = []
    for key, value in arguments.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
        first, *others = reveal(text).split("\n")
        found.append((reveal(key).replace("\n", "␊") + ": ", first))
        found += [("", "  " + line) for line in others]
    return found


def hides_something(arguments: Mapping[str, Any]) -> bool:
    """Whether `argument_lines` shows characters that would not be seen otherwise."""
    text = json.dumps(arguments, ensure_ascii=False)
    whole = [str(key) for key in arguments] + [value for value in arguments.values() if isinstance(value, str)] + [text]
    return any(reveal(one) != safe_text(one) or safe_text(one) != one for one in whole)
