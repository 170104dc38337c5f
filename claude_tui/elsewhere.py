"""A conversation as a file outside of the history: where the user wants it, or where it can be when the history takes nothing."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from claude_tui.domain.blocks import dump_json
from claude_tui.domain.export import json_of, markdown_of
from claude_tui.domain.messages import Message, SessionInfo
from claude_tui.files import write_private

MARKDOWN = (".md", ".markdown")
_MOST_NAMES = 1000

_log = logging.getLogger(__name__)


def write_conversation(target: Path, info: SessionInfo, messages: Sequence[Message]) -> Path:
    """The whole file or none, for the user alone; Markdown if its name ends so, else what `sessions import` reads. OSError."""
    text = "".join(markdown_of(info, messages)) if target.suffix.lower() in MARKDOWN else dump_json(json_of(info, messages)) + "\n"
    target = target.absolute()
    write_private(target, text.encode("utf-8"))
    return target


def rescue(info: SessionInfo, messages: Sequence[Message]) -> Path | None:
    """The conversation in the first place that takes it; None where nothing does."""
    for folder in (*_folders(), Path(tempfile.gettempdir())):
        try:
            return write_conversation(_new_name([folder], info), info, messages)
        except OSError:
            _log.warning("the conversation cannot be written to %s", folder, exc_info=True)
    return None


def place(named: str, info: SessionInfo) -> tuple[Path, bool]:
    """The file to write, and whether it would be written over one that the user named."""
    if not named:
        return _new_name(_folders(), info), False
    given = Path(os.path.expanduser(named))
    return (_new_name([given], info), False) if given.is_dir() else (given, given.exists())


def lost(reason: object, info: SessionInfo | None, messages: Sequence[Message]) -> str:
    """What is said at the end of a conversation that the disk did not take, which is written elsewhere if any place takes it."""
    path = rescue(info, messages) if info is not None and messages else None
    where = f" The conversation is in {path}: `claude-tui sessions import` takes it back." if path is not None else ""
    return f"NOT SAVED: {reason}{where}"


def _folders() -> Iterator[Path]:
    """Where a user would look for a file."""
    for find in (Path.cwd, Path.home):
        try:
            yield find()
        except (OSError, RuntimeError):
            continue


def _new_name(folders: Sequence[Path] | Iterator[Path], info: SessionInfo) -> Path:
    """A name nothing has, in the first folder that may be written to."""
    found = [folder for folder in folders if os.access(folder, os.W_OK)] or [Path()]
    stem = f"claude-tui-{info.id}"
    names = (stem, *(f"{stem}-{number}" for number in range(2, _MOST_NAMES)))
    return next(
        (path for name in names if not (path := found[0] / f"{name}.json").exists()), found[0] / f"{stem}-{os.getpid()}.json"
    )
