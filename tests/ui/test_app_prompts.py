"""Prompts in the whole program: the queue, prompts that nothing answered, and versions of earlier ones."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from claude_tui.cli.options import Resume
from claude_tui.fakeapi import FakeApi, Fault, Say, Script, Strike, ThreadApi
from tests.ui.running import Program, answering, prompt_of, running


@pytest.fixture
def api() -> Iterator[ThreadApi]:
    broken = Script((Say("A broken answer", stop=False), Fault.ERROR_API))
    with FakeApi.in_thread(answering(broken=broken, refused=Script((Strike(Fault.BAD_REQUEST),)))) as api:
        yield api


def prompts(api: ThreadApi) -> list[str]:
    return [prompt_of(call.body) for call in api.calls]


# The queue.


async def test_prompts_that_wait_go_out_one_a_turn_and_in_order(api: ThreadApi) -> None:
    async with running(api) as program:
        await program.send("hang")
        await program.reached()
        for prompt in ("one", "two", "three"):
            await program.send(prompt)
        await program.see("queued: one", "queued: two", "queued: three")
        assert prompts(api) == ["hang"]
        await program.press("up")
        assert program.draft == "three"
        await program.see_no("queued: three")
        await program.press("!", "enter")
        await program.see("queued: three!")
        api.release("go")
        await program.until(lambda: len(api.calls) == 4)
        await program.idle()
        assert prompts(api) == ["hang", "one", "two", "three!"]
        assert program.chat.dialogue.queue == []
        await program.see("You said: three!")
        assert [len(call.body["messages"]) for call in api.calls] == [1, 3, 5, 7]


@pytest.mark.parametrize("end", ["interrupted", "failed"])
async def test_the_queue_waits_on_after_a_turn_that_did_not_complete_and_after_a_restart(api: ThreadApi, end: str) -> None:
    async with running(api) as program:
        await program.send("hang" if end == "interrupted" else "broken")
        for prompt in ("one", "two"):
            program.chat.submit(prompt)
        if end == "interrupted":
            await program.reached()
            await program.press("escape")
        await program.idle()
        await program.see("queued: one", "queued: two")
        assert len(api.calls) == 1
        await program.put("a draft")
        await program.until(lambda: len(program.session.desk.queue) == 2 and program.session.desk.draft == "a draft")
    async with running(api, resume=Resume.LAST) as program:
        await program.see("queued: one", "queued: two", "a draft")
        assert len(api.calls) == 1
        await program.press("escape", "escape", "enter")  # an empty Enter sends the first that waits
        await program.until(lambda: len(api.calls) == 3)
        await program.idle()
        assert prompts(api)[1:] == ["one", "two"]


async def test_a_prompt_sent_before_there_is_a_session_goes_out_when_there_is_one(api: ThreadApi) -> None:
    gate = asyncio.Event()
    async with running(api, wait=False, gate=gate) as program:
        await program.put("too early")
        await program.press("enter")
        await program.put("half a draft")
        await program.see("queued: too early", "half a draft")
        assert program.chat.dialogue.session is None
        gate.set()
        await program.see("You said: too early")
        assert program.draft == "half a draft"
        assert prompts(api) == ["too early"]


async def test_leaving_before_there_is_a_session_loses_no_draft(api: ThreadApi) -> None:
    gate = asyncio.Event()
    async with running(api, wait=False, gate=gate) as program:
        await program.put("typed early")
        program.app.leave()
        gate.set()
        await program.until(lambda: program.app.return_value, "the end")
    async with running(api) as program:
        await program.see("typed early")


# Prompts that nothing answered.


@pytest.mark.parametrize("prompt", ["silent", "refused"])
async def test_a_prompt_that_nothing_answered_is_handed_back_and_sent_again_as_a_version(api: ThreadApi, prompt: str) -> None:
    async with running(api) as program:
        await program.send(prompt)
        if prompt == "silent":
            await program.reached()
            await program.press("escape")
        await program.idle()
        await program.see("editing an earlier prompt")
        assert program.draft == prompt
        await program.press("ctrl+u")
        await program.ask("better words")
        await program.see("‹ 2/2 ›", "You said: better words")
        await program.see_no(prompt, "editing an earlier prompt")
        assert [len(call.body["messages"]) for call in api.calls] == [1, 1]


async def test_what_was_typed_meanwhile_is_not_replaced_by_the_prompt_that_comes_back(api: ThreadApi) -> None:
    async with running(api) as program:
        await program.send("silent")
        await program.reached()
        await program.put("something else")
        await program.press("escape")
        await program.idle()
        await program.see("nothing had come yet", "something else")
        assert program.draft == "something else" and program.chat.dialogue.editing is None


# Versions.


async def at_prompt(program: Program, number: int) -> None:
    """The message cursor on the prompt of this turn, from 0."""
    await program.press("alt+up", "home")
    for _ in range(number):
        await program.press("}")
    assert program.chat.transcript.cell_at_cursor is not None
    assert program.chat.transcript.cell_at_cursor.kind == "prompt"


async def test_an_earlier_prompt_is_edited_and_both_versions_can_be_seen(api: ThreadApi) -> None:
    async with running(api) as program:
        await program.ask("first")
        await program.ask("second")
        await at_prompt(program, 0)
        await program.press("e")
        await program.see("editing an earlier prompt")
        assert program.draft == "first"
        await program.press("!")
        await program.press("enter")
        await program.idle()
        await program.see("‹ 2/2 ›", "You said: first!")
        await program.see_no("second")
        assert len(api.calls[-1].body["messages"]) == 1

        await at_prompt(program, 0)
        await program.press("[")
        await program.see("‹ 1/2 ›", "You said: first", "You said: second")
        await program.see_no("first!")
        assert program.chat.transcript.cursor == 0
        await program.press("[")
        await program.told("no other version")
        await program.press("]")
        await program.see("‹ 2/2 ›", "first!")
        await program.press("[")
        await program.see("‹ 1/2 ›")
        session_id = program.session.info.id
    async with running(api, resume=session_id) as program:
        await program.see("‹ 1/2 ›", "You said: second")
        await at_prompt(program, 0)
        await program.press("]")
        await program.see("‹ 2/2 ›", "You said: first!")
        await program.press("escape")
        await program.ask("third")
        assert [prompt_of(call.body) for call in api.calls][-1] == "third"
        assert len(api.calls[-1].body["messages"]) == 3


async def test_versions_cannot_be_switched_while_an_answer_is_written(api: ThreadApi) -> None:
    async with running(api) as program:
        await program.ask("first")
        await at_prompt(program, 0)
        await program.press("e", "enter")
        await program.idle()
        await program.send("hang")
        await program.reached(call=2)
        await at_prompt(program, 0)
        await program.press("[")
        await program.told("can be switched when it is done")
        await program.see("The beginning")
        api.release("go")
        await program.idle()
        await program.press("[")
        await program.see("‹ 1/2 ›")
        await program.see_no("The beginning")


async def test_editing_survives_a_restart(api: ThreadApi) -> None:
    async with running(api) as program:
        await program.ask("first")
        await program.ask("second")
        await at_prompt(program, 1)
        await program.press("e")
        await program.until(lambda: program.session.desk.editing is not None, "the saved desk")
    async with running(api, resume=Resume.LAST) as program:
        await program.see("editing an earlier prompt", "┃ second")
        await program.press("2", "enter")
        await program.idle()
        await program.see("‹ 2/2 ›", "You said: second2")
        assert len(program.session.path) == 4


async def test_search_puts_an_earlier_prompt_into_the_draft(api: ThreadApi) -> None:
    async with running(api) as program:
        await program.ask("apples are round")
        await program.slash("/new")
        await program.until(lambda: not program.session.path)
        await program.ask("pears are not")
        await program.press("ctrl+r")
        await program.see("Prompts of this session", "pears are not")
        assert "apples" not in "\n".join(program.rows[2:])
        await program.press("tab")
        await program.see("Prompts of all sessions", "apples are round")
        await program.type("apples")
        await program.press("enter")
        await program.until(lambda: program.draft == "apples are round")


async def test_what_is_typed_behind_the_key_that_takes_a_prompt_back_stays_behind_it(api: ThreadApi) -> None:
    async with running(api) as program:
        await program.send("hang")
        await program.reached()
        await program.send("one")
        await program.see("queued: one")
        for key in ("up", "!", "?"):  # in one write
            program.send_key(key)
        await program.see_no("queued: one")
        assert program.draft == "one!?"
