"""`ask` over an OpenAI-compatible endpoint, as scripts use it: the configuration, the message, the exits."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest

from claude_tui.fakeapi import Call, Dialect, FakeApi, Fault, Phase, Say, Script, Think, ThreadApi, WaitFor, at
from tests.contract.command import answers, finish, newest, read_until, run, show, start, texts

pytestmark = pytest.mark.unmeasured

KEY = "planted-gateway-key"
ANSWER = Script((Think("Let me see."), Say("It is so.")))
CALLING = (Script((Think("A number."), Call("calculator", {"expression": "6 * 7"}))), Script((Say("42"),)))


def configure(home: Path, url: str, *, key_line: str = 'api_key_env = "GATEWAY_KEY"') -> None:
    file = home / "config" / "config.toml"
    file.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
    file.write_text(f'[providers.gateway]\nwire = "openai"\nbase_url = "{url}/v1"\n{key_line}\nmodel = "some-model"\n')
    file.chmod(0o600)


def ask(*args: str, code: int = 0, **env: str | None) -> Any:
    return run("ask", "-o", "json", "--provider", "gateway", *args, env={"GATEWAY_KEY": KEY, **env}).told(code).json


def test_a_section_of_the_file(isolated_environment: Path) -> None:
    with FakeApi.in_thread(ANSWER, key=KEY) as api:
        configure(isolated_environment, api.url)
        told = ask("hi")
        (request,) = api.calls
    assert (told["outcome"], told["error"], told["stop_reason"]) == ("completed", None, "end_turn")
    assert told["message"]["content"] == [{"type": "thinking", "thinking": "Let me see."}, {"type": "text", "text": "It is so."}]
    assert (told["message"]["provider"], told["model"]) == ("gateway", "some-model")
    assert request.path == "/v1/chat/completions" and request.body["model"] == "some-model"
    assert "max_tokens" not in request.body, "nobody named a limit"
    assert newest()["provider"] == "gateway"


def test_variables_alone() -> None:
    with FakeApi.in_thread(ANSWER, key=KEY) as api:
        prefix = "CLAUDE_TUI_PROVIDERS__GATEWAY__"
        section = {"WIRE": "openai", "BASE_URL": f"{api.url}/v1", "API_KEY_ENV": "GATEWAY_KEY", "MODEL": "some-model"}
        told = ask("hi", **{prefix + name: value for name, value in section.items()})
    assert texts(told["message"]) == "It is so."


def test_a_turn_with_a_tool(isolated_environment: Path) -> None:
    with FakeApi.in_thread(CALLING, key=KEY) as api:
        configure(isolated_environment, api.url)
        told = ask("6 * 7?")
        second = api.calls[1].body["messages"]
    first, last = answers(told)
    assert (first["stop_reason"], last["stop_reason"]) == ("tool_use", "end_turn")
    (call,) = [block for block in first["content"] if block["type"] == "tool_use"]
    assert call["name"] == "calculator" and call["input"] == {"expression": "6 * 7"} and call["id"]
    assert second[-1] == {"role": "tool", "tool_call_id": call["id"], "content": "42"}
    assert told["turn_usage"]["output_tokens"] == sum(one["usage"]["output_tokens"] for one in answers(told))


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (at(Fault.UNAUTHORIZED, Phase.BEFORE_HEADERS), "auth"),
        (at(Fault.CLEAN_EOF, Phase.TEXT), "truncated"),
        (at(Fault.ERROR_NUMERIC_CODE, Phase.TEXT), "server"),
        (at(Fault.WHOLE_200, Phase.BEFORE_HEADERS), "protocol"),
        (at(Fault.SPENDING_LIMIT, Phase.BEFORE_HEADERS), "billing"),
    ],
    ids=["auth", "truncated", "server", "protocol", "billing"],
)
def test_failures(isolated_environment: Path, fault: Script, kind: str) -> None:
    with FakeApi.in_thread(fault, key=KEY) as api:
        configure(isolated_environment, api.url)
        told = ask("hi", code=1, CLAUDE_TUI_RETRIES="0")
    assert (told["outcome"], told["error"]["kind"]) == ("failed", kind)
    assert kind not in ("truncated", "server") or told["message"]["status"] == "failed"


def test_no_key_is_exit_3_and_nothing_is_sent(isolated_environment: Path) -> None:
    with FakeApi.in_thread(ANSWER, key=KEY) as api:
        configure(isolated_environment, "https://gateway.invalid")
        told = ask("hi", code=3, GATEWAY_KEY=None, ANTHROPIC_API_KEY=KEY, OPENAI_API_KEY=KEY)
        assert told["error"]["kind"] == "credentials" and "GATEWAY_KEY" in told["error"]["message"]
        assert api.requests == []


def test_a_keyless_server_on_this_machine_gets_nobodys_key(isolated_environment: Path) -> None:
    with FakeApi.in_thread(ANSWER, key=KEY) as api:
        configure(isolated_environment, api.url, key_line="")
        ask("hi", code=1, ANTHROPIC_API_KEY=KEY, OPENAI_API_KEY=KEY)
        (request,) = api.requests
    assert "authorization" not in request.headers and not any(KEY in value for value in request.headers.values())


def test_a_key_that_a_command_prints(isolated_environment: Path) -> None:
    with FakeApi.in_thread(ANSWER, key=KEY) as api:
        configure(isolated_environment, api.url, key_line=f'api_key_command = "echo {KEY}"')
        ask("hi")
        shown = run("config", "show").told(0).stdout + run("doctor").stdout
    assert KEY not in shown and "command echo" in shown


def test_a_session_keeps_its_endpoint_and_changes_it_by_a_flag(isolated_environment: Path) -> None:
    with FakeApi.in_thread((ANSWER, ANSWER, ANSWER), key=KEY) as api:
        configure(isolated_environment, api.url)
        first = ask("one")
        env = {"GATEWAY_KEY": KEY}
        run("ask", "-c", "two", api=api, env=env).told(0)
        run("ask", "-c", "--provider", "anthropic", "three", api=api, env={**env, "ANTHROPIC_API_KEY": KEY}).told(0)
        wires = [call.wire for call in api.calls]
        models = [call.body["model"] for call in api.calls]
    assert wires == ["openai", "openai", "anthropic"] and models == ["some-model", "some-model", "claude-opus-5-5"]
    shown = show(first["session_id"])
    assert shown["session"]["provider"] == "anthropic"
    assert [message["provider"] for message in answers(shown)] == ["gateway", "gateway", "anthropic"]


def test_an_interrupt_keeps_what_came(isolated_environment: Path) -> None:
    script = Script((Say("This much ", stop=False), WaitFor("never")))
    with FakeApi.in_thread(script, key=KEY) as api:
        configure(isolated_environment, api.url)
        with start("ask", "hi", "--provider", "gateway", env={"GATEWAY_KEY": KEY}) as process:
            read_until(process, b"much")
            process.send_signal(signal.SIGINT)
            finish(process).told(130)
        api.wait_closed(0)
    (answer,) = answers(show(newest()["id"]))
    assert (answer["status"], texts(answer)) == ("interrupted", "This much ")


def listed(api: ThreadApi, home: Path) -> list[dict[str, Any]]:
    configure(home, api.url)
    rows: list[dict[str, Any]] = run("models", "--provider", "gateway", "-o", "json", env={"GATEWAY_KEY": KEY}).told(0).json
    return rows


def test_the_models_of_an_endpoint(isolated_environment: Path) -> None:
    with FakeApi.in_thread(ANSWER, key=KEY, dialect=Dialect()) as api:
        rows = listed(api, isolated_environment)
    assert "claude-opus-5-5" in [row["id"] for row in rows]
    refused = run("models", "--provider", "gateway", env={"GATEWAY_KEY": KEY}).told(1)
    assert "refused" in refused.stderr, "what this version knows of Claude says nothing about another endpoint"


def test_an_endpoint_without_a_model_asks_for_one(isolated_environment: Path) -> None:
    with FakeApi.in_thread(ANSWER, key=KEY) as api:
        configure(isolated_environment, api.url)
        file = isolated_environment / "config" / "config.toml"
        file.write_text(file.read_text().replace('model = "some-model"\n', ""))
        refused = run("ask", "hi", "--provider", "gateway", env={"GATEWAY_KEY": KEY}).told(2)
        assert "--model" in refused.stderr and "gateway" in refused.stderr
        ask("hi", "-m", "any")
