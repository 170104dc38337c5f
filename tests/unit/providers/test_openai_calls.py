"""Fragments of calls, however a server keys, repeats or cuts them; counts in the Messages API's terms."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_tui.providers import openai_usage
from claude_tui.providers.openai_request import wire_name
from tests.unit.providers.openai_wire import answer_of, call, chunk, message_of, read, sse, text, texts, use

STOP = chunk(finish="tool_calls")


def f(arguments: Any = None, name: Any = None) -> dict[str, Any]:
    return {"name": name, "arguments": arguments}


def blocks_of(*fragments: dict[str, Any]) -> list[dict[str, Any]]:
    """The calls these fragments make; ids that were made up are left out."""
    message = answer_of(sse(*(call(**fragment) for fragment in fragments), STOP))
    assert len({block["id"] for block in message.blocks}) == len(message.blocks)
    return [{**block, "id": "*"} if len(block["id"]) == 29 else block for block in message.blocks]


A1, A2 = '{"a": 1}', '{"a": 2}'

CASES: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]]]] = {
    "id in each fragment": (
        [{"index": 0, "id": "x", "function": f("", "f")}, {"index": 0, "id": "x", "function": f(A1)}],
        [use("x", "f", a=1)],
    ),
    "id and name in each fragment": (
        [{"index": 0, "id": "x", "function": f('{"a"', "f")}, {"index": 0, "id": "x", "function": f(": 1}", "f")}],
        [use("x", "f", a=1)],
    ),
    "name in each fragment, no id": (
        [{"index": 0, "function": f('{"a"', "f")}, {"index": 0, "function": f(": 1}", "f")}, {"index": 0, "function": f("", "f")}],
        [use("*", "f", a=1)],
    ),
    "empty id and name later": (
        [{"index": 0, "id": "x", "function": f("", "f")}, {"index": 0, "id": "", "function": f(A1, "")}],
        [use("x", "f", a=1)],
    ),
    "another id at the same index": (
        [{"index": 0, "id": "x", "function": f(A1, "f")}, {"index": 0, "id": "y", "function": f(A2, "f")}],
        [use("x", "f", a=1), use("y", "f", a=2)],
    ),
    "the same index for interleaved ids": (
        [
            {"index": 0, "id": "x", "function": f('{"a"', "f")},
            {"index": 0, "id": "y", "function": f('{"a"', "g")},
            {"index": 0, "id": "x", "function": f(": 1}")},
            {"index": 0, "id": "y", "function": f(": 2}")},
        ],
        [use("x", "f", a=1), use("y", "g", a=2)],
    ),
    "interleaved indexes": (
        [
            {"index": 1, "id": "y", "function": f('{"a"', "g")},
            {"index": 0, "id": "x", "function": f('{"a"', "f")},
            {"index": 1, "function": f(": 2}")},
            {"index": 0, "function": f(": 1}")},
        ],
        [use("y", "g", a=2), use("x", "f", a=1)],
    ),
    "no index, by id": (
        [
            {"id": "x", "function": f('{"a"', "f")},
            {"id": "y", "function": f('{"a"', "g")},
            {"id": "x", "function": f(": 1}")},
            {"id": "y", "function": f(": 2}")},
        ],
        [use("x", "f", a=1), use("y", "g", a=2)],
    ),
    "no index, id once": (
        [{"id": "x", "function": f("", "f")}, {"function": f('{"a"')}, {"function": f(": 1}")}],
        [use("x", "f", a=1)],
    ),
    "neither index nor id": (
        [{"function": f(A1, "f")}, {"function": f(A2, "f")}, {"function": f("", "g")}, {"function": f("", "h")}],
        [use("*", "f", a=1), use("*", "f", a=2), use("*", "g"), use("*", "h")],
    ),
    "whole calls at index 0": (
        [{"index": 0, "function": f(A1, "f")}, {"index": 0, "function": f(A2, "f")}, {"index": 0, "function": f("{}", "f")}],
        [use("*", "f", a=1), use("*", "f", a=2), use("*", "f")],
    ),
    "one id for two calls": (
        [
            {"index": 0, "id": "x", "function": f(A1, "f")},
            {"index": 1, "id": "x", "function": f('{"a"', "g")},
            {"index": 1, "id": "x", "function": f(": 2}")},
        ],
        [use("x", "f", a=1), use("x_2", "g", a=2)],
    ),
    "one id for two calls at one index": (
        [{"index": 0, "id": "x", "function": f(A1, "f")}, {"index": 0, "id": "x", "function": f(A2, "g")}],
        [use("x", "f", a=1), use("x_2", "g", a=2)],
    ),
    "a call sent again at the end": (
        [
            {"index": 0, "id": "x", "function": f('{"a"', "f")},
            {"index": 0, "function": f(": 1}")},
            {"index": 0, "id": "x", "function": f('{"a": 1}', "f")},
        ],
        [use("x", "f", a=1)],
    ),
    "an id that comes late": (
        [{"index": 0, "function": f("")}, {"index": 0, "id": "x", "function": f(A1, "f")}],
        [use("x", "f", a=1)],
    ),
    "a name that comes late": (
        [{"index": 0, "id": "x", "function": f('{"a"')}, {"index": 0, "function": f(": 1}", "f")}],
        [use("x", "f", a=1)],
    ),
    "a name that never comes": ([{"index": 0, "id": "x", "function": f(A1)}], [use("x", "", a=1)]),
    "arguments of other kinds": (
        [
            {"index": 0, "id": "x", "function": f({"a": 1}, "f")},
            {"index": 1, "id": "y", "function": f(None, "g")},
            {"index": 2, "id": "z"},
        ],
        [use("x", "f", a=1), use("y", "g"), use("z", "")],
    ),
    "an empty object first": (
        [{"index": 0, "id": "x", "function": f("{}", "f")}, {"index": 0, "function": f("")}, {"index": 0, "function": f(A1)}],
        [use("x", "f", a=1)],
    ),
    "an empty object alone": ([{"index": 0, "id": "x", "function": f("{}", "f")}], [use("x", "f")]),
    "index as a string, name outside": (
        [{"index": "0", "id": "x", "name": "f", "arguments": '{"a"'}, {"index": 0, "arguments": ": 1}"}],
        [use("x", "f", a=1)],
    ),
    "a new id for each fragment": (
        [{"index": 0, "id": "x", "function": f('{"a"', "f")}, {"index": 0, "id": "y", "function": f(": 1}")}],
        [use("x", "f", a=1)],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_fragments(name: str) -> None:
    fragments, blocks = CASES[name]
    assert blocks_of(*fragments) == blocks


def test_several_calls_in_one_chunk_and_text_around_them() -> None:
    calls = [{"index": number, "id": f"c{number}", "function": f('{"a"', "f")} for number in range(2)]
    ends = [{"index": number, "function": f(f": {number}}}")} for number in range(2)]
    stream = sse(*texts("before"), chunk({"tool_calls": calls}), chunk({"tool_calls": ends}), *texts("after"), STOP)
    assert answer_of(stream).blocks == (text("before"), use("c0", "f", a=0), use("c1", "f", a=1), text("after"))


def test_arguments_that_are_no_json_are_kept() -> None:
    message = answer_of(sse(call(index=0, id="x", function=f('{"a": ', "f")), chunk(finish="length")))
    assert message.blocks == (use("x", "f"),) and message.raw_inputs == {"0": '{"a": '} and message.stop_reason == "max_tokens"


def test_a_call_that_broke_off_is_no_call() -> None:
    events, error = read(sse(call(index=0, id="x", function=f('{"a": ', "f")), done=False))
    assert error and error.info.kind == "truncated" and message_of(events).open_blocks == (0,)


def test_names_that_had_to_be_changed_come_back() -> None:
    tools = tuple({"name": name, "input_schema": {}} for name in ("plain", "with.dots", "x" * 100))
    stream = sse(*(call(index=n, id=f"c{n}", function=f("{}", wire_name(tool["name"]))) for n, tool in enumerate(tools)), STOP)
    assert [block["name"] for block in answer_of(stream, tools=tools).blocks] == [tool["name"] for tool in tools]


@given(st.lists(st.integers(0, 40), max_size=8), st.booleans(), st.booleans())
def test_property_any_cut_of_arguments_gives_the_same(cuts: list[int], with_id: bool, with_name: bool) -> None:
    arguments = '{"text": "}{\\" é", "list": [{}, "{}"]}'
    places = sorted(place % len(arguments) for place in cuts)
    pieces = [arguments[start:end] for start, end in zip([0, *places], [*places, len(arguments)], strict=True)]
    again = {**({"id": "x"} if with_id else {}), "index": 0}
    fragments = [{"index": 0, "id": "x", "function": f("", "f")}] + [
        {**again, "function": f(piece, "f" if with_name and with_id else None)} for piece in pieces
    ]
    assert blocks_of(*fragments) == [use("x", "f", text='}{" é', list=[{}, "{}"])]


@pytest.mark.parametrize(
    ("given_usage", "expected"),
    [
        ({}, None),
        ({"prompt_tokens": None, "completion_tokens": "x"}, None),
        ({"total_tokens": 3}, None),
        ({"prompt_tokens": "7", "completion_tokens": 2.0}, (7, 2, 0, 0)),
        ({"prompt_tokens": 3, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 9}}, (0, 1, 9, 0)),
        (
            {"prompt_tokens": 9, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 2, "cache_write_tokens": 3}},
            (4, 1, 2, 3),
        ),
        ({"prompt_tokens": 9, "completion_tokens": 1, "prompt_tokens_details": None, "prompt_cache_hit_tokens": 2}, (7, 1, 2, 0)),
        ({"input_tokens": 9, "output_tokens": 1, "input_tokens_details": {"cached_tokens": 2}}, (7, 1, 2, 0)),
        ({"input_tokens": 9, "output_tokens": 1, "cache_creation_input_tokens": 2}, (9, 1, 0, 2)),
        ({"prompt_tokens": -1, "input_tokens": 4, "completion_tokens": True, "output_tokens": 1}, (4, 1, 0, 0)),
        ({"prompt_tokens": float("inf"), "completion_tokens": 1}, (None, 1, None, None)),
    ],
)
def test_counts(given_usage: dict[str, Any], expected: tuple[int | None, ...] | None) -> None:
    usage = openai_usage.mapped(given_usage)
    names = ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
    assert (None if usage is None else tuple(usage.get(name) for name in names)) == expected


@pytest.mark.parametrize(
    ("given_usage", "more"),
    [
        ({"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3, "prompt_tokens_details": {"cached_tokens": 0}}, False),
        ({"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 9}, True),
        ({"prompt_tokens": 1, "cost": 0.1}, True),
        ({"prompt_tokens": 1, "prompt_tokens_details": {"audio_tokens": 1}}, True),
        ({"prompt_tokens": 1, "prompt_tokens_details": None, "cost": None}, False),
    ],
)
def test_when_a_usage_object_says_more_than_counts(given_usage: dict[str, Any], more: bool) -> None:
    assert openai_usage.says_more(given_usage) is more


@given(
    st.dictionaries(
        st.sampled_from(["prompt_tokens", "input_tokens", "completion_tokens", "prompt_tokens_details"]),
        st.integers()
        | st.floats()
        | st.text(max_size=3)
        | st.none()
        | st.dictionaries(st.just("cached_tokens"), st.integers() | st.text(max_size=3)),
    )
)
def test_property_counts_are_never_negative(given_usage: dict[str, Any]) -> None:
    usage = openai_usage.mapped(given_usage) or {}
    assert all(isinstance(count, int) and count >= 0 for count in usage.values())
    openai_usage.says_more(given_usage)
