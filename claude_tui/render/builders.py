"""From a leaf block, as far as it has come, to its leaves: one builder a block, which lives for as long as the block grows.

`settle` makes leaves of what cannot change any more; `live` makes those of the rest without changing anything that stays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from claude_tui.render.code_run import CodeRun
from claude_tui.render.flow import FlowLeaf, FlowShape, next_cut
from claude_tui.render.inline import without_marks
from claude_tui.render.leaf import EmptyLeaf, Leaf, Path, RuleLeaf, begun
from claude_tui.render.nodes import Node
from claude_tui.render.run_leaves import CodeLeaf, Stretch, TableLeaf, measured
from claude_tui.render.table import Align
from claude_tui.render.table_run import FIRST_ROWS, TableRun

DocumentLine: TypeAlias = Callable[[int], int]
"""From a line of what was parsed to a line of the document."""


class Place:
    """Where a block's leaves stand: the first one has marks and a blank line above that the others have not.

    `line`: where the block begins in the document, with the containers that begin with it.
    """

    def __init__(self, path: Path, gap: int, line: int) -> None:
        self._path = path
        self._gap = gap
        self._line = line
        self._begun = False

    def settle(self, leaves: Sequence[Leaf]) -> Sequence[Leaf]:
        """Say where these leaves stand, which are final."""
        self.put(leaves)
        self._begun = self._begun or bool(leaves)
        return leaves

    def put(self, leaves: Sequence[Leaf]) -> Sequence[Leaf]:
        """Say where these leaves stand, which come behind those that are final."""
        for number, leaf in enumerate(leaves):
            first = not number and not self._begun
            leaf.path = self._path if first else begun(self._path)
            leaf.gap = self._gap if first else -1
            if first:
                leaf.lines = (self._line, leaf.lines[1])
        return leaves


class Builder(Protocol):
    """`node` is the block as it was parsed, without what was settled before; `line` turns its lines into the document's."""

    place: Place

    def settle(self, node: Node, line: DocumentLine, *, final: bool) -> list[Leaf]:
        """The leaves that are new and final; all there are, if the block is."""
        ...

    def live(self, node: Node, line: DocumentLine) -> list[Leaf]:
        """The leaves of what is not settled."""
        ...


class FlowBuilder:
    """A paragraph or a heading. `skip`: characters of the block's content that are not to be drawn, the first time."""

    def __init__(self, place: Place, skip: int = 0) -> None:
        self.place = place
        self.cut: int | None = None
        """How far into the content the last settled piece went; None if nothing of it was."""
        self.limit = 0
        """Pieces may end before this place of the content."""
        self.skip = skip
        self._shape = FlowShape()
        self._piece: FlowLeaf | None = None

    def settle(self, node: Node, line: DocumentLine, *, final: bool) -> list[Leaf]:
        limit = len(node.content) if final else self.limit
        pieces = self._pieces(node, line, limit, rest=final)
        if pieces:
            self._piece = pieces[-1]
        for piece in pieces[: len(pieces) - final]:
            piece.last = False
        return list(self.place.settle(pieces))

    def live(self, node: Node, line: DocumentLine) -> list[Leaf]:
        pieces = self._pieces(node, line, len(node.content), rest=True)
        for piece in pieces[:-1]:
            piece.last = False
        return list(self.place.put(pieces))

    def _pieces(self, node: Node, line: DocumentLine, limit: int, *, rest: bool) -> list[FlowLeaf]:
        self._shape.set_level(int(node.token.tag[1:] or 1) if node.type == "heading" else 0)
        content, start = node.content, self.skip
        start += len(content[start:]) - len(content[start:].lstrip(" ")) if self._piece else 0
        before, pieces = self._piece, list[FlowLeaf]()
        self.cut = None
        while (end := next_cut(content, start, limit)) is not None:
            before = self._piece_of(node, line, start, end, before)
            pieces.append(before)
            self.cut = start = end
        if rest:
            pieces.append(self._piece_of(node, line, start, len(content), before))
        return pieces

    def _piece_of(self, node: Node, line: DocumentLine, start: int, end: int, before: FlowLeaf | None) -> FlowLeaf:
        content = node.content
        first = node.first_line + content.count("\n", 0, start)
        last = node.end_line if end == len(content) else node.first_line + content.count("\n", 0, end) + (content[end - 1] != "\n")
        return FlowLeaf((), (line(first), line(last)), content[start:end], self._shape, before)


class _Stretches:
    """The leaves of a block that is cut by lines of its source; `start` is the document's line of the first of these."""

    def __init__(self, begin: int, start: int, make: Callable[[int, int], Stretch]) -> None:
        self.last: Stretch | None = None
        self._begin = begin
        self._start = start
        self._make = make

    def grow(self, count: int) -> list[Leaf]:
        """Let the last leaf take in what has come up to `count`, and new ones where it is full; the new ones."""
        new: list[Leaf] = []
        while self.last is None or self.last.last < count:
            if self.last is None or self.last.full:
                first = self.last.last if self.last is not None else 0
                self.last = self._make(first, self._start + first if first else self._begin)
                new.append(self.last)
            self.last.grow(count, self._start)
            if not count:
                break
        return new

    def end(self, line: int) -> None:
        if self.last is not None:
            self.last.end(line)


class CodeBuilder:
    """A block of code. `drop`: lines at the beginning of the parsed content that stand for what is settled."""

    def __init__(self, place: Place, node: Node, line: DocumentLine, number: int) -> None:
        self.place = place
        self.run = CodeRun(node.token.info, number)
        self.drop = 0
        begin = line(node.first_line)
        self._stretches = _Stretches(
            begin, begin + (node.type == "fence"), lambda first, at: CodeLeaf((), (at, at), self.run, first, first)
        )

    def settle(self, node: Node, line: DocumentLine, *, final: bool) -> list[Leaf]:
        self.run.extend(self._lines(node))
        leaves = self._stretches.grow(self.run.count) if self.run.count or final else []
        if final:
            self.run.close()
            self._stretches.end(line(node.end_line))
        return list(self.place.settle(leaves))

    def live(self, node: Node, line: DocumentLine) -> list[Leaf]:
        count = self.run.count
        leaf = CodeLeaf((), (line(node.first_line), line(node.end_line)), self.run, count, count)
        leaf.partial = "\n".join(self._lines(node)) or None
        leaf.ends = True
        return list(self.place.put([leaf]))

    def _lines(self, node: Node) -> list[str]:
        return without_marks(node.content).removesuffix("\n").split("\n")[self.drop :] if node.content else []


class TableBuilder:
    """A table. Among its first rows the columns still move: these are drawn as one."""

    def __init__(self, place: Place, node: Node, line: DocumentLine) -> None:
        self.place = place
        head = _rows(node)[0]
        self.aligns: list[Align] = [_align(cell) for cell in head.children]
        self.run = TableRun([cell.content for cell in head.children], self.aligns, measured)
        begin = line(node.first_line)
        self._stretches = _Stretches(begin, begin + 2, lambda first, at: TableLeaf((), (at, at), self.run, first, first))

    def settle(self, node: Node, line: DocumentLine, *, final: bool) -> list[Leaf]:
        self.run.extend(self._sources(node))
        leaves = self._stretches.grow(self.run.count) if self.run.count >= FIRST_ROWS or final else []
        if final:
            self.run.close()
            self._stretches.end(line(node.end_line))
        return list(self.place.settle(leaves))

    def live(self, node: Node, line: DocumentLine) -> list[Leaf]:
        extra, count = self._sources(node), self.run.count
        first = count if self._stretches.last is not None else 0
        if first and not extra:
            return []
        leaf = TableLeaf((), (line(node.first_line), line(node.end_line)), self.run, first, count)
        leaf.extra = extra
        return list(self.place.put([leaf]))

    def _sources(self, node: Node) -> list[list[str]]:
        return [[cell.content for cell in row.children] for row in _rows(node)[1:]]


class PlainBuilder:
    """A block that comes whole."""

    def __init__(self, place: Place) -> None:
        self.place = place

    def settle(self, node: Node, line: DocumentLine, *, final: bool) -> list[Leaf]:
        return list(self.place.settle(self._leaves(node, line))) if final else []

    def live(self, node: Node, line: DocumentLine) -> list[Leaf]:
        return list(self.place.put(self._leaves(node, line)))

    def _leaves(self, node: Node, line: DocumentLine) -> list[Leaf]:
        kind = RuleLeaf if node.type == "hr" else EmptyLeaf
        return [kind((), (line(node.first_line), line(node.end_line)))]


def _rows(table: Node) -> list[Node]:
    return [row for part in table.children for row in part.children]


def _align(cell: Node) -> Align:
    style = str(cell.token.attrGet("style") or "")
    return "right" if "right" in style else "center" if "center" in style else "left"
