"""Every form of standard input `ask` may meet, by what arrives at the API."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from claude_tui.fakeapi import FakeApi, Say, Script, ThreadApi
from tests.contract.command import CLAUDE_TUI, Ended, environment, finish, run, start

ANSWER = Script((Say("Heard."),))


def asked(api: ThreadApi) -> str:
    """The prompt of the only request."""
    (call,) = api.calls
    (message,) = call.body["messages"]
    (block,) = message["content"]
    assert block["type"] == "text"
    text = block["text"]
    assert isinstance(text, str)
    return text


FORMS: dict[str, tuple[list[str], bytes | None, str]] = {
    "prompt alone": (["hi"], None, "hi"),
    "prompt and an empty pipe": (["hi"], b"", "hi"),
    "input alone": ([], b"from the pipe\n", "from the pipe\n"),
    "both": (["Explain this:"], b"line 1\nline 2\n", "Explain this:\n\nline 1\nline 2\n"),
    "blank input and a prompt": (["hi"], b" \n\t\n", "hi"),
    "a blank prompt and input": (["  "], b"real", "real"),
    "white space inside is kept": (["  indented"], b"\n  code\n", "  indented\n\n\n  code\n"),
    "byte order mark": ([], "\ufeffmarked".encode(), "marked"),
    "carriage returns": ([], b"one\r\ntwo\r\n", "one\r\ntwo\r\n"),
    "not UTF-8": ([], b"caf\xe9 \xff", "caf\ufffd \ufffd"),
    "characters of every kind": (["四十二 \U0001f600"], "é\x00\x1b[31m\u202e".encode(), "四十二 \U0001f600\n\né\x00\x1b[31m\u202e"),
    "a prompt that looks like a number": (["-o", "text", "--", "-5"], b"", "-5"),
}


@pytest.mark.unmeasured
@pytest.mark.parametrize(("args", "piped", "arrives"), FORMS.values(), ids=FORMS.keys())
def test_what_is_asked(args: list[str], piped: bytes | None, arrives: str) -> None:
    with FakeApi.in_thread(ANSWER) as api:
        assert run("ask", *args, api=api, stdin=piped).told(0).stdout == "Heard.\n"
        assert asked(api) == arrives


def test_five_megabytes() -> None:
    """More than the model's window; what counts here is that all of it arrives."""
    text = "0123456789abcde\n" * (5 * 1024 * 1024 // 16)
    with FakeApi.in_thread(ANSWER) as api:
        run("ask", "-m", "some-model-with-a-large-window", api=api, stdin=text).told(0)
        assert asked(api) == text


def test_a_pipe_is_read_to_its_end_before_anything_is_sent() -> None:
    with FakeApi.in_thread(ANSWER) as api, start("ask", api=api, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        process.stdin.write(b"first ")
        process.stdin.flush()
        assert api.requests == []
        process.stdin.write(b"second")
        finish(process).told(0)
        assert asked(api) == "first second"


def closed_input(*args: str, api: ThreadApi) -> Ended:
    """The command under `<&-`: descriptor 0 is not open at all."""
    line = ["/bin/sh", "-c", 'exec "$@" <&-', "sh", *CLAUDE_TUI, *args]
    done = subprocess.run(line, capture_output=True, env=environment(api), timeout=20, check=False)
    return Ended(done.returncode, done.stdout, done.stderr)


def test_standard_input_may_be_closed() -> None:
    with FakeApi.in_thread(ANSWER) as api:
        assert closed_input("ask", "hi", api=api).told(0).stdout == "Heard.\n"
        assert asked(api) == "hi"
        assert closed_input("ask", api=api).told(2).out == b""


@pytest.mark.parametrize("piped", [None, b"", b" \n \t\r\n", "\ufeff\n".encode()])
def test_blank_is_wrong_usage(piped: bytes | None) -> None:
    for prompt in ([], [" "]):
        ended = run("ask", *prompt, "-o", "json", stdin=piped, env={"ANTHROPIC_API_KEY": "key"}).told(2)
        assert ended.out == b"" and "nothing to ask" in ended.stderr


@pytest.mark.pty
@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
def test_a_terminal_is_not_read() -> None:
    """Without a prompt that is wrong usage at once; with one the terminal is left alone."""
    controller, terminal = os.openpty()
    try:
        with FakeApi.in_thread(ANSWER) as api:
            with start("ask", api=api, stdin=terminal) as process:
                assert finish(process).told(2).out == b""
            with start("ask", "hi", api=api, stdin=terminal) as process:
                assert finish(process).told(0).stdout == "Heard.\n"
            assert asked(api) == "hi"
    finally:
        os.close(controller)
        os.close(terminal)
