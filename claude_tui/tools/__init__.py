"""The built-in tools. To add one, write its class and add its row here; a tool's module is imported when the tool is loaded."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from claude_tui.domain.ports import Tool

BUILTIN = {
    "calculator": "claude_tui.tools.calculator:Calculator",
    "current_time": "claude_tui.tools.current_time:CurrentTime",
}
"""Name → where its class is. The name is the one the model is told."""


def load(name: str) -> Tool:
    """The built-in tool of this name; KeyError if there is none."""
    module, _, attribute = BUILTIN[name].partition(":")
    return cast("Tool", getattr(import_module(module), attribute)())


def load_all() -> dict[str, Tool]:
    """Every built-in tool by name, sorted."""
    return {name: load(name) for name in sorted(BUILTIN)}
