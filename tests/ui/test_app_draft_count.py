"""The draft is counted by the endpoint where the setting says so, after a pause, and never otherwise."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from claude_tui.config import Settings
from claude_tui.engine.session import Session
from claude_tui.fakeapi import FakeApi, ThreadApi
from claude_tui.ui import draft_counter
from tests.ui.running import Program, answering, running

ON = Settings(count_tokens=True)


@pytest.fixture
def api() -> Iterator[ThreadApi]:
    with FakeApi.in_thread(answering()) as api:
        yield api


def counts(api: ThreadApi) -> list[str]:
    """The drafts that were counted."""
    return [one.body["messages"][-1]["content"][-1]["text"] for one in api.requests if one.path.endswith("count_tokens")]


def pause_over(program: Program) -> None:
    """As the timer does at the end of the pause, if one runs."""
    timer = program.chat.accounts.draft._timer
    assert timer is not None
    timer.stop()
    program.chat.accounts.draft._ask()


@pytest.fixture(autouse=True)
def endless_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pause ends by itself here."""
    monkeypatch.setattr(draft_counter, "PAUSE", 3_600.0)


async def test_nothing_is_asked_while_it_is_off(api: ThreadApi) -> None:
    async with running(api) as program:
        await program.type("hello")
        assert program.chat.accounts.draft._timer is None
        await program.ask(" there")
        assert counts(api) == []


async def test_one_request_after_the_pause_and_none_a_key(api: ThreadApi) -> None:
    async with running(api, settings=ON, size=(120, 24)) as program:
        await program.type("hello")
        assert counts(api) == []
        pause_over(program)
        await program.see("next ≈", "in · ~")
        assert counts(api) == ["hello"]
        await program.type("!")
        await program.see_no("next ≈")
        assert counts(api) == ["hello"] and program.chat.accounts.draft.tokens is None
        await program.press("enter")
        await program.idle()
        assert counts(api) == ["hello"]


async def test_typing_on_takes_the_question_back(api: ThreadApi, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(api, settings=ON, size=(120, 24)) as program:
        asked: list[str | None] = []

        async def never(session: Session, draft: str | None = None, *, replaces: str | None = None) -> int | None:
            asked.append(draft)
            await asyncio.Event().wait()
            return 1

        monkeypatch.setattr(Session, "count", never)
        await program.type("a")
        pause_over(program)
        await program.until(lambda: asked == ["a"])
        task = program.chat.accounts.draft._asking
        assert task is not None and not task.done()
        await program.type("b")
        await program.until(task.done)
        assert program.chat.accounts.draft._asking is None and program.chat.accounts.draft.tokens is None
        pause_over(program)
        await program.until(lambda: asked == ["a", "ab"])
        await program.press("enter")
        await program.idle()
        assert program.draft == "" and program.chat.accounts.draft._asking is None


async def test_an_endpoint_that_fails_is_not_worth_a_word(api: ThreadApi, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(api, settings=ON, size=(120, 24)) as program:

        async def broken(session: Session, draft: str | None = None, *, replaces: str | None = None) -> int | None:
            raise OSError("no such count")

        monkeypatch.setattr(Session, "count", broken)
        await program.type("a")
        pause_over(program)
        await program.until(lambda: program.chat.accounts.draft._asking is not None)
        task = program.chat.accounts.draft._asking
        assert task is not None
        await program.until(task.done)
        assert task.exception() is None and "no such count" not in program.shown
        await program.type("/")
        pause_over(program)
        await program.slash("/cost")
        await program.see("Prices as of")


async def test_a_new_version_is_counted_with_what_came_before_it(api: ThreadApi) -> None:
    async with running(api, settings=ON, size=(120, 24)) as program:
        await program.ask("one")
        await program.ask("two")
        await program.press("shift+tab", "e")
        await program.until(lambda: program.chat.dialogue.editing is not None, "the edit")
        await program.until(lambda: program.chat.accounts.draft._timer is not None, "the pause")
        pause_over(program)
        await program.see("next ≈")
        counted = [one for one in api.requests if one.path.endswith("count_tokens")][-1]
        assert len(counted.body["messages"]) == 3 and counted.body["tools"]
