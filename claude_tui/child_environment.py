"""What other programs inherit of this one: its environment but for credentials, and the file mode mask of whoever started it."""

from __future__ import annotations

import os
import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager

_OURS = re.compile(r"^(?:ANTHROPIC|OPENAI|AZURE_OPENAI)_|^AWS_BEARER_TOKEN_")
_CREDENTIAL = re.compile(r"(?:^|_)(?:KEY|API_?KEY|TOKEN|SECRET|PASSWORD|PASSWD)$")
_named: set[str] = set()
_UNKNOWN = -1
_umask = _UNKNOWN


def be_private() -> None:
    """Whatever this process makes from now on is the user's alone; what the mask was is kept for other programs."""
    global _umask  # noqa: PLW0603
    before = os.umask(0o077)
    _umask = before if _umask == _UNKNOWN else _umask


def callers_umask() -> int:
    """What `subprocess` takes as `umask`: the caller's, or what means that it is left alone."""
    return _umask


@contextmanager
def with_callers_umask() -> Generator[None]:
    """For ways to start a program that have no such argument. Other threads make their files with explicit modes."""
    if _umask == _UNKNOWN:
        yield
        return
    ours = os.umask(_umask)
    try:
        yield
    finally:
        os.umask(ours)


def name_credentials(*variables: str) -> None:
    """These variables hold keys, whatever they are called: the configuration says so."""
    _named.update(name.upper() for name in variables)


def without_own_keys(environ: Mapping[str, str]) -> dict[str, str]:
    """Without the keys of models: for a credential helper, which has credentials of its own."""
    return {name: value for name, value in environ.items() if not _OURS.search(name.upper()) and name.upper() not in _named}


def without_credentials(environ: Mapping[str, str]) -> dict[str, str]:
    """Without anything named like a credential."""
    return {name: value for name, value in without_own_keys(environ).items() if not _CREDENTIAL.search(name.upper())}
