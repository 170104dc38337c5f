"""How numbers look in the status bar, and how a row of parts is made to fit a width."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rich.cells import cell_len

SEPARATOR = " │ "


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of the status bar. `forms`: its texts, the widest first, and the weight of each: the lightest is given up first."""

    name: str
    forms: tuple[tuple[str, int], ...]

    @property
    def text(self) -> str:
        return self.forms[0][0]


@dataclass(frozen=True, slots=True)
class Beside:
    """What the bar shows that is no figure of the last answer. `cost`: the session's, the longest form first. `cache`: how long the
    prompt cache lives. `draft`: what the draft would cost to send, the longest form first."""

    cost: tuple[str, ...] = ()
    cache: str = ""
    draft: tuple[str, ...] = ()


def number(count: int) -> str:
    """Three figures at most and a letter: 999, 1.2k, 12.3k, 123k, 1.2M."""
    if count < 1000:
        return str(count)
    value = float(count)
    for unit in "kMGT":
        value /= 1000
        if value < 99.95:
            return f"{value:.1f}{unit}"
        if value < 999.5:
            return f"{value:.0f}{unit}"
    return f"{value:.0f}T"


def percent(share: float) -> str:
    """A whole per cent; what is not nothing is not shown as 0 %, what is not everything not as 100 %."""
    value = round(share * 100)
    if value == 0 and share > 0:
        return "<1%"
    if value == 100 and share < 1:
        return "99%"
    return f"{value}%"


def seconds(value: float) -> str:
    """`0.6 s`, `12 s`, `3 min 05 s`, `2 h 05 min`."""
    if value < 9.95:
        return f"{value:.1f} s"
    whole = round(value)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def brief(time: str) -> str:
    """`4 min` as `4m`."""
    return time.replace(" min", "m")


def row_width(parts: Sequence[Part]) -> int:
    """Cells of the parts in their widest forms, with separators."""
    return sum(cell_len(part.text) for part in parts) + len(SEPARATOR) * max(0, len(parts) - 1)


def fit(parts: Sequence[Part], width: int) -> list[Part]:
    """The parts in forms that fit, in their order; one that is given up leaves its next form or nothing.

    The order in which things are given up is the same for every width, so widening never takes anything away.
    """
    kept = [part for part in parts if part.text]
    while kept and row_width(kept) > width:
        least = min(range(len(kept)), key=lambda place: kept[place].forms[0][1])
        shorter = kept[least].forms[1:]
        kept[least : least + 1] = [replace(kept[least], forms=shorter)] if shorter else []
    return kept
