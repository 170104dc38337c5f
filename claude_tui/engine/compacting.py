"""Compacting: a summary takes the place of the conversation so far, so that it fits and costs less; the old one stays.

Where the API makes summaries, its answer stands on the path and every later request begins with it. Elsewhere the model is asked
for one, and what it wrote becomes the root of a path of its own beside the old one, without any thinking that was bound to that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from claude_tui.domain.blocks import Block, plain_text, text_block
from claude_tui.domain.continuing import GoingOn
from claude_tui.domain.events import Event, Notice, noted_ending
from claude_tui.domain.history import SUMMARY_HEAD, summary_of
from claude_tui.domain.ids import new_id, timestamp
from claude_tui.domain.messages import Message, Outcome, Role, SessionInfo
from claude_tui.domain.turns import CONTINUES, SUMMARY_OF, AboutSummary, stands_for
from claude_tui.engine.asking import for_summary
from claude_tui.engine.copying import BOUND, copied_below
from claude_tui.engine.turn import TurnResult

KEPT = "The conversation so far is kept: it is the version before the summary ([ at the message cursor)."
NO_SUMMARY = "No summary came; the conversation is as it was."


class Talk(Protocol):
    """What compacting asks of the session it belongs to."""

    @property
    def info(self) -> SessionInfo: ...

    @property
    def path(self) -> list[Message]: ...

    def emit(self, event: Event) -> None: ...

    async def load(self) -> None: ...

    async def run_turn(self, prompt: Message) -> TurnResult:
        """Everything from this message to the end of its turn."""
        ...

    async def begin_anew(self, root: Message, kept: Sequence[Message]) -> None:
        """Store a message beside the root of the path, what is to follow it, and stand there."""
        ...

    async def note(self, facts: dict[str, Any]) -> None:
        """Keep these facts with the session."""
        ...


def continuation(session_id: str, parent_id: str, after: str, blocks: tuple[Block, ...]) -> Message:
    """The message that goes on from answer `after`."""
    extra = {CONTINUES: after}
    return Message(new_id(), session_id, parent_id, Role.USER, blocks, extra=extra, created_at=timestamp())


async def compact(talk: Talk, about: AboutSummary) -> TurnResult:
    """Have the summary made, and stand on it if it came."""
    await talk.load()
    before = list(talk.path)
    result = await talk.run_turn(for_summary(talk.info.id, before, about))
    answer = result.answer
    if result.outcome is not Outcome.COMPLETED or answer is None:
        return result
    summary = summary_of(answer) if about.by_api else plain_text(answer.blocks).strip()
    if not summary:
        talk.emit(Notice(NO_SUMMARY, "warning"))
    elif not about.by_api:
        await _begin_anew(talk, answer, summary, before, about.until)
    return result


async def _begin_anew(talk: Talk, answer: Message, summary: str, before: list[Message], until: str | None) -> None:
    """What the summary is not of is said again below it; its thinking was bound to what is gone."""
    covered = next((at for at, message in enumerate(before) if message.id == until), len(before) - 1) + 1
    extra = {SUMMARY_OF: answer.id, "summarised": covered, **noted_ending(Outcome.COMPLETED, None)}
    blocks = (text_block(SUMMARY_HEAD + summary),)
    root = Message(new_id(), answer.session_id, None, Role.USER, blocks, extra=extra, created_at=timestamp())
    kept = copied_below(root, before[covered:])
    if kept:
        await talk.note({BOUND: kept[-1].id})
    await talk.begin_anew(root, kept)
    talk.emit(Notice(KEPT))  # behind the turn, which takes older notices away


async def compact_and_go_on(talk: Talk, plan: GoingOn, *, by_api: bool) -> TurnResult:
    """Have what fits summarised and go on with what follows it."""
    result = await compact(talk, AboutSummary(by_api, plan.instructions, plan.until, plan.answer))
    last = talk.path[-1]
    came = summary_of(last) if by_api else stands_for(talk.path[0]) is not None and last.id != result.messages[-1].id
    if not plan.answer or result.outcome is not Outcome.COMPLETED or not came:
        return result
    return await talk.run_turn(continuation(talk.info.id, last.id, plan.after if by_api else last.id, plan.blocks))
