"""Events as labelled lines: the form that needs no colour, no box and no cursor, for screen readers, dumb terminals and recordings.

Only appends. Everything from outside passes the sanitiser. `answer` takes the text of answers, `note` everything around it; in a
conversation both are one stream, in a pipe they are standard output and standard error. Replayed events make the lines that the
live ones made, which is why a call's arguments are written when they are whole and not as the model happened to space them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, assert_never, cast

from claude_tui.domain.blocks import Block, block_type, is_server_call, plain_text, result_text, strict_json, string, takes_input
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
from claude_tui.domain.history import SUMMARY_HEAD
from claude_tui.domain.messages import Message, Outcome, Usage, merge_usage
from claude_tui.domain.sentences import EMPTY_THINKING, error_sentence, sentence, stop_sentence
from claude_tui.domain.text import safe_line, safe_text
from claude_tui.domain.turns import compacts, is_prompt, stands_for

_COUNTS = {
    "in": "input_tokens",
    "out": "output_tokens",
    "cache read": "cache_read_input_tokens",
    "cache write": "cache_creation_input_tokens",
}
_LINE_MARKS = "#>|-*+`~\n"
"""A text that begins with one of these is Markdown that wants a line of its own, below its label."""


def usage_line(usage: Usage | None, model: str | None) -> str:
    """The token counts of an answer, as the API reported them; a cache that had no part is not named."""
    given = {label: value for label, key in _COUNTS.items() if isinstance(value := (usage or {}).get(key), int)}
    counts = [f"{label} {value}" for label, value in given.items() if value or label in ("in", "out")]
    return f"{', '.join(counts) or 'not reported'}{f' ({model})' if model else ''}"


def argument_lines(raw: str, given: object) -> str:
    """A call's arguments, one a line: `raw` as they streamed, else `given` with the block. Text that is no JSON stays as it is."""
    try:
        arguments: Any = strict_json(raw) if raw else given
    except ValueError:
        arguments = None
    if not isinstance(arguments, dict):
        return f"  (not valid JSON) {safe_text(raw)}\n" if raw else ""
    return "".join(f"  {safe_line(name)}: {_argument(value)}\n" for name, value in cast("Block", arguments).items())


def _argument(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return safe_text(text).rstrip("\n").replace("\n", "\n    ")


def _aside(message: Message, *, written: bool, answered: bool) -> str:
    """What this program said in the user's name, in a word: nobody wants to read what the model was told.

    `written`: the text of a summary stands above, as the answer that it was. `answered`: something came to the prompt above.
    """
    if stands_for(message) is not None:
        text = "" if written else plain_text(message.blocks).removeprefix(SUMMARY_HEAD)
        return f"a summary takes the place of the conversation before.\n{text}"
    if compacts(message):
        return "the conversation is summarised."
    return "the answer goes on." if answered else "the prompt is sent again."


def _summary_in(data: Any) -> str:
    """What a delta brings of a summary that the API makes."""
    given = cast("Block", data) if isinstance(data, dict) else {}
    return string(given, "content") if block_type(given) == "compaction_delta" else ""


class LabelledLines:
    """A sink. `you`: whether prompts are written too (on replay). `tokens`: whether a turn ends with the counts of its last answer.

    A summary that comes live switches `you` on: what is kept below it is said again. Whoever takes a prompt switches it off.
    With an `answer_label` it is a conversation: answers carry the label, and an empty line stands between turns.
    """

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
        self._block: Block | None = None
        self._label = ""
        self._input: list[str] = []
        self._line_begun = False
        self._shown = self._answered = False
        self._usage: Usage | None = None
        self._model: str | None = None
        self._counts = ""

    def __call__(self, event: Event) -> None:
        match event:
            case BlockDelta():
                self._delta(event)
            case BlockStarted():
                self._start(event.block)
            case BlockStopped():
                self._stop()
            case MessageStarted():
                self._usage, self._model = event.usage, event.model
            case UsageReported():
                self._usage = merge_usage(self._usage, event.usage)
            case MessageStopped():
                self._message_stopped(event)
            case RequestStarted():
                self._counts = ""
            case RetryScheduled():
                self._line("Retry", f"{sentence(event.error.message)} Attempt {event.attempt + 1} in {event.delay:.1f} s.")
            case ToolFinished():
                self._tool_finished(event)
            case ToolProgress():
                self._line("Progress", event.text)
            case Notice():
                if event.text:
                    self._line("Note", event.text)
            case TurnStarted():
                self._turn_started(event)
            case TurnEnded():
                self._turn_ended(event)
            case ToolStarted() | ApprovalRequested() | ApprovalResolved() | SessionChanged() | Alive():
                pass
            case _:
                assert_never(event)

    # Blocks.

    def _start(self, block: Block) -> None:
        self._stop()
        self._block, self._shown, self._answered = block, True, True
        kind = block_type(block)
        if kind == "text":
            self._label = self._answer_label
            self._text(string(block, "text"))
        elif kind == "thinking":
            self._label = "Thinking"
            self._text(string(block, "thinking"))
        elif kind == "compaction":
            self._label = "Summary"
            self._text(string(block, "content"))
        elif takes_input(block):
            self._names[string(block, "id")] = string(block, "name")
            where = " (run by the API)" if is_server_call(block) else ""
            self._write_note(f"Tool {safe_line(string(block, 'name'))}{where}\n")
        else:
            self._write_note(f"[{safe_line(kind) or 'block without a type'}]")
            self._line_begun = True

    def _delta(self, event: BlockDelta) -> None:
        if event.kind == "input":
            self._input.append(event.text)
        elif event.kind == "other":
            self._text(event.text or _summary_in(event.data))
        elif event.kind != "signature":
            self._text(event.text)

    def _text(self, text: str) -> None:
        """A piece of the open block, behind its label if it is the first."""
        text = safe_text(text)
        if not text:
            return
        is_answer = self._block is not None and block_type(self._block) == "text"
        if self._label:
            self._write_note(self._label + (":" if text[0] == "\n" else ":\n" if text[0] in _LINE_MARKS else ": "))
            self._label = ""
        (self._write_answer if is_answer else self._write_note)(text)
        if not is_answer or self._answer_label:
            self._line_begun = not text.endswith("\n")

    def _stop(self) -> None:
        """End the open block, if there is one, and its line."""
        block, self._block = self._block, None
        if self._label == "Thinking":
            self._write_note(f"Thinking: {EMPTY_THINKING}\n")
        elif block is not None and takes_input(block):
            self._write_note(argument_lines("".join(self._input), block.get("input")))
        if self._line_begun:
            self._write_note("\n")
        self._label, self._input, self._line_begun = "", [], False

    # Lines.

    def _message_stopped(self, event: MessageStopped) -> None:
        self._stop()
        said = stop_sentence(event.stop_reason, event.extra.get("stop_details"))
        if said:
            self._line("Note", said)
        self._counts = usage_line(self._usage, self._model)

    def _tool_finished(self, event: ToolFinished) -> None:
        name = self._names.get(event.tool_use_id, "")
        label = "Error" if event.result.get("is_error") else "Result"
        seconds = f" ({event.seconds:.1f} s)" if event.seconds and event.seconds >= 0.05 else ""
        self._line(f"{label} {safe_line(name)}{seconds}", result_text(event.result))

    def _turn_started(self, event: TurnStarted) -> None:
        self._shown, self._counts = False, ""
        self._answered = self._answered and not is_prompt(event.message)
        if not is_prompt(event.message):
            self._line("Note", _aside(event.message, written=not self.you, answered=self._answered))
            self.you = self.you or stands_for(event.message) is not None
        elif self.you:
            self._line("You", "\n".join(string(block, "text") or f"[{block_type(block)}]" for block in event.message.blocks))

    def _turn_ended(self, event: TurnEnded) -> None:
        self._stop()
        if event.outcome is Outcome.INTERRUPTED:
            self._line("Interrupted", "what came is kept." if self._shown else "nothing had come yet.")
        elif event.error:
            self._line("Error", error_sentence(event.error))
        elif self._tokens and self._counts:
            self._line("Tokens", self._counts)
        if self._answer_label:
            self._write_note("\n")

    def _line(self, label: str, text: str) -> None:
        self._stop()
        self._write_note(f"{label}: {safe_text(text).rstrip()}\n")
