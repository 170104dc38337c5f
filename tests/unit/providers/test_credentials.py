"""Which keys are sent: any shape, but for white space and control characters, and never quoted."""

from types import SimpleNamespace
from typing import Any

import pytest

from claude_tui.domain.errors import ErrorKind, ProviderError
from claude_tui.providers.anthropic import _check_credentials


def client(**given: Any) -> Any:
    return SimpleNamespace(**{"api_key": None, "auth_token": None, "credentials": None, "default_headers": {}, **given})


@pytest.mark.parametrize("key", ["sk-ant-x", "x", "kéy中", "a.b/c+d=", "'\"\\"])
def test_keys_of_any_shape_are_taken(key: str) -> None:
    _check_credentials(client(api_key=key))
    _check_credentials(client(auth_token=key))


@pytest.mark.parametrize("key", ["a b", "key\n", "\tkey", "k\x00y", "k\x85", "k\u2028y", "k\x7f"])
def test_white_space_and_control_characters_are_refused(key: str) -> None:
    with pytest.raises(ProviderError) as caught:
        _check_credentials(client(api_key=key))
    assert caught.value.info.kind is ErrorKind.AUTH
    assert key not in caught.value.info.message


def test_no_credentials_at_all_are_said_to_be_missing() -> None:
    with pytest.raises(ProviderError) as caught:
        _check_credentials(client())
    assert caught.value.info.kind is ErrorKind.CREDENTIALS
    _check_credentials(client(default_headers={"X-Api-Key": "given"}))
    _check_credentials(client(credentials=object()))
