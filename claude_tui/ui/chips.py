"""Large pastes stand in the draft as chips: `[Pasted #1, 120 lines]`. Here is which chip means which text.

A chip begins with an invisible mark that `safe_text` takes out of everything else, so no text from outside can pass for one. Every
text ever set aside is kept while the program runs: undo and the history of prompts may bring any chip back.
"""

from __future__ import annotations

import re

MARK = "\u2060"
"""Word joiner: no cell wide, and never in a text that `safe_text` let through."""

LARGE_TEXT = 10_000
LARGE_LINES = 40
LONG_LINE = 5_000
"""Characters. A line as long as this in the editor makes every key slow."""

_CHIP = re.compile(MARK + r"\[Pasted #(\d+), [^\]\n]*\]")


def is_large(text: str) -> bool:
    """Whether a paste is set aside instead of inserted."""
    return len(text) > LARGE_TEXT or text.count("\n") >= LARGE_LINES or has_long_line(text)


def has_long_line(text: str) -> bool:
    return len(text) > LONG_LINE and max(map(len, text.split("\n"))) > LONG_LINE


class Chips:
    """Labels and the texts behind them."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._numbers: dict[str, int] = {}

    def __bool__(self) -> bool:
        return bool(self._texts)

    def label(self, text: str) -> str:
        """The chip that stands for `text`: the same one for the same text."""
        number = self._numbers.get(text)
        if number is None:
            self._texts.append(text)
            number = self._numbers[text] = len(self._texts)
        lines = text.count("\n") + 1
        size = f"{lines:,} lines" if lines > 1 else f"{len(text):,} characters"
        return f"{MARK}[Pasted #{number}, {size}]"

    def text_of(self, label: str) -> str | None:
        """The text behind exactly this chip, None where it is none."""
        found = _CHIP.fullmatch(label)
        return self._text(found) if found else None

    def expand(self, text: str) -> str:
        """`text` with every chip in it replaced by what it stands for."""
        if MARK not in text:
            return text
        return _CHIP.sub(lambda found: self._text(found) or "", text).replace(MARK, "")

    def spans(self, line: str) -> list[tuple[int, int]]:
        """Where chips lie in a line of the editor."""
        if not self._texts or MARK not in line:
            return []
        return [found.span() for found in _CHIP.finditer(line) if self._text(found) is not None]

    def set_aside(self, text: str) -> str:
        """`text`, which has no chips, as the editor shows it: with chips for texts that had one already and for long lines."""
        for known in sorted(self._texts, key=len, reverse=True):
            text = text.replace(known, self.label(known))
        if not has_long_line(text):
            return text
        return "\n".join(self._aside(line) for line in text.split("\n"))

    def _aside(self, line: str) -> str:
        if len(line) <= LONG_LINE:
            return line
        pieces: list[str] = []
        end = 0
        for start, stop in self.spans(line):
            pieces += [self._piece(line[end:start]), line[start:stop]]
            end = stop
        return "".join([*pieces, self._piece(line[end:])])

    def _piece(self, text: str) -> str:
        return self.label(text) if len(text) > LONG_LINE else text

    def _text(self, found: re.Match[str]) -> str | None:
        """The text a chip names, None for a label that says something else of it."""
        number = int(found.group(1))
        if not 0 < number <= len(self._texts):
            return None
        text = self._texts[number - 1]
        return text if self.label(text) == found.group() else None
