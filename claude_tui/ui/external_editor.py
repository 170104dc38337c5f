"""The draft in the user's own editor. Meanwhile the program goes on, answers stream and are saved; only the screen is the editor's.

The text is never lost: whatever goes wrong, it comes back, at least as it was.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import shutil
import signal
import stat
import tempfile
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

from textual.app import App, SuspendNotSupported

from claude_tui.child_environment import with_callers_umask, without_credentials
from claude_tui.domain.text import repair, safe_line

LARGEST = 10_000_000  # bytes
FALLBACKS = ("vi", "nano")
_FILE_NAME = "message.md"
# The keyboard of the editor's terminal must not end the program behind it, and neither must the editor inherit our deafness.
_KEYBOARD_SIGNALS = (signal.SIGINT, signal.SIGQUIT)

END_WITHIN = 0.5  # seconds between asking a cancelled editor to go and making it


class EditorFailed(Exception):
    """The editor is missing, ended badly or left something that is no text. `text`: what the draft should be now."""

    def __init__(self, sentence: str, text: str) -> None:
        super().__init__(sentence)
        self.text = text


async def edit(app: App[Any], text: str, environ: Mapping[str, str]) -> str | None:
    """`text` as the user left it in the editor; None if nothing was changed.

    Raises `EditorFailed`, whose message is a sentence for the user. Cancelling ends the editor.
    """
    command = _command(environ, text)
    with tempfile.TemporaryDirectory(prefix="claude-tui-", ignore_cleanup_errors=True) as folder:  # made with mode 0700
        path = Path(folder) / _FILE_NAME
        _write(path, text)
        try:
            with app.suspend(), _deaf_to_the_keyboard():  # raising in here would leave the screen suspended
                ended = await _run([*command, str(path)], environ)
        except SuspendNotSupported:
            raise EditorFailed("An editor cannot be opened here: this terminal cannot be handed over.", text) from None
        edited = text if isinstance(ended, BaseException) else _read(path, text)
    if isinstance(ended, OSError):
        raise EditorFailed(f"The editor cannot be started ({ended.strerror}): {safe_line(command[0])}", text)
    if isinstance(ended, BaseException):
        raise ended
    if ended:
        how = f"with code {ended}" if ended > 0 else f"on signal {-ended}"
        raise EditorFailed(f"The editor ({safe_line(command[0])}) ended {how}. The text is what its file held.", edited)
    return None if edited == text else edited


def _command(environ: Mapping[str, str], text: str) -> list[str]:
    """The words of $VISUAL or $EDITOR, or what is there, as an absolute path and arguments."""
    path = environ.get("PATH")
    for name in ("VISUAL", "EDITOR"):
        setting = environ.get(name, "").strip()
        if not setting:
            continue
        try:
            words = shlex.split(setting)
        except ValueError:
            raise EditorFailed(f"${name} cannot be read as a command: {safe_line(setting)}", text) from None
        if program := shutil.which(os.path.expanduser(words[0]), path=path):
            return [program, *words[1:]]
        raise EditorFailed(f"The editor in ${name} is not there: {safe_line(words[0])}", text)
    for name in FALLBACKS:
        if program := shutil.which(name, path=path):
            return [program]
    raise EditorFailed("No editor was found. Name one in $VISUAL or $EDITOR.", text)


def _write(path: Path, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with open(handle, "w", encoding="utf-8", newline="") as file:
        os.fchmod(handle, 0o600)
        file.write(repair(text))
        if text and not text.endswith("\n"):
            file.write("\n")


def _read(path: Path, text: str) -> str:
    """What the file holds now, without the line end editors add. A large one is cut, and said so; one that is gone is no edit."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise EditorFailed("The editor left something that is no file. The text is as it was.", text)
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise EditorFailed(f"The edited text cannot be read ({error.strerror}). The text is as it was.", text) from None
    edited = data[:LARGEST].decode("utf-8", "replace").removeprefix("\ufeff").replace("\r\n", "\n")
    if len(data) > LARGEST:
        raise EditorFailed(f"The edited text is longer than {LARGEST:,} bytes. The rest was cut off.", edited)
    return edited if text.endswith("\n") else edited.removesuffix("\n")


async def _run(command: list[str], environ: Mapping[str, str]) -> int | OSError | asyncio.CancelledError:
    """Run it on our terminal; its exit code, negative for a signal, or what stood in the way."""
    try:
        process = _start(command, environ)
    except OSError as error:
        return error
    waiting = asyncio.ensure_future(asyncio.to_thread(os.waitpid, process, 0))
    try:
        _, status = await asyncio.shield(waiting)
    except asyncio.CancelledError as error:
        for number in (signal.SIGHUP, signal.SIGKILL):
            if not waiting.done():
                os.kill(process, number)
                await asyncio.wait([waiting], timeout=END_WITHIN)
        return error
    return os.waitstatus_to_exitcode(status)


def _start(command: list[str], environ: Mapping[str, str]) -> int:
    """In our process group, so that Ctrl+Z stops both; without our credentials; on the terminal even where we are in a pipe."""
    streams = [(os.POSIX_SPAWN_DUP2, 2, number) for number in (0, 1) if not os.isatty(number)]
    visible = without_credentials(environ)
    with with_callers_umask():
        return os.posix_spawn(command[0], command, visible, file_actions=streams, setsigdef=_KEYBOARD_SIGNALS)


@contextlib.contextmanager
def _deaf_to_the_keyboard() -> Generator[None]:
    """Ctrl+C belongs to the editor: the terminal sends it to both of us. Ctrl+Z stops both, as a shell expects."""
    before = [(number, signal.signal(number, signal.SIG_IGN)) for number in _KEYBOARD_SIGNALS]
    try:
        yield
    finally:
        for number, action in before:
            signal.signal(number, signal.SIG_DFL if action is None else action)
