"""The transcript in the whole program: nothing that comes moves what is read, and panels open where they are."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from textual.events import MouseScrollUp

from claude_tui.cli.options import Resume
from claude_tui.config import Settings
from claude_tui.fakeapi import Block, Call, FakeApi, Redacted, Say, Script, Think, ThreadApi, WaitFor
from claude_tui.ui.layout import Position
from tests.ui.running import LINES, Program, answering, running

MANY = "\n\n".join(
    f"Another line, number {number}, which is rather long, so that narrow screens have to wrap it." for number in range(200)
)
STREAM = Script((Say(LINES, stop=False), WaitFor("go"), Say("\n\n" + MANY, chars=90, start=False)))
PANELS = Script(
    (
        Think("\n\n".join(f"Thought {number}." for number in range(1, 13))),
        Say("Between."),
        Call("calculator", {"expression": "6 * 7"}),
    )
)
STRANGE = Script(
    (Block({"type": "hologram", "payload": {"depth": 3}}), Redacted("hidden"), Think("", display="omitted"), Say("After it."))
)


@pytest.fixture
def api() -> Iterator[ThreadApi]:
    with FakeApi.in_thread(answering(stream=STREAM, panels=PANELS, strange=STRANGE)) as api:
        yield api


def line_of(program: Program, text: str) -> int:
    """The line of the screen where this stands."""
    return next(y for y, row in enumerate(program.transcript) if text in row)


async def test_the_end_is_followed_until_the_reader_leaves_it(api: ThreadApi) -> None:
    async with running(api) as program:
        await program.send("stream")
        await program.reached()
        await program.see("Line 60 of the answer.")
        assert program.chat.transcript.following and "more line" not in program.shown
        api.release("go")
        await program.idle()
        await program.see("number 199")


@pytest.mark.parametrize("how", ["pageup", "wheel", "shift+up"])
async def test_what_is_read_does_not_move_while_more_comes(api: ThreadApi, how: str) -> None:
    async with running(api) as program:
        await program.send("stream")
        await program.reached()
        await program.see("Line 60 of the answer.")
        if how == "wheel":
            for _ in range(8):
                await program.mouse(MouseScrollUp, 5, 5)
        else:
            await program.press(*[how] * (2 if how == "pageup" else 5))
        assert not program.chat.transcript.following
        before = program.transcript
        assert "more lines · End" in before[-1]
        api.release("go")
        cell = program.chat.conversation.cells[-1]
        seen = len(cell.source())
        while program.chat.dialogue.busy:
            await program.until(lambda: len(cell.source()) > seen or not program.chat.dialogue.busy)  # noqa: B023
            seen = len(cell.source())
            assert program.transcript[:-1] == before[:-1]
        await program.idle()
        assert program.transcript[:-1] == before[:-1]
        assert "number 199" in cell.source()
        await program.see("new lines · End")
        if how == "wheel":
            await program.click("new lines · End")
        else:
            await program.press("end")
        await program.see("number 199")
        await program.see_no("more line")
        assert program.chat.transcript.following


async def test_scrolling_back_to_the_end_follows_again(api: ThreadApi) -> None:
    async with running(api) as program:
        await program.send("stream")
        await program.reached()
        await program.see("Line 60 of the answer.")
        await program.press("ctrl+home")
        await program.see("┃ stream")
        for _ in range(20):
            await program.press("pagedown")
        assert program.chat.transcript.following
        api.release("go")
        await program.idle()
        await program.see("number 199")


# Panels.


async def scrolled_to_panels(program: Program) -> None:
    """The panels in the middle of the screen, with text above and below, and the reader not at the end."""
    await program.ask("long")
    await program.ask("panels")
    await program.ask("long")
    cells = program.chat.conversation.cells
    thinking = [index for index, cell in enumerate(cells) if cell.kind == "thinking"][1]
    program.chat.transcript.go_to((cells[thinking].key, 0))
    program.chat.transcript.draw()
    program.chat.transcript.scroll_rows(-6)
    await program.settle()
    assert line_of(program, " Thinking ·") == 7 and not program.chat.transcript.following


async def test_a_panel_opens_where_it_is_by_key_click_and_switch(api: ThreadApi) -> None:
    async with running(api) as program:
        await scrolled_to_panels(program)
        above = program.transcript[:7]
        thinking, tool = line_of(program, "▸ Thinking"), line_of(program, "▸ calculator")
        await program.click("▸ Thinking")
        await program.see("▾ Thinking", "Thought 1.")
        assert line_of(program, "▾ Thinking") == thinking
        assert "▾ calculator" not in program.shown
        await program.click("▾ Thinking")
        await program.see("▸ Thinking")
        assert (line_of(program, "▸ Thinking"), line_of(program, "▸ calculator")) == (thinking, tool)

        index = next(n for n, cell in enumerate(program.chat.conversation.cells) if cell.kind == "tool")
        program.chat.transcript.set_cursor(index)
        program.chat.transcript.focus()
        await program.press("space")
        await program.see("▾ calculator", "expression: 6 * 7")
        assert line_of(program, "▾ calculator") == tool and line_of(program, "▸ Thinking") == thinking
        assert program.transcript[:7] == above
        await program.press("enter")
        await program.see_no("expression: 6 * 7")
        assert program.transcript[:7] == above

        await program.press("ctrl+t")
        await program.told("its last lines")
        await program.press("ctrl+t")
        await program.told("all of it")
        await program.see("▾ Thinking", "Thought 7.")
        assert program.transcript[:7] == above
        await program.press("ctrl+o")
        await program.told("Tool details shown")
        assert program.transcript[:7] == above
        await program.press("ctrl+t", "ctrl+o")
        await program.see("▸ Thinking", "▸ calculator")
        assert program.transcript[:7] == above


async def test_a_switch_that_closes_the_panel_one_reads_leaves_its_header_on_top(api: ThreadApi) -> None:
    async with running(api, settings=Settings(thinking="open")) as program:
        await scrolled_to_panels(program)
        program.chat.transcript.scroll_rows(14)
        await program.settle()
        assert "Thought" in program.transcript[0]
        await program.press("ctrl+t")
        await program.see("▸ Thinking")
        assert "▸ Thinking" in program.transcript[0]


async def test_the_switches_hold_for_what_comes_and_a_panel_keeps_its_own_level(api: ThreadApi) -> None:
    async with running(api) as program:
        await program.press("ctrl+o")
        await program.ask("panels")
        await program.see("▾ calculator", "▸ Thinking", "expression: 6 * 7")
        await program.click("▸ Thinking")
        program.chat.transcript.follow()
        await program.ask("panels")
        levels = [cell.level for cell in program.chat.conversation.cells if cell.kind == "thinking"]
        assert levels == [1, 0]


async def test_a_resumed_session_has_its_levels_place_and_draft(api: ThreadApi) -> None:
    async with running(api) as program:
        await scrolled_to_panels(program)
        await program.click("▸ calculator")
        await program.see("▾ calculator")
        await program.put("half a draft")
        before, session_id = program.transcript, program.session.info.id
        program.app.leave()
        await program.until(lambda: program.app.return_value, "the end")
    async with running(api, resume=session_id) as program:
        await program.see("▾ calculator", "half a draft")
        assert program.transcript == before


async def test_a_session_left_at_its_end_comes_back_at_its_end(api: ThreadApi) -> None:
    async with running(api) as program:
        await program.ask("long")
    async with running(api, resume=Resume.LAST) as program:
        await program.see("Line 60 of the answer.")
        assert program.chat.transcript.following


# Sizes, looks, kinds.


async def test_any_size_while_an_answer_streams_keeps_the_cell_that_is_read(api: ThreadApi) -> None:
    async with running(api) as program:
        await program.ask("long")
        await program.ask("one more")
        await program.send("stream")
        await program.until(lambda: program.sources[-1].endswith("Line 60 of the answer.") and program.sources[-2] == "stream")
        transcript = program.chat.transcript
        transcript.draw()
        await program.press("pageup", "pageup")
        key, row = transcript.place or ("", 0)
        assert key == program.chat.conversation.cells[-1].key and row > 2
        api.release("go")
        for size in [(40, 10), (300, 80), (41, 11), (80, 10), (200, 24), (60, 30), (40, 80), (300, 10), (80, 24)]:
            await program.resize(*size)
            transcript.draw()
            rows = program.rows
            assert len(rows) == size[1]
            assert transcript.place is None or transcript.place[0] == key
            assert any("Message Claude" in one for one in rows)
        await program.idle()
        transcript.draw()
        assert transcript.place is not None and transcript.place[0] == key


async def test_resizing_and_back_shows_about_the_same_lines(api: ThreadApi) -> None:
    async with running(api) as program:
        await program.ask("long")
        await program.press("pageup")
        transcript, before = program.chat.transcript, program.transcript
        text = next(row for row in before[8:] if row.strip())
        for width in (40, 120, 80):
            await program.resize(width, 24)
            transcript.draw()
        assert abs(line_of(program, text) - before.index(text)) <= 2


async def test_unknown_and_hidden_blocks_are_shown_in_words(api: ThreadApi) -> None:
    async with running(api) as program:
        await program.ask("strange")
        await program.see("hologram", "unknown to this version, kept", "hidden by the API", "not shown by this model", "After it.")
        await program.click("▸ hologram")
        await program.see("depth", "3")
        assert program.chat.transcript._reader.top == Position(0) or program.chat.transcript.following


async def test_thinking_streams_on_one_line_a_tail_or_all(api: ThreadApi) -> None:
    async with running(api) as program:
        await program.send("ponder")
        await program.reached()
        await program.see("▸ Thinking", "Deep thought")
        await program.press("ctrl+t")
        await program.see("▾ Thinking", "│ Deep thought")
        api.release("go")
        await program.idle()
        await program.see("│ Deep thought ends.", "Thought out.")


@pytest.mark.parametrize(("setting", "mark"), [("collapsed", "▸"), ("tail", "▾"), ("open", "▾")])
async def test_the_setting_says_how_thinking_is_shown_at_first(api: ThreadApi, setting: str, mark: str) -> None:
    async with running(api, settings=Settings(thinking=setting)) as program:  # type: ignore[arg-type]
        await program.ask("panels")
        await program.press("ctrl+home")
        await program.see(f"{mark} Thinking")
