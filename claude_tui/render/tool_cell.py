"""A tool call: its arguments as a form that grows while they arrive, how it stands, and its result.

Closed, it is one line, and while the arguments stream that line does not look at them.
"""

from __future__ import annotations

import json
from collections import deque
from enum import Enum
from typing import Any, cast

from claude_tui.domain.blocks import Block, block_type, result_text, strict_json, string
from claude_tui.domain.events import BlockDelta
from claude_tui.domain.text import safe_line, safe_text
from claude_tui.render.base import LeafRef, Line, Look
from claude_tui.render.block_cell import lines_of
from claude_tui.render.call_view import CallView
from claude_tui.render.form import summary
from claude_tui.render.panel import CLOSED, SEPARATOR, duration, header, size
from claude_tui.render.panel_cell import PanelCell, View
from claude_tui.render.partial_json import PartialJson
from claude_tui.render.results import is_long
from claude_tui.render.sheet import MOST_CHARACTERS, MOST_LINES
from claude_tui.render.wrap import Run

_PROGRESS_LINES = 8


class _State(Enum):
    RECEIVING = "receiving arguments…"
    CALLED = ""
    WAITING = "waiting for your word"
    RUNNING = "running"
    DONE = "✓"
    FAILED = "✗"
    NOT_RUN = "not run"
    CUT_OFF = "cut off"


class ToolCell(PanelCell):
    """A call of any kind. Levels: one line; arguments and result; where the result is long, all of it."""

    kind = "tool"

    def __init__(self, key: str, block: Block) -> None:
        super().__init__(key)
        self._name = safe_line(string(block, "name"), 80) or block_type(block) or "tool"
        server = safe_line(string(block, "server_name"), 40)
        self._title = f"{server}: {self._name}" if server else self._name
        given: object = block.get("input")
        self._given: Any = given if given not in ({}, None) else None
        self._parts: list[str] = []
        self._characters = 0
        self._arguments: tuple[int, Any, str] | None = None
        self._words: tuple[int, str] | None = None
        self._state = _State.RECEIVING
        self._result: Block | None = None
        self._result_size = 0
        self._seconds: float | None = None
        self._progress: deque[str] = deque(maxlen=_PROGRESS_LINES)
        self._said = 0
        """How many pieces of progress came."""

    # What happens to the call.

    def stop(self, seconds: float | None = None) -> None:
        """The arguments are whole."""
        if self._state is _State.RECEIVING:
            self._state = _State.CALLED
        super().stop(seconds)

    def abandon(self) -> None:
        if self._state is _State.RECEIVING:
            self._state = _State.CUT_OFF
        super().abandon()

    def waiting(self) -> None:
        """The call waits for the user's word."""
        self._to(_State.WAITING)

    def started(self) -> None:
        """The call runs."""
        self._to(_State.RUNNING)

    def progress(self, text: str) -> None:
        """The running call said something."""
        self._progress.append(text)
        self._said += 1
        self._changed()

    def tick(self, seconds: float) -> None:
        """Say how long the call has been running."""
        if self._state is _State.RUNNING and (self._seconds is None or int(seconds) != int(self._seconds)):
            self._seconds = seconds
            self._changed()

    def finish(self, result: Block, seconds: float | None) -> None:
        """The call is answered. An error after no time at all means that it was not run."""
        failed = result.get("is_error") is True
        self._result = result
        self._seconds = seconds
        text = result_text(result)
        self._long, self._result_size = self._long or is_long(text), len(text)
        if self._view is not None and self._view.done:
            self._view = None
        self._to((_State.NOT_RUN if seconds is None else _State.FAILED) if failed else _State.DONE)

    def _to(self, state: _State) -> None:
        self._state = state
        self._finished = True
        self._changed()

    def _take(self, delta: BlockDelta) -> None:
        if delta.kind == "input":
            self._parts.append(delta.text)
            if self._state is not _State.RECEIVING:
                self._view = None  # what was taken for the whole was not
            self._characters += len(delta.text)
            self._long = self._long or self._characters > MOST_CHARACTERS

    # What is shown.

    def source(self) -> str:
        value, raw = self._whole_arguments()
        parts = [self._name, raw if value is None and raw else json.dumps(value or {}, ensure_ascii=False, indent=2)]
        if self._result is not None:
            parts.append(result_text(self._result))
        return safe_text("\n\n".join(part for part in parts if part))

    def _whole_arguments(self) -> tuple[Any, str]:
        """The arguments as a value, or what came of them as text where that is not JSON (yet)."""
        if self._arguments is None or self._arguments[0] != len(self._parts):
            raw = "".join(self._parts)
            try:
                value, raw = (strict_json(raw) if raw.strip() else self._given), ""
            except ValueError:
                value = None
            self._arguments = len(self._parts), value, raw
        return self._arguments[1], self._arguments[2]

    def _size(self, width: int) -> int:
        if self.level == 0:
            return 1
        content = lines_of(self._characters + self._result_size, width)
        return 3 + (content if self.level > 1 else min(content, 2 * MOST_LINES))

    def _new_view(self, *, whole: bool) -> CallView:
        return CallView(self._head, self._name, whole=whole)

    def _fill(self, view: View) -> None:
        if not isinstance(view, CallView):
            raise TypeError("a tool's panel shows a call")
        if not view.ended:
            if view.parts < len(self._parts):
                view.read(self._parts[view.parts :])
            if self._state is not _State.RECEIVING:
                self._end_arguments(view)
        if self._result is not None and not view.done:
            view.answer(self._result)
        elif self._progress and self._result is None and view.said < self._said:
            view.run(self._progress, self._said)

    def _end_arguments(self, view: CallView) -> None:
        raw = "".join(self._parts)
        if not raw.strip() and self._given is not None:
            raw = json.dumps(self._given, ensure_ascii=False, default=str)
            view.read([raw])
        view.end(raw)

    def _summary(self) -> str:
        """The arguments on a line."""
        if self._words is None or self._words[0] != len(self._parts):
            value, raw = self._whole_arguments()
            if raw:
                reader = PartialJson()
                reader.feed(raw)
                value = safe_line(raw[:400]) if reader.broken else reader.value
            self._words = len(self._parts), summary(value, 200) if value else ""
        return self._words[1]

    def locate(self, line: int) -> LeafRef:
        view = self._opened() if self.level else None
        if not isinstance(view, CallView) or self._result is None:
            return LeafRef(0, 0)
        above = self.source().count("\n") - safe_text(result_text(self._result)).count("\n")
        return view.place_in_result(line - above) if line >= above else LeafRef(min(1, len(view.sections) - 1), 0)

    def _header(self, look: Look, width: int, mark: str) -> Line:
        parts: list[Run] = []
        if mark == CLOSED and self._state not in (_State.RECEIVING, _State.CUT_OFF):
            parts.append((self._summary(), look.muted))
        if self._state is _State.RUNNING and self._progress and mark == CLOSED:
            parts.append((safe_line(self._progress[-1]), look.muted))
        state = self._state_run(look, mark)
        if self._seconds is not None and self._state is not _State.RUNNING:
            parts.append((duration(self._seconds), look.muted))
        return header(look, width, mark, (self._title, look.tool), [part for part in parts if part[0]], state)

    def _state_run(self, look: Look, mark: str) -> Run:
        style = {
            _State.WAITING: look.warning,
            _State.RUNNING: look.accent,
            _State.DONE: look.success,
            _State.FAILED: look.error,
            _State.NOT_RUN: look.warning,
        }.get(self._state, look.muted)
        words = cast("str", self._state.value)
        if self._state is _State.RUNNING and self._seconds:
            words += " " + duration(self._seconds, running=True)
        if self._state is _State.RECEIVING and mark == CLOSED and self._characters >= 1_000:
            words += " " + size(self._characters)
        separator = " " if len(words) == 1 else SEPARATOR if words else ""
        return separator + words, style
