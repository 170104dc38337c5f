"""What tools gave back, as lines: texts, sources, output of programs, and in a generic way anything else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, cast

from rich.segment import Segment
from rich.style import Style

from claude_tui.domain.blocks import Block, block_type, result_text, string
from claude_tui.domain.text import safe_line
from claude_tui.render.base import Line, Look
from claude_tui.render.form import MOST_CHARACTERS, MOST_LINES, form_lines, more_line, text_lines
from claude_tui.render.inline import safe_link
from claude_tui.render.prompt_cell import chip
from claude_tui.render.wrap import indent, wrap

_OPAQUE_PREFIX = "encrypted_"
_LONGEST_VALUE = 4_000


def is_error(block: Mapping[str, Any]) -> bool:
    """Whether a result says that the call failed."""
    content: object = block.get("content")
    inner = cast("Block", content) if isinstance(content, dict) else {}
    code: object = inner.get("return_code")
    failed = isinstance(code, int) and not isinstance(code, bool) and code != 0
    return block.get("is_error") is True or block_type(inner).endswith("_error") or failed


def is_long(text: str) -> bool:
    """Whether a text is shown in part first."""
    return len(text) > MOST_CHARACTERS or text.count("\n") >= MOST_LINES


def long_text_lines(text: str, style: Style, look: Look, width: int, *, whole: bool) -> list[Line]:
    """A text, or its first 200 lines and how many more there are."""
    if whole or not is_long(text):
        return list(text_lines(text, style, width))
    shown = "\n".join(islice(_split(text[: MOST_CHARACTERS + 1]), MOST_LINES))[:MOST_CHARACTERS]
    left = text.count("\n") - shown.count("\n")
    return [*text_lines(shown, style, width), more_line(left or None, look, width)]


def _split(text: str) -> Iterator[str]:
    start = 0
    while (end := text.find("\n", start)) >= 0:
        yield text[start:end]
        start = end + 1
    yield text[start:]


def tool_result_lines(result: Block, look: Look, width: int, *, whole: bool) -> list[Line]:
    """The answer to a client call. Texts stay as they are; other parts are named."""
    style = look.error if result.get("is_error") is True else look.text
    content: object = result.get("content")
    if not isinstance(content, list):
        text = result_text(result).rstrip("\n")
        return long_text_lines(text, style, look, width, whole=whole) if text else _words("no output", look, width)
    lines: list[Line] = []
    for item in cast("list[object]", content):
        part = cast("Block", item) if isinstance(item, dict) else {}
        if block_type(part) == "text":
            lines += long_text_lines(string(part, "text").rstrip("\n"), style, look, width, whole=whole)
        else:
            lines += wrap([(chip(part), look.accent)], width)
    return lines or _words("no output", look, width)


def server_result_lines(content: Any, look: Look, width: int, *, whole: bool) -> list[Line]:
    """The content of an API tool's result: whatever its shape, nothing of it is left out but what is encrypted."""
    if isinstance(content, str):
        return long_text_lines(content, look.text, look, width, whole=whole)
    if isinstance(content, list):
        items = cast("list[Any]", content)
        lines: list[Line] = []
        for number, item in enumerate(items if whole else items[:MOST_LINES]):
            lines += _item(item, number + 1, look, width, whole=whole)
        left = len(items) - MOST_LINES
        if left > 0 and not whole:
            lines.append(more_line(left, look, width))
        return lines or _words("nothing", look, width)
    if isinstance(content, dict):
        return _fields(cast("Block", content), look, width, whole=whole)
    return form_lines(content, look, width) if content is not None else _words("nothing", look, width)


def _item(item: Any, number: int, look: Look, width: int, *, whole: bool) -> list[Line]:
    if not isinstance(item, dict):
        return form_lines(item, look, width)
    block = cast("Block", item)
    if string(block, "url") or string(block, "source"):
        return _source(block, number, look, width)
    if block_type(block) == "text":
        return long_text_lines(string(block, "text"), look.text, look, width, whole=whole)
    return _fields(block, look, width, whole=whole)


def _source(block: Block, number: int, look: Look, width: int) -> list[Line]:
    url = safe_line(string(block, "url") or string(block, "source"), 2000)
    link = safe_link(url)
    title = safe_line(string(block, "title")) or url
    style = look.link + Style(link=link) if link else look.text
    mark = f"{number}. "
    room = width - len(mark)
    age = safe_line(string(block, "page_age"), 40)
    lines = wrap([(title, style), *([(f" · {age}", look.muted)] if age else [])], room)
    if url != title:
        lines += wrap([(url, look.muted)], room)
    return indent(lines, (Segment(mark, look.muted),), (Segment(" " * len(mark), look.text),))


def _fields(block: Block, look: Look, width: int, *, whole: bool) -> list[Line]:
    """A result that is an object: output of programs as it came, everything else as a form."""
    lines: list[Line] = []
    rest: dict[str, Any] = {}
    for name, value in block.items():
        if name == "type" or name.startswith(_OPAQUE_PREFIX) or value in (None, "", [], {}):
            continue
        if name in ("stdout", "stderr", "content", "text", "data") and isinstance(value, str):
            style = look.error if name == "stderr" else look.text
            lines += long_text_lines(value.rstrip("\n"), style, look, width, whole=whole)
        elif name == "content":
            lines += server_result_lines(value, look, width, whole=whole)
        else:
            rest[name] = _shortened(value)
    found = [*form_lines(rest, look, width, most=None if whole else MOST_LINES), *lines] if rest else lines
    return found or _words("nothing", look, width)


def _shortened(value: Any) -> Any:
    """Base64 and its like help nobody: long strings lose their end, which is said."""
    if isinstance(value, str):
        return value if len(value) <= _LONGEST_VALUE else f"{value[:80]}… {len(value):,} characters"
    if isinstance(value, list):
        return [_shortened(item) for item in cast("list[Any]", value)]
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        return {name: _shortened(item) for name, item in fields.items() if not name.startswith(_OPAQUE_PREFIX)}
    return value


def result_summary(block: Block) -> str:
    """A result in a few words: how many sources, which error, which page."""
    content: object = block.get("content")
    if isinstance(content, list):
        items = cast("list[object]", content)
        noun = "source" if any(isinstance(item, dict) and "url" in item for item in items) else "part"
        return f"{len(items)} {noun}" + ("" if len(items) == 1 else "s")
    if isinstance(content, dict):
        inner = cast("Block", content)
        for name in ("error_code", "url", "file_type"):
            if string(inner, name):
                return safe_line(string(inner, name).replace("_", " ") if name == "error_code" else string(inner, name), 200)
        code: object = inner.get("return_code")
        if isinstance(code, int):
            return f"exit code {code}"
        references: object = inner.get("tool_references")
        if isinstance(references, list):
            names = [string(cast("Block", one), "tool_name") for one in cast("list[object]", references) if isinstance(one, dict)]
            return safe_line(", ".join(names))
    return safe_line(content) if isinstance(content, str) else ""


def _words(text: str, look: Look, width: int) -> list[Line]:
    return wrap([(text, look.muted)], width)
