"""The rules between messages: roles, tool pairs, thinking in its place, nothing left hanging at the end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .memory import Memory
from .models import Model
from .refusal import refuse
from .shapes import as_dict, as_list, blocks_of
from .signing import Signer, mark, misplaced
from .validate_blocks import check_assistant_block, check_text, check_text_block, check_user_block, only_keys
from .validate_compaction import check_compaction_blocks, check_whole_turn, leads

_THINKING = ("thinking", "redacted_thinking")
_SYSTEM_BETAS = {
    "output_config": "mid-conversation-output-config-",
    "clear_at": "mid-conversation-system-clear-at-",
}


def check_messages(request: dict[str, Any], model: Model, betas: tuple[str, ...], signer: Signer, memory: Memory) -> None:
    """Everything about `messages`; raises Refused."""
    messages = [_message(value, i, betas) for i, value in enumerate(request["messages"])]
    if not messages:
        refuse("messages: at least one message is required")
    images: list[str] = []
    for i, message in enumerate(messages):
        _check_content(message, i, memory, images)
    _check_roles(messages, model, memory)
    check_compaction_blocks(messages, betas, signer, memory)
    if request.get("compaction") is not None:
        check_whole_turn(messages, memory)
    _check_pairs(messages)
    _check_server_pairs(messages, memory)
    _check_end(request, messages, model, memory)
    _check_thinking(request, messages, model, betas, signer, memory)


def _message(value: object, i: int, betas: tuple[str, ...]) -> dict[str, Any]:
    message = as_dict(value)
    if message is None:
        refuse(f"messages.{i}: Input should be a valid object")
    role = message.get("role")
    if role not in ("user", "assistant", "system"):
        refuse(f"messages.{i}.role: Input should be 'user', 'assistant' or 'system'")
    extra = {key for key, name in _SYSTEM_BETAS.items() if role == "system" and any(b.startswith(name) for b in betas)}
    only_keys(message, {"role", "content"} | extra, f"messages.{i}")
    if "content" not in message and "output_config" not in message:
        refuse(f"messages.{i}.content: Field required")
    return message


def _check_content(message: dict[str, Any], i: int, memory: Memory, images: list[str]) -> None:
    content, role, path = message.get("content"), message["role"], f"messages.{i}"
    if content is None and role == "system":
        return
    if isinstance(content, str):
        if not content:
            refuse(f"{path}: {role} messages must have non-empty content")
        check_text(content, path)
        return
    listed = as_list(content)
    if listed is None:
        refuse(f"{path}.content: Input should be a valid string or list of blocks")
    if not listed:
        refuse(f"{path}: {role} messages must have non-empty content")
    for j, value in enumerate(listed):
        block, place = as_dict(value), f"{path}.content.{j}"
        if block is None:
            refuse(f"{place}: Input should be a valid object")
        if role == "user":
            check_user_block(block, place, images)
        elif role == "system":
            check_text_block(block, place, from_client=True)
        else:
            check_assistant_block(block, place, known=memory.knows(block))


def _check_roles(messages: list[dict[str, Any]], model: Model, memory: Memory) -> None:
    if messages[0]["role"] != "user" and not leads(messages[0]):
        refuse('messages: first message must use the "user" role')
    for i in range(1, len(messages)):
        before, role = messages[i - 1]["role"], messages[i]["role"]
        if role == "assistant" and before == "assistant" and not memory.paused(blocks_of(messages[i - 1]["content"])):
            refuse(
                f'messages.{i}: roles must alternate between "user" and "assistant", but found multiple "assistant" roles in a row'
            )
        if role == "system":
            _check_system_place(messages, i, model)


def _check_system_place(messages: list[dict[str, Any]], i: int, model: Model) -> None:
    if not model.system_messages:
        refuse(f"messages.{i}.role: '{model.id}' does not support system messages in a conversation")
    before = messages[i - 1]
    last = blocks_of(before.get("content"))[-1:] if before["role"] == "assistant" else []
    ends_in_result = bool(last) and str(last[0].get("type")).endswith("_tool_result")
    if before["role"] != "user" and not ends_in_result:
        refuse(f"messages.{i}: a system message must follow a user message")
    if i + 1 < len(messages) and messages[i + 1]["role"] != "assistant":
        refuse(f"messages.{i}: a system message must precede an assistant message or end the list")


def _ids(message: dict[str, Any], kind: str, key: str) -> list[str]:
    return [str(block.get(key)) for block in blocks_of(message.get("content")) if block.get("type") == kind]


def _check_pairs(messages: list[dict[str, Any]]) -> None:
    seen: set[str] = set()
    waiting: list[str] = []
    for i, message in enumerate(messages):
        results = _ids(message, "tool_result", "tool_use_id")
        missing = [tool_id for tool_id in waiting if tool_id not in results]
        if missing:
            refuse(
                f"messages.{i - 1}: tool_use ids were found without tool_result blocks immediately after: "
                f"{', '.join(missing)}. Each tool_use block must have a corresponding tool_result block in the next message."
            )
        _check_results(message, i, results, waiting)
        waiting = _ids(message, "tool_use", "id") if message["role"] == "assistant" else []
        for tool_id in waiting:
            if tool_id in seen:
                refuse(f"messages.{i}: tool_use ids must be unique, found `{tool_id}` more than once")
            seen.add(tool_id)
    if waiting:
        refuse(
            f"messages.{len(messages) - 1}: tool_use ids were found without tool_result blocks immediately after: "
            f"{', '.join(waiting)}. Each tool_use block must have a corresponding tool_result block in the next message."
        )


def _check_results(message: dict[str, Any], i: int, results: list[str], waiting: list[str]) -> None:
    for n, tool_id in enumerate(results):
        if tool_id not in waiting:
            refuse(
                f"messages.{i}: unexpected tool_use_id found in tool_result blocks: {tool_id}. Each tool_result block "
                "must have a corresponding tool_use block in the previous message."
            )
        if tool_id in results[:n]:
            refuse(f"messages.{i}: each tool_use must have a single result. Found multiple tool_result blocks: {tool_id}")
    types = [block.get("type") for block in blocks_of(message.get("content"))]
    if results and types[: len(results)] != ["tool_result"] * len(results):
        refuse(f"messages.{i}: tool_result blocks must come first in the message")


def _check_server_pairs(messages: list[dict[str, Any]], memory: Memory) -> None:
    answered = {str(block["tool_use_id"]) for _, block in _assistant_blocks(messages) if "tool_use_id" in block}
    asked = {str(block.get("id")) for _, block in _assistant_blocks(messages) if _is_server_use(block)}
    last = max((i for i, message in enumerate(messages) if message["role"] == "assistant"), default=-1)
    for i, block in _assistant_blocks(messages):
        if not _is_server_use(block) or str(block.get("id")) in answered:
            continue
        content = blocks_of(messages[i]["content"])
        open_end = i == last and (memory.paused(content) or any(b.get("type") == "tool_use" for b in content))
        if not open_end:
            refuse(f"messages.{i}: `{block['type']}` with id {block.get('id')} was found without a corresponding result block")
    for i, block in _assistant_blocks(messages):
        if "tool_use_id" in block and str(block["tool_use_id"]) not in asked:
            refuse(f"messages.{i}: unexpected tool_use_id in `{block.get('type')}`: {block['tool_use_id']}")


def _assistant_blocks(messages: list[dict[str, Any]]) -> Iterator[tuple[int, dict[str, Any]]]:
    for i, message in enumerate(messages):
        if message["role"] == "assistant":
            for block in blocks_of(message.get("content")):
                yield i, block


def _is_server_use(block: dict[str, Any]) -> bool:
    return block.get("type") in ("server_tool_use", "mcp_tool_use")


def _check_end(request: dict[str, Any], messages: list[dict[str, Any]], model: Model, memory: Memory) -> None:
    last = messages[-1]
    if last["role"] != "assistant":
        return
    content = blocks_of(last["content"])
    if request.get("compaction") is not None or memory.paused(content):
        return
    thinking = as_dict(request.get("thinking")) or {}
    if not model.prefill or thinking.get("type", "disabled") != "disabled":
        refuse("This model does not support assistant message prefill. The conversation must end with a user message.")
    if content[-1].get("type") == "text" and str(content[-1]["text"]) != str(content[-1]["text"]).rstrip():
        refuse("messages: final assistant content cannot end with trailing whitespace")


def _check_thinking(
    request: dict[str, Any],
    messages: list[dict[str, Any]],
    model: Model,
    betas: tuple[str, ...],
    signer: Signer,
    memory: Memory,
) -> None:
    for i, message in enumerate(messages):
        content = blocks_of(message.get("content"))
        if content and content[-1].get("type") in _THINKING and not memory.paused(content):
            refuse(f"messages.{i}: The final block in an assistant message cannot be `thinking`.")
    for wrong in misplaced(request, signer):
        path = f"messages.{wrong.message}.content.{wrong.block}"
        field = "signature" if wrong.type == "thinking" else "data"
        if not wrong.genuine:
            refuse(f"{path}: Invalid `{field}` in `{wrong.type}` block")
        if model.binds_thinking and not drops_unbound(request, betas):
            refuse(
                f"{path}: Invalid `{field}` in `{wrong.type}` block. The block is bound to a different conversation: "
                "what came before it must be sent as it was when the block was made. Remove the thinking blocks after "
                "the change, or send the conversation unchanged."
            )
    _check_latest_thinking(messages, memory)


def drops_unbound(request: dict[str, Any], betas: tuple[str, ...]) -> bool:
    """Whether the request asks for misplaced thinking to be dropped instead of refused."""
    thinking = as_dict(request.get("thinking")) or {}
    binding = as_dict(thinking.get("block_binding")) or {}
    beta = any(name.startswith("thinking-binding-controls-") for name in betas)
    return beta and binding.get("prefix_mismatch_behavior") == "drop_block"


def _check_latest_thinking(messages: list[dict[str, Any]], memory: Memory) -> None:
    """In a running tool loop the thinking that led to the calls stays, unless all thinking of the request is gone."""
    if len(messages) < 2 or not _ids(messages[-1], "tool_result", "tool_use_id"):
        return
    present = {mark(block) for _, block in _assistant_blocks(messages) if block.get("type") in _THINKING}
    if not present:
        return
    i = len(messages) - 2
    for tool_id in _ids(messages[i], "tool_use", "id"):
        if not present.issuperset(memory.thoughts_before(tool_id)):
            refuse(
                f"messages.{i}: `thinking` or `redacted_thinking` blocks in the latest assistant message cannot be "
                "modified. These blocks must remain as they were in the original response."
            )
