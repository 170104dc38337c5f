"""Streams of many gateways, byte for byte over a socket: what becomes of them, in the program's own client and in the command."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from claude_tui.domain.errors import ErrorKind, ProviderError
from claude_tui.domain.messages import Message, Status
from claude_tui.domain.partial import Partial
from claude_tui.domain.ports import ChatRequest
from claude_tui.providers.openai import OpenAIProvider
from tests.contract.command import Ended, answers, run
from tests.contract.replay import Replay, Reply, replaying
from tests.unit.providers.openai_wire import BASE, call, chunk, sse, text, texts, thinking, use
from tests.unit.providers.test_openai_gateways import ROWS
from tests.unit.providers.test_openai_oddities import ODD, USAGE

pytestmark = pytest.mark.unmeasured

KEY = "planted-gateway-key"
STOP = chunk(finish="stop")
PARTIAL = sse(chunk({"reasoning_content": "So"}), *texts("Hel"), done=False)
ERROR = {"error": {"message": "Upstream went away", "code": 502}}
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def gateway() -> Iterator[Replay]:
    with replaying(Reply(b"")) as replay:
        yield replay


def answer(gateway: Replay, reply: Reply) -> tuple[Message, ProviderError | None]:
    """What the provider makes of one reply."""
    gateway.give(reply)
    partial = Partial()

    async def collect() -> ProviderError | None:
        provider = OpenAIProvider(name="gateway", base_url=gateway.url, api_key=KEY)
        try:
            async for event in provider.stream(ChatRequest("some-model", [{"role": "user", "content": "hi"}])):
                partial.apply(event)
        except ProviderError as error:
            return error
        finally:
            await provider.close()
        return None

    error = asyncio.run(collect())
    return partial.message(BASE, Status.COMPLETE if error is None else Status.FAILED), error


def blocks_of(message: Message) -> list[dict[str, Any]]:
    """The blocks, without the ids that were made up."""
    return [{**block, "id": "*"} if str(block.get("id", "")).startswith("call_") else block for block in message.blocks]


@pytest.mark.parametrize("name", ROWS)
def test_gateways(gateway: Replay, name: str) -> None:
    row = ROWS[name]
    message, error = answer(gateway, Reply(row.stream))
    assert error is None and blocks_of(message) == row.blocks
    assert (message.stop_reason, message.usage) == (row.stop, row.usage)


@pytest.mark.parametrize("name", ODD)
def test_oddities(gateway: Replay, name: str) -> None:
    stream, blocks, stop = ODD[name]
    message, error = answer(gateway, Reply(stream, headers={"Content-Type": "application/octet-stream"}, piece=64))
    assert error is None and blocks_of(message) == blocks and message.stop_reason == stop


FAULTS: dict[str, tuple[Reply, ErrorKind, int]] = {
    "silence": (Reply(b""), ErrorKind.PROTOCOL, 0),
    "an end without a word": (Reply(PARTIAL), ErrorKind.TRUNCATED, 2),
    "half an event": (Reply(PARTIAL + b'data: {"id": "c1", "choi'), ErrorKind.TRUNCATED, 2),
    "a reset": (Reply(PARTIAL, end="rst"), ErrorKind.TRUNCATED, 2),
    "a body cut short": (
        Reply(PARTIAL, headers={"Content-Type": "text/event-stream", "Content-Length": "9999"}),
        ErrorKind.TRUNCATED,
        2,
    ),
    "an error frame": (Reply(PARTIAL + sse(ERROR)), ErrorKind.SERVER, 2),
    "an error event": (Reply(PARTIAL + b"event: error\ndata: overloaded\n\n"), ErrorKind.OVERLOADED, 2),
    "a JSON body": (Reply(b'{"id": "c1", "choices": [{"message": {"content": "x"}}]}', headers=JSON), ErrorKind.PROTOCOL, 0),
    "a JSON error": (Reply(b'{"error": {"message": "m", "code": "insufficient_quota"}}', headers=JSON), ErrorKind.BILLING, 0),
    "a page": (Reply(b"<html>Sign in</html>", headers={"Content-Type": "text/html"}), ErrorKind.PROTOCOL, 0),
    "401": (Reply(b'{"error": {"message": "m"}}', 401, JSON), ErrorKind.AUTH, 0),
    "402": (Reply(b'{"error": {"message": "Insufficient Balance"}}', 402, JSON), ErrorKind.BILLING, 0),
    "403": (Reply(b"{}", 403, JSON), ErrorKind.PERMISSION, 0),
    "404": (Reply(b'{"detail": "Not Found"}', 404, JSON), ErrorKind.NOT_FOUND, 0),
    "413": (Reply(b"too big", 413, JSON), ErrorKind.TOO_LARGE, 0),
    "429": (Reply(b'{"error": {"message": "slow down"}}', 429, JSON), ErrorKind.RATE_LIMIT, 0),
    "503": (Reply(b"<html>Busy</html>", 503, {"Content-Type": "text/html"}), ErrorKind.SERVER, 0),
    "504": (Reply(b"", 504, {}), ErrorKind.TIMEOUT, 0),
    "a context": (Reply(b'{"error": {"message": "maximum context length is 8"}}', 400, JSON), ErrorKind.CONTEXT, 0),
}


@pytest.mark.parametrize("name", FAULTS)
def test_faults(gateway: Replay, name: str) -> None:
    reply, kind, blocks = FAULTS[name]
    message, error = answer(gateway, reply)
    assert error is not None and error.info.kind is kind and error.info.message
    assert list(message.blocks) == [thinking("So"), text("Hel")][:blocks]


def test_a_dribble_and_an_end_that_never_comes(gateway: Replay) -> None:
    stream = sse(chunk({"reasoning": "né"}), *texts("h中", "lo"), STOP, {**chunk(), "choices": [], "usage": USAGE}, done=False)
    stream = stream.replace(rb"\u4e2d", "中".encode())
    message, error = answer(gateway, Reply(stream, piece=3, pause=0.0005, end="hold"))
    assert error is None and list(message.blocks) == [thinking("né"), text("h中lo")]
    assert message.usage is not None and message.usage["output_tokens"] == 2


# The command.


def ask(gateway: Replay, home: Path, *args: str) -> Ended:
    file = home / "config" / "config.toml"
    file.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
    section = f'wire = "openai"\nbase_url = "{gateway.url}"\napi_key_env = "GATEWAY_KEY"\nmodel = "some-model"\n'
    file.write_text(f"[providers.gateway]\n{section}")
    file.chmod(0o600)
    env = {"GATEWAY_KEY": KEY, "CLAUDE_TUI_RETRIES": "0"}
    return run("ask", "-o", "json", "--provider", "gateway", *args, env=env)


def test_the_command_goes_on_from_what_came(gateway: Replay, isolated_environment: Path) -> None:
    """A turn with two calls in an odd form, its results, and a further turn: each request says what an endpoint takes."""
    calling = sse(
        *(chunk({"reasoning_content": one, "content": tag + one}) for one, tag in (("A", "<think>"), (" sum", ""))),
        *texts("</think>\n\nI add."),
        call(index=0, id="", function={"name": "calculator", "arguments": '"{\\"expression\\": '}),
        call(index=0, function={"name": "", "arguments": '\\"6 * 7\\"}"'}),
        call(index=0, id=2, function={"name": "calculator", "arguments": {"expression": "1 + 1"}}),
        STOP,
    )
    gateway.requests.clear()
    gateway.give(Reply(calling), Reply(sse(*texts("<think>\n</think>\n42"), STOP, {**chunk(), "choices": [], "usage": USAGE})))
    told = ask(gateway, isolated_environment, "6 * 7?").told(0).json
    first, last = answers(told)
    assert (told["outcome"], first["stop_reason"], last["stop_reason"]) == ("completed", "tool_use", "end_turn")
    one, two = (block["id"] for block in first["content"] if block["type"] == "tool_use")
    assert first["content"] == [
        thinking("A sum"),
        text("I add."),
        use(one, "calculator", expression="6 * 7"),
        use(two, "calculator", expression="1 + 1"),
    ]
    assert last["content"] == [text("42")] and last["usage"]["output_tokens"] == 2
    ask(gateway, isolated_environment, "-c", "and now?").told(0)
    assert set(gateway.keys) == {f"bearer {KEY}"}
    sent = gateway.requests[-1]["messages"]
    assert [message["role"] for message in sent if message["role"] != "system"] == [
        *("user", "assistant", "tool", "tool", "assistant", "user")
    ]
    assistant = next(message for message in sent if message["role"] == "assistant")
    assert assistant["content"] == "I add." and [made["id"] for made in assistant["tool_calls"]] == [one, two]
    assert [json.loads(made["function"]["arguments"]) for made in assistant["tool_calls"]] == [
        {"expression": "6 * 7"},
        {"expression": "1 + 1"},
    ]
    assert [(message["tool_call_id"], message["content"]) for message in sent if message["role"] == "tool"] == [
        (one, "42"),
        (two, "2"),
    ]


@pytest.mark.parametrize("name", ["an end without a word", "a reset", "an error frame", "a JSON body", "429"])
def test_the_command_tells_of_faults(gateway: Replay, isolated_environment: Path, name: str) -> None:
    reply, kind, blocks = FAULTS[name]
    gateway.give(reply)
    told = ask(gateway, isolated_environment, "hi").told(1).json
    assert (told["outcome"], told["error"]["kind"]) == ("failed", kind)
    if blocks:
        assert told["message"]["status"] == "failed" and told["message"]["content"] == [thinking("So"), text("Hel")]


def test_a_call_that_is_no_json_is_answered_and_kept(gateway: Replay, isolated_environment: Path) -> None:
    broken = sse(
        call(index=0, id="c1", function={"name": "calculator", "arguments": '{"expression": 6 *'}), chunk(finish="tool_calls")
    )
    gateway.requests.clear()
    gateway.give(Reply(broken), Reply(sse(*texts("Sorry"), STOP)))
    first, last = answers(ask(gateway, isolated_environment, "hi").told(0).json)
    assert first["content"] == [use("c1", "calculator")] and first["raw_inputs"] == {"0": '{"expression": 6 *'}
    assert last["content"] == [text("Sorry")]
    result = gateway.requests[-1]["messages"][-1]
    assert result["role"] == "tool" and result["tool_call_id"] == "c1" and result["content"]
