"""Sessions in the whole program: opening, leaving, renaming, deleting, forking, and watching one of another process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from claude_tui.cli import compose
from claude_tui.cli.options import Resume
from claude_tui.config import Settings
from claude_tui.domain.messages import Outcome
from claude_tui.engine.endpoints import Endpoints
from claude_tui.engine.workspace import Workspace
from claude_tui.fakeapi import FakeApi, ThreadApi
from claude_tui.files import Paths
from claude_tui.ui.dock import Dock
from tests.ui.running import Program, answering, running


@pytest.fixture
def api() -> Iterator[ThreadApi]:
    with FakeApi.in_thread(answering()) as api:
        yield api


async def two_sessions(program: Program) -> tuple[str, str]:
    """Two of them, the second open; their ids."""
    await program.ask("apples")
    first = program.session.info.id
    await program.press("ctrl+n")
    await program.until(lambda: program.session.info.id != first)
    await program.ask("pears")
    return first, program.session.info.id


async def test_another_session_is_opened_from_the_list_and_by_its_id(api: ThreadApi) -> None:
    async with running(api) as program:
        first, second = await two_sessions(program)
        await program.put("draft of pears")
        await program.press("ctrl+s")
        await program.see("Sessions", "apples", "open here")
        await program.type("apples")
        await program.press("enter")
        await program.see("You said: apples")
        assert program.session.info.id == first and program.draft == ""
        await program.ask("more apples")
        assert len(api.calls[-1].body["messages"]) == 3
        await program.slash(f"/resume {second[:20]}")
        await program.see("You said: pears", "draft of pears")
        await program.slash("/resume zzzz")
        await program.see("No session")
        assert program.session.info.id == second


async def test_a_session_is_renamed_deleted_and_brought_back_in_the_list(api: ThreadApi) -> None:
    async with running(api) as program:
        _, second = await two_sessions(program)
        await program.press("ctrl+s")
        await program.see("apples", "open here")
        await program.type("apples")
        await program.press("f2")
        await program.see("Rename the session")
        await program.press("ctrl+u")
        await program.type("plums")
        await program.press("enter")
        await program.see("Renamed to “plums”")
        await program.press("ctrl+u")
        await program.type("plums")
        await program.press("delete")
        await program.see("Deleted “plums”")
        await program.press("u")
        await program.see("“plums” is back")
        await program.press("delete")
        await program.see("Deleted “plums”")
        await program.press("escape")
        assert program.session.info.id == second
        assert [info.id for info in await program.workspace.sessions()] == [second]
        await program.ask("goes on")
        await program.see("You said: goes on")


async def test_deleting_the_open_session_begins_a_new_one(api: ThreadApi) -> None:
    async with running(api) as program:
        first, second = await two_sessions(program)
        await program.press("ctrl+s")
        await program.see("open here")
        await program.press("delete")
        await program.see("Deleted “pears”")
        await program.press("escape")
        await program.until(lambda: program.session.info.id not in (first, second), "a new session")
        await program.see("What is on your mind?")
        await program.ask("fresh")
        assert len(api.calls[-1].body["messages"]) == 1
        assert {info.title for info in await program.workspace.sessions()} == {"apples", "fresh"}


async def test_deleting_the_open_session_and_taking_it_back_opens_it_again(api: ThreadApi) -> None:
    async with running(api) as program:
        _, second = await two_sessions(program)
        await program.press("ctrl+s")
        await program.see("open here")
        await program.press("delete")
        await program.see("Deleted “pears”")
        await program.press("u")
        await program.see("is back")
        await program.press("enter")
        await program.until(lambda: program.session.info.id == second and not program.session.closed, "the session, open again")
        await program.ask("goes on")
        assert len(api.calls[-1].body["messages"]) == 3


async def test_escape_after_taking_a_deletion_back_goes_on_with_the_session(api: ThreadApi) -> None:
    async with running(api) as program:
        _, second = await two_sessions(program)
        await program.press("ctrl+s")
        await program.see("open here")
        await program.press("delete")
        await program.see("Deleted “pears”")
        await program.press("u")
        await program.see("is back")
        await program.press("escape")
        await program.until(lambda: program.session.info.id == second and not program.session.closed, "the session, open again")


async def test_a_new_session_from_the_list_and_a_draft_that_waits_in_the_old(api: ThreadApi) -> None:
    async with running(api) as program:
        first, second = await two_sessions(program)
        await program.put("waiting words")
        await program.press("ctrl+s")
        await program.see("open here")
        await program.press("ctrl+n")
        await program.until(lambda: program.session.info.id not in (first, second))
        assert program.draft == ""
        await program.slash(f"/resume {second}")
        await program.see("You said: pears", "waiting words")


async def test_a_turn_that_is_left_goes_on_and_is_whole_when_one_comes_back(api: ThreadApi) -> None:
    async with running(api) as program:
        await program.send("hang")
        await program.see("The beginning")
        first = program.session
        await program.press("ctrl+n")
        await program.until(lambda: program.session is not first)
        await program.see("What is on your mind?", "Idle")
        await program.ask("meanwhile")
        assert first.busy
        await program.slash(f"/resume {first.info.id}")
        await program.see("The beginning", "Streaming")
        assert program.session is first
        api.release("go")
        await program.see("The beginning and the end.", "Idle")
        await program.ask("next")
        assert [message["role"] for message in api.calls[-1].body["messages"]] == ["user", "assistant", "user"]


async def test_a_turn_that_ended_while_nobody_looked_is_there(api: ThreadApi) -> None:
    async with running(api) as program:
        await program.send("hang")
        await program.see("The beginning")
        first = program.session
        await program.slash("/new")
        await program.until(lambda: program.session is not first)
        api.release("go")
        await program.until(lambda: first.closed, "the session that was left, closed")
        await program.slash(f"/resume {first.info.id}")
        await program.see("The beginning and the end.", "Idle")
        assert program.session is not first
        assert [message.status.value for message in program.session.path] == ["complete", "complete"]


async def test_leaving_the_program_commits_what_runs_in_every_session(api: ThreadApi) -> None:
    async with running(api) as program:
        await program.send("hang")
        await program.see("The beginning")
        await program.slash("/new")
        await program.until(lambda: not program.session.path)
        program.app.leave()
        await program.until(lambda: program.app.return_value, "the end")
    async with running(api, resume=Resume.LAST) as program:
        await program.see("The beginning", "Interrupted: what came is kept.")


async def test_a_fork_goes_its_own_way(api: ThreadApi) -> None:
    async with running(api) as program:
        await program.ask("one")
        await program.ask("two")
        original = program.session.info.id
        await program.press("alt+up", "home")
        await program.press("b")
        await program.told("This is the fork")
        await program.until(lambda: program.session.info.id != original)
        await program.see("You said: one")
        await program.see_no("two")
        await program.ask("three")
        assert len(api.calls[-1].body["messages"]) == 3
        await program.slash(f"/resume {original}")
        await program.see("You said: two")
        await program.see_no("three")


async def test_a_session_goes_on_with_the_model_of_the_command_line(api: ThreadApi) -> None:
    async with running(api) as program:
        await program.ask("apples")
    wanted = Settings(model="claude-haiku-5-5")
    async with running(api, resume=Resume.LAST, settings=wanted, flags={"model": wanted.model}) as program:
        await program.see("claude-haiku-5-5", "You said: apples")


async def test_a_queue_goes_on_where_the_turn_was_left_and_come_back_to(api: ThreadApi) -> None:
    async with running(api) as program:
        await program.send("hang")
        await program.see("The beginning")
        await program.send("queued words")
        first = program.session
        await program.slash("/new")
        await program.until(lambda: program.session is not first)
        assert "queued" not in program.shown
        await program.slash(f"/resume {first.info.id}")
        await program.see("queued: queued words", "The beginning")
        api.release("go")
        await program.see("You said: queued words")
        assert len(api.calls) == 2


async def test_a_question_is_asked_again_where_the_session_is_come_back_to(api: ThreadApi) -> None:
    async with running(api, settings=Settings(tools={"calculator": "ask"})) as program:
        await program.send("count")
        await program.see("Allow calculator?")
        first = program.session
        await program.slash("/new")
        await program.see_no("Allow calculator?")
        await program.slash(f"/resume {first.info.id}")
        await program.see("Allow calculator?", "expression: 6 * 7")
        program.chat.dock.post_message(Dock.Answered(program.chat.dock.asking or "", True))
        await program.see("The tool says: 42")


# Another process.


@asynccontextmanager
async def somebody_else(api: ThreadApi) -> AsyncIterator[Workspace]:
    """A second workspace on the same history: its locks are its own."""
    settings, paths = Settings(), Paths.find()
    workspace = await compose.open_workspace(
        settings, paths, endpoints=Endpoints.of(compose.demo_provider(settings, base_url=api.url, api_key=api.key))
    )
    try:
        yield workspace
    finally:
        await workspace.close()


async def ends(task: Any) -> Outcome:
    result = await task
    outcome: Outcome = result.outcome
    return outcome


async def test_a_session_of_another_process_is_watched_as_it_grows_and_taken_over_when_it_is_free(api: ThreadApi) -> None:
    async with somebody_else(api) as other:
        session = other.new(model="claude-opus-5-5")
        assert await ends(session.submit("first")) is Outcome.COMPLETED
        turn = session.submit("hang")
        async with running(api, resume=session.info.id) as program:
            await program.see("You said: first", "The beginning", "read-only", "Another process writes this session")
            program.chat.transcript.scroll_rows(-50)
            await program.send_nothing("mine")
            await program.see("read-only here", "┃ mine")
            assert len(api.calls) == 2
            api.release("go")
            assert await ends(turn) is Outcome.COMPLETED
            await program.see("The beginning and the end.")
            await session.close()
            await program.told("it is yours now")
            await program.until(lambda: program.chat.dialogue.session is not None, "the session")
            await program.see_no("Another process", "read-only")
            assert program.draft == "mine"
            await program.press("enter")
            await program.see("You said: mine")
            assert len(api.calls[-1].body["messages"]) == 5


async def test_a_watched_session_is_forked_while_it_runs(api: ThreadApi) -> None:
    async with somebody_else(api) as other:
        session = other.new(model="claude-opus-5-5")
        await ends(session.submit("first"))
        turn = session.submit("hang")
        async with running(api, resume=session.info.id) as program:
            await program.see("The beginning")
            await program.put("typed meanwhile")
            program.chat.commands.run_session_fork("")
            await program.told("This is the fork")
            await program.see_no("Another process")
            assert program.draft == "typed meanwhile"
            await program.press("enter")
            await program.see("You said: typed meanwhile")
            assert program.session.info.id != session.info.id
        session.interrupt()
        assert await ends(turn) is Outcome.INTERRUPTED
        assert [message.role.value for message in session.path] == ["user", "assistant"] * 2


async def test_a_session_in_use_elsewhere_is_neither_deleted_nor_renamed(api: ThreadApi) -> None:
    async with somebody_else(api) as other:
        session = other.new(model="claude-opus-5-5")
        await ends(session.submit("held words"))
        async with running(api) as program:
            await program.press("ctrl+s")
            await program.see("held words")
            await program.press("delete")
            await program.until(lambda: "is open elsewhere" in program.shown, "why not")
            await program.press("enter")
            await program.see("read-only", "You said: held words")
            await program.press("ctrl+n")
            await program.see("What is on your mind?")
            await program.see_no("read-only")
