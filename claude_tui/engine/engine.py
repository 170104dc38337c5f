"""What every session of a program shares."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from claude_tui.domain.messages import SessionInfo
from claude_tui.domain.ports import Store
from claude_tui.engine.endpoints import Endpoints
from claude_tui.engine.tooling import Toolbox
from claude_tui.engine.turn import TurnOptions

Guard: TypeAlias = Callable[[SessionInfo], Awaitable[str | None]]
"""Asked before every request; a sentence keeps it from going out and ends the turn."""


@dataclass(frozen=True, slots=True)
class Engine:
    """What every session of a program shares."""

    store: Store
    endpoints: Endpoints
    toolbox: Toolbox
    options: TurnOptions
    guard: Guard | None = None
