"""One turn on a scripted provider: order of events, commits, interrupts in every phase, retries."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from claude_tui.domain.errors import ErrorKind, StoreError
from claude_tui.domain.events import (
    BlockDelta,
    BlockStarted,
    BlockStopped,
    MessageStarted,
    MessageStopped,
    Notice,
    RequestStarted,
    RetryScheduled,
    TurnEnded,
    TurnStarted,
)
from claude_tui.domain.messages import Message, Outcome, Role, Status
from claude_tui.engine import turn as turn_module
from tests.engine.scripted import Answer, Bench, Gate, bench, call, failure, says, started, stopped, text, thinking


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Retry waits end at once; their lengths are recorded."""
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    defaults = dict(turn_module.Turn.__init__.__kwdefaults__ or {})
    monkeypatch.setattr(turn_module.Turn.__init__, "__kwdefaults__", {**defaults, "sleep": sleep, "jitter": lambda: 0.5})
    return waits


@pytest.fixture
async def closing() -> AsyncIterator[list[Bench]]:
    made: list[Bench] = []
    yield made
    for one in made:
        await one.workspace.close()


async def test_a_turn_is_announced_in_order_and_stored(closing: list[Bench]) -> None:
    one = await bench([says("Hel", "lo")])
    closing.append(one)
    result = await one.session.submit("hi")
    assert result.outcome is Outcome.COMPLETED
    names = [type(event).__name__ for event in one.events]
    assert names == [
        "TurnStarted",
        "SessionChanged",
        "RequestStarted",
        "MessageStarted",
        "BlockStarted",
        "BlockDelta",
        "BlockDelta",
        "BlockStopped",
        "UsageReported",
        "MessageStopped",
        "TurnEnded",
    ]
    prompt, answer = await one.stored()
    assert (prompt.role, prompt.blocks) == (Role.USER, ({"type": "text", "text": "hi"},))
    assert answer.blocks == ({"type": "text", "text": "Hello"},)
    assert (answer.status, answer.stop_reason, answer.api_id) == (Status.COMPLETE, "end_turn", "msg_1")
    assert answer.usage == {"input_tokens": 5, "output_tokens": 9}
    assert answer.id == one.of(RequestStarted)[0].message_id == result.messages[-1].id


async def test_the_prompt_is_on_disk_before_the_turn_is_announced_and_the_answer_before_its_end(closing: list[Bench]) -> None:
    one = await bench([says("x")])
    closing.append(one)
    committed: list[str] = []
    add, finish = one.store.add_message, one.store.finish_message

    async def added(message: Message) -> None:
        await add(message)
        committed.append(message.id)

    async def finished(message: Message) -> None:
        await finish(message)
        committed.append(message.id)

    one.store.add_message = added  # type: ignore[method-assign]
    one.store.finish_message = finished  # type: ignore[method-assign]
    seen: dict[str, list[str]] = {}
    one.session.subscribe(lambda event: seen.setdefault(type(event).__name__, list(committed)))
    result = await one.session.submit("hi")
    prompt, answer = (message.id for message in result.messages)
    assert seen["TurnStarted"] == [prompt]
    assert seen["BlockStopped"] == [prompt]
    assert seen["MessageStopped"] == [prompt, answer]


PHASES: dict[str, tuple[list[object], tuple[dict[str, object], ...]]] = {
    "before anything": ([], ()),
    "after the start": ([started()], ()),
    "thinking": ([started(), *thinking(0, "hm")[:2]], ({"type": "thinking", "thinking": "hm", "signature": ""},)),
    "text": ([started(), *text(0, "par", "tial ")[:3]], ({"type": "text", "text": "partial "},)),
    "tool arguments": (
        [started(), *text(0, "I look"), *call(1, "t", '{"a":')[:2]],
        ({"type": "text", "text": "I look"}, {"type": "tool_use", "id": "toolu_1", "name": "t", "input": {}}),
    ),
}


@pytest.mark.parametrize("phase", PHASES)
async def test_an_interrupt_keeps_what_came(phase: str, closing: list[Bench]) -> None:
    before, blocks = PHASES[phase]
    gate = Gate()
    answer: Answer = [*before, gate]  # type: ignore[list-item]
    one = await bench([answer, says("again")])
    closing.append(one)
    turn = one.session.submit("hi")
    await gate.reached.wait()
    assert one.session.interrupt()
    result = await turn
    assert result.outcome is Outcome.INTERRUPTED
    assert result.error is None
    assert one.provider.closed == 1
    assert one.of(TurnEnded) == [TurnEnded(one.session.info.id, Outcome.INTERRUPTED)]
    assert type(one.events[-1]) is TurnEnded
    stored = await one.stored()
    if blocks:
        assert stored[-1].status is Status.INTERRUPTED
        assert stored[-1].blocks == blocks
    else:
        assert [message.role for message in stored] == [Role.USER]
    following = await one.session.submit("go on")
    assert following.outcome is Outcome.COMPLETED


async def test_an_interrupt_during_a_retry_wait_ends_it(closing: list[Bench], monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate()

    async def sleep(_seconds: float) -> None:
        await gate.wait()

    defaults = dict(turn_module.Turn.__init__.__kwdefaults__ or {})
    monkeypatch.setattr(turn_module.Turn.__init__, "__kwdefaults__", {**defaults, "sleep": sleep})
    one = await bench([[failure(ErrorKind.OVERLOADED, retryable=True)]])
    closing.append(one)
    turn = one.session.submit("hi")
    await gate.reached.wait()
    one.session.interrupt()
    result = await turn
    assert result.outcome is Outcome.INTERRUPTED
    assert len(one.provider.requests) == 1


async def test_an_interrupt_while_the_prompt_is_stored_loses_no_prompt(closing: list[Bench]) -> None:
    one = await bench([says("never")])
    closing.append(one)
    gate = Gate()
    add = one.store.add_message

    async def slow(message: Message) -> None:
        await gate.wait()
        await add(message)

    one.store.add_message = slow  # type: ignore[method-assign]
    turn = one.session.submit("precious")
    await gate.reached.wait()
    one.session.interrupt()
    gate.open.set()
    result = await turn
    assert result.outcome is Outcome.INTERRUPTED
    assert [type(event).__name__ for event in one.events] == ["TurnStarted", "SessionChanged", "TurnEnded"]
    assert (await one.stored())[0].blocks[0]["text"] == "precious"
    assert one.provider.requests == []


async def test_an_interrupt_while_the_answer_is_committed_leaves_it_complete(closing: list[Bench]) -> None:
    one = await bench([says("whole")])
    closing.append(one)
    gate = Gate()
    finish = one.store.finish_message
    calls = 0

    async def slow(message: Message) -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            await gate.wait()
        await finish(message)

    one.store.finish_message = slow  # type: ignore[method-assign]
    turn = one.session.submit("hi")
    await gate.reached.wait()
    one.session.interrupt()
    result = await turn
    assert result.outcome is Outcome.INTERRUPTED
    assert (await one.stored())[-1].status is Status.COMPLETE
    assert len(one.of(MessageStopped)) == 1


async def test_retries_are_announced_and_only_before_anything_is_shown(closing: list[Bench], no_waiting: list[float]) -> None:
    one = await bench(
        [
            [failure(ErrorKind.OVERLOADED, "busy", retryable=True)],
            [started(), failure(ErrorKind.SERVER, retryable=True)],
            says("ok"),
        ]
    )
    closing.append(one)
    result = await one.session.submit("hi")
    assert result.outcome is Outcome.COMPLETED
    assert result.timings["retries"] == 2
    assert [event.attempt for event in one.of(RequestStarted)] == [1, 2, 3]
    assert [(event.attempt, event.error.kind) for event in one.of(RetryScheduled)] == [(1, "overloaded"), (2, "server")]
    assert no_waiting == [0.75, 1.25]
    assert len({event.message_id for event in one.of(RequestStarted)}) == 1


@pytest.mark.parametrize("kind", [ErrorKind.OVERLOADED, ErrorKind.TRUNCATED, ErrorKind.TIMEOUT])
async def test_nothing_is_retried_once_a_block_came(kind: ErrorKind, closing: list[Bench]) -> None:
    one = await bench([[started(), *text(0, "some")[:2], failure(kind, "gone", retryable=True)], says("next")])
    closing.append(one)
    result = await one.session.submit("hi")
    assert (result.outcome, result.error.kind if result.error else None) == (Outcome.FAILED, kind)
    stored = (await one.stored())[-1]
    assert (stored.status, stored.blocks[0]["text"], stored.error.kind) == (Status.FAILED, "some", kind)
    assert one.of(RetryScheduled) == []
    assert (await one.session.submit("more")).outcome is Outcome.COMPLETED
    sent = one.provider.requests[-1].messages
    assert [message["role"] for message in sent] == ["user", "assistant", "user"]


async def test_retries_end(closing: list[Bench]) -> None:
    refusals: Sequence[Answer] = [[failure(ErrorKind.OVERLOADED, "busy", retryable=True)]] * 3
    one = await bench([*refusals, says("later")], retries=2)
    closing.append(one)
    result = await one.session.submit("hi")
    assert result.outcome is Outcome.FAILED
    assert len(one.provider.requests) == 3
    assert [message.role for message in result.messages] == [Role.USER]


async def test_a_long_retry_after_is_said_and_not_waited_for(closing: list[Bench], no_waiting: list[float]) -> None:
    one = await bench([[failure(ErrorKind.RATE_LIMIT, "slow down.", retryable=True, retry_after=86_400)]])
    closing.append(one)
    result = await one.session.submit("hi")
    assert result.error is not None
    assert result.error.message == "slow down. The server asks to wait 24.0 hours."
    assert no_waiting == []


async def test_a_stream_that_just_ends_is_truncated(closing: list[Bench]) -> None:
    one = await bench([[started(), *text(0, "half")]])
    closing.append(one)
    result = await one.session.submit("hi")
    assert result.error is not None
    assert result.error.kind is ErrorKind.TRUNCATED


async def test_thinking_bound_to_another_conversation_is_left_out_once_and_for_all(closing: list[Bench]) -> None:
    refused = failure(ErrorKind.INVALID_REQUEST, "messages.1.content.0: Invalid `signature` in `thinking` block.")
    first = [started(), *thinking(0, "deep"), *text(1, "one"), *stopped()]
    second = [started(), *thinking(0, "new"), *text(1, "two"), *stopped()]
    one = await bench([first, [refused], second, says("three")])
    closing.append(one)
    await one.session.submit("a")
    assert (await one.session.submit("b")).outcome is Outcome.COMPLETED
    assert len(one.of(Notice)) == 1
    sent = [[block["type"] for message in request.messages for block in message["content"]] for request in one.provider.requests]
    assert sent[1] == ["text", "thinking", "text", "text"]
    assert sent[2] == ["text", "text", "text"]
    await one.session.submit("c")
    kept = one.provider.requests[-1].messages
    thoughts = [block["thinking"] for message in kept for block in message["content"] if block["type"] == "thinking"]
    assert thoughts == ["new"]
    assert (await one.stored())[1].blocks[0]["thinking"] == "deep"


async def test_a_refusal_for_another_reason_is_not_repeated(closing: list[Bench]) -> None:
    one = await bench([[failure(ErrorKind.INVALID_REQUEST, "max_tokens: too large")]])
    closing.append(one)
    assert (await one.session.submit("a")).outcome is Outcome.FAILED
    assert len(one.provider.requests) == 1


async def test_a_history_that_cannot_be_written_stops_before_the_request(closing: list[Bench]) -> None:
    one = await bench([says("never")])
    closing.append(one)

    async def full(_message: Message) -> None:
        raise StoreError("The disk is full.")

    one.store.add_message = full  # type: ignore[method-assign]
    result = await one.session.submit("hi")
    assert result.error is not None
    assert result.error.kind is ErrorKind.STORAGE
    assert one.provider.requests == []
    assert one.of(TurnStarted) == []
    assert type(one.events[-1]) is TurnEnded


async def test_an_answer_that_cannot_be_stored_is_still_given_and_said_to_be_unsaved(closing: list[Bench]) -> None:
    one = await bench([says("precious")])
    closing.append(one)

    async def full(_message: Message) -> None:
        raise StoreError("The disk is full.")

    one.store.begin_message = full  # type: ignore[method-assign]
    one.store.finish_message = full  # type: ignore[method-assign]
    result = await one.session.submit("hi")
    assert [event.text for event in one.of(BlockDelta)] == ["precious"]
    assert one.of(Notice)[0].text.startswith("NOT SAVED")
    assert result.outcome is Outcome.FAILED
    assert result.error is not None
    assert result.error.kind is ErrorKind.STORAGE
    assert result.answer is not None
    assert result.answer.blocks[0]["text"] == "precious"


async def test_a_broken_sink_disturbs_nobody(closing: list[Bench]) -> None:
    one = await bench([says("fine")])
    closing.append(one)

    def broken(_event: object) -> None:
        raise ValueError("sink")

    one.session.subscribe(broken)
    last: list[object] = []
    one.session.subscribe(last.append)
    assert (await one.session.submit("hi")).outcome is Outcome.COMPLETED
    assert type(last[-1]) is TurnEnded


async def test_an_error_of_our_own_still_ends_the_turn(closing: list[Bench], monkeypatch: pytest.MonkeyPatch) -> None:
    one = await bench([says("x")])
    closing.append(one)
    monkeypatch.setattr(turn_module, "chat_request", lambda *_args, **_kwargs: 1 / 0)
    result = await one.session.submit("hi")
    assert result.outcome is Outcome.FAILED
    assert "ZeroDivisionError" in (result.error.message if result.error else "")
    assert type(one.events[-1]) is TurnEnded


async def test_what_is_shown_live_is_shown_again(closing: list[Bench]) -> None:
    one = await bench([[started(), *thinking(0, "hm"), *text(1, "Hel", "lo"), *stopped()]])
    closing.append(one)
    await one.session.submit("hi")
    again: list[object] = []
    one.session.replay_to(again.append)

    def folded(events: Sequence[object]) -> list[object]:
        kinds = (TurnStarted, MessageStarted, BlockStarted, BlockStopped, MessageStopped, TurnEnded)
        return [type(event) for event in events if isinstance(event, kinds)]

    assert folded(again) == folded(one.events)
    texts = [
        "".join(event.text for event in events if isinstance(event, BlockDelta) and event.kind == "text")
        for events in (again, one.events)
    ]
    assert texts == ["Hello", "Hello"]


async def test_one_turn_at_a_time(closing: list[Bench]) -> None:
    gate = Gate()
    one = await bench([[gate]])
    closing.append(one)
    turn = one.session.submit("a")
    await gate.reached.wait()
    with pytest.raises(RuntimeError):
        one.session.submit("b")
    one.session.interrupt()
    await turn
    assert not one.session.interrupt()


async def test_closing_commits_what_runs(closing: list[Bench]) -> None:
    gate = Gate()
    one = await bench([[started(), *text(0, "half")[:2], gate]])
    turn = one.session.submit("a")
    await gate.reached.wait()
    await one.session.close()
    assert (await asyncio.wait_for(turn, 5)).outcome is Outcome.INTERRUPTED
    assert (await one.stored())[-1].status is Status.INTERRUPTED
    await one.workspace.close()
