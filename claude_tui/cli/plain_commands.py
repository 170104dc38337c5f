"""The slash commands of plain mode: one row each, and what a line that begins with `/` means.

A command never draws: it gives back what there is to say, or the turn it has begun. It runs between turns, on the event loop.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Literal, TypeAlias

from claude_tui.cli import compose
from claude_tui.cli.exits import UsageError
from claude_tui.cli.opening import open_session
from claude_tui.domain.continuing import going_on
from claude_tui.domain.errors import ProviderError, StoreError
from claude_tui.domain.events import ending_of
from claude_tui.domain.ids import timestamp
from claude_tui.domain.sentences import is_over_budget
from claude_tui.domain.spending import Spending, Totals, local_day
from claude_tui.domain.text import safe_line
from claude_tui.domain.turns import begins_turn, is_prompt

if TYPE_CHECKING:
    from claude_tui.cli.options import ChatOptions
    from claude_tui.config import Settings
    from claude_tui.domain.messages import Message
    from claude_tui.domain.ports import PriceBook
    from claude_tui.engine.session import Session
    from claude_tui.engine.turn import TurnResult
    from claude_tui.engine.workspace import Workspace
    from claude_tui.files import Paths

DEFAULT_EFFORT = "default"
_EFFORTS = ("low", "medium", "high", "xhigh", "max")
"""For a model of which nothing is known."""
_MONTH_SECONDS = 32 * 86_400
_ATTEMPT = re.compile(r"(/[a-z-]+)(?:\s+(.*))?", re.DOTALL | re.IGNORECASE)


class _Leave(Enum):
    LEAVE = 0


LEAVE: Literal[_Leave.LEAVE] = _Leave.LEAVE
"""What a command gives back that ends the conversation."""

Result: TypeAlias = "str | asyncio.Task[TurnResult] | Literal[_Leave.LEAVE]"
"""What a command comes to: lines to say, a turn that has begun, or the end."""


@dataclass(slots=True)
class Talk:
    """What commands work on. `moved` is called when `session` has become another one."""

    workspace: Workspace
    session: Session
    settings: Settings
    paths: Paths
    options: ChatOptions
    moved: Callable[[Session], None]

    def host_note(self) -> str:
        """A line on where the conversation goes, if the user should be told; the demo goes nowhere."""
        is_demo = not self.workspace.endpoints.names
        host = None if is_demo else compose.foreign_host(self.settings, self.session.info.provider)
        return f"Note: the conversation is sent to {safe_line(host)}.\n" if host else ""


@dataclass(frozen=True, slots=True)
class PlainCommand:
    """`word` begins with `/`; `argument` hints at what it takes ("" is nothing)."""

    word: str
    argument: str
    about: str
    run: Callable[[Talk, str], Awaitable[Result]]


def parse(line: str) -> tuple[PlainCommand, str] | str | None:
    """The command a line stands for, and its argument; a sentence where it looks like one and is none; None for a prompt."""
    found = _ATTEMPT.fullmatch(line.rstrip())
    if found is None:
        return None
    word, argument = found[1].lower(), (found[2] or "").strip()
    row, shown = BY_WORD.get(word), safe_line(word, 40)
    if row is None:
        return f"There is no command {shown} here; /help lists those there are. A space before it sends it as it is."
    if argument and not row.argument:
        return f"{shown} takes nothing after it. A space before it sends it as it is."
    return row, argument


async def result_of(begin: Callable[[], Awaitable[Result]]) -> Result:
    """What a command comes to; an error it meets is a sentence."""
    try:
        return await begin()
    except (ProviderError, StoreError) as error:
        return error.info.message
    except (ValueError, UsageError) as error:
        return str(error)


def way_on(path: Sequence[Message]) -> str | None:
    """What `/continue` does at the end of this path; None where there is nothing to go on with."""
    try:
        plan = going_on(path)
    except ValueError:
        return None
    if is_over_budget(ending_of(path[-1])[1]):
        return "/continue goes on, over the budget."
    if plan.compact:
        return "/continue compacts and goes on." if plan.answer else "/continue compacts again."
    return "/continue sends it again." if begins_turn(path[-1]) else "/continue goes on."


# Turns.


async def _continue(talk: Talk, argument: str) -> Result:
    """A budget that stopped the turn is gone over: the command is the user's word on it."""
    path = talk.session.path
    return talk.session.continue_turn(over_budget=bool(path) and is_over_budget(ending_of(path[-1])[1]))


async def _retry(talk: Talk, argument: str) -> Result:
    prompt = next((message for message in reversed(talk.session.path) if is_prompt(message)), None)
    if prompt is None:
        return "There is no prompt here to ask again."
    return talk.session.submit(list(prompt.blocks), replaces=prompt.id)


async def _compact(talk: Talk, argument: str) -> Result:
    return talk.session.compact(argument)


# Costs.


async def _cost(talk: Talk, argument: str) -> Result:
    workspace = talk.workspace
    session = await workspace.spending(session_id=talk.session.info.id)
    lately = await workspace.spending(since=timestamp(time.time() - _MONTH_SECONDS))
    today, book = local_day(timestamp()), compose.price_book(talk.paths)
    lines = (
        _sum("This session", session, book),
        _sum("Today", (row for row in lately if row.key("day") == today), book),
        _sum("This month", (row for row in lately if row.key("month") == today[:7]), book),
    )
    return "\n".join(lines)


def _sum(name: str, rows: Iterable[Spending], book: PriceBook) -> str:
    totals = Totals.of(rows, book)
    if not totals.requests:
        return f"{name}: nothing used."
    output = f"{'~' if totals.output_estimated else ''}{totals.output + totals.output_estimated:,}"
    facts = [
        f"cost {totals.cost.text()}",
        f"{totals.requests:,} request{'s' if totals.requests > 1 else ''}",
        f"in {totals.input:,}",
        f"out {output}",
        *(f"{label} {count:,}" for label, count in _cached(totals) if count),
    ]
    return f"{name}: {', '.join(facts)}"


def _cached(totals: Totals) -> tuple[tuple[str, int], ...]:
    read, written = totals.compaction_input, totals.compaction_output
    summaries = (("compaction in", read), ("compaction out", written))
    return (("cache read", totals.cache_read), ("cache write", totals.cache_write), *summaries)


# Who answers.


async def _model(talk: Talk, argument: str) -> Result:
    """Any id is taken, since gateways have their own."""
    session = talk.session
    if not argument:
        return f"{_model_name(session)} answers, from {safe_line(session.info.provider)}."
    wanted, *more = argument.split()
    if more:
        return "/model takes one id."
    effort, levels = session.info.effort, _levels(talk, wanted)
    if effort and levels is not None and effort not in levels:
        await session.switch_model(wanted, None)
        return f"From the next request on {_model_name(session)} answers, with its own effort: it does not take {effort}."
    await session.switch_model(wanted)
    return f"From the next request on {_model_name(session)} answers."


async def _effort(talk: Talk, argument: str) -> Result:
    session, wanted = talk.session, argument.lower()
    name, known = _model_name(session), _levels(talk, session.info.model or "")
    levels = _EFFORTS if known is None else known
    if not levels:
        return f"{name} has no effort to choose."
    choice = f"{name} takes {', '.join(levels)}, or {DEFAULT_EFFORT}."
    if not wanted:
        return f"The effort is {session.info.effort or DEFAULT_EFFORT}. {choice}"
    if wanted not in (*levels, DEFAULT_EFFORT):
        return choice
    await session.switch_model(effort=None if wanted == DEFAULT_EFFORT else wanted)
    return f"From the next request on the effort is {wanted}."


async def _provider(talk: Talk, argument: str) -> Result:
    """Another endpoint comes with a model of its own; where none is named, the id stays and the user is told."""
    session, names = talk.session, talk.workspace.endpoints.names
    listed = safe_line(", ".join(names))
    if not names:
        return "The demo has one provider, its own."
    if not argument:
        return f"{safe_line(session.info.provider)} answers; there are: {listed}."
    if argument not in names:
        return f"There is no provider {safe_line(argument, 40)}; there are: {listed}."
    if argument == session.info.provider:
        return f"{argument} answers already."
    model = talk.settings.model_for(argument)
    await session.switch_model(model or None, None, argument)
    session.warm_up()
    name = _model_name(session)
    told = f"From the next request on {argument} answers, with {name}."
    return f"{talk.host_note()}{told}{'' if model else ' It names no model of its own: /model ID chooses one.'}"


def _model_name(session: Session) -> str:
    return safe_line(session.info.model or "") or "no model"


def _levels(talk: Talk, model: str) -> tuple[str, ...] | None:
    """The efforts a model takes; None where that is not known."""
    from claude_tui.cli.endpoints import model_list

    provider = talk.workspace.endpoints.get(talk.session.info.provider)
    info = model_list(talk.settings, provider, None if talk.options.temporary else talk.paths.cache).find(model)
    return None if info is None else info.efforts


# The conversation.


async def _new(talk: Talk, argument: str) -> Result:
    """As the settings and flags have it; the one before stays as it is."""
    before, notes = talk.session, list[str]()
    session = await open_session(talk.workspace, None, talk.settings, talk.options.flags, notes.append)
    await talk.workspace.leave(before)
    session.warm_up()
    talk.session = session
    talk.moved(session)
    back = f"\nTo go on with the one before: claude-tui -r {before.info.id}" if before.path and not talk.options.temporary else ""
    return f"{talk.host_note()}This is a new session, with {_model_name(session)}.{back}"


async def _help(talk: Talk, argument: str) -> Result:
    heads = [f"{row.word} {row.argument}".rstrip() for row in COMMANDS]
    width = max(map(len, heads))
    rows = [f"{head:<{width}}  {row.about}" for head, row in zip(heads, COMMANDS, strict=True)]
    return "\n".join([*rows, "Anything else is sent; a space before a slash sends the line as it is."])


async def _quit(talk: Talk, argument: str) -> Result:
    return LEAVE


COMMANDS: tuple[PlainCommand, ...] = (
    PlainCommand("/help", "", "Lists these commands.", _help),
    PlainCommand("/continue", "", "Goes on with what stopped early.", _continue),
    PlainCommand("/retry", "", "Has the last prompt answered again, as a new version.", _retry),
    PlainCommand("/compact", "[INSTRUCTIONS]", "Puts a summary in the conversation's place.", _compact),
    PlainCommand("/cost", "", "Says what this session, today and this month cost.", _cost),
    PlainCommand("/model", "[ID]", "Says or sets which model answers.", _model),
    PlainCommand("/effort", "[LEVEL]", "Says or sets how hard the model works.", _effort),
    PlainCommand("/provider", "[NAME]", "Says or sets which endpoint answers.", _provider),
    PlainCommand("/new", "", "Begins an empty conversation; this one stays saved.", _new),
    PlainCommand("/quit", "", "Leaves, as exit does.", _quit),
)
"""In the order of `/help`."""

BY_WORD: dict[str, PlainCommand] = {row.word: row for row in COMMANDS}
