"""What of images, documents and search results may be sent: a block the API would refuse would have every later request refused.

Such blocks come from imported sessions and from tools. Pure. What is wrong is found without decoding more than a block's beginning.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from typing import Any, cast

from claude_tui.domain.blocks import Block, block_type, string, text_block

LARGEST = 10 * 1024 * 1024
"""Characters of an image in base64."""
_MAGIC: Mapping[str, tuple[bytes, ...]] = {
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/gif": (b"GIF87a", b"GIF89a"),
    "image/webp": (b"RIFF",),
    "application/pdf": (b"%PDF-",),
}
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_ADDRESS = re.compile(r"https?://\S+")
_KEYS: Mapping[str, tuple[str, ...]] = {
    "image": ("type", "source"),
    "document": ("type", "source", "title", "context", "citations"),
    "search_result": ("type", "source", "title", "content", "citations"),
    "container_upload": ("type", "file_id"),
    "tool_reference": ("type", "tool_name"),
}
"""Kinds of block, and the keys the API takes in each. Cache marks are set anew with every request."""


def left_out(kind: str) -> Block:
    """What stands in the place of a block that cannot be sent."""
    return text_block(f"[{kind.replace('_', ' ')} left out: it cannot be sent]")


def sendable(block: Block) -> Block | None:
    """The block with the keys the API takes; None where it would be refused all the same, or is of another kind."""
    kind = block_type(block)
    if kind not in _KEYS or not _CHECKS[kind](block):
        return None
    kept = {key: block[key] for key in _KEYS[kind] if block.get(key) is not None}
    return kept if len(kept) < len(block) else block


def _has_text(block: Block, *keys: str) -> bool:
    return all(string(block, key).strip() for key in keys)


def _optional_text(block: Block, *keys: str) -> bool:
    return all(block.get(key) is None or isinstance(block[key], str) for key in keys)


def _source(block: Block) -> Block:
    given: Any = block.get("source")
    return cast("Block", given) if isinstance(given, dict) else {}


def _from_elsewhere(source: Block) -> bool:
    """A source that names a file or an address."""
    kind = block_type(source)
    if kind == "url":
        return set(source) == {"type", "url"} and _ADDRESS.fullmatch(string(source, "url")) is not None
    return kind == "file" and set(source) == {"type", "file_id"} and _has_text(source, "file_id")


def _encoded(source: Block, kind: str) -> bool:
    """A source with its bytes, which begin as their type says."""
    media, data = string(source, "media_type"), string(source, "data")
    if set(source) != {"type", "media_type", "data"} or not media.startswith(kind) or media not in _MAGIC:
        return False
    if len(data) % 4 or _BASE64.fullmatch(data) is None:
        return False
    try:
        beginning = base64.b64decode(data[:32], validate=True)
    except (binascii.Error, ValueError):
        return False
    return beginning.startswith(_MAGIC[media]) and (media != "image/webp" or beginning[8:12] == b"WEBP")


def _image(block: Block) -> bool:
    source = _source(block)
    if block_type(source) == "base64":
        return len(string(source, "data")) <= LARGEST and _encoded(source, "image/")
    return _from_elsewhere(source)


def _document(block: Block) -> bool:
    source, citations = _source(block), block.get("citations")
    if not _optional_text(block, "title", "context") or not _cites(citations):
        return False
    kind = block_type(source)
    if kind == "base64":
        return _encoded(source, "application/pdf")
    if kind == "text":
        plain = set(source) == {"type", "media_type", "data"} and string(source, "media_type") == "text/plain"
        return plain and _has_text(source, "data")
    if kind == "content":
        content: Any = source.get("content")
        return set(source) == {"type", "content"} and ((isinstance(content, str) and bool(content.strip())) or _texts(content))
    return _from_elsewhere(source)


def _cites(citations: object) -> bool:
    if citations is None:
        return True
    if not isinstance(citations, dict):
        return False
    return all(key == "enabled" and isinstance(value, bool) for key, value in cast("Block", citations).items())


def _texts(content: object) -> bool:
    """A list of texts that say something, and of nothing else."""
    if not isinstance(content, list) or not content:
        return False
    blocks = [cast("Block", one) for one in cast("list[object]", content) if isinstance(one, dict)]
    plain = [one for one in blocks if block_type(one) == "text" and set(one) == {"type", "text"} and _has_text(one, "text")]
    return len(plain) == len(cast("list[object]", content))


def _search_result(block: Block) -> bool:
    return _has_text(block, "source", "title") and _texts(block.get("content")) and _cites(block.get("citations"))


_CHECKS: Mapping[str, Callable[[Block], bool]] = {
    "image": _image,
    "document": _document,
    "search_result": _search_result,
    "container_upload": lambda block: _has_text(block, "file_id"),
    "tool_reference": lambda block: _has_text(block, "tool_name"),
}
