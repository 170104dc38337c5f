"""How an endpoint wants Chat Completions asked: what is known of its host, and what it conceded when it refused. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

ECHOES = ("none", "reasoning_content", "reasoning", "reasoning_details")
"""In which form thinking goes back within a chain of tool calls."""
_ECHO_BY_HOST = {
    "openrouter.ai": "reasoning_details",
    "api.deepseek.com": "reasoning_content",
    "api.moonshot.ai": "reasoning_content",
    "api.moonshot.cn": "reasoning_content",
}
"""Only endpoints that document it; others refuse it, or spend tokens on it."""
_LIMIT_BY_HOST = {"api.openai.com": "max_completion_tokens"}
_LIMITS = ("max_tokens", "max_completion_tokens")


@dataclass(frozen=True, slots=True)
class Dialect:
    """`max_tokens_field`: under which name a limit goes, empty for not at all. `echo`: one of ECHOES, within the current chain of
    calls; `echo_always`: with every call of the history. `system`: as a message of that role, else before the first prompt.
    `short_ids`: ids of calls have nine letters and digits. The rest: whether the parameter is sent."""

    max_tokens_field: str = "max_tokens"
    echo: str = "none"
    echo_always: bool = False
    stream_options: bool = True
    effort: bool = True
    tools: bool = True
    system: bool = True
    short_ids: bool = False


def dialect_of(base_url: str, max_tokens_field: str | None = None, echo_reasoning: str | None = None) -> Dialect:
    """What is known of this address, but for what the user said."""
    host = (urlsplit(base_url).hostname or "").lower()
    return Dialect(
        max_tokens_field=max_tokens_field if max_tokens_field is not None else _by_host(_LIMIT_BY_HOST, host, "max_tokens"),
        echo=echo_reasoning if echo_reasoning in ECHOES else _by_host(_ECHO_BY_HOST, host, "none"),
    )


def _by_host(table: dict[str, str], host: str, otherwise: str) -> str:
    return next((value for name, value in table.items() if host == name or host.endswith(f".{name}")), otherwise)


@dataclass(frozen=True, slots=True)
class Concession:
    """What is done once when a refusal's text matches and the request is concerned: `change` gives the new dialect, or the same."""

    name: str
    text: re.Pattern[str]
    change: Callable[[Dialect, dict[str, Any], str], Dialect]
    statuses: tuple[int, ...] = (400, 422)


_INSTEAD = re.compile(r"\b(un\w*supported|not (be )?supported|un(known|recognized|expected)|instead|extra|not permitted)\b", re.I)
_MISSING = re.compile(r"\b(missing|required?|must|need(s|ed)?|pass(ed)? back)\b", re.I)
_FORBIDDEN = re.compile(
    r"\b(not (be )?(allowed|permitted|supported)|un(known|expected|recognized|supported)|extra|forbidden|remove)\b", re.I
)


def _other_limit(dialect: Dialect, params: dict[str, Any], text: str) -> Dialect:
    """The limit under its other name where the first one is not known; without one where the number itself is refused."""
    field = dialect.max_tokens_field
    if field not in params or not re.search(rf"\b{re.escape(field)}\b", text):
        return dialect
    other = next((name for name in _LIMITS if name != field), "")
    return replace(dialect, max_tokens_field=other if _INSTEAD.search(text) else "")


def _no_limit(dialect: Dialect, params: dict[str, Any], text: str) -> Dialect:
    named = dialect.max_tokens_field in params and re.search(rf"\b{re.escape(dialect.max_tokens_field)}\b", text)
    return replace(dialect, max_tokens_field="") if named else dialect


def _without(parameter: str, field: str) -> Callable[[Dialect, dict[str, Any], str], Dialect]:
    def change(dialect: Dialect, params: dict[str, Any], _text: str) -> Dialect:
        return replace(dialect, **{field: False}) if parameter in params else dialect

    return change


def _echo_wanted(dialect: Dialect, _params: dict[str, Any], text: str) -> Dialect:
    if _FORBIDDEN.search(text) or not _MISSING.search(text):
        return dialect
    field = "reasoning_details" if "reasoning_details" in text else "reasoning_content"
    return replace(dialect, echo=field, echo_always=True)


def _echo_unwanted(dialect: Dialect, _params: dict[str, Any], text: str) -> Dialect:
    refused = dialect.echo != "none" and dialect.echo in text and _FORBIDDEN.search(text)
    return replace(dialect, echo="none", echo_always=False) if refused else dialect


def _no_system(dialect: Dialect, params: dict[str, Any], _text: str) -> Dialect:
    messages: Any = params.get("messages") or [{}]
    return replace(dialect, system=False) if messages[0].get("role") == "system" else dialect


_CONCESSIONS = (
    Concession("stream_options", re.compile(r"\bstream_options\b"), _without("stream_options", "stream_options")),
    Concession("the other limit", re.compile(r"\bmax_(completion_)?tokens\b"), _other_limit),
    Concession("no limit", re.compile(r"\bmax_(completion_)?tokens\b"), _no_limit),
    Concession("reasoning_effort", re.compile(r"\breasoning[_. ]effort\b", re.I), _without("reasoning_effort", "effort")),
    Concession("echo", re.compile(r"\breasoning_(content|details)\b"), _echo_wanted),
    Concession("no echo", re.compile(r"\breasoning(_content|_details)?\b"), _echo_unwanted),
    Concession(
        "tools",
        re.compile(
            r"not support (the )?(use of )?(tool|function)|(tools?|functions?|function.calling) (is|are) not (support|enabl)"
            r"|support tool use|tool choice requires"
            r"|\b(extra|un(known|supported|recognized|expected))\b[\w\s:]{0,40}\W?\btools\b(?![.\[])"
            r"|\btools\b(?![.\[]).{0,40}(\bextra\b|\bun(known|supported|recognized|expected)\b|not permitted)",
            re.I,
        ),
        _without("tools", "tools"),
        (400, 404, 422, 501),
    ),
    Concession(
        "system",
        re.compile(r"(system|developer) (role|message|instruction|prompt)s?.{0,30}not|does not support 'system'", re.I),
        _no_system,
    ),
    Concession("short ids", re.compile(r"length of 9\b"), lambda dialect, _params, _text: replace(dialect, short_ids=True)),
)
"""What an endpoint refuses though it could do without, and how it is asked then; a name counts only where the refusal has it."""


def concede(dialect: Dialect, params: dict[str, Any], status: int, text: str, made: set[str]) -> Dialect | None:
    """How to ask again after this refusal of `params`; None where nothing can be left out. `made`: what was conceded before."""
    for concession in _CONCESSIONS:
        if concession.name in made or status not in concession.statuses or not concession.text.search(text):
            continue
        changed = concession.change(dialect, params, text)
        if changed != dialect:
            made.add(concession.name)
            return changed
    return None
