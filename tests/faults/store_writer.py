"""A writer to be killed: a folder and a delta rate a second on the command line, a line on standard output for everything it does.

It answers prompt after prompt in one session through the journal, as a turn does: a delta is announced on standard output (`D`, its
number within the answer, a monotonic time) before it is buffered; the buffer goes to the history every 50 ms or 4 KB. The history
itself is announced too: `U id` a prompt that is committed, `B id` an answer that begins, `F id` one that is committed.
"""

import asyncio
import dataclasses
import os
import sys
import time
from pathlib import Path

from claude_tui.domain.blocks import text_block
from claude_tui.domain.events import BlockDelta, BlockStarted, BlockStopped, MessageStarted
from claude_tui.domain.ids import new_id, timestamp
from claude_tui.domain.journal import Journal
from claude_tui.domain.messages import Message, Role, SessionInfo, Status
from claude_tui.domain.partial import Partial
from claude_tui.store import SqliteStore

DELTAS = 150
"""In one answer."""

FLUSH_SECONDS = 0.05
FLUSH_SIZE = 4096


def delta_text(number: int) -> str:
    return f"{number:05} "


def announce(line: str) -> None:
    os.write(1, f"{line}\n".encode())


async def answer(store: SqliteStore, question: Message, rate: float) -> Message:
    base = Message(new_id(), question.session_id, question.id, Role.ASSISTANT, (), Status.STREAMING, created_at=timestamp())
    journal, partial = Journal(), Partial()
    await store.begin_message(base)
    announce(f"B {base.id}")
    begun = flushed = time.monotonic()

    def take(event: MessageStarted | BlockStarted | BlockDelta | BlockStopped) -> None:
        partial.apply(event)
        journal.add(event, round((time.monotonic() - begun) * 1000))

    take(MessageStarted("msg", "a-model", None))
    take(BlockStarted(0, text_block("")))
    for number in range(DELTAS):
        await asyncio.sleep(max(0.0, begun + number / rate - time.monotonic()))
        announce(f"D {number} {time.monotonic()}")
        take(BlockDelta(0, "text", delta_text(number)))
        if time.monotonic() - flushed >= FLUSH_SECONDS or journal.size >= FLUSH_SIZE:
            flushed = time.monotonic()
            store.append_chunks(base.id, journal.take())
    take(BlockStopped(0))
    store.append_chunks(base.id, journal.take())
    finished = partial.message(base, Status.COMPLETE)
    await store.finish_message(finished)
    announce(f"F {base.id}")
    return finished


async def main(data_dir: Path, rate: float) -> None:
    store = await SqliteStore.open(data_dir)
    session = SessionInfo(new_id(), title="killed")
    await store.create_session(session)
    store.hold(session.id)
    last: Message | None = None
    while True:
        question = Message(
            new_id(), session.id, last.id if last else None, Role.USER, (text_block("go on"),), created_at=timestamp()
        )
        await store.add_message(question)
        announce(f"U {question.id}")
        last = dataclasses.replace(await answer(store, question, rate))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), float(sys.argv[2])))
