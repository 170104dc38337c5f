"""What other programs may see of this one's environment: everything but credentials."""

from __future__ import annotations

import re
from collections.abc import Mapping

_OURS = re.compile(r"^(?:ANTHROPIC|OPENAI|AZURE_OPENAI)_|^AWS_BEARER_TOKEN_")
_CREDENTIAL = re.compile(r"(?:^|_)(?:KEY|API_?KEY|TOKEN|SECRET|PASSWORD|PASSWD)$")
_named: set[str] = set()


def name_credentials(*variables: str) -> None:
    """These variables hold keys, whatever they are called: the configuration says so."""
    _named.update(name.upper() for name in variables)


def without_own_keys(environ: Mapping[str, str]) -> dict[str, str]:
    """Without the keys of models: for a credential helper, which has credentials of its own."""
    return {name: value for name, value in environ.items() if not _OURS.search(name.upper()) and name.upper() not in _named}


def without_credentials(environ: Mapping[str, str]) -> dict[str, str]:
    """Without anything named like a credential."""
    return {name: value for name, value in without_own_keys(environ).items() if not _CREDENTIAL.search(name.upper())}
