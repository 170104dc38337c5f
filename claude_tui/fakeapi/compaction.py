"""Compaction on demand: the block that stands for what was said before, its signature, and where its tokens are counted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .script import Block, Call, Compact, Redacted, Say, Script, Think
from .shapes import as_dict
from .signing import Signer

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


def without_tokens(usage: Mapping[str, Any]) -> dict[str, Any]:
    """The same usage with every count at 0: what compaction costs is not in the top-level numbers."""
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
    return Script((*steps, summary), usage=script.usage, model=script.model, rate=script.rate)
