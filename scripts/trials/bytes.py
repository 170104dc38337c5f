"""Histories with changed bytes, zeroed and missing pages: opened or refused, never overwritten, and what is left is saved.

Which messages a change has not touched is found without the code on trial: where the bytes of each message lie is searched for in
the files, and a message is untouched while every piece of it still stands somewhere as it was.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from claude_tui.domain.blocks import dump_json, text_block
from claude_tui.domain.desk import Desk
from claude_tui.domain.errors import StoreError
from claude_tui.domain.ids import new_id, timestamp
from claude_tui.domain.journal import Chunk
from claude_tui.domain.messages import Message, Role, SessionInfo, Status
from claude_tui.store import SqliteStore
from claude_tui.store.rows import DAMAGED
from claude_tui.store.salvage import examine, salvage
from scripts.trials.result import Result, Say

NAME = "bytes"
BY_HAND = 1_000
CI = 40

_FILES = ("history.db", "history.db-wal")
_PAGE = 4096
_HEAD = 40
_SHARE = 0.95


class Sample(NamedTuple):
    """The files of a history whose process was killed, and its finished messages."""

    files: dict[str, bytes]
    messages: dict[str, Message]


class Piece(NamedTuple):
    """Some of a message's bytes: every place where they stand, as file, start and end."""

    places: tuple[tuple[str, int, int], ...]


# The history.


def make_sample(folder: Path, seed: int) -> Sample:
    """Written by a process that ends without closing it, so that the log is there."""
    subprocess.run([sys.executable, "-m", "scripts.trials.bytes", str(folder), str(seed)], check=True, cwd=_root())
    contents = {name: (folder / name).read_bytes() for name in _FILES}
    return Sample(contents, asyncio.run(_finished(folder)))


def _root() -> Path:
    return Path(__file__).resolve().parents[2]


async def _finished(folder: Path) -> dict[str, Message]:
    store = await SqliteStore.open(folder)
    try:
        found = [message for session in await store.sessions() for message in await store.tree(session.id)]
        return {message.id: message for message in found if "unfinished" not in dump_json(message.blocks)}
    finally:
        await store.close()


async def write_history(folder: Path, seed: int) -> None:
    """Sessions of short and long messages, versions, an unfinished answer, a draft: half in the file, half in the log."""
    chance = random.Random(seed)
    store = await SqliteStore.open(folder)
    for _ in range(4):
        await _write_session(store, chance)
    await store.close()
    store = await SqliteStore.open(folder)
    for _ in range(2):
        await _write_session(store, chance)
    session = SessionInfo(new_id(), "Unfinished", created_at=timestamp())
    await store.create_session(session)
    await store.save_desk(session.id, Desk(draft="a draft"))
    asked = Message(new_id(), session.id, None, Role.USER, (text_block("Go on."),), created_at=timestamp())
    await store.add_message(asked)
    begun = Message(new_id(), session.id, asked.id, Role.ASSISTANT, (), Status.STREAMING, created_at=timestamp())
    await store.begin_message(begun)
    await store.append_chunks(begun.id, [Chunk(1, 0, "start", '{"type":"text","text":""}'), Chunk(2, 0, "text", "unfinished")])


async def _write_session(store: SqliteStore, chance: random.Random) -> None:
    session = SessionInfo(new_id(), f"Session {chance.random()}", model="claude-sonnet-5", created_at=timestamp())
    await store.create_session(session)
    parent: str | None = None
    for turn in range(chance.randrange(2, 6)):
        size = chance.choice((20, 80, 400, 2_000, 9_000))
        prompt = Message(new_id(), session.id, parent, Role.USER, (text_block(_noise(chance, 60)),), created_at=timestamp())
        await store.add_message(prompt)
        usage = {"input_tokens": turn, "output_tokens": size}
        blocks = (text_block(_noise(chance, size)),)
        answer = Message(
            new_id(), session.id, prompt.id, Role.ASSISTANT, blocks, model="claude-sonnet-5", usage=usage, created_at=timestamp()
        )
        await store.finish_message(answer)
        parent = prompt.parent_id if turn and chance.random() < 0.2 else answer.id


def _noise(chance: random.Random, size: int) -> str:
    return "".join(chance.choices("abcdefghijklmnopqrstuvwxyz ", k=size))


# Where its messages lie.


def pieces_of(sample: Sample) -> dict[str, list[Piece]]:
    """The bytes of each message, wherever they stand: what lies in its page with the columns before it, and its overflow pages."""
    return {message.id: _pieces(sample.files, message) for message in sample.messages.values()}


def _pieces(contents: Mapping[str, bytes], message: Message) -> list[Piece]:
    stored = dump_json(message.blocks).encode("ascii")
    pieces: list[Piece] = []
    done = 0
    while done < len(stored):
        wanted = stored[done : done + 48]
        places: list[tuple[str, int, int]] = []
        longest = 0
        for name, data in contents.items():
            at = data.find(wanted)
            while at >= 0:
                length = _common(stored, done, data, at)
                start = data.rindex(message.id.encode(), 0, at) - _HEAD if done == 0 else at - 4
                places.append((name, start, at + length + (16 if done == 0 else 0)))
                longest = max(longest, length)
                at = data.find(wanted, at + 1)
        if not longest:
            raise ValueError(f"{message.id} is not in the files")
        pieces.append(Piece(tuple(places)))
        done += longest
    return pieces


def _common(stored: bytes, done: int, data: bytes, at: int) -> int:
    length = min(len(stored) - done, _PAGE)
    while stored[done : done + length] != data[at : at + length]:
        length -= 1
    return length


def untouched(
    pieces: Mapping[str, list[Piece]],
    before: Mapping[str, bytes],
    after: Mapping[str, bytes],
    copies: Callable[[Iterable[bool]], bool] = any,
) -> set[str]:
    """The messages of which every piece still stands somewhere; with `all` for `copies`, wherever it stood."""

    def stands(place: tuple[str, int, int]) -> bool:
        name, start, end = place
        return before[name][start:end] == after.get(name, b"")[start:end]

    return {one for one, parts in pieces.items() if all(copies(map(stands, part.places)) for part in parts)}


# Damage.


def _edit(chance: random.Random, contents: dict[str, bytes]) -> None:
    name = chance.choice(_FILES)
    data = bytearray(contents[name])
    for _ in range(chance.randrange(1, 6)):
        at = chance.randrange(len(data))
        data[at : at + 1] = bytes([data[at] ^ 1 << chance.randrange(8)]) if chance.random() < 0.5 else chance.randbytes(1)
    contents[name] = bytes(data)


def _edit_head(chance: random.Random, contents: dict[str, bytes]) -> None:
    """Where a page says what it is."""
    name = chance.choice(_FILES)
    data = bytearray(contents[name])
    pages = range(0, len(data), _PAGE) if name == _FILES[0] else range(56, len(data), _PAGE + 24)
    at = chance.choice(pages) + chance.randrange(16)
    data[at : at + 4] = chance.randbytes(4)
    contents[name] = bytes(data)


def _zero(chance: random.Random, contents: dict[str, bytes]) -> None:
    name = chance.choice(_FILES)
    start = chance.randrange(len(contents[name]) // _PAGE) * _PAGE
    contents[name] = contents[name][:start] + bytes(_PAGE) + contents[name][start + _PAGE :]


def _truncate(chance: random.Random, contents: dict[str, bytes]) -> None:
    name = chance.choice(_FILES)
    size = chance.randrange(len(contents[name]))
    contents[name] = contents[name][: size // _PAGE * _PAGE if chance.random() < 0.7 else size]


def _lose_log(_: random.Random, contents: dict[str, bytes]) -> None:
    del contents["history.db-wal"]


DAMAGES: tuple[tuple[Callable[[random.Random, dict[str, bytes]], None], int], ...] = (
    (_edit, 45), (_edit_head, 20), (_zero, 15), (_truncate, 15), (_lose_log, 5),
)  # fmt: skip


def damaged(chance: random.Random, sample: Sample) -> dict[str, bytes]:
    contents = dict(sample.files)
    damage = chance.choices([one for one, _ in DAMAGES], [weight for _, weight in DAMAGES])[0]
    damage(chance, contents)
    return contents


# The trial.


class Outcome(NamedTuple):
    """`opened`: what opening came to."""

    opened: str
    intact: int
    saved: int
    failures: list[str]


def try_one(folder: Path, sample: Sample, pieces: Mapping[str, list[Piece]], contents: Mapping[str, bytes]) -> Outcome:
    """Examine, open and salvage these files, each time from a fresh copy."""
    left = untouched(pieces, sample.files, contents)
    failures: list[str] = []
    history = _lay_out(folder / "open", contents)
    examine(history)
    if _changed(history.parent, contents):
        failures.append("looking at a history changed it")
    opened = asyncio.run(_open(history.parent))
    if opened.startswith("!"):
        failures.append(opened)
    if opened == "refused" and _changed(history.parent, contents):
        failures.append("a refused history was changed")
    source = _lay_out(folder / "damaged", contents)
    (folder / "saved").mkdir()
    try:
        salvage(source, folder / "saved" / "history.db")
        pristine = untouched(pieces, sample.files, contents, all)
        saved = asyncio.run(_check(folder / "saved", sample, left, pristine, failures))
    except StoreError as error:
        saved = 0
        if left:
            failures.append(f"nothing was salvaged of {len(left)} messages: {error}")
    if _changed(source.parent, contents):
        failures.append("the salvage changed what it read")
    return Outcome(opened, len(left), saved, failures)


def _lay_out(folder: Path, contents: Mapping[str, bytes]) -> Path:
    folder.mkdir(parents=True, mode=0o700)
    for name, data in contents.items():
        (folder / name).write_bytes(data)
        os.chmod(folder / name, 0o600)
    return folder / "history.db"


def _changed(folder: Path, contents: Mapping[str, bytes]) -> bool:
    return any((folder / name).read_bytes() != data for name, data in contents.items())


async def _open(folder: Path) -> str:
    """Open and use it; a sentence is the only failure there may be."""
    try:
        store = await SqliteStore.open(folder)
    except StoreError:
        return "refused"
    except Exception as error:
        return f"! opening raised {error!r}"
    try:
        for session in await store.sessions():
            await store.tree(session.id)
            if session.leaf_id:
                await store.path(session.leaf_id)
            await store.desk(session.id)
        await store.prompts(None, 50)
        await store.spending()
        await store.search("the")
    except StoreError:
        return "opened in part"
    except Exception as error:
        return f"! using it raised {error!r}"
    finally:
        await store.close()
    return "opened"


async def _check(folder: Path, sample: Sample, left: set[str], pristine: set[str], failures: list[str]) -> int:
    """How many of the untouched messages are there as they were, in a history that is whole.

    Where a copy of a message is hit beside its words, that copy may be the one that is saved, and marked.
    """
    store = await SqliteStore.open(folder)
    try:
        if (state := await store.quick_check()) != "ok":
            failures.append(f"what was salvaged is not whole: {state}")
        if not await store.check_search():
            failures.append("what was salvaged cannot be searched")
        found: dict[str, Message] = {}
        for session in await store.sessions():
            tree = await store.tree(session.id)
            found |= {message.id: message for message in tree}
            known = {message.id for message in tree}
            if any(message.parent_id is not None and message.parent_id not in known for message in tree):
                failures.append("a message that cannot be reached was salvaged")
            if session.leaf_id is None or session.leaf_id not in known:
                failures.append("a session without an end was salvaged")
        as_were = {one for one in left if one in found and found[one].blocks == sample.messages[one].blocks}
        if any(found[one].extra.get(DAMAGED) for one in as_were & pristine):
            failures.append("an untouched message was marked as damaged")
        wrong = [one for one in found if one in sample.messages and _differs(found[one], sample.messages[one])]
        if wrong:
            failures.append(f"{len(wrong)} messages have other words than they had, and nothing says so")
        return len(as_were)
    finally:
        await store.close()


def _differs(found: Message, was: Message) -> bool:
    return found.blocks != was.blocks and not found.extra.get(DAMAGED)


def run(seed: int, count: int, say: Say) -> Result:
    """`count` damaged histories; the figures say how they were opened and what was saved of what was left."""
    failures: list[str] = []
    opened: dict[str, int] = {}
    intact = saved = 0
    with tempfile.TemporaryDirectory(prefix="claude-tui-bytes-") as name:
        folder = Path(name)
        sample = make_sample(folder / "sample", seed)
        pieces = pieces_of(sample)
        for number in range(count):
            chance = random.Random(f"{seed}-{number}")
            outcome = try_one(folder / "trial", sample, pieces, damaged(chance, sample))
            shutil.rmtree(folder / "trial")
            opened[outcome.opened] = opened.get(outcome.opened, 0) + 1
            intact, saved = intact + outcome.intact, saved + outcome.saved
            failures += [f"{one} (seed {seed}, number {number})" for one in outcome.failures]
            if (number + 1) % 100 == 0:
                say(f"{number + 1} of {count}: {saved} of {intact} untouched messages saved, {len(failures)} failures")
    if saved < _SHARE * intact:
        failures.append(f"{saved} of {intact} untouched messages were saved, less than {_SHARE:.0%} (seed {seed})")
    share = 100 * saved / intact if intact else 100.0
    figures: dict[str, float | int | str] = {"untouched messages": intact, "saved": saved, "saved, %": round(share, 3)}
    return Result(count, failures, figures | {f"histories {what}": number for what, number in sorted(opened.items())})


if __name__ == "__main__":
    asyncio.run(write_history(Path(sys.argv[1]), int(sys.argv[2])))
    os._exit(0)  # as a kill would: what is in the log stays there
