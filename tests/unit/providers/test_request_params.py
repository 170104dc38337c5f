"""What of a request goes on the wire, model by model."""

from typing import Any

import pytest

from claude_tui.domain.ports import ChatRequest
from claude_tui.providers import catalog
from claude_tui.providers.anthropic import _model_info, request_params

ADAPTIVE = {"type": "adaptive", "display": "summarized"}
ALL = ("low", "medium", "high", "xhigh", "max")


def params(model: str, **fields: Any) -> dict[str, Any]:
    return request_params(ChatRequest(model, [{"role": "user", "content": "x"}], **{"max_tokens": 32_000, **fields}))


@pytest.mark.parametrize(
    ("model", "thinking", "efforts"),
    [
        ("claude-opus-5-5", ADAPTIVE, ALL),
        ("claude-sonnet-5-5", ADAPTIVE, ALL),
        ("claude-haiku-5-5", ADAPTIVE, ALL),
        ("claude-haiku-5-5-20261007", ADAPTIVE, ALL),
        ("claude-fable-5-2", ADAPTIVE, ALL),
        ("claude-mythos-5", ADAPTIVE, ALL),
        ("claude-opus-5", ADAPTIVE, ALL),
        ("claude-sonnet-5", ADAPTIVE, ALL),
        ("claude-opus-4-7", ADAPTIVE, ALL),
        ("claude-opus-4-6", ADAPTIVE, ("low", "medium", "high", "max")),
        ("claude-sonnet-4-6", ADAPTIVE, ("low", "medium", "high", "max")),
        ("claude-opus-4-5", {"type": "enabled", "budget_tokens": 16_000}, ("low", "medium", "high")),
        ("claude-opus-4-5-20251101", {"type": "enabled", "budget_tokens": 16_000}, ("low", "medium", "high")),
        ("claude-sonnet-4-5", {"type": "enabled", "budget_tokens": 16_000}, ()),
        ("claude-haiku-4-5-20251001", {"type": "enabled", "budget_tokens": 16_000}, ()),
        ("somebody/else-7b", None, (*ALL, "brand_new")),
    ],
)
def test_thinking_and_effort_by_model(model: str, thinking: dict[str, Any] | None, efforts: tuple[str, ...]) -> None:
    assert params(model).get("thinking") == thinking
    assert "output_config" not in params(model)
    for level in (*ALL, "brand_new"):
        assert params(model, effort=level).get("output_config") == ({"effort": level} if level in efforts else None)


@pytest.mark.parametrize(("max_tokens", "budget"), [(100_000, 16_000), (10_000, 5_000), (2_048, 1_024), (2_047, None), (1, None)])
def test_a_budget_leaves_room_for_the_answer(max_tokens: int, budget: int | None) -> None:
    expected = None if budget is None else {"type": "enabled", "budget_tokens": budget}
    assert params("claude-haiku-4-5", max_tokens=max_tokens).get("thinking") == expected
    assert params("claude-opus-5-5", max_tokens=max_tokens)["thinking"] == ADAPTIVE


def test_what_always_goes_and_what_only_if_given() -> None:
    bare = params("unknown")
    assert bare == {
        "model": "unknown",
        "max_tokens": 32_000,
        "messages": [{"role": "user", "content": "x"}],
        "cache_control": {"type": "ephemeral"},
    }
    tool = {"name": "t", "description": "d", "input_schema": {"type": "object"}}
    whole = params("unknown", system="be\ud83d kind", tools=(tool,))
    assert whole["system"] == "be\ufffd kind" and whole["tools"] == [tool]
    assert "system" not in params("unknown", system="")


def test_a_summary_is_asked_for_and_sent_back_with_the_header_that_turns_it_on() -> None:
    header = {"anthropic-beta": "compact-2026-09-04"}
    asked = params("claude-opus-5-5", compact=True, system="be kind")
    assert (asked["extra_body"], asked["extra_headers"]) == ({"compaction": {"type": "summarize"}}, header)
    assert {key: value for key, value in asked.items() if not key.startswith("extra_")} == params(
        "claude-opus-5-5", system="be kind"
    )
    wanted = params("claude-opus-5-5", compact=True, instructions="names\ud83d")
    assert wanted["extra_body"]["compaction"] == {"type": "summarize", "instructions": "names\ufffd"}
    summary = [{"role": "assistant", "content": [{"type": "compaction", "content": "x"}]}]
    later = request_params(ChatRequest("claude-opus-5-5", summary))
    assert later["extra_headers"] == header and "extra_body" not in later


def test_whether_the_api_summarises_is_said_by_the_endpoint_or_else_by_the_catalogue() -> None:
    assert [(row.id, row.compaction) for row in catalog.known_models() if row.compaction] == [
        (model, True)
        for model in (
            *("claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5", "claude-fable-5-2", "claude-mythos-5-2"),
            *("claude-fable-5-1", "claude-mythos-5-1", "claude-fable-5", "claude-mythos-5"),
        )
    ]
    said = {"id": "claude-opus-5-5", "capabilities": {"compaction": {"supported": False}}}
    assert [_model_info(data).compaction for data in (said, {"id": "claude-opus-5-5"}, {"id": "x"})] == [False, True, None]


def test_the_catalogue() -> None:
    known = catalog.known_models()
    assert len({row.id for row in known}) == len(known)
    for row in known:
        assert catalog.find(row.id) is row is catalog.find(row.id + "-20260101")
        assert row.context_window and row.max_output and row.thinking and row.efforts is not None
    assert catalog.find("claude-opus-5-5-2026") is None and catalog.find("") is None
