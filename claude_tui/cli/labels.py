"""Events as labelled lines: the form that needs no colour, no box and no cursor, for screen readers, dumb terminals and recordings.

Only appends. Everything from outside passes the sanitiser. `answer` takes the text of answers, `note` everything around it; in a
conversation both are one stream, in a pipe they are standard output and standard error.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from claude_tui.domain.blocks import block_type, is_client_call, is_server_call, result_text, string, takes_input
from claude_tui.domain.errors import ErrorInfo, advice
from claude_tui.domain.events import (
    Alive,
    ApprovalRequested,
    ApprovalResolved,
    BlockDelta,
    BlockStarted,
    BlockStopped,
    Event,
    MessageStarted,
    MessageStopped,
    Notice,
    RequestStarted,
    RetryScheduled,
    SessionChanged,
    ToolFinished,
    ToolProgress,
    ToolStarted,
    TurnEnded,
    TurnStarted,
    UsageReported,
)
from claude_tui.domain.messages import Outcome, StopReason, Usage, merge_usage
from claude_tui.domain.text import safe_line, safe_text

_STOP_SENTENCES = {
    StopReason.MAX_TOKENS: "The answer reached the limit of tokens (`max_tokens`) and is cut off.",
    StopReason.REFUSAL: "The model declined to answer; what it had written is not sent back to it.",
    StopReason.CONTEXT_EXCEEDED: "The conversation fills the model's context window; the answer is cut off.",
}
_COUNTS = {
    "in": "input_tokens",
    "out": "output_tokens",
    "cache read": "cache_read_input_tokens",
    "cache write": "cache_creation_input_tokens",
}
_EMPTY_THINKING = "(not shown by this model)"


def error_sentence(error: ErrorInfo) -> str:
    """What happened, what to do, and what the provider calls it."""
    status = f"HTTP {error.status}" if error.status and error.status != 200 else ""
    request = f"request {error.request_id}" if error.request_id else ""
    named = ", ".join(fact for fact in (status, request) if fact)
    return f"{error.message}{f' ({named})' if named else ''} {advice(error.kind)}"


def stop_sentence(reason: str | None, details: object = None) -> str | None:
    """The sentence a stop reason deserves; None for the ordinary ones."""
    if reason is None or reason in (StopReason.END_TURN, StopReason.STOP_SEQUENCE, StopReason.TOOL_USE, StopReason.PAUSE_TURN):
        return None
    sentence = next((text for known, text in _STOP_SENTENCES.items() if known == reason), f"The model stopped: {reason}.")
    explanation = string(details, "explanation") if isinstance(details, dict) else ""  # pyright: ignore[reportUnknownArgumentType]
    return f"{sentence} {explanation}".rstrip()


def usage_line(usage: Usage | None, model: str | None) -> str:
    """The token counts of an answer, as the API reported them."""
    counts = [f"{label} {value}" for label, key in _COUNTS.items() if isinstance(value := (usage or {}).get(key), int)]
    return f"{', '.join(counts) or 'not reported'}{f' ({model})' if model else ''}"


class LabelledLines:
    """A sink. `you`: whether prompts are written too (on replay). `tokens`: whether each answer ends with its counts."""

    def __init__(
        self,
        answer: Callable[[str], None],
        note: Callable[[str], None],
        *,
        answer_label: str = "",
        you: bool = False,
        tokens: bool = False,
    ) -> None:
        self._write_answer = answer
        self._write_note = note
        self._answer_label = answer_label
        self.you = you
        self._tokens = tokens
        self._names: dict[str, str] = {}
        self._open = ""
        self._empty = False
        self._usage: Usage | None = None
        self._model: str | None = None

    def __call__(self, event: Event) -> None:
        match event:
            case BlockDelta():
                self._delta(event)
            case BlockStarted():
                self._start(event)
            case BlockStopped():
                self._stop()
            case MessageStarted():
                self._usage, self._model = event.usage, event.model
            case UsageReported():
                self._usage = merge_usage(self._usage, event.usage)
            case MessageStopped():
                self._message_stopped(event)
            case RetryScheduled():
                self._line("Retry", f"{event.error.message} Attempt {event.attempt + 1} in {event.delay:.1f} s.")
            case ToolFinished():
                self._tool_finished(event)
            case ToolProgress():
                self._line("Progress", event.text)
            case Notice():
                self._line("Note", event.text)
            case TurnStarted():
                if self.you:
                    self._line(
                        "You", "\n".join(string(block, "text") or f"[{block_type(block)}]" for block in event.message.blocks)
                    )
            case TurnEnded():
                self._turn_ended(event)
            case RequestStarted() | ToolStarted() | ApprovalRequested() | ApprovalResolved() | SessionChanged() | Alive():
                pass
            case _:
                assert_never(event)

    def _delta(self, event: BlockDelta) -> None:
        if not event.text or event.kind == "signature":
            return
        self._empty = False
        write = self._write_answer if self._open == "text" else self._write_note
        write(safe_text(event.text))

    def _start(self, event: BlockStarted) -> None:
        self._stop()
        block = event.block
        kind = block_type(block)
        self._open, self._empty = kind, False
        if kind == "text":
            if self._answer_label:
                self._write_note(f"{self._answer_label}: ")
            self._write_answer(safe_text(string(block, "text")))
        elif kind == "thinking":
            self._write_note("Thinking: " + safe_text(string(block, "thinking")))
            self._empty = not string(block, "thinking")
        elif takes_input(block):
            self._names[string(block, "id")] = string(block, "name")
            where = "" if is_client_call(block) else " (run by the API)" if is_server_call(block) else ""
            self._write_note(f"Tool {safe_line(string(block, 'name'))}{where}: ")
        else:
            self._write_note(f"[{safe_line(kind) or 'block without a type'}]")

    def _stop(self) -> None:
        if not self._open:
            return
        if self._open == "thinking" and self._empty:
            self._write_note(_EMPTY_THINKING)
        if self._open == "text" and not self._answer_label:
            self._open = ""
            return
        self._write_note("\n")
        self._open = ""

    def _message_stopped(self, event: MessageStopped) -> None:
        self._stop()
        sentence = stop_sentence(event.stop_reason, event.extra.get("stop_details"))
        if sentence:
            self._line("Note", sentence)
        if self._tokens:
            self._line("Tokens", usage_line(self._usage, self._model))

    def _tool_finished(self, event: ToolFinished) -> None:
        name = self._names.get(event.tool_use_id, "")
        label = "Error" if event.result.get("is_error") else "Result"
        seconds = "" if event.seconds is None else f" ({event.seconds:.1f} s)"
        self._line(f"{label} {safe_line(name)}{seconds}", result_text(event.result))

    def _turn_ended(self, event: TurnEnded) -> None:
        self._stop()
        if event.outcome is Outcome.INTERRUPTED:
            self._line("Interrupted", "what came is kept.")
        elif event.error:
            self._line("Error", error_sentence(event.error))

    def _line(self, label: str, text: str) -> None:
        self._stop()
        self._write_note(f"{label}: {safe_text(text).rstrip()}\n")
