"""One thing `doctor` looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Verdict: TypeAlias = Literal["ok", "info", "warning", "broken"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Only `broken` makes the command fail."""

    name: str
    verdict: Verdict
    text: str


def owner(number: int) -> str:
    """The user of this number."""
    import pwd

    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)
