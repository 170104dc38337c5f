"""Settings: from flags, the environment and `config.toml`.

A setting is one field of `Settings` with its docstring: the flag (`--max-tokens`), the variable (`CLAUDE_TUI_MAX_TOKENS`), the key
in `config.toml`, the checks and the documentation follow from it. A flag wins over the environment, the environment over
`config.toml`, that over the default. A variable that is empty counts as not set.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast, get_args, get_origin, get_type_hints

from claude_tui.config_file import ConfigError, loose_modes, read_toml
from claude_tui.config_providers import BUILTIN, Section, is_key, is_variable, read_sections
from claude_tui.config_values import Given, Rule, from_file, inner_type, read_value, refused, rule_of, setting
from claude_tui.domain.text import safe_line
from claude_tui.files import HOME, Paths

__all__ = [
    "ConfigError", "Loaded", "Section", "Settings", "check_file", "documentation", "flag_name", "has_flag", "inner_type",
    "is_table", "load", "rule_of", "setting_types", "variable_name",
]  # fmt: skip

PREFIX = "CLAUDE_TUI_"
MODEL = "claude-opus-5-5"

Effort: TypeAlias = Literal["low", "medium", "high", "xhigh", "max"]
Policy: TypeAlias = Literal["allow", "ask", "deny"]
Theme: TypeAlias = Literal["auto", "dark", "light", "ansi-dark", "ansi-light", "contrast-dark", "contrast-light"]
Thinking: TypeAlias = Literal["collapsed", "tail", "open"]


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting there is."""

    model: str = setting(MODEL, short="-m")
    """The model that answers, by its API id."""

    effort: Effort | None = None
    """How much work the model puts into an answer. Unset: the model's own default."""

    system: str | None = setting(None, form="text or @FILE")
    """System prompt of new sessions: the text, or @FILE to read it from a file. A text that begins with @ is written with @@."""

    max_tokens: int | None = setting(None, low=1, high=10_000_000)
    """The most tokens one answer may have, thinking included. Unset: 32,000, or where an endpoint needs none named, its own."""

    provider: str = BUILTIN
    """The endpoint to talk to: `anthropic`, or the NAME of a [providers.NAME] section."""

    base_url: str | None = setting(None, variable="ANTHROPIC_BASE_URL", form="address")
    """Address of the API. Unset: the provider's own. Anything but https is taken only for this machine."""

    retries: int = setting(4, low=0, high=20)
    """How many times a failed request is tried again."""

    connect_timeout: float = setting(10.0, low=0.001, high=86_400)
    """Seconds to reach the server."""

    first_byte_timeout: float = setting(300.0, low=0.001, high=86_400)
    """Seconds until an answer begins."""

    idle_timeout: float = setting(120.0, low=0.001, high=86_400)
    """Seconds without a byte after which an answer that began is given up."""

    tool_timeout: float = setting(60.0, low=0.001, high=86_400)
    """Seconds a tool call may take."""

    max_requests: int = setting(50, low=1, high=10_000)
    """How many requests one turn may make before it is stopped; tool calls make more than one."""

    theme: Theme = "auto"
    """The colours. `auto` goes by the terminal's background; the ansi ones use the terminal's own sixteen."""

    thinking: Thinking = "collapsed"
    """How thinking is shown at first: as one line, as its last lines, or all of it."""

    reading: bool = setting(False, flag=False)
    """Stay at the prompt while an answer comes, instead of following it to its end."""

    count_tokens: bool = setting(False, flag=False)
    """While you write, ask the endpoint how many tokens the next request has, after each pause; nothing is asked otherwise."""

    mouse: bool = setting(True, flag=False)
    """Use the mouse. Off leaves it to the terminal, which can then select text as it does elsewhere."""

    kitty_keys: bool = True
    """Ask the terminal for exact keys, Shift+Enter among them. Off helps where an input method loses text."""

    tools: dict[str, Policy] = field(default_factory=lambda: {"calculator": "allow", "current_time": "allow"})
    """Table: what happens when the model calls a tool: `allow` runs it, `ask` asks first, `deny` refuses. Not listed: `ask`."""

    keys: dict[str, str] = field(default_factory=dict[str, str], metadata={"rule": Rule(form="keys")})
    """Table: the keys of a command, by its id; several with commas between them, "" for none. Help (F1) lists them."""

    budget: dict[str, float] = field(
        default_factory=dict[str, float], metadata={"rule": Rule(high=1_000_000, names=("session", "day", "month"))}
    )
    """Table: dollars that may be spent in a `session`, a `day`, a `month`; a request that would begin above it is not sent."""

    providers: dict[str, Section] = field(default_factory=dict[str, Section])
    """Table of tables: further endpoints, one section [providers.NAME] each."""

    def section(self, name: str | None = None) -> Section | None:
        """The section of this provider, by default of the one in force; None where there is none of the name."""
        name = name or self.provider
        section = self.providers.get(name)
        if name != BUILTIN:
            return section
        return replace(section or Section(), base_url=(section and section.base_url) or self.base_url)

    def model_for(self, name: str) -> str:
        """The model of a new session with this provider; empty where none is named."""
        section = self.section(name)
        if name == self.provider:
            return self.model
        return (section and section.model) or (MODEL if name == BUILTIN else "")


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings, where each value comes from (`default`, `config.toml`, a variable's name, `flag`; `tools.NAME` for entries of a
    table), and sentences about what was ignored."""

    settings: Settings
    sources: Mapping[str, str]
    warnings: tuple[str, ...] = ()


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
    values["providers"], ignored = read_sections(_table(table.get("providers", {}), "providers", path), environ, path, sources)
    for item in fields(Settings):
        if item.name == "providers":
            continue
        if is_table(item.name):
            values[item.name] = _load_table(item, table.get(item.name, {}), environ, path, sources)
            continue
        given = _given(item, flags, environ, table, path)
        sources[item.name] = given.source if given else "default"
        if given:
            values[item.name] = read_value(given, setting_types()[item.name], rule_of(item))
    settings = replace(Settings(), **values)
    _check_provider(settings, sources)
    return Loaded(_for_provider(settings, sources), sources, (*_unknown_keys(table, path), *ignored))


def _for_provider(settings: Settings, sources: dict[str, str]) -> Settings:
    """What a section says of its model counts more than the file does elsewhere, and less than a flag or a variable.

    Without a word about the model of another endpoint there is none: ours would only be refused there.
    """
    section = settings.providers.get(settings.provider)
    if section is None:
        return settings
    if (sources["model"] == "config.toml" and section.model) or sources["model"] == "default":
        sources["model"] = f"providers.{settings.provider}.model" if section.model else "default"
        usual = settings.model if settings.provider == BUILTIN else ""
        settings = replace(settings, model=section.model or usual)
    if sources["base_url"] in ("flag", variable_name("base_url")):  # said of this run, whatever endpoint it talks to
        section = replace(section, base_url=settings.base_url)
        settings = replace(settings, providers={**settings.providers, settings.provider: section})
    return settings


def _given(
    item: Field[Any], flags: Mapping[str, object], environ: Mapping[str, str], table: Mapping[str, Any], path: Path
) -> Given | None:
    name = item.name
    if flags.get(name) is not None:
        return Given(flags[name], "flag", flag_name(name))
    for variable in filter(None, (variable_name(name), rule_of(item).variable)):
        if environ.get(variable):
            return Given(environ[variable], variable, variable)
    return from_file(table[name], name, path) if name in table else None


def _load_table(item: Field[Any], table: object, environ: Mapping[str, str], path: Path, sources: dict[str, str]) -> dict[str, Any]:
    name, rule = item.name, rule_of(item)
    default: dict[str, Any] = {} if item.default_factory is MISSING else item.default_factory()
    entries = _table(table, name, path)
    entries = dict(_undotted(entries)) if rule.form == "keys" else entries
    given = {key: from_file(value, f"{name}.{key}", path) for key, value in entries.items()}
    entry_type: Any = get_args(setting_types()[name])[1]
    if rule.form != "keys":
        prefix = variable_name(name) + "__"
        for variable, text in environ.items():
            if variable.startswith(prefix) and variable != prefix and text:
                given[variable.removeprefix(prefix).lower()] = Given(text, variable, variable)
    for key, one in given.items():
        if rule.names and key not in rule.names:
            raise ConfigError(f"{safe_line(one.label, 300)} means nothing; [{name}] has {', '.join(rule.names)}.")
    sources.update({f"{name}.{key}": "default" for key in default} | {f"{name}.{key}": given[key].source for key in given})
    return default | {key: read_value(one, entry_type, rule) for key, one in given.items()}


def _table(table: object, name: str, path: Path) -> dict[str, object]:
    if not isinstance(table, dict):
        raise refused(from_file(table, name, path), f"a section, [{name}]")
    return cast("dict[str, object]", table)


def _undotted(entries: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """A table of keys as it is meant: `a.b = "x"` without quotes is a table in TOML; a list is its texts with commas between."""
    for name, value in entries.items():
        if isinstance(value, dict):
            yield from ((f"{name}.{rest}", one) for rest, one in _undotted(cast("dict[str, object]", value)))
        else:
            texts: list[Any] = cast("list[Any]", value) if isinstance(value, list) else [None]
            yield name, ", ".join(texts) if all(isinstance(one, str) for one in texts) else value


def _check_provider(settings: Settings, sources: Mapping[str, str]) -> None:
    known = list(dict.fromkeys([BUILTIN, *settings.providers]))
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
        known = variable in names or variable == HOME or is_variable(variable)
        known = known or any(variable.startswith(variable_name(table) + "__") for table in ("tools", "budget"))
        if variable.startswith(PREFIX) and not known:
            hint = _KEY_HINT if is_key(variable) else _nearest(variable, names)
            yield f"{safe_line(variable, 80)} sets nothing; it is ignored.{hint}"


_KEY_HINT = " A key stays in a variable of its own, whose name …__API_KEY_ENV takes."


def _nearest(word: str, names: list[str]) -> str:
    from difflib import get_close_matches

    match = get_close_matches(word.replace("-", "_"), names, 1)
    return f" Did you mean {match[0]}?" if match else ""


@cache
def documentation(kind: type = Settings) -> dict[str, str]:
    """Setting → its docstring, read from the source of `kind`, Settings or Section."""
    import ast
    import inspect
    import sys

    tree = ast.parse(inspect.getsource(sys.modules[kind.__module__]))
    (body,) = [node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == kind.__name__]
    both = pairwise(body)
    pairs = ((one.target, after.value) for one, after in both if isinstance(one, ast.AnnAssign) and isinstance(after, ast.Expr))
    return {ast.unparse(name): " ".join(str(ast.literal_eval(text)).split()) for name, text in pairs}
