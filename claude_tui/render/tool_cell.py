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
from claude_tui.render.base import Line, Look
from claude_tui.render.block_cell import BlockCell, lines_of
from claude_tui.render.form import MOST_LINES, form_lines, summary
from claude_tui.render.panel import CLOSED, OPEN, SEPARATOR, body, duration, header, inner_width, thin_rule
from claude_tui.render.partial_json import PartialJson
from claude_tui.render.results import is_long, long_text_lines, tool_result_lines
from claude_tui.render.wrap import Run, wrap

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


class ToolCell(BlockCell):
    """A call of any kind. Levels: one line; arguments and result; where the result is long, all of it."""

    kind = "tool"

    def __init__(self, key: str, block: Block) -> None:
        super().__init__(key, finished=False, levels=2)
        self._name = safe_line(string(block, "name"), 80) or block_type(block) or "tool"
        server = safe_line(string(block, "server_name"), 40)
        self._title = f"{server}: {self._name}" if server else self._name
        given: object = block.get("input")
        self._given: Any = given if given not in ({}, None) else None
        self._parts: list[str] = []
        self._characters = 0
        self._read = 0
        self._partial = PartialJson()
        self._arguments: tuple[int, Any, str] | None = None
        self._state = _State.RECEIVING
        self._result: Block | None = None
        self._result_size = 0
        self._seconds: float | None = None
        self._progress: deque[str] = deque(maxlen=_PROGRESS_LINES)
        self._long_arguments = self._long_result = False

    @property
    def levels(self) -> int:
        return 3 if self._long_result or self._long_arguments else 2

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
        self._long_result, self._result_size = is_long(text), len(text)
        self._to((_State.NOT_RUN if seconds is None else _State.FAILED) if failed else _State.DONE)

    def _to(self, state: _State) -> None:
        self._state = state
        self._finished = True
        self._changed()

    def _take(self, delta: BlockDelta) -> None:
        if delta.kind == "input":
            self._parts.append(delta.text)
            self._characters += len(delta.text)
            self._long_arguments = self._long_arguments or self._characters > 20_000

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

    def _growing_arguments(self) -> PartialJson:
        for part in self._parts[self._read :]:
            self._partial.feed(part)
        self._read = len(self._parts)
        return self._partial

    def _size(self, width: int) -> int:
        if self.level == 0:
            return 1
        content = lines_of(self._characters + self._result_size, width)
        return 3 + (content if self.level > 1 else min(content, 2 * MOST_LINES))

    def _draw(self, look: Look, width: int) -> list[Line]:
        if self.level == 0:
            return [self._header(look, width, CLOSED)]
        room = inner_width(width)
        content = self._argument_lines(look, room)
        if self._result is not None:
            content += [thin_rule(look, room)] if content else []
            content += tool_result_lines(self._result, look, room, whole=self.level > 1)
        elif self._progress:
            content += [thin_rule(look, room)] if content else []
            content += [line for text in self._progress for line in wrap([(safe_line(text), look.muted)], room)]
        return [self._header(look, width, OPEN), *body(look, width, content)]

    def _read_arguments(self) -> tuple[Any, str]:
        """The arguments as far as they are a value, and the text of what cannot be one."""
        if self._state is not _State.RECEIVING:
            value, raw = self._whole_arguments()
            if not raw:
                return value, ""
        partial = self._growing_arguments()
        value = partial.value if partial.value is not None else self._given
        if not partial.broken:
            return value, ""
        return value, partial.rest if self._state is _State.RECEIVING else "".join(self._parts)

    def _argument_lines(self, look: Look, width: int) -> list[Line]:
        value, rest = self._read_arguments()
        if rest.strip():
            value = value if self._state is _State.RECEIVING else None  # what came is shown as it came, and once
        most = None if self.level > 1 else MOST_LINES
        lines = form_lines(value, look, width, most=most) if value is not None else []
        return [*lines, *long_text_lines(rest, look.warning, look, width, whole=most is None)] if rest.strip() else lines

    def _header(self, look: Look, width: int, mark: str) -> Line:
        parts: list[Run] = []
        if mark == CLOSED and self._state not in (_State.RECEIVING, _State.CUT_OFF):
            value, rest = self._read_arguments()
            parts.append((safe_line(rest[:400]) if rest.strip() else summary(value, 200) if value else "", look.muted))
        if self._state is _State.RUNNING and self._progress and mark == CLOSED:
            parts.append((safe_line(self._progress[-1]), look.muted))
        state = self._state_run(look)
        if self._seconds is not None and self._state is not _State.RUNNING:
            parts.append((duration(self._seconds), look.muted))
        return header(look, width, mark, (self._title, look.tool), [part for part in parts if part[0]], state)

    def _state_run(self, look: Look) -> Run:
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
        separator = " " if len(words) == 1 else SEPARATOR if words else ""
        return separator + words, style
