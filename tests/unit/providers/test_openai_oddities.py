"""Streams as servers have been reported to send them, where they stray furthest from the form; each a row."""

import json
from typing import Any

import httpx2
import pytest

from claude_tui.domain.errors import ErrorKind
from claude_tui.domain.messages import Status
from claude_tui.providers import openai_stream, reading
from tests.unit.domain.reading import order_problems
from tests.unit.providers.openai_wire import (
    Payload,
    answer_of,
    call,
    chunk,
    counts,
    message_of,
    read,
    sse,
    text,
    texts,
    thinking,
    use,
)

STOP = chunk(finish="stop")
USAGE = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}
NOTHING = {"index": 0, "id": "", "type": "function", "function": {"name": "", "arguments": ""}}
ERROR = {"error": {"message": "m", "code": 502}}


def choice(index: Any, delta: Payload, finish: str | None = None) -> Payload:
    return {**chunk(), "choices": [{"index": index, "delta": delta, "finish_reason": finish}]}


def f(arguments: Any = None, name: Any = None) -> Payload:
    return {"name": name, "arguments": arguments}


def mirrored(*pieces: str) -> list[Payload]:
    """Thinking as a field and in the text, as MiniMax sends it where nothing else is asked for."""
    given = zip(pieces, ["<think>\n", *[""] * len(pieces)], strict=False)
    return [chunk({"reasoning_content": piece, "content": tag + piece}) for piece, tag in given]


def snapshots(*pieces: str) -> list[Payload]:
    return [chunk({"reasoning_details": [{"type": "reasoning.text", "id": "r1", "text": piece}]}) for piece in pieces]


ODD: dict[str, tuple[bytes, list[Payload], str]] = {
    "a finish reason in every chunk": (
        sse(
            *(chunk({"reasoning_content": one}, "stop") for one in "ab"),
            *(chunk({"content": one}, "stop") for one in ("Hel", "lo")),
        ),
        [thinking("ab"), text("Hello")],
        "end_turn",
    ),
    "a finish reason and counts in every chunk": (
        sse(
            *(chunk({"content": one}, "stop", usage=USAGE) for one in ("Hel", "lo")),
            {**chunk(), "choices": [], "usage": USAGE},
            chunk({"content": "!"}),
        ),
        [text("Hello!")],
        "end_turn",
    ),
    "two finish reasons": (
        sse(*texts("Hel"), chunk({"content": "lo"}, "stop"), chunk(finish="length")),
        [text("Hello")],
        "max_tokens",
    ),
    "a finish reason as an object": (
        sse(*texts("Hello"), {**STOP, "choices": [{**STOP["choices"][0], "finish_reason": {"type": "length"}}]}, done=False),
        [text("Hello")],
        "max_tokens",
    ),
    "blocks numbered as choices": (
        sse(
            choice(0, {"role": "assistant", "reasoning_content": "So"}),
            choice(1, {"content": "Hel"}),
            choice(1, {"content": "lo"}),
            choice(2, {"tool_calls": [{"index": 0, "id": "a", "function": f("", "f")}]}),
            choice(2, {"tool_calls": [{"index": 0, "function": f('{"a": 1}')}]}),
            choice(3, {"tool_calls": [{"index": 1, "id": "b", "function": f("{}", "g")}]}),
            choice(0, {}, "tool_calls"),
        ),
        [thinking("So"), text("Hello"), use("a", "f", a=1), use("b", "g")],
        "tool_use",
    ),
    "another answer beside it": (
        sse(
            *(choice(number, {"role": "assistant", "content": ""}) for number in (0, 1)),
            *(choice(number, {"content": one}) for one in ("Hel", "lo") for number in (0, 1)),
            choice(0, {}, "stop"),
            choice(1, {}, "length"),
        ),
        [text("Hello")],
        "end_turn",
    ),
    "text and calls as two choices of one index": (
        sse(
            {
                **chunk(),
                "choices": [
                    {"index": 0, "delta": {"content": "Hello"}},
                    {"index": 0, "delta": {"tool_calls": [{"id": "a", "function": f("{}", "f")}]}, "finish_reason": "tool_calls"},
                ],
            }
        ),
        [text("Hello"), use("a", "f")],
        "tool_use",
    ),
    "thinking as a field and in the text": (
        sse(*mirrored("The user", " says hi", ". Hm"), *texts("\n</think>", "\n\nHello"), STOP),
        [thinking("The user says hi. Hm"), text("Hello")],
        "end_turn",
    ),
    "thinking as a field, then all of it in the text": (
        sse(*(chunk({"reasoning": one}) for one in ("So", " it is")), *texts("<think>So it", " is</think>Hello"), STOP),
        [thinking("So it is"), text("Hello")],
        "end_turn",
    ),
    "thinking in the text that is another": (
        sse(chunk({"reasoning": "So"}), *texts("<think>So", " what", "</think>Hello"), STOP),
        [thinking("SoSo what"), text("Hello")],
        "end_turn",
    ),
    "all of the thinking with each chunk": (
        sse(*snapshots("The user", "The user says", "The user says hi"), *texts("Hello", "Hello wor", "Hello world"), STOP),
        [thinking("The user says hi"), text("Hello world")],
        "end_turn",
    ),
    "pieces of thinking in details alone": (
        sse(*snapshots("The user", " says", " hi"), *texts("Hello"), STOP),
        [thinking("The user says hi"), text("Hello")],
        "end_turn",
    ),
    "all of the thinking once more at its end": (
        sse(
            *(chunk({"reasoning_content": one}) for one in ("The user", " says")),
            chunk({"thinking_blocks": [{"type": "thinking", "thinking": "The user says", "signature": "s"}]}),
            *texts("Hello"),
            STOP,
        ),
        [thinking("The user says"), text("Hello")],
        "end_turn",
    ),
    "details that tell more at once than the field": (
        sse(chunk({"reasoning": "b", "reasoning_details": [{"type": "reasoning.text", "text": "ab"}]}), *texts("Hello"), STOP),
        [thinking("b"), text("Hello")],
        "end_turn",
    ),
    "a closing tag behind thinking": (
        sse(chunk({"reasoning_content": "So"}), *texts("\n</th", "ink>\n\n", "Hello"), STOP),
        [thinking("So"), text("Hello")],
        "end_turn",
    ),
    "a call of nothing in every chunk": (
        sse(*(chunk({"content": one, "tool_calls": [NOTHING]}) for one in ("Hel", "lo")), STOP),
        [text("Hello")],
        "end_turn",
    ),
    "arguments under another index": (
        sse(call(index=1, id="a", function=f("", "f")), call(index=0, function=f("{}")), chunk(finish="tool_calls")),
        [use("a", "f")],
        "tool_use",
    ),
    "indexes from one": (
        sse(call(index=1, id="a", function=f("", "f")), call(index=1, function=f('{"a": 1}')), chunk(finish="tool_calls")),
        [use("a", "f", a=1)],
        "tool_use",
    ),
    "numbers for ids": (
        sse(call(index=0, id=7, function=f('{"a": 1}', "f")), call(index=0, id=8, function=f('{"a": 2}', "f")), STOP),
        [use("7", "f", a=1), use("8", "f", a=2)],
        "tool_use",
    ),
    "arguments that are null": (
        sse(call(index=0, id="a", function=f("null", "f")), call(index=1, id="b", function=f(None, "f")), STOP),
        [use("a", "f"), use("b", "f")],
        "tool_use",
    ),
    "arguments made a string twice": (
        sse(*(call(index=0, id="a", function=f(one, "f")) for one in ('"{', '\\"a\\": ', '1}"')), STOP),
        [use("a", "f", a=1)],
        "tool_use",
    ),
    "a name in every fragment, an empty one after it": (
        sse(
            call(index=0, id="a", function=f('{"a"', "f")),
            call(index=0, id="a", function=f(": ", "f")),
            call(index=0, id="a", function=f("1}", "")),
            STOP,
        ),
        [use("a", "f", a=1)],
        "tool_use",
    ),
    "an answer in one chunk": (sse(chunk({"content": "Hello"}, "stop", usage=USAGE)), [text("Hello")], "end_turn"),
    "no empty lines between": (
        b"".join(b"data: " + json.dumps(one).encode() + b"\n" for one in [*texts("Hel", "lo"), STOP]) + b"data: [DONE]\n",
        [text("Hello")],
        "end_turn",
    ),
    "marked twice": (
        b"".join(b"data: data: " + json.dumps(one).encode() + b"\n\n" for one in [*texts("Hel", "lo"), STOP]),
        [text("Hello")],
        "end_turn",
    ),
    "pings with data": (
        b"event: ping\ndata: 2024-04-27 01:35:43\n\n" + sse(*texts("Hello"), STOP),
        [text("Hello")],
        "end_turn",
    ),
    "an error after the last word": (sse(*texts("Hello"), STOP, ERROR), [text("Hello")], "end_turn"),
    "an error instead of the counts": (
        sse(call(index=0, id="a", function=f("{}", "f")), chunk(finish="tool_calls"), done=False) + b"event: error\ndata: oops\n\n",
        [use("a", "f")],
        "tool_use",
    ),
    "garbage after the farewell": (sse(*texts("Hello"), STOP) + b"<html>{{{\n\ndata: {\n\n", [text("Hello")], "end_turn"),
    "gemini's tag": (
        sse(*texts("<thought>**So**", "\n</thought>", "Hello"), STOP),
        [thinking("**So**\n"), text("Hello")],
        "end_turn",
    ),
    "bedrock's tag": (sse(*texts("<reasoning>So</reasoning>Hello"), STOP), [thinking("So"), text("Hello")], "end_turn"),
    "magistral's tag": (sse(*texts("[TH", "INK]So[/", "THINK]Hello"), STOP), [thinking("So"), text("Hello")], "end_turn"),
    "a list is no tag": (sse(*texts("[", "1, 2]"), STOP), [text("[1, 2]")], "end_turn"),
    "another id midway": (sse(*texts("Hel"), chunk({"content": "lo"}, id="c2", model="n"), STOP), [text("Hello")], "end_turn"),
}


@pytest.mark.parametrize("name", ODD)
def test_oddities(name: str) -> None:
    stream, blocks, stop = ODD[name]
    for pieces in ([stream], [stream[start : start + 5] for start in range(0, len(stream), 5)]):
        message = answer_of(pieces)
        assert [
            {**block, "id": "*"} if str(block.get("id", "")).startswith("call_") else block for block in message.blocks
        ] == blocks
        assert message.stop_reason == stop and message.raw_inputs == {}


@pytest.mark.parametrize(
    ("stream", "kind"),
    [
        (
            b'error: {"code":400,"message":"exceeds the available context size","type":"invalid_request_error"}\n\n',
            ErrorKind.CONTEXT,
        ),
        (sse(*texts("x"), chunk(finish="error"), ERROR), ErrorKind.SERVER),
        (sse(chunk({"content": "x"}, "stop"), chunk({"content": "y"}, "stop"), ERROR), ErrorKind.SERVER),
        (sse(*texts("x"), {**chunk({"content": ""}, "error"), **ERROR}), ErrorKind.SERVER),
        (b'data: {"text": "max_tokens must be at least 1", "error_code": 50001}\n\ndata: [DONE]\n\n', ErrorKind.SERVER),
        (sse({"error": {"code": "RateLimitExceeded.EndpointTPMExceeded", "message": "m"}}), ErrorKind.RATE_LIMIT),
        (sse({"error": {"code": "AccountOverdueError", "message": "m", "type": "Forbidden"}}), ErrorKind.BILLING),
        (sse({"error": {"code": "ServerOverloaded", "message": "m", "type": "TooManyRequests"}}), ErrorKind.OVERLOADED),
        (sse({"choices": None, "base_resp": {"status_code": 1002, "status_msg": "m"}}), ErrorKind.RATE_LIMIT),
        (sse({"choices": None, "base_resp": {"status_code": 1004, "status_msg": "m"}}), ErrorKind.AUTH),
        (sse({"error": "overloaded", "error_type": "overloaded"}), ErrorKind.OVERLOADED),
        (sse({"error": {"message": "m", "type": "None", "param": "None", "code": "429"}}), ErrorKind.RATE_LIMIT),
    ],
    ids=range(12),
)
def test_failures(stream: bytes, kind: ErrorKind) -> None:
    events, error = read(stream)
    assert error is not None and error.info.kind is kind, error
    assert order_problems(events) == [] and message_of(events).status is Status.INTERRUPTED


def test_snapshots_are_kept_once_beside_the_content() -> None:
    details = answer_of(ODD["all of the thinking with each chunk"][0]).extra["reasoning_details"]
    assert details == [{"type": "reasoning.text", "id": "r1", "text": "The user says hi"}]


def test_a_doubtful_end_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a finish reason came with content, or before it, more may come however long it takes."""
    monkeypatch.setattr(openai_stream, "USAGE_SECONDS", 0.01)
    monkeypatch.setattr(openai_stream, "DRAIN_SECONDS", 0.01)
    monkeypatch.setattr(reading, "DRAIN_SECONDS", 0.01)
    slow = sse(*(chunk({"content": one}, "stop", usage=USAGE) for one in "ab"))
    events, error = read(slow.replace(b"\n\n", b"\n\n|").split(b"|"), pause=0.05)
    assert error is None and message_of(events).blocks == (text("ab"),)
    monkeypatch.setattr(openai_stream, "UNSURE_SECONDS", 0.01)
    assert read(sse(chunk({"content": "a"}, "stop"), done=False), then="silence")[1] is None


def test_what_comes_in_drops_after_the_end_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openai_stream, "USAGE_SECONDS", 0.1)
    counted = sse({**chunk(), "choices": [], "usage": USAGE}, done=False)
    pieces = [sse(*texts("a"), STOP, done=False), *(counted[start : start + 20] for start in range(0, len(counted), 20))]
    events, error = read(pieces, pause=0.02)
    assert error is None and message_of(events).usage == counts(5, 2)


def test_a_reset_after_the_end_and_one_before_it() -> None:
    lost = httpx2.ReadError("reset")
    assert read(sse(*mirrored("So", " it"), STOP, done=False), then=lost)[1] is None
    _, error = read(sse(*mirrored("So", " it"), done=False), then=lost)
    assert error is not None and error.info.kind is ErrorKind.TRUNCATED
