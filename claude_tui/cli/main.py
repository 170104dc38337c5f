"""The entry point. What most starts look like is read here; every other command line is Typer's, which takes longer to load."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, NoReturn

from claude_tui.child_environment import be_private
from claude_tui.cli.argv import PICK, rewrite
from claude_tui.cli.exits import UsageError, ended, prepare_streams
from claude_tui.cli.options import ChatOptions, Resume
from claude_tui.domain.text import repair

if TYPE_CHECKING:
    from claude_tui.files import Paths

COMPLETION = "_CLAUDE_TUI_COMPLETE"
"""Set by a shell that asks what could be typed next."""
_RESUME_ID = "--resume="


def main() -> NoReturn:
    """The `claude-tui` command."""
    be_private()
    prepare_streams()
    arguments = rewrite(sys.argv[1:])
    run = None if COMPLETION in os.environ else simple_start(arguments)
    sys.exit(ended(run or (lambda: _any_command(arguments))))


def _any_command(arguments: list[str]) -> None:
    from claude_tui.cli.commands import app

    app(arguments, prog_name="claude-tui")


def simple_start(arguments: Sequence[str]) -> Callable[[], NoReturn] | None:
    """What a rewritten command line starts, if it is `demo` alone or `chat` with nothing but a session and a prompt; else None."""
    command, *rest = arguments or ("",)
    if command == "demo" and not rest:
        return lambda: sys.exit(_demo(ChatOptions()))
    if command != "chat":
        return None
    words = [one for one in rest if not one.startswith("-")]
    options = {one for one in rest if one.startswith("-")}
    ids = {one for one in options if one.startswith(_RESUME_ID) and one != _RESUME_ID}
    if len(words) > 1 or len(words) + len(options) < len(rest) or len(options) > 1 or options - ids - {"-c", "--continue", PICK}:
        return None
    session_id = next((one.removeprefix(_RESUME_ID) for one in ids), None)
    last = bool(options & {"-c", "--continue"})
    return lambda: sys.exit(_chat(ChatOptions(prompt_of(words), resumed(last, session_id, PICK in options))))


def _chat(options: ChatOptions) -> int:
    begin()
    return front_end(options).chat(options)


def _demo(options: ChatOptions) -> int:
    begin(temporary=True)
    return front_end(options).demo(options)


# What the commands share.


def begin(*, temporary: bool = False) -> Paths:
    """Before any command that works: a log, and the folders' names."""
    from claude_tui.files import Paths
    from claude_tui.logs import start_logging
    from claude_tui.terminal_state import repair as repair_terminal

    paths = Paths.find()
    start_logging(None if temporary else paths.log_file)
    repair_terminal(paths.terminals)
    return paths


def front_end(options: ChatOptions) -> ModuleType:
    """The screen, or the plain form where it is asked for or nothing else is possible."""
    gc.disable()  # what is loaded until the first frame stays: going through it again and again takes a tenth of the time
    from claude_tui.cli import screen

    if not options.plain and screen.is_possible(os.environ):
        return screen
    gc.enable()
    from claude_tui.cli import plain

    return plain


def prompt_of(words: list[str] | None) -> str | None:
    """The prompt, where there is one."""
    if words and len(words) > 1:
        raise UsageError("The prompt is one argument: put it in quotes.")
    return repair(words[0]) if words else None


def resumed(last: bool, session_id: str | None, pick: bool) -> Resume | str | None:
    """Which session is to be gone on with."""
    if last + pick + (session_id is not None) > 1:
        raise UsageError("--continue and --resume exclude each other.")
    return Resume.LAST if last else Resume.PICK if pick else session_id
