"""Going on in the whole program: one key after every ending, a seam between the pieces, the hint, and compacting."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from claude_tui.cli.options import Resume
from claude_tui.config import Settings
from claude_tui.domain.history import SUMMARY_HEAD
from claude_tui.domain.sentences import OVER_BUDGET
from claude_tui.fakeapi import FakeApi, Fault, Phase, Say, Script, ThreadApi, at
from claude_tui.ui.turn_commands import BUSY
from tests.ui.running import Program, answering, prompt_of, running

AT_ONCE = Settings(retries=0)
HINT = "[Alt+C] continues the answer"


@pytest.fixture
def api() -> Iterator[ThreadApi]:
    limit = Script((Say("First half"),), stop_reason="max_tokens")
    with FakeApi.in_thread(
        answering(Your=Script((Say(" and second half."),)), limit=limit, Write=Script((Say("It was short."),)))
    ) as api:
        yield api


def shape(program: Program) -> list[str]:
    return [cell.kind for cell in program.chat.conversation.cells]


@pytest.mark.parametrize("way", ["alt+c", "f6", "/continue", "n"])
async def test_every_way_goes_on_with_an_interrupted_answer(api: ThreadApi, way: str) -> None:
    async with running(api) as program:
        await program.send("hang")
        await program.see("The beginning")
        await program.press("escape")
        await program.idle()
        await program.see("what came is kept", HINT)
        if way == "n":
            await program.press("alt+up", "n")
        elif way.startswith("/"):
            await program.slash(way)
        else:
            await program.press(way)
        await program.see("and second half.", "┈┈ continued after an interruption ┈┈")
        await program.idle()
        await program.see_no(HINT, "what came is kept")
        assert shape(program) == ["prompt", "text", "seam", "text"]
        assert "\n".join(program.transcript).count("Claude") == 1 and "cut off here" not in program.shown
        assert "«The beginning»" in prompt_of(api.calls[-1].body)
        assert program.app.focused is program.chat.composer


async def test_the_hint_and_the_pieces_are_there_again_after_a_restart(api: ThreadApi) -> None:
    async with running(api) as program:
        await program.ask("limit")
        await program.see("reached the limit of tokens", HINT)
    async with running(api, resume=Resume.LAST) as program:
        await program.see("reached the limit of tokens", HINT)
        await program.click(HINT)
        await program.see("continued after the token limit", "and second half.")
        await program.idle()
        live = program.transcript
    async with running(api, resume=Resume.LAST) as program:
        await program.see("and second half.")
        assert program.transcript == live
        await program.press("alt+c")
        await program.told("The answer is complete")
        await program.press("alt+up", "left_curly_bracket")
        assert program.chat.transcript.cursor == 0, "a continuation is no prompt"
        await program.press("e")
        assert program.draft == "limit"


async def test_a_dropped_connection_says_what_is_kept_and_what_to_press() -> None:
    scripts = iter((at(Fault.CLEAN_EOF, Phase.TEXT), Script((Say(" The end."),))))
    with FakeApi.in_thread(lambda body, n: next(scripts)) as api:
        async with running(api, settings=AT_ONCE) as program:
            await program.ask("a prompt")
            await program.see("What came is kept", HINT)
            await program.press("f6")
            await program.see("continued after a lost connection", "The end.")
            await program.idle()
            assert "What came is kept" not in program.shown


async def test_a_prompt_to_which_nothing_came_goes_out_again_as_it_is() -> None:
    scripts = iter((Script((Fault.OVERLOADED(), Say("never"))), Script((Say("At last."),))))
    with FakeApi.in_thread(lambda body, n: next(scripts)) as api:
        async with running(api, settings=AT_ONCE) as program:
            await program.send("a prompt")
            await program.idle()
            await program.see("sends it again", "clears it")
            assert program.draft == "a prompt"
            await program.press("alt+c")
            await program.see("At last.")
            await program.idle()
            assert program.draft == "" and "editing" not in program.shown and "2/2" not in program.shown
            assert api.calls[0].body["messages"] == api.calls[1].body["messages"]


async def test_a_budget_stops_before_the_request_and_the_key_goes_over_it(api: ThreadApi) -> None:
    async with running(api) as program:
        left = [1]

        async def guard(_: object) -> str | None:
            left[0] -= 1
            return "Today's budget of $5 is spent." if left[0] < 0 else None

        program.workspace._guard = guard
        await program.slash("/new")
        await program.ask("one")
        await program.send("two")
        await program.idle()
        await program.until(lambda: OVER_BUDGET[:24] in " ".join(program.shown.split()), "what is kept")
        await program.see("Today's budget of $5 is spent.", "[Alt+C] goes on, over the budget from now on", "clears it")
        assert len(api.calls) == 1
        await program.press("alt+c")
        await program.see("You said: two")
        await program.ask("three")
        await program.see("You said: three")


async def test_it_is_said_where_there_is_nothing_to_go_on_with(api: ThreadApi) -> None:
    async with running(api) as program:
        await program.press("alt+c")
        await program.told("nothing to continue")
        await program.slash("/compact")
        await program.told("nothing to compact")
        await program.slash("/retry")
        await program.told("no prompt here")
        await program.send("hang")
        await program.reached()
        for way in ("/continue", "/compact", "/retry"):
            await program.slash(way)
        await program.told(BUSY)
        api.release("go")
        await program.idle()
        await program.ask("more")
        await program.press("alt+up", "home", "n")
        await program.told("Only the last answer")


@pytest.mark.parametrize("way", ["r", "/retry"])
async def test_a_prompt_is_asked_again_as_a_new_version(api: ThreadApi, way: str) -> None:
    async with running(api) as program:
        await program.ask("one")
        await program.ask("two")
        if way == "r":
            await program.press("alt+up", "r")
        else:
            await program.slash(way)
        await program.see("‹ 2/2 ›")
        await program.idle()
        assert len(api.calls) == 3 and api.calls[1].body["messages"] == api.calls[2].body["messages"]
        assert shape(program) == ["prompt", "text"] * 2


async def test_compacting_where_the_model_writes_the_summary(api: ThreadApi) -> None:
    async with running(api, settings=Settings(model="claude-opus-5")) as program:
        await program.ask("one")
        await program.slash("/compact keep the numbers")
        await program.see("Summary of 2 messages", "It was short.", "‹ 2/2 ›", "The conversation so far is kept")
        await program.idle()
        assert "keep the numbers" in prompt_of(api.calls[1].body) and "one" not in program.shown
        await program.ask("three")
        assert api.calls[-1].body["messages"][0]["content"][0]["text"] == SUMMARY_HEAD + "It was short."
        assert shape(program) == ["summary", "prompt", "text"]
        await program.press("alt+up", "home", "e")
        await program.told("cannot be edited")
        await program.press("left_square_bracket")
        await program.see("You said: one", "the conversation is summarised", "‹ 1/2 ›")
        assert "Write a summary" not in program.shown
        await program.press("home", "right_square_bracket")
        await program.see("Summary of 2 messages", "three")
    async with running(api, resume=Resume.LAST) as program:
        await program.see("Summary of 2 messages", "three")
        assert program.session.info.title == "one"


@pytest.mark.parametrize("size", [(40, 12), (40, 24)])
async def test_in_forty_columns_everything_is_there(api: ThreadApi, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with running(api, size=size) as program:
        await program.ask("limit")
        await program.see(HINT)
        await program.press("f6")
        await program.see("continued after the token limit", "and second half.")
        await program.idle()
        assert all(len(row) <= 40 for row in program.rows)
