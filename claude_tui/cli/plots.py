"""Bars and sparklines of characters, in blocks or, where those cannot be written, in ASCII."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

_EIGHTHS = " ▏▎▍▌▋▊▉█"
_HEIGHTS = " ▁▂▃▄▅▆▇█"
_ASCII_HEIGHTS = " .:-=+*#@"


def can_draw(encoding: str | None) -> bool:
    """Whether the block characters can be written in this encoding."""
    try:
        (_EIGHTHS + _HEIGHTS).encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def bar(value: Decimal, most: Decimal, width: int, *, blocks: bool) -> str:
    """`value` as a share of `most`, which is a bar of `width` cells; what is not nothing shows."""
    if value <= 0 or most <= 0:
        return ""
    eighths = max(1, int(value * width * 8 / most))
    if not blocks:
        return "#" * max(1, eighths // 8)
    rest = _EIGHTHS[eighths % 8].strip()
    return _EIGHTHS[8] * (eighths // 8) + rest


def sparkline(values: Sequence[Decimal], width: int, *, blocks: bool) -> str:
    """The values as columns side by side, neighbours added up where there are more than `width`."""
    if len(values) > width:
        per = -(-len(values) // width)
        short = len(values) % per
        starts = [*([0] if short else []), *range(short, len(values), per)]  # whole groups at the end, which is now
        values = [sum(values[start:end], Decimal(0)) for start, end in zip(starts, [*starts[1:], len(values)], strict=True)]
    most = max(values, default=Decimal(0))
    heights = _HEIGHTS if blocks else _ASCII_HEIGHTS
    if most <= 0:
        return heights[0] * len(values)
    return "".join(heights[max(1, int(value * 8 / most)) if value > 0 else 0] for value in values)
