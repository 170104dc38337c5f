"""Opening, making and holding sessions."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from claude_tui.domain.errors import SessionHeld, UnknownSession
from claude_tui.domain.events import SessionChanged
from claude_tui.domain.messages import Outcome
from claude_tui.domain.ports import Timeouts
from claude_tui.engine.approvals import Approvals, Policy
from claude_tui.engine.endpoints import Endpoints
from claude_tui.engine.tooling import Toolbox
from claude_tui.engine.turn import TurnOptions
from claude_tui.engine.workspace import Workspace
from claude_tui.store.sqlite import SqliteStore
from claude_tui.tools.schema import problems
from tests.engine.scripted import Gate, ScriptedProvider, ScriptedTool, says, started, text


async def workspace(folder: Path, provider: ScriptedProvider, *tools: ScriptedTool) -> Workspace:
    by_name = {tool.name: tool for tool in tools}

    def toolbox() -> Toolbox:
        return Toolbox(by_name, Approvals(dict.fromkeys(by_name, Policy.ALLOW)), timeout=5, checker=problems)

    return Workspace(await SqliteStore.open(folder), Endpoints.of(provider), toolbox, TurnOptions(1000, 0, 10, Timeouts()))


async def test_a_session_goes_on_where_it_was_left(tmp_path: Path) -> None:
    first = await workspace(tmp_path, ScriptedProvider([says("one")]), ScriptedTool("b", str), ScriptedTool("a", str))
    session = first.new(model="model-x", effort="low", system="Be brief.")
    await session.submit("  What is\nthis? ")
    session_id = session.info.id
    await first.close()

    provider = ScriptedProvider([says("two")])
    second = await workspace(tmp_path, provider, ScriptedTool("z", str))
    latest = await second.open_latest()
    assert latest is not None
    assert (latest.info.id, latest.info.title, latest.info.effort) == (session_id, "What is this?", "low")
    assert (await latest.submit("and?")).outcome is Outcome.COMPLETED
    request = provider.requests[0]
    assert (request.system, request.effort) == ("Be brief.", "low")
    assert [tool["name"] for tool in request.tools] == ["a", "b"], "frozen with the session, whatever tools there are now"
    assert len(request.messages) == 3
    await second.close()


async def test_a_session_without_a_prompt_leaves_no_trace(tmp_path: Path) -> None:
    one = await workspace(tmp_path, ScriptedProvider([]))
    one.new(model="model-x")
    assert await one.store.sessions() == []
    assert await one.open_latest() is None
    await one.close()


async def test_a_session_that_is_held_is_not_opened(tmp_path: Path) -> None:
    one = await workspace(tmp_path, ScriptedProvider([says("one")]))
    session = one.new(model="model-x")
    await session.submit("hi")
    other = await workspace(tmp_path, ScriptedProvider([]))
    with pytest.raises(SessionHeld):
        await other.open(session.info.id)
    await session.close()
    reopened = await other.open(session.info.id[:12])
    assert len(reopened.path) == 2
    with pytest.raises(UnknownSession):
        await other.open("zzzzzzzz")
    await other.close()
    await one.close()


async def test_the_model_is_switched_for_the_requests_to_come(tmp_path: Path) -> None:
    provider = ScriptedProvider([says("one"), says("two")])
    one = await workspace(tmp_path, provider)
    session = one.new(model="model-x")
    seen: list[object] = []
    session.subscribe(seen.append)
    await session.submit("hi")
    await session.switch_model("model-y", "high")
    await session.switch_model()
    await session.submit("again")
    assert [(request.model, request.effort) for request in provider.requests] == [("model-x", None), ("model-y", "high")]
    assert len([event for event in seen if isinstance(event, SessionChanged)]) == 2
    assert (await one.store.session(session.info.id)).model == "model-y"
    await one.close()


async def test_closing_the_workspace_commits_what_runs(tmp_path: Path) -> None:
    gate = Gate()
    one = await workspace(tmp_path, ScriptedProvider([[started(), *text(0, "half")[:2], gate]]))
    session = one.new(model="model-x")
    turn = session.submit("hi")
    await gate.reached.wait()
    await one.close()
    assert (await asyncio.wait_for(turn, 5)).outcome is Outcome.INTERRUPTED
    again = await workspace(tmp_path, ScriptedProvider([]))
    stored = await again.open(session.info.id)
    assert [message.status.value for message in stored.path] == ["complete", "interrupted"]
    await again.close()
