"""The hosts the user has agreed to send conversations to: a file among the user's own data, never one of the current folder."""

from __future__ import annotations

import logging

from claude_tui.domain.text import safe_line
from claude_tui.engine.consent import Consent
from claude_tui.files import Paths, write_private

_log = logging.getLogger(__name__)


def consent(paths: Paths, *, keep: bool) -> Consent:
    """`keep`: what the user agrees to holds beyond this run."""
    return Consent(_agreed(paths), lambda host: _remember(paths, host) if keep else None)


def _agreed(paths: Paths) -> list[str]:
    try:
        return paths.hosts_file.read_text(encoding="utf-8").split()
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        _log.warning("the hosts that were agreed to cannot be read: %s", error)
        return []


def _remember(paths: Paths, host: str) -> None:
    """A list that cannot be written is asked about again."""
    hosts = dict.fromkeys([*_agreed(paths), safe_line(host)])
    try:
        write_private(paths.hosts_file, "".join(f"{one}\n" for one in hosts).encode())
    except OSError as error:
        _log.warning("the host %s is not remembered: %s", host, error)
