"""What may reach a terminal, and what may not: the judges of the trial of strings.

They know nothing of the code that cleans: the tokenizer takes bytes apart as a terminal does, and which characters are hidden is
read from the Unicode tables.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from rich.console import Console
from rich.segment import Segment
from textual.strip import Strip

from claude_tui.ui import egress
from scripts.trials.hostile import hidden_characters
from tests.e2e.tokens import foreign

HIDDEN = re.compile(f"[{hidden_characters()}]")
HIDDEN_IN_LINES = re.compile(f"[{hidden_characters(but=chr(10) + chr(9))}]")
LINK = re.compile(r"(?i:https?|mailto):[\x21-\x7e]{1,2000}")
SCROLL_BAR = ("grab", "release", "scroll_up", "scroll_down", "scroll_left", "scroll_right")
"""Textual's own actions."""
CONSOLE = Console(force_terminal=True, color_system="truecolor", legacy_windows=False)


class Leak(AssertionError):
    """Something got through that must not."""


def plain(text: str) -> None:
    """Lines of text: no control character but line feed and tab, nothing hidden, nothing that cannot be encoded."""
    if found := HIDDEN_IN_LINES.search(text):
        raise Leak(f"{found.group()!a} in {text[max(0, found.start() - 30) : found.end() + 10]!a}")


def line(text: str) -> None:
    """One line."""
    if found := HIDDEN.search(text):
        raise Leak(f"{found.group()!a} in {text[max(0, found.start() - 30) : found.end() + 10]!a}")


def ascii_json(text: str) -> None:
    """JSON as this program prints it: printable ASCII and line ends."""
    if found := re.search(r"[^\x20-\x7e\n]", text):
        raise Leak(f"{found.group()!a} in {text[max(0, found.start() - 30) : found.end() + 10]!a}")


def screen(data: str, allowed: Iterable[str] = ()) -> None:
    """What a Textual program writes, and `allowed`."""
    if found := foreign(data, allowed):
        raise Leak(f"{found[0].kind} {found[0].text[:80]!a}, and {len(found) - 1} more")
    data.encode()


def drawn(segments: Iterable[Segment]) -> None:
    """A line on its way to the screen: clean before the last filter, and clean behind it."""
    for segment in segments:
        line(segment.text)
        style = segment.style
        if style is not None and style.link is not None and not LINK.fullmatch(style.link):
            raise Leak(f"a link to {style.link!a}")
        if style is not None and any(key.startswith("@") and value not in SCROLL_BAR for key, value in style.meta.items()):
            raise Leak(f"an action: {style.meta!a}")


def behind_the_filter(segments: Iterable[Segment]) -> None:
    """The same segments as bytes: what the last filter alone lets through."""
    egress.install()
    screen(Strip(segments).render(CONSOLE))
