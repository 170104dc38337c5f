"""The least a Textual program can do with an answer: one line-API view of plain text, cut hard at the width, 30 frames a second.

No composer, no Markdown, no store, no history. The SDK is imported before the app starts, and read as raw events.
"""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

from anthropic import AsyncAnthropic, AsyncStream
from rich.segment import Segment
from textual import events
from textual.app import App, ComposeResult
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

READY = "Ready."
FRAME = 1 / 30


class Lines(ScrollView):
    """Text in lines as wide as the view; the end is always in sight."""

    DEFAULT_CSS = "Lines { overflow: hidden hidden; }"

    def __init__(self) -> None:
        super().__init__()
        self._lines = [READY, ""]
        self._waiting: list[str] = []
        self._timer: asyncio.TimerHandle | None = None
        self._drawn_at = 0.0

    def append(self, text: str) -> None:
        """Draw it with the next frame."""
        self._waiting.append(text)
        if self._timer is None:
            wait = max(self._drawn_at + FRAME - time.monotonic(), 0)
            self._timer = asyncio.get_running_loop().call_later(wait, self._draw)

    def _draw(self) -> None:
        width, height = self.size
        lines, before = self._lines, len(self._lines)
        first, *others = "".join(self._waiting).split("\n")
        self._waiting.clear()
        self._timer, self._drawn_at = None, time.monotonic()
        for text in (lines.pop() + first, *others):
            lines += [text[at : at + width] for at in range(0, max(len(text), 1), width)]
        self.virtual_size = Size(width, len(lines))
        if len(lines) > max(before, height):
            self.scroll_to(y=len(lines) - height, animate=False, immediate=True, force=True)
        else:
            top = round(self.scroll_y)
            self.refresh(Region(0, before - 1 - top, width, len(lines) - before + 1))

    def render_line(self, y: int) -> Strip:
        row = y + round(self.scroll_y)
        width, style = self.size.width, self.rich_style
        text = self._lines[row] if row < len(self._lines) else ""
        return Strip([Segment(text.ljust(width), style)], width)


class Floor(App[None]):
    """Typed characters are a prompt, Enter sends it."""

    def compose(self) -> ComposeResult:
        self._typed = ""
        self._client = AsyncAnthropic(max_retries=0)
        self._view = Lines()
        yield self._view

    def on_key(self, event: events.Key) -> None:
        if event.key == "enter":
            prompt, self._typed = self._typed, ""
            self.run_worker(self._ask(prompt))
        elif event.character:
            self._typed += event.character

    async def _ask(self, prompt: str) -> None:
        messages: Any = [{"role": "user", "content": [{"type": "text", "text": prompt}]}]
        response = await self._client.messages.with_raw_response.create(
            model="claude-opus-5-5", max_tokens=32_000, messages=messages, stream=True
        )
        async for event in AsyncStream.raw_events(response.http_response):
            payload = json.loads(event.data)
            if payload["type"] == "content_block_delta":
                self._view.append(payload["delta"]["text"])
        await response.http_response.aclose()
        self._view.append("\n")


if __name__ == "__main__":
    Floor().run()
