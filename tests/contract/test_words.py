"""The words of a command line, and the commands that need no turn: version, help, completion, `fake-api`, `doctor`, `demo`."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path

import pytest

from claude_tui import __version__
from claude_tui.fakeapi import FakeApi, Say, Script, ThreadApi
from tests.contract.command import environment, finish, run, start

ANSWER = Script((Say("Heard."),))


def prompts(api: ThreadApi) -> list[str]:
    return [call.body["messages"][-1]["content"][-1]["text"] for call in api.calls]


CHATS: dict[str, list[str]] = {
    "a word that is no command": ["hello there"],
    "behind options": ["-m", "claude-x", "--effort", "low", "hello there"],
    "before options": ["hello there", "--plain", "-m", "claude-x"],
    "a command's name behind --": ["chat", "--", "models"],
    "and with options": ["chat", "--plain", "--", "--version"],
}


@pytest.mark.parametrize("args", CHATS.values(), ids=CHATS.keys())
def test_what_is_no_command_is_a_prompt(args: list[str]) -> None:
    sent = args[-1] if "--" in args else "hello there"
    with FakeApi.in_thread(ANSWER) as api:
        ended = run(*args, api=api, stdin="").told(0)
        assert prompts(api) == [sent]
        if "-m" in args:
            assert api.calls[0].body["model"] == "claude-x"
    assert "Heard." in ended.stdout


def test_more_than_one_argument_is_no_prompt() -> None:
    for args in (["two", "words"], ["chat", "two", "words"], ["ask", "two", "words"]):
        ended = run(*args, env={"ANTHROPIC_API_KEY": "key"}).told(2)
        assert ended.out == b"" and "quotes" in ended.stderr


def test_version_and_help() -> None:
    for args in (["--version"], ["-q", "--version"]):
        assert run(*args).told(0).stdout == f"claude-tui {__version__}\n"
    shown = run("--help").told(0).stdout
    for command in ("ask", "chat", "sessions", "models", "stats", "config", "doctor", "demo", "fake-api"):
        assert command in shown
    helped = run("ask", "--help").told(0).stdout
    for option in (
        "--output",
        "--continue",
        "--resume",
        "--model",
        "--effort",
        "--system",
        "--provider",
        "--temporary",
        "--allow-tool",
    ):
        assert option in helped


def test_completion() -> None:
    env: dict[str, str | None] = {"_CLAUDE_TUI_COMPLETE": "complete_bash", "COMP_WORDS": "claude-tui as", "COMP_CWORD": "1"}
    assert run(env=env).told(0).stdout.split() == ["ask"]
    words = run(env={**env, "COMP_WORDS": "claude-tui ask --effort ", "COMP_CWORD": "3"}).told(0).stdout.split()
    assert words == ["low", "medium", "high", "xhigh", "max"]
    script = run("--show-completion", "bash").told(0).stdout
    assert "_CLAUDE_TUI_COMPLETE=complete_bash" in script


def test_web_is_reserved() -> None:
    ended = run("web").told(2)
    assert ended.out == b"" and "no web mode" in ended.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_fake_api_serves_until_a_signal(number: signal.Signals) -> None:
    with start("fake-api", "--key", "a-key", "--scenario", "fast") as process:
        assert process.stdout is not None
        line = json.loads(process.stdout.readline())
        assert set(line) == {"url", "key"} and line["key"] == "a-key" and line["url"].startswith("http://127.0.0.1:")
        env = {"ANTHROPIC_BASE_URL": line["url"], "ANTHROPIC_API_KEY": "a-key"}
        assert len(run("ask", "hi", env=env).told(0).stdout) > 1000
        process.send_signal(number)
        ended = finish(process, 10).told(0)
    assert ended.out == b"" and b"Traceback" not in ended.err


def test_doctor_and_models_and_config_as_json(isolated_environment: Path) -> None:
    healthy = run("doctor", "-o", "json", env={"ANTHROPIC_API_KEY": "planted-key"}).told(0)
    assert healthy.json["ok"] is True
    told = {check["name"]: check["text"] for check in healthy.json["checks"]}
    assert str(isolated_environment / "logs") in told["log"]
    assert b"planted-key" not in healthy.out
    (isolated_environment / "config").mkdir(exist_ok=True, mode=0o700)
    (isolated_environment / "config" / "config.toml").write_text("model = 5\n")
    assert run("doctor", "-o", "json").told(1).json["ok"] is False
    run("models", "-o", "json").told(2)
    (isolated_environment / "config" / "config.toml").unlink()
    assert run("config", "show", "-o", "json").told(0).json


def test_demo_needs_no_key_and_leaves_nothing() -> None:
    ended = run("demo", stdin="Hello\nexit\n", env={"ANTHROPIC_API_KEY": None}).told(0)
    assert "canned" in ended.stdout
    assert run("sessions", "list", "-o", "json").told(0).json == []


def test_no_request_but_the_turns_own(isolated_environment: Path) -> None:
    """Over a whole conversation, plain chat included, and from every command that needs no model."""
    with FakeApi.in_thread(ANSWER) as api:
        run("ask", "one", api=api).told(0)
        run("chat", "--plain", "-c", "two", api=api, stdin="three\nexit\n").told(0)
        for args in (["sessions", "list"], ["config", "show"], ["doctor"], ["--version"]):
            run(*args, api=api).told(0)
        assert [(request.method, request.path, request.status) for request in api.requests] == [("POST", "/v1/messages", 200)] * 3
        assert prompts(api) == ["one", "two", "three"]
    modes = {path.name: path.stat().st_mode & 0o777 for path in isolated_environment.rglob("*")}
    assert all(mode in (0o600, 0o700) for mode in modes.values()), modes


def test_the_command_is_installed_under_its_name() -> None:
    import shutil
    import sys

    program = shutil.which("claude-tui", path=str(Path(sys.executable).parent))
    assert program is not None
    done = subprocess.run([program, "--version"], capture_output=True, env=environment(), timeout=20, check=True)
    assert done.stdout.decode() == f"claude-tui {__version__}\n"
