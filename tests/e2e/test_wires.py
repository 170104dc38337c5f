"""A turn of the installed program on each wire, in a real terminal: what streams, is stopped, is gone on with, and what it cost."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from claude_tui.fakeapi import Call, FakeApi, Say, Script, Think, ThreadApi, WaitFor
from tests.contract.command import answers, newest, show, texts
from tests.e2e.screen import ESC, ScreenTerminal

pytestmark = [pytest.mark.pty, pytest.mark.unmeasured]

USAGE = {"input_tokens": 1234, "output_tokens": 567}
PLAN: tuple[Script, ...] = (
    Script((Think("Deep thoughts."), Say("I count. "), Call("calculator", {"expression": "6 * 7"})), usage=USAGE),
    Script((Say("It is **42**."),), usage=USAGE),
    Script((Say("The first half, ", stop=False), WaitFor("never"))),
    Script((Say("the second half."),), usage=USAGE),
)
F6 = "\x1b[17~"


def use_the_first(monkeypatch: pytest.MonkeyPatch, api: ThreadApi) -> None:
    monkeypatch.setenv("ANTHROPIC_BASE_URL", api.url)
    monkeypatch.setenv("ANTHROPIC_API_KEY", api.key)


def use_the_second(monkeypatch: pytest.MonkeyPatch, api: ThreadApi) -> None:
    section = {"WIRE": "openai", "BASE_URL": f"{api.url}/v1", "API_KEY_ENV": "GATEWAY_KEY", "MODEL": "claude-opus-5-5"}
    for name, value in section.items():
        monkeypatch.setenv(f"CLAUDE_TUI_PROVIDERS__GATEWAY__{name}", value)
    monkeypatch.setenv("CLAUDE_TUI_PROVIDER", "gateway")
    monkeypatch.setenv("GATEWAY_KEY", api.key)


@pytest.mark.parametrize("use", [use_the_first, use_the_second], ids=["anthropic", "openai"])
def test_a_turn(monkeypatch: pytest.MonkeyPatch, use: Callable[[pytest.MonkeyPatch, ThreadApi], None]) -> None:
    with FakeApi.in_thread(PLAN) as api:
        use(monkeypatch, api)
        with ScreenTerminal() as terminal:
            terminal.ready()
            terminal.send("6 * 7?")
            terminal.see("▸ Thinking", "calculator · 6 * 7", "✓", "It is 42.", "out 567", "$0.0")
            terminal.send("now half")
            terminal.see("The first half,")
            terminal.type(ESC)
            terminal.see("Interrupted")
            terminal.type(F6)
            terminal.see("the second half.", "continued", "Idle")
            assert terminal.quit() == 0
        wires = {call.wire for call in api.calls}
        assert len(api.calls) == len(PLAN) and len(wires) == 1
        assert [call.status for call in api.calls] == [200] * len(PLAN)
    shown = show(newest()["id"])
    assert [texts(message) for message in answers(shown)] == ["I count. ", "It is **42**.", "The first half, ", "the second half."]
    assert [message["status"] for message in answers(shown)] == ["complete", "complete", "interrupted", "complete"]
