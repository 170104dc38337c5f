"""What this program said in the user's name is a note in plain lines, never the user's word."""

from claude_tui.cli.labels import LabelledLines
from claude_tui.domain.blocks import text_block
from claude_tui.domain.events import noted_ending, replay
from claude_tui.domain.history import SUMMARY_HEAD
from claude_tui.domain.messages import Message, Outcome, Role
from claude_tui.domain.turns import COMPACTS, CONTINUES, SUMMARY_OF


def test_asides_are_notes() -> None:
    written: list[str] = []
    done = noted_ending(Outcome.COMPLETED, None)
    path = [
        Message("r", "s", None, Role.USER, (text_block(SUMMARY_HEAD + "All of it."),), extra={SUMMARY_OF: "x", **done}),
        Message("u", "s", "r", Role.USER, (text_block("Why?"),), extra=done),
        Message("c", "s", "u", Role.USER, (text_block("Continue exactly"),), extra={CONTINUES: "u", **done}),
        Message("k", "s", "c", Role.USER, (text_block("Write a summary"),), extra={COMPACTS: {}, **done}),
    ]
    lines = LabelledLines(written.append, written.append, answer_label="Claude", you=True)
    for event in replay(path):
        lines(event)
    said = "".join(written)
    assert said.count("You: ") == 1 and "You: Why?" in said
    assert "Note: a summary takes the place of the conversation before.\nAll of it.\n" in said
    assert "Note: the answer goes on." in said and "Note: the conversation is summarised." in said
    assert "exactly" not in said and "Write" not in said
