"""The conversation as cells: a sink that turns events, live or replayed, into what the transcript draws.

Knows nothing of the screen. Applying a delta is O(1). The only path by which anything gets into the transcript.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, TypeAlias, assert_never, cast

from claude_tui.domain.blocks import block_type, string
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
from claude_tui.domain.messages import Message, Outcome, Usage, merge_usage
from claude_tui.domain.sentences import error_sentence, stop_sentence
from claude_tui.render.base import Cell
from claude_tui.ui.seams import Ending, TurnMark, goes_on, head_of, seam_of

if TYPE_CHECKING:  # cells are loaded with the first of them, after the first frame
    from claude_tui.render.cells import NoticeLevel, StreamingCell, TextCell, ThinkingCell, ToolCell

Folding: TypeAlias = Literal["thinking", "tools", ""]
"""Which of the two switches a cell obeys; empty for cells that are never folded."""

SLICE = 0.004
"""Seconds of drawing what was said before, until somebody else may go on."""
NOTHING_CAME = "Interrupted: nothing had come yet."
KEPT = "Interrupted: what came is kept."


def folding_of(cell: Cell) -> Folding:
    """The switch that folds this cell."""
    if cell.levels < 2:
        return ""
    return "thinking" if cell.kind == "thinking" else "tools"


class Conversation:
    """`cells` in order. `on_change` is called after every event that changes what is drawn.

    `levels`: cell key → the level the user gave it. `defaults`: the level of all others, by switch.
    `live`: the cells that still change, with the time they began. `welcome` is drawn while there is nothing else.
    `turns`: where prompts and summaries stand; an answer that was gone on with belongs to the turn of its prompt. `begun`: the
    index of the cell that the last turn begins with. `revision` grows when cells were taken away or put in front, so that indexes
    have moved.
    """

    def __init__(
        self,
        versions_of: Callable[[str], tuple[str, ...]] = lambda prompt_id: (prompt_id,),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.cells: list[Cell] = []
        self.turns: list[TurnMark] = []
        self.levels: dict[str, int] = {}
        self.defaults: dict[Folding, int] = {"thinking": 0, "tools": 0}
        self.revision = 0
        self.live: dict[Cell, float] = {}
        self.welcome: Cell | None = None
        self.on_change: Callable[[], None] = _nothing
        self._versions_of = versions_of
        self._clock = clock
        self._open: dict[int, StreamingCell] = {}
        self._calls: dict[str, ToolCell] = {}
        self._text: TextCell | None = None
        """The text that the next block may go on with."""
        self._message_id = ""
        self._usage: Usage | None = None
        self._thinking: list[ThinkingCell] = []
        self._shown = False
        self._begun: list[TurnMark] = []
        self._turn_after: dict[str | None, TurnMark] = {}
        self._ending = Ending()
        self._joined = False
        """Whether the next text goes on with an answer that has its label."""
        self._coming: list[Cell] = []

    @property
    def answered(self) -> bool:
        """Whether anything has come to the last prompt."""
        return self._shown

    # Events.

    def __call__(self, event: Event) -> None:
        if type(event) is BlockDelta:
            cell = self._open.get(event.number)
            if cell is not None:
                cell.feed(event)
        else:
            self._apply(event)
        self.on_change()

    def _apply(self, event: Event) -> None:
        match event:
            case TurnStarted():
                self._turn_started(event.message)
            case RequestStarted():
                self._end_text()
                self._message_id, self._open, self._usage, self._thinking = event.message_id, {}, None, []
            case MessageStarted() | UsageReported():
                self._usage = merge_usage(self._usage, event.usage)
                self._count_thinking()
            case BlockStarted():
                self._block_started(event)
            case BlockStopped():
                self._block_stopped(event)
            case MessageStopped():
                self._message_stopped(event)
            case ToolStarted() | ToolProgress() | ToolFinished() | ApprovalRequested() | ApprovalResolved():
                self._tool(event)
            case TurnEnded():
                self._turn_ended(event)
            case Notice(message_id=str()):
                self._say(f"{event.message_id}:notice", event.text, event.level)
            case BlockDelta() | RetryScheduled() | SessionChanged() | Notice() | Alive():
                pass
            case _:
                assert_never(event)

    def _turn_started(self, prompt: Message) -> None:
        if self.cells and self.cells[0] is self.welcome:
            self._cut(0)
        same = self._turn_after.get(prompt.parent_id)
        if same is not None:  # a new version of an earlier prompt: what followed that one belongs to it
            self._cut(same.index)
        elif prompt.parent_id is None:  # one of the first, which is not loaded
            self._coming = []
            self._cut(0)
        self._end_open()
        self._shown = False
        aside = seam_of(prompt, self._ending)
        if aside is not None:
            self._take_back_ending(goes_on(prompt))
        mark = self._turn_after[prompt.parent_id] = TurnMark(len(self.cells), prompt)
        self._begun.append(mark)
        self._joined = aside is not None and bool(self.cells) and self.cells[-1].kind == "text"
        if aside is None:
            self.turns.append(mark)
        self._ending = Ending()
        self._add(aside or head_of(prompt, self._version(prompt.id)))

    def _take_back_ending(self, said: bool) -> None:
        """Nothing came behind a seam: another takes its place. `said`: that says after what, so no other sentence has to."""
        at = len(self.cells)
        while at > 0 and self.cells[at - 1].kind == "notice":
            at -= 1
        again = at > 0 and self.cells[at - 1].kind == "seam"
        if again or (said and at < len(self.cells)):
            self._cut(at - again)
        if said and self.cells and self.cells[-1].kind == "text":
            cast("TextCell", self.cells[-1]).mend()

    @property
    def begun(self) -> int:
        return self._begun[-1].index if self._begun else 0

    def _version(self, prompt_id: str) -> tuple[int, int]:
        versions = self._versions_of(prompt_id)
        return (versions.index(prompt_id) + 1 if prompt_id in versions else 1, max(len(versions), 1))

    def _cut(self, index: int) -> None:
        for cell in self.cells[index:]:
            self.live.pop(cell, None)
        del self.cells[index:]
        self.turns = [turn for turn in self.turns if turn.index < index]
        self._have_begun([turn for turn in self._begun if turn.index < index])
        self.revision += 1

    def _have_begun(self, turns: list[TurnMark]) -> None:
        self._begun = turns
        self._turn_after = {turn.prompt.parent_id: turn for turn in turns}

    def _block_started(self, event: BlockStarted) -> None:
        self._shown = True
        is_text = block_type(event.block) == "text"
        if is_text and self._text is not None:
            self._text.go_on(event.block)
            self._open[event.number] = self._text
            return
        self._end_text()
        label = "Claude" if is_text and not self._joined and (not self.cells or self.cells[-1].kind != "text") else ""
        self._joined = self._joined and not is_text
        from claude_tui.render.cells import TextCell, ThinkingCell, ToolCell, cell_for

        cell = cell_for(f"{self._message_id}:{event.number}", event.block, label=label)
        self._open[event.number] = cell
        self._text = cell if isinstance(cell, TextCell) else None
        if isinstance(cell, ToolCell):
            self._calls[string(event.block, "id")] = cell
        elif isinstance(cell, ThinkingCell):
            self._thinking.append(cell)
        self._add(cell)
        self.live[cell] = self._clock()
        self._count_thinking()

    def _block_stopped(self, event: BlockStopped) -> None:
        cell = self._open.pop(event.number, None)
        if cell is None:
            return
        if self._text is not None and cell is self._text:
            self._text.pause()
        else:
            cell.stop(event.seconds)
        self.live.pop(cell, None)

    def _end_text(self) -> None:
        """No further block goes on with the text."""
        if self._text is not None and self._text not in self._open.values():
            self._text.stop()
        self._text = None

    def _count_thinking(self) -> None:
        details = (self._usage or {}).get("output_tokens_details")
        tokens: object = details.get("thinking_tokens") if isinstance(details, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        known = tokens if isinstance(tokens, int) and len(self._thinking) == 1 else None  # the API counts one sum an answer
        for cell in self._thinking:
            cell.set_tokens(known)

    def _message_stopped(self, event: MessageStopped) -> None:
        self._end_open()
        self._ending = Ending(reason=event.stop_reason)
        if sentence := stop_sentence(event.stop_reason, event.extra.get("stop_details")):
            self._say(f"{self._message_id}:stop", sentence, "warning")

    def _tool(self, event: ToolStarted | ToolProgress | ToolFinished | ApprovalRequested | ApprovalResolved) -> None:
        cell = self._calls.get(event.tool_use_id)
        if cell is None:  # its call is in a part of the session that is not loaded
            return
        match event:
            case ToolStarted():
                cell.started()
                self.live[cell] = self._clock()
            case ToolProgress():
                cell.progress(event.text)
            case ToolFinished():
                cell.finish(event.result, event.seconds)
                self.live.pop(cell, None)
            case ApprovalRequested():
                cell.waiting()
            case ApprovalResolved():
                pass

    def _turn_ended(self, event: TurnEnded) -> None:
        self._end_open()
        self._ending = replace(self._ending, outcome=event.outcome, error=event.error)
        key = f"{self._begun[-1].prompt.id if self._begun else ''}:end"
        if event.outcome is Outcome.INTERRUPTED:
            self._say(key, KEPT if self._shown else NOTHING_CAME, "info")
        elif event.error is not None:
            self._say(key, error_sentence(event.error), "error")

    def _say(self, key: str, text: str, level: NoticeLevel) -> None:
        from claude_tui.render.cells import NoticeCell

        self._add(NoticeCell(key, text, level))

    def _end_open(self) -> None:
        """Blocks that are still open will not go on."""
        self._end_text()
        for cell in self._open.values():
            cell.abandon()
        self._open = {}
        self.live.clear()

    # Cells.

    def _add(self, cell: Cell) -> None:
        level = self.levels.get(cell.key)
        folding = folding_of(cell)
        if level is None and folding:
            level = self.defaults[folding]
        if level is not None:
            cell.set_level(level)
        self.cells.append(cell)
        self._settle(len(self.cells) - 1)

    def _settle(self, index: int) -> None:
        """Folded panels that follow each other stand together; whatever is open has air around it."""
        if 0 < index < len(self.cells):
            together = all(folding_of(cell) and cell.level == 0 for cell in self.cells[index - 1 : index + 1])
            self.cells[index].set_gap(0 if together else 1)

    def replace(self, events: Iterable[Event]) -> None:
        """Forget everything and draw these events instead."""
        self._cut(0)
        self._coming = []
        self._open, self._calls, self._text, self._message_id, self._shown = {}, {}, None, "", False
        change, self.on_change = self.on_change, _nothing
        try:
            for event in events:
                self(event)
            if not self.cells and self.welcome is not None:
                self.cells.append(self.welcome)
        finally:
            self.on_change = change
        self.on_change()

    async def draw_earlier(self, events: Iterable[Event]) -> Conversation:
        """What these events of earlier turns draw, made in slices so that no key has to wait: for `put_in_front`."""
        earlier = Conversation(self._versions_of, self._clock)
        earlier.levels, earlier.defaults = self.levels, self.defaults
        self._coming = earlier.cells
        started = time.perf_counter()
        for event in events:
            earlier(event)
            if time.perf_counter() - started > SLICE:
                await asyncio.sleep(0)
                started = time.perf_counter()
        return earlier

    def put_in_front(self, earlier: Conversation) -> int:
        """How many cells have come in front; none if everything was drawn anew since `draw_earlier` began."""
        if self._coming is not earlier.cells:
            return 0
        self._coming = []
        self.cells[:0] = earlier.cells
        added = len(earlier.cells)
        self.turns = [*earlier.turns, *(TurnMark(turn.index + added, turn.prompt) for turn in self.turns)]
        self._have_begun([*earlier._begun, *(TurnMark(turn.index + added, turn.prompt) for turn in self._begun)])
        self.revision += 1
        self.on_change()
        return added

    def tick(self) -> None:
        """A moment has passed for what runs: panels show their seconds."""
        if not self.live:
            return
        from claude_tui.render.cells import ThinkingCell, ToolCell

        for cell, began in self.live.items():
            if isinstance(cell, (ThinkingCell, ToolCell)):
                cell.tick(self._clock() - began)
        self.on_change()

    def set_level(self, cell: Cell, level: int) -> None:
        """The user's own word on one cell; it outlasts the switches."""
        cell.set_level(level)
        self.levels[cell.key] = level
        index = self.cells.index(cell)
        self._settle(index)
        self._settle(index + 1)
        self.on_change()

    def fold_all(self, folding: Folding, level: int) -> None:
        """Turn one of the two switches: every cell that obeys it, the ones to come included."""
        self.defaults[folding] = level
        for cell in (*self.cells, *self._coming):
            if folding_of(cell) == folding:
                cell.set_level(level)
                self.levels.pop(cell.key, None)
        for index in range(len(self.cells)):
            self._settle(index)
        self.on_change()

    def restore_levels(self, levels: Mapping[str, int]) -> None:
        self.levels = dict(levels)

    def refresh_versions(self) -> None:
        """The versions of some prompt have changed."""
        from claude_tui.render.cells import PromptCell

        for turn in self.turns:
            cell = self.cells[turn.index]
            if isinstance(cell, PromptCell):
                cell.set_versions(*self._version(turn.prompt.id))
        self.on_change()

    def index_of(self, key: str) -> int | None:
        return next((index for index, cell in enumerate(self.cells) if cell.key == key), None)

    def turn_at(self, index: int) -> TurnMark | None:
        """The turn that the cell at `index` belongs to."""
        return next((turn for turn in reversed(self.turns) if turn.index <= index), None)


def _nothing() -> None:
    """Nobody is told."""
