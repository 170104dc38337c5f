"""The colours of the looks that bring their own: one row a palette, read by the looks and by the screen's themes alike.

Invariant (a test computes it): every text colour has a contrast of at least 4.5:1 on each ground it is drawn on, 7:1 where the row
promises high contrast.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Palette:
    """Hex colours by role: `background`, `surface`, `panel`, `selection` are grounds, `border` is decoration, the others are text.

    `contrast`: the least contrast its text colours have on `background`. `code_theme`: the Pygments style code is drawn with.
    """

    name: str
    dark: bool
    background: str
    surface: str
    panel: str
    text: str
    muted: str
    accent: str
    prompt: str
    heading: str
    code: str
    link: str
    success: str
    warning: str
    error: str
    selection: str
    border: str
    code_theme: str
    contrast: float = 4.5


_ROWS = (
    Palette(
        name="dark",
        dark=True,
        background="#1c1b19",
        surface="#252321",
        panel="#2e2c29",
        text="#e9e4da",
        muted="#a8a196",
        accent="#e08a66",
        prompt="#8ab4dc",
        heading="#f2d3b6",
        code="#e3b98f",
        link="#8ab4dc",
        success="#93c487",
        warning="#e2b45f",
        error="#f28b7d",
        selection="#3d4c61",
        border="#4d4842",
        code_theme="one-dark",
    ),
    Palette(
        name="light",
        dark=False,
        background="#faf9f5",
        surface="#f1efe8",
        panel="#e9e6dc",
        text="#23211e",
        muted="#615c54",
        accent="#a5472a",
        prompt="#235f94",
        heading="#7a3a1e",
        code="#84431f",
        link="#235f94",
        success="#2c6630",
        warning="#7a5200",
        error="#ad2a20",
        selection="#c9dcf0",
        border="#cdc7b9",
        code_theme="friendly",
    ),
    Palette(
        name="contrast-dark",
        dark=True,
        background="#000000",
        surface="#0d0d0d",
        panel="#1a1a1a",
        text="#ffffff",
        muted="#d0d0d0",
        accent="#ffa98a",
        prompt="#9fd0ff",
        heading="#ffe0c7",
        code="#ffd09e",
        link="#9fd0ff",
        success="#a5f09a",
        warning="#ffd75e",
        error="#ffa8a0",
        selection="#264a75",
        border="#8a8a8a",
        code_theme="one-dark",
        contrast=7.0,
    ),
    Palette(
        name="contrast-light",
        dark=False,
        background="#ffffff",
        surface="#f7f7f7",
        panel="#efefef",
        text="#000000",
        muted="#3d3d3d",
        accent="#7a2a0e",
        prompt="#003e75",
        heading="#5c2208",
        code="#5f2a05",
        link="#003e75",
        success="#0b4a12",
        warning="#573800",
        error="#8a0d06",
        selection="#b5d4f5",
        border="#6a6a6a",
        code_theme="friendly",
        contrast=7.0,
    ),
)

PALETTES: dict[str, Palette] = {row.name: row for row in _ROWS}


def luminance(color: str) -> float:
    """The relative luminance of `#rrggbb` as WCAG defines it."""
    channels = (int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """The WCAG contrast ratio of two `#rrggbb` colours, 1 to 21."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def blend(color: str, towards: str, share: float) -> str:
    """`color` mixed with `share` (0 to 1) of `towards`."""
    pairs = [(int(color[at : at + 2], 16), int(towards[at : at + 2], 16)) for at in (1, 3, 5)]
    return "#" + "".join(f"{round(start + (end - start) * share):02x}" for start, end in pairs)


def readable(color: str, ground: str, least: float) -> str:
    """`color`, moved towards black or white just as far as `least` contrast on `ground` needs."""
    towards = "#ffffff" if luminance(ground) < 0.18 else "#000000"
    for step in range(11):
        candidate = blend(color, towards, step / 10)
        if contrast(candidate, ground) >= least:
            return candidate
    return towards
