"""What goes wrong, in the whole program: a sentence, what is kept, what to press; and calls of tools that ask."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest

from claude_tui.config import Settings
from claude_tui.domain.errors import ErrorKind, StoreError, advice
from claude_tui.domain.messages import Status
from claude_tui.engine import answer
from claude_tui.fakeapi import Call, FakeApi, Fault, Phase, Say, Script, Strike, ThreadApi, WaitFor, at
from claude_tui.ui.approval import ApprovalBox
from tests.ui.running import Program, answering, prompt_of, running

AT_ONCE = Settings(retries=0, tools={"calculator": "allow"})
IMPATIENT = dataclasses.replace(AT_ONCE, first_byte_timeout=0.3, idle_timeout=0.3)


def settings_for(kind: ErrorKind) -> Settings:
    """Patience is short only where a silence is what is meant: a busy machine is slow as well."""
    return IMPATIENT if kind is ErrorKind.TIMEOUT else AT_ONCE


BEFORE = {
    ErrorKind.AUTH: Fault.UNAUTHORIZED,
    ErrorKind.BILLING: Fault.SPENDING_LIMIT,
    ErrorKind.PERMISSION: Fault.FORBIDDEN,
    ErrorKind.NOT_FOUND: Fault.NOT_FOUND,
    ErrorKind.INVALID_REQUEST: Fault.BAD_REQUEST,
    ErrorKind.CONTEXT: Fault.CONTEXT_FULL,
    ErrorKind.TOO_LARGE: Fault.REQUEST_TOO_LARGE,
    ErrorKind.RATE_LIMIT: Fault.RATE_LIMITED,
    ErrorKind.OVERLOADED: Fault.OVERLOADED,
    ErrorKind.SERVER: Fault.BAD_GATEWAY_HTML,
    ErrorKind.TIMEOUT: Fault.STALL,
    ErrorKind.NETWORK: Fault.RST,
    ErrorKind.PROTOCOL: Fault.HTML_200,
}
MIDWAY = {
    ErrorKind.TRUNCATED: Fault.CLEAN_EOF,
    ErrorKind.OVERLOADED: Fault.ERROR_OVERLOADED,
    ErrorKind.SERVER: Fault.ERROR_API,
    ErrorKind.TIMEOUT: Fault.STALL,
    ErrorKind.PROTOCOL: Fault.MALFORMED_JSON,
}


def unwrapped(program: Program) -> str:
    return " ".join(program.shown.split())


def told(program: Program, kind: ErrorKind) -> bool:
    """The advice of this kind stands on the screen, wrapped or not."""
    return advice(kind).replace("`", "")[:40] in unwrapped(program).replace("`", "")


@pytest.mark.parametrize("kind", BEFORE)
async def test_an_error_before_anything_came_is_a_sentence_and_the_prompt_is_back(kind: ErrorKind) -> None:
    scripts = iter((Script((Strike(BEFORE[kind]), Say("never"))), Script((Say("It works again."),))))
    with FakeApi.in_thread(lambda body, n: next(scripts)) as api:
        async with running(api, settings=settings_for(kind)) as program:
            await program.send("a prompt")
            await program.idle()
            await program.until(lambda: told(program, kind), f"the advice for {kind}")
            await program.see("editing an earlier prompt", "sends it again")
            assert program.draft == "a prompt"
            assert "Traceback" not in program.shown and "claude-tui itself" not in program.shown
            await program.press("enter")
            await program.see("It works again.", "‹ 2/2 ›")
            assert len(api.calls[-1].body["messages"]) == 1


async def test_an_emptied_draft_takes_its_offers_away() -> None:
    with FakeApi.in_thread(Script((Strike(Fault.UNAUTHORIZED),))) as api:
        async with running(api, settings=AT_ONCE) as program:
            await program.send("a prompt")
            await program.see("sends it again", "clears it")
            await program.press("ctrl+u")
            await program.until(lambda: "sends it again" not in program.shown and "clears it" not in program.shown, "no offers")


@pytest.mark.parametrize("kind", MIDWAY)
async def test_an_error_midway_keeps_what_came(kind: ErrorKind) -> None:
    scripts = iter((at(MIDWAY[kind], Phase.TEXT), Script((Say("It works again."),))))
    with FakeApi.in_thread(lambda body, n: next(scripts)) as api:
        async with running(api, settings=settings_for(kind)) as program:
            await program.send("a prompt")
            await program.idle()
            await program.until(lambda: told(program, kind), f"the advice for {kind}")
            await program.see("Here is the beginning")
            assert program.draft == "" and program.session.path[-1].status is Status.FAILED
            await program.ask("and now?")
            await program.see("It works again.")


async def test_no_server_no_credentials_and_too_many_calls() -> None:
    with FakeApi.in_thread(answering()) as api:
        async with running(api, settings=AT_ONCE) as program:
            api.unlisten()
            await program.send("nobody there")
            await program.idle()
            await program.until(lambda: told(program, ErrorKind.NETWORK), "the advice")
            assert program.draft == "nobody there"
            api.listen()
        async with running(api, settings=dataclasses.replace(AT_ONCE, max_requests=1)) as program:
            await program.slash("/new")
            await program.send("count")
            await program.idle()
            await program.until(lambda: told(program, ErrorKind.TOOL_LIMIT), "the advice")


async def test_without_credentials_the_screen_says_how_to_get_some(monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeApi.in_thread(answering()) as api:
        monkeypatch.setattr(type(api), "key", property(lambda _: None))
        async with running(api) as program:
            await program.see("A key is needed", "ANTHROPIC_API_KEY", "/demo")
            await program.send("hello?")
            await program.idle()
            await program.see("credentials")
            assert program.draft == "hello?" and not api.calls
            await program.press("escape", "escape")
            program.chat.submit("/demo")
            await program.until(lambda: program.app.return_value, "the end")
            assert program.app.return_value is not None and program.app.return_value.then == "demo"


# Retries.


async def test_a_retry_counts_down_and_esc_stops_it() -> None:
    scripts = iter((Script((Fault.OVERLOADED(retry_after="30"),)), Script((Say("At last."),))))
    with FakeApi.in_thread(lambda body, n: next(scripts)) as api:
        async with running(api) as program:
            await program.send("patience")
            await program.see("HTTP 529", "Retrying in", "(attempt 2 of 5)", "Esc stops")
            first = unwrapped(program)
            await program.until(lambda: unwrapped(program) != first and "Retrying in 2" in unwrapped(program), "the next second")
            await program.press("escape")
            await program.idle()
            await program.see_no("Retrying in")
            assert program.draft == "patience" and len(api.calls) == 1
            await program.press("enter")
            await program.see("At last.")


async def test_a_retry_that_helps_is_forgotten() -> None:
    scripts = iter((Script((Fault.RATE_LIMITED(retry_after="0.05"),)), Script((Say("At last."),))))
    with FakeApi.in_thread(lambda body, n: next(scripts)) as api:
        async with running(api) as program:
            await program.ask("patience")
            await program.see("At last.")
            assert "Retrying" not in program.shown and len(api.calls) == 2


# The disk.


async def test_what_cannot_be_saved_is_marked_and_the_mark_goes_when_it_can(monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeApi.in_thread(answering()) as api:
        async with running(api) as program:
            await program.ask("saved")
            store: Any = program.workspace.store
            broken = StoreError("The disk is full[/].")

            async def fails(*_: object, **__: object) -> None:
                raise broken

            with monkeypatch.context() as patch:
                patch.setattr(type(store), "save_desk", fails)
                await program.put("a draft")
                await program.see("NOT SAVED", "The disk is full[/].")
                assert "NOT SAVED" in program.rows[-1]
            await program.press("!")
            await program.until(lambda: "NOT SAVED" not in program.rows[-1], "a status bar without the mark")


async def test_a_prompt_that_cannot_be_saved_is_not_sent_and_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeApi.in_thread(answering()) as api:
        async with running(api) as program:
            await program.ask("saved")

            async def fails(*_: object, **__: object) -> None:
                raise StoreError("The disk is full.")

            with monkeypatch.context() as patch:
                patch.setattr(type(program.workspace.store), "add_message", fails)
                await program.send("not saved")
                await program.until(lambda: "The disk is full." in unwrapped(program), "the reason")
                await program.idle()
                assert len(api.calls) == 1
                await program.until(lambda: "not saved" in (program.draft, *program.chat.dialogue.queue), "the prompt, kept")


# Questions.


@pytest.fixture
def tool_api() -> Iterator[ThreadApi]:
    two = Script((Call("calculator", {"expression": "1 + 1"}), Call("calculator", {"expression": "2 + 2"})))
    evil = Script((Call("calculator", {"expression": "6*7[@click=app.quit]x[/] \u202egnp.exe\u200b"}),))
    with FakeApi.in_thread(answering(two=two, evil=evil)) as api:
        yield api


ASKING = Settings(tools={"calculator": "ask"})


@pytest.fixture
def no_deaf_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("claude_tui.ui.approval.DEAF_SECONDS", 0.0)


@pytest.mark.parametrize(("key", "says"), [("y", "The tool says: 42"), ("n", "declined")])
async def test_a_tool_that_asks_runs_on_y_and_is_refused_on_n(tool_api: ThreadApi, no_deaf_time: None, key: str, says: str) -> None:
    async with running(tool_api, settings=ASKING) as program:
        await program.send("count")
        await program.see("Allow calculator?", "expression: 6 * 7", "[y] allow")
        assert isinstance(program.app.focused, ApprovalBox)
        await program.press(key)
        await program.idle()
        await program.see_no("Allow calculator?")
        result = tool_api.calls[-1].body["messages"][-1]["content"][0]
        assert result["type"] == "tool_result" and bool(result.get("is_error")) == (key == "n")
        if key == "y":
            await program.see(says)
        else:
            await program.see("not run")
        assert program.app.focused is program.chat.composer


async def test_several_questions_come_one_after_the_other(tool_api: ThreadApi, no_deaf_time: None) -> None:
    async with running(tool_api, settings=ASKING) as program:
        await program.send("two")
        await program.see("expression: 1 + 1", "1 more after this")
        await program.press("y")
        await program.see("expression: 2 + 2")
        await program.press("n")
        await program.idle()
        first, second = tool_api.calls[-1].body["messages"][-1]["content"]
        assert not first.get("is_error") and second["is_error"]


async def test_what_is_typed_while_it_asks_is_the_drafts(tool_api: ThreadApi, no_deaf_time: None) -> None:
    async with running(tool_api, settings=ASKING) as program:
        await program.send("count")
        await program.see("Allow calculator?")
        await program.type("why not")
        assert program.draft == "why not" and "Allow calculator?" in program.shown
        await program.press("enter")
        await program.see("queued: why not")
        await program.press("tab", "y")
        await program.see("You said: why not")
        assert prompt_of(tool_api.calls[-1].body) == "why not"


async def test_a_draft_keeps_the_focus_when_a_question_comes(tool_api: ThreadApi, no_deaf_time: None) -> None:
    async with running(tool_api, settings=ASKING) as program:
        await program.send("count")
        await program.put("yes")
        await program.see("Allow calculator?")
        program.chat.composer.focus()
        await program.press("y")
        assert program.draft == "yesy" and program.session.busy
        await program.press("tab")
        await program.until(lambda: isinstance(program.app.focused, ApprovalBox), "the focus on the question")
        await program.press("y")
        await program.see("The tool says: 42")


async def test_hidden_characters_and_markup_in_arguments_are_seen(tool_api: ThreadApi) -> None:
    async with running(tool_api, settings=ASKING) as program:
        await program.send("evil")
        await program.see("Allow calculator?", "[@click=app.quit]x", "\\u202egnp.exe\\u200b", "cannot be seen")
        await program.click("[@click=app.quit]x")
        assert program.app.return_value is None and program.session.busy


async def test_a_silence_is_told_until_it_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer, "STALL_CHECK_SECONDS", 0.02)
    script = Script((Say("It begins ", stop=False), WaitFor("more"), Say("and ends.")))
    with FakeApi.in_thread([script, Script((Say("Again ", stop=False), WaitFor("never")))]) as api:
        async with running(api) as program:
            await program.send("hi")
            await program.see("It begins", "No data for")
            api.release("more")
            await program.see("and ends.", "Data comes again.")
            assert "No data for" not in program.shown
            await program.send("more")
            await program.see("Again", "No data for")
            assert "Data comes again" not in program.shown
            await program.press("escape")
            await program.see("Interrupted")
            await program.see_no("No data for")
