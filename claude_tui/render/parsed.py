"""What is not settled of a document, parsed behind its skeleton: the leaf blocks, and where each of them stands."""

from __future__ import annotations

import re
from collections.abc import Sequence

from claude_tui.render.leaf import QUOTE, Path, Step, same
from claude_tui.render.nodes import CONTAINERS, LISTS, LeafNode, Node, References, parse_blocks
from claude_tui.render.skeleton import OpenContainer, Rest, common, open_at

_BULLETS = "•◦▪"
_BOX = re.compile(r"\[[ xX]\] ")
BOX_LENGTH = 4
_BLANKS = " >\t"
"""A line of nothing else is a blank one, in quotes too."""


class Parsed:
    """`leaves`: what is not settled, in order; `before`: what stands for the leaf before the first of them.

    `references`: all link definitions there are then.
    """

    def __init__(self, rest: Rest, partial: str, references: References) -> None:
        text = rest.skeleton + rest.text + partial
        leaves, self.references = parse_blocks(text, references)
        self.lines = text.split("\n")
        self._rest = rest
        self._shift = rest.skeleton.count("\n")
        self._open: dict[Node, OpenContainer] = {}
        self.before: LeafNode | None = None
        if rest.open:
            self.before = leaves[len(rest.open) - 1]
            del leaves[: len(rest.open)]
            nodes = [node for node in self.before.around if node.type not in LISTS]
            self._open = dict(zip(nodes, rest.open, strict=True))
        self.leaves = leaves
        self._begun = set(self._open)
        self._numbers: dict[Node, int] = {}

    def line(self, number: int) -> int:
        """The line of the document that is this line of what was parsed."""
        return self._rest.line + number - self._shift

    # Where a leaf stands.

    def path(self, leaf: LeafNode) -> Path:
        """The containers around the leaf; the first leaf in one of them takes its mark. To be asked once a leaf, in order."""
        steps: list[Step] = []
        for depth, node in enumerate(leaf.around):
            if node.type not in LISTS:
                steps.append(self._step(leaf.around, depth)._replace(first=node not in self._begun))
                self._begun.add(node)
        return same(tuple(steps))

    def gap(self, index: int, *, first: bool) -> int:
        """How many containers the blank line above this leaf lies in, -1 if there is none. `first`: nothing is settled."""
        leaf = self.leaves[index]
        before = self.leaves[index - 1] if index else self.before
        if before is None:
            return -1 if first else 0
        shared = common(before, leaf)
        inside = sum(node.type not in LISTS for node in shared)
        if not shared or shared[-1].type == "blockquote":
            return inside
        return inside if self._is_after_blank(self.first_line(index)) else -1

    def first_line(self, index: int) -> int:
        """The line this leaf begins on, or the first of the containers that begin with it."""
        leaf = self.leaves[index]
        before = self.leaves[index - 1] if index else self.before
        shared = len(common(before, leaf)) if before is not None else 0
        return min(node.first_line for node in (*leaf.around[shared:], leaf.node))

    def _is_after_blank(self, number: int) -> bool:
        return self._rest.after_blank if number <= self._shift else not self.lines[number - 1].strip(_BLANKS)

    def _step(self, around: Sequence[Node], depth: int) -> Step:
        node = around[depth]
        if node in self._open:
            return self._open[node].step
        if node.type == "blockquote":
            return Step(QUOTE)
        if node.type == "footnote_reference":
            return Step(f"[{node.token.meta.get('label', '')}] ", "accent")
        the_list = around[depth - 1]
        if the_list.type == "ordered_list":
            return Step(f"{self._number(the_list, node)}. ")
        box = box_of(node)
        if box:
            return Step("☑ ", "success") if box in "xX" else Step("☐ ")
        return Step(_BULLETS[sum(one.type in LISTS for one in around[: depth - 1]) % len(_BULLETS)] + " ")

    def _number(self, the_list: Node, item: Node) -> int:
        if item not in self._numbers:
            known = self._open.get(the_list.children[0])
            given = the_list.token.attrGet("start")
            first = known.number if known is not None else given if isinstance(given, int) else 1
            self._numbers.update({one: first + at for at, one in enumerate(the_list.children)})
        return self._numbers[item]

    # What is open.

    def containers(self, nodes: Sequence[Node]) -> list[OpenContainer] | None:
        """These nested nodes as containers that are open; None where it is not clear how to open them again."""
        found: list[OpenContainer] = []
        for depth, node in enumerate(nodes):
            if node.type in LISTS:
                continue
            known = self._open.get(node)
            if known is None:
                marks = open_at(node, self.lines[node.first_line], found)
                if marks is None:
                    return None
                number = self._number(nodes[depth - 1], node) if depth and nodes[depth - 1].type == "ordered_list" else 0
                known = OpenContainer(marks[0], self._step(nodes, depth)._replace(first=False), number, node.first_line, marks[1])
            found.append(known)
        return found

    def is_closed_fence(self, leaf: LeafNode) -> bool:
        """Whether this is a fenced block with its end: nothing can come into it any more."""
        node, content = leaf.node, leaf.node.token.content
        lines = content.removesuffix("\n").count("\n") + 1 if content else 0
        return node.type == "fence" and node.end_line - node.first_line == lines + 2

    def is_begun_fence(self) -> bool:
        """Whether the last line begins a block of code, unless there comes a backtick."""
        node = self.leaves[-1].node if self.leaves else None
        return node is not None and node.type == "fence" and node.first_line == len(self.lines) - 1

    def may_be_table(self, leaf: LeafNode) -> bool:
        """Whether this is the first line of a block of code, and the head of a table if the line to come says so."""
        first = leaf.node.first_line
        return leaf.node.type in ("fence", "code_block") and first + 2 >= len(self.lines) and "|" in self.lines[first]

    def definitions_before(self, number: int) -> References:
        """The link definitions that stand before this line."""
        old = {name for name, entry in self.references.items() if "map" not in entry}
        return {
            name: {key: value for key, value in entry.items() if key != "map"}
            for name, entry in self.references.items()
            if name in old or entry["map"][0] < number
        }

    def behind_definitions(self) -> Rest | None:
        """What is left, where there are no leaves, when all link definitions but the last one are settled; None if that is all."""
        number = max((entry["map"][0] for entry in self.references.values() if "map" in entry), default=0)
        if number <= self._shift or not self.lines[number].startswith("["):
            return None
        return self.rest_from(number, 0, (), "")

    def rest_from(self, number: int, column: int, open_: Sequence[OpenContainer], skeleton: str) -> Rest:
        """What is left when all before this line, and before this column of it, is settled."""
        text = "\n".join([self.lines[number][column:], *self.lines[number + 1 :]]) if number < len(self.lines) else ""
        return Rest(text, self.line(number), self._is_after_blank(number), skeleton, [_settled(one) for one in open_])


def box_of(item: Node) -> str:
    """What stands in the box of a task; empty for an item that is none."""
    first = item.children[0] if item.children else None
    if first is None or item.type != "list_item" or (first.type != "paragraph" and first.token.markup not in ("=", "-")):
        return ""
    return first.content[1] if _BOX.match(first.content) else ""


def has_box(leaf: LeafNode) -> bool:
    """Whether the leaf is the text of a task and begins with its box."""
    item = leaf.around[-1] if leaf.around else None
    the_list = leaf.around[-2] if len(leaf.around) > 1 else None
    if item is None or the_list is None or the_list.type != "bullet_list" or item.children[0] is not leaf.node:
        return False
    return bool(box_of(item))


def is_empty(leaf: LeafNode) -> bool:
    """Whether it is a container with nothing in it."""
    return leaf.node.type in CONTAINERS


def _settled(one: OpenContainer) -> OpenContainer:
    """A container whose marks are settled: no line to come is the one they stand on."""
    return OpenContainer(one.opener, one.step, one.number, -1, one.indent)
