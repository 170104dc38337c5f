"""A stream may be told anew at any moment: what was told and what follows fold to what the whole stream folds to."""

from hypothesis import example, given
from hypothesis import strategies as st

from claude_tui.domain.events import BlockStopped, MessageStarted, MessageStopped
from claude_tui.domain.messages import Status
from tests.unit.domain.reading import BASE, block, ending, folded, json_delta, order_problems, read, sse, start, text_delta
from tests.unit.domain.streams import Wire, wires

EMPTY_CALL = {"type": "tool_use", "id": "a", "name": "n", "input": {}}
WHOLE_THEN_SPACE = Wire(sse([start(), *block(EMPTY_CALL, json_delta("{}"), json_delta(" ")), *ending("tool_use")]), ())
SPLIT_PAIR = Wire(sse([start(), *block({"type": "text", "text": ""}, text_delta("\ud83d"), text_delta("\ude00")), *ending()]), ())
MISPLACED = Wire(sse([start(), *block({"type": "text", "text": ""}, json_delta("[1"), json_delta("]")), *ending()]), ())


@given(wires(), st.integers(0, 60))
@example(WHOLE_THEN_SPACE, 3)
@example(SPLIT_PAIR, 3)
@example(MISPLACED, 3)
def test_property_what_was_told_and_what_follows_are_the_whole(wire: Wire, at: int) -> None:
    events, _ = read([wire.data])
    before, after = events[:at], events[at:]
    told = list(folded(before).events({}))
    ends = [event for event in before if type(event) is MessageStopped]
    again, whole = folded([*told, *ends, *after]), folded(events)
    for status in (Status.COMPLETE, Status.INTERRUPTED, Status.STREAMING):
        assert again.message(BASE, status) == whole.message(BASE, status)
    assert again.complete == whole.complete
    if any(type(event) is MessageStarted for event in before):
        assert order_problems([*told, *ends, *after]) == []


def test_the_time_of_a_block_is_told_with_its_end() -> None:
    events, _ = read([sse([start(), *block({"type": "text", "text": "a"}), *ending()])])
    assert [event for event in folded(events).events({0: 1.5}) if type(event) is BlockStopped] == [BlockStopped(0, 1.5)]


def test_of_nothing_nothing_is_told() -> None:
    assert list(folded([]).events({})) == []
