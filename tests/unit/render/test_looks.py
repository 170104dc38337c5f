"""The looks: readable by computation, and true to their names."""

import dataclasses

import pytest
from rich.color import ColorType
from rich.style import Style

from claude_tui.render.looks import LOOKS, PALETTES, Palette
from claude_tui.render.palettes import contrast, readable
from tests.unit.render.wholes import highlight

GROUNDS = ("background", "surface", "panel")
TEXTS = ("text", "muted", "accent", "prompt", "heading", "code", "link", "success", "warning", "error")
CODE = 'class A:\n    """Doc."""\n    def f(self, x=1):  # note\n        return f"{x!r}" + None\n'


def styles(name: str) -> dict[str, Style]:
    look = LOOKS[name]
    return {
        field.name: getattr(look, field.name) for field in dataclasses.fields(look) if isinstance(getattr(look, field.name), Style)
    }


def test_there_is_a_look_for_every_terminal() -> None:
    assert set(LOOKS) == {"dark", "light", "ansi-dark", "ansi-light", "contrast-dark", "contrast-light", "plain"}
    assert all(look.name == name for name, look in LOOKS.items())
    assert set(PALETTES) == {"dark", "light", "contrast-dark", "contrast-light"}


def test_contrast_is_the_one_of_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("palette", PALETTES.values(), ids=PALETTES)
def test_every_text_can_be_read_on_every_ground(palette: Palette) -> None:
    poor = {
        (role, ground): round(contrast(getattr(palette, role), getattr(palette, ground)), 2)
        for role in TEXTS
        for ground in GROUNDS
        if contrast(getattr(palette, role), getattr(palette, ground)) < palette.contrast
    }
    assert not poor
    assert contrast(palette.text, palette.selection) >= palette.contrast
    assert palette.contrast >= (7 if palette.name.startswith("contrast") else 4.5)


@pytest.mark.parametrize("palette", PALETTES.values(), ids=PALETTES)
def test_every_style_of_a_look_can_be_read(palette: Palette) -> None:
    for name, style in styles(palette.name).items():
        if name not in ("code_frame", "rule") and style.color:
            ground = style.bgcolor.name if style.bgcolor else palette.background
            assert contrast(style.color.name, ground) >= palette.contrast, name


@pytest.mark.parametrize("palette", PALETTES.values(), ids=PALETTES)
def test_highlighted_code_can_be_read(palette: Palette) -> None:
    colors = {style.color.name for runs in highlight(CODE, "python", LOOKS[palette.name]) for _, style in runs if style.color}
    assert len(colors) >= 4
    assert min(contrast(color, palette.background) for color in colors) >= palette.contrast


@pytest.mark.parametrize("ground", ["#000000", "#1c1b19", "#faf9f5", "#ffffff", "#808080"])
@pytest.mark.parametrize("color", ["#000000", "#ff0000", "#0000ff", "#ffff00", "#ffffff", "#777777"])
def test_any_colour_is_made_readable(color: str, ground: str) -> None:
    assert contrast(readable(color, ground, 4.5), ground) >= 4.5 or ground == "#808080"


@pytest.mark.parametrize("name", ["ansi-dark", "ansi-light"])
def test_the_terminals_own_looks_use_its_sixteen_colours(name: str) -> None:
    used = [*styles(name).values(), *(style for runs in highlight(CODE, "python", LOOKS[name]) for _, style in runs)]
    colors = [color for style in used for color in (style.color, style.bgcolor) if color]
    assert colors and all(color.type in (ColorType.STANDARD, ColorType.DEFAULT) for color in colors)


def test_the_plain_look_has_no_colour() -> None:
    used = [*styles("plain").values(), *(style for runs in highlight(CODE, "python", LOOKS["plain"]) for _, style in runs)]
    assert all(style.color is None and style.bgcolor is None for style in used)
    assert any(style.bold for style in used)
