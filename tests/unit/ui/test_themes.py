"""Themes: one for every look, the right one for the terminal, and no colour where none is wanted."""

from __future__ import annotations

from typing import get_args

import pytest
from rich.segment import Segment
from rich.style import Style
from textual.color import Color

from claude_tui import config
from claude_tui.render.looks import LOOKS
from claude_tui.ui.themes import NAMES, ThemeName, WithoutColour, look_of, resolve, textual_name, textual_themes


def test_every_name_has_a_look_and_a_theme_and_the_settings_know_it() -> None:
    assert set(NAMES) == set(get_args(ThemeName)) == set(get_args(config.Theme))
    themes = {theme.name for theme in textual_themes()}
    assert themes == {textual_name(name) for name in NAMES if name != "auto"}
    assert all(look_of(name, {}) == LOOKS[name] for name in NAMES if name != "auto")


@pytest.mark.parametrize(
    ("wanted", "environ", "resolved"),
    [
        ("auto", {"TERM": "xterm-256color"}, "dark"),
        ("auto", {"TERM": "xterm-256color", "COLORFGBG": "0;15"}, "light"),
        ("auto", {"TERM": "xterm-256color", "COLORFGBG": "15;default;0"}, "dark"),
        ("auto", {"TERM": "linux"}, "ansi-dark"),
        ("auto", {"TERM": "vt100", "COLORFGBG": "0;7"}, "ansi-light"),
        ("light", {"TERM": "linux"}, "light"),
        ("contrast-dark", {"NO_COLOR": "1"}, "ansi-dark"),
        ("light", {"NO_COLOR": "1"}, "ansi-light"),
        ("auto", {"NO_COLOR": "1", "COLORFGBG": "0;15"}, "ansi-light"),
        ("dark", {"NO_COLOR": ""}, "dark"),
    ],
)
def test_what_a_wish_means_here(wanted: str, environ: dict[str, str], resolved: str) -> None:
    assert resolve(wanted, environ) == resolved


def test_no_color_looks_plain_in_every_theme() -> None:
    for name in NAMES[1:]:
        look = look_of(name, {"NO_COLOR": "1"})
        styles = [value for field in look.__dataclass_fields__ if isinstance(value := getattr(look, field), Style)]
        assert not [style for style in styles if style.color or style.bgcolor]


def test_sixteen_colours_in_the_ansi_themes_only() -> None:
    for theme in textual_themes():
        colours = [theme.primary, theme.foreground, theme.background, theme.surface, theme.panel, theme.error]
        assert all(str(colour).startswith("ansi_") for colour in colours) == theme.ansi


def test_a_ground_of_its_own_is_marked_without_a_colour() -> None:
    plain, marked = Style(color="red", bold=True), Style(color="#112233", bgcolor="#445566", meta={"@click": "x"})
    default = Style(bgcolor="default", underline=True)
    segments = [Segment("a", plain), Segment("b", marked), Segment("c", default), Segment("d", None)]
    one, two, three, four = WithoutColour().apply(segments, Color(0, 0, 0))
    assert [segment.text for segment in (one, two, three, four)] == list("abcd")
    assert one.style and one.style.bold and not one.style.reverse
    assert two.style and two.style.reverse and two.style.meta == {"@click": "x"}
    assert three.style and three.style.underline and not three.style.reverse and four.style is None
    for segment in (one, two, three):
        assert segment.style and segment.style.color and segment.style.color.is_default
        assert segment.style.bgcolor and segment.style.bgcolor.is_default
