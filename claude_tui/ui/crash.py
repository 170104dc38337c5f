"""What happens when the program itself is wrong: a private file with a traceback, three lines on the terminal, and out.

No value of a variable is ever written or shown, and what looks like a credential is taken out of the messages of exceptions.
The app overrides two methods of Textual's:

    def _handle_exception(self, error: Exception) -> None:
        handle_exception(self, error, folder, session)

    def _fatal_error(self) -> None:
        fatal_error(self, folder, session)
"""

# pyright: reportPrivateUsage=false, reportUnknownMemberType=false
# Textual has no public way to report an error; tests/unit/ui/test_terminal_private_names.py holds the names.

from __future__ import annotations

import logging
import os
import platform
import sys
import time
import traceback
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.text import Text
from textual.app import App
from textual.worker import WorkerFailed

from claude_tui import __version__
from claude_tui.domain.text import safe_line, safe_text
from claude_tui.files import private_folder, write_private
from claude_tui.logs import redact

KEPT_FILES = 10
LONGEST_LINE = 500

_log = logging.getLogger(__name__)


def handle_exception(
    app: App[Any], error: BaseException, folder: Path | None = None, session: str | None = None, *, saved: bool = True
) -> None:
    """The body of `App._handle_exception`: note the error for whoever runs the app, report it, end.

    `saved`: whether all that was said is on disk, as far as anybody knows.
    """
    app._return_code = 1
    if app._exception is None:
        app._exception = error if isinstance(error, Exception) else RuntimeError(str(error))
        app._exception_event.set()
    _report(app, error, folder, session, saved=saved)


def fatal_error(app: App[Any], folder: Path | None = None, session: str | None = None, *, saved: bool = True) -> None:
    """The body of `App._fatal_error`: the same for the exception that is being handled."""
    error = sys.exc_info()[1] or app._exception
    _report(app, error or RuntimeError("unknown"), folder, session, saved=saved)


def _report(app: App[Any], error: BaseException, folder: Path | None, session: str | None, *, saved: bool) -> None:
    """The first error is shown; those that follow from it are only in the file."""
    if isinstance(error, WorkerFailed):
        error = error.error
    details = report(error)
    _log.error("the program ended on an error of its own\n%s", details)
    place = _save(details, folder)
    if not app._exit_renderables:
        lines = summary(error, place, session, saved=saved)
        if isinstance(place, OSError) or place is None:
            lines = [details, *lines]
        app._exit_renderables.append(Text("\n".join(map(safe_text, lines))))
    app._close_messages_no_wait()


def summary(error: BaseException, place: Path | OSError | None, session: str | None, *, saved: bool = True) -> list[str]:
    """What happened, where the details are, how to go on. Nothing of the exception but its kind and where it arose."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" in {Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else ""
    if isinstance(place, Path):
        details = f"The details are in {place}."
    elif place is not None:
        details = f"The details could not be saved ({safe_line(place.strerror or str(place))}); they stand above."
    else:
        details = "The details stand above."
    resume = f"Everything sent and received is saved. To go on: claude-tui -r {safe_line(session)}" if session else ""
    lines = [f"claude-tui stopped on an error of its own: {type(error).__name__}{where}.", details]
    if not saved:
        return [*lines, "The history took nothing any more when it happened; what it never took is named below."]
    return [*lines, resume or "Everything sent and received is saved. To go on: claude-tui -c"]


def report(error: BaseException) -> str:
    """Versions and the traceback: no values of variables, no credentials, nothing a terminal would obey."""
    head = f"claude-tui {__version__}, textual {version('textual')}, Python {platform.python_version()}, {platform.platform()}"
    trace = traceback.TracebackException.from_exception(error, capture_locals=False, compact=True)
    lines = redact("".join(trace.format())).split("\n")
    return safe_text("\n".join([head, *(line[:LONGEST_LINE] for line in lines)]))


def _save(details: str, folder: Path | None) -> Path | OSError | None:
    if folder is None:
        return None
    try:
        private_folder(folder)
        path = folder / f"crash-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.txt"
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        write_private(path, (before + details).encode("utf-8", "replace"))
        for old in sorted(folder.glob("crash-*.txt"))[:-KEPT_FILES]:
            old.unlink(missing_ok=True)
    except OSError as problem:
        _log.warning("the crash report cannot be saved: %s", problem)
        return problem
    return path
