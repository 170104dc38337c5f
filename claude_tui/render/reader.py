"""Reads Markdown that grows: what cannot change any more is read once, whatever the length of the text.

Only complete lines decide. Of those, every leaf block but the last is settled, since whatever follows can only continue that one;
of a code block or table so are all lines and rows, and of a long paragraph its pieces. What is settled leaves the text to be
parsed; the containers it was in are kept as a skeleton. The leaves are the same whatever pieces the text came in.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace

from claude_tui.domain.text import safe_text
from claude_tui.render.builders import Builder, CodeBuilder, FlowBuilder, Place, PlainBuilder, TableBuilder
from claude_tui.render.inline import source_mark, without_marks
from claude_tui.render.leaf import Leaf
from claude_tui.render.nodes import HEAD_LENGTH, LeafNode, Node, References, may_be_head
from claude_tui.render.parsed import BOX_LENGTH, Parsed, has_box, is_empty
from claude_tui.render.skeleton import FILLER, OpenContainer, Rest, carry, opening, rest_of, still_open
from claude_tui.render.unfinished import completed, completed_table, settled_line

_SLAB = 32_000
"""Characters parsed at once at most, when much has come."""
_PIECE = 2_000
"""Characters of what was fed that are taken in together."""
_LINE_ENDS = ("\n", "\x85", "\u2028", "\u2029")
_DEFINITION = re.compile(r"\[(?:[^\[\]\\]|\\.)*(?:\]:|\]?\Z)", re.DOTALL)
"""A paragraph that begins so may be a link definition, if it goes on as one."""
_IN_LINE = FILLER * HEAD_LENGTH + " "
"""Stands for the settled part of a line: as little the head of a table as that part was."""


class Reader:
    """`settled`: the leaves that are final, but that the last one may grow; `live`: those of the rest, as if the text ended here.

    `references` are all link definitions so far; `generation` is another whenever they are others. `waiting`: how many characters
    were fed and not read.
    """

    def __init__(self) -> None:
        self.settled: list[Leaf] = []
        self.live: list[Leaf] = []
        self.references: References = {}
        self.generation = 0
        self._codes = 0
        self._finished = False
        self.waiting = 0
        self._new: deque[str] = deque()
        self._raw = ""
        """What came behind the last line end, as it came."""
        self._rest = Rest()
        self._growing: Builder | None = None
        """Of a block that is settled in part, and goes on as the first one of the rest."""
        self._old_references: References = {}

    def feed(self, text: str) -> None:
        """Append, without reading it."""
        text = without_marks(text)
        self.waiting += len(text)
        self._new.extend(text[start : start + _PIECE] for start in range(0, len(text), _PIECE))

    def mark(self, number: int) -> None:
        """Set the number of a source behind what was fed."""
        mark = source_mark(number)
        self.waiting += len(mark)
        self._new.append(mark)

    def finish(self) -> None:
        """Nothing more comes."""
        self._finished = True
        self._new.append("")

    def read(self, most: int | None = None) -> bool:
        """Take in what was fed, or about `most` characters of it; whether there was anything."""
        if not self._new:
            return False
        text = self._raw + self._next(most)
        finished = self._finished and not self._new
        end = len(text) if finished else _end_of_lines(text)
        self._raw = text[end:]
        for slab in _slabs(safe_text(text[:end])):
            self._rest.text += slab
            self._settle("")
        if finished:
            self._settle("", final=True)
            self.live = []
        else:
            self._read_live(self._settle_partial())
        return True

    def _next(self, most: int | None) -> str:
        """What is read next. A line without end is read anew each time: the longer it is, the more is added to it."""
        left = self.waiting if most is None else max(most, len(self._raw))
        taken: list[str] = []
        while self._new and (left > 0 or not self._new[0]):
            taken.append(self._new.popleft())
            left -= len(taken[-1])
            self.waiting -= len(taken[-1])
        return "".join(taken)

    # What is settled.

    @property
    def _in_line(self) -> bool:
        """Whether what is settled ends within the line that is unfinished."""
        return not self._rest.text and self._rest.skeleton.endswith(" ")

    def _settle_partial(self) -> str:
        """Set aside the pieces of a long unfinished line that can only be text; what is left of the line."""
        half = self._raw[-1:] if "\ud800" <= self._raw[-1:] <= "\udbff" else ""
        partial = safe_text(self._raw.removesuffix(half))
        if len(partial) >= HEAD_LENGTH and "\n" not in partial and self._settle(partial):
            whole, _, partial = self._rest.text.rpartition("\n")
            self._rest.text = whole + "\n" if whole or self._rest.text.startswith("\n") else ""
            self._raw = partial + half
        return partial

    def _settle(self, partial: str, *, final: bool = False) -> bool:
        """Set aside what cannot change; whether there was anything. What is left of `partial` is in the rest then."""
        parsed = Parsed(self._rest, partial, self._old_references)
        if not partial:
            self._note(parsed.references)
        elif parsed.is_begun_fence():
            return False
        count = len(parsed.leaves) if final else self._ready(parsed)
        for index in range(count):
            self._settle_leaf(parsed, index)
        rest = self._go_on_behind(parsed, count) if count else None
        if count == len(parsed.leaves) - 1:
            rest = self._settle_part(parsed, count, partial) or rest
        if not parsed.leaves and not partial:
            rest = parsed.behind_definitions()
        if rest is not None:
            self._old_references = parsed.definitions_before(len(parsed.lines) - rest.text.count("\n") - 1)
            self._rest = rest
        return rest is not None

    def _settle_leaf(self, parsed: Parsed, index: int) -> None:
        builder = self._builder(parsed, index, self._codes)
        self._codes += isinstance(builder, CodeBuilder) and builder is not self._growing
        self._growing = None
        self.settled += builder.settle(parsed.leaves[index].node, parsed.line, final=True)

    def _ready(self, parsed: Parsed) -> int:
        """How many leaves are final and can be left behind."""
        leaves = parsed.leaves
        count = len(leaves) - (not (leaves and parsed.is_closed_fence(leaves[-1])))
        while count > 0 and self._open_behind(parsed, count) is None:
            count -= 1
        return max(count, 0)

    def _open_behind(self, parsed: Parsed, count: int) -> list[OpenContainer] | None:
        after = parsed.leaves[count] if count < len(parsed.leaves) else None
        return parsed.containers(still_open(parsed.leaves[count - 1], after))

    def _go_on_behind(self, parsed: Parsed, count: int) -> Rest:
        """What is left when the first `count` leaves are settled."""
        containers = self._open_behind(parsed, count) or []
        leaves = parsed.leaves
        first = parsed.first_line(count) if count < len(leaves) else leaves[count - 1].node.end_line
        return parsed.rest_from(first, 0, containers, opening(containers))

    def _settle_part(self, parsed: Parsed, index: int, partial: str) -> Rest | None:
        """Set aside what is final of the last leaf, and keep it growing; None if that is nothing."""
        leaf = parsed.leaves[index]
        containers = parsed.containers(leaf.around)
        if containers is None:
            return None
        growing = self._growing if not index else None
        builder = growing or self._builder(parsed, index, self._codes)
        match builder:
            case FlowBuilder() if leaf.node.type == "paragraph" or (partial and leaf.node.token.markup.startswith("#")):
                builder.limit = 0 if growing is None and _may_be_definition(parsed, leaf.node) else _limit(leaf.node.content)
            case CodeBuilder() | TableBuilder():
                if partial or parsed.may_be_table(leaf) or _line_in(parsed, leaf, containers) is None:
                    return None
            case _:
                return None
        new = builder.settle(leaf.node, parsed.line, final=False)
        if isinstance(builder, FlowBuilder) and builder.cut is None:
            return None
        self.settled += new
        self._codes += isinstance(builder, CodeBuilder) and growing is None
        self._growing = builder
        return self._rest_of_growing(parsed, leaf, builder, containers)

    def _rest_of_growing(self, parsed: Parsed, leaf: LeafNode, builder: Builder, containers: list[OpenContainer]) -> Rest:
        node = leaf.node
        skeleton = opening(containers) + carry(containers)
        if isinstance(builder, FlowBuilder):
            return _behind_cut(parsed, leaf, builder, containers, skeleton)
        if isinstance(builder, TableBuilder):
            rules = {"left": "---", "center": ":-:", "right": "--:"}
            rows = ("|" + f"{FILLER}|" * len(builder.aligns), "|" + "".join(f"{rules[align]}|" for align in builder.aligns))
            skeleton += f"{rows[0]}\n{carry(containers)}{rows[1]}\n"
        elif isinstance(builder, CodeBuilder) and node.type == "code_block":
            skeleton += f"    {FILLER}\n"
            builder.drop = 1
        else:
            line = _line_in(parsed, leaf, containers) or ""
            skeleton += " " * (len(line) - len(line.lstrip(" "))) + node.token.markup + "\n"
        return parsed.rest_from(node.end_line, 0, containers, skeleton)

    # What is not.

    def _read_live(self, partial: str) -> None:
        in_line = self._in_line
        if not in_line:
            partial = settled_line(partial, code=isinstance(self._growing, CodeBuilder))
        parsed = Parsed(self._rest, partial, self._old_references)
        if parsed.leaves and parsed.leaves[-1].node.type == "paragraph" and not in_line:
            text = self._rest.text + partial
            table = completed_table(text)
            if table != text:
                parsed = Parsed(replace(self._rest, text=table), "", self._old_references)
        self.live = []
        codes = self._codes
        for index, leaf in enumerate(parsed.leaves):
            last = index == len(parsed.leaves) - 1
            builder = self._builder(parsed, index, codes)
            codes += isinstance(builder, CodeBuilder) and builder is not self._growing
            if last and isinstance(builder, FlowBuilder):
                _complete(leaf.node.children[:1])
            elif last and partial and isinstance(builder, TableBuilder):
                _complete(leaf.node.children[-1].children[-1].children)
            if builder is self._growing:
                self.live += builder.live(leaf.node, parsed.line)
            else:
                self.live += builder.settle(leaf.node, parsed.line, final=True)

    def _note(self, references: References) -> None:
        new = {name: (entry["href"], entry.get("title", "")) for name, entry in references.items()}
        if new != {name: (entry["href"], entry.get("title", "")) for name, entry in self.references.items()}:
            self.generation += 1
        self.references = references

    def _builder(self, parsed: Parsed, index: int, codes: int) -> Builder:
        """What makes leaves of this block."""
        leaf = parsed.leaves[index]
        if not index and self._growing is not None:
            return self._growing
        place = Place(parsed.path(leaf), parsed.gap(index, first=not self.settled), parsed.line(parsed.first_line(index)))
        if is_empty(leaf) or leaf.node.type == "hr":
            return PlainBuilder(place)
        if leaf.node.type in ("fence", "code_block"):
            return CodeBuilder(place, leaf.node, parsed.line, codes)
        if leaf.node.type == "table":
            return TableBuilder(place, leaf.node, parsed.line)
        return FlowBuilder(place, BOX_LENGTH if has_box(leaf) else 0)


def _end_of_lines(text: str) -> int:
    """Where the last line end ends: a carriage return that may be half of one is none."""
    return max(text.rfind("\r", 0, len(text) - 1), *(text.rfind(end) for end in _LINE_ENDS)) + 1


def _limit(content: str) -> int:
    """Up to where a paragraph may be cut that can go on: its last line may still be the head of a table, if it is no long one."""
    last = content.rfind("\n") + 1
    return last if may_be_head(content[last:].lstrip(" ")) else len(content)


def _may_be_definition(parsed: Parsed, node: Node) -> bool:
    """Whether what comes can make a link definition of this paragraph, or the title of one above it."""
    if node.content[:1] in ('"', "'", "("):
        return any("]:" in line for line in parsed.lines[max(0, node.first_line - 2) : node.first_line])
    return _DEFINITION.match(node.content) is not None


def _line_in(parsed: Parsed, leaf: LeafNode, containers: list[OpenContainer]) -> str | None:
    """The first line of a leaf without the marks of its containers; None where it is not clear what these are."""
    return rest_of(parsed.lines[leaf.node.first_line], leaf.node.first_line, containers)


def _behind_cut(parsed: Parsed, leaf: LeafNode, builder: FlowBuilder, containers: list[OpenContainer], skeleton: str) -> Rest:
    """What is left of a paragraph or heading behind its last piece that is settled, and of the text."""
    content, cut = leaf.node.content, builder.cut or 0
    number = leaf.node.first_line + content.count("\n", 0, cut)
    start = content.rfind("\n", 0, cut) + 1
    if not content[start:cut].strip():
        builder.skip = len(FILLER) + 1
        return parsed.rest_from(number, 0, containers, f"{skeleton}{FILLER}\n")
    builder.skip = len(_IN_LINE)
    end = content.find("\n", cut)
    column = parsed.lines[number].rfind(content[start : end if end >= 0 else len(content)]) + cut - start
    mark = leaf.node.token.markup + " " if leaf.node.type == "heading" else ""
    return parsed.rest_from(number, column, containers, skeleton + mark + _IN_LINE)


def _complete(nodes: Sequence[Node]) -> None:
    """Close the marks that are open at the end of the last of these that has content: a paragraph's, or the cells of a row."""
    for node in reversed(nodes):
        inline = node.children[0].token if node.children else node.token
        if inline.content:
            inline.content = completed(inline.content)
            break


def _slabs(text: str) -> Iterator[str]:
    """The text, which ends with a line, in pieces of whole lines."""
    start = 0
    while start < len(text):
        end = text.find("\n", min(start + _SLAB, len(text) - 1)) + 1 or len(text)
        yield text[start:end]
        start = end
