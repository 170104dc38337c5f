"""Finding text in the session: the bar, what is marked and counted, and where a match takes the reader."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from claude_tui.config import Settings
from claude_tui.domain.blocks import text_block
from claude_tui.domain.events import replay
from claude_tui.domain.messages import Message, Role
from claude_tui.fakeapi import Call, FakeApi, Say, Script, Think, ThreadApi, WaitFor
from claude_tui.ui.approval import ApprovalBox
from tests.ui.running import LINES, Program, answering, running

PARTS = Script((Think("A secret thought.\n\nMore of it."), Say(LINES + "\n\nA **very** important end.")))
STREAM = Script((Say(LINES, stop=False), WaitFor("go"), Say("\n\nLine 61 of the answer.", start=False)))
ASKED = Script((Say("Wait.", stop=False), WaitFor("go"), Say(" Now.", start=False), Call("calculator", {"expression": "6 * 7"})))


@pytest.fixture
def api() -> Iterator[ThreadApi]:
    with FakeApi.in_thread(answering(parts=PARTS, stream=STREAM, asked=ASKED)) as api:
        yield api


def marked(program: Program) -> list[str]:
    """The texts on the screen that are marked as the current match."""
    program.chat.transcript.draw()
    accent = program.chat.transcript.look.accent.color
    return [
        segment.text
        for strip in program.app.screen._compositor.render_strips()
        for segment in strip
        if segment.style is not None and segment.style.reverse and segment.style.color == accent and "End" not in segment.text
    ]


async def test_the_nearest_match_above_is_shown_and_the_next_ones_are_gone_to(api: ThreadApi) -> None:
    async with running(api) as program:
        await program.ask("parts")
        await program.press("ctrl+f", *"line 5")
        await program.see("Find line 5", "11/11")
        assert program.draft == ""
        await program.until(lambda: marked(program) == ["Line 5"], "the last one marked")
        assert any("Line 59 of" in row for row in program.transcript)
        await program.press("up")
        await program.see("10/11")
        await program.press("enter", "enter")
        await program.see("1/11 from the top", "Line 5 of the answer")
        await program.press("shift+enter")
        await program.see("11/11 from the end")
        await program.press("shift+f4")
        await program.see("10/11")
        await program.press("f4")
        await program.see("11/11")


async def test_the_hint_says_what_esc_does(api: ThreadApi) -> None:
    async with running(api, size=(100, 24)) as program:
        await program.send("stream")
        await program.until(lambda: "Line 59 of" in program.shown)
        await program.press("ctrl+f", *"line 5")
        await program.see("/11  Enter next", "Esc stops the answer")
        await program.press("escape")
        await program.see("Esc closes")
        await program.press("escape")
        await program.see_no("Find")


async def test_esc_closes_the_bar_where_the_reader_is(api: ThreadApi) -> None:
    async with running(api) as program:
        await program.ask("parts")
        await program.press("ctrl+f", *"line 12")
        await program.see("1/1", "Line 12 of")
        before = program.transcript
        assert not program.chat.transcript.following
        await program.press("escape")
        await program.see_no("Find")
        assert "Line 12 of" in "\n".join(program.transcript) and not marked(program)
        assert program.transcript[:10] == before[:10]
        await program.type("draft")
        assert program.draft == "draft"
        await program.press("ctrl+f")
        await program.see("Find line 12")
        assert not marked(program), "what was searched before is marked, but nobody is taken there"
        await program.type("nowhere")
        await program.see("Find nowhere", "no match")
        assert program.draft == "draft"


async def test_a_folded_panel_opens_when_its_match_is_gone_to(api: ThreadApi) -> None:
    async with running(api) as program:
        await program.ask("parts")
        await program.press("ctrl+f", *"secret")
        await program.see("1/1")
        assert "A secret thought" not in program.shown
        await program.press("enter")
        await program.see("A secret thought")
        await program.until(lambda: marked(program) == ["secret"], "the match marked")
        await program.press("escape")
        await program.see("A secret thought")


async def test_what_the_marks_of_markdown_divide_is_found(api: ThreadApi) -> None:
    async with running(api) as program:
        await program.ask("parts")
        await program.slash("/find very important")
        await program.see("Find very important", "1/1", "A very important end.")
        await program.press("enter")
        await program.until(lambda: "".join(marked(program)) == "very important", "the match marked")


async def test_what_streams_is_found_and_esc_stops_it_first(api: ThreadApi) -> None:
    async with running(api) as program:
        await program.send("stream")
        await program.reached()
        await program.see("Line 60 of the answer.")
        await program.press("ctrl+f", *"of the answer")
        await program.see("60/60")
        api.release("go")
        await program.idle()
        await program.see("60/61")
        await program.press("enter")
        await program.see("61/61", "Line 61 of the answer.")
        await program.press("escape")
        await program.see_no("Find")
        await program.send("hang")
        await program.reached(call=1)
        await program.press("ctrl+f", "escape")
        await program.idle()
        await program.see("Find", "what came is kept")
        await program.press("escape")
        await program.see_no("Find")


async def test_earlier_turns_that_are_loaded_later_are_searched_too(api: ThreadApi) -> None:
    async with running(api) as program:
        await program.ask("parts")
        await program.press("ctrl+f", *"line 12")
        await program.see("1/1")
        conversation = program.chat.conversation
        blocks = (text_block("line 12 of old"),)
        earlier = Message("old", "s", None, Role.USER, created_at="2026-01-01T00:00:00Z", blocks=blocks)
        assert conversation.put_in_front(await conversation.draw_earlier(replay([earlier])))
        await program.see("2/2")
        assert marked(program) == ["Line 12"]
        await program.press("up")
        await program.see("1/2", "line 12 of old")


async def test_a_question_does_not_take_the_keys_of_the_bar(api: ThreadApi) -> None:
    async with running(api, settings=Settings(tools={"calculator": "ask"})) as program:
        await program.send("asked")
        await program.reached()
        await program.press("ctrl+f")
        api.release("go")
        await program.until(lambda: program.chat.dock.asking is not None, "the question")
        await program.type("yn")
        await program.see("Find yn")
        assert program.chat.dock.asking is not None
        await program.press("tab")
        await program.until(lambda: program.chat.dock.query_one(ApprovalBox).has_focus, "the question in focus")
        await program.press("escape")
        await program.idle()
        assert program.chat.finding.is_open


@pytest.mark.parametrize("width", [40, 80, 130])
async def test_the_bar_fits(api: ThreadApi, width: int) -> None:
    async with running(api, size=(width, 16)) as program:
        await program.ask("parts")
        await program.press("ctrl+f", *"line")
        await program.see("Find line", "60/60", *(["Esc closes"] if width > 40 else []))
        assert ("Esc" in program.shown) == (width > 40)
        await program.slash("/find " + "x" * 200)
        await program.see("no match", "xxxx")


async def test_keys_that_come_in_one_go_with_ctrl_f_are_the_bars(api: ThreadApi) -> None:
    async with running(api) as program:
        await program.ask("parts")
        for key in ("ctrl+f", *"line 40"):
            program.send_key(key)
        await program.see("Find line 40", "1/1")
        assert program.draft == ""
        await program.press("pageup")
        await program.see_no("Line 40 of the answer.")
        assert program.chat.finding.typing
