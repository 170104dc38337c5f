"""What opening the history saved of a process that died is told, once: on standard error, never on standard output."""

import asyncio
from pathlib import Path

import pytest

from claude_tui.cli.opening import recovered_note
from claude_tui.domain.sentences import recovered_sentence
from claude_tui.fakeapi import FakeApi, plan_of
from claude_tui.store import SqliteStore
from tests.contract.command import run
from tests.unit.store.samples import begun, new_session, prompt, said


async def _die(data: Path, *titles: str) -> list[str]:
    """A history in which an answer of each of these sessions was being written; their ids."""
    store = await SqliteStore.open(data)
    ids: list[str] = []
    for title in titles:
        session = await new_session(store, title=title)
        question = prompt(session)
        await store.add_message(question)
        reply = begun(session, question)
        await store.begin_message(reply)
        await store.append_chunks(reply.id, said("half"))
        ids.append(session.id)
    await store.close()
    return ids


def test_commands_say_it_once(isolated_environment: Path) -> None:
    asyncio.run(_die(isolated_environment / "data", "Tides\x1b[31m"))
    first, second = run("sessions", "list").told(0), run("sessions", "list").told(0)
    assert first.stderr == "claude-tui: Recovered 1 unfinished answer in “Tides␛[31m”: claude-tui had ended without closing.\n"
    assert "Recovered" not in first.stdout and second.stderr == ""


@pytest.mark.parametrize("quiet", [False, True])
def test_ask_says_it_unless_it_is_to_be_quiet(isolated_environment: Path, quiet: bool) -> None:
    asyncio.run(_die(isolated_environment / "data", "Tides", "Moons"))
    with FakeApi.in_thread(plan_of("fast")) as api:
        ended = run("ask", "hello", *(["-q"] if quiet else []), api=api).told(0)
    said_so = "Note: Recovered 2 unfinished answers in “Tides”, “Moons”: claude-tui had ended without closing.\n" in ended.stderr
    assert said_so is not quiet and "Recovered" not in ended.stdout


async def test_the_session_that_is_shown_is_not_named(tmp_path: Path) -> None:
    ids = await _die(tmp_path, "Tides", "Moons", "Stars")
    store = await SqliteStore.open(tmp_path)
    assert sorted(store.recovered) == sorted(ids)
    await store.delete_session(ids[2])
    note = await recovered_note(store, ids[0])
    assert note == "Recovered 3 unfinished answers in “Moons”: claude-tui had ended without closing."
    await store.close()


def test_many_sessions_make_no_long_sentence() -> None:
    assert recovered_sentence(1) == "Recovered 1 unfinished answer: claude-tui had ended without closing."
    assert "in “a”, “b”, “c”, 2 more sessions:" in recovered_sentence(5, list("abcde"))
