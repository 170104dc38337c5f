"""Compaction on demand: which requests may ask for it, and where the block it made may stand afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .memory import Memory
from .models import Model
from .refusal import refuse
from .shapes import as_dict, blocks_of
from .signing import Signer
from .validate_blocks import only_keys

BETA = "compact-2026-09-"
_EXCLUDED = ("context_management", "stop_sequences")


def check_compaction(request: dict[str, Any], model: Model) -> None:
    """What a request that asks for compaction may say besides."""
    value = request.get("compaction")
    if value is None:
        return
    config = as_dict(value)
    only_keys(config, {"type", "instructions"}, "compaction")
    if config is None or config.get("type") != "summarize":
        refuse("compaction.type: Input should be 'summarize'")
    if not isinstance(config.get("instructions"), str | None):
        refuse("compaction.instructions: Input should be a valid string")
    if not model.compacts:
        refuse(f"compaction: '{model.id}' does not support compaction on demand")
    for key in _EXCLUDED:
        if request.get(key) is not None:
            refuse(f"compaction: cannot be combined with `{key}`")
    if (as_dict(request.get("output_config")) or {}).get("format") is not None:
        refuse("compaction: cannot be combined with `output_config.format`")
    if (as_dict(request.get("tool_choice")) or {}).get("type") in ("any", "tool"):
        refuse("compaction: cannot be combined with a `tool_choice` that forces tool use")


def check_whole_turn(messages: list[dict[str, Any]], memory: Memory) -> None:
    """What is to be compacted must not end in the middle of a turn."""
    last = messages[-1]
    content = blocks_of(last.get("content")) if last["role"] == "assistant" else []
    if any(block.get("type") == "tool_use" for block in content) or (content and memory.paused(content)):
        refuse(
            f"messages.{len(messages) - 1}: the assistant turn is not finished, so the conversation cannot be compacted here.",
            "compaction_incomplete_turn",
        )


def leads(message: dict[str, Any]) -> bool:
    """Whether the message begins with the summary of what was before."""
    blocks = blocks_of(message.get("content"))
    return message["role"] == "assistant" and bool(blocks) and blocks[0].get("type") == "compaction"


def check_compaction_blocks(messages: list[dict[str, Any]], betas: tuple[str, ...], signer: Signer, memory: Memory) -> None:
    """Signed compaction blocks: at most one, first of all, as it was sent. Those of automatic compaction carry no signature."""
    found = [(i, j, block) for i, j, block in _blocks(messages) if "signature" in block or not memory.knows(block)]
    for i, j, block in found:
        path = f"messages.{i}.content.{j}"
        if not any(beta.startswith(BETA) for beta in betas):
            refuse(f"{path}: Input tag 'compaction' found using 'type' does not match any of the expected tags")
        if len(found) > 1:
            refuse("messages: more than one `compaction` block with content; send only the last.", "compaction_block_ambiguous")
        if (i, j) != (0, 0):
            refuse(f"{path}: a `compaction` block must be the first block of the conversation", "compaction_block_misplaced")
        if block.get("tool_changes") is not None:
            refuse(f"{path}: `tool_changes` differs from what was returned", "compaction_tool_changes_mismatch")
        verdict = signer.check_compaction(block)
        if verdict == "altered":
            refuse(f"{path}: `content` differs from the text that was signed", "compaction_content_mismatch")
        if verdict == "invalid":
            refuse(f"{path}: Invalid `signature` in `compaction` block", "compaction_signature_invalid")


def _blocks(messages: list[dict[str, Any]]) -> Iterator[tuple[int, int, dict[str, Any]]]:
    for i, message in enumerate(messages):
        for j, block in enumerate(blocks_of(message.get("content"))):
            if message["role"] == "assistant" and block.get("type") == "compaction":
                yield i, j, block
