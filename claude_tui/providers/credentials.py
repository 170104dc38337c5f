"""Where the SDK would find credentials, by name only: no value is read further than to see that it is there, nothing is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

KEYS = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN")
"""Variables whose value itself is sent."""
_IDENTITY = ("ANTHROPIC_IDENTITY_TOKEN", "ANTHROPIC_IDENTITY_TOKEN_FILE")


def in_environment(environ: Mapping[str, str]) -> tuple[str, ...]:
    """The variables that are set, the one the SDK takes first first."""
    named = [name for name in (*KEYS, "ANTHROPIC_PROFILE") if environ.get(name)]
    if any(environ.get(name) for name in _IDENTITY):
        named.append(_IDENTITY[0])
    return tuple(named)


def profile(environ: Mapping[str, str]) -> Path | None:
    """The file of the profile the SDK would use, if there is one."""
    try:
        folder = Path(environ.get("ANTHROPIC_CONFIG_DIR") or Path.home() / ".config" / "anthropic")
    except RuntimeError:  # nobody knows where home is
        return None
    try:
        name = environ.get("ANTHROPIC_PROFILE") or (folder / "active_config").read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        name = "default"
    file = folder / "configs" / f"{name}.json"
    try:
        return file if file.is_file() else None
    except (OSError, ValueError):
        return None


def names(environ: Mapping[str, str]) -> tuple[str, ...]:
    """All of them; a profile as `profile NAME`. Empty where there are none."""
    file = profile(environ)
    return (*in_environment(environ), *((f"profile {file.stem}",) if file else ()))
