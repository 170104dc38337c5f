"""The program as somebody meets it: on a full screen, against the fake API."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from claude_tui.fakeapi import Call, FakeApi, Say, Script, Think, ThreadApi, WaitFor
from claude_tui.files import Paths
from claude_tui.store.sqlite import SqliteStore
from tests.contract.command import run
from tests.e2e.screen import ESC, F1, ScreenTerminal
from tests.e2e.tokens import left_on

pytestmark = pytest.mark.pty

KILLS = 2  # in each of two conversations; `scripts.torture` has many more
USAGE = {"input_tokens": 1234, "output_tokens": 567, "cache_read_input_tokens": 4000, "cache_creation_input_tokens": 800}
CODE = "```python\ndef f(x):\n    return x + 1\n```\n"


def answer(body: dict[str, Any], n: int) -> Script:
    """By the last prompt."""
    content = body["messages"][-1]["content"]
    if content[0]["type"] == "tool_result":
        return Script((Say(f"It is **{content[0]['content']}**."),), usage=USAGE)
    match content[-1]["text"].split()[0]:
        case "stream":
            return Script(
                (
                    Think("Deep thoughts about nothing."),
                    Say("Some words", stop=False),
                    WaitFor("more"),
                    Say(" and more.", start=False),
                ),
                usage=USAGE,
            )
        case "count":
            return Script((Think("A tool."), Say("Counting."), Call("calculator", {"expression": "6 * 7"})))
        case "hang":
            return Script((Say("The beginning", stop=False), WaitFor("never")))
        case "hold":
            return Script((Say(f"Held {content[-1]['text'].split()[1]}.", stop=False), WaitFor("never")))
        case "silent":
            return Script((WaitFor("never"),))
        case "code":
            return Script((Say(f"Here:\n\n{CODE}\n| a | b |\n|---|---|\n| 中文 | 2 |\n"),), usage=USAGE)
        case other:
            return Script((Say(f"You said: {other}"),), usage=USAGE)


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadApi]:
    with FakeApi.in_thread(answer) as api:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", api.url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", api.key)
        yield api


def stored(*arguments: str) -> Any:
    return run(*arguments, "-o", "json").told(0).json


def last_session() -> dict[str, Any]:
    [newest, *_] = stored("sessions", "list")
    shown: dict[str, Any] = stored("sessions", "show", newest["id"])
    return shown


def texts(session: dict[str, Any]) -> list[str]:
    return [block.get("text", "") for message in session["messages"] for block in message["content"] if block["type"] == "text"]


def test_a_conversation_from_start_to_resume(api: ThreadApi) -> None:
    with ScreenTerminal(anew=True) as terminal:
        terminal.ready()
        terminal.send("stream now")
        terminal.see("▸ Thinking", "Some words")
        assert "and more" not in terminal.shown
        api.release("more")
        terminal.see("Some words and more.", "Idle", "in 1.2k", "out 567")
        terminal.type("\x14\x14")  # Ctrl+T twice: from one line to all of it
        terminal.see("Deep thoughts about nothing.")
        terminal.send("count")
        terminal.see("calculator · 6 * 7", "✓", "It is 42.")
        terminal.type("\x0f")
        terminal.see("expression: 6 * 7")
        assert terminal.quit() == 0
        assert "claude-tui -r " in terminal.text
    session = last_session()
    assert texts(session)[:2] == ["stream now", "Some words and more."]
    with ScreenTerminal("-c") as terminal:
        terminal.see("It is 42.", "calculator · 6 * 7", "out 567")
        terminal.send("again")
        terminal.see("You said: again")
        assert terminal.quit() == 0
    assert len(api.requests) == 4
    assert [message["role"] for message in api.requests[-1].body["messages"]].count("user") == 4


def test_text_and_enter_in_one_write_are_sent(api: ThreadApi) -> None:
    with ScreenTerminal() as terminal:
        terminal.ready()
        terminal.type("hello\r")
        terminal.see("You said: hello")


def test_esc_enter_is_a_new_line_and_never_a_send(api: ThreadApi) -> None:
    with ScreenTerminal() as terminal:
        terminal.ready()
        terminal.type("one\x1b\rtwo")
        terminal.see("one", "two")
        assert not api.requests
        terminal.type("\r")
        terminal.see("You said: one")
        assert api.requests[0].body["messages"][0]["content"][0]["text"] == "one\ntwo"


def test_esc_stops_at_once_and_keeps_what_came(api: ThreadApi) -> None:
    with ScreenTerminal() as terminal:
        terminal.ready()
        terminal.send("hang on")
        terminal.see("The beginning")
        terminal.type("a draft meanwhile")
        terminal.see("a draft meanwhile")
        terminal.type(ESC)
        shown = terminal.see("Interrupted: what came is kept.", "a draft meanwhile")
        assert "The beginning" in shown
        terminal.type("\r")
        terminal.see("You said: a")
        assert terminal.quit() == 0
    session = last_session()
    assert [message["status"] for message in session["messages"]] == ["complete", "interrupted", "complete", "complete"]


def test_esc_before_anything_came_gives_the_prompt_back(api: ThreadApi) -> None:
    with ScreenTerminal() as terminal:
        terminal.ready()
        terminal.send("silent please")
        terminal.see("Esc stops")
        terminal.type(ESC)
        terminal.see("Interrupted: nothing had come yet.")
        terminal.until(lambda shown: shown.count("silent please") == 2, "the prompt in the composer")
        terminal.type("\x15hello\r")
        terminal.see("You said: hello", "2/2")
        terminal.see_no("silent please")
        assert terminal.quit() == 0
    assert texts(last_session()) == ["hello", "You said: hello"]


def test_prompts_queue_while_an_answer_runs(api: ThreadApi) -> None:
    with ScreenTerminal() as terminal:
        terminal.ready()
        terminal.send("stream now")
        terminal.see("Some words")
        terminal.send("second")
        terminal.see("queued: second")
        terminal.type("\x1b[A")
        terminal.see_no("queued: second")
        terminal.see("┃ second")
        terminal.type("s\r")
        terminal.see("queued: seconds")
        api.release("more")
        terminal.see("You said: seconds")
        assert terminal.quit() == 0


def test_an_interrupt_never_sends_the_queue(api: ThreadApi) -> None:
    with ScreenTerminal() as terminal:
        terminal.ready()
        terminal.send("hang")
        terminal.see("The beginning")
        terminal.send("waiting")
        terminal.see("queued: waiting")
        terminal.type(ESC)
        terminal.see("Interrupted", "queued: waiting")
        assert len(api.requests) == 1
        assert terminal.quit() == 0
    with ScreenTerminal("-c") as terminal:
        terminal.see("queued: waiting")
        terminal.type("\r")
        terminal.see("You said: waiting")


def test_ctrl_c_clears_a_draft_and_quits_at_the_second_press(api: ThreadApi) -> None:
    with ScreenTerminal() as terminal:
        terminal.ready()
        terminal.type("something")
        terminal.see("something")
        terminal.type("\x03")
        terminal.see("Message Claude")
        terminal.type("\x1b[A")
        terminal.see("something")
        terminal.type("\x03")
        terminal.see("Message Claude")
        terminal.type("\x03")
        terminal.see("once more")
        terminal.type("\x03")
        terminal.drain()
        assert terminal.code() == 0


@pytest.mark.parametrize("word", ["exit", "quit", "退出", "/quit"])
def test_exit_words(api: ThreadApi, word: str) -> None:
    with ScreenTerminal() as terminal:
        terminal.ready()
        terminal.send(word)
        terminal.drain()
        assert terminal.code() == 0
    assert not api.requests


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGQUIT, 131)])
def test_signals_commit_and_give_the_terminal_back(api: ThreadApi, number: signal.Signals, code: int) -> None:
    with ScreenTerminal() as terminal:
        terminal.ready()
        terminal.send("hang")
        terminal.see("The beginning")
        terminal.process.send_signal(number)
        raw = terminal.drain()
        assert terminal.code() == code
        assert left_on(raw) == set()
    session = last_session()
    assert session["session"]["status"] == "interrupted"
    assert "The beginning" in texts(session)


def test_sigint_from_outside_stops_the_answer_and_twice_more_the_program(api: ThreadApi) -> None:
    with ScreenTerminal() as terminal:
        terminal.ready()
        terminal.send("hang")
        terminal.see("The beginning")
        terminal.process.send_signal(signal.SIGINT)
        terminal.see("Interrupted: what came is kept.")
        terminal.process.send_signal(signal.SIGINT)
        terminal.see("once more")
        terminal.process.send_signal(signal.SIGINT)
        terminal.drain()
        assert terminal.code() == 0


@pytest.mark.slow
@pytest.mark.unmeasured
@pytest.mark.parametrize("conversation", range(2))
def test_kill_9_loses_nothing(api: ThreadApi, conversation: int) -> None:
    """What was on the screen is in the history, the draft included, and the conversation goes on."""
    said: list[str] = []
    for kill in range(KILLS):
        with ScreenTerminal(*(["-c"] if kill else [])) as terminal:
            if kill:
                said += goes_on(api, terminal, kill - 1)
            else:
                terminal.ready()
            terminal.send(f"hold {kill}")
            terminal.see(f"Held {kill}.")
            terminal.type(f"note{kill} half a dra")
            terminal.see(f"note{kill} half a dra")
            terminal.until(lambda _, kill=kill: asyncio.run(_draft()) == f"note{kill} half a dra", "the saved draft")
            terminal.kill()
        said += [f"hold {kill}", f"Held {kill}."]
        session = last_session()
        assert texts(session) == said
        assert session["session"]["status"] == "interrupted"
    with ScreenTerminal("-c") as terminal:
        said += goes_on(api, terminal, KILLS - 1)
        assert terminal.quit() == 0
    assert texts(last_session()) == said


def goes_on(api: ThreadApi, terminal: ScreenTerminal, kill: int) -> list[str]:
    """What this kill left is on the screen, and its draft can be finished and sent; the texts of that turn."""
    terminal.see(f"note{kill} half a dra")
    terminal.until(lambda shown: "Interrupted" in shown.partition(f"Held {kill}.")[2], "the mark below the answer")
    terminal.type("ft\r")
    terminal.see(f"You said: note{kill}")
    assert api.requests[-1].body["messages"][-1]["content"][-1]["text"] == f"note{kill} half a draft"
    return [f"note{kill} half a draft", f"You said: note{kill}"]


async def _draft() -> str:
    """The newest session's, as the file holds it now."""
    store = await SqliteStore.open(Paths.find().data)
    try:
        newest, *_ = await store.sessions()
        return (await store.desk(newest.id)).draft
    finally:
        await store.close()


def test_a_draft_that_was_never_sent_is_back_at_the_next_start(api: ThreadApi) -> None:
    with ScreenTerminal() as terminal:
        terminal.ready()
        terminal.type("unsent words")
        terminal.see("unsent words")
        terminal.process.send_signal(signal.SIGTERM)
        terminal.drain()
    with ScreenTerminal() as terminal:
        terminal.see("unsent words", "is back")


async def _unsent() -> str:
    """What of a draft that was never sent is in the file now."""
    store = await SqliteStore.open(Paths.find().data)
    try:
        return "".join([(await store.desk(session.id)).draft for session in await store.unsent()])
    finally:
        await store.close()


@pytest.mark.unmeasured
def test_a_draft_is_saved_while_somebody_types_without_a_pause(api: ThreadApi) -> None:
    typed = saved = ""
    with ScreenTerminal() as terminal:
        terminal.ready()
        while not saved and len(typed) < 2000:
            for _ in range(5):
                typed += chr(ord("a") + len(typed) % 26)
                terminal.type(typed[-1])
                terminal.see(typed[-3:])
            saved = asyncio.run(_unsent())
        terminal.kill()
    assert saved and typed.startswith(saved)


def test_a_session_that_is_open_elsewhere_is_followed_and_can_be_forked(api: ThreadApi) -> None:
    with ScreenTerminal() as writer:
        writer.ready()
        writer.send("stream")
        writer.see("Some words")
        with ScreenTerminal("-c") as reader:
            reader.see("Some words", "read-only", "Another process")
            api.release("more")
            writer.see("and more.")
            reader.see("and more.")
            reader.send("mine")
            reader.see("read-only here")
            reader.type("\x15/branch\r")
            reader.see_no("Another process")
            reader.type("\x15mine\r")
            reader.see("You said: mine")
            assert reader.quit() == 0
        assert "mine" not in writer.shown
        assert writer.quit() == 0
    assert len(stored("sessions", "list")) == 2


def test_help_and_palette_are_there(api: ThreadApi) -> None:
    with ScreenTerminal() as terminal:
        terminal.ready()
        terminal.type(F1)
        terminal.see("Help", "Ctrl+J", "Type to filter")
        terminal.type(ESC)
        terminal.see_no("Type to filter")
        terminal.type("\x10")
        terminal.see("Commands", "New session")
        terminal.type("theme\r")
        terminal.see("contrast-dark")
        terminal.type(ESC)
        terminal.see("Message Claude")


def test_the_first_run_without_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    with ScreenTerminal() as terminal:
        terminal.see("A key is needed", "ANTHROPIC_API_KEY", "/demo")
        terminal.send("hello?")
        terminal.see("No usable credentials", "┃ hello?")
        terminal.type("\x15/demo\r")
        terminal.see("The demo", "canned")
        terminal.send("你好")
        terminal.see("你好", "Idle", "out ")
        assert terminal.quit() == 0


def test_code_tables_and_chinese_are_drawn(api: ThreadApi) -> None:
    with ScreenTerminal() as terminal:
        terminal.ready()
        terminal.send("code")
        shown = terminal.see("return x + 1", "python", "copy", "中")
        assert "│" in shown
        assert "```" not in shown


def test_an_unknown_session_is_a_sentence_and_exit_1() -> None:
    with ScreenTerminal("-r", "01zzzzzz") as terminal:
        raw = terminal.drain()
        assert terminal.code() == 1
    assert b"No session" in raw
    assert b"Traceback" not in raw
