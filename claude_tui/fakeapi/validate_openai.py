"""The strict validator of the second wire: what OpenAI refuses, in its words, and what a dialect adds to that.

`validate_chat` is pure. Unknown keys are refused everywhere a client writes. Blank text is taken, as OpenAI takes it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from .dialect import Dialect
from .memory import ChatMemory
from .models import find
from .refusal import ApiError, Refused
from .refusal_openai import refuse
from .shapes import as_dict
from .translate import as_messages_body
from .usage import count_tokens
from .validate import MAX_BYTES, check_unicode
from .validate_openai_messages import check_chat_messages
from .validate_openai_values import (
    boolean,
    choice,
    decimal,
    function_name,
    listed,
    obj,
    only_keys,
    required,
    string,
    whole_number,
)

MAX_TOOLS = 128
_EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
_TIERS = ("auto", "default", "flex", "scale", "priority", "fast")
_RANGES: dict[str, tuple[float, float]] = {
    "temperature": (0, 2),
    "top_p": (0, 1),
    "frequency_penalty": (-2, 2),
    "presence_penalty": (-2, 2),
}
_BOOLEANS = ("stream", "logprobs", "parallel_tool_calls", "store")
_STRINGS = ("user", "prompt_cache_key", "safety_identifier")
_OBJECTS = ("metadata", "logit_bias", "audio", "prediction", "web_search_options", "moderation", "prompt_cache_options")
_CHOICES = {
    "reasoning_effort": _EFFORTS,
    "service_tier": _TIERS,
    "verbosity": ("low", "medium", "high"),
    "prompt_cache_retention": ("in_memory", "24h"),
}
_NUMBERS = {"max_tokens": 1, "max_completion_tokens": 1, "n": 1, "top_logprobs": 0, "seed": None}
_CHECKS: tuple[tuple[Collection[str], Callable[[object, str], object]], ...] = (
    (_BOOLEANS, boolean),
    (_STRINGS, string),
    (_OBJECTS, obj),
    (_CHOICES, lambda value, key: choice(value, _CHOICES[key], key)),
    (_NUMBERS, lambda value, key: whole_number(value, _NUMBERS[key], key)),
    (_RANGES, lambda value, key: decimal(value, *_RANGES[key], key)),
)
_OTHERS = ("model", "messages", "tools", "tool_choice", "stream_options", "stop", "response_format", "modalities")
_TOP = {*_OTHERS, *(key for keys, _ in _CHECKS for key in keys)}


def validate_chat(body: object, size: int, dialect: Dialect, memory: ChatMemory) -> ApiError | None:
    """The refusal of this request, or None. `size` is that of its body in bytes."""
    try:
        _check(body, size, dialect, memory)
    except Refused as refused:
        return refused.error
    return None


def _check(body: object, size: int, dialect: Dialect, memory: ChatMemory) -> None:
    if size > MAX_BYTES:
        raise Refused(ApiError(413, "invalid_request_error", "Request body is too large.", "request_too_large"))
    request = as_dict(body)
    if request is None:
        refuse("We could not parse the JSON body of your request.")
    check_unicode(request)
    _check_dialect(request, dialect)
    only_keys(request, _TOP | dialect.accepts, "")
    if not isinstance(required(request, "model", ""), str) or not request["model"]:
        refuse("you must provide a model parameter")
    _check_values(request)
    _check_stream_options(request)
    _check_stop(request.get("stop"))
    _check_format(request.get("response_format"))
    names = _check_tools(request.get("tools"))
    _check_tool_choice(request, names)
    check_chat_messages(request, dialect, memory)
    _check_size(request, dialect)


def _check_dialect(request: Mapping[str, Any], dialect: Dialect) -> None:
    if dialect.refuses_stream_options and "stream_options" in request:
        refuse("Unknown parameter: 'stream_options'.", "stream_options", "unknown_parameter")
    if dialect.refuses_max_tokens and request.get("max_tokens") is not None:
        refuse(
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
            "max_tokens",
            "unsupported_parameter",
        )
    if request.get("max_tokens") is not None and request.get("max_completion_tokens") is not None:
        refuse(
            "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.",
            "max_tokens",
            "invalid_parameter_combination",
        )


def _check_values(request: dict[str, Any]) -> None:
    given = {key: value for key, value in request.items() if value is not None}
    for keys, check in _CHECKS:
        for key in keys:
            if key in given:
                check(given[key], key)


def _check_stream_options(request: dict[str, Any]) -> None:
    if request.get("stream_options") is None:
        return
    if not request.get("stream"):
        refuse("The 'stream_options' parameter is only allowed when 'stream' is enabled.", "stream_options")
    options = obj(request["stream_options"], "stream_options")
    only_keys(options, {"include_usage", "include_obfuscation"}, "stream_options")
    for key, value in options.items():
        boolean(value, f"stream_options.{key}")


def _check_stop(stop: object) -> None:
    if stop is None or isinstance(stop, str):
        return
    rows = listed(stop, "stop")
    if not 1 <= len(rows) <= 4 or not all(isinstance(row, str) for row in rows):
        refuse("Invalid 'stop': expected a string or an array of 1 to 4 strings.", "stop", "invalid_value")


def _check_format(value: object) -> None:
    if value is None:
        return
    form = obj(value, "response_format")
    choice(form.get("type"), ("text", "json_object", "json_schema"), "response_format.type")
    only_keys(form, {"type", "json_schema"}, "response_format")


def _check_tools(value: object) -> list[str]:
    """The names of the tools."""
    if value is None:
        return []
    rows = listed(value, "tools")
    if not rows:
        refuse("[] is too short - 'tools'", "tools")
    if len(rows) > MAX_TOOLS:
        text = f"Invalid 'tools': array too long. Expected an array with maximum length {MAX_TOOLS}, but got an array with length "
        refuse(f"{text}{len(rows)} instead.", "tools", "array_above_max_length")
    names: list[str] = []
    for n, row in enumerate(rows):
        tool = obj(row, f"tools[{n}]")
        choice(required(tool, "type", f"tools[{n}]"), ("function",), f"tools[{n}].type")
        only_keys(tool, {"type", "function"}, f"tools[{n}]")
        names.append(
            _check_function(obj(required(tool, "function", f"tools[{n}]"), f"tools[{n}].function"), f"tools[{n}].function")
        )
        if names[-1] in names[:-1]:
            refuse(f"Duplicate function name: '{names[-1]}'.", f"tools[{n}].function.name")
    return names


def _check_function(function: dict[str, Any], path: str) -> str:
    only_keys(function, {"name", "description", "parameters", "strict"}, path)
    name = function_name(required(function, "name", path), f"{path}.name")
    string(function.get("description", ""), f"{path}.description")
    if function.get("strict") is not None:
        boolean(function["strict"], f"{path}.strict")
    if "parameters" in function:
        schema = obj(function["parameters"], f"{path}.parameters")
        if schema.get("type") != "object":
            text = f"""schema must be a JSON Schema of 'type: "object"', got 'type: "{schema.get("type")}"'."""
            refuse(f"Invalid schema for function '{name}': {text}", f"{path}.parameters", "invalid_function_parameters")
        if as_dict(schema.get("properties", {})) is None:
            text = "object schema missing properties."
            refuse(f"Invalid schema for function '{name}': {text}", f"{path}.parameters", "invalid_function_parameters")
    return name


def _check_tool_choice(request: Mapping[str, Any], names: list[str]) -> None:
    for key in ("tool_choice", "parallel_tool_calls"):
        if request.get(key) is not None and not names:
            refuse(f"Invalid value for '{key}': '{key}' is only allowed when 'tools' are specified.", key)
    value = request.get("tool_choice")
    if value is None or value in ("none", "auto", "required"):
        return
    chosen = as_dict(value)
    function = as_dict(chosen.get("function")) if chosen else None
    if chosen is None or function is None or chosen.get("type") != "function":
        refuse(
            "Invalid value for 'tool_choice': expected 'none', 'auto', 'required' or a function.", "tool_choice", "invalid_value"
        )
    only_keys(chosen, {"type", "function"}, "tool_choice")
    only_keys(function, {"name"}, "tool_choice.function")
    if function.get("name") not in names:
        refuse(f"Tool choice '{function.get('name')}' not found in 'tools' parameter.", "tool_choice")


def _check_size(request: Mapping[str, Any], dialect: Dialect) -> None:
    limit = dialect.context or find(str(request["model"])).context
    size = count_tokens(as_messages_body(request))
    if size > limit:
        refuse(
            f"This model's maximum context length is {limit} tokens. However, your messages resulted in {size} tokens. Please "
            "reduce the length of the messages.",
            "messages",
            "context_length_exceeded",
        )
