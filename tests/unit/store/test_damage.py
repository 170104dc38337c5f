"""A message that is no longer what was stored is marked, shown as far as it can be read, and told of wherever it is shown."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from claude_tui.cli.labels import LabelledLines
from claude_tui.domain.events import Event, Notice, replay
from claude_tui.domain.messages import DAMAGED_SENTENCE, Message
from claude_tui.store import SqliteStore
from claude_tui.ui.conversation import Conversation
from tests.unit.store.samples import conversation, inside


async def flipped(data_dir: Path, which: int) -> list[Message]:
    """A conversation of two turns in which one letter of one message changed on the disk."""
    store = await SqliteStore.open(data_dir)
    _, path = await conversation(store, turns=2)
    await store.close()
    connection = inside(data_dir)
    connection.execute(
        "UPDATE messages SET blocks = replace(replace(blocks, 'question', 'quEstion'), 'answer', 'answEr') WHERE id = ?",
        (path[which].id,),
    )
    connection.close()
    store = await SqliteStore.open(data_dir)
    found = await store.path(path[-1].id)
    await store.close()
    return found


def lines_of(messages: Sequence[Message]) -> str:
    written: list[str] = []
    lines = LabelledLines(written.append, written.append, answer_label="Claude", you=True)
    for event in replay(messages):
        lines(event)
    return "".join(written)


@pytest.mark.parametrize("which", range(4))
async def test_it_is_told_beside_the_message_and_nowhere_else(data_dir: Path, which: int) -> None:
    messages = await flipped(data_dir, which)
    events: list[Event] = list(replay(messages))
    assert [event.message_id for event in events if isinstance(event, Notice)] == [messages[which].id]
    shown = Conversation(lambda _: ())
    shown.replace(events)
    notices = [cell for cell in shown.cells if cell.kind == "notice"]
    assert [cell.key for cell in notices] == [f"{messages[which].id}:notice"]
    text = lines_of(messages)
    assert text.count(DAMAGED_SENTENCE) == 1
    assert f"Note: {DAMAGED_SENTENCE}" in text and ("quEstion" in text or "answEr" in text)


async def test_what_is_whole_is_not_told_of(data_dir: Path, store: SqliteStore) -> None:
    _, path = await conversation(store, turns=2)
    assert not [event for event in replay(await store.path(path[-1].id)) if isinstance(event, Notice)]


def test_notices_of_the_moment_stay_out_of_the_transcript() -> None:
    shown = Conversation(lambda _: ())
    shown(Notice("NOT SAVED", "error"))
    assert shown.cells == []
