"""Streams mangled anyhow, in odd characters, and very long: nothing raised but our errors, nothing lost, nothing quadratic."""

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claude_tui.domain.errors import ProviderError
from claude_tui.domain.messages import Message
from tests.unit.domain.reading import order_problems
from tests.unit.providers.openai_wire import answer_of, chunk, message_of, read, sse
from tests.unit.providers.test_openai_gateways import ROWS

STOP = chunk(finish="stop")


def _texts_of(message: Message) -> str:
    return "".join(block["text"] for block in message.blocks if block["type"] == "text")


_LINES = {name: row.stream.decode().replace("\r\n", "\n").split("\n\n") for name, row in ROWS.items()}


@given(st.sampled_from(sorted(ROWS)), st.data())
@settings(max_examples=300, deadline=None)
def test_property_a_row_mangled_anyhow_raises_nothing_else(name: str, data: st.DataObject) -> None:
    """Chunks dropped, repeated and put elsewhere, values made null or something else: an error of ours at most, and in order."""
    lines = list(_LINES[name])
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(lines) - 1))
        what = data.draw(st.sampled_from(["drop", "repeat", "move", "null", "type", "comment", "break"]))
        if what == "drop" and len(lines) > 1:
            lines.pop(place)
        elif what == "repeat":
            lines.insert(place, lines[place])
        elif what == "move":
            lines.insert(data.draw(st.integers(0, len(lines) - 1)), lines.pop(place))
        elif what == "comment":
            lines.insert(place, ": keep-alive")
        elif what == "break":
            lines[place] = lines[place].replace(data.draw(st.sampled_from(['"', "{", "}", ":", "choices", "delta", "0"])), "", 1)
        else:
            lines[place] = _changed(lines[place], data, null=what == "null")
    stream = "\n\n".join(lines).encode()
    cut = data.draw(st.integers(1, 50))
    events, error = read([stream[start : start + cut] for start in range(0, len(stream), cut)])
    assert error is None or isinstance(error, ProviderError)
    assert order_problems(events) == []
    whole, _ = read(stream)
    assert _texts_of(message_of(whole)) == _texts_of(message_of(events))
    message_of(events).to_json()


def _changed(line: str, data: st.DataObject, *, null: bool) -> str:
    """One value in the JSON of a line made null, or something of another type."""
    head, mark, body = line.partition("{")
    try:
        payload = json.loads(mark + body)
    except ValueError:
        return line
    places: list[tuple[Any, Any]] = []
    stack: list[Any] = [payload]
    while stack:
        node = stack.pop()
        for key in node if isinstance(node, dict) else range(len(node)):
            places.append((node, key))
            if isinstance(node[key], (dict, list)):
                stack.append(node[key])
    if places:
        node, key = data.draw(st.sampled_from(places))
        node[key] = None if null else data.draw(st.sampled_from([0, "", "x", [], {}, True, 1.5, ["x"], {"text": "x"}, "\ud83d"]))
    return head + json.dumps(payload)


PIECES = st.text(st.sampled_from("ab<>/ \n[]{}é\u2028\x85\U0001f600"), min_size=1, max_size=6)


@given(st.lists(st.tuples(st.sampled_from(["content", "reasoning", "reasoning_content"]), PIECES), max_size=12), st.booleans())
@settings(deadline=None)
def test_property_nothing_that_was_said_is_lost(given_pieces: list[tuple[str, str]], ascii_only: bool) -> None:
    """All that comes in a field is in a block, once and in order, where nothing in it is a tag or a repetition."""
    said = [(kind, f"{number}{piece}.") for number, (kind, piece) in enumerate(given_pieces)]
    payloads = [chunk({kind: piece}) for kind, piece in said]
    stream = "".join(f"data: {json.dumps(one, ensure_ascii=ascii_only)}\n\n" for one in [*payloads, STOP]).encode()
    message = answer_of(stream)
    for kind, ours in (("content", "text"), ("reasoning", "thinking")):
        assert "".join(block.get(ours, "") for block in message.blocks) == "".join(
            piece for name, piece in said if name.startswith(kind)
        )


MANY = 20_000


@pytest.mark.perf
@pytest.mark.parametrize(
    "delta",
    [
        lambda n: {"content": f"w{n} "},
        lambda n: {"reasoning_content": f"w{n} "},
        lambda n: {"reasoning": f"w{n} ", "reasoning_details": [{"type": "reasoning.text", "index": 0, "text": f"w{n} "}]},
        lambda n: {"reasoning_details": [{"type": "reasoning.text", "index": 0, "text": f"w{n} "}]},
        lambda n: {"thinking_blocks": [{"type": "thinking", "thinking": f"w{n} "}]},
        lambda n: {"content": f"{'' if n else '<think>'}w{n} "},
        lambda n: {"content": f"{'' if n else '<think>'}w{n} ", "reasoning_content": f"w{n} "},
        lambda n: {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": f"w{n} "}]}]},
        lambda n: {"tool_calls": [{"index": 0, "id": "a", "function": {"name": "f", "arguments": f"{n} " if n else '{"a": "'}}]},
        lambda n: {"tool_calls": [{"index": n % 2, "function": {"name": "f", "arguments": f"{n} }}" if n > 1 else '{"a": "'}}]},
    ],
    ids=range(10),
)
def test_many_deltas_cost_what_they_are(delta: Any) -> None:
    """Ten times as many take no more than some ten times as long: a quadratic reader takes a hundred."""

    def seconds(count: int) -> float:
        stream = sse(*(chunk(delta(number)) for number in range(count)), STOP)
        start = time.process_time()
        events, error = read(stream)
        assert error is None
        message_of(events)
        return time.process_time() - start

    seconds(10)
    few = seconds(MANY // 10)
    assert seconds(MANY) < 30 * max(few, 0.02)
