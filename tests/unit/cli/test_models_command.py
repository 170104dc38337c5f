"""`models`: the endpoint's list, and the known one where there is no endpoint to ask."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from claude_tui.cli import compose
from claude_tui.cli.models_command import show
from claude_tui.domain.errors import ErrorInfo, ErrorKind, ProviderError
from claude_tui.domain.ports import ModelInfo
from claude_tui.files import Paths
from claude_tui.providers.catalog import known_models


class Listing:
    """A provider that only lists."""

    name = "anthropic"

    def __init__(self, outcome: list[ModelInfo] | ErrorKind) -> None:
        self.outcome = outcome
        self.closed = False

    async def models(self) -> list[ModelInfo]:
        if isinstance(self.outcome, ErrorKind):
            raise ProviderError(ErrorInfo(self.outcome, "The sentence."))
        return self.outcome

    async def close(self) -> None:
        self.closed = True


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Listing]:
    def install(outcome: list[ModelInfo] | ErrorKind) -> Listing:
        listing = Listing(outcome)
        monkeypatch.setattr(compose, "make_provider", lambda settings: listing)
        return listing

    return install


def printed(capsys: pytest.CaptureFixture[str]) -> tuple[Any, str]:
    captured = capsys.readouterr()
    return json.loads(captured.out), captured.err


def test_the_endpoints_word_comes_first(provider: Callable[..., Listing], paths: Paths, capsys: pytest.CaptureFixture[str]) -> None:
    listing = provider([ModelInfo("claude-opus-5-5", context_window=5), ModelInfo("mystery")])
    assert show(paths, {}, "json") == 0
    rows, err = printed(capsys)
    assert [row["id"] for row in rows] == ["claude-opus-5-5", "mystery"] and err == "" and listing.closed
    assert rows[0]["context_window"] == 5 and rows[0]["name"] == "Claude Opus 5.5"
    assert rows[1] == {
        "id": "mystery",
        **dict.fromkeys(("name", "context_window", "max_output", "thinking", "efforts", "lifecycle", "compaction")),
    }


@pytest.mark.parametrize(
    "kind", [ErrorKind.CREDENTIALS, ErrorKind.NETWORK, ErrorKind.TIMEOUT, ErrorKind.NOT_FOUND, ErrorKind.SERVER]
)
def test_offline_the_known_table(
    provider: Callable[..., Listing], paths: Paths, capsys: pytest.CaptureFixture[str], kind: ErrorKind
) -> None:
    listing = provider(kind)
    assert show(paths, {}, "json") == 0
    rows, err = printed(capsys)
    assert [row["id"] for row in rows] == [model.id for model in known_models()]
    assert err == "claude-tui: The sentence. These are the models this version knows.\n" and listing.closed


@pytest.mark.parametrize("kind", [ErrorKind.AUTH, ErrorKind.PERMISSION, ErrorKind.BILLING])
def test_a_refused_key_is_a_failure(provider: Callable[..., Listing], paths: Paths, kind: ErrorKind) -> None:
    provider(kind)
    with pytest.raises(ProviderError):
        show(paths, {}, "text")


def test_a_table_for_people(provider: Callable[..., Listing], paths: Paths, capsys: pytest.CaptureFixture[str]) -> None:
    provider([ModelInfo("mine\x1b[31m", efforts=()), ModelInfo("claude-haiku-4-5")])
    assert show(paths, {"model": "claude-haiku-4-5"}, "text") == 0
    head, first, second = capsys.readouterr().out.splitlines()
    assert head.split() == ["MODEL", "NAME", "CONTEXT", "OUTPUT", "THINKING", "EFFORT"]
    assert "\x1b" not in first and "?" in first
    assert second.startswith("claude-haiku-4-5 (default)") and "200,000" in second
