"""Compacting: a summary takes the place of the conversation so far, so that it fits and costs less; the old one stays.

Where the API makes summaries, its answer stands on the path and every later request begins with it. Elsewhere the model is asked
for one, and what it wrote becomes the root of a path of its own beside the old one, without any thinking that was bound to that.
"""

from __future__ import annotations

from typing import Protocol

from claude_tui.domain.blocks import Block, plain_text, text_block
from claude_tui.domain.continuing import GoingOn
from claude_tui.domain.events import CONTINUES, SUMMARY_OF, Event, Notice, noted_ending, stands_for
from claude_tui.domain.history import SUMMARY_HEAD, summary_of
from claude_tui.domain.ids import new_id, timestamp
from claude_tui.domain.messages import Message, Outcome, Role, SessionInfo
from claude_tui.engine.asking import for_summary
from claude_tui.engine.turn import TurnResult

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

    async def begin_anew(self, root: Message) -> None:
        """Store a message beside the root of the path, and stand on it."""
        ...


def continuation(session_id: str, parent_id: str, after: str, blocks: tuple[Block, ...]) -> Message:
    """The message that goes on from answer `after`."""
    extra = {CONTINUES: after}
    return Message(new_id(), session_id, parent_id, Role.USER, blocks, extra=extra, created_at=timestamp())


async def compact(talk: Talk, *, by_api: bool, instructions: str = "", until: str | None = None) -> TurnResult:
    """Have the summary made, and stand on it if it came."""
    await talk.load()
    covered = next((at for at, message in enumerate(talk.path) if message.id == until), len(talk.path) - 1) + 1
    result = await talk.run_turn(for_summary(talk.info.id, talk.path, by_api=by_api, instructions=instructions, until=until))
    answer = result.answer
    if result.outcome is not Outcome.COMPLETED or answer is None:
        return result
    summary = summary_of(answer) if by_api else plain_text(answer.blocks).strip()
    if not summary:
        talk.emit(Notice(NO_SUMMARY, "warning"))
    elif not by_api:
        await talk.begin_anew(_root(answer, summary, covered))
    return result


def _root(answer: Message, summary: str, covered: int) -> Message:
    extra = {SUMMARY_OF: answer.id, "summarised": covered, **noted_ending(Outcome.COMPLETED, None)}
    blocks = (text_block(SUMMARY_HEAD + summary),)
    return Message(new_id(), answer.session_id, None, Role.USER, blocks, extra=extra, created_at=timestamp())


async def compact_and_go_on(talk: Talk, plan: GoingOn, *, by_api: bool) -> TurnResult:
    """Have what fits summarised and say the rest again: on the old path as its continuation, at a new root as a prompt."""
    result = await compact(talk, by_api=by_api, until=plan.until)
    last = talk.path[-1]
    if stands_for(last) is not None:
        again = Message(new_id(), talk.info.id, last.id, Role.USER, plan.blocks, created_at=timestamp())
        return await talk.run_turn(again)
    if result.outcome is Outcome.COMPLETED and summary_of(last):
        return await talk.run_turn(continuation(talk.info.id, last.id, plan.after, plan.blocks))
    return result
