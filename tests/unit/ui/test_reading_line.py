"""Whatever comes, folds, wraps or is refined in a real conversation: the line that is read stays on the top row."""

from __future__ import annotations

from dataclasses import replace
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from claude_tui.domain.blocks import text_block, tool_result
from claude_tui.domain.events import (
    BlockDelta,
    BlockStarted,
    BlockStopped,
    MessageStopped,
    RequestStarted,
    ToolFinished,
    ToolStarted,
    TurnEnded,
    TurnStarted,
)
from claude_tui.domain.messages import Message, Outcome, Role
from claude_tui.render import document
from claude_tui.render.base import LeafRef, Line
from claude_tui.render.looks import LOOKS
from claude_tui.ui.conversation import Conversation
from claude_tui.ui.layout import Anchor, Layout, Position
from claude_tui.ui.reading import Reading
from claude_tui.ui.selecting import LINE_END, Ends, selected_text

HEIGHT = 9
PIECES = [
    "# A heading\n\n",
    "Some words of a **longer** paragraph with `code` and 中文字符 in it, which wraps at most widths. ",
    "\n\n",
    "- one\n- two\n  - three\n",
    "```python\ndef f(x):\n    return x\n",
    "```\n\n",
    "| a | b |\n|---|---|\n| 一 | two words |\n",
    "| x | y |\n" * 9,
    "> quoted\n",
    "1. first\n2. second\n\n",
    "[r]: https://example.com\n",
    "see [it][r] ",
    "word " * 60,
]
widths = st.sampled_from([12, 24, 40, 80, 116])


class Conversing(RuleBasedStateMachine):
    """A conversation, and a reader who moves by rules of his own only."""

    @initialize(width=widths, at_once=st.sampled_from([20, document.AT_ONCE]))
    def begin(self, width: int, at_once: int) -> None:
        self.slow = patch.multiple(document, AT_ONCE=at_once, _WHOLE=at_once)
        self.slow.start()
        self.conversation = Conversation()
        self.layout: Layout[Line] = Layout(self.conversation.cells, lambda line: line)
        self.reader: Reading[Line] = Reading(self.layout, self.conversation.cells)
        self.width, self.look = width, LOOKS["dark"]
        self.turns = self.blocks = self.calls = 0
        self.open: str | None = None
        self.revision = 0
        self.ask()
        self.frame()

    def teardown(self) -> None:
        self.slow.stop()

    def frame(self) -> None:
        if self.revision != self.conversation.revision:
            self.revision = self.conversation.revision
            self.layout.forget()
            self.reader.relocate()
        self.layout.sync()
        self.layout.reshape(self.width, self.look)
        self.reader.settle(HEIGHT)
        self.layout.view(self.reader.top, HEIGHT)
        self.layout.trim()

    def top_anchor(self) -> Anchor | None:
        return None if self.reader.following else self.layout.anchor_of(self.reader.top)

    def stays(self, before: Anchor | None) -> None:
        """The character that was first on the top row is on the top row."""
        self.frame()
        if before is None or self.reader.following:
            return
        at = self.layout.position_of_anchor(before)
        assert at == self.reader.top or self.reader.top == self.reader.last < at

    # What comes.

    def ask(self) -> None:
        self.turns += 1
        prompt = Message(f"u{self.turns}", "s", None if self.turns == 1 else f"a{self.turns - 1}", Role.USER, (text_block("Why?"),))
        self.conversation(TurnStarted("s", prompt))
        self.conversation(RequestStarted(1, "m", f"a{self.turns}"))
        self.blocks = 0

    @rule(kind=st.sampled_from(["text", "thinking", "tool_use"]))
    def block(self, kind: str) -> None:
        before = self.top_anchor()
        self.stop()
        seed = {"text": {"text": ""}, "thinking": {"thinking": "", "signature": ""}}.get(kind, {"name": "n", "input": {}})
        self.calls += 1
        self.conversation(BlockStarted(self.blocks, {"type": kind, "id": f"t{self.calls}", **seed}))
        self.open = "input" if kind == "tool_use" else kind
        self.stays(before)

    @rule(pieces=st.lists(st.sampled_from(PIECES), min_size=1, max_size=6))
    def delta(self, pieces: list[str]) -> None:
        before = self.top_anchor()
        if self.open is None:
            self.block("text")
        for piece in pieces:
            text = '{"code":"' + piece.replace("\n", "\\n") if self.open == "input" else piece
            self.conversation(BlockDelta(self.blocks, self.open, text))  # type: ignore[arg-type]
        self.stays(before)

    def stop(self) -> None:
        if self.open is not None:
            self.conversation(BlockStopped(self.blocks, 1.0))
            if self.open == "input":
                self.conversation(ToolStarted(f"t{self.calls}", "n", f"a{self.turns}", self.blocks))
                self.conversation(ToolFinished(f"t{self.calls}", tool_result(f"t{self.calls}", "line\n" * 30), 0.1))
            self.blocks, self.open = self.blocks + 1, None

    @rule()
    def turn(self) -> None:
        before = self.top_anchor()
        self.stop()
        self.conversation(MessageStopped("end_turn"))
        self.conversation(TurnEnded("s", Outcome.COMPLETED))
        self.ask()
        self.stays(before)

    # What changes the picture.

    @rule(width=widths, light=st.booleans(), clip=st.booleans())
    def reshape(self, width: int, light: bool, clip: bool) -> None:
        before = self.top_anchor() if clip == self.look.clip_code else None  # code that is cut off is a shorter text
        self.width, self.look = width, replace(LOOKS["light" if light else "dark"], clip_code=clip)
        self.stays(before)

    @rule(at=st.integers(0, 40), level=st.integers(0, 2))
    def fold(self, at: int, level: int) -> None:
        cells = self.conversation.cells
        index = at % len(cells)
        before = self.top_anchor()
        self.conversation.set_level(cells[index], level)
        if before is not None and before.cell != index:
            self.stays(before)
        self.frame()

    @rule()
    def refine(self) -> None:
        before = self.top_anchor()
        for cell in self.conversation.cells:
            assert any(not cell.refine(1.0) for _ in range(1_000)), "refining comes to an end"
        self.layout.measure(self.reader.top, 3 * HEIGHT, 1.0)
        self.stays(before)

    # What the reader does.

    @rule(rows=st.integers(-30, 30))
    def scroll(self, rows: int) -> None:
        self.reader.stay(self.layout.move(self.reader.top, rows))
        self.frame()

    @rule(offset=st.integers(0, 400))
    def jump(self, offset: int) -> None:
        self.reader.stay(self.layout.at(offset))
        self.frame()

    # What always holds.

    @invariant()
    def the_view_is_full_and_in_order(self) -> None:
        view = self.layout.view(self.reader.top, HEIGHT)
        assert sum(one.last - one.first for one in view) <= HEIGHT
        assert [(one.cell, one.section) for one in view] == sorted((one.cell, one.section) for one in view)

    @invariant()
    def all_that_is_selected_is_all_that_was_said(self) -> None:
        cells = self.conversation.cells
        last = len(cells) - 1
        ends = Ends(self.layout.normal(Position(0)), 0, self.layout.last_of(last), LINE_END)
        sources = [cell.source() for cell in cells]
        if sum(map(bool, map(words, sources))) > 1:  # one block alone is copied as it is shown
            assert words(selected_text(self.layout, cells, ends)) == words("\n".join(sources))


def words(text: str) -> list[str]:
    """The lines that are not blank."""
    return [line for line in text.split("\n") if line.strip()]


TestConversing = Conversing.TestCase
TestConversing.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)


@given(st.lists(st.sampled_from(PIECES), max_size=12), widths)
def test_property_every_line_of_the_source_has_a_leaf_and_a_row(pieces: list[str], width: int) -> None:
    conversation = Conversation()
    conversation(TurnStarted("s", Message("u1", "s", None, Role.USER, (text_block("".join(pieces) or "x"),))))
    layout: Layout[Line] = Layout(conversation.cells, lambda line: line)
    layout.reshape(width, LOOKS["dark"])
    (cell,) = conversation.cells
    for line in range(cell.source().count("\n") + 1):
        ref = cell.locate(line)
        assert isinstance(ref, LeafRef)
        assert layout.position_of_anchor(Anchor(0, ref.section, ref.leaf)).cell == 0
