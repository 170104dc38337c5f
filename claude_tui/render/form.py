"""Values as a form: `name: value` lines, nested ones indented, texts of several lines as blocks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, cast

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from claude_tui.domain.text import safe_line, safe_text
from claude_tui.render.base import Line, Look
from claude_tui.render.partial_json import OpenText
from claude_tui.render.wrap import indent, wrap

MOST_LINES = 200
MOST_CHARACTERS = 20_000
_DEEPEST = 5


def form_lines(value: Any, look: Look, width: int, *, most: int | None = None) -> list[Line]:
    """`value`, a JSON value or part of one, in at most `width` cells and about `most` lines."""
    lines = list(islice(_value(value, look, width, 0), None if most is None else most + 1))
    if most is not None and len(lines) > most:
        lines[most:] = [more_line(None, look, width)]
    return lines


def more_line(count: int | None, look: Look, width: int) -> Line:
    """What stands under a text that is not shown to its end."""
    text = "… more" if count is None else f"… {count:,} more lines" if count != 1 else "… 1 more line"
    style = look.muted + Style(meta={"level": 2})
    kept = text if cell_len(text) <= width else "…"
    return Line((Segment(kept, style),), len(kept))


def text_lines(text: str, style: Style, width: int) -> Iterator[Line]:
    """Clean text with its line ends, wrapped."""
    for part in safe_text(text).split("\n"):
        yield from wrap([(part, style)], width)


def _value(value: Any, look: Look, width: int, depth: int) -> Iterator[Line]:
    if isinstance(value, Mapping):
        for name, inner in cast("Mapping[str, Any]", value).items():
            yield from _field(str(name), inner, look, width, depth)
    elif isinstance(value, list):
        for inner in cast("list[Any]", value):
            yield from _item(inner, look, width, depth)
    else:
        yield from text_lines(scalar(value), look.text, width)


def _field(name: str, value: Any, look: Look, width: int, depth: int) -> Iterator[Line]:
    label = (safe_line(name) + ":", look.muted)
    text = _short(value, depth)
    if text is not None:
        first, *others = wrap([label, (" ", look.muted), *([(text, look.text)] if text else [])], width)
        yield first
        yield from indent(others, (Segment("  ", look.text),)) if width >= 12 and _fits(others, width - 2) else others
        return
    yield from wrap([label], width)
    yield from _inside(value, look, width, depth)


def _fits(lines: list[Line], width: int) -> bool:
    return all(cell_len(line.text) <= width for line in lines)


def _item(value: Any, look: Look, width: int, depth: int) -> Iterator[Line]:
    text = _short(value, depth)
    if width < 12:
        yield from text_lines(scalar(value), look.text, width)
        return
    content = text_lines(text, look.text, width - 2) if text is not None else _value(value, look, width - 2, depth + 1)
    yield from _prefixed(content, Segment("• ", look.muted), Segment("  ", look.text))


def _prefixed(lines: Iterator[Line], first: Segment, rest: Segment) -> Iterator[Line]:
    prefix = first
    for line in lines:
        yield indent((line,), (prefix,))[0]
        prefix = rest


def _inside(value: Any, look: Look, width: int, depth: int) -> Iterator[Line]:
    """What does not fit behind its name: nested values, and texts of several lines, indented."""
    margin = Segment("  " if width >= 16 else "", look.text)
    room = width - len(margin.text)
    nested = isinstance(value, (Mapping, list))
    content = _value(value, look, room, depth + 1) if nested else text_lines(scalar(value), look.text, room)
    yield from _prefixed(content, margin, margin) if margin.text else content


def _short(value: Any, depth: int) -> str | None:
    """The value as it stands behind its name; None for what needs lines of its own."""
    if isinstance(value, (Mapping, list)):
        if not value:
            return "{}" if isinstance(value, Mapping) else "[]"
        return summary(value) if depth >= _DEEPEST else None
    text = scalar(value)
    return None if "\n" in text else text


def scalar(value: Any) -> str:
    """A value that holds no others, as it is read; the others in a few words."""
    if isinstance(value, OpenText):
        return safe_text(value.text) + "…"
    if isinstance(value, str):
        return safe_text(value).rstrip("\n")
    if isinstance(value, (Mapping, list)):
        return summary(value)
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else safe_text(str(value))


def summary(value: Any, limit: int = 60) -> str:
    """A value on one short line."""
    if isinstance(value, Mapping):
        return ", ".join(summary(inner, 40) for inner in islice(cast("Mapping[str, Any]", value).values(), 6)) if value else ""
    if isinstance(value, list):
        count = len(cast("list[Any]", value))
        return f"{count} item" + ("" if count == 1 else "s")
    return safe_line(value[: limit * 4] if isinstance(value, str) else scalar(value), limit)
