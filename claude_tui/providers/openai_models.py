"""What an OpenAI-compatible endpoint says of its models, in whatever form. Pure."""

from __future__ import annotations

from typing import Any, cast

from claude_tui.domain.ports import ModelInfo

_LISTS = ("data", "models", "result", "items")
_IDS = ("id", "model", "name")
_NAMES = ("display_name", "name", "title")
_WINDOWS = (
    ("context_length",),
    ("context_window",),
    ("max_context_length",),
    ("max_model_len",),
    ("max_context_window_tokens",),
    ("max_input_tokens",),
    ("capabilities", "limits", "max_context_window_tokens"),
    ("top_provider", "context_length"),
    ("meta", "n_ctx"),
    ("meta", "n_ctx_train"),
)
_OUTPUTS = (
    ("top_provider", "max_completion_tokens"),
    ("max_completion_tokens",),
    ("max_output_tokens",),
    ("max_output_length",),
    ("capabilities", "limits", "max_output_tokens"),
)


def models_in(payload: Any) -> list[ModelInfo] | None:
    """The models of a response's body, each id once; None where it is no list of models at all."""
    rows: Any = payload
    if isinstance(payload, dict):
        body = cast("dict[str, Any]", payload)
        rows = next((body[key] for key in _LISTS if isinstance(body.get(key), list)), None)
    if not isinstance(rows, list):
        return None
    found: dict[str, ModelInfo] = {}
    for row in cast("list[Any]", rows):
        model = _model({"id": row} if isinstance(row, str) else row)
        if model is not None:
            found.setdefault(model.id, model)
    return list(found.values())


def _model(row: Any) -> ModelInfo | None:
    if not isinstance(row, dict):
        return None
    fields = cast("dict[str, Any]", row)
    model = _text(fields, _IDS)
    if model is None:
        return None
    return ModelInfo(
        id=model,
        name=_text(fields, _NAMES),
        context_window=_count(fields, _WINDOWS),
        max_output=_count(fields, _OUTPUTS),
    )


def _text(fields: dict[str, Any], keys: tuple[str, ...]) -> str | None:
    return next((value for key in keys if isinstance(value := fields.get(key), str) and value), None)


def _count(fields: dict[str, Any], paths: tuple[tuple[str, ...], ...]) -> int | None:
    for path in paths:
        value: Any = fields
        for key in path:
            value = cast("dict[str, Any]", value).get(key) if isinstance(value, dict) else None
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 12:
            value = int(value)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < 1e12:
            return int(value)
    return None
