"""What a command was asked to do, once the command line has been read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal, TypeAlias

Output: TypeAlias = Literal["text", "json"]
Grouping: TypeAlias = Literal["day", "month", "model", "provider", "session"]
ExportFormat: TypeAlias = Literal["markdown", "json"]
AskOutput: TypeAlias = Literal["text", "json", "stream-json"]


class Resume(Enum):
    """Which session to go on with when none is named."""

    LAST = "last"
    """The one updated last; a new one if there is none."""
    PICK = "pick"
    """The one the user picks from a list."""


@dataclass(frozen=True, slots=True)
class AskOptions:
    """`ask`. `prompt`: None if there was no PROMPT. `resume`: an id or prefix, `Resume.LAST`, or None for a new session.
    `flags`: setting → the text given for it, for `config.load`."""

    prompt: str | None = None
    output: AskOutput = "text"
    resume: Resume | str | None = None
    flags: Mapping[str, str] = field(default_factory=dict[str, str])
    temporary: bool = False
    allow_tools: tuple[str, ...] = ()
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class ChatOptions:
    """`chat` and `demo`. `prompt` is sent at once. `plain`: the append-only form is asked for. `mouse`: None if nothing is said."""

    prompt: str | None = None
    resume: Resume | str | None = None
    flags: Mapping[str, str] = field(default_factory=dict[str, str])
    temporary: bool = False
    plain: bool = False
    mouse: bool | None = None
