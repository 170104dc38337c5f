"""The sections `[providers.NAME]`: further endpoints, each with its wire, its address and where its key is found.

A key itself never stands in the file: a section names a variable, an entry of the system's keyring, or a command that prints it.
Each key of a section is also a variable, `CLAUDE_TUI_PROVIDERS__NAME__KEY`, which wins over the file; the name may be made of
variables alone.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast, get_type_hints

from claude_tui.config_file import ConfigError
from claude_tui.config_values import Given, from_file, read_value, refused, rule_of, setting
from claude_tui.domain.text import safe_line

PREFIX = "CLAUDE_TUI_PROVIDERS__"
BUILTIN = "anthropic"
"""The provider that needs no section: credentials and address as the SDK finds them."""

Wire: TypeAlias = Literal["anthropic", "openai"]
Platform: TypeAlias = Literal["bedrock", "vertex", "foundry"]
Echo: TypeAlias = Literal["none", "reasoning_content", "reasoning", "reasoning_details"]


@dataclass(frozen=True, slots=True)
class Section:
    """One endpoint."""

    wire: Wire = "anthropic"
    """The protocol it speaks: `anthropic` (Messages) or `openai` (Chat Completions)."""

    platform: Platform | None = None
    """Claude on another platform, with that platform's credentials: `bedrock`, `vertex` or `foundry`."""

    base_url: str | None = setting(None, form="address")
    """Its address; of an `openai` endpoint with the version, as in https://example.org/v1. Unset: the vendor's own."""

    model: str | None = None
    """The model of new sessions with it, by the endpoint's own id."""

    api_key_env: str | None = None
    """The variable that holds its key."""

    api_key_keyring: str | None = None
    """The entry of the system's keyring that holds its key: a service, or SERVICE/USER; without a user, the section's name."""

    api_key_command: str | None = None
    """A command that prints its key, run without a shell when the key is first needed."""

    headers: dict[str, str] = field(default_factory=dict[str, str])
    """Table: headers that go with every request, as some gateways want them."""

    region: str | None = None
    """The region of `bedrock` (AWS) or `vertex` (Google Cloud). Unset: as the platform's tools find it."""

    profile: str | None = None
    """The AWS profile of `bedrock`."""

    project: str | None = None
    """The Google Cloud project of `vertex`."""

    resource: str | None = None
    """The Azure resource of `foundry`; `base_url` does as well."""

    max_tokens_field: Literal["max_tokens", "max_completion_tokens"] | None = None
    """What an `openai` endpoint calls the limit of an answer. Unset: known for the large ones, else found out."""

    echo_reasoning: Echo | None = None
    """Under which name reasoning goes back while tools run. Unset: as the large `openai` endpoints document it, else not at all."""


_NAMES = tuple(item.name for item in fields(Section))
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_FITS = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*\Z")


def read_sections(
    table: Mapping[str, object], environ: Mapping[str, str], path: Path, sources: dict[str, str]
) -> tuple[dict[str, Section], list[str]]:
    """The sections by name, and sentences about keys that were ignored. `sources` is told of `providers.NAME.KEY`."""
    warnings: list[str] = []
    sections: dict[str, Section] = {}
    variables = dict(_variables(environ))
    named = {_variable_part(name): name for name in table}
    for name in [*table, *dict.fromkeys(part.lower() for part, _ in variables if part not in named)]:
        given = dict(_from_table(table.get(name, {}), name, path, warnings))
        given |= {key: one for (part, key), one in variables.items() if part == _variable_part(name)}
        sections[name] = _section(name, given, path)
        sources.update({f"providers.{name}.{key}": one.source for key, one in given.items()})
    return sections, warnings


def _variable_part(name: str) -> str:
    return re.sub(r"[^A-Z0-9]", "_", name.upper())


def is_variable(variable: str) -> bool:
    """Whether this is the variable of a key of some section."""
    return any(True for _ in _variables({variable: "x"}))


def is_key(variable: str) -> bool:
    """Whether somebody gave the key of a section itself."""
    return variable.startswith(PREFIX) and variable.endswith(("__API_KEY", "__KEY", "__TOKEN"))


def _variables(environ: Mapping[str, str]) -> Iterator[tuple[tuple[str, str], Given]]:
    for variable, text in environ.items():
        name, _, key = variable.removeprefix(PREFIX).rpartition("__")
        if variable.startswith(PREFIX) and name and text and key.lower() in _NAMES and key.lower() != "headers":
            yield (name, key.lower()), Given(text, variable, variable)


def _from_table(section: object, name: str, path: Path, warnings: list[str]) -> Iterator[tuple[str, Given]]:
    if not isinstance(section, dict):
        raise refused(from_file(section, f"providers.{name}", path), f"a section, [providers.{name}]")
    for key, value in cast("dict[str, object]", section).items():
        if key in ("api_key", "key", "token"):
            text = f"a key must not stand in this file, as providers.{name}.{key} does; name a variable with api_key_env instead."
            raise ConfigError(safe_line(f"{path}: {text}", 400))
        if key in _NAMES:
            yield key, from_file(value, f"providers.{name}.{key}", path)
        else:
            warnings.append(f"{path}: a provider has no setting {safe_line(key, 80)!r}; it is ignored.")


def _section(name: str, given: Mapping[str, Given], path: Path) -> Section:
    if not _FITS.match(name):
        raise ConfigError(f"{path}: providers.{safe_line(name, 80)}: a name has letters, digits, points, - and _ only.")
    hints = get_type_hints(Section)
    values: dict[str, Any] = {}
    for item in fields(Section):
        if item.name in given:
            values[item.name] = read_value(given[item.name], hints[item.name], rule_of(item))
    _check_headers(values.get("headers", {}), given.get("headers"))
    _check_variable(values.get("api_key_env"), given.get("api_key_env"))
    _check_command(values.get("api_key_command"), given.get("api_key_command"))
    if "wire" not in values and "platform" not in values and name != BUILTIN:
        raise ConfigError(f'{path}: [providers.{name}] has no wire; it takes wire = "openai" or wire = "anthropic".')
    if values.get("platform") and values.get("wire", "anthropic") != "anthropic":
        raise refused(given["platform"], 'no wire but "anthropic" beside it')
    return Section(**values)


def _check_headers(headers: dict[str, Any], given: Given | None) -> None:
    if given and not all(isinstance(value, str) and value.isprintable() for value in headers.values()):
        raise ConfigError(f"{safe_line(given.label, 300)}: a header's value is a text on one line.")


def _check_variable(name: str | None, given: Given | None) -> None:
    """Somebody who writes the key itself here is told so, and it is not shown."""
    if name and given and not _VARIABLE.match(name):
        raise ConfigError(f"{safe_line(given.label, 300)} takes the name of a variable, not the key itself.")


def _check_command(command: str | None, given: Given | None) -> None:
    """Its words, as a shell would tell them apart; they may hold secrets and are not shown."""
    try:
        words = shlex.split(command or "")
    except ValueError as error:
        raise ConfigError(f"{safe_line(given.label if given else '', 300)} cannot be read as a command: {error}.") from error
    if command and not words:
        raise ConfigError(f"{safe_line(given.label if given else '', 300)} is no command.")
