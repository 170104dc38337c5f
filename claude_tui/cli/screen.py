"""`claude-tui` and `claude-tui demo` on the screen: gives the app its workspace, its session and its signals."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING

from claude_tui.cli import compose
from claude_tui.cli.exits import FAILED, say
from claude_tui.cli.options import ChatOptions, Resume
from claude_tui.cli.signals import StopSignals
from claude_tui.config import Settings, load
from claude_tui.domain.errors import ProviderError, SessionHeld
from claude_tui.files import Paths
from claude_tui.ui.environment import prepare_environment

if TYPE_CHECKING:
    from claude_tui.domain.damage import Damage
    from claude_tui.domain.ports import ModelCatalog
    from claude_tui.engine.endpoints import Endpoints
    from claude_tui.engine.session import Session
    from claude_tui.engine.workspace import Watch, Workspace
    from claude_tui.ui.backstage import Backstage, Begin, Left, Remedy

COLLECT_AFTER = (10_000, 10, 20)
"""New objects, and rounds of the younger generations, before garbage is collected. Drawing makes many objects that need none of
it, and going through all that live takes 60 ms, in which no key is seen: with Python's own figures every few seconds."""
DUMB_TERMINALS = ("dumb", "unknown", "")


def is_possible(environ: Mapping[str, str]) -> bool:
    """Whether a full screen can be drawn and driven here; else the plain form is the right one."""
    return sys.stdin.isatty() and sys.stdout.isatty() and environ.get("TERM", "") not in DUMB_TERMINALS


def chat(options: ChatOptions) -> int:
    """The exit code. Raises UsageError and ConfigError for what makes no sense, StoreError where there is no such session."""
    paths = Paths.find()
    loaded = load(options.flags, paths=paths)
    left = _run(options, loaded.settings, paths, warnings=loaded.warnings)
    if left.then == "demo":
        return demo(ChatOptions(mouse=options.mouse))
    return _after(left, named=not options.temporary)


def demo(options: ChatOptions) -> int:
    """The same app against the fake API: no key, no network, nothing saved."""
    paths = Paths.find()
    settings = compose.demo_settings(options.flags, paths)

    def run(url: str, key: str) -> int:
        from claude_tui.engine.endpoints import Endpoints

        endpoints = Endpoints.of(compose.demo_provider(settings, base_url=url, api_key=key))
        return _after(_run(replace(options, temporary=True), settings, paths, demo=endpoints), named=False)

    return compose.with_demo_server(run)


def _after(left: Left, *, named: bool) -> int:
    """What is said on the terminal that has been given back."""
    if left.problem:
        say(left.problem)
    if named and left.session is not None and left.code not in (128 + signal.SIGHUP,):
        print(f"To go on with this session: claude-tui -r {left.session.id}")
    return left.code


def _run(
    options: ChatOptions,
    settings: Settings,
    paths: Paths,
    *,
    demo: Endpoints | None = None,
    warnings: tuple[str, ...] = (),
) -> Left:
    if not settings.kitty_keys:
        os.environ["TEXTUAL_DISABLE_KITTY_KEY"] = "1"
    prepare_environment(os.environ)
    from claude_tui.cli.hosts import consent as consent_of
    from claude_tui.ui.backstage import Backstage

    consent = None if demo is not None else consent_of(paths, keep=not options.temporary)

    def make_endpoints() -> Endpoints:
        return demo or compose.make_endpoints(settings, consent)

    async def open_workspace() -> Workspace:
        _after_first_frame()
        return await _open_workspace(options, settings, paths, make_endpoints())

    async def open_unsaved() -> Workspace:
        return await compose.open_workspace(settings, paths, unsaved=True, endpoints=make_endpoints(), interactive=True)

    backstage = Backstage(
        settings=settings,
        paths=paths,
        environ=os.environ,
        open_workspace=open_workspace,
        begin=_beginning(options, settings),
        models=lambda workspace, name: _models(workspace, name, settings, None if options.temporary else paths),
        prices=compose.price_book(paths),
        examine=_examine,
        prompt=options.prompt,
        pick=options.resume is Resume.PICK,
        demo=demo is not None,
        temporary=options.temporary and demo is None,
        mouse=settings.mouse if options.mouse is None else options.mouse,
        sent_to=lambda name: None if demo is not None else compose.foreign_host(settings, name),
        consent=consent,
        warnings=warnings,
        open_unsaved=open_unsaved,
        remedies=_remedies,
    )
    return asyncio.run(_show(backstage))


async def _open_workspace(options: ChatOptions, settings: Settings, paths: Paths, endpoints: Endpoints) -> Workspace:
    """On the history, or for `--temporary` with copies of what is to be gone on with."""
    workspace = await compose.open_workspace(
        settings, paths, temporary=options.temporary, endpoints=endpoints, interactive=True, steady=True
    )
    if options.temporary and options.resume is not None:
        await compose.borrow_session(paths, workspace.store, options.resume)
    return workspace


def _after_first_frame() -> None:
    """Load what an accident needs while files can still be opened. From now on garbage is collected; what is loaded is none."""
    import_module("claude_tui.ui.crash")
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)
    gc.enable()


async def _examine() -> str:
    """What `claude-tui doctor` prints, from a process of its own: it opens the history and starts a log."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "claude_tui", "doctor",
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    printed, _ = await process.communicate()
    return printed.decode("utf-8", "replace")


async def _remedies(damage: Damage) -> Sequence[Remedy]:
    from claude_tui.cli.rescuing import remedies

    return await remedies(damage)


def _models(workspace: Workspace, name: str, settings: Settings, paths: Paths | None) -> ModelCatalog | None:
    from claude_tui.cli.endpoints import model_list

    try:
        return model_list(settings, workspace.endpoints.get(name), paths.cache if paths else None)
    except ProviderError:
        return None


def _beginning(options: ChatOptions, settings: Settings) -> Begin:
    """The session the command line asks for. A draft that was never sent is found again by whoever starts afresh."""

    async def begin(workspace: Workspace, note: Callable[[str], None]) -> Session | Watch:
        from claude_tui.cli.opening import recovered_note

        found = await wanted(workspace, note)
        if recovered := await recovered_note(workspace.store, found.info.id):
            note(recovered)
        return found

    async def wanted(workspace: Workspace, note: Callable[[str], None]) -> Session | Watch:
        from claude_tui.cli.opening import open_session, take_flags

        resume = None if options.resume is Resume.PICK else options.resume
        if resume is None and options.prompt is None and (unsent := await workspace.adopt_unsent()) is not None:
            note("The draft you had not sent is back.")
            await take_flags(unsent, settings, options.flags)
            return unsent
        try:
            return await open_session(workspace, resume, settings, options.flags, note)
        except SessionHeld:
            return await workspace.watch(await _wanted(workspace, resume))

    return begin


async def _wanted(workspace: Workspace, resume: Resume | str | None) -> str:
    if isinstance(resume, str):
        return resume
    newest = await workspace.sessions(limit=1)
    return newest[0].id


async def _show(backstage: Backstage) -> Left:
    from claude_tui.ui.app import ClaudeApp
    from claude_tui.ui.backstage import Left
    from claude_tui.ui.terminal import TerminalDriver

    app = ClaudeApp(backstage, driver_class=TerminalDriver)

    def stop() -> None:
        received = signals.received or signal.SIGTERM
        if received is signal.SIGINT:
            app.chat.commands.run_app_copy_or_quit("")
        else:
            app.on_signal(128 + received)

    with StopSignals(stop) as signals:
        try:
            left = await app.run_async()
        finally:
            await app.chat.put_away()  # a crash comes here without having left
    return left or Left(FAILED, problem=app.chat.view.last_words)
