"""The models this server knows, as rows of data: what the listing says and what the validator holds requests to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

_UNKNOWN_DATE = "1970-01-01"  # what the API itself says when it does not know
_ALL_LEVELS = ("low", "medium", "high", "xhigh", "max")
_FOUR_LEVELS = ("low", "medium", "high", "max")
_THREE_LEVELS = ("low", "medium", "high")
_ALL_THINKING = ("adaptive", "enabled", "disabled", "between_tools")


@dataclass(frozen=True, slots=True)
class Model:
    """One row. `effort_when_off` are the effort levels it takes with thinking switched off."""

    id: str
    name: str
    created: str
    line: str | None
    context: int = 1_000_000
    max_tokens: int = 128_000
    thinking: tuple[str, ...] = ("adaptive", "disabled")
    thinks_by_default: bool = True
    shows_thinking: bool = False
    effort: tuple[str, ...] = _ALL_LEVELS
    effort_when_off: tuple[str, ...] = _ALL_LEVELS
    forced_tools: bool = True
    binds_thinking: bool = False
    prefill: bool = False
    compacts: bool = False
    system_messages: bool = True
    min_cache_tokens: int = 512
    lifecycle: str = "active"
    retires: str | None = None
    known: bool = True


_ALWAYS: dict[str, Any] = {"thinking": ("adaptive",)}
_BOUND: dict[str, Any] = {"forced_tools": False, "binds_thinking": True}
_OFF: dict[str, Any] = {"thinks_by_default": False}
_OLD: dict[str, Any] = {
    **_OFF,
    "context": 200_000,
    "max_tokens": 64_000,
    "thinking": ("enabled", "disabled"),
    "shows_thinking": True,
    "prefill": True,
    "system_messages": False,
}
_OFF_46: dict[str, Any] = {
    **_OFF,
    "thinking": ("adaptive", "enabled", "disabled"),
    "shows_thinking": True,
    "effort": _FOUR_LEVELS,
    "system_messages": False,
}

MODELS: tuple[Model, ...] = (
    Model("claude-fable-5-2", "Claude Fable 5.2", "2026-11-09", "fable", **_ALWAYS, **_BOUND, compacts=True),
    Model("claude-mythos-5-2", "Claude Mythos 5.2", "2026-11-09", "mythos", **_ALWAYS, **_BOUND, compacts=True),
    Model(
        "claude-haiku-5-5",
        "Claude Haiku 5.5",
        "2026-10-07",
        "haiku",
        effort_when_off=_THREE_LEVELS,
        binds_thinking=True,
        compacts=True,
    ),
    Model(
        "claude-sonnet-5-5",
        "Claude Sonnet 5.5",
        _UNKNOWN_DATE,
        "sonnet",
        thinking=("adaptive", "between_tools"),
        effort_when_off=_THREE_LEVELS,
        compacts=True,
        **_BOUND,
    ),
    Model("claude-opus-5-5", "Claude Opus 5.5", "2026-09-22", "opus", **_ALWAYS, **_BOUND, compacts=True),
    Model("claude-fable-5-1", "Claude Fable 5.1", "2026-09-01", "fable", **_ALWAYS, **_BOUND, compacts=True),
    Model("claude-mythos-5-1", "Claude Mythos 5.1", "2026-09-01", "mythos", **_ALWAYS, **_BOUND, compacts=True),
    Model("claude-sonnet-5", "Claude Sonnet 5", _UNKNOWN_DATE, "sonnet", system_messages=False, min_cache_tokens=1024),
    Model("claude-fable-5", "Claude Fable 5", _UNKNOWN_DATE, "fable", **_ALWAYS, compacts=True),
    Model("claude-mythos-5", "Claude Mythos 5", _UNKNOWN_DATE, "mythos", **_ALWAYS, compacts=True),
    Model("claude-opus-5", "Claude Opus 5", _UNKNOWN_DATE, "opus", effort_when_off=_THREE_LEVELS),
    Model("claude-opus-4-8", "Claude Opus 4.8", _UNKNOWN_DATE, "opus", **_OFF, min_cache_tokens=1024),
    Model("claude-opus-4-7", "Claude Opus 4.7", _UNKNOWN_DATE, "opus", **_OFF, system_messages=False, min_cache_tokens=2048),
    Model("claude-opus-4-6", "Claude Opus 4.6", _UNKNOWN_DATE, "opus", **_OFF_46, min_cache_tokens=4096),
    Model("claude-sonnet-4-6", "Claude Sonnet 4.6", _UNKNOWN_DATE, "sonnet", **_OFF_46, min_cache_tokens=1024),
    Model("claude-haiku-4-5-20251001", "Claude Haiku 4.5", "2025-10-01", "haiku", **_OLD, effort=(), min_cache_tokens=4096),
    Model(
        "claude-opus-4-5-20251101",
        "Claude Opus 4.5",
        "2025-11-01",
        "opus",
        **_OLD,
        effort=_THREE_LEVELS,
        min_cache_tokens=4096,
    ),
    Model(
        "claude-sonnet-4-5-20250929",
        "Claude Sonnet 4.5",
        "2025-09-29",
        "sonnet",
        **_OLD,
        effort=(),
        min_cache_tokens=1024,
        lifecycle="deprecated",
        retires="2026-11-30",
    ),
)

_ALIASES = {
    "claude-haiku-4-5": "claude-haiku-4-5-20251001",
    "claude-opus-4-5": "claude-opus-4-5-20251101",
    "claude-sonnet-4-5": "claude-sonnet-4-5-20250929",
}
_BY_ID = {model.id: model for model in MODELS}


def find(model_id: str) -> Model:
    """The row of a model. An unknown id gets a row that takes every documented shape."""
    known = _BY_ID.get(_ALIASES.get(model_id, model_id))
    if known is not None:
        return known
    return Model(
        model_id,
        model_id,
        _UNKNOWN_DATE,
        None,
        context=10_000_000,
        max_tokens=10_000_000,
        thinking=_ALL_THINKING,
        binds_thinking=True,
        compacts=True,
        known=False,
    )


def describe(model: Model) -> dict[str, Any]:
    """A row as the Models API shows it."""
    return {
        "type": "model",
        "id": model.id,
        "display_name": model.name,
        "created_at": f"{model.created}T00:00:00Z",
        "lifecycle": model.lifecycle,
        "deprecated_at": None if model.lifecycle == "active" else f"{_UNKNOWN_DATE}T00:00:00Z",
        "retires_at": f"{model.retires}T00:00:00Z" if model.retires else None,
        "line": model.line,
        "max_input_tokens": model.context,
        "max_tokens": model.max_tokens,
        "capabilities": _capabilities(model),
    }


def _supported(value: bool) -> dict[str, bool]:
    return {"supported": value}


def _capabilities(model: Model) -> dict[str, Any]:
    return {
        "thinking": {
            "supported": True,
            "types": {name: _supported(name in model.thinking) for name in _ALL_THINKING},
        },
        "effort": {"supported": bool(model.effort), **{name: _supported(name in model.effort) for name in _ALL_LEVELS}},
        "image_input": _supported(True),
        "pdf_input": _supported(True),
        "citations": _supported(True),
        "structured_outputs": _supported(True),
        "code_execution": _supported(True),
        "server_tools": {"supported": True, "web_search": _supported(True), "code_execution": _supported(True)},
        "context_management": {
            "supported": True,
            "clear_thinking_20251015": _supported(True),
            "clear_tool_uses_20250919": _supported(True),
            "compact_20260112": _supported(True),
        },
        "compaction": {"supported": model.compacts, "summarize": _supported(model.compacts)},
        "batch": _supported(True),
    }


def describe_for_chat(model: Model) -> dict[str, Any]:
    """A row as OpenAI's listing shows it: little more than the id."""
    created = int(datetime.fromisoformat(f"{model.created}T00:00:00+00:00").timestamp())
    return {"id": model.id, "object": "model", "created": created, "owned_by": "fake"}


def chat_listing() -> dict[str, Any]:
    """The whole listing in OpenAI's shape, which has no pages."""
    return {"object": "list", "data": [describe_for_chat(model) for model in MODELS]}


def listing(query: Mapping[str, Sequence[str]]) -> dict[str, Any] | None:
    """A page of the listing, or None when the query is wrong. `query` is as `urllib.parse.parse_qs` gives it."""
    stages = list(query.get("lifecycle", ())) + list(query.get("lifecycle[]", ())) or ["active", "deprecated"]
    rows = [model for model in MODELS if model.lifecycle in stages]
    limit = query.get("limit", ["20"])[0]
    if not limit.isdecimal() or not 1 <= int(limit) <= 1000:
        return None
    ids = [model.id for model in rows]
    after, before = query.get("after_id", [""])[0], query.get("before_id", [""])[0]
    if (after and after not in ids) or (before and before not in ids):
        return None
    if before:
        rest = rows[: ids.index(before)]
        page, more = rest[-int(limit) :], len(rest) > int(limit)
    else:
        rest = rows[ids.index(after) + 1 :] if after else rows
        page, more = rest[: int(limit)], len(rest) > int(limit)
    return {
        "data": [describe(model) for model in page],
        "has_more": more,
        "first_id": page[0].id if page else None,
        "last_id": page[-1].id if page else None,
    }
