"""The session a command works on: a new one, the latest, or the one named; with the flags' model, effort and system prompt."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress

from claude_tui.cli.exits import UsageError, say
from claude_tui.cli.options import Resume
from claude_tui.config import Settings
from claude_tui.domain.errors import UnknownSession
from claude_tui.domain.ports import Store
from claude_tui.domain.sentences import recovered_sentence
from claude_tui.domain.text import safe_line
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
        check_model(settings)
        return workspace.new(model=settings.model, effort=settings.effort, system=settings.system, provider=settings.provider)
    if "system" in flags and (settings.system or None) != session.info.system:
        await session.close()
        raise UsageError("The system prompt of a session is fixed by its first request: start a new session to use another one.")
    await take_flags(session, settings, flags)
    return session


async def recovered_note(store: Store, shown: str | None = None) -> str | None:
    """What opening the history saved of answers whose process had died, naming sessions that are not the one shown."""
    if not store.recovered:
        return None
    titles: list[str] = []
    for session_id in dict.fromkeys(store.recovered):
        if session_id != shown:
            with suppress(UnknownSession):  # it was deleted
                titles.append(safe_line((await store.session(session_id)).title, 60) or "untitled")
    return recovered_sentence(len(store.recovered), titles)


async def tell_recovered(store: Store) -> None:
    """Say it on standard error."""
    if note := await recovered_note(store):
        say(note)


async def take_flags(session: Session, settings: Settings, flags: Mapping[str, str]) -> None:
    """The flags' model, effort and provider. Another provider comes with its own model: no id means the same everywhere."""
    provider = settings.provider if "provider" in flags else None
    moves = provider is not None and provider != session.info.provider
    model = settings.model if "model" in flags or moves or not session.info.model else None
    if moves:
        check_model(settings)
    await session.switch_model(model, settings.effort if "effort" in flags else KEEP, provider)


def check_model(settings: Settings) -> None:
    """UsageError where nobody names a model for this endpoint."""
    if not settings.model:
        name = settings.provider
        raise UsageError(
            f'No model is named for the provider {name}: give --model, or write model = "…" into [providers.{name}]. '
            f"`claude-tui models --provider {name}` lists what it has."
        )
