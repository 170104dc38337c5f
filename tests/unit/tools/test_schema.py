"""Arguments against a schema: what is wrong, in words a model can act on."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_tui.tools import BUILTIN, load, load_all
from claude_tui.tools.schema import MAX_PROBLEMS, problems

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 2, "maxLength": 4},
        "count": {"type": "integer", "minimum": 1, "maximum": 3},
        "ratio": {"type": "number"},
        "mode": {"enum": ["a", 1, None]},
        "fixed": {"const": True},
        "flag": {"type": ["boolean", "null"]},
        "list": {"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": 2},
        "deep": {"type": "object", "required": ["x"], "additionalProperties": {"type": "string"}},
        "free": {"description": "anything", "pattern": "not checked"},
    },
    "required": ["name"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"name": "abc"}, []),
        ({"name": "abc", "count": 2.0, "ratio": 1, "mode": None, "fixed": True, "flag": None, "list": [1], "deep": {"x": "y"}}, []),
        ({"name": "abc", "free": [1, {"a": 2}]}, []),
        ({}, ['"name" is missing']),
        ([], ["the argument object must be object, not []"]),
        ({"name": 5}, ['"name" must be string, not 5']),
        ({"name": "a"}, ['"name" must be at least 2 characters long']),
        ({"name": "abcde"}, ['"name" must be at most 4 characters long']),
        ({"name": "abc", "count": 0}, ['"count" must be at least 1']),
        ({"name": "abc", "count": 2.5}, ['"count" must be integer, not 2.5']),
        ({"name": "abc", "count": True}, ['"count" must be integer, not true']),
        ({"name": "abc", "ratio": "1"}, ['"ratio" must be number, not "1"']),
        ({"name": "abc", "mode": True}, ['"mode" must be one of "a", 1, null, not true']),
        ({"name": "abc", "fixed": 1}, ['"fixed" must be one of true, not 1']),
        ({"name": "abc", "flag": 0}, ['"flag" must be boolean or null, not 0']),
        ({"name": "abc", "list": []}, ['"list" must be at least 1 items long']),
        ({"name": "abc", "list": [1, "2"]}, ['"list[1]" must be integer, not "2"']),
        ({"name": "abc", "deep": {"y": 1}}, ['"deep.x" is missing', '"deep.y" must be string, not 1']),
        (
            {"name": "abc", "nmae": 1},
            ['"nmae" is not known here; known: name, count, ratio, mode, fixed, flag, list, deep, free'],
        ),
    ],
)
def test_problems(arguments: object, expected: list[str]) -> None:
    assert problems(SCHEMA, arguments) == expected


def test_the_list_of_problems_is_short() -> None:
    schema = {"type": "array", "items": {"type": "string"}}
    assert len(problems(schema, list(range(1_000)))) == MAX_PROBLEMS


def test_no_schema_allows_everything() -> None:
    assert problems({}, {"anything": [1]}) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*SCHEMA["properties"], "z"]), inner, max_size=4),
    max_leaves=10,
)


@given(JSON)
def test_anything_can_be_checked(value: object) -> None:
    for name in BUILTIN:
        problems(load(name).spec.input_schema, value)
    assert all(isinstance(text, str) and text for text in problems(SCHEMA, value))


def test_the_table_of_tools() -> None:
    tools = load_all()
    assert list(tools) == sorted(BUILTIN)
    for name, tool in tools.items():
        assert tool.spec.name == name
        assert tool.spec.input_schema["type"] == "object"
        assert tool.spec.input_schema["additionalProperties"] is False
        assert set(tool.spec.to_api()) == {"name", "description", "input_schema"}
    with pytest.raises(KeyError):
        load("no_such_tool")
