"""The reader of Chat Completions: odd server-sent events, ends, thinking in tags, and what any cut must not change."""

import json
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_tui.domain.blocks import block_type
from claude_tui.domain.errors import ErrorKind, ProviderError
from claude_tui.domain.events import BlockDelta, MessageStarted, UsageReported
from claude_tui.domain.messages import Message, Status
from claude_tui.providers import openai_stream, reading
from claude_tui.providers.openai_stream import StreamReader
from claude_tui.providers.reading import StreamFailure
from tests.unit.domain.reading import order_problems
from tests.unit.providers.openai_wire import answer_of, call, chunk, counts, message_of, read, sse, text, texts, thinking, use

STOP = chunk(finish="stop")
USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
HELLO = sse(*texts("Hel", "lo"), STOP)


def line(payload: Any) -> bytes:
    return json.dumps(payload).encode()


@pytest.mark.parametrize(
    "stream",
    [
        HELLO.replace(b"\n", b"\r\n"),
        HELLO.replace(b"\n", b"\r"),
        b"\xef\xbb\xbf" + HELLO,
        HELLO.replace(b"data: ", b"data:"),
        b": ping\n\n" + HELLO.replace(b"\n\n", b"\n: ping\n\n"),
        HELLO.rstrip(b"\n"),
        HELLO.replace(b"[DONE]", b"  [DONE]  "),
        HELLO + b"data: what nobody reads\n\n",
        b"event: message\nid: 7\nretry: 3\n" + HELLO,
        b"event: ping\ndata:\n\n" + HELLO,
        b"\n\n  \n" + HELLO,
        sse("[]", "3", '"x"', "null", *texts("Hel", "lo"), STOP),
        sse({"id": "c1", "choices": None}, {"id": "c1", "choices": [{"index": 0, "delta": None}]}, *texts("Hel", "lo"), STOP),
        sse({"object": "ping"}, *texts("Hel", "", "lo"), STOP, chunk(finish=None)),
        sse(*texts("Hel"), chunk({"content": "lo"}, "stop"), done=False),
        sse(*texts("Hel"), chunk({"content": None}, "stop"), chunk({"content": "lo"})),
        sse(*texts("Hel", "lo")),
        sse(chunk({"content": "Hel"}, ""), chunk({"content": "lo"}, "null"), STOP),
        sse({**chunk(), "choices": [{"index": 1, "delta": {"content": "no"}}]}, *texts("Hel", "lo"), STOP),
        HELLO.replace(b'{"id"', b'\ndata: {"id"').replace(b'"model": "m"', b'"model":\ndata: "m"'),
    ],
    ids=range(20),
)
def test_odd_streams_that_say_hello(stream: bytes) -> None:
    message = answer_of(stream)
    assert message.blocks == (text("Hello"),) and message.stop_reason == "end_turn"


@pytest.mark.parametrize(
    ("finish", "reason"),
    [
        ("stop", "end_turn"),
        ("length", "max_tokens"),
        ("content_filter", "refusal"),
        ("tool_calls", "tool_use"),
        ("function_call", "tool_use"),
        ("eos", "eos"),
        ("error", "error"),
        ("brand_new", "brand_new"),
        (None, "end_turn"),
    ],
)
def test_stop_reasons(finish: str | None, reason: str) -> None:
    assert answer_of(sse(*texts("x"), chunk(finish=finish))).stop_reason == reason
    called = answer_of(sse(call(index=0, id="a", function={"name": "f", "arguments": "{}"}), chunk(finish=finish)))
    assert called.stop_reason == (reason if reason in ("max_tokens", "refusal") else "tool_use")


@pytest.mark.parametrize(
    ("stream", "kind"),
    [
        (b"", ErrorKind.PROTOCOL),
        (b"data: [DONE]\n\n", ErrorKind.PROTOCOL),
        (b"Bad gateway", ErrorKind.PROTOCOL),
        (b"<html><title>Sign in</title></html>", ErrorKind.PROTOCOL),
        (b'{"id": "c1", "object": "chat.completion", "choices": [{"message": {"content": "x"}}]}', ErrorKind.PROTOCOL),
        (b'{"error": {"message": "m", "code": "rate_limit_exceeded"}}', ErrorKind.RATE_LIMIT),
        (b'\n[{"error": {"message": "m", "code": 503}}]', ErrorKind.SERVER),
        (sse(*texts("x"), done=False), ErrorKind.TRUNCATED),
        (sse(chunk({"role": "assistant"})), ErrorKind.TRUNCATED),
        (sse(*texts("x"), done=False) + b'data: {"id": "c1", "cho', ErrorKind.TRUNCATED),
        (sse(*texts("x"), done=False) + b"data: \xe4\xb8", ErrorKind.TRUNCATED),
        (sse(*texts("x"), "{broken", done=False), ErrorKind.PROTOCOL),
        (b"data: \xff\n\n" + HELLO, ErrorKind.PROTOCOL),
        (sse({"error": {"message": "m", "code": 429}}, done=False), ErrorKind.RATE_LIMIT),
        (sse(*texts("x"), {"error": {"message": "m", "code": 502}}, STOP), ErrorKind.SERVER),
        (sse(*texts("x"), {"type": "error", "error": {"type": "overloaded_error", "message": "m"}}), ErrorKind.OVERLOADED),
        (sse(*texts("x"), {**chunk(finish="error"), "error": {"message": "m", "code": 402}}), ErrorKind.BILLING),
        (sse({"id": "c", "choices": [{"index": 0, "error": {"message": "m", "code": 403}}]}), ErrorKind.PERMISSION),
        (sse(*texts("x"), chunk(x_groq={"id": "r", "error": "over capacity, at capacity"})), ErrorKind.OVERLOADED),
        (b"event: error\ndata: anything at all\n\n", ErrorKind.SERVER),
        (b'event: error\ndata: {"message": "m", "code": "context_length_exceeded"}\n\n', ErrorKind.CONTEXT),
        (sse({"object": "error", "message": "m", "type": "BadRequestError", "code": 400}), ErrorKind.INVALID_REQUEST),
        (sse({"detail": "m"}), ErrorKind.SERVER),
        (
            sse({"id": "c", "choices": None, "base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}}),
            ErrorKind.BILLING,
        ),
        (sse('[{"error": {"status": "UNAVAILABLE"}}]'), ErrorKind.OVERLOADED),
    ],
    ids=range(25),
)
def test_streams_that_fail(stream: bytes, kind: ErrorKind) -> None:
    events, error = read(stream, {"x-request-id": "req_1"})
    assert error is not None and error.info.kind is kind, error
    assert error.info.request_id == "req_1" and error.info.status == 200 and error.info.message
    assert order_problems(events) == [] and message_of(events).status is Status.INTERRUPTED
    begun = b'"content": "x"' in stream and stream.startswith(b"data: ")
    assert any(type(event) is MessageStarted for event in events) is (begun or b"assistant" in stream)


def test_one_json_object_is_said_to_be_one() -> None:
    _, error = read(b'{"id": "c1", "choices": [{"message": {"content": "x"}}]}', {"content-type": "application/json"})
    assert error and error.info.message == "The endpoint answered with one JSON object instead of a stream."


@pytest.mark.parametrize("content_type", ["text/plain", "application/json", "text/html; charset=utf-8", ""])
def test_a_stream_is_a_stream_whatever_its_header_says(content_type: str) -> None:
    assert read(HELLO, {"content-type": content_type})[1] is None


def test_a_connection_that_breaks() -> None:
    lost = httpx2.ReadError("reset")
    assert read([b""], then=lost)[1].info.kind is ErrorKind.NETWORK  # type: ignore[union-attr]
    assert read(sse(*texts("x"), done=False), then=lost)[1].info.kind is ErrorKind.TRUNCATED  # type: ignore[union-attr]
    assert read(sse(*texts("x"), STOP, done=False), then=lost)[1] is None


def test_a_server_that_never_closes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The end is waited for a little: less where the counts have come."""
    monkeypatch.setattr(openai_stream, "USAGE_SECONDS", 0.01)
    monkeypatch.setattr(openai_stream, "DRAIN_SECONDS", 0.01)
    monkeypatch.setattr(reading, "DRAIN_SECONDS", 0.01)
    for stream in (
        sse(*texts("x"), STOP, done=False),
        sse(*texts("x"), chunk(finish="stop", usage=USAGE), done=False),
        sse(*texts("x"), STOP, {**chunk(), "choices": [], "usage": USAGE}, done=False),
        sse(*texts("x"), STOP),
    ):
        events, error = read(stream, then="silence")
        assert error is None and message_of(events).status is Status.COMPLETE
        assert message_of(events).usage == (counts(3, 2) if b"usage" in stream else None)


def test_counts_after_the_farewell_do_not_count_and_no_counts_are_none() -> None:
    stream = sse(*texts("x"), STOP) + sse({**chunk(), "choices": [], "usage": USAGE}, done=False)
    events, _ = read(stream)
    assert message_of(events).usage is None and not any(type(event) is UsageReported for event in events)


def test_alternating_thinking_and_text() -> None:
    deltas: list[dict[str, Any]] = [{"reasoning": "a"}, {"content": "b"}, {"reasoning": "c"}, {"content": "d", "reasoning": "e"}]
    message = answer_of(sse(*map(chunk, deltas), STOP))
    assert message.blocks == (thinking("a"), text("b"), thinking("ce"), text("d"))


@pytest.mark.parametrize(
    ("content", "blocks"),
    [
        ("<think>a</think>b", [thinking("a"), text("b")]),
        (" \n<thinking>a</thinking>\n\n  b", [thinking("a"), text("  b")]),
        ("<think>a</thinking>b", [thinking("a</thinking>b")]),
        ("<think>a <b> </thin", [thinking("a <b> </thin")]),
        ("<think></think>b", [text("b")]),
        ("<think> \n</think>\nb", [text("b")]),
        ("b <think>a</think>", [text("b <think>a</think>")]),
        ("`<think>`", [text("`<think>`")]),
        ("a</think>b", [text("a</think>b")]),
        ("<thin", [text("<thin")]),
        ("<thinks>", [text("<thinks>")]),
        ("\n b", [text("\n b")]),
        (" \n", [text(" \n")]),
        ("<think>a</think>", [thinking("a")]),
        ("<think>a</think>\n<think>b</think>", [thinking("a"), text("<think>b</think>")]),
    ],
)
def test_thinking_in_tags(content: str, blocks: list[Any]) -> None:
    assert list(answer_of(sse(*texts(content), STOP)).blocks) == blocks
    assert list(answer_of(sse(*texts(*content), STOP)).blocks) == blocks


def test_what_is_held_back_comes_before_what_follows() -> None:
    stream = sse(*texts("\n"), call(index=0, id="a", function={"name": "f", "arguments": "{}"}), *texts("<think>x"), STOP)
    assert answer_of(stream).blocks == (text("\n"), use("a", "f"), text("<think>x"))
    within = sse(*texts("<think>a </thi"), chunk({"reasoning": "b"}), STOP)
    assert answer_of(within).blocks == (thinking("a </thib"),)


# Properties.

contents = st.lists(
    st.sampled_from(["<think>", "</think>", "<thinking>", "</thinking>", "<", "a", " ", "\n", "</", "é", "\U0001f600"])
)


@given(contents, st.data())
def test_property_any_cut_of_a_text_gives_the_same(pieces: list[str], data: st.DataObject) -> None:
    whole = "".join(pieces)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=6)))
    cut = [whole[start:end] for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    assert answer_of(sse(*texts(*cut), STOP)).blocks == answer_of(sse(*texts(whole), STOP)).blocks


@given(st.lists(st.integers(0, 400), max_size=8))
def test_property_any_cut_of_the_bytes_gives_the_same(cuts: list[int]) -> None:
    stream = sse(
        chunk({"reasoning": "né"}), *texts("h中", "lo"), call(index=0, id="a", function={"name": "f", "arguments": "{}"}), STOP
    )
    stream = stream.replace(rb"\u4e2d", "中".encode()).replace(b"\n\ndata", b"\r\n\r\ndata")
    places = sorted(place % len(stream) for place in cuts)
    pieces = [stream[start:end] for start, end in zip([0, *places], [*places, len(stream)], strict=True)]
    assert answer_of(pieces).blocks == (thinking("né"), text("h中lo"), use("a", "f"))


_KEYS = (
    "id model choices delta message text index finish_reason content role refusal reasoning reasoning_content reasoning_details"
    " thinking_blocks thinking type tool_calls function name arguments function_call usage prompt_tokens completion_tokens x_groq"
    " prompt_tokens_details cached_tokens error summary data strange"
)
keys = st.sampled_from(sorted(_KEYS.split()))
junk = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 3) | st.sampled_from(["", "stop", "x", "{}", "<think>", "error", "c1", "1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=14,
)
deltas = st.dictionaries(keys, junk, max_size=5)
odd_chunks = junk | deltas.map(chunk) | deltas.map(lambda fields: {**chunk({"content": "x"}), **fields})


@given(st.lists(odd_chunks, max_size=6))
def test_property_junk_keeps_the_order_and_raises_nothing_else(payloads: list[Any]) -> None:
    reader, events = StreamReader(), list[Any]()
    try:
        for payload in payloads:
            data = json.dumps(payload)
            quick = reader.quick(data)
            events += [quick] if quick is not None else reader.read(data, None)
        events += reader.read("[DONE]", None)
    except (StreamFailure, ValueError):
        pass
    assert order_problems(events) == []
    message_of(events).to_json()
    json.dumps([event.extra for event in events if hasattr(event, "extra")])


@given(st.binary(max_size=60), st.sampled_from([b"", b"data: ", b"event: error\ndata: "]))
def test_property_bytes_raise_nothing_but_our_errors(noise: bytes, before: bytes) -> None:
    events, error = read(before + noise + b"\n\n" + HELLO)
    assert error is None or isinstance(error, ProviderError)
    assert order_problems(events) == []


@given(
    st.lists(st.sampled_from([{"content": "a"}, {"reasoning": "b"}, {"content": "c", "strange": 1}, {"content": ""}]), max_size=8)
)
def test_property_the_quick_way_reads_as_the_other(given_deltas: list[dict[str, Any]]) -> None:
    datas = [json.dumps(chunk(delta, system_fingerprint="f")) for delta in given_deltas]

    def folded(*, quickly: bool) -> Message:
        reader, events = StreamReader(), list[Any]()
        for data in [*datas, json.dumps(STOP), "[DONE]"]:
            quick = reader.quick(data) if quickly else None
            events += [quick] if quick is not None else reader.read(data, None)
        return message_of(events)

    assert folded(quickly=True) == folded(quickly=False)


def test_most_deltas_go_the_quick_way() -> None:
    reader = StreamReader()
    for data in map(json.dumps, (chunk({"role": "assistant", "content": ""}), chunk({"content": "a"}))):
        assert reader.quick(data) is None
        list(reader.read(data, None))
    assert reader.quick(json.dumps(chunk({"content": "b"}))) == BlockDelta(0, "text", "b")
    assert reader.quick(json.dumps(chunk({"content": "b"}, x=1))) is None
    assert reader.quick(json.dumps(chunk({"content": "b"}, "stop"))) is None
    assert reader.quick(json.dumps(chunk({"reasoning": "b"}))) is None


def test_what_is_kept_beside_the_content_is_bounded() -> None:
    deltas = [chunk({"content": "x", "audio": {"n": number}}) for number in range(300)]
    message = answer_of(sse(*deltas, chunk(big="x" * 70_000, small=1), STOP))
    assert len(message.extra["unknown_deltas"]) == 200 and message.extra["small"] == 1 and "big" not in message.extra
    assert all(block_type(block) == "text" for block in message.blocks)


def test_the_last_value_that_is_not_null_is_kept() -> None:
    stream = sse(chunk({"content": "a"}, k=1), chunk({"content": "b"}, k=2), chunk({"content": "c"}, k=None), STOP)
    assert answer_of(stream).extra == {"k": 2}
    reserved = sse(chunk({"content": "a"}, stop_reason="x", reasoning_details=3), STOP)
    assert answer_of(reserved).extra == {"provider_stop_reason": "x", "provider_reasoning_details": 3}
