"""Blocks drawn in one go, to compare what grows with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from claude_tui.render.base import Line, Look
from claude_tui.render.code import MOST_EXACT, styled
from claude_tui.render.line_lexer import Tokens, WholeLexing, lexer_of
from claude_tui.render.table import Align, Extents, Painter, TableCell, fit
from claude_tui.render.wrap import Run


def highlight(code: str, language: str, look: Look) -> list[list[Run]]:
    """The lines of code (clean, without tabs) as runs, in exact colours; plain where it is longer than `MOST_EXACT`."""
    lines = code.split("\n")
    tokens: Sequence[Tokens] = [()] * len(lines)
    lexer = lexer_of(language.lower()) if language and len(code) <= MOST_EXACT else None
    if lexer is not None:
        lexing = WholeLexing(lexer, lines)
        lexing.go_on(math.inf)
        tokens = lexing.lines
    return [styled(line, its, look) for line, its in zip(lines, tokens, strict=True)]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows are as long as `head`."""

    head: Sequence[TableCell]
    aligns: Sequence[Align]
    rows: Sequence[Sequence[TableCell]]


def table_lines(table: Table, look: Look, width: int) -> list[Line]:
    """The table in at most `width` cells."""
    needs = Extents.of(table.head)
    for row in table.rows:
        needs.add(row)
    painter = Painter(table.head, table.aligns, fit(needs, width), look, width)
    return [*painter.top(alone=not table.rows), *painter.rows(table.rows)]
