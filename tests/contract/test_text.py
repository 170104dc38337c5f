"""`ask -o text`: the answer and nothing else on standard output, everything around it on standard error."""

from __future__ import annotations

import os

import pytest

from claude_tui.fakeapi import Call, FakeApi, Fault, Phase, Plan, Say, Script, Think, at
from tests.contract.command import run, start

pytestmark = pytest.mark.unmeasured

CALL = Call("calculator", {"expression": "6 * 7"})


def turn(*messages: tuple[str, ...]) -> list[Script]:
    """One answer for each of these lists of texts; all but the last call a tool."""
    last = len(messages) - 1
    return [
        Script((*(Say(text, chars=3) for text in blocks), *(() if n == last else (CALL,)))) for n, blocks in enumerate(messages)
    ]


PRINTED: dict[str, tuple[list[Script], str]] = {
    "as it is": (turn(("# Title\n\n* a\n* b",)), "# Title\n\n* a\n* b\n"),
    "blocks join": (turn(("one ", "two")), "one two\n"),
    "an empty line between messages": (turn(("First.",), ("Second.\n\n\n",), ("Third.\n",)), "First.\n\nSecond.\n\nThird.\n"),
    "however the newlines come": (
        turn(("First.\n\n\n",), ("\n\n\n\nSecond.",), ("\n",), ("\nFourth.",)),
        "First.\n\nSecond.\n\nFourth.\n",
    ),
    "a message without text": (turn(("First.",), (), ("Third.",)), "First.\n\nThird.\n"),
    "one newline, whatever the answer ends with": (turn(("text\n\n\n",)), "text\n"),
    "blank lines inside stay": (
        turn(
            (
                "a\n\n\n",
                "\nb \t",
            )
        ),
        "a\n\n\n\nb \t\n",
    ),
    "characters of every kind": (turn(("é 四十二 \U0001f600 \u202e \x1b[31m\x07",)), "é 四十二 \U0001f600 \u202e \x1b[31m\x07\n"),
    "no text at all": ([Script((Think("Nothing to say."),))], ""),
}


@pytest.mark.parametrize(("plan", "printed"), PRINTED.values(), ids=PRINTED.keys())
def test_standard_output_is_the_text(plan: Plan, printed: str) -> None:
    with FakeApi.in_thread(plan) as api:
        assert run("ask", "hi", "-o", "text", api=api).told(0).stdout == printed


def test_a_surrogate_pair_split_over_two_deltas_is_one_character() -> None:
    halves = Script((Say("so: \ud83d", chars=5, stop=False), Say("\ude00 and \ud83d", chars=1, start=False)))
    with FakeApi.in_thread(halves) as api:
        assert run("ask", "hi", api=api).told(0).stdout == "so: \U0001f600 and \ufffd\n"


AROUND = [
    at(Fault.OVERLOADED, Phase.BEFORE_HEADERS, retry_after="0"),
    Script((Think("Let me think."), Say("First."), CALL, Call("rm", {"path": "/"}))),
    Script((Say("Second."),), stop_reason="max_tokens"),
]


def test_standard_error_carries_thinking_tools_retries_and_notices() -> None:
    with FakeApi.in_thread(AROUND) as api:
        ended = run("ask", "hi", "-c", api=api).told(0)
    assert ended.stdout == "First.\n\nSecond.\n"
    for words in ("no session", "Overloaded", "Let me think.", "calculator", "6 * 7", "42", "no tool named 'rm'", "max_tokens"):
        assert words in ended.stderr, words
    assert "First." not in ended.stderr and "Second." not in ended.stderr
    assert "\x1b" not in ended.stderr


def test_quiet_leaves_only_errors() -> None:
    with FakeApi.in_thread([*AROUND, at(Fault.ERROR_OVERLOADED, Phase.TEXT)]) as api:
        assert run("ask", "hi", "-c", "-q", api=api, env={"CLAUDE_TUI_MODLE": "x"}).told(0).err == b""
        failed = run("ask", "hi", "-q", api=api).told(1)
    assert failed.stdout == "Here is the beginning \n"
    assert failed.stderr.startswith("Error: Overloaded") and failed.stderr.count("\n") == 1


def test_what_a_model_says_cannot_steer_the_terminal_through_standard_error() -> None:
    script = Script((Think("\x1b]0;title\x07\x9b31m"), Call("calc\x1b[2J", {"\x1b": "\x1b"})))
    with FakeApi.in_thread([script, Script((Say("Done."),))]) as api:
        ended = run("ask", "hi", api=api).told(0)
    assert not set(ended.stderr) & {"\x1b", "\x07", "\x9b"}, ended.stderr


def test_a_terminal_gets_clean_text() -> None:
    controller, terminal = os.openpty()
    try:
        script = Script((Say("red: \x1b[31m!\nend"),))
        with FakeApi.in_thread(script) as api, start("ask", "hi", api=api, stdout=terminal) as process:
            os.close(terminal)
            seen = b""
            while b"end\r\n" not in seen:
                seen += os.read(controller, 1000)
            assert process.wait(10) == 0
    finally:
        os.close(controller)
    assert seen == "red: \u241b[31m!\r\nend\r\n".encode()
