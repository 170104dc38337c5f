"""The program on a disk that takes nothing: the user is told, nothing stops, and what was said can be written elsewhere."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from claude_tui import elsewhere
from claude_tui.cli.importing import imported
from claude_tui.domain.blocks import plain_text
from claude_tui.domain.errors import StorageOutage
from claude_tui.fakeapi import FakeApi
from claude_tui.files import Paths
from tests.ui.running import Program, answering, running
from tests.unit.store.outages import FaultyDisk, faulty, full, moved_away, quick

__all__ = ["faulty", "quick"]
pytestmark = pytest.mark.usefixtures("quick")


def unwrapped(program: Program) -> str:
    return " ".join(program.shown.split())


async def saved_texts(program: Program) -> list[str]:
    info = await program.workspace.store.session(program.session.info.id)
    return [plain_text(message.blocks) for message in await program.workspace.store.path(info.leaf_id or "")]


async def test_a_full_disk_is_told_and_marked_and_overcome() -> None:
    with FakeApi.in_thread(answering()) as api:
        async with running(api) as program:
            await program.ask("light")
            with full(Paths.find().data):
                await program.ask("dark")
                await program.see("You said: dark")
                assert program.rows[-1].split("│")[0].strip() == "NOT SAVED"
                assert "NOT SAVED but in memory; /save writes it to a file. The disk of the history is full." in unwrapped(program)
                await program.put("a draft")
                assert await program.chat.view._keeper.flush()
                assert "NOT SAVED" in program.rows[-1]
            await program.see("Saved again")
            await program.see_no("NOT SAVED")
            assert await saved_texts(program) == ["light", "You said: light", "dark", "You said: dark"]
            assert program.chat.view.last_words == ""


async def test_a_deletion_is_noticed_while_nobody_does_anything() -> None:
    with FakeApi.in_thread(answering()) as api:
        async with running(api) as program:
            await program.ask("light")
            with moved_away(Paths.find().data):
                await program.see("NOT SAVED", "was deleted")
            await program.see("Saved again")
            await program.see_no("NOT SAVED")


async def test_the_program_starts_without_a_place_and_moves_in_when_there_is_one() -> None:
    place = Paths.find().data
    place.parent.mkdir(parents=True, exist_ok=True)
    away = place.with_name("away")
    with FakeApi.in_thread(answering()) as api:
        (place.parent / "way").write_text("in the way")
        place.symlink_to(place.parent / "way" / "nothing")
        async with running(api) as program:
            await program.see("NOT SAVED", "cannot be kept")
            await program.ask("dark")
            await program.see("You said: dark")
            assert program.chat.status.not_saved
            away.mkdir()
            (place.parent / "link").symlink_to(away)
            os.replace(place.parent / "link", place)
            await program.see("Saved again")
            assert await saved_texts(program) == ["dark", "You said: dark"]


async def test_save_writes_what_is_in_memory_and_nothing_over_anything(
    tmp_path: Path, faulty: FaultyDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with FakeApi.in_thread(answering()) as api:
        async with running(api) as program:
            await program.slash("/save")
            await program.told("There is no conversation to save yet.")
            faulty.full = True
            await program.ask("dark")
            await program.slash("/save")
            await program.slash("/save talk.md")
            await program.told("The conversation is in")
            name = f"claude-tui-{program.session.info.id}"
            await program.until(lambda: (tmp_path / f"{name}.json").exists() and (tmp_path / "talk.md").exists(), "two files")
            _, messages = imported((tmp_path / f"{name}.json").read_text())
            assert [plain_text(message.blocks) for message in messages] == ["dark", "You said: dark"]
            assert "\n## Claude\n\nYou said: dark\n" in (tmp_path / "talk.md").read_text()
            assert (tmp_path / "talk.md").stat().st_mode & 0o777 == 0o600
            (tmp_path / "talk.md").write_text("mine")
            await program.slash("/save talk.md")
            await program.see("talk.md exists already")
            await program.press("enter")
            assert (tmp_path / "talk.md").read_text() == "mine"
            await program.slash("/save talk.md")
            await program.see("talk.md exists already")
            await program.press("down", "enter")
            await program.until(lambda: "Claude" in (tmp_path / "talk.md").read_text(), "the file, replaced")
            await program.slash("/save")
            await program.until((tmp_path / f"{name}-2.json").exists, "a second name")
            await program.slash("/save /proc/nowhere/talk.json")
            await program.until(lambda: "cannot be written" in unwrapped(program), "a sentence")
            faulty.full = False
            await program.see("Saved again")


async def test_an_answer_under_way_is_saved_as_far_as_it_has_come(tmp_path: Path) -> None:
    with FakeApi.in_thread(answering()) as api:
        async with running(api) as program:
            await program.send("hang")
            await program.see("The beginning")
            await program.slash(f"/save {tmp_path / 'half.json'}")
            await program.until((tmp_path / "half.json").exists, "the file")
            last = json.loads((tmp_path / "half.json").read_text())["messages"][-1]
            assert last["status"] == "interrupted" and last["content"][0]["text"] == "The beginning"


async def test_what_the_disk_never_took_is_written_elsewhere_at_the_end(
    tmp_path: Path, faulty: FaultyDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with FakeApi.in_thread(answering()) as api:
        async with running(api) as program:
            await program.ask("light")
            faulty.full = True
            await program.ask("dark")
            await program.chat.put_away()
            (file,) = tmp_path.glob("claude-tui-*.json")
            said = program.chat.view.last_words
            assert said.startswith("NOT SAVED: The disk is full.") and str(file) in said and "sessions import" in said
            assert len(imported(file.read_text())[1]) == 4 and program.chat.session_to_name is None


def test_where_nothing_takes_it_the_truth_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.unit.domain.test_export import SESSION, conversation_of

    def refused(*_: object) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(elsewhere, "write_private", refused)
    said = elsewhere.lost(StorageOutage("The disk is full."), SESSION, conversation_of("hi"))
    assert said == "NOT SAVED: The disk is full."
