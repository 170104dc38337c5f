"""A small screen with a composer in it, for the tests that drive it by keys, pastes and the mouse."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from textual import events, on
from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Static

from claude_tui.ui.chips import MARK
from claude_tui.ui.composer import Composer

COMMANDS = [
    ("/help", "", "Show the keys"),
    ("/model", "NAME", "Choose a model"),
    ("/more", "", "Something else"),
    ("/new", "", "New session"),
]


def complete(prefix: str) -> Sequence[tuple[str, str, str]]:
    return [row for row in COMMANDS if row[0].startswith(prefix)]


class Chat(Screen[None]):
    """Records what is posted. `accepting`: whether prompts are taken."""

    AUTO_FOCUS = "Composer"
    DEFAULT_CSS = "Chat #transcript { height: 1fr; } Chat #bar { height: 1; }"

    def __init__(self) -> None:
        super().__init__()
        self.posted: list[str] = []
        self.prompts: list[str] = []
        self.accepting = True
        self.keys: list[str] = []

    def compose(self) -> ComposeResult:
        yield Static("", id="transcript", markup=False)
        yield Composer(complete)
        yield Static("", id="bar", markup=False)

    @on(Composer.Submitted)
    def _submitted(self, event: Composer.Submitted) -> None:
        if not event.text:
            self.posted.append("Submitted")
        elif self.accepting:
            taken = event.composer.take()
            assert taken == event.text
            self.prompts.append(taken)

    @on(Composer.Wanted)
    def _note(self, event: Composer.Wanted) -> None:
        self.posted.append(event.command.id)

    @on(Composer.DraftChanged)
    def _changed(self) -> None:
        self.posted.append("DraftChanged")

    def on_key(self, event: events.Key) -> None:
        self.keys.append(event.key)


class Host(App[None]):
    ENABLE_COMMAND_PALETTE = False

    def on_mount(self) -> None:
        self.push_screen(Chat())


class Bench:
    """Host, screen and composer under the hand of a pilot."""

    def __init__(self, pilot: Pilot[Any]) -> None:
        self.pilot = pilot
        screen = pilot.app.screen
        assert isinstance(screen, Chat)
        self.chat = screen
        self.composer = screen.query_one(Composer)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def type(self, text: str) -> None:
        await self.press(*text)

    async def paste(self, text: str) -> None:
        self.composer.post_message(events.Paste(text))
        await self.pilot.pause()

    @property
    def text(self) -> str:
        return self.composer.text.replace(MARK, "")

    def requests(self) -> list[str]:
        return [name for name in self.chat.posted if name != "DraftChanged"]

    def rows(self) -> list[str]:
        return ["".join(segment.text for segment in strip) for strip in self.chat._compositor.render_strips()]


class Running:
    """`async with running(40, 10) as bench`."""

    def __init__(self, width: int = 80, height: int = 24) -> None:
        self._context = Host().run_test(size=(width, height))

    async def __aenter__(self) -> Bench:
        pilot = await self._context.__aenter__()
        await pilot.pause()
        return Bench(pilot)

    async def __aexit__(self, *raised: Any) -> None:
        await self._context.__aexit__(*raised)


SIZES = pytest.mark.parametrize("size", [(40, 10), (80, 24), (120, 40)])
