"""Any stored history in, a valid request out; nothing stored changes; what was sent once is sent again."""

import copy
import dataclasses
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from claude_tui.domain.history import CONTINUE_PROMPT, EMPTY_RESULT, NO_RESULT, build, normalise
from claude_tui.domain.messages import Message, Role, Status
from claude_tui.fakeapi.memory import Memory
from claude_tui.fakeapi.signing import Signer
from claude_tui.fakeapi.validate import validate
from tests.unit.domain.paths import paths
from tests.unit.domain.validity import problems

THOUGHT = {"type": "thinking", "thinking": "hm", "signature": "c2ln"}
HIDDEN = {"type": "redacted_thinking", "data": "ZQ=="}
CALL = {"type": "tool_use", "id": "toolu_1", "name": "calculator", "input": {"expression": "1"}}
SERVER_CALL = {"type": "server_tool_use", "id": "srv_1", "name": "web_search", "input": {"query": "x"}}
SERVER_RESULT = {"type": "web_search_tool_result", "tool_use_id": "srv_1", "content": []}
RESULT = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "1"}


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def user(*blocks: dict[str, Any] | str) -> Message:
    content = tuple(text(one) if isinstance(one, str) else one for one in blocks)
    return Message("u", "session", None, Role.USER, content)


def said(*blocks: dict[str, Any] | str, **fields: Any) -> Message:
    content = tuple(text(one) if isinstance(one, str) else one for one in blocks)
    return Message("a", "session", None, Role.ASSISTANT, content, **{"stop_reason": "end_turn", **fields})


def cut_off(*blocks: dict[str, Any] | str, open_blocks: tuple[int, ...] = ()) -> Message:
    return said(*blocks, status=Status.INTERRUPTED, stop_reason=None, open_blocks=open_blocks)


def sent(*path: Message) -> list[tuple[str, list[dict[str, Any]]]]:
    return [(message["role"], message["content"]) for message in build(path)]


def continues(path: list[Message], messages: list[dict[str, Any]]) -> bool:
    """Whether this request goes on with a paused answer."""
    paused = any(one.stop_reason == "pause_turn" and one.status is Status.COMPLETE for one in path)
    return paused and messages[-1]["role"] == "assistant"


@given(paths())
def test_property_any_history_gives_a_valid_request(path: list[Message]) -> None:
    before = copy.deepcopy(path)
    messages = build(path)
    assert path == before
    assert problems(messages, continuing=continues(path, messages)) == []


@given(paths(), st.integers(0, 7))
def test_property_thinking_can_be_left_out(path: list[Message], at: int) -> None:
    messages = build(path, without_thinking_to=f"m{at}")
    assert problems(messages, continuing=continues(path, messages)) == []
    if len(path) <= at + 1 and path and f"m{at}" in {one.id for one in path}:
        assert not any(block["type"].endswith("thinking") for message in messages for block in message["content"])


@given(paths(), st.booleans())
@example([said("x")], False)
def test_property_normalising_twice_changes_nothing(path: list[Message], continuing: bool) -> None:
    wire = [{"role": one.role.value, "content": list(one.blocks)} for one in path]
    before = copy.deepcopy(wire)
    once = normalise(wire, continuing=continuing)
    assert wire == before
    assert normalise(once, continuing=continuing) == once
    assert normalise(build(path), continuing=continues(path, build(path))) == build(path)


@given(paths())
def test_property_the_fake_api_takes_the_shape(path: list[Message]) -> None:
    """All but what is signed: that is bound to what the fake API itself said."""
    memory = Memory()
    signed = ("thinking", "redacted_thinking", "compaction")
    path = [one for one in path if not any(block.get("type") in signed for block in one.blocks)]
    messages = build(path)
    for message in messages:
        for block in message["content"] if message["role"] == "assistant" else []:
            if block["type"] != "tool_use":
                memory.sent(block)
    if continues(path, messages):
        memory.answered(messages[-1]["content"], "pause_turn")
    body = {"model": "claude-opus-5-5", "max_tokens": 100, "messages": messages}
    assert validate(body, {"anthropic-version": "2023-06-01"}, Signer(), memory) is None


# What is left over of an answer, and what is sent of it.

LEFTOVERS = {
    "thinking that never ended": (cut_off("a", {**THOUGHT, "signature": ""}, open_blocks=(1,)), ["a"]),
    "signed thinking with nothing behind it": (cut_off("a", THOUGHT), ["a"]),
    "signed thinking behind which nothing survives": (cut_off("a", THOUGHT, CALL, open_blocks=(2,)), ["a"]),
    "text that never ended": (cut_off(THOUGHT, "half a \n", open_blocks=(1,)), [THOUGHT, "half a"]),
    "blank text that never ended": (cut_off("a", " \n", open_blocks=(1,)), ["a"]),
    "a call that never ended": (cut_off("a", CALL, open_blocks=(1,)), ["a"]),
    "a call cut off at the limit": (said("a", CALL, stop_reason="max_tokens", raw_inputs={"1": '{"exp'}), ["a"]),
    "a server call without its result": (cut_off("a", SERVER_CALL, "b"), ["a"]),
    "a server call that never ended": (cut_off("a", SERVER_CALL, open_blocks=(1,)), ["a"]),
    "a server result that never ended": (cut_off("a", SERVER_CALL, SERVER_RESULT, open_blocks=(2,)), ["a"]),
    "a result without its call": (said("a", SERVER_RESULT, "b"), ["a", "b"]),
    "a pause that was not continued": (said("a", SERVER_CALL, stop_reason="pause_turn"), ["a"]),
    "an unknown block that never ended": (cut_off("a", {"type": "hologram"}, open_blocks=(1,)), ["a"]),
    "blank text of a whole answer": (said("", THOUGHT, "a", " \n"), [THOUGHT, "a"]),
    "thinking at the end of a whole answer": (said("a", THOUGHT, HIDDEN), ["a"]),
    "unsigned thinking of a whole answer": (said({**THOUGHT, "signature": ""}, "a"), ["a"]),
    "thinking that cannot be encoded": (said({**THOUGHT, "thinking": "\ud83d"}, "a"), ["a"]),
    "text that cannot be encoded": (said("a\ud83d"), ["a\ufffd"]),
    "thinking before a fallback": (
        said(THOUGHT, "a", {"type": "fallback", "to": {"model": "b"}}, THOUGHT, "b"),
        ["a", {"type": "fallback", "to": {"model": "b"}}, THOUGHT, "b"],
    ),
}


@pytest.mark.parametrize("name", LEFTOVERS)
def test_leftovers_of_an_answer(name: str) -> None:
    answer, kept = LEFTOVERS[name]
    expected = [text(one) if isinstance(one, str) else one for one in kept]
    assert sent(user("q"), answer, user("next")) == [("user", [text("q")]), ("assistant", expected), ("user", [text("next")])]


@pytest.mark.parametrize(
    "answer",
    [
        said(),
        said(" "),
        said(THOUGHT),
        cut_off(THOUGHT),
        cut_off(),
        cut_off(SERVER_CALL),
    ],
)
def test_an_answer_of_which_nothing_is_left_goes(answer: Message) -> None:
    assert sent(user("q"), answer, user("next")) == [("user", [text("q"), text("next")])]


REFUSED = said("I would rather", stop_reason="refusal")


def again(*blocks: dict[str, Any] | str) -> Message:
    """What goes on with the answer before it."""
    return dataclasses.replace(user(*blocks), extra={"continues": "somewhere"})


@pytest.mark.parametrize(
    ("path", "said_by_the_user"),
    [
        ((user("q"), REFUSED), ["q"]),
        ((user("q"), REFUSED, user("next")), ["next"]),
        ((user("q"), REFUSED, again()), ["q"]),
        ((user("q"), REFUSED, again(), REFUSED, user("next")), ["next"]),
        ((user("q"), REFUSED, again(), said("yes"), user("next")), ["q", "next"]),
        ((user("q"), said("half"), again("go on"), REFUSED, user("next")), ["q", "next"]),
        ((user("q"), REFUSED, user("r"), REFUSED, user("next")), ["next"]),
        ((user("q"), said(CALL, stop_reason="tool_use"), user(RESULT), REFUSED, user("next")), ["q", "next"]),
    ],
)
def test_a_refused_exchange_goes_when_another_prompt_follows(path: tuple[Message, ...], said_by_the_user: list[str]) -> None:
    """It would have that refused too; asked again, it is what is asked. What tools did meanwhile stays."""
    texts = [block["text"] for role, blocks in sent(*path) if role == "user" for block in blocks if block["type"] == "text"]
    assert texts == said_by_the_user


def test_a_whole_call_without_a_result_is_answered() -> None:
    no_result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": NO_RESULT, "is_error": True}
    assert sent(user("q"), cut_off(THOUGHT, CALL), user("next")) == [
        ("user", [text("q")]),
        ("assistant", [THOUGHT, CALL]),
        ("user", [no_result, text("next")]),
    ]


def test_results_come_first_one_for_each_call_in_their_order() -> None:
    second = {**CALL, "id": "toolu_2"}
    given_results = [
        text("and"),
        {**RESULT, "tool_use_id": "toolu_2"},
        RESULT,
        {**RESULT, "content": "again"},
        {**RESULT, "tool_use_id": "x"},
    ]
    assert sent(user("q"), said(CALL, second, stop_reason="tool_use"), user(*given_results))[2] == (
        "user",
        [RESULT, {**RESULT, "tool_use_id": "toolu_2"}, text("and")],
    )


def test_calls_of_one_id_get_their_results_in_order() -> None:
    answer = said(CALL, CALL, {**CALL, "id": "toolu_1_2"}, stop_reason="tool_use")
    results = [
        {**RESULT, "content": "first"},
        {**RESULT, "content": "second"},
        {**RESULT, "tool_use_id": "toolu_1_2", "content": "third"},
    ]
    _, (_, calls), (_, given_results) = sent(user("q"), answer, user(*results))
    assert [one["id"] for one in calls] == ["toolu_1", "toolu_1_2", "toolu_1_2_2"]
    assert [(one["tool_use_id"], one["content"]) for one in given_results] == [
        ("toolu_1", "first"),
        ("toolu_1_2", "second"),
        ("toolu_1_2_2", "third"),
    ]


@pytest.mark.parametrize(
    "changed", [{"id": ""}, {"id": None}, {"id": "a.b c"}, {"name": ""}, {"name": "odd.name"}, {"input": []}, {"input": None}]
)
def test_an_odd_call_stays_with_its_result(changed: dict[str, Any]) -> None:
    call = {**CALL, **changed}
    result = {**RESULT, "tool_use_id": call["id"] or "", "content": "mine"}
    _, (_, calls), (_, results) = sent(user("q"), said(call, stop_reason="tool_use"), user(result))
    assert [one["content"] for one in results] == ["mine"] and results[0]["tool_use_id"] == calls[0]["id"]


@pytest.mark.parametrize(
    ("content", "as_sent"),
    [
        ("", EMPTY_RESULT),
        (" \n", EMPTY_RESULT),
        (None, EMPTY_RESULT),
        ([], EMPTY_RESULT),
        ([text(" ")], EMPTY_RESULT),
        ([{"type": "video"}], EMPTY_RESULT),
        ([{**text("x"), "annotations": {}}], [text("x")]),
        ("\ud83d", "\ufffd"),
    ],
)
def test_contents_of_results(content: Any, as_sent: Any) -> None:
    assert sent(user("q"), said(CALL, stop_reason="tool_use"), user({**RESULT, "content": content}))[2][1][0]["content"] == as_sent


def test_what_the_api_sent_goes_back_as_it_came() -> None:
    blocks = [
        {**THOUGHT, "zz": 1},
        HIDDEN,
        {**text("a"), "citations": [{"type": "char_location", "zz": 1}]},
        SERVER_CALL,
        SERVER_RESULT,
        {"type": "hologram", "beam": [1]},
        {**CALL, "caller": {"type": "direct"}},
    ]
    assert sent(user("q"), said(*blocks, stop_reason="tool_use"), user(RESULT))[1] == ("assistant", blocks)


def test_a_paused_answer_goes_on_as_it_stands() -> None:
    paused = said(THOUGHT, "a", SERVER_CALL, THOUGHT, stop_reason="pause_turn")
    assert sent(user("q"), paused) == [("user", [text("q")]), ("assistant", list(paused.blocks))]
    more = said(SERVER_RESULT, "b")
    assert sent(user("q"), paused, more, user("next"))[1] == ("assistant", [*paused.blocks, *more.blocks])


def test_a_pause_is_continued_past_an_answer_without_content() -> None:
    paused = said("a", SERVER_CALL, stop_reason="pause_turn")
    assert sent(user("q"), paused, said())[-1] == ("assistant", list(paused.blocks))


@pytest.mark.parametrize("paused", [said(stop_reason="pause_turn"), said(" ", stop_reason="pause_turn"), cut_off("b")])
def test_only_a_paused_answer_may_be_last(paused: Message) -> None:
    assert sent(user("q"), said("a"), paused)[-1] == ("user", [text(CONTINUE_PROMPT)])


def test_a_server_call_waits_through_a_tool_loop() -> None:
    asked = said(THOUGHT, SERVER_CALL, CALL, stop_reason="tool_use")
    assert sent(user("q"), asked, user(RESULT))[1] == ("assistant", list(asked.blocks))
    answered = said(SERVER_RESULT, "done")
    assert sent(user("q"), asked, user(RESULT), answered, user("next"))[1:4:2] == [
        ("assistant", list(asked.blocks)),
        ("assistant", list(answered.blocks)),
    ]


def test_thinking_behind_a_server_call_that_goes_goes_too() -> None:
    """It was bound to a conversation that had the call in it."""
    asked = said("a", SERVER_CALL, CALL, stop_reason="tool_use")
    never_answered = said({**THOUGHT, "signature": "bound"}, "b")
    messages = sent(user("q"), asked, user(RESULT), never_answered, user("next"), said(THOUGHT, "c"), user("last"))
    assert messages[1] == ("assistant", [text("a"), text("b")])
    assert messages[3] == ("assistant", [THOUGHT, text("c")])


@pytest.mark.parametrize("path", [[], [said("x")], [user(" ")], [said()], [user(), cut_off(CALL, open_blocks=(0,))]])
def test_nothing_to_send_is_a_prompt_to_go_on(path: list[Message]) -> None:
    assert sent(*path) == [("user", [text(CONTINUE_PROMPT)])]


def test_a_prompt_that_says_nothing_is_one_to_go_on_for_ever() -> None:
    """Thinking is bound to what was sent for it."""
    begun = sent(user("q"), said("a"), user(" "))
    assert begun == [("user", [text("q")]), ("assistant", [text("a")]), ("user", [text(CONTINUE_PROMPT)])]
    assert sent(user("q"), said("a"), user(" "), said(THOUGHT, "b"), user("next"))[:3] == begun
    assert sent(user(), said("x"), user("next"))[0] == ("user", [text(CONTINUE_PROMPT)])


def test_thinking_behind_a_call_that_is_left_out_is_left_out() -> None:
    broken = cut_off(THOUGHT, "a", CALL, THOUGHT, HIDDEN, CALL, "b")
    broken = dataclasses.replace(broken, raw_inputs={"2": '{"a": 1} x'})
    assert sent(user("q"), broken, user("next"))[1] == ("assistant", [THOUGHT, text("a"), text("b")])


def test_user_messages_hold_only_what_a_user_may_send() -> None:
    image = {"type": "image", "source": {"type": "url", "url": "https://x"}}
    odd = [{**text("a"), "citations": [1], "zz": 1}, {**image, "cache_control": {}}, THOUGHT, CALL, {"type": "hologram"}, text(" ")]
    assert sent(user(*odd)) == [("user", [text("a"), image])]


def test_deep_arguments_are_no_obstacle() -> None:
    deep: Any = "\ud83d"
    for _ in range(199):
        deep = {"a": deep}
    assert problems(build([user("q"), said({**CALL, "input": deep}, stop_reason="tool_use"), user(RESULT)])) == []


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [("assistant", ["x"])],
        [("user", ["q"]), ("assistant", ["x"])],
        [("user", ["q"]), ("user", ["q"])],
        [("user", [" "])],
        [("user", ["q"]), ("assistant", [CALL]), ("user", ["x"])],
        [("user", ["q"]), ("assistant", [CALL]), ("user", ["x", RESULT])],
        [("user", ["q"]), ("assistant", [CALL]), ("user", [RESULT, RESULT])],
        [("user", [RESULT])],
        [("user", ["q"]), ("assistant", ["a", THOUGHT]), ("user", ["x"])],
        [("user", ["q"]), ("assistant", [{**THOUGHT, "signature": ""}, "a"]), ("user", ["x"])],
        [("user", ["q"]), ("assistant", [SERVER_CALL]), ("user", ["x"])],
        [("user", ["q"]), ("assistant", [SERVER_RESULT]), ("user", ["x"])],
        [("user", ["\ud83d"])],
    ],
    ids=range(14),
)
def test_the_validator_finds_offenders(messages: list[tuple[str, list[Any]]]) -> None:
    wire = [{"role": role, "content": [text(one) if isinstance(one, str) else one for one in blocks]} for role, blocks in messages]
    assert problems(wire)
