"""Token counts of OpenAI-compatible servers in the Messages API's terms. Pure.

There, `input_tokens` is what was neither read from a cache nor written to one; here, `prompt_tokens` is all of the input.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, cast

from claude_tui.domain.messages import Usage

Path = tuple[str, ...]

_PROMPT: tuple[Path, ...] = (("prompt_tokens",),)
_INPUT: tuple[Path, ...] = (("input_tokens",),)
_OUTPUT: tuple[Path, ...] = (("completion_tokens",), ("output_tokens",))
_READ: tuple[Path, ...] = (
    ("prompt_tokens_details", "cached_tokens"),
    ("prompt_cache_hit_tokens",),
    ("cache_read_input_tokens",),
    ("input_tokens_details", "cached_tokens"),
    ("cached_tokens",),
    ("prompt_tokens_details", "cache_read_input_tokens"),
)
_WRITTEN: tuple[Path, ...] = (
    ("prompt_tokens_details", "cache_creation_tokens"),
    ("prompt_tokens_details", "cache_creation_input_tokens"),
    ("prompt_tokens_details", "cache_write_tokens"),
    ("cache_creation_input_tokens",),
    ("cache_creation_tokens",),
    ("cache_write_tokens",),
)
_THOUGHT: tuple[Path, ...] = (
    ("completion_tokens_details", "reasoning_tokens"),
    ("output_tokens_details", "thinking_tokens"),
    ("output_tokens_details", "reasoning_tokens"),
    ("reasoning_tokens",),
)
_INCLUSIVE = ("input_tokens_details", "cached_tokens")
"""Where `input_tokens` counts everything, as `prompt_tokens` does, this is how servers say what of it was cached."""
_TOLD = {path for paths in (_PROMPT, _INPUT, _OUTPUT, _READ, _WRITTEN, _THOUGHT) for path in paths}
_TABLES = {path[0] for path in _TOLD if len(path) == 2}


def mapped(given: Mapping[str, Any]) -> Usage | None:
    """The counts that are there; None where none is."""
    prompt, plain = _first(given, _PROMPT), _first(given, _INPUT)
    read, written = _first(given, _READ), _first(given, _WRITTEN)
    output, thought = _first(given, _OUTPUT), _first(given, _THOUGHT)
    if prompt is None and plain is None and output is None:
        return None
    usage: Usage = {}
    everything = prompt if prompt is not None else plain if _count(given, _INCLUSIVE) is not None else None
    if everything is not None:
        usage["input_tokens"] = max(0, everything - (read or 0) - (written or 0))
    elif plain is not None:
        usage["input_tokens"] = plain
    if usage:
        usage["cache_read_input_tokens"] = read or 0
        usage["cache_creation_input_tokens"] = written or 0
    if output is not None:
        usage["output_tokens"] = output
    if thought is not None:
        usage["output_tokens_details"] = {"thinking_tokens": thought}
    return usage


def says_more(given: Mapping[str, Any]) -> bool:
    """Whether there is anything in it that `mapped` does not tell."""
    total, parts = _count(given, ("total_tokens",)), (_first(given, (*_PROMPT, *_INPUT)), _first(given, _OUTPUT))
    if total is not None and total != sum(part or 0 for part in parts):
        return True
    for key, value in given.items():
        if key in _TABLES and isinstance(value, dict):
            inner = cast("dict[str, Any]", value)
            if any(entry is not None and (key, name) not in _TOLD for name, entry in inner.items()):
                return True
        elif value is not None and key != "total_tokens" and (key,) not in _TOLD:
            return True
    return False


def _first(given: Mapping[str, Any], paths: tuple[Path, ...]) -> int | None:
    """The first count that is more than nothing, else the first that is there: some servers fill all names but one with 0."""
    counts = [count for path in paths if (count := _count(given, path)) is not None]
    return next((count for count in counts if count), counts[0] if counts else None)


def _count(given: Mapping[str, Any], path: Path) -> int | None:
    value: Any = given
    for key in path:
        if not isinstance(value, dict):
            return None
        value = cast("dict[str, Any]", value).get(key)
    if isinstance(value, str) and len(value) < 20:
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or value < 0:
        return None
    return int(value)
