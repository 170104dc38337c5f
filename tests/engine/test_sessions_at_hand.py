"""What a workspace does with several sessions: leaving, opening again, copying, renaming, deleting, following, ending."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from claude_tui.domain.blocks import plain_text
from claude_tui.domain.desk import Desk
from claude_tui.domain.errors import SessionHeld, StoreError, UnknownSession
from claude_tui.domain.messages import Message, Outcome, Status
from claude_tui.domain.ports import Timeouts
from claude_tui.engine.approvals import Approvals
from claude_tui.engine.endpoints import Endpoints
from claude_tui.engine.session import Session
from claude_tui.engine.tooling import Toolbox
from claude_tui.engine.turn import TurnOptions
from claude_tui.engine.workspace import Workspace
from claude_tui.store.sqlite import SqliteStore
from claude_tui.tools.schema import problems
from tests.engine.scripted import Answer, Gate, ScriptedProvider, says, started, text


async def workspace(folder: Path, *answers: Answer) -> Workspace:
    def toolbox() -> Toolbox:
        return Toolbox({}, Approvals({}), timeout=5, checker=problems)

    return Workspace(
        await SqliteStore.open(folder), Endpoints.of(ScriptedProvider(answers)), toolbox, TurnOptions(1000, 0, 10, Timeouts())
    )


def half(gate: Gate) -> Answer:
    return [started(), *text(0, "half")[:2], gate, *says(" whole")[3:]]


def said(messages: list[Message]) -> list[str]:
    return [plain_text(message.blocks) for message in messages]


async def held(folder: Path, session_id: str) -> bool:
    other = await SqliteStore.open(folder)
    try:
        return other.is_held(session_id)
    finally:
        await other.close()


async def test_an_open_session_is_the_same_object(tmp_path: Path) -> None:
    one = await workspace(tmp_path, says("A"))
    session = one.new(model="m")
    assert await one.open(session.info.id.upper()) is session, "also before it is stored"
    await session.submit("a")
    assert await one.open(session.info.id[:12]) is session
    assert await one.open_latest() is session
    await session.close()
    first, second = await asyncio.gather(one.open(session.info.id), one.open(session.info.id))
    assert first is second and first is not session
    await one.close()


async def test_leaving_an_idle_session_lets_go_of_it(tmp_path: Path) -> None:
    one = await workspace(tmp_path, says("A"))
    session = one.new(model="m")
    await session.submit("a")
    assert await held(tmp_path, session.info.id)
    await one.leave(session)
    assert session.closed and not await held(tmp_path, session.info.id)
    await one.close()


async def test_a_busy_session_that_is_left_ends_its_turn_and_is_closed(tmp_path: Path) -> None:
    gate = Gate()
    one = await workspace(tmp_path, half(gate))
    session = one.new(model="m")
    turn = session.submit("a")
    await gate.reached.wait()
    await one.leave(session)
    assert not session.closed
    gate.open.set()
    assert (await turn).outcome is Outcome.COMPLETED
    while not session.closed:  # noqa: ASYNC110 - the turn's end is told to the workspace by the loop
        await asyncio.sleep(0)
    again = await one.open(session.info.id)
    assert again is not session and said(again.path) == ["a", "half"]
    await one.close()


async def test_a_session_that_is_opened_again_stays_open(tmp_path: Path) -> None:
    gate = Gate()
    one = await workspace(tmp_path, half(gate), says("B"))
    session = one.new(model="m")
    turn = session.submit("a")
    await gate.reached.wait()
    await one.leave(session)
    assert await one.open(session.info.id) is session
    gate.open.set()
    await turn
    assert (await session.submit("b")).outcome is Outcome.COMPLETED
    assert not session.closed
    await one.close()


async def test_the_newest_unsent_text_that_nobody_has_open_is_taken_up(tmp_path: Path) -> None:
    one, other = await workspace(tmp_path), await workspace(tmp_path)
    assert await one.adopt_unsent() is None
    sessions = [other.new(model="m") for _ in range(3)]
    for number, session in enumerate(sessions):
        await session.save_desk(Desk(f"draft {number}"))
    assert await one.adopt_unsent() is None, "all are held"
    for session in sessions[:2]:
        await session.close()
    adopted = [await one.adopt_unsent() for _ in range(3)]
    assert [session and session.desk.draft for session in adopted] == ["draft 1", "draft 0", None]
    await other.close()
    await one.close()


async def forked(one: Workspace, source: str, until: str | None = None) -> Session:
    fork = await one.fork(source, until)
    assert fork.info.id != source and not {message.session_id for message in fork.path} - {fork.info.id}
    return fork


async def test_a_fork_is_a_copy_with_a_life_of_its_own(tmp_path: Path) -> None:
    one = await workspace(tmp_path, says("A"), says("B"), says("C"))
    session = one.new(model="m", effort="low", system="Be brief.")
    await session.submit("a")
    await session.submit("b")
    await session.save_desk(Desk("draft"))
    whole = await forked(one, session.info.id)
    assert said(whole.path) == ["a", "A", "b", "B"] and not {m.id for m in whole.path} & {m.id for m in session.path}
    kept = ("title", "model", "effort", "system", "tools", "message_count")
    assert [getattr(whole.info, name) for name in kept] == [getattr(session.info, name) for name in kept]
    assert whole.desk == Desk()
    part = await forked(one, session.info.id, session.path[1].id)
    assert said(part.path) == ["a", "A"] and part.path[1].parent_id == part.path[0].id
    await part.submit("c")
    assert said(part.path) == ["a", "A", "c", "C"] and said(session.path) == ["a", "A", "b", "B"]
    for until in ("nobody", part.path[0].id):
        with pytest.raises(ValueError, match="no message"):
            await one.fork(session.info.id, until)
    await one.close()


async def test_a_fork_from_another_version(tmp_path: Path) -> None:
    one = await workspace(tmp_path, says("A"), says("B"))
    session = one.new(model="m")
    result = await session.submit("a")
    await session.submit("b", replaces=result.messages[0].id)
    fork = await forked(one, session.info.id, result.messages[1].id)
    assert said(fork.path) == ["a", "A"]
    await one.close()


async def test_a_fork_of_what_streams_elsewhere_holds_what_came(tmp_path: Path) -> None:
    gate = Gate()
    one, other = await workspace(tmp_path, half(gate)), await workspace(tmp_path, says("B"))
    session = one.new(model="m")
    turn = session.submit("a")
    await gate.reached.wait()
    watch = await other.watch(session.info.id)
    while said(await watch.changes() or []) != ["a", "half"]:  # noqa: ASYNC110 - the journal is behind by a moment
        await asyncio.sleep(0.01)
    fork = await forked(other, session.info.id)
    assert [message.status for message in fork.path] == [Status.COMPLETE, Status.INTERRUPTED]
    assert (await fork.submit("b")).outcome is Outcome.COMPLETED
    gate.open.set()
    assert (await turn).outcome is Outcome.COMPLETED
    await one.close()
    await other.close()


async def test_thinking_that_was_refused_stays_refused_in_a_fork(tmp_path: Path) -> None:
    one = await workspace(tmp_path, says("A"), says("B"))
    session = one.new(model="m")
    await session.submit("a")
    await session.submit("b")
    await session.note({"without_thinking_to": session.path[2].id, "other": 1})
    whole = await forked(one, session.info.id)
    part = await forked(one, session.info.id, session.path[1].id)
    assert whole.info.extra == {"without_thinking_to": whole.path[2].id, "other": 1}
    assert part.info.extra["without_thinking_to"] == part.path[-1].id
    await one.close()


async def test_renaming_deleting_and_restoring(tmp_path: Path) -> None:
    one, other = await workspace(tmp_path, says("A"), says("B")), await workspace(tmp_path)
    session, kept = one.new(model="m"), one.new(model="m")
    await session.submit("a")
    await kept.submit("b")
    for refused in (other.rename(session.info.id, "mine"), other.delete(session.info.id)):
        with pytest.raises(SessionHeld):
            await refused
    await one.rename(session.info.id, "open")
    assert session.info.title == "open"
    await session.close()
    await other.rename(session.info.id, " no longer\nopen ")
    assert [info.title for info in await one.sessions()] == ["no longer open", "b"]
    await other.delete(session.info.id)
    assert [info.title for info in await one.sessions(5)] == ["b"]
    with pytest.raises(UnknownSession):
        await one.open(session.info.id)
    await one.restore(session.info.id)
    assert said((await one.open(session.info.id)).path) == ["a", "A"]
    await one.close()
    await other.close()


async def test_deleting_what_runs_here_ends_it_first(tmp_path: Path) -> None:
    gate = Gate()
    one = await workspace(tmp_path, half(gate))
    session, never_used = one.new(model="m"), one.new(model="m")
    turn = session.submit("a")
    await gate.reached.wait()
    await one.delete(session.info.id)
    await one.delete(never_used.info.id)
    assert turn.result().outcome is Outcome.INTERRUPTED and session.closed and never_used.closed
    await one.restore(session.info.id)
    assert [message.status for message in (await one.open(session.info.id)).path] == [Status.COMPLETE, Status.INTERRUPTED]
    await one.close()


async def test_following_another_process(tmp_path: Path) -> None:
    gate = Gate()
    one, other = await workspace(tmp_path, says("A"), half(gate)), await workspace(tmp_path)
    session = one.new(model="m")
    await session.submit("a")
    watch = await other.watch(session.info.id[:10])
    assert said(await watch.changes() or []) == ["a", "A"] and await watch.changes() is None
    turn = session.submit("b")
    await gate.reached.wait()
    while said(await watch.changes() or [])[3:] != ["half"]:  # noqa: ASYNC110 - the journal is behind by a moment
        await asyncio.sleep(0.01)
    assert not await watch.is_free()
    gate.open.set()
    await turn
    await session.rename("Another")
    last = await watch.changes()
    assert last is not None and last[-1].status is Status.COMPLETE and watch.info.title == "Another"
    await one.close()
    assert await watch.is_free() and await watch.changes() is None
    await other.close()


async def test_closing_survives_what_cannot_be_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gates = [Gate(), Gate()]
    one = await workspace(tmp_path, *map(half, gates))
    sessions = [one.new(model="m") for _ in range(2)]
    turns = [session.submit("a") for session in sessions]
    for gate in gates:
        await gate.reached.wait()

    async def broken() -> None:
        raise StoreError("broken")

    monkeypatch.setattr(sessions[0], "close", broken)
    monkeypatch.setattr(one.endpoints.get("anthropic"), "close", broken)
    await one.close()
    assert [turn.result().outcome for turn in turns] == [Outcome.INTERRUPTED] * 2
    with pytest.raises(StoreError):
        await one.sessions()


async def test_everything_that_runs_can_be_stopped_at_once(tmp_path: Path) -> None:
    gates = [Gate(), Gate()]
    one = await workspace(tmp_path, *map(half, gates))
    turns = [one.new(model="m").submit("a") for _ in gates]
    for gate in gates:
        await gate.reached.wait()
    one.interrupt_all()
    assert [(await turn).outcome for turn in turns] == [Outcome.INTERRUPTED] * 2
    one.interrupt_all()
    await one.close()
