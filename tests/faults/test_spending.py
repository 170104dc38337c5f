"""Every usage that is served is counted exactly once: in the ledger, the sums of a session, the turn, the day, and `stats`.

Turns with tools, retries before and after the answer began, interrupts before and in an answer, a fork and an import.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from claude_tui.cli import sessions_command, stats_command
from claude_tui.cli.printers import turn_json
from claude_tui.domain.events import BlockDelta, Event, MessageStarted
from claude_tui.domain.messages import SUMMED_USAGE, Outcome, sum_usage
from claude_tui.domain.pricing import Cost
from claude_tui.domain.spending import Spending
from claude_tui.engine.session import Session
from claude_tui.engine.turn import TurnResult
from claude_tui.fakeapi import Call, FakeApi, Fault, Phase, Say, Script, Start, WaitFor, at
from claude_tui.files import Paths
from claude_tui.providers.prices import load
from tests.faults.bench import Waits, program, turn

WORDS = "so many words " * 20


class Serving:
    """Scripts whose usage says what was served: sums that no two answers could be mistaken for one another in."""

    def __init__(self) -> None:
        self.served: list[dict[str, int]] = []

    def __call__(self, *steps: Any, **more: Any) -> Script:
        place = 2 ** len(self.served)
        usage = dict(zip(SUMMED_USAGE, (place, 10**6 + place, 10**3 * place, 10**4 * place), strict=True))
        self.served.append(usage)
        return Script(steps, usage=usage, **more)

    @property
    def total(self) -> Mapping[str, int]:
        return sum_usage(self.served)


async def interrupted(session: Session, api: FakeApi, number: int, gate: str, text: str = "") -> TurnResult:
    """A turn that is interrupted while call `number` stands at the gate, when its beginning and this text have come."""
    begun = asyncio.Event()
    came: list[str] = []

    def sink(event: Event) -> None:
        if isinstance(event, BlockDelta):
            came.append(event.text)
        if isinstance(event, (MessageStarted, BlockDelta)) and "".join(came) == text:
            begun.set()

    leave = session.subscribe(sink)
    task = asyncio.ensure_future(session.submit("stop me"))
    await api.wait_reached(number, gate)
    await begun.wait()
    assert session.interrupt()
    leave()
    return await task


def shown(capsys: pytest.CaptureFixture[str], paths: Paths, session_id: str) -> dict[str, Any]:
    assert sessions_command.show_session(paths, session_id, "json", everything=True) == 0
    return json.loads(capsys.readouterr().out)


def listed(capsys: pytest.CaptureFixture[str], paths: Paths) -> list[dict[str, Any]]:
    assert sessions_command.list_sessions(paths, "json", None) == 0
    return json.loads(capsys.readouterr().out)


def stats(capsys: pytest.CaptureFixture[str], paths: Paths, by: Any) -> dict[str, Any]:
    assert stats_command.show(paths, 2, by, "json") == 0
    return json.loads(capsys.readouterr().out)


def usd(costs: Iterable[Mapping[str, Any]]) -> Decimal:
    return sum((Decimal(cost["usd"]) for cost in costs), Decimal(0))


async def conversations(data: Path, serve: Serving) -> tuple[list[TurnResult], list[Spending], tuple[str, str]]:
    """The turns, the ledger as the store gives it, the ids of the session and of its fork. `serve` is left with what was served."""
    plan = [
        serve(Say("A number: "), Call("calculator", {"expression": "6 * 7"})),
        serve(Say("It is 42.")),
        at(Fault.OVERLOADED, Phase.BEFORE_HEADERS),
        serve(Start(), Fault.ERROR_OVERLOADED),
        serve(Start(), Fault.CLEAN_EOF),
        serve(Say("After all.")),
        serve(Say(WORDS, stop=False), WaitFor("text")),
        serve(Start(), WaitFor("start")),
        serve(Say("Half", stop=False), Fault.RST),
        serve(Say("In the fork.")),
        serve(Start(), Fault.ERROR_API),
    ]
    async with FakeApi(plan) as api, program(data, api.url, api.key, retries=3) as (workspace, store):
        session = workspace.new(model="claude-opus-5-5")
        results = [(await turn(session, "6 * 7?"))[0], (await turn(session, "again"))[0]]
        results.append(await interrupted(session, api, 6, "text", WORDS))
        results.append(await interrupted(session, api, 7, "start"))
        results.append((await turn(session, "break"))[0])
        fork = await workspace.fork(session.info.id)
        assert await store.spending(session_id=fork.info.id) == [], "a fork begins at nothing"
        results.append((await turn(fork, "go on"))[0])
        serve.served = serve.served[: len(api.calls) - 1]  # one of the calls was refused
        assert sum_usage(dict(call.usage or {}) for call in api.calls) == serve.total, "what the server says it served"
        return results, await store.spending(), (session.info.id, fork.info.id)


def test_every_usage_is_counted_once_everywhere(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    Waits().patch(monkeypatch)
    paths, book, serve = Paths.find(), load(None), Serving()
    results, rows, ids = asyncio.run(conversations(paths.data, serve))
    completed, stopped = Outcome.COMPLETED, Outcome.INTERRUPTED
    assert [one.outcome for one in results] == [completed, completed, stopped, stopped, Outcome.FAILED, completed]

    assert len(rows) == len(serve.served) == len({row.id for row in rows})
    assert sum_usage(row.usage for row in rows) == serve.total
    assert sum_usage(one.usage for one in results) == serve.total
    assert Cost.sum(row.cost(book) for one in results for row in one.spending) == (cost := Cost.sum(row.cost(book) for row in rows))

    told = [turn_json(None, one, book) for one in results]
    assert sum_usage(one["turn_usage"] for one in told) == serve.total and usd(one["cost"] for one in told) == cost.known
    sessions = [shown(capsys, paths, one)["session"] for one in ids]
    for found in (sessions, listed(capsys, paths)):
        assert sum_usage(one["usage"] for one in found) == serve.total and usd(one["cost"] for one in found) == cost.known
    for by in ("day", "month", "model", "provider", "session"):
        found = stats(capsys, paths, by)
        for part in ([found["totals"]["all"]], found["rows"]):
            assert sum_usage(part) == serve.total and usd(one["cost"] for one in part) == cost.known
    assert cost.estimated and not cost.unknown


def test_what_broke_off_is_estimated_and_what_came_whole_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    Waits().patch(monkeypatch)
    _, rows, _ = asyncio.run(conversations(Paths.find().data, Serving()))
    assert [(row.kind, row.final) for row in rows] == [
        ("answer", True),
        ("answer", True),
        ("unseen", False),
        ("unseen", False),
        ("answer", True),
        ("answer", False),
        ("unseen", False),
        ("answer", False),
        ("answer", True),
    ]
    assert [row.output_estimate for row in rows if not row.final] == [0, 0, round(len(WORDS) / 4), 0, 1]
    assert {row.provider for row in rows} == {"anthropic"}


def test_an_import_was_paid_for_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Waits().patch(monkeypatch)
    paths = Paths.find()
    _, rows, (session_id, _) = asyncio.run(conversations(paths.data, Serving()))
    whole = shown(capsys, paths, session_id)
    file = tmp_path / "session.json"
    file.write_text(json.dumps(whole))
    assert sessions_command.import_session(paths, str(file)) == 0
    copy = shown(capsys, paths, capsys.readouterr().out.strip())
    assert copy["session"]["cost"] == Cost.NOTHING.to_json()
    assert [one.get("cost") for one in copy["messages"]] == [one.get("cost") for one in whole["messages"]]
    assert "cost" not in copy["session"].get("extra", {}) and all("cost" not in one.get("extra", {}) for one in copy["messages"])
    assert stats(capsys, paths, "day")["totals"]["all"]["requests"] == len(rows)
