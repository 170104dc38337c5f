"""What of a history goes on the wire of Chat Completions, and what an endpoint says of its models."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_tui.domain import history
from claude_tui.domain.ports import ChatRequest, ModelInfo
from claude_tui.providers.openai_dialect import Dialect
from claude_tui.providers.openai_models import models_in
from claude_tui.providers.openai_request import request_params, tool_names, wire_name
from tests.unit.domain.paths import paths

Message = dict[str, Any]


def user(*blocks: Any) -> Message:
    return {"role": "user", "content": [{"type": "text", "text": one} if isinstance(one, str) else one for one in blocks]}


def model(*blocks: Any) -> Message:
    return {**user(*blocks), "role": "assistant"}


def use(call: str, name: str = "f", **arguments: Any) -> Message:
    return {"type": "tool_use", "id": call, "name": name, "input": arguments}


def result(call: str, content: Any, **fields: Any) -> Message:
    return {"type": "tool_result", "tool_use_id": call, "content": content, **fields}


def plain(text: str, **fields: Any) -> Message:
    return {"type": "plain_thinking", "thinking": text, **fields}


def sent(*messages: Message, dialect: Dialect | None = None, **fields: Any) -> list[Message]:
    return request_params(ChatRequest("m", list(messages), **fields), dialect or Dialect())["messages"]


IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}
PART = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}


def test_what_always_goes_and_what_only_if_given() -> None:
    assert request_params(ChatRequest("m", [user("hi")]), Dialect()) == {
        "model": "m",
        "messages": [{"role": "user", "content": "hi"}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    tool = {"name": "t", "description": "d", "input_schema": {"type": "object"}}
    whole = request_params(ChatRequest("m", [user("hi")], 9, "be\ud83d kind", (tool,), "xhigh"), Dialect())
    assert whole["messages"][0] == {"role": "system", "content": "be\ufffd kind"}
    assert whole["max_tokens"] == 9 and whole["reasoning_effort"] == "xhigh"
    assert whole["tools"] == [{"type": "function", "function": {"name": "t", "description": "d", "parameters": {"type": "object"}}}]
    conceded = Dialect(max_tokens_field="", stream_options=False, effort=False, tools=False, system=False)
    bare = request_params(ChatRequest("m", [user("hi")], 9, "s", (tool,), "low"), conceded)
    assert bare == {"model": "m", "messages": [{"role": "user", "content": "s\n\nhi"}], "stream": True}


def test_a_chain_of_calls() -> None:
    messages = sent(user("q"), model("Let me.", use("a", x="é"), use("b")), user(result("a", "1"), result("b", "2"), "and?"))
    calls = [
        {"id": "a", "type": "function", "function": {"name": "f", "arguments": '{"x": "é"}'}},
        {"id": "b", "type": "function", "function": {"name": "f", "arguments": "{}"}},
    ]
    assert messages == [
        {"role": "user", "content": "q"},
        {"role": "assistant", "content": "Let me.", "tool_calls": calls},
        {"role": "tool", "tool_call_id": "a", "content": "1"},
        {"role": "tool", "tool_call_id": "b", "content": "2"},
        {"role": "user", "content": "and?"},
    ]
    assert sent(user("q"), model(use("a")), user(result("a", "1")))[1]["content"] is None


@pytest.mark.parametrize(
    ("content", "fields", "text"),
    [
        ("gone", {"is_error": True}, "Error: gone"),
        ("ERROR 5", {"is_error": True}, "ERROR 5"),
        ("fine", {"is_error": False}, "fine"),
        ([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], {}, "a\nb"),
        ([{"type": "tool_reference", "tool_name": "t"}], {}, "[Not sent, for this endpoint does not take it: t]"),
        (None, {}, ""),
    ],
)
def test_results(content: Any, fields: dict[str, Any], text: str) -> None:
    assert sent(user("q"), model(use("a")), user(result("a", content, **fields)))[2]["content"] == text


def test_images_of_results_follow_them() -> None:
    messages = sent(user("q"), model(use("a")), user(result("a", [{"type": "text", "text": "see"}, IMAGE]), "and?"))
    assert messages[2]["content"] == "see\n[image: it follows]"
    note, more = {"type": "text", "text": "What call a returned:"}, {"type": "text", "text": "and?"}
    assert messages[3] == {"role": "user", "content": [note, PART, more]}


def test_what_users_send() -> None:
    assert sent(user("look", IMAGE))[0]["content"] == [{"type": "text", "text": "look"}, PART]
    address = {"type": "image", "source": {"type": "url", "url": "https://a/b.png"}}
    assert sent(user(address))[0]["content"] == [{"type": "image_url", "image_url": {"url": "https://a/b.png"}}]
    letter = {"type": "document", "title": "T", "source": {"type": "text", "media_type": "text/plain", "data": "dear"}}
    assert sent(user(letter, "sum up"))[0]["content"] == "T\n\ndear\n\nsum up"
    pdf = {"type": "document", "title": "T", "source": {"type": "base64", "media_type": "application/pdf", "data": "AA"}}
    assert "the document T (application/pdf)" in sent(user(pdf))[0]["content"]
    found = {"type": "search_result", "title": "T", "source": "https://a", "content": [{"type": "text", "text": "x"}]}
    assert sent(user(found))[0]["content"] == "T\nhttps://a\nx"


def test_what_has_no_form_is_left_out() -> None:
    strange = (
        {"type": "thinking", "thinking": "t", "signature": "s"},
        {"type": "server_tool_use", "id": "s", "name": "web", "input": {}},
    )
    messages = sent(user("a"), model(*strange), user("b"), model("x", *strange, "y", {"type": "text", "text": "z"}), user("c"))
    assert messages == [
        {"role": "user", "content": "a\n\nb"},
        {"role": "assistant", "content": "x\n\nyz"},
        {"role": "user", "content": "c"},
    ]


DETAILS = [{"type": "reasoning.text", "text": "w"}]


@pytest.mark.parametrize(
    ("echo", "field", "value"),
    [
        ("none", None, None),
        ("reasoning_content", "reasoning_content", "why"),
        ("reasoning", "reasoning", "why"),
        ("reasoning_details", "reasoning_details", DETAILS),
    ],
)
def test_thinking_goes_back_within_the_chain_of_calls_only(echo: str, field: str | None, value: Any) -> None:
    chain = (model(plain("wh", reasoning_details=DETAILS), plain("y"), use("a")), user(result("a", "1")))
    messages = sent(user("q"), *chain, user("new"), *chain, dialect=Dialect(echo=echo))
    assistants = [message for message in messages if message["role"] == "assistant"]
    extra = [{key: one for key, one in message.items() if key.startswith("reasoning")} for message in assistants]
    assert extra == [{}, {field: value} if field else {}]
    always = sent(
        user("q"), model(use("a")), user(result("a", "1"), "new"), dialect=Dialect(echo="reasoning_content", echo_always=True)
    )
    assert always[1]["reasoning_content"] == ""


def test_names_and_ids() -> None:
    tools = tuple({"name": name} for name in ("fine-name_1", "dotted.name", "dotted_name", "x" * 65))
    names = tool_names(ChatRequest("m", [], tools=tools))
    assert sorted(names.values()) == ["dotted.name", "x" * 65] and all(len(name) <= 64 for name in names)
    assert names[wire_name("dotted.name")] == "dotted.name" != wire_name("dotted_name")
    long_id = "i" * 65
    messages = sent(user("q"), model(use(long_id, "dotted.name")), user(result(long_id, "1")))
    call = messages[1]["tool_calls"][0]
    assert call["function"]["name"] == wire_name("dotted.name")
    assert len(call["id"]) <= 64 and call["id"] == messages[2]["tool_call_id"]
    short = sent(user("q"), model(use("toolu_1")), user(result("toolu_1", "1")), dialect=Dialect(short_ids=True))
    assert len(short[1]["tool_calls"][0]["id"]) == 9 and short[2]["tool_call_id"] == short[1]["tool_calls"][0]["id"]


@given(paths())
def test_property_any_history_makes_a_request_that_can_be_sent(path: Any) -> None:
    audience = history.Audience("x", "plain", compaction=False)
    messages = sent(*history.build(path, audience=audience), dialect=Dialect(echo="reasoning_content"))
    json.dumps(messages, ensure_ascii=False).encode()
    waiting: list[str] = []
    for message in messages:
        if message["role"] == "tool":
            assert message["tool_call_id"] == waiting.pop(0) and isinstance(message["content"], str)
            continue
        assert waiting == [] and message["role"] in ("user", "assistant")
        waiting = [call["id"] for call in message.get("tool_calls", [])]
        assert message["content"] or waiting
    assert waiting == []


junk = st.recursive(
    st.none() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "text", "source", "content", "data", "url", "title", "input", "id", "name"]), inner
        )
    ),
    max_leaves=10,
)
kinds = st.sampled_from(["text", "image", "document", "tool_result", "tool_use", "search_result", "plain_thinking", "odd"])


@given(st.lists(st.tuples(st.sampled_from(["user", "assistant"]), kinds, junk), max_size=5))
def test_property_odd_blocks_are_no_failure(given_blocks: list[tuple[str, str, Any]]) -> None:
    messages = [
        {"role": role, "content": [{**(block if isinstance(block, dict) else {"content": block}), "type": kind}]}
        for role, kind, block in given_blocks
    ]
    json.dumps(sent(*messages), ensure_ascii=False).encode()


@pytest.mark.parametrize(
    ("body", "models"),
    [
        ({"data": [{"id": "a"}, {"id": "a"}, {"name": "b"}, 3, {}]}, [ModelInfo("a"), ModelInfo("b", "b")]),
        ([{"id": "a", "context_length": 8, "display_name": "A"}], [ModelInfo("a", "A", 8)]),
        ({"models": ["a"]}, [ModelInfo("a")]),
        ({"data": [{"id": "a", "max_model_len": "8", "max_completion_tokens": 4}]}, [ModelInfo("a", None, 8, 4)]),
        (
            {"data": [{"id": "a", "name": "A", "context_length": 9.0, "top_provider": {"max_completion_tokens": 4}}]},
            [ModelInfo("a", "A", 9, 4)],
        ),
        ({"data": [{"id": "a", "context_window": True, "max_context_length": 7, "top_provider": None}]}, [ModelInfo("a", None, 7)]),
        ({"data": []}, []),
        ({"object": "list"}, None),
        ("x", None),
    ],
)
def test_models(body: Any, models: list[ModelInfo] | None) -> None:
    assert models_in(body) == models
