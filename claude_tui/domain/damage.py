"""What is wrong with a history that cannot be opened, and what can be done about it, as values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from claude_tui.domain.errors import StoreError


class DamageKind(StrEnum):
    DAMAGED = "damaged"
    """A history of this program, or what is left of one."""
    FOREIGN = "foreign"
    """A file in which nothing of this program can be found."""
    NEWER = "newer"
    """Written by a version that knows more than this one. Nothing is wrong with it."""
    LOG = "log"
    """A history beside the write-ahead log of another one."""


@dataclass(frozen=True, slots=True)
class Damage:
    """`sentence` says what is wrong and that nothing was changed, `advice` what to do."""

    kind: DamageKind
    path: Path
    sentence: str
    advice: str

    def __str__(self) -> str:
        return f"{self.sentence} {self.advice}"


class BadHistory(StoreError):
    """The history cannot be used as it is. It was not changed."""

    def __init__(self, damage: Damage) -> None:
        super().__init__(str(damage))
        self.damage = damage
