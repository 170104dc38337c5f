"""A Markdown text that grows, as sections of lines.

What cannot change any more is read once and drawn when it is looked at; only the last section is drawn anew while text comes. The
lines are the same whatever pieces the text came in. A link definition may come behind the text that uses it: sections with brackets
in them are drawn again then.

Where text comes faster than it can be read, or is longer than any answer, nobody waits for it: a little is there at once, and
`refine` reads on.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from rich.cells import cell_len
from rich.segment import Segment

from claude_tui.domain.text import safe_text
from claude_tui.render.base import Drawn, Heading, LeafRef, LeafStart, Line, Look
from claude_tui.render.code_run import CodeRun
from claude_tui.render.flow import LONGEST_PIECE, FlowLeaf, FlowShape
from claude_tui.render.inline import plain_inline, without_marks
from claude_tui.render.leaf import Leaf, Pen, Shared, below
from claude_tui.render.reader import Reader
from claude_tui.render.run_leaves import CodeLeaf, Stretch, TableLeaf
from claude_tui.render.wrap import cut

AT_ONCE = 4_000
"""Characters that are read while somebody waits for lines: some 4 ms of the slowest kind of text."""
_WHOLE = 500_000
"""The same the first time: what a reader comes back to is there at once."""
READ_ON = "⋯ the rest is being laid out"
_FULL = 2_500
"""A section with leaves of this weight, about characters, takes in no more."""
_LINE_ENDS = ("\n", "\r", "\x85", "\u2028", "\u2029")
_WEIGHTS: dict[type[Leaf], int] = {CodeLeaf: 40, TableLeaf: 80}
"""Characters that a line of code, or a row of a table, counts for."""
_LINE_WEIGHT = 20
"""The same for a line of text, behind its own."""


class Frame(NamedTuple):
    """How a document stands in its cell: the look it is drawn with, the cells it may take, and the rail before each line."""

    look: Look
    width: int
    rail: Segment | None = None

    @property
    def room(self) -> int:
        return self.width - cell_len(self.rail.text) if self.rail else self.width


Framing: TypeAlias = Callable[[Look, int], Frame]
"""From the look and width of the cell to those of the document in it."""


Foot: TypeAlias = Callable[[Look, int], Sequence[Line]]
"""Lines for a look and a width, those of the cell."""


def no_frame(look: Look, width: int) -> Frame:
    return Frame(look, width)


class Document:
    """Markdown text with its sections. `breaks`: every line end of the source is kept, as in a prompt.

    `foot`: what stands below the text, a leaf of its own at the end of the last section; to be told of by `changed`.
    """

    def __init__(self, text: str = "", *, breaks: bool = False, framing: Framing = no_frame, foot: Foot | None = None) -> None:
        self.foot = foot
        self._breaks = breaks
        self._framing = framing
        self._reader = Reader()
        self._raw: list[str] = []
        self._sections: list[DocumentSection] = [DocumentSection(self)]
        self._taken = 0
        self._begun = self._behind = False
        """Whether some of it is read, and whether some is not."""
        self._runs: dict[CodeRun, None] = {}
        """The code blocks that have settled lines, in order."""
        self._pen: tuple[tuple[Look, int], Pen] | None = None
        self._refined = 0
        """How often colours became exact."""
        self.changes = 0
        if text:
            self.feed(text)

    def feed(self, text: str) -> None:
        """Append, in constant time."""
        if text:
            self._raw.append(text)
            self._reader.feed(text)

    def mark(self, number: int) -> None:
        """Set the number of a source behind what is there. It is no part of the text; nor can it be where a line has ended."""
        if self._raw and not self._raw[-1].endswith(_LINE_ENDS):
            self._reader.mark(number)

    def finish(self) -> None:
        """Nothing more comes."""
        self._reader.finish()

    def changed(self) -> None:
        """The foot is another."""
        self.changes += 1

    @property
    def text(self) -> str:
        """The whole source, cleaned."""
        return safe_text("".join(self._raw))

    @property
    def empty(self) -> bool:
        """Whether there is nothing to draw (yet)."""
        return not any(section.leaves for section in self.sections)

    # What is drawn.

    @property
    def sections(self) -> Sequence[DocumentSection]:
        """It, as far as it is read, in stretches of bounded size. The last one may be empty."""
        if not self._behind:
            enough = AT_ONCE if self._begun else _WHOLE
            self._take_in(AT_ONCE if self._reader.waiting > enough else None)
        return self._sections

    @property
    def behind(self) -> bool:
        """Whether text has come that is not to be seen yet; `refine` reads on."""
        return self._behind

    def catch_up(self) -> None:
        """Read all that is there, however long that takes."""
        while self._take_in(AT_ONCE):
            pass

    def _take_in(self, most: int | None) -> bool:
        """Read about so many characters, None for all; whether there were some."""
        reader = self._reader
        if new := reader.read(most):
            self._begun = True
            self.changes += 1
            for leaf in reader.settled[self._taken :]:
                if self._sections[-1].full:
                    self._sections[-1].close()
                    self._sections.append(DocumentSection(self))
                self._sections[-1].take(leaf)
                if isinstance(leaf, CodeLeaf):
                    self._runs[leaf.run] = None
            self._taken = len(reader.settled)
            self._sections[-1].live = reader.live
            self._behind = reader.waiting > 0
        return new

    @property
    def generation(self) -> int:
        """Another for other link definitions."""
        return self._reader.generation

    def lines(self, look: Look, width: int) -> list[Line]:
        """All lines at this width; none for a blank text."""
        self.catch_up()
        return [line for section in self.sections for line in section.draw(look, width).lines]

    def tail(self, look: Look, width: int, count: int) -> list[Line]:
        """The last `count` lines of what is read."""
        lines: list[Line] = []
        for section in reversed(self.sections):
            lines[:0] = section.draw(look, width).lines
            if len(lines) >= count:
                break
        return lines[-count:]

    def frame(self, look: Look, width: int) -> Frame:
        return self._framing(look, width)

    def lines_below(self, look: Look, width: int) -> Sequence[Line]:
        """What stands below what is read."""
        if self._behind:
            frame = self.frame(look, width)
            words = cut(READ_ON, frame.room)
            return below([Line((Segment(words, look.muted),), cell_len(words))], frame.rail)
        return self.foot(look, width) if self.foot is not None else ()

    def pen(self, look: Look) -> Pen:
        """What everything is drawn with in this look."""
        wanted = (look, self._reader.generation)
        if self._pen is None or self._pen[0] != wanted:
            self._pen = wanted, Pen(look, self._reader.references, self._reader.generation, breaks=self._breaks)
        return self._pen[1]

    def refine(self, seconds: float) -> bool:
        """Read on, then make colours of code exact, for about so long; whether there is more to do."""
        if self._behind:
            until = time.monotonic() + seconds
            while self._take_in(AT_ONCE) and self._behind and time.monotonic() < until:
                pass
            return True
        for run in self._runs:
            version = run.version
            more = run.refine(seconds)
            self._refined += run.version != version
            if more:
                return True
        return False

    @property
    def drawn_from(self) -> tuple[int, int]:
        """Another pair whenever text that was read, or exact colours, may have changed a section's lines."""
        return self.changes, self._refined

    # What is in it.

    def _leaves(self) -> list[tuple[LeafRef, Leaf]]:
        return [(LeafRef(at, number), leaf) for at, one in enumerate(self.sections) for number, leaf in enumerate(one.leaves)]

    def code_blocks(self) -> list[str]:
        """The code blocks' texts, in the order of the numbers on their `copy` labels."""
        self.catch_up()
        runs = {leaf.run: None for _, leaf in self._leaves() if isinstance(leaf, CodeLeaf)}
        return [run.text for run in runs]

    def tables(self) -> list[str]:
        """The tables as Markdown, in order."""
        self.catch_up()
        runs = {leaf.run: None for _, leaf in self._leaves() if isinstance(leaf, TableLeaf)}
        return [without_marks(run.markdown()) for run in runs]

    def headings(self) -> list[Heading]:
        self.catch_up()
        found: list[Heading] = []
        for at, leaf in self._leaves():
            if isinstance(leaf, FlowLeaf) and leaf.shape.level and leaf.begins:
                found.append(Heading(leaf.shape.level, plain_inline(leaf.source), at))
        return found

    def locate(self, line: int) -> LeafRef:
        """The leaf that draws this line of `text`."""
        self.catch_up()
        refs = self._leaves()
        at = bisect_right([leaf.lines[0] for _, leaf in refs], line) - 1
        return refs[at][0] if 0 <= at < len(refs) else LeafRef(0, 0)

    def block_of(self, leaf: LeafRef) -> tuple[LeafRef, LeafRef]:
        """The first and last leaf of the block this one is a piece of; itself, where it is none of the text's leaves."""
        leaves = dict(self._leaves())
        shared = leaves[leaf].shared if leaf in leaves else None
        pieces = [ref for ref, one in leaves.items() if shared is not None and one.shared is shared]
        return (pieces[0], pieces[-1]) if pieces else (leaf, leaf)

    def excerpt(self, first: LeafRef, last: LeafRef) -> str:
        """The source of these leaves and of all between them."""
        chosen = [leaf for ref, leaf in self._leaves() if first <= ref <= last]
        source = self.text.split("\n")
        pieces: dict[FlowShape, list[FlowLeaf]] = {}
        for leaf in chosen:
            if isinstance(leaf, FlowLeaf):
                pieces.setdefault(leaf.shape, []).append(leaf)
        parts: list[str] = []
        begin = 0
        for number, leaf in enumerate(chosen):
            if isinstance(leaf, FlowLeaf) and not (pieces[leaf.shape][0].begins and pieces[leaf.shape][-1].last):
                parts += [_lines_of(source, chosen[begin:number]), without_marks(leaf.source)]
                begin = number + 1
        parts.append(_lines_of(source, chosen[begin:]))
        return "\n".join(part for part in parts if part).strip("\n")


class DocumentSection:
    """Some leaves. `live`: those at the end of the last section which may still change."""

    def __init__(self, document: Document) -> None:
        self.settled: list[Leaf] = []
        self.live: list[Leaf] = []
        self._document = document
        self._weight = 0
        """Of all leaves but the last."""
        self._closed: tuple[int, int] | None = None
        """How many changes the document had had when this was closed, and its generation."""
        self._shared: list[Shared] = []
        self._linking = False
        self._kept: dict[Leaf, tuple[object, Sequence[Line], int]] = {}

    @property
    def leaves(self) -> list[Leaf]:
        return [*self.settled, *self.live] if self.live else self.settled

    @property
    def full(self) -> bool:
        """Whether it has taken in enough."""
        return bool(self.settled) and self._weight + _weight(self.settled[-1]) >= _FULL

    def take(self, leaf: Leaf) -> None:
        """Another leaf that is final, but that it may grow if it is a stretch."""
        if self.settled:
            self._weight += _weight(self.settled[-1])
        self.settled.append(leaf)

    def close(self) -> None:
        """It takes in no more."""
        self.live = []
        for leaf in self.settled:
            if isinstance(leaf, Stretch):
                leaf.forget()
        self._closed = self._document.changes, self._document.generation
        self._shared = self._distinct()
        self._linking = any(leaf.may_link if isinstance(leaf, FlowLeaf) else isinstance(leaf, TableLeaf) for leaf in self.settled)
        self._kept = {}

    @property
    def version(self) -> int:
        """A sum of numbers that only grow."""
        if self._closed is None:
            return self._document.changes + sum(one.version for one in self._distinct())
        changes, generation = self._closed
        newer = self._document.generation - generation if self._linking else 0
        return changes + sum(one.version for one in self._shared) + newer

    def _distinct(self) -> list[Shared]:
        """What its leaves are pieces of."""
        return list({leaf.shared: None for leaf in self.settled if leaf.shared is not None})

    def estimate(self, width: int) -> int:
        return sum(leaf.size(width) + (leaf.gap >= 0) for leaf in self.leaves)

    def draw(self, look: Look, width: int) -> Drawn:
        frame = self._document.frame(look, width)
        pen = self._document.pen(frame.look)
        if self._closed is None:
            pen.age()
        lines: list[Line] = []
        starts: list[LeafStart] = []
        for leaf in self.leaves:
            drawn, origin = self._draw(leaf, pen, frame)
            starts.append(LeafStart(len(lines), origin))
            lines += drawn
        if self._closed is None and (foot := self._document.lines_below(look, width)):
            starts.append(LeafStart(len(lines)))
            lines += foot
        return Drawn(lines, starts)

    def _draw(self, leaf: Leaf, pen: Pen, frame: Frame) -> tuple[Sequence[Line], int]:
        """The leaf's lines, and where in its text they begin; kept while the section grows."""
        wanted = (frame, leaf.version, leaf.shared.version if leaf.shared is not None else 0, pen.generation)
        known = self._kept.get(leaf)
        if known is not None and known[0] == wanted:
            return known[1], known[2]
        lines = below(leaf.draw(pen, frame.room), frame.rail)
        origin = leaf.origin(pen, frame.room)
        if self._closed is None and leaf not in self.live:
            self._kept[leaf] = wanted, lines, origin
        return lines, origin


def _weight(leaf: Leaf) -> int:
    """About how many characters there are to draw."""
    blank = _LINE_WEIGHT * (leaf.gap >= 0)
    if isinstance(leaf, FlowLeaf):
        return blank + len(leaf.source) + _LINE_WEIGHT * (leaf.source.count("\n", 0, LONGEST_PIECE) + 1)
    return blank + _WEIGHTS.get(type(leaf), _LINE_WEIGHT) * leaf.size(80)


def _lines_of(source: Sequence[str], leaves: Sequence[Leaf]) -> str:
    return "\n".join(source[leaves[0].lines[0] : leaves[-1].lines[1]]).rstrip("\n") if leaves else ""
