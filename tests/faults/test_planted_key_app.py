"""Planted keys are in nothing that the app on the screen leaves behind or lets others see.

One session goes through a good turn, refusals that say the key back, a redirect, the other wire with a key from a command, the
editor, a copy, the list of models, `/doctor` and a crash, in a folder that a stranger prepared.
"""

from __future__ import annotations

import base64
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from claude_tui.fakeapi import Call, FakeApi, Fault, Say, Script, Strike, Think, ThreadApi
from tests.e2e.screen import ESC, F2, ScreenTerminal
from tests.e2e.tokens import foreign, left_on
from tests.faults.hostile import HostileFolder
from tests.faults.test_planted_key import LONG, traces

pytestmark = [pytest.mark.pty, pytest.mark.unmeasured, pytest.mark.slow]

OTHER = "CANARY-of-the-gateway-9876543210/+="
HEADER = "CANARY-in-a-header-0123456789"
CRASHING = """
import sys
from claude_tui.cli.main import main
from claude_tui.ui.chat_commands import ChatCommands

def crash(self, argument):
    import os
    api_key = os.environ["ANTHROPIC_API_KEY"]
    raise RuntimeError(f"could not send {api_key} \\x1b]0;t\\x07", {"x-api-key": api_key})

ChatCommands.run_app_redraw = crash
main()
"""
SPY = """#!/bin/sh
{ echo "== $0"; env; ps -e -ww -o args; ps -e -T -o comm; } >> SEEN
test -n "$1" && echo "from the editor" > "$1"
echo OTHER_KEY
"""


def echoing(key: str) -> Callable[[dict[str, Any], int], Script]:
    """A server that says the key back wherever something goes wrong."""

    def answer(body: dict[str, Any], n: int) -> Script:
        content = body["messages"][-1]["content"]
        word = (content if isinstance(content, str) else content[-1].get("text", "")).split()[:1]
        if word == ["refused"]:
            return Script((Strike(Fault.UNAUTHORIZED, {"message": f"the key {key} is not welcome"}),))
        if word == ["away"]:
            return Script((Strike(Fault.REDIRECT, {"location": f"https://u:{quote(key)}@example.invalid/?k={quote(key)}"}),))
        if word == ["broken"]:
            return Script((Say("It begins"), Strike(Fault.ERROR_API, {"message": f"x-api-key: {key}"})))
        if word == ["hello"]:
            return Script((Think("Hm."), Say("Well."), Call("calculator", {"expression": "6*7"})))
        return Script((Say("It is done."),))

    return answer


@pytest.fixture
def hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HostileFolder]:
    folder = HostileFolder(tmp_path)
    folder.plant_our_own_package()
    monkeypatch.chdir(folder.folder)
    yield folder
    folder.close()


def programs(folder: Path) -> dict[str, Path]:
    """An editor and a command that prints a key, each of which notes what it can see; and the program, which can crash."""
    folder.mkdir()
    made = {"crashing": folder / "crashing.py"}
    made["crashing"].write_text(CRASHING)
    for name in ("editor", "key"):
        made[name] = folder / name
        made[name].write_text(SPY.replace("SEEN", str(folder / "seen")).replace("OTHER_KEY", OTHER if name == "key" else ""))
        made[name].chmod(0o700)
    return made


def configure(home: Path, second: ThreadApi, key: Path) -> Path:
    """The second wire. What the user wrote into the file is the user's."""
    file = home / "config" / "config.toml"
    file.parent.mkdir(parents=True)
    file.write_text(
        f'[providers.gateway]\nwire = "openai"\nbase_url = "{second.url}/v1"\napi_key_command = "{key}"\nmodel = "m"\n'
        f'headers = {{ "X-Gateway-Token" = "{HEADER}" }}\n'
    )
    return file


def walk(terminal: ScreenTerminal, home: Path) -> bytes:
    """Everything where a key could slip out; the bytes the terminal got."""
    terminal.ready()
    for prompt, mark in (("hello", "It is done."), ("refused", "not welcome"), ("away", "redirects"), ("broken", "It begins")):
        terminal.send(prompt)
        terminal.see(mark)
        terminal.see("Idle")
        terminal.type("\x15")  # a prompt that was handed back
    terminal.type(F2)
    terminal.see("Ctrl+R ask the API")
    terminal.type("\x12")
    terminal.until(lambda _: any((home / "cache").glob("models-*")), "the list of models")
    terminal.type(ESC)
    terminal.see_no("Esc close")
    terminal.send("/provider gateway")
    terminal.see("gateway answers")
    terminal.send("refused")
    terminal.see("the key [redacted] is not welcome")
    terminal.type("\x15")
    terminal.send("hello there")
    terminal.until(lambda shown: shown.count("It is done.") >= 2, "an answer on the other wire")
    terminal.type("\x07")
    terminal.see("from the editor")
    terminal.type("\x15\x1b[1;3A")
    terminal.see("▌")
    terminal.type("c")
    terminal.see("sent to the terminal")
    terminal.type(ESC)
    terminal.see_no("▌")
    terminal.send("/doctor")
    terminal.see("What claude-tui doctor says")
    terminal.type(ESC)
    terminal.see_no("doctor says")
    terminal.type("\x0c")
    return terminal.drain()


def everything(raw: bytes, folder: Path, leave_out: set[Path]) -> dict[str, bytes]:
    """What was written anywhere, by place; of what was copied to the terminal, what is in it."""
    copied = [part.split(b"\x07")[0] for part in raw.split(b"\x1b]52;c;")[1:]]
    assert copied
    files = {path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()} - leave_out
    found = {str(path): path.read_bytes() for path in files} | {f"the name of {path}": str(path).encode() for path in files}
    return {**found, "the terminal": raw, "copied": b"".join(map(base64.b64decode, copied))}


def test_a_walk_through_the_app(hostile: HostileFolder, tmp_path: Path, isolated_environment: Path) -> None:
    made = programs(tmp_path / "program")
    with FakeApi.in_thread(echoing(LONG), key=LONG) as api, FakeApi.in_thread(echoing(OTHER), key=OTHER) as second:
        config = configure(isolated_environment, second, made["key"])
        keys = {"ANTHROPIC_API_KEY": LONG, "ANTHROPIC_BASE_URL": api.url, "OPENAI_API_KEY": LONG}
        debug = {"ANTHROPIC_LOG": "debug", "OPENAI_LOG": "debug", "CLAUDE_TUI_RETRIES": "0"}
        program = (sys.executable, "-P", str(made["crashing"]))
        with ScreenTerminal(program=program, **keys, **debug, VISUAL=str(made["editor"]), LANG="C.UTF-8") as terminal:
            raw = walk(terminal, isolated_environment)
            assert terminal.code() == 1
        assert second.calls[-1].headers["x-gateway-token"] == HEADER
    hostile.check()
    assert left_on(raw) == set() and foreign(raw, [r"\x1b\]52;c;[A-Za-z0-9+/=]*\x07"]) == []
    places = everything(raw, tmp_path, {config, *made.values()})
    hits = [place for place, data in places.items() for key in (LONG, OTHER, HEADER) for one in traces(key) if one in data]
    assert not hits
    seen = (tmp_path / "program" / "seen").read_text()
    started = [line.rpartition("/")[2] for line in seen.splitlines() if line.startswith("== ")]
    assert started == ["key", "key", "editor"] and seen.count("PATH=") >= 3  # a key that was refused is asked for again
    assert [place for place in places if "/crash-" in place] and [place for place in places if place.endswith("history.db")]
    logged = (isolated_environment / "logs" / "claude-tui.log").read_text()
    assert "DEBUG" in logged and "RuntimeError" in logged and "could not send [redacted]" in logged
    open_files = {path: path.stat().st_mode & 0o777 for path in isolated_environment.rglob("*") if path != config}
    assert {mode for path, mode in open_files.items() if path.is_file()} == {0o600}
    assert {mode for path, mode in open_files.items() if path.is_dir() and path != config.parent} == {0o700}
    assert sys.executable
