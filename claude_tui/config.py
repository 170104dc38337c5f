"""Settings: from flags, the environment and `config.toml`.

A setting is one field of `Settings` with its docstring: the flag (`--max-tokens`), the variable (`CLAUDE_TUI_MAX_TOKENS`), the key
in `config.toml`, the checks and the documentation follow from it. A flag wins over the environment, the environment over
`config.toml`, that over the default. A variable that is empty counts as not set.
"""

from __future__ import annotations

import os
import types
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from claude_tui.config_file import ConfigError, loose_modes, read_toml
from claude_tui.domain.addresses import is_address, redact_address
from claude_tui.domain.text import repair, safe_line
from claude_tui.files import HOME, Paths

PREFIX = "CLAUDE_TUI_"
MAX_FILE_BYTES = 1_000_000

Effort: TypeAlias = Literal["low", "medium", "high", "xhigh", "max"]
Policy: TypeAlias = Literal["allow", "ask", "deny"]
Theme: TypeAlias = Literal["auto", "dark", "light", "ansi-dark", "ansi-light", "contrast-dark", "contrast-light"]
Thinking: TypeAlias = Literal["collapsed", "tail", "open"]
T = TypeVar("T")


class Rule(NamedTuple):
    """What a field's type does not say. `variable`: a second variable. `short`: a one-letter flag. `flag`: whether it makes one."""

    low: float = 0.0
    high: float = 0.0
    variable: str = ""
    short: str = ""
    form: Literal["", "address", "text or @FILE", "keys"] = ""
    flag: bool = True


def _setting(default: T, **rule: Any) -> T:
    return cast("T", field(default=cast("Any", default), metadata={"rule": Rule(**rule)}))


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting there is."""

    model: str = _setting("claude-opus-5-5", short="-m")
    """The model that answers, by its API id."""

    effort: Effort | None = None
    """How much work the model puts into an answer. Unset: the model's own default."""

    system: str | None = _setting(None, form="text or @FILE")
    """System prompt of new sessions: the text, or @FILE to read it from a file. A text that begins with @ is written with @@."""

    max_tokens: int = _setting(32_000, low=1, high=10_000_000)
    """The most tokens one answer may have, thinking included."""

    provider: str = "anthropic"
    """The endpoint to talk to: `anthropic`, or the NAME of a [providers.NAME] section."""

    base_url: str | None = _setting(None, variable="ANTHROPIC_BASE_URL", form="address")
    """Address of the API. Unset: the provider's own. Anything but https is taken only for this machine."""

    retries: int = _setting(4, low=0, high=20)
    """How many times a failed request is tried again."""

    connect_timeout: float = _setting(10.0, low=0.001, high=86_400)
    """Seconds to reach the server."""

    first_byte_timeout: float = _setting(300.0, low=0.001, high=86_400)
    """Seconds until an answer begins."""

    idle_timeout: float = _setting(120.0, low=0.001, high=86_400)
    """Seconds without a byte after which an answer that began is given up."""

    tool_timeout: float = _setting(60.0, low=0.001, high=86_400)
    """Seconds a tool call may take."""

    max_requests: int = _setting(50, low=1, high=10_000)
    """How many requests one turn may make before it is stopped; tool calls make more than one."""

    theme: Theme = "auto"
    """The colours. `auto` goes by the terminal's background; the ansi ones use the terminal's own sixteen."""

    thinking: Thinking = "collapsed"
    """How thinking is shown at first: as one line, as its last lines, or all of it."""

    reading: bool = _setting(False, flag=False)
    """Stay at the prompt while an answer comes, instead of following it to its end."""

    mouse: bool = _setting(True, flag=False)
    """Use the mouse. Off leaves it to the terminal, which can then select text as it does elsewhere."""

    kitty_keys: bool = True
    """Ask the terminal for exact keys, Shift+Enter among them. Off helps where an input method loses text."""

    tools: dict[str, Policy] = field(default_factory=lambda: {"calculator": "allow", "current_time": "allow"})
    """Table: what happens when the model calls a tool: `allow` runs it, `ask` asks first, `deny` refuses. Not listed: `ask`."""

    keys: dict[str, str] = field(default_factory=dict[str, str], metadata={"rule": Rule(form="keys")})
    """Table: the keys of a command, by its id; several with commas between them, "" for none. Help (F1) lists them."""

    providers: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    """Table of tables: further endpoints, one section each. Read and kept; this version uses none."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings, where each value comes from (`default`, `config.toml`, a variable's name, `flag`; `tools.NAME` for entries of a
    table), and sentences about what was ignored."""

    settings: Settings
    sources: Mapping[str, str]
    warnings: tuple[str, ...] = ()


class Given(NamedTuple):
    """A value as somebody wrote it. `label` begins a sentence about it; `folder`: what a relative @FILE is relative to."""

    value: object
    source: str
    label: str
    folder: Path | None = None


def rule_of(item: Field[Any]) -> Rule:
    return item.metadata.get("rule", Rule())


@cache
def setting_types() -> dict[str, Any]:
    """Field name → its type."""
    return get_type_hints(Settings)


def is_table(name: str) -> bool:
    return get_origin(setting_types()[name]) is dict


def has_flag(name: str) -> bool:
    """Whether the command line's flag is made from the setting."""
    return not is_table(name) and rule_of(Settings.__dataclass_fields__[name]).flag


def flag_name(name: str) -> str:
    return "--" + name.replace("_", "-")


def variable_name(name: str) -> str:
    return PREFIX + name.upper().replace(".", "__")


def load(flags: Mapping[str, object] | None = None, environ: Mapping[str, str] = os.environ, paths: Paths | None = None) -> Loaded:
    """The settings in force. `flags`: field name → text or value, None for a flag that was not given. Raises ConfigError."""
    path = (paths or Paths.find(environ)).config_file
    loaded = _loaded(read_toml(path), path, flags or {}, environ)
    return replace(loaded, warnings=(*loaded.warnings, *_unknown_variables(environ), *loose_modes(path)))


def check_file(draft: Path, path: Path) -> None:
    """Raise ConfigError if the file `draft` could not stand at `path`."""
    _loaded(read_toml(draft, path), path, {}, {})


def _loaded(table: Mapping[str, Any], path: Path, flags: Mapping[str, object], environ: Mapping[str, str]) -> Loaded:
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for item in fields(Settings):
        if is_table(item.name):
            values[item.name] = _load_table(item, table.get(item.name, {}), environ, path, sources)
            continue
        given = _given(item, flags, environ, table, path)
        sources[item.name] = given.source if given else "default"
        if given:
            values[item.name] = _value(given, setting_types()[item.name], rule_of(item))
    settings = replace(Settings(), **values)
    _check_provider(settings, sources)
    return Loaded(settings, sources, tuple(_unknown_keys(table, path)))


def _given(
    item: Field[Any], flags: Mapping[str, object], environ: Mapping[str, str], table: Mapping[str, Any], path: Path
) -> Given | None:
    name = item.name
    if flags.get(name) is not None:
        return Given(flags[name], "flag", flag_name(name))
    for variable in filter(None, (variable_name(name), rule_of(item).variable)):
        if environ.get(variable):
            return Given(environ[variable], variable, variable)
    return _from_file(table[name], name, path) if name in table else None


def _from_file(value: object, key: str, path: Path) -> Given:
    return Given(value, "config.toml", f"{path}: {key}", path.parent)


def _load_table(item: Field[Any], table: object, environ: Mapping[str, str], path: Path, sources: dict[str, str]) -> dict[str, Any]:
    name = item.name
    if not isinstance(table, dict):
        raise _refused(_from_file(table, name, path), f"a section, [{name}]")
    default: dict[str, Any] = {} if item.default_factory is MISSING else item.default_factory()
    entries = cast("dict[str, object]", table)
    entries = dict(_undotted(entries)) if rule_of(item).form == "keys" else entries
    given = {key: _from_file(value, f"{name}.{key}", path) for key, value in entries.items()}
    entry_type: Any = get_args(setting_types()[name])[1]
    if get_origin(entry_type) is Literal:
        prefix = variable_name(name) + "__"
        for variable, text in environ.items():
            if variable.startswith(prefix) and variable != prefix and text:
                given[variable.removeprefix(prefix).lower()] = Given(text, variable, variable)
    sources.update({f"{name}.{key}": "default" for key in default} | {f"{name}.{key}": given[key].source for key in given})
    return default | {key: _value(one, entry_type, rule_of(item)) for key, one in given.items()}


def _undotted(entries: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """A table of keys as it is meant: `a.b = "x"` without quotes is a table in TOML; a list is its texts with commas between."""
    for name, value in entries.items():
        if isinstance(value, dict):
            yield from ((f"{name}.{rest}", one) for rest, one in _undotted(cast("dict[str, object]", value)))
        else:
            texts: list[Any] = cast("list[Any]", value) if isinstance(value, list) else [None]
            yield name, ", ".join(texts) if all(isinstance(one, str) for one in texts) else value


def _value(given: Given, hint: Any, rule: Rule) -> Any:
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
    raise _refused(given, accepted(hint, rule))


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
        raise _refused(given, accepted(str, rule))
    if rule.form == "address" and not is_address(text):
        raise _refused(given, accepted(str, rule))
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


def _refused(given: Given, takes: str) -> ConfigError:
    shown = repr(given.value) if not isinstance(given.value, str) else f'"{redact_address(given.value)}"'
    return ConfigError(f"{safe_line(given.label, 300)} is {safe_line(shown, 80)}; it takes {takes}.")


def _check_provider(settings: Settings, sources: Mapping[str, str]) -> None:
    known = ["anthropic", *settings.providers]
    if settings.provider not in known:
        source = {"flag": "--provider", "config.toml": "config.toml: provider"}.get(sources["provider"], sources["provider"])
        raise ConfigError(f"{source} is {safe_line(settings.provider, 80)!r}; known here: {', '.join(known)}.")


def _unknown_keys(table: Mapping[str, Any], path: Path) -> Iterator[str]:
    names = [item.name for item in fields(Settings)]
    for key in table:
        if key not in names:
            yield f"{path}: there is no setting {safe_line(key, 80)!r}; it is ignored.{_nearest(key, names)}"


def _unknown_variables(environ: Mapping[str, str]) -> Iterator[str]:
    names = [variable_name(item.name) for item in fields(Settings) if not is_table(item.name)]
    for variable in sorted(environ):
        known = variable in names or variable == HOME or variable.startswith(variable_name("tools") + "__")
        if variable.startswith(PREFIX) and not known:
            yield f"{safe_line(variable, 80)} sets nothing; it is ignored.{_nearest(variable, names)}"


def _nearest(word: str, names: list[str]) -> str:
    from difflib import get_close_matches

    match = get_close_matches(word.replace("-", "_"), names, 1)
    return f" Did you mean {match[0]}?" if match else ""


@cache
def documentation() -> dict[str, str]:
    """Setting → its docstring, read from this file's source."""
    import ast
    import inspect
    import sys

    tree = ast.parse(inspect.getsource(sys.modules[__name__]))
    (body,) = [node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Settings"]
    both = pairwise(body)
    pairs = ((one.target, after.value) for one, after in both if isinstance(one, ast.AnnAssign) and isinstance(after, ast.Expr))
    return {ast.unparse(name): " ".join(str(ast.literal_eval(text)).split()) for name, text in pairs}
