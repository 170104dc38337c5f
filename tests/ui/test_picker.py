"""The picker in a small host app: filtering, moving, picking, at every size and with hostile texts."""

import time
from collections.abc import Sequence
from typing import Any

import pytest
from rich.cells import cell_len
from textual.app import App
from textual.pilot import Pilot

from claude_tui.ui.choice_list import ChoiceList
from claude_tui.ui.commands import BY_ID, Command
from claude_tui.ui.keymap import Keymap
from claude_tui.ui.line_input import LineInput
from claude_tui.ui.picker import Choice, Extra, Picker, palette_choices
from tests.ui.host import SIZES, Host, shown

HOSTILE = [
    "[/]",
    "[@click=app.quit]x[/]",
    "a\x1b]0;title\x07b",
    "abc\u202edef",
    "天气预报" * 30,
    "tab\there",
    "e" + "\u0301" * 30,
    "",
]
FRUIT = [Choice(name, name, group="fruit") for name in ("apple", "banana", "cherry")]
FRUIT += [Choice(name, name, "green", group="leaves", key="F5") for name in ("lettuce", "spinach")]


def picker(app: App[Any]) -> Picker[Any]:
    assert isinstance(app.screen, Picker)
    return app.screen


async def opened(app: Host, pilot: Pilot[None], choices: Sequence[Choice[Any]] = FRUIT, **options: Any) -> Picker[Any]:
    app.push_screen(Picker("Which?", choices, **options), app.take)
    await pilot.pause()
    return picker(app)


@pytest.mark.parametrize("size", SIZES)
async def test_everything_is_in_the_frame(size: tuple[int, int]) -> None:
    app = Host()
    async with app.run_test(size=size) as pilot:
        await opened(app, pilot)
        lines = shown(app)
        text = "\n".join(lines)
        assert all(cell_len(line) == size[0] for line in lines)
        assert "Which?" in text and "› apple" in text and "Enter pick" in text and "╰" in text
        assert "fruit" in text, "the heading above the highlight"


async def test_typing_filters_and_enter_picks() -> None:
    app = Host()
    async with app.run_test() as pilot:
        await opened(app, pilot)
        await pilot.press(*"an")
        await pilot.pause()
        text = "\n".join(shown(app))
        assert "› banana" in text and "apple" not in text and "fruit" not in text
        await pilot.press("enter")
        await pilot.pause()
        assert app.results == ["banana"]


async def test_a_detail_or_a_heading_matches_too_but_after_labels() -> None:
    choices = [Choice(1, "first", "cherry pie"), Choice(2, "cherry"), Choice(3, "third", group="cherries")]
    app = Host()
    async with app.run_test() as pilot:
        screen = await opened(app, pilot, choices)
        await pilot.press(*"cherr")
        await pilot.pause()
        assert screen.highlighted_value == 2
        assert [row.label for row in screen.list.rows] == ["cherry", "first", "third"]


async def test_the_letters_that_match_are_marked() -> None:
    app = Host()
    async with app.run_test() as pilot:
        screen = await opened(app, pilot)
        await pilot.press(*"bna")
        await pilot.pause()
        (row,) = screen.list.rows
        assert row.label == "banana" and row.at == (0, 2, 3)
        underlined = [part.text for part in screen.list.render_line(0) if part.style and part.style.underline]
        assert "".join(underlined) == "bna"


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        (["down"], "banana"),
        (["down", "down", "down"], "lettuce"),
        (["down", "down", "down", "up"], "cherry"),
        (["up"], "apple"),
        (["end"], "spinach"),
        (["end", "down"], "spinach"),
        (["end", "home"], "apple"),
        (["pagedown"], "spinach"),
        (["pagedown", "pageup"], "apple"),
        (["ctrl+end"], "spinach"),
    ],
)
async def test_moving_passes_headings(keys: list[str], value: str) -> None:
    app = Host()
    async with app.run_test() as pilot:
        screen = await opened(app, pilot)
        await pilot.press(*keys)
        assert screen.highlighted_value == value
        assert isinstance(app.focused, LineInput), "the filter keeps the focus"


async def test_the_highlight_is_always_in_sight_with_its_heading() -> None:
    choices = [Choice(number, f"row {number}", group=f"group {number // 10}") for number in range(100)]
    app = Host()
    async with app.run_test(size=(40, 10)) as pilot:
        screen = await opened(app, pilot, choices, current=55)
        assert "› row 55" in "\n".join(shown(app))
        for keys in (["pagedown"] * 3, ["up"] * 7, ["end"], ["pageup"] * 4, ["home"]):
            await pilot.press(*keys)
            await pilot.pause()
            assert f"› row {screen.highlighted_value}" in "\n".join(shown(app))
        assert "group 0" in "\n".join(shown(app))
        await pilot.resize_terminal(30, 8)
        await pilot.pause()
        assert "› row 0" in "\n".join(shown(app))


async def test_escape_and_a_click_outside_pick_nothing() -> None:
    app = Host()
    async with app.run_test() as pilot:
        await opened(app, pilot)
        await pilot.press("escape")
        await pilot.pause()
        await opened(app, pilot)
        await pilot.click(offset=(0, 0))
        await pilot.pause()
        assert app.results == [None, None]


async def test_a_click_picks_and_a_heading_cannot_be_clicked() -> None:
    app = Host()
    async with app.run_test() as pilot:
        await opened(app, pilot)
        await pilot.click(ChoiceList, offset=(4, 0))
        await pilot.pause()
        assert app.results == []
        await pilot.click(ChoiceList, offset=(4, 2))
        await pilot.pause()
        assert app.results == ["banana"]


async def test_the_current_value_is_highlighted_first() -> None:
    app = Host()
    async with app.run_test() as pilot:
        screen = await opened(app, pilot, current="lettuce")
        assert screen.highlighted_value == "lettuce"


async def test_nothing_to_choose_and_nothing_found_are_said() -> None:
    app = Host()
    async with app.run_test() as pilot:
        screen = await opened(app, pilot, [], empty="No [/] prompts yet.")
        assert "No [/] prompts yet." in "\n".join(shown(app))
        await pilot.press("enter")
        assert app.screen is screen, "there is nothing to pick"
        screen.set_choices(FRUIT)
        await pilot.press(*"[/]zz")
        await pilot.pause()
        assert "Nothing matches “[/]zz”." in "\n".join(shown(app))


async def test_tab_and_extra_keys_do_not_type() -> None:
    app = Host()
    seen: list[Any] = []
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(
            app,
            pilot,
            on_tab=("all sessions", lambda: screen.set_choices([Choice("kiwi", "kiwi")], title="All")),
            extras=[Extra("ctrl+r", "refresh", seen.append), Extra("ctrl+d", "delete", seen.append)],
        )
        text = "\n".join(shown(app))
        assert "Tab all sessions" in text and "Ctrl+R refresh" in text and "Ctrl+D delete" in text
        await pilot.press("down", "ctrl+r", "down", "ctrl+d")
        assert seen == ["banana", "cherry"]
        await pilot.press("tab")
        await pilot.pause()
        assert screen.highlighted_value == "kiwi"
        assert "All" in "\n".join(shown(app))
        screen.set_tab(None)
        await pilot.pause()
        assert "Tab" not in "\n".join(shown(app))
        assert screen.query_one(LineInput).value == ""


async def test_new_choices_keep_the_filter_and_the_highlight() -> None:
    app = Host()
    async with app.run_test() as pilot:
        screen = await opened(app, pilot)
        await pilot.press("down", "down")
        screen.set_choices([Choice("kiwi", "kiwi"), *FRUIT])
        await pilot.pause()
        assert screen.highlighted_value == "cherry"


async def test_whoever_previews_is_told_of_each_highlight() -> None:
    app = Host()
    seen: list[str] = []
    async with app.run_test() as pilot:
        await opened(app, pilot, on_highlight=seen.append)
        await pilot.press("down", "down")
        await pilot.pause()
        assert seen == ["apple", "banana", "cherry"]


@pytest.mark.parametrize("size", SIZES)
async def test_hostile_texts_are_only_text(size: tuple[int, int]) -> None:
    choices = [Choice(number, text, text, text, "F5") for number, text in enumerate(HOSTILE)]
    app = Host()
    async with app.run_test(size=size) as pilot:
        screen = await opened(app, pilot, choices, empty="[/]", on_tab=("[/]\x1b", lambda: None))
        for _ in HOSTILE:
            lines = shown(app)
            assert all(cell_len(line) == size[0] for line in lines)
            assert not set("\x1b\x07\u202e\t") & set("".join(lines))
            await pilot.press("down")
            await pilot.pause()
        assert screen.highlighted_value == len(HOSTILE) - 1
        for text in HOSTILE:
            app.post_paste(text)
        await pilot.pause()
        assert not set("\x1b\x07\u202e\t\n") & set(screen.query_one(LineInput).value)
        assert "".join(screen.query_one(LineInput).value).startswith("[/][@click=app.quit]x[/]a␛]0;title␇b")


@pytest.mark.perf
async def test_thousands_of_rows_are_no_work() -> None:
    choices = [Choice(number, f"Session {number} about 天气 and the rest of it", f"{number} messages") for number in range(5_000)]
    app = Host()
    async with app.run_test(size=(120, 40)) as pilot:
        before = time.process_time()
        screen = await opened(app, pilot, choices)
        for key in "sess 天气 4999":
            await pilot.press(key)
        await pilot.pause()
        spent = time.process_time() - before
        assert screen.highlighted_value == 4999
        assert spent < 5, f"{spent:.1f} s for an opening and 10 key presses"


async def test_the_palette_shows_keys_and_slash_commands_and_gives_the_command() -> None:
    app = Host()
    keymap, _ = Keymap.build({"session.new": "f5"})
    choices = palette_choices(keymap)
    values: list[Command] = [one.value for one in choices]
    assert BY_ID["app.palette"] not in values and BY_ID["composer.help"] not in values
    assert all(one.slash is None or one in values for one in BY_ID.values())
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(app, pilot, choices)
        await pilot.press(*"new session")
        await pilot.pause()
        line = next(one for one in shown(app) if "New session" in one)
        assert "/new" in line and "F5" in line
        await pilot.press("enter")
        await pilot.pause()
        assert app.results == [BY_ID["session.new"]]


@pytest.mark.parametrize("theme", ["textual-dark", "textual-light", "ansi-dark", "ansi-light", "dracula"])
async def test_the_highlight_stands_out_in_every_theme(theme: str) -> None:
    app = Host()
    async with app.run_test() as pilot:
        app.theme = theme
        screen = await opened(app, pilot)
        await pilot.pause()
        chosen, other = (next(part.style for part in screen.list.render_line(y) if part.text.strip()) for y in (1, 2))
        assert chosen and other
        assert (chosen.color, chosen.bgcolor, chosen.reverse) != (other.color, other.bgcolor, other.reverse)
