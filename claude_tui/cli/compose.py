"""The composition root: the only module that knows every concrete class. Everything heavy is imported where it is made."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from claude_tui.cli.options import Resume
    from claude_tui.config import Settings
    from claude_tui.domain.ports import Provider, Store, Timeouts
    from claude_tui.domain.spending import Spending
    from claude_tui.engine.consent import Consent
    from claude_tui.engine.endpoints import Endpoints
    from claude_tui.engine.engine import Guard
    from claude_tui.engine.tooling import Toolbox
    from claude_tui.engine.turn import TurnOptions
    from claude_tui.engine.workspace import Workspace
    from claude_tui.files import Paths
    from claude_tui.providers.prices import Prices
    from claude_tui.store.sqlite import SqliteStore


PICKABLE = 20
"""How many sessions a list to pick from shows."""


def timeouts(settings: Settings) -> Timeouts:
    from claude_tui.domain.ports import Timeouts

    return Timeouts(settings.connect_timeout, settings.first_byte_timeout, settings.idle_timeout)


def turn_options(settings: Settings) -> TurnOptions:
    from claude_tui.engine.turn import TurnOptions

    return TurnOptions(settings.max_tokens, settings.retries, settings.max_requests, timeouts(settings))


def make_endpoints(settings: Settings, consent: Consent | None = None) -> Endpoints:
    """The providers of the settings. Cheap: SDKs and credentials wait for the first request."""
    from claude_tui.cli import endpoints

    return endpoints.endpoints(settings, timeouts(settings), consent)


def make_provider(settings: Settings) -> Provider:
    """The provider in force."""
    return make_endpoints(settings).get(settings.provider)


def begin_loading(endpoints: Endpoints, resume: object) -> None:
    """Load the SDK beside whatever comes first, reading standard input, opening the history: unless a stored session, which may
    have another provider, is to be gone on with."""
    if resume is None:
        endpoints.get(endpoints.default).warm_up()


def demo_settings(flags: Mapping[str, object], paths: Paths) -> Settings:
    """The settings for the server of the demo, whatever provider they name."""
    from claude_tui.config import load
    from claude_tui.config_providers import BUILTIN

    return load({**flags, "provider": BUILTIN}, paths=paths).settings


def demo_provider(settings: Settings, *, base_url: str, api_key: str) -> Provider:
    """The ordinary provider, for a server of our own."""
    from claude_tui.providers.anthropic import AnthropicProvider

    return AnthropicProvider(base_url=base_url, api_key=api_key, timeouts=timeouts(settings))


def make_toolbox(settings: Settings, allow: tuple[str, ...] = (), *, interactive: bool = False) -> Toolbox:
    """The built-in tools under the settings' policies; the names in `allow` may run as well. `interactive`: there is one to ask."""
    from claude_tui.engine.approvals import Approvals, Policy
    from claude_tui.engine.tooling import Toolbox
    from claude_tui.tools import load_all
    from claude_tui.tools.schema import problems

    policies: dict[str, Policy] = {name: Policy(policy) for name, policy in settings.tools.items()}
    policies.update(dict.fromkeys(allow, Policy.ALLOW))
    return Toolbox(load_all(), Approvals(policies, interactive=interactive), timeout=settings.tool_timeout, checker=problems)


def price_book(paths: Paths) -> Prices:
    """What models cost, the user's prices over ours; read at the first question."""
    from claude_tui.providers.prices import load

    return load(paths.prices_file)


async def open_store(paths: Paths, *, temporary: bool = False, steady: bool = False) -> SqliteStore:
    """The history; what a dead process left streaming has been ended. `temporary`: in memory, nothing on disk.

    `steady`: a disk that cannot be used keeps nobody from a conversation; it is in memory until there is one.
    """
    from claude_tui.store.sqlite import SqliteStore

    return await SqliteStore.open(None if temporary else paths.data, steady=steady)


async def borrow_session(paths: Paths, store: Store, resume: Resume | str) -> None:
    """For `--temporary`: copies, in memory, of the stored session that is to be gone on with, or of all that can be picked."""
    from claude_tui.cli.options import Resume
    from claude_tui.domain.errors import UnknownSession

    if not paths.history.exists():
        if isinstance(resume, str):
            raise UnknownSession(f"No session {resume!r}: there is no history yet.")
        return
    history = await open_store(paths)
    try:
        if isinstance(resume, str):
            found = [await history.session(resume)]
        else:
            found = await history.sessions(limit=1 if resume is Resume.LAST else PICKABLE)
        for session in reversed(found):
            messages = await history.path(session.leaf_id) if session.leaf_id else []
            await store.import_session(session, messages)
    finally:
        await history.close()


async def open_workspace(
    settings: Settings,
    paths: Paths,
    *,
    temporary: bool = False,
    unsaved: bool = False,
    allow: tuple[str, ...] = (),
    endpoints: Endpoints | None = None,
    interactive: bool = False,
    steady: bool = False,
) -> Workspace:
    """`interactive`: there is somebody to ask. `steady` as in `open_store`.

    `temporary`: nothing is saved, as was asked for. `unsaved`: nothing can be, and what the history holds is not looked at.
    """
    from claude_tui.engine.workspace import Workspace

    endpoints = endpoints or make_endpoints(settings)
    store = await open_store(paths, temporary=temporary or unsaved, steady=steady)
    guard = await make_guard(settings, store, paths, temporary=temporary) if endpoints.names else None
    return Workspace(
        store, endpoints, lambda: make_toolbox(settings, allow, interactive=interactive), turn_options(settings), guard
    )


async def make_guard(settings: Settings, store: Store, paths: Paths, *, temporary: bool) -> Guard | None:
    """What stops a request that the budget does not allow; None where there is none. What the history holds counts in any case."""
    if not settings.budget:
        return None
    from decimal import Decimal

    from claude_tui.engine.budget import Budget

    before: list[Spending] = []
    if temporary and paths.history.exists():
        history = await open_store(paths)
        try:
            before = await history.spending()
        finally:
            await history.close()
    limits = {name: Decimal(str(limit)) for name, limit in settings.budget.items()}
    return Budget(limits, store, price_book(paths), before=before)


def foreign_host(settings: Settings, provider: str) -> str | None:
    """The host that requests of this provider go to, where the user should be told of it."""
    from claude_tui.cli import endpoints

    return endpoints.foreign_host(settings, provider)


def serve_fake_api(scenario: str | None, port: int, key: str | None) -> int:
    """`claude-tui fake-api`: serve until SIGINT or SIGTERM."""
    from claude_tui.cli.exits import UsageError
    from claude_tui.fakeapi import SCENARIOS, serve

    if scenario is not None and scenario not in SCENARIOS:
        raise UsageError(f"There is no scenario {scenario!r}; there are: {', '.join(SCENARIOS)}.")
    return asyncio.run(serve(scenario or "demo", port, key))


def with_demo_server(run: Callable[[str, str], int]) -> int:
    """Run something against the fake API's demo scenario, given its address and key."""
    from claude_tui.fakeapi import FakeApi, plan_of

    with FakeApi.in_thread(plan_of("demo")) as api:
        return run(api.url, api.key)
