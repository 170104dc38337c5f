"""Sentences for what the program has to say of errors, stop reasons and thinking, the same wherever it is said.

What comes from outside is in them as it came: whoever shows a sentence cleans it first.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from claude_tui.domain.blocks import string
from claude_tui.domain.errors import ErrorInfo, ErrorKind, advised
from claude_tui.domain.messages import Outcome, StopReason

NAMED_TITLES = 3
"""How many sessions one sentence names."""
EMPTY_THINKING = "(not shown by this model)"
"""In place of a thinking block's text where there is none."""

OVER_BUDGET = "Nothing was sent and everything is kept: go on all the same, or set a higher limit."
_STOP_SENTENCES = {
    StopReason.MAX_TOKENS: "The answer reached the limit of tokens (`max_tokens`) and is cut off.",
    StopReason.REFUSAL: "The model declined to answer; another prompt leaves this exchange out of what is sent.",
    StopReason.CONTEXT_EXCEEDED: "The conversation fills the model's context window; the answer is cut off.",
}
_ORDINARY = (StopReason.END_TURN, StopReason.STOP_SEQUENCE, StopReason.TOOL_USE, StopReason.PAUSE_TURN, StopReason.COMPACTION)
_SEAMS = {
    ErrorKind.BILLING: "after the budget",
    ErrorKind.CONTEXT: "after compacting",
    ErrorKind.RATE_LIMIT: "after the rate limit",
    ErrorKind.OVERLOADED: "after the API was busy",
    ErrorKind.TIMEOUT: "after a stall",
    ErrorKind.NETWORK: "after a lost connection",
    ErrorKind.TRUNCATED: "after a lost connection",
    ErrorKind.TOOL_LIMIT: "after the request limit",
}
_STOP_SEAMS = {
    StopReason.MAX_TOKENS: "after the token limit",
    StopReason.REFUSAL: "after a refusal",
    StopReason.CONTEXT_EXCEEDED: "after compacting",
    StopReason.COMPACTION: "after compacting",
}
COMPACTING = "the conversation is summarised"
_ENDS = (".", "!", "?", "。", "！", "？")


def counted(number: int, noun: str) -> str:
    """`1 session`, `2,000 sessions`; the noun has the ordinary plural."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def recovered_sentence(number: int, titles: Sequence[str] = ()) -> str:
    """What opening the history saved of answers whose process had died; `titles` of sessions that are not the one shown."""
    named = [f"“{title}”" for title in titles[:NAMED_TITLES]]
    if len(titles) > NAMED_TITLES:
        named.append(counted(len(titles) - NAMED_TITLES, "more session"))
    where = f" in {', '.join(named)}" if named else ""
    return f"Recovered {counted(number, 'unfinished answer')}{where}: claude-tui had ended without closing."


def error_sentence(error: ErrorInfo) -> str:
    """What happened, what to do, and what the provider calls it."""
    status = f"HTTP {error.status}" if error.status and error.status != 200 else ""
    request = f"request {error.request_id}" if error.request_id else ""
    named = ", ".join(fact for fact in (status, request) if fact)
    facts = f" ({named})" if named else ""
    message = error.message.rstrip()
    said = f"{message}{facts}{'' if message.endswith(_ENDS) else '.'}"
    return f"{said} {OVER_BUDGET}" if is_over_budget(error) else advised(dataclasses.replace(error, message=said))


def is_over_budget(error: ErrorInfo | None) -> bool:
    """Whether the user's own budget stopped the turn, rather than the endpoint: nothing was asked of that."""
    return error is not None and error.kind is ErrorKind.BILLING and error.status is None and error.request_id is None


def seam_words(outcome: Outcome | None, error: ErrorInfo | None, reason: str | None) -> str:
    """What stands where an answer was gone on with: after what. `outcome` None: nobody knows how the turn before it ended."""
    if outcome is Outcome.INTERRUPTED:
        return "continued after an interruption"
    if error is not None:
        return f"continued {_SEAMS.get(error.kind, 'after an error')}"
    after = next((words for known, words in _STOP_SEAMS.items() if known == reason), "")
    return f"continued {after}".rstrip()


def sentence(text: str) -> str:
    """`text` with an end: providers send words as well as sentences."""
    text = text.rstrip()
    return text if text.endswith(_ENDS) else text + "."


def stop_sentence(reason: str | None, details: object = None) -> str | None:
    """The sentence a stop reason deserves; None for the ordinary ones."""
    if reason is None or reason in _ORDINARY:
        return None
    said = next((text for known, text in _STOP_SENTENCES.items() if known == reason), f"The model stopped: {reason}.")
    explanation = string(details, "explanation") if isinstance(details, dict) else ""  # pyright: ignore[reportUnknownArgumentType]
    return f"{said} {explanation}".rstrip()
