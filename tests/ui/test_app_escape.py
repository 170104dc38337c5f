"""Esc, Ctrl+C and Ctrl+D in the whole program: what they stop, close, clear and leave, and what they never do."""

from __future__ import annotations

import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from claude_tui import tools
from claude_tui.config import Settings
from claude_tui.domain.messages import Role, Status
from claude_tui.fakeapi import Call, FakeApi, Fault, Say, Script, ThreadApi
from claude_tui.ui import chat_commands
from claude_tui.ui.picker import Picker
from tests.ui.running import Program, answering, running


@pytest.fixture
def api() -> Iterator[ThreadApi]:
    busy = Script((Fault.OVERLOADED(retry_after="30"), Say("never")))
    waits = Script((Call("wait_for_ever", {}),))
    with FakeApi.in_thread(answering(busy=busy, waits=waits)) as api:
        yield api


class Clock:
    """The time between presses, in the hand of the test."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = time.monotonic()
        monkeypatch.setattr(chat_commands, "time", SimpleNamespace(monotonic=lambda: self.now))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


async def stands_in(program: Program, phase: str) -> None:
    """Bring an answer to a phase."""
    await program.send({"thinking": "ponder", "text": "hang", "arguments": "arguing", "waiting": "silent", "retry": "busy"}[phase])
    if phase == "retry":
        await program.see("Retrying in")
        return
    await program.reached()
    shown = {"thinking": "Deep thought", "text": "The beginning", "arguments": "receiving arguments", "waiting": "Esc stops"}[phase]
    await program.see(shown)


@pytest.mark.parametrize("phase", ["waiting", "thinking", "text", "arguments", "retry"])
async def test_esc_stops_in_every_phase_and_keeps_what_came(api: ThreadApi, phase: str) -> None:
    async with running(api) as program:
        await stands_in(program, phase)
        await program.press("escape")
        await program.idle()
        nothing = phase in ("waiting", "retry")
        await program.see("nothing had come yet" if nothing else "what came is kept", "Idle")
        assert program.draft == (("silent" if phase == "waiting" else "busy") if nothing else "")
        assert "Retrying" not in program.shown
        answers = [message.status for message in program.session.path if message.role is Role.ASSISTANT]
        assert answers == ([] if nothing else [Status.INTERRUPTED])
        if not nothing:
            await program.send("and now?")
            await program.see("You said: and now?")


async def test_esc_stops_a_tool_that_runs(api: ThreadApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(tools.BUILTIN, "wait_for_ever", "tests.contract.slow_tool:WaitForEver")
    async with running(api, settings=Settings(tools={"wait_for_ever": "allow"})) as program:
        await program.send("waits")
        await program.see("the tool runs", "running")
        await program.press("escape")
        await program.idle()
        await program.see("not run", "Interrupted: what came is kept.")
        await program.ask("more")
        assert "You said: more" in program.shown
        assert [one.status for one in api.calls] == [200, 200]


async def test_esc_stops_an_answer_whose_tool_asks(api: ThreadApi) -> None:
    async with running(api, settings=Settings(tools={"calculator": "ask"})) as program:
        await program.send("count")
        await program.see("Allow calculator?")
        await program.press("escape")
        await program.idle()
        await program.see_no("Allow calculator?")
        await program.see("not run", "Interrupted")
        assert program.app.focused is program.chat.composer
        await program.ask("more")
        assert "You said: more" in program.shown


@pytest.mark.parametrize("open_", ["popup", "draft", "cursor", "selection"])
async def test_esc_stops_whatever_is_open_and_leaves_it_open(api: ThreadApi, open_: str) -> None:
    async with running(api) as program:
        await stands_in(program, "text")
        if open_ == "popup":
            await program.press("/", "m")
            await program.see("/model")
        elif open_ == "draft":
            await program.put("a draft")
        elif open_ == "cursor":
            await program.press("alt+up")
            assert program.chat.transcript.cursor is not None
        else:
            y = next(y for y, row in enumerate(program.rows) if "The beginning" in row)
            await program.drag((2, y), (8, y))
            assert program.chat.get_selected_text()
        await program.press("escape")
        await program.idle()
        await program.see("what came is kept")
        if open_ == "popup":
            assert "/model" in program.shown and program.draft == "/m"
        elif open_ == "draft":
            assert program.draft == "a draft"
        elif open_ == "cursor":
            assert program.chat.transcript.cursor is not None


async def test_a_dialog_keeps_esc_for_itself(api: ThreadApi) -> None:
    async with running(api) as program:
        await stands_in(program, "text")
        await program.press("f1")
        await program.see("Type to filter")
        await program.press("escape")
        await program.see_no("Type to filter")
        assert program.chat.dialogue.busy
        await program.press("escape")
        await program.idle()
        assert program.session.path[-1].status is Status.INTERRUPTED


async def test_esc_esc_clears_a_draft_and_up_brings_it_back(api: ThreadApi, clock: Clock) -> None:
    async with running(api) as program:
        await program.put("a draft of two\nlines")
        await program.press("escape")
        clock.now += 0.6
        await program.press("escape")
        assert program.draft == "a draft of two\nlines"
        clock.now += 0.4
        await program.press("escape")
        assert program.draft == ""
        await program.press("up")
        assert program.draft == "a draft of two\nlines"


async def test_another_key_between_two_escs_makes_them_two(api: ThreadApi, clock: Clock) -> None:
    async with running(api) as program:
        await program.put("a draft")
        await program.press("escape", "x", "escape")
        assert program.draft == "a draftx"


async def test_esc_esc_on_nothing_picks_an_earlier_prompt_and_again_leaves_the_editing(api: ThreadApi, clock: Clock) -> None:
    async with running(api) as program:
        await program.ask("first")
        await program.ask("second")
        await program.press("escape", "escape")
        assert isinstance(program.app.screen, Picker)
        await program.see("Edit an earlier prompt", "first", "second")
        await program.press("down", "enter")
        await program.see("editing an earlier prompt")
        assert program.draft == "first"
        await program.press("escape", "escape")
        await program.see_no("editing an earlier prompt")
        assert program.draft == ""
        await program.ask("third")
        assert len(program.session.path) == 6


async def test_an_esc_that_stopped_never_counts_as_the_first_of_two(api: ThreadApi, clock: Clock) -> None:
    async with running(api) as program:
        await stands_in(program, "text")
        await program.put("a draft")
        await program.press("escape", "escape", "escape", "escape")
        await program.idle()
        clock.now += 0.9
        await program.press("escape", "escape")
        assert program.draft == "a draft"
        clock.now += 0.2
        await program.press("escape", "escape")
        assert program.draft == ""


async def test_esc_closes_popup_selection_and_cursor_one_after_the_other(api: ThreadApi, clock: Clock) -> None:
    async with running(api) as program:
        await program.ask("words")
        y = next(y for y, row in enumerate(program.rows) if "You said" in row)
        await program.press("alt+up")
        await program.drag((2, y), (8, y))
        await program.press("escape")
        assert not program.chat.get_selected_text()
        assert program.chat.transcript.cursor is not None
        await program.press("escape")
        assert program.chat.transcript.cursor is None
        assert program.app.focused is program.chat.composer
        await program.press("/", "h")
        await program.see("/help")
        await program.press("escape")
        await program.see_no("/help")
        assert program.draft == "/h"


async def test_ctrl_c_copies_stops_clears_and_leaves_in_this_order(api: ThreadApi, clock: Clock) -> None:
    async with running(api) as program:
        await stands_in(program, "text")
        await program.put("a draft")
        y = next(y for y, row in enumerate(program.rows) if "The beginning" in row)
        await program.drag((4, y), (6, y))
        await program.press("ctrl+c")
        await program.told("3 characters")
        assert program.chat.dialogue.busy and not program.chat.get_selected_text()
        await program.press("ctrl+c")
        await program.idle()
        assert program.session.path[-1].status is Status.INTERRUPTED
        assert program.draft == "a draft"
        await program.press("ctrl+c")
        assert program.draft == ""
        await program.press("ctrl+c")
        await program.told("Ctrl+C once more")
        clock.now += 2
        await program.press("ctrl+c")
        assert program.app.return_value is None
        clock.now += 1
        program.send_key("ctrl+c")
        await program.until(lambda: program.app.return_value, "the end")
        assert program.app.return_value is not None and program.app.return_value.code == 0
        assert program.app.return_value.session is not None


async def test_ctrl_d_twice_on_an_empty_draft_leaves(api: ThreadApi, clock: Clock) -> None:
    async with running(api) as program:
        await program.put("ab")
        await program.press("home", "ctrl+d", "ctrl+d")
        assert program.draft == "" and program.app.return_value is None
        await program.press("ctrl+d", "ctrl+c", "ctrl+d")  # two different keys are not twice one
        clock.now += 1.6
        await program.press("ctrl+d")
        assert program.app.return_value is None
        program.send_key("ctrl+d")
        await program.until(lambda: program.app.return_value, "the end")


async def test_a_key_when_nothing_has_the_focus_is_the_drafts(api: ThreadApi) -> None:
    async with running(api) as program:
        program.chat.set_focus(None)
        await program.type("ab")
        assert program.draft == "ab" and program.app.focused is program.chat.composer
        program.chat.transcript.focus()  # without a cursor on any message
        await program.type("1")
        assert program.draft == "ab1" and program.app.focused is program.chat.composer
