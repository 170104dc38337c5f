"""A reader's place as it is stored: the key of the topmost cell and a number that holds for every width.

The number is a row of the cell below `ROWS` (so stored by older versions, and for the blank lines above a cell), else
`section + 1`, leaf and character of the leaf's text, in bits 44 up, 24 up and 0 up. Total: every number means some place.
"""

from __future__ import annotations

from claude_tui.ui.layout import Anchor, Position

_LEAF_BITS = 20
_OFFSET_BITS = 24
_SECTION_AT = _LEAF_BITS + _OFFSET_BITS
ROWS = 1 << _OFFSET_BITS
_MOST_SECTIONS = (1 << 18) - 1


def number_of(anchor: Anchor) -> int:
    """The number of an anchor that does not lie above its cell's first line."""
    section = min(anchor.section, _MOST_SECTIONS - 1) + 1
    leaf, offset = min(anchor.leaf, (1 << _LEAF_BITS) - 1), min(anchor.offset, ROWS - 1)
    return section << _SECTION_AT | leaf << _OFFSET_BITS | offset


def place_of(cell: int, number: int) -> Anchor | Position:
    """What a stored number means in the cell with this index."""
    section = (number >> _SECTION_AT) - 1
    if section < 0:
        return Position(cell, 0, min(max(number, 0), ROWS - 1))
    return Anchor(cell, section, number >> _OFFSET_BITS & ((1 << _LEAF_BITS) - 1), number & (ROWS - 1))
