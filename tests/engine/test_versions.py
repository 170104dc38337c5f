"""A prompt said anew is a version beside the old one: the path is cut only when the new one is on disk, and one may go back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from claude_tui.domain.errors import ErrorKind, StoreError
from claude_tui.domain.events import SessionChanged, TurnStarted
from claude_tui.domain.messages import Message, Outcome, Role
from tests.engine.scripted import Bench, Gate, bench, call, failure, says, started, stopped


@pytest.fixture
async def closing() -> AsyncIterator[list[Bench]]:
    made: list[Bench] = []
    yield made
    for one in made:
        await one.workspace.close()


async def conversing(closing: list[Bench], *answers: str) -> Bench:
    """A bench that has had two turns, `a` and `b`, with more answers to come."""
    one = await bench([says("A"), says("B"), *(says(text) for text in answers)], retries=0)
    closing.append(one)
    await one.session.submit("a")
    await one.session.submit("b")
    return one


async def stored_ids(one: Bench) -> list[str]:
    return [message.id for message in await one.stored()]


def ids(one: Bench) -> list[str]:
    return [message.id for message in one.session.path]


def texts(one: Bench) -> list[str]:
    return [message.blocks[0]["text"] for message in one.session.path]


async def test_a_new_version_takes_the_place_of_the_old_one(closing: list[Bench]) -> None:
    one = await conversing(closing, "B2", "A2")
    first, _, second, _ = one.session.path
    result = await one.session.submit("b2", replaces=second.id)
    assert [message.blocks[0]["text"] for message in result.messages] == ["b2", "B2"]
    assert texts(one) == ["a", "A", "b2", "B2"]
    assert [message["content"][0]["text"] for message in one.provider.requests[-1].messages] == ["a", "A", "b2"]
    prompt = result.messages[0]
    assert prompt.parent_id == second.parent_id and one.of(TurnStarted)[-1].message == prompt
    assert one.session.versions_of(second.id) == one.session.versions_of(prompt.id) == (second.id, prompt.id)
    assert one.session.versions_of(first.id) == (first.id,)
    assert await stored_ids(one) == ids(one)
    again = await one.session.submit("a2", replaces=first.id)
    assert texts(one) == ["a2", "A2"] and again.messages[0].parent_id is None
    assert one.session.info.message_count == (await one.store.session(one.session.info.id)).message_count == 2
    assert len(await one.store.tree(one.session.info.id)) == 8, "nothing is lost"


async def test_only_prompts_on_the_path_are_replaced(closing: list[Bench]) -> None:
    tool_turn = [started(), *call(0, "t", "{}", "x"), *stopped("tool_use")]
    one = await bench([tool_turn, says("done")])
    closing.append(one)
    await one.session.submit("a")
    for message_id in ("nobody", one.session.path[1].id, one.session.path[2].id):
        with pytest.raises(ValueError, match="no prompt"):
            one.session.submit("x", replaces=message_id)
    assert not one.session.busy


async def test_a_version_that_cannot_be_stored_cuts_nothing(closing: list[Bench], monkeypatch: pytest.MonkeyPatch) -> None:
    one = await conversing(closing, "B2")
    before, prompt = list(one.session.path), one.session.path[2]

    async def full(_message: Message) -> None:
        raise StoreError("The disk is full.")

    with monkeypatch.context() as patched:
        patched.setattr(one.store, "add_message", full)
        result = await one.session.submit("b2", replaces=prompt.id)
    assert (result.outcome, result.messages) == (Outcome.FAILED, ())
    assert one.session.path == before and await stored_ids(one) == ids(one)
    assert one.session.versions_of(prompt.id) == (prompt.id,)
    assert (await one.session.submit("b3", replaces=prompt.id)).outcome is Outcome.COMPLETED


async def test_the_path_stays_until_the_new_prompt_is_on_disk(closing: list[Bench], monkeypatch: pytest.MonkeyPatch) -> None:
    one = await conversing(closing, "B2")
    gate, add = Gate(), one.store.add_message

    async def slowly(message: Message) -> None:
        await gate.wait()
        await add(message)

    monkeypatch.setattr(one.store, "add_message", slowly)
    turn = one.session.submit("b2", replaces=one.session.path[2].id)
    await gate.reached.wait()
    assert texts(one) == ["a", "A", "b", "B"]
    one.session.interrupt()
    gate.open.set()
    assert (await turn).outcome is Outcome.INTERRUPTED
    assert texts(one) == ["a", "A", "b2"] and await stored_ids(one) == ids(one)


async def test_going_back_and_forth_between_versions(closing: list[Bench]) -> None:
    one = await conversing(closing, "A2", "more")
    first, second = one.session.path[0].id, one.session.path[2].id
    await one.session.submit("a2", replaces=first)
    newest = one.session.path[0].id
    await one.session.switch_version(first)
    assert texts(one) == ["a", "A", "b", "B"] and await stored_ids(one) == ids(one)
    changed = one.events[-1]
    assert isinstance(changed, SessionChanged)
    assert (changed.session.leaf_id, changed.session.message_count) == (one.session.path[-1].id, 4)
    await one.session.submit("c")
    await one.session.switch_version(newest)
    assert texts(one) == ["a2", "A2"]
    await one.session.switch_version(first)
    assert texts(one)[-1] == "more" and second in [message.id for message in one.session.path]
    assert one.session.versions_of(newest) == (first, newest)


async def test_versions_are_known_after_reopening(closing: list[Bench]) -> None:
    one = await conversing(closing, "B2")
    old = one.session.path[2].id
    result = await one.session.submit("b2", replaces=old)
    session_id = one.session.info.id
    await one.session.close()
    again = await one.workspace.open(session_id)
    assert again.versions_of(old) == (old, result.messages[0].id)
    assert again.versions_of(result.messages[0].id) == again.versions_of(old)


async def test_a_turn_and_a_switch_exclude_each_other(closing: list[Bench], monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate()
    one = await bench([says("A"), [gate], says("C")])
    closing.append(one)
    await one.session.submit("a")
    prompt_id = one.session.path[0].id
    turn = one.session.submit("b")
    await gate.reached.wait()
    with pytest.raises(RuntimeError):
        await one.session.switch_version(prompt_id)
    one.session.interrupt()
    await turn
    slow, move = Gate(), one.store.move_leaf

    async def slowly(session_id: str, leaf_id: str | None) -> None:
        await slow.wait()
        await move(session_id, leaf_id)

    monkeypatch.setattr(one.store, "move_leaf", slowly)
    switching = asyncio.ensure_future(one.session.switch_version(prompt_id))
    await slow.reached.wait()
    with pytest.raises(RuntimeError):
        one.session.submit("c")
    switching.cancel()
    slow.open.set()
    with pytest.raises(asyncio.CancelledError):
        await switching
    assert (await one.session.submit("c")).outcome is Outcome.COMPLETED
    assert await stored_ids(one) == ids(one)


@pytest.mark.parametrize("again", [False, True])
async def test_an_interrupt_in_the_same_breath_loses_no_prompt(closing: list[Bench], again: bool) -> None:
    one = await bench([says("A"), says("B")])
    closing.append(one)
    turn = one.session.submit("a")
    assert one.session.interrupt()
    if again:
        assert one.session.interrupt()
    result = await turn
    assert result.outcome is Outcome.INTERRUPTED and texts(one) == ["a"]
    assert (await one.session.submit("b")).outcome is Outcome.COMPLETED


async def test_how_a_turn_failed_is_known_after_reopening(closing: list[Bench]) -> None:
    one = await bench([says("A"), [failure(ErrorKind.AUTH, "no key")]], retries=0)
    closing.append(one)
    await one.session.submit("a")
    result = await one.session.submit("b")
    live = list(one.events)
    assert result.messages[0].role is Role.USER
    await one.session.close()
    events: list[object] = []
    (await one.workspace.open(one.session.info.id)).replay_to(events.append)
    assert events[-1] == live[-1]
    stored = await one.stored()
    assert stored[-1] == result.messages[-1] and stored[-1].extra["turn_end"]["error"]["message"] == "no key"


async def test_a_call_without_a_result_gets_one_that_is_announced(closing: list[Bench]) -> None:
    """Failing after the tools had run: the mark goes with their results."""
    calls = [started(), *call(0, "t", "{}", "x"), *stopped("tool_use")]
    one = await bench([calls, [failure(ErrorKind.SERVER, "down")]], retries=0)
    closing.append(one)
    await one.session.submit("a")
    events: list[object] = []
    one.session.replay_to(events.append)
    assert events[-1] == one.events[-1]
    assert "turn_end" in (await one.stored())[-1].extra
