"""Keys that arrive in one write mean what they would mean one by one."""

from __future__ import annotations

from textual import events
from textual.app import App, ComposeResult
from textual.dom import DOMNode

from claude_tui.ui.bindings import has_binding, run_binding, set_bindings
from claude_tui.ui.composer import Composer
from claude_tui.ui.picker import Choice, Picker


class Host(App[None]):
    ENABLE_COMMAND_PALETTE = False

    def compose(self) -> ComposeResult:
        yield Composer(id="composer")


def burst(app: App[None], *keys: tuple[str, str | None]) -> None:
    """All of them before any has been dealt with, as the driver hands them over."""
    for key, character in keys:
        app.post_message(events.Key(key, character))


def letters(text: str) -> list[tuple[str, str | None]]:
    return [(letter, letter) for letter in text]


def test_the_private_name_is_there() -> None:
    assert hasattr(DOMNode(), "_bindings"), "Textual has renamed DOMNode._bindings: ui/bindings.py needs it"


async def test_editing_keys_keep_their_place_among_letters() -> None:
    app = Host()
    async with app.run_test() as pilot:
        composer = app.query_one(Composer)
        burst(
            app,
            *letters("wrong"),
            ("ctrl+u", None),
            *letters("rght"),
            ("left", None),
            ("left", None),
            ("left", None),
            *letters("i"),
        )
        await pilot.pause()
        assert composer.real_text == "right"


async def test_enter_in_a_picker_comes_after_what_was_typed_before_it() -> None:
    picked: list[str | None] = []
    app = Host()
    async with app.run_test() as pilot:
        app.push_screen(Picker("Which?", [Choice(name, name) for name in ("one", "two", "three")]), picked.append)
        await pilot.pause()
        burst(app, *letters("thr"), ("enter", "\r"))
        await pilot.pause()
        assert picked == ["three"]


async def test_bindings_of_a_node_can_be_exchanged() -> None:
    app = Host()
    async with app.run_test():
        composer = app.query_one(Composer)
        assert has_binding(composer, "left")
        set_bindings(composer, ())
        assert not has_binding(composer, "left")
        assert not await run_binding(composer, "left")
