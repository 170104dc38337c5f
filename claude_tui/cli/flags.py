"""One command-line option for every setting, made from the setting itself."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import wraps
from typing import Annotated, Any, Literal, get_args, get_origin

import typer
from typer.core import TyperCommand

from claude_tui import config

_NAMES = tuple(item.name for item in fields(config.Settings) if config.has_flag(item.name))


def with_settings(command: Callable[..., None]) -> Callable[..., None]:
    """`command` with an option for every setting; those that were given arrive in its parameter `flags`."""
    signature = inspect.signature(command, eval_str=True)
    own = [one for one in signature.parameters.values() if one.name != "flags"]
    added = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=_option(name)) for name in _NAMES]

    @wraps(command)
    def with_flags(**given: Any) -> None:
        flags = {name: given.pop(name) for name in _NAMES}
        command(**given, flags={name: text for name, text in flags.items() if text is not None})

    with_flags.__signature__ = signature.replace(parameters=[*own, *added])  # type: ignore[attr-defined]
    return with_flags


def _option(name: str) -> Any:
    (item,) = [one for one in fields(config.Settings) if one.name == name]
    rule = config.rule_of(item)
    kind, _ = config.inner_type(config.setting_types()[name])
    words = [str(word) for word in get_args(kind)] if get_origin(kind) is Literal else []
    names = filter(None, (config.flag_name(name), rule.short))
    metavar = "|".join(words) or rule.form.upper().replace("OR ", "| ").replace(" ", "") or _METAVARS.get(kind, "TEXT")
    return Annotated[
        str | None, typer.Option(*names, metavar=metavar, show_default=False, autocompletion=(lambda: words) if words else None)
    ]


_METAVARS: Mapping[type, str] = {int: "N", float: "SECONDS", str: "NAME", bool: "true|false"}


class SettingsCommand(TyperCommand):
    """A command whose help explains settings in their own words, which are read only now."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        texts = config.documentation()
        for parameter in self.params:
            if parameter.name in texts and not getattr(parameter, "help", None):
                vars(parameter)["help"] = texts[parameter.name]
        super().format_options(ctx, formatter)
