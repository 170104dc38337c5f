"""Reading JSON whose shape is not known yet, without believing it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast


def as_dict(value: object) -> dict[str, Any] | None:
    """The value as a JSON object, or None."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def as_list(value: object) -> list[Any] | None:
    """The value as a JSON array, or None."""
    return cast("list[Any]", value) if isinstance(value, list) else None


def blocks_of(content: object) -> list[dict[str, Any]]:
    """The blocks of a message, of `system` or of `tools`; a string is one text block, anything else has none."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [block for item in as_list(content) or [] if (block := as_dict(item)) is not None]


def is_blank_text(block: Mapping[str, Any]) -> bool:
    """A text block of white space only."""
    return block.get("type") == "text" and not str(block.get("text", "")).strip()
