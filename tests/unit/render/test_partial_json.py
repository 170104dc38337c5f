"""Reading JSON that has not all arrived."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_tui.render.partial_json import OpenText, PartialJson
from tests.unit.render.drawing import cut_anywhere, json_values, nasty


def read(*parts: str) -> PartialJson:
    reader = PartialJson()
    for part in parts:
        reader.feed(part)
    return reader


def plain(value: Any) -> Any:
    if isinstance(value, OpenText):
        return value.text + "…"
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("{", {}),
        ('{"ci', {}),
        ('{"city"', {}),
        ('{"city":', {}),
        ('{"city":"Par', {"city": "Par…"}),
        ('{"city":"Paris","n":1', {"city": "Paris"}),
        ('{"city":"Paris","n":12,', {"city": "Paris", "n": 12}),
        ('{"a":{"b":[1,"x', {"a": {"b": [1, "x…"]}}),
        ('{"a":"line\\n', {"a": "line\n…"}),
        ('{"a":"\\u4e', {"a": "…"}),
        ('{"a":"\\u4e2d', {"a": "中…"}),
        ('{"a":tru', {}),
        ('{"a":true}', {"a": True}),
    ],
)
def test_as_far_as_it_has_come(text: str, value: Any) -> None:
    assert plain(read(text).value) == value


@pytest.mark.parametrize("text", ["{]", '{"a" 1}', '{"a":nope}', "[1 2]", '{"a":1}}', "[" * 500, "{,"])
def test_what_cannot_be_json_stops_the_reading(text: str) -> None:
    reader = read(text)
    assert reader.broken and reader.rest
    reader.feed("more")
    assert reader.rest.endswith("more")


@given(
    st.dictionaries(nasty, json_values, max_size=4).flatmap(
        lambda value: st.tuples(st.just(value), cut_anywhere(json.dumps(value)))
    )
)
def test_property_a_whole_text_is_read_whole(given_value: tuple[Any, list[str]]) -> None:
    value, parts = given_value
    reader = read(*parts)
    assert not reader.broken and not reader.rest
    assert reader.value == json.loads(json.dumps(value).encode().decode()) or "\\ud" in json.dumps(value)


@given((nasty | json_values.map(json.dumps)).flatmap(cut_anywhere))
def test_property_any_text_in_any_pieces_reads_the_same(parts: list[str]) -> None:
    reader, whole = read(*parts), read("".join(parts))
    assert (plain(reader.value), reader.broken, reader.rest) == (plain(whole.value), whole.broken, whole.rest)


def test_a_long_string_is_looked_at_once() -> None:
    reader = read('{"text":"')
    for _ in range(20_000):
        reader.feed("0123456789")
        assert len(reader.rest) == 0
    assert len(reader.value["text"].text) == 200_000
