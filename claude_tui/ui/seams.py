"""What stands at the beginning of a turn: a prompt, a summary, or a seam where this program spoke in the user's name."""

from __future__ import annotations

from dataclasses import dataclass

from claude_tui.domain.errors import ErrorInfo
from claude_tui.domain.messages import Message, Outcome
from claude_tui.domain.sentences import COMPACTING, seam_words
from claude_tui.domain.turns import about_summary, compacts, continues, stands_for
from claude_tui.render.base import Cell


@dataclass(frozen=True, slots=True)
class TurnMark:
    """Where a turn begins: the index of its prompt's cell, or of the seam that stands for it."""

    index: int
    prompt: Message


@dataclass(frozen=True, slots=True)
class Ending:
    """How the turn before ended: `reason` is its last answer's stop reason; None where nothing is known."""

    outcome: Outcome | None = None
    error: ErrorInfo | None = None
    reason: str | None = None


def seam_of(message: Message, before: Ending) -> Cell | None:
    """The seam this message is drawn as; None where it is something to read. `before`: how the turn before it ended."""
    from claude_tui.render.cells import SeamCell

    if compacts(message):
        return SeamCell(message.id, COMPACTING)
    if continues(message) is not None:
        return SeamCell(message.id, seam_words(before.outcome, before.error, before.reason))
    return None


def goes_on(message: Message) -> bool:
    """Whether the answer to come belongs to the one before this message."""
    return continues(message) is not None or about_summary(message).answer


def head_of(message: Message, version: tuple[int, int]) -> Cell:
    """A prompt or a summary, as that version of it."""
    from claude_tui.render.cells import PromptCell, SummaryCell

    return PromptCell(message.id, message.blocks, version) if stands_for(message) is None else SummaryCell(message, version)
