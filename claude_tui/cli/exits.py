"""How the program ends: every failure as a sentence on standard error and an exit code, and a closed pipe without a word."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any, cast

from claude_tui.domain.errors import ErrorKind, ProviderError, StoreError, advised
from claude_tui.domain.text import safe_text

INTERRUPTED = 130
NO_CREDENTIALS = 3
USAGE = 2
FAILED = 1


class UsageError(Exception):
    """The command line asks for something that makes no sense; the message is a sentence."""


def prepare_streams() -> None:
    """Open what the caller closed, so that no file of ours gets a standard descriptor; and let no character break the output."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number: this one
    sys.stdout = sys.stdout or os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", closefd=False)
    for stream in (sys.stdout, sys.stderr):
        cast("Any", stream).reconfigure(errors="backslashreplace")


def say(sentence: str) -> None:
    """A sentence on standard error, if there still is one."""
    from claude_tui.logs import redact

    try:
        print(f"claude-tui: {safe_text(redact(sentence))}", file=sys.stderr, flush=True)
    except (OSError, ValueError):
        return


def ended(run: Callable[[], object]) -> int:
    """Run the command; the exit code."""
    try:
        code = _exit_code(run)
        sys.stdout.flush()
    except BrokenPipeError:
        _abandon_output()
        return 0
    except OSError as error:
        _abandon_output()
        say(f"Standard output cannot be written: {error.strerror}.")
        return FAILED
    return code


def _exit_code(run: Callable[[], object]) -> int:
    from claude_tui.config import ConfigError

    try:
        run()
    except SystemExit as ending:
        if isinstance(ending.__context__, BrokenPipeError):  # the option parser met it and gave up
            raise ending.__context__ from None
        return ending.code if isinstance(ending.code, int) else int(ending.code is not None)
    except KeyboardInterrupt:
        return INTERRUPTED
    except (ConfigError, UsageError) as error:
        say(str(error))
        return USAGE
    except (ProviderError, StoreError) as error:
        say(advised(error.info))
        return NO_CREDENTIALS if error.info.kind is ErrorKind.CREDENTIALS else FAILED
    except BrokenPipeError:
        raise
    except OSError as error:
        say(f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}.")
        return FAILED
    except Exception as error:
        return _unexpected(error)
    return 0


def _unexpected(error: Exception) -> int:
    import logging

    from claude_tui.logs import current_file

    reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    file = current_file()
    if file:
        logging.getLogger(__name__).error("the command failed", exc_info=error)
    say(f"Something went wrong that should not have ({reason}).{f' Details: {file}' if file else ''}")
    return FAILED


def _abandon_output() -> None:
    """Nobody reads any more: let what is still buffered go nowhere, without a complaint at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
