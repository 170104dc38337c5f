"""Every row of the fault matrix against `ask`, over a socket: exit code, both streams, what is kept, and that life goes on.

The rows are turns of one session, so each request carries what the faults before it left, past the strict validator.
"""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

import apsw
import pytest

from claude_tui.domain.blocks import plain_text
from claude_tui.domain.errors import advice
from claude_tui.domain.events import ending_of
from claude_tui.domain.messages import Message, Outcome, Role
from claude_tui.fakeapi import FakeApi, Fault, Say, Script, ThreadApi, WireName
from claude_tui.files import Paths
from claude_tui.store.sqlite import SqliteStore
from tests.contract.command import Ended, run
from tests.faults.matrix import FINE, IMPATIENT, MODEL, Row, plan, prompted, rows
from tests.faults.test_planted_key import LONG, check

pytestmark = [pytest.mark.slow, pytest.mark.unmeasured, pytest.mark.timeout(300)]


def settings(wire: WireName, api: ThreadApi) -> dict[str, str]:
    """The program, told to use this wire."""
    common = {"CLAUDE_TUI_RETRIES": "0", "CLAUDE_TUI_MODEL": MODEL}
    if wire == "anthropic":
        return {**common, "ANTHROPIC_BASE_URL": api.url, "ANTHROPIC_API_KEY": api.key}
    section = {"WIRE": wire, "BASE_URL": f"{api.url}/v1", "API_KEY_ENV": "GATEWAY_KEY"}
    named = {f"CLAUDE_TUI_PROVIDERS__GATEWAY__{name}": value for name, value in section.items()}
    return {**common, **named, "CLAUDE_TUI_PROVIDER": "gateway", "GATEWAY_KEY": api.key}


async def stored() -> list[list[Message]]:
    """The newest session as turns: prompts with what followed each."""
    store = await SqliteStore.open(Paths.find().data)
    try:
        newest, *_ = await store.sessions()
        assert newest.leaf_id is not None
        path = await store.path(newest.leaf_id)
    finally:
        await store.close()
    turns: list[list[Message]] = []
    for message in path:
        if message.role is Role.USER and "tool_result" not in {block["type"] for block in message.blocks}:
            turns.append([])
        turns[-1].append(message)
    return turns


def told(row: Row, wire: WireName, ended: Ended) -> None:
    """What whoever typed the command sees."""
    kind, said = row.expected(wire)
    assert ended.code == (0 if kind is FINE else 1), (row.name, ended.stderr)
    assert "Traceback" not in ended.stderr, row.name
    assert ended.stdout.count(row.text) == 1 if row.text else ended.out == b"", (row.name, ended.stdout[-200:])
    errors = [line for line in ended.stderr.splitlines() if line.startswith("Error: ")]
    if kind is FINE:
        assert errors == [], row.name
    else:
        (sentence,) = errors
        assert said in sentence and advice(kind) in sentence and "<" not in sentence, (row.name, sentence)


def kept(row: Row, wire: WireName, turn: list[Message]) -> None:
    """What stands on disk: prompt, partial, and how it ended."""
    kind, _ = row.expected(wire)
    outcome, error = ending_of(turn[-1])
    assert plain_text(turn[0].blocks) == row.name
    assert outcome is (Outcome.COMPLETED if kind is FINE else Outcome.FAILED), row.name
    assert (error and error.kind) == kind, (row.name, error)
    if error is not None:
        assert (error.request_id is None) is (error.status is None), error
    text = "".join(plain_text(message.blocks) for message in turn if message.role is Role.ASSISTANT)
    assert row.text in text and bool(row.text) == bool(text.strip()), (row.name, text[-200:])


@pytest.mark.parametrize("wire", ["anthropic", "openai"])
def test_ask(wire: WireName, isolated_environment: Path) -> None:
    wanted = rows(wire)
    ended: dict[str, Ended] = {}
    with FakeApi.in_thread(partial(plan, gated=False), key=LONG) as api:
        env = settings(wire, api)
        for row in wanted:
            going_on = ("-c",) if ended else ()
            ended[row.name] = run("ask", row.name, *going_on, env={**env, **(IMPATIENT if row.waits else {})})
            told(row, wire, ended[row.name])
        good = run("ask", "and now?", "-c", env=env).told(0)
        assert good.stdout.endswith("All is well.\n")
        assert [call.error for call in api.calls if call.error] == []
    turns = asyncio.run(stored())
    assert len(turns) == len(wanted) + 1
    for row, turn in zip(wanted, turns, strict=False):
        kept(row, wire, turn)
    database = apsw.Connection(str(Paths.find().data / "history.db"))
    assert list(database.execute("PRAGMA integrity_check")) == [("ok",)]
    database.close()
    check(LONG, isolated_environment, list(ended.values()))


LIMITS = {"anthropic-ratelimit-requests-limit": "50", "anthropic-ratelimit-requests-remaining": "0"}
TRIES: dict[str, tuple[Script, int, str]] = {
    "for-ever": (Script((Fault.RATE_LIMITED(retry_after="0", headers=LIMITS),)), 5, "the limit of 50 requests"),
    "a-minute-and-a-second": (Script((Fault.RATE_LIMITED(retry_after="61"),)), 1, "wait 61 seconds"),
    "a-day": (Script((Fault.OVERLOADED(retry_after="86400"),)), 1, "wait 24.0 hours"),
    "told-not-to": (Script((Fault.SHOULD_NOT_RETRY,)), 1, "Overloaded"),
    "refused": (Script((Fault.FORBIDDEN,)), 1, "permission"),
    "cut-off": (Script((Say("It begins"), Fault.CLEAN_EOF)), 1, "ended before"),
}
"""With the settings as they come: prompt → what the server says each time, how often it is asked, words of the error."""


def test_tries_are_few_and_told() -> None:
    with FakeApi.in_thread(lambda body, n: TRIES[prompted(body)][0]) as api:
        env = {**settings("anthropic", api), "CLAUDE_TUI_RETRIES": None}
        for prompt, (_, tries, words) in TRIES.items():
            before = len(api.calls)
            ended = run("ask", prompt, env=env).told(1)
            assert len(api.calls) - before == tries, prompt
            last = ended.stderr.splitlines()[-1]
            assert last.startswith("Error: ") and words in last
            assert [f"Attempt {n} in 0.0 s" in ended.stderr for n in range(2, 6)] == [tries > 1] * 4, ended.stderr
