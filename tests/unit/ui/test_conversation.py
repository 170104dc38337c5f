"""From events to cells: live and replayed conversations come to the same cells, and nothing that came is missing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_tui.domain.blocks import text_block, tool_result
from claude_tui.domain.errors import ErrorInfo, ErrorKind
from claude_tui.domain.events import (
    ApprovalRequested,
    BlockDelta,
    BlockStarted,
    BlockStopped,
    Event,
    MessageStarted,
    MessageStopped,
    RequestStarted,
    ToolFinished,
    ToolProgress,
    ToolStarted,
    TurnEnded,
    TurnStarted,
    UsageReported,
    replay,
)
from claude_tui.domain.messages import Message, Outcome, Role, Status
from claude_tui.domain.partial import Partial
from claude_tui.render.base import Cell
from claude_tui.render.looks import LOOKS
from claude_tui.render.opaque_cell import OpaqueCell
from claude_tui.render.thinking_cell import ThinkingCell
from claude_tui.render.tool_cell import ToolCell
from claude_tui.ui.conversation import KEPT, NOTHING_CAME, Conversation, folding_of


def prompt(text: str = "Hello", message_id: str = "u1", parent: str | None = None) -> Message:
    return Message(message_id, "s", parent, Role.USER, (text_block(text),))


def answer(*blocks: tuple[dict[str, Any], list[BlockDelta]], message_id: str = "a1", reason: str = "end_turn") -> list[Event]:
    events: list[Event] = [RequestStarted(1, "model-x", message_id), MessageStarted("msg_1", "model-x", {"input_tokens": 3})]
    for number, (seed, deltas) in enumerate(blocks):
        events += [BlockStarted(number, seed), *deltas, BlockStopped(number, 1.5)]
    usage = {"output_tokens": 5, "output_tokens_details": {"thinking_tokens": 2}}
    return [*events, UsageReported(usage), MessageStopped(reason)]


def says(text: str, number: int = 0) -> tuple[dict[str, Any], list[BlockDelta]]:
    return {"type": "text", "text": ""}, [BlockDelta(number, "text", part) for part in text]


def thinks(text: str, number: int = 0) -> tuple[dict[str, Any], list[BlockDelta]]:
    return {"type": "thinking", "thinking": "", "signature": ""}, [BlockDelta(number, "thinking", text)]


def calls(number: int, arguments: str = '{"city":"Paris"}') -> tuple[dict[str, Any], list[BlockDelta]]:
    seed = {"type": "tool_use", "id": f"t{number}", "name": "weather", "input": {}}
    return seed, [BlockDelta(number, "input", arguments)]


def of(events: Iterable[Event]) -> Conversation:
    conversation = Conversation()
    for event in events:
        conversation(event)
    return conversation


def drawn(cell: Cell) -> str:
    return "\n".join(line.text for line in cell.lines(LOOKS["dark"], 60))


def screen(conversation: Conversation) -> str:
    return "\n".join(drawn(cell) for cell in conversation.cells)


DONE = TurnEnded("s", Outcome.COMPLETED)


def test_a_turn_is_a_prompt_and_its_blocks() -> None:
    conversation = of([TurnStarted("s", prompt("Why?")), *answer(thinks("Hm."), says("Because.", 1)), DONE])
    assert [cell.kind for cell in conversation.cells] == ["prompt", "thinking", "text"]
    assert [cell.key for cell in conversation.cells] == ["u1", "a1:0", "a1:1"]
    assert "Because." in screen(conversation)
    assert not conversation.live


def test_the_answer_says_once_who_speaks() -> None:
    conversation = of([TurnStarted("s", prompt()), *answer(says("One."), says("Two.", 1)), DONE])
    assert screen(conversation).count("Claude") == 1


def test_a_tool_is_followed_from_its_call_to_its_result() -> None:
    conversation = of([TurnStarted("s", prompt()), *answer(calls(0), reason="tool_use")])
    tool = conversation.cells[1]
    assert isinstance(tool, ToolCell)
    tool.set_level(1)
    conversation(ApprovalRequested("t0", "weather", {"city": "Paris"}))
    conversation(ToolStarted("t0", "weather", "a1", 0))
    assert tool in conversation.live
    conversation(ToolProgress("t0", "asking the sky"))
    assert "asking the sky" in drawn(tool)
    conversation(ToolFinished("t0", tool_result("t0", "21 degrees"), 0.4))
    assert "21 degrees" in drawn(tool) and "0.4 s" in drawn(tool)
    assert tool not in conversation.live


def test_results_of_calls_that_are_not_loaded_do_no_harm() -> None:
    conversation = of([ToolFinished("t9", tool_result("t9", "x"), 0.1), TurnStarted("s", prompt())])
    assert [cell.kind for cell in conversation.cells] == ["prompt"]


@pytest.mark.parametrize(("shown", "words"), [(True, KEPT), (False, NOTHING_CAME)])
def test_an_interrupt_is_said(shown: bool, words: str) -> None:
    begun: list[Event] = [TurnStarted("s", prompt()), RequestStarted(1, "model-x", "a1"), MessageStarted(None, None, None)]
    if shown:
        begun += [BlockStarted(0, {"type": "text", "text": ""}), BlockDelta(0, "text", "Half a sen")]
    conversation = of([*begun, TurnEnded("s", Outcome.INTERRUPTED)])
    assert words in screen(conversation)
    assert ("Half a sen" in screen(conversation)) is shown
    assert not conversation.live


def test_a_failure_stands_in_its_place() -> None:
    error = ErrorInfo(ErrorKind.OVERLOADED, "Overloaded.", 529, "req_1")
    conversation = of([TurnStarted("s", prompt()), RequestStarted(1, "m", "a1"), TurnEnded("s", Outcome.FAILED, error)])
    assert "Overloaded." in screen(conversation) and "req_1" in screen(conversation)


def test_an_unusual_stop_is_explained() -> None:
    conversation = of([TurnStarted("s", prompt()), *answer(says("Once upon"), reason="max_tokens"), DONE])
    assert "max_tokens" in screen(conversation)


def test_unknown_blocks_are_shown_and_kept() -> None:
    block = {"type": "hologram", "beam": 7}
    conversation = of([TurnStarted("s", prompt()), *answer((block, [])), DONE])
    cell = conversation.cells[1]
    assert isinstance(cell, OpaqueCell)
    assert "hologram" in drawn(cell)
    cell.set_level(1)
    assert '"beam": 7' in drawn(cell)


def test_a_new_version_takes_the_place_of_the_old_one() -> None:
    first = [TurnStarted("s", prompt("Old", "u1", "root")), *answer(says("Old answer")), DONE]
    later = [TurnStarted("s", prompt("Later", "u2", "a1")), *answer(says("More"), message_id="a2"), DONE]
    conversation = of([*first, *later])
    revision = conversation.revision
    conversation(TurnStarted("s", prompt("New", "u3", "root")))
    assert [cell.key for cell in conversation.cells] == ["u3"]
    assert conversation.revision > revision
    assert [turn.prompt.id for turn in conversation.turns] == ["u3"]


def test_versions_are_counted() -> None:
    conversation = Conversation(lambda prompt_id: ("u0", prompt_id, "u2"))
    conversation(TurnStarted("s", prompt()))
    assert "2/3" in screen(conversation)


def test_panels_that_follow_each_other_stand_together() -> None:
    conversation = of([TurnStarted("s", prompt()), *answer(thinks("Hm."), calls(1), calls(2), says("So.", 3)), DONE])
    assert [cell.gap for cell in conversation.cells] == [1, 1, 0, 0, 1]
    conversation.set_level(conversation.cells[2], 1)
    assert [cell.gap for cell in conversation.cells] == [1, 1, 1, 1, 1]
    conversation.fold_all("tools", 0)
    assert [cell.gap for cell in conversation.cells] == [1, 1, 0, 0, 1]


def test_the_two_switches_are_two() -> None:
    conversation = of([TurnStarted("s", prompt()), *answer(thinks("Hm."), calls(1)), DONE])
    thinking, tool = conversation.cells[1:3]
    conversation.fold_all("thinking", 1)
    assert (thinking.level, tool.level) == (1, 0)
    conversation.fold_all("tools", 1)
    assert (thinking.level, tool.level) == (1, 1)
    assert [folding_of(cell) for cell in conversation.cells] == ["", "thinking", "tools"]


def test_a_switch_holds_for_what_comes_later() -> None:
    conversation = Conversation()
    conversation.fold_all("thinking", 1)
    for event in [TurnStarted("s", prompt()), *answer(thinks("Hm."))]:
        conversation(event)
    assert conversation.cells[1].level == 1


def test_the_users_own_word_on_a_panel_outlasts_a_reload() -> None:
    events = [TurnStarted("s", prompt()), *answer(thinks("Hm."), says("So.", 1)), DONE]
    conversation = of(events)
    conversation.set_level(conversation.cells[1], 1)
    again = Conversation()
    again.restore_levels(conversation.levels)
    again.replace(events)
    assert again.cells[1].level == 1


def test_the_thinking_tokens_are_the_apis() -> None:
    usage = UsageReported({"output_tokens": 90, "output_tokens_details": {"thinking_tokens": 1204}})
    conversation = of([TurnStarted("s", prompt()), *answer(thinks("Hm.")), usage])
    assert isinstance(conversation.cells[1], ThinkingCell)
    assert "1,204" in drawn(conversation.cells[1])


def test_seconds_run_while_a_block_is_open() -> None:
    now = [100.0]
    conversation = Conversation(clock=lambda: now[0])
    for event in [TurnStarted("s", prompt()), RequestStarted(1, "m", "a1"), BlockStarted(0, {"type": "thinking", "thinking": ""})]:
        conversation(event)
    conversation(BlockDelta(0, "thinking", "Hm."))
    conversation.set_level(conversation.cells[1], 2)
    now[0] = 107.0
    conversation.tick()
    assert "7" in drawn(conversation.cells[1])


def test_the_welcome_goes_when_the_conversation_begins() -> None:
    conversation = Conversation()
    [conversation.welcome] = of([*answer(says("Welcome!"))]).cells
    conversation.replace(())
    assert "Welcome!" in screen(conversation)
    conversation(TurnStarted("s", prompt()))
    assert [cell.key for cell in conversation.cells] == ["u1"]


BLOCKS = st.lists(
    st.one_of(
        st.text(min_size=1, max_size=60).map(lambda text: ("text", text)),
        st.text(min_size=1, max_size=60).map(lambda text: ("thinking", text)),
        st.just(("call", '{"city": "Paris", "days": 3}')),
    ),
    min_size=1,
    max_size=5,
)


@given(BLOCKS, st.booleans())
def test_a_resumed_conversation_looks_as_the_live_one_did(blocks: list[tuple[str, str]], unfolded: bool) -> None:
    make = {"text": says, "thinking": thinks}
    built = [make[kind](text, n) if kind in make else calls(n, text) for n, (kind, text) in enumerate(blocks)]
    events = answer(*built)
    partial = Partial()
    for event in events:
        partial.apply(event)
    base = Message("a1", "s", "u1", Role.ASSISTANT, (), timings={"block_ms": {str(n): 1500 for n in range(len(blocks))}})
    live = of([TurnStarted("s", prompt()), *events, DONE])
    resumed = of(replay([prompt(), partial.message(base, Status.COMPLETE)]))
    for conversation in (live, resumed):
        for folding in ("thinking", "tools"):
            conversation.fold_all(folding, 2 if unfolded else 0)
    assert [cell.key for cell in resumed.cells] == [cell.key for cell in live.cells]
    assert screen(resumed) == screen(live)
