"""The three forms of `ask`'s standard output: text, one JSON object, one JSON object an event."""

from __future__ import annotations

import time
from typing import Any, Protocol

from claude_tui.cli import costs
from claude_tui.cli.output import Output
from claude_tui.domain.blocks import block_type, dump_json, string
from claude_tui.domain.events import Alive, BlockDelta, BlockStarted, Event, TurnEnded, event_json
from claude_tui.domain.ports import PriceBook
from claude_tui.domain.text import safe_text
from claude_tui.engine.turn import TurnResult


class Printer(Protocol):
    """One form of standard output."""

    def sink(self, event: Event) -> None: ...

    def finish(self, session_id: str | None, result: TurnResult) -> None: ...

    def make_room(self) -> None:
        """A line of standard error follows; on a terminal both show on one screen."""
        ...


class Text:
    """The text blocks as they arrive, an empty line between messages, one newline at the end. Clean for a terminal's eyes."""

    def __init__(self, out: Output) -> None:
        self._out = out
        self._terminal = out.is_terminal
        self._texts: set[int] = set()
        self._written = False
        self._newlines = 0
        self._separate = False
        self._mid_line = False

    def sink(self, event: Event) -> None:
        if type(event) is BlockDelta:
            if event.kind == "text" and event.number in self._texts:
                self._write(event.text)
        elif type(event) is BlockStarted:
            if event.number == 0:
                self._texts.clear()
                self._separate = self._written
            if block_type(event.block) == "text":
                self._texts.add(event.number)
                self._write(string(event.block, "text"))

    def _write(self, text: str) -> None:
        """Newlines wait until something follows them: the end has exactly one, and one empty line stands between messages."""
        text = text.lstrip("\n") if self._separate else text
        body = text.rstrip("\n")
        if body:
            if self._separate:
                self._newlines, self._separate = 2, False
            self._out.write("\n" * self._newlines + (safe_text(body) if self._terminal else body))
            self._written, self._mid_line, self._newlines = True, True, 0
        self._newlines += len(text) - len(text.rstrip("\n"))

    def make_room(self) -> None:
        if self._terminal and self._mid_line:
            self._out.write("\n")
            self._mid_line, self._newlines = False, 0

    def finish(self, session_id: str | None, result: TurnResult) -> None:
        if self._mid_line:
            self._out.write("\n")


class Json:
    """The whole turn as one object, at the end."""

    def __init__(self, out: Output, book: PriceBook) -> None:
        self._out = out
        self._book = book

    def sink(self, event: Event) -> None:
        """Nothing is printed before the end."""

    def make_room(self) -> None:
        """Lines of JSON are whole lines already."""

    def finish(self, session_id: str | None, result: TurnResult) -> None:
        self._out.write(dump_json(turn_json(session_id, result, self._book)) + "\n")


class StreamJson:
    """Every event as it happens, one object a line."""

    def __init__(self, out: Output) -> None:
        self._out = out
        self._session_id: str | None = None
        self._ended = False

    def begin(self, session_id: str) -> None:
        self._session_id = session_id

    def sink(self, event: Event) -> None:
        if type(event) is Alive:
            return
        self._ended = self._ended or type(event) is TurnEnded
        fields = event_json(event)
        line = {"type": fields.pop("type"), "ts": time.time(), "session_id": self._session_id, **fields}
        self._out.write(dump_json(line) + "\n")

    def make_room(self) -> None:
        """Lines of JSON are whole lines already."""

    def finish(self, session_id: str | None, result: TurnResult) -> None:
        if not self._ended:
            self.sink(TurnEnded(session_id or "", result.outcome, result.error))


def turn_json(session_id: str | None, result: TurnResult, book: PriceBook) -> dict[str, Any]:
    """The contract's object of `ask -o json`."""
    answer = result.answer
    return {
        "session_id": session_id,
        "outcome": result.outcome.value,
        "error": result.error.to_json() if result.error else None,
        "model": answer.model if answer else None,
        "stop_reason": answer.stop_reason if answer else None,
        "usage": answer.usage if answer else None,
        "turn_usage": result.usage,
        "cost": costs.total(result.spending, book).to_json(),
        "timings": result.timings,
        "message": costs.message_json(answer, book) if answer else None,
        "messages": [costs.message_json(message, book) for message in result.messages],
    }
