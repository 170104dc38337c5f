"""Help and the dialog that takes a text."""

import pytest
from rich.cells import cell_len
from textual.containers import VerticalScroll
from textual.widgets import Static

from claude_tui.ui.commands import COMMANDS
from claude_tui.ui.help_screen import HelpScreen
from claude_tui.ui.keymap import Keymap
from claude_tui.ui.text_prompt import TextPrompt
from claude_tui.ui.text_screen import TextScreen
from tests.ui.host import SIZES, Host, shown


def whole(app: Host) -> str:
    """All of the help, in sight or not."""
    return str(app.screen.query_one("#text", Static).content)


def keymap(**changes: str) -> Keymap:
    made, problems = Keymap.build({name.replace("__", "."): keys for name, keys in changes.items()})
    assert not problems
    return made


@pytest.mark.parametrize("size", SIZES)
async def test_the_beginning_says_what_a_beginner_needs(size: tuple[int, int]) -> None:
    app = Host()
    async with app.run_test(size=size) as pilot:
        app.push_screen(HelpScreen(keymap(), newline="Shift+Enter"), app.take)
        await pilot.pause()
        await pilot.pause()
        lines = shown(app)
        assert all(cell_len(line) == size[0] for line in lines)
        assert "sends what you wrote." in "\n".join(lines)
        starts = [line.split("  ")[0] for line in whole(app).split("\n\n")[0].split("\n") if not line.startswith(" ")]
        assert starts == ["Enter", "Shift+Enter", "Esc", "Ctrl+P or /", "Ctrl+D twice"]
        assert all(cell_len(line) <= size[0] for line in whole(app).split("\n"))


@pytest.mark.parametrize("size", SIZES)
async def test_a_blank_stands_between_text_and_scroll_bar_which_has_the_ground_of_the_panel(size: tuple[int, int]) -> None:
    app = Host()
    async with app.run_test(size=size) as pilot:
        for screen in (HelpScreen(keymap()), TextScreen("Title", "x" * 9_000)):
            app.push_screen(screen, app.take)
            await pilot.pause()
            await pilot.pause()
            scroll = app.screen.query_one(VerticalScroll)
            bar = scroll.vertical_scrollbar
            assert bar.display
            lines = shown(app)[bar.region.y : bar.region.bottom]
            assert all(line[bar.region.x - 1] == " " for line in lines)
            assert bar.region.right == scroll.region.right
            assert scroll.styles.scrollbar_background == app.screen.query_one("#panel").styles.background
            await pilot.press("escape")


async def test_every_command_is_there_with_the_keys_in_force() -> None:
    app = Host()
    async with app.run_test(size=(160, 50)) as pilot:
        app.push_screen(HelpScreen(keymap(session__new="f5", app__redraw=""), ids=True), app.take)
        await pilot.pause()
        await pilot.pause()
        text = whole(app)
        for one in COMMANDS:
            if not one.does:
                assert f"{one.title}  " in text and one.id in text and one.about.split()[0] in text
                assert not one.slash or one.slash in text
        (line,) = [line for line in text.split("\n") if "New session  " in line]
        assert line.startswith("F5 ") and "Ctrl+N" not in line
        assert "F1, ?" in text and "[keys]" in text
        assert "Ctrl+L" not in text
        assert text.index("\nSessions\n") < text.index("\nMessages\n") < text.index("\nProgram\n")


async def test_filtering_scrolling_and_leaving() -> None:
    app = Host()
    async with app.run_test(size=(80, 24)) as pilot:
        app.push_screen(HelpScreen(keymap()), app.take)
        await pilot.pause()
        await pilot.pause()
        top = shown(app)
        await pilot.press("pagedown", "down")
        await pilot.pause()
        assert shown(app) != top
        await pilot.press("end")
        await pilot.pause()
        assert "claude-tui config edit" in " ".join("".join(shown(app)).split())
        await pilot.press("home")
        await pilot.pause()
        assert shown(app) == top
        await pilot.press(*"suspend")
        await pilot.pause()
        assert whole(app).count("\n") < 6 and "Ctrl+Z" in whole(app)
        await pilot.press(*"[/]")
        await pilot.pause()
        assert "Nothing matches “suspend[/]”." in whole(app)
        await pilot.resize_terminal(40, 10)
        await pilot.pause()
        await pilot.press("f1")
        await pilot.pause()
        assert app.results == [None]


# The dialog


async def test_a_line_comes_back_without_white_space() -> None:
    app = Host()
    async with app.run_test(size=(40, 10)) as pilot:
        app.push_screen(TextPrompt("[/] title", "  old\x1b ", note="A note [/]."), app.take)
        await pilot.pause()
        assert "[/] title" in "\n".join(shown(app)) and "A note [/]." in "\n".join(shown(app))
        await pilot.press(*" 新")
        await pilot.press("tab", "enter")
        await pilot.pause()
        assert app.results == ["old␛ 新"]


async def test_a_line_is_left_at_once() -> None:
    app = Host()
    async with app.run_test() as pilot:
        app.push_screen(TextPrompt("Title", "old"), app.take)
        await pilot.pause()
        await pilot.press("x", "escape")
        await pilot.pause()
        assert app.results == [None]


@pytest.mark.parametrize("size", SIZES)
async def test_a_longer_text_is_not_lost_by_one_escape(size: tuple[int, int]) -> None:
    app = Host()
    async with app.run_test(size=size) as pilot:
        app.push_screen(TextPrompt("System", "One\nTwo", multiline=True), app.take)
        await pilot.pause()
        await pilot.press("enter", *"三")
        await pilot.press("escape")
        await pilot.pause()
        assert "not saved" in "\n".join(shown(app)) and app.results == []
        await pilot.press("x", "escape")
        assert app.results == [], "writing on takes the warning back"
        app.post_paste("a\x1b]0;t\x07\r\nb")
        await pilot.pause()
        await pilot.press("ctrl+s")
        await pilot.pause()
        assert app.results == ["One\nTwo\n三xa␛]0;t␇\nb"]


async def test_a_longer_text_is_left_when_nothing_changed_or_twice() -> None:
    app = Host()
    async with app.run_test() as pilot:
        for keys in (["escape"], ["x", "escape", "escape"], ["x", "backspace", "escape"]):
            app.push_screen(TextPrompt("System", "One", multiline=True), app.take)
            await pilot.pause()
            await pilot.press(*keys)
            await pilot.pause()
        assert app.results == [None, None, None]


async def test_a_text_that_cannot_be_is_explained() -> None:
    app = Host()
    async with app.run_test() as pilot:
        app.push_screen(TextPrompt("Title", check=lambda text: None if text == "ok" else "Say [/] ok."), app.take)
        await pilot.pause()
        await pilot.press("n", "enter")
        await pilot.pause()
        assert "Say [/] ok." in "\n".join(shown(app))
        await pilot.press("backspace", *"ok")
        await pilot.pause()
        assert "Say [/] ok." not in "\n".join(shown(app))
        await pilot.press("enter")
        await pilot.pause()
        assert app.results == ["ok"]
