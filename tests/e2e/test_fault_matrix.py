"""Every row of the fault matrix in the app, on a real terminal: one program goes through all rows of a wire, turn by turn.

While each fault is near, and after it, a key is answered; what came is on the screen, what was asked is in the composer again or on
disk; and at the end the history is whole, no request was refused by the strict validator, and the key is nowhere.
"""

from __future__ import annotations

import asyncio
import sys
from functools import partial
from pathlib import Path

import apsw
import pytest

from claude_tui.domain.blocks import plain_text
from claude_tui.domain.messages import Message, Role
from claude_tui.fakeapi import FakeApi, Fault, Pause, Say, Script, ThreadApi, WireName
from claude_tui.files import Paths
from claude_tui.store.sqlite import SqliteStore
from tests.e2e.screen import DOWN, ENTER, ESC, ScreenTerminal
from tests.e2e.tokens import foreign
from tests.faults.matrix import FINE, GATE, HUGE, IMPATIENT, MODEL, Row, plan, prompted, rows
from tests.faults.nowhere import deaf_server, secure_server
from tests.faults.test_ask_matrix import settings
from tests.faults.test_planted_key import LONG, traces

pytestmark = [pytest.mark.pty, pytest.mark.slow, pytest.mark.unmeasured, pytest.mark.timeout(300)]

PLAIN = {"PYTHONWARNINGS": "error", "CLAUDE_TUI_THEME": "dark"}


LONG_ENOUGH = 40.0
"""Seconds that a request may take to come."""


def words(shown: str) -> str:
    """What the screen says, without where it was wrapped."""
    return " ".join(shown.replace("┃", " ").split())


def answers_keys(terminal: ScreenTerminal) -> None:
    """A letter is drawn in the composer, whatever stands there, and taken back."""
    terminal.type("ǂ")
    terminal.see("ǂ")
    terminal.type("\x7f")
    terminal.see_no("ǂ")


def ended(terminal: ScreenTerminal, row: Row, wire: WireName) -> None:
    """The screen below the row's prompt says how it ended."""
    kind, said = row.expected(wire)
    mark = row.text if kind is FINE else said

    def told(shown: str) -> bool:
        below = words(shown).partition(row.name)[2] or words(shown)
        return mark in below and row.text in words(shown) and "Esc stops" not in shown

    terminal.until(told, f"the end of {row.name}: {mark!r}")


def cleared(terminal: ScreenTerminal) -> None:
    terminal.type("\x15")
    terminal.see("Message Claude")


def one_turn(terminal: ScreenTerminal, api: ThreadApi, row: Row, wire: WireName, n: int) -> None:
    terminal.send(row.name)
    api.wait_request(n, LONG_ENOUGH)
    if not row.waits:
        api.wait_reached(n, GATE, LONG_ENOUGH)
        answers_keys(terminal)
        api.release(GATE)
    ended(terminal, row, wire)
    answers_keys(terminal)
    if row.expected(wire)[0] is not FINE and not row.text and "thinking" not in row.name:
        terminal.see(f"┃ {row.name}")
    cleared(terminal)


async def prompts() -> set[str]:
    """Every prompt on disk, versions included."""
    store = await SqliteStore.open(Paths.find().data)
    try:
        found: list[Message] = []
        for info in await store.sessions():
            found += await store.tree(info.id)
    finally:
        await store.close()
    return {plain_text(message.blocks) for message in found if message.role is Role.USER}


def check_all(api: ThreadApi, terminal: ScreenTerminal, home: Path, said: set[str]) -> None:
    """What must hold after any fault."""
    assert [call.error for call in api.calls if call.error] == []
    assert said <= asyncio.run(prompts())
    database = apsw.Connection(str(Paths.find().data / "history.db"))
    assert list(database.execute("PRAGMA integrity_check")) == [("ok",)]
    database.close()
    files = {str(path): path.read_bytes() for path in home.rglob("*") if path.is_file()} | {"screen": terminal.raw}
    assert [name for name, data in files.items() if any(trace in data for trace in traces(LONG))] == []
    assert foreign(terminal.raw[: terminal.raw.rindex(b"\x1b[?1049l")]) == []


@pytest.mark.parametrize("wire", ["anthropic", "openai"])
def test_every_row(wire: WireName, isolated_environment: Path) -> None:
    wanted = [row for row in rows(wire) if not row.waits and row is not HUGE]
    with FakeApi.in_thread(partial(plan, gated=True), key=LONG) as api:
        with ScreenTerminal(**{**settings(wire, api), **PLAIN}) as terminal:
            terminal.ready()
            for n, row in enumerate(wanted):
                one_turn(terminal, api, row, wire, n)
            terminal.send("and now?")
            terminal.see("All is well.")
            assert terminal.quit() == 0
        check_all(api, terminal, isolated_environment, {row.name for row in wanted} | {"and now?"})


LIMITS = {"anthropic-ratelimit-input-tokens-limit": "30000", "anthropic-ratelimit-input-tokens-remaining": "0"}
HANGING = {
    "before-headers": Script((Pause(600),)),
    "first-byte": Script((Fault.STALL,)),
    "in-the-answer": Script((Say("It begins ", stop=False), Fault.STALL)),
    "pings-only": Script((Say("It begins ", stop=False), Fault.STALL_WITH_PINGS(every=0.02))),
    "retry-wait": Script((Fault.RATE_LIMITED(retry_after="50", headers=LIMITS),)),
}


def hanging(body: dict[str, object], n: int) -> Script:
    return HANGING.get(prompted(body)) or plan(body, n, gated=False)


def nowhere(section: str, url: str) -> dict[str, str]:
    """An endpoint of its own at this address."""
    start = f"CLAUDE_TUI_PROVIDERS__{section.upper()}__"
    return {f"{start}WIRE": "anthropic", f"{start}BASE_URL": url, f"{start}API_KEY_ENV": "GATEWAY_KEY", f"{start}MODEL": MODEL}


def test_silence_and_places_where_nobody_answers(isolated_environment: Path, tmp_path: Path) -> None:
    """Rows that end by a timeout; Esc in every silence; and addresses at which there is nobody to talk to."""
    waiting = [row for row in rows("anthropic") if row.waits]
    with FakeApi.in_thread(hanging, key=LONG) as api, deaf_server() as deaf, secure_server(tmp_path) as secure:
        places = {
            "nobody": ("https://api.invalid", "could not be found"),
            "deaf": (deaf, "No connection to"),
            "unsigned": (secure, "could not be verified"),
        }
        named = {key: value for name, (url, _) in places.items() for key, value in nowhere(name, url).items()}
        impatient = {**IMPATIENT, "CLAUDE_TUI_CONNECT_TIMEOUT": "0.3", "GATEWAY_KEY": LONG}
        with ScreenTerminal(**{**settings("anthropic", api), **PLAIN, **named, **impatient}) as terminal:
            terminal.ready()
            for n, row in enumerate(waiting):
                one_turn(terminal, api, row, "anthropic", n)
            api.unlisten()
            terminal.send("refused")
            terminal.see("Nobody answers at", "┃ refused")
            cleared(terminal)
            api.listen()
            for name, (_, said) in places.items():
                terminal.send(f"/provider {name}")
                terminal.send(f"hello-{name}")
                if name == "nobody":  # the only one that is not this machine
                    terminal.see("go to api.invalid?", "› No, send nothing")
                    terminal.type(DOWN)
                    terminal.see("› Yes, send it to api.invalid")
                    terminal.type(ENTER)
                terminal.until(lambda shown, said=said: said in words(shown), said)
                terminal.see(f"┃ hello-{name}")
                answers_keys(terminal)
                cleared(terminal)
            terminal.send("/provider anthropic")
            terminal.send("and now?")
            terminal.see("All is well.")
            assert terminal.quit() == 0
        said = {row.name for row in waiting} | {"refused", "and now?", *(f"hello-{name}" for name in places)}
        check_all(api, terminal, isolated_environment, said)


SOON = """
from claude_tui.cli.main import main
from claude_tui.engine import answer

answer.STALL_CHECK_SECONDS = 0.05
main()
"""
"""The program, in which what takes twenty seconds takes half a one."""


def test_esc_ends_every_silence(isolated_environment: Path, tmp_path: Path) -> None:
    script = tmp_path / "soon.py"
    script.write_text(SOON)
    program = (sys.executable, str(script))
    with FakeApi.in_thread(hanging, key=LONG) as api:
        environ = {**settings("anthropic", api), **PLAIN, "CLAUDE_TUI_RETRIES": "5"}
        with ScreenTerminal(program=program, **environ) as terminal:
            terminal.ready()
            for n, name in enumerate(HANGING):
                terminal.send(name)
                api.wait_request(n, LONG_ENOUGH)
                told = ("Used up: the limit of 30,000 input tokens. Retrying in", "(attempt 2 of 6) · Esc stops")
                for said in told if name == "retry-wait" else ("No data for", "Esc stops"):
                    terminal.until(lambda shown, said=said: said in words(shown), said)
                if "It begins" in str(HANGING[name]):
                    terminal.until(lambda shown, name=name: "It begins" in shown.partition(name)[2], "the beginning")
                answers_keys(terminal)
                terminal.type(ESC)
                terminal.until(lambda shown, name=name: "Interrupted" in shown.partition(name)[2], f"the end of {name}")
                if name != "retry-wait":
                    api.wait_closed(n, LONG_ENOUGH)
                answers_keys(terminal)
                cleared(terminal)
            terminal.send("and now?")
            terminal.see("All is well.")
            assert terminal.quit() == 0
        assert len(api.calls) == len(HANGING) + 1
        check_all(api, terminal, isolated_environment, {*HANGING, "and now?"})
