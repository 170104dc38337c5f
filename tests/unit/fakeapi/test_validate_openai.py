"""The validator of the second wire, rule by rule, and what a dialect adds to its rules."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_tui.fakeapi import OPENAI, Call, Dialect, FakeApi, Say, Script, Think
from claude_tui.fakeapi.memory import ChatMemory
from claude_tui.fakeapi.refusal import ApiError
from claude_tui.fakeapi.validate_openai import validate_chat
from tests.unit.fakeapi.chat_rules import ACCEPTED, REFUSED, answer, calling, said, user
from tests.unit.fakeapi.chat_rules import call as call_of


def check(body: dict[str, Any], dialect: Dialect = OPENAI, memory: ChatMemory | None = None) -> ApiError | None:
    base: dict[str, Any] = {"model": "gpt-fake", "messages": [user("hi")]}
    request = {key: value for key, value in {**base, **body}.items() if value is not ...}
    return validate_chat(request, 100, dialect, memory or ChatMemory())


@pytest.mark.parametrize("name", ACCEPTED)
def test_accepted(name: str) -> None:
    assert check(ACCEPTED[name]) is None


@pytest.mark.parametrize(("name", "body", "words", "code"), REFUSED, ids=[row[0] for row in REFUSED])
def test_refused(name: str, body: dict[str, Any], words: str, code: str | None) -> None:
    error = check(body)
    assert error is not None
    assert (error.status, error.type, error.error_code) == (400, "invalid_request_error", code)
    assert words in error.message


def test_body_must_be_a_small_object() -> None:
    for body in (None, [1], "x"):
        error = validate_chat(body, 5, OPENAI, ChatMemory())
        assert error is not None
        assert "could not parse the JSON body" in error.message
    large = validate_chat({}, 10**9, OPENAI, ChatMemory())
    assert large is not None
    assert large.status == 413


@pytest.mark.parametrize(
    ("dialect", "body", "words"),
    [
        (Dialect(refuses_max_tokens=True), {"max_tokens": 5}, "Use 'max_completion_tokens' instead."),
        (Dialect(refuses_stream_options=True), {"stream": True, "stream_options": {"include_usage": True}}, "'stream_options'"),
        (Dialect(context=3), {"messages": [user("word " * 20)]}, "This model's maximum context length is 3 tokens."),
    ],
)
def test_what_a_dialect_refuses(dialect: Dialect, body: dict[str, Any], words: str) -> None:
    assert check(body) is None
    error = check(body, dialect)
    assert error is not None
    assert words in error.message


def test_what_a_dialect_accepts() -> None:
    assert check({"enable_thinking": True}) is not None
    assert check({"enable_thinking": True}, Dialect(accepts=frozenset({"enable_thinking"}))) is None
    assert check({"max_completion_tokens": 5}, Dialect(refuses_max_tokens=True)) is None


@pytest.mark.parametrize(
    ("reasoning", "key", "value", "wrong"),
    [
        ("reasoning_content", "reasoning_content", "hm", 5),
        ("reasoning", "reasoning", "hm", ["hm"]),
        ("reasoning_details", "reasoning_details", [{"type": "reasoning.text", "text": "hm"}], "hm"),
        ("reasoning_details", "reasoning_details", [{"type": "reasoning.text"}], [{"text": "hm"}]),
    ],
)
def test_an_echo_is_taken_where_the_dialect_takes_it(reasoning: Any, key: str, value: Any, wrong: Any) -> None:
    body = {"messages": [user("a"), said("b", **{key: value}), user("c")]}
    assert check(body) is not None
    assert check(body, Dialect(reasoning=reasoning, echo="allow")) is None
    assert check({"messages": [said("b", **{key: wrong})]}, Dialect(reasoning=reasoning, echo="allow")) is not None
    assert check({"messages": [user("a", **{key: value})]}, Dialect(reasoning=reasoning, echo="allow")) is not None


def test_tags_cannot_be_required_back() -> None:
    with pytest.raises(ValueError, match="cannot require"):
        Dialect(reasoning="think_tags", echo="require")


SENT: dict[str, Any] = calling(call_of("c1"), reasoning_content="I need the time.")


@pytest.mark.parametrize(
    ("messages", "taken"),
    [
        ([user("a"), SENT, answer("c1")], True),
        ([user("a"), calling(call_of("c1")), answer("c1")], False),
        ([user("a"), {**SENT, "reasoning_content": "I made this up."}, answer("c1")], False),
        ([user("a"), calling(call_of("c1")), answer("c1"), said("noon"), user("b")], True),
        ([user("a"), calling(call_of("toolu_elsewhere")), answer("toolu_elsewhere")], True),
    ],
    ids=["echoed", "left out", "changed", "a turn ago", "of another server"],
)
def test_reasoning_is_required_back_in_a_running_loop(messages: list[Any], taken: bool) -> None:
    memory, dialect = ChatMemory(), Dialect(echo="require")
    memory.said(SENT, dialect.echo_keys)
    error = check({"messages": messages}, dialect, memory)
    assert (error is None) is taken
    assert taken or "`reasoning_content` in the thinking mode must be passed back" in str(error)


async def test_the_echo_of_details_may_be_joined(kit: Any) -> None:
    dialect = Dialect(reasoning="reasoning_details", echo="require")
    plan = [Script((Think("I need the time, and more of it.", chars=5), Call("clock"))), Script((Say("Noon."),))]
    async with FakeApi(plan, dialect=dialect) as api:
        told = (await kit.completed(api)).completion
        called = calling(call_of(told.calls[0]["id"]))
        loop = [user("hi"), called, answer(told.calls[0]["id"])]
        assert "`reasoning_details` in the thinking mode" in (await kit.completed(api, kit.chat(*loop))).message
        called["reasoning_details"] = [{"type": "reasoning.text", "text": told.reasoning, "index": 0}]
        assert (await kit.completed(api, kit.chat(*loop))).completion.text == "Noon."


def test_what_the_server_sent_is_taken_as_it_was() -> None:
    memory = ChatMemory()
    odd = calling(call_of("c 1", name="a name with blanks"))
    assert check({"messages": [user("a"), odd, answer("c 1")]}, memory=memory) is not None
    memory.said(odd, ())
    assert check({"messages": [user("a"), odd, answer("c 1")]}, memory=memory) is None


junk = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=5)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
fields = st.sampled_from(["content", "tool_calls", "tool_call_id", "reasoning_content", "name", "refusal"])
odd_messages = st.builds(
    lambda role, rest: {"role": role, **rest},
    st.sampled_from(["user", "assistant", "tool", "system"]),
    st.dictionaries(fields, junk | st.lists(st.just(call_of("1")), max_size=2), max_size=3),
)


@given(st.dictionaries(st.sampled_from(["messages", "tools", "tool_choice", "stream_options", "stop", "response_format"]), junk))
def test_the_validator_never_fails(body: dict[str, Any]) -> None:
    check(body)


@given(st.lists(odd_messages, max_size=4), st.sampled_from(["refuse", "allow", "require"]))
def test_the_validator_never_fails_on_odd_messages(messages: list[Any], echo: Any) -> None:
    memory, dialect = ChatMemory(), Dialect(echo=echo)
    memory.said(SENT, dialect.echo_keys)
    check({"messages": messages}, dialect, memory)
