"""Markdown as lines, in one call. A text that grows is a `Document`."""

from __future__ import annotations

from claude_tui.render.base import Line, Look
from claude_tui.render.document import Document


def render_markdown(text: str, look: Look, width: int) -> list[Line]:
    """`text` as lines of at most `width` (8 or more) cells, at least one line."""
    document = Document(text)
    document.finish()
    return document.lines(look, width) or [Line(())]
