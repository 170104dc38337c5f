"""What no scripted server can do: names that do not resolve, ports nobody listens on, certificates nobody signed."""

from __future__ import annotations

import socket
from contextlib import closing
from pathlib import Path

import pytest

from claude_tui.domain.errors import ErrorKind
from claude_tui.domain.messages import Outcome
from claude_tui.domain.ports import Timeouts
from claude_tui.fakeapi import FakeApi, Fault, Pause, Say, Script, Strike
from tests.faults.bench import GOOD, Waits, program, restarted, turn
from tests.faults.nowhere import deaf_server, secure_server

pytestmark = pytest.mark.unmeasured

MODEL = "claude-opus-5-5"


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> Waits:
    waits = Waits()
    waits.patch(monkeypatch)
    return waits


async def fails(folder: Path, url: str, kind: ErrorKind, *words: str, timeouts: Timeouts | None = None) -> None:
    """A turn against this address fails like this, keeps the prompt, and the session goes on elsewhere."""
    async with program(folder, url, "key", timeouts=timeouts or Timeouts(5.0, 5.0, 5.0), retries=2) as (workspace, _):
        result, _ = await turn(workspace.new(model=MODEL), "hi")
    assert (result.outcome, result.answer) == (Outcome.FAILED, None)
    assert result.error is not None and result.error.kind is kind, result.error
    assert (result.error.status, result.error.request_id) == (None, None)
    for word in words:
        assert word in result.error.message
    async with FakeApi(GOOD) as api:
        await restarted(folder, api.url, api.key, "hi again")
        assert [block["text"] for block in api.calls[0].body["messages"][0]["content"]] == ["hi", "hi again"]


async def test_a_name_that_does_not_resolve(tmp_path: Path, waits: Waits) -> None:
    await fails(tmp_path, "https://api.invalid", ErrorKind.NETWORK, "https://api.invalid", "could not be found")
    assert len(waits.seconds) == 2


async def test_a_port_nobody_listens_on(tmp_path: Path, waits: Waits) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as held:
        port = held.getsockname()[1]
    await fails(tmp_path, f"http://127.0.0.1:{port}", ErrorKind.NETWORK, f"127.0.0.1:{port}")
    assert len(waits.seconds) == 2


async def test_a_server_that_does_not_take_the_connection(tmp_path: Path, waits: Waits) -> None:
    """A full backlog: the system answers nothing at all."""
    with deaf_server() as url:
        await fails(tmp_path, url, ErrorKind.TIMEOUT, url, "0.2 s", timeouts=Timeouts(connect=0.2, first_byte=9.0, idle=9.0))
    assert len(waits.seconds) == 2


async def test_a_certificate_nobody_signed_is_never_accepted_and_never_retried(tmp_path: Path, waits: Waits) -> None:
    with secure_server(tmp_path) as url:
        await fails(tmp_path / "data", url, ErrorKind.NETWORK, url, "certificate", "could not be verified")
    assert waits.seconds == []


async def test_a_server_that_speaks_no_tls(tmp_path: Path, waits: Waits) -> None:
    async with FakeApi(GOOD) as api:
        url = api.url.replace("http:", "https:")
        await fails(tmp_path, url, ErrorKind.NETWORK, url)
    assert waits.seconds == []


async def test_a_server_that_never_answers_is_given_up_after_the_first_byte_timeout(tmp_path: Path, waits: Waits) -> None:
    async with FakeApi(Script((Pause(60), Say("late")))) as api:
        timeouts = Timeouts(connect=5.0, first_byte=0.2, idle=9.0)
        async with program(tmp_path, api.url, api.key, timeouts=timeouts) as (workspace, _):
            result, _ = await turn(workspace.new(model=MODEL), "hi")
            await api.wait_closed(0)
    assert result.error is not None and result.error.kind is ErrorKind.TIMEOUT and "0.2 s" in result.error.message


async def test_no_redirect_is_followed(tmp_path: Path) -> None:
    """Neither to another server nor to another path: the key and the conversation stay."""
    async with FakeApi(GOOD) as other:
        for status, place in ((307, f"{other.url}/v1/messages"), (308, "/elsewhere"), (302, "//example.invalid/")):
            away = Strike(Fault.REDIRECT, {"status": status, "location": place})
            async with FakeApi(Script((away,))) as api, program(tmp_path, api.url, api.key) as (workspace, _):
                result, _ = await turn(workspace.new(model=MODEL), "hi")
                assert result.error is not None and result.error.kind is ErrorKind.PROTOCOL
                assert (result.error.status, place in result.error.message) == (status, True)
                assert len(api.requests) == 1
        assert other.requests == []
