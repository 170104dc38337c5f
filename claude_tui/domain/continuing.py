"""Going on after any ending: what the next request has to say, decided from the stored path alone.

An answer is never put into the model's mouth. Either the path is sent again as it stands, or a short text asks to go on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from claude_tui.domain.blocks import Block, block_type, string, text_block
from claude_tui.domain.errors import ErrorKind
from claude_tui.domain.events import ending_of
from claude_tui.domain.history import open_answer, summary_of
from claude_tui.domain.messages import Message, Role, Status, StopReason
from claude_tui.domain.turns import about_summary, begins_turn, compacts, is_prompt, stands_for

QUOTED = 200
"""Characters of an answer's end that are told to the model."""
NOTHING = "There is nothing to continue yet."
WHOLE = "The answer is complete; write what you want next."
COMPACTED = "The conversation has just been compacted; write what you want next."
TOO_LONG = "Even alone this does not fit the model: say less at a time, or choose a model with a larger window."
TOO_SHORT = "There is nothing to compact yet."

_GO_ON = (
    "Your previous response was interrupted{after}. Continue exactly where it stopped, in the language of that response, "
    "without repeating anything and without any comment."
)
_SAY_SOMETHING = "Your previous response was empty. Please respond, in the language of our conversation."
_WHOLE = (StopReason.END_TURN, StopReason.STOP_SEQUENCE)


@dataclass(frozen=True, slots=True)
class GoingOn:
    """How to go on from message `after`.

    `blocks`: what the user's side says; nothing where it is enough to send the path again. `compact`: a summary has to be made
    first, of everything up to message `until` (None: of all), by `instructions`. `answer`: whether an answer is to follow then.
    """

    after: str
    blocks: tuple[Block, ...] = ()
    compact: bool = False
    until: str | None = None
    instructions: str = ""
    answer: bool = True


def going_on(path: Sequence[Message]) -> GoingOn:
    """How to go on from the end of this path, whose last turn has to be known. ValueError, with a sentence, if there is no way."""
    if not path:
        raise ValueError(NOTHING)
    last = path[-1]
    begun = next((at for at in reversed(range(len(path))) if begins_turn(path[at])), 0)
    if stands_for(last) is not None or summary_of(last):
        raise ValueError(COMPACTED)
    if compacts(path[begun]):
        return _summary_again(path, begun)
    if _is_too_long(last):
        return GoingOn(last.id, _words(path), compact=True, until=_fitting(path))
    said = last.role is Role.ASSISTANT and last.status is Status.COMPLETE and last.stop_reason in _WHOLE
    if said and not any(block_type(block) != "text" or string(block, "text").strip() for block in last.blocks):
        return GoingOn(last.id, (text_block(_SAY_SOMETHING),))
    if said:
        raise ValueError(WHOLE)
    return GoingOn(last.id, _words(path))


def can_compact(path: Sequence[Message]) -> bool:
    """Whether anything was said since the last summary."""
    asked = False
    for message in path[_last_summary(path) + 1 :]:
        asked = compacts(message) if begins_turn(message) else asked
        if message.role is Role.ASSISTANT and message.blocks and not asked:
            return True
    return False


def _words(path: Sequence[Message]) -> tuple[Block, ...]:
    """What asks to go on with the answer at the end; nothing where no answer stands there, or one that goes on as it is.

    The quotation says where, should the model not see where it stopped.
    """
    end = open_answer(path[_last_prompt(path) :])
    if end is None:
        return ()
    text = string(end[-1], "text")[-QUOTED:].strip() if block_type(end[-1]) == "text" else ""
    return (text_block(_GO_ON.format(after=f" after: «{text}»" if text else "")),)


def _last_prompt(path: Sequence[Message]) -> int:
    return next((at for at in reversed(range(len(path))) if is_prompt(path[at])), 0)


def _last_summary(path: Sequence[Message]) -> int:
    return next((at for at in reversed(range(len(path))) if stands_for(path[at]) is not None or summary_of(path[at])), -1)


# Summaries.


def _is_too_long(last: Message) -> bool:
    error = ending_of(last)[1]
    full = last.role is Role.ASSISTANT and last.stop_reason == StopReason.CONTEXT_EXCEEDED
    return full or (error is not None and error.kind is ErrorKind.CONTEXT)


def _summary_again(path: Sequence[Message], begun: int) -> GoingOn:
    """A summary that did not come is asked for again; of less, where not all of it fitted."""
    before, about = path[:begun], about_summary(path[begun])
    until = about.until
    if until is None and _is_too_long(path[-1]):
        until = _fitting(before)
    blocks = _words(before) if about.answer else ()
    return GoingOn(path[-1].id, blocks, compact=True, until=until, instructions=about.instructions, answer=about.answer)


def _fitting(path: Sequence[Message]) -> str:
    """The last message that a summary can be of: what did not fit into a request will not fit into that for a summary either.

    That is everything before the last prompt; where it is the first, everything before the last answer of its turn.
    """
    prompt = _last_prompt(path)
    answers = [at for at in range(prompt, len(path)) if path[at].role is Role.ASSISTANT]
    ends = () if _last_summary(path) > prompt else (prompt, *answers[-1:])
    end = next((end for end in ends if can_compact(path[:end])), None)
    if end is None:
        raise ValueError(TOO_LONG)
    return path[end - 1].id
