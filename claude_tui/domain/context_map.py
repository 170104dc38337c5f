"""A map of what the next request of a session holds: system prompt, tools and turns, with the tokens each of them takes.

Pure. The API counts whole requests only. Where two counts enclose a part, their difference is the part's size, exactly; elsewhere
what lies between two counts is shared out by estimate. The parts always add up to the total.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, cast

from claude_tui.domain.blocks import block_type, dump_json, plain_text
from claude_tui.domain.history import CLAUDE, SUMMARY_HEAD, Audience, sent_parts, summary_of
from claude_tui.domain.messages import Message, Role, SessionInfo, StopReason
from claude_tui.domain.pricing import context_fill, count, iterations
from claude_tui.domain.spending import is_final
from claude_tui.domain.tokens import estimate_tokens
from claude_tui.domain.turns import is_prompt, stands_for

SYSTEM, TOOLS, SUMMARY, TURN = "system", "tools", "summary", "turn"
_HIDDEN = frozenset({"signature", "data", "type", "id", "tool_use_id", "encrypted_content", "encrypted_index", "cache_control"})
_PICTURE = 1500.0
"""Tokens an image or a document of unknown size is taken for."""
_THINKING = ("thinking", "redacted_thinking")


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of the request. `begin` and `end` are its places in tokens; `exact`: the API's own counts say so."""

    kind: str
    label: str
    begin: int
    end: int
    exact: bool

    @property
    def tokens(self) -> int:
        return self.end - self.begin


@dataclass(frozen=True, slots=True)
class ContextMap:
    """`cached`: how much of the beginning the last request left in the cache; None where none of it. `summarised`: messages that a
    summary stands for. `thinking` and `refusals`: answers of which that is left out."""

    parts: tuple[Part, ...]
    exact: bool
    cached: int | None = None
    summarised: int = 0
    thinking: int = 0
    refusals: int = 0

    @property
    def total(self) -> int:
        return self.parts[-1].end if self.parts else 0


def context_map(info: SessionInfo, path: Sequence[Message], audience: Audience = CLAUDE) -> ContextMap:
    """The map of the request that would follow on this path (root to leaf). `info.tools` are those that would be sent."""
    bound = info.extra.get("without_thinking_to")
    made = sent_parts(path, audience, bound)
    kept, sent = [message for message, _ in made], [blocks for _, blocks in made]
    start = next((index for index in reversed(range(len(path))) if summary_of(path[index])), 0)
    ids = {message.id for message in kept}
    before = {message.id for message in path[:start]}
    cut = next((index for index, message in enumerate(kept) if message.id == bound), -1)
    cut = max([cut, *(index for index, message in enumerate(kept) if message.id in before)])
    heads = [estimate_tokens(info.system or ""), estimate_tokens(dump_json(list(info.tools))) if info.tools else 0.0]
    weights = [*heads, *(_weight(message, blocks, audience) for message, blocks in zip(kept, sent, strict=True))]
    anchors = _anchors(kept, cut, len(heads))
    ends = _places(weights, anchors)
    counted = {place for place, _ in anchors}
    groups = [(SYSTEM, "", 1), (TOOLS, "", 2), *_turns(kept, len(heads))]
    parts: list[Part] = []
    begin = 0
    for kind, label, end in groups:
        if end > begin and ends[end] > ends[begin]:
            parts.append(Part(kind, label, ends[begin], ends[end], exact=begin in counted and end in counted))
        begin = end
    last = next((message for message in reversed(kept) if message.role is Role.ASSISTANT and message.usage), None)
    return ContextMap(
        tuple(parts),
        exact=len(weights) in counted,
        cached=_cached(last.usage) or None if last is not None else None,
        summarised=len(before - ids),
        thinking=sum(_thinks(message.blocks) and not _thinks(blocks) for message, blocks in zip(kept, sent, strict=True)),
        refusals=sum(message.stop_reason == StopReason.REFUSAL for message in kept),
    )


def _turns(kept: Sequence[Message], heads: int) -> list[tuple[str, str, int]]:
    """Kind, label and end of every turn."""
    starts = [index for index, message in enumerate(kept) if index == 0 or is_prompt(message)]
    found: list[tuple[str, str, int]] = []
    for index, begin in enumerate(starts):
        end = starts[index + 1] if index + 1 < len(starts) else len(kept)
        kind = SUMMARY if summary_of(kept[begin]) or stands_for(kept[begin]) else TURN
        found.append((kind, plain_text(kept[begin].blocks), heads + end))
    return found


def _anchors(kept: Sequence[Message], cut: int, heads: int) -> list[tuple[int, int]]:
    """Where the API's counts tell how much there was up to a place: before each answer and after it.

    Counts of another model, or from before thinking was left out, tell nothing of what is sent now. Nor does a count that a later
    one undercuts: of that answer something is not sent again.
    """
    answers = [(index, message) for index, message in enumerate(kept) if message.role is Role.ASSISTANT and message.usage]
    if not answers:
        return []
    speaker = (answers[-1][1].model, answers[-1][1].provider)
    found: list[tuple[int, int]] = []
    for index, message in answers:
        if (message.model, message.provider) != speaker or index <= cut or summary_of(message):
            continue
        given, filled = _prompt(message.usage), context_fill(message.usage)
        final = is_final(message.status, message.stop_reason, message.open_blocks) and message.stop_reason != StopReason.REFUSAL
        for place, tokens in ((index, given), (index + 1, filled if final else None)):
            if tokens is None:
                continue
            while found and found[-1][1] >= tokens:
                found.pop()
            found.append((heads + place, tokens))
    return found


def _places(weights: Sequence[float], anchors: Sequence[tuple[int, int]]) -> list[int]:
    """Where each stretch ends, in tokens, from nought: as counted at the anchors, by weight between them, by estimate behind."""
    weighed = [0.0, *accumulate(weights)]
    known = [(0, 0), *anchors]
    places: list[int] = []
    for place, weight in enumerate(weighed):
        at = bisect_right(known, (place, 1 << 62)) - 1
        start, tokens = known[at]
        if at + 1 < len(known):
            end, following = known[at + 1]
            whole = weighed[end] - weighed[start]
            share = (weight - weighed[start]) / whole if whole else 0.0
            places.append(tokens + round((following - tokens) * share))
        else:
            places.append(tokens + round(weight - weighed[start]))
    return places


def _weight(message: Message, blocks: Sequence[Mapping[str, Any]], audience: Audience) -> float:
    summary = summary_of(message)
    if summary:
        return estimate_tokens(summary if audience.compaction else SUMMARY_HEAD + summary)
    return sum(_held(block) for block in blocks)


def _held(value: object) -> float:
    """The tokens of the text in a value."""
    if isinstance(value, str):
        return estimate_tokens(value)
    if isinstance(value, dict):
        data = cast("dict[str, Any]", value)
        picture = _PICTURE if data.get("type") in ("image", "document") else 0.0
        return picture + sum(_held(one) for key, one in data.items() if key not in _HIDDEN)
    return sum(map(_held, cast("list[object]", value))) if isinstance(value, list) else 0.0


def _thinks(blocks: Sequence[Mapping[str, Any]]) -> bool:
    return any(block_type(cast("dict[str, Any]", block)) in (*_THINKING, "plain_thinking") for block in blocks)


def _prompt(usage: Mapping[str, Any] | None) -> int | None:
    """The tokens of the request as it was sent: with iterations, of the first."""
    entries = [entry for entry in iterations(usage or {}) if entry.get("type") == "message"]
    entry = entries[0] if entries else usage
    given = count(entry, "input_tokens")
    return None if given is None else given + _cached(entry)


def _cached(usage: Mapping[str, Any] | None) -> int:
    entries = [entry for entry in iterations(usage or {}) if entry.get("type") == "message"]
    entry = entries[-1] if entries else usage
    return (count(entry, "cache_read_input_tokens") or 0) + (count(entry, "cache_creation_input_tokens") or 0)
