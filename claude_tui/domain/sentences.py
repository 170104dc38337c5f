"""Sentences for what the program has to say of errors, stop reasons and thinking, the same wherever it is said.

What comes from outside is in them as it came: whoever shows a sentence cleans it first.
"""

from __future__ import annotations

from claude_tui.domain.blocks import string
from claude_tui.domain.errors import ErrorInfo, advice
from claude_tui.domain.messages import StopReason

EMPTY_THINKING = "(not shown by this model)"
"""In place of a thinking block's text where there is none."""

_STOP_SENTENCES = {
    StopReason.MAX_TOKENS: "The answer reached the limit of tokens (`max_tokens`) and is cut off.",
    StopReason.REFUSAL: "The model declined to answer; what it had written is not sent back to it.",
    StopReason.CONTEXT_EXCEEDED: "The conversation fills the model's context window; the answer is cut off.",
}
_ENDS = (".", "!", "?", "。", "！", "？")


def error_sentence(error: ErrorInfo) -> str:
    """What happened, what to do, and what the provider calls it."""
    status = f"HTTP {error.status}" if error.status and error.status != 200 else ""
    request = f"request {error.request_id}" if error.request_id else ""
    named = ", ".join(fact for fact in (status, request) if fact)
    facts = f" ({named})" if named else ""
    message = error.message.rstrip()
    return f"{message}{facts}{'' if message.endswith(_ENDS) else '.'} {advice(error.kind)}"


def sentence(text: str) -> str:
    """`text` with an end: providers send words as well as sentences."""
    text = text.rstrip()
    return text if text.endswith(_ENDS) else text + "."


def stop_sentence(reason: str | None, details: object = None) -> str | None:
    """The sentence a stop reason deserves; None for the ordinary ones."""
    if reason is None or reason in (StopReason.END_TURN, StopReason.STOP_SEQUENCE, StopReason.TOOL_USE, StopReason.PAUSE_TURN):
        return None
    said = next((text for known, text in _STOP_SENTENCES.items() if known == reason), f"The model stopped: {reason}.")
    explanation = string(details, "explanation") if isinstance(details, dict) else ""  # pyright: ignore[reportUnknownArgumentType]
    return f"{said} {explanation}".rstrip()
