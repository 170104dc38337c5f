"""A setting's value as somebody wrote it, in a file, a variable or a flag, checked and read as what its field's type says.

`Rule` holds what a type does not say. Whatever cannot be taken is a `ConfigError`, whose sentence names what would be.
"""

from __future__ import annotations

import types
from dataclasses import Field, field
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar, Union, cast, get_args, get_origin

from claude_tui.config_file import ConfigError
from claude_tui.domain.addresses import is_address, redact_address
from claude_tui.domain.text import repair, safe_line

MAX_FILE_BYTES = 1_000_000

T = TypeVar("T")


class Rule(NamedTuple):
    """What a field's type does not say.

    `variable`: a second variable. `short`: a one-letter flag. `flag`: whether it makes one. `names`: the only entries of a table.
    """

    low: float = 0.0
    high: float = 0.0
    variable: str = ""
    short: str = ""
    form: Literal["", "address", "text or @FILE", "keys"] = ""
    flag: bool = True
    names: tuple[str, ...] = ()


def setting(default: T, **rule: Any) -> T:
    return cast("T", field(default=cast("Any", default), metadata={"rule": Rule(**rule)}))


class Given(NamedTuple):
    """A value as somebody wrote it. `label` begins a sentence about it; `folder`: what a relative @FILE is relative to."""

    value: object
    source: str
    label: str
    folder: Path | None = None


def rule_of(item: Field[Any]) -> Rule:
    return item.metadata.get("rule", Rule())


def from_file(value: object, key: str, path: Path) -> Given:
    return Given(value, "config.toml", f"{path}: {key}", path.parent)


def read_value(given: Given, hint: Any, rule: Rule) -> Any:
    """`given` as a value of type `hint`; text is read as that type, since flags and variables have nothing else."""
    inner, optional = inner_type(hint)
    value = given.value
    from_text = isinstance(value, str) and given.source != "config.toml"
    if get_origin(inner) is Literal:
        if value in get_args(inner):
            return value
    elif inner is str:
        if isinstance(value, str):
            return _text(given, repair(value), rule, optional)
    elif inner is bool:
        word = value.strip().lower() if from_text and isinstance(value, str) else value
        if isinstance(word, str if from_text else bool) and word in _SWITCH:
            return _SWITCH[word]
    elif inner in (int, float):
        number = _number(value.strip() if from_text and isinstance(value, str) else value, inner, from_text)
        if number is not None and rule.low <= number <= (rule.high or number):
            return number
    elif isinstance(value, dict):
        return cast("dict[str, Any]", value)
    raise refused(given, accepted(hint, rule))


_SWITCH: dict[Any, bool] = {True: True, False: False, "true": True, "yes": True, "on": True, "1": True} | dict.fromkeys(
    ("false", "no", "off", "0"), False
)


def inner_type(hint: Any) -> tuple[Any, bool]:
    """The type behind an optional one, and whether it is optional."""
    if get_origin(hint) in (Union, types.UnionType):
        return next(one for one in get_args(hint) if one is not type(None)), True
    return hint, False


def _number(value: object, kind: type, from_text: bool) -> int | float | None:
    try:
        if from_text:
            return int(cast("str", value)) if kind is int else float(cast("str", value))
    except ValueError:
        return None
    if isinstance(value, bool) or not isinstance(value, int if kind is int else (int, float)):
        return None
    return value if kind is int else float(value)


def _text(given: Given, text: str, rule: Rule, optional: bool) -> str | None:
    if rule.form == "text or @FILE":
        text = _system_text(given, text)
        return text if text.strip() else None
    text = text.strip()
    if not text and (optional or rule.form == "keys"):
        return None if optional else text
    if not text or not text.isprintable():
        raise refused(given, accepted(str, rule))
    if rule.form == "address" and not is_address(text):
        raise refused(given, accepted(str, rule))
    return text


def _system_text(given: Given, text: str) -> str:
    if text.startswith("@@") or not text.startswith("@"):
        return text.removeprefix("@")
    path = (given.folder or Path()) / Path(text[1:]).expanduser()
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise ConfigError(f"{given.label} names {path}, which is larger than {MAX_FILE_BYTES:,} bytes.")
        return path.read_text(encoding="utf-8-sig").rstrip("\r\n")
    except (OSError, ValueError, RuntimeError) as error:
        reason = "it is not UTF-8 text" if isinstance(error, UnicodeError) else getattr(error, "strerror", None) or error
        raise ConfigError(f"{given.label} names {path}, which cannot be read: {reason}.") from error


def accepted(hint: Any, rule: Rule) -> str:
    """What a setting takes, in words that end a sentence."""
    inner, optional = inner_type(hint)
    if get_origin(inner) is Literal:
        return "one of " + ", ".join(get_args(inner))
    if inner in (int, float):
        kind = "a whole number" if inner is int else "a number"
        return f"{kind} from {rule.low:.12g} to {rule.high:.12g}" if rule.high else kind
    if rule.form == "address":
        return "an address such as https://example.org (http:// only for this machine, as in http://127.0.0.1:8000)"
    if rule.form == "keys":
        return 'a text with key names, as in "ctrl+n, f5"'
    if rule.form:
        return rule.form
    return {bool: "true or false", str: "a text" if optional else "a text that is not blank"}.get(inner, "a section")


def refused(given: Given, takes: str) -> ConfigError:
    shown = repr(given.value) if not isinstance(given.value, str) else f'"{redact_address(given.value)}"'
    return ConfigError(f"{safe_line(given.label, 300)} is {safe_line(shown, 80)}; it takes {takes}.")
