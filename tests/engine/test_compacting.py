"""A summary takes the place of the conversation: the API's on the same path, the model's at a root of its own beside it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import pytest

from claude_tui.domain.continuing import COMPACTED, TOO_LONG, TOO_SHORT
from claude_tui.domain.errors import ErrorKind
from claude_tui.domain.events import Notice, TurnEnded, TurnStarted
from claude_tui.domain.history import SUMMARY_HEAD, build, summary_of
from claude_tui.domain.messages import Outcome
from claude_tui.domain.turns import compacts as asks_for_summary
from claude_tui.domain.turns import stands_for
from claude_tui.engine.compacting import NO_SUMMARY
from tests.engine.scripted import (
    Answer,
    Bench,
    Gate,
    ScriptedTool,
    bench,
    call,
    compacts,
    failure,
    says,
    started,
    stopped,
    text,
    thinking,
)
from tests.unit.domain.validity import problems

TOO_MUCH = failure(ErrorKind.CONTEXT, "prompt is too long")
THOUGHT: Answer = [started(), *thinking(0, "hm", "early"), *text(1, "A"), *stopped()]
LATER: Answer = [started(), *thinking(0, "hm", "late"), *text(1, "B"), *stopped()]


@pytest.fixture
async def closing() -> AsyncIterator[list[Bench]]:
    made: list[Bench] = []
    yield made
    for one in made:
        await one.workspace.close()


async def talking(closing: list[Bench], answers: Sequence[Answer], *, api: bool, **options: object) -> Bench:
    one = await bench(answers, retries=0, **options)  # type: ignore[arg-type]
    one.provider.summarises = api
    closing.append(one)
    return one


def words(one: Bench, at: int = -1) -> list[tuple[str, list[str]]]:
    """What the request says: text, or the kind of block."""
    messages = one.provider.requests[at].messages
    return [(message["role"], [block.get("text") or block["type"] for block in message["content"]]) for message in messages]


async def consistent(one: Bench) -> None:
    """Memory is as the disk is."""
    stored = await one.stored()
    assert [message.id for message in stored] == [message.id for message in one.session.path]
    info = await one.store.session(one.session.info.id)
    assert (info.message_count, info.status) == (one.session.info.message_count, one.session.info.status)


async def test_the_apis_summary_comes_first_from_then_on(closing: list[Bench]) -> None:
    one = await talking(closing, [THOUGHT, compacts("All of it."), LATER, says("C")], api=True)
    await one.session.submit("a")
    result = await one.session.compact("keep names")
    assert result.outcome is Outcome.COMPLETED and result.answer is not None and summary_of(result.answer) == "All of it."
    request = one.provider.requests[1]
    assert request.compact and request.instructions is not None and request.instructions.endswith("keep names")
    assert [role for role, _ in words(one)] == ["user", "assistant", "user"]
    assert words(one)[:2] == [("user", ["a"]), ("assistant", ["thinking", "A"])]
    await one.session.submit("b")
    await one.session.submit("c")
    assert not one.provider.requests[-1].compact
    assert words(one) == [
        ("assistant", ["compaction"]),
        ("user", ["b"]),
        ("assistant", ["thinking", "B"]),
        ("user", ["c"]),
    ]
    assert one.session.info.title == "a" and await one.store.prompts(None, 9) == ["c", "b", "a"]
    await consistent(one)


async def test_without_instructions_the_api_has_a_prompt_of_its_own(closing: list[Bench]) -> None:
    one = await talking(closing, [says("A"), compacts("All.")], api=True)
    await one.session.submit("a")
    await one.session.compact()
    assert one.provider.requests[-1].compact and one.provider.requests[-1].instructions is None


async def test_elsewhere_the_model_writes_a_summary_and_it_becomes_a_root(closing: list[Bench]) -> None:
    one = await talking(closing, [THOUGHT, says("All ", "of it."), LATER, says("C")], api=False)
    await one.session.submit("a")
    first, leaf = one.session.path[0], one.session.path[-1]
    await one.session.compact("keep names")
    request = one.provider.requests[1]
    assert not request.compact and request.instructions is None
    assert "keep names" in words(one)[-1][1][-1]
    (root,) = one.session.path
    assert root.parent_id is None and root.blocks[0]["text"] == SUMMARY_HEAD + "All of it."
    assert stands_for(root) not in (None, leaf.id) and root.extra["summarised"] == 2
    assert one.session.versions_of(first.id) == one.session.versions_of(root.id) == (first.id, root.id)
    assert [type(event) for event in one.events[-3:]] == [TurnStarted, TurnEnded, Notice]
    await one.session.submit("b")
    await one.session.submit("c")
    assert words(one) == [
        ("user", [SUMMARY_HEAD + "All of it.", "b"]),
        ("assistant", ["thinking", "B"]),
        ("user", ["c"]),
    ]
    assert one.session.info.title == "a" and await one.store.prompts(None, 9) == ["c", "b", "a"]
    await consistent(one)


async def test_one_may_go_back_to_what_was_summarised(closing: list[Bench]) -> None:
    one = await talking(closing, [THOUGHT, says("Sum."), LATER], api=False)
    await one.session.submit("a")
    first = one.session.path[0]
    await one.session.compact()
    root = one.session.path[0]
    again = await one.workspace.open(one.session.info.id)
    assert again.versions_of(root.id) == (first.id, root.id)
    await one.session.switch_version(first.id)
    await one.session.submit("b")
    assert words(one) == [("user", ["a"]), ("assistant", ["thinking", "A"]), ("user", ["b"])], "the summary is no part of it"
    assert [asks_for_summary(message) for message in one.session.path] == [False, False, True, False, False, False]
    await consistent(one)


@pytest.mark.parametrize("api", [True, False])
async def test_a_summary_of_a_summary(closing: list[Bench], api: bool) -> None:
    summary = compacts if api else says
    one = await talking(closing, [says("A"), summary("One."), says("B"), summary("Two."), says("C")], api=api)
    await one.session.submit("a")
    for prompt in ("b", "c"):
        await one.session.compact()
        with pytest.raises(ValueError, match=TOO_SHORT):
            one.session.compact()
        with pytest.raises(ValueError, match=COMPACTED):
            one.session.continue_turn()
        await one.session.submit(prompt)
    kept = [("assistant", ["compaction"]), ("user", ["c"])] if api else [("user", [SUMMARY_HEAD + "Two.", "c"])]
    assert words(one) == kept
    assert (one.provider.requests[-1].messages[0]["content"][0].get("content") == "Two.") is api
    await consistent(one)


async def test_there_is_something_to_compact_or_it_says_so(closing: list[Bench]) -> None:
    one = await talking(closing, [says("A")], api=True)
    with pytest.raises(ValueError, match=TOO_SHORT):
        one.session.compact()
    turn = one.session.submit("a")
    with pytest.raises(RuntimeError):
        one.session.compact()
    await turn


@pytest.mark.parametrize("api", [True, False])
async def test_a_summary_that_fails_changes_nothing_and_the_key_asks_again(closing: list[Bench], api: bool) -> None:
    summary = compacts("Sum.") if api else says("Sum.")
    half = [started(), *text(0, "Half"), failure(ErrorKind.TRUNCATED)]
    one = await talking(closing, [THOUGHT, half, summary, LATER, says("C")], api=api)
    await one.session.submit("a")
    assert (await one.session.compact("names")).outcome is Outcome.FAILED
    before = one.provider.requests[-1]
    assert len(one.session.path) == 4
    assert (await one.session.continue_turn()).outcome is Outcome.COMPLETED
    again = one.provider.requests[-1]
    assert (again.compact, again.instructions, again.messages) == (before.compact, before.instructions, before.messages)
    await one.session.submit("b")
    assert len(words(one)) == (2 if api else 1)
    await consistent(one)


@pytest.mark.parametrize("api", [True, False])
async def test_after_a_summary_that_failed_the_conversation_goes_on_as_it_was(closing: list[Bench], api: bool) -> None:
    half = [started(), *text(0, "Half"), failure(ErrorKind.TRUNCATED)]
    one = await talking(closing, [THOUGHT, half, LATER], api=api)
    await one.session.submit("a")
    await one.session.compact()
    await one.session.submit("b")
    assert words(one) == [("user", ["a"]), ("assistant", ["thinking", "A"]), ("user", ["b"])]


@pytest.mark.parametrize("api", [True, False])
async def test_an_empty_summary_is_none(closing: list[Bench], api: bool) -> None:
    one = await talking(closing, [says("A"), compacts(None) if api else says(" "), says("B")], api=api)
    await one.session.submit("a")
    await one.session.compact()
    assert one.of(Notice)[-1].text == NO_SUMMARY
    await one.session.submit("b")
    assert words(one)[0] == ("user", ["a"])


async def test_a_summary_can_be_interrupted(closing: list[Bench]) -> None:
    gate = Gate()
    one = await talking(closing, [says("A"), [started(), *text(0, "Ha")[:2], gate]], api=False)
    await one.session.submit("a")
    turn = one.session.compact()
    await gate.reached.wait()
    assert one.session.interrupt()
    assert (await turn).outcome is Outcome.INTERRUPTED and len(one.session.path) == 4
    await consistent(one)


async def test_calls_that_nobody_answered_are_answered_for_a_summary(closing: list[Bench]) -> None:
    cut: Answer = [started(), *call(0, "t", "{}", "x"), failure(ErrorKind.TRUNCATED)]
    one = await talking(closing, [cut, compacts("Sum.")], api=True, tools=[ScriptedTool("t", lambda _: "r")])
    await one.session.submit("a")
    await one.session.compact()
    request = one.provider.requests[-1]
    assert problems(request.messages) == [] and request.messages[-1]["content"][-1]["type"] == "tool_result"


# What does not fit any more.


@pytest.mark.parametrize("api", [True, False])
async def test_a_conversation_that_is_too_long_is_compacted_and_goes_on_at_one_key(closing: list[Bench], api: bool) -> None:
    summary = compacts("Sum.") if api else says("Sum.")
    one = await talking(closing, [THOUGHT, [TOO_MUCH], summary, says("B"), says("C")], api=api)
    await one.session.submit("a")
    assert (await one.session.submit("b")).outcome is Outcome.FAILED
    result = await one.session.continue_turn()
    assert result.outcome is Outcome.COMPLETED
    assert words(one, 2)[:2] == [("user", ["a"]), ("assistant", ["thinking", "A"])]
    assert all("b" not in said for _, said in words(one, 2)), "what did not fit does not fit into this request either"
    assert words(one) == ([("assistant", ["compaction"]), ("user", ["b"])] if api else [("user", [SUMMARY_HEAD + "Sum.", "b"])])
    await one.session.submit("c")
    assert words(one)[-2:] == [("assistant", ["B"]), ("user", ["c"])]
    assert await one.store.prompts(one.session.info.id, 9) == (["c", "b", "a"] if api else ["c", "b"])
    await consistent(one)


async def test_an_answer_that_filled_the_window_goes_on_from_what_it_was(closing: list[Bench]) -> None:
    full: Answer = [started(), *text(0, "Half an answer"), *stopped("model_context_window_exceeded")]
    one = await talking(closing, [says("A"), full, compacts("Sum."), says("whole")], api=True)
    await one.session.submit("a")
    await one.session.submit("b")
    await one.session.continue_turn()
    assert words(one)[:3] == [("assistant", ["compaction"]), ("user", ["b"]), ("assistant", ["Half an answer"])]
    assert "«Half an answer»" in words(one)[3][1][0]


async def test_a_first_prompt_that_does_not_fit_is_said_to_be_too_long(closing: list[Bench]) -> None:
    one = await talking(closing, [[TOO_MUCH]], api=True)
    await one.session.submit("a")
    with pytest.raises(ValueError, match=TOO_LONG):
        one.session.continue_turn()


@pytest.mark.parametrize("api", [True, False])
async def test_a_first_turn_that_grew_too_long_is_summarised_as_far_as_it_went(closing: list[Bench], api: bool) -> None:
    def calls(identity: str) -> Answer:
        return [started(), *thinking(0, "hm", identity), *call(1, "t", "{}", identity), *stopped("tool_use")]

    summary = compacts("Sum.") if api else says("Sum.")
    answers: list[Answer] = [calls("x"), calls("y"), [TOO_MUCH], summary, says("B")]
    one = await talking(closing, answers, api=api, tools=[ScriptedTool("t", lambda _: "result")])
    await one.session.submit("a")
    assert (await one.session.continue_turn()).outcome is Outcome.COMPLETED
    assert problems(one.provider.requests[3].messages) == []
    assert [said[:2] for _, said in words(one, 3)][:2] == [["a"], ["thinking", "tool_use"]] and len(words(one, 3)) == 3
    kept = [("assistant", ["compaction", "tool_use"])] if api else [("user", [SUMMARY_HEAD + "Sum."]), ("assistant", ["tool_use"])]
    assert words(one) == [*kept, ("user", ["tool_result"])]
    await consistent(one)


async def test_what_is_kept_of_a_conversation_goes_on_without_its_thinking(closing: list[Bench]) -> None:
    """It was bound to what is gone; later thinking stays, live and read again."""
    full: Answer = [started(), *thinking(0, "hm", "gone"), *text(1, "Half"), *stopped("model_context_window_exceeded")]
    for api in (True, False):
        summary = compacts("Sum.") if api else says("Sum.")
        one = await talking(closing, [says("A"), full, summary, LATER, says("C")], api=api)
        await one.session.submit("a")
        await one.session.submit("b")
        await one.session.continue_turn()
        await one.session.submit("c")
        half, later = [said for role, said in words(one) if role == "assistant"][-2:]
        assert (half, later) == (["Half"], ["thinking", "B"])
        live = one.provider.requests[-1].messages
        again = await one.workspace.fork(one.session.info.id)
        assert build(again.path, without_thinking_to=again.info.extra.get("without_thinking_to"))[: len(live)] == live
        await consistent(one)


@pytest.mark.parametrize("api", [True, False])
async def test_where_the_summary_fails_too_the_key_asks_for_it_again_and_then_goes_on(closing: list[Bench], api: bool) -> None:
    summary = compacts("Sum.") if api else says("Sum.")
    answers: list[Answer] = [says("A"), [TOO_MUCH], [failure(ErrorKind.SERVER)], [failure(ErrorKind.SERVER)], summary, says("B")]
    one = await talking(closing, answers, api=api)
    await one.session.submit("a")
    await one.session.submit("b")
    assert (await one.session.continue_turn()).outcome is Outcome.FAILED
    assert (await one.session.continue_turn()).outcome is Outcome.FAILED
    assert len(one.provider.requests) == 4
    assert (await one.session.continue_turn()).outcome is Outcome.COMPLETED
    assert words(one)[-1] == ("user", ["b"] if api else [*words(one)[-1][1][:1], "b"])


@pytest.mark.parametrize("api", [True, False])
async def test_a_summary_that_does_not_fit_is_asked_for_of_less(closing: list[Bench], api: bool) -> None:
    summary = compacts("Sum.") if api else says("Sum.")
    one = await talking(closing, [says("A"), says("B"), [TOO_MUCH], summary, says("C")], api=api)
    await one.session.submit("a")
    await one.session.submit("b")
    assert (await one.session.compact("names")).outcome is Outcome.FAILED
    assert (await one.session.continue_turn()).outcome is Outcome.COMPLETED
    assert len(one.provider.requests) == 4 and "b" not in [word for _, said in words(one) for word in said]
    await one.session.submit("c")
    assert words(one)[-2:] == [("assistant", ["B"]), ("user", ["c"])]


async def test_what_is_too_long_after_a_summary_is_said_to_be(closing: list[Bench]) -> None:
    one = await talking(closing, [says("A"), [TOO_MUCH], compacts("Sum."), [TOO_MUCH]], api=True)
    await one.session.submit("a")
    await one.session.submit("b")
    assert (await one.session.continue_turn()).outcome is Outcome.FAILED
    with pytest.raises(ValueError, match=TOO_LONG):
        one.session.continue_turn()
