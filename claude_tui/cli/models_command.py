"""`claude-tui models`: what the endpoint offers; without a key or a connection, what this version knows."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from claude_tui.cli import compose
from claude_tui.cli.exits import say
from claude_tui.cli.options import Output
from claude_tui.config import Settings, load
from claude_tui.config_providers import BUILTIN
from claude_tui.domain.blocks import dump_json
from claude_tui.domain.errors import ErrorKind, ProviderError
from claude_tui.domain.ports import ModelInfo
from claude_tui.domain.text import safe_line
from claude_tui.files import Paths

_OFFLINE = frozenset({
    ErrorKind.CREDENTIALS,
    ErrorKind.NETWORK,
    ErrorKind.TIMEOUT,
    ErrorKind.SERVER,
    ErrorKind.OVERLOADED,
    ErrorKind.RATE_LIMIT,
    ErrorKind.NOT_FOUND,
    ErrorKind.PROTOCOL,
})  # fmt: skip
"""Failures that say nothing about the key: the known table is then better than nothing."""


def show(paths: Paths, flags: Mapping[str, str], output: Output) -> int:
    """Raises ProviderError where the endpoint refuses the key."""
    from claude_tui.providers.catalog import known_models

    loaded = load(flags, paths=paths)
    for warning in loaded.warnings:
        say(warning)
    try:
        models = asyncio.run(_listed(loaded.settings, paths))
    except ProviderError as error:
        if error.info.kind not in _OFFLINE or loaded.settings.provider != BUILTIN:
            raise
        say(f"{error.info.message} These are the models this version knows.")
        models = known_models()
    if output == "json":
        print(dump_json([asdict(model) for model in models]))
    else:
        _print_table(models, loaded.settings.model)
    return 0


async def _listed(settings: Settings, paths: Paths) -> list[ModelInfo]:
    from claude_tui.cli.endpoints import model_list

    provider = compose.make_provider(settings)
    try:
        return await model_list(settings, provider, paths.cache).refresh()
    finally:
        await provider.close()


def _print_table(models: Sequence[ModelInfo], default: str) -> None:
    rows = [("MODEL", "NAME", "CONTEXT", "OUTPUT", "THINKING", "EFFORT")]
    for model in models:
        mark = " (default)" if model.id == default else ""
        rows.append((
            safe_line(model.id) + mark,
            safe_line(model.name or "?"),
            _tokens(model.context_window),
            _tokens(model.max_output),
            _words(model.thinking),
            _words(model.efforts),
        ))  # fmt: skip
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _tokens(count: int | None) -> str:
    return "?" if count is None else f"{count:,}"


def _words(words: tuple[str, ...] | None) -> str:
    return "?" if words is None else safe_line(", ".join(words)) or "none"
