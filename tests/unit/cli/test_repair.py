"""`doctor --repair` and `sessions export`, as commands, on histories that are whole and damaged."""

import asyncio
import json
import stat
from pathlib import Path

import apsw
import pytest

from claude_tui.files import Paths
from claude_tui.store import SqliteStore, backups, presence
from tests.unit.store.samples import conversation

from .conftest import Run

ODD = {"role": "assistant", "content": [{"type": "hologram", "data": "\ud800\0", "n": 1.5}, {"type": "text", "text": "# Yes\n"}]}


def make(paths: Paths, turns: int = 2) -> bytes:
    async def fill() -> None:
        store = await SqliteStore.open(paths.data)
        await conversation(store, turns=turns, title="A/title: ..\u202e")
        await store.close()

    asyncio.run(fill())
    return paths.history.read_bytes()


def spoil(paths: Paths) -> bytes:
    content = bytes(200) + paths.history.read_bytes()[200:]
    paths.history.write_bytes(content)
    return content


def put_aside(paths: Paths) -> list[Path]:
    return [path for path in paths.data.iterdir() if ".corrupt-" in path.name or ".foreign-" in path.name]


def test_a_damaged_history_is_named_repaired_and_kept(run: Run, paths: Paths) -> None:
    make(paths)
    content = spoil(paths)
    for command in (("sessions", "list"), ("ask", "hello")):
        ended = run(*command)
        assert ended.code == 1 and "is damaged" in ended.err and "claude-tui doctor --repair" in ended.err
    assert paths.history.read_bytes() == content
    ended = run("doctor", "--repair", "-o", "json")
    data = json.loads(ended.out)
    assert (ended.code, data["ok"]) == (0, True)
    assert any("Saved: 4 messages in 1 session" in line for line in data["repairs"])
    (kept,) = put_aside(paths)
    assert kept.read_bytes() == content and any(str(kept) in line for line in data["repairs"])
    assert any(check["name"] == "kept" for check in data["checks"])


def test_rights_and_the_index_are_put_right(run: Run, paths: Paths) -> None:
    make(paths)
    copy = backups.new_path(paths.history, backups.MANUAL)
    backups.back_up(paths.history, copy)
    copy.chmod(0o644)
    connection = apsw.Connection(str(paths.history))
    connection.execute("DELETE FROM found")
    connection.close()
    told = run("doctor").out
    assert "mode 0644" in told and "does not cover every message" in told
    ended = run("doctor", "--repair")
    assert ended.code == 0 and "The search index was built anew." in ended.out and f"to {copy} any more" in ended.out
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert "There was nothing to repair." in run("doctor", "--repair").out


def test_of_a_file_with_nothing_in_it_the_newest_backup_is_restored(run: Run, paths: Paths) -> None:
    make(paths)
    backups.back_up(paths.history, backups.new_path(paths.history, backups.MANUAL))
    paths.history.write_bytes(b"no database" * 1000)
    ended = run("doctor", "--repair")
    assert ended.code == 0 and "Restored the backup of" in ended.out and "1 session, 4 messages" in ended.out
    assert [path.read_bytes()[:11] for path in put_aside(paths)] == [b"no database"]


@pytest.mark.parametrize("held", [False, True])
def test_what_is_newer_or_open_elsewhere_is_left_alone(run: Run, paths: Paths, held: bool) -> None:
    make(paths)
    connection = apsw.Connection(str(paths.history))
    connection.pragma("user_version", 2 if held else 99)
    connection.close()
    content = spoil(paths) if held else paths.history.read_bytes()
    lock = presence.enter(paths.data) if held else None
    ended = run("doctor", "--repair")
    if lock is not None:
        lock.release()
    assert ended.code == 1 and ("is open elsewhere" if held else "newer claude-tui") in ended.out
    assert paths.history.read_bytes() == content and put_aside(paths) == []


def test_exporting_and_importing_again(run: Run, paths: Paths, tmp_path: Path) -> None:
    first = run("sessions", "import", "-", stdin=json.dumps([{"role": "user", "content": "Hi"}, ODD])).out.strip()
    out = tmp_path / "out"
    ended = run("sessions", "export", "--all", "--format", "json", "--to", str(out / "."))
    (file,) = out.iterdir() if out.is_dir() else [out]
    assert ended.code == 0 and ended.out.strip() == str(file) and stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text() == run("sessions", "show", first, "--all", "-o", "json").out
    again = run("sessions", "import", str(file)).out.strip()
    shown = json.loads(run("sessions", "show", again, "-o", "json").out)
    assert [message["content"] for message in shown["messages"]][1] == ODD["content"]


def test_a_file_that_is_there_is_replaced_only_by_force(run: Run, paths: Paths, tmp_path: Path) -> None:
    make(paths)
    file = tmp_path / "file.md"
    file.write_text("mine")
    (session,) = json.loads(run("sessions", "list", "-o", "json").out)
    refused = run("sessions", "export", session["id"], "--to", str(file))
    assert refused.code == 1 and "exists" in refused.err and file.read_text() == "mine"
    assert run("sessions", "export", session["id"], "--to", str(file), "--force").code == 0
    assert file.read_text().startswith("# ")


def test_markdown_to_standard_output_and_what_makes_no_sense(run: Run, paths: Paths) -> None:
    made = run("sessions", "import", "-", stdin=json.dumps([{"role": "user", "content": "Hi"}, ODD])).out.strip()
    out = run("sessions", "export", made).out
    assert out.startswith("# Hi\n") and "## Claude" in out and "# Yes" in out
    assert run("sessions", "export").code == 2
    assert run("sessions", "export", "--all").code == 2


def test_a_damaged_history_is_exported_as_far_as_it_goes(run: Run, paths: Paths, tmp_path: Path) -> None:
    make(paths)
    content = spoil(paths)
    out = tmp_path / "out"
    ended = run("sessions", "export", "--all", "--to", str(out))
    assert ended.code == 1 and "is damaged" in ended.err and "Saved: 4 messages" in ended.err
    (file,) = out.iterdir()
    assert "question 1" in file.read_text() and file.name.startswith("a-title")
    assert paths.history.read_bytes() == content and put_aside(paths) == []
