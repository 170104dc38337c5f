"""The pieces of one answer: a seam between them, one label, and the same cells live and replayed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from claude_tui.domain.blocks import text_block
from claude_tui.domain.errors import ErrorInfo, ErrorKind
from claude_tui.domain.events import Event, RequestStarted, TurnEnded, TurnStarted, noted_ending, replay, replay_answer
from claude_tui.domain.history import SUMMARY_HEAD
from claude_tui.domain.messages import Message, Outcome, Role, Status
from claude_tui.domain.turns import COMPACTS, CONTINUES, SUMMARY_OF
from claude_tui.render.looks import LOOKS
from claude_tui.render.seam_cell import SeamCell
from claude_tui.ui.conversation import Conversation
from tests.unit.ui.test_conversation import drawn, of, screen

BUSY = ErrorInfo(ErrorKind.OVERLOADED, "Overloaded.", 529, "req_1")
ENDS: dict[str, tuple[Status | None, str | None, ErrorInfo | None, Outcome]] = {
    "interrupted": (Status.INTERRUPTED, None, None, Outcome.INTERRUPTED),
    "limit": (Status.COMPLETE, "max_tokens", None, Outcome.COMPLETED),
    "failed": (Status.FAILED, None, BUSY, Outcome.FAILED),
    "nothing": (None, None, BUSY, Outcome.FAILED),
    "refusal": (Status.COMPLETE, "refusal", None, Outcome.COMPLETED),
    "done": (Status.COMPLETE, "end_turn", None, Outcome.COMPLETED),
}


def conversation_of(pieces: Sequence[tuple[str, str, bool]]) -> tuple[list[Message], list[Event]]:
    """The stored path and the live events of one answer in pieces: how each ended, its text, whether it thought before."""
    path: list[Message] = []
    live: list[Event] = []
    for number, (end, text, thought) in enumerate(pieces):
        status, reason, error, outcome = ENDS[end]
        parent = path[-1].id if path else None
        said, extra = ((), {CONTINUES: parent}) if number else ((text_block("Why?"),), {})
        begun = Message(f"u{number}", "s", parent, Role.USER, said, extra=extra)
        live += [TurnStarted("s", begun), RequestStarted(1, "m", f"a{number}")]
        if status is None:
            path.append(Message(**{**_fields(begun), "extra": {**begun.extra, **noted_ending(outcome, error)}}))
        else:
            blocks: list[dict[str, Any]] = [{"type": "thinking", "thinking": "hm", "signature": "x"}] if thought else []
            blocks.append(text_block(text))
            still_open = (len(blocks) - 1,) if status is not Status.COMPLETE else ()
            ended: dict[str, Any] = {"status": status, "stop_reason": reason, "open_blocks": still_open, "error": error}
            answer = Message(f"a{number}", "s", begun.id, Role.ASSISTANT, tuple(blocks), model="m", **ended)
            path += [begun, answer]
            live += list(replay_answer(answer))[1:]
        live.append(TurnEnded("s", outcome, error))
    return path, live


def _fields(message: Message) -> dict[str, Any]:
    return {name: getattr(message, name) for name in message.__dataclass_fields__}


PIECES = st.lists(
    st.tuples(st.sampled_from([*ENDS]), st.text(alphabet="ab 汉\n", min_size=1, max_size=20), st.booleans()), min_size=1, max_size=5
)


@given(PIECES)
def test_property_live_and_replayed_pieces_look_the_same(pieces: list[tuple[str, str, bool]]) -> None:
    path, events = conversation_of(pieces)
    live, again = of(events), of(replay(path))
    assert [(cell.key, cell.kind, cell.gap) for cell in live.cells] == [(cell.key, cell.kind, cell.gap) for cell in again.cells]
    assert screen(live) == screen(again)
    assert [turn.prompt.id for turn in live.turns] == ["u0"] and live.cells[0].key == "u0"
    kinds = [cell.kind for cell in live.cells]
    assert not {("seam", "seam"), ("notice", "seam")} & set(pairwise(kinds))


@pytest.mark.parametrize(
    ("end", "words"),
    [
        ("interrupted", "continued after an interruption"),
        ("limit", "continued after the token limit"),
        ("failed", "continued after the API was busy"),
        ("nothing", "continued after the API was busy"),
        ("refusal", "continued after a refusal"),
    ],
)
def test_the_seam_takes_the_place_of_what_was_said_of_the_ending(end: str, words: str) -> None:
    conversation = of(conversation_of([(end, "One", False), ("done", " two", False)])[1])
    shown = screen(conversation)
    assert f"┈┈ {words} ┈┈" in shown
    assert not [cell for cell in conversation.cells if cell.kind == "notice"]
    assert shown.count("Claude") == 1


@pytest.mark.parametrize("width", [8, 20, 38, 40, 80])
@pytest.mark.parametrize("look", sorted(LOOKS))
def test_a_seam_is_one_line_and_never_wider_than_the_view(width: int, look: str) -> None:
    (line,) = SeamCell("k", "continued after a lost connection").lines(LOOKS[look], width)
    assert cell_len(line.text) <= width and line.lead == len(line.text), "nothing of it is copied"


def test_a_request_for_a_summary_is_a_seam_and_a_summary_says_of_how_much() -> None:
    path, _ = conversation_of([("done", "One", False)])
    asked = Message("k", "s", path[-1].id, Role.USER, (text_block("Write a summary …"),), extra={COMPACTS: {}})
    conversation = of(replay([*path, asked]))
    assert "┈┈ the conversation is summarised ┈┈" in screen(conversation) and "Write a summary" not in screen(conversation)
    root = Message(
        "r", "s", None, Role.USER, (text_block(SUMMARY_HEAD + "All."),),
        extra={SUMMARY_OF: "k", "summarised": 1204, **noted_ending(Outcome.COMPLETED, None)},
    )  # fmt: skip
    for event in replay([root]):
        conversation(event)
    assert [cell.kind for cell in conversation.cells] == ["summary"]
    assert "Summary of 1,204 messages" in drawn(conversation.cells[0]) and "All." in drawn(conversation.cells[0])
    assert SUMMARY_HEAD[:20] not in screen(conversation)


def test_a_root_takes_the_place_of_a_conversation_whose_beginning_is_not_loaded() -> None:
    path, _ = conversation_of([("done", "One", False)])
    late = [Message(**{**_fields(path[0]), "parent_id": "earlier"}), path[1]]
    shown = Conversation()
    shown.replace(replay(late))
    shown(TurnStarted("s", Message("r", "s", None, Role.USER, (text_block("All."),), extra={SUMMARY_OF: "x"})))
    assert [cell.key for cell in shown.cells] == ["r"]
