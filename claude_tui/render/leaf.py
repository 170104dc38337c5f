"""What the leaf blocks of a document share: their place among the containers around them, and what they are drawn with.

Every leaf is drawn on its own, in bounded time: its path says which marks stand left of its first line and of the others. Where
no room for content would be left, a mark gets a line of its own and the content stays as wide as it was, so any nesting fits.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, Protocol, TypeAlias

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from claude_tui.render.base import Line, Look
from claude_tui.render.inline import Inline
from claude_tui.render.nodes import References, parser
from claude_tui.render.table import TableCell
from claude_tui.render.wrap import Run, indent, wrap

NARROWEST = 6
"""Cells: containers do not make their content narrower than this."""
BLANK = Line(())
QUOTE = "▎ "
_MOST_BRACKETS = 1_000
"""Looking for links takes time that grows with the square of these. A paragraph with more of them in it stays as it was written."""


class Step(NamedTuple):
    """A container as seen from a leaf. `role`: the field of the look its mark is drawn with. `first`: the mark is not drawn yet."""

    mark: str
    role: str = "muted"
    first: bool = False

    @property
    def quote(self) -> bool:
        return self.mark == QUOTE


Path: TypeAlias = tuple[Step, ...]


@lru_cache(maxsize=1024)
def same(path: Path) -> Path:
    """An equal path, for all who ask: most leaves stand where others do."""
    return path


@lru_cache(maxsize=1024)
def begun(path: Path) -> Path:
    """The path of a leaf for which others have taken the marks."""
    return tuple(step._replace(first=False) for step in path)


class Shared(Protocol):
    """What several leaves are pieces of. `version` grows when leaves that are drawn already may look different."""

    @property
    def version(self) -> int: ...


class Pen:
    """What leaves are drawn with: look, link definitions, and a memory of what was drawn last.

    `generation` is another for other link definitions.
    """

    def __init__(self, look: Look, references: References, generation: int, *, breaks: bool) -> None:
        self.look = look
        self.generation = generation
        self._references = references
        self._inline = Inline(look, breaks=breaks)
        self._fresh: dict[tuple[object, ...], Any] = {}
        self._old: dict[tuple[object, ...], Any] = {}

    def age(self) -> None:
        """Forget what nobody has asked for between two calls of this."""
        self._fresh, self._old = {}, self._fresh

    def recall(self, key: tuple[object, ...], make: Callable[[], Any]) -> Any:
        found = self._fresh.get(key)
        if found is None:
            found = self._old.get(key)
            self._fresh[key] = found = make() if found is None else found
        return found

    def inline(self, content: str, base: Style, *, tags: bool = False, column: int = 0) -> list[list[Run]]:
        """Inline Markdown as the runs of each line, at least one line. `column`: the cells of its first source line before it."""
        return self.recall((content, base, tags, column), lambda: self._lines(content, base, tags, column))

    def _lines(self, content: str, base: Style, tags: bool, column: int) -> list[list[Run]]:
        tokens: list[Any] = []
        if content.count("[") > _MOST_BRACKETS:
            tokens = _as_text(content)
        else:
            made = parser()
            made.inline.parse(content, made, {"references": self._references}, tokens)
        return self._inline.lines(tokens, base, tags=tags, column=column)

    def cell(self, content: str, head: bool, base: Style) -> TableCell:
        """The content of a cell of a table."""
        return self.inline(content, base + self.look.table_head if head else base, tags=True)


class Leaf(ABC):
    """A leaf block, or a piece of one. `lines`: the first line of its source in the document, and the one behind its last."""

    __slots__ = ("gap", "lines", "path")

    def __init__(self, path: Path, lines: tuple[int, int]) -> None:
        self.path = path
        self.lines = lines
        self.gap = -1
        """How many of the containers the blank line above it lies in; -1 where there is none."""

    @property
    def version(self) -> int:
        """Grows whenever the leaf itself does."""
        return 0

    @property
    def shared(self) -> Shared | None:
        """What it is a piece of."""
        return None

    @property
    def whole(self) -> bool:
        """Whether its source are its lines: it is not a piece of anything."""
        return True

    @abstractmethod
    def size(self, width: int) -> int:
        """About how many lines `content` gives."""

    @abstractmethod
    def content(self, pen: Pen, width: int, base: Style) -> list[Line]:
        """Its lines, without what stands left of them. `base`: the style of the text around it."""

    def origin(self, pen: Pen, width: int) -> int:
        """Where in its text its first line begins, which may be in the piece before."""
        return 0

    def draw(self, pen: Pen, width: int) -> list[Line]:
        """Its lines with the blank one above and the marks of its containers."""
        place = Margin(self.path, pen.look, width)
        lines = [_blank(self.path[: self.gap], pen.look, width)] if self.gap >= 0 else []
        quoted = any(step.quote for step in self.path)
        base = pen.look.text + pen.look.quote if quoted else pen.look.text
        content = self.content(pen, place.room, base) or ([BLANK] if self.path else [])
        return [*lines, *place.marks, *(indent(content, place.first, place.rest) if place.rest else content)]


class EmptyLeaf(Leaf):
    """A container with nothing in it."""

    def size(self, width: int) -> int:
        return 1

    def content(self, pen: Pen, width: int, base: Style) -> list[Line]:
        return [BLANK]


class RuleLeaf(Leaf):
    """A line across."""

    def size(self, width: int) -> int:
        return 1

    def content(self, pen: Pen, width: int, base: Style) -> list[Line]:
        return [Line((Segment("─" * width, pen.look.rule),), width)]


def _as_text(content: str) -> list[Any]:
    from markdown_it.token import Token

    tokens: list[Token] = []
    for number, line in enumerate(content.split("\n")):
        tokens += [Token("softbreak", "br", 0)] if number else []
        tokens.append(Token("text", "", 0, content=line))
    return tokens


class Margin:
    """What stands left of a leaf at a width: before its first line, before the others, and marks that got lines of their own."""

    def __init__(self, path: Path, look: Look, width: int) -> None:
        self.room = width
        self.first: list[Segment] = []
        self.rest: list[Segment] = []
        self.marks: list[Line] = []
        for step in path:
            self._step(step, getattr(look, step.role), look.text)

    def _step(self, step: Step, style: Style, text: Style) -> None:
        cells = cell_len(step.mark)
        mark = Segment(step.mark, style)
        if self.room - cells < NARROWEST:
            if step.first and not step.quote:
                self.marks += indent(wrap([(step.mark.strip(), style)], self.room), self.first, self.rest)
                self.first = list(self.rest)
            return
        self.room -= cells
        blank = Segment(" " * cells, text)
        self.first.append(mark if step.quote or step.first else blank)
        self.rest.append(mark if step.quote else blank)


def _blank(path: Path, look: Look, width: int) -> Line:
    """A blank line among these containers: only the bars of quotes are seen."""
    place = Margin(path, look, width)
    last = max((at for at, segment in enumerate(place.rest) if segment.text.strip()), default=-1)
    return indent([BLANK], place.rest[: last + 1])[0] if last >= 0 else BLANK


def below(lines: Sequence[Line], rail: Segment | None) -> list[Line]:
    """The lines behind a rail, if there is one."""
    return indent(lines, (rail,)) if rail else list(lines)
