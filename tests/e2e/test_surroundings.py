"""The installed program where things are different: no colours, sixteen of them, no network, an error of its own."""

from __future__ import annotations

import re
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from claude_tui.fakeapi import FakeApi, ThreadApi
from tests.e2e.screen import ESC, F1, F2, ScreenTerminal
from tests.e2e.test_app import answer
from tests.e2e.tokens import foreign, tokens

pytestmark = [pytest.mark.pty, pytest.mark.unmeasured]


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadApi]:
    with FakeApi.in_thread(answer) as api:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", api.url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", api.key)
        yield api


def colours(raw: bytes) -> set[str]:
    """The colour parameters of every SGR: `31`, `48;5`, `38;2`. Those that ask for the terminal's own (39, 49) are none."""
    found: set[str] = set()
    for token in tokens(raw):
        if token.is_colour:
            parameters = iter(re.split("[;:]", token.text[2:-1]))
            for one in parameters:
                if one in ("38", "48", "58"):
                    kind = next(parameters, "")
                    found.add(f"{one};{kind}")
                    for _ in range(3 if kind == "2" else 1):
                        next(parameters, None)
                elif one.isdigit() and (30 <= int(one) <= 47 or 90 <= int(one) <= 107) and one != "39":
                    found.add(one)
    return found


def used(terminal: ScreenTerminal) -> bytes:
    """Everything drawn on a walk through the program."""
    terminal.see("What is on your mind?")
    for prompt, mark in (("count", "It is 42."), ("code", "return x + 1")):
        terminal.send(prompt)
        terminal.see(mark, "Idle")
    terminal.type("\x14\x14\x0f")
    terminal.see("expression: 6 * 7")
    for key, mark in ((F1, "Help"), ("\x10", "Commands"), (F2, "Claude Opus"), ("\x13", "Sessions")):
        terminal.type(key)
        terminal.see(mark, "Type to filter")
        terminal.type(ESC)
        terminal.see_no("Type to filter")
    terminal.type("/mo")
    terminal.see("/model")
    terminal.type("\x15")
    terminal.type("\x1b[1;3A")
    terminal.see("▌")
    terminal.type("\t")
    terminal.see_no("▌")
    terminal.send("hang")
    terminal.see("The beginning")
    terminal.send("queued")
    terminal.see("queued: queued")
    terminal.type(ESC)
    terminal.see("Interrupted")
    terminal.type("\x1b[A")
    terminal.see("┃ queued")
    terminal.type("\x15")
    terminal.see("Message Claude")
    y = next(y for y, row in enumerate(terminal.rows) if "The beginning" in row)
    terminal.type(f"\x1b[<0;5;{y + 1}M\x1b[<32;12;{y + 1}M\x1b[<0;12;{y + 1}m")
    terminal.until(lambda _: differs(terminal, y, 6, 16), "a selection that can be seen")
    terminal.type(ESC)
    terminal.until(lambda _: not differs(terminal, y, 6, 16), "no selection")
    y = next(y for y, row in enumerate(terminal.rows) if "Message Claude" in row)
    terminal.until(lambda _: differs(terminal, y, 2, 3), "a cursor that can be seen")
    assert terminal.quit() == 0
    return terminal.raw


def differs(terminal: ScreenTerminal, y: int, one: int, other: int) -> bool:
    """Whether two cells of a row have different grounds."""
    row = terminal._display.buffer[y]
    return (row[one].bg, row[one].reverse) != (row[other].bg, row[other].reverse)


def test_no_color_means_no_colour_at_all(api: ThreadApi) -> None:
    with ScreenTerminal(NO_COLOR="1") as terminal:
        raw = used(terminal)
    assert colours(raw) == set()
    assert b"\x1b[1" in raw  # but what is bold is bold


def test_the_ansi_theme_keeps_to_the_sixteen(api: ThreadApi) -> None:
    with ScreenTerminal(CLAUDE_TUI_THEME="ansi-dark") as terminal:
        raw = used(terminal)
    found = colours(raw)
    assert found and not [one for one in found if ";" in one]


def test_the_dark_theme_has_colours(api: ThreadApi) -> None:
    with ScreenTerminal(CLAUDE_TUI_THEME="dark") as terminal:
        raw = used(terminal)
    assert "38;2" in colours(raw) or "38;5" in colours(raw)
    assert foreign(raw[: raw.rindex(b"\x1b[?1049l")]) == []


def test_the_demo_says_it_is_canned_and_needs_no_network() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{closed.getsockname()[1]}"
        proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"), nowhere)
        with ScreenTerminal("demo", **proxies) as terminal:
            terminal.see("The demo", "canned", "demo (canned)")
            terminal.send("2+2")
            terminal.see("calculator", "✓", "Idle")
            assert terminal.quit() == 0
            assert "claude-tui -r" not in terminal.text


CRASHING = """
from claude_tui.cli.main import main
from claude_tui.ui.chat_commands import ChatCommands

def crash(self, argument):
    local = "CANARY-" + "LOCAL"
    raise RuntimeError("broken \\x1b]0;pwned\\x07 [/]")

ChatCommands.run_app_redraw = crash
main()
"""


def test_an_error_of_our_own_gives_the_terminal_back_and_says_how_to_go_on(api: ThreadApi, tmp_path: Path) -> None:
    script = tmp_path / "crashing.py"
    script.write_text(CRASHING)
    with ScreenTerminal(program=(sys.executable, str(script))) as terminal:
        terminal.ready()
        terminal.send("hang")
        terminal.see("The beginning")
        terminal.type("\x0c")
        raw = terminal.drain()
        assert terminal.code() == 1
    after = raw[raw.rindex(b"\x1b[?1049l") :]
    for mode in (b"\x1b[?1000l", b"\x1b[?1003l", b"\x1b[?2004l"):
        assert mode in raw[raw.rindex(b"\x1b[?1049h") :]
    said = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", after.decode()).replace("\r", "")
    lines = [line for line in said.split("\n") if line.strip()]
    # a narrow terminal wraps them: three sentences, no traceback, no value
    assert "stopped on an error of its own: RuntimeError" in said and "claude-tui -r " in said and "The details are in" in said
    assert len(lines) <= 6 and "Traceback" not in said and "CANARY" not in raw.decode() and "pwned" not in said
    assert foreign(raw) == []
    session = re.search(r"claude-tui -r\s+(\w+)", said)
    assert session is not None
    with ScreenTerminal("-r", session[1]) as terminal:
        terminal.see("The beginning", "Interrupted: what came is kept.")
