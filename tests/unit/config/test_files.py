"""Folders and files: where they are, and that nobody else can read them."""

import os
import resource
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from claude_tui.domain.addresses import is_address, is_loopback, redact_address
from claude_tui.files import Paths, private_folder, shown_path, write_private


@pytest.fixture(params=[0o000, 0o022, 0o077, 0o777])
def any_umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_everything_below_one_home(tmp_path: Path) -> None:
    paths = Paths.find({"CLAUDE_TUI_HOME": str(tmp_path)})
    assert paths.history == tmp_path / "data" / "history.db"
    assert paths.config_file == tmp_path / "config" / "config.toml"
    assert paths.cache == tmp_path / "cache"
    assert paths.log_file.parent == tmp_path / "logs"


def test_a_relative_home_and_a_tilde(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    assert Paths.find({"CLAUDE_TUI_HOME": "x"}).data == tmp_path / "x" / "data"
    assert Paths.find({"CLAUDE_TUI_HOME": "~/x"}).data == tmp_path / "me" / "x" / "data"


def test_the_folders_of_the_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    paths = Paths.find({})
    assert all("claude-tui" in str(folder) for folder in (paths.data, paths.config, paths.cache, paths.logs))
    assert len({paths.data, paths.config, paths.cache, paths.logs}) == 4
    assert Paths.find({"CLAUDE_TUI_HOME": ""}) == paths


def test_folders_are_private_at_every_level(tmp_path: Path, any_umask: int) -> None:
    tmp_path.chmod(0o755)
    private_folder(tmp_path / "a" / "b" / "c")
    assert [mode(tmp_path / part) for part in ("a", "a/b", "a/b/c")] == [0o700] * 3
    assert mode(tmp_path) == 0o755


def test_an_open_folder_of_ours_is_closed(tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(0o777)
    private_folder(folder)
    assert mode(folder) == 0o700


def test_files_are_private_and_whole(tmp_path: Path, any_umask: int) -> None:
    target = tmp_path / "new" / "file"
    write_private(target, b"one")
    write_private(target, b"two")
    assert target.read_bytes() == b"two"
    assert mode(target) == 0o600
    assert mode(target.parent) == 0o700
    assert [path.name for path in target.parent.iterdir()] == ["file"]


def test_a_link_to_the_file_stays_one(tmp_path: Path) -> None:
    real = tmp_path / "dotfiles" / "real"
    link = tmp_path / "link"
    write_private(real, b"old")
    link.symlink_to(real)
    write_private(link, b"new")
    assert link.is_symlink() and real.read_bytes() == b"new"


def test_a_file_is_never_torn_wherever_the_disk_is_full(tmp_path: Path) -> None:
    """At every byte of it, and at every call that writing it takes."""
    target = tmp_path / "config.toml"
    old, new = b"old\n" * 200, b"new\n" * 250
    write_private(target, old)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        for size in range(len(new)):
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
            with pytest.raises(OSError, match="File too large"):
                write_private(target, new)
            assert target.read_bytes() == old
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["config.toml"]
    write_private(target, new)
    assert target.read_bytes() == new


@pytest.mark.parametrize("call", ["fchmod", "fsync", "replace"])
def test_a_file_is_whole_whatever_call_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    target = tmp_path / "file"
    write_private(target, b"old")

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, call, refuse)
        with pytest.raises(OSError, match="No space"):
            write_private(target, b"new")
    assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["file"]


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("localhost", True),
        ("LOCALHOST.", True),
        ("localhost.example.org", False),
        ("127.0.0.1.example.org", False),
        ("10.0.0.1", False),
        ("0.0.0.0", False),
        ("", False),
    ],
)
def test_loopback(host: str, local: bool) -> None:
    assert is_loopback(host) is local


@pytest.mark.parametrize("text", ["https://api.example", "http://127.0.0.1", "http://localhost:1/x", "https://u:p@h.example/"])
def test_addresses(text: str) -> None:
    assert is_address(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://user:word@host:1/p?q", "https://[redacted]@host:1/p?q"),
        ("https://host/a@b", "https://host/a@b"),
        ("plain", "plain"),
        ("http://a@b@host", "http://[redacted]@host"),
    ],
)
def test_addresses_without_their_password(text: str, shown: str) -> None:
    assert redact_address(text) == shown


def test_a_path_is_shown_as_people_write_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    assert shown_path(tmp_path / "me" / ".config" / "x.toml") == "~/.config/x.toml"
    assert shown_path(tmp_path / "you" / "x.toml") == str(tmp_path / "you" / "x.toml")
