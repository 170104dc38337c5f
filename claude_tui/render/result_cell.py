"""What one of the API's own tools gave back: search results, pages, output of code, in a panel."""

from __future__ import annotations

import json

from claude_tui.domain.blocks import Block, block_type
from claude_tui.domain.text import safe_line, safe_text
from claude_tui.render.base import Line, Look
from claude_tui.render.block_cell import BlockCell, lines_of
from claude_tui.render.form import MOST_LINES
from claude_tui.render.panel import CLOSED, OPEN, body, header, inner_width
from claude_tui.render.results import is_error, result_summary, server_result_lines


class ServerResultCell(BlockCell):
    """A `*_tool_result` block of an answer. It arrives whole."""

    kind = "result"

    def __init__(self, key: str, block: Block) -> None:
        super().__init__(key, finished=False, levels=2)
        self._block = block
        self._title = safe_line(block_type(block).removesuffix("_tool_result").replace("_", " "), 60) + " result"
        content: object = block.get("content")
        self._characters = len(json.dumps(content, default=str))
        self._long = self._characters > 20_000

    @property
    def levels(self) -> int:
        return 3 if self._long else 2

    def source(self) -> str:
        lines = [f"{self._title}: {result_summary(self._block)}".rstrip(": ")]
        content = self._block.get("content")
        lines.append(content if isinstance(content, str) else json.dumps(content, ensure_ascii=False, indent=2, default=str))
        return safe_text("\n\n".join(lines))

    def _size(self, width: int) -> int:
        content = lines_of(self._characters, width)
        return 1 if self.level == 0 else 1 + (content if self.level > 1 else min(content, MOST_LINES))

    def _draw(self, look: Look, width: int) -> list[Line]:
        failed = is_error(self._block)
        end = (" ✗", look.error) if failed else (" ✓", look.success)
        mark = CLOSED if self.level == 0 else OPEN
        words = result_summary(self._block)
        head = header(look, width, mark, (self._title, look.tool), [(words, look.muted)] if words else [], end)
        if self.level == 0:
            return [head]
        content = server_result_lines(self._block.get("content"), look, inner_width(width), whole=self.level > 1)
        return [head, *body(look, width, content)]
