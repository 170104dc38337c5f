"""What the words of a command line mean."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.main import get_command

from claude_tui.cli import argv
from claude_tui.cli.argv import rewrite
from claude_tui.cli.commands import app


@pytest.mark.parametrize(
    ("line", "meaning"),
    [
        # Nothing, a prompt, a command.
        ("", "chat"),
        ("hello", "chat hello"),
        ("'hello there'", "chat 'hello there'"),
        ("hello there", "chat hello there"),
        ("''", "chat ''"),
        ("-", "chat -"),
        ("chat", "chat"),
        ("chat hello", "chat hello"),
        ("chat chat", "chat chat"),
        ("ask hello", "ask hello"),
        ("ask ask", "ask ask"),
        ("models", "models"),
        ("sessions list -o json", "sessions list -o json"),
        ("config path", "config path"),
        ("doctor -o json", "doctor -o json"),
        ("demo", "demo"),
        ("web --port 3", "web --port 3"),
        ("fake-api --port 5 --scenario x --key k", "fake-api --port 5 --scenario x --key k"),
        ("Models", "chat Models"),
        ("model", "chat model"),
        ("help", "chat help"),
        # Behind -- every word is a word.
        ("chat -- models", "chat -- models"),
        ("-- models", "chat -- models"),
        ("-- -r", "chat -- -r"),
        ("ask -- -r", "ask -- -r"),
        ("-c -- ask", "chat -c -- ask"),
        ("-m x -- ask", "chat -m x -- ask"),
        ("-c -- --version", "chat -c -- --version"),
        ("--", "chat --"),
        # Options before the first word.
        ("-c", "chat -c"),
        ("--plain", "chat --plain"),
        ("--temporary --no-mouse", "chat --temporary --no-mouse"),
        ("-m x hello", "chat -m x hello"),
        ("-m models", "chat -m models"),
        ("-m ask ask", "ask -m ask"),
        ("-mx ask hello", "ask -mx hello"),
        ("--model x ask hello", "ask --model x hello"),
        ("--model=x ask hello", "ask --model=x hello"),
        (
            "--effort low --system 'Be brief' --provider anthropic ask hi",
            "ask --effort low --system 'Be brief' --provider anthropic hi",
        ),
        ("--max-tokens 5 --retries 0 --idle-timeout 3 ask hi", "ask --max-tokens 5 --retries 0 --idle-timeout 3 hi"),
        ("--allow-tool ask ask hi", "ask --allow-tool ask hi"),
        ("-o json ask hi", "ask -o json hi"),
        ("-c sessions list", "sessions -c list"),
        ("-c models", "models -c"),
        ("--unknown models", "models --unknown"),
        ("--unknown=1 hello", "chat --unknown=1 hello"),
        ("-m", "chat -m"),
        ("-m -c hello", "chat -m -c hello"),
        ("-qm x ask hi", "ask -qm x hi"),
        ("-m --version hi", "chat -m --version hi"),
        # -r takes the next argument unless it begins with -.
        ("-r", "chat --pick"),
        ("--resume", "chat --pick"),
        ("-r 01ab", "chat --resume=01ab"),
        ("--resume 01ab", "chat --resume=01ab"),
        ("--resume=01ab", "chat --resume=01ab"),
        ("--resume=", "chat --resume="),
        ("-r ''", "chat --resume="),
        ("-r01ab", "chat -r01ab"),
        ("-r 01ab hello", "chat --resume=01ab hello"),
        ("-r ask hello", "chat --resume=ask hello"),
        ("-r models", "chat --resume=models"),
        ("-r -m x", "chat --pick -m x"),
        ("-r -", "chat --pick -"),
        ("-r -- hello", "chat --pick -- hello"),
        ("-r -5", "chat --pick -5"),
        ("hello -r", "chat hello --pick"),
        ("hello -r 01ab", "chat hello --resume=01ab"),
        ("-cr", "chat -c --pick"),
        ("-cr 01ab", "chat -c --resume=01ab"),
        ("chat -r", "chat --pick"),
        ("chat -r 01ab", "chat --resume=01ab"),
        ("ask -r", "ask --pick"),
        ("ask -r -q hi", "ask --pick -q hi"),
        ("ask -r 01ab hi", "ask --resume=01ab hi"),
        ("ask -qr 01ab hi", "ask -q --resume=01ab hi"),
        ("ask hi -r 01ab", "ask hi --resume=01ab"),
        ("-r 01ab ask hi", "ask --resume=01ab hi"),
        ("-m -r x", "chat -m -r x"),
        ("ask --system -r hi", "ask --system -r hi"),
        ("sessions show -r x", "sessions show -r x"),
        ("-r 01ab sessions list", "sessions -r 01ab list"),
        # What stands alone.
        ("--version", "--version"),
        ("--version models", "--version models"),
        ("-c --version", "--version"),
        ("--help", "--help"),
        ("-h", "-h"),
        ("--help ask", "--help ask"),
        ("ask --help", "ask --help"),
        ("-c --help", "chat -c --help"),
        ("--install-completion", "--install-completion"),
        ("--install-completion bash", "--install-completion bash"),
        ("--show-completion zsh", "--show-completion zsh"),
    ],
)
def test_lines(line: str, meaning: str) -> None:
    assert rewrite(shlex.split(line)) == shlex.split(meaning)


WORDS = st.sampled_from(
    [
        "-r",
        "--resume",
        "-c",
        "-m",
        "--model",
        "-o",
        "-q",
        "-qr",
        "-rm",
        "--",
        "-",
        "",
        "--version",
        "--help",
        "ask",
        "chat",
        "models",
        "x",
    ]
) | st.text(max_size=5)


@given(st.lists(WORDS, max_size=8))
def test_any_line_has_a_meaning_that_stays(line: list[str]) -> None:
    once = rewrite(line)
    assert once[0] in (*argv.COMMANDS, *argv.TOP_LEVEL)
    assert rewrite(once) == once


@given(st.lists(WORDS, max_size=5))
def test_what_stands_behind_two_dashes_is_left_alone(line: list[str]) -> None:
    assert rewrite(["chat", "--", *line]) == ["chat", "--", *line]


def test_the_tables_are_those_of_the_option_parser() -> None:
    group = get_command(app)
    commands = group.commands  # type: ignore[attr-defined]
    assert set(commands) == set(argv.COMMANDS)
    for name in argv.CONVERSATIONS:
        options = [one for one in commands[name].params if one.param_type_name == "option"]
        valued = {spelling for one in options if not one.is_flag for spelling in one.opts} - {"-r", "--resume"}
        assert {one for one in valued if one.startswith("--")} <= argv.LONG_WITH_VALUE
        assert {one for one in valued if not one.startswith("--")} <= {f"-{letter}" for letter in argv.SHORT_WITH_VALUE}
        flags = {spelling for one in options if one.is_flag for spelling in one.opts}
        assert not flags & (argv.LONG_WITH_VALUE | {f"-{letter}" for letter in argv.SHORT_WITH_VALUE})
    assert {"-h", "--help", *(one for param in group.params for one in param.opts)} == set(argv.TOP_LEVEL)
