"""The looks everything can be drawn with: colours of our own, the terminal's sixteen, or none at all.

A new look is a row: a palette, or a row of sixteen-colour names.
"""

from __future__ import annotations

from rich.style import Style

from claude_tui.render.base import Look
from claude_tui.render.palettes import PALETTES, Palette

__all__ = ["LOOKS", "PALETTES", "Palette"]


def _from_palette(row: Palette) -> Look:
    muted = Style(color=row.muted)
    border = Style(color=row.border)
    return Look(
        name=row.name,
        dark=row.dark,
        text=Style(color=row.text),
        muted=muted,
        accent=Style(color=row.accent, bold=True),
        prompt=Style(color=row.prompt, bold=True),
        prompt_rail=Style(color=row.prompt),
        heading=Style(color=row.heading, bold=True),
        strong=Style(bold=True),
        emphasis=Style(italic=True),
        strike=Style(color=row.muted, strike=True),
        inline_code=Style(color=row.code, bgcolor=row.panel),
        code=Style(color=row.text),
        code_frame=border,
        link=Style(color=row.link, underline=True),
        quote=Style(color=row.muted, italic=True),
        rule=border,
        table_head=Style(color=row.heading, bold=True),
        thinking=Style(color=row.muted, italic=True),
        tool=Style(color=row.accent),
        success=Style(color=row.success),
        warning=Style(color=row.warning),
        error=Style(color=row.error),
        code_theme=row.code_theme,
    )


def _of_terminal(name: str, dark: bool, accent: str, prompt: str, code: str, warning: str) -> Look:
    dim = Style(dim=True)
    return Look(
        name=name,
        dark=dark,
        text=Style(),
        muted=dim,
        accent=Style(color=accent, bold=True),
        prompt=Style(color=prompt, bold=True),
        prompt_rail=Style(color=prompt),
        heading=Style(color=accent, bold=True),
        strong=Style(bold=True),
        emphasis=Style(italic=True),
        strike=Style(strike=True, dim=True),
        inline_code=Style(color=code),
        code=Style(),
        code_frame=dim,
        link=Style(color=prompt, underline=True),
        quote=Style(italic=True),
        rule=dim,
        table_head=Style(bold=True),
        thinking=Style(dim=True, italic=True),
        tool=Style(color=accent),
        success=Style(color="green"),
        warning=Style(color=warning),
        error=Style(color="red"),
        code_theme="ansi",
    )


def _without_colour() -> Look:
    bold, dim, none = Style(bold=True), Style(dim=True), Style()
    return Look(
        name="plain",
        dark=True,
        text=none,
        muted=dim,
        accent=bold,
        prompt=bold,
        prompt_rail=bold,
        heading=bold,
        strong=bold,
        emphasis=Style(italic=True),
        strike=Style(strike=True),
        inline_code=bold,
        code=none,
        code_frame=dim,
        link=Style(underline=True),
        quote=Style(italic=True),
        rule=dim,
        table_head=bold,
        thinking=Style(dim=True, italic=True),
        tool=bold,
        success=none,
        warning=bold,
        error=bold,
        code_theme="none",
    )


_ROWS = (
    *(_from_palette(row) for row in PALETTES.values()),
    _of_terminal("ansi-dark", True, accent="yellow", prompt="cyan", code="magenta", warning="bright_yellow"),
    _of_terminal("ansi-light", False, accent="red", prompt="blue", code="magenta", warning="magenta"),
    _without_colour(),
)

LOOKS: dict[str, Look] = {look.name: look for look in _ROWS}
