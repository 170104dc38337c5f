"""The themes: for every look of the transcript the Textual theme that goes with it, made from the same palette."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Literal, TypeAlias, get_args

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter
from textual.theme import BUILTIN_THEMES, Theme

from claude_tui.render.base import Look
from claude_tui.render.looks import LOOKS, PALETTES, Palette

ThemeName: TypeAlias = Literal["auto", "dark", "light", "ansi-dark", "ansi-light", "contrast-dark", "contrast-light"]

NAMES: tuple[str, ...] = get_args(ThemeName)
_PREFIX = "claude-"


def _rgb(name: str, palette: Palette) -> Theme:
    return Theme(
        name=_PREFIX + name,
        dark=palette.dark,
        primary=palette.accent,
        secondary=palette.prompt,
        accent=palette.accent,
        foreground=palette.text,
        background=palette.background,
        surface=palette.surface,
        panel=palette.panel,
        success=palette.success,
        warning=palette.warning,
        error=palette.error,
        variables={
            "text-muted": palette.muted,
            "text-disabled": palette.muted,
            "border": palette.border,
            "border-blurred": palette.border,
            "input-selection-background": palette.selection,
            "screen-selection-background": palette.selection,
            "screen-selection-foreground": palette.text,
            "block-cursor-background": palette.accent,
            "block-cursor-foreground": palette.background,
            "scrollbar": palette.border,
            "footer-key-foreground": palette.accent,
        },
    )


def _ansi(name: str, dark: bool) -> Theme:
    return Theme(
        name=_PREFIX + name,
        dark=dark,
        ansi=True,
        primary="ansi_yellow" if dark else "ansi_red",
        secondary="ansi_cyan" if dark else "ansi_blue",
        accent="ansi_yellow" if dark else "ansi_red",
        foreground="ansi_default",
        background="ansi_default",
        surface="ansi_default",
        panel="ansi_default",
        boost="ansi_default",
        success="ansi_green",
        warning="ansi_yellow" if dark else "ansi_magenta",
        error="ansi_red",
        variables={
            **BUILTIN_THEMES[name].variables,
            "text-muted": "ansi_bright_black",
            "text-disabled": "ansi_bright_black",
            "border": "ansi_bright_black",
            "border-blurred": "ansi_bright_black",
            "screen-selection-background": "ansi_blue",
            "screen-selection-foreground": "ansi_bright_white",
            "input-selection-background": "ansi_blue",
            "block-cursor-background": "ansi_yellow" if dark else "ansi_red",
            "block-cursor-foreground": "ansi_black" if dark else "ansi_bright_white",
            "scrollbar": "ansi_bright_black",
        },
    )


def textual_themes() -> list[Theme]:
    """Every theme there is, to be registered with the app."""
    rgb = [_rgb(name, palette) for name, palette in PALETTES.items()]
    return [*rgb, _ansi("ansi-dark", dark=True), _ansi("ansi-light", dark=False)]


def resolve(wanted: str, environ: Mapping[str, str]) -> str:
    """The theme that `wanted` means here. `NO_COLOR` outranks everything: the terminal's own two colours then.

    `auto` is light where the terminal says so (`COLORFGBG`), and keeps to the 16 colours where that is all.
    """
    light = _light_by_colorfgbg(environ)
    if environ.get("NO_COLOR"):
        return "ansi-light" if wanted.endswith("light") or (wanted == "auto" and light) else "ansi-dark"
    if wanted != "auto":
        return wanted
    name = "light" if light else "dark"
    return f"ansi-{name}" if environ.get("TERM", "") in ("linux", "xterm", "vt100", "vt220", "screen", "ansi") else name


def _light_by_colorfgbg(environ: Mapping[str, str]) -> bool:
    return environ.get("COLORFGBG", "").rpartition(";")[2] in ("7", "15")


def look_of(theme: str, environ: Mapping[str, str]) -> Look:
    """The transcript's look under this theme."""
    return LOOKS["plain"] if environ.get("NO_COLOR") else LOOKS[theme]


def textual_name(theme: str) -> str:
    return _PREFIX + theme


# No colours.

_PLAIN = Style(color="default", bgcolor="default")
_MARKED = _PLAIN + Style(reverse=True)


class WithoutColour(LineFilter):
    """`NO_COLOR` for Textual's widgets, whose own filter makes greys: the terminal's own two, exchanged where a ground marks."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [Segment(text, without_colour(style) if style else style, control) for text, style, control in segments]


@lru_cache(maxsize=1024)
def without_colour(style: Style) -> Style:
    """The style with the terminal's own colours; a ground of its own becomes the exchange of the two."""
    return style + (_PLAIN if style.bgcolor is None or style.bgcolor.is_default else _MARKED)
