"""Thinking that a model writes into its text, between tags at the very beginning, told apart while it streams. Pure.

Whatever pieces a text comes in, the same of it is thinking. Only what could still become a tag is held back.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

Piece: TypeAlias = tuple[Literal["text", "thinking"], str]

_OPENING = {
    "<think>": "</think>",
    "<thinking>": "</thinking>",
    "<thought>": "</thought>",
    "<reasoning>": "</reasoning>",
    "<mm:think>": "</mm:think>",
    "<seed:think>": "</seed:think>",
    "[THINK]": "[/THINK]",
}
"""Of DeepSeek, Qwen and most others; of prompts; Gemini; gpt-oss on Bedrock; MiniMax; Seed; Magistral."""
_BREAKS = "\r\n"


class ThinkTags:
    """`feed` the pieces of the text; `flush` when something else begins, or the text is over. `open`: text is only text now.

    `held`: what is held back. `mark`: what a closing tag begins with; while nothing is held, a piece without it is thinking, and
    nothing else. Empty where that is not so. `thought`: thinking came another way, so a text may begin with the tag that closes it.
    """

    def __init__(self) -> None:
        self.open = False
        self.held = ""
        self.thought = False
        self._closing = ""
        self._after = False
        self._spaces: str | None = ""
        """White space that thinking began with, until there is something else in it: then None."""

    def feed(self, text: str) -> list[Piece]:
        if self.open:
            return [("text", text)] if text else []
        if self._after:
            return self._text_after(text)
        self.held += text
        return self._thinking() if self._closing else self._beginning()

    @property
    def mark(self) -> str:
        return "" if self._after or self.held or self._spaces is not None else self._closing[:1]

    def flush(self) -> list[Piece]:
        """What was held back: no tag came of it. Thinking that has not ended goes on after that; text that began is only text."""
        held, self.held = self.held, ""
        if self._closing and not self._after:
            return self._thought(held)
        self.open = self.open or bool(held)
        return [("text", held)] if held else []

    def _beginning(self) -> list[Piece]:
        """White space, and what may become an opening tag, is held."""
        begun = self.held.lstrip()
        for tag, closing in _OPENING.items():
            if begun.startswith(tag):
                self._closing, self.held = closing, begun[len(tag) :]
                return self._thinking()
        stray = _OPENING.values() if self.thought else ()
        for closing in stray:
            if begun.startswith(closing):
                self._after, self.held = True, ""
                return self._text_after(begun[len(closing) :])
        if any(tag.startswith(begun) for tag in (*_OPENING, *stray)):
            return []
        return self.flush()

    def _thinking(self) -> list[Piece]:
        """Everything up to the closing tag; a part of one at the end is held."""
        thought, tag, rest = self.held.partition(self._closing)
        if tag:
            self._after, self.held = True, ""
            return [*self._thought(thought), *self._text_after(rest)]
        size = next((size for size in range(len(self._closing) - 1, 0, -1) if thought.endswith(self._closing[:size])), 0)
        self.held = thought[len(thought) - size :]
        return self._thought(thought[: len(thought) - size])

    def _thought(self, text: str) -> list[Piece]:
        """Thinking that is nothing but white space is none: models that are told not to think leave their tags empty."""
        if self._spaces is not None:
            text = self._spaces + text
            self._spaces = None if text.strip() else text
        return [("thinking", text)] if text and self._spaces is None else []

    def _text_after(self, text: str) -> list[Piece]:
        """The lines left empty between thinking and text go."""
        text = text.lstrip(_BREAKS)
        self.open = bool(text)
        return [("text", text)] if text else []
