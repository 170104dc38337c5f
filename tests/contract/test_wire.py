"""What goes to the API and where: the defaults, the settings and their order, credentials, addresses, proxies; and nothing else."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from socket import create_server
from typing import Any

import pytest

from claude_tui.fakeapi import FakeApi, Say, Script, ThreadApi
from tests.contract.command import Ended, run

pytestmark = pytest.mark.unmeasured

ANSWER = Script((Say("Yes."),))
ADAPTIVE = {"type": "adaptive", "display": "summarized"}


def body(*args: str, env: dict[str, str | None] | None = None) -> dict[str, Any]:
    """The request that `ask` with these arguments sends; the only one."""
    with FakeApi.in_thread(ANSWER) as api:
        run("ask", "hi", *args, api=api, env=env).told(0)
        (request,) = api.requests
    assert request.path == "/v1/messages" and request.status == 200
    assert isinstance(request.body, dict)
    return request.body


def test_the_defaults() -> None:
    sent = body()
    assert sent["model"] == "claude-opus-5-5"
    assert sent["max_tokens"] == 32_000
    assert sent["thinking"] == ADAPTIVE
    assert sent["cache_control"] == {"type": "ephemeral"}
    assert sent["stream"] is True
    assert [tool["name"] for tool in sent["tools"]] == ["calculator", "current_time"]
    assert set(sent) == {"model", "max_tokens", "messages", "thinking", "cache_control", "stream", "tools"}


MODELS: dict[str, tuple[list[str], dict[str, Any] | None, str | None]] = {
    "claude-sonnet-5-5": (["--effort", "max"], ADAPTIVE, "max"),
    "claude-opus-4-6": (["--effort", "low"], ADAPTIVE, "low"),
    "claude-opus-4-5": (["--effort", "high"], {"type": "enabled", "budget_tokens": 16_000}, "high"),
    "claude-sonnet-4-5-20250929": (["--effort", "low"], {"type": "enabled", "budget_tokens": 16_000}, None),
    "claude-haiku-4-5": (["--max-tokens", "1000"], None, None),
    "somebody/else:7b": ([], None, None),
}


@pytest.mark.parametrize(("model", "row"), MODELS.items(), ids=MODELS.keys())
def test_thinking_and_effort_as_the_model_takes_them(model: str, row: tuple[list[str], dict[str, Any] | None, str | None]) -> None:
    args, thinking, effort = row
    sent = body("-m", model, *args, env={"PYTHONWARNINGS": None})  # the SDK warns of old models
    assert sent["model"] == model
    assert sent.get("thinking") == thinking
    assert sent.get("output_config") == (effort and {"effort": effort})


def test_flag_over_environment_over_file_over_default(isolated_environment: Path) -> None:
    config = isolated_environment / "config" / "config.toml"
    config.parent.mkdir(parents=True, mode=0o700)
    config.write_text(
        'model = "from-file"\nmax_tokens = 1111\nsystem = "from file"\neffort = "low"\n[tools]\ncalculator = "deny"\n'
    )
    config.chmod(0o600)
    env: dict[str, str | None] = {"CLAUDE_TUI_MODEL": "from-environment", "CLAUDE_TUI_MAX_TOKENS": "2222"}
    sent = body("--model", "from-flag", env=env)
    assert (sent["model"], sent["max_tokens"], sent["system"]) == ("from-flag", 2222, "from file")
    assert sent["output_config"] == {"effort": "low"}
    shown = run("config", "show", env=env).told(0).stdout
    assert "from-environment" in shown and "1111" not in shown
    assert run("config", "path").told(0).stdout.strip() == str(config)
    broken = run("ask", "hi", "-o", "json", env={"CLAUDE_TUI_MAX_TOKENS": "many"}).told(2)
    assert broken.out == b"" and "CLAUDE_TUI_MAX_TOKENS" in broken.stderr


def test_loopback_never_goes_through_a_proxy() -> None:
    with closing(create_server(("127.0.0.1", 0))) as held:
        dead = f"http://127.0.0.1:{held.getsockname()[1]}"
    names = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
    with FakeApi.in_thread(ANSWER) as api:
        run("ask", "hi", api=api, env=dict.fromkeys(names, dead)).told(0)
        address = api.url.replace("127.0.0.1", "localhost") + "/"
        run("ask", "hi", api=api, env={**dict.fromkeys(names, dead), "ANTHROPIC_BASE_URL": address}).told(0)


def test_a_proxy_is_used_for_everything_else() -> None:
    """The proxy refuses; what counts is that it was asked."""
    with FakeApi.in_thread(ANSWER) as proxy:
        env = {"HTTPS_PROXY": proxy.url, "ANTHROPIC_BASE_URL": "https://api.invalid", "ANTHROPIC_API_KEY": "key"}
        told = run("ask", "hi", "-o", "json", "--retries", "0", env=env).told(1)
        assert [request.method for request in proxy.requests] == ["CONNECT"]
    assert told.json["error"]["kind"] == "network"
    assert "api.invalid" in told.stderr


@pytest.mark.parametrize("address", ["http://api.example.com", "http://10.0.0.1:80", "ftp://localhost", "nonsense", "https://"])
def test_an_address_that_would_send_the_key_in_the_clear_is_refused(address: str) -> None:
    for env in ({"ANTHROPIC_BASE_URL": address}, {"CLAUDE_TUI_BASE_URL": address}):
        ended = run("ask", "hi", env={**env, "ANTHROPIC_API_KEY": "planted-key"}).told(2)
        assert ended.out == b"" and address in ended.stderr and "planted-key" not in ended.stderr


def sent_with(api: ThreadApi, **env: str | None) -> Ended:
    return run("ask", "hi", "-o", "json", api=api, env={"ANTHROPIC_API_KEY": None, **env})


SHAPES = ["k", "sk-ant-api03-ABC_def-123", "key+with/odd=signs", "{not}a\"usual'key`", "Bearer-like", "~!@#$%^&*()"]


def test_a_key_of_any_shape_is_sent() -> None:
    """Two processes a key would be slow; the server compares the key it was given with its own."""
    key = "".join(SHAPES)
    with FakeApi.in_thread(ANSWER, key=key) as api:
        sent_with(api, ANTHROPIC_API_KEY=key).told(0)
        sent_with(api, ANTHROPIC_AUTH_TOKEN=key).told(0)


@pytest.mark.parametrize(
    "key", ["planted key", "planted\nkey", "planted-key\n", "\tplanted-key", "planted\x7fkey", "planted\x1b[31mkey"]
)
def test_a_key_that_no_header_can_carry_is_refused_and_never_shown(key: str, isolated_environment: Path) -> None:
    with FakeApi.in_thread(ANSWER) as api:
        ended = sent_with(api, ANTHROPIC_API_KEY=key).told(1)
        assert api.requests == []
    assert (ended.json["outcome"], ended.json["error"]["kind"]) == ("failed", "auth")
    everything = ended.out + ended.err + b"".join(file.read_bytes() for file in isolated_environment.rglob("*") if file.is_file())
    assert b"planted" not in everything


def test_an_empty_key_is_none() -> None:
    with FakeApi.in_thread(ANSWER) as api:
        assert sent_with(api, ANTHROPIC_API_KEY="").told(3).json["error"]["kind"] == "credentials"
        assert api.requests == []


def test_the_same_history_is_sent_as_the_same_bytes() -> None:
    """A request begins with what the one before it sent: that is what prompt caching and signed thinking need."""
    with FakeApi.in_thread(ANSWER) as api:
        for prompt in ("one", "two", "three"):
            run("ask", "-c", prompt, api=api).told(0)
        sent = [[json.dumps(message) for message in call.body["messages"]] for call in api.calls]
    assert sent[1][:1] == sent[0] and sent[2][:3] == sent[1]
