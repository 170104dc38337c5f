"""`config.toml` as it lies on disk: reading it, and who may write it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from claude_tui.domain.text import safe_line


class ConfigError(Exception):
    """A setting cannot be used. The message is a sentence: which key, from which source, what is wrong, what is accepted."""


def read_toml(file: Path, path: Path | None = None) -> dict[str, Any]:
    """The file as a table, empty when there is none. `path` is what it is called in sentences."""
    path, text = path or file, ""
    try:
        text = file.read_bytes().decode("utf-8-sig")
        import tomllib  # only where there is something to read: it takes five milliseconds

        return tomllib.loads(text)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 text (byte {error.start}).") from error
    except RecursionError as error:
        raise ConfigError(f"{path} is nested too deeply.") from error
    except ValueError as error:
        reason = str(error).replace("at end of document", f"at line {text.count(chr(10)) + 1}, the end of the file")
        raise ConfigError(f"{path} is not valid TOML: {safe_line(reason)}.") from error


def loose_modes(path: Path) -> Iterator[str]:
    """The file decides where the key is sent, so nobody else may write it. Windows tells of that in another way."""
    if not hasattr(os, "geteuid"):
        return
    try:
        status = path.stat()
    except OSError:
        return
    if stat.S_IMODE(status.st_mode) & 0o022 or status.st_uid not in (0, os.geteuid()):
        yield f"{path} can be changed by other users of this machine (mode {stat.S_IMODE(status.st_mode):04o})."
