"""The whole engine on the real wire, in one process: fake API, provider, store on disk, retries that do not wait."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from claude_tui.cli.compose import make_toolbox
from claude_tui.config import Settings
from claude_tui.domain.events import Event
from claude_tui.domain.messages import Outcome
from claude_tui.domain.ports import Provider, Timeouts
from claude_tui.engine import session as session_module
from claude_tui.engine.endpoints import Endpoints
from claude_tui.engine.session import Session
from claude_tui.engine.turn import Turn, TurnOptions, TurnResult
from claude_tui.engine.workspace import Workspace
from claude_tui.fakeapi import Call, Say, Script
from claude_tui.providers.anthropic import AnthropicProvider
from claude_tui.providers.openai import OpenAIProvider
from claude_tui.store.sqlite import SqliteStore

GOOD = Script((Say("All is well."),))
ASKING = Script((Say("A number: "), Call("calculator", {"expression": "6 * 7"})))
PATIENT = Timeouts(connect=5.0, first_byte=20.0, idle=20.0)


class Waits:
    """The waits between attempts: noted, not waited for. `then` happens in their place."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.then: Callable[[], Awaitable[object]] | None = None

    async def sleep(self, delay: float) -> None:
        self.seconds.append(delay)
        if self.then is not None:
            await self.then()

    def patch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(session_module, "Turn", partial(Turn, sleep=self.sleep, jitter=lambda: 0.5))


@asynccontextmanager
async def program(
    folder: Path, url: str, key: str, *, timeouts: Timeouts = PATIENT, retries: int = 1, wire: str = "anthropic"
) -> AsyncIterator[tuple[Workspace, SqliteStore]]:
    """The program without its command line, from start to end. New sessions use the provider that is named like the wire."""
    store = await SqliteStore.open(folder)

    def make(name: str) -> Provider:
        if name == "openai":
            return OpenAIProvider(name=name, base_url=f"{url}/v1", api_key=key, timeouts=timeouts)
        return AnthropicProvider(base_url=url, api_key=key, timeouts=timeouts)

    options = TurnOptions(max_tokens=2000, retries=retries, max_requests=5, timeouts=timeouts)
    endpoints = Endpoints(make, ("anthropic", "openai"), wire)
    workspace = Workspace(store, endpoints, lambda: make_toolbox(Settings()), options)
    try:
        yield workspace, store
    finally:
        await workspace.close()


async def turn(session: Session, prompt: str) -> tuple[TurnResult, list[Event]]:
    """One turn and its events."""
    events: list[Event] = []
    leave = session.subscribe(events.append)
    try:
        return await session.submit(prompt), events
    finally:
        leave()


async def restarted(
    folder: Path, url: str, key: str, prompt: str = "Go on.", *, timeouts: Timeouts = PATIENT, wire: str = "anthropic"
) -> TurnResult:
    """A new process opens the history, takes up the session and asks again; that must complete."""
    async with program(folder, url, key, timeouts=timeouts, wire=wire) as (workspace, _):
        session = await workspace.open_latest()
        assert session is not None
        result, _ = await turn(session, prompt)
        assert result.outcome is Outcome.COMPLETED, result.error
        return result
