"""What the composition root hands to the screen: how to get a workspace and a session, and the facts of this run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from claude_tui.config import Settings
    from claude_tui.domain.damage import Damage
    from claude_tui.domain.messages import SessionInfo
    from claude_tui.domain.ports import ModelCatalog, PriceBook
    from claude_tui.engine.consent import Consent
    from claude_tui.engine.session import Session
    from claude_tui.engine.workspace import Watch, Workspace
    from claude_tui.files import Paths

Begin: TypeAlias = "Callable[[Workspace, Callable[[str], None]], Awaitable[Session | Watch]]"
"""Gives the session to begin with. The function it is given takes sentences for the user."""


@dataclass(frozen=True, slots=True)
class Remedy:
    """Something that can be done about a history that cannot be used. `does` says what; nothing is deleted by any.

    `run` gives a sentence about what was done, or raises StoreError; None: go on without the history, in this run only.
    """

    label: str
    does: str
    run: Callable[[], Awaitable[str]] | None = None


@dataclass(frozen=True, slots=True)
class Backstage:
    """`begin` may raise StoreError. `prompt` is sent at once; with `pick` the list of sessions comes up first.

    `examine`: what `claude-tui doctor` says. `models`: what is known of a provider's, None where there is no such
    provider. `prices`: what models cost, read at the first question. `sent_to`: the host a provider's requests go to, where the
    user should be told of it. `consent`: needs someone who asks whether that may be. `mouse`: whether the mouse is ours at first.
    `remedies`: what can be done about a history that cannot be used; `open_unsaved`: a workspace without one.
    """

    settings: Settings
    paths: Paths
    environ: Mapping[str, str]
    open_workspace: Callable[[], Awaitable[Workspace]]
    begin: Begin
    models: Callable[[Workspace, str], ModelCatalog | None]
    prices: PriceBook
    examine: Callable[[], Awaitable[str]] | None = None
    prompt: str | None = None
    pick: bool = False
    demo: bool = False
    temporary: bool = False
    mouse: bool = True
    sent_to: Callable[[str], str | None] = lambda _: None
    consent: Consent | None = None
    warnings: tuple[str, ...] = ()
    open_unsaved: Callable[[], Awaitable[Workspace]] | None = None
    remedies: Callable[[Damage], Awaitable[Sequence[Remedy]]] | None = None


@dataclass(frozen=True, slots=True)
class Left:
    """How the screen was left. `session`: the one to name to the user, None where there is nothing to go on with.

    `then`: what is to be started instead. `problem`: a sentence for standard error; `no_credentials` makes it that kind of failure.
    """

    code: int = 0
    session: SessionInfo | None = None
    then: Literal["", "demo"] = ""
    problem: str = ""
