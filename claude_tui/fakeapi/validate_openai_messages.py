"""The rules of the second wire on messages: the shape of each role, calls and their answers, reasoning that must come back."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Any

from .dialect import Dialect
from .media import sniff
from .memory import ChatMemory
from .refusal_openai import refuse
from .shapes import as_dict, blocks_of
from .validate_openai_values import choice, function_name, kind_of, listed, obj, only_keys, required, string, wrong_type

_ROLES = ("system", "assistant", "user", "function", "tool", "developer")
_KEYS = {
    "system": {"role", "content", "name"},
    "developer": {"role", "content", "name"},
    "user": {"role", "content", "name"},
    "assistant": {"role", "content", "name", "tool_calls", "refusal", "audio"},
    "tool": {"role", "content", "tool_call_id"},
}
_PARTS: dict[str, tuple[str, ...]] = {
    "system": ("text",),
    "developer": ("text",),
    "user": ("text", "image_url"),
    "assistant": ("text", "refusal"),
    "tool": ("text",),
}
_MEDIA = ("image/png", "image/jpeg", "image/gif", "image/webp")
_DETAILS = ("auto", "low", "high", "original")


def check_chat_messages(request: dict[str, Any], dialect: Dialect, memory: ChatMemory) -> None:
    """Everything about `messages`; raises Refused."""
    rows = listed(required(request, "messages", ""), "messages", "an array of objects")
    if not rows:
        text = "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead."
        refuse(text, "messages", "empty_array")
    messages = [_message(value, i, dialect, memory) for i, value in enumerate(rows)]
    _check_pairs(messages)
    if dialect.echo == "require":
        _check_echo(messages, dialect, memory)


def _message(value: object, i: int, dialect: Dialect, memory: ChatMemory) -> dict[str, Any]:
    path = f"messages[{i}]"
    message = obj(value, path)
    role = required(message, "role", path)
    choice(role, _ROLES, f"{path}.role")
    if role not in _KEYS:
        refuse(f"'{role}' messages are not supported with this model.", f"{path}.role", "unsupported_value")
    echo = set(dialect.echo_keys) if role == "assistant" and dialect.echo != "refuse" else set[str]()
    only_keys(message, _KEYS[role] | echo, path)
    for key in echo & message.keys():
        _check_echoed(message[key], f"{path}.{key}")
    if "name" in message:
        function_name(message["name"], f"{path}.name")
    if role == "tool":
        string(required(message, "tool_call_id", path), f"{path}.tool_call_id")
    if role == "assistant":
        _check_calls(message, path, memory)
    _check_content(message, path)
    return message


def _check_echoed(value: object, path: str) -> None:
    if not path.endswith("_details"):
        string(value, path)
        return
    for n, detail in enumerate(listed(value, path)):
        string(required(obj(detail, f"{path}[{n}]"), "type", f"{path}[{n}]"), f"{path}[{n}].type")


def _check_content(message: dict[str, Any], path: str) -> None:
    role, content = message["role"], message.get("content")
    if role == "assistant" and content is None:
        if not message.get("tool_calls") and not message.get("refusal"):
            refuse(f"Invalid value for 'content': expected a string, got {kind_of(content)}.", f"{path}.content")
        return
    required(message, "content", path)
    if content is None:
        refuse(f"Invalid value for 'content': expected a string, got {kind_of(content)}.", f"{path}.content")
    if isinstance(content, str):
        return
    parts = listed(content, f"{path}.content", "one of a string or array of objects")
    if not parts:
        text = f"Invalid '{path}.content': empty array. Expected an array with minimum length 1, but got an empty array instead."
        refuse(text, f"{path}.content", "empty_array")
    for n, value in enumerate(parts):
        place = f"{path}.content[{n}]"
        part = obj(value, place)
        kind = required(part, "type", place)
        choice(kind, _PARTS[role], f"{place}.type")
        _PART[kind](part, place)


def _text(part: dict[str, Any], path: str) -> None:
    only_keys(part, {"type", "text"}, path)
    string(required(part, "text", path), f"{path}.text")


def _refusal(part: dict[str, Any], path: str) -> None:
    only_keys(part, {"type", "refusal"}, path)
    string(required(part, "refusal", path), f"{path}.refusal")


def _image(part: dict[str, Any], path: str) -> None:
    only_keys(part, {"type", "image_url"}, path)
    image = obj(required(part, "image_url", path), f"{path}.image_url")
    path = f"{path}.image_url"
    only_keys(image, {"url", "detail"}, path)
    if "detail" in image:
        choice(image["detail"], _DETAILS, f"{path}.detail")
    url = string(required(image, "url", path), f"{path}.url")
    if url.startswith("data:"):
        _check_data(url, f"{path}.url")
    elif not url.startswith("https://"):
        text = f"Invalid '{path}.url'. Expected a valid URL, but got a value with an invalid format."
        refuse(text, f"{path}.url", "invalid_value")


def _check_data(url: str, path: str) -> None:
    head, _, data = url.partition(";base64,")
    try:
        raw = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if not raw:
        text = (
            f"Invalid '{path}'. Expected a base64-encoded data URL with an image MIME type, but got unsupported MIME type or data."
        )
        refuse(text, path, "invalid_value")
    media = head.removeprefix("data:")
    if media not in _MEDIA or sniff(raw) != media:
        text = "You uploaded an unsupported image. Please make sure your image has of one the following formats: "
        refuse(f"{text}['png', 'jpeg', 'gif', 'webp'].", path, "invalid_image_format")


_PART: dict[str, Callable[[dict[str, Any], str], None]] = {"text": _text, "refusal": _refusal, "image_url": _image}


def _check_calls(message: dict[str, Any], path: str, memory: ChatMemory) -> None:
    if "tool_calls" not in message:
        return
    path = f"{path}.tool_calls"
    rows = listed(message["tool_calls"], path)
    if not rows:
        text = f"Invalid '{path}': empty array. Expected an array with minimum length 1, but got an empty array instead."
        refuse(text, path, "empty_array")
    ids: list[str] = []
    for n, value in enumerate(rows):
        place = f"{path}[{n}]"
        call = obj(value, place)
        if not memory.knows(call):
            _check_call(call, place)
        ids.append(str(call["id"]))
        if ids[-1] in ids[:-1]:
            refuse(f"Duplicate value for 'tool_call_id' of '{ids[-1]}'", place)


def _check_call(call: dict[str, Any], path: str) -> None:
    only_keys(call, {"id", "type", "function"}, path)
    if not string(required(call, "id", path), f"{path}.id"):
        refuse(f"Invalid '{path}.id': empty string. Expected a string with minimum length 1, but got an empty string instead.")
    choice(required(call, "type", path), ("function",), f"{path}.type")
    function = obj(required(call, "function", path), f"{path}.function")
    only_keys(function, {"name", "arguments"}, f"{path}.function")
    function_name(required(function, "name", f"{path}.function"), f"{path}.function.name")
    arguments = required(function, "arguments", f"{path}.function")
    if not isinstance(arguments, str):
        where = f"{path}.function.arguments"
        refuse(wrong_type("a string", arguments, where), where, "invalid_type")


def _check_pairs(messages: list[dict[str, Any]]) -> None:
    waiting: list[str] = []
    asked: set[str] = set()
    seen: set[str] = set()
    for i, message in enumerate(messages):
        if message["role"] == "tool":
            _check_answer(message, i, waiting, asked)
            continue
        _check_answered(waiting, i)
        calls = [as_dict(call) or {} for call in blocks_of(message.get("tool_calls"))]
        waiting = [str(call["id"]) for call in calls]
        asked = set(waiting)
        again = sorted(asked & seen)
        if again:
            refuse(f"Duplicate value for 'tool_call_id' of '{again[0]}' in message[{i}].", f"messages.[{i}].tool_calls")
        seen |= asked
    _check_answered(waiting, len(messages))


def _check_answer(message: dict[str, Any], i: int, waiting: list[str], asked: set[str]) -> None:
    tool_id = message["tool_call_id"]
    if not asked:
        text = "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'."
        refuse(text, f"messages.[{i}].role")
    if tool_id not in asked:
        text = f"Invalid parameter: 'tool_call_id' of '{tool_id}' not found in 'tool_calls' of previous message."
        refuse(text, f"messages.[{i}].tool_call_id")
    if tool_id not in waiting:
        refuse(f"Duplicate value for 'tool_call_id' of '{tool_id}' in message[{i}].", f"messages.[{i}].tool_call_id")
    waiting.remove(tool_id)


def _check_answered(waiting: list[str], i: int) -> None:
    if waiting:
        refuse(
            "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The "
            f"following tool_call_ids did not have response messages: {', '.join(waiting)}",
            f"messages.[{i}].role",
        )


def _check_echo(messages: list[dict[str, Any]], dialect: Dialect, memory: ChatMemory) -> None:
    """In the running tool loop, what was thought before a call must come back with it as it was."""
    key = dialect.echo_keys[-1]
    last = max((i for i, message in enumerate(messages) if message["role"] == "user"), default=-1)
    for message in messages[last + 1 :]:
        if (
            message["role"] == "assistant"
            and (sent := memory.reasoning_of(message))
            and _joined(message.get(key)) != _joined(sent[key])
        ):
            refuse(f"The `{key}` in the thinking mode must be passed back to the API.", None, "invalid_request_error")


def _joined(reasoning: object) -> str:
    """The text of reasoning, however it is cut into details."""
    if isinstance(reasoning, str):
        return reasoning
    return "".join(str(detail.get("text", "")) for detail in blocks_of(reasoning))
