"""Keys of named endpoints: from a variable, a keyring, a command; what is said where there is none; and that none is shown."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from claude_tui.child_environment import without_credentials, without_own_keys
from claude_tui.domain.errors import ErrorKind, ProviderError
from claude_tui.logs import redact
from claude_tui.providers.keys import Key

SECRET = "sesame-of-the-forty"


async def refusal(key: Key) -> str:
    with pytest.raises(ProviderError) as caught:
        await key.get()
    assert caught.value.info.kind is ErrorKind.CREDENTIALS
    return caught.value.info.message


def script(tmp_path: Path, text: str) -> str:
    file = tmp_path / "helper.py"
    file.write_text(text)
    return f"{sys.executable} {file}"


async def test_from_a_variable() -> None:
    key = Key("gateway", variable="GATEWAY_KEY", environ={"GATEWAY_KEY": f" {SECRET}\n"})
    assert key.names() == ("GATEWAY_KEY",)
    assert await key.get() == SECRET
    assert SECRET not in redact(f"it is {SECRET} indeed")


async def test_a_variable_that_is_not_set() -> None:
    key = Key("gateway", variable="GATEWAY_KEY", environ={})
    assert key.names() == ()
    assert await refusal(key) == "No key for the provider gateway: GATEWAY_KEY holds none."


async def test_nothing_named() -> None:
    assert "api_key_env" in await refusal(Key("gateway"))
    local = Key("local", required=False)
    assert await local.get() is None and local.names() == ("no key needed",)


async def test_from_a_command_without_a_shell_and_without_our_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "not-for-helpers")
    monkeypatch.setenv("VAULT_TOKEN", "for-the-helper")
    command = script(
        tmp_path, "import os; print(os.environ.get('ANTHROPIC_API_KEY'), os.environ['VAULT_TOKEN'], sep='-'); print('x')"
    )
    key = Key("gateway", command=command)
    assert key.names() == (f"command {sys.executable}",)
    assert await key.get() == "None-for-the-helper"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("import sys; print('no vault here', file=sys.stderr); sys.exit(3)", "failed (exit 3): no vault here"),
        ("pass", "holds none"),
    ],
)
async def test_a_command_that_prints_none(tmp_path: Path, text: str, words: str) -> None:
    assert words in await refusal(Key("gateway", command=script(tmp_path, text)))


HOLDING = """
import subprocess, sys, time
pipe = open({pipe!r}, "w")
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], pass_fds=[pipe.fileno()])
print("x", file=pipe, flush=True)
time.sleep(60)
"""


async def test_whoever_stops_waiting_ends_the_command(tmp_path: Path) -> None:
    """With what it started: the pipe that both hold is at its end only when neither is left."""
    os.mkfifo(tmp_path / "pipe")
    waiting = asyncio.ensure_future(Key("gateway", command=script(tmp_path, HOLDING.format(pipe=str(tmp_path / "pipe")))).get())
    reading = await asyncio.to_thread(os.open, tmp_path / "pipe", os.O_RDONLY)
    assert await asyncio.to_thread(os.read, reading, 9) == b"x\n"
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await asyncio.to_thread(os.read, reading, 9) == b""
    os.close(reading)


async def test_a_command_that_is_not_there() -> None:
    assert "cannot be started" in await refusal(Key("gateway", command="/no/such/helper --key"))


async def test_from_a_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str]] = []

    def get_password(service: str, user: str) -> str:
        asked.append((service, user))
        return SECRET

    monkeypatch.setitem(sys.modules, "keyring", SimpleNamespace(get_password=get_password))
    assert await Key("gateway", keyring="claude-tui").get() == SECRET
    assert await Key("gateway", keyring="claude-tui/me").get() == SECRET
    assert asked == [("claude-tui", "gateway"), ("claude-tui", "me")]


async def test_a_keyring_that_is_missing_or_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert "claude-tui-chat[keyring]" in await refusal(Key("gateway", keyring="claude-tui"))

    def get_password(service: str, user: str) -> Any:
        raise OSError("locked")

    monkeypatch.setitem(sys.modules, "keyring", SimpleNamespace(get_password=get_password))
    assert "locked" in await refusal(Key("gateway", keyring="claude-tui"))


def test_other_programs_see_no_keys() -> None:
    Key("gateway", variable="ODDLY_NAMED", environ={})
    seen = {"HOME": "/home/me", "EDITOR": "vi"}
    environ = {"ODDLY_NAMED": "1", "OTHER_KEY": "2", "ANTHROPIC_API_KEY": "3", "VAULT_TOKEN": "4", **seen}
    assert without_credentials(environ) == seen
    assert without_own_keys(environ) == {"OTHER_KEY": "2", "VAULT_TOKEN": "4", **seen}
