"""What one of the API's own tools gave back: search results, pages, output of code, in a panel."""

from __future__ import annotations

import json

from claude_tui.domain.blocks import Block, block_type
from claude_tui.domain.text import safe_line, safe_text
from claude_tui.render.base import Line, Look
from claude_tui.render.block_cell import lines_of
from claude_tui.render.panel import header
from claude_tui.render.panel_cell import PanelCell, View
from claude_tui.render.results import is_error, result_summary, write_server_result
from claude_tui.render.sheet import MOST_CHARACTERS, MOST_LINES


class ServerResultCell(PanelCell):
    """A `*_tool_result` block of an answer. It arrives whole."""

    kind = "result"

    def __init__(self, key: str, block: Block) -> None:
        super().__init__(key)
        self._block = block
        self._title = safe_line(block_type(block).removesuffix("_tool_result").replace("_", " "), 60) + " result"
        content: object = block.get("content")
        self._characters = len(json.dumps(content, default=str))
        self._long = self._characters > MOST_CHARACTERS

    def source(self) -> str:
        lines = [f"{self._title}: {result_summary(self._block)}".rstrip(": ")]
        content = self._block.get("content")
        lines.append(content if isinstance(content, str) else json.dumps(content, ensure_ascii=False, indent=2, default=str))
        return safe_text("\n\n".join(lines))

    def _size(self, width: int) -> int:
        content = lines_of(self._characters, width)
        return 1 if self.level == 0 else 1 + (content if self.level > 1 else min(content, MOST_LINES))

    def _fill(self, view: View) -> None:
        if not view.done:
            view.done = True
            sheet = view.sheet()
            write_server_result(sheet, self._block.get("content"))
            sheet.close()

    def _header(self, look: Look, width: int, mark: str) -> Line:
        end = (" ✗", look.error) if is_error(self._block) else (" ✓", look.success)
        words = result_summary(self._block)
        return header(look, width, mark, (self._title, look.tool), [(words, look.muted)] if words else [], end)
