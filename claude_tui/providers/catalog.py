"""What is known of the models without asking: limits, thinking and effort. The models endpoint refines it; unknown ids work too.

Source: Anthropic's model pages, as of 2026-10-10 (Fable 5.2 and Mythos 5.2: 2026-11-10).
"""

from __future__ import annotations

import re

from claude_tui.domain.ports import ModelInfo

EFFORTS = ("low", "medium", "high", "xhigh", "max")
"""Every level there is, least first."""

_MILLION = 1_000_000
_DATED = re.compile(r"[-@]\d{8}(-v\d+(:\d+)?)?$")
_PLATFORM = re.compile(r"^(?:[a-z]{2,6}\.)?anthropic[./]")
"""What Bedrock puts before an id, and gateways."""


def _row(
    model: str,
    name: str,
    thinking: tuple[str, ...],
    efforts: tuple[str, ...] = EFFORTS,
    context: int = _MILLION,
    output: int = 128_000,
    *,
    compaction: bool | None = None,
) -> ModelInfo:
    return ModelInfo(model, name, context, output, thinking, efforts, compaction=compaction)


_ALWAYS = ("adaptive",)
_OPTIONAL = ("adaptive", "disabled")

_ROWS = (
    _row("claude-opus-5-5", "Claude Opus 5.5", _ALWAYS, compaction=True),
    _row("claude-sonnet-5-5", "Claude Sonnet 5.5", ("adaptive", "between_tools"), compaction=True),
    _row("claude-haiku-5-5", "Claude Haiku 5.5", _OPTIONAL, compaction=True),
    _row("claude-fable-5-2", "Claude Fable 5.2", _ALWAYS, compaction=True),
    _row("claude-mythos-5-2", "Claude Mythos 5.2", _ALWAYS, compaction=True),
    _row("claude-fable-5-1", "Claude Fable 5.1", _ALWAYS, compaction=True),
    _row("claude-mythos-5-1", "Claude Mythos 5.1", _ALWAYS, compaction=True),
    _row("claude-fable-5", "Claude Fable 5", _ALWAYS, compaction=True),
    _row("claude-mythos-5", "Claude Mythos 5", _ALWAYS, compaction=True),
    _row("claude-opus-5", "Claude Opus 5", _OPTIONAL),
    _row("claude-sonnet-5", "Claude Sonnet 5", _OPTIONAL),
    _row("claude-opus-4-8", "Claude Opus 4.8", _OPTIONAL),
    _row("claude-opus-4-7", "Claude Opus 4.7", _OPTIONAL),
    _row("claude-opus-4-6", "Claude Opus 4.6", ("adaptive", "enabled", "disabled"), ("low", "medium", "high", "max")),
    _row("claude-sonnet-4-6", "Claude Sonnet 4.6", ("adaptive", "enabled", "disabled"), ("low", "medium", "high", "max")),
    _row("claude-opus-4-5", "Claude Opus 4.5", ("enabled", "disabled"), ("low", "medium", "high"), 200_000, 64_000),
    _row("claude-sonnet-4-5", "Claude Sonnet 4.5", ("enabled", "disabled"), (), 200_000, 64_000),
    _row("claude-haiku-4-5", "Claude Haiku 4.5", ("enabled", "disabled"), (), 200_000, 64_000),
)
_BY_ID = {row.id: row for row in _ROWS}


def known_models() -> list[ModelInfo]:
    """Every row, newest and most used first."""
    return list(_ROWS)


def find(model: str) -> ModelInfo | None:
    """The row of this id, a platform's name before it or a date behind it or not; None for an id nobody told us of."""
    return _BY_ID.get(model) or _BY_ID.get(_DATED.sub("", _PLATFORM.sub("", model)))
