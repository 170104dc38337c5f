"""What an answer of Chat Completions holds beside its content, kept within bounds. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from claude_tui.domain.blocks import dump_json
from claude_tui.providers.openai_thought import Said

MOST_BYTES = 64 * 1024
"""Of unknown keys and deltas together, as JSON."""
MOST_UNKNOWN = 200
"""Deltas with unknown keys that are kept."""
_GROWING = ("text", "summary", "data")
"""Fields of reasoning details whose pieces are put together."""
_OURS = ("stop_reason", "stop_details", "unknown_deltas", "reasoning_details", "provider_usage", "choice")


@dataclass(slots=True)
class _Detail:
    """A reasoning detail that comes in pieces."""

    key: tuple[str, str]
    entry: dict[str, Any] = field(default_factory=dict[str, Any])
    growing: dict[str, Said] = field(default_factory=dict[str, Said])

    def whole(self) -> dict[str, Any]:
        return {**self.entry, **{name: said.text for name, said in self.growing.items()}}


class Extra:
    """`usage`: the server's own usage object, where it says more than counts."""

    def __init__(self) -> None:
        self.usage: dict[str, Any] | None = None
        self._kept: dict[str, Any] = {}
        self._of_choice: dict[str, Any] = {}
        self._sizes: dict[str, int] = {}
        self._unknown: list[Any] = []
        self._details: list[_Detail] = []

    def keep(self, key: str, value: Any) -> None:
        """The last value of a chunk's key that is not null."""
        name = f"provider_{key}" if key in _OURS else key
        if value is not None and self._kept.get(name) != value and self._has_room(name, value):
            self._kept[name] = value

    def keep_of_choice(self, key: str, value: Any) -> None:
        if value is not None and self._of_choice.get(key) != value and self._has_room(f"choice {key}", value):
            self._of_choice[key] = value

    def unknown_delta(self, delta: dict[str, Any]) -> None:
        if len(self._unknown) < MOST_UNKNOWN and self._has_room(f"delta {len(self._unknown)}", delta):
            self._unknown.append(delta)

    def _has_room(self, name: str, value: Any) -> bool:
        size = len(name) + len(dump_json(value))
        if sum(self._sizes.values()) - self._sizes.get(name, 0) + size > MOST_BYTES:
            return False
        self._sizes[name] = size
        return True

    def detail(self, given: dict[str, Any]) -> None:
        """A reasoning detail, or more of one that began: the same place or id, and the same type."""
        place = given.get("index") if given.get("index") is not None else given.get("id")
        key = (str(given.get("type")), str(place))
        near = self._details if place is not None else self._details[-1:]
        found = next((one for one in reversed(near) if one.key == key), None)
        if found is None or (place is None and found.entry.get("signature")):
            found = _Detail(key)
            self._details.append(found)
        for name, value in given.items():
            if name in _GROWING and isinstance(value, str):
                found.entry.setdefault(name, "")
                said = found.growing.setdefault(name, Said())
                said.add(said.fresh(value))
            elif value is not None or name not in found.entry:
                found.entry[name] = value

    def everything(self) -> dict[str, Any]:
        """As `extra` of the message's end."""
        extra = dict(self._kept)
        details = [detail.whole() for detail in self._details]
        ours = {
            "choice": self._of_choice,
            "unknown_deltas": self._unknown,
            "reasoning_details": details,
            "provider_usage": self.usage,
        }
        extra.update({name: value for name, value in ours.items() if value})
        return extra
