"""What the open panel of a tool call shows: the arguments as they come, what the call says while it runs, and its result."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from claude_tui.domain.blocks import Block
from claude_tui.domain.text import safe_line
from claude_tui.render.base import LeafRef, Section
from claude_tui.render.form import Form
from claude_tui.render.panel_cell import View
from claude_tui.render.partial_json import PartialJson
from claude_tui.render.results import write_block, write_tool_result
from claude_tui.render.sheet import Page, rule, words


class CallView(View):
    """Call `read` for what is new of the arguments, `end` once when they are whole, then `run` or `answer`."""

    def __init__(self, head: Section, tool: str, *, whole: bool) -> None:
        super().__init__(head, whole=whole)
        self.ended = False
        self.parts = 0
        """How many pieces of the arguments were read."""
        self._sheet = self.sheet()
        self._form = Form(self._sheet, tool)
        self._reader = PartialJson(self._form)
        self.said = 0
        """How much the call had said when that was written last."""
        self._running: Page | None = None
        self._result_at = 0

    def read(self, parts: Sequence[str]) -> None:
        """More of the arguments."""
        self.parts += len(parts)
        self._reader.feed("".join(parts))
        self._form.settle()

    def end(self, raw: str) -> None:
        """The arguments are whole, or cut off. What cannot be JSON is shown as it came: `raw`."""
        self.ended = True
        self._reader.finish()
        if self._reader.broken:
            del self.sections[1:]
            self.codes.clear()
            self._sheet = self.sheet()
            write_block(self._sheet, raw, role="warning")
        else:
            self._form.end()
        self._sheet.close()

    def run(self, texts: Iterable[str], said: int) -> None:
        """What the call said last; the last section."""
        self.said = said
        if self._running is not None:
            self.sections.pop()
        self._running = page = Page()
        if len(self.sections) > 1:
            page.add(rule(), None)
        for text in texts:
            page.add(words(safe_line(text)), None)
        self.sections.append(page)

    def answer(self, result: Block) -> None:
        """The call is answered."""
        self.done = True
        if self._running is not None:
            self.sections.pop()
            self._running = None
        sheet = self.sheet()
        if len(self.sections) > 1:
            sheet.add(rule())
        self._result_at = len(self.sections) - (len(self.sections) > 1)
        write_tool_result(sheet, result)
        sheet.close()

    def place_in_result(self, line: int) -> LeafRef:
        """About where this line (from 0) of the result is drawn."""
        at = max(1, self._result_at)
        for number, section in enumerate(self.sections[at:], at):
            if isinstance(section, Page):
                if line < section.lines:
                    return LeafRef(number, 0)
                line -= section.lines
        return LeafRef(len(self.sections) - 1, 0)
