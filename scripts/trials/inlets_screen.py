"""Inlets of the full screen: the whole program without a terminal, whose driver keeps what would have been written.

One program for all of them. Every inlet shows something hostile, and what was drawn is judged twice: the lines before the last
filter, and every byte behind it. A batch shares a screen, so that a hundred strings cost a few frames.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from unittest.mock import patch

from textual import events
from textual.drivers import headless_driver
from textual.screen import Screen

from claude_tui.domain.errors import ErrorInfo, ErrorKind
from claude_tui.domain.events import ApprovalRequested, Notice, RetryScheduled, SessionChanged
from claude_tui.domain.messages import SessionInfo
from claude_tui.domain.spending import Spending
from claude_tui.fakeapi import FakeApi, Say, Script
from claude_tui.providers import prices
from claude_tui.ui.backstage import Remedy
from claude_tui.ui.cost_table import Scope, cost_lines
from claude_tui.ui.damage_screen import DamageScreen
from claude_tui.ui.help_screen import HelpScreen
from claude_tui.ui.lines_screen import LinesScreen
from claude_tui.ui.picker import Choice, Picker
from claude_tui.ui.sessions_screen import SessionsScreen
from claude_tui.ui.terminal_frames import FrameReader
from claude_tui.ui.terminal_keys import KeyReader
from claude_tui.ui.text_prompt import TextPrompt
from claude_tui.ui.text_screen import TextScreen
from scripts.trials import judging
from scripts.trials.hostile import Attacker
from scripts.trials.inlets_cells import MAKERS
from tests.ui.running import Program, running

CHIP_MARK = "\u2060"
"""Ours: it begins a chip in a draft, and no text from outside can hold one."""


class Recorder(headless_driver.HeadlessDriver):
    """Keeps what is written."""

    written: str = ""

    @property
    def is_headless(self) -> bool:
        return False

    def write(self, data: str) -> None:
        self.written += data


class Stage:
    """The program, and the judge of its screen."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.app = program.app
        self.chat = program.chat

    async def judge(self) -> None:
        await self.program.settle()
        self.chat.transcript.draw()
        driver = self.app._driver  # pyright: ignore[reportPrivateUsage]
        if not isinstance(driver, Recorder):
            raise TypeError("the program does not run on the recorder")
        written, driver.written = driver.written, ""
        self.app.screen.refresh()
        await self.program.until(lambda: driver.written, "a frame")
        written, driver.written = written + driver.written, ""
        for strip in self.app.screen._compositor.render_strips():  # pyright: ignore[reportPrivateUsage]
            judging.drawn(segment._replace(text=segment.text.replace(CHIP_MARK, "")) for segment in strip)
        judging.screen(written)
        if self.app._exception is not None:  # pyright: ignore[reportPrivateUsage]
            raise self.app._exception  # pyright: ignore[reportPrivateUsage]
        if self.app._exit:  # pyright: ignore[reportPrivateUsage]
            raise judging.Leak("the program was told to quit")

    async def dialog(self, screen: Screen[object], *keys: str) -> None:
        """Opened, looked at, used with keys, closed."""
        self.app.push_screen(screen)
        await self.judge()
        await self.program.press(*keys)
        await self.judge()
        if self.app.screen is screen:
            screen.dismiss()
        await self.program.settle()


Inlet = Callable[[Stage, Sequence[str], Attacker], Awaitable[None]]


@asynccontextmanager
async def stage() -> AsyncIterator[Stage]:
    """The program on a fake API that says nothing of interest."""
    with (
        FakeApi.in_thread(lambda body, n: Script((Say("Yes."),))) as api,
        patch.object(headless_driver, "HeadlessDriver", Recorder),
    ):
        async with running(api) as program:
            yield Stage(program)


async def _heard(stage: Stage, texts: Sequence[str], source: Attacker) -> None:
    """Every kind of event at the program's one ear: transcript, status bar, dock."""
    chat = stage.chat
    make = source.dice.choice(list(MAKERS.values()))
    for event in make(texts, source):
        chat.hear(event)
    await stage.judge()
    await stage.program.press("ctrl+home")
    await stage.judge()


async def _dock(stage: Stage, texts: Sequence[str], source: Attacker) -> None:
    """Questions about calls, retries, notices, errors, the queue."""
    chat = stage.chat
    for number, text in enumerate(texts):
        match number % 4:
            case 0:
                chat.hear(ApprovalRequested(f"t{number}", text, {text: text, "code": [text, {text: 1}]}))
            case 1:
                chat.hear(RetryScheduled(1, 5.0, ErrorInfo(ErrorKind.NETWORK, text, None, text)))
            case 2:
                chat.hear(Notice(text, "error"))
                chat.dock.show_error(text)
            case _:
                chat.dock.set_queue(list(texts[:4]), busy=True)
        if number % 4 == 3:
            await stage.judge()
    chat.dock.clear_approvals()
    chat.dock.hide_retry()
    chat.dock.set_queue([], busy=False)
    chat.dock.prompt_sent()
    await stage.judge()


async def _status(stage: Stage, texts: Sequence[str], source: Attacker) -> None:
    """Names of models, levels, providers and titles, as the session says them."""
    for text in texts[:6]:
        info = replace(stage.program.session.info, title=text, model=text, effort=text, provider=text)
        stage.chat.hear(SessionChanged(info))
        stage.chat.meter.choose(text, text, text)
        stage.chat.status.refresh()
        await stage.judge()
    stage.chat.hear(SessionChanged(stage.program.session.info))


async def _toasts(stage: Stage, texts: Sequence[str], source: Attacker) -> None:
    for text in texts[:8]:
        stage.app.say(text, title=text)
    await stage.judge()
    stage.app.clear_notifications()
    await stage.judge()


async def _pasted(stage: Stage, texts: Sequence[str], source: Attacker) -> None:
    """Into the draft by paste, short and long, and typed key by key; taken back from the desk's history."""
    composer = stage.chat.composer
    for text in texts[:6]:
        composer.focus()
        composer.post_message(events.Paste(text))
        await stage.judge()
    composer.post_message(events.Paste("\n".join(texts) * 9))
    keys = KeyReader()
    for frame in FrameReader().feed(re.sub(r"[\x00-\x1f\x7f]", "", texts[0][:20]).encode("utf-8", "surrogatepass"), 0.0):
        for message in keys.read(frame):
            composer.post_message(message)
    await stage.judge()
    judging.plain(stage.program.draft.replace(CHIP_MARK, ""))
    composer.clear_draft()
    composer.put("/" + texts[0])
    await stage.judge()
    composer.set_entries(texts)
    composer.clear_draft()
    await stage.program.press("up", "up")
    await stage.judge()
    composer.clear_draft()


async def _found(stage: Stage, texts: Sequence[str], source: Attacker) -> None:
    """The find bar, with text from a command and by paste."""
    for text in texts[:5]:
        stage.chat.finding.run_find_open(text)
        await stage.judge()
        if stage.app.focused is not None:
            stage.app.focused.post_message(events.Paste(text))
        await stage.judge()
        stage.chat.finding.close()
    await stage.judge()


async def _picked(stage: Stage, texts: Sequence[str], source: Attacker) -> None:
    """Lists to choose from: labels, details, groups, keys, title, filter."""
    choices = [Choice(number, text, text, text if number % 3 else "", "") for number, text in enumerate(texts)]
    picker: Picker[int] = Picker(texts[0], choices, query="", placeholder="Type", empty=texts[-1], on_tab=(texts[1], lambda: None))
    await stage.dialog(picker, "down", "a")


class _Listed:
    """A history with hostile sessions in it."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._infos = [
            SessionInfo(f"{number:026}", title=text, model=text, provider=text, updated_at=text, status=text, message_count=number)
            for number, text in enumerate(texts)
        ]

    async def sessions(self, *, limit: int | None = None) -> list[SessionInfo]:
        return self._infos

    async def rename(self, session_id: str, title: str) -> None: ...

    async def delete(self, session_id: str) -> None: ...

    async def restore(self, session_id: str) -> None: ...


async def _sessions(stage: Stage, texts: Sequence[str], source: Attacker) -> None:
    async def preview(session_id: str) -> str:
        return texts[-1]

    await stage.dialog(SessionsScreen(_Listed(texts), preview=preview), "down", "delete", "ctrl+z")


async def _prompts(stage: Stage, texts: Sequence[str], source: Attacker) -> None:
    """Dialogs that ask for a text and show one."""
    for number, text in enumerate(texts[:3]):
        one = TextPrompt(text, text, multiline=number % 2 == 1, placeholder=text, note=text, check=lambda given: given or None)
        await stage.dialog(one, "enter")
    await stage.dialog(TextScreen(texts[0], "\n".join(texts)))
    await stage.dialog(HelpScreen(stage.chat.keymap, newline=texts[0], query=texts[1]))
    await stage.dialog(DamageScreen(texts[0], [Remedy(text, text) for text in texts[:3]], texts[1]), "down")


async def _figures(stage: Stage, texts: Sequence[str], source: Attacker) -> None:
    """What was used by models of any name, in sessions of any title, with prices in any file."""
    usage = {"input_tokens": 5, "output_tokens": 5}
    rows = [Spending(f"m{number}", "s", "2026-11-29T10:00:00.000Z", text, text, usage) for number, text in enumerate(texts)]
    book = prices.load(None)
    await stage.dialog(
        LinesScreen(texts[0], lambda width: cost_lines([Scope(texts[1], texts[2], rows)] * 3, book, texts[3], width))
    )


SCREEN: dict[str, Inlet] = {
    "events on the screen": _heard,
    "the dock": _dock,
    "the status bar": _status,
    "toasts": _toasts,
    "the composer": _pasted,
    "the find bar": _found,
    "pickers": _picked,
    "the list of sessions": _sessions,
    "dialogs with text": _prompts,
    "figures": _figures,
}
DIALOGS = (DamageScreen, HelpScreen, LinesScreen, Picker, SessionsScreen, TextPrompt, TextScreen)
"""What they open; a test knows whether that is all there is."""
