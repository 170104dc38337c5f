"""The composer: the list of slash commands, and Ctrl+X."""

from __future__ import annotations

from tests.ui.composing import SIZES, Bench, Running


def popup(bench: Bench) -> list[str]:
    """The rows of the popup on the screen; the chosen one first has a mark."""
    shown = bench.composer._popup
    if not shown.display:
        return []
    region = shown.region
    return [row[region.x : region.right].strip() for row in bench.rows()[region.y : region.bottom]]


@SIZES
async def test_a_slash_lists_commands_over_the_composer(size: tuple[int, int]) -> None:
    async with Running(*size) as bench:
        height = bench.chat.query_one("#transcript").size.height
        await bench.press("/")
        assert [row.split()[0] for row in popup(bench)] == ["/help", "/model", "/more", "/new"]
        assert bench.composer._popup.region.bottom == bench.composer.region.y
        assert bench.composer._popup.region.right <= size[0]
        assert bench.chat.query_one("#transcript").size.height == height
        await bench.type("mo")
        assert [row.split()[0] for row in popup(bench)] == ["/model", "/more"]
        await bench.press("backspace", "backspace", "backspace")
        assert popup(bench) == []


async def test_the_list_moves_with_the_composer_when_the_terminal_changes() -> None:
    async with Running() as bench:
        await bench.press("/")
        await bench.pilot.resize_terminal(60, 14)
        await bench.pilot.pause()
        assert bench.composer._popup.region.bottom == bench.composer.region.y == 12


async def test_choosing_completing_and_running_a_command() -> None:
    async with Running() as bench:
        await bench.type("/mo")
        await bench.press("down", "enter")
        assert bench.composer.real_text == "/more" and not bench.chat.prompts
        await bench.press("enter")
        assert bench.chat.prompts == ["/more"] and popup(bench) == []
        await bench.type("/mo")
        await bench.press("tab")
        assert bench.composer.real_text == "/model " and popup(bench) == []
        await bench.type("opus")
        await bench.press("enter")
        assert bench.chat.prompts == ["/more", "/model opus"]
        await bench.press("/", "up", "tab")
        assert bench.composer.real_text == "/new"


async def test_a_click_chooses_a_command() -> None:
    async with Running() as bench:
        await bench.press("/")
        await bench.pilot.click(bench.composer._popup, offset=(3, 3))
        await bench.pilot.pause()
        assert bench.composer.real_text == "/new" and bench.composer.has_focus


async def test_closing_the_list_leaves_the_draft() -> None:
    async with Running() as bench:
        assert not bench.composer.close_popup()
        await bench.type("/m")
        assert bench.composer.close_popup()
        assert popup(bench) == [] and bench.composer.real_text == "/m"
        await bench.type("o")
        assert popup(bench) == [] and not bench.composer.close_popup()
        await bench.press("enter")
        assert bench.chat.prompts == ["/mo"]


async def test_no_list_for_paths_and_for_text_put_there() -> None:
    async with Running() as bench:
        bench.composer.put("/m")
        assert popup(bench) == []
        bench.composer.put("")
        await bench.paste("/help")
        assert popup(bench) == []


# Ctrl+X.


async def test_ctrl_x_ctrl_e_asks_for_the_editor() -> None:
    async with Running() as bench:
        await bench.type("draft")
        await bench.press("ctrl+x", "ctrl+e")
        assert bench.requests() == ["composer.editor"] and bench.composer.real_text == "draft"


async def test_ctrl_x_and_another_key_cuts_first() -> None:
    async with Running() as bench:
        await bench.type("draft")
        await bench.press("ctrl+x")
        assert bench.composer.real_text == "draft"
        await bench.press("n")
        assert bench.composer.real_text == "n" and bench.pilot.app.clipboard == "draft"
        assert bench.requests() == []


async def test_ctrl_x_alone_cuts_after_a_while_unless_it_is_called_off() -> None:
    async with Running() as bench:
        await bench.type("draft")
        await bench.press("ctrl+x")
        timer = bench.composer._prefix_timer
        assert timer is not None
        assert bench.composer.close_popup() and bench.composer.real_text == "draft"
        await bench.press("ctrl+x")
        timer = bench.composer._prefix_timer
        assert timer is not None
        await timer._tick(next_timer=0, count=0)
        await bench.pilot.pause()
        assert bench.composer.is_empty


async def test_ctrl_x_cuts_a_selection_at_once() -> None:
    async with Running() as bench:
        await bench.type("draft")
        await bench.press("shift+left", "shift+left", "ctrl+x")
        assert bench.composer.real_text == "dra" and bench.pilot.app.clipboard == "ft"
