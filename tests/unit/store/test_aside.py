"""Out of the way under another name: all files of a history together, nothing overwritten, all or nothing."""

import os
from pathlib import Path

import pytest

from claude_tui.store import aside
from claude_tui.store.aside import set_aside

ENDINGS = ("", "-wal", "-shm", "-journal")


def history(folder: Path, *endings: str) -> Path:
    for ending in endings:
        (folder / f"history.db{ending}").write_text(f"the{ending}")
    return folder / "history.db"


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


@pytest.mark.parametrize("endings", [("",), ("", "-wal", "-shm"), ("", "-journal"), ("-wal",), ENDINGS])
def test_all_of_its_files_get_one_name(tmp_path: Path, endings: tuple[str, ...]) -> None:
    target = set_aside(history(tmp_path, *endings), "corrupt")
    assert target is not None and target.name.startswith("history.db.corrupt-")
    assert contents(tmp_path) == {f"{target.name}{ending}": f"the{ending}" for ending in endings}


def test_nothing_is_nothing(tmp_path: Path) -> None:
    assert set_aside(tmp_path / "history.db", "corrupt") is None


def test_nothing_is_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even where only a log of that name is left."""
    stamps = iter(["1", "1", "2"])
    monkeypatch.setattr(aside, "stamp", lambda: next(stamps))
    first = set_aside(history(tmp_path, "-wal"), "corrupt")
    second = set_aside(history(tmp_path, ""), "corrupt")
    assert [path.name for path in (first, second) if path] == ["history.db.corrupt-1", "history.db.corrupt-2"]


def test_what_cannot_be_done_wholly_is_undone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, real = history(tmp_path, *ENDINGS), os.rename

    def rename(old: Path, new: Path) -> None:
        if old == path:
            raise PermissionError(13, "not yours")
        real(old, new)

    monkeypatch.setattr(os, "rename", rename)
    with pytest.raises(PermissionError):
        set_aside(path, "corrupt")
    assert contents(tmp_path) == {f"history.db{ending}": f"the{ending}" for ending in ENDINGS}
