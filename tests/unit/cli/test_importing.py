"""Conversations as JSON text and back."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_tui.cli.importing import ImportRefused, exported, imported
from claude_tui.domain.blocks import dump_json
from claude_tui.domain.errors import ErrorKind
from claude_tui.domain.ids import is_id
from claude_tui.domain.messages import Role, Status
from claude_tui.providers.prices import load


def read(**whole: Any) -> Any:
    return imported(json.dumps(whole))


def test_the_least_there_can_be() -> None:
    session, messages = read(messages=[{"role": "user", "content": "Hello\nyou"}, {"role": "assistant", "blocks": []}])
    assert is_id(session.id) and session.title == "Hello you" and session.provider == "anthropic"
    assert [message.role for message in messages] == [Role.USER, Role.ASSISTANT]
    assert [message.parent_id for message in messages] == [None, messages[0].id]
    assert messages[0].blocks == ({"type": "text", "text": "Hello\nyou"},)
    assert messages[1].blocks == () and messages[1].status is Status.COMPLETE
    assert session.leaf_id == messages[1].id
    assert session.created_at == messages[0].created_at != ""


def test_a_list_alone_and_a_byte_order_mark() -> None:
    session, messages = imported('\ufeff[{"role":"user","content":"Hi"}]')
    assert session.title == "Hi" and len(messages) == 1


def test_what_ask_prints_can_be_imported() -> None:
    _, messages = read(
        session_id="x", outcome="completed", messages=[{"id": "b", "parent_id": "not here", "role": "user", "content": "Hi"}]
    )
    assert messages[0].parent_id is None


def test_links_and_the_current_leaf_are_kept() -> None:
    rows = [
        {"id": "c", "parent_id": "b", "role": "user", "content": "3"},
        {"id": "a", "parent_id": None, "role": "user", "content": "1"},
        {"id": "b", "parent_id": "a", "role": "assistant", "content": "2"},
        {"id": "d", "parent_id": "b", "role": "user", "content": "3, again"},
        {"role": "assistant", "content": "4"},
    ]
    session, messages = read(session={"leaf_id": "c"}, messages=rows)
    new = dict(zip("cabd", [message.id for message in messages], strict=False))
    assert not {"a", "b", "c", "d"} & {message.id for message in messages}
    assert [message.parent_id for message in messages] == [new["b"], None, new["a"], new["b"], new["d"]]
    assert session.leaf_id == new["c"]


def test_unknown_keys_are_kept() -> None:
    row = {"role": "user", "content": "Hi", "container": {"id": 1}, "extra": {"other_deltas": []}}
    session, messages = read(session={"title": "T", "tags": ["a"], "extra": {"b": 2}}, messages=[row])
    assert session.extra == {"tags": ["a"], "b": 2}
    assert messages[0].extra == {"container": {"id": 1}, "other_deltas": []}
    assert session.title == "T"


def test_blocks_are_kept_as_they_are() -> None:
    blocks = [{"type": "later", "deep": [{"x": None}], "text": 5}, {"type": "text", "text": "\ud800 \u0000"}]
    _, (message,) = read(messages=[{"role": "assistant", "content": blocks}])
    assert list(message.blocks) == blocks


def test_the_rest_of_a_message() -> None:
    error = {"kind": "network", "message": "gone", "status": None, "request_id": None}
    row = {
        "role": "assistant",
        "content": [{"type": "tool_use", "id": "t", "name": "n", "input": {}}],
        "status": "failed",
        "model": "m",
        "provider": "other",
        "api_id": "msg_1",
        "stop_reason": "novel",
        "stop_details": [1],
        "usage": {"input_tokens": 1},
        "timings": {"ttft_ms": 2},
        "raw_inputs": {"0": '{"a'},
        "open_blocks": [0],
        "error": error,
        "created_at": "2026-01-02T03:04:05+01:00",
    }
    _, (message,) = read(messages=[row])
    assert message.created_at == "2026-01-02T02:04:05.000Z"
    assert message.error and message.error.kind is ErrorKind.NETWORK
    assert {**message.to_json(), "created_at": row["created_at"]} == {**row, "id": message.id, "parent_id": None}


@pytest.mark.parametrize("status", ["streaming", "interrupted"])
def test_nobody_goes_on_with_what_was_streaming(status: str) -> None:
    _, (message,) = read(messages=[{"role": "assistant", "content": "x", "status": status}])
    assert message.status is Status.INTERRUPTED


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "this is not JSON"),
        ("{", "this is not JSON"),
        ('{"messages": [NaN]}', "this is not JSON"),
        ("[" * 100_000, "this is not JSON: nested too deeply"),
        ("5", 'no list "messages"'),
        ("{}", 'no list "messages"'),
        ("[]", 'no list "messages"'),
        ('{"messages": {}}', 'no list "messages"'),
        ('{"messages": [5]}', "message 1 must be a JSON object"),
        ('{"session": [1], "messages": [{"role": "user", "content": "x"}]}', '"session" must be a JSON object'),
    ],
)
def test_texts_that_are_no_conversation(text: str, words: str) -> None:
    with pytest.raises(ImportRefused) as caught:
        imported(text)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({}, '"role" of message 2 must be user or assistant, not nothing'),
        ({"role": "system", "content": "x"}, "must be user or assistant, not 'system'"),
        ({"role": "user"}, 'message 2 has no "content"'),
        ({"role": "user", "content": 5}, 'message 2 has no "content"'),
        ({"role": "user", "content": ["x"]}, "block 1 of message 2 must be a JSON object"),
        ({"role": "user", "content": [{"text": "x"}]}, 'block 1 of message 2 has no "type"'),
        ({"role": "user", "content": "x", "status": "done"}, '"status" of message 2 must be streaming or complete'),
        ({"role": "user", "content": "x", "id": 5}, '"id" of message 2 must be a text'),
        ({"role": "user", "content": "x", "id": "a"}, "two messages have the id 'a'"),
        ({"role": "user", "content": "x", "parent_id": "z"}, "message 2 follows 'z', which is not in the file"),
        ({"role": "user", "content": "x", "id": "b", "parent_id": "b"}, "in a circle"),
        ({"role": "user", "content": "x", "usage": 5}, '"usage" of message 2 must be a JSON object'),
        ({"role": "user", "content": "x", "raw_inputs": {"0": 5}}, '"raw_inputs" of message 2'),
        ({"role": "user", "content": "x", "open_blocks": [7]}, '"open_blocks" of message 2'),
        ({"role": "user", "content": "x", "error": {"kind": "bad luck", "message": ""}}, '"error" of message 2'),
        ({"role": "user", "content": "x", "created_at": "yesterday"}, '"created_at" of message 2 is not a time'),
        ({"role": "user", "content": "x", "extra": 1}, '"extra" of message 2'),
    ],
)
def test_messages_that_cannot_be_read(row: dict[str, Any], words: str) -> None:
    with pytest.raises(ImportRefused) as caught:
        read(messages=[{"id": "a", "role": "user", "content": "first"}, row])
    assert words in str(caught.value)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=5,
)
TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
OPTIONAL_TEXT = st.none() | TEXT
TIME = st.datetimes().map(lambda moment: moment.isoformat(timespec="milliseconds") + "Z")
BLOCK = st.dictionaries(st.text(max_size=6), JSON, max_size=3).map(lambda block: {**block, "type": "some_kind"})
ROW = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant"]), "content": st.lists(BLOCK, max_size=3)},
    optional={
        "status": st.sampled_from(["complete", "interrupted", "failed"]),
        "model": OPTIONAL_TEXT,
        "stop_reason": OPTIONAL_TEXT,
        "stop_details": JSON,
        "usage": st.none() | st.dictionaries(st.text(max_size=5), JSON, max_size=2),
        "timings": st.none() | st.dictionaries(st.text(max_size=5), JSON, max_size=2),
        "raw_inputs": st.dictionaries(st.text(max_size=2), TEXT, max_size=1),
        "created_at": TIME,
        "unknown": JSON,
    },
)
SESSION = st.fixed_dictionaries(
    {},
    optional={
        "title": TEXT,
        "model": OPTIONAL_TEXT,
        "effort": OPTIONAL_TEXT,
        "system": OPTIONAL_TEXT,
        "tools": st.none() | st.lists(st.dictionaries(st.text(max_size=4), JSON, max_size=2), max_size=2),
        "created_at": TIME,
        "updated_at": TIME,
        "unknown": JSON,
    },
)


def numbered(data: dict[str, Any]) -> dict[str, Any]:
    """The same with ids replaced by the order of the messages, and without what the store counts."""
    numbers = {row["id"]: number for number, row in enumerate(data["messages"])}
    rows = [{**row, "id": numbers[row["id"]], "parent_id": numbers.get(row["parent_id"])} for row in data["messages"]]
    return {"session": {**data["session"], "id": 0, "leaf_id": numbers[data["session"]["leaf_id"]]}, "messages": rows}


def shown(text: str) -> dict[str, Any]:
    """What `sessions show -o json` prints of the conversation in this text once it is imported."""
    return exported(*imported(text), [], load(None))


@given(session=SESSION, rows=st.lists(ROW, min_size=1, max_size=5), data=st.data())
def test_what_is_shown_and_imported_is_shown_the_same(
    session: dict[str, Any], rows: list[dict[str, Any]], data: st.DataObject
) -> None:
    for number, row in enumerate(rows):
        row["id"] = f"id{number}"
        row["parent_id"] = data.draw(st.sampled_from([None, *(f"id{earlier}" for earlier in range(number))]))
    session["leaf_id"] = data.draw(st.sampled_from([row["id"] for row in rows]))
    first = shown(json.dumps({"session": session, "messages": rows}))
    second = shown(dump_json(first))
    assert numbered(first) == numbered(second)
    for row, one in zip(rows, first["messages"], strict=True):
        assert one["content"] == row["content"] and one["role"] == row["role"]
        assert one.get("extra", {}).get("unknown") == row.get("unknown")


@given(
    st.recursive(
        JSON,
        lambda inner: st.dictionaries(st.sampled_from(["messages", "session", "role", "content", "id"]), inner | st.lists(inner)),
    )
)
def test_anything_is_a_conversation_or_refused(data: Any) -> None:
    try:
        session, messages = imported(json.dumps(data))
    except ImportRefused:
        return
    assert messages and session.leaf_id in {message.id for message in messages}
