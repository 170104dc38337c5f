"""What was used and what it cost, as lines for a width: this answer, this turn, this session, today, this month.

The same rows and the same sums as everywhere else (`Totals`); here they are only laid out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len

from claude_tui.domain.spending import Spending, Totals, totals_by
from claude_tui.domain.text import safe_line
from claude_tui.ui.dock_rows import cut, wrap
from claude_tui.ui.figures import number, percent
from claude_tui.ui.lines_screen import Line, left, right
from claude_tui.ui.purse import cost_forms

if TYPE_CHECKING:
    from claude_tui.domain.ports import PriceBook

_GAP = 2
_LEAST_NAME = 12
_MOST_NAMES = 3


@dataclass(frozen=True, slots=True)
class Scope:
    """Rows under a name. `short`: the name where there is little room."""

    name: str
    short: str
    rows: Sequence[Spending]


def cost_lines(scopes: Sequence[Scope], book: PriceBook, prices_file: str, width: int) -> list[Line]:
    """Everything there is to say, each line at most `width` cells wide."""
    totals = [Totals.of(scope.rows, book) for scope in scopes]
    found = list(_table(scopes, totals, width))
    for scope in scopes[-3:]:
        found += _by_model(scope, book, width)
    found.append(Line())
    for sentence in _sentences(scopes, totals, book):
        found += [Line(line, "warning") for line in wrap(sentence, width, 8)]
    about = f"Prices as of {book.as_of}. Your own go into {safe_line(prices_file, 500)}, in the same form."
    found += [Line(line, "muted") for line in wrap(about, width, 8)]
    return [Line(cut(line.text, width), line.tone) for line in found]


def _output(totals: Totals, figure: Callable[[int], str]) -> str:
    return f"{'~' if totals.output_estimated else ''}{figure(totals.output + totals.output_estimated)}"


_COUNTS: tuple[tuple[str, Callable[[Totals, Callable[[int], str]], str]], ...] = (
    ("requests", lambda totals, figure: figure(totals.requests)),
    ("in, not cached", lambda totals, figure: figure(totals.input)),
    ("cache read", lambda totals, figure: figure(totals.cache_read)),
    ("cache written", lambda totals, figure: figure(totals.cache_write)),
    ("out", _output),
    ("  of it thinking", lambda totals, figure: figure(totals.thinking)),
    ("from the cache", lambda totals, _: "–" if totals.cache_share is None else percent(totals.cache_share)),
)
"""The lines of the table but the cost, and how each is written with a way to write a number."""


def _exact(count: int) -> str:
    return f"{count:,}"


def _table(scopes: Sequence[Scope], totals: Sequence[Totals], width: int) -> Iterator[Line]:
    """Side by side where there is room, else one below the other."""
    for figure in (_exact, number):
        for names in ([scope.name for scope in scopes], [scope.short for scope in scopes]):
            cells = _cells(totals, figure)
            head = max(cell_len(label) for label, _ in cells)
            widths = [max(cell_len(text) for text in column) for column in zip(names, *(row for _, row in cells), strict=True)]
            if head + sum(_GAP + one for one in widths) <= width:
                yield Line(left("", head) + _row(names, widths), "head")
                yield from (Line(left(label, head) + _row(row, widths)) for label, row in cells)
                return
    for place, scope in enumerate(scopes):
        cells = _cells(totals[place : place + 1], _exact)
        head = max(cell_len(label) for label, _ in cells)
        yield from (Line(), Line(safe_line(scope.name), "head")) if place else (Line(safe_line(scope.name), "head"),)
        yield from (Line(left(label, head) + right(row[0], max(1, min(16, width - head)))) for label, row in cells)


def _cells(totals: Sequence[Totals], figure: Callable[[int], str]) -> list[tuple[str, list[str]]]:
    cells = [(label, [write(one, figure) for one in totals]) for label, write in _COUNTS]
    return [*cells, ("cost", [cost_forms(one.cost)[-1] if one.requests else "–" for one in totals])]


def _row(texts: Iterable[str], widths: Iterable[int]) -> str:
    return "".join(" " * _GAP + right(text, width) for text, width in zip(texts, widths, strict=True))


def _by_model(scope: Scope, book: PriceBook, width: int) -> list[Line]:
    """One line a model, the dearest first; nothing where there is one only."""
    groups = totals_by(scope.rows, "model", book)
    if len(groups) < 2:
        return []
    ordered = sorted(groups.items(), key=lambda item: (-item[1].cost.known, item[0]))
    cells = [
        [str(totals.requests), number(totals.prompt), number(totals.output + totals.output_estimated), cost_forms(totals.cost)[-1]]
        for _, totals in ordered
    ]
    names = ["requests", "in", "out", "cost"] if width >= 50 else ["req.", "in", "out", "cost"]
    widths = [max(map(len, column)) for column in zip(names, *cells, strict=True)]
    taken = sum(_GAP + one for one in widths)
    models = [safe_line(name, 60) or "(not named)" for name, _ in ordered]
    head = max(1, min(max(_LEAST_NAME, *map(cell_len, models), cell_len(scope.name)), width - taken))
    rows = [Line(left(model, head) + _row(row, widths)) for model, row in zip(models, cells, strict=True)]
    return [Line(), Line(left(scope.name, head) + _row(names, widths), "head"), *rows]


def _sentences(scopes: Sequence[Scope], totals: Sequence[Totals], book: PriceBook) -> Iterator[str]:
    """What of the numbers is not known, and what is a guess."""
    rows = list({row.id: row for scope in scopes for row in scope.rows}.values())
    unpriced = [row for row in rows if row.cost(book).unknown]
    silent = [row for row in unpriced if row.usage is None]
    models = sorted({safe_line(row.model or "(not named)", 40) for row in unpriced if row.usage is not None})
    if models:
        names = ", ".join(models[:_MOST_NAMES]) + (f" and {len(models) - _MOST_NAMES} more" if len(models) > _MOST_NAMES else "")
        yield f"? {len(unpriced) - len(silent)} of the requests have no known price or no whole count: {names}. No sum holds them."
    if silent:
        yield f"? Of {len(silent)} of the requests the endpoint did not say what was used. No sum of money holds them."
    if any(one.compaction_input or one.compaction_output for one in totals):
        read, written = totals[-1].compaction_input, totals[-1].compaction_output
        yield f"Summaries by the API read {read:,} and wrote {written:,} tokens beside these this month; the costs hold them."
    if any(one.cost.estimated or one.output_estimated for one in totals):
        yield "~ Estimated: an answer that streams or broke off counts as far as it came, or a price is not the seller's own."
