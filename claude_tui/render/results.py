"""What tools gave back, written into a sheet: texts, sources, output of programs, and in a generic way anything else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import Any, cast

from rich.segment import Segment
from rich.style import Style

from claude_tui.domain.blocks import Block, block_type, result_text, strict_json, string
from claude_tui.domain.text import safe_line
from claude_tui.render.base import Line, Look
from claude_tui.render.form import write_value
from claude_tui.render.inline import safe_link
from claude_tui.render.prompt_cell import chip
from claude_tui.render.sheet import MOST_CHARACTERS, MOST_LINES, Piece, Sheet, words
from claude_tui.render.text_run import Role
from claude_tui.render.text_writer import Place, TextWriter
from claude_tui.render.wrap import indent, wrap

_OPAQUE_PREFIX = "encrypted_"
_OUTPUTS = ("stdout", "stderr", "text", "data")
_LONGEST_VALUE = 4_000
_MOST_PRETTY = 60_000
"""Characters."""


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


def write_text(sheet: Sheet, text: str, role: Role = "text") -> bool:
    """A text as it came, or pretty-printed where it is a JSON object or list of some size; whether there is anything."""
    text = text.rstrip("\n")
    if not text:
        return False
    pretty = _pretty(text) if role == "text" else None
    write_block(sheet, text if pretty is None else pretty, None if pretty is None else "json", role)
    return True


def write_block(sheet: Sheet, text: str, language: str | None = None, role: Role = "text") -> None:
    """A whole text, as code where a language is given."""

    def language_of(first: str) -> str | None:
        return language

    writer = TextWriter(sheet, Place(tuple, partial(words, role=role), [text], language_of, role))
    writer.feed(text)
    writer.close()


def _pretty(text: str) -> str | None:
    if len(text) > _MOST_PRETTY or text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        return json.dumps(strict_json(text), ensure_ascii=False, indent=2)
    except ValueError:
        return None


def write_tool_result(sheet: Sheet, result: Block) -> None:
    """The answer to a client call. Texts stay as they are; other parts are named."""
    role: Role = "error" if result.get("is_error") is True else "text"
    content: object = result.get("content")
    found = False
    if not isinstance(content, list):
        found = write_text(sheet, result_text(result), role)
    else:
        for item in cast("list[object]", content):
            part = cast("Block", item) if isinstance(item, dict) else {}
            if block_type(part) == "text":
                found = write_text(sheet, string(part, "text"), role) or found
            else:
                sheet.add(words(chip(part), "accent"))
                found = True
    if not found:
        sheet.add(words("no output"))


def write_server_result(sheet: Sheet, content: Any) -> None:
    """The content of an API tool's result: whatever its shape, nothing of it is left out but what is encrypted."""
    if isinstance(content, list):
        found = _write_items(sheet, cast("list[Any]", content))
    elif isinstance(content, dict):
        found = _write_fields(sheet, cast("Block", content))
    elif isinstance(content, str):
        found = write_text(sheet, content)
    else:
        found = content is not None
        if found:
            write_value(sheet, content)
    if not found:
        sheet.add(words("nothing"))


def _write_items(sheet: Sheet, items: list[Any]) -> bool:
    for number, item in enumerate(items):
        if sheet.full:
            sheet.hide(len(items) - number)
            break
        block = cast("Block", item) if isinstance(item, dict) else None
        if block is None:
            write_value(sheet, item)
        elif string(block, "url") or string(block, "source"):
            sheet.add(_source(block, number + 1))
        elif block_type(block) == "text":
            write_text(sheet, string(block, "text"))
        elif not _write_fields(sheet, block):
            sheet.add(words("nothing"))
    return bool(items)


def _source(block: Block, number: int) -> Piece:
    url = safe_line(string(block, "url") or string(block, "source"), 2000)
    title = safe_line(string(block, "title")) or url
    age = safe_line(string(block, "page_age"), 40)

    def draw(look: Look, width: int) -> list[Line]:
        link = safe_link(url)
        style = look.link + Style(link=link) if link else look.text
        mark = f"{number}. "
        room = width - len(mark)
        lines = wrap([(title, style), *([(f" · {age}", look.muted)] if age else [])], room)
        if url != title:
            lines += wrap([(url, look.muted)], room)
        return indent(lines, (Segment(mark, look.muted),), (Segment(" " * len(mark), look.text),))

    return Piece((), 2, len(title) + len(url), draw)


def _write_fields(sheet: Sheet, block: Block) -> bool:
    """A result that is an object: everything as a form, then output of programs as it came; whether there is anything."""
    rest: dict[str, Any] = {}
    outputs: list[tuple[str, Any]] = []
    for name, value in block.items():
        if name == "type" or name.startswith(_OPAQUE_PREFIX) or value in (None, "", [], {}):
            continue
        if name == "content" or (name in _OUTPUTS and isinstance(value, str)):
            outputs.append((name, value))
        else:
            rest[name] = _shortened(value)
    if rest:
        write_value(sheet, rest)
    found = bool(rest)
    for name, value in outputs:
        if isinstance(value, str):
            found = write_text(sheet, value, "error" if name == "stderr" else "text") or found
        else:
            write_server_result(sheet, value)
            found = True
    return found


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
