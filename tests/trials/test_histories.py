"""Histories: no session dies, and the trial would notice one that does."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest

from claude_tui.domain import history
from scripts.trials import histories

SEED = 2026


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Deaths are logged, hundreds of them."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_no_session_dies() -> None:
    result = histories.run(SEED, histories.CI, lambda line: None)
    assert result.failures == []
    assert result.trials == histories.CI
    cuts, kinds = result.figures["ways of cutting × open blocks"], result.figures["kinds of block"]
    assert isinstance(cuts, int) and isinstance(kinds, int)
    assert cuts >= 25 and kinds >= 9  # of what was drawn something struck in every kind of block


def unsigned(block: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield block


def test_a_rule_that_is_forgotten_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "_assistant_block", unsigned)
    result = histories.run(SEED, 40, lambda line: None)
    assert result.failures and all(one.startswith("seed 20") for one in result.failures)


def test_a_change_of_the_past_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Signatures are bound to everything before them."""
    whole, calls = history._wire, iter(range(1_000_000))

    def shorter(message: Any, audience: Any, *, keep_thinking: bool) -> Any:
        sent = whole(message, audience, keep_thinking=keep_thinking)
        follows = sent["role"] == "user" and message.parent_id and sent["content"][:1] and sent["content"][0]["type"] == "text"
        return {**sent, "content": sent["content"][1:]} if follows and next(calls) % 3 == 0 else sent

    monkeypatch.setattr(history, "_wire", shorter)
    result = histories.run(SEED, 40, lambda line: None)
    assert any("bound to a different conversation" in one for one in result.failures)
