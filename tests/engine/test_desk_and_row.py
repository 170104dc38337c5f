"""The session's row and desk: made once, for a reason, whatever is asked at once; changed together in memory and on disk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from claude_tui.domain.desk import Desk
from claude_tui.domain.errors import StoreError, UnknownSession
from claude_tui.domain.events import SessionChanged
from claude_tui.domain.messages import Outcome, SessionInfo
from tests.engine.scripted import Bench, Gate, bench, says


@pytest.fixture
async def one() -> AsyncIterator[Bench]:
    made = await bench([says("A"), says("B"), says("C")])
    yield made
    await made.workspace.close()


async def test_a_desk_without_text_makes_no_session(one: Bench) -> None:
    await one.session.save_desk(Desk(place=("a", 1), draft="  "))
    with pytest.raises(UnknownSession):
        await one.store.session(one.session.info.id)
    assert not one.session.stored


async def test_text_on_the_desk_makes_one(one: Bench) -> None:
    desk = Desk("half a question")
    await one.session.save_desk(desk)
    assert [info.id for info in await one.store.unsent()] == [one.session.info.id]
    assert one.session.desk == await one.store.desk(one.session.info.id) == desk
    assert (await one.session.submit("whole")).outcome is Outcome.COMPLETED
    stored = await one.store.session(one.session.info.id)
    assert stored.title == one.session.info.title == "whole" and stored.tools == ()
    await one.session.save_desk(Desk())
    assert await one.store.desk(one.session.info.id) == Desk()


async def test_the_row_is_made_once_whatever_is_asked_at_once(one: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[SessionInfo] = []
    gate, create = Gate(), one.store.create_session

    async def slowly(info: SessionInfo) -> None:
        made.append(info)
        await gate.wait()
        await create(info)

    monkeypatch.setattr(one.store, "create_session", slowly)
    first = asyncio.ensure_future(one.session.save_desk(Desk("one")))
    await gate.reached.wait()
    second = asyncio.ensure_future(one.session.save_desk(Desk("two")))
    turn = one.session.submit("go")
    third = asyncio.ensure_future(one.session.save_desk(Desk("three")))
    first.cancel()
    gate.open.set()
    results = await asyncio.gather(first, second, third, turn, return_exceptions=True)
    assert isinstance(results[0], asyncio.CancelledError) and results[1:3] == [None, None]
    assert len(made) == 1 and turn.result().outcome is Outcome.COMPLETED
    assert await one.store.desk(one.session.info.id) == one.session.desk == Desk("three")
    assert (await one.store.session(one.session.info.id)).title == "go"


async def test_a_session_without_a_row_changes_in_memory(one: Bench) -> None:
    await one.session.rename("  A\n title\x1b ")
    await one.session.set_system("Be brief.")
    await one.session.switch_model("model-y", "high")
    assert len(one.of(SessionChanged)) == 3 and not one.session.stored
    await one.session.submit("go")
    stored = await one.store.session(one.session.info.id)
    assert (stored.title, stored.system, stored.model, stored.effort) == ("A title\u241b", "Be brief.", "model-y", "high")
    assert one.provider.requests[0].system == "Be brief."


async def test_a_title_can_be_seen(one: Bench) -> None:
    with pytest.raises(ValueError, match="title"):
        await one.session.rename(" \u200b\n")
    await one.session.submit("go")
    await one.session.rename("标题")
    assert (await one.store.session(one.session.info.id)).title == one.session.info.title == "标题"
    count = len(one.of(SessionChanged))
    await one.session.rename("标题")
    assert len(one.of(SessionChanged)) == count, "nothing changed"


async def test_the_system_prompt_is_frozen_with_the_first_request(one: Bench) -> None:
    await one.session.set_system("one")
    await one.session.set_system("  ")
    assert one.session.info.system is None
    await one.session.submit("go")
    with pytest.raises(RuntimeError):
        await one.session.set_system("two")


async def test_the_effort_can_be_taken_back(one: Bench) -> None:
    await one.session.switch_model("model-y", "high")
    await one.session.switch_model("model-z")
    assert one.session.info.effort == "high"
    await one.session.switch_model(effort=None)
    assert (one.session.info.model, one.session.info.effort) == ("model-z", None)


async def test_a_switch_while_a_turn_runs_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate()
    one = await bench([[*says("A")[:3], gate, *says("A")[3:]], says("B")])
    turn = one.session.submit("a")
    await gate.reached.wait()
    await one.session.switch_model("model-y", "low")
    await one.session.rename("Mine")
    gate.open.set()
    await turn
    assert (one.session.info.model, one.session.info.effort, one.session.info.title) == ("model-y", "low", "Mine")
    await one.session.submit("b")
    assert [(request.model, request.effort) for request in one.provider.requests] == [("model-x", None), ("model-y", "low")]
    stored = await one.store.session(one.session.info.id)
    assert (stored.model, stored.title) == ("model-y", "Mine")
    assert stored == await one.store.session(one.session.info.id)
    await one.workspace.close()


async def test_what_the_disk_refuses_did_not_happen(one: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    await one.session.submit("go")

    async def full(_info: SessionInfo) -> None:
        raise StoreError("The disk is full.")

    count = len(one.events)
    with monkeypatch.context() as patched:
        patched.setattr(one.store, "update_session", full)
        with pytest.raises(StoreError):
            await one.session.rename("Another")
    assert one.session.info.title == "go" and len(one.events) == count
    await one.session.rename("Another")
    assert (await one.store.session(one.session.info.id)).title == "Another"


async def test_a_prompt_whose_session_cannot_be_made_can_be_sent_again(one: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(_info: SessionInfo) -> None:
        raise StoreError("The disk is full.")

    with monkeypatch.context() as patched:
        patched.setattr(one.store, "create_session", full)
        assert (await one.session.submit("first")).outcome is Outcome.FAILED
    assert (one.session.info.title, one.session.info.tools) == ("", None)
    assert (await one.session.submit("second")).outcome is Outcome.COMPLETED
    assert (await one.store.session(one.session.info.id)).title == "second"


async def test_a_closed_session_takes_nothing_more(one: Bench) -> None:
    await one.session.submit("go")
    await one.session.save_desk(Desk("kept"))
    await one.session.close()
    await one.session.close()
    with pytest.raises(RuntimeError):
        one.session.submit("more")
    with pytest.raises(RuntimeError):
        await one.session.rename("x")
    with pytest.raises(StoreError):
        await one.session.save_desk(Desk("lost?"))
    assert (await one.workspace.open(one.session.info.id)).desk == Desk("kept")
