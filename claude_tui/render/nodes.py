"""The tokens of a Markdown parser as a tree, and its leaf blocks in order, each with the containers around it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

HEAD_LENGTH, LONGEST_HEAD = 300, 2_000
"""A line with no bar among so many characters at its start, or a longer one, is no head of a table: else a long line that grows
would be read again and again."""

References: TypeAlias = dict[str, Any]
"""Link definitions: normalised label → what markdown-it knows of it."""

LISTS = frozenset({"bullet_list", "ordered_list"})
CONTAINERS = frozenset({*LISTS, "blockquote", "list_item", "footnote_reference"})


@dataclass(slots=True, eq=False)
class Node:
    """A block token and what is inside it."""

    token: Token
    children: list[Node] = field(default_factory=list["Node"])
    type: str = field(init=False)

    def __post_init__(self) -> None:
        self.type = self.token.type.removesuffix("_open")

    @property
    def first_line(self) -> int:
        return (self.token.map or [0])[0]

    @property
    def end_line(self) -> int:
        return (self.token.map or [0, 0])[1]

    @property
    def content(self) -> str:
        """The inline source of a paragraph, heading or table cell; the text of code."""
        return self.children[0].token.content if self.children else self.token.content


class LeafNode(NamedTuple):
    """A leaf block and the containers around it from the outermost on. A container with nothing in it is a leaf in itself."""

    node: Node
    around: tuple[Node, ...]


@lru_cache(maxsize=1)
def parser() -> MarkdownIt:
    """The one parser: CommonMark, tables, strike-through and footnotes; HTML is text."""
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock, table
    from mdit_py_plugins.footnote.index import footnote_def  # pyright: ignore[reportUnknownVariableType]

    def bounded_table(state: StateBlock, line: int, end: int, silent: bool) -> bool:
        start = state.bMarks[line] + state.tShift[line]
        return may_be_head(state.src[start : min(state.eMarks[line], start + LONGEST_HEAD + 1)]) and table(state, line, end, silent)

    made = MarkdownIt("js-default", {"maxNesting": 100, "html": False, "linkify": False, "typographer": False})
    made.block.ruler.at("table", bounded_table, {"alt": ["paragraph", "reference"]})
    made.block.ruler.before("reference", "footnote_def", footnote_def, {"alt": ["paragraph", "reference"]})
    return made


def may_be_head(line: str) -> bool:
    """Whether this line without its indent may be the head of a table, or go on as one if it goes on."""
    return len(line) <= LONGEST_HEAD and (len(line) < HEAD_LENGTH or "|" in line[:HEAD_LENGTH])


def parse_blocks(text: str, references: References) -> tuple[list[LeafNode], References]:
    """The leaf blocks of `text`; and all link definitions: the given ones, which win, and those in it."""
    env: dict[str, Any] = {"references": dict(references)}
    tokens: list[Token] = []
    made = parser()
    made.block.parse(text, made, env, tokens)
    return list(_leaves(_tree(tokens), ())), env["references"]


def _tree(tokens: Sequence[Token]) -> list[Node]:
    top: list[Node] = []
    open_nodes: list[Node] = []
    for token in tokens:
        if token.nesting < 0:
            open_nodes.pop()
            continue
        node = Node(token)
        (open_nodes[-1].children if open_nodes else top).append(node)
        if token.nesting > 0:
            open_nodes.append(node)
    return top


def _leaves(nodes: Sequence[Node], around: tuple[Node, ...]) -> Iterator[LeafNode]:
    for node in nodes:
        if node.type not in CONTAINERS:
            yield LeafNode(node, around)
        elif node.children:
            yield from _leaves(node.children, (*around, node))
        else:
            yield LeafNode(node, (*around, node))
