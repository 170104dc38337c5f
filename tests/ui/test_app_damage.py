"""Starting with a history that cannot be used: what is offered, what each offer does, and that none destroys anything."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import apsw
import pytest

from claude_tui.fakeapi import FakeApi
from claude_tui.files import Paths
from claude_tui.store import SqliteStore, backups, presence
from claude_tui.ui.damage_screen import DamageScreen
from tests.ui.running import Program, answering, running
from tests.unit.store.samples import conversation


async def history(turns: int = 3) -> Path:
    store = await SqliteStore.open(Paths.find().data)
    await conversation(store, turns=turns)
    await store.close()
    return Paths.find().history


def damage(path: Path) -> bytes:
    """Its head is gone; its messages are not."""
    content = bytes(200) + path.read_bytes()[200:]
    path.write_bytes(content)
    return content


@asynccontextmanager
async def refused(size: tuple[int, int] = (80, 24)) -> AsyncIterator[Program]:
    with FakeApi.in_thread(answering()) as api:
        async with running(api, size=size, wait=False, rescuing=True) as program:
            await program.until(lambda: isinstance(program.app.screen, DamageScreen), "the question")
            yield program


async def reads(program: Program, sentence: str) -> None:
    """It stands on the screen, wherever its lines end."""
    await program.until(lambda: "".join(sentence.split()) in "".join(program.shown.replace("│", "").split()), sentence)


def aside() -> list[Path]:
    return [path for path in Paths.find().data.iterdir() if ".corrupt-" in path.name or ".foreign-" in path.name]


async def test_what_can_be_read_is_saved_and_the_damaged_file_kept() -> None:
    content = damage(await history())
    async with refused() as program:
        await reads(program, "is damaged (its head is not that of an SQLite file). It was not changed.")
        await program.see("1  Save what can be read")
        await program.press("1", "enter")
        await program.see("Saved: 6 messages in 1 session")
        assert [session.message_count for session in await program.workspace.sessions()] == [6]
        (kept,) = aside()
        assert kept.read_bytes() == content


async def test_the_newest_good_backup_is_offered_with_what_is_in_it() -> None:
    path = await history()
    backups.back_up(path, backups.new_path(path, backups.MANUAL))
    content = damage(path)
    async with refused() as program:
        await program.see("2  Restore the newest good backup", "1 session, 6 messages")
        await program.press("2", "enter")
        await program.see("The backup was restored.")
        assert len(await program.workspace.sessions()) == 1
    (kept,) = aside()
    assert kept.read_bytes() == content


async def test_it_is_put_aside_for_a_new_history() -> None:
    content = damage(await history())
    async with refused() as program:
        await program.press("down", "down", "enter")
        await program.see("This is a new history.")
        assert await program.workspace.sessions() == []
    (kept,) = aside()
    assert kept.read_bytes() == content


async def test_going_on_without_saving_leaves_it_alone_and_says_so() -> None:
    path = await history()
    content = damage(path)
    async with refused() as program:
        await program.press("3", "enter")
        await program.see("NOT SAVED")
        program.chat._prompt_went_out()
        await program.settle()
        assert "NOT SAVED" in program.rows[-1] and program.chat.session_to_name is None
    assert path.read_bytes() == content and aside() == []


async def test_of_a_newer_format_only_going_on_without_is_offered() -> None:
    path = await history()
    connection = apsw.Connection(str(path))
    connection.pragma("user_version", 99)
    connection.close()
    content = path.read_bytes()
    async with refused() as program:
        await reads(program, "newer claude-tui (format 99; this one knows")
        await program.see("1  Go on without saving", "2  Quit")
        assert "Save what" not in program.shown and "aside" not in program.shown
        await program.press("q")
        await program.until(lambda: program.app.return_value is not None, "the end")
        left = program.app.return_value
        assert left is not None and left.code == 1 and "newer" in left.problem
    assert path.read_bytes() == content


@pytest.mark.parametrize("keys", [("enter",), ("x", "space", "enter"), ("9", "enter", "0", "enter")])
async def test_nothing_happens_by_accident(keys: tuple[str, ...]) -> None:
    path = await history()
    content = damage(path)
    async with refused() as program:
        await program.press(*keys)
        assert isinstance(program.app.screen, DamageScreen) and program.app.screen.chosen == ""
    assert path.read_bytes() == content


@pytest.mark.parametrize("size", [(40, 12), (80, 24), (120, 40)])
async def test_every_choice_can_be_reached(size: tuple[int, int]) -> None:
    damage(await history())
    async with refused(size) as program:
        await program.press("up")
        await program.see("Quit")
        await program.press("down", "down", "down", "down")
        screen = program.app.screen
        assert isinstance(screen, DamageScreen) and screen.chosen == "Quit"
        await program.see("q quits")


async def test_what_cannot_be_done_is_said_and_asked_again() -> None:
    content = damage(path := await history())
    async with refused() as program:
        held = presence.enter(path.parent)
        await program.press("1", "enter")
        await reads(program, "That could not be done: The history is open elsewhere")
        held.release()
        await program.press("1", "enter")
        await program.see("Saved: 6 messages")
    (kept,) = aside()
    assert kept.read_bytes() == content
