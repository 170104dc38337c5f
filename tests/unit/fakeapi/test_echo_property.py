"""Whatever the server says, its own validator takes back, if the client follows the rules for echoes."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from claude_tui.fakeapi import Block, Call, Dialect, Redacted, Say, Script, Think
from claude_tui.fakeapi.encoding import Shape
from claude_tui.fakeapi.memory import ChatMemory, Memory
from claude_tui.fakeapi.signing import Prefix, Signer
from claude_tui.fakeapi.validate import validate
from claude_tui.fakeapi.validate_openai import validate_chat
from claude_tui.fakeapi.wire_anthropic import Context, Wire
from claude_tui.fakeapi.wire_openai import ChatContext, ChatWire

VERSION = {"anthropic-version": "2026-10-21"}
SIGNER = Signer()
HOLOGRAM = {"type": "hologram", "shape": [1]}

texts = st.text(max_size=30)
keys = st.text(alphabet="abc", min_size=1, max_size=3)
values = st.dictionaries(keys, st.one_of(st.none(), st.booleans(), st.integers(), texts), max_size=3)
steps = st.one_of(
    st.builds(Say, texts),
    st.builds(Think, texts, display=st.sampled_from(["summarized", "omitted"])),
    st.builds(Redacted, texts),
    st.builds(Call, st.sampled_from(["clock", "calculator"]), values),
    st.just(Block(HOLOGRAM)),
)
scripts = st.lists(st.lists(steps, max_size=6), min_size=1, max_size=4)


def answer(body: dict[str, Any], said: list[Any], n: int, memory: Memory) -> list[dict[str, Any]]:
    context = Context(body, {}, f"tag{n}", SIGNER, Prefix.of(body), (), memory.sent, memory.answered)
    wire = Wire(Script(tuple(said)), context, Shape())
    for _ in wire.actions():
        pass
    return wire.blocks


def sendable(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Blank text is left out, and thinking at the end."""
    kept = [block for block in blocks if block["type"] != "text" or block["text"].strip()]
    while kept and kept[-1]["type"] in ("thinking", "redacted_thinking"):
        kept.pop()
    return kept


def following(blocks: list[dict[str, Any]], n: int) -> list[dict[str, Any]]:
    calls = [block["id"] for block in blocks if block["type"] == "tool_use"]
    results = [{"type": "tool_result", "tool_use_id": tool_id, "content": "ok"} for tool_id in calls]
    return [*results, *([] if results else [{"type": "text", "text": f"prompt {n}"}])]


@given(scripts, st.booleans())
def test_echoes_are_taken_back(turns: list[list[Any]], stripped: bool) -> None:
    memory = Memory()
    body: dict[str, Any] = {"model": "claude-opus-5-5", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
    for n, said in enumerate(turns):
        blocks = sendable(answer(body, said, n, memory))
        assistant = [{"role": "assistant", "content": blocks}] if blocks else []
        body = {**body, "messages": [*body["messages"], *assistant, {"role": "user", "content": following(blocks, n)}]}
        assert validate(body, VERSION, SIGNER, memory) is None
    if stripped:
        for message in body["messages"]:
            if message["role"] == "assistant":
                message["content"] = [b for b in message["content"] if "thinking" not in b["type"]]
        assert validate(body, VERSION, SIGNER, memory) is None


@given(st.recursive(st.one_of(st.none(), st.booleans(), st.integers(), texts), lambda x: st.lists(x) | st.dictionaries(texts, x)))
def test_the_validator_never_fails(value: Any) -> None:
    for body in (
        value,
        {"model": "claude-opus-5-5", "max_tokens": 9, "messages": value},
        {**BASE, "system": value, "tools": value},
    ):
        validate(body, VERSION, SIGNER, Memory())


BASE: dict[str, Any] = {"model": "claude-opus-5-5", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
KINDS = [
    "text",
    "tool_use",
    "tool_result",
    "thinking",
    "redacted_thinking",
    "image",
    "document",
    "search_result",
    "server_tool_use",
]
junk = st.one_of(st.none(), st.integers(), texts, st.lists(texts, max_size=2), st.dictionaries(texts, texts, max_size=2))
fields = st.sampled_from(["text", "id", "input", "name", "tool_use_id", "content", "source", "signature", "thinking", "data"])
blocks = st.builds(lambda kind, rest: {"type": kind, **rest}, st.sampled_from(KINDS), st.dictionaries(fields, junk, max_size=4))
odd_messages = st.builds(
    lambda role, content: {"role": role, "content": content},
    st.sampled_from(["user", "assistant", "system"]),
    st.one_of(junk, st.lists(blocks, max_size=3)),
)


@given(st.lists(odd_messages, max_size=4))
def test_the_validator_never_fails_on_odd_messages(messages: list[Any]) -> None:
    validate({**BASE, "messages": [BASE["messages"][0], *messages]}, VERSION, SIGNER, Memory())


dialects = st.builds(
    Dialect,
    reasoning=st.sampled_from(["reasoning_content", "reasoning", "reasoning_details"]),
    echo=st.sampled_from(["allow", "require"]),
)


@given(scripts, dialects)
def test_echoes_of_the_second_wire_are_taken_back(turns: list[list[Any]], dialect: Dialect) -> None:
    memory = ChatMemory()
    messages: list[dict[str, Any]] = [{"role": "user", "content": "hi"}]
    for n, said in enumerate(turns):
        sent: list[dict[str, Any]] = []
        context = ChatContext({"model": "gpt-fake"}, {}, f"tag{n}", dialect, sent.append)
        for _ in ChatWire(Script(tuple(said)), context, Shape()).actions():
            pass
        (message,) = sent
        memory.said(message, dialect.echo_keys)
        calls = message.get("tool_calls", [])
        if message["content"] or calls:
            messages.append(message)
        messages += [{"role": "tool", "tool_call_id": call["id"], "content": "ok"} for call in calls]
        messages += [] if calls else [{"role": "user", "content": f"prompt {n}"}]
        assert validate_chat({"model": "gpt-fake", "messages": messages}, 0, dialect, memory) is None
