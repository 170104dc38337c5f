"""Going on after any ending: what the next request has to say, decided from the stored path alone.

An answer is never put into the model's mouth. Either the path is sent again as it stands, or a short text asks to go on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from claude_tui.domain.blocks import Block, block_type, string, text_block
from claude_tui.domain.errors import ErrorInfo, ErrorKind
from claude_tui.domain.events import COMPACTS, begins_turn, compacts, ending_of, is_prompt, stands_for
from claude_tui.domain.history import open_answer, summary_of
from claude_tui.domain.messages import Message, Role, Status, StopReason

QUOTED = 200
"""Characters of an answer's end that are told to the model."""
NOTHING = "There is nothing to continue yet."
WHOLE = "The answer is complete; write what you want next."
COMPACTED = "The conversation has just been compacted; write what you want next."
TOO_LONG = "This prompt alone does not fit the model: shorten it, or choose a model with a larger window."
TOO_SHORT = "There is nothing to compact yet."

_GO_ON = (
    "Your previous response was interrupted{after}. Continue exactly where it stopped, in the language of that response, "
    "without repeating anything and without any comment."
)
_SAY_SOMETHING = "Your previous response was empty. Please respond, in the language of our conversation."
_BEGUN = "Your response to this was cut off. It began: «{text}»"
_WHOLE = (StopReason.END_TURN, StopReason.STOP_SEQUENCE)


@dataclass(frozen=True, slots=True)
class GoingOn:
    """How to go on from message `after`.

    `blocks`: what the user's side says; nothing where it is enough to send the path again. `until`: id of the last message that has
    to be summarised first, because the conversation does not fit any more. `summary`: what was asked for was a summary; to be asked
    for again.
    """

    after: str
    blocks: tuple[Block, ...] = ()
    until: str | None = None
    summary: bool = False


def going_on(path: Sequence[Message]) -> GoingOn:
    """How to go on from the end of this path, whose last turn has to be known. ValueError, with a sentence, if there is no way."""
    if not path:
        raise ValueError(NOTHING)
    last = path[-1]
    begun = next((message for message in reversed(path) if begins_turn(message)), last)
    if stands_for(last) is not None or summary_of(last):
        raise ValueError(COMPACTED)
    if compacts(begun):
        return GoingOn(last.id, until=asked_until(begun), summary=True)
    if _is_too_long(last, ending_of(last)[1]):
        return _shortened(path)
    said = last.role is Role.ASSISTANT and last.status is Status.COMPLETE and last.stop_reason in _WHOLE
    if said and not any(block_type(block) != "text" or string(block, "text").strip() for block in last.blocks):
        return GoingOn(last.id, (text_block(_SAY_SOMETHING),))
    if said:
        raise ValueError(WHOLE)
    end = open_answer(path[_last_prompt(path) :])
    return GoingOn(last.id, () if end is None else (text_block(_words(end)),))


def is_over_budget(error: ErrorInfo | None) -> bool:
    """Whether the user's own budget stopped the turn, rather than the endpoint: nothing was asked of that."""
    return error is not None and error.kind is ErrorKind.BILLING and error.status is None and error.request_id is None


def can_compact(path: Sequence[Message]) -> bool:
    """Whether anything was said since the last summary."""
    start = next((at for at in reversed(range(len(path))) if stands_for(path[at]) is not None or summary_of(path[at])), -1)
    asked = False
    for message in path[start + 1 :]:
        asked = compacts(message) if begins_turn(message) else asked
        if message.role is Role.ASSISTANT and message.blocks and not asked:
            return True
    return False


def asked_until(asked: Message) -> str | None:
    """The last message that this request for a summary is about; None where it is about all of them."""
    given: Any = asked.extra.get(COMPACTS)
    until: Any = cast("dict[str, Any]", given).get("until") if isinstance(given, dict) else None
    return until if isinstance(until, str) else None


def _words(end: Sequence[Block]) -> str:
    """The request to go on from this end of an answer; the quotation says where, should the model not see where it stopped."""
    text = string(end[-1], "text")[-QUOTED:].strip() if block_type(end[-1]) == "text" else ""
    return _GO_ON.format(after=f" after: «{text}»" if text else "")


def _last_prompt(path: Sequence[Message]) -> int:
    return next((at for at in reversed(range(len(path))) if is_prompt(path[at])), 0)


# A conversation that does not fit.


def _is_too_long(last: Message, error: ErrorInfo | None) -> bool:
    full = last.role is Role.ASSISTANT and last.stop_reason == StopReason.CONTEXT_EXCEEDED
    return full or (error is not None and error.kind is ErrorKind.CONTEXT)


def _shortened(path: Sequence[Message]) -> GoingOn:
    """Everything before the last prompt is summarised and the prompt said again; where it is the first, its turn as far as it went.

    What did not fit cannot be in the request for a summary either.
    """
    prompt = _last_prompt(path)
    last = path[-1]
    answers = [at for at in range(prompt, len(path)) if path[at].role is Role.ASSISTANT]
    fitted = (answers[-1] if last.role is Role.ASSISTANT else answers[-1] + 1) if answers else prompt
    end = next((end for end in (prompt, fitted) if can_compact(path[:end])), None)
    if end is None:
        raise ValueError(TOO_LONG)
    blocks = path[prompt].blocks
    text = "".join(string(block, "text") for block in last.blocks) if last.role is Role.ASSISTANT else ""
    if text.strip():
        blocks = (*blocks, text_block(_BEGUN.format(text=text.strip())), text_block(_GO_ON.format(after="")))
    return GoingOn(last.id, blocks, until=path[end - 1].id)
