"""`/cost`: gathers the rows of this answer, turn, session, day and month, and shows them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from claude_tui.domain.ids import timestamp
from claude_tui.domain.messages import Message, Role
from claude_tui.domain.spending import Spending, local_day
from claude_tui.domain.turns import is_prompt
from claude_tui.files import shown_path
from claude_tui.ui.cost_table import Scope, cost_lines
from claude_tui.ui.lines_screen import LinesScreen
from claude_tui.ui.purse import rows_of_turn

if TYPE_CHECKING:
    from claude_tui.ui.chat_screen import ChatScreen


async def show_cost(screen: ChatScreen) -> None:
    """As things stand now, the answer that streams included."""
    workspace = screen.view.workspace
    if workspace is None:
        screen.program.say("The history is still being opened.")
        return
    stored = await workspace.spending(since=month_begins())
    session = screen.accounts.rows
    path = screen.dialogue.session.path if screen.dialogue.session is not None else ()
    scopes = scopes_of(session, stored, path, screen.accounts.running)
    book, file = screen.backstage.prices, shown_path(screen.backstage.paths.prices_file)
    screen.program.push_screen(LinesScreen("Cost", lambda width: cost_lines(scopes, book, file, width)))


def month_begins() -> str:
    """The first moment of this month in local time, as the ledger writes times."""
    today = datetime.now().astimezone()
    return timestamp(datetime(today.year, today.month, 1).timestamp())


def scopes_of(
    session: Sequence[Spending], stored: Sequence[Spending], path: Sequence[Message], running: Spending | None
) -> list[Scope]:
    """`session`: the rows of the session. `stored`: those of this month in the ledger, of all sessions."""
    begun = next((place for place in reversed(range(len(path))) if is_prompt(path[place])), None)
    turn: list[Spending] = []
    answer: list[Spending] = []
    if begun is not None:
        ids = [message.id for message in path[begun:]] + ([running.id] if running is not None else [])
        turn = rows_of_turn(session, ids, path[begun].created_at)
        last = running.id if running is not None else _last_answer(path[begun:])
        answer = [row for row in turn if row.message_id == last]
    month = _this_month({**{row.id: row for row in stored}, **{row.id: row for row in session}}.values())
    today = local_day(timestamp())
    return [
        Scope("this answer", "answer", answer),
        Scope("this turn", "turn", turn),
        Scope("this session", "session", session),
        Scope("today", "today", [row for row in month if row.key("day") == today]),
        Scope("this month", "month", month),
    ]


def _last_answer(turn: Sequence[Message]) -> str | None:
    return next((message.id for message in reversed(turn) if message.role is Role.ASSISTANT), None)


def _this_month(rows: Iterable[Spending]) -> list[Spending]:
    month = local_day(timestamp())[:7]
    return [row for row in rows if row.key("month") == month]
