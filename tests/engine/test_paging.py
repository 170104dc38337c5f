"""A long session is open at once with its newest part; the rest is read behind it, and no request goes out without it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from claude_tui.domain.blocks import text_block, tool_result
from claude_tui.domain.errors import StoreError
from claude_tui.domain.events import TurnStarted
from claude_tui.domain.ids import new_id, timestamp
from claude_tui.domain.messages import Message, Outcome, Role, SessionInfo
from claude_tui.domain.ports import Page
from claude_tui.domain.turns import is_prompt
from claude_tui.engine import branch as branch_module
from tests.engine.scripted import Bench, Gate, bench, says


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(branch_module, "NEWEST", 4)
    monkeypatch.setattr(branch_module, "OLDER", 5)


async def long(kinds: Sequence[str], answers: Sequence[str] = ()) -> tuple[Bench, SessionInfo, list[Message]]:
    """A stored session of such messages: prompts (`p`), answers (`a`), tool results (`r`)."""
    one = await bench([says(text) for text in answers])
    info = SessionInfo(new_id(), title="long", model="model-x", tools=(), created_at=timestamp())
    path: list[Message] = []
    for number, kind in enumerate(kinds):
        block = tool_result("x", "r") if kind == "r" else text_block(f"{kind}{number}")
        role = Role.ASSISTANT if kind == "a" else Role.USER
        path.append(Message(new_id(), info.id, path[-1].id if path else None, role, (block,), created_at=timestamp()))
    await one.store.import_session(info, path)
    return one, info, path


KNOWN = {"papapapapa": 4, "papa": 4, "pa": 2, "papapararararara": 14, "parara": 6, "papapapar": 3, "": 0}


@pytest.mark.parametrize(("kinds", "known"), KNOWN.items())
async def test_the_newest_page_begins_with_a_prompt(kinds: str, known: int) -> None:
    one, info, path = await long(kinds)
    session = await one.workspace.open(info.id)
    assert session.path == path[len(path) - known :]
    assert session.complete is (known == len(path)) and (not path or is_prompt(session.path[0]))
    same = session.path
    await asyncio.gather(session.load(), session.load())
    await session.load()
    assert session.complete and session.path == path and session.path is same
    await one.workspace.close()


async def test_the_first_request_holds_the_whole_path(monkeypatch: pytest.MonkeyPatch) -> None:
    one, info, path = await long("pa" * 12, ["new"])
    session = await one.workspace.open(info.id)
    gate, page = Gate(), one.store.page

    async def slowly(leaf_id: str, limit: int) -> Page:
        await gate.wait()
        return await page(leaf_id, limit)

    monkeypatch.setattr(one.store, "page", slowly)
    begun = asyncio.Event()
    session.subscribe(lambda event: begun.set() if isinstance(event, TurnStarted) else None)
    loading = asyncio.ensure_future(session.load())
    turn = session.submit("more")
    await gate.reached.wait()
    await begun.wait()
    assert one.provider.requests == [], "the prompt is on disk, and the request waits for the path"
    loading.cancel()
    gate.open.set()
    result = await turn
    assert [message.role for message in result.messages] == [Role.USER, Role.ASSISTANT]
    assert len(one.provider.requests[0].messages) == 25
    assert session.path == [*path, *result.messages] and session.complete
    await one.workspace.close()


async def test_a_path_that_cannot_be_read_fails_the_turn_and_keeps_the_prompt(monkeypatch: pytest.MonkeyPatch) -> None:
    one, info, _ = await long("pa" * 6, ["new"])
    session = await one.workspace.open(info.id)

    async def broken(_leaf_id: str, _limit: int) -> Page:
        raise StoreError("unreadable")

    with monkeypatch.context() as patched:
        patched.setattr(one.store, "page", broken)
        result = await session.submit("more")
    assert (result.outcome, len(result.messages)) == (Outcome.FAILED, 1) and one.provider.requests == []
    assert (await session.submit("again")).outcome is Outcome.COMPLETED
    assert len(one.provider.requests[0].messages) == 13
    await one.workspace.close()


async def test_replacing_the_first_known_prompt_of_many() -> None:
    one, info, path = await long("pa" * 6, ["new"])
    session = await one.workspace.open(info.id)
    result = await session.submit("other", replaces=session.path[0].id)
    assert session.path == [*path[:8], *result.messages]
    assert session.info.message_count == 10
    await one.workspace.close()


async def test_turning_to_another_version_while_the_rest_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    one, info, path = await long("pa" * 8, ["x"])
    session = await one.workspace.open(info.id)
    await session.load()
    await session.submit("first again", replaces=path[0].id)
    await session.close()
    session = await one.workspace.open(info.id)
    assert session.complete and len(session.path) == 2
    await session.switch_version(path[0].id)
    assert session.path == path[-4:] and not session.complete
    gate, page = Gate(), one.store.page
    calls = 0

    async def slowly(leaf_id: str, limit: int) -> Page:
        nonlocal calls
        calls += 1
        if calls == 1:
            await gate.wait()
        return await page(leaf_id, limit)

    monkeypatch.setattr(one.store, "page", slowly)
    loading = asyncio.ensure_future(session.load())
    await gate.reached.wait()
    other = session.versions_of(path[0].id)[1]
    await session.switch_version(other)
    gate.open.set()
    await loading
    assert session.path[0].id == other and len(session.path) == 2 and session.complete
    await one.workspace.close()


async def test_closing_does_not_wait_for_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    one, info, path = await long("pa" * 40)
    session = await one.workspace.open(info.id)
    loading = asyncio.ensure_future(session.load())
    await asyncio.sleep(0)
    await session.close()
    await loading
    assert len(session.path) < len(path)
    await one.workspace.close()
