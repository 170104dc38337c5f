"""Cells for tests of the layout: many sections of many leaves that grow, are parted, drawn in haste and wrapped at any width."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style

from claude_tui.render.base import Drawn, Heading, LeafRef, LeafStart, Line, Look

RAIL = "│ "
BLANK = Line(())


def wrapped(text: str, width: int) -> list[Line]:
    """Words on lines behind a rail; words that are too long are cut."""
    lines: list[Line] = []
    for one in text.split("\n"):
        rest = one
        while len(rest) > width:
            space = rest.rfind(" ", 1, width + 1)
            at, glue = (space, " ") if space > 0 else (width, "")
            lines.append(_line(rest[:at], soft=True, glue=glue))
            rest = rest[at + len(glue) :]
        lines.append(_line(rest))
    return lines


def _line(text: str, soft: bool = False, glue: str = " ") -> Line:
    return Line((Segment(RAIL, Style.null()), Segment(text, Style.null())), len(RAIL), soft, glue)


class Part:
    """A section; every leaf but the very first of a cell has a blank line above it."""

    def __init__(self, leaves: list[str], first: bool) -> None:
        self.leaves = leaves
        self.first = first
        self.version = 0
        self.drawn = 0
        self._known: dict[tuple[str, int], list[Line]] = {}

    def estimate(self, width: int) -> int:
        return len(self.leaves) + sum(map(len, self.leaves)) // 7

    def draw(self, look: Look, width: int) -> Drawn:
        self.drawn += 1
        lines: list[Line] = []
        starts: list[LeafStart] = []
        for number, text in enumerate(self.leaves):
            starts.append(LeafStart(len(lines)))
            if number or not self.first:
                lines.append(BLANK)
            lines += self._known.setdefault((text, width), wrapped(text, max(width - 2, 4)))
        return Drawn(lines, starts)


class Growing:
    """A cell of such sections. `refined`: how many sections `refine` has still to draw anew."""

    kind = "text"
    finished = False

    def __init__(self, key: str, leaves: list[str], gap: int = 1, levels: int = 1) -> None:
        self.key = key
        self.version = 0
        self.gap = gap
        self.levels = levels
        self.level = levels - 1
        self.parts = [Part(leaves, True)]
        self.closed = [Part(["folded", "what is left"], True)]
        self.hasty = 0

    @property
    def sections(self) -> list[Part]:
        return self.parts if self.level or self.levels == 1 else self.closed

    @property
    def leaves(self) -> list[str]:
        return [leaf for part in self.parts for leaf in part.leaves]

    def grow(self, text: str) -> None:
        """More text in the last leaf."""
        last = self.parts[-1]
        last.leaves[-1] += text
        self._changed(last)

    def add(self, leaf: str) -> None:
        self.parts[-1].leaves.append(leaf)
        self._changed(self.parts[-1])

    def part(self, count: int) -> None:
        """The first `count` leaves of the last section become a closed one."""
        last = self.parts[-1]
        if 0 < count < len(last.leaves):
            self.parts.append(Part(last.leaves[count:], False))
            del last.leaves[count:]
            self._changed(last)

    def redraw(self, number: int) -> None:
        """A section looks different, but for its text."""
        self._changed(self.parts[number % len(self.parts)])

    def _changed(self, part: Part) -> None:
        part.version += 1
        self.version += 1

    def estimate(self, width: int) -> int:
        return 3

    def refine(self, seconds: float) -> bool:
        if self.hasty:
            self.hasty -= 1
            self.redraw(self.hasty)
        return self.hasty > 0

    def set_gap(self, rows: int) -> None:
        self.gap = rows

    def set_level(self, level: int) -> None:
        self.level = min(level, self.levels - 1)
        self.version += 1

    def source(self) -> str:
        return "\n\n".join(self.leaves)

    def excerpt(self, first: LeafRef, last: LeafRef) -> str:
        chosen = [
            leaf
            for section, part in enumerate(self.parts)
            for number, leaf in enumerate(part.leaves)
            if first <= (section, number) <= last
        ]
        return "\n\n".join(chosen)

    def code_blocks(self) -> list[str]:
        return []

    def tables(self) -> list[str]:
        return []

    def headings(self) -> list[Heading]:
        return []

    def block_of(self, leaf: LeafRef) -> tuple[LeafRef, LeafRef]:
        return leaf, leaf

    def locate(self, line: int) -> LeafRef:
        return LeafRef(0, 0)
