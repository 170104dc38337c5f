"""Block-level Markdown as lines: one function a kind of block. Top-level blocks are drawn independently of each other.

Containers draw their content at a narrower width and put a prefix before it. Where no room for content would be left, the mark gets
a line of its own and the content stays as wide as it was, so any nesting fits any width.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from claude_tui.domain.text import safe_text
from claude_tui.render.base import Line, Look
from claude_tui.render.code import code_lines
from claude_tui.render.inline import Inline
from claude_tui.render.table import Align, Table, TableCell, table_lines
from claude_tui.render.wrap import indent, wrap

if TYPE_CHECKING:
    from markdown_it.token import Token

NARROWEST = 6
"""Cells: containers do not make their content narrower than this."""

_BULLETS = "•◦▪"
_BARS = {1: "━", 2: "─"}
_HEADINGS = {4: Style(italic=True), 5: Style(italic=True, bold=False), 6: Style(italic=True, bold=False, dim=True)}
"""Every level can be told from its neighbours without colour: a heavy or thin line below, bold, bold italic, italic, dim italic."""
BLANK = Line(())


@dataclass(slots=True)
class Node:
    """A block token and what is inside it."""

    token: Token
    children: list[Node] = field(default_factory=list["Node"])

    @property
    def type(self) -> str:
        return self.token.type.removesuffix("_open")


def tree(tokens: Sequence[Token]) -> list[Node]:
    """The flat tokens of whole blocks as nodes."""
    top: list[Node] = []
    open_nodes: list[Node] = []
    for token in tokens:
        if token.nesting < 0:
            if open_nodes:
                open_nodes.pop()
            continue
        node = Node(token)
        (open_nodes[-1].children if open_nodes else top).append(node)
        if token.nesting > 0:
            open_nodes.append(node)
    return top


def fences(nodes: Sequence[Node]) -> Iterator[Node]:
    """The code blocks among the nodes, in order."""
    for node in nodes:
        if node.type in ("fence", "code_block"):
            yield node
        else:
            yield from fences(node.children)


def code_text(node: Node) -> str:
    """A code block's text as it is copied."""
    return safe_text(node.token.content).removesuffix("\n")


@dataclass(slots=True)
class Memory:
    """Inline texts as they were drawn last, for a text that grows: what nobody asks for between two calls of `age` is forgotten."""

    fresh: dict[tuple[object, ...], Any] = field(default_factory=dict[tuple[object, ...], Any])
    old: dict[tuple[object, ...], Any] = field(default_factory=dict[tuple[object, ...], Any])

    def age(self) -> None:
        self.fresh, self.old = {}, self.fresh

    def recall(self, key: tuple[object, ...], make: Callable[[], Any]) -> Any:
        found = self.fresh.get(key)
        if found is None:
            found = self.old.get(key)
            self.fresh[key] = found = make() if found is None else found
        return found


class Blocks:
    """Draws nodes. `parse` turns an inline token's source into its children; `code` numbers the code blocks.

    A `memory` may be shared by drawings with the same look and `parse`.
    """

    def __init__(
        self, look: Look, parse: Callable[[str], list[Token]], *, breaks: bool = False, code: int = 0, memory: Memory | None = None
    ) -> None:
        self.look = look
        self._inline = Inline(look, breaks=breaks)
        self._parse = parse
        self._memory = memory or Memory()
        self._code = code
        self._depth = 0
        self._base = look.text
        self._kinds: dict[str, Callable[[Node, int], list[Line]]] = {
            "paragraph": self._paragraph,
            "heading": self._heading,
            "hr": self._rule,
            "fence": self._fence,
            "code_block": self._fence,
            "blockquote": self._quote,
            "bullet_list": self._list,
            "ordered_list": self._list,
            "table": self._table,
        }

    def draw(self, nodes: Sequence[Node], width: int, *, tight: bool = False) -> list[Line]:
        """Blocks below each other, a blank line between them unless the list they are in is tight."""
        lines: list[Line] = []
        for node in nodes:
            drawn = self._kinds.get(node.type, self._other)(node, width)
            if drawn and lines and not tight:
                lines.append(BLANK)
            lines += drawn
        return lines

    def _flow(self, content: str, base: Style, width: int) -> list[Line]:
        def make() -> list[Line]:
            return [line for runs in self._inline.lines(self._parse(content), base) for line in wrap(runs, width)]

        return self._memory.recall((content, base, width), make)

    def _content(self, node: Node) -> str:
        return node.children[0].token.content if node.children else node.token.content

    def _paragraph(self, node: Node, width: int) -> list[Line]:
        return self._flow(self._content(node), self._base, width)

    def _heading(self, node: Node, width: int) -> list[Line]:
        level = int(node.token.tag[1:] or 1)
        style = self._base + (self.look.heading if level < 4 else self.look.strong) + _HEADINGS.get(level, Style())
        lines = list(self._flow(self._content(node), style, width))
        bar = _BARS.get(level)
        if bar:
            cells = max(cell_len(line.text) for line in lines)
            lines.append(Line((Segment(bar * cells, self.look.rule),), cells))
        return lines

    def _rule(self, node: Node, width: int) -> list[Line]:
        return [Line((Segment("─" * width, self.look.rule),), width)]

    def _fence(self, node: Node, width: int) -> list[Line]:
        number, self._code = self._code, self._code + 1
        return code_lines(code_text(node), node.token.info, self.look, width, number)

    def _quote(self, node: Node, width: int) -> list[Line]:
        outer, self._base = self._base, self._base + self.look.quote
        try:
            if width - 2 < NARROWEST:
                return self.draw(node.children, width)
            lines = self.draw(node.children, width - 2)
        finally:
            self._base = outer
        return indent(lines or [BLANK], (Segment("▎ ", self.look.muted),))

    def _list(self, node: Node, width: int) -> list[Line]:
        tight = not any(child.type == "paragraph" and not child.token.hidden for item in node.children for child in item.children)
        marks = self._marks(node)
        cells = max((cell_len(mark) for mark, _ in marks), default=0)
        self._depth += 1
        lines: list[Line] = []
        for item, (mark, style) in zip(node.children, marks, strict=True):
            if lines and not tight:
                lines.append(BLANK)
            lines += self._item(item, " " * (cells - cell_len(mark)) + mark, style, width, tight=tight)
        self._depth -= 1
        return lines

    def _marks(self, node: Node) -> list[tuple[str, Style]]:
        if node.type == "ordered_list":
            first = node.token.attrGet("start")
            start = first if isinstance(first, int) else 1
            return [(f"{start + at}. ", self.look.muted) for at in range(len(node.children))]
        bullet = _BULLETS[self._depth % len(_BULLETS)] + " "
        return [self._task(item) or (bullet, self.look.muted) for item in node.children]

    def _task(self, item: Node) -> tuple[str, Style] | None:
        """The mark of a task; its brackets are taken out of the text."""
        first = item.children[0] if item.children else None
        if first is None or first.type != "paragraph" or not first.children:
            return None
        box = first.children[0].token.content[:4]
        if box in ("[x] ", "[X] "):
            return "☑ ", self.look.success
        return ("☐ ", self.look.muted) if box == "[ ] " else None

    def _item(self, item: Node, mark: str, style: Style, width: int, *, tight: bool) -> list[Line]:
        children = item.children
        first = Segment(mark, style)
        if mark.strip() in ("☑", "☐"):
            children = [_without_box(children[0]), *children[1:]]
        cells = cell_len(mark)
        if width - cells < NARROWEST:
            return [*wrap([(mark.strip(), style)], width), *self.draw(children, width, tight=tight)]
        lines = self.draw(children, width - cells, tight=tight) or [BLANK]
        return indent(lines, (first,), (Segment(" " * cells, self.look.text),))

    def _table(self, node: Node, width: int) -> list[Line]:
        rows = [row for part in node.children for row in part.children]
        if not rows or not rows[0].children:
            return []
        head = [self._cell(cell, self.look.table_head) for cell in rows[0].children]
        empty: TableCell = [[]]
        body = [[self._cell(cell, Style()) for cell in row.children][: len(head)] for row in rows[1:]]
        body = [[*row, *([empty] * (len(head) - len(row)))] for row in body]
        return table_lines(Table(head, [_align(cell) for cell in rows[0].children], body), self.look, width)

    def _cell(self, cell: Node, style: Style) -> TableCell:
        content, base = self._content(cell), self._base + style
        return self._memory.recall((content, base), lambda: self._inline.lines(self._parse(content), base, tags=True))

    def _other(self, node: Node, width: int) -> list[Line]:
        """A kind of block this module has no row for: its text, and whatever is inside it."""
        if node.children:
            return self.draw(node.children, width)
        return self._flow(node.token.content, self._base, width) if node.token.content else []


def _without_box(paragraph: Node) -> Node:
    inline = paragraph.children[0].token
    return Node(paragraph.token, [Node(inline.copy(content=inline.content[4:]))])


def _align(cell: Node) -> Align:
    style = str(cell.token.attrGet("style") or "")
    return "right" if "right" in style else "center" if "center" in style else "left"
