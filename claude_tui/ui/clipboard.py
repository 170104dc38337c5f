"""Copying, and the truth about it.

A program of the system can say that it took the text. The terminal (OSC 52) cannot, so of that it is said that the text was sent.
Where there is neither, the text goes into a private file.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import signal
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textual.app import App

from claude_tui.child_environment import callers_umask
from claude_tui.domain.text import safe_line, safe_text
from claude_tui.files import private_folder, write_private
from claude_tui.ui.terminal import remember_copied, send_osc52_to_browser, write_raw

TIME_LIMIT = 2.0
OSC52 = "OSC 52"
OSC52_LIMIT = 100_000  # bytes of text; terminals cap it around there and cut or ignore what is longer
SCREEN_CHUNK = 256
# fmt: off
_PASSED_ON = frozenset({
    "DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "HOME", "LANG", "LOGNAME", "PATH", "PREFIX", "SYSTEMROOT", "TMPDIR", "TMUX",
    "TMUX_TMPDIR", "USER", "WAYLAND_DISPLAY", "WSLENV", "WSL_DISTRO_NAME", "WSL_INTEROP", "XAUTHORITY", "XDG_RUNTIME_DIR",
    "XDG_SESSION_TYPE",
})
# fmt: on

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Copied:
    """What became of a copy. `ways`: programs that took it, and OSC 52 if it was sent. `problems`: why others did not."""

    characters: int
    ways: tuple[str, ...] = ()
    saved: Path | None = None
    problems: tuple[str, ...] = ()

    def sentence(self) -> str:
        """What to tell the user: no more than is known."""
        amount = f"{self.characters:,} character" + ("s" if self.characters != 1 else "")
        programs = ", ".join(way for way in self.ways if way != OSC52)
        if programs:
            told = f"Copied {amount} ({programs})" + (", and sent to the terminal (OSC 52)." if OSC52 in self.ways else ".")
        elif self.ways:
            told = f"{amount} sent to the terminal (OSC 52)."
        elif self.saved is not None:
            told = f"No clipboard took it: {amount} saved in {self.saved}."
        else:
            told = f"No clipboard took it, and the {amount} could not be saved."
        return " ".join([told, *(f"{problem}." for problem in self.problems)])


@dataclass(frozen=True, slots=True)
class Tool:
    """A program that takes text on its standard input."""

    name: str
    command: tuple[str, ...]
    encoding: str = "utf-8"


async def copy(app: App[Any], text: str, folder: Path | None = None, environ: Mapping[str, str] = os.environ) -> Copied:
    """Put `text` on the clipboard by every way there is; into a private file in `folder` if there is none.

    What is copied is what is shown: `safe_text` of it.
    """
    text = safe_text(text)
    remember_copied(app, text)
    ways: list[str] = []
    problems: list[str] = []
    for tool in tools(environ):
        if tool.name == "tmux" or not ways:
            problem = await _run(tool, text, environ)
            ways += [tool.name] if problem is None else []
            problems += [f"{tool.name}: {problem}"] if problem is not None else []
    if "tmux" not in ways:  # tmux hands it to the terminal itself
        problem = _send(app, text, environ)
        ways += [OSC52] if problem is None else []
        problems += [problem] if problem and not ways else []
    saved = None
    if not ways:
        saved, problem = _save(text, folder)
        problems += [problem] if problem else []
    for problem in problems:
        _log.info("copying: %s", problem)
    return Copied(len(text), tuple(ways), saved, tuple(problems))


def tools(environ: Mapping[str, str], platform: str = sys.platform) -> Iterator[Tool]:
    """The programs that may be right here, best first, tmux last."""
    if platform == "darwin":
        yield from _installed(environ, Tool("pbcopy", ("pbcopy",)))
    if environ.get("WAYLAND_DISPLAY"):
        yield from _installed(environ, Tool("wl-copy", ("wl-copy", "--type", "text/plain;charset=utf-8")))
    if environ.get("DISPLAY"):
        yield from _installed(environ, Tool("xclip", ("xclip", "-selection", "clipboard", "-in")))
        yield from _installed(environ, Tool("xsel", ("xsel", "--clipboard", "--input")))
    if environ.get("WSL_DISTRO_NAME") or environ.get("WSL_INTEROP"):
        yield from _installed(environ, Tool("clip.exe", ("clip.exe",), "utf-16"))
    if environ.get("TERMUX_VERSION"):
        yield from _installed(environ, Tool("termux-clipboard-set", ("termux-clipboard-set",)))
    if environ.get("TMUX"):
        yield from _installed(environ, Tool("tmux", ("tmux", "load-buffer", "-w", "-")))


def _installed(environ: Mapping[str, str], tool: Tool) -> Iterator[Tool]:
    if path := shutil.which(tool.command[0], path=environ.get("PATH")):
        yield Tool(tool.name, (path, *tool.command[1:]), tool.encoding)


async def _run(tool: Tool, text: str, environ: Mapping[str, str]) -> str | None:
    """Why the program did not take the text, or None.

    Its own session, so that it cannot touch our terminal. Its output is no pipe: some stay in the background with it open.
    """
    with tempfile.TemporaryFile() as complaints:
        try:
            process = await asyncio.create_subprocess_exec(
                *tool.command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=complaints,
                env={name: value for name, value in environ.items() if name in _PASSED_ON or name.startswith("LC_")},
                umask=callers_umask(),
                start_new_session=True,
            )
        except OSError as error:
            return safe_line(error.strerror or str(error))
        try:
            await asyncio.wait_for(process.communicate(text.encode(tool.encoding)), TIME_LIMIT)
        except TimeoutError:
            return f"no answer in {TIME_LIMIT:g} s"
        finally:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
        if process.returncode == 0:
            return None
        complaints.seek(0)
        said = safe_line(complaints.read(1000).decode("utf-8", "replace"))
        return said or f"ended with code {process.returncode}"


def _send(app: App[Any], text: str, environ: Mapping[str, str]) -> str | None:
    """Send it to the terminal; why that was not done, or None."""
    data = text.encode()
    if len(data) > OSC52_LIMIT:
        return "Too long for the terminal (OSC 52)"
    if environ.get("TERM_PROGRAM") == "Apple_Terminal":
        return "This terminal does not take it (OSC 52)"
    if not send_osc52_to_browser(app, text) and not write_raw(app, osc52(data, environ)):
        return "There is no terminal to send it to"
    return None


def osc52(data: bytes, environ: Mapping[str, str]) -> str:
    """The sequence that asks the terminal to copy, wrapped for the multiplexer in between."""
    payload = b64encode(data).decode("ascii")
    sequence = f"\x1b]52;c;{payload}\x07"
    if environ.get("TMUX"):
        return "\x1bPtmux;" + sequence.replace("\x1b", "\x1b\x1b") + "\x1b\\"
    if environ.get("STY"):  # GNU screen passes short strings on, one after the other
        pieces = (sequence[at : at + SCREEN_CHUNK] for at in range(0, len(sequence), SCREEN_CHUNK))
        return "".join(f"\x1bP{piece}\x1b\\" for piece in pieces)
    return sequence


def _save(text: str, folder: Path | None) -> tuple[Path | None, str | None]:
    if folder is None:
        return None, "There is no folder to save it in"
    try:
        path = private_folder(folder) / f"copied-{time.strftime('%Y%m%d-%H%M%S')}-{time.time_ns() % 10**6:06}.md"
        write_private(path, text.encode())
    except OSError as error:
        return None, safe_line(f"{folder}: {error.strerror}")
    return path, None
