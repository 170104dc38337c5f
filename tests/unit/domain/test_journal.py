"""The journal holds what was streamed: its chunks fold to the same message, any beginning of them to a beginning of it."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from claude_tui.domain.events import Alive, BlockDelta, BlockStarted, BlockStopped, Event, MessageStarted, Notice
from claude_tui.domain.journal import Chunk, Journal, events_of, fold_chunks, timeline_of
from claude_tui.domain.messages import Message, Status
from tests.unit.domain.reading import BASE, block, ending, folded, message_of, order_problems, read, sse, start
from tests.unit.domain.streams import Wire, wires

flushes = st.sets(st.integers(0, 80), max_size=12)


def written(events: list[Event], flush_after: set[int]) -> list[Chunk]:
    """The chunks of these events when the journal is emptied after some of them."""
    journal, chunks = Journal(), list[Chunk]()
    for at, event in enumerate(events):
        journal.add(event, at)
        if at in flush_after:
            chunks += journal.take()
            assert journal.size == 0 and journal.take() == []
    return chunks + journal.take()


def stored(chunks: list[Chunk]) -> list[Chunk]:
    """The chunks as they come back from disk."""
    return [Chunk(*row) for row in json.loads(json.dumps([(one.ms, one.block, one.kind, one.text) for one in chunks]))]


def doubled(delta: dict[str, object], seed: dict[str, object]) -> Wire:
    return Wire(sse([start(), *block(seed, delta, delta), *ending()]), ())


TEXT: dict[str, object] = {"type": "text", "text": ""}


@given(wires(), flushes)
@example(doubled({"type": "signature_delta", "signature": "s"}, {"type": "thinking", "thinking": ""}), set())
@example(doubled({"type": "thinking_delta", "thinking": "t"}, TEXT), set())
@example(doubled({"type": "citations_delta", "citation": None}, TEXT), set())
@example(doubled({"type": "text_delta", "text": "t", "beside": 1}, TEXT), set())
@example(doubled({"type": "text_delta", "text": "\ud83d"}, TEXT), {3})
def test_property_chunks_fold_like_events(wire: Wire, flush_after: set[int]) -> None:
    events, _ = read([wire.data])
    live = folded(events)
    for chunks in (written(events, flush_after), written(events, set()), written(events, set(range(len(events))))):
        again = fold_chunks(stored(chunks))
        for status in (Status.COMPLETE, Status.INTERRUPTED):
            assert again.message(BASE, status) == live.message(BASE, status)
        assert again.complete == live.complete and order_problems(events_of(chunks)) == []


def units(text: object) -> bytes:
    """A text in units of UTF-16, in which half a pair is a beginning of the pair."""
    return str(text).encode("utf-16-le", "surrogatepass")


def texts(message: Message) -> list[tuple[bytes, bytes]]:
    return [(units(one.get("text", "")), units(one.get("thinking", ""))) for one in message.blocks]


@given(wires(), flushes, st.integers(0, 60))
def test_property_a_beginning_of_the_chunks_is_a_beginning_of_the_message(wire: Wire, flush_after: set[int], length: int) -> None:
    events, _ = read([wire.data])
    chunks = written(events, flush_after)
    whole = fold_chunks(chunks).message(BASE, Status.INTERRUPTED)
    part = fold_chunks(chunks[:length]).message(BASE, Status.INTERRUPTED)
    assert len(part.blocks) <= len(whole.blocks)
    for (text, thinking), (all_text, all_thinking) in zip(texts(part), texts(whole), strict=False):
        assert all_text.startswith(text) and all_thinking.startswith(thinking)
    still_open = set(whole.open_blocks) & set(range(len(part.blocks)))
    assert still_open <= set(part.open_blocks)


@given(wires(), flushes)
def test_property_the_timeline_sums_to_the_text(wire: Wire, flush_after: set[int]) -> None:
    events, _ = read([wire.data])
    timeline = timeline_of(written(events, flush_after))
    streamed = [event for event in events if type(event) is BlockDelta and event.kind not in ("citation", "other")]
    for number in {event.number for event in streamed}:
        total = sum(len(event.text) for event in streamed if event.number == number)
        assert sum(count for _, where, count in timeline if where == number) == total
    times = [ms for ms, _, _ in timeline]
    assert times == sorted(times)


def test_deltas_that_wait_together_become_one_chunk() -> None:
    journal = Journal()
    for at, part in enumerate(["a", "b", "c"]):
        assert journal.add(BlockDelta(0, "text", part), 10 + at)
    journal.add(BlockDelta(1, "text", "d"), 20)
    assert journal.size == 4
    assert journal.take() == [Chunk(10, 0, "text", "abc"), Chunk(20, 1, "text", "d")]


def test_what_the_journal_leaves_out() -> None:
    journal = Journal()
    assert not journal.add(Alive(), 1) and not journal.add(Notice("x"), 1)
    assert journal.take() == [] and journal.size == 0


def test_what_is_written_is_ascii_or_text() -> None:
    chunks = written(
        [MessageStarted("é", None, None), BlockStarted(0, {"type": "text", "text": "\ud800é"}), BlockStopped(0)], set()
    )
    assert all(chunk.text.isascii() for chunk in chunks)
    assert fold_chunks(chunks).blocks() == ({"type": "text", "text": "\ud800é"},)


def test_an_unknown_kind_of_chunk_is_an_error() -> None:
    with pytest.raises(ValueError, match="hologram"):
        list(events_of([Chunk(0, 0, "hologram", "")]))


def test_a_prefix_is_not_complete() -> None:
    events, _ = read([sse([start(), *block(TEXT), *ending()])])
    chunks = written(events, set())
    assert fold_chunks(chunks).complete and not fold_chunks(chunks[:-1]).complete
    assert message_of(events_of(chunks[:-1])).status is Status.INTERRUPTED
