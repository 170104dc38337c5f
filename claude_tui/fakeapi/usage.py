"""The numbers of `usage`: tokens guessed from characters, and a small but honest prompt cache.

Everything is computed from the request alone, so the same conversation always costs the same. A prefix is cached once a request
marked it with `cache_control`; a later request reads the longest cached prefix at or shortly before one of its own marks.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .models import find
from .shapes import as_dict, blocks_of, is_blank_text
from .signing import canonical

LOOK_BACK = 20
_CHARS_PER_TOKEN = 4


def tokens(characters: int) -> int:
    """About how many tokens so many characters are."""
    return -(-characters // _CHARS_PER_TOKEN)


@dataclass(slots=True)
class Told:
    """The characters an answer has told so far; thinking that is not shown counts too."""

    out: int = 0
    thinking: int = 0

    def add(self, text: str, *, thinking: bool = False) -> None:
        """More of the answer."""
        self.out += len(text)
        self.thinking += len(text) if thinking else 0

    def usage(self) -> dict[str, Any]:
        """The output side of `usage`."""
        return {
            "output_tokens": max(1, tokens(self.out)),
            "output_tokens_details": {"thinking_tokens": tokens(self.thinking)},
        }


@dataclass(frozen=True, slots=True)
class _Place:
    """The end of a block in the flattened request."""

    digest: bytes
    tokens: int
    ttl: str | None
    cacheable: bool


def _flatten(body: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for part in ("tools", "system"):
        for block in blocks_of(body.get(part)):
            yield part, block
    for message in body.get("messages", ()):
        for block in blocks_of(message.get("content")):
            yield str(message.get("role")), block


def _places(body: Mapping[str, Any]) -> list[_Place]:
    thinking = {key: value for key, value in (as_dict(body.get("thinking")) or {}).items() if key != "display"}
    seed = [body.get("model"), thinking, body.get("output_config"), body.get("speed")]
    running = hashlib.sha256(json.dumps(seed, sort_keys=True).encode())
    total = 0
    places: list[_Place] = []
    for role, block in _flatten(body):
        data = canonical(block)
        running.update(role.encode() + b"\0" + data + b"\n")
        total += tokens(len(data))
        mark = as_dict(block.get("cache_control"))
        ttl = str(mark.get("ttl", "5m")) if mark else None
        cacheable = not is_blank_text(block) and block.get("type") not in ("thinking", "redacted_thinking")
        places.append(_Place(running.digest(), total, ttl, cacheable))
    return places


def count_tokens(body: Mapping[str, Any]) -> int:
    """The size of a prompt."""
    places = _places(body)
    return max(1, places[-1].tokens) if places else 1


class PromptCache:
    """Which prefixes have been seen."""

    def __init__(self) -> None:
        self._seen: set[bytes] = set()

    def usage(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The input side of `usage` for this request; remembers what it marks."""
        places = _places(body)
        marks = [(n, place.ttl) for n, place in enumerate(places) if place.ttl]
        automatic = as_dict(body.get("cache_control"))
        if automatic and (last := next((n for n in reversed(range(len(places))) if places[n].cacheable), None)) is not None:
            marks.append((last, str(automatic.get("ttl", "5m"))))
        least = find(str(body.get("model"))).min_cache_tokens
        marks = sorted((n, ttl) for n, ttl in marks if places[n].tokens >= least)
        total = places[-1].tokens if places else 1
        read = max((self._read(places, n) for n, _ in marks), default=0)
        written = {"5m": 0, "1h": 0}
        reached = read
        for n, ttl in marks:
            if places[n].tokens > reached:
                written["1h" if ttl == "1h" else "5m"] += places[n].tokens - reached
                reached = places[n].tokens
            self._seen.add(places[n].digest)
        return {
            "input_tokens": max(0, total - reached),
            "cache_creation_input_tokens": sum(written.values()),
            "cache_read_input_tokens": read,
            "cache_creation": {
                "ephemeral_5m_input_tokens": written["5m"],
                "ephemeral_1h_input_tokens": written["1h"],
            },
            "service_tier": "standard",
            "inference_geo": "global",
        }

    def _read(self, places: list[_Place], mark: int) -> int:
        for n in range(mark, max(-1, mark - LOOK_BACK), -1):
            if places[n].digest in self._seen:
                return places[n].tokens
        return 0
