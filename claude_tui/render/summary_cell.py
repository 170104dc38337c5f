"""A summary that stands in the place of the conversation before it: drawn like a prompt, said to be what it is."""

from __future__ import annotations

from claude_tui.domain.blocks import string, text_block
from claude_tui.domain.history import SUMMARY_HEAD
from claude_tui.domain.messages import Message
from claude_tui.render.prompt_cell import PromptCell


class SummaryCell(PromptCell):
    """The root of a path that goes on where another one was summarised."""

    kind = "summary"

    def __init__(self, message: Message, version: tuple[int, int]) -> None:
        blocks = [text_block(string(block, "text").removeprefix(SUMMARY_HEAD)) for block in message.blocks]
        count: object = message.extra.get("summarised")
        many = isinstance(count, int) and count != 1
        self.label = f"Summary of {count:,} messages" if many else "Summary"  # pyright: ignore[reportUnknownMemberType]
        super().__init__(message.id, blocks, version)
