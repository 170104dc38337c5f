"""Histories: the trial would notice a session that dies. That none does, test_torture.py finds out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from claude_tui.domain import history
from scripts.trials import histories

SEED = 2026


def unsigned(block: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield block


def test_a_rule_that_is_forgotten_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "_assistant_block", unsigned)
    result = histories.run(SEED, 40, lambda line: None)
    assert result.failures and all("histories --seed 20" in one for one in result.failures)


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


def test_every_way_of_cutting_and_every_kind_of_block_is_drawn() -> None:
    figures = histories.run(SEED, 60, lambda line: None).figures
    cuts, kinds = figures["ways of cutting × open blocks"], figures["kinds of block"]
    assert isinstance(cuts, int) and isinstance(kinds, int)
    assert cuts >= 10 and kinds >= 8
