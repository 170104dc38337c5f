"""Model, effort, system prompt, title, theme and keys in the whole program: what is chosen reaches the wire and the screen."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from claude_tui.cli.options import Resume
from claude_tui.config import Settings
from claude_tui.domain.ports import ModelInfo
from claude_tui.fakeapi import FakeApi, ThreadApi
from claude_tui.ui.picker import Picker
from tests.ui.running import Program, answering, running


@pytest.fixture
def api() -> Iterator[ThreadApi]:
    with FakeApi.in_thread(answering()) as api:
        yield api


def last_body(api: ThreadApi) -> dict[str, Any]:
    body: dict[str, Any] = api.calls[-1].body
    return body


async def test_another_model_and_effort_answer_from_the_next_request_on(api: ThreadApi) -> None:
    async with running(api) as program:
        await program.ask("first")
        await program.press("f2")
        await program.see("Model", "Claude Opus 5.5")
        await program.type("sonnet 5.5")
        await program.press("enter")
        await program.see("claude-sonnet-5-5")
        await program.ask("second")
        assert [call.body["model"] for call in api.calls] == ["claude-opus-5-5", "claude-sonnet-5-5"]
        await program.press("f3")
        await program.see("Effort", "xhigh")
        await program.type("low")
        await program.press("enter")
        await program.see("claude-sonnet-5-5 · low")
        await program.ask("third")
        assert last_body(api)["output_config"]["effort"] == "low"
        assert program.session.info.effort == "low"
        await program.slash("/effort default")
        await program.ask("fourth")
        assert "effort" not in last_body(api).get("output_config", {})
        await program.slash("/effort low")
        await program.until(lambda: program.session.info.effort == "low")
    async with running(api, resume=Resume.LAST) as program:
        await program.see("claude-sonnet-5-5 · low")


async def test_a_model_is_switched_while_an_answer_runs(api: ThreadApi) -> None:
    async with running(api) as program:
        await program.send("hang")
        await program.reached()
        await program.slash("/model claude-haiku-5-5")
        await program.see("claude-haiku-5-5")
        api.release("go")
        await program.idle()
        await program.ask("next")
        assert last_body(api)["model"] == "claude-haiku-5-5"


async def test_levels_that_a_model_refuses_are_not_offered(api: ThreadApi) -> None:
    async with running(api, settings=Settings(effort="xhigh")) as program:
        await program.slash("/model claude-opus-4-6")
        await program.told("does not take the effort xhigh")
        await program.until(lambda: program.session.info.effort is None)
        await program.press("f3")
        await program.see("Effort", "max")
        assert "xhigh" not in program.shown
        await program.press("escape")
        await program.slash("/effort xhigh")
        await program.told("takes low, medium, high, max, or default")
        assert program.session.info.effort is None
        await program.slash("/model claude-haiku-4-5")
        await program.until(lambda: program.session.info.model == "claude-haiku-4-5")
        await program.press("f3")
        await program.told("claude-haiku-4-5 has no effort to choose")
        await program.ask("works")
        assert "You said: works" in program.shown


async def test_a_model_nobody_knows_is_asked_all_the_same(api: ThreadApi) -> None:
    async with running(api) as program:
        await program.slash("/model some-id[/]")
        await program.see("some-id[/]")
        await program.press("f2")
        await program.see("some-id[/]", "not in the list")
        await program.press("escape")
        await program.ask("hello")
        assert last_body(api)["model"] == "some-id[/]"


async def test_the_list_of_models_is_asked_for_and_what_is_picked_from_it_counts(api: ThreadApi) -> None:
    async with running(api) as program:
        await program.press("f2", "ctrl+r")
        await program.until(lambda: any(record.path == "/v1/models" for record in api.requests), "the listing")
        await program.until(lambda: program.chat.view.models is not None and program.chat.view.models.age() is not None)
        assert isinstance(program.app.screen, Picker)
        await program.see("Claude Fable 5.2")
        await program.type("fable 5.2")
        await program.press("enter")
        await program.until(lambda: program.session.info.model == "claude-fable-5-2", "the model that was picked")


async def test_a_list_that_comes_when_nobody_waits_any_more_harms_nothing(api: ThreadApi) -> None:
    async with running(api) as program:
        models, came = program.chat.view.models, asyncio.Event()
        assert models is not None

        async def refresh() -> list[ModelInfo]:
            await came.wait()
            return []

        models.refresh = refresh  # type: ignore[method-assign]
        await program.press("f2", "ctrl+r")
        await program.see("asking the API")
        await program.press("escape")
        await program.see_no("asking the API")
        came.set()
        await program.ask("still here?")
        await program.see("You said: still here?")
        assert "error" not in program.shown


async def test_a_system_prompt_is_taken_before_the_first_request_and_fixed_by_it(api: ThreadApi) -> None:
    async with running(api) as program:
        await program.slash("/system Speak like [/] a pirate.")
        await program.told("The system prompt is set.")
        await program.ask("ahoy")
        assert "a pirate" in str(last_body(api)["system"])
        await program.slash("/system Be dull.")
        await program.see("is fixed by the first request", "Speak like [/] a")
        await program.ask("more")
        assert "pirate" in str(last_body(api)["system"]) and "dull" not in str(last_body(api)["system"])


async def test_a_system_prompt_is_written_in_a_dialog(api: ThreadApi) -> None:
    async with running(api) as program:
        await program.slash("/system")
        await program.see("System prompt of this session")
        await program.type("Short.")
        await program.press("ctrl+s")
        await program.told("The system prompt is set.")
        assert program.session.info.system == "Short."


async def test_a_session_is_renamed(api: ThreadApi) -> None:
    async with running(api) as program:
        await program.ask("words")
        await program.slash("/rename Of [b]shoes[/] and ships")
        await program.until(lambda: program.session.info.title == "Of [b]shoes[/] and ships")
        await program.slash("/rename")
        await program.see("Title of this session", "Of [b]shoes[/] and ships")
        await program.press("ctrl+u")
        await program.type("Kings")
        await program.press("enter")
        await program.told("The title is now: Kings")
        await program.press("ctrl+s")
        await program.see("Sessions", "Kings")


async def test_a_title_nobody_can_see_is_refused_in_a_sentence(api: ThreadApi) -> None:
    async with running(api) as program:
        await program.ask("words")
        await program.slash("/rename \u200b")
        await program.told("at least one character that can be seen")
        assert program.session.info.title == "words"


async def test_the_theme_changes_while_one_looks(api: ThreadApi) -> None:
    def colours(program: Program) -> set[str]:
        strips = program.app.screen._compositor.render_strips()
        return {str(segment.style.bgcolor) for strip in strips for segment in strip if segment.style and segment.style.bgcolor}

    async with running(api, settings=Settings(theme="dark")) as program:
        await program.send("hang")
        await program.reached()
        dark = colours(program)
        await program.slash("/theme light")
        await program.until(lambda: not colours(program) & dark, "other colours")
        assert program.chat.transcript.look.name == program.app.look.name != "dark"
        await program.slash("/theme")
        await program.see("Theme", "contrast-dark")
        await program.press("up")
        await program.until(lambda: program.app.theme_wanted == "dark", "the theme under the highlight")
        await program.press("escape")
        await program.until(lambda: program.app.theme_wanted == "light", "the theme from before")
        api.release("go")
        await program.idle()
        await program.see("and the end.")


async def test_keys_are_the_users_and_clashes_are_said(api: ThreadApi) -> None:
    keys = {"session.new": "f5", "app.help": "ctrl+b", "view.tools": "ctrl+b", "nonsense": "x", "app.redraw": "shift+q"}
    async with running(api, size=(100, 30), settings=Settings(keys=keys)) as program:
        assert len(program.app.key_problems) >= 3
        await program.see("view.tools", "Ctrl+B")
        await program.ask("words")
        first = program.session
        await program.press("ctrl+n")
        assert program.session is first
        await program.press("f5")
        await program.until(lambda: program.session is not first)
        await program.press("ctrl+b")
        await program.see("Type to filter")
        await program.press("escape", "f1")
        await program.see_no("Type to filter")


async def test_warnings_from_the_start_are_said(api: ThreadApi) -> None:
    async with running(api, warnings=["config.toml: there is no setting 'colour[/]'; it is ignored."]) as program:
        await program.see("there is no setting 'colour[/]'")
