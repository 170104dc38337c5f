"""`claude-tui config show|edit`."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from claude_tui import config
from claude_tui.child_environment import callers_umask, without_credentials
from claude_tui.cli.exits import FAILED, UsageError, say
from claude_tui.cli.options import Output
from claude_tui.domain.addresses import redact_address
from claude_tui.domain.blocks import dump_json
from claude_tui.domain.text import safe_line
from claude_tui.files import Paths, private_folder, write_private
from claude_tui.terminal_state import repair as repair_terminal

_SECRET_KEY = re.compile(r"(?i)key|token|secret|password|authorization|credential|header")
_REDACTED = "[redacted]"
_PERHAPS_SECRET = ("api_key_command", "headers")
_USUAL_EDITOR = "notepad" if os.name == "nt" else "vi"
_EXAMPLES: dict[str, Any] = {
    "effort": "high",
    "system": "Answer briefly.",
    "base_url": "https://api.anthropic.com",
    "max_tokens": 32_000,
    "budget": {"day": 10.0},
    "providers": {
        "example": {"wire": "openai", "base_url": "https://example.org/v1", "api_key_env": "EXAMPLE_KEY", "model": "some-model"}
    },
}
"""What the template shows for settings that are unset: taken over as it stands, it must be valid."""


@dataclass(frozen=True, slots=True)
class Row:
    """A setting as it stands."""

    name: str
    value: Any
    source: str
    text: str


def rows(loaded: config.Loaded) -> Iterator[Row]:
    """Every setting; a table's entries one by one, or the table itself where it is empty."""
    texts = config.documentation()
    for item in fields(config.Settings):
        value = getattr(loaded.settings, item.name)
        if item.name == "providers" and value:
            yield from _sections(value, loaded.sources)
            continue
        if not config.is_table(item.name) or not value:
            yield Row(item.name, _shown(item.name, value), loaded.sources.get(item.name, "default"), texts[item.name])
            continue
        for key, entry in sorted(value.items()):
            name = f"{item.name}.{key}"
            yield Row(name, _shown(key, entry), loaded.sources[name], texts[item.name])


def _sections(sections: Mapping[str, config.Section], sources: Mapping[str, str]) -> Iterator[Row]:
    """What was said of each endpoint. A command that prints a key, and headers, may hold secrets themselves."""
    texts = config.documentation(config.Section)
    for name, section in sections.items():
        for item in fields(config.Section):
            full = f"providers.{name}.{item.name}"
            if full in sources:
                value = _REDACTED if item.name in _PERHAPS_SECRET else _shown("", getattr(section, item.name))
                yield Row(full, value, sources[full], texts[item.name])


def _shown(name: str, value: Any) -> Any:
    """`value` without credentials: those in addresses, and whatever stands under a name that speaks of one."""
    if isinstance(value, dict):
        return {key: _REDACTED if _SECRET_KEY.search(key) else _shown(key, one) for key, one in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if isinstance(value, str):
        return redact_address(value)
    return value


def show(paths: Paths, output: Output) -> int:
    loaded = config.load(paths=paths)
    for warning in loaded.warnings:
        say(warning)
    if output == "json":
        data = [{"name": row.name, "value": row.value, "source": row.source, "text": row.text} for row in rows(loaded)]
        print(dump_json({"path": str(paths.config_file), "settings": data}))
        return 0
    print_rows(loaded, paths)
    return 0


def print_rows(loaded: config.Loaded, paths: Paths) -> None:
    """Every setting for people to read."""
    print(f"# {safe_line(str(paths.config_file), 500)}{'' if paths.config_file.exists() else ' (not there yet)'}")
    for row in rows(loaded):
        print(f"\n{safe_line(row.name)} = {_literal(row.value)}  ({safe_line(row.source)})\n    {row.text}")


def _literal(value: Any) -> str:
    return "unset" if value is None else safe_line(value if isinstance(value, str) else dump_json(value), 300)


def edit(paths: Paths) -> int:
    """Edit a copy and take it over once it is valid; until then the file stays as it is."""
    repair_terminal(paths.terminals)
    editor = _editor()
    target = paths.config_file
    before = target.read_bytes() if target.exists() else template().encode()
    private_folder(paths.config)
    with tempfile.TemporaryDirectory(prefix=".edit-", dir=paths.config) as folder:
        copy = Path(folder) / target.name
        write_private(copy, before)
        while True:
            problem = _run_editor([*editor, str(copy)]) or _problem(copy, paths)
            if problem is None:
                break
            say(problem)
            if not _wants_again():
                if copy.read_bytes() == before:
                    return FAILED
                rejected = target.with_name(target.name + ".rejected")
                write_private(rejected, copy.read_bytes())
                say(f"{target} is unchanged. What you wrote is in {rejected}.")
                return FAILED
        after = copy.read_bytes()
    if after == before and target.exists():
        say("Nothing was changed.")
        return 0
    write_private(target, after)
    for warning in config.load(environ={}, paths=paths).warnings:
        say(warning)
    return 0


def _editor() -> list[str]:
    text = os.environ.get("VISUAL") or os.environ.get("EDITOR") or ""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UsageError(f"The editor's command line, {safe_line(text, 80)!r}, cannot be read: {error}.") from error
    if not words and not (sys.stdin and sys.stdin.isatty()):
        raise UsageError("No editor is named: set VISUAL or EDITOR, as in EDITOR=nano.")
    return words or [_USUAL_EDITOR]


def _run_editor(command: list[str]) -> str | None:
    """What went wrong, if anything. The editor is a program of its own and gets no credentials."""
    before = signal.signal(signal.SIGINT, _leave_to_the_editor)
    environment = without_credentials(os.environ)
    try:
        code = subprocess.run(command, env=environment, umask=callers_umask(), check=False).returncode
    except OSError as error:
        return f"The editor {safe_line(command[0], 80)} cannot be started: {error.strerror}."
    finally:
        signal.signal(signal.SIGINT, before)
    return f"The editor {safe_line(command[0], 80)} failed (exit {code})." if code else None


def _leave_to_the_editor(number: int, frame: object) -> None:
    """Ctrl+C reaches us and the editor; it is the editor's. (Ignoring the signal would make the editor ignore it too.)"""


def _problem(copy: Path, paths: Paths) -> str | None:
    """Why the copy cannot be used; named as the file it will be, and read with its @FILEs where that file looks for them."""
    try:
        config.check_file(copy, paths.config_file)
    except config.ConfigError as error:
        return str(error)
    return None


def _wants_again() -> bool:
    if not (sys.stdin and sys.stdin.isatty()):
        return False
    print("claude-tui: Edit it again? [Y/n] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("", "y", "yes")


def template() -> str:
    """A file with every setting, commented out, at its default."""
    import tomlkit

    document = tomlkit.document()
    document.add(tomlkit.comment("Settings of claude-tui. Remove the # before a line to change what it says."))
    texts = config.documentation()
    default = config.Settings()
    for item in sorted(fields(config.Settings), key=lambda one: config.is_table(one.name)):  # what follows a section is in it
        value = getattr(default, item.name)
        document.add(tomlkit.nl())
        document.add(tomlkit.comment(texts[item.name]))
        if config.is_table(item.name):
            for line in tomlkit.dumps({item.name: value or _EXAMPLES.get(item.name, {})}).splitlines():
                document.add(tomlkit.comment(line) if line else tomlkit.nl())
        else:
            document.add(
                tomlkit.comment(tomlkit.dumps({item.name: _EXAMPLES.get(item.name, "…") if value is None else value}).strip())
            )
    return document.as_string()
