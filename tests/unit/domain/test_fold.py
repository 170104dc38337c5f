"""One stream, one message: however the network cuts it, whatever it holds."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from claude_tui.domain import partial as partial_module
from claude_tui.domain.events import BlockDelta, BlockStarted, MessageStopped
from claude_tui.domain.messages import Status
from claude_tui.domain.partial import Partial
from claude_tui.domain.text import encodable, join_pairs
from claude_tui.providers.anthropic_stream import MOST_UNKNOWN, StreamFailure, StreamReader
from tests.unit.domain.reading import (
    block,
    ending,
    fold_payloads,
    folded,
    json_delta,
    message_of,
    order_problems,
    read,
    sse,
    start,
    text_delta,
)
from tests.unit.domain.streams import Wire, wires

TEXT = {"type": "text", "text": ""}
CALL = {"type": "tool_use", "id": "toolu_1", "name": "calculator", "input": {}}


@given(wires())
@example(Wire(b"\xef\xbb\xbf" + sse([start(), *block(TEXT, text_delta("hi")), *ending()], names=False), (1, 2)))
@example(Wire(sse([start(), *block(TEXT, text_delta("hi")), *ending()], newline="\r\n"), tuple(range(1, 600))))
def test_property_any_cut_gives_the_same_message(wire: Wire) -> None:
    whole, _ = read([wire.data])
    parts, _ = read(wire.chunks())
    single, _ = read([wire.data[at : at + 1] for at in range(len(wire.data))])
    assert parts == whole == single
    assert message_of(parts) == message_of(whole)


@given(wires())
def test_property_events_keep_their_order(wire: Wire) -> None:
    events, reader = read(wire.chunks())
    assert order_problems(events) == []
    assert reader.stopped == any(type(event) is MessageStopped for event in events)


def test_the_order_checker_finds_offenders() -> None:
    late = [MessageStopped(None), BlockStarted(1, TEXT), BlockDelta(0, "text", "x")]
    assert len(order_problems(late)) == 7


@given(wires())
def test_property_no_text_of_the_stream_is_lost(wire: Wire) -> None:
    """What a delta brings is in its block, or in the extra."""
    events, _ = read(wire.chunks())
    message = message_of(events)
    kept = json.dumps([message.blocks, message.raw_inputs, message.extra])
    for number, one in enumerate(message.blocks):
        parts = [event.text for event in events if type(event) is BlockDelta and event.number == number and event.kind == "text"]
        for text in ["".join(parts)] if one.get("type") == "text" else filter(encodable, parts):
            assert json.dumps(join_pairs(text))[1:-1] in kept


@given(wires(odd=False))
def test_property_the_bytes_in_the_body_count_not_their_frame(wire: Wire) -> None:
    events, reader = read(wire.chunks())
    message = message_of(events)
    assert message.status is Status.COMPLETE and reader.dropped <= 1 and not message.raw_inputs and not message.open_blocks
    assert message.api_id == "msg_1" and message.stop_reason


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("names", [True, False])
def test_frames_of_every_kind(newline: str, names: bool) -> None:
    data = sse([start(), *block(TEXT, text_delta("a\u2028b")), *ending()], names=names, newline=newline)
    assert message_of(read([data])[0]).blocks == ({"type": "text", "text": "a\u2028b"},)


def test_content_of_message_start_comes_first() -> None:
    given_blocks = [{"type": "text", "text": "whole", "zz": 1}, {"type": "redacted_thinking", "data": "x"}, "no block"]
    message = fold_payloads(start(content=given_blocks), *block(TEXT, text_delta("x")), *ending())
    assert message.blocks == (given_blocks[0], given_blocks[1], {"type": "text", "text": "x"})


def test_a_stream_without_its_beginning_is_kept() -> None:
    message = fold_payloads(*block(TEXT, text_delta("x")), *ending())
    assert message.blocks == ({"type": "text", "text": "x"},) and message.status is Status.COMPLETE and message.api_id is None


@pytest.mark.parametrize("index", [5, -1, "0", None, 1.5, True, [1], {"a": 1}])
def test_an_index_is_only_a_key(index: Any) -> None:
    message = fold_payloads(start(), *block(TEXT, text_delta("x"), index=index), *ending())
    assert message.blocks == ({"type": "text", "text": "x"},) and message.status is Status.COMPLETE


def test_blocks_without_an_index_follow_each_other() -> None:
    payloads = [*block(TEXT, text_delta("a")), *block(TEXT, text_delta("b"))]
    for payload in payloads:
        del payload["index"]
    assert [one["text"] for one in fold_payloads(start(), *payloads, *ending()).blocks] == ["a", "b"]


def test_a_start_at_an_open_index_ends_the_block_there() -> None:
    first, second = block(TEXT, text_delta("a"))[:-1], block(TEXT, text_delta("b"))
    assert [one["text"] for one in fold_payloads(start(), *first, *second, *ending()).blocks] == ["a", "b"]


def test_interleaved_blocks() -> None:
    a, b = block(TEXT, text_delta("a"), text_delta("A"), index=0), block(TEXT, text_delta("b"), index=1)
    message = fold_payloads(start(), a[0], b[0], a[1], b[1], a[2], b[2], a[3], *ending())
    assert [one["text"] for one in message.blocks] == ["aA", "b"]


def test_stragglers_find_their_block() -> None:
    late = {"type": "content_block_delta", "index": 0, "delta": text_delta("er")}
    assert [one["text"] for one in fold_payloads(start(), *block(TEXT, text_delta("lat")), late, *ending()).blocks] == ["later"]
    begun = start(content=[{"type": "text", "text": "lat"}])
    assert [one["text"] for one in fold_payloads(begun, late, *ending()).blocks] == ["later"]


def test_what_has_no_place_is_counted_and_kept() -> None:
    lost = {"type": "content_block_delta", "index": 9, "delta": text_delta("lost")}
    again = start(id="msg_2")
    payloads = [start(), lost, *block(TEXT), again, {"type": "content_block_stop", "index": 3}, *ending()]
    events, reader = read([sse(payloads)])
    assert reader.dropped == 3
    assert message_of(events).extra["unknown_events"] == [lost, again, payloads[5]]


def test_what_comes_after_the_end_is_only_counted() -> None:
    events, reader = read([sse([start(), *block(TEXT), *ending(), *block(TEXT, text_delta("zzz"), index=1)])])
    assert reader.dropped == 3 and len(message_of(events).blocks) == 1


def test_unknown_events_are_kept_up_to_a_number() -> None:
    news = [{"type": "hologram", "beam": number} for number in range(MOST_UNKNOWN + 5)]
    assert fold_payloads(start(), *news, *ending()).extra["unknown_events"] == news[:MOST_UNKNOWN]


def test_pings_and_data_that_is_no_object_are_alive_or_nothing() -> None:
    data = sse([start(), {"type": "ping"}]) + b"data: 5\n\ndata: [1]\n\ndata: null\n\nevent: ping\n\n" + sse(ending())
    assert message_of(read([data])[0]).status is Status.COMPLETE


@pytest.mark.parametrize("kept", ["usage", "stop"])
def test_the_last_word_wins_and_null_keeps(kept: str) -> None:
    payloads = [
        start(usage={"input_tokens": 9, "cache_read_input_tokens": 4, "service_tier": "standard"}),
        {"type": "message_delta", "delta": {"stop_reason": "pause_turn"}, "usage": {"output_tokens": 5, "input_tokens": None}},
        {"type": "message_delta", "delta": {"stop_reason": None}, "usage": {"output_tokens": 8, "new_count": 2}},
        {"type": "message_delta", "delta": {"container": {"id": "c"}}, "context_management": {"edits": []}},
        {"type": "message_stop"},
    ]
    message = fold_payloads(*payloads)
    if kept == "usage":
        counts = {"input_tokens": 9, "cache_read_input_tokens": 4, "service_tier": "standard", "output_tokens": 8, "new_count": 2}
        assert message.usage == counts
    else:
        assert message.stop_reason == "pause_turn"
        assert message.extra["container"] == {"id": "c"} and message.extra["context_management"] == {"edits": []}


def test_extra_keys_of_the_message_are_kept() -> None:
    message = fold_payloads(start(container={"id": "c"}, zz=[1]), *ending(stop_details={"category": "bio"}, zz_end=2))
    assert message.extra == {"container": {"id": "c"}, "zz": [1], "zz_end": 2} and message.stop_details == {"category": "bio"}


@pytest.mark.parametrize(
    ("raw", "parsed"),
    [
        ("", {}),
        ('{"a": 1}', {"a": 1}),
        ("[1]", [1]),
        ("null", None),
        ('{"a": NaN}', "raw"),
        ('{"a": 1e999}', "raw"),
        ('{"a": 1} x', "raw"),
        ('{"a": "un', "raw"),
        ("[" * 300 + "]" * 300, "raw"),
        ("[" * 100_000, "raw"),
        ('{"a": ' + "9" * 5000 + "}", "raw"),
    ],
    ids=range(11),
)
def test_tool_input(raw: str, parsed: Any) -> None:
    half = len(raw) // 2
    message = fold_payloads(start(), *block(CALL, json_delta(raw[:half]), json_delta(raw[half:])), *ending("tool_use"))
    assert message.blocks[0] == {**CALL, "input": {} if parsed == "raw" else parsed}
    assert message.raw_inputs == ({"0": raw} if parsed == "raw" else {})


@pytest.mark.parametrize("kind", ["server_tool_use", "mcp_tool_use", "new_tool_use"])
def test_every_kind_of_call_takes_its_input(kind: str) -> None:
    message = fold_payloads(start(), *block({"type": kind, "id": "x"}, json_delta('{"q":'), json_delta("1}")), *ending())
    assert message.blocks == ({"type": kind, "id": "x", "input": {"q": 1}},)


def test_deltas_of_another_type_are_kept_as_they_came() -> None:
    odd: list[dict[str, Any]] = [
        {"type": "thinking_delta", "thinking": "a"},
        {"type": "thinking_delta", "thinking": "b"},
        {"type": "signature_delta", "signature": "s"},
        {"type": "signature_delta", "signature": "t"},
        {"type": "hologram_delta", "beam": 1},
        {"type": "text_delta", "text": 5},
        {"type": ["odd"]},
        {"type": "input_json_delta", "partial_json": "{"},
    ]
    message = fold_payloads(start(), *block(TEXT, text_delta("x"), *odd), *ending())
    assert message.blocks == ({"type": "text", "text": "x"},)
    joined = {"type": "thinking_delta", "thinking": "ab"}
    assert message.extra["other_deltas"] == [[0, one] for one in [joined, *odd[2:]]]


def test_fields_nobody_knows_beside_a_text_are_kept() -> None:
    delta = {"type": "thinking_delta", "thinking": "hm", "estimated_tokens": 4}
    message = fold_payloads(start(), *block({"type": "thinking", "thinking": ""}, delta), *ending())
    assert message.blocks[0]["thinking"] == "hm"
    assert message.extra["other_deltas"] == [[0, {"type": "thinking_delta", "estimated_tokens": 4}]]


def test_the_last_signature_counts() -> None:
    signatures = [{"type": "signature_delta", "signature": one} for one in ("first", "last")]
    message = fold_payloads(start(), *block({"type": "thinking", "thinking": "", "signature": ""}, *signatures), *ending())
    assert message.blocks[0]["signature"] == "last"


def test_the_model_that_served_the_answer() -> None:
    fallback = {"type": "fallback", "from": {"model": "claude-x"}, "to": {"model": "claude-y"}}
    assert fold_payloads(start(), *block(fallback), *ending()).model == "claude-y"
    assert fold_payloads(start(), *block({"type": "fallback", "to": "odd"}), *ending()).model == "claude-x"


def test_a_surrogate_pair_split_over_two_deltas_joins() -> None:
    message = fold_payloads(start(), *block(TEXT, text_delta("\ud83d"), text_delta("\ude80"), text_delta("\ud83d")), *ending())
    assert message.blocks[0]["text"] == "🚀\ud83d"


@pytest.mark.parametrize(
    ("payloads", "complete"),
    [
        ([start(), *block(TEXT, text_delta("x")), ending()[0]], True),
        ([start(), *block(TEXT, text_delta("x"))], False),
        ([start(), *block(TEXT, text_delta("x"))[:-1], ending()[0]], False),
        ([start(), *block(TEXT, text_delta("x"))[:-1], *ending()], True),
        ([start(stop_reason="end_turn"), *block(TEXT)], True),
        ([start()], False),
        ([], False),
    ],
)
@pytest.mark.parametrize("done", [b"", b"data: [DONE]\n\n", b"data: [DONE] \n\n"])
def test_when_an_answer_is_whole(payloads: list[dict[str, Any]], complete: bool, done: bytes) -> None:
    events, reader = read([sse(payloads) + done])
    assert reader.stopped is complete is folded(events).complete


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ({"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}, "busy"),
        ({"error": {"message": "no type"}}, "no type"),
        ({"type": "error", "error": "a word"}, "a word"),
        ({"type": "error"}, "The server reported an error in the stream."),
        ({"type": "error", "error": None}, "The server reported an error in the stream."),
    ],
)
def test_an_error_event_is_a_failure(event: dict[str, Any], words: str) -> None:
    with pytest.raises(StreamFailure) as caught:
        list(StreamReader().feed(event))
    assert str(caught.value) == words


@pytest.mark.parametrize("data", ['{"type": "api_error", "message": "m"}', "no JSON at all"])
def test_the_event_line_error_counts_whatever_its_data(data: str) -> None:
    with pytest.raises(StreamFailure):
        read([f"event: error\ndata: {data}\n\n".encode()])


@given(st.binary(max_size=300))
def test_property_bytes_of_any_kind_end_in_a_known_error(noise: bytes) -> None:
    try:
        events, _ = read([sse([start()]), noise])
    except (ValueError, StreamFailure):
        return
    assert order_problems(events) == []


def quick(*payloads: Any) -> list[BlockDelta | None]:
    """What the short way makes of these data, in a stream with block 0 open."""
    reader = StreamReader()
    for payload in [start(), block(TEXT)[0]]:
        list(reader.feed(payload))
    return [reader.quick(one if isinstance(one, str) else json.dumps(one)) for one in payloads]


def delta(fields: Any, index: Any = 0, **more: Any) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": fields, **more}


def test_the_short_way_takes_only_what_it_takes_whole() -> None:
    taken = [delta(text_delta("a")), delta(text_delta("é汉\u2028")), delta(json_delta('{"a')), delta(text_delta("x"), zz=1)]
    assert [one and (one.number, one.kind, one.text, one.data) for one in quick(*taken)] == [
        (0, "text", "a", None),
        (0, "text", "é汉\u2028", None),
        (0, "input", '{"a', None),
        (0, "text", "x", None),
    ]
    left = [
        "",
        "[DONE]",
        "{",
        "[1]",
        "5",
        '"delta"',
        delta(text_delta("\ud83d")),
        delta({"type": "text_delta", "text": 5}),
        delta({"type": "text_delta", "text": "x", "zz": 1}),
        delta({"type": "text_delta"}),
        delta({"type": ["odd"], "text": "x"}),
        delta({"type": "hologram_delta", "text": "x"}),
        delta(text_delta("x"), index=1),
        delta(text_delta("x"), index=[0]),
        delta("text"),
        delta(None),
        {**delta(text_delta("x")), "type": "hologram"},
    ]
    assert quick(*left) == [None] * len(left)


@given(wires())
def test_property_the_short_way_and_the_long_one_agree(wire: Wire) -> None:
    short, long = StreamReader(), StreamReader()
    for line in wire.data.decode().splitlines():
        if line.startswith("data:"):
            data = line.removeprefix("data:").removeprefix(" ")
            one = short.quick(data)
            assert ([one] if one else outcome(short, data)) == outcome(long, data)
    assert short.dropped == long.dropped


def outcome(reader: StreamReader, data: str) -> list[Any]:
    try:
        return list(reader.read(data, None))
    except (ValueError, StreamFailure) as failure:
        return [type(failure)]


def test_folding_joins_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A megabyte of arguments in 20,000 deltas: nothing is joined or parsed before the fold, and each once then."""
    parsed: list[int] = []
    real = partial_module.strict_json
    monkeypatch.setattr(partial_module, "strict_json", lambda text: (parsed.append(len(text)), real(text))[1])
    raw = json.dumps({"rows": [{"n": number, "text": "x" * 30} for number in range(20_000)]})
    size = len(raw) // 20_000 + 1
    deltas = [BlockDelta(0, "input", raw[at : at + size]) for at in range(0, len(raw), size)]
    partial = Partial()
    partial.apply(BlockStarted(0, CALL))
    kept = partial._blocks[0].input
    for delta in deltas:
        partial.apply(delta)
    assert not parsed
    assert partial._blocks[0].input is kept and all(one is delta.text for one, delta in zip(kept, deltas, strict=True))
    assert partial.blocks()[0]["input"] == json.loads(raw)
    assert parsed == [len(raw)]
