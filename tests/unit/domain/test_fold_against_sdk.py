"""Our fold against the SDK's own stream helper: equal where the helper folds everything, ours keeps more where it does not."""

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import anthropic
import httpx2
import pytest
from hypothesis import given

from claude_tui.domain.messages import Message, Status
from tests.unit.domain.reading import Payload, block, ending, json_delta, message_of, read, sse, start, text_delta
from tests.unit.domain.streams import streams

Helper = Callable[[bytes], dict[str, Any]]
TEXT = {"type": "text", "text": ""}
CALL = {"type": "tool_use", "id": "toolu_1", "name": "calculator", "input": {}}


@pytest.fixture(scope="module")
def helper() -> Iterator[Helper]:
    """The final message of the SDK's beta stream helper for a body."""
    bodies: list[bytes] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, content=bodies.pop(), headers={"content-type": "text/event-stream"})

    http = httpx2.Client(transport=httpx2.MockTransport(answer))
    client = anthropic.Anthropic(api_key="none", base_url="http://127.0.0.1", max_retries=0, http_client=http)

    def fold(data: bytes) -> dict[str, Any]:
        bodies.append(data)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # the helper's own models do not fit everything it folds
            with client.beta.messages.stream(model="m", max_tokens=9, messages=[{"role": "user", "content": "x"}]) as stream:
                return stream.get_final_message().to_dict()

    yield fold
    client.close()


def ours(data: bytes) -> Message:
    return message_of(read([data])[0])


def without_added(theirs: Any, mine: Any) -> Any:
    """What the helper folded, less the keys it adds with nothing in them."""
    if isinstance(theirs, dict) and isinstance(mine, dict):
        return {key: without_added(value, mine.get(key)) for key, value in theirs.items() if key in mine or value is not None}
    if isinstance(theirs, list) and isinstance(mine, list) and len(theirs) == len(mine):
        return [without_added(*pair) for pair in zip(theirs, mine, strict=True)]
    return theirs


@given(payloads=streams(odd=False))
def test_property_equal_to_the_helper(helper: Helper, payloads: list[Payload]) -> None:
    data = sse(payloads)
    theirs, mine = helper(data), ours(data)
    assert list(mine.blocks) == without_added(theirs["content"], list(mine.blocks))
    assert (mine.model, mine.api_id, mine.stop_reason) == (theirs["model"], theirs["id"], theirs["stop_reason"])
    assert mine.stop_details == theirs["stop_details"]
    assert mine.usage is not None
    assert {key: value for key, value in theirs["usage"].items() if value is not None}.items() <= mine.usage.items()
    known = {"id", "type", "role", "model", "content", "usage", "stop_reason", "stop_details"}
    for key in theirs.keys() - known:
        assert theirs[key] is None or mine.extra[key] == theirs[key]
    assert mine.status is Status.COMPLETE and "other_deltas" not in mine.extra and "unknown_events" not in mine.extra


def test_unknown_fields_reach_both_alike(helper: Helper) -> None:
    citation = {"type": "brand_new_location", "cited_text": "x", "deep": {"a": [1, {"b": None}]}}
    data = sse(
        [
            start(container={"id": "c", "zz": 1}, zz="m"),
            *block({**TEXT, "zz": {"a": 1}, "citations": None}, {"type": "citations_delta", "citation": citation}, text_delta("t")),
            *block({"type": "hologram", "beam": {"color": 7}}, index=1),
            *ending("brand_new"),
        ]
    )
    theirs, mine = helper(data), ours(data)
    assert theirs["content"] == list(mine.blocks)
    assert theirs["content"][0]["citations"] == [citation]
    assert (theirs["container"], theirs["zz"]) == (mine.extra["container"], mine.extra["zz"])


def test_an_index_as_text(helper: Helper) -> None:
    mixed = block(TEXT, text_delta("a"), text_delta("b"), index="0")
    mixed[2]["index"] = 0
    data = sse([start(), *mixed, *ending()])
    assert helper(data)["content"] == list(ours(data).blocks) == [{"type": "text", "text": "ab"}]


def test_a_pair_of_surrogates_split_over_deltas(helper: Helper) -> None:
    data = sse([start(), *block(TEXT, text_delta("\ud83d"), text_delta("\ude80")), *ending()])
    assert helper(data)["content"][0]["text"] == "\ud83d\ude80"
    assert ours(data).blocks[0]["text"] == "🚀"


# Where the helper raises or loses something.

HELLO = [start(), *block(TEXT, text_delta("hello"))]
HELLO_BLOCK = {"type": "text", "text": "hello"}
THINKING_DELTA = {"type": "thinking_delta", "thinking": "hm"}
RAISES: dict[str, tuple[bytes, list[Payload]]] = {
    "data only": (sse([*HELLO, *ending()], names=False), [HELLO_BLOCK]),
    "done without names": (sse([*HELLO, *ending()], names=False) + b"data: [DONE]\n\n", [HELLO_BLOCK]),
    "a named done": (sse([*HELLO, *ending()]) + b"event: done\ndata: [DONE]\n\n", [HELLO_BLOCK]),
    "arguments that are no JSON": (sse([start(), *block(CALL, json_delta("{]")), *ending("tool_use")]), [CALL]),
    "a lone surrogate in arguments": (sse([start(), *block(CALL, json_delta('{"a": "\ud83d')), *ending("tool_use")]), [CALL]),
    "an index too high": (sse([start(), *block(TEXT, text_delta("hello"), index=3), *ending()]), [HELLO_BLOCK]),
    "an index that is a word": (sse([start(), *block(TEXT, text_delta("hello"), index="x"), *ending()]), [HELLO_BLOCK]),
    "no index": (sse([start(), *block(TEXT, text_delta("hello"), index=None), *ending()]), [HELLO_BLOCK]),
    "no usage at the end": (
        sse([*HELLO, {"type": "message_delta", "delta": {"stop_reason": "end_turn"}}, {"type": "message_stop"}]),
        [HELLO_BLOCK],
    ),
    "no beginning": (sse([*block(TEXT, text_delta("hello")), *ending()]), [HELLO_BLOCK]),
}


@pytest.mark.parametrize("name", RAISES)
def test_the_helper_raises_and_ours_keeps_everything(helper: Helper, name: str) -> None:
    data, blocks = RAISES[name]
    with pytest.raises((ValueError, TypeError, AttributeError, IndexError, RuntimeError, AssertionError)):
        helper(data)
    mine = ours(data)
    assert list(mine.blocks) == blocks and mine.status is Status.COMPLETE


LOSES: dict[str, tuple[list[Payload], Callable[[Message], Any], Any]] = {
    "reused indexes": (
        [start(), *block(TEXT, text_delta("a")), *block(TEXT, text_delta("b")), *ending()],
        lambda message: [one["text"] for one in message.blocks],
        ["a", "b"],
    ),
    "unknown deltas": (
        [start(), *block(TEXT, {"type": "hologram_delta", "beam": 1}), *ending()],
        lambda message: message.extra["other_deltas"],
        [[0, {"type": "hologram_delta", "beam": 1}]],
    ),
    "deltas of another type": (
        [start(), *block(TEXT, THINKING_DELTA, THINKING_DELTA), *ending()],
        lambda message: message.extra["other_deltas"],
        [[0, {"type": "thinking_delta", "thinking": "hmhm"}]],
    ),
    "unknown usage at the end": (
        [*HELLO, *ending(usage={"output_tokens": 2, "new_tokens": 3})],
        lambda message: (message.usage or {}).get("new_tokens"),
        3,
    ),
    "a second end without a reason": (
        [*HELLO, ending("tool_use")[0], ending(None)[0], {"type": "message_stop"}],
        lambda message: message.stop_reason,
        "tool_use",
    ),
    "cut off arguments": (
        [start(), *block(CALL, json_delta('{"a": 12')), *ending("max_tokens")],
        lambda message: (message.blocks[0]["input"], message.raw_inputs),
        ({}, {"0": '{"a": 12'}),
    ),
    "arguments that only Python takes": (
        [start(), *block(CALL, json_delta('{"a": NaN}')), *ending("tool_use")],
        lambda message: (message.blocks[0]["input"], message.raw_inputs),
        ({}, {"0": '{"a": NaN}'}),
    ),
    "the input of an unknown kind of call": (
        [start(), *block({"type": "new_tool_use", "input": {}}, json_delta('{"a": 1}')), *ending("tool_use")],
        lambda message: message.blocks[0]["input"],
        {"a": 1},
    ),
    "a second beginning": (
        [*HELLO, start(id="msg_2", content=[HELLO_BLOCK]), *ending()],
        lambda message: message.extra["unknown_events"],
        [start(id="msg_2", content=[HELLO_BLOCK])],
    ),
    "unknown events": (
        [*HELLO, {"type": "hologram", "beam": 1}, *ending()],
        lambda message: message.extra["unknown_events"],
        [{"type": "hologram", "beam": 1}],
    ),
    "the end cut off": ([*HELLO], lambda message: message.status, Status.INTERRUPTED),
}


@pytest.mark.parametrize("name", LOSES)
def test_the_helper_loses_something_and_ours_keeps_it(helper: Helper, name: str) -> None:
    payloads, view, kept = LOSES[name]
    data = sse(payloads)
    theirs, mine = helper(data), ours(data)
    assert view(mine) == kept
    facts = [theirs["content"], theirs.get("stop_reason"), theirs["usage"], theirs["id"]]
    assert (
        facts != [list(mine.blocks), mine.stop_reason, mine.usage, mine.api_id] or mine.extra or mine.status is not Status.COMPLETE
    )
