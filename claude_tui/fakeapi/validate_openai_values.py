"""Single values of the second wire's requests: their types and ranges, refused in OpenAI's sentences with path and code."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from .refusal_openai import refuse
from .shapes import as_dict, as_list

_NAME = re.compile(r"[a-zA-Z0-9_-]+")
_MAX_NAME = 64


def kind_of(value: object) -> str:
    """A value's JSON type with its article."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int):
        return "an integer"
    if isinstance(value, float):
        return "a decimal"
    if isinstance(value, str):
        return "a string"
    return "an object" if isinstance(value, dict) else "an array"


def wrong_type(expected: str, value: object, path: str) -> str:
    """The sentence about a value of a wrong type."""
    return f"Invalid type for '{path}': expected {expected}, but got {kind_of(value)} instead."


def obj(value: object, path: str) -> dict[str, Any]:
    """A JSON object."""
    found = as_dict(value)
    if found is None:
        refuse(wrong_type("an object", value, path), path, "invalid_type")
    return found


def listed(value: object, path: str, of: str = "an array") -> list[Any]:
    """A JSON array."""
    found = as_list(value)
    if found is None:
        refuse(wrong_type(of, value, path), path, "invalid_type")
    return found


def string(value: object, path: str) -> str:
    """A JSON string, empty ones too."""
    if not isinstance(value, str):
        refuse(wrong_type("a string", value, path), path, "invalid_type")
    return value


def boolean(value: object, path: str) -> None:
    """True or false."""
    if not isinstance(value, bool):
        refuse(wrong_type("a boolean", value, path), path, "invalid_type")


def required(value: dict[str, Any], key: str, path: str) -> Any:
    """A field that must be there."""
    if key not in value:
        where = f"{path}.{key}" if path else key
        refuse(f"Missing required parameter: '{where}'.", where, "missing_required_parameter")
    return value[key]


def only_keys(value: dict[str, Any], allowed: Collection[str], path: str) -> None:
    """An object with no key but these."""
    for key in value:
        if key not in allowed:
            where = f"{path}.{key}" if path else key
            refuse(f"Unknown parameter: '{where}'.", where, "unknown_parameter")


def choice(value: object, known: Collection[str], path: str) -> None:
    """One of some words."""
    if not isinstance(value, str) or value not in known:
        words = ", ".join(f"'{word}'" for word in known)
        refuse(f"Invalid value: '{value}'. Supported values are: {words}.", path, "invalid_value")


def whole_number(value: object, least: int | None, path: str) -> None:
    """An integer that is large enough."""
    if isinstance(value, bool) or not isinstance(value, int):
        refuse(wrong_type("an integer", value, path), path, "invalid_type")
    if least is not None and value < least:
        text = f"Invalid '{path}': integer below minimum value. Expected a value >= {least}, but got {value} instead."
        refuse(text, path, "integer_below_min_value")


def decimal(value: object, least: float, most: float, path: str) -> None:
    """A number within its range."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        refuse(wrong_type("a decimal", value, path), path, "invalid_type")
    if value < least:
        text = f"Invalid '{path}': decimal below minimum value. Expected a value >= {least}, but got {value} instead."
        refuse(text, path, "decimal_below_min_value")
    if value > most:
        text = f"Invalid '{path}': decimal above maximum value. Expected a value <= {most}, but got {value} instead."
        refuse(text, path, "decimal_above_max_value")


def function_name(value: object, path: str) -> str:
    """The name of a function."""
    name = string(value, path)
    if len(name) > _MAX_NAME:
        text = f"Invalid '{path}': string too long. Expected a string with maximum length {_MAX_NAME}, but got a string with length"
        refuse(f"{text} {len(name)} instead.", path, "string_above_max_length")
    if not _NAME.fullmatch(name):
        text = f"Invalid '{path}': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'."
        refuse(text, path, "invalid_value")
    return name
