"""Text that flows: paragraphs and headings. A very long one is cut into pieces, each drawn in bounded time.

Where it is cut depends on the text before the cut alone, so a paragraph that streams is cut as one that is there at once. A cut
falls where a line may break and no emphasis, code or link is open; a text that offers no such place is cut all the same after a
while. A piece that is not the last leaves its unfinished line to the next one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from claude_tui.render.base import Line
from claude_tui.render.leaf import Leaf, Margin, Path, Pen
from claude_tui.render.wrap import Run, break_points, merge, wrap, wrap_open

SHORTEST_PIECE, LONGEST_PIECE = 1_500, 8_000
_STEP = 200
_MOST_LINES = 60
"""Source lines of a piece, where it may be cut there."""
_PLACE = re.compile(r"(?<=[ \n])(?=[^ \n])|(?<=[\u3400-\u9fff\uac00-\ud7af])(?=[\u3400-\u9fff\uac00-\ud7af])")
_LONGEST_WORD = 10_000
_ANY_PLACE = re.compile(r"(?<=[^\W_\u1100-\u11ff])(?=[^\W_\u1100-\u11ff])")
"""Within a word without end; nothing that belongs to one character is parted."""
_CLOSED = re.compile(
    r"(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)"
    r"|!?\[[^\[\]]*\]\([^()\s]*(?:\s\"[^\"]*\")?\)"
    r"|\*\*[^*]+\*\*|\*[^*\s][^*]*\*|__[^_]+__|(?<!\w)_[^_]+_(?!\w)|~~[^~]+~~"
    r"|\\[!-/:-@\[-`{-~]|(?<=\w)_(?=\w)|(?<=\s)[*~_]+(?=\s)",
    re.DOTALL,
)
_OPEN = re.compile(r"[`*_~\[]")
_BARS = {1: "━", 2: "─"}
_HEADINGS = {4: Style(italic=True), 5: Style(italic=True, bold=False), 6: Style(italic=True, bold=False, dim=True)}
"""Every level can be told from its neighbours without colour: a heavy or thin line below, bold, bold italic, italic, dim italic."""


def next_cut(content: str, start: int, limit: int) -> int | None:
    """Where the piece that begins at `start` ends; None if that is not before `limit`, or not known yet."""
    goal = start + SHORTEST_PIECE
    if content.count("\n", start, goal) > _MOST_LINES:
        goal = start + [found.end() for found in islice(re.finditer("\n", content[start:goal]), _MOST_LINES)][-1]
    while goal < limit:
        end = start + _LONGEST_WORD
        found = _PLACE.search(content, goal, end) or _ANY_PLACE.search(content, end)
        at = found.start() if found else len(content)
        if at >= limit:
            return None
        if at - start > LONGEST_PIECE or _nothing_open(content[start:at]):
            return at
        goal = max(at + 1, goal + _STEP)
    return None


def _nothing_open(text: str) -> bool:
    word = text[max(text.rfind(" "), text.rfind("\n")) + 1 :]
    return "://" not in word and not _OPEN.search(_CLOSED.sub("", text))


_NONE: Mapping[tuple[int, int], int] = {}


class FlowShape:
    """What the pieces of a paragraph or heading have in common. `level` 0 is a paragraph, which a line below can make a heading."""

    __slots__ = ("level", "version")

    def __init__(self, level: int = 0) -> None:
        self.level = level
        self.version = 0

    def set_level(self, level: int) -> None:
        if level != self.level:
            self.level = level
            self.version += 1


class FlowLeaf(Leaf):
    """A paragraph or heading, or a piece of one behind the piece `before`. `last`: nothing of it follows."""

    __slots__ = ("_before", "_column", "_plain", "_rests", "last", "shape", "source")

    def __init__(self, path: Path, lines: tuple[int, int], source: str, shape: FlowShape, before: FlowLeaf | None = None) -> None:
        super().__init__(path, lines)
        self.source = source
        self.shape = shape
        self.last = True
        self._before = before
        self._column = before.columns_behind if before is not None else 0
        self._plain: tuple[int, str, bool] | None = None
        self._rests: Mapping[tuple[int, int], int] = _NONE

    @property
    def columns_behind(self) -> int:
        """How far the source line has come at the end of this piece: what makes of a line end a space or a new line."""
        line = self.source[self.source.rfind("\n") + 1 :]
        return cell_len(line) + (self._column if len(line) == len(self.source) else 0)

    @property
    def shared(self) -> FlowShape:
        return self.shape

    @property
    def begins(self) -> bool:
        """Whether it is the first piece."""
        return self._before is None

    @property
    def may_link(self) -> bool:
        """Whether a link definition can change its lines, the first of which may begin in the piece before."""
        return "[" in self.source or (self._before is not None and "[" in self._before.source)

    @property
    def whole(self) -> bool:
        return self._before is None and self.last

    def size(self, width: int) -> int:
        return len(self.source) // max(width, 8) + self.source.count("\n", 0, LONGEST_PIECE) // 2 + 1

    def content(self, pen: Pen, width: int, base: Style) -> list[Line]:
        level = self.shape.level
        style = base
        if level:
            style = base + (pen.look.heading if level < 4 else pen.look.strong) + _HEADINGS.get(level, Style())
        lines = list(self._flow(pen, width, style))
        bar = _BARS.get(level)
        if bar and self.last:
            cells = max((cell_len(line.text) for line in lines), default=1)
            lines.append(Line((Segment(bar * max(cells, 1), pen.look.rule),), max(cells, 1)))
        return lines

    def origin(self, pen: Pen, width: int) -> int:
        return -self._before.rest(pen, Margin(self.path, pen.look, width).room) if self._before is not None else 0

    def _flow(self, pen: Pen, width: int, style: Style) -> Sequence[Line]:
        if self.whole:
            return pen.recall(
                (self.source, style, width),
                lambda: [line for runs in pen.inline(self.source, style) for line in wrap(runs, width)],
            )
        hard = [*pen.inline(self.source, style, column=self._column)]
        if self._before is not None:
            hard[0] = merge([*self._before.carried(pen, width, style), *hard[0]])
        *complete, rest = hard
        lines = [line for runs in complete for line in wrap(runs, width)]
        return [*lines, *(wrap(rest, width) if self.last else wrap_open(rest, width))]

    # What the next piece takes over.

    def carried(self, pen: Pen, width: int, style: Style) -> list[Run]:
        """The unfinished line at the end of this piece, which the next one begins with."""
        count = self.rest(pen, width)
        own = pen.inline(self.source, style, column=self._column)[-1]
        missing = count - sum(len(text) for text, _ in own)
        if missing > 0 and self._before is not None:  # a piece that makes no line at all
            return [*self._before.carried(pen, width, style), *own]
        return _last(own, count)

    def rest(self, pen: Pen, width: int) -> int:
        """How many characters at the end of what is shown of this piece belong to a line that is not finished."""
        key = (width, pen.generation)
        chain: list[FlowLeaf] = [self]
        while key not in chain[-1]._rests and chain[-1]._before is not None and not chain[-1]._shown(pen)[1]:
            chain.append(chain[-1]._before)
        for piece in reversed(chain):
            if key not in piece._rests:
                piece._rests = {key: piece._measure(pen, width)}
        return self._rests[key]

    def _measure(self, pen: Pen, width: int) -> int:
        text, several = self._shown(pen)
        if self._before is not None and not several:
            before = self._before
            count = before._rests[width, pen.generation]
            text = before._shown(pen)[0][-count:] + text if count else text
        return len(text) - break_points(text, width)[-1][0]

    def _shown(self, pen: Pen) -> tuple[str, bool]:
        """What is shown of the last line of this piece that ends on purpose, and whether there are others before it."""
        if self._plain is None or self._plain[0] != pen.generation:
            hard = pen.inline(self.source, Style.null(), column=self._column)
            self._plain = pen.generation, "".join(text for text, _ in merge(hard[-1])), len(hard) > 1
        return self._plain[1], self._plain[2]


def _last(runs: Iterable[Run], count: int) -> list[Run]:
    """The last `count` characters of the runs."""
    kept: list[Run] = []
    for text, style in reversed(list(runs)):
        if count <= 0:
            break
        kept.append((text[-count:], style))
        count -= len(text)
    return kept[::-1]
