"""A whole turn with tools while the disk takes nothing: the model is answered, and afterwards the disk has all of it in order."""

from __future__ import annotations

from pathlib import Path

import pytest

from claude_tui.domain.blocks import block_type, plain_text
from claude_tui.domain.desk import Desk
from claude_tui.domain.errors import ErrorKind
from claude_tui.domain.events import Notice, TurnEnded, TurnStarted
from claude_tui.domain.messages import Outcome
from claude_tui.store import SqliteStore, room
from tests.engine.scripted import Bench, Gate, ScriptedTool, bench, call, says, started, stopped, text
from tests.unit.store.outages import FaultyDisk, everything, faulty, full, quick

__all__ = ["faulty", "quick"]
pytestmark = pytest.mark.usefixtures("quick")


def calling() -> list[object]:
    return [started(), *text(0, "Let me see."), *call(1, "t", '{"a": 1}'), *stopped("tool_use")]


def saved_again(one: Bench) -> bool:
    return any(notice.saved for notice in one.of(Notice))


async def until_saved(one: Bench) -> None:
    store = one.store
    while not saved_again(one):
        await store.sessions()  # one turn of the thread, in which it tries the disk


async def test_a_turn_with_tools_in_the_dark_is_on_disk_in_order_afterwards(tmp_path: Path) -> None:
    tool = ScriptedTool("t", lambda _: "42")
    answers = [says("light"), calling(), says("It is 42."), says("And on.")]
    one = await bench(answers, tools=[tool], store=await SqliteStore.open(tmp_path))  # type: ignore[arg-type]
    await one.session.submit("in the light")
    with full(tmp_path):
        result = await one.session.submit("in the dark")
        assert result.outcome is Outcome.COMPLETED and plain_text(result.messages[-1].blocks) == "It is 42."
        await one.session.save_desk(Desk(draft="half a thought"))
        await one.session.rename("Darkness")
        fork = await one.workspace.fork(one.session.info.id)
        assert [plain_text(message.blocks) for message in fork.path][-1] == "It is 42."
        assert one.workspace.outage is not None and one.workspace.unsaved
        assert [notice.saved for notice in one.of(Notice)] == [False] and "is full" in one.of(Notice)[0].text
        dark = await everything(one.store)
    await until_saved(one)
    assert [notice.saved for notice in one.of(Notice)] == [False, True] and tool.runs == [{"a": 1}]
    assert one.workspace.outage is None and await everything(one.store) == dark
    await one.session.submit("in the light again")
    await one.workspace.close()
    reopened = await SqliteStore.open(tmp_path)
    info = await reopened.session(one.session.info.id)
    path = await reopened.path(info.leaf_id or "")
    assert [block_type(message.blocks[-1]) for message in path] == [
        "text",
        "text",
        "text",
        "tool_use",
        "tool_result",
        "text",
        "text",
        "text",
    ]
    assert info.title == "Darkness" and [message.id for message in path] == [message.id for message in one.session.path]
    assert len(await reopened.spending(session_id=info.id)) == 4 and reopened.recovered == ()
    await reopened.close()


async def test_a_disk_that_fails_in_the_middle_of_an_answer_is_told_and_disturbs_nothing(
    tmp_path: Path, faulty: FaultyDisk
) -> None:
    gate = Gate()
    one = await bench(
        [[started(), *text(0, "half ")[:2], gate, *text(0, "whole")[1:], *stopped()]], store=await SqliteStore.open(tmp_path)
    )
    turn = one.session.submit("go")
    await gate.reached.wait()
    faulty.full = True
    gate.open.set()
    assert (await turn).outcome is Outcome.COMPLETED
    assert one.of(Notice)[0].text == "NOT SAVED: The disk is full."
    faulty.full = False
    await until_saved(one)
    assert [plain_text(message.blocks) for message in await one.stored()] == ["go", "half whole"]
    await one.workspace.close()


async def test_past_the_limit_a_prompt_is_refused_and_the_answer_before_it_is_whole(
    tmp_path: Path, faulty: FaultyDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room.Room.__init__, "__defaults__", (4000,))
    one = await bench([says("y" * 4000), says("after")], store=await SqliteStore.open(tmp_path))
    faulty.full = True
    assert (await one.session.submit("x" * 3000)).outcome is Outcome.COMPLETED
    refused = await one.session.submit("more")
    assert refused.error is not None and refused.error.kind is ErrorKind.STORAGE and refused.messages == ()
    assert len(one.of(TurnStarted)) == 1 and len(one.of(TurnEnded)) == 2
    faulty.full = False
    await until_saved(one)
    await one.session.submit("again")
    assert [len(plain_text(message.blocks)) for message in await one.stored()] == [3000, 4000, 5, 5]
    await one.workspace.close()


async def test_what_a_closed_workspace_lost_is_said(tmp_path: Path, faulty: FaultyDisk) -> None:
    one = await bench([says("precious")], store=await SqliteStore.open(tmp_path))
    faulty.full = True
    await one.session.submit("go")
    await one.workspace.close()
    assert one.workspace.unsaved and "full" in str(one.workspace.outage)
    assert [plain_text(message.blocks) for message in one.session.path_so_far] == ["go", "precious"]
