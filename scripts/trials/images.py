"""`images`: the power goes at any moment of a store's life. Every image the disk may then hold is opened by the real store.

Two lives are recorded once, through a VFS that notes what SQLite does to its files: one from an empty folder, one that begins with
a history of the format before, which is copied and upgraded. An image is a moment of a life and what survived of the writes that
were not synced.
"""

from __future__ import annotations

import asyncio
import random
import shutil
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import apsw

from claude_tui.domain.blocks import text_block
from claude_tui.domain.messages import Message, Role
from claude_tui.store import migrations
from claude_tui.store.sqlite import FILE_NAME, SqliteStore
from scripts.trials import promises
from scripts.trials.disk import Disk, Recorder
from scripts.trials.looking import integrity, must
from scripts.trials.promises import Promises
from scripts.trials.result import Result, Say, failure, spread
from scripts.trials.scene import Scene, own_time
from scripts.trials.vfs import Call

NAME = "images"
BY_HAND = 6000
CI = 150
KEPT = ("none", "all", "first", "some", "some", "some")
_STRIDE = 104_729
"""A prime, so that a few images lie all over the story and many are each of them once."""


@dataclass(frozen=True)
class Story:
    """A recorded life: the files it began with, what was done to them, what was promised."""

    begins: dict[str, bytes]
    calls: list[Call]
    promises: Promises


def record(*, old: bool) -> Story:
    with tempfile.TemporaryDirectory(prefix="claude-tui-images-", dir=fast()) as name, own_time() as clock:
        folder = Path(name)
        begins = _old_history(folder) if old else {}
        recorder = Recorder(folder)
        story = Story(begins, recorder.calls, Promises(recorder.moment))
        if old:
            _promise_old(story.promises)
        with recorder.recording():
            asyncio.run(Scene(folder, story.promises, clock).play())
        return story


OLD = tuple(
    Message(f"old{number}", "old", f"old{number - 1}" if number else None, role, (text_block(f"old text {number} " * 200),))
    for number, role in enumerate((Role.USER, Role.ASSISTANT) * 6)
)


def _old_history(folder: Path) -> dict[str, bytes]:
    """A history of the first format with a conversation in it; its files."""
    with mock.patch.object(migrations, "MIGRATIONS", migrations.MIGRATIONS[:1]):
        asyncio.run(_opened_and_closed(folder))
    connection = apsw.Connection(str(folder / FILE_NAME))
    connection.execute("PRAGMA foreign_keys=OFF")
    connection.execute("INSERT INTO sessions (id, title, provider, created_at, updated_at) VALUES ('old', 'old', 'p', '', '')")
    for number, message in enumerate(OLD):
        blocks = migrations.to_json(message.blocks)
        connection.execute(
            """INSERT INTO messages (id, session_id, parent_id, seq, depth, role, status, created_at, usage, blocks)
               VALUES (?, 'old', ?, ?, ?, ?, 'complete', '', '{"output_tokens":1}', ?)""",
            (message.id, message.parent_id, number, number + 1, message.role.value, blocks),
        )
    connection.execute("UPDATE sessions SET leaf_id = ?", (OLD[-1].id,))
    connection.close()
    return {FILE_NAME: (folder / FILE_NAME).read_bytes()}


async def _opened_and_closed(folder: Path) -> None:
    await (await SqliteStore.open(folder)).close()


def _promise_old(made: Promises) -> None:
    """What lies there before the story begins."""
    made.values["session", "old"] = [promises.Value("old", 0, durable=True, acknowledged=0)]
    for message in OLD:
        made.values["message", message.id] = [promises.Value(promises.seen_of(message), 0, durable=True, acknowledged=0)]


def fast() -> str | None:
    """Where files need no device: what is proved here is proved by the images."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108


@dataclass(frozen=True)
class Cut:
    """One power cut: image `number` of all there are."""

    number: int
    story: Story
    moment: int
    kept: str


def cut_of(stories: list[Story], number: int) -> Cut:
    moments = [(story, moment) for story in stories for moment in range(len(story.calls) + 1)]
    place = number * _STRIDE % (len(moments) * len(KEPT))
    story, moment = moments[place % len(moments)]
    return Cut(number, story, moment, KEPT[place // len(moments)])


def image_of(cut: Cut, disk: Disk) -> dict[str, bytes]:
    chance = random.Random(cut.number)
    files = disk.image(cut.kept, chance)
    if chance.random() < 0.3:  # the index of the log as it may lie there: it counts only for a process that lives
        files[f"{FILE_NAME}-shm"] = chance.randbytes(32_768)
    return files


async def examine(folder: Path, cut: Cut) -> float:
    """Open the image with the real store and look; how long opening took, in milliseconds."""
    began = time.monotonic()
    store = await SqliteStore.open(folder)
    opened_ms = (time.monotonic() - began) * 1000
    try:
        found = await promises.look(store, cut.story.promises)
        promises.check(cut.story.promises, found, cut.moment, power_lost=True)
        _check_backups(folder, cut)
        if ("session", "one") in found:
            await store.add_message(Message("after", "one", None, Role.USER, (text_block("and on"),)))
    finally:
        await store.close()
    must(integrity(folder) == "ok", f"integrity_check says {integrity(folder)}")
    return opened_ms


def _check_backups(folder: Path, cut: Cut) -> None:
    """A copy with its final name is whole."""
    for copy in (folder / "backups").glob("*.db"):
        connection = apsw.Connection(str(copy))
        try:
            must(connection.execute("PRAGMA integrity_check").get == "ok", f"the copy {copy.name} is damaged")
            kept = connection.execute("SELECT count(*) FROM messages").get
            must(kept >= len(OLD) or cut.story.begins == {}, f"the copy {copy.name} has {kept} messages")
        finally:
            connection.close()


def run(seed: int, count: int, say: Say) -> Result:
    stories = [record(old=False), record(old=True)]
    cuts = [cut_of(stories, number) for number in range(seed, seed + count)]
    failures: list[str] = []
    opened: list[float] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="claude-tui-images-", dir=fast())))
        for story in stories:
            _all_of(story, [cut for cut in cuts if cut.story is story], folder, failures, opened)
            say(f"{len(opened)} images opened, {len(failures)} failures")
    kinds = Counter(cut.kept for cut in cuts)
    figures: dict[str, float | int | str] = {
        "moments": sum(len(story.calls) + 1 for story in stories),
        "kept": " ".join(f"{kind}={number}" for kind, number in sorted(kinds.items())),
        **{f"opened ms {which}": value for which, value in spread(opened).items()},
    }
    return Result(count, failures, figures)


def _all_of(story: Story, cuts: list[Cut], folder: Path, failures: list[str], opened: list[float]) -> None:
    """The cuts of one story in its order, so that it is played once."""
    disk, played = Disk(story.begins), 0
    for cut in sorted(cuts, key=lambda cut: cut.moment):
        for call in story.calls[played : cut.moment]:
            disk.play(call)
        played = cut.moment
        place = folder / str(cut.number)
        for name, data in image_of(cut, disk).items():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_bytes(data)
        try:
            opened.append(asyncio.run(examine(place, cut)))
        except Exception as error:
            life = "the upgraded" if story.begins else "the new"
            what = f"image {cut.number}, {cut.kept} kept at call {cut.moment} of {life} history: {type(error).__name__}: {error}"
            failures.append(failure(NAME, cut.number, what))
        shutil.rmtree(place, ignore_errors=True)
