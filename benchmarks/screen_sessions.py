"""Going on with a stored session of any length: until its last message is there, and what keys meet while the rest is read."""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.screen_start import BARE, BARE_PLACEHOLDER
from benchmarks.server import Server, Stream, body
from benchmarks.terminal import Pty, environment, milliseconds
from claude_tui.domain.blocks import text_block
from claude_tui.domain.ids import new_id, timestamp
from claude_tui.domain.messages import Message, Role, SessionInfo
from claude_tui.files import Paths
from claude_tui.store.sqlite import SqliteStore

LENGTHS = (100, 10_000)
LAST = "the very last words"
TYPED_FOR = 3.0


def _messages(session: SessionInfo, count: int) -> list[Message]:
    """Prompts and answers of mixed Markdown, a quarter of them long."""
    path: list[Message] = []
    for number in range(count):
        is_prompt = number % 2 == 0
        text = f"Question {number}" if is_prompt else body(Stream("mixed", 1, 1_200 if number % 8 == 1 else 300, 0))
        if number == count - 1:
            text = f"In the end, {LAST}."
        parent, role = path[-1].id if path else None, Role.USER if is_prompt else Role.ASSISTANT
        path.append(Message(new_id(), session.id, parent, role, created_at=timestamp(), blocks=(text_block(text),)))
    return path


async def store(data: Path, count: int) -> None:
    """A data folder with one session of so many messages."""
    session = SessionInfo(id=new_id(), title=f"{count} messages", created_at=timestamp(), model="claude-opus-5-5")
    messages = _messages(session, count)
    store = await SqliteStore.open(data)
    await store.import_session(session, messages)
    await store.close()


def measure(server: Server, rounds: int, say: Callable[[str], None]) -> dict[str, Any]:
    """The starts take turns; keys are typed from the moment the last message is there."""
    names = {f"{length:,} messages": length for length in LENGTHS}
    taken: dict[str, list[float]] = {name: [] for name in ("bare Textual", *names)}
    echoes: dict[str, list[float]] = {name: [] for name in names}
    memory: dict[str, list[float]] = {name: [] for name in names}
    with TemporaryDirectory() as folder:
        variables: dict[str, dict[str, str]] = {}
        for name, length in names.items():
            own = environment(Path(folder), ANTHROPIC_BASE_URL=server.url, ANTHROPIC_API_KEY=server.key)
            variables[name] = {**own, "CLAUDE_TUI_HOME": str(Path(folder) / str(length))}
            asyncio.run(store(Paths.find(variables[name]).data, length))
        for number in range(rounds + 1):
            say(f"stored sessions: round {number} of {rounds}")
            with Pty(["-c", BARE], variables[next(iter(names))]) as terminal:
                bare = terminal.see(BARE_PLACEHOLDER) - terminal.began
            for name in names:
                with Pty(["-m", "claude_tui", "-c"], variables[name]) as terminal:
                    opened = terminal.see(LAST) - terminal.began
                    keys = terminal.echoes(TYPED_FOR)
                    if number:  # the first one fills caches
                        taken[name].append(opened)
                        echoes[name] += keys
                        memory[name].append(terminal.megabytes)
            if number:
                taken["bare Textual"].append(bare)
    walls = {name: statistics.median(times) for name, times in taken.items()}
    return {
        name: {
            "last_message_ms": round(walls[name] * 1000),
            "ratio_to_bare": round(walls[name] / walls["bare Textual"], 2),
            **{f"key_{figure}": value for figure, value in milliseconds(echoes[name]).items()},
            "rss_mb": round(statistics.median(memory[name])),
        }
        for name in names
    }
