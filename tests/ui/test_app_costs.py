"""Money in the whole program: what the API served is what status bar, /cost and the ledger say, to the last token."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from claude_tui.config import Settings
from claude_tui.domain.pricing import Cost
from claude_tui.domain.spending import Totals
from claude_tui.fakeapi import Call, FakeApi, Fault, Say, Script, Start, Strike, ThreadApi, WaitFor
from claude_tui.providers.prices import Prices
from claude_tui.ui.cost_screen import month_begins
from claude_tui.ui.purse import cost_forms
from tests.ui.running import Program, prompt_of, running

SETTINGS = Settings(tools={"calculator": "allow"})


class Till:
    """Answers by the first word of the prompt, and remembers what usage it served."""

    def __init__(self) -> None:
        self.served: list[dict[str, Any]] = []
        self.failed = False

    def __call__(self, body: dict[str, Any], n: int) -> Script:
        usage = {
            "input_tokens": 100 + n,
            "cache_read_input_tokens": 1_000 * n,
            "cache_creation_input_tokens": 10 * n,
            "output_tokens": 7 + n,
            "output_tokens_details": {"thinking_tokens": n},
        }
        self.served.append(usage)
        return Script(self._steps(prompt_of(body)), usage=usage)

    def _steps(self, prompt: str) -> tuple[Any, ...]:
        if prompt.startswith("tool"):
            return (Call("calculator", {"expression": "6 * 7"}),)
        if prompt.startswith("fail") and not self.failed:
            self.failed = True
            return (Start(), Strike(Fault.ERROR_OVERLOADED), Say("never"))
        if prompt.startswith("hang"):
            return (Say("x" * 400, stop=False), WaitFor("go"))
        return (Say(f"You said: {prompt}"),)

    def sums(self, count: int | None = None) -> tuple[int, ...]:
        keys = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "output_tokens")
        served = self.served[:count]
        thinking = sum(usage["output_tokens_details"]["thinking_tokens"] for usage in served)
        return (len(served), *(sum(usage[key] for usage in served) for key in keys), thinking)


@pytest.fixture
def till() -> Till:
    return Till()


@pytest.fixture
def api(till: Till) -> Iterator[ThreadApi]:
    with FakeApi.in_thread(till) as api:
        yield api


def figures(totals: Totals) -> tuple[int, ...]:
    return (totals.requests, totals.input, totals.cache_read, totals.cache_write, totals.output, totals.thinking)


async def settled(program: Program) -> None:
    """The ledger has been read after everything that happened."""
    await program.idle()
    await program.until(lambda: not program.chat.accounts.purse.waiting, "the ledger")


async def told_everywhere(program: Program) -> Totals:
    """The session's totals, the same wherever one looks."""
    await settled(program)
    book = program.chat.backstage.prices
    stored = Totals.of(await program.workspace.spending(session_id=program.session.info.id), book)
    assert Totals.of(program.chat.accounts.rows, book) == stored
    assert program.chat.accounts.cost == (stored.cost if stored.requests else None)
    forms = cost_forms(stored.cost)
    if stored.requests:
        await program.see(forms[-1])
    await program.slash("/cost")
    await program.see("Prices as of", "this session")
    line = next(row for row in program.rows if "cost   " in row)
    assert not stored.requests or forms[-1] in line
    words = next(row for row in program.rows if "requests  " in row).replace("│", " ").split()
    assert words[words.index("requests") + 3] == str(stored.requests)
    await program.press("escape")
    return stored


async def test_everything_that_was_served_is_counted_once(api: ThreadApi, till: Till) -> None:
    async with running(api, settings=SETTINGS, size=(120, 40)) as program:
        await program.ask("hello")
        await program.ask("tool please")
        await program.ask("fail once")
        totals = await told_everywhere(program)
        assert figures(totals) == till.sums() and totals.requests == 5
        assert totals.cost.estimated and totals.output_estimated == 0

        await program.press("shift+tab", "e")
        await program.until(lambda: program.chat.dialogue.editing is not None, "the edit")
        await program.press("enter")
        await program.until(lambda: len(till.served) == 6, "the second version")
        await settled(program)
        await program.slash("/retry")
        await program.until(lambda: len(till.served) == 7, "the third version")
        totals = await told_everywhere(program)
        assert figures(totals) == till.sums()

        await program.send("hang on")
        await program.see("x" * 40)
        running_cost = program.chat.accounts.cost
        assert running_cost is not None and running_cost.known > totals.cost.known
        await program.press("escape")
        stopped = await told_everywhere(program)
        assert figures(stopped) == till.sums() and stopped.requests == 8
        assert stopped.output_estimated > 0


async def test_a_fork_begins_with_nothing_and_the_month_has_all(api: ThreadApi, till: Till) -> None:
    async with running(api, settings=SETTINGS, size=(120, 40)) as program:
        await program.ask("hello")
        await program.ask("again")
        first = await told_everywhere(program)
        before = program.session.info.id
        await program.slash("/branch")
        await program.until(lambda: program.session.info.id != before, "the fork")
        await settled(program)
        assert program.chat.accounts.cost is None
        await program.ask("in the fork")
        fork = await told_everywhere(program)
        assert fork.requests == 1
        everything = Totals.of(await program.workspace.spending(since=month_begins()), program.chat.backstage.prices)
        assert figures(everything) == till.sums() == tuple(map(sum, zip(figures(first), figures(fork), strict=True)))
        await program.slash(f"/resume {before}")
        await program.until(lambda: program.session.info.id == before, "the first session")
        assert figures(await told_everywhere(program)) == figures(first)


async def test_what_has_no_price_is_unknown_and_never_nothing(api: ThreadApi) -> None:
    async with running(api, settings=Settings(model="模型-未知"), size=(120, 40)) as program:
        await program.ask("hello")
        await settled(program)
        assert program.chat.accounts.cost == Cost.UNKNOWN
        await program.see("$ unknown")
        await program.slash("/cost")
        await program.see("$ ?", "no known price", "Prices as of")
        await program.resize(40, 24)
        await program.see("this answer")


async def test_what_a_session_cost_is_known_when_it_is_opened_again(api: ThreadApi, till: Till) -> None:
    async with running(api, size=(120, 40)) as program:
        await program.ask("hello")
        await settled(program)
        shown, session = program.chat.accounts.cost, program.session.info.id
    async with running(api, size=(120, 40), resume=session) as program:
        await program.until(lambda: program.chat.accounts.cost is not None, "the cost")
        assert program.chat.accounts.cost == shown
        assert program.chat.accounts.warmth is None  # nothing was cached
        await program.ask("more")
        assert program.chat.accounts.warmth is not None
        await program.see("· 4 min")
        await program.slash("/model claude-haiku-5-5")
        await program.until(lambda: program.chat.accounts.warmth is None, "a cold cache")


async def test_the_context_screen_maps_the_turns_and_counts_when_asked(api: ThreadApi) -> None:
    async with running(api, settings=SETTINGS, size=(80, 24)) as program:
        await program.slash("/context")
        await program.see("Context of the next prompt", "tools")
        await program.press("escape")
        await program.ask("hello [b]there[/b]")
        await program.ask("tool please")
        await program.slash("/context")
        await program.see(
            "1. hello [b]there[/b]", "2. tool please", "tokens of 1,000,000", "cached up to here: 2,020", "4 min left"
        )
        assert not [record for record in api.requests if record.path.endswith("count_tokens")]
        await program.press("c")
        await program.see("The endpoint counts")
        assert len([record for record in api.requests if record.path.endswith("count_tokens")]) == 1
        await program.resize(40, 24)
        await program.see("cached up to here")
        assert all(len(row) <= 40 for row in program.rows)
        await program.press("escape")
        await program.see_no("Context of the next prompt")


async def test_no_price_is_read_before_something_was_used(api: ThreadApi) -> None:
    async with running(api) as program:
        prices = program.chat.backstage.prices
        await program.type("a draft")
        assert isinstance(prices, Prices) and prices._read is None
        await program.ask("!")
        await program.see("$")
        assert prices._read is not None
