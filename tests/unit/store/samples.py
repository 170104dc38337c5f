"""Short ways to messages, sessions and child processes."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import apsw
import pytest

from claude_tui.domain.blocks import text_block
from claude_tui.domain.errors import ErrorKind, StoreError
from claude_tui.domain.ids import new_id, timestamp
from claude_tui.domain.journal import Chunk
from claude_tui.domain.messages import Message, Role, SessionInfo, Status
from claude_tui.store import SqliteStore

ROOT = Path(__file__).resolve().parents[3]


def prompt(session: SessionInfo, parent: Message | None = None, text: str = "a question", **fields: Any) -> Message:
    parent_id = parent.id if parent else None
    fields = {"created_at": timestamp(), "blocks": (text_block(text),), **fields}
    return Message(new_id(), session.id, parent_id, Role.USER, **fields)


def answer(session: SessionInfo, parent: Message, text: str = "an answer", **fields: Any) -> Message:
    fields = {"created_at": timestamp(), "blocks": (text_block(text),), **fields}
    return Message(new_id(), session.id, parent.id, Role.ASSISTANT, **fields)


def begun(session: SessionInfo, parent: Message) -> Message:
    return answer(session, parent, blocks=(), status=Status.STREAMING)


def said(text: str, ms: int = 1) -> list[Chunk]:
    """The beginning of an answer of one text block, its block still open."""
    return [Chunk(ms, 0, "start", '{"type":"text","text":""}'), Chunk(ms + 1, 0, "text", text)]


async def new_session(store: SqliteStore, **fields: Any) -> SessionInfo:
    session = SessionInfo(**{"id": new_id(), "title": "A title", "created_at": timestamp(), **fields})
    await store.create_session(session)
    return session


async def conversation(store: SqliteStore, turns: int = 1, **fields: Any) -> tuple[SessionInfo, list[Message]]:
    """A session of so many turns, and its messages from the root on."""
    session = await new_session(store, **fields)
    path: list[Message] = []
    for turn in range(turns):
        path.append(prompt(session, path[-1] if path else None, f"question {turn}"))
        await store.add_message(path[-1])
        path.append(answer(session, path[-1], f"answer {turn}"))
        await store.finish_message(path[-1])
    return session, path


async def refusal(data_dir: Path) -> str:
    """The sentence with which opening is refused."""
    with pytest.raises(StoreError) as caught:
        await SqliteStore.open(data_dir)
    assert caught.value.info.kind is ErrorKind.STORAGE
    return str(caught.value)


async def make(data_dir: Path, turns: int = 1) -> Path:
    store = await SqliteStore.open(data_dir)
    await conversation(store, turns=turns)
    await store.close()
    return data_dir / "history.db"


def inside(data_dir: Path) -> apsw.Connection:
    """A second connection, through the same SQLite, to look at or spoil what is stored."""
    connection = apsw.Connection(str(data_dir / "history.db"))
    connection.set_busy_timeout(5000)
    return connection


_HEAD = """
import asyncio, os, sys
from pathlib import Path
from claude_tui.store import SqliteStore
from tests.unit.store.samples import *
"""


def python(source: str, *arguments: str | Path, **options: Any) -> "subprocess.Popen[str]":
    """A child process that runs `source`, with the names above, its streams piped."""
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", _HEAD + textwrap.dedent(source), *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def output_of(source: str, *arguments: str | Path, **options: Any) -> str:
    """What `source` prints, run to its end, which must be a good one."""
    with python(source, *arguments, **options) as child:
        output, errors = child.communicate(timeout=30)
    assert child.returncode == 0, errors
    return output
