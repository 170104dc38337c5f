"""`claude-tui sessions list|show|import`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from claude_tui.cli import compose, costs
from claude_tui.cli.exits import FAILED, say
from claude_tui.cli.importing import ImportRefused, exported, imported
from claude_tui.cli.labels import LabelledLines
from claude_tui.cli.opening import tell_recovered
from claude_tui.cli.options import Output
from claude_tui.domain.blocks import dump_json
from claude_tui.domain.events import replay
from claude_tui.domain.messages import Message, SessionInfo
from claude_tui.domain.spending import Spending
from claude_tui.domain.text import safe_line
from claude_tui.files import Paths


def list_sessions(paths: Paths, output: Output, limit: int | None) -> int:
    sessions, spent = asyncio.run(_newest(paths, limit, spent=output == "json"))
    if output == "json":
        book = compose.price_book(paths)
        costs.warn(book)
        print(dump_json([costs.session_json(session, spent[session.id], book) for session in sessions]))
        return 0
    if not sessions:
        say("There are no sessions yet.")
    for session in sessions:
        print(_row(session))
    return 0


async def _newest(paths: Paths, limit: int | None, *, spent: bool) -> tuple[list[SessionInfo], dict[str, list[Spending]]]:
    """The sessions, and what each one used if that is asked for."""
    store = await compose.open_store(paths)
    try:
        await tell_recovered(store)
        sessions = await store.sessions(limit=limit)
        return sessions, {one.id: await store.spending(session_id=one.id) for one in sessions} if spent else {}
    finally:
        await store.close()


def _row(session: SessionInfo) -> str:
    """The whole id first, so that it can be cut out."""
    updated = session.updated_at[:16].replace("T", " ")
    return f"{session.id}  {updated}  {session.message_count:>4}  {session.status:<11}  {safe_line(session.title, 80)}".rstrip()


def show_session(paths: Paths, session_id: str, output: Output, *, everything: bool) -> int:
    session, messages, spent = asyncio.run(_read(paths, session_id, everything=everything))
    if output == "json":
        book = compose.price_book(paths)
        costs.warn(book)
        print(dump_json(exported(session, messages, spent, book)))
        return 0
    print(f"Session: {session.id}")
    for label, text in (("Title", session.title), ("Model", session.model), ("System", session.system)):
        if text:
            print(f"{label}: {safe_line(text, 500)}")
    if everything:
        _print_tree(messages, session.leaf_id)
    else:
        _print_messages(messages)
    return 0


async def _read(paths: Paths, session_id: str, *, everything: bool) -> tuple[SessionInfo, list[Message], list[Spending]]:
    store = await compose.open_store(paths)
    try:
        await tell_recovered(store)
        session = await store.session(session_id)
        spent = await store.spending(session_id=session.id)
        if everything:
            return session, await store.tree(session.id), spent
        return session, await store.path(session.leaf_id) if session.leaf_id else [], spent
    finally:
        await store.close()


def _print_messages(messages: Sequence[Message]) -> None:
    def write(text: str) -> None:
        sys.stdout.write(text)

    lines = LabelledLines(write, write, answer_label="Claude", you=True, tokens=True)
    for event in replay(messages):
        lines(event)


def _print_tree(messages: Sequence[Message], leaf_id: str | None) -> None:
    """Every message by creation, each with a number and that of the message it follows."""
    numbers = {message.id: number for number, message in enumerate(messages, 1)}
    for message in messages:
        parent = numbers.get(message.parent_id or "")
        current = ", current" if message.id == leaf_id else ""
        print(f"\n#{numbers[message.id]}, {f'after #{parent}' if parent else 'first'}{current}")
        _print_messages([message])


def import_session(paths: Paths, file: str) -> int:
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        session, messages = imported(data.decode("utf-8-sig"))
    except OSError as error:
        say(f"{safe_line(file, 300)} cannot be read: {error.strerror}.")
        return FAILED
    except UnicodeDecodeError as error:
        say(f"Nothing was imported from {safe_line(file, 300)}: it is not UTF-8 text (byte {error.start}).")
        return FAILED
    except ImportRefused as error:
        say(f"Nothing was imported from {safe_line(file, 300)}: {error}.")
        return FAILED
    asyncio.run(_store(paths, session, messages))
    print(session.id)
    return 0


async def _store(paths: Paths, session: SessionInfo, messages: Sequence[Message]) -> None:
    store = await compose.open_store(paths)
    try:
        await tell_recovered(store)
        await store.import_session(session, messages)
    finally:
        await store.close()
