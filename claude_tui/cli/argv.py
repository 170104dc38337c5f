"""What the words of a command line mean, before an option parser sees them.

The first argument that is not an option decides: the name of a command is that command, anything else is the prompt of `chat`.
Options may stand before it. `-r` takes the next argument as an id unless there is none or it begins with `-`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from claude_tui.config import Settings, flag_name, has_flag, rule_of

COMMANDS = ("chat", "ask", "sessions", "models", "stats", "config", "doctor", "backup", "restore", "web", "demo", "fake-api")
CONVERSATIONS = ("chat", "ask")
TOP_LEVEL = ("--version", "--help", "-h", "--install-completion", "--show-completion")
PICK = "--pick"
"""What `-r` without an id becomes: `chat` opens the picker, `ask` refuses."""

_SETTINGS = [item for item in fields(Settings) if has_flag(item.name)]
LONG_WITH_VALUE = frozenset({"--output", "--allow-tool", *(flag_name(item.name) for item in _SETTINGS)})
SHORT_WITH_VALUE = frozenset("o").union(rule_of(item).short.removeprefix("-") for item in _SETTINGS) - {""}


def rewrite(argv: Sequence[str]) -> list[str]:
    """The command line as the option parser needs it: a command first, `--resume=ID` or `--pick` for every `-r`.

    Never raises, and leaves its own result as it is.
    """
    if argv and argv[0] in TOP_LEVEL:
        return list(argv)
    options, start = _read(argv, 0, stop_at_word=True)
    if start < 0:
        return options
    if start == len(argv):
        return ["chat", *options]
    word = argv[start]
    if word not in COMMANDS:
        return ["chat", *options, *_read(argv, start)[0]]
    if word not in CONVERSATIONS:
        return [word, *argv[:start], *argv[start + 1 :]]
    return [word, *options, *_read(argv, start + 1)[0]]


def _read(argv: Sequence[str], start: int, *, stop_at_word: bool = False) -> tuple[list[str], int]:
    """The arguments from `start` on with every `-r` rewritten, and where reading stopped: at the first word, or at the end.

    A `--version` before the first word stands for the whole line; the position is then -1.
    """
    read: list[str] = []
    while start < len(argv):
        argument = argv[start]
        if argument == "--":
            return [*read, *argv[start:]], len(argv)
        if argument == "-" or not argument.startswith("-"):
            if stop_at_word:
                break
            read.append(argument)
            start += 1
            continue
        if stop_at_word and argument == "--version":
            return [argument], -1
        flags, name = _last_option(argument)
        if name in ("r", "--resume"):
            read += flags
            start = _read_resume(argv, start + 1, read)
        else:
            taken = 2 if name in LONG_WITH_VALUE or name in SHORT_WITH_VALUE else 1
            read += argv[start : start + taken]
            start += taken
    return read, min(start, len(argv))


def _read_resume(argv: Sequence[str], start: int, read: list[str]) -> int:
    if start < len(argv) and not argv[start].startswith("-"):
        read.append(f"--resume={argv[start]}")
        return start + 1
    read.append(PICK)
    return start


def _last_option(argument: str) -> tuple[list[str], str]:
    """The option at the end of `argument` that may want the next argument, empty if none does; and the flags before it.

    `-qm` is `-q -m`; in `-mNAME` and `--model=NAME` the value is there already.
    """
    if argument.startswith("--"):
        return [], argument
    for position, letter in enumerate(argument[1:], 1):
        if letter == "r" or letter in SHORT_WITH_VALUE:
            if position < len(argument) - 1:
                return [], ""
            return ([argument[:-1]] if position > 1 else []), letter
    return [], ""
