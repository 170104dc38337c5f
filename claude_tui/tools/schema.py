"""Whether the arguments of a call fit a tool's schema, said so that the model can correct them.

A subset of JSON Schema, enough for what tools declare: `type` (one or several), `enum`, `const`, `required`, `properties`,
`additionalProperties` (true, false or a schema), `items`, `minLength`, `maxLength`, `minimum`, `maximum`, `minItems`, `maxItems`.
Any other keyword is not checked: a schema may promise more than this enforces, never less.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

MAX_PROBLEMS = 20
MAX_DEPTH = 40


def problems(schema: Mapping[str, Any], arguments: object) -> list[str]:
    """What is wrong with `arguments`, a sentence each; empty if nothing is."""
    found: list[str] = []
    for problem in _check(schema, arguments, "", 0):
        found.append(problem)
        if len(found) == MAX_PROBLEMS:
            break
    return found


def _integer(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and (isinstance(value, int) or value.is_integer())


_TYPES: dict[str, Callable[[object], bool]] = {
    "string": lambda value: isinstance(value, str),
    "integer": _integer,
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "null": lambda value: value is None,
}


def _check(schema: Mapping[str, Any], value: object, place: str, depth: int) -> Iterator[str]:
    if depth > MAX_DEPTH:
        yield f"{_name(place)} is nested too deeply"
        return
    wanted = schema.get("type")
    names = cast("list[str]", wanted if isinstance(wanted, list) else [wanted] if isinstance(wanted, str) else [])
    if names and not any(_TYPES.get(name, lambda _: True)(value) for name in names):
        yield f"{_name(place)} must be {' or '.join(names)}, not {_shown(value)}"
        return
    choices = schema.get("enum", [schema["const"]] if "const" in schema else None)
    if isinstance(choices, list) and not any(_same(value, choice) for choice in cast("list[object]", choices)):
        yield f"{_name(place)} must be one of {', '.join(map(_shown, cast('list[object]', choices)))}, not {_shown(value)}"
    yield from _check_bounds(schema, value, place)
    if isinstance(value, dict):
        yield from _check_object(schema, cast("dict[str, object]", value), place, depth)
    items = schema.get("items")
    if isinstance(value, list) and isinstance(items, dict):
        for index, item in enumerate(cast("list[object]", value)):
            yield from _check(cast("dict[str, Any]", items), item, f"{place}[{index}]", depth + 1)


def _check_object(schema: Mapping[str, Any], value: Mapping[str, object], place: str, depth: int) -> Iterator[str]:
    known = cast("dict[str, Any]", schema.get("properties") or {})
    for key in cast("list[str]", schema.get("required") or []):
        if key not in value:
            yield f"{_name(_below(place, key))} is missing"
    others = schema.get("additionalProperties", True)
    for key, item in value.items():
        rule = known.get(key, others)
        if isinstance(rule, dict):
            yield from _check(cast("dict[str, Any]", rule), item, _below(place, key), depth + 1)
        elif rule is False:
            yield f"{_name(_below(place, key))} is not known here; known: {', '.join(known) or 'none'}"


_BOUNDS: tuple[tuple[str, str, str, type | tuple[type, ...], bool], ...] = (
    ("minLength", "at least", " characters long", str, True),
    ("maxLength", "at most", " characters long", str, False),
    ("minItems", "at least", " items long", list, True),
    ("maxItems", "at most", " items long", list, False),
    ("minimum", "at least", "", (int, float), True),
    ("maximum", "at most", "", (int, float), False),
)


def _check_bounds(schema: Mapping[str, Any], value: Any, place: str) -> Iterator[str]:
    for keyword, words, unit, kind, lower in _BOUNDS:
        bound = schema.get(keyword)
        if bound is None or isinstance(value, bool) or not isinstance(value, kind):
            continue
        size: float = len(value) if unit else value
        if size < bound if lower else size > bound:
            yield f"{_name(place)} must be {words} {bound}{unit}"


def _same(one: object, other: object) -> bool:
    """Equal as JSON: true is not 1."""
    return isinstance(one, bool) == isinstance(other, bool) and one == other


def _below(place: str, key: str) -> str:
    return f"{place}.{key}" if place else key


def _name(place: str) -> str:
    return f'"{place[:80]}"' if place else "the argument object"


def _shown(value: object) -> str:
    text = json.dumps(value, default=repr)
    return text if len(text) <= 60 else text[:59] + "…"
