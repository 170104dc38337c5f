"""Everything the program writes is its user's alone, whatever the umask of whoever started it."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from claude_tui import child_environment, logs, terminal_state
from claude_tui.cli import config_command, hosts
from claude_tui.domain.ports import ModelInfo
from claude_tui.files import Paths
from claude_tui.providers.model_list import ModelList
from claude_tui.store import SqliteStore, migrations
from claude_tui.ui import clipboard, crash, external_editor
from tests.unit.store.samples import conversation

OTHERS = 0o077


@pytest.fixture(params=[0o000, 0o022, 0o077, 0o777], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


class Lists:
    """An endpoint that has a model."""

    name, audience = "gateway", None

    async def models(self) -> list[ModelInfo]:
        return [ModelInfo("m")]


async def history(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database with its side files, a lock that is held, and a copy from before an upgrade."""
    store = await SqliteStore.open(paths.data)
    await conversation(store, turns=1)
    await store.close()
    upgrade: Any = lambda connection: connection.execute("CREATE TABLE later (x)")  # noqa: E731
    monkeypatch.setattr(migrations, "MIGRATIONS", (*migrations.MIGRATIONS, upgrade))
    store = await SqliteStore.open(paths.data)
    session, _ = await conversation(store, turns=1)
    store.hold(session.id)
    assert {path.name for path in paths.data.iterdir()} >= {"history.db", "history.db-wal", "history.db-shm", "backups", "locks"}
    check(paths)
    await store.close()


async def everything(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    assert logs.start_logging(paths.log_file) is None
    logging.getLogger("x").error("something")
    await history(paths, monkeypatch)
    await ModelList(Lists(), paths.cache, "https://gateway.example").refresh()  # type: ignore[arg-type]
    hosts._remember(paths, "gateway.example")
    assert isinstance(crash._save("details", paths.logs), Path)
    assert isinstance(clipboard._save("copied", paths.logs)[0], Path)
    monkeypatch.setattr(config_command, "_run_editor", lambda command: Path(command[-1]).write_text("mouse = false\n") and None)
    monkeypatch.setenv("VISUAL", "an-editor")
    assert config_command.edit(paths) == 0
    external_editor._write(paths.cache / "draft.md", "a draft")
    master, slave = os.openpty()
    assert terminal_state.take(paths.terminals, slave, None)
    os.close(master)
    os.close(slave)


def check(paths: Paths) -> int:
    """How many files and folders there are, all of them private."""
    found = [paths.data.parent, *paths.data.parent.rglob("*")]
    open_ones = {str(path): oct(path.stat().st_mode) for path in found if path.stat().st_mode & OTHERS}
    assert open_ones == {}
    return len(found)


async def test_from_the_first_moment(umask: int, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = Paths.find()
    try:
        await everything(paths, monkeypatch)
    finally:
        logs.stop_logging()
    assert check(paths) >= 15
    for path in paths.data.parent.rglob("*"):
        assert path.stat().st_mode & 0o700 == (0o700 if path.is_dir() else 0o600), path


async def test_other_programs_get_the_mask_of_whoever_started_us(umask: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_environment, "_umask", -1)
    child_environment.be_private()
    child_environment.be_private()
    assert os.umask(0o077) == 0o077
    told = await asyncio.create_subprocess_exec(
        "/bin/sh", "-c", "umask", stdout=asyncio.subprocess.PIPE, umask=child_environment.callers_umask()
    )
    assert int((await told.communicate())[0], 8) == umask
    with child_environment.with_callers_umask():
        assert os.umask(umask) == umask
    assert os.umask(0o077) == 0o077
