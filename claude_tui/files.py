"""Where files live, and how they are made so that nobody else can read them."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

APP = "claude-tui"
HOME = "CLAUDE_TUI_HOME"


@dataclass(frozen=True, slots=True)
class Paths:
    """The program's folders."""

    data: Path
    config: Path
    cache: Path
    logs: Path

    @classmethod
    def find(cls, environ: Mapping[str, str] = os.environ) -> Paths:
        """Below `CLAUDE_TUI_HOME` if that is set, else where the system keeps such files."""
        if home := environ.get(HOME):
            root = Path(os.path.abspath(os.path.expanduser(home)))
            return cls(root / "data", root / "config", root / "cache", root / "logs")
        from platformdirs import PlatformDirs

        system = PlatformDirs(APP, appauthor=False)
        return cls(system.user_data_path, system.user_config_path, system.user_cache_path, system.user_log_path)

    @property
    def history(self) -> Path:
        return self.data / "history.db"

    @property
    def hosts_file(self) -> Path:
        return self.data / "hosts"

    @property
    def config_file(self) -> Path:
        return self.config / "config.toml"

    @property
    def prices_file(self) -> Path:
        return self.config / "prices.toml"

    @property
    def terminals(self) -> Path:
        """Notes on terminals that are being used (`terminal_state`)."""
        return self.cache / "terminals"

    @property
    def log_file(self) -> Path:
        return self.logs / "claude-tui.log"


def shown_path(path: Path) -> str:
    """As people write it: below their own folder with `~`."""
    try:
        return f"~/{path.relative_to(Path.home()).as_posix()}"
    except (ValueError, RuntimeError):  # elsewhere, or nobody knows where home is
        return str(path)


def private_folder(path: Path) -> Path:
    """Make the folder and every missing one above it for the user alone, whatever the umask; close it if it stood open."""
    missing: list[Path] = []
    folder = path
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for folder in reversed(missing):
        try:
            folder.mkdir(0o700)
        except FileExistsError:  # another process was faster
            continue
        folder.chmod(0o700)
    status = path.stat()
    if hasattr(os, "geteuid") and status.st_uid == os.geteuid() and stat.S_IMODE(status.st_mode) & 0o077:
        path.chmod(0o700)
    return path


def write_private(path: Path, data: bytes) -> None:
    """Replace the file's content at once or not at all, readable by the user alone. A symbolic link stays one."""
    import tempfile

    target = Path(os.path.realpath(path))
    if not target.parent.exists():
        private_folder(target.parent)
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with open(handle, "wb") as file:
            os.fchmod(handle, 0o600)
            file.write(data)
            file.flush()
            os.fsync(handle)
        os.replace(name, target)
    except BaseException:
        os.unlink(name)
        raise
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
