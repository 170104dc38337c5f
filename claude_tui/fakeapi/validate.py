"""The strict validator: what the API refuses, in its words, so that a client's mistake shows as a 400 here and not in production.

`validate` is pure. What the client writes (options, system, tools, user blocks) may hold documented keys only; assistant blocks
may hold what this server sent, verbatim, or the documented fields of text, tool_use and thinking that a client can import.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from .memory import Memory
from .models import Model, find
from .refusal import ApiError, Refused, refuse
from .shapes import as_dict, as_list, blocks_of, is_blank_text
from .signing import Signer
from .validate_blocks import check_cache_mark, check_text_block, only_keys
from .validate_compaction import BETA, check_compaction
from .validate_messages import check_messages

MAX_BYTES = 32 * 1024 * 1024
MAX_MESSAGES = 100_000
MAX_MARKS = 4
_LEVELS = ("low", "medium", "high", "xhigh", "max")
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")

_COUNTED = {
    "model",
    "messages",
    "system",
    "tools",
    "tool_choice",
    "thinking",
    "output_config",
    "cache_control",
    "speed",
}
_TOP = _COUNTED | {
    "max_tokens",
    "stream",
    "stop_sequences",
    "metadata",
    "container",
    "diagnostics",
    "inference_geo",
    "service_tier",
    "user_profile_id",
    "workspace_id",
}
_BETA_TOP = {
    "context_management": ("context-management-", "compact-"),
    "compaction": (BETA,),
    "mcp_servers": ("mcp-client-",),
    "fallbacks": ("server-side-fallback-",),
    "fallback_credit_token": ("server-side-fallback-",),
    "thread": ("message-threads-",),
    "billing_policy": ("",),
}
_THINKING_KEYS = {
    "adaptive": {"type", "display"},
    "enabled": {"type", "display", "budget_tokens"},
    "disabled": {"type"},
    "between_tools": {"type"},
}
_TOOL_KEYS = {
    "type",
    "name",
    "description",
    "input_schema",
    "cache_control",
    "strict",
    "eager_input_streaming",
    "input_examples",
    "defer_loading",
    "allowed_callers",
}
_TYPED_TOOLS = (
    "web_search_",
    "web_fetch_",
    "code_execution_",
    "bash_",
    "text_editor_",
    "memory_",
    "tool_search_tool_",
    "computer_",
    "browser_",
    "mcp_toolset",
)


def validate(
    body: object, headers: Mapping[str, str], signer: Signer, memory: Memory, *, counting: bool = False
) -> ApiError | None:
    """The API's refusal of this request, or None. `counting` is for count_tokens, which takes fewer options."""
    try:
        _check(body, headers, signer, memory, counting)
    except Refused as refused:
        return refused.error
    return None


def betas_of(headers: Mapping[str, str]) -> tuple[str, ...]:
    """The betas a request asks for."""
    return tuple(part.strip() for part in headers.get("anthropic-beta", "").split(",") if part.strip())


def _check(body: object, headers: Mapping[str, str], signer: Signer, memory: Memory, counting: bool) -> None:
    if "anthropic-version" not in headers:
        refuse("anthropic-version: header is required")
    request = as_dict(body)
    if request is None:
        refuse("The request body is not a JSON object")
    check_unicode(request)
    betas = betas_of(headers)
    _check_keys(request, headers, betas, counting)
    model_id = request.get("model")
    if not isinstance(model_id, str) or not model_id:
        refuse("model: Field required" if model_id is None else "model: Input should be a valid string")
    model = find(model_id)
    if not counting:
        _check_max_tokens(request, model)
    _check_options(request)
    _check_thinking(request, model, betas)
    _check_effort(request, model)
    _check_system(request.get("system"))
    _check_tools(request.get("tools"))
    _check_tool_choice(request, model)
    if not counting:
        check_compaction(request, model)
    messages = as_list(request.get("messages"))
    if messages is None:
        refuse("messages: Field required" if "messages" not in request else "messages: Input should be a valid list")
    if len(messages) > MAX_MESSAGES:
        refuse(f"messages: too many messages ({len(messages)} > {MAX_MESSAGES})")
    check_messages(request, model, betas, signer, memory)
    _check_marks(request)


def check_unicode(request: dict[str, Any]) -> None:
    """No half of a surrogate pair anywhere."""
    try:
        json.dumps(request, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        refuse("The request body is not valid JSON: no low surrogate in string")


def _check_keys(request: dict[str, Any], headers: Mapping[str, str], betas: tuple[str, ...], counting: bool) -> None:
    for key in request:
        if key in (_COUNTED if counting else _TOP):
            continue
        if key in ("temperature", "top_p", "top_k") and not counting:
            era = find(str(request.get("model"))).shows_thinking
            if headers["anthropic-version"] == "2023-06-01" and era:
                continue
            refuse(f"{key}: this parameter is no longer supported")
        needed = _BETA_TOP.get(key, ())
        if not any(beta.startswith(needed) for beta in betas if needed):
            refuse(f"{key}: Extra inputs are not permitted")


def _check_max_tokens(request: dict[str, Any], model: Model) -> None:
    value = request.get("max_tokens")
    if value is None:
        refuse("max_tokens: Field required")
    if not isinstance(value, int) or isinstance(value, bool):
        refuse("max_tokens: Input should be a valid integer")
    if value < 0:
        refuse("max_tokens: Input should be greater than or equal to 0")
    if value > model.max_tokens:
        refuse(f"max_tokens: {value} > {model.max_tokens}, which is the maximum allowed number of output tokens for {model.id}")


def _check_options(request: dict[str, Any]) -> None:
    if not isinstance(request.get("stream", False), bool):
        refuse("stream: Input should be a valid boolean")
    metadata = request.get("metadata")
    if metadata is not None:
        only_keys(as_dict(metadata), {"user_id"}, "metadata")
    stops = request.get("stop_sequences")
    if stops is not None:
        for n, stop in enumerate(as_list(stops) or ("",)):
            if not isinstance(stop, str) or not stop.strip():
                refuse(f"stop_sequences.{n}: each stop sequence must contain non-whitespace")
    if request.get("service_tier", "auto") not in ("auto", "standard_only"):
        refuse("service_tier: Input should be 'auto' or 'standard_only'")
    if request.get("speed") not in (None, "standard", "fast"):
        refuse("speed: Input should be 'standard' or 'fast'")


def _check_thinking(request: dict[str, Any], model: Model, betas: tuple[str, ...]) -> None:
    if request.get("thinking") is None:
        return
    thinking = as_dict(request["thinking"])
    kind = str(thinking.get("type")) if thinking else ""
    if thinking is None or kind not in _THINKING_KEYS:
        refuse("thinking: Input tag should be one of 'adaptive', 'between_tools', 'disabled', 'enabled'")
    extra = {"block_binding"} if any(beta.startswith("thinking-binding-controls-") for beta in betas) else set[str]()
    only_keys(thinking, _THINKING_KEYS[kind] | (extra if kind in ("adaptive", "enabled") else set()), f"thinking.{kind}")
    if kind not in model.thinking:
        refuse(f"thinking.type.{kind}: not supported by {model.id}; supported: {', '.join(model.thinking)}")
    updates = ["updates"] if any(beta.startswith("thinking-display-updates-") for beta in betas) else []
    if thinking.get("display", "omitted") not in ["summarized", "omitted", *updates]:
        refuse(f"thinking.{kind}.display: Input should be 'summarized' or 'omitted'")
    if kind == "enabled":
        _check_budget(thinking.get("budget_tokens"), request.get("max_tokens"))


def _check_budget(budget: object, max_tokens: object) -> None:
    if not isinstance(budget, int) or isinstance(budget, bool):
        refuse("thinking.enabled.budget_tokens: Field required")
    if budget < 1024:
        refuse("thinking.enabled.budget_tokens: Input should be greater than or equal to 1024")
    if isinstance(max_tokens, int) and budget >= max_tokens:
        refuse("`max_tokens` must be greater than `thinking.budget_tokens`")


def _check_effort(request: dict[str, Any], model: Model) -> None:
    config = request.get("output_config")
    if config is None:
        return
    only_keys(as_dict(config), {"effort", "format", "task_budget"}, "output_config")
    effort = config.get("effort")
    if effort is None:
        return
    if effort not in _LEVELS:
        refuse("output_config.effort: Input should be 'low', 'medium', 'high', 'xhigh' or 'max'")
    if not model.effort:
        refuse("This model does not support the effort parameter.")
    if effort not in model.effort:
        refuse(f"output_config.effort: '{effort}' is not supported by {model.id}")
    thinking = as_dict(request.get("thinking")) or {}
    off = thinking.get("type") in ("disabled", "between_tools")
    if off and effort not in model.effort_when_off:
        refuse(f"output_config.effort: '{effort}' needs thinking on {model.id}")


def _check_system(system: object) -> None:
    if system is None or isinstance(system, str):
        return
    blocks = as_list(system)
    if blocks is None:
        refuse("system: Input should be a valid string or list of text blocks")
    for n, block in enumerate(blocks):
        check_text_block(as_dict(block), f"system.{n}", from_client=True)


def _check_tools(tools: object) -> None:
    if tools is None:
        return
    rows = as_list(tools)
    if rows is None:
        refuse("tools: Input should be a valid list")
    names: set[str] = set()
    for n, row in enumerate(rows):
        tool = as_dict(row)
        if tool is None:
            refuse(f"tools.{n}: Input should be a valid object")
        kind = tool.get("type") or "custom"
        if kind == "custom":
            _check_custom_tool(tool, f"tools.{n}.custom")
        elif not str(kind).startswith(_TYPED_TOOLS):
            refuse(f"tools.{n}: Input tag '{kind}' found using 'type' does not match any of the expected tags")
        name = str(tool.get("name", kind))
        if name in names and kind != "mcp_toolset":
            refuse("tools: Tool names must be unique.")
        names.add(name)


def _check_custom_tool(tool: dict[str, Any], path: str) -> None:
    only_keys(tool, _TOOL_KEYS, path)
    name = tool.get("name")
    if not isinstance(name, str):
        refuse(f"{path}.name: Field required")
    if not _NAME.fullmatch(name):
        refuse(f"{path}.name: String should match pattern '^[a-zA-Z0-9_-]{{1,64}}$'")
    schema = as_dict(tool.get("input_schema"))
    if schema is None:
        refuse(f"{path}.input_schema: Field required")
    if schema.get("type") != "object":
        refuse(f"{path}.input_schema.type: Input should be 'object'")
    if not isinstance(tool.get("description", ""), str):
        refuse(f"{path}.description: Input should be a valid string")


def _check_tool_choice(request: dict[str, Any], model: Model) -> None:
    value = request.get("tool_choice")
    if value is None:
        return
    choice = as_dict(value)
    kind = choice.get("type") if choice else None
    if choice is None or kind not in ("auto", "any", "tool", "none"):
        refuse("tool_choice: Input tag should be one of 'auto', 'any', 'tool', 'none'")
    keys = {"auto": {"disable_parallel_tool_use"}, "any": {"disable_parallel_tool_use"}, "none": set[str]()}
    only_keys(choice, {"type"} | keys.get(str(kind), {"name", "disable_parallel_tool_use"}), f"tool_choice.{kind}")
    tools = blocks_of(request.get("tools"))
    if not tools:
        refuse("tool_choice: may only be specified while providing `tools`")
    if kind == "tool" and choice.get("name") not in [tool.get("name") for tool in tools]:
        refuse(f"tool_choice: Tool '{choice.get('name')}' not found in provided tools")
    if kind in ("any", "tool"):
        thinking = as_dict(request.get("thinking")) or {}
        if not model.forced_tools or thinking.get("type") == "enabled":
            refuse(f"tool_choice: type '{kind}' forces tool use, which {model.id} does not support with thinking")


def _marked(request: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every block that may carry a cache mark, in the order the cache sees them."""
    for part in ("tools", "system"):
        for n, block in enumerate(blocks_of(request.get(part))):
            yield f"{part}.{n}", block
    for i, message in enumerate(request["messages"]):
        for j, block in enumerate(blocks_of(message.get("content"))):
            yield f"messages.{i}.content.{j}", block
            if block.get("type") == "tool_result":
                for k, inner in enumerate(blocks_of(block.get("content"))):
                    yield f"messages.{i}.content.{j}.content.{k}", inner


def _check_marks(request: dict[str, Any]) -> None:
    count, short = 0, False
    if request.get("cache_control") is not None:
        check_cache_mark(request["cache_control"], "cache_control")
        count = 1
    for path, block in _marked(request):
        mark = block.get("cache_control")
        if mark is None:
            continue
        check_cache_mark(mark, f"{path}.cache_control")
        if block.get("type") in ("thinking", "redacted_thinking"):
            refuse(f"{path}.cache_control: thinking blocks cannot be marked for caching")
        if is_blank_text(block):
            refuse(f"{path}.text: cache_control cannot be set for empty text blocks")
        if mark.get("ttl") == "1h" and short:
            refuse(f"{path}.cache_control.ttl: a ttl='1h' block must not come after a ttl='5m' block")
        short = short or mark.get("ttl", "5m") == "5m"
        count += 1
    if count > MAX_MARKS:
        refuse(f"A maximum of {MAX_MARKS} blocks with cache_control may be provided. Found {count}.")
