"""`chat --plain` and `demo` as somebody meets them: the installed program in a real terminal, against the fake API."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from claude_tui.fakeapi import Call, FakeApi, Fault, Say, Script, Think, ThreadApi, WaitFor
from tests.contract.command import Ended, newest, run, show
from tests.e2e.terminal import CONTROL_C, CONTROL_D, CONTROL_S, Terminal, conversation, foreign_bytes

pytestmark = pytest.mark.pty

USAGE = {"input_tokens": 321, "output_tokens": 45, "cache_read_input_tokens": 6}
HOSTILE = "a\x1b[2Jb\x1b]52;c;QUJD\x07c\x9b31md\u202ee\x1b]0;title\x1b\\f\rg\x00h\x7fi\u2066j"
IN_TIME = 4.0  # one second at rest
HUNG = Script((Think("Hm."), Say("The beginning", stop=False), WaitFor("never"), Say(" and the end.", start=False)))


def answer(body: dict[str, Any], n: int) -> Script:
    """By the last prompt."""
    content = body["messages"][-1]["content"]
    if content[0]["type"] == "tool_result":
        return Script((Say(f"It is **{content[0]['content']}**."),), usage=USAGE)
    match content[-1]["text"]:
        case "stream":
            return Script(
                (
                    Think("First I think.\n\nThen I think again."),
                    Say("Some words", stop=False),
                    WaitFor("more"),
                    Say(" and more.\n\n- a\n- list\n", start=False),
                ),
                usage=USAGE,
            )
        case "count":
            return Script((Think("A tool."), Say("# Counting"), Call("calculator", {"expression": "6 * 7"})))
        case "hang":
            return HUNG
        case "hang in arguments":
            return Script((Say("So:"), Call("calculator", raw='{"expression": "1 +', stop=False), WaitFor("never")))
        case "hostile":
            return Script((Think(HOSTILE, chars=1), Say(HOSTILE, chars=1), Call(f"x{HOSTILE}"[:20], {HOSTILE: [HOSTILE]})))
        case other:
            return Script((Say(f"You said: {other}"),), usage=USAGE)


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadApi]:
    with FakeApi.in_thread(answer) as api:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", api.url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", api.key)
        yield api


def command(*arguments: str, given: str | None = None) -> Ended:
    """The program without a terminal."""
    return run(*arguments, stdin=given)


def stored() -> list[dict[str, Any]]:
    """The messages of the newest session."""
    return show(newest()["id"])["messages"]


def last_prompt(api: ThreadApi) -> list[str]:
    return [block["text"] for block in api.calls[-1].body["messages"][-1]["content"]]


def accepted(api: ThreadApi) -> bool:
    """Whether the strict validator took every request."""
    return [call.error for call in api.calls] == [None] * len(api.calls)


def converse(api: ThreadApi, terminal: Terminal) -> None:
    """A conversation with everything in it, up to the prompt after it."""
    terminal.expect_prompt()
    terminal.enter("stream")
    terminal.expect("Thinking: First I think.\n\nThen I think again.\n", "Claude: Some words")
    api.wait_reached(0, "more")
    assert " and more" not in terminal.text
    api.release("more")
    terminal.expect(" and more.\n\n- a\n- list\n", "Tokens: in 321, out 45, cache read 6", "\n\n", "You: ")
    terminal.enter("count")
    terminal.expect("Thinking: A tool.\nClaude:\n# Counting\nTool calculator\n  expression: 6 * 7\nResult calculator: 42\n")
    terminal.expect("Claude: It is **42**.\nTokens: in 321, out 45, cache read 6", "\n\n", "You: ")
    terminal.enter("hang")
    terminal.expect("Thinking: Hm.\nClaude: The beginning")
    terminal.type(CONTROL_C)
    terminal.expect("\nInterrupted: what came is kept.\n\n", "You: ")
    api.wait_closed(3)
    terminal.enter("hang in arguments")
    terminal.expect("Claude: So:\nTool calculator\n")
    api.wait_reached(4, "never")
    terminal.type(CONTROL_C)
    terminal.expect('  (not valid JSON) {"expression": "1 +\n', "Interrupted", "\n\n", "You: ")
    terminal.enter("after")
    terminal.expect("Claude: You said: after\nTokens: ", "\n\n", "You: ")
    assert accepted(api)


def test_a_conversation_and_all_ways_back_to_it(api: ThreadApi) -> None:
    with Terminal("chat", "--plain") as terminal:
        converse(api, terminal)
        terminal.leave()
        live, raw = conversation(terminal.text), terminal.raw
    assert not foreign_bytes(raw)
    messages = stored()
    assert [message["status"] for message in messages if message["role"] == "assistant"].count("interrupted") == 2
    assert {key: messages[1]["usage"][key] for key in USAGE} == USAGE
    session_id = raw.decode().split("claude-tui -r ")[1].strip()
    for number, (words, arguments) in enumerate({"quit": ["-c"], "退出": ["-r", session_id[:20]], "exit": ["-r"]}.items()):
        with Terminal("chat", "--plain", *arguments) as terminal:
            if arguments == ["-r"]:
                terminal.expect("1. ", "stream\n", "Enter for a new one): ")
                terminal.enter("1")
            terminal.expect_prompts(live.count("You: ") + 1)
            assert conversation(terminal.text) == live
            terminal.enter(f"again {number}")
            terminal.expect(f"Claude: You said: again {number}\n", "You: ")
            terminal.leave(words)
            live = conversation(terminal.text)
    assert accepted(api)
    assert len(api.calls[-1].body["messages"]) > 10


@pytest.mark.parametrize("term", ["dumb", "xterm-256color"])
def test_only_the_line_editor_writes_control_codes(api: ThreadApi, term: str) -> None:
    with Terminal("chat", "--plain", term=term) as terminal:
        converse(api, terminal)
        terminal.leave()
        codes = set(re.findall(rb"\x1b[^a-zA-Z]*[a-zA-Z]", terminal.raw))
        assert codes == (set() if term == "dumb" else {b"\x1b[?2004h", b"\x1b[?2004l"})
        assert not foreign_bytes(re.sub(rb"\x1b\[\?2004[hl]", b"", terminal.raw))


def test_hostile_text_never_reaches_the_terminal(api: ThreadApi) -> None:
    with Terminal("chat", "--plain") as terminal:
        terminal.expect_prompt()
        terminal.enter("hostile")
        terminal.expect("Tool x", "Error x", "You: ")
        terminal.leave()
        assert not foreign_bytes(terminal.raw)
        assert "␛[2Jb␛]52;c;QUJD␇c" in terminal.text
    with Terminal("chat", "--plain", "-c") as terminal:
        terminal.expect("Tool x", "Error x", "You: ")
        assert not foreign_bytes(terminal.raw)


@pytest.mark.parametrize("term", ["dumb", "xterm-256color"])
def test_other_scripts_are_typed_and_come_back(api: ThreadApi, term: str) -> None:
    with Terminal("chat", "--plain", term=term, columns=40) as terminal:
        terminal.expect_prompt()
        terminal.enter("你好，世界")
        terminal.expect("Claude: You said: 你好，世界", "You: ")
        assert last_prompt(api) == ["你好，世界"]
        terminal.type("一行\\\r")
        terminal.enter("两行")
        terminal.expect("You said: 一行\n两行", "You: ")
        assert last_prompt(api) == ["一行\n两行"]
        terminal.enter("长" * 300)
        terminal.expect("Tokens: ", "You: ")
        assert last_prompt(api) == ["长" * 300]
        terminal.leave("退出")


def test_a_mistyped_wide_character_goes_whole(api: ThreadApi) -> None:
    with Terminal("chat", "--plain", term="xterm-256color") as terminal:
        terminal.expect_prompt()
        terminal.enter("你错\x7f好")
        terminal.expect("You said: ", "You: ")
        assert last_prompt(api) == ["你好"]


def test_a_paste_of_several_lines_is_one_prompt(api: ThreadApi) -> None:
    lines = "\n".join(f"line {number} 中文 {'x' * 60}" for number in range(200))
    with Terminal("chat", "--plain", term="xterm-256color") as terminal:
        terminal.expect_prompt()
        terminal.type(f"\x1b[200~{lines}\x1b[201~")
        terminal.type("\r")
        terminal.expect("Tokens: ", "You: ")
        assert last_prompt(api) == [lines]
        assert len(api.calls) == 1


def test_what_is_typed_ahead_waits_for_its_prompt(api: ThreadApi) -> None:
    with Terminal("chat", "--plain", term="xterm-256color") as terminal:
        terminal.expect_prompt()
        terminal.enter("stream")
        api.wait_reached(0, "more")
        terminal.enter("ahead")
        api.release("more")
        terminal.expect(
            "Claude: Some words and more.\n\n- a\n- list\nTokens: ", "You: ", "ahead", "Claude: You said: ahead", "You: "
        )
        terminal.leave()


def test_the_way_out(api: ThreadApi) -> None:
    with Terminal("chat", "--plain") as terminal:
        terminal.expect_prompt()
        terminal.type(CONTROL_D)
        assert terminal.ended() == 0
    with Terminal("chat", "--plain", term="xterm-256color") as terminal:
        terminal.expect_prompt()
        terminal.type("half a pro" + CONTROL_C)
        terminal.expect("once more", "You: ")
        terminal.type(CONTROL_C)
        assert terminal.ended() == 0
    assert not api.calls


@pytest.mark.parametrize("term", ["dumb", "xterm-256color"])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_signals_end_it_in_good_order(api: ThreadApi, number: signal.Signals, code: int, term: str) -> None:
    with Terminal("chat", "--plain", term=term) as terminal:
        terminal.expect_prompt()
        assert terminal.ended_within(IN_TIME, number) == code
    with Terminal("chat", "--plain", term=term) as terminal:
        terminal.expect_prompt()
        terminal.enter("hang")
        terminal.expect("The beginning")
        assert terminal.ended_within(IN_TIME, number) == code
    api.wait_closed(0)
    messages = stored()
    assert [message["status"] for message in messages] == ["complete", "interrupted"]
    assert messages[1]["content"][-1]["text"] == "The beginning"


@pytest.mark.parametrize("term", ["dumb", "xterm-256color"])
def test_a_terminal_that_goes_away_takes_the_program_with_it(api: ThreadApi, term: str) -> None:
    with Terminal("chat", "--plain", term=term) as terminal:
        terminal.expect_prompt()
        terminal.hang_up()
        assert terminal.ended_within(IN_TIME) == 129
    with Terminal("chat", "--plain", term=term) as terminal:
        terminal.expect_prompt()
        terminal.enter("hang")
        terminal.expect("The beginning")
        terminal.hang_up()
        assert terminal.ended_within(IN_TIME) == 129
    assert [message["status"] for message in stored()] == ["complete", "interrupted"]


def test_a_terminal_that_takes_nothing_keeps_nobody(api: ThreadApi) -> None:
    with Terminal("chat", "--plain") as terminal:
        terminal.expect_prompt()
        terminal.enter("hang")
        terminal.expect("The beginning")
        terminal.type(CONTROL_S)
        api.release("never")
        api.wait_finished(0)
        assert terminal.ended_within(IN_TIME, signal.SIGTERM) == 143


def test_lines_from_a_pipe(api: ThreadApi) -> None:
    ended = command("chat", "--plain", given="one\n\ncount\n\x1b[2Jtwo\n")
    assert ended.code == 0 and not ended.err
    assert not foreign_bytes(ended.stdout.encode())
    shown = ended.stdout.split("leaves.\n\n")[1]
    assert shown.startswith("You: one\nClaude: You said: one\nTokens: in 321, out 45, cache read 6")
    assert "Result calculator: 42\n" in shown and "You: ␛[2Jtwo\n" in shown
    assert len(api.calls) == 4 and accepted(api)
    assert command("chat", "--plain", given="one\nexit\nnever sent\n").code == 0
    assert len(api.calls) == 5


@pytest.mark.unmeasured
@pytest.mark.parametrize("locale", [{"LANG": "C"}, {"LC_ALL": "C"}, {"LANG": "de_DE.ISO-8859-1"}])
@pytest.mark.parametrize("term", ["dumb", "xterm-256color"])
def test_any_locale(api: ThreadApi, locale: dict[str, str], term: str) -> None:
    with Terminal("chat", "--plain", term=term, anew=True, **locale) as terminal:
        terminal.expect_prompt()
        terminal.type(b"caf\xe9\r")  # from a terminal that does not speak UTF-8
        terminal.expect("Claude: You said: caf", "You: ")
        terminal.enter("你好")
        terminal.expect("Claude: You said: ", "你好\n", "You: ")
        terminal.leave()


def test_a_first_run_without_a_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("ANTHROPIC_CONFIG_DIR")
    monkeypatch.setenv("HOME", str(tmp_path))
    with Terminal("chat", "--plain", anew=True) as terminal:
        terminal.expect_prompt()
        terminal.enter("hello")
        terminal.expect("Error: No credentials were found: set ANTHROPIC_API_KEY.")
        assert terminal.ended() == 3
        assert "Traceback" not in terminal.text


def test_an_error_is_a_sentence_and_the_conversation_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeApi.in_thread([Script((Fault.UNAUTHORIZED,)), Script((Say("Now."),))]) as api:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", api.url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", api.key)
        with Terminal("chat", "--plain") as terminal:
            terminal.expect_prompt()
            terminal.enter("hello")
            terminal.expect("Error: ", "(HTTP 401, request req_", "Check the key", "\n\n", "You: ")
            terminal.enter("and now?")
            terminal.expect("Claude: Now.\n", "You: ")
            terminal.leave()


@pytest.mark.parametrize(("term", "columns"), [("dumb", 80), ("xterm-256color", 40)])
def test_the_demo(isolated_environment: Path, term: str, columns: int) -> None:
    """No key, no network: the proxies lead nowhere."""
    nowhere = dict.fromkeys(("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"), "http://127.0.0.1:9")
    with Terminal("demo", "--plain", term=term, columns=columns, **nowhere) as terminal:
        terminal.expect("This is the demo", "canned", "You: ")
        terminal.enter("table")
        terminal.expect("Claude:\n> **This is the demo.**", "| Mercury |", "| Neptune |", "Tokens: ", "You: ")
        terminal.enter("2+2")
        terminal.expect("Thinking: ", "Tool calculator\n  expression: 2+2\nResult calculator: 4\n", "**4**", "Tokens: ", "You: ")
        terminal.enter("说中文")
        terminal.expect("# 简短的导览", "| 中文     |", "Tokens: ", "You: ")
        terminal.enter("long")
        terminal.expect("# A day at the lighthouse")
        terminal.type(CONTROL_C)
        terminal.expect("Interrupted: what came is kept.\n\n", "You: ")
        terminal.leave()
    assert not (isolated_environment / "data").exists()
