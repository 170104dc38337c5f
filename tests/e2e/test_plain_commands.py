"""Slash commands in plain mode: what they do in a real terminal, and that none of them is ever sent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from claude_tui.fakeapi import FakeApi, Say, Script, ThreadApi, WaitFor
from tests.e2e.terminal import CONTROL_C, Terminal, conversation

pytestmark = pytest.mark.pty

HUNG = Script((Say("The beginning", stop=False), WaitFor("never")))


def answer(body: dict[str, Any], n: int) -> Script:
    """`begin` hangs; everything else is answered."""
    said = body["messages"][-1]["content"][-1]["text"]
    if said == "begin":
        return HUNG
    return Script((Say(" and the end." if said.startswith("Your previous") else f"You said: {said}"),))


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadApi]:
    with FakeApi.in_thread(answer) as api:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", api.url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", api.key)
        yield api
        assert [call.error for call in api.calls] == [None] * len(api.calls)


def last_prompt(api: ThreadApi) -> list[str]:
    return [block["text"] for block in api.calls[-1].body["messages"][-1]["content"]]


def test_an_interrupted_answer_is_gone_on_with(api: ThreadApi) -> None:
    with Terminal("chat", "--plain") as terminal:
        terminal.expect("/help lists", "You: ")
        terminal.enter("begin")
        terminal.expect("Claude: The beginning")
        terminal.type(CONTROL_C)
        terminal.expect("Interrupted: what came is kept.\n\nNote: /continue goes on.\n\n", "You: ")
        terminal.leave()
    with Terminal("chat", "--plain", "-c") as terminal:
        terminal.expect("Note: /continue goes on.\n\n", "You: ")
        terminal.enter("/continue")
        terminal.expect("Note: the answer goes on.\nClaude:  and the end.\nTokens: ", "\n\n", "You: ")
        live = conversation(terminal.text)
        terminal.enter("/continue")
        terminal.expect("The answer is complete; write what you want next.\n\n", "You: ")
        terminal.leave("/quit")
    assert len(api.calls) == 2
    with Terminal("chat", "--plain", "-c") as terminal:
        terminal.expect("and the end.", "Tokens: ", "You: ")
        assert conversation(terminal.text) == live.replace("You: /continue\n", "")


def test_commands_are_never_sent(api: ThreadApi) -> None:
    with Terminal("chat", "--plain") as terminal:
        terminal.expect_prompt()
        for line, said in {
            "/help": "/continue ",
            "/nonsense and more": "There is no command /nonsense here; /help lists",
            "/cost": "This session: nothing used.\nToday: nothing used.\nThis month: nothing used.\n\n",
            "/retry": "There is no prompt here to ask again.",
            "/compact": "There is nothing to compact yet.",
            "/provider nowhere": "There is no provider nowhere; there are: ",
            "/effort": "The effort is default.",
            "/model claude-haiku-5-5": "From the next request on claude-haiku-5-5 answers.",
        }.items():
            terminal.enter(line)
            terminal.expect(said, "You: ")
        assert not api.calls
        for sent in ("/etc/hosts is a file", " /nonsense"):
            terminal.enter(sent)
            terminal.expect("Claude: You said: ", "Tokens: ", "You: ")
            assert last_prompt(api) == [sent]
        assert api.calls[0].body["model"] == "claude-haiku-5-5"
        terminal.enter("/retry")
        terminal.expect("Claude: You said:  /nonsense\n", "You: ")
        assert api.calls[2].body["messages"] == api.calls[1].body["messages"]
        terminal.enter("/cost")
        terminal.expect("This session: cost ", "3 requests", "Today: cost ", "This month: cost ", "You: ")
        terminal.enter("/new")
        terminal.expect("This is a new session, with ", "To go on with the one before: claude-tui -r ", "You: ")
        terminal.enter("afresh")
        terminal.expect("Claude: You said: afresh\n", "You: ")
        assert len(api.calls[3].body["messages"]) == 1 and api.calls[3].body["model"] != "claude-haiku-5-5"
        terminal.leave("/quit")


def test_a_budget_is_gone_over_when_the_user_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    dear = Script((Say("Yes."),), usage={"input_tokens": 250_000, "output_tokens": 1})
    with FakeApi.in_thread(dear) as api:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", api.url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", api.key)
        with Terminal("chat", "--plain", CLAUDE_TUI_BUDGET__SESSION="0.5") as terminal:
            terminal.expect_prompt()
            terminal.enter("one")
            terminal.expect("Claude: Yes.", "You: ")
            terminal.enter("two")
            terminal.expect("Error: The budget for this session", "Note: /continue goes on, over the budget.\n\n", "You: ")
            assert len(api.calls) == 1
            terminal.enter("/continue")
            terminal.expect("Claude: Yes.", "You: ")
            assert len(api.calls) == 2
            terminal.leave()
