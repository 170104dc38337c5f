"""The shape of single blocks: documented keys, required fields, media."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from typing import Any

from .media import dimensions, sniff
from .refusal import refuse
from .shapes import as_dict, as_list

MEDIA_TYPES = ("image/jpeg", "image/png", "image/gif", "image/webp")
MAX_IMAGE_BASE64 = 10 * 1024 * 1024
MAX_SIDE = 8000
MAX_SIDE_MANY = 2000
MANY_IMAGES = 20
_ID = re.compile(r"[a-zA-Z0-9_-]+")
_TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,200}")
_SOURCES = {
    "base64": {"type", "media_type", "data"},
    "url": {"type", "url"},
    "file": {"type", "file_id"},
    "text": {"type", "media_type", "data"},
    "content": {"type", "content"},
}


def only_keys(value: dict[str, Any] | None, allowed: set[str], path: str) -> None:
    """An object with no key but these."""
    if value is None:
        refuse(f"{path}: Input should be a valid object")
    for key in value:
        if key not in allowed:
            refuse(f"{path}.{key}: Extra inputs are not permitted")


def required(block: dict[str, Any], key: str, path: str) -> Any:
    """A field that must be there."""
    if block.get(key) is None:
        refuse(f"{path}.{key}: Field required")
    return block[key]


def check_cache_mark(mark: object, path: str) -> None:
    value = as_dict(mark)
    only_keys(value, {"type", "ttl"}, path)
    if value is None or value.get("type") != "ephemeral":
        refuse(f"{path}.type: Input should be 'ephemeral'")
    if value.get("ttl", "5m") not in ("5m", "1h"):
        refuse(f"{path}.ttl: Input should be '5m' or '1h'")


def check_text(text: object, path: str, *, blank_ok: bool = False) -> None:
    """A text that says something."""
    if not isinstance(text, str):
        refuse(f"{path}: Input should be a valid string")
    if not text:
        refuse(f"{path}: text content blocks must be non-empty")
    if not blank_ok and not text.strip():
        refuse(f"{path}: text content blocks must contain non-whitespace text")


def check_text_block(block: dict[str, Any] | None, path: str, *, from_client: bool, blank_ok: bool = False) -> None:
    only_keys(block, {"type", "text", "cache_control", "citations"}, f"{path}.text")
    if block is None or block.get("type") != "text":
        refuse(f"{path}.type: Input should be 'text'")
    check_text(block.get("text"), f"{path}.text", blank_ok=blank_ok)
    citations = block.get("citations")
    if citations is None:
        return
    if as_list(citations) is None:
        refuse(f"{path}.text.citations: Input should be a valid list")
    if from_client and citations:
        refuse(f"{path}.text.citations: citations are not permitted on user text blocks")


def check_user_block(block: dict[str, Any], path: str, images: list[str]) -> None:
    """A block of a user message. `images` collects the places of images seen so far."""
    kind = str(block.get("type"))
    checker = _USER.get(kind)
    if checker is None:
        refuse(f"{path}: Input tag '{kind}' found using 'type' does not match any of the expected tags")
    checker(block, path, images)


def _text(block: dict[str, Any], path: str, images: list[str]) -> None:
    check_text_block(block, path, from_client=True)


def _image(block: dict[str, Any], path: str, images: list[str]) -> None:
    only_keys(block, {"type", "source", "cache_control", "transformations"}, f"{path}.image")
    source = _source(block, f"{path}.image", ("base64", "url", "file"))
    images.append(path)
    if source["type"] != "base64":
        return
    media, data = source.get("media_type"), str(source.get("data"))
    if media not in MEDIA_TYPES:
        known = ", ".join(f"'{name}'" for name in MEDIA_TYPES)
        refuse(f"{path}.image.source.base64.media_type: Input should be {known}")
    if len(data) > MAX_IMAGE_BASE64:
        refuse(f"{path}.image.source.base64: image exceeds 10 MB maximum: {len(data)} bytes > {MAX_IMAGE_BASE64} bytes")
    raw = _decoded(data, f"{path}.image.source.base64.data")
    actual = sniff(raw)
    if actual is None:
        refuse(f"{path}.image.source.base64.data: Could not process image")
    if actual != media:
        refuse(f"{path}.image.source.base64.data: The image was specified as {media}, but appears to be {actual}")
    side = max(dimensions(raw) or (0, 0))
    limit = MAX_SIDE_MANY if len(images) > MANY_IMAGES else MAX_SIDE
    if side > limit:
        refuse(f"{path}.image.source.base64.data: At least one of the image dimensions exceed max allowed size: {limit} pixels")


def _source(block: dict[str, Any], path: str, kinds: tuple[str, ...]) -> dict[str, Any]:
    source = as_dict(required(block, "source", path))
    kind = str(source.get("type")) if source else ""
    if source is None or kind not in kinds:
        refuse(f"{path}.source: Input tag '{kind}' does not match any of the expected tags")
    only_keys(source, _SOURCES[kind], f"{path}.source.{kind}")
    for key in _SOURCES[kind]:
        required(source, key, f"{path}.source.{kind}")
    if kind == "url" and not str(source["url"]).startswith(("https://", "http://")):
        refuse(f"{path}.source.url.url: Only HTTP and HTTPS URLs are supported")
    if kind == "file" and not source["file_id"]:
        refuse(f"{path}.source.file.file_id: String should have at least 1 character")
    return source


def _optional_string(block: dict[str, Any], key: str, path: str) -> None:
    if not isinstance(block.get(key), str | None):
        refuse(f"{path}.{key}: Input should be a valid string")


def _citations(block: dict[str, Any], path: str) -> None:
    value = block.get("citations")
    if value is None:
        return
    config = as_dict(value)
    only_keys(config, {"enabled"}, f"{path}.citations")
    if config is not None and not isinstance(config.get("enabled", False), bool):
        refuse(f"{path}.citations.enabled: Input should be a valid boolean")


def _decoded(data: str, path: str) -> bytes:
    try:
        raw = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if not raw:
        refuse(f"{path}: invalid base64 data")
    return raw


def _document(block: dict[str, Any], path: str, images: list[str]) -> None:
    only_keys(block, {"type", "source", "cache_control", "citations", "context", "title"}, f"{path}.document")
    source = _source(block, f"{path}.document", ("base64", "text", "content", "url", "file"))
    if source["type"] == "base64":
        if source["media_type"] != "application/pdf":
            refuse(f"{path}.document.source.base64.media_type: Input should be 'application/pdf'")
        if not _decoded(str(source["data"]), f"{path}.document.source.base64.data").startswith(b"%PDF-"):
            refuse(f"{path}.document.source.base64.data: The PDF specified was not valid.")
    elif source["type"] == "text":
        if source["media_type"] != "text/plain":
            refuse(f"{path}.document.source.text.media_type: Input should be 'text/plain'")
        check_text(source["data"], f"{path}.document.source.text.data")
    elif source["type"] == "content" and not isinstance(source["content"], str):
        for n, inner in enumerate(_listed(source["content"], f"{path}.document.source.content.content")):
            check_user_block(as_dict(inner) or {}, f"{path}.document.source.content.content.{n}", images)
    for key in ("title", "context"):
        _optional_string(block, key, f"{path}.document")
    _citations(block, f"{path}.document")


def _search_result(block: dict[str, Any], path: str, images: list[str]) -> None:
    only_keys(block, {"type", "content", "source", "title", "cache_control", "citations"}, f"{path}.search_result")
    for key in ("content", "source", "title"):
        required(block, key, f"{path}.search_result")
    for key in ("source", "title"):
        _optional_string(block, key, f"{path}.search_result")
    _citations(block, f"{path}.search_result")
    content = _listed(block["content"], f"{path}.search_result.content")
    if not content:
        refuse(f"{path}.search_result.content: List should have at least 1 item")
    for n, inner in enumerate(content):
        check_text_block(as_dict(inner), f"{path}.search_result.content.{n}", from_client=True)


def _tool_result(block: dict[str, Any], path: str, images: list[str]) -> None:
    path = f"{path}.tool_result"
    only_keys(block, {"type", "tool_use_id", "content", "is_error", "cache_control", "toolset_name"}, path)
    if not isinstance(required(block, "tool_use_id", path), str):
        refuse(f"{path}.tool_use_id: Input should be a valid string")
    if not isinstance(block.get("is_error", False), bool):
        refuse(f"{path}.is_error: Input should be a valid boolean")
    content = block.get("content")
    if block.get("is_error") and not content:
        refuse(f"{path}: content cannot be empty if `is_error` is true")
    if content is None or isinstance(content, str):
        return
    for n, value in enumerate(_listed(content, f"{path}.content")):
        inner, place = as_dict(value), f"{path}.content.{n}"
        if inner is None:
            refuse(f"{place}: Input should be a valid object")
        if inner.get("type") == "text":
            check_text_block(inner, place, from_client=True, blank_ok=True)
        elif inner.get("type") == "tool_reference":
            only_keys(inner, {"type", "tool_name", "cache_control"}, f"{place}.tool_reference")
            required(inner, "tool_name", f"{place}.tool_reference")
        elif inner.get("type") in ("image", "document", "search_result"):
            _USER[str(inner["type"])](inner, place, images)
        else:
            refuse(f"{place}: Input tag '{inner.get('type')}' found using 'type' does not match any of the expected tags")


def _listed(value: object, path: str) -> list[Any]:
    listed = as_list(value)
    if listed is None:
        refuse(f"{path}: Input should be a valid string or list")
    return listed


def _container_upload(block: dict[str, Any], path: str, images: list[str]) -> None:
    only_keys(block, {"type", "file_id", "cache_control"}, f"{path}.container_upload")
    required(block, "file_id", f"{path}.container_upload")


_USER: dict[str, Callable[[dict[str, Any], str, list[str]], None]] = {
    "text": _text,
    "image": _image,
    "document": _document,
    "search_result": _search_result,
    "tool_result": _tool_result,
    "container_upload": _container_upload,
}


def check_assistant_block(block: dict[str, Any], path: str, *, known: bool) -> None:
    """A block of an assistant message; `known` when this server sent it, so that its keys need no documentation."""
    kind = str(block.get("type"))
    if kind == "text":
        if not known:
            check_text_block(block, path, from_client=False)
        check_text(block.get("text"), f"{path}.text")
    elif kind == "tool_use":
        _tool_use(block, f"{path}.tool_use", known)
    elif kind == "thinking":
        only_keys(block, {"type", "thinking", "signature", "cache_control"}, f"{path}.thinking")
        if not isinstance(block.get("thinking"), str):
            refuse(f"{path}.thinking.thinking: Field required")
        required(block, "signature", f"{path}.thinking")
    elif kind == "redacted_thinking":
        only_keys(block, {"type", "data", "cache_control"}, f"{path}.redacted_thinking")
        required(block, "data", f"{path}.redacted_thinking")
    elif kind == "compaction" and not known:
        _compaction(block, f"{path}.compaction")
    elif not known:
        refuse(f"{path}: Input tag '{kind}': this block was not sent by the API as it stands here")


def _compaction(block: dict[str, Any], path: str) -> None:
    keys = {"type", "content", "encrypted_content", "signature", "tool_changes", "cache_control"}
    only_keys(block, keys, path)
    if block.get("content") == "":
        refuse(f"{path}.content: String should have at least 1 character")


def _tool_use(block: dict[str, Any], path: str, known: bool) -> None:
    if not known:
        only_keys(block, {"type", "id", "name", "input", "caller", "toolset_name", "cache_control"}, path)
        for key, pattern in (("id", _ID), ("name", _TOOL_NAME)):
            value = required(block, key, path)
            if not isinstance(value, str) or not pattern.fullmatch(value):
                refuse(f"{path}.{key}: String should match pattern '^{pattern.pattern}$'")
    if as_dict(block.get("input")) is None:
        refuse(f"{path}.input: Input should be a valid dictionary")
