"""`backup` and `restore`, as commands."""

import asyncio
import json
from pathlib import Path

import pytest

from claude_tui.cli.commands import app
from claude_tui.cli.exits import ended
from claude_tui.store import SqliteStore, migrations, presence
from tests.contract.command import run
from tests.unit.store.samples import conversation

NOW = len(migrations.MIGRATIONS)


class Commands:
    """The commands, in this process: their exit code, and what they printed."""

    def __init__(self, home: Path, streams: pytest.CaptureFixture[str]) -> None:
        self.data = home / "data"
        self.home = home
        self._streams = streams

    def __call__(self, *arguments: str | Path) -> tuple[int, str, str]:
        code = ended(lambda: app([str(argument) for argument in arguments], prog_name="claude-tui"))
        return (code, *self._streams.readouterr())

    def talk(self, turns: int = 1) -> None:
        async def main() -> None:
            store = await SqliteStore.open(self.data)
            await conversation(store, turns=turns)
            await store.close()

        asyncio.run(main())

    def messages(self) -> int:
        _, out, _ = self("sessions", "list", "-o", "json")
        return sum(session["message_count"] for session in json.loads(out))

    def made(self) -> Path:
        """Where a backup that was just made is."""
        code, out, err = self("backup")
        assert (code, err) == (0, "")
        return Path(out.removesuffix("\n"))


@pytest.fixture
def commands(isolated_environment: Path, capsys: pytest.CaptureFixture[str]) -> Commands:
    return Commands(isolated_environment, capsys)


def test_there_and_back_again(commands: Commands) -> None:
    commands.talk(turns=2)
    copy = commands.made()
    assert copy.parent == commands.data / "backups" and copy.is_file()
    commands.talk()
    code, out, err = commands("restore", "latest")
    restored, kept = out.splitlines()
    assert (code, err) == (0, "") and restored == f"Restored {copy}: 1 session, 4 messages."
    assert commands.messages() == 4
    aside = kept.removeprefix("What was there before is kept as ").removesuffix(".")
    assert commands("restore", aside, "-o", "json")[0] == 0
    assert commands.messages() == 6


def test_the_list_says_what_is_in_each(commands: Commands) -> None:
    assert commands("restore")[:2] == (0, "")
    commands.talk()
    copy = commands.made()
    (commands.data / "backups" / "daily-20260101T000000.000000Z.db").write_text("spoilt")
    code, out, err = commands("restore")
    first, second = out.splitlines()
    assert (code, err) == (0, "")
    assert "manual" in first and "1 session, 2 messages" in first and first.endswith(str(copy))
    assert second.startswith("2026-01-01 00:00:00  daily") and "is not a copy of a claude-tui history" in second
    listed = json.loads(commands("restore", "-o", "json")[1])
    assert listed[0] | {"made_at": "", "size": 0} == {
        "path": str(copy), "made_at": "", "kind": "manual", "size": 0, "format": NOW, "sessions": 1, "messages": 2,
    }  # fmt: skip
    assert "problem" in listed[1]


def test_the_latest_is_the_newest_good_one(commands: Commands) -> None:
    commands.talk()
    copy = commands.made()
    copy.with_name("manual-29990101T000000.000000Z.db").write_text("spoilt")
    code, out, err = commands("restore", "latest")
    assert code == 0 and "Passed over: " in err and f"Restored {copy}" in out
    copy.unlink()
    code, out, err = commands("restore", "latest")
    assert (code, out) == (1, "") and "There is no good backup in" in err


def test_a_file_is_replaced_only_when_that_is_said(commands: Commands) -> None:
    commands.talk()
    target = commands.home / "copy.db"
    target.write_text("mine")
    code, out, err = commands("backup", target)
    assert (code, out) == (2, "") and "exists: name another file, or say --force" in err and target.read_text() == "mine"
    code, out, err = commands("backup", "--force", target, "-o", "json")
    assert (code, err) == (0, "") and json.loads(out)["messages"] == 2
    beside = target.with_name("copy.db-wal")
    beside.write_text("of another")
    for wrong in (target, commands.data / "history.db", commands.data / "history.db-wal", commands.data):
        assert commands("backup", "--force", wrong)[0] in (1, 2)
    assert beside.read_text() == "of another" and commands.messages() == 2


def test_what_cannot_be_is_said(commands: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "There is no history to copy yet" in commands("backup")[2]
    commands.talk()
    copy = commands.made()
    assert commands("backup", commands.home / "no" / "folder.db")[0] == 1
    lock = presence.enter(commands.data)
    code, out, err = commands("restore", copy)
    assert (code, out) == (1, "") and "The history is open elsewhere" in err
    lock.release()
    monkeypatch.setattr("claude_tui.store.restoring.MIGRATIONS", migrations.MIGRATIONS[:1])
    assert "written by a newer claude-tui" in commands("restore", copy)[2]
    assert commands.messages() == 2


def test_doctor_names_the_copies(commands: Commands) -> None:
    commands.talk()
    commands.made()
    (commands.data / "backups" / "failed.json").write_text('{"at": "2026-01-02T03:04:05.000Z", "reason": "The disk is full."}')
    checks = json.loads(commands("doctor", "-o", "json")[1])["checks"]
    said = {check["verdict"]: check["text"] for check in checks if check["name"] == "backups"}
    assert said["warning"].endswith("the daily one failed at 2026-01-02 03:04 UTC: The disk is full.")
    assert said["ok"].startswith("1 backup, the newest ")


def test_as_a_process(isolated_environment: Path) -> None:
    assert "no backups" in run("restore").told(0).stderr
