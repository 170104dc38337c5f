"""The entry point: which function a command line reaches with what, and how the program ends."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from claude_tui import __version__, logs
from claude_tui.cli import headless, main, plain
from claude_tui.cli.options import AskOptions, ChatOptions, Resume
from claude_tui.domain.errors import ErrorInfo, ErrorKind, ProviderError, UnknownSession

from .conftest import Run


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Run `main` here with the front ends replaced; what they were given, or the exit code."""
    seen: list[Any] = []

    def record(options: Any) -> int:
        seen.append(options)
        return 0

    monkeypatch.setattr(headless, "ask", record)
    monkeypatch.setattr(plain, "chat", record)
    monkeypatch.setattr(plain, "demo", record)

    def start(*arguments: str) -> Any:
        monkeypatch.setattr(sys, "argv", ["claude-tui", *arguments])
        before = os.umask(0o022)
        try:
            with pytest.raises(SystemExit) as ending:
                main.main()
        finally:
            mask = os.umask(before)
            logs.stop_logging()
        assert mask == 0o077
        return seen.pop() if seen else ending.value.code

    return start


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        ([], ChatOptions()),
        (["hello"], ChatOptions("hello")),
        (["chat", "--", "models"], ChatOptions("models")),
        (["-c"], ChatOptions(resume=Resume.LAST)),
        (["-r"], ChatOptions(resume=Resume.PICK)),
        (["-r", "01ab", "go on"], ChatOptions("go on", resume="01ab")),
        (["-r01ab"], ChatOptions(resume="01ab")),
        (["--plain", "--no-mouse", "--temporary"], ChatOptions(plain=True, mouse=False, temporary=True)),
        (["--mouse", "-m", "x", "--system", "@file"], ChatOptions(mouse=True, flags={"model": "x", "system": "@file"})),
        (["bad \udcff byte"], ChatOptions("bad \ufffd byte")),
        (["demo"], ChatOptions()),
        (["demo", "--plain"], ChatOptions(plain=True)),
        (["ask"], AskOptions()),
        (["ask", "hi"], AskOptions("hi")),
        (["ask", "-q", "-o", "json", "hi"], AskOptions("hi", output="json", quiet=True)),
        (["ask", "--output", "stream-json", "-c"], AskOptions(output="stream-json", resume=Resume.LAST)),
        (["ask", "-r", "01ab", "hi"], AskOptions("hi", resume="01ab")),
        (["ask", "--allow-tool", "a", "--allow-tool", "b", "--temporary"], AskOptions(allow_tools=("a", "b"), temporary=True)),
        (
            ["ask", "--effort", "low", "--provider", "anthropic", "--max-tokens", "9", "--idle-timeout", "1.5", "--retries", "0"],
            AskOptions(flags={"effort": "low", "provider": "anthropic", "max_tokens": "9", "idle_timeout": "1.5", "retries": "0"}),
        ),
        (["-m", "x", "ask", "hi"], AskOptions("hi", flags={"model": "x"})),
    ],
)
def test_what_a_line_asks_for(started: Callable[..., Any], arguments: list[str], options: Any) -> None:
    assert started(*arguments) == options


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["one", "two"], "put it in quotes"),
        (["ask", "one", "two"], "put it in quotes"),
        (["ask", "-r"], "give --resume the id"),
        (["ask", "-r", "-q", "hi"], "give --resume the id"),
        (["ask", "-c", "-r", "01ab"], "exclude each other"),
        (["-cr"], "exclude each other"),
        (["web"], "no web mode"),
        (["web", "--port", "80"], "no web mode"),
        (["ask", "-o", "xml"], "'xml' is not one of"),
        (["ask", "--nonsense"], "No such option"),
        (["sessions", "search", "x"], "No such command"),
        (["sessions", "show"], "Missing argument"),
        (["sessions", "list", "--limit", "0"], "--limit"),
        (["sessions", "list", "-r"], "-r"),
        (["fake-api", "--port", "70000"], "--port"),
        (["-m"], "requires an argument"),
    ],
)
def test_wrong_usage(started: Callable[..., Any], capsys: pytest.CaptureFixture[str], arguments: list[str], words: str) -> None:
    assert started(*arguments) == 2
    printed = capsys.readouterr()
    assert words in printed.err and printed.out == ""


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (KeyboardInterrupt(), 130, ""),
        (UnknownSession("No session x."), 1, "claude-tui: No session x."),
        (ProviderError(ErrorInfo(ErrorKind.CREDENTIALS, "No credentials.")), 3, "claude-tui: No credentials."),
        (ProviderError(ErrorInfo(ErrorKind.AUTH, "Refused.")), 1, "claude-tui: Refused."),
        (BrokenPipeError(32, "Broken pipe"), 0, ""),
        (OSError(28, "No space left on device", "/x"), 1, "claude-tui: No space left on device: /x."),
        (RuntimeError("sk-ant-api03-secret \x1b[31m"), 1, "claude-tui: Something went wrong"),
    ],
)
def test_every_failure_is_an_exit_code_and_a_sentence(
    started: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    code: int,
    words: str,
) -> None:
    def fail(options: object) -> int:
        raise error

    monkeypatch.setattr(headless, "ask", fail)
    with monkeypatch.context() as patched:
        patched.setattr(os, "dup2", lambda *_: None)  # the test's own standard output stays
        assert started("ask", "hi") == code
    printed = capsys.readouterr()
    assert printed.err.startswith(words) and bool(printed.err) == bool(words)
    assert not any(bad in printed.err for bad in ("Traceback", "\x1b", "secret"))


def test_an_unexpected_error_is_in_the_log(
    started: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, isolated_environment: Path
) -> None:
    def fail(options: object) -> int:
        raise RuntimeError("odd")

    monkeypatch.setattr(headless, "ask", fail)
    assert started("ask", "hi") == 1
    assert "RuntimeError: odd" in (isolated_environment / "logs" / "claude-tui.log").read_text()


def test_temporary_writes_no_log(started: Callable[..., Any], isolated_environment: Path) -> None:
    assert started("ask", "--temporary", "hi") == AskOptions("hi", temporary=True)
    assert not isolated_environment.exists()


def test_version_and_help(run: Run) -> None:
    assert run("--version").out == f"claude-tui {__version__}\n"
    for arguments in (["--help"], ["-h"], ["ask", "--help"], ["sessions", "--help"], ["config", "edit", "-h"]):
        ended = run(*arguments)
        assert (ended.code, ended.err) == (0, "") and "Usage: claude-tui" in ended.out


def test_help_explains_every_setting(run: Run) -> None:
    out = " ".join(run("ask", "--help").out.split())
    assert "--idle-timeout SECONDS Seconds without a byte" in out
    assert "--effort low|medium|high|xhigh|max" in out
    assert "--system TEXT|@FILE" in out
    assert "--tools" not in out and "--pick" not in out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(run: Run, shell: str) -> None:
    ended = run("--show-completion", shell, _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")
    assert ended.code == 0 and "_CLAUDE_TUI_COMPLETE" in ended.out


def test_completion_finds_the_shell_it_runs_in(tmp_path: Path) -> None:
    command = f"{sys.executable} -m claude_tui --show-completion; true"
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, env={**os.environ, "SHELL": "/bin/bash"}, check=True
    )
    assert "complete_bash" in done.stdout, done.stderr


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("claude-tui mo", "models"),
        ("claude-tui sessions im", "import"),
        ("claude-tui ask --effort x", "xhigh"),
        ("claude-tui ask --firs", "--first-byte-timeout"),
    ],
)
def test_completion_offers(run: Run, words: str, offered: str) -> None:
    ended = run(_CLAUDE_TUI_COMPLETE="complete_bash", COMP_WORDS=words, COMP_CWORD=str(len(words.split()) - 1))
    assert offered in ended.out.split()


@pytest.mark.parametrize(
    "arguments", [["--help"], ["ask", "--help"], ["--version"], ["config", "show"], ["sessions", "list", "-o", "json"], ["doctor"]]
)
def test_a_closed_pipe_is_no_failure(arguments: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([sys.executable, "-m", "claude_tui", *arguments], stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


def test_standard_streams_may_be_closed() -> None:
    command = f"{sys.executable} -m claude_tui sessions list <&- >&- 2>&-"
    assert subprocess.run(["bash", "-c", command], check=False).returncode == 0


def test_a_full_disk_behind_standard_output() -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run([sys.executable, "-m", "claude_tui", "--help"], stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 1 and b"No space left" in done.stderr and b"Traceback" not in done.stderr


def test_any_character_in_any_encoding(run: Run, isolated_environment: Path) -> None:
    (isolated_environment / "config").mkdir(parents=True)
    (isolated_environment / "config" / "config.toml").write_text('system = "答え 🙂"', encoding="utf-8")
    ended = run("config", "show", PYTHONIOENCODING="ascii", LC_ALL="C")
    assert ended.code == 0 and "\\u7b54" in ended.out
    assert "答え 🙂" in run("config", "show", PYTHONIOENCODING="utf-8").out


def test_config_path(run: Run, isolated_environment: Path) -> None:
    assert run("config", "path").out == f"{isolated_environment}/config/config.toml\n"
    assert not isolated_environment.exists()


def test_a_setting_that_is_wrong_is_wrong_usage(run: Run) -> None:
    ended = run("models", CLAUDE_TUI_RETRIES="many")
    assert ended.code == 2 and ended.err.startswith("claude-tui: CLAUDE_TUI_RETRIES is")
