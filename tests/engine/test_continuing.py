"""One key goes on after every ending: what the next request says and what is stored. Nobody puts words into the model's mouth."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from claude_tui.domain.blocks import plain_text
from claude_tui.domain.continuing import NOTHING, WHOLE
from claude_tui.domain.errors import ErrorKind
from claude_tui.domain.events import BlockDelta, TurnStarted, replay
from claude_tui.domain.messages import Message, Outcome, Role, SessionInfo
from claude_tui.domain.turns import continues, is_prompt
from claude_tui.engine.approvals import Policy
from claude_tui.store import search
from tests.engine.scripted import (
    Answer,
    Bench,
    Gate,
    ScriptedTool,
    bench,
    call,
    failure,
    says,
    started,
    stopped,
    text,
    thinking,
)
from tests.unit.domain.validity import problems


@pytest.fixture
async def closing() -> AsyncIterator[list[Bench]]:
    made: list[Bench] = []
    yield made
    for one in made:
        await one.workspace.close()


PAUSED = [started(), *text(0, "Searching"), *stopped("pause_turn")]
TOOL_TURN = [started(), *thinking(0, "hm"), *call(1, "t", "{}", "x"), *stopped("tool_use")]
OVERLOADED = failure(ErrorKind.OVERLOADED, "busy")
CUT = failure(ErrorKind.TRUNCATED, "cut")


@dataclass(frozen=True)
class Ending:
    """Answers up to the ending. `said`: the user's last words in the request that goes on; None: exactly what was sent before.

    `answered`: the assistant's words right before that. `interrupt`: Esc at the gate.
    """

    answers: Sequence[Answer]
    said: str | None = None
    answered: str | None = None
    interrupt: bool = False
    outcome: Outcome = Outcome.FAILED


ENDINGS: dict[str, Ending] = {
    "interrupted in text": Ending(
        [[started(), *text(0, "One two")[:2], Gate()]], "after: «One two»", "One two", interrupt=True, outcome=Outcome.INTERRUPTED
    ),
    "interrupted before anything": Ending([[Gate()]], interrupt=True, outcome=Outcome.INTERRUPTED),
    "interrupted in thinking": Ending([[started(), *thinking(0, "hm"), Gate()]], interrupt=True, outcome=Outcome.INTERRUPTED),
    "the limit of tokens": Ending(
        [[started(), *text(0, "Half"), *stopped("max_tokens")]], "after: «Half»", "Half", outcome=Outcome.COMPLETED
    ),
    "a dropped connection": Ending([[started(), *text(0, "Half "), CUT]], "after: «Half»", "Half "),
    "overloaded before anything": Ending([[OVERLOADED]]),
    "a refusal": Ending([[started(), *text(0, "I can"), *stopped("refusal")]], outcome=Outcome.COMPLETED),
    "too many pauses": Ending([PAUSED] * 11),
    "an empty answer": Ending([[started(), *stopped()]], "was empty", outcome=Outcome.COMPLETED),
    "an unusual stop": Ending(
        [[started(), *text(0, "Half"), *stopped("comet")]], "after: «Half»", "Half", outcome=Outcome.COMPLETED
    ),
}


def last_words(request: Any) -> str:
    content = request.messages[-1]["content"]
    return content[-1].get("text", "") if request.messages[-1]["role"] == "user" else ""


async def ended(closing: list[Bench], ending: Ending, *more: Answer, **options: Any) -> Bench:
    one = await bench([*ending.answers, *more], retries=0, **options)
    closing.append(one)
    turn = one.session.submit("你好")
    if ending.interrupt:
        gate = ending.answers[-1][-1]
        assert isinstance(gate, Gate)
        await gate.reached.wait()
        one.session.interrupt()
    assert (await turn).outcome is ending.outcome
    return one


@pytest.mark.parametrize("name", ENDINGS)
async def test_every_ending_can_be_gone_on_from(name: str, closing: list[Bench]) -> None:
    ending = ENDINGS[name]
    one = await ended(closing, ending, says("and more"), says("next"))
    before, leaf = one.provider.requests[-1], one.session.path[-1]
    result = await one.session.continue_turn()
    assert result.outcome is Outcome.COMPLETED and result.answer is not None
    request = one.provider.requests[-1]
    assert problems(request.messages, continuing=name == "too many pauses") == []
    if name == "too many pauses":
        assert request.messages[-1]["role"] == "assistant" and len(request.messages[-1]["content"]) == 11
    elif ending.said is None:
        assert request.messages == before.messages
    else:
        assert ending.said in last_words(request)
        if ending.answered is not None:
            assert [message["content"][-1]["text"] for message in request.messages[-2:-1]] == [ending.answered]
    asked = result.messages[0]
    assert (continues(asked), asked.parent_id, bool(asked.blocks)) == (leaf.id, leaf.id, ending.said is not None)
    assert [message.id for message in await one.stored()] == [message.id for message in one.session.path]
    await one.session.submit("next")
    later = one.provider.requests[-1].messages
    stays = request.messages[:-1] if request.messages[-1]["role"] == "assistant" else request.messages
    assert later[: len(stays)] == stays, "what was sent once is sent again"
    assert problems(later) == []


@pytest.mark.parametrize("calls", ["interrupted", "too many"])
async def test_a_turn_that_stopped_at_its_calls_goes_on_from_their_results(calls: str, closing: list[Bench]) -> None:
    gate = Gate()
    tool = ScriptedTool("t", lambda _: gate.wait())
    one = await bench([TOOL_TURN, says("done")], tools=[tool], max_requests=1 if calls == "too many" else 5)
    closing.append(one)
    turn = one.session.submit("go")
    if calls == "interrupted":
        await gate.reached.wait()
        one.session.interrupt()
    assert (await turn).outcome is not Outcome.COMPLETED
    assert (await one.session.continue_turn()).outcome is Outcome.COMPLETED
    request = one.provider.requests[-1].messages
    assert [block["type"] for block in request[-1]["content"]] == ["tool_result"] and request[-1]["content"][0]["is_error"]
    assert request[-2]["content"][0]["type"] == "thinking"


async def test_where_there_is_nothing_to_go_on_with_it_says_so(closing: list[Bench]) -> None:
    gate = Gate()
    one = await bench([says("done"), [gate, *says("x")]])
    closing.append(one)
    with pytest.raises(ValueError, match=NOTHING):
        one.session.continue_turn()
    await one.session.submit("go")
    with pytest.raises(ValueError, match=WHOLE):
        one.session.continue_turn()
    turn = one.session.submit("go")
    await gate.reached.wait()
    with pytest.raises(RuntimeError):
        one.session.continue_turn()
    gate.open.set()
    await turn


async def test_pieces_may_be_many_and_each_is_quoted_from_its_own_end(closing: list[Bench]) -> None:
    one = await bench([[started(), *text(0, f"piece {n}"), *stopped("max_tokens")] for n in range(3)])
    closing.append(one)
    await one.session.submit("go")
    await one.session.continue_turn()
    await one.session.continue_turn()
    request = one.provider.requests[-1].messages
    assert [message["role"] for message in request] == ["user", "assistant"] * 2 + ["user"]
    assert "«piece 1»" in request[-1]["content"][0]["text"]


async def test_a_resend_that_fails_can_be_gone_on_from_again(closing: list[Bench]) -> None:
    one = await bench([[OVERLOADED], [OVERLOADED], says("at last")], retries=0)
    closing.append(one)
    await one.session.submit("go")
    assert (await one.session.continue_turn()).outcome is Outcome.FAILED
    assert (await one.session.continue_turn()).outcome is Outcome.COMPLETED
    assert [message["content"] for message in one.provider.requests[-1].messages] == [[{"type": "text", "text": "go"}]]


async def test_thinking_of_a_piece_that_was_dropped_stays_dropped(closing: list[Bench]) -> None:
    """The next piece's thinking is bound to a conversation that did not have it."""
    gate = Gate()
    one = await bench(
        [[started(), *thinking(0, "lost", "a"), gate], [started(), *thinking(0, "kept", "b"), *text(1, "x"), *stopped()], says("y")]
    )
    closing.append(one)
    turn = one.session.submit("go")
    await gate.reached.wait()
    one.session.interrupt()
    await turn
    await one.session.continue_turn()
    await one.session.submit("next")
    signatures = [block.get("signature") for block in one.provider.requests[-1].messages[1]["content"]]
    assert signatures == ["b", None]


async def test_a_continuation_is_no_prompt(closing: list[Bench]) -> None:
    one = await bench([[started(), *text(0, "Half"), *stopped("max_tokens")], says(" whole"), says("again")])
    closing.append(one)
    await one.session.submit("go")
    await one.session.continue_turn()
    asked = one.session.path[2]
    assert asked.role is Role.USER and not is_prompt(asked)
    assert one.session.info.title == "go"
    assert await one.store.prompts(None, 9) == await one.store.prompts(one.session.info.id, 9) == ["go"]
    with pytest.raises(ValueError, match="no prompt"):
        one.session.submit("x", replaces=asked.id)
    first = one.session.path[0]
    await one.session.submit("go again", replaces=first.id)
    assert len(one.session.versions_of(first.id)) == 2
    await one.session.switch_version(first.id)
    assert [plain_text(message.blocks) for message in one.session.path][-1] == " whole"


async def test_a_copy_goes_on_from_its_own_messages(closing: list[Bench]) -> None:
    one = await bench([[started(), *text(0, "Half"), *stopped("max_tokens")], says(" whole")])
    closing.append(one)
    await one.session.submit("go")
    await one.session.continue_turn()
    fork = await one.workspace.fork(one.session.info.id)
    assert continues(fork.path[2]) == fork.path[1].id


async def test_live_events_are_those_of_a_replay(closing: list[Bench]) -> None:
    one = await ended(closing, ENDINGS["the limit of tokens"], says("and more"))
    await one.session.continue_turn()
    live = [event.message.id for event in one.of(TurnStarted)]
    assert live == [event.message.id for event in replay(one.session.path) if isinstance(event, TurnStarted)]
    assert len([event for event in replay(one.session.path) if isinstance(event, BlockDelta)]) == 2


# The guard.


class Budget:
    """Says no while `left` is nought; every request takes one."""

    def __init__(self, left: int) -> None:
        self.left = left
        self.asked: list[str] = []

    async def __call__(self, info: SessionInfo) -> str | None:
        self.asked.append(info.id)
        self.left -= 1
        return "The budget of the day is spent." if self.left < 0 else None


def stopped_by_budget(one: Bench, message: Message | None = None) -> bool:
    error = one.events[-1].error  # type: ignore[union-attr]
    return error is not None and (error.kind, error.message) == (ErrorKind.BILLING, "The budget of the day is spent.")


async def test_the_guard_stops_the_first_request_and_the_key_goes_on(closing: list[Bench]) -> None:
    budget = Budget(0)
    one = await bench([says("hello"), says("more")], guard=budget)
    closing.append(one)
    result = await one.session.submit("go")
    assert result.outcome is Outcome.FAILED and stopped_by_budget(one)
    assert one.provider.requests == [] and [message.role for message in await one.stored()] == [Role.USER]
    assert (await one.session.continue_turn()).outcome is Outcome.FAILED
    assert (await one.session.continue_turn(over_budget=True)).outcome is Outcome.COMPLETED
    asked = len(budget.asked)
    await one.session.submit("more")
    assert len(budget.asked) == asked == 2, "it is not asked again in this session"
    one.session.allow_over_budget(False)
    assert (await one.session.submit("even more")).outcome is Outcome.FAILED


async def test_the_guard_is_asked_between_calls_and_nothing_is_lost(closing: list[Bench]) -> None:
    tool = ScriptedTool("t", lambda _: "result")
    one = await bench([TOOL_TURN, says("done")], tools=[tool], policies={"t": Policy.ALLOW}, guard=Budget(1))
    closing.append(one)
    assert (await one.session.submit("go")).outcome is Outcome.FAILED and stopped_by_budget(one)
    assert len(tool.runs) == 1 and len(one.provider.requests) == 1
    assert (await one.session.continue_turn(over_budget=True)).outcome is Outcome.COMPLETED
    assert one.provider.requests[-1].messages[-1]["content"][0]["content"] == "result"
    assert len(tool.runs) == 1


async def test_the_guard_is_asked_once_for_all_attempts_of_a_request(closing: list[Bench]) -> None:
    budget = Budget(5)
    busy = failure(ErrorKind.OVERLOADED, retryable=True, retry_after=0.0)
    one = await bench([[busy], says("at last")], guard=budget)
    closing.append(one)
    assert (await one.session.submit("go")).outcome is Outcome.COMPLETED
    assert len(budget.asked) == 1


async def test_what_the_model_was_told_is_not_found(closing: list[Bench]) -> None:
    one = await bench([[started(), *text(0, "Half"), *stopped("max_tokens")], says(" whole")])
    closing.append(one)
    await one.session.submit("go")
    await one.session.continue_turn()
    for _ in range(2):
        assert [len(await one.store.search(words)) for words in ("Half", "whole", "interrupted")] == [1, 1, 0]
        one.store._database.write(search._rebuild)
