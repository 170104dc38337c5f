"""Reading blocks, and JSON in the standard's sense."""

import json
from typing import Any

import pytest
from hypothesis import given

from claude_tui.domain.blocks import (
    block_type,
    dump_json,
    is_client_call,
    is_server_call,
    is_server_result,
    plain_text,
    result_text,
    strict_json,
    string,
    takes_input,
    tool_result,
)
from tests.unit.domain.streams import values


def nested(depth: int, opening: str = "[", closing: str = "]") -> str:
    return opening * depth + "1" + closing * depth


@pytest.mark.parametrize(
    "text",
    [
        "NaN",
        "Infinity",
        "-Infinity",
        '{"a": [NaN]}',
        "1e999",
        "-1e999",
        "",
        " ",
        "{} x",
        "{}{}",
        "[1,]",
        "{'a': 1}",
        "\ufeff{}",
        "nul",
        '"\n"',
        "9" * 5000,
        nested(201),
        nested(100_000),
        nested(201, '{"a":', "}"),
        "[" * 100_000,
        '["[", ' + nested(200) + "]",
    ],
    ids=range(21),
)
def test_what_is_no_json(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the kind is the contract, the words are not
        strict_json(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (" {} ", {}),
        ("1e308", 1e308),
        ("-0.0", -0.0),
        ("9" * 400, int("9" * 400)),
        ('"\\ud800"', "\ud800"),
        ('{"a": 1, "a": 2}', {"a": 2}),
        ('"' + "[" * 500 + '"', "[" * 500),
        (json.dumps([[]] * 500), [[]] * 500),
    ],
    ids=range(8),
)
def test_what_is_json(text: str, value: Any) -> None:
    assert strict_json(text) == value


def test_two_hundred_levels_are_the_limit_at_any_depth_of_the_stack() -> None:
    def deeper(levels: int) -> Any:
        return strict_json(nested(200)) if levels == 0 else deeper(levels - 1)

    value = deeper(300)
    assert strict_json(dump_json(value)) == value


@given(values)
def test_property_what_is_written_is_read_again(value: Any) -> None:
    text = dump_json(value)
    assert text.isascii() and "\n" not in text
    assert strict_json(text) == json.loads(text)
    assert dump_json(strict_json(text)) == text


def test_what_is_not_json_is_not_written() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        dump_json(float("nan"))


@pytest.mark.parametrize("odd", [{}, {"type": None}, {"type": 5}, {"type": ["text"]}])
def test_blocks_without_a_type(odd: dict[str, Any]) -> None:
    assert block_type(odd) == "" and string(odd, "type") == "" and not takes_input(odd)


@pytest.mark.parametrize(
    ("kind", "client", "server", "result"),
    [
        ("tool_use", True, False, False),
        ("server_tool_use", False, True, False),
        ("mcp_tool_use", False, True, False),
        ("tool_result", False, False, False),
        ("web_search_tool_result", False, False, True),
        ("text", False, False, False),
    ],
)
def test_sides_of_a_call(kind: str, client: bool, server: bool, result: bool) -> None:
    block = {"type": kind}
    assert (is_client_call(block), is_server_call(block), is_server_result(block)) == (client, server, result)
    assert takes_input(block) is (client or server) and takes_input({**block, "input": {}})


def test_texts_of_blocks() -> None:
    parts: list[Any] = [{"type": "text", "text": "a"}, {"type": "image"}, {}, "odd", {"type": "text", "text": None}]
    assert result_text(tool_result("x", parts)) == "a\n[image]\n[unknown]\n"
    assert result_text(tool_result("x", "plain", is_error=True)) == "plain"
    assert result_text({"content": None}) == ""
    assert plain_text([{"type": "text", "text": "a"}, {"type": "thinking", "thinking": "t"}, {"type": "text", "text": "b"}]) == "ab"
