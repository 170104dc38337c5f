"""A Markdown text that grows: what cannot change any more is parsed once and drawn once for a width.

Boundaries are decided on complete lines: of those, every top-level block but the last is final, since whatever follows can only
continue the last one. The last block and the unfinished line are parsed anew when somebody looks. The lines are the same whatever
pieces the text came in. A link definition may come behind the text that uses it, so blocks keep their inline source and are drawn
again when a new definition arrives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from rich.segment import Segment

from claude_tui.domain.text import safe_text
from claude_tui.render.base import Line, Look
from claude_tui.render.blocks import BLANK, Blocks, Memory, Node, code_text, fences, tree
from claude_tui.render.wrap import indent

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_References = dict[str, Any]

_MOST_BRACKETS = 1_000
"""Looking for links takes time that grows with the square of these. A paragraph with more of them in it stays as it was written."""


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    # Only the block rules run here; inline text is parsed when it is drawn.
    return MarkdownIt("js-default", {"maxNesting": 100, "html": False, "linkify": False, "typographer": False})


def _parse_blocks(text: str, references: _References) -> tuple[list[Token], _References]:
    """Block tokens of `text`, and all link definitions: the given ones, which win, and those in it."""
    env: dict[str, Any] = {"references": dict(references)}
    tokens: list[Token] = []
    parser = _parser()
    parser.block.parse(text, parser, env, tokens)
    return tokens, env["references"]


def _as_text(content: str) -> list[Token]:
    from markdown_it.token import Token

    tokens: list[Token] = []
    for number, line in enumerate(content.split("\n")):
        tokens += [Token("softbreak", "br", 0)] if number else []
        tokens.append(Token("text", "", 0, content=line))
    return tokens


@dataclass(slots=True)
class _Block:
    """Some top-level blocks that are final, and the number of the first code block in them."""

    nodes: list[Node]
    first_code: int


@dataclass(slots=True)
class _Drawn:
    """Lines of the first `count` final blocks, for one width, look, rail and set of link definitions."""

    wanted: tuple[int, Look, Segment | None, tuple[tuple[str, str], ...]]
    lines: list[Line]
    count: int = 0


class Document:
    """Markdown text with its lines. `breaks`: every line end of the source is kept, as in a prompt."""

    def __init__(self, text: str = "", *, breaks: bool = False) -> None:
        self._breaks = breaks
        self._raw: list[str] = [text] if text else []
        self._unread = 0
        self._whole = ""
        """Complete lines, cleaned, that belong to no final block."""
        self._partial: list[str] = []
        self._blocks: list[_Block] = []
        self._references: _References = {}
        self._codes: list[str] = []
        self._drawn: _Drawn | None = None
        self._memory = Memory()
        self._live: tuple[list[Node], _References] | None = None

    def feed(self, text: str) -> None:
        """Append, in constant time."""
        self._raw.append(text)

    @property
    def text(self) -> str:
        """The whole source, cleaned."""
        return safe_text("".join(self._raw))

    @property
    def blank(self) -> bool:
        """Whether there is nothing to see."""
        return not any(part.strip() for part in self._raw)

    def lines(self, look: Look, width: int, rail: Segment | None = None) -> list[Line]:
        """All lines at this width, which includes the rail before each; none for a blank text."""
        nodes, references = self._read()
        drawn = self._draw_final(look, width, rail, references)
        self._memory.age()
        live = self._pen(look, references, len(self._codes), self._memory).draw(nodes, _room(width, rail))
        return [*drawn.lines, *_behind(rail, [BLANK, *live] if drawn.lines and live else live)]

    def code_blocks(self) -> list[str]:
        """The code blocks' texts, in the order of the numbers on their `copy` labels."""
        nodes, _ = self._read()
        return [*self._codes, *(code_text(node) for node in fences(nodes))]

    def _pen(self, look: Look, references: _References, first_code: int, memory: Memory | None = None) -> Blocks:
        def parse(content: str) -> list[Token]:
            if content.count("[") > _MOST_BRACKETS:
                return _as_text(content)
            children: list[Token] = []
            parser = _parser()
            parser.inline.parse(content, parser, {"references": references}, children)
            return children

        return Blocks(look, parse, breaks=self._breaks, code=first_code, memory=memory)

    def _draw_final(self, look: Look, width: int, rail: Segment | None, references: _References) -> _Drawn:
        definitions = tuple((name, str(entry["href"])) for name, entry in references.items())
        wanted = (width, look, rail, definitions)
        if self._drawn is None or self._drawn.wanted != wanted:
            self._drawn, self._memory = _Drawn(wanted, []), Memory()
        drawn = self._drawn
        for block in self._blocks[drawn.count :]:
            lines = self._pen(look, references, block.first_code).draw(block.nodes, _room(width, rail))
            drawn.lines += _behind(rail, [BLANK, *lines] if drawn.lines and lines else lines)
        drawn.count = len(self._blocks)
        return drawn

    def _read(self) -> tuple[list[Node], _References]:
        """Read what was fed since, and set aside what is final now. What is not, as if the text ended here, and the definitions."""
        if self._live is None or self._unread < len(self._raw):
            whole_lines = self._take_lines()
            self._live = self._read_live()
            if whole_lines and len(self._live[0]) > 1 and self._set_aside():
                self._live = self._read_live()
        return self._live

    def _take_lines(self) -> bool:
        """Move what was fed to the complete lines and the unfinished one; whether there are new complete ones."""
        new = self._raw[self._unread :]
        self._unread = len(self._raw)
        self._partial += new
        if not any("\n" in part for part in new):
            return False
        raw = "".join(self._partial)
        end = raw.rfind("\n") + 1
        self._partial = [raw[end:]]
        self._whole += safe_text(raw[:end])
        return True

    def _read_live(self) -> tuple[list[Node], _References]:
        tokens, references = _parse_blocks(self._whole + safe_text("".join(self._partial)), self._references)
        return tree(tokens), references

    def _set_aside(self) -> bool:
        """Make every block of the complete lines but the last final; whether there are such blocks."""
        tokens, references = _parse_blocks(self._whole, self._references)
        starts = [at for at, token in enumerate(tokens) if token.level == 0 and token.nesting >= 0]
        if len(starts) > 1:
            self._freeze(tokens[: starts[-1]], references, (tokens[starts[-1]].map or [0])[0])
        return len(starts) > 1

    def _freeze(self, tokens: Sequence[Token], references: _References, line: int) -> None:
        """Make the blocks of these tokens final: all that stands before `line` of the complete lines."""
        nodes = tree(tokens)
        self._references = {name: entry for name, entry in references.items() if name in self._references or entry["map"][0] < line}
        self._blocks.append(_Block(nodes, len(self._codes)))
        self._codes += [code_text(node) for node in fences(nodes)]
        self._whole = self._whole.split("\n", line)[line]


def _room(width: int, rail: Segment | None) -> int:
    return width - cell_len(rail.text) if rail else width


def _behind(rail: Segment | None, lines: list[Line]) -> list[Line]:
    return indent(lines, (rail,)) if rail else lines
