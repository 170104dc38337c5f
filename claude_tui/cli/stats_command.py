"""`claude-tui stats`: what was used and what it cost, from the ledger. Days are those of the local time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from claude_tui.cli import compose, costs
from claude_tui.cli.exits import say
from claude_tui.cli.opening import tell_recovered
from claude_tui.cli.options import Output
from claude_tui.cli.plots import bar, can_draw, sparkline
from claude_tui.domain.blocks import dump_json
from claude_tui.domain.ports import PriceBook
from claude_tui.domain.spending import Key, Spending, Totals, local_day, totals_by
from claude_tui.domain.text import safe_line
from claude_tui.files import Paths
from claude_tui.ui.figures import number, percent, seconds

_ID = 12
"""Characters of a session's id that are shown: enough to open it by."""
_ALL = ("REQ", "IN", "OUT", "READ", "WRITE", "HIT", "COST", "TTFT", "TOK/S")
_FEW = ("OUT", "COST")
_WIDE = 72
"""Cells from which on a table has all its columns."""
_LONGEST_PLOT = 62
"""Days that get a line each; more are a sparkline and the days on which something was used."""


@dataclass(frozen=True, slots=True)
class _Report:
    """Everything that is printed. `window`: the rows of the last days, `first` to `today`."""

    rows: list[Spending]
    window: list[Spending]
    first: date
    today: date
    titles: Mapping[str, str]
    book: PriceBook

    def spans(self) -> dict[str, Totals]:
        """Today, this month, the window, all."""
        today, month = self.today.isoformat(), self.today.isoformat()[:7]
        return {
            "today": Totals.of((row for row in self.rows if row.key("day") == today), self.book),
            "month": Totals.of((row for row in self.rows if row.key("month") == month), self.book),
            "window": Totals.of(self.window, self.book),
            "all": Totals.of(self.rows, self.book),
        }

    def by(self, key: Key) -> list[tuple[str, Totals]]:
        """The window's groups: times in their order, anything else by what it cost."""
        groups = totals_by(self.window, key, self.book).items()
        if key in ("day", "month"):
            return sorted(groups)
        return sorted(groups, key=lambda group: (-group[1].cost.known, -group[1].requests, group[0]))


def show(paths: Paths, days: int, by: Key | None, output: Output) -> int:
    book = compose.price_book(paths)
    rows, titles = asyncio.run(_read(paths))
    today = datetime.now().astimezone().date()
    first = today - timedelta(days=min(days, today.toordinal()) - 1)
    window = [row for row in rows if local_day(row.created_at) >= first.isoformat()]
    report = _Report(rows, window, first, today, titles, book)
    costs.warn(book)
    if output == "json":
        print(dump_json(_json(report, by or "day")))
    elif not rows:
        say("Nothing has been used yet: the history holds no answer.")
    else:
        _print(report, by)
    return 0


async def _read(paths: Paths) -> tuple[list[Spending], dict[str, str]]:
    store = await compose.open_store(paths)
    try:
        await tell_recovered(store)
        return await store.spending(), {session.id: session.title for session in await store.sessions()}
    finally:
        await store.close()


def _json(report: _Report, by: Key) -> dict[str, Any]:
    """The command-line contract's object of `stats -o json`."""
    return {
        "since": report.first.isoformat(),
        "until": report.today.isoformat(),
        "prices_as_of": report.book.as_of,
        "totals": {name: totals.to_json() for name, totals in report.spans().items()},
        "by": by,
        "rows": [{by: name, **totals.to_json()} for name, totals in report.by(by)],
    }


def _print(report: _Report, by: Key | None) -> None:
    console = Console(highlight=False, markup=False, emoji=False)
    blocks = can_draw(console.encoding)
    console.print(_spans(report, console.width))
    if by in (None, "day"):
        console.print()
        console.print(_plot(report, console.width, blocks=blocks))
        console.print()
        console.print(_pace(report, console.width, blocks=blocks))
    for key in ("model",) if by is None else () if by == "day" else (by,):
        console.print()
        console.print(_table(report, key, console.width, console.encoding))
    console.print()
    everything = Totals.of(report.window, report.book)
    if everything.compaction_input or everything.compaction_output:
        read, written = number(everything.compaction_input), number(everything.compaction_output)
        console.print(Text(f"Beside these tokens the API read {read} and wrote {written} for summaries; the costs hold them."))
    console.print(Text(f"Prices as of {report.book.as_of}; ~ marks estimates."))


def _columns(*headings: str) -> Table:
    """A table without lines; all columns but the first hold figures."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for place, heading in enumerate(headings):
        table.add_column(heading, justify="right" if place else "left", overflow="fold", no_wrap=bool(place) and heading != "COST")
    return table


def _figures(totals: Totals) -> list[str]:
    """Requests and tokens, as the responses count them."""
    return [number(totals.requests), number(totals.input), _output(totals), number(totals.cache_read), number(totals.cache_write)]


def _output(totals: Totals) -> str:
    """What the API counted, and what is estimated beyond."""
    return f"{'~' if totals.output_estimated else ''}{number(_written(totals))}"


def _written(totals: Totals) -> int:
    return totals.output + totals.output_estimated


def _cost(totals: Totals) -> str:
    return totals.cost.text() if totals.requests else "-"


def _spans(report: _Report, width: int) -> Table:
    wide = width >= _WIDE
    table = _columns("", "COST", "REQUESTS", "IN", "OUT", "READ", "WRITE") if wide else _columns("", "COST", "OUT")
    days = (report.today - report.first).days + 1
    names = {"today": "Today", "month": "This month", "window": f"Last {days} days" if days > 1 else "Last day", "all": "All"}
    for name, totals in report.spans().items():
        table.add_row(names[name], _cost(totals), *(_figures(totals) if wide else [_output(totals)]))
    return table


def _plot(report: _Report, width: int, *, blocks: bool) -> Table:
    """A line a day: what it cost and how many tokens, each as a bar."""
    groups = dict(report.by("day"))
    days = [(report.first + timedelta(days=place)).isoformat() for place in range((report.today - report.first).days + 1)]
    known = [groups.get(day, Totals()) for day in days]
    most_cost = max((totals.cost.known for totals in known), default=Decimal(0))
    most_tokens = max((_tokens(totals) for totals in known), default=Decimal(0))
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("DAY", no_wrap=True)
    table.add_column("COST", justify="right", overflow="fold")
    table.add_column("", no_wrap=True, style="green")
    table.add_column("TOKENS", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True, style="cyan")
    room = max(4, (width - 44) // 2)
    if len(days) > _LONGEST_PLOT:
        costs_line = sparkline([totals.cost.known for totals in known], room, blocks=blocks)
        tokens_line = sparkline([_tokens(totals) for totals in known], room, blocks=blocks)
        table.add_row(f"{len(days)} days", "", costs_line, "", tokens_line)
    begun = next((place for place, totals in enumerate(known) if totals.requests), len(days))
    for day, totals in list(zip(days, known, strict=True))[begun:]:
        if totals.requests or len(days) <= _LONGEST_PLOT:
            cost_bar = bar(totals.cost.known, most_cost, room, blocks=blocks)
            tokens_bar = bar(_tokens(totals), most_tokens, room, blocks=blocks)
            table.add_row(day, _cost(totals), cost_bar, number(int(_tokens(totals))), tokens_bar)
    return table


def _pace(report: _Report, width: int, *, blocks: bool) -> Table:
    """A line a day on which something was used: the share from the cache, the time to the first text, the speed, each as a bar."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("DAY", no_wrap=True)
    for heading, style in (("HIT", "green"), ("TTFT", "yellow"), ("TOK/S", "cyan")):
        table.add_column(heading, justify="right", no_wrap=True)
        table.add_column("", no_wrap=True, style=style)
    days = report.by("day")
    shares = [Decimal(str(totals.cache_share or 0)) for _, totals in days]
    waits = [Decimal(totals.ttft() or 0) for _, totals in days]
    speeds = [Decimal(str(totals.speed or 0)) for _, totals in days]
    room = max(4, (width - 36) // 3)
    for place, (day, totals) in enumerate(days):
        row = [day]
        scales = (Decimal(1), max(waits), max(speeds))
        for text, values, most in zip(_pace_of(totals), (shares, waits, speeds), scales, strict=True):
            row += [text, bar(values[place], most, room, blocks=blocks)]
        table.add_row(*row)
    return table


def _pace_of(totals: Totals) -> tuple[str, str, str]:
    """The share from the cache, the median time to the first text, the median speed; a dash for what nobody knows."""
    ttft = totals.ttft()
    return (
        "-" if totals.cache_share is None else percent(totals.cache_share),
        "-" if ttft is None else seconds(ttft / 1000),
        "-" if totals.speed is None else f"{totals.speed:.0f}",
    )


def _tokens(totals: Totals) -> Decimal:
    return Decimal(totals.prompt + _written(totals))


def _table(report: _Report, key: Key, width: int, encoding: str) -> Table:
    shown_columns = _ALL if width >= _WIDE else _FEW
    table = _columns(key.upper(), *shown_columns)
    for name, totals in report.by(key):
        share, ttft, speed = _pace_of(totals)
        shown = Text(_name(report, key, name).encode(encoding, "backslashreplace").decode(encoding))
        cells = dict(zip(_ALL, (*_figures(totals), share, _cost(totals), ttft, speed), strict=True))
        table.add_row(shown, *(cells[heading] for heading in shown_columns))
    return table


def _name(report: _Report, key: Key, name: str) -> str:
    if key == "session":
        return f"{safe_line(name[:_ID])} {safe_line(report.titles.get(name, '(deleted)'), 30)}".strip()
    return safe_line(name, 80) or "(unknown)"
