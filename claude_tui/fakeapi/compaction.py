"""Compaction on demand: the block that stands for what was said before, its signature, and where its tokens are counted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .script import Block, Call, Compact, Redacted, Say, Script, Think
from .shapes import as_dict
from .signing import Signer

_COUNTS = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens")
_SAID = (Say, Think, Redacted, Call, Block)


def compaction_block(text: str, signer: Signer) -> dict[str, Any]:
    """The block, as a later request must send it back."""
    hidden = signer.conceal(text)
    return {
        "type": "compaction",
        "content": text,
        "encrypted_content": hidden,
        "signature": signer.attest(text, hidden),
    }


def in_iteration(usage: Mapping[str, Any], split: object) -> dict[str, Any]:
    """The usage of a compaction: what it costs is not in the top-level numbers. `split` is the cache creation by lifetime."""
    spent = {key: usage[key] for key in _COUNTS if key in usage}
    return {**without_tokens(usage), "iterations": [{"type": "compaction", **spent, "cache_creation": split}]}


def without_tokens(usage: Mapping[str, Any]) -> dict[str, Any]:
    """The same usage with every count at 0."""
    return {key: _emptied(value) for key, value in usage.items()}


def _emptied(value: object) -> Any:
    inner = as_dict(value)
    if inner is not None:
        return without_tokens(inner)
    return 0 if isinstance(value, int) else value


def compacting(script: Script, messages: int) -> Script:
    """The script for a request that asks for compaction: its silences and faults, and a summary if it holds none."""
    if not script.frame or any(isinstance(step, Compact) for step in script.steps):
        return script
    steps = [step for step in script.steps if not isinstance(step, _SAID)]
    summary = Compact(f"Summary of {messages} messages.")
    return Script((*steps, summary), model=script.model, rate=script.rate)
