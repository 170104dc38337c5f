"""The session a command works on: a new one, the latest, or the one named; with the flags' model, effort and system prompt."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from claude_tui.cli.exits import UsageError
from claude_tui.cli.options import Resume
from claude_tui.config import Settings
from claude_tui.engine.session import KEEP, Session
from claude_tui.engine.workspace import Workspace


async def open_session(
    workspace: Workspace,
    resume: Resume | str | None,
    settings: Settings,
    flags: Mapping[str, str],
    note: Callable[[str], None],
) -> Session:
    """Raises StoreError where the session is unknown or held. `note` is told when there was nothing to go on with.

    A stored session keeps its model, effort and system prompt unless a flag says otherwise.
    """
    session: Session | None = None
    if isinstance(resume, str):
        session = await workspace.open(resume)
    elif resume is not None:
        session = await workspace.open_latest()
        if session is None:
            note("Note: there is no session to go on with; this is a new one.\n")
    if session is None:
        return workspace.new(model=settings.model, effort=settings.effort, system=settings.system)
    if "system" in flags and (settings.system or None) != session.info.system:
        await session.close()
        raise UsageError("The system prompt of a session is fixed by its first request: start a new session to use another one.")
    model = settings.model if "model" in flags or not session.info.model else None
    await session.switch_model(model, settings.effort if "effort" in flags else KEEP)
    return session
