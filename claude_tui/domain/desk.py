"""Desk: what the user left lying on the screen of a session, so that it is there again after anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast


@dataclass(frozen=True, slots=True)
class Desk:
    """`draft`: the unsent text. `queue`: prompts that wait for the running turn, first to go first.

    `editing`: id of the prompt the draft is to be a new version of. `place`: key of the cell at the top of the screen and where
    in it, as a number that the screen makes and reads (`ui/place.py`); None where the screen follows the end. `levels`: cell key →
    the level (0 is collapsed) the user gave it.
    """

    draft: str = ""
    queue: tuple[str, ...] = ()
    editing: str | None = None
    place: tuple[str, int] | None = None
    levels: Mapping[str, int] = field(default_factory=dict[str, int])

    @property
    def has_text(self) -> bool:
        """Whether something the user wrote lies here."""
        return bool(self.draft.strip() or self.queue)

    def to_json(self) -> dict[str, Any]:
        return {
            "draft": self.draft,
            "queue": list(self.queue),
            "editing": self.editing,
            "place": list(self.place) if self.place else None,
            "levels": dict(self.levels),
        }

    @classmethod
    def from_json(cls, data: object) -> Desk:
        """Total: whatever does not fit counts as not there."""
        if not isinstance(data, dict):
            return cls()
        given = cast("dict[str, Any]", data)
        draft, queue, editing = given.get("draft"), given.get("queue"), given.get("editing")
        place, levels = given.get("place"), given.get("levels")
        return cls(
            draft=draft if isinstance(draft, str) else "",
            queue=tuple(one for one in cast("list[Any]", queue) if isinstance(one, str)) if isinstance(queue, list) else (),
            editing=editing if isinstance(editing, str) else None,
            place=_place(cast("list[Any]", place)) if isinstance(place, list) else None,
            levels=_levels(cast("dict[str, Any]", levels)) if isinstance(levels, dict) else {},
        )


def _place(place: list[Any]) -> tuple[str, int] | None:
    match place:
        case [str() as key, int() as line] if line >= 0 and not isinstance(line, bool):
            return key, line
        case _:
            return None


def _levels(levels: dict[str, Any]) -> dict[str, int]:
    return {key: level for key, level in levels.items() if isinstance(level, int) and not isinstance(level, bool) and level >= 0}
