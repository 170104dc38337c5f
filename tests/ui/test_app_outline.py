"""Outline, tables and links of messages, reading mode, and how long code lines are drawn."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from claude_tui.fakeapi import FakeApi, Say, Script, ThreadApi
from claude_tui.ui import browser, clipboard
from claude_tui.ui.picker import Picker
from tests.ui.running import LINES, Program, answering, running

CHAPTERS = Script((Say("# One\n\n" + LINES + "\n\n## Part of one\n\nText.\n\n# Two\n\nThe end of it all."),))
TABLES = Script((Say("| a | b |\n|---|---|\n| 1 | x \\| y |\n\nand\n\n| c |\n|---|\n| 2 |"),))
LINKS = Script((Say("[https://bank.example](https://evil.example/login) or <https://second.example/>, never [js](javascript:x)."),))


@pytest.fixture
def api() -> Iterator[ThreadApi]:
    with FakeApi.in_thread(answering(chapters=CHAPTERS, tables=TABLES, links=LINKS)) as api:
        yield api


@pytest.fixture
def copied(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What went to the clipboard."""
    texts: list[str] = []

    async def copy(app: object, text: str, folder: Path) -> clipboard.Copied:
        texts.append(text)
        return clipboard.Copied(len(text), ("a test",))

    monkeypatch.setattr(clipboard, "copy", copy)
    return texts


def choices(program: Program) -> list[str]:
    picker = program.app.screen
    assert isinstance(picker, Picker)
    return [row.label for row in picker.list.rows]


async def test_the_outline_of_the_session_leads_to_a_heading(api: ThreadApi) -> None:
    async with running(api) as program:
        await program.ask("hello")
        await program.ask("chapters")
        await program.slash("/outline")
        await program.see("Outline")
        assert choices(program) == ["hello", "chapters", "· One", "· · Part of one", "· Two"]
        await program.press(*"part", "enter")
        await program.see("Part of one", "Text.")
        assert not program.chat.transcript.following
        await program.slash("/outline")
        await program.press(*"hello", "enter")
        await program.see("You said: hello")


async def test_the_outline_of_a_message_can_be_widened(api: ThreadApi) -> None:
    async with running(api) as program:
        await program.ask("chapters")
        await program.press("shift+tab", "o")
        await program.see("Outline of this message", "Tab the whole session")
        assert choices(program) == ["· One", "· · Part of one", "· Two"]
        await program.press("tab")
        await program.until(lambda: len(choices(program)) == 4, "the whole session")
        await program.press(*"one", "enter")
        await program.see("Line 1 of the answer.")
        assert program.chat.transcript.cursor == 1
        await program.press("shift+tab")
        assert program.chat.transcript.has_focus


async def test_a_table_is_copied_as_it_is_written_or_for_a_spreadsheet(api: ThreadApi, copied: list[str]) -> None:
    async with running(api) as program:
        await program.ask("tables")
        await program.press("shift+tab", "t")
        await program.see("Copy which table?")
        assert len(choices(program)) == 4
        await program.press("down", "enter")
        await program.until(lambda: copied, "a copy")
        assert copied == ["a\tb\n1\tx | y\n"]
        await program.press("t", *"2 mark", "enter")
        await program.until(lambda: len(copied) == 2, "another copy")
        assert copied[1].startswith("| c |\n") and copied[1].strip().endswith("\n| 2 |")
        await program.press("alt+up", "t")
        await program.told("There is no table")


async def test_a_link_shows_where_it_leads_before_it_is_opened(
    api: ThreadApi, copied: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    async def open_link(url: str, environ: object) -> bool:
        opened.append(url)
        return len(opened) == 1

    monkeypatch.setattr(browser, "open_link", open_link)
    async with running(api) as program:
        await program.ask("links")
        await program.press("shift+tab", "l")
        await program.see("evil.example · https://evil.example/login")
        assert choices(program) == ["evil.example · https://evil.example/login", "second.example · https://second.example/"]
        assert not opened
        await program.press("enter")
        await program.told("Opened: https://evil.example/login")
        await program.press("l", "down", "enter")
        await program.told("copied instead")
        await program.press("l", "tab")
        await program.until(lambda: len(copied) == 2, "a copy")
        assert opened == ["https://evil.example/login", "https://second.example/"]
        assert copied == ["https://second.example/", "https://evil.example/login"]


async def test_in_reading_mode_the_prompt_stays_on_top(api: ThreadApi) -> None:
    async with running(api) as program:
        await program.press("f8")
        await program.told("Reading mode")
        await program.ask("long")
        await program.see("┃ long", "Line 1 of the answer.")
        assert not program.chat.transcript.following
        await program.slash("/reading")
        await program.told("followed to its end")
        await program.ask("long")
        await program.see("Line 60 of the answer.")


async def test_long_code_lines_are_cut_off_under_every_theme(api: ThreadApi) -> None:
    async with running(api) as program:
        await program.ask("hello")
        await program.press("shift+tab", "w")
        await program.told("cut off")
        await program.slash("/theme light")
        look = program.chat.transcript.look
        assert look.clip_code and look.name == "light"
        await program.press("w")
        await program.slash("/theme dark")
        assert not program.chat.transcript.look.clip_code
