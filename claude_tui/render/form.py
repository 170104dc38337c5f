"""Values as a form: `name: value` lines, nested ones indented, texts of several lines as blocks. It is written as the JSON is read.

What lies deeper than `_DEEPEST` levels is named in a few words.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, cast

from rich.cells import cell_len
from rich.segment import Segment

from claude_tui.domain.text import safe_line, safe_text
from claude_tui.render.base import Line, Look
from claude_tui.render.partial_json import OpenText, PartialJson
from claude_tui.render.sheet import BULLET, MARGIN, UNDER, Mark, Marks, Piece, Sheet
from claude_tui.render.text_writer import Place, TextWriter
from claude_tui.render.value_kinds import language_of_value
from claude_tui.render.wrap import indent, wrap

_DEEPEST = 5


@dataclass(slots=True)
class _Level:
    """An object or a list that is open. `mark`: what it puts before its lines. `named`: its name is written."""

    name: str | None
    value: Mapping[str, Any] | list[Any]
    mark: Mark | None
    named: bool = False


class Form:
    """A listener of `PartialJson` that writes into `sheet`. `tool`: the name of the tool whose arguments these are."""

    def __init__(self, sheet: Sheet, tool: str = "") -> None:
        self._sheet = sheet
        self._tool = tool
        self._levels: list[_Level] = []
        self._writer: TextWriter | None = None
        self._deep: tuple[str | None, Any] | None = None
        self._deeper = 0

    def value(self, name: str | None, value: Any) -> None:
        if self._deep is None:
            self._announce()
            self._write(_row(self._marks(), name, scalar(value)))

    def open_text(self, name: str | None, opened: OpenText) -> None:
        if self._deep is not None:
            return
        self._announce()

        def begin() -> Marks:
            marks = self._marks()
            if name is None:
                self._use()
                return marks
            self._write(_row(marks, name, None))
            return (*self._marks(), MARGIN)

        self._writer = TextWriter(
            self._sheet,
            Place(begin, partial(self._short, name), opened.pieces, partial(self._language, name or "")),
        )

    def text(self, piece: str) -> None:
        if self._writer is not None:
            self._writer.feed(piece)

    def close_text(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None
            self._use()

    def enter(self, name: str | None, container: dict[str, Any] | list[Any]) -> None:
        if self._deep is not None:
            self._deeper += 1
            return
        self._announce()
        if len(self._levels) > _DEEPEST:
            self._deep = name, container
            return
        mark = None if not self._levels else BULLET if isinstance(self._levels[-1].value, list) else MARGIN
        self._levels.append(_Level(name, container, mark))

    def leave(self) -> None:
        if self._deeper:
            self._deeper -= 1
            return
        unfinished = self._row_of_container()
        if self._deep is not None:
            self._deep = None
        else:
            self._levels.pop()
        if unfinished is not None:
            self._write(unfinished)

    def garbage(self, piece: str) -> None:
        """Nothing of the rest can be read: it is shown as it came."""
        if self._writer is None:
            self._levels, self._deep = [], None
            self._writer = TextWriter(self._sheet, Place(tuple, partial(_row, (), None), [], role="warning"))
        self._writer.feed(piece)

    def settle(self) -> None:
        """Show what is not finished."""
        self._sheet.show(self._writer.live() if self._writer is not None else self._row_of_container())

    def end(self) -> None:
        """No more comes: what is not finished stays as it is."""
        piece = self._writer.live() if self._writer is not None else self._row_of_container()
        if piece is not None:
            self._sheet.add(piece)

    def _row_of_container(self) -> Piece | None:
        """The innermost open object or list, if nothing stands for it yet."""
        if self._deep is not None:
            return _row(self._marks(), self._deep[0], _words(self._deep[1]))
        level = self._levels[-1] if len(self._levels) > 1 else None
        if level is None or level.named or level.value:
            return None
        return _row(self._marks(self._levels[:-1]), level.name, _words(level.value))

    def _short(self, name: str | None, text: str) -> Piece:
        return _row(self._marks(), name, text)

    def _language(self, name: str, first_line: str) -> str | None:
        fields = self._levels[-1].value if self._levels else None
        return language_of_value(name, fields, self._tool, first_line) if isinstance(fields, Mapping) else None

    def _marks(self, levels: list[_Level] | None = None) -> Marks:
        """The marks of the next value in these levels, all where not given."""
        levels = self._levels if levels is None else levels
        marks = tuple(level.mark for level in levels if level.mark is not None)
        return (*marks, BULLET) if levels and isinstance(levels[-1].value, list) else marks

    def _write(self, piece: Piece) -> None:
        self._sheet.add(piece)
        self._use()

    def _use(self) -> None:
        """A line is written: no bullet of the open levels is waiting any more."""
        for level in self._levels:
            if level.mark is BULLET:
                level.mark = UNDER

    def _announce(self) -> None:
        """Something comes inside of the innermost level: its name stands above."""
        level = self._levels[-1] if self._levels else None
        if level is not None and not level.named:
            level.named = True
            if level.name is not None:
                outer = self._marks(self._levels[:-1])
                self._sheet.add(_row(outer, level.name, None))
                self._use()


def write_value(sheet: Sheet, value: Any, tool: str = "") -> None:
    """A whole JSON value as a form."""
    reader = PartialJson(Form(sheet, tool))
    reader.feed(json.dumps(value, ensure_ascii=False, default=str))
    reader.finish()


def _row(marks: Marks, name: str | None, text: str | None) -> Piece:
    """`name: text` on a line, wrapped; a part may be None."""
    return Piece(marks, 1, len(text or "") + len(name or ""), partial(_row_lines, name, text))


def _row_lines(name: str | None, text: str | None, look: Look, width: int) -> list[Line]:
    shown = safe_text(text or "").replace("\n", " ")
    if name is None:
        return wrap([(shown, look.text)], width)
    label = (safe_line(name) + ":", look.muted)
    first, *others = wrap([label, *([(" ", look.muted), (shown, look.text)] if shown else [])], width)
    room = width >= 12 and all(cell_len(line.text) <= width - 2 for line in others)
    return [first, *(indent(others, (Segment("  ", look.text),)) if room else others)]


def _words(value: Mapping[str, Any] | list[Any]) -> str:
    if not value:
        return "{}" if isinstance(value, Mapping) else "[]"
    return summary(value)


def scalar(value: Any) -> str:
    """A number, a truth value or null, as it is read."""
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def summary(value: Any, limit: int = 60, depth: int = 0) -> str:
    """A value on one short line."""
    if isinstance(value, Mapping):
        fields = cast("Mapping[str, Any]", value)
        if depth > 1:
            return f"{len(fields)} field" + ("" if len(fields) == 1 else "s")
        return ", ".join(summary(inner, 40, depth + 1) for inner in islice(fields.values(), 6))
    if isinstance(value, list):
        count = len(cast("list[Any]", value))
        return f"{count} item" + ("" if count == 1 else "s")
    if isinstance(value, OpenText):
        return safe_line("".join(islice(value.pieces, limit * 4))[: limit * 4], limit - 1) + "…"
    return safe_line(value[: limit * 4] if isinstance(value, str) else scalar(value), limit)
