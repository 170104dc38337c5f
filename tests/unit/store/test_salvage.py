"""Saving what is left of a damaged history; what is damaged, foreign and newer told apart."""

import asyncio
import random
from pathlib import Path

import apsw
import pytest

from claude_tui.domain.blocks import text_block
from claude_tui.domain.damage import DamageKind
from claude_tui.domain.desk import Desk
from claude_tui.domain.errors import StoreError
from claude_tui.domain.messages import Status
from claude_tui.store import SqliteStore, remedies
from claude_tui.store.salvage import Salvaged, examine, salvage
from scripts.trials import bytes as trial
from tests.unit.store.samples import conversation, make, output_of, prompt

UNKNOWN = {"type": "hologram", "data": "\ud800\0", "n": 1.5}


async def saved_from(history: Path, into: Path) -> tuple[Salvaged, SqliteStore]:
    into.mkdir(mode=0o700)
    saved = salvage(history, into / "history.db")
    return saved, await SqliteStore.open(into)


async def test_everything_in_a_whole_history_is_saved_as_it_was(data_dir: Path, tmp_path: Path) -> None:
    store = await SqliteStore.open(data_dir)
    session, path = await conversation(store, turns=3, title="Whole")
    odd = prompt(session, path[-1], blocks=(UNKNOWN, text_block("x" * 20_000)))
    await store.add_message(odd)
    version = prompt(session, path[1], "another version")
    await store.add_message(version)
    await store.move_leaf(session.id, odd.id)
    await store.save_desk(session.id, Desk(draft="a draft"))
    gone, _ = await conversation(store)
    await store.delete_session(gone.id)
    before = await store.tree(session.id), await store.spending(), await store.session(session.id)
    await store.close()

    saved, store = await saved_from(data_dir / "history.db", tmp_path / "new")
    assert (
        saved.whole
        and (saved.sessions, saved.messages, saved.drafts) == (2, 10, 1)
        and "Nothing is known to be missing" in str(saved)
    )
    assert (await store.tree(session.id), await store.spending(), await store.session(session.id)) == before
    assert (await store.desk(session.id)).draft == "a draft"
    assert [one.id for one in await store.sessions()] == [session.id], "what was deleted stays hidden"
    assert await store.quick_check() == "ok" and await store.search_is_whole()
    await store.close()


async def test_what_a_dead_process_left_in_the_log_is_saved(data_dir: Path, tmp_path: Path) -> None:
    await make(data_dir)
    output_of(
        """
        async def main():
            store = await SqliteStore.open(Path(sys.argv[1]))
            session, path = await conversation(store, title="In the log")
            asked = prompt(session, path[-1])
            await store.add_message(asked)
            answer = begun(session, asked)
            await store.begin_message(answer)
            await store.append_chunks(answer.id, said("half an ans"))
            os._exit(0)
        asyncio.run(main())
        """,
        data_dir,
    )
    before = {path.name: path.read_bytes() for path in data_dir.glob("history.db*")}
    _, store = await saved_from(data_dir / "history.db", tmp_path / "new")
    assert {path.name: path.read_bytes() for path in data_dir.glob("history.db*")} == before
    (session,) = [one for one in await store.sessions() if one.title == "In the log"]
    last = (await store.path(session.leaf_id or ""))[-1]
    assert (last.status, last.blocks) == (Status.INTERRUPTED, (text_block("half an ans"),))
    await store.close()


async def test_words_that_changed_are_kept_and_marked(data_dir: Path, tmp_path: Path) -> None:
    path = await make(data_dir, turns=3)
    path.write_bytes(path.read_bytes().replace(b'"question 1"', b'"quest\xff\xffn 1"').replace(b'"answer 2"', b'"bnswer 2"'))
    saved, store = await saved_from(path, tmp_path / "new")
    assert (saved.messages, saved.damaged) == (6, 2) and "2 messages are not as stored" in str(saved)
    (session,) = await store.sessions()
    messages = await store.path(session.leaf_id or "")
    assert [bool(message.extra.get("damaged")) for message in messages] == [False, False, True, False, False, True]
    assert messages[5].blocks == (text_block("bnswer 2"),)
    assert "quest??n 1" in str(messages[2].blocks)
    assert await store.damaged_messages() == 0, "as saved they are whole, and the mark is stored with them"
    await store.close()


async def test_what_lost_its_session_or_its_parent_can_be_reached(data_dir: Path, tmp_path: Path) -> None:
    store = await SqliteStore.open(data_dir)
    session, path = await conversation(store, turns=3)
    await store.close()
    connection = apsw.Connection(str(data_dir / "history.db"))
    connection.execute("PRAGMA foreign_keys=OFF; DELETE FROM sessions")
    connection.execute("DELETE FROM messages WHERE id = ?", (path[2].id,))
    connection.execute("VACUUM")
    connection.close()
    saved, store = await saved_from(data_dir / "history.db", tmp_path / "new")
    (found,) = await store.sessions()
    assert (found.id, found.title, saved.messages) == (session.id, "question 0", 5)
    assert [one.id for one in await store.path(found.leaf_id or "")] == [one.id for one in path if one is not path[2]]
    await store.close()


def test_nothing_is_saved_of_nothing_or_over_something(tmp_path: Path) -> None:
    (tmp_path / "noise").write_bytes(random.Random(1).randbytes(50_000))
    with pytest.raises(StoreError, match="Nothing of a claude-tui history"):
        salvage(tmp_path / "noise", tmp_path / "new.db")
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["noise"]
    (tmp_path / "there").touch()
    with pytest.raises(StoreError, match="exists already"):
        salvage(tmp_path / "noise", tmp_path / "there")


async def test_the_log_of_another_history_is_put_aside(tmp_path: Path) -> None:
    for name in ("one", "other"):
        output_of(
            """
            async def main():
                store = await SqliteStore.open(Path(sys.argv[1]))
                await conversation(store, turns=4)
                if sys.argv[2] == "one":
                    await store.close()
                os._exit(0)
            asyncio.run(main())
            """,
            tmp_path / name,
            name,
        )
    history, log = tmp_path / "one" / "history.db", tmp_path / "one" / "history.db-wal"
    other = (tmp_path / "other" / "history.db-wal").read_bytes()
    whole = history.read_bytes()
    log.write_bytes(other)
    damage = examine(history)
    assert damage is not None and damage.kind is DamageKind.LOG
    with pytest.raises(StoreError, match="is the log of another history"):
        await SqliteStore.open(history.parent)
    assert (history.read_bytes(), log.read_bytes()) == (whole, other)
    assert remedies.put_log_aside(history).read_bytes() == other
    store = await SqliteStore.open(history.parent)
    assert [session.message_count for session in await store.sessions()] == [8]
    await store.close()


def test_bytes_changed_and_pages_lost_at_random(tmp_path: Path) -> None:
    sample = trial.make_sample(tmp_path / "sample", 1)
    pieces = trial.pieces_of(sample)
    intact = saved = 0
    for number in range(12):
        contents = trial.damaged(random.Random(number), sample)
        outcome = trial.try_one(tmp_path / str(number), sample, pieces, contents)
        assert outcome.failures == [], number
        intact, saved = intact + outcome.intact, saved + outcome.saved
    assert saved >= 0.95 * intact > 0


def test_untouched_is_told_from_touched(tmp_path: Path) -> None:
    """The judge of the trial, judged."""
    sample = trial.make_sample(tmp_path / "sample", 2)
    pieces = trial.pieces_of(sample)
    assert trial.untouched(pieces, sample.files, sample.files) == set(sample.messages)
    victim, parts = next(iter(pieces.items()))
    contents = dict(sample.files)
    for name, start, end in parts[0].places:
        contents[name] = contents[name][:start] + bytes(end - start) + contents[name][end:]
    assert victim not in trial.untouched(pieces, sample.files, contents)
    assert asyncio.run(trial._finished(tmp_path / "sample")).keys() == sample.messages.keys()
