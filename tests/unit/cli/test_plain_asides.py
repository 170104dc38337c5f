"""What this program said in the user's name is a note in plain lines, never the user's word."""

from claude_tui.cli.labels import LabelledLines
from claude_tui.domain.blocks import text_block
from claude_tui.domain.events import BlockDelta, BlockStarted, BlockStopped, noted_ending, replay
from claude_tui.domain.history import SUMMARY_HEAD
from claude_tui.domain.messages import Message, Outcome, Role
from claude_tui.domain.turns import COMPACTS, CONTINUES, SUMMARY_OF


def test_asides_are_notes() -> None:
    written: list[str] = []
    done = noted_ending(Outcome.COMPLETED, None)
    path = [
        Message("r", "s", None, Role.USER, (text_block(SUMMARY_HEAD + "All of it."),), extra={SUMMARY_OF: "x", **done}),
        Message("u", "s", "r", Role.USER, (text_block("Why?"),), extra=done),
        Message("n", "s", "u", Role.USER, (), extra={CONTINUES: "u", **done}),
        Message("a", "s", "n", Role.ASSISTANT, (text_block("So"),), extra=done),
        Message("c", "s", "a", Role.USER, (text_block("Continue exactly"),), extra={CONTINUES: "a", **done}),
        Message("k", "s", "c", Role.USER, (text_block("Write a summary"),), extra={COMPACTS: {}, **done}),
    ]
    lines = LabelledLines(written.append, written.append, answer_label="Claude", you=True)
    for event in replay(path):
        lines(event)
    said = "".join(written)
    assert said.count("You: ") == 1 and "You: Why?" in said
    assert "Note: a summary takes the place of the conversation before.\nAll of it.\n" in said
    assert "Note: the prompt is sent again.\n\nClaude: So\n" in said or "Note: the prompt is sent again.\nClaude: So\n" in said
    assert "Note: the answer goes on." in said and "Note: the conversation is summarised." in said
    assert "exactly" not in said and "Write" not in said


def test_a_summary_that_came_live_is_written_once_and_what_is_kept_below_it_again() -> None:
    written: list[str] = []
    done = noted_ending(Outcome.COMPLETED, None)
    path = [
        Message("r", "s", None, Role.USER, (text_block(SUMMARY_HEAD + "All of it."),), extra={SUMMARY_OF: "x", **done}),
        Message("u", "s", "r", Role.USER, (text_block("Why?"),), extra=done),
    ]
    lines = LabelledLines(written.append, written.append, answer_label="Claude")
    for event in replay(path):
        lines(event)
    said = "".join(written)
    assert said.startswith("Note: a summary takes the place of the conversation before.\n")
    assert "All of it." not in said and "You: Why?\n" in said


def test_a_summary_of_the_api_is_written_live_and_again() -> None:
    for block, deltas in (
        ({"type": "compaction", "content": "All of it."}, []),
        (
            {"type": "compaction", "content": None},
            [BlockDelta(0, "other", data={"type": "compaction_delta", "content": "All of it."})],
        ),
    ):
        written: list[str] = []
        lines = LabelledLines(written.append, written.append, answer_label="Claude")
        for event in (BlockStarted(0, block), *deltas, BlockStopped(0)):
            lines(event)
        assert "".join(written) == "Summary: All of it.\n"
