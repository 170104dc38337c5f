"""Watching a session of another process: what changed is drawn, no end is made up, and it is told when it is free."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import pytest

from claude_tui.domain.blocks import text_block
from claude_tui.domain.messages import Message, Role, Status
from claude_tui.engine.workspace import Watch
from claude_tui.ui import watching as module
from claude_tui.ui.conversation import Conversation
from claude_tui.ui.watching import Watching


def prompt(number: int) -> Message:
    return Message(f"p{number}", "s", f"a{number - 1}" if number > 1 else None, Role.USER, (text_block(f"prompt {number}"),))


def answer(number: int, text: str, status: Status = Status.COMPLETE) -> Message:
    stopped = status is Status.COMPLETE
    return Message(
        f"a{number}", "s", f"p{number}", Role.ASSISTANT, (text_block(text),), status=status,
        stop_reason="end_turn" if stopped else None, open_blocks=() if stopped else (0,),
    )  # fmt: skip


class FakeWatch:
    """Finds the given states one after the other; then the session is free."""

    def __init__(self, *states: list[Message] | None) -> None:
        self.states = list(states)

    async def changes(self) -> list[Message] | None:
        return self.states.pop(0) if self.states else None

    async def is_free(self) -> bool:
        return not self.states


async def watched(*states: list[Message] | None, stop_after: int = 99) -> tuple[Conversation, list[str]]:
    told: list[str] = []
    conversation = Conversation()

    def changed(messages: Sequence[Message]) -> None:
        told.append(f"{len(messages)}")
        if len(told) >= stop_after:
            watching.stop()

    watching = Watching(
        cast("Watch", cast("Any", FakeWatch(*states))), conversation, on_change=changed, on_free=lambda: told.append("free")
    )
    await watching.run()
    return conversation, told


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WATCH_SECONDS", 0.0)


def sources(conversation: Conversation) -> list[str]:
    return [cell.source() for cell in conversation.cells]


async def test_an_answer_grows_and_is_free_in_the_end() -> None:
    growing = [[prompt(1), answer(1, text, Status.STREAMING)] for text in ("Once", "Once upon")]
    conversation, told = await watched([prompt(1)], growing[0], None, growing[1], [prompt(1), answer(1, "Once upon a time")])
    assert sources(conversation) == ["prompt 1", "Once upon a time"]
    assert told == ["1", "2", "2", "2", "free"]


@pytest.mark.parametrize("last", [[prompt(1)], [prompt(1), answer(1, "Once", Status.STREAMING)]])
async def test_a_turn_that_still_runs_elsewhere_has_not_ended_here(last: list[Message]) -> None:
    conversation, _ = await watched(last, stop_after=1)
    assert "Interrupted" not in "\n".join(sources(conversation))
    ended = [prompt(1), answer(1, "Once", Status.INTERRUPTED)]
    conversation, _ = await watched(last, ended)
    assert "Interrupted" in sources(conversation)[-1]


async def test_only_the_last_turn_is_drawn_anew() -> None:
    before = [prompt(1), answer(1, "first")]
    kept: list[int] = []
    conversation = Conversation()
    states = [[*before, prompt(2)], [*before, prompt(2), answer(2, "second")]]
    watching = Watching(
        cast("Watch", cast("Any", FakeWatch(*states))), conversation,
        on_change=lambda _: kept.append(id(conversation.cells[1])), on_free=lambda: None,
    )  # fmt: skip
    await watching.run()
    assert sources(conversation) == ["prompt 1", "first", "prompt 2", "second"]
    assert kept[0] == kept[1]


async def test_another_version_replaces_what_followed_it() -> None:
    other = Message("q2", "s", "a1", Role.USER, (text_block("prompt two"),))
    before = [prompt(1), answer(1, "first")]
    conversation, _ = await watched([*before, prompt(2), answer(2, "second")], [*before, other])
    assert sources(conversation) == ["prompt 1", "first", "prompt two"]


async def test_stopped_means_silent() -> None:
    _, told = await watched([prompt(1)], [prompt(1), answer(1, "x")], stop_after=1)
    assert told == ["1"]
