"""The beginning of a long session comes later, in slices: what is drawn in the end is what one go would have drawn."""

import pytest

from claude_tui.domain.blocks import text_block
from claude_tui.domain.events import replay
from claude_tui.domain.messages import Message, Role
from claude_tui.ui import conversation as module
from claude_tui.ui.conversation import Conversation


def messages(turns: int) -> list[Message]:
    path: list[Message] = []
    for number in range(2 * turns):
        role = Role.ASSISTANT if number % 2 else Role.USER
        blocks = (text_block(f"text {number}"),)
        parent = path[-1].id if path else None
        path.append(Message(f"m{number}", "s", parent, role, created_at="2026-01-01T00:00:00Z", blocks=blocks))
    return path


@pytest.fixture(autouse=True)
def shortest_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SLICE", 0.0)


async def test_what_comes_in_front_is_as_if_all_had_been_drawn_at_once() -> None:
    path = messages(6)
    whole, parts = Conversation(), Conversation()
    whole.replace(replay(path))
    parts.replace(replay(path[8:]))
    last = parts.cells[-1]
    added = parts.put_in_front(await parts.draw_earlier(replay(path[:8])))
    assert [(cell.key, cell.kind, cell.gap) for cell in parts.cells] == [(cell.key, cell.kind, cell.gap) for cell in whole.cells]
    assert [(turn.index, turn.prompt.id) for turn in parts.turns] == [(turn.index, turn.prompt.id) for turn in whole.turns]
    assert added == len(whole.cells) - len(messages(2)) and parts.cells[-1] is last


async def test_what_was_drawn_anew_meanwhile_stays() -> None:
    path = messages(4)
    shown = Conversation()
    shown.replace(replay(path[4:]))
    earlier = await shown.draw_earlier(replay(path[:4]))
    shown.replace(replay(path))
    before = list(shown.cells)
    assert shown.put_in_front(earlier) == 0
    assert shown.cells == before


async def test_a_new_version_of_an_early_prompt_cuts_there() -> None:
    path = messages(4)
    shown = Conversation()
    shown.replace(replay(path[4:]))
    shown.put_in_front(await shown.draw_earlier(replay(path[:4])))
    again = Message("again", "s", path[1].id, Role.USER, created_at="2026-01-01T00:00:00Z", blocks=(text_block("again"),))
    for event in list(replay([again], running=True)):
        shown(event)
    assert [turn.prompt.id for turn in shown.turns] == ["m0", "again"]
    assert [cell.key for cell in shown.cells][-1] == "again"
