"""What no scripted server can do: names that do not resolve, ports nobody listens on, certificates nobody signed; and the
sentences and exit codes of faults as the real command shows them.
"""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from claude_tui.domain.errors import ErrorKind
from claude_tui.domain.messages import Outcome
from claude_tui.domain.ports import Timeouts
from claude_tui.fakeapi import FakeApi, Fault, Pause, Phase, Plan, Say, Script, Strike, at
from tests.contract.command import run
from tests.faults.bench import GOOD, Waits, program, restarted, turn

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
    with closing(socket.socket()) as deaf, closing(socket.socket()) as filler, closing(socket.socket()) as more:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        for one in (filler, more):
            one.setblocking(False)
            one.connect_ex(deaf.getsockname())
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        await fails(tmp_path, url, ErrorKind.TIMEOUT, url, "0.2 s", timeouts=Timeouts(connect=0.2, first_byte=9.0, idle=9.0))
    assert len(waits.seconds) == 2


@contextmanager
def secure_server(folder: Path) -> Iterator[str]:
    """A loopback server whose certificate nobody vouches for; its address."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl makes the certificate, and there is none")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    request = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    subprocess.run([*request, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True, timeout=30)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with closing(connection):
                try:
                    context.wrap_socket(connection, server_side=True).close()
                except OSError:
                    continue

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"https://localhost:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


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


COMMANDS: dict[str, tuple[Plan, str, int | None, str]] = {
    "bad request": (at(Fault.BAD_REQUEST, Phase.BEFORE_HEADERS), "invalid_request", 400, "refused by the script"),
    "context": (at(Fault.CONTEXT_FULL, Phase.BEFORE_HEADERS), "context", 400, "prompt is too long"),
    "billing": (at(Fault.SPENDING_LIMIT, Phase.BEFORE_HEADERS), "billing", 429, "spending limit"),
    "rate limit": (at(Fault.RATE_LIMITED_HUGE, Phase.BEFORE_HEADERS), "rate_limit", 429, "24.0 hours"),
    "gateway page": (at(Fault.BAD_GATEWAY_HTML, Phase.BEFORE_HEADERS), "server", 502, "Bad Gateway"),
    "refused": (Script((Fault.REFUSED,)), "network", None, "127.0.0.1"),
    "captive portal": (at(Fault.HTML_200, Phase.BEFORE_HEADERS), "protocol", 200, "Sign in to WiFi"),
    "redirect": (at(Fault.REDIRECT, Phase.BEFORE_HEADERS), "protocol", 307, "redirect.invalid"),
    "bad UTF-8": (at(Fault.INVALID_UTF8, Phase.TEXT), "protocol", 200, "cannot be read"),
}


@pytest.mark.parametrize(("plan", "kind", "status", "words"), COMMANDS.values(), ids=COMMANDS.keys())
def test_the_command_says_what_happened_and_what_to_do(plan: Plan, kind: str, status: int | None, words: str) -> None:
    with FakeApi.in_thread(plan) as api:
        ended = run("ask", "hi", "-o", "json", api=api, env={"CLAUDE_TUI_RETRIES": "0"}).told(1)
    error = ended.json["error"]
    assert (error["kind"], error["status"]) == (kind, status)
    assert words in error["message"] and "\n" not in error["message"] and "<" not in error["message"]
    assert (error["request_id"] is None) is (kind == "network")
    (sentence,) = [line for line in ended.stderr.splitlines() if line.startswith("Error: ")]
    assert error["message"] in sentence
    advice = sentence.partition(error["message"])[2]
    assert len(advice.strip()) > 20
    assert "Traceback" not in ended.stderr
