"""The containers that are open where reading goes on, written as the shortest Markdown that opens them again.

What is read already need not be parsed again: in its place stands this skeleton. Each container has a paragraph in it, so that the
text behind is read as it would have been behind the text that was there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from claude_tui.render.leaf import Step
from claude_tui.render.nodes import LISTS, LeafNode, Node

FILLER = "x"
_QUOTE = re.compile(r" {0,3}> ?")
_QUOTED = re.compile(r" *> ?")
_ITEM = re.compile(r" {0,3}(?:[-+*]|\d{1,9}[.)])")
_NOTE = re.compile(r" {0,3}\[\^[^ \]]+\]:")
_NOTE_INDENT = 4
_NOTE_MARK = "[^"


@dataclass(frozen=True, slots=True)
class OpenContainer:
    """A container. `opener`: the marks it begins with; `line`: the line they stand on, of what was parsed, -1 if that is settled.

    `indent`: the blanks a line needs at its left to be in it, 0 for a quote. `number`: an item's place in its list.
    """

    opener: str
    step: Step
    number: int = 0
    line: int = -1
    indent: int = 0

    @property
    def carry(self) -> str:
        """What stands left of a line in it, other than its first."""
        return " " * self.indent or "> "


@dataclass(slots=True)
class Rest:
    """What is not settled of a document: its source, and what opens the containers around it."""

    text: str = ""
    line: int = 0
    """The number of the text's first line in the document."""
    after_blank: bool = False
    skeleton: str = ""
    open: list[OpenContainer] = field(default_factory=list[OpenContainer])


def opening(containers: Sequence[OpenContainer]) -> str:
    """Lines that open these containers, one inside of the other, each with a paragraph in it."""
    lines: list[str] = []
    for depth, one in enumerate(containers):
        outer = carry(containers[:depth])
        lines += [f"{outer}{one.opener}{FILLER}", (outer + one.carry).rstrip()]
    return "".join(line + "\n" for line in lines)


def carry(containers: Sequence[OpenContainer]) -> str:
    """What stands left of the next line in all of them."""
    return "".join(one.carry for one in containers)


def open_at(node: Node, line: str, around: Sequence[OpenContainer]) -> tuple[str, int] | None:
    """The marks with which `node` begins on this line inside of `around`, and its indent; None where tabs make that unclear."""
    rest = rest_of(line, node.first_line, around)
    if rest is None:
        return None
    if node.type == "blockquote":
        return ("> ", 0) if _QUOTE.match(rest) else None
    if node.type == "footnote_reference":
        found = _NOTE.match(rest)
        return (found.group().lstrip(" ") + " ", _NOTE_INDENT) if found else None
    found = _ITEM.match(rest)
    if found is None:
        return None
    behind = rest[found.end() :]
    spaces = len(behind) - len(behind.lstrip(" "))
    if behind[spaces : spaces + 1] == "\t":
        return None
    padding = 1 if not behind.strip() or spaces > 4 else spaces
    opener = found.group() + " " * padding
    return opener, len(opener)


def rest_of(line: str, number: int, around: Sequence[OpenContainer]) -> str | None:
    """What the line (the one with this number) holds inside of these containers.

    None where that is not clear: for tabs, for a lazy line, and on the first line of a footnote, where columns count otherwise.
    """
    for one in around:
        if not one.indent:
            found = _QUOTED.match(line)
            if found is None or "\t" in line[: found.end() + 1]:
                return None
            line = line[found.end() :]
        elif one.line == number:
            if one.opener.startswith(_NOTE_MARK):
                return None
            line = line[len(one.opener) :]
        else:
            if line[: one.indent].strip(" "):
                return None
            line = line[one.indent :]
    return line


def common(one: LeafNode, other: LeafNode) -> list[Node]:
    """The containers both are in, from the outermost on."""
    shared: list[Node] = []
    for mine, its in zip(one.around, other.around, strict=False):
        if mine is not its:
            break
        shared.append(mine)
    return shared


def still_open(before: LeafNode, after: LeafNode | None) -> list[Node]:
    """The containers that are open behind `before`: those `after` is in too, and the item before it in the same list."""
    if after is None:
        return list(before.around)
    shared = common(before, after)
    if shared and shared[-1].type in LISTS:
        shared.append(before.around[len(shared)])
    return shared
