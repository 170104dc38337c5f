"""Copying: which programs are asked, what they get, and that no more is said than is known."""

from __future__ import annotations

import base64
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.app import App

from claude_tui.ui import clipboard
from claude_tui.ui.clipboard import OSC52, Copied, Tool


class Screen(App[None]):
    """An app whose terminal is a list, or missing."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[str] = []


@pytest.fixture
async def app() -> Screen:
    return Screen()


@pytest.fixture
def terminal(app: Screen, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr(clipboard, "write_raw", lambda _app, data: not app.sent.append(data))
    return app.sent


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], dict[str, str]]:
    """Install a program of this name; an environment in which it is found. It writes what it was given to `got`."""
    monkeypatch.setattr(clipboard, "tools", clipboard.tools)

    def install(name: str, body: str = "") -> dict[str, str]:
        folder = tmp_path / "bin"
        folder.mkdir(exist_ok=True)
        file = folder / name
        file.write_text(
            f"#!{sys.executable}\nimport json, os, sys\ndata = sys.stdin.buffer.read()\n"
            f"open({str(tmp_path / 'got')!r}, 'wb').write(data)\n"
            f"json.dump([dict(os.environ), sys.argv[1:], os.getsid(0)], open({str(tmp_path / 'how')!r}, 'w'))\n{body}\n"
        )
        file.chmod(0o700)
        return {"PATH": str(folder)}

    return install


@pytest.mark.parametrize(
    ("name", "environ"),
    [
        ("wl-copy", {"WAYLAND_DISPLAY": "wayland-0"}),
        ("xclip", {"DISPLAY": ":0"}),
        ("xsel", {"DISPLAY": ":0"}),
        ("clip.exe", {"WSL_DISTRO_NAME": "Debian"}),
        ("termux-clipboard-set", {"TERMUX_VERSION": "0.118"}),
        ("tmux", {"TMUX": "/tmp/tmux-0/default,1,0"}),
    ],
)
async def test_the_program_of_the_system_gets_the_text(
    app: Screen, terminal: list[str], program: Callable[[str], dict[str, str]], tmp_path: Path, name: str, environ: dict[str, str]
) -> None:
    copied = await clipboard.copy(app, "中文 text\n", None, {**program(name), **environ, "ANTHROPIC_API_KEY": "CANARY"})
    assert (tmp_path / "got").read_bytes().decode("utf-16" if name == "clip.exe" else "utf-8") == "中文 text\n"
    assert "CANARY" not in (tmp_path / "how").read_text()
    assert f", {os.getsid(0)}]" not in (tmp_path / "how").read_text()
    assert copied.ways == ((name,) if name == "tmux" else (name, OSC52))
    assert copied.problems == ()


def test_pbcopy_is_for_macos(program: Callable[[str], dict[str, str]]) -> None:
    assert [tool.name for tool in clipboard.tools(program("pbcopy"), "darwin")] == ["pbcopy"]
    assert list(clipboard.tools(program("pbcopy"), "linux")) == []


def test_programs_without_their_display_are_not_asked(program: Callable[[str], dict[str, str]]) -> None:
    program("wl-copy")
    assert list(clipboard.tools(program("xclip"))) == []


async def test_a_program_that_fails_says_why_and_the_terminal_gets_it(
    app: Screen, terminal: list[str], program: Callable[..., dict[str, str]]
) -> None:
    environ = {**program("xclip", 'sys.exit("Error: Can\'t open display: \\x1b[31m:0")'), "DISPLAY": ":0"}
    copied = await clipboard.copy(app, "text", None, environ)
    assert copied.ways == (OSC52,)
    assert copied.sentence() == "4 characters sent to the terminal (OSC 52). xclip: Error: Can't open display: ␛[31m:0."


async def test_the_next_program_is_asked_when_one_fails(
    app: Screen, terminal: list[str], program: Callable[..., dict[str, str]]
) -> None:
    program("xclip", "sys.exit(1)")
    copied = await clipboard.copy(app, "text", None, {**program("xsel"), "DISPLAY": ":0"})
    assert copied.ways == ("xsel", OSC52)
    assert copied.problems == ("xclip: ended with code 1",)


async def test_a_program_that_hangs_is_ended(
    app: Screen, terminal: list[str], program: Callable[..., dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clipboard, "TIME_LIMIT", 0.3)
    environ = {**program("xclip", "import signal; signal.pause()"), "DISPLAY": ":0"}
    assert (await clipboard.copy(app, "text", None, environ)).problems == ("xclip: no answer in 0.3 s",)


async def test_a_program_that_stays_in_the_background_is_not_waited_for(
    app: Screen, terminal: list[str], program: Callable[..., dict[str, str]]
) -> None:
    """xclip keeps the selection, with our pipes open."""
    body = "import signal\nif os.fork() == 0:\n    signal.alarm(20); signal.pause()"
    environ = {**program("xclip", body), "DISPLAY": ":0"}
    assert "xclip" in (await clipboard.copy(app, "text", None, environ)).ways


async def test_a_program_that_cannot_be_started(app: Screen) -> None:
    problem = await clipboard._run(Tool("none", ("/nowhere/none",)), "text", {})
    assert problem == "No such file or directory"


async def test_what_is_copied_is_safe_and_kept_for_pasting_inside(app: Screen, terminal: list[str]) -> None:
    await clipboard.copy(app, "a\x1b[31mb\ud800\u202ec", None, {})
    (sequence,) = terminal
    assert base64.b64decode(sequence[7:-1]).decode() == "a␛[31mb\ufffd\ufffdc"
    assert app.clipboard == "a␛[31mb\ufffd\ufffdc"


def test_osc52_is_wrapped_for_what_stands_between() -> None:
    assert clipboard.osc52(b"ab", {}) == "\x1b]52;c;YWI=\x07"
    assert clipboard.osc52(b"ab", {"TMUX": "x"}) == "\x1bPtmux;\x1b\x1b]52;c;YWI=\x07\x1b\\"
    through_screen = clipboard.osc52(b"x" * 1000, {"STY": "1.pts"})
    pieces = through_screen.split("\x1b\\")
    assert all(piece.startswith("\x1bP") and len(piece) <= 258 for piece in pieces[:-1])
    assert "".join(piece[2:] for piece in pieces) == clipboard.osc52(b"x" * 1000, {})


@pytest.mark.parametrize(("text", "environ"), [("x" * 100_001, {}), ("x", {"TERM_PROGRAM": "Apple_Terminal"})])
async def test_where_nothing_takes_it_a_private_file_does(
    app: Screen, terminal: list[str], tmp_path: Path, text: str, environ: dict[str, str]
) -> None:
    copied = await clipboard.copy(app, text, tmp_path / "kept", environ)
    assert terminal == []
    assert copied.ways == ()
    assert copied.saved is not None
    assert copied.saved.read_text() == text
    assert copied.saved.stat().st_mode & 0o777 == 0o600
    assert copied.sentence().startswith(f"No clipboard took it: {len(text):,} character")


async def test_without_a_terminal_too(app: Screen, tmp_path: Path) -> None:
    assert (await clipboard.copy(app, "x", tmp_path, {})).saved is not None


async def test_when_all_fails_it_is_said(app: Screen, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    copied = await clipboard.copy(app, "x", tmp_path / "file" / "folder", {})
    assert copied.saved is None
    assert copied.sentence().startswith("No clipboard took it, and the 1 character could not be saved. There is no terminal")


@pytest.mark.parametrize(
    ("copied", "sentence"),
    [
        (Copied(1234, ("wl-copy", OSC52)), "Copied 1,234 characters (wl-copy), and sent to the terminal (OSC 52)."),
        (Copied(1, ("xclip",)), "Copied 1 character (xclip)."),
        (Copied(2, (OSC52,)), "2 characters sent to the terminal (OSC 52)."),
        (Copied(2, (), Path("/x/y")), "No clipboard took it: 2 characters saved in /x/y."),
    ],
)
def test_the_sentence_says_what_is_known(copied: Copied, sentence: str) -> None:
    assert copied.sentence() == sentence
