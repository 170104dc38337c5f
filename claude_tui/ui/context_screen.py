"""`/context`: what the next prompt will be sent with, how much of the window that takes, and where the cache ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rich.cells import cell_len

from claude_tui.domain.context_map import SUMMARY, SYSTEM, TOOLS, ContextMap, Part, context_map
from claude_tui.domain.errors import ProviderError, StoreError
from claude_tui.domain.history import CLAUDE
from claude_tui.domain.text import safe_line
from claude_tui.ui.dock_rows import cut, wrap
from claude_tui.ui.figures import percent
from claude_tui.ui.lines_screen import Line, LinesScreen, left, right

if TYPE_CHECKING:
    from claude_tui.engine.session import Session
    from claude_tui.ui.chat_screen import ChatScreen

_NAMES = {SYSTEM: "system prompt", TOOLS: "tools", SUMMARY: "summary"}
_LONGEST_BAR = 60
COUNTING = "Asking the endpoint …"
NO_COUNT = "This endpoint does not count."


@dataclass(frozen=True, slots=True)
class View:
    """`lives`: what is said of the cache's time. `counted`: what came of asking the endpoint."""

    map: ContextMap
    window: int | None
    lives: str = ""
    counted: str = ""


def context_lines(view: View, width: int) -> list[Line]:
    """Each line at most `width` cells wide."""
    shown = view.map
    guess = "" if shown.exact else "~"
    total = f"{guess}{shown.total:,} tokens"
    if view.window:
        share = shown.total / view.window
        filled = min(1.0, share)
        bar = min(width, _LONGEST_BAR)
        full = max(1, round(filled * bar)) if shown.total else 0
        yielded = [Line("█" * full + "░" * (bar - full)), Line(f"{total} of {view.window:,} ({percent(share)})", "head")]
    else:
        yielded = [Line(total, "head"), Line("The context window of this model is not known.", "muted")]
    if view.counted:
        yielded += [Line(line, "mark") for line in wrap(view.counted, width, 3)]
    return [*yielded, Line(), *_parts(view, width), *_notes(view, width)]


def _parts(view: View, width: int) -> Iterator[Line]:
    parts = view.map.parts
    if not parts:
        yield Line("Nothing yet but the prompt you write.", "muted")
    figures = [f"{'' if part.exact else '~'}{part.tokens:,}" for part in parts]
    column = max(map(len, figures), default=0)
    names = _named(parts)
    marked = view.map.cached is None
    for part, name, figure in zip(parts, names, figures, strict=True):
        room = max(1, width - column - 2)
        yield Line(left(name, room) + "  " + right(figure, column))
        if not marked and view.map.cached is not None and (view.map.cached <= part.end or part is parts[-1]):
            marked = True
            yield Line(_boundary(view, part, width), "mark")


def _named(parts: tuple[Part, ...]) -> list[str]:
    names: list[str] = []
    turn = 0
    for part in parts:
        turn += part.kind not in _NAMES
        label = safe_line(part.label, 200)
        names.append(_NAMES.get(part.kind, f"{turn}. {label}"))
    return names


def _boundary(view: View, part: Part, width: int) -> str:
    cached = view.map.cached or 0
    said = [f"cached up to here: {cached:,}", view.lives, "inside the row above" if part.begin < cached < part.end else ""]
    texts = ["── " + " · ".join(one for one in said[:most] if one) + " " for most in (3, 2, 1)]
    text = next((one for one in texts if cell_len(one) <= width), texts[-1])
    return cut(text + "─" * max(0, width - cell_len(text)), width)


def _notes(view: View, width: int) -> Iterator[Line]:
    """What is not sent, and what a mark means."""
    shown = view.map
    notes = (
        (shown.summarised, f"A summary stands for the {shown.summarised} messages before it; they are not sent."),
        (shown.thinking, f"Left out: thinking of {_many(shown.thinking)} that another endpoint wrote, or that is bound elsewhere."),
        (shown.refusals, f"Left out: {_many(shown.refusals)} refused by the model."),
        (any(not part.exact for part in shown.parts), "~ Estimated between two counts of the API. The rest is what it counted."),
    )
    said = [text for wanted, text in notes if wanted]
    if said:
        yield Line()
    yield from (Line(line, "muted") for text in said for line in wrap(text, width, 4))


def _many(answers: int) -> str:
    return f"{answers} answer{'s' if answers != 1 else ''}"


async def show_context(screen: ChatScreen, session: Session) -> None:
    """The whole path is read for it. `c` in the screen asks the endpoint for its own count."""
    await session.load()
    workspace = screen.view.workspace
    audience = CLAUDE
    if workspace is not None:
        with suppress(ProviderError):
            audience = workspace.endpoints.get(session.info.provider).audience
    warmth = screen.accounts.warmth
    now = time.time()
    lives = "" if warmth is None else f"{warmth.text(now)} left" if warmth.warm(now) else "cold by now"
    info = session.next_info
    view = View(context_map(info, session.path, audience), screen.meter.window, lives)

    def shown(text: str) -> None:
        view_now = replace(view, counted=text)
        panel.show(lambda width: context_lines(view_now, width))

    def ask() -> None:
        shown(COUNTING)
        screen.start(_count(session, shown), "count")

    panel = LinesScreen("Context of the next prompt", lambda width: context_lines(view, width), ("c", "count exactly", ask))
    screen.program.push_screen(panel)


async def _count(session: Session, shown: Callable[[str], None]) -> None:
    try:
        tokens = await session.count()
    except (ProviderError, StoreError) as error:
        shown(error.info.message)
        return
    shown(NO_COUNT if tokens is None else f"The endpoint counts {tokens:,} tokens, the prompt you write not included.")
